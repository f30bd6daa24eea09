"""Addresses and NAT gateways: how private subnets reach the internet."""

from typing import Any

from rehearsal.provider.ec2 import EC2_TAGS, refuse_in_use, tag_specifications
from rehearsal.provider.registry import Call, Found, creates, deletes, one_of, reads

ADDRESS = "aws:ec2/eip:Eip"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"


@creates(ADDRESS, replaces={"domain"}, tags=EC2_TAGS)
def create_address(call: Call) -> str:
    """Get a public address that stays until it is given back."""
    made = call.client("ec2").allocate_address(
        Domain=one_of("domain", call.args.get("domain", "vpc"), ("vpc",)),
        TagSpecifications=tag_specifications(call, "elastic-ip"),
    )
    address: str = made["AllocationId"]
    return address


@reads(ADDRESS)
def read_address(call: Call) -> Found:
    """Look at an address."""
    (found,) = call.client("ec2").describe_addresses(AllocationIds=[call.id])["Addresses"]
    return {"domain": found["Domain"]}, {
        "allocationId": found["AllocationId"],
        "publicIp": found["PublicIp"],
        "arn": call.arn("ec2", f"elastic-ip/{call.id}"),
    }


@deletes(ADDRESS)
def delete_address(call: Call) -> None:
    """Give an address back that nothing has."""
    ec2 = call.client("ec2")
    (found,) = ec2.describe_addresses(AllocationIds=[call.id])["Addresses"]
    refuse_in_use(call.id, [found["AssociationId"]] if found.get("AssociationId") else [])
    ec2.release_address(AllocationId=call.id)


@creates(
    NAT_GATEWAY,
    replaces={"allocationId", "connectivityType", "subnetId"},
    tags=EC2_TAGS,
)
def create_nat_gateway(call: Call) -> str:
    """Make a NAT gateway, which fails on AWS in a VPC that has no internet gateway yet."""
    args, ec2 = call.args, call.client("ec2")
    one_of("connectivityType", args.get("connectivityType", "public"), ("public",))
    subnet, address = args.need("subnetId"), args.need("allocationId")
    (found,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    attached: Any = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [found["VpcId"]]}]
    )["InternetGateways"]
    if not attached:
        raise ValueError(
            f"Network {found['VpcId']} has no Internet gateway attached (Gateway.NotAttached): let "
            "it depend on one"
        )
    refused = ec2.describe_addresses(AllocationIds=[address])["Addresses"][0].get("AssociationId")
    if refused:
        raise ValueError(
            f"{address} is associated already ({refused}): a gateway needs one of its own"
        )
    made = ec2.create_nat_gateway(
        SubnetId=subnet,
        AllocationId=address,
        TagSpecifications=tag_specifications(call, "natgateway"),
    )
    gateway: str = made["NatGateway"]["NatGatewayId"]
    return gateway


@reads(NAT_GATEWAY)
def read_nat_gateway(call: Call) -> Found | None:
    """Look at a NAT gateway."""
    ec2 = call.client("ec2")
    found = ec2.describe_nat_gateways(NatGatewayIds=[call.id])["NatGateways"]
    if not found or found[0]["State"] == "deleted":
        return None
    (address,) = found[0]["NatGatewayAddresses"]
    return {
        "subnetId": found[0]["SubnetId"],
        "allocationId": address["AllocationId"],
        "connectivityType": found[0].get("ConnectivityType", "public"),
    }, {
        "networkInterfaceId": address["NetworkInterfaceId"],
        "privateIp": address["PrivateIp"],
        "publicIp": address["PublicIp"],
    }


@deletes(NAT_GATEWAY)
def delete_nat_gateway(call: Call) -> None:
    """Delete a NAT gateway; its address stays."""
    if read_nat_gateway(call):
        call.client("ec2").delete_nat_gateway(NatGatewayId=call.id)
