"""What a program may ask of a network that exists already."""

from collections.abc import Sequence
from typing import Any

from rehearsal.provider.ec2 import of
from rehearsal.provider.registry import Call, answers

_TARGETS = {
    # Member of a route, as DescribeRouteTables has it: as the provider does.
    "GatewayId": "gatewayId",
    "NatGatewayId": "natGatewayId",
    "TransitGatewayId": "transitGatewayId",
    "NetworkInterfaceId": "networkInterfaceId",
    "VpcPeeringConnectionId": "vpcPeeringConnectionId",
}
_NO_TARGETS = (
    *("carrierGatewayId", "coreNetworkArn", "destinationPrefixListId", "egressOnlyGatewayId"),
    *("instanceId", "ipv6CidrBlock", "localGatewayId", "vpcEndpointId"),
)
"""Others that the provider tells of a route; here they are always empty."""


def _filters(call: Call) -> list[dict[str, Any]]:
    filters = [
        {"Name": part.need("name"), "Values": part.need("values")}
        for part in call.args.parts("filters")
    ]
    vpc_id = call.args.get("vpcId")
    return [*filters, *(of(vpc_id=vpc_id) if vpc_id else [])]


def _one(what: str, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the only one that was found.

    Raises:
        ValueError: as the provider says it.
    """
    if not found:
        raise ValueError(f"no matching {what} found")
    if len(found) > 1:
        raise ValueError(f"multiple {what}s matched; use additional constraints to reduce matches")
    return found[0]


@answers("aws:ec2/getSubnets:getSubnets")
def get_subnets(call: Call) -> dict[str, Any]:
    """Answer which subnets there are; unknown ids are none."""
    found = call.client("ec2").describe_subnets(Filters=_filters(call))["Subnets"]
    return {"ids": [subnet["SubnetId"] for subnet in found], "id": call.region}


@answers("aws:ec2/getSubnet:getSubnet")
def get_subnet(call: Call) -> dict[str, Any]:
    """Answer what a subnet is like."""
    only = of(subnet_id=call.args.need("id"))
    found = _one("EC2 Subnet", call.client("ec2").describe_subnets(Filters=only)["Subnets"])
    return {
        "id": found["SubnetId"],
        "vpcId": found["VpcId"],
        "availabilityZone": found["AvailabilityZone"],
        "cidrBlock": found["CidrBlock"],
    }


@answers("aws:ec2/getSecurityGroups:getSecurityGroups")
def get_security_groups(call: Call) -> dict[str, Any]:
    """Answer which security groups there are, and in which VPCs."""
    found = call.client("ec2").describe_security_groups(Filters=_filters(call))["SecurityGroups"]
    return {
        "ids": [group["GroupId"] for group in found],
        "vpcIds": [group["VpcId"] for group in found],
        "arns": [call.arn("ec2", f"security-group/{group['GroupId']}") for group in found],
        "id": call.region,
    }


@answers("aws:ec2/getRouteTables:getRouteTables")
def get_route_tables(call: Call) -> dict[str, Any]:
    """Answer which route tables there are."""
    found = call.client("ec2").describe_route_tables(Filters=_filters(call))["RouteTables"]
    return {"ids": [table["RouteTableId"] for table in found], "id": call.region}


@answers("aws:ec2/getRouteTable:getRouteTable")
def get_route_table(call: Call) -> dict[str, Any]:
    """Answer where a table's routes lead; the one within the VPC is not told."""
    ec2, table = call.client("ec2"), call.args.need("routeTableId")
    found = _one("Route Table", ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"])
    return {
        "id": table,
        "routeTableId": table,
        "vpcId": found["VpcId"],
        "routes": [
            {
                "cidrBlock": route.get("DestinationCidrBlock", ""),
                **{key: route.get(member, "") for member, key in _TARGETS.items()},
                **dict.fromkeys(_NO_TARGETS, ""),
            }
            for route in found["Routes"]
            if route.get("GatewayId") != "local"
        ],
    }


@answers("aws:ec2/getVpcEndpoint:getVpcEndpoint")
def get_vpc_endpoint(call: Call) -> dict[str, Any]:
    """Answer what the one endpoint is like that fits."""
    args = call.args
    asked = {
        "vpc_id": args.get("vpcId"),
        "service_name": args.get("serviceName"),
        "vpc_endpoint_type": args.get("vpcEndpointType"),
    }
    state = args.get("state")
    found = [
        endpoint
        for endpoint in call.client("ec2").describe_vpc_endpoints(
            Filters=of(**{key: value for key, value in asked.items() if value})
        )["VpcEndpoints"]
        if state in (None, endpoint["State"])
    ]
    endpoint = _one("EC2 VPC Endpoint", found)
    return {
        "id": endpoint["VpcEndpointId"],
        "vpcId": endpoint["VpcId"],
        "serviceName": endpoint["ServiceName"],
        "vpcEndpointType": endpoint["VpcEndpointType"],
        "state": endpoint["State"],
        "privateDnsEnabled": endpoint["PrivateDnsEnabled"],
        "routeTableIds": endpoint.get("RouteTableIds", []),
        "subnetIds": endpoint.get("SubnetIds", []),
        "securityGroupIds": [group["GroupId"] for group in endpoint.get("Groups", [])],
    }
