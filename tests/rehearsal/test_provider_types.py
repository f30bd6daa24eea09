"""Every type at once: a program through the SDK, which checks the types of outputs itself."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx
import pytest

from rehearsal.engine import Deployment, Resource, deploy
from rehearsal.provider import AwsProvider
from rehearsal.provider.registry import KINDS
from stacks.stack_file import read_stack_file
from tests.rehearsal.standin_cloud import StandInCloud, stand_in_cloud

PROGRAM = Path(__file__).parent / "everything"


@pytest.fixture(scope="module")
def cloud() -> Iterator[StandInCloud]:
    with stand_in_cloud() as empty:
        yield empty


@pytest.fixture(scope="module")
def everything(cloud: StandInCloud) -> Deployment:
    return deploy(PROGRAM, read_stack_file(PROGRAM, "dev"), AwsProvider(cloud))


def sdk_class(type_: str) -> type[pulumi.Resource]:
    """Find a class by its token, as the SDK has it: package:module/file:Class."""
    package, module, name = type_.split(":")
    sdk: Any = awsx if package == "awsx" else aws
    found: type[pulumi.Resource] = getattr(getattr(sdk, module.partition("/")[0]), name)
    assert getattr(found, "pulumi_type", type_) == type_
    return found


def properties(kind: type[pulumi.Resource]) -> set[str]:
    """Return the names under which the engine knows a class's properties."""
    return {
        getattr(value.fget, "_pulumi_name", name)
        for name, value in vars(kind).items()
        if isinstance(value, property)
    }


def the(everything: Deployment, name: str) -> Resource:
    (found,) = (made for made in everything.resources.values() if made.name == name)
    return found


def test_the_program_has_a_resource_of_every_type(everything: Deployment) -> None:
    made = {resource.type for resource in everything.resources.values()}
    assert made - {"pulumi:providers:aws"} == set(KINDS)


@pytest.mark.parametrize("type_", sorted(KINDS))
def test_outputs_have_the_names_of_the_sdks_properties(everything: Deployment, type_: str) -> None:
    known = properties(sdk_class(type_))
    for resource in everything.resources.values():
        if resource.type == type_:
            assert resource.outputs.keys() <= known


def test_tags_of_the_provider_are_on_what_takes_tags(everything: Deployment) -> None:
    tagged = [
        resource
        for resource in everything.resources.values()
        if resource.type in KINDS and KINDS[resource.type].tags
    ]
    assert {resource.outputs["tagsAll"]["stack"] for resource in tagged} == {"dev"}
    takes = {type_ for type_ in KINDS if "tagsAll" in properties(sdk_class(type_))}
    assert {resource.type for resource in tagged} == takes


def test_tags_reach_aws(everything: Deployment, cloud: StandInCloud) -> None:
    listed = cloud.client("iam").list_role_tags(RoleName=the(everything, "role").id)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in listed} == {"Name": "role", "stack": "dev"}
    topic = cloud.client("sns").list_tags_for_resource(ResourceArn=the(everything, "topic").id)
    assert topic["Tags"] == [{"Key": "stack", "Value": "dev"}]
    bucket = cloud.client("s3").get_bucket_tagging(Bucket=the(everything, "bucket").id)
    assert bucket["TagSet"] == [{"Key": "stack", "Value": "dev"}]


def test_a_policy_given_as_a_dictionary_is_kept_as_json_text(everything: Deployment) -> None:
    policy = the(everything, "role-policy").outputs["policy"]
    assert json.loads(policy)["Statement"][0]["Action"] == "logs:*"


def test_a_security_group_loses_the_way_out_that_aws_gives_it(
    everything: Deployment, cloud: StandInCloud
) -> None:
    groups = cloud.client("ec2").describe_security_groups(GroupIds=[the(everything, "group").id])
    (egress,) = groups["SecurityGroups"][0]["IpPermissionsEgress"]
    assert [prefixes["PrefixListId"] for prefixes in egress["PrefixListIds"]] == [
        the(everything, "s3").outputs["prefixListId"]
    ]
    assert egress["IpRanges"] == []
    inline = the(everything, "inline-group").id
    (group,) = cloud.client("ec2").describe_security_groups(GroupIds=[inline])["SecurityGroups"]
    assert [rule["FromPort"] for rule in group["IpPermissions"]] == [443]
    assert group["IpPermissionsEgress"] == []


def test_a_default_security_group_is_closed(everything: Deployment, cloud: StandInCloud) -> None:
    group = the(everything, "default-group")
    assert group.id == the(everything, "vpc").outputs["defaultSecurityGroupId"]
    (closed,) = cloud.client("ec2").describe_security_groups(GroupIds=[group.id])["SecurityGroups"]
    assert closed["IpPermissions"] == []
    assert closed["IpPermissionsEgress"] == []


def test_a_vpc_has_the_dns_settings_asked_for(everything: Deployment, cloud: StandInCloud) -> None:
    answer = cloud.client("ec2").describe_vpc_attribute(
        VpcId=the(everything, "vpc").id, Attribute="enableDnsHostnames"
    )
    assert answer["EnableDnsHostnames"]["Value"] is True


def test_a_gateway_endpoint_routes_through_the_tables_it_is_given(
    everything: Deployment, cloud: StandInCloud
) -> None:
    table = the(everything, "table").id
    (described,) = cloud.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"]
    assert the(everything, "s3").id in [route.get("GatewayId") for route in described["Routes"]]


