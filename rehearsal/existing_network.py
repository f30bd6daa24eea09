"""The network that a stack in mode ``existing`` names: a rehearsal has to make it first.

It is one in which tasks work: a VPC with a NAT gateway, or with an internet gateway where tasks get
public addresses, an S3 endpoint, and the subnets and security groups under the ids that the stack
file names. What your own is like is looked at when you deploy.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from rehearsal.cloud import EmbeddedAws
from stacks.stack_file import StackFile

_ADDRESSES = "10.60.0.0/16"
_ANYWHERE = {"DestinationCidrBlock": "0.0.0.0/0"}
_PUBLIC = 255
"""The last /24 of the VPC is that of the NAT gateway."""


def make_existing_network(aws: EmbeddedAws, stack_file: StackFile) -> None:
    """Make the network that a stack file names, if it names one."""
    found = [text for key, text in stack_file.config.items() if key.endswith(":network")]
    network = _map(found[0]) if found else {}
    if network.get("mode") != "existing":
        return
    ec2: Any = aws.client("ec2")
    with _under("vpcs.random_vpc_id", network.get("vpcId")):
        vpc = ec2.create_vpc(CidrBlock=_ADDRESSES)["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    _close_default_group(ec2, vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    way = _way_out(ec2, vpc, nat=not network.get("assignPublicIp", False))
    ec2.create_route(RouteTableId=table, **_ANYWHERE, **way)
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{aws.region}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[table],
    )
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    for number, subnet in enumerate(network.get("subnetIds", [])):
        with _under("subnets.random_subnet_id", subnet):
            ec2.create_subnet(
                VpcId=vpc,
                CidrBlock=f"10.60.{number}.0/24",
                AvailabilityZone=zones[number % len(zones)],
            )
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    for number, group in enumerate(network.get("securityGroupIds", [])):
        with _under("security_groups.random_security_group_id", group):
            # As AWS makes it: nothing may come in, everything may go out.
            ec2.create_security_group(
                GroupName=f"existing-{number}", Description="Exists already", VpcId=vpc
            )


def _close_default_group(ec2: Any, vpc: str) -> None:
    """Take the rules away that nobody uses: the proof would find that nobody misses them."""
    in_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    (group,) = ec2.describe_security_groups(Filters=in_vpc)["SecurityGroups"]
    ec2.revoke_security_group_egress(
        GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"]
    )


def _way_out(ec2: Any, vpc: str, *, nat: bool) -> dict[str, str]:
    """Return where the default route of the subnets leads."""
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    if not nat:
        return {"GatewayId": gateway}
    public = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.60.{_PUBLIC}.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, **_ANYWHERE, GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=table, SubnetId=public)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)
    return {"NatGatewayId": made["NatGateway"]["NatGatewayId"]}


@contextmanager
def _under(function: str, wanted: str | None) -> Generator[None]:
    """Let moto make the next thing under an id that is given, if one is."""
    if wanted is None:
        yield
        return
    with patch(f"moto.ec2.models.{function}", return_value=wanted):
        yield


def _map(text: str) -> dict[str, Any]:
    """Read a section; what is no map is for the program to refuse."""
    return json.loads(text) if text.startswith("{") else {}
