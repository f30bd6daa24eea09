import json

import pytest

from rehearsal.proof.parts import Part, parts_of, without

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Run",
                "Effect": "Allow",
                "Action": ["ecs:RunTask", "ecs:StopTask"],
                "Resource": "arn:a",
                "Condition": {
                    "ArnEquals": {"ecs:cluster": "arn:c"},
                    "StringEquals": {"aws:SourceAccount": "1", "aws:SourceVpc": "vpc"},
                },
            },
            {"Effect": "Allow", "Action": "sns:Publish", "Resource": ["arn:b", "arn:c"]},
            {
                "Sid": "RefusePlainText",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": ["arn:d", "arn:e"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }
)


def statements(text: str) -> list[dict[str, object]]:
    return json.loads(text)["Statement"]


def named(words: str) -> Part:
    (found,) = [part for part in parts_of(POLICY) if str(part) == words]
    return found


def test_the_parts_are_actions_conditions_and_several_resources_and_a_denial_is_one() -> None:
    assert [str(part) for part in parts_of(POLICY)] == [
        "Run: action ecs:RunTask",
        "Run: action ecs:StopTask",
        "Run: condition ArnEquals ecs:cluster",
        "Run: condition StringEquals aws:SourceAccount",
        "Run: condition StringEquals aws:SourceVpc",
        "1: action sns:Publish",
        "1: resource arn:b",
        "1: resource arn:c",
        "RefusePlainText: statement",
    ]


def test_a_trust_policy_without_resources_has_parts_too() -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "states.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
    assert [str(part) for part in parts_of(json.dumps(trust))] == ["0: action sts:AssumeRole"]


def test_an_action_goes_alone() -> None:
    left = statements(without(POLICY, named("Run: action ecs:RunTask")))
    assert left[0]["Action"] == ["ecs:StopTask"]
    assert left[1:] == statements(POLICY)[1:]


@pytest.mark.parametrize("words", ["1: action sns:Publish", "RefusePlainText: statement"])
def test_a_statement_goes_with_its_last_action_or_as_a_whole(words: str) -> None:
    part = named(words)
    left = statements(without(POLICY, part))
    assert left == [one for at, one in enumerate(statements(POLICY)) if at != part.statement]


def test_a_resource_goes_alone() -> None:
    assert statements(without(POLICY, named("1: resource arn:b")))[1]["Resource"] == ["arn:c"]


def test_a_condition_goes_alone_and_takes_an_empty_operator_with_it() -> None:
    one = statements(without(POLICY, named("Run: condition ArnEquals ecs:cluster")))[0]
    assert one["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "1", "aws:SourceVpc": "vpc"},
    }
    other = statements(without(POLICY, named("Run: condition StringEquals aws:SourceVpc")))[0]
    assert other["Condition"] == {
        "ArnEquals": {"ecs:cluster": "arn:c"},
        "StringEquals": {"aws:SourceAccount": "1"},
    }


def test_the_last_condition_goes_with_the_word_condition() -> None:
    policy = {
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "a:b",
                "Resource": "*",
                "Condition": {"Bool": {"a:b": "true"}},
            }
        ]
    }
    (part,) = [part for part in parts_of(json.dumps(policy)) if part.kind == "condition"]
    assert "Condition" not in statements(without(json.dumps(policy), part))[0]


def test_of_a_document_of_one_part_nothing_is_left() -> None:
    policy = {"Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*"}]}
    (part,) = parts_of(json.dumps(policy))
    assert statements(without(json.dumps(policy), part)) == []
