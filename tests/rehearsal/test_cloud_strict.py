"""Requests that botocore lets pass and AWS does not."""

from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from rehearsal.cloud import EmbeddedAws
from rehearsal.cloud.strict import check_call


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "message"),
    [
        (
            "ecs",
            "run_task",
            {"taskDefinition": "t", "launchType": "SPOT"},
            r"RunTask\.launchType: 'SPOT' is not one of EC2, FARGATE",
        ),
        (
            "scheduler",
            "create_schedule_group",
            {"Name": "a b"},
            r"CreateScheduleGroup\.Name: 'a b' does not match",
        ),
        (
            "events",
            "put_rule",
            {"Name": "r", "EventPattern": "x" * 5_000},
            r"PutRule\.EventPattern: length 5000, at most 4096 allowed",
        ),
        (
            "events",
            "put_events",
            {"Entries": [{"Source": "a"}] * 11},
            r"PutEvents\.Entries: 11 items, at most 10 allowed",
        ),
        (
            "scheduler",
            "create_schedule_group",
            {"Name": "g", "Tags": [{"Key": "k", "Value": "v" * 300}]},
            r"CreateScheduleGroup\.Tags\[0\]\.Value: length 300, at most 256 allowed",
        ),
        (
            "stepfunctions",
            "list_executions",
            {"stateMachineArn": "arn", "maxResults": 5_000},
            r"ListExecutions\.maxResults: 5000, at most 1000 allowed",
        ),
    ],
)
def test_a_call_is_refused(
    aws: EmbeddedAws, service: str, operation: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParamValidationError, match=message):
        getattr(aws.client(service), operation)(**parameters)


def test_every_mistake_is_named(aws: EmbeddedAws) -> None:
    with pytest.raises(ParamValidationError, match=r"(?s)launchType.*propagateTags"):
        aws.client("ecs").run_task(taskDefinition="t", launchType="A", propagateTags="B")


def test_maps_are_checked_by_key_and_value() -> None:
    arguments = {"FunctionName": "f", "Tags": {"k": "v"}, "Environment": {"Variables": {"1": "x"}}}
    arguments |= {"Role": "arn:aws:iam::123456789012:role/r", "Code": {}}
    with pytest.raises(ParamValidationError, match=r"Environment\.Variables\.<key>: '1'"):
        check_call("lambda", "CreateFunction", arguments)


def test_what_is_right_passes(aws: EmbeddedAws) -> None:
    assert aws.client("scheduler").create_schedule_group(Name="batch-prod")["ScheduleGroupArn"]