def test_a_task_definition_has_arn_family_and_revision(
    everything: Deployment, cloud: StandInCloud
) -> None:
    task = the(everything, "task")
    assert task.id == "everything"
    assert task.outputs["arn"] == f"{task.outputs['arnWithoutRevision']}:1"
    kept = cloud.client("ecs").describe_task_definition(taskDefinition=task.outputs["arn"])
    definition = kept["taskDefinition"]
    assert definition["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert definition["ephemeralStorage"] == {"sizeInGiB": 30}
    assert definition["volumes"][0]["name"] == "scratch"


def test_a_log_group_has_no_star_at_its_end_and_a_machines_destination_has(
    everything: Deployment, cloud: StandInCloud
) -> None:
    group = the(everything, "logs").outputs["arn"]
    assert group.endswith(":log-group:/everything")
    machine = cloud.client("stepfunctions").describe_state_machine(
        stateMachineArn=the(everything, "machine").id
    )
    (destination,) = machine["loggingConfiguration"]["destinations"]
    assert destination["cloudWatchLogsLogGroup"]["logGroupArn"] == f"{group}:*"
    assert machine["loggingConfiguration"]["level"] == "ALL"
    assert machine["tracingConfiguration"] == {"enabled": True}


def test_a_schedule_keeps_its_target(everything: Deployment, cloud: StandInCloud) -> None:
    assert the(everything, "schedule").id == "everything/nightly"
    kept = cloud.client("scheduler").get_schedule(GroupName="everything", Name="nightly")
    assert kept["Target"]["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 3600,
        "MaximumRetryAttempts": 5,
    }
    assert kept["Target"]["DeadLetterConfig"]["Arn"] == the(everything, "queue").outputs["arn"]
    assert kept["ScheduleExpressionTimezone"] == "Europe/Berlin"


def test_a_rules_target_has_role_retries_and_dead_letters(
    everything: Deployment, cloud: StandInCloud
) -> None:
    (target,) = cloud.client("events").list_targets_by_rule(Rule="everything")["Targets"]
    assert target["Id"] == "notifier"
    assert target["RoleArn"] == the(everything, "role").outputs["arn"]
    assert target["DeadLetterConfig"]["Arn"] == the(everything, "queue").outputs["arn"]
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 5


def test_an_alarm_watches_and_acts(everything: Deployment, cloud: StandInCloud) -> None:
    alarms = cloud.client("cloudwatch").describe_alarms(AlarmNames=["everything"])
    (alarm,) = alarms["MetricAlarms"]
    assert alarm["AlarmArn"] == the(everything, "alarm").outputs["arn"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": "everything"}]
    assert alarm["AlarmActions"] == [the(everything, "topic").id]
    assert alarm["TreatMissingData"] == "notBreaching"


def test_a_bucket_keeps_its_settings(everything: Deployment, cloud: StandInCloud) -> None:
    s3, name = cloud.client("s3"), the(everything, "bucket").id
    closed = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert set(closed.values()) == {True}
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert rule["Expiration"] == {"Days": 365}
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]
    default = encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    assert default["KMSMasterKeyID"] == the(everything, "key").outputs["arn"]
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=name)["Policy"]
    owner = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_a_queue_and_its_policy_are_made(everything: Deployment, cloud: StandInCloud) -> None:
    url = the(everything, "queue").id
    kept = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    assert kept["Attributes"]["MessageRetentionPeriod"] == "1209600"
    assert "events.amazonaws.com" in kept["Attributes"]["Policy"]


def test_slack_hears_of_the_topic(everything: Deployment, cloud: StandInCloud) -> None:
    answer = cloud.chatbot.describe_slack_channel_configurations()
    (configuration,) = answer["SlackChannelConfigurations"]
    assert configuration["SnsTopicArns"] == [the(everything, "topic").id]
    assert configuration["SlackTeamId"] == "T0123ABCD"
    assert configuration["GuardrailPolicyArns"] == [
        "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
    ]


def test_a_placeholder_stands_in_the_secret(everything: Deployment, cloud: StandInCloud) -> None:
    assert everything.masked_outputs["token"] == "[secret]"
    secrets = cloud.client("secretsmanager")
    key = secrets.describe_secret(SecretId="everything")["KmsKeyId"]
    assert key == the(everything, "key").outputs["arn"]
    secret = secrets.get_secret_value(SecretId="everything")
    assert secret["SecretString"] == "rehearsal-secret-everything-token"


def test_a_repository_scans_encrypts_and_keeps_tags(
    everything: Deployment, cloud: StandInCloud
) -> None:
    (kept,) = cloud.client("ecr").describe_repositories()["repositories"]
    assert kept["imageScanningConfiguration"] == {"scanOnPush": True}
    assert kept["imageTagMutability"] == "IMMUTABLE"
    key = the(everything, "key").outputs["arn"]
    assert kept["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": key}


def test_a_log_group_has_its_key_and_days(everything: Deployment, cloud: StandInCloud) -> None:
    (kept,) = cloud.client("logs").describe_log_groups()["logGroups"]
    assert kept["retentionInDays"] == 30
    assert kept["kmsKeyId"] == the(everything, "key").outputs["arn"]


def test_an_image_is_known_by_its_digest(everything: Deployment, cloud: StandInCloud) -> None:
    uri = everything.outputs["image"]
    assert cloud.images == {uri: PROGRAM / "image"}
    (pushed,) = cloud.client("ecr").describe_images(repositoryName="everything/image")[
        "imageDetails"
    ]
    assert uri.endswith(f"/everything/image@{pushed['imageDigest']}")
