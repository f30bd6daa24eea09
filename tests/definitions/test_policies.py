"""Every document, read as AWS reads it."""

import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from definitions import policies
from definitions.names import Names

with warnings.catch_warnings():  # it leaves a file open and uses pkg_resources
    warnings.simplefilter("ignore")
    import parliament

NAMES = Names(project="fargate-batch", stack="prod", region="eu-west-1", account="123456789012")
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0123"
REPOSITORY = "arn:aws:ecr:eu-west-1:123456789012:repository/fargate-batch-prod/app"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:fargate-batch-prod--sample-AbCdEf"

IDENTITY = {
    "runner": policies.runner_policy(NAMES, tracing=True),
    "flows": policies.flows_policy(NAMES, tracing=True),
    "dispatcher": policies.dispatcher_policy(NAMES, tracing=True),
    "skipped": policies.skipped_policy(tracing=True),
    "notifier": policies.notifier_policy(NAMES, key_arn=KEY, tracing=True),
    "scheduler": policies.scheduler_policy(NAMES),
    "rule": policies.rule_policy(NAMES, "fargate-batch-prod-notifier"),
    "flow logs": policies.flow_logs_policy(NAMES, "/fargate-batch/prod/flow-logs"),
    "chatbot": policies.chatbot_policy(NAMES),
    "execution": policies.execution_policy(
        NAMES,
        log_group="/fargate-batch/prod/default",
        repository_arn=REPOSITORY,
        secret_arns=[SECRET],
        key_arn=KEY,
    ),
    "grants": policies.grants_policy(NAMES, {"files": ["read", "write"]}) or "",
}
TRUST = {
    "tasks": policies.tasks_trust(NAMES),
    "machine": policies.machine_trust(NAMES, "fargate-batch-prod--*"),
    "scheduler": policies.scheduler_trust(NAMES),
    "rule": policies.rule_trust(NAMES, "fargate-batch-prod-ended"),
    "flow logs": policies.flow_logs_trust(NAMES),
    "chatbot": policies.chatbot_trust(NAMES),
}
RESOURCE = {
    "key": policies.key_policy(NAMES),
    "topic": policies.topic_policy(NAMES, "failure"),
    "queue": policies.dead_letter_queue_policy(NAMES, "fargate-batch-prod-ended"),
    "bucket": policies.bucket_policy("arn:aws:s3:::b"),
    "interface endpoint": policies.interface_endpoint_policy(NAMES),
    "s3 endpoint": policies.s3_endpoint_policy(NAMES),
}


def statements(document: str) -> Iterator[dict[str, Any]]:
    yield from json.loads(document)["Statement"]


def allowed(document: str, action: str) -> list[dict[str, Any]]:
    return [s for s in statements(document) if action in s["Action"]]


def ids(case: Any) -> str:
    return case if isinstance(case, str) and len(case) < 30 else ""


# parliament wants a policy to name every type of resource that an action can have; these machines
# have neither express executions nor distributed maps.
OTHER_TYPES = re.compile(r"arn:\*:states:\*:\*:(express|mapRun):")


@pytest.mark.parametrize(("who", "document"), IDENTITY.items(), ids=ids)
def test_parliament_finds_no_fault_in_what_roles_may_do(who: str, document: str) -> None:
    found = [
        (finding.issue, finding.detail)
        for finding in parliament.analyze_policy_string(document).findings
        if not (finding.issue == "RESOURCE_MISMATCH" and OTHER_TYPES.search(str(finding.detail)))
    ]
    assert found == [], who


# The Service Authorization Reference lists no resource type for these actions.
WITHOUT_RESOURCE = re.compile(
    r"logs:(\w*LogDeliver\w+|PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups)"
    r"|xray:\w+|ecr:GetAuthorizationToken|cloudwatch:(GetMetricData|ListMetrics)"
)


@pytest.mark.parametrize(("who", "document"), IDENTITY.items(), ids=ids)
def test_a_star_stands_only_where_aws_takes_no_resource(who: str, document: str) -> None:
    for statement in statements(document):
        if statement["Resource"] == "*":
            strange = [a for a in statement["Action"] if not WITHOUT_RESOURCE.fullmatch(a)]
            assert strange == [], who
        for action in statement["Action"]:
            assert not action.endswith(":*"), f"{who} may do everything with a service"


@pytest.mark.parametrize(("who", "document"), TRUST.items(), ids=ids)
def test_every_service_acts_only_for_this_accounts_own_resource(who: str, document: str) -> None:
    (statement,) = statements(document)
    assert set(statement["Principal"]) == {"Service"}, who
    # Chatbot's own are only looked at if it sends them: nobody knows whether it does.
    if_exists = "IfExists" if who == "chatbot" else ""
    condition = statement["Condition"]
    assert condition[f"StringEquals{if_exists}"] == {"aws:SourceAccount": "123456789012"}
    assert ":123456789012:" in condition[f"ArnLike{if_exists}"]["aws:SourceArn"]


@pytest.mark.parametrize(("what", "document"), {**IDENTITY, **RESOURCE}.items(), ids=ids)
def test_every_statement_says_its_need(what: str, document: str) -> None:
    sids = [statement["Sid"] for statement in statements(document)]
    assert len(set(sids)) == len(sids), what
    assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids), "IAM takes nothing else"


