"""Repairs that changing and deleting needs: each of these fails on moto as it is."""

import json
from typing import Any

import pytest

from rehearsal.cloud import EmbeddedAws
from tests.rehearsal.conftest import Account


@pytest.fixture
def ec2(aws: EmbeddedAws) -> Any:
    return aws.client("ec2")


def test_a_network_acl_goes_with_its_vpc(ec2: Any) -> None:
    before = ec2.describe_network_acls()["NetworkAcls"]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]
    assert [each["SubnetId"] for each in acl["Associations"]] == [subnet]
    ec2.delete_subnet(SubnetId=subnet)
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]
    assert acl["Associations"] == []
    ec2.delete_vpc(VpcId=vpc)
    assert ec2.describe_network_acls()["NetworkAcls"] == before


def test_an_endpoint_that_is_deleted_is_listed_no_longer(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    service = "com.amazonaws.us-east-1.s3"
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, VpcEndpointType="Gateway")[
        "VpcEndpoint"
    ]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert ec2.describe_vpc_endpoints()["VpcEndpoints"] == []


def rule_to_a_group(ec2: Any, group: str) -> str:
    pairs = [{"GroupId": group, "Description": "to ourselves"}]
    answer = ec2.authorize_security_group_egress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "UserIdGroupPairs": pairs}
        ],
    )
    rule: str = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return rule


def described(ec2: Any, rule: str) -> dict[str, Any]:
    rules = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]
    found: dict[str, Any] = rules[0]
    return found


def test_a_rule_to_a_group_or_prefix_list_has_its_description(account: Account, ec2: Any) -> None:
    group = account.security_group_id
    assert described(ec2, rule_to_a_group(ec2, group))["Description"] == "to ourselves"
    prefixes = ec2.describe_prefix_lists()["PrefixLists"][0]["PrefixListId"]
    listed = [{"PrefixListId": prefixes, "Description": "to S3"}]
    answer = ec2.authorize_security_group_egress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "PrefixListIds": listed}],
    )
    rule = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    assert described(ec2, rule)["Description"] == "to S3"


@pytest.mark.parametrize(
    "wanted",
    [
        {"IpProtocol": "udp", "FromPort": 3, "ToPort": 4, "CidrIpv4": "10.0.0.0/8"},
        {"IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8", "Description": "all"},
    ],
)
def test_a_rule_changes_as_a_whole(account: Account, ec2: Any, wanted: dict[str, Any]) -> None:
    rule = rule_to_a_group(ec2, account.security_group_id)
    ec2.modify_security_group_rules(
        GroupId=account.security_group_id,
        SecurityGroupRules=[{"SecurityGroupRuleId": rule, "SecurityGroupRule": wanted}],
    )
    found = described(ec2, rule)
    assert {key: found.get(key) for key in wanted} == wanted
    assert "ReferencedGroupInfo" not in found


def test_an_endpoint_changes_routes_interfaces_and_private_names(
    account: Account, aws: EmbeddedAws, ec2: Any
) -> None:
    (subnet,) = ec2.describe_subnets(SubnetIds=[account.subnet_id])["Subnets"]
    vpc = subnet["VpcId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    service = f"com.amazonaws.{aws.region}"
    gateway, interface = (
        ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"{service}.{name}", VpcEndpointType=kind)[
            "VpcEndpoint"
        ]["VpcEndpointId"]
        for name, kind in (("s3", "Gateway"), ("logs", "Interface"))
    )

    def routes() -> list[str]:
        (found,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
        return [route["GatewayId"] for route in found["Routes"] if "GatewayId" in route]

    ec2.modify_vpc_endpoint(VpcEndpointId=gateway, AddRouteTableIds=[table])
    assert gateway in routes()
    ec2.modify_vpc_endpoint(VpcEndpointId=gateway, RemoveRouteTableIds=[table])
    assert gateway not in routes()

    def look() -> dict[str, Any]:
        (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[interface])["VpcEndpoints"]
        return found

    ec2.modify_vpc_endpoint(
        VpcEndpointId=interface, AddSubnetIds=[account.subnet_id], PrivateDnsEnabled=True
    )
    assert look()["PrivateDnsEnabled"] is True
    (made,) = look()["NetworkInterfaceIds"]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=interface, RemoveSubnetIds=[account.subnet_id], PrivateDnsEnabled=False
    )
    assert look()["PrivateDnsEnabled"] is False
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert made not in [each["NetworkInterfaceId"] for each in interfaces]


def test_the_key_of_a_log_group_can_be_changed(aws: EmbeddedAws) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/a")

    def key() -> str | None:
        (found,) = logs.describe_log_groups()["logGroups"]
        return found.get("kmsKeyId")

    open_to_all = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    made: str = aws.client("kms").create_key(
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [open_to_all]})
    )["KeyMetadata"]["Arn"]
    logs.associate_kms_key(logGroupName="/a", kmsKeyId=made)
    assert key() == made
    logs.disassociate_kms_key(logGroupName="/a")
    assert key() is None
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.disassociate_kms_key(logGroupName="/b")


def test_a_key_knows_how_often_it_rotates(aws: EmbeddedAws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert "RotationPeriodInDays" not in kms.get_key_rotation_status(KeyId=key)
    kms.enable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 365
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=100)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 100


def test_a_topic_says_all_that_it_was_told(aws: EmbeddedAws) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t", Attributes={"TracingConfig": "Active"})["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue="2")
    found = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (found["TracingConfig"], found["SignatureVersion"]) == ("Active", "2")


def test_a_secret_can_lose_its_description(aws: EmbeddedAws) -> None:
    secrets = aws.client("secretsmanager")
    secret = secrets.create_secret(Name="s", Description="a token")["ARN"]
    secrets.update_secret(SecretId=secret, Description="")
    assert not secrets.describe_secret(SecretId=secret).get("Description")
    secrets.update_secret(SecretId=secret, Description="another")
    assert secrets.describe_secret(SecretId=secret)["Description"] == "another"


def test_a_slack_channel_has_tags(aws: EmbeddedAws) -> None:
    aws.client("iam")
    made = aws.chatbot.create_slack_channel_configuration(
        ConfigurationName="c",
        SlackTeamId="T1",
        SlackChannelId="C1",
        IamRoleArn="arn:aws:iam::123456789012:role/slack",
        Tags=[{"TagKey": "a", "TagValue": "1"}],
    )["ChannelConfiguration"]["ChatConfigurationArn"]
    aws.chatbot.tag_resource(
        ResourceARN=made,
        Tags=[{"TagKey": "a", "TagValue": "2"}, {"TagKey": "b", "TagValue": "3"}],
    )
    aws.chatbot.untag_resource(ResourceARN=made, TagKeys=["b"])
    assert aws.chatbot.list_tags_for_resource(ResourceARN=made)["Tags"] == [
        {"TagKey": "a", "TagValue": "2"}
    ]


def test_a_nat_gateway_that_is_deleted_leaves_no_interface_and_frees_its_address(
    account: Account,
) -> None:
    ec2 = account.aws.client("ec2")
    assert account.subnet_id  # whose network has a NAT gateway
    (gateway,) = ec2.describe_nat_gateways()["NatGateways"]
    ec2.delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])
    (address,) = ec2.describe_addresses()["Addresses"]
    assert "AssociationId" not in address
    in_subnet = [{"Name": "subnet-id", "Values": [gateway["SubnetId"]]}]
    assert ec2.describe_network_interfaces(Filters=in_subnet)["NetworkInterfaces"] == []
