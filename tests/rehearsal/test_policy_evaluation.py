"""IAM's decision, as the IAM User Guide describes it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.cloud.policy_evaluation import (
    Call,
    Decision,
    Kind,
    Policy,
    PolicyError,
    Principal,
    decide,
    parse,
)

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/job/run"
JOB = Principal(account=ACCOUNT, arn=ROLE, session_arn=SESSION)
EVENTS = Principal(service="events.amazonaws.com")
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:letters"


def text_of(*statements: dict[str, Any], version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


def allow(**members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"} | members


def policy(kind: Kind, *statements: dict[str, Any], version: str = "2012-10-17") -> Policy:
    return Policy(kind=kind, where=kind, text=text_of(*statements, version=version))


def send(
    *policies: Policy,
    principal: Principal = JOB,
    context: Mapping[str, Sequence[str]] | None = None,
    action: str = "sqs:SendMessage",
    resource: str = QUEUE,
    **more: Any,
) -> Decision:
    call = Call(principal=principal, action=action, resource=resource, context=context or {})
    return decide(call, policies, **more)


# What a statement is about


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("sqs:SendMessage", True),
        ("SQS:sendmessage", True),
        ("sqs:Send*", True),
        ("sqs:SendMessag?", True),
        ("*", True),
        ("sqs:SendMessage?", False),
        ("sns:SendMessage", False),
        ("sqs:Send", False),
    ],
)
def test_an_action_is_matched_by_wildcards_and_in_any_case(pattern: str, matches: bool) -> None:
    assert send(policy("identity", allow(Action=[pattern]))).allowed == matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (QUEUE, True),
        ("*", True),
        (QUEUE.replace("letters", "l*"), True),
        (QUEUE.replace("letters", "letter?"), True),
        (QUEUE.replace("letters", "Letters"), False),
        (f"arn:aws:sqs:*:{ACCOUNT}:letters", True),
        ("arn:aws:sqs:*", True),
        ("arn:aws:sqs:eu-west-1", True),
        ("arn:aws:s*:letters", False),
        (f"{QUEUE}:more", False),
        (QUEUE.removesuffix("s"), False),
    ],
)
def test_each_part_of_an_arn_is_matched_on_its_own(pattern: str, matches: bool) -> None:
    assert send(policy("identity", allow(Resource=pattern))).allowed == matches


def test_the_last_part_of_an_arn_may_hold_colons_and_slashes() -> None:
    arn = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/batch:log-stream:run/main/1"
    pattern = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/batch:*"
    assert send(policy("identity", allow(Resource=pattern)), resource=arn).allowed


def test_an_action_without_resources_is_allowed_on_everything_only() -> None:
    assert send(policy("identity", allow(Resource="*")), resource="*").allowed
    assert not send(policy("identity", allow(Resource="arn:aws:sqs:*")), resource="*").allowed


def test_not_action_means_all_others() -> None:
    statement = {"Effect": "Allow", "NotAction": "sqs:Delete*", "Resource": "*"}
    assert send(policy("identity", statement)).allowed
    assert not send(policy("identity", statement), action="sqs:DeleteMessage").allowed


def test_not_resource_means_all_others() -> None:
    statement = {"Effect": "Allow", "Action": "*", "NotResource": QUEUE}
    assert not send(policy("identity", statement)).allowed
    assert send(policy("identity", statement), resource=f"{QUEUE}2").allowed


# Who decides


def test_nothing_allowed_is_denied() -> None:
    decision = send()
    assert not decision.allowed
    assert decision.reason == ("because no identity-based policy allows the sqs:SendMessage action")


@pytest.mark.parametrize("kind", ["identity", "boundary", "session", "resource", "endpoint"])
def test_an_explicit_deny_beats_every_allow(kind: Kind) -> None:
    every = allow(Action="*", Principal="*")
    deny = {**every, "Effect": "Deny", "Sid": "Never"}
    kinds: list[Kind] = ["identity", "boundary", "session", "resource", "endpoint"]
    policies = [policy(one, {**every, "Sid": one}) for one in kinds]
    assert send(*policies).allowed
    decision = send(*policies, policy(kind, deny))
    assert not decision.allowed
    assert decision.reason.startswith("with an explicit deny in a")
    assert decision.nearest == f"statement Never of {kind} denies it"


def test_a_denied_call_says_what_came_close() -> None:
    decision = send(
        policy("identity", allow(Sid="Other", Resource=f"{QUEUE}-other")),
        policy(
            "identity",
            allow(Sid="Elsewhere", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}),
        ),
    )
    assert decision.nearest == (
        f"statement Other of identity is for {QUEUE}-other; statement Elsewhere of identity wants "
        "StringEquals aws:SourceVpc vpc-1, and the request has none"
    )


def test_a_boundary_bounds_what_identity_allows() -> None:
    identity = policy("identity", allow())
    decision = send(identity, policy("boundary", allow(Action="sns:*")))
    assert decision.reason == "because no permissions boundary allows the sqs:SendMessage action"
    assert send(identity, policy("boundary", allow(Action="sqs:*"))).allowed
    assert not send(policy("boundary", allow())).allowed


def test_a_session_policy_bounds_a_session() -> None:
    identity = policy("identity", allow())
    decision = send(identity, policy("session", allow(Action="sns:*")))
    assert decision.reason == "because no session policy allows the sqs:SendMessage action"


def test_an_endpoints_policy_must_allow_what_passes() -> None:
    identity = policy("identity", allow())
    narrow = policy("endpoint", allow(Principal="*", Action="s3:*"))
    assert send(identity, narrow).reason == (
        "because no VPC endpoint policy allows the sqs:SendMessage action"
    )
    assert not send(policy("endpoint", allow(Principal="*"))).allowed


def test_a_resource_that_names_the_role_suffices() -> None:
    assert send(policy("resource", allow(Principal={"AWS": ROLE}))).allowed


def test_a_boundary_bounds_a_grant_to_the_role_but_not_one_to_its_session() -> None:
    boundary = policy("boundary", allow(Action="sns:*"))
    assert not send(boundary, policy("resource", allow(Principal={"AWS": ROLE}))).allowed
    assert send(boundary, policy("resource", allow(Principal={"AWS": SESSION}))).allowed


@pytest.mark.parametrize("account", [ACCOUNT, ROOT])
def test_a_resource_that_names_the_account_leaves_it_to_iam(account: str) -> None:
    resource = policy("resource", allow(Principal={"AWS": account}))
    assert not send(resource).allowed
    assert send(resource, policy("identity", allow())).allowed


def test_a_key_must_allow_or_leave_it_to_iam() -> None:
    identity = policy("identity", allow())
    assert not send(identity, resource_must_allow=True).allowed
    root = policy("resource", allow(Principal={"AWS": ROOT}))
    assert not send(root, resource_must_allow=True).allowed
    assert send(root, identity, resource_must_allow=True).allowed
    assert send(
        policy("resource", allow(Principal={"AWS": ROLE})), resource_must_allow=True
    ).allowed


def test_not_principal_means_everybody_else() -> None:
    statement = {
        "Effect": "Deny",
        "NotPrincipal": {"AWS": ROLE},
        "Action": "*",
        "Resource": "*",
    }
    identity = policy("identity", allow())
    assert send(identity, policy("resource", statement)).allowed
    other = Principal(account=ACCOUNT, arn=f"{ROLE}2", session_arn=f"{SESSION}2")
    assert not send(identity, policy("resource", statement), principal=other).allowed


def test_a_service_is_let_in_by_the_resource_alone() -> None:
    named = policy("resource", allow(Principal={"Service": "events.amazonaws.com"}))
    assert send(named, principal=EVENTS).allowed
    assert not send(named, principal=Principal(service="sns.amazonaws.com")).allowed
    decision = send(policy("resource", allow(Principal={"AWS": ROOT})), principal=EVENTS)
    assert decision.reason == "because no resource-based policy allows the sqs:SendMessage action"


def test_nobody_is_let_in_by_a_policy_for_everybody_only() -> None:
    anonymous = Principal()
    assert send(policy("resource", allow(Principal="*")), principal=anonymous).allowed
    assert not send(policy("resource", allow(Principal={"AWS": ROOT})), principal=anonymous).allowed


def test_the_administrator_is_stopped_by_an_explicit_deny_only() -> None:
    assert send(everything=True).allowed
    deny = {**allow(Principal="*"), "Effect": "Deny"}
    assert not send(policy("resource", deny), everything=True).allowed


# Conditions

LETTER = {"aws:sourcearn": ["arn:aws:events:eu-west-1:1:rule/r"], "aws:sourceip": ["10.1.2.3"]}


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "context", "met"),
    [
        ("StringEquals", "aws:username", "Ada", {"aws:username": ["Ada"]}, True),
        ("StringEquals", "aws:username", ["Bob", "Ada"], {"aws:username": ["Ada"]}, True),
        ("StringEquals", "AWS:UserName", "Ada", {"aws:username": ["Ada"]}, True),
        ("StringEquals", "aws:username", "ada", {"aws:username": ["Ada"]}, False),
        ("StringEquals", "aws:username", "A*", {"aws:username": ["Ada"]}, False),
        ("StringEquals", "aws:username", "Ada", {}, False),
        ("StringEqualsIfExists", "aws:username", "Ada", {}, True),
        ("StringEqualsIfExists", "aws:username", "Ada", {"aws:username": ["Bob"]}, False),
        ("StringNotEquals", "aws:username", ["Ada", "Bob"], {"aws:username": ["Ada"]}, False),
        ("StringNotEquals", "aws:username", "Ada", {}, True),
        ("StringEqualsIgnoreCase", "aws:username", "ADA", {"aws:username": ["Ada"]}, True),
        ("StringNotEqualsIgnoreCase", "aws:username", "ADA", {"aws:username": ["Ada"]}, False),
        ("StringLike", "aws:username", "A?a", {"aws:username": ["Ada"]}, True),
        ("StringNotLike", "aws:username", "A*", {"aws:username": ["Ada"]}, False),
        ("ArnLike", "aws:SourceArn", "arn:aws:events:*:1:rule/*", LETTER, True),
        ("ArnEquals", "aws:SourceArn", "arn:aws:events:*:1:rule/*", LETTER, True),
        ("ArnLike", "aws:SourceArn", "arn:aws:events:*:rule/*", LETTER, False),
        ("ArnNotLike", "aws:SourceArn", "arn:aws:sns:*:*:*", LETTER, True),
        ("ArnNotEquals", "aws:SourceArn", "arn:aws:events:*:*:*", LETTER, False),
        ("Bool", "aws:SecureTransport", False, {"aws:securetransport": ["false"]}, True),
        ("Bool", "aws:SecureTransport", "true", {"aws:securetransport": ["false"]}, False),
        (
            "NumericLessThan",
            "aws:MultiFactorAuthAge",
            "60",
            {"aws:multifactorauthage": ["9"]},
            True,
        ),
        ("NumericLessThanEquals", "aws:EpochTime", 60, {"aws:epochtime": ["60"]}, True),
        ("NumericGreaterThan", "aws:EpochTime", 60, {"aws:epochtime": ["60"]}, False),
        ("NumericGreaterThanEquals", "aws:EpochTime", 60, {"aws:epochtime": ["60"]}, True),
        ("NumericEquals", "aws:EpochTime", "6e1", {"aws:epochtime": ["60"]}, True),
        ("NumericNotEquals", "aws:EpochTime", "60", {"aws:epochtime": ["60"]}, False),
        (
            "DateGreaterThan",
            "aws:CurrentTime",
            "2026-01-01T00:00:00Z",
            {"aws:currenttime": ["2026-01-01T02:00:00+01:00"]},
            True,
        ),
        (
            "DateLessThan",
            "aws:CurrentTime",
            "1767225600",
            {"aws:currenttime": ["2026-01-01T00:00:00Z"]},
            False,
        ),
        ("DateEquals", "aws:CurrentTime", "1767225600", {"aws:currenttime": ["2026-01-01"]}, True),
        ("IpAddress", "aws:SourceIp", "10.1.0.0/16", LETTER, True),
        ("IpAddress", "aws:SourceIp", ["10.2.0.0/16", "::/0"], LETTER, False),
        ("NotIpAddress", "aws:SourceIp", "10.1.2.3", LETTER, False),
        ("Null", "aws:SourceIp", "true", {}, True),
        ("Null", "aws:SourceIp", "true", LETTER, False),
        ("Null", "aws:SourceIp", False, LETTER, True),
        ("BinaryEquals", "aws:userid", "QUJD", {"aws:userid": ["QUJD"]}, True),
        ("BinaryEquals", "aws:userid", "QUJD", {"aws:userid": ["QUJE"]}, False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], {"aws:tagkeys": ["a", "b"]}, True),
        ("ForAllValues:StringEquals", "aws:TagKeys", "a", {"aws:tagkeys": ["a", "b"]}, False),
        ("ForAllValues:StringEquals", "aws:TagKeys", "a", {}, True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", "a", {"aws:tagkeys": ["a", "b"]}, True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", "a", {}, False),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", "a", {"aws:tagkeys": ["a", "b"]}, True),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", "a", {}, False),
        ("ForAllValues:StringNotEquals", "aws:TagKeys", "a", {"aws:tagkeys": ["a", "b"]}, False),
        ("ForAllValues:StringLike", "aws:TagKeys", "x-*", {"aws:tagkeys": ["x-1", "x-2"]}, True),
        ("ForAnyValue:StringLikeIfExists", "aws:TagKeys", "a", {}, True),
    ],
)
def test_a_condition_is_met_as_the_guide_says(
    operator: str, key: str, wanted: Any, context: dict[str, list[str]], met: bool
) -> None:
    statement = allow(Condition={operator: {key: wanted}})
    assert send(policy("identity", statement), context=context).allowed == met


def test_all_conditions_must_be_met() -> None:
    condition = {
        "StringEquals": {"aws:username": "Ada", "aws:SourceVpc": "vpc-1"},
        "Bool": {"aws:SecureTransport": "true"},
    }
    context = {"aws:username": ["Ada"], "aws:sourcevpc": ["vpc-1"], "aws:securetransport": ["true"]}
    statement = policy("identity", allow(Condition=condition))
    assert send(statement, context=context).allowed
    for key in context:
        assert not send(statement, context={**context, key: ["other"]}).allowed


def test_a_key_that_nothing_is_known_about_is_an_error() -> None:
    statement = allow(Sid="Odd", Condition={"StringEquals": {"sqs:Colour": "red"}})
    with pytest.raises(
        PolicyError,
        match="statement Odd of identity: condition key sqs:Colour is not known for sqs:Send",
    ):
        send(policy("identity", statement))


@pytest.mark.parametrize("operator", ["StringEqualsIfExists", "Null", "StringNotEquals"])
def test_an_unknown_key_is_an_error_for_operators_that_a_missing_one_satisfies(
    operator: str,
) -> None:
    statement = allow(Condition={operator: {"sqs:Colour": "true"}})
    with pytest.raises(PolicyError, match="sqs:Colour"):
        send(policy("identity", statement))


def test_an_unknown_key_is_an_error_behind_a_condition_that_fails() -> None:
    condition = {"StringEquals": {"aws:username": "Ada"}, "StringLike": {"sqs:Colour": "red"}}
    with pytest.raises(PolicyError, match="sqs:Colour"):
        send(policy("identity", allow(Condition=condition)))


def test_families_of_keys_may_be_known_as_a_whole() -> None:
    statement = allow(Condition={"Null": {"kms:EncryptionContext:x": "true"}})
    context: dict[str, list[str]] = {"kms:encryptioncontext:": []}
    assert send(policy("identity", statement), context=context).allowed


# Variables


@pytest.mark.parametrize(
    ("pattern", "user", "matches"),
    [
        (f"{QUEUE}-${{aws:username}}", "ada", True),
        (f"{QUEUE}-${{aws:username}}", "bob", False),
        (f"{QUEUE}-${{aws:PrincipalTag/team, 'ada'}}", "bob", True),
        (f"{QUEUE}-${{aws:PrincipalTag/team}}", "ada", False),
        (f"{QUEUE}-a${{*}}", "ada", False),
        (f"{QUEUE}-${{aws:username}}", "*", False),
    ],
)
def test_variables_stand_for_values_of_the_request(pattern: str, user: str, matches: bool) -> None:
    decision = send(
        policy("identity", allow(Resource=pattern)),
        context={"aws:username": [user]},
        resource=f"{QUEUE}-ada",
    )
    assert decision.allowed == matches


def test_a_literal_star_is_written_as_a_variable() -> None:
    statement = policy("identity", allow(Resource=f"{QUEUE}-a${{*}}"))
    assert send(statement, resource=f"{QUEUE}-a*").allowed


def test_variables_count_in_conditions_too() -> None:
    condition = {"StringEquals": {"aws:SourceVpc": "${aws:username}-vpc"}}
    statement = policy("identity", allow(Condition=condition))
    assert send(statement, context={"aws:username": ["ada"], "aws:sourcevpc": ["ada-vpc"]}).allowed
    assert not send(statement, context={"aws:sourcevpc": ["ada-vpc"]}).allowed


def test_variables_are_text_in_documents_of_the_old_version() -> None:
    statement = policy(
        "identity", allow(Resource=f"{QUEUE}-${{aws:username}}"), version="2008-10-17"
    )
    context = {"aws:username": ["ada"]}
    assert not send(statement, context=context, resource=f"{QUEUE}-ada").allowed
    assert send(statement, context=context, resource=f"{QUEUE}-${{aws:username}}").allowed


# What is no policy


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", "not JSON"),
        ("[]", "a policy document is an object with a Statement"),
        (text_of({"Effect": "Maybe", "Action": "*", "Resource": "*"}), "Effect is Allow or Deny"),
        (text_of({"Effect": "Allow", "Resource": "*"}), "neither Action nor NotAction"),
        (text_of({"Effect": "Allow", "Action": "*"}), "neither Resource nor Principal"),
        (text_of(allow(NotAction="*")), "both Action and NotAction"),
        (text_of(allow(Colour="red")), "unknown element Colour"),
        (text_of(allow(Principal={"Alien": "*"})), "unknown kind of principal Alien"),
        (text_of(allow(Principal="me")), "Principal is"),
        (text_of(allow(Condition={"StringSounds": {"aws:username": "a"}})), "StringSounds"),
        (text_of(allow(Condition={"NullIfExists": {"aws:username": "true"}})), "NullIfExists"),
        (text_of(allow(Condition={"NumericEquals": {"aws:EpochTime": "x"}})), "'x' is no value"),
        (text_of(allow(Condition={"IpAddress": {"aws:SourceIp": "x"}})), "'x' is no value"),
        (text_of(allow(Condition={"DateEquals": {"aws:CurrentTime": "x"}})), "'x' is no value"),
        (text_of(allow(Condition={"Bool": {"aws:SecureTransport": "x"}})), "'x' is no value"),
    ],
)
def test_what_cannot_be_read_is_an_error(text: str, error: str) -> None:
    with pytest.raises(PolicyError, match=error):
        parse(text)


# What a decision rested on


def test_a_decision_tells_the_parts_of_the_statements_that_it_rested_on() -> None:
    condition = {"StringEquals": {"aws:username": "Ada"}}
    (grant,) = send(
        policy(
            "identity",
            allow(Action="sns:*"),
            allow(
                Sid="This",
                Action=["sqs:DeleteMessage", "sqs:Send*"],
                Resource=["arn:aws:sns:*", QUEUE],
                Condition=condition,
            ),
        ),
        context={"aws:username": ["Ada"]},
    ).used
    assert (grant.where, grant.statement, grant.sid) == ("identity", 1, "This")
    assert (grant.actions, grant.resources) == (("sqs:Send*",), (QUEUE,))
    assert grant.conditions == (("StringEquals", "aws:username"),)
    assert grant.applied


def test_a_deny_whose_condition_fails_is_told_as_not_applied() -> None:
    deny = allow(Sid="Plain", Effect="Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})
    decision = send(
        policy("identity", allow(Sid="Yes"), deny), context={"aws:securetransport": ["true"]}
    )
    assert decision.allowed
    assert {(grant.sid, grant.applied) for grant in decision.used} == {
        ("Yes", True),
        ("Plain", False),
    }


# Laws

ACTIONS = st.sampled_from(["sqs:SendMessage", "sqs:*", "sns:Publish", "*", "sqs:Delete*"])
RESOURCES = st.sampled_from([QUEUE, "*", f"{QUEUE}2", "arn:aws:sqs:*"])
STATEMENTS = st.builds(
    lambda effect, action, resource: {"Effect": effect, "Action": action, "Resource": resource},
    st.sampled_from(["Allow", "Deny"]),
    ACTIONS,
    RESOURCES,
)


@given(st.lists(STATEMENTS, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_statements_does_not_matter(
    statements: list[dict[str, Any]], random: Any
) -> None:
    mixed = list(statements)
    random.shuffle(mixed)
    one = send(policy("identity", *statements)).allowed
    assert send(policy("identity", *mixed)).allowed == one


@given(st.lists(STATEMENTS, max_size=5), STATEMENTS)
def test_another_deny_never_allows_and_another_allow_never_denies(
    statements: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    before = send(policy("identity", *statements)).allowed
    after = send(policy("identity", *statements, more)).allowed
    assert after <= before if more["Effect"] == "Deny" else after >= before


@given(st.lists(STATEMENTS, max_size=4), st.lists(STATEMENTS, max_size=4))
def test_a_boundary_never_allows_more(
    identity: list[dict[str, Any]], boundary: list[dict[str, Any]]
) -> None:
    bounded = send(policy("identity", *identity), policy("boundary", *boundary)).allowed
    assert bounded <= send(policy("identity", *identity)).allowed


@given(st.text(max_size=8), st.text(max_size=8))
def test_a_value_matches_itself_and_its_beginning_with_a_star(first: str, rest: str) -> None:
    def met(operator: str, wanted: str) -> bool:
        condition = {operator: {"aws:username": wanted}}
        context = {"aws:username": [first + rest]}
        return send(policy("identity", allow(Condition=condition)), context=context).allowed

    if not set(first) & set("*?$"):
        assert met("StringLike", f"{first}*")
        assert met("StringEquals", first) == (rest == "")
        assert met("StringNotEquals", first) == (rest != "")


@given(
    st.sampled_from(["StringEquals", "StringLike", "ArnLike", "Bool", "StringEqualsIgnoreCase"]),
    st.sampled_from(["true", "false", "arn:aws:sqs:a:b:c", "a*"]),
    st.sampled_from([[], ["true"], ["arn:aws:sqs:a:b:c"], ["A*"]]),
)
def test_if_exists_differs_for_a_missing_key_only(
    operator: str, wanted: str, values: list[str]
) -> None:
    if operator == "Bool" and wanted not in ("true", "false"):
        return

    def met(name: str) -> bool:
        statement = allow(Condition={name: {"aws:username": wanted}})
        return send(policy("identity", statement), context={"aws:username": values}).allowed

    assert met(f"{operator}IfExists") == (met(operator) or not values)
