"""What AWS refuses, moto takes, and the provider refuses for it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs] - there are none
    ClientError,
)

from rehearsal.provider import AwsProvider
from tests.rehearsal.standin_cloud import StandInCloud, stand_in_cloud

ACCOUNT_ROOT = "arn:aws:iam::123456789012:root"
QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:q"


@pytest.fixture(scope="module")
def cloud() -> Iterator[StandInCloud]:
    with stand_in_cloud() as empty:
        yield empty


@pytest.fixture
def provider(cloud: StandInCloud) -> AwsProvider:
    return AwsProvider(cloud)


def make(provider: AwsProvider, type_: str, **inputs: Any) -> tuple[str, dict[str, Any]]:
    return provider.create(type_, "thing", provider.check(type_, inputs))


def refused(provider: AwsProvider, words: str, type_: str, **inputs: Any) -> None:
    with pytest.raises((ValueError, NotImplementedError, ClientError), match=re.escape(words)):
        make(provider, type_, **inputs)


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trust(*services: str, **more: Any) -> str:
    principal = {"Service": [f"{service}.amazonaws.com" for service in services]}
    return policy(**{"Principal": principal, "Action": "sts:AssumeRole", **more})


def role(provider: AwsProvider, *services: str) -> str:
    arn: str = make(provider, "aws:iam/role:Role", assumeRolePolicy=trust(*services))[1]["arn"]
    return arn


def vpc(provider: AwsProvider, **more: Any) -> str:
    return make(
        provider,
        "aws:ec2/vpc:Vpc",
        **{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True, **more},
    )[0]


def subnet(provider: AwsProvider, vpc_id: str, number: int, zone: str = "eu-west-1a") -> str:
    return make(
        provider,
        "aws:ec2/subnet:Subnet",
        vpcId=vpc_id,
        cidrBlock=f"10.0.{number}.0/24",
        availabilityZone=zone,
    )[0]


def group(provider: AwsProvider, vpc_id: str) -> str:
    return make(provider, "aws:ec2/securityGroup:SecurityGroup", vpcId=vpc_id)[0]


# -- arguments and names


def test_an_argument_that_no_handler_takes_is_refused_by_name(provider: AwsProvider) -> None:
    refused(
        provider,
        "argument 'foo' is not known to the rehearsal",
        "aws:ecs/cluster:Cluster",
        foo=1,
    )


def test_a_nested_argument_is_refused_by_its_path(provider: AwsProvider) -> None:
    refused(
        provider,
        "argument 'settings[0].colour' is not known",
        "aws:ecs/cluster:Cluster",
        settings=[{"name": "containerInsights", "value": "enabled", "colour": "red"}],
    )


def test_several_unknown_arguments_are_refused_together(provider: AwsProvider) -> None:
    refused(
        provider,
        "argument 'a' and argument 'b' are not known",
        "aws:sqs/queue:Queue",
        a=1,
        b=2,
    )


def test_a_missing_argument_is_refused_by_name(provider: AwsProvider) -> None:
    refused(provider, "argument 'cidrBlock' is missing", "aws:ec2/vpc:Vpc")


def test_an_object_is_not_anything_else(provider: AwsProvider) -> None:
    refused(
        provider,
        "argument 'imageScanningConfiguration' is not an object",
        "aws:ecr/repository:Repository",
        imageScanningConfiguration=True,
    )


def test_an_unknown_type_is_refused_by_name(provider: AwsProvider) -> None:
    refused(provider, "resource type aws:x/y:Y is not known", "aws:x/y:Y")
    with pytest.raises(NotImplementedError, match="resource type aws:x/y:Y is not known"):
        provider.create("aws:x/y:Y", "thing", {})


def test_an_unknown_argument_of_a_function_is_refused(provider: AwsProvider) -> None:
    with pytest.raises(NotImplementedError, match="argument 'colour' is not known"):
        provider.invoke("aws:index/getCallerIdentity:getCallerIdentity", {"colour": "red"})


def test_an_unknown_setting_of_the_provider_is_refused(provider: AwsProvider) -> None:
    with pytest.raises(NotImplementedError, match="argument 'assumeRoles' is not known"):
        provider.configure({"assumeRoles": "[]"})


def test_a_name_that_nobody_gave_is_the_resources_own_with_digits(provider: AwsProvider) -> None:
    name = make(provider, "aws:sns/topic:Topic")[1]["name"]
    assert re.fullmatch(r"thing-[0-9a-f]{7}", name)
    prefixed = make(provider, "aws:sns/topic:Topic", namePrefix="my_")[1]["name"]
    assert re.fullmatch(r"my_[0-9a-f]{7}", prefixed)
    refused(
        provider, "give 'name' or 'namePrefix'", "aws:sns/topic:Topic", name="a", namePrefix="b"
    )


def test_tags_are_counted_and_aws_keeps_its_prefix(provider: AwsProvider) -> None:
    many = {f"tag{number}": "x" for number in range(51)}
    refused(provider, "51 tags, but AWS takes 50", "aws:sqs/queue:Queue", tags=many)
    refused(provider, "tag 'aws:x'", "aws:sqs/queue:Queue", tags={"aws:x": "y"})


# -- IAM


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "assumeRolePolicy is not JSON"),
        ("[]", "assumeRolePolicy is JSON, but not an object"),
        ("{}", "assumeRolePolicy: no Statement"),
        (policy(Action="sts:AssumeRole"), "a statement has no Principal"),
        (trust("ecs-tasks", Action="s3:GetObject"), "action s3:GetObject is not one of sts"),
        (trust("ecs-tasks", Effect="Perhaps"), "Effect is neither Allow nor Deny"),
        (trust("ecs-tasks", Action=[]), "a statement has no Action"),
        (trust("ecs-tasks", Resource="*"), "a trust policy has no Resource"),
        (trust("ecs-tasks", Principal={"Service": "ecs-tasks"}), "is no service principal"),
        (trust("ecs-tasks", Principal={"Servce": "x"}), "Servce is no kind of Principal"),
        (trust("ecs-tasks", Sid="x" * 2_048), "characters without white space"),
    ],
)
def test_a_trust_policy_is_checked(provider: AwsProvider, document: str, words: str) -> None:
    refused(provider, words, "aws:iam/role:Role", assumeRolePolicy=document)


def test_a_role_has_a_name_of_64_characters_and_a_session_of_an_hour(
    provider: AwsProvider,
) -> None:
    kind, document = "aws:iam/role:Role", trust("ecs-tasks")
    assert make(provider, kind, assumeRolePolicy=document, name="a" * 64)[0] == "a" * 64
    refused(provider, "a role's 64", kind, assumeRolePolicy=document, name="a" * 65)
    refused(provider, "other than letters", kind, assumeRolePolicy=document, name="a b")
    refused(
        provider,
        "maxSessionDuration is 60",
        kind,
        assumeRolePolicy=document,
        maxSessionDuration=60,
    )


def test_a_roles_inline_policies_have_10240_characters_together(provider: AwsProvider) -> None:
    name = make(provider, "aws:iam/role:Role", assumeRolePolicy=trust("ecs-tasks"))[0]
    kind = "aws:iam/rolePolicy:RolePolicy"
    half = policy(Action="s3:GetObject", Resource=[f"arn:aws:s3:::{'b' * 60}"] * 70)
    make(provider, kind, role=name, name="one", policy=half)
    refused(provider, "AWS takes 10,240", kind, role=name, name="two", policy=half)
    spaced = json.dumps(json.loads(policy(Action="s3:*", Resource="*")), indent=4_000)
    make(provider, kind, role=name, name="three", policy=spaced)


def test_a_roles_policy_is_json_without_a_principal(provider: AwsProvider) -> None:
    kind = "aws:iam/rolePolicy:RolePolicy"
    refused(provider, "policy is not JSON", kind, role="x", policy="{")
    document = policy(Principal="*", Action="s3:*", Resource="*")
    refused(provider, "a role's policy has no Principal", kind, role="x", policy=document)


# -- keys


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"Action": "s3:GetObjekt"}, "unknown action: Unknown action s3:GetObjekt"),
        ({"Action": "s4:GetObject"}, "unknown prefix: Unknown prefix s4"),
        (
            {"Action": "ecs:RunTask", "Condition": {"ArnEquals": {"ecs:clutser": "x"}}},
            "Unknown condition ecs:clutser for action ecs:RunTask",
        ),
        (
            {"Action": "ecs:RunTask", "Condition": {"ArnEqual": {"ecs:cluster": "x"}}},
            "unknown operator: ArnEqual",
        ),
    ],
)
def test_a_slip_by_which_a_role_may_do_nothing_is_found(
    provider: AwsProvider, statement: dict[str, Any], words: str
) -> None:
    document = policy(**statement, Resource="*")
    refused(provider, words, "aws:iam/rolePolicy:RolePolicy", role="x", policy=document)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "policy is not JSON"),
        (policy(Action="kms:*", Resource="*"), "a statement has no Principal"),
        (
            policy(Principal={"AWS": ACCOUNT_ROOT}, Action="s3:*", Resource="*"),
            "action s3:* is not one of kms",
        ),
        (
            policy(Principal={"AWS": ACCOUNT_ROOT}, Action="kms:Decrypt", Resource="*"),
            "nobody in the account could change it",
        ),
        (
            policy(Principal={"AWS": ACCOUNT_ROOT.replace("1", "9")}, Action="kms:*"),
            "nobody in the account could change it",
        ),
    ],
)
def test_a_key_policy_is_checked(provider: AwsProvider, document: str, words: str) -> None:
    refused(provider, words, "aws:kms/key:Key", policy=document)


def test_a_key_waits_for_7_to_30_days(provider: AwsProvider) -> None:
    refused(provider, "deletionWindowInDays is 5", "aws:kms/key:Key", deletionWindowInDays=5)


def test_a_key_can_be_disabled_and_rotated(provider: AwsProvider, cloud: StandInCloud) -> None:
    key = make(provider, "aws:kms/key:Key", isEnabled=False, description="off")[0]
    assert cloud.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Enabled"] is False
    key = make(provider, "aws:kms/key:Key", enableKeyRotation=True)[0]
    assert cloud.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True


@pytest.mark.parametrize(
    ("type_", "argument", "more"),
    [
        ("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId", {}),
        ("aws:secretsmanager/secret:Secret", "kmsKeyId", {}),
        ("aws:sns/topic:Topic", "kmsMasterKeyId", {}),
        ("aws:sqs/queue:Queue", "kmsMasterKeyId", {}),
    ],
)
def test_an_unknown_key_is_refused(
    provider: AwsProvider, type_: str, argument: str, more: dict[str, Any]
) -> None:
    arn = "arn:aws:kms:eu-west-1:123456789012:key/nobody"
    refused(provider, f"{argument}: there is no key {arn}", type_, **{argument: arn}, **more)


def test_a_key_of_aws_itself_is_always_there(provider: AwsProvider) -> None:
    make(provider, "aws:sns/topic:Topic", kmsMasterKeyId="alias/aws/sns")


def test_a_log_group_needs_a_key_that_lets_logs_use_it(provider: AwsProvider) -> None:
    arn = make(provider, "aws:kms/key:Key")[1]["arn"]
    refused(
        provider,
        "does not let logs.eu-west-1.amazonaws.com use it",
        "aws:cloudwatch/logGroup:LogGroup",
        kmsKeyId=arn,
    )


# -- logs, images, tasks


def test_a_log_group_keeps_for_days_that_logs_knows(
    provider: AwsProvider, cloud: StandInCloud
) -> None:
    kind = "aws:cloudwatch/logGroup:LogGroup"
    refused(provider, "retentionInDays is 31, but AWS knows 0, 1, 3", kind, retentionInDays=31)
    make(provider, kind, name="/forever")
    (found,) = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/forever")["logGroups"]
    assert "retentionInDays" not in found


def lifecycle(**changes: Any) -> dict[str, Any]:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}
    selection |= changes.pop("selection", {})
    selection = {key: value for key, value in selection.items() if value is not None}
    return {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}, **changes}


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([], "with a rule at least"),
        ([lifecycle(rulePriority=0)], "no whole number from 1"),
        ([lifecycle(), lifecycle()], "two rules have the same rulePriority"),
        ([lifecycle(action={"type": "keep"})], "its action is not"),
        ([lifecycle(colour="red")], "colour is no part of a rule"),
        ([lifecycle(selection={"colour": "red"})], "colour is no part of a selection"),
        ([lifecycle(selection={"tagStatus": "some"})], "tagStatus is 'some'"),
        ([lifecycle(selection={"countType": "size"})], "countType is 'size'"),
        ([lifecycle(selection={"tagStatus": "tagged"})], "tagPrefixList or tagPatternList"),
        ([lifecycle(selection={"tagPrefixList": ["v"]})], "tagPrefixList or tagPatternList"),
        ([lifecycle(selection={"countType": "sinceImagePushed"})], "countUnit days belongs"),
        ([lifecycle(selection={"countUnit": "days"})], "countUnit days belongs"),
        ([lifecycle(selection={"countNumber": 0})], "countNumber is no whole number"),
        (
            [lifecycle(), lifecycle(rulePriority=2, selection={"tagStatus": "untagged"})],
            "must have the highest rulePriority",
        ),
    ],
)
def test_lifecycle_rules_are_checked(
    provider: AwsProvider, rules: list[dict[str, Any]], words: str
) -> None:
    text = json.dumps({"rules": rules})
    kind = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    refused(provider, words, kind, repository="nobody", policy=text)


def test_a_repository_has_a_known_mutability_and_encryption(provider: AwsProvider) -> None:
    kind = "aws:ecr/repository:Repository"
    refused(provider, "imageTagMutability is 'NO'", kind, imageTagMutability="NO")
    encryption = [{"encryptionType": "ROT13"}]
    refused(provider, "encryptionType is 'ROT13'", kind, encryptionConfigurations=encryption)


def task(**changes: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "example.com/x@sha256:1"} | changes.pop("container", {})
    return {
        "family": "task",
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": json.dumps([container]),
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"memory": "4096"}, "Fargate has no size of 256 CPU units with 4096 MiB"),
        ({"cpu": "300"}, "Fargate has no size of 300 CPU units"),
        ({"cpu": None}, "'cpu' and 'memory' of the task are needed"),
        ({"cpu": ".25 vCPU"}, "write units and MiB"),
        ({"networkMode": "bridge"}, "networkMode is 'bridge', but Fargate knows awsvpc"),
        ({"networkMode": None}, "networkMode is None"),
        ({"family": "a b"}, "family is 'a b'"),
        ({"containerDefinitions": "{"}, "containerDefinitions is not JSON"),
        ({"containerDefinitions": "[]"}, "with a container at least"),
        ({"containerDefinitions": json.dumps([{"x": "y" * 65_536}])}, "more than 65,536 bytes"),
        ({"containerDefinitions": '[{"name":"a"},{"name":"a"}]'}, "have the same name"),
        ({"container": {"essential": False}}, "no container is essential"),
        ({"container": {"cpu": 512}}, "together more than the task's 256 CPU units"),
        ({"container": {"memory": 1024}}, "container main: more than 512 MiB"),
        ({"container": {"memoryReservation": 1024}}, "container main: more than 512 MiB"),
        (
            {"container": {"secrets": [{"name": "A", "valueFrom": "arn"}]}},
            "'executionRoleArn' is needed for secrets",
        ),
        (
            {"container": {"logConfiguration": {"logDriver": "awslogs"}}},
            "'executionRoleArn' is needed for the awslogs driver",
        ),
        (
            {"container": {"image": "1.dkr.ecr.eu-west-1.amazonaws.com/a@sha256:1"}},
            "'executionRoleArn' is needed for an ECR image",
        ),
        ({"ephemeralStorage": {"sizeInGib": 20}}, "sizeInGib is 20, but AWS takes 21 to 200"),
        ({"runtimePlatform": {"cpuArchitecture": "arm64"}}, "cpuArchitecture is 'arm64'"),
        ({"runtimePlatform": {"operatingSystemFamily": "BEOS"}}, "operatingSystemFamily is"),
    ],
)
def test_a_task_definition_is_checked_for_fargate(
    provider: AwsProvider, changes: dict[str, Any], words: str
) -> None:
    refused(provider, words, "aws:ecs/taskDefinition:TaskDefinition", **task(**changes))


def test_a_task_definition_gets_a_new_revision_each_time(provider: AwsProvider) -> None:
    kind = "aws:ecs/taskDefinition:TaskDefinition"
    revisions = [make(provider, kind, **task(family="again"))[1]["revision"] for _ in range(2)]
    assert revisions == [1, 2]


def test_a_cluster_setting_has_a_known_name_and_value(provider: AwsProvider) -> None:
    kind = "aws:ecs/cluster:Cluster"
    setting = {"name": "containerInsights", "value": "on"}
    refused(provider, "containerInsights is 'on'", kind, settings=[setting])
    refused(provider, "settings.name is 'x'", kind, settings=[{"name": "x", "value": "enabled"}])


# -- images


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    (tmp_path / "job.py").write_text("print(1)")
    return tmp_path


def pushed(provider: AwsProvider, context: Path, **more: Any) -> str:
    uri: str = make(provider, "awsx:ecr:Image", context=str(context), **more)[1]["imageUri"]
    return uri


def test_an_images_digest_follows_its_content(provider: AwsProvider, context: Path) -> None:
    url = make(provider, "aws:ecr/repository:Repository")[1]["repositoryUrl"]
    first = pushed(provider, context, repositoryUrl=url)
    (context / "__pycache__").mkdir()
    (context / "__pycache__" / "job.pyc").write_text("x")
    assert pushed(provider, context, repositoryUrl=url) == first
    assert pushed(provider, context, repositoryUrl=url, platform="linux/arm64") != first
    assert pushed(provider, context, repositoryUrl=url, args={"A": "b"}) != first
    (context / "job.py").write_text("print(2)")
    assert pushed(provider, context, repositoryUrl=url) != first


def test_an_immutable_tag_takes_one_content(provider: AwsProvider, context: Path) -> None:
    kind = "aws:ecr/repository:Repository"
    url = make(provider, kind, imageTagMutability="IMMUTABLE")[1]["repositoryUrl"]
    image: dict[str, Any] = {"repositoryUrl": url, "imageTag": "v1"}
    first = pushed(provider, context, **image)
    assert pushed(provider, context, **image) == first
    (context / "job.py").write_text("print(2)")
    with pytest.raises(ValueError, match=r"image tag 'v1' already .* is immutable"):
        pushed(provider, context, **image)
    url = make(provider, kind)[1]["repositoryUrl"]
    older = pushed(provider, context, repositoryUrl=url, imageTag="v1")
    (context / "job.py").write_text("print(3)")
    assert pushed(provider, context, repositoryUrl=url, imageTag="v1") != older


def test_an_image_needs_a_context_a_dockerfile_and_a_platform(
    provider: AwsProvider, context: Path
) -> None:
    url, kind = "1.dkr.ecr.eu-west-1.amazonaws.com/x", "awsx:ecr:Image"
    refused(provider, "context: there is no /nowhere", kind, repositoryUrl=url, context="/nowhere")
    refused(
        provider,
        "platform is 'linux/386'",
        kind,
        repositoryUrl=url,
        context=str(context),
        platform="linux/386",
    )
    (context / "Dockerfile").unlink()
    refused(provider, "dockerfile: there is no", kind, repositoryUrl=url, context=str(context))


# -- networks


def test_an_endpoint_service_must_exist_in_the_region(provider: AwsProvider) -> None:
    kind, network = "aws:ec2/vpcEndpoint:VpcEndpoint", vpc(provider)
    for service in ("com.amazonaws.eu-west-1.nosuch", "com.amazonaws.us-east-1.s3", "s3."):
        refused(provider, f"serviceName is '{service}'", kind, vpcId=network, serviceName=service)


def test_an_interface_endpoint_is_checked(provider: AwsProvider) -> None:
    network, other = vpc(provider), vpc(provider)
    first, same_zone = subnet(provider, network, 1), subnet(provider, network, 2)
    endpoint: dict[str, Any] = {
        "type_": "aws:ec2/vpcEndpoint:VpcEndpoint",
        "vpcId": network,
        "serviceName": "com.amazonaws.eu-west-1.logs",
        "vpcEndpointType": "Interface",
        "subnetIds": [first],
    }
    refused(provider, "sg-nobody", **endpoint, securityGroupIds=["sg-nobody"])
    refused(provider, "is not in", **endpoint, securityGroupIds=[group(provider, other)])
    foreign: dict[str, Any] = endpoint | {"subnetIds": [subnet(provider, other, 1)]}
    refused(provider, "is not in", **foreign)
    both: dict[str, Any] = endpoint | {"subnetIds": [first, same_zone]}
    refused(provider, "are both in eu-west-1a", **both)
    refused(provider, "a statement has no Principal", **endpoint, policy=policy(Action="*"))
    refused(provider, "vpcEndpointType is 'Door'", **endpoint | {"vpcEndpointType": "Door"})
    make(provider, **endpoint, privateDnsEnabled=True)
    refused(provider, "has the private names of", **endpoint, privateDnsEnabled=True)
    make(provider, **endpoint)


def test_private_names_need_the_dns_settings_of_the_vpc(provider: AwsProvider) -> None:
    network = vpc(provider, enableDnsHostnames=False)
    refused(
        provider,
        "privateDnsEnabled needs enableDnsHostnames",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        vpcId=network,
        serviceName="com.amazonaws.eu-west-1.ecr.api",
        vpcEndpointType="Interface",
        subnetIds=[subnet(provider, network, 1)],
        privateDnsEnabled=True,
    )


def test_a_gateway_endpoint_has_no_groups(provider: AwsProvider) -> None:
    network = vpc(provider)
    refused(
        provider,
        "a gateway endpoint has no subnets",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        vpcId=network,
        serviceName="com.amazonaws.eu-west-1.s3",
        securityGroupIds=[group(provider, network)],
    )


def test_a_rule_has_one_source_and_its_ports(provider: AwsProvider) -> None:
    kind = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    rule: dict[str, Any] = {
        "securityGroupId": "sg-1",
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
    }
    refused(provider, "give exactly one of", kind, **rule)
    both: dict[str, Any] = {"cidrIpv4": "0.0.0.0/0", "prefixListId": "pl-1"}
    refused(provider, "give exactly one of", kind, **rule, **both)
    refused(
        provider,
        "'fromPort' and 'toPort' are needed with tcp",
        kind,
        securityGroupId="sg-1",
        ipProtocol="tcp",
        cidrIpv4="0.0.0.0/0",
    )


def test_a_subnet_gives_public_addresses_only_if_told(
    provider: AwsProvider, cloud: StandInCloud
) -> None:
    network = vpc(provider)
    silent = subnet(provider, network, 1)
    told = make(
        provider,
        "aws:ec2/subnet:Subnet",
        vpcId=network,
        cidrBlock="10.0.2.0/24",
        mapPublicIpOnLaunch=True,
    )[0]
    described = cloud.client("ec2").describe_subnets(SubnetIds=[silent, told])["Subnets"]
    assert {made["SubnetId"]: made["MapPublicIpOnLaunch"] for made in described} == {
        silent: False,
        told: True,
    }


def test_a_default_group_loses_rules_that_it_had(
    provider: AwsProvider, cloud: StandInCloud
) -> None:
    network, ec2 = vpc(provider), cloud.client("ec2")
    (born,) = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [network]}])[
        "SecurityGroups"
    ]
    ec2.authorize_security_group_ingress(
        GroupId=born["GroupId"],
        IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": born["GroupId"]}]}],
    )
    make(provider, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", vpcId=network)
    (now,) = ec2.describe_security_groups(GroupIds=[born["GroupId"]])["SecurityGroups"]
    assert now["IpPermissions"] == []
    refused(
        provider,
        "there is no VPC vpc-nobody",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        vpcId="vpc-nobody",
    )


def test_a_groups_name_does_not_begin_like_an_id(provider: AwsProvider) -> None:
    kind = "aws:ec2/securityGroup:SecurityGroup"
    refused(provider, "may not begin with sg-", kind, name="sg-tasks", vpcId="vpc-1")


def test_a_route_goes_one_way(provider: AwsProvider) -> None:
    refused(
        provider,
        "give one of 'gatewayId' and 'natGatewayId'",
        "aws:ec2/route:Route",
        routeTableId="rtb-1",
        destinationCidrBlock="0.0.0.0/0",
    )


def test_a_flow_log_is_checked(provider: AwsProvider) -> None:
    kind = "aws:ec2/flowLog:FlowLog"
    log: dict[str, Any] = {
        "vpcId": "vpc-1",
        "trafficType": "ALL",
        "logDestination": "arn:aws:logs:::x",
    }
    refused(provider, "argument 'iamRoleArn' is missing", kind, **log)
    refused(provider, "trafficType is 'SOME'", kind, **log | {"trafficType": "SOME"})
    refused(provider, "maxAggregationInterval is 5", kind, **log, maxAggregationInterval=5)


# -- messages, files, secrets


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"messageRetentionSeconds": 30}, "messageRetentionSeconds is 30, but AWS takes 60"),
        ({"visibilityTimeoutSeconds": 43_201}, "visibilityTimeoutSeconds is 43201"),
        ({"policy": "{"}, "policy is not JSON"),
        (
            {"policy": policy(Principal="*", Action="sns:Publish", Resource="*")},
            "action sns:Publish is not one of sqs",
        ),
        ({"redrivePolicy": "x"}, "redrivePolicy is not JSON"),
        ({"kmsMasterKeyId": "alias/aws/sqs", "sqsManagedSseEnabled": True}, "give one of"),
    ],
)
def test_a_queue_is_checked(provider: AwsProvider, inputs: dict[str, Any], words: str) -> None:
    refused(provider, words, "aws:sqs/queue:Queue", **inputs)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"name": "a b"}, "name is 'a b'"),
        ({"billingMode": "PROVISIONED"}, "billingMode is 'PROVISIONED'"),
        ({"rangeKey": "day"}, "attributes: name the keys and nothing else"),
        ({"attributes": [{"name": "id", "type": "TEXT"}]}, "attributes.type is 'TEXT'"),
    ],
)
def test_a_table_is_checked(provider: AwsProvider, inputs: dict[str, Any], words: str) -> None:
    given = {
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "id",
        "attributes": [{"name": "id", "type": "S"}],
    }
    refused(provider, words, "aws:dynamodb/table:Table", **{**given, **inputs})


def test_policies_of_topics_queues_and_buckets_are_checked(provider: AwsProvider) -> None:
    foreign = policy(Principal="*", Action="kms:Decrypt", Resource="*")
    refused(
        provider,
        "is not one of sqs",
        "aws:sqs/queuePolicy:QueuePolicy",
        queueUrl="https://x",
        policy=foreign,
    )
    refused(
        provider, "is not one of sns", "aws:sns/topicPolicy:TopicPolicy", arn="x", policy=foreign
    )
    refused(
        provider, "is not one of s3", "aws:s3/bucketPolicy:BucketPolicy", bucket="x", policy=foreign
    )
    refused(provider, "is not one of sns", "aws:sns/topic:Topic", policy=foreign)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"protocol": "email", "endpoint": "nobody"}, "which is no e-mail address"),
        ({"protocol": "sqs", "endpoint": "queue"}, "which is no ARN of a queue"),
        ({"protocol": "https", "endpoint": "https://example.com"}, "protocol is 'https'"),
        ({"protocol": "sqs", "endpoint": QUEUE_ARN, "filterPolicy": "x"}, "is not JSON"),
    ],
)
def test_a_subscription_is_checked(
    provider: AwsProvider, inputs: dict[str, Any], words: str
) -> None:
    kind = "aws:sns/topicSubscription:TopicSubscription"
    refused(provider, words, kind, topic="arn:aws:sns:eu-west-1:123456789012:t", **inputs)


def test_a_topic_is_checked(provider: AwsProvider) -> None:
    refused(provider, "name is 'a b'", "aws:sns/topic:Topic", name="a b")
    refused(provider, "tracingConfig is 'On'", "aws:sns/topic:Topic", tracingConfig="On")


@pytest.mark.parametrize(
    "name",
    ["ab", "Upper", "under_score", "a..b", "10.0.0.1", "xn--a", "end-", "a--x-s3", "a" * 64],
)
def test_a_buckets_name_follows_the_rules_of_s3(provider: AwsProvider, name: str) -> None:
    refused(provider, f"bucket is '{name}'", "aws:s3/bucket:Bucket", bucket=name)


def test_a_bucket_is_made_in_its_region(provider: AwsProvider, cloud: StandInCloud) -> None:
    for region in ("eu-west-1", "us-east-1"):
        name = make(provider, "aws:s3/bucket:Bucket", region=region)[0]
        located = cloud.client("s3").get_bucket_location(Bucket=name)["LocationConstraint"]
        assert (located or "us-east-1") == region


def test_settings_of_a_bucket_are_checked(provider: AwsProvider) -> None:
    name = make(provider, "aws:s3/bucket:Bucket")[0]
    rule: dict[str, Any] = {"id": "a", "status": "Enabled"}
    refused(
        provider,
        "rule a: it does nothing",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        bucket=name,
        rules=[rule],
    )
    refused(
        provider,
        "status is 'On'",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        bucket=name,
        rules=[{**rule, "status": "On", "expiration": {"days": 1}}],
    )
    default = {"sseAlgorithm": "AES256", "kmsMasterKeyId": "arn"}
    refused(
        provider,
        "kmsMasterKeyId belongs to sseAlgorithm aws:kms",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        bucket=name,
        rules=[{"applyServerSideEncryptionByDefault": default}],
    )
    refused(
        provider,
        "status is 'On'",
        "aws:s3/bucketVersioning:BucketVersioning",
        bucket=name,
        versioningConfiguration={"status": "On"},
    )
    refused(
        provider,
        "objectOwnership is 'Mine'",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        bucket=name,
        rule={"objectOwnership": "Mine"},
    )


def test_a_secret_is_checked(provider: AwsProvider) -> None:
    kind = "aws:secretsmanager/secret:Secret"
    refused(provider, "name is 'a b'", kind, name="a b")
    refused(provider, "recoveryWindowInDays is 3", kind, recoveryWindowInDays=3)
    refused(
        provider,
        "secretString has more than 65,536 bytes",
        "aws:secretsmanager/secretVersion:SecretVersion",
        secretId="x",
        secretString="x" * 65_537,
    )


# -- alarms, rules, schedules, machines, Slack


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"comparisonOperator": "GreaterThan"}, "comparisonOperator is 'GreaterThan'"),
        ({"statistic": "Median"}, "statistic is 'Median'"),
        ({"statistic": None}, "give one of 'statistic' and 'extendedStatistic'"),
        ({"extendedStatistic": "p99"}, "give one of 'statistic' and 'extendedStatistic'"),
        ({"treatMissingData": "ok"}, "treatMissingData is 'ok'"),
        ({"unit": "Parsec"}, "unit is 'Parsec'"),
        ({"period": 90}, "period is 90: 10, 20, 30 or a multiple of 60"),
        ({"evaluationPeriods": 1_441}, "looks back at most 86,400 seconds"),
        ({"period": 86_400, "evaluationPeriods": 8}, "looks back at most 604,800 seconds"),
        ({"datapointsToAlarm": 2}, "datapointsToAlarm is 2"),
        ({"alarmActions": [QUEUE_ARN] * 6}, "alarmActions has 6 actions"),
        ({"okActions": ["topic"]}, "okActions: 'topic' is no ARN"),
        ({"threshold": None}, "argument 'threshold' is missing"),
    ],
)
def test_an_alarm_is_checked(provider: AwsProvider, changes: dict[str, Any], words: str) -> None:
    alarm: dict[str, Any] = {
        "namespace": "AWS/SQS",
        "metricName": "x",
        "statistic": "Sum",
        "period": 60,
        "evaluationPeriods": 1,
        "threshold": 0,
        "comparisonOperator": "GreaterThanThreshold",
    }
    make(provider, "aws:cloudwatch/metricAlarm:MetricAlarm", **alarm)
    refused(provider, words, "aws:cloudwatch/metricAlarm:MetricAlarm", **alarm | changes)


def test_an_alarm_can_be_kept_quiet(provider: AwsProvider, cloud: StandInCloud) -> None:
    name = make(
        provider,
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        namespace="AWS/SQS",
        metricName="x",
        extendedStatistic="p99",
        period=3_600,
        evaluationPeriods=26,
        threshold=1,
        comparisonOperator="LessThanThreshold",
        actionsEnabled=False,
    )[0]
    (alarm,) = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["ActionsEnabled"] is False


def test_a_rule_is_checked(provider: AwsProvider) -> None:
    kind = "aws:cloudwatch/eventRule:EventRule"
    refused(provider, "eventPattern is not JSON", kind, eventPattern="{")
    long = json.dumps({"source": ["x" * 4_096]})
    refused(provider, "AWS takes 2,048", kind, eventPattern=long)
    refused(provider, "state is 'ON'", kind, eventPattern="{}", state="ON")
    refused(provider, "name is 'a b'", kind, eventPattern="{}", name="a b")


def test_a_target_is_checked(provider: AwsProvider) -> None:
    pattern = json.dumps({"source": ["x"]})
    rule = make(provider, "aws:cloudwatch/eventRule:EventRule", eventPattern=pattern)[0]
    machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:x"
    target: dict[str, Any] = {
        "type_": "aws:cloudwatch/eventTarget:EventTarget",
        "rule": rule,
        "arn": QUEUE_ARN,
    }
    refused(provider, "arn is 'queue', which is no ARN", **target | {"arn": "queue"})
    refused(provider, "argument 'roleArn' is missing", **target | {"arn": machine})
    stranger = role(provider, "ecs-tasks")
    refused(provider, "events.amazonaws.com may not assume", **target, roleArn=stranger)
    refused(provider, "give one of 'input'", **target, input="{}", inputPath="$.x")
    retries = {"maximumRetryAttempts": 186}
    refused(provider, "maximumRetryAttempts is 186", **target, retryPolicy=retries)
    for number in range(5):
        make(provider, **target, targetId=f"t{number}")
    refused(provider, "has 5 targets", **target, targetId="t5")


def test_a_connection_is_checked(provider: AwsProvider) -> None:
    connection: dict[str, Any] = {
        "type_": "aws:cloudwatch/eventConnection:EventConnection",
        "name": "hook",
        "authorizationType": "API_KEY",
        "authParameters": {"apiKey": {"key": "X-Api-Key", "value": "hunter2"}},
    }
    refused(provider, "name is 'a b'", **connection | {"name": "a b"})
    refused(provider, "'authParameters' is missing", **connection | {"authParameters": None})
    refused(provider, "AWS knows API_KEY, BASIC", **connection | {"authorizationType": "NONE"})
    refused(
        provider, "authParameters are of another", **connection | {"authorizationType": "BASIC"}
    )


def test_an_api_destination_is_checked(provider: AwsProvider) -> None:
    destination: dict[str, Any] = {
        "type_": "aws:cloudwatch/eventApiDestination:EventApiDestination",
        "connectionArn": "arn:aws:events:eu-west-1:123456789012:connection/hook/0123",
        "invocationEndpoint": "https://example.com",
        "httpMethod": "POST",
    }
    for url in ("http://example.com", "https://example.com/ö", f"https://{'x' * 2_048}"):
        refused(
            provider,
            "invocationEndpoint is no https address",
            **destination | {"invocationEndpoint": url},
        )
    refused(provider, "AWS knows POST, GET", **destination | {"httpMethod": "SEND"})
    refused(
        provider,
        "invocationRateLimitPerSecond is 301",
        **destination | {"invocationRateLimitPerSecond": 301},
    )


def test_a_target_that_is_an_api_destination_needs_a_role(provider: AwsProvider) -> None:
    pattern = json.dumps({"source": ["x"]})
    rule = make(provider, "aws:cloudwatch/eventRule:EventRule", eventPattern=pattern)[0]
    arn = "arn:aws:events:eu-west-1:123456789012:api-destination/hook/0123"
    kind = "aws:cloudwatch/eventTarget:EventTarget"
    refused(provider, "argument 'roleArn' is missing", kind, rule=rule, arn=arn)


def test_a_targets_input_can_be_transformed(provider: AwsProvider, cloud: StandInCloud) -> None:
    pattern = json.dumps({"source": ["x"]})
    rule = make(provider, "aws:cloudwatch/eventRule:EventRule", eventPattern=pattern)[0]
    make(
        provider,
        "aws:cloudwatch/eventTarget:EventTarget",
        rule=rule,
        arn=QUEUE_ARN,
        inputTransformer={"inputPaths": {"a": "$.a"}, "inputTemplate": '{"a": <a>}'},
    )
    (target,) = cloud.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    assert target["InputTransformer"]["InputPathsMap"] == {"a": "$.a"}


def test_a_second_schedule_group_of_a_name_is_refused(provider: AwsProvider) -> None:
    kind = "aws:scheduler/scheduleGroup:ScheduleGroup"
    make(provider, kind, name="twice")
    refused(provider, "schedule group twice exists already", kind, name="twice")


def test_a_schedule_is_checked(provider: AwsProvider) -> None:
    target: dict[str, Any] = {"arn": QUEUE_ARN, "roleArn": role(provider, "scheduler")}
    schedule: dict[str, Any] = {
        "type_": "aws:scheduler/schedule:Schedule",
        "scheduleExpression": "cron(0 3 * * ? *)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": target,
    }
    make(provider, **schedule)
    for expression in ("cron(0 3 * * * *)", "cron(99 3 * * ? *)", "every day"):
        refused(provider, expression, **schedule | {"scheduleExpression": expression})
    zone = "Europe/Atlantis"
    refused(provider, zone, **schedule, scheduleExpressionTimezone=zone)
    refused(provider, "there is no schedule group nowhere", **schedule, groupName="nowhere")
    refused(provider, "state is 'ON'", **schedule, state="ON")
    refused(provider, "name is 'a b'", **schedule, name="a b")
    for date in ("2098-01-01", "2098-01-01T00:00:00", "2098-13-01T00:00:00Z", "soon"):
        refused(provider, f"startDate is {date!r}: write", **schedule, startDate=date)
        refused(provider, f"endDate is {date!r}: write", **schedule, endDate=date)
    endless: dict[str, Any] = schedule | {"flexibleTimeWindow": {"mode": "FLEXIBLE"}}
    refused(provider, "belongs to mode FLEXIBLE", **endless)
    aimless: dict[str, Any] = schedule | {"target": None}
    refused(provider, "a schedule needs", **aimless)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"arn": "machine"}, "target.arn is 'machine', which is no ARN"),
        ({"roleArn": "arn:aws:iam::123456789012:role/nobody"}, "there is no role"),
        ({"retryPolicy": {"maximumEventAgeInSeconds": 30}}, "maximumEventAgeInSeconds is 30"),
        ({"deadLetterConfig": {"arn": "queue"}}, "which is no ARN of a queue"),
        ({"colour": "red"}, "argument 'target.colour' is not known"),
    ],
)
def test_a_schedules_target_is_checked(
    provider: AwsProvider, changes: dict[str, Any], words: str
) -> None:
    target: dict[str, Any] = {"arn": QUEUE_ARN, "roleArn": role(provider, "scheduler"), **changes}
    refused(
        provider,
        words,
        "aws:scheduler/schedule:Schedule",
        scheduleExpression="rate(5 minutes)",
        flexibleTimeWindow={"mode": "OFF"},
        target=target,
    )


def test_a_role_is_named_with_its_path(provider: AwsProvider) -> None:
    made = make(
        provider,
        "aws:iam/role:Role",
        name="deep",
        path="/a/",
        assumeRolePolicy=trust("scheduler"),
    )[1]["arn"]
    assert made.endswith(":role/a/deep")
    refused(
        provider,
        "there is no role arn:aws:iam::123456789012:role/deep, only",
        "aws:scheduler/schedule:Schedule",
        scheduleExpression="rate(5 minutes)",
        flexibleTimeWindow={"mode": "OFF"},
        target={"arn": QUEUE_ARN, "roleArn": "arn:aws:iam::123456789012:role/deep"},
    )


def definition(**state: Any) -> str:
    return json.dumps(
        {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", **state}}}
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "definition is not JSON"),
        (definition(Next="B"), 'No state found named "B"'),
        (definition(End=True, Colour="red"), 'Field "Colour" not allowed'),
        (definition(Type="Wait", Seconds="soon", End=True), "should be an Integer"),
    ],
)
def test_a_definition_is_linted(provider: AwsProvider, text: str, words: str) -> None:
    kind = "aws:sfn/stateMachine:StateMachine"
    refused(provider, words, kind, definition=text, roleArn="x")


@pytest.mark.parametrize("member", ["Seconds", "Timestamp"])
def test_an_expression_may_stand_for_a_number_or_an_instant(
    provider: AwsProvider, member: str
) -> None:
    text = definition(Type="Wait", End=True, **{member: "{% $states.input.until %}"})
    kind = "aws:sfn/stateMachine:StateMachine"
    arn = make(provider, kind, definition=text, roleArn=role(provider, "states"))[0]
    assert ":stateMachine:thing-" in arn


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": "FAST"}, "type is 'FAST'"),
        ({"name": "a b"}, "name is 'a b'"),
        ({"name": "a" * 81}, "at most 80"),
        ({"loggingConfiguration": {"level": "LOUD"}}, "level is 'LOUD'"),
        ({"loggingConfiguration": {"level": "ALL"}}, "logDestination is missing"),
        (
            {"loggingConfiguration": {"level": "ALL", "logDestination": "arn:log-group:/x"}},
            "end it with :*",
        ),
        (
            {"loggingConfiguration": {"level": "ALL", "logDestination": "arn:log-group:/x:*"}},
            "there is no log group '/x'",
        ),
        ({"tracingConfiguration": {"colour": 1}}, "argument 'tracingConfiguration.colour'"),
    ],
)
def test_a_machine_is_checked(provider: AwsProvider, changes: dict[str, Any], words: str) -> None:
    machine: dict[str, Any] = {
        "definition": definition(End=True),
        "roleArn": role(provider, "states"),
    }
    refused(provider, words, "aws:sfn/stateMachine:StateMachine", **machine | changes)


def test_a_machines_role_must_trust_step_functions(provider: AwsProvider) -> None:
    refused(
        provider,
        "states.amazonaws.com may not assume",
        "aws:sfn/stateMachine:StateMachine",
        definition=definition(End=True),
        roleArn=role(provider, "ecs-tasks"),
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slackTeamId": "t-1"}, "slackTeamId is 't-1'"),
        ({"slackChannelId": "#general"}, "slackChannelId is '#general'"),
        ({"configurationName": "a b"}, "configurationName is 'a b'"),
        ({"loggingLevel": "ALL"}, "loggingLevel is 'ALL'"),
        ({"snsTopicArns": ["arn:aws:sns:eu-west-1:123456789012:none"]}, "NotFound"),
        ({"iamRoleArn": "arn:aws:iam::123456789012:role/nobody"}, "there is no role"),
    ],
)
def test_a_slack_channel_is_checked(
    provider: AwsProvider, changes: dict[str, Any], words: str
) -> None:
    channel: dict[str, Any] = {
        "configurationName": "x",
        "slackTeamId": "T1",
        "slackChannelId": "C1",
        "iamRoleArn": role(provider, "chatbot"),
        **changes,
    }
    refused(
        provider,
        words,
        "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
        **channel,
    )


def test_without_guardrails_slack_may_do_everything_as_aws_has_it(
    provider: AwsProvider, cloud: StandInCloud
) -> None:
    make(
        provider,
        "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
        configurationName="x",
        slackTeamId="T1",
        slackChannelId="C1",
        iamRoleArn=role(provider, "chatbot"),
    )
    answer = cloud.chatbot.describe_slack_channel_configurations()
    assert answer["SlackChannelConfigurations"][-1]["GuardrailPolicyArns"] == [
        "arn:aws:iam::aws:policy/AdministratorAccess"
    ]
