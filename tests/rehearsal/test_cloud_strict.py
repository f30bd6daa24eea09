"""Requests that botocore lets pass and AWS does not."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

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
            "logs",
            "describe_log_groups",
            {"limit": 51},
            r"DescribeLogGroups\.limit: 51, at most 50 allowed",
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


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "message"),
    [
        (
            "scheduler",
            "create_schedule_group",
            {"Name": "a b"},
            r"\(ValidationException\).*: 1 validation error detected: Value 'a b' at 'name' failed "
            "to satisfy constraint: Member must satisfy regular expression pattern: ",
        ),
        (
            "stepfunctions",
            "list_executions",
            {"stateMachineArn": "arn", "maxResults": 5_000},
            "Value '5000' at 'maxResults' failed to satisfy constraint: Member must have value "
            "less than or equal to 1000",
        ),
        (
            "events",
            "put_rule",
            {"Name": "r", "EventPattern": "x" * 5_000},
            "at 'eventPattern' failed to satisfy constraint: Member must have length less than or "
            "equal to 4096",
        ),
        (
            "events",
            "put_events",
            {"Entries": [{"Source": "a"}] * 11},
            r"Value '\[PutEventsRequestEntry\(time=null, source=a, resources=null, .*\)\]' at "
            "'entries' failed to satisfy constraint: Member must have length less than or equal to "
            "10",
        ),
        (
            "events",
            "put_targets",
            {"Rule": "r", "Targets": [{"Id": "a b", "Arn": "arn:aws:sqs:::q"}]},
            r"Value 'a b' at 'targets.1.member.id' .* pattern: \[\\.\\-_A-Za-z0-9\]\+",
        ),
        (
            "scheduler",
            "create_schedule_group",
            {"Name": "g!", "Tags": [{"Key": "k", "Value": "v" * 300}]},
            "2 validation errors detected: .*'name'.*; .* at 'tags.1.member.value'",
        ),
        (
            "iam",
            "update_access_key",
            {"AccessKeyId": "-" * 16, "Status": "On"},
            r"\(ValidationError\).*Value at 'accessKeyId' .*Value at 'status' failed to satisfy "
            "constraint: Member must satisfy enum value set",
        ),
        (
            "scheduler",
            "list_schedules",
            {"MaxResults": 101},
            "Value '101' at 'maxResults' .* Member must have value less than or equal to 100",
        ),
    ],
)
def test_a_service_refuses_in_the_words_of_aws(
    aws: EmbeddedAws, service: str, operation: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        getattr(aws.client(service), operation)(**parameters)


def test_who_comes_without_our_client_is_refused_as_well(aws: EmbeddedAws) -> None:
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{aws.endpoint}/",
        data=json.dumps({"ScheduleExpression": "rate(1 minute)"}).encode(),
        headers={
            "X-Amz-Target": "AWSEvents.PutRule",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAADMINISTRATOR000/20260302/"
            "eu-west-1/events/aws4_request, SignedHeaders=host, Signature=x",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)  # noqa: S310 - our own server
    with refused.value:
        assert b"Value null at 'name' failed to satisfy constraint" in refused.value.read()
