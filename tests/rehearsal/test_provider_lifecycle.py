"""Every type from its creation to its end, in an embedded AWS: read, compare, change, delete."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import Deployment, Diff, Resource, deploy
from rehearsal.provider import AwsProvider
from rehearsal.provider.registry import KINDS
from stacks.stack_file import read_stack_file
from tests.rehearsal.conftest import START

PROGRAM = Path(__file__).parent / "everything"
STACK = read_stack_file(PROGRAM, "dev")


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(region="eu-west-1", start=START) as embedded:
        yield embedded


@pytest.fixture(scope="module")
def everything(cloud: EmbeddedAws) -> Deployment:
    return deploy(PROGRAM, STACK, AwsProvider(cloud))


@pytest.fixture(scope="module")
def provider(cloud: EmbeddedAws, everything: Deployment) -> AwsProvider:
    return AwsProvider(cloud).configure(the(everything, "ours").inputs)


def the(everything: Deployment, name: str) -> Resource:
    (found,) = (made for made in everything.resources.values() if made.name == name)
    return found


@pytest.fixture(scope="module")
def others(cloud: EmbeddedAws, provider: AwsProvider, everything: Deployment) -> dict[str, str]:
    """A second one of what others refer to, by its type's last word."""
    vpc = the(everything, "vpc").id
    made: dict[str, str] = {}

    def make(key: str, type_: str, output: str = "", **inputs: Any) -> None:
        checked = provider.check(type_, inputs)
        made_id, outputs = provider.create(type_, f"other-{key}", checked)
        made[key] = outputs[output] if output else made_id

    trust = the(everything, "role").inputs["assumeRolePolicy"]
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
        }
    )
    iam = cloud.client("iam")
    made["policy"] = iam.create_policy(PolicyName="other", PolicyDocument=policy)["Policy"]["Arn"]
    make("role", "aws:iam/role:Role", "arn", assumeRolePolicy=trust)
    iam.put_role_policy(
        RoleName=made["role"].rpartition("/")[2],
        PolicyName="logs",  # which a machine's role needs as soon as the machine logs
        PolicyDocument=policy.replace("s3:GetObject", "logs:*"),
    )
    key_policy = the(everything, "key").inputs["policy"]
    make("key", "aws:kms/key:Key", "arn", policy=key_policy)
    make("topic", "aws:sns/topic:Topic")
    make(
        "connection",
        "aws:cloudwatch/eventConnection:EventConnection",
        "arn",
        authorizationType="BASIC",
        authParameters={"basic": {"username": "batch", "password": "hunter2"}},
    )
    make("vpc", "aws:ec2/vpc:Vpc", cidrBlock="10.1.0.0/16")
    make("gateway", "aws:ec2/internetGateway:InternetGateway")
    make("table", "aws:ec2/routeTable:RouteTable", vpcId=vpc)
    make("group", "aws:ec2/securityGroup:SecurityGroup", vpcId=vpc)
    make(
        "subnet",
        "aws:ec2/subnet:Subnet",
        vpcId=vpc,
        cidrBlock="10.0.2.0/24",
        availabilityZone="eu-west-1b",
    )
    dynamodb = "com.amazonaws.eu-west-1.dynamodb"
    make(
        "prefixes",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "prefixListId",
        vpcId=vpc,
        serviceName=dynamodb,
    )
    return made


OTHER = "<other {}>"
"""Stands for one of the others."""
MINUS = object()
"""The argument is no longer given."""
RULE = {"protocol": "tcp", "fromPort": 1, "toPort": 2, "cidrBlocks": ["10.0.0.0/24"]}
DENYING = "<{} and a denial>"
"""Stands for the policy that is there with a statement more."""