def test_no_document_grows_with_the_number_of_jobs() -> None:
    """The limit is 10,240 characters for all inline policies of a role."""
    assert max(len(document) for document in IDENTITY.values()) < 2_500


def test_machines_run_tasks_of_this_stack_in_its_cluster_only() -> None:
    (run,) = allowed(IDENTITY["runner"], "ecs:RunTask")
    assert run["Resource"].endswith(":task-definition/fargate-batch-prod--*:*")
    assert run["Condition"] == {"ArnEquals": {"ecs:cluster": NAMES.cluster_arn}}


def test_machines_hand_out_only_container_roles_and_only_to_tasks() -> None:
    (give,) = allowed(IDENTITY["runner"], "iam:PassRole")
    assert give["Resource"] == [
        "arn:aws:iam::123456789012:role/fargate-batch-prod--*-task",
        "arn:aws:iam::123456789012:role/fargate-batch-prod--*-execution",
    ]
    assert give["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def test_tags_are_put_on_tasks_only_while_they_are_started() -> None:
    (tag,) = allowed(IDENTITY["runner"], "ecs:TagResource")
    assert tag["Condition"] == {"StringEquals": {"ecs:CreateAction": "RunTask"}}


def test_the_dispatcher_starts_jobs_and_neither_itself_nor_the_notifier() -> None:
    start, record = allowed(IDENTITY["dispatcher"], "states:StartExecution")
    assert record["Resource"] == NAMES.machine_arn("fargate-batch-prod-skipped")
    prefix = start["Resource"].removesuffix("*")
    assert NAMES.machine_arn(NAMES.chosen("any-job")).startswith(prefix)
    assert not NAMES.machine_arn(NAMES.of("dispatcher")).startswith(prefix)
    assert not NAMES.machine_arn(NAMES.of("notifier")).startswith(prefix)


def test_schedules_start_the_dispatcher_and_nothing_else() -> None:
    (start,) = allowed(IDENTITY["scheduler"], "states:StartExecution")
    assert start["Resource"] == NAMES.machine_arn("fargate-batch-prod-dispatcher")


def test_fargate_reads_the_containers_own_image_log_and_secrets() -> None:
    document = IDENTITY["execution"]
    assert [s["Resource"] for s in allowed(document, "ecr:BatchGetImage")] == [REPOSITORY]
    assert [s["Resource"] for s in allowed(document, "logs:PutLogEvents")] == [
        "arn:aws:logs:eu-west-1:123456789012:log-group:/fargate-batch/prod/default:log-stream:*"
    ]
    assert [s["Resource"] for s in allowed(document, "secretsmanager:GetSecretValue")] == [[SECRET]]
    (decrypt,) = allowed(document, "kms:Decrypt")
    assert decrypt["Condition"]["StringEquals"] == {
        "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"
    }


def test_a_container_without_secrets_and_with_a_public_image_may_only_log() -> None:
    document = policies.execution_policy(
        NAMES, log_group="/g", repository_arn=None, secret_arns=[], key_arn=KEY
    )
    assert [s["Sid"] for s in statements(document)] == ["WriteLogs"]


def test_reading_a_bucket_is_not_writing_it() -> None:
    document = policies.grants_policy(NAMES, {"files": ["read"]}) or ""
    actions = {action for s in statements(document) for action in s["Action"]}
    assert actions == {"s3:ListBucket", "s3:GetObject"}
    written = policies.grants_policy(NAMES, {"files": ["write"]}) or ""
    assert "s3:GetObject" not in written


def test_grants_name_the_bucket_that_is_made() -> None:
    document = policies.grants_policy(NAMES, {"files": ["read"]}) or ""
    assert {s["Resource"] for s in statements(document)} == {
        f"arn:aws:s3:::{NAMES.bucket('files')}",
        f"arn:aws:s3:::{NAMES.bucket('files')}/*",
    }


def test_no_grants_no_policy() -> None:
    assert policies.grants_policy(NAMES, {}) is None


@pytest.mark.parametrize("what", ["topic", "queue", "bucket"])
def test_nobody_speaks_to_it_without_tls(what: str) -> None:
    (deny,) = [s for s in statements(RESOURCE[what]) if s["Effect"] == "Deny"]
    assert deny["Principal"] == "*"
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("what", ["key", "topic", "queue"])
def test_services_are_admitted_for_this_stacks_resources_only(what: str) -> None:
    for statement in statements(RESOURCE[what]):
        if isinstance(statement["Principal"], dict) and "Service" in statement["Principal"]:
            assert "fargate-batch" in json.dumps(statement["Condition"]["ArnLike"])


def test_endpoints_admit_this_accounts_principals_only() -> None:
    (statement,) = statements(RESOURCE["interface endpoint"])
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}


def test_the_s3_endpoint_also_lets_image_layers_through() -> None:
    account, layers = statements(RESOURCE["s3 endpoint"])
    assert account["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}
    assert layers["Resource"] == "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"
    assert layers["Action"] == "s3:GetObject"
