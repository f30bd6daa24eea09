"""Ways to the internet: by a public address, by NAT, by the default group of a VPC."""

from typing import Any

import pytest
from moto.ec2.models import ec2_backends

from rehearsal.cloud.network import Place, UnreachableError
from tests.rehearsal.conftest import Account


@pytest.fixture
def vpc(account: Account) -> str:
    ec2 = account.aws.client("ec2")
    (subnet,) = ec2.describe_subnets(SubnetIds=[account.subnet_id])["Subnets"]
    made: str = subnet["VpcId"]
    return made


def outer_subnet(account: Account, vpc: str) -> str:
    """Return the subnet whose table leads to the internet gateway."""
    subnets = account.aws.client("ec2").describe_subnets(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}]
    )["Subnets"]
    (found,) = [one["SubnetId"] for one in subnets if one["CidrBlock"] == "10.0.1.0/24"]
    return found


def place(account: Account, **more: Any) -> Place:
    return Place(
        **{
            "region": account.aws.region,
            "subnet_id": account.subnet_id,
            "group_ids": (account.security_group_id,),
            "public_address": False,
            "task_id": "t",
        }
        | more
    )


def kinds(account: Account, where: Place) -> list[str]:
    return [support.kind for support in account.aws.network.reach(where, "sqs").supports]


def test_nat_leads_out(account: Account) -> None:
    assert kinds(account, place(account)) == [
        "route",
        "NAT gateway",
        "route",
        "internet gateway",
        "security group rule",
    ]


def test_nat_that_is_gone_leads_nowhere(account: Account) -> None:
    where = place(account)
    backend: Any = ec2_backends[account.aws.account][account.aws.region]
    (nat,) = backend.nat_gateways.values()
    nat.state = "deleted"
    with pytest.raises(UnreachableError, match=rf"{nat.id} is deleted"):
        account.aws.network.reach(where, "sqs")


def test_a_public_address_is_needed_where_no_nat_is(account: Account, vpc: str) -> None:
    outer = outer_subnet(account, vpc)
    with pytest.raises(UnreachableError, match="the task has no public address"):
        account.aws.network.reach(place(account, subnet_id=outer), "sqs")
    assert kinds(account, place(account, subnet_id=outer, public_address=True)) == [
        "route",
        "internet gateway",
        "security group rule",
    ]


def test_a_route_out_is_needed(account: Account, vpc: str) -> None:
    ec2 = account.aws.client("ec2")
    bare = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24")["Subnet"]["SubnetId"]
    with pytest.raises(UnreachableError, match=r"no endpoint of sqs in vpc-.* has no route out"):
        account.aws.network.reach(place(account, subnet_id=bare, public_address=True), "sqs")


def test_a_group_must_let_it_out(account: Account) -> None:
    account.aws.client("ec2").revoke_security_group_egress(
        GroupId=account.security_group_id,
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )
    with pytest.raises(UnreachableError, match=r"lets nothing out to 0\.0\.0\.0/0 on port 443"):
        account.aws.network.reach(place(account), "sqs")


def test_who_names_no_group_has_the_default_one(account: Account) -> None:
    assert kinds(account, place(account, group_ids=()))[-1] == "security group rule"


def test_an_endpoint_of_another_region_is_no_way(account: Account, vpc: str) -> None:
    account.aws.client("ec2").create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.eu-west-1.sqs",
        VpcEndpointType="Interface",
        SubnetIds=[account.subnet_id],
        SecurityGroupIds=[account.security_group_id],
        PrivateDnsEnabled=True,
    )
    account.aws.client("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    with pytest.raises(UnreachableError, match="lets nothing in"):
        account.aws.network.reach(place(account), "sqs")
    assert account.aws.network.reach(place(account), "sqs", "us-east-1").endpoint_id is None
    account.aws.client("ec2").authorize_security_group_ingress(
        GroupId=account.security_group_id,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "IpRanges": [{"CidrIp": "10.0.0.0/16"}],
            }
        ],
    )
    assert account.aws.network.reach(place(account), "sqs").endpoint_id is not None


def test_an_image_of_another_registry_comes_by_the_internet(account: Account) -> None:
    account.task_definition()
    network = account.network["awsvpcConfiguration"]
    account.aws.client("ec2").revoke_security_group_egress(
        GroupId=network["securityGroups"][0],
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )
    task = account.ended_task()
    assert task["stopCode"] == "TaskFailedToStart"
    assert 'Get "https://example.com/v2/": dial tcp' in task["stoppedReason"]
    assert (task["stoppedAt"] - task["createdAt"]).total_seconds() == 120