CHANGES: dict[str, dict[str, list[Any]]] = {
    "key": {
        "description": ["another", MINUS],
        "enableKeyRotation": [False],
        "isEnabled": [False],
        "policy": [DENYING.format("kms")],
        "rotationPeriodInDays": [100],
    },
    "alias": {"targetKeyId": [OTHER.format("key")]},
    "role": {
        "assumeRolePolicy": [DENYING.format("sts")],
        "description": ["another", MINUS],
        "managedPolicyArns": [[OTHER.format("policy")]],
        "maxSessionDuration": [3600, 43_200],
        "permissionsBoundary": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    },
    "managed": {
        "policy": [
            json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
                }
            )
        ],
    },
    "identities": {
        "clientIdLists": [["sts.amazonaws.com", "another"], ["another"]],
        "thumbprintLists": [["0" * 40]],
    },
    "role-policy": {
        "policy": [
            json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
                }
            )
        ]
    },
    "vpc": {"enableDnsHostnames": [False], "enableDnsSupport": [False]},
    "default-group": {"ingress": [[RULE]], "egress": [[RULE]]},
    "gateway": {"vpcId": [OTHER.format("vpc"), MINUS]},
    "route": {"gatewayId": [OTHER.format("gateway")]},
    "subnet": {"mapPublicIpOnLaunch": [True]},
    "association": {"routeTableId": [OTHER.format("table")]},
    "inline-group": {
        "ingress": [[RULE], [{**RULE, "protocol": "-1", "fromPort": 0, "toPort": 0}]],
        "egress": [[RULE]],
    },
    "in": {
        "description": ["from ourselves"],
        "fromPort": [70],
        "ipProtocol": ["udp"],
        "referencedSecurityGroupId": [OTHER.format("group")],
        "toPort": [90],
    },
    "out": {
        "description": ["to a gateway"],
        "fromPort": [80],
        "ipProtocol": ["udp"],
        "prefixListId": [OTHER.format("prefixes")],
        "toPort": [444],
    },
    "s3": {"policy": [DENYING.format("s3")], "routeTableIds": [[OTHER.format("table")], MINUS]},
    "logs-endpoint": {
        "policy": [DENYING.format("logs")],
        "privateDnsEnabled": [False],
        "securityGroupIds": [[OTHER.format("group")]],
        "subnetIds": [[OTHER.format("subnet")]],
    },
    "logs": {"kmsKeyId": [OTHER.format("key"), MINUS], "retentionInDays": [7, MINUS]},
    "repository": {
        "imageScanningConfiguration": [{"scanOnPush": False}, MINUS],
        "imageTagMutability": ["MUTABLE"],
    },
    "cluster": {"settings": [[{"name": "containerInsights", "value": "disabled"}], MINUS]},
    "capacity": {
        "capacityProviders": [["FARGATE_SPOT"]],
        "defaultCapacityProviderStrategies": [
            [{"capacityProvider": "FARGATE", "weight": 2, "base": 1}],
            MINUS,
        ],
    },
    "queue": {
        "delaySeconds": [5],
        "maxMessageSize": [1024],
        "messageRetentionSeconds": [60, MINUS],
        "receiveWaitTimeSeconds": [20],
        "redrivePolicy": [json.dumps({"maxReceiveCount": 3, "deadLetterTargetArn": "<queue>"})],
        "sqsManagedSseEnabled": [False],
        "visibilityTimeoutSeconds": [60],
    },
    "items": {
        "billingMode": [],
        "deletionProtectionEnabled": [True],
        "pointInTimeRecovery": [{"enabled": False}, MINUS],
        "ttl": [{"attributeName": "until", "enabled": True}, MINUS],
    },
    "queue-policy": {"policy": [DENYING.format("sqs")]},
    "topic": {
        "displayName": ["Another", MINUS],
        "kmsMasterKeyId": [OTHER.format("key"), MINUS],
        "signatureVersion": [2],
        "tracingConfig": ["PassThrough"],
    },
    "topic-policy": {"policy": [DENYING.format("sns")]},
    "subscription": {
        "filterPolicy": ['{"a": ["b"]}'],
        "rawMessageDelivery": [True],
    },
    "bucket-closed": {
        "blockPublicAcls": [False, MINUS],
        "blockPublicPolicy": [False],
        "ignorePublicAcls": [False],
        "restrictPublicBuckets": [False],
    },
    "bucket-versions": {"versioningConfiguration": [{"status": "Suspended"}]},
    "bucket-encryption": {
        "rules": [[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]]
    },
    "bucket-lifecycle": {
        "rules": [
            [{"id": "expire", "status": "Disabled", "expiration": {"days": 365}}],
            [
                {
                    "id": "move",
                    "status": "Enabled",
                    "filter": {"prefix": "old/"},
                    "transitions": [{"days": 30, "storageClass": "GLACIER"}],
                }
            ],
        ]
    },
    "bucket-events": {"eventbridge": [False]},
    "bucket-owner": {"rule": [{"objectOwnership": "ObjectWriter"}]},
    "bucket-policy": {"policy": [DENYING.format("s3")]},
    "secret": {"description": ["another", MINUS], "kmsKeyId": [OTHER.format("key"), MINUS]},
    "secret-version": {"versionStages": [["AWSCURRENT", "BLUE"]]},
    "machine": {
        "definition": ['{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}'],
        "loggingConfiguration": [{"level": "OFF"}, MINUS],
        "roleArn": [OTHER.format("role")],
        "tracingConfiguration": [{"enabled": False}, MINUS],
    },
    "schedule": {
        "description": ["another", MINUS],
        "endDate": ["2098-12-31T22:59:59Z"],
        "flexibleTimeWindow": [{"mode": "FLEXIBLE", "maximumWindowInMinutes": 5}],
        "scheduleExpression": ["rate(1 hour)", "at(2098-01-01T00:00:00)"],
        "scheduleExpressionTimezone": ["Europe/Paris", MINUS],
        "startDate": ["2098-01-01T00:00:00Z"],
        "state": ["DISABLED"],
        "target": [{"arn": "arn:aws:sqs:eu-west-1:1:q", "roleArn": OTHER.format("role")}],
    },
    "rule": {
        "description": ["another", MINUS],
        "eventPattern": ['{"source": ["aws.ecs"]}'],
        "state": ["DISABLED"],
    },
    "target": {
        "arn": ["arn:aws:states:eu-west-1:123456789012:stateMachine:x"],
        "deadLetterConfig": [MINUS],
        "input": ["{}"],
        "inputTransformer": [{"inputTemplate": '{"a": <a>}', "inputPaths": {"a": "$.a"}}],
        "retryPolicy": [{"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 1}, MINUS],
        "roleArn": [OTHER.format("role")],
    },
    "pipe": {
        "description": ["another", MINUS],
        "desiredState": ["STOPPED"],
        "roleArn": [OTHER.format("role")],
        "sourceParameters": [{"sqsQueueParameters": {"batchSize": 2}}],
        "target": ["arn:aws:states:eu-west-1:123456789012:stateMachine:x"],
    },
    "connection": {
        "authParameters": [
            {"apiKey": {"key": "X-Other", "value": "hunter2"}},
            {
                "apiKey": {"key": "X-Api-Key", "value": "hunter2"},
                "invocationHttpParameters": {
                    "headers": [{"key": "X-More", "value": "more", "isValueSecret": False}],
                    "queryStrings": [{"key": "q", "value": "1", "isValueSecret": False}],
                },
            },
        ],
        "authorizationType": [],  # which changes with its parameters only
        "description": ["another", MINUS],
    },
    "destination": {
        "connectionArn": [OTHER.format("connection")],
        "description": ["another", MINUS],
        "httpMethod": ["PUT"],
        "invocationEndpoint": ["https://example.com/another"],
        "invocationRateLimitPerSecond": [5, MINUS],
    },
    "alarm": {
        "actionsEnabled": [False],
        "alarmActions": [[OTHER.format("topic")], MINUS],
        "alarmDescription": ["another", MINUS],
        "comparisonOperator": ["LessThanThreshold"],
        "datapointsToAlarm": [1],
        "dimensions": [{"QueueName": "another"}, MINUS],
        "evaluationPeriods": [2],
        "insufficientDataActions": [[OTHER.format("topic")]],
        "metricName": ["NumberOfMessagesSent"],
        "namespace": ["AWS/SNS"],
        "okActions": [[OTHER.format("topic")]],
        "period": [120],
        "statistic": ["Sum"],
        "threshold": [1],
        "treatMissingData": ["breaching", MINUS],
        "unit": ["Count"],
    },
    "sum-alarm": {
        "comparisonOperator": ["LessThanThreshold"],
        "evaluationPeriods": [2],
        "metricQueries": [
            [
                {
                    "id": "total",
                    "expression": "SUM([FILL(m2, 0)])",
                    "label": "all",
                    "returnData": True,
                },
                {
                    "id": "m2",
                    "metric": {
                        "namespace": "AWS/SNS",
                        "metricName": "NumberOfMessagesPublished",
                        "dimensions": {},
                        "stat": "Sum",
                        "period": 120,
                    },
                    "returnData": False,
                },
            ]
        ],
        "threshold": [1],
    },
    "dashboard": {"dashboardBody": ['{"widgets": []}']},
    "slack": {
        "guardrailPolicyArns": [["arn:aws:iam::aws:policy/ReadOnlyAccess"], MINUS],
        "iamRoleArn": [OTHER.format("role")],
        "loggingLevel": ["INFO", MINUS],
        "slackChannelId": ["C0BBBBBBB"],
        "snsTopicArns": [[OTHER.format("topic")], MINUS],
        "userAuthorizationRequired": [True],
    },
}
"""Arguments that can be changed in place, by the resource's name in the program."""
ELSEWHERE = {"contextHash", "context", "dockerfile", "imageTag", "platform", "repositoryUrl"}
"""Those of an image; what a changed one does stands in test_provider_refusals."""
ONLY_ONE_VALUE = {"targetParameters"}
"""Those of a pipe to a Standard machine: nothing else is rehearsed that they could say."""
SET_BY_OTHERS = {
    ("inline-group", "egress"),
    ("role", "managedPolicyArns"),
    ("s3", "policy"),
    ("secret-version", "versionStages"),
}
"""Where the program says nothing, AWS or another resource may say something: that is no drift."""
EACH_CHANGE = [
    pytest.param(name, key, value, id=f"{name}-{key}-{number}")
    for name, changes in CHANGES.items()
    for key, values in changes.items()
    for number, value in enumerate(values)
]
EVERYWHERE = {"region", "tags", "tagsAll"}


def changed(resource: Resource, key: str, value: Any, others: dict[str, str]) -> dict[str, Any]:
    """Return the inputs of a resource with one of them changed."""
    if value is MINUS:
        return {name: given for name, given in resource.inputs.items() if name != key}
    return {**resource.inputs, key: resolved(value, resource.inputs.get(key, ""), others)}


def resolved(value: Any, given: Any, others: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: resolved(item, given, others) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType] - of the table above
    if isinstance(value, list):
        return [resolved(item, given, others) for item in value]  # pyright: ignore[reportUnknownVariableType] - likewise
    if not isinstance(value, str):
        return value
    if value.endswith("and a denial>"):
        vendor = value[1:].partition(" ")[0]
        action = "sts:AssumeRole" if vendor == "sts" else f"{vendor}:Delete*"
        denial = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": action}
        if vendor != "sts":
            denial["Resource"] = "*"
        kept = json.loads(given)["Statement"] if given else []
        return json.dumps({"Version": "2012-10-17", "Statement": [*kept, denial]})
    for key, other in others.items():
        value = value.replace(OTHER.format(key), other)
    return value.replace("<queue>", "arn:aws:sqs:eu-west-1:123456789012:everything")


def read(provider: AwsProvider, resource: Resource) -> tuple[dict[str, Any], dict[str, Any]]:
    found = provider.read(resource.type, resource.id, resource.inputs, resource.outputs)
    assert found is not None, f"{resource.name} is gone"
    return found


def compared(provider: AwsProvider, resource: Resource, inputs: dict[str, Any]) -> Diff:
    return provider.diff(resource.type, resource.id, resource.inputs, resource.outputs, inputs)


def updated(provider: AwsProvider, resource: Resource, inputs: dict[str, Any]) -> Resource:
    outputs = provider.update(resource.type, resource.id, inputs, resource.inputs, resource.outputs)
    return replace(resource, inputs=inputs, outputs={**inputs, **outputs})


def made_by_the_provider(everything: Deployment) -> list[Resource]:
    return [made for made in everything.resources.values() if made.type in KINDS]


def test_what_nobody_touched_has_not_drifted(provider: AwsProvider, everything: Deployment) -> None:
    for made in made_by_the_provider(everything):
        inputs, outputs = read(provider, made)
        assert inputs == made.inputs, made.name
        assert compared(provider, made, inputs) == Diff(), made.name
        steady = set(outputs) - {"policy", "ingress", "egress"}  # which other resources set
        assert {key: outputs[key] for key in steady} == {
            key: made.outputs[key] for key in steady
        }, made.name


@pytest.mark.parametrize(("name", "key", "value"), EACH_CHANGE)
def test_a_change_in_place_reaches_aws_and_is_seen_there(
    provider: AwsProvider,
    everything: Deployment,
    others: dict[str, str],
    name: str,
    key: str,
    value: Any,
) -> None:
    before = the(everything, name)
    inputs = provider.check(before.type, changed(before, key, value, others))
    diff = compared(provider, before, inputs)
    assert (diff.changed, diff.replaces) == ((key,), ())
    after = updated(provider, before, inputs)
    try:
        assert read(provider, after)[0] == inputs
        if key in before.inputs or (name, key) not in SET_BY_OTHERS:
            assert key in compared(provider, before, read(provider, before)[0]).changed
    finally:
        restored = updated(provider, after, before.inputs)
    assert read(provider, before)[0] == before.inputs
    assert read(provider, restored)[0] == before.inputs


def test_each_argument_is_changed_in_place_or_replaces(everything: Deployment) -> None:
    for made in made_by_the_provider(everything):
        kind = KINDS[made.type]
        in_place = CHANGES.get(made.name, {}).keys() | ELSEWHERE | ONLY_ONE_VALUE
        assert not in_place & kind.replaces, made.name
        assert made.inputs.keys() <= in_place | kind.replaces | kind.only_later | EVERYWHERE, (
            made.name
        )


def test_the_sdk_knows_of_no_other_argument_that_replaces(everything: Deployment) -> None:
    """Its docstrings say so of a few; what the provider does not take cannot be changed."""
    only_of_gateways = {("logs-endpoint", "privateDnsEnabled")}  # which have no such thing
    for made in made_by_the_provider(everything):
        taken = KINDS[made.type].replaces | CHANGES.get(made.name, {}).keys()
        for key, words in documented(made.type).items():
            forces = re.search(r"forces? (a |the )?(new|re-?creation|replac)", words)
            if key in taken and forces and (made.name, key) not in only_of_gateways:
                assert key in KINDS[made.type].replaces, f"{made.type} {key}"


def documented(type_: str) -> dict[str, str]:
    """Return what the SDK says of each property of a type."""
    package, module, name = type_.split(":")
    if package != "aws":
        return {}
    kind: type[pulumi.Resource] = getattr(getattr(aws, module.partition("/")[0]), name)
    return {
        getattr(value.fget, "_pulumi_name", key): (value.__doc__ or "").lower()
        for key, value in vars(kind).items()
        if isinstance(value, property)
    }


@pytest.mark.parametrize("type_", sorted(type_ for type_, kind in KINDS.items() if kind.tags))
def test_tags_come_change_and_go(provider: AwsProvider, everything: Deployment, type_: str) -> None:
    before = next(made for made in everything.resources.values() if made.type == type_)
    own = before.inputs.get("tags", {})
    given = {**before.inputs, "tags": {**own, "team": "a", "stack": "other"}}
    del given["tagsAll"]
    first = provider.check(type_, given)
    assert compared(provider, before, first).changed == ("tags", "tagsAll")
    after = updated(provider, before, first)
    assert read(provider, after)[0] == first
    seen, _ = read(provider, before)
    assert seen["tags"] == {**own, "team": "a", "stack": "other"}
    restored = updated(provider, after, before.inputs)
    assert read(provider, restored)[0] == before.inputs


def test_what_cannot_be_changed_in_place_is_refused(
    provider: AwsProvider, everything: Deployment
) -> None:
    machine = the(everything, "machine")
    with pytest.raises(ValueError, match="type cannot be changed in place"):
        updated(provider, machine, {**machine.inputs, "type": "EXPRESS"})


def test_an_argument_that_no_update_takes_is_refused(
    provider: AwsProvider, everything: Deployment
) -> None:
    for name in ("cluster", "schedules", "task"):
        made = the(everything, name)
        with pytest.raises(NotImplementedError, match="argument 'colour' is not known"):
            updated(provider, made, {**made.inputs, "colour": "red"})


@pytest.mark.parametrize(
    ("name", "key", "value", "delete_first"),
    [
        ("task", "cpu", "512", False),
        ("bucket", "bucket", "another", False),
        ("role", "path", "/other/", True),
        ("rule", "name", "another", False),
        ("rule", "eventBusName", "another", True),
        ("role-policy", "role", "another", False),
        ("lifecycle", "policy", "{}", True),
        ("machine", "region", "eu-west-2", True),
        ("subnet", "cidrBlock", "10.0.9.0/24", False),
        ("secret-version", "secretString", "new", False),
    ],
)
def test_a_replacement_waits_where_there_can_be_only_one_of_a_name(
    provider: AwsProvider,
    everything: Deployment,
    name: str,
    key: str,
    value: str,
    delete_first: bool,
) -> None:
    made = the(everything, name)
    assert compared(provider, made, {**made.inputs, key: value}) == Diff(
        (key,), (key,), delete_first
    )


def test_documents_are_compared_as_such(provider: AwsProvider, everything: Deployment) -> None:
    for name, key in (("rule", "eventPattern"), ("role", "assumeRolePolicy")):
        made = the(everything, name)
        spaced = json.dumps(json.loads(made.inputs[key]), indent=4)
        assert compared(provider, made, {**made.inputs, key: spaced}) == Diff()


def test_the_order_of_a_set_is_no_change(provider: AwsProvider, everything: Deployment) -> None:
    made = the(everything, "logs-endpoint")
    two = replace(made, inputs={**made.inputs, "subnetIds": ["a", "b"]})
    assert compared(provider, two, {**made.inputs, "subnetIds": ["b", "a"]}) == Diff()


def test_drift_inside_an_argument_leaves_the_rest_as_given(
    provider: AwsProvider, everything: Deployment, cloud: EmbeddedAws
) -> None:
    made = the(everything, "schedule")
    scheduler = cloud.client("scheduler")
    kept = scheduler.get_schedule(GroupName="everything", Name="nightly")
    wanted = {key: kept[key] for key in ("FlexibleTimeWindow", "GroupName", "Name")}
    retries = {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 9}
    scheduler.update_schedule(
        **wanted,
        State="ENABLED",
        ScheduleExpression="cron(0 4 * * ? *)",
        Target={**kept["Target"], "RetryPolicy": retries},
    )
    inputs, _ = read(provider, made)
    target = made.inputs["target"]
    assert inputs["scheduleExpression"] == "cron(0 4 * * ? *)"
    assert inputs["target"] == {
        **target,
        "retryPolicy": {**target["retryPolicy"], "maximumRetryAttempts": 9},
    }
    assert "description" not in inputs
    updated(provider, replace(made, inputs=inputs), made.inputs)
    assert read(provider, made)[0] == made.inputs
