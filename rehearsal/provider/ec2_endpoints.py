"""VPC endpoints."""

from functools import cache
from typing import Any

import botocore.loaders  # pyright: ignore[reportMissingTypeStubs] - there are none

from rehearsal.provider.documents import check_resource_policy
from rehearsal.provider.ec2 import EC2_TAGS, tag_specifications
from rehearsal.provider.registry import Call, Found, creates, deletes, known, one_of, reads, updates

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"

_KINDS = ("Gateway", "Interface")
_ENDPOINTS_OF_THEIR_OWN_NAME = frozenset(
    {"ecr.api", "ecr.dkr", "ecs-agent", "ecs-telemetry", "ssmmessages", "sync-states"}
)
"""Endpoint services that are not named like a service's host (AWS PrivateLink guide)."""


_LISTS = {
    # Argument: parameter of ModifyVpcEndpoint after Add or Remove.
    "routeTableIds": "RouteTableIds",
    "securityGroupIds": "SecurityGroupIds",
    "subnetIds": "SubnetIds",
}


@creates(ENDPOINT, replaces={"serviceName", "vpcEndpointType", "vpcId"}, tags=EC2_TAGS)
def create_endpoint(call: Call) -> str:
    """Make a gateway or an interface endpoint, checked as AWS does and moto does not."""
    args = call.args
    service, kind, private_dns = _checked(call)
    made = call.client("ec2").create_vpc_endpoint(
        PrivateDnsEnabled=private_dns,
        **known(
            {
                "VpcId": args.need("vpcId"),
                "ServiceName": service,
                "VpcEndpointType": kind,
                "PolicyDocument": args.get("policy"),
                **{parameter: args.get(key, []) for key, parameter in _LISTS.items()},
                "TagSpecifications": tag_specifications(call, "vpc-endpoint"),
            }
        ),
    )["VpcEndpoint"]
    endpoint: str = made["VpcEndpointId"]
    return endpoint


@reads(ENDPOINT)
def read_endpoint(call: Call) -> Found | None:
    """Look at an endpoint."""
    ec2 = call.client("ec2")
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[call.id])["VpcEndpoints"]
    if found["State"] == "deleted":
        return None
    gateway = found["VpcEndpointType"] == "Gateway"
    prefixes: list[dict[str, Any]] = []
    if gateway:
        prefixes = ec2.describe_prefix_lists(
            Filters=[{"Name": "prefix-list-name", "Values": [found["ServiceName"]]}]
        )["PrefixLists"]
    lists = {
        "routeTableIds": found.get("RouteTableIds", []),
        "securityGroupIds": [group["GroupId"] for group in found.get("Groups", [])],
        "subnetIds": found.get("SubnetIds", []),
    }
    given = {key for key in lists if call.args.get(key) is not None}
    policy = {"policy": found["PolicyDocument"]}
    own_policy = call.args.get("policy") is not None
    return {
        "vpcId": found["VpcId"],
        "serviceName": found["ServiceName"],
        "privateDnsEnabled": found["PrivateDnsEnabled"],
        **{key: lists[key] for key in given},
        **(policy if own_policy else {}),
    }, {
        **{key: lists[key] for key in lists.keys() - given},
        **({} if own_policy else policy),
        "arn": call.arn("ec2", f"vpc-endpoint/{call.id}"),
        "vpcEndpointType": found["VpcEndpointType"],
        "state": "available",
        "networkInterfaceIds": found.get("NetworkInterfaceIds", []),
        "dnsEntries": [
            {"dnsName": entry["DnsName"], "hostedZoneId": entry["HostedZoneId"]}
            for entry in found.get("DnsEntries", [])
        ],
        "prefixListId": prefixes[0]["PrefixListId"] if prefixes else None,
        "cidrBlocks": prefixes[0].get("Cidrs", []) if prefixes else [],
        "requesterManaged": False,
        "ownerId": call.account,
    }


@updates(ENDPOINT)
def update_endpoint(call: Call) -> None:
    """Change an endpoint's policy, private names, groups, subnets and route tables."""
    _, _, private_dns = _checked(call)
    changes: dict[str, Any] = {}
    for key, parameter in _LISTS.items():
        wanted, standing = call.args.get(key, []), call.outputs[key]
        changes[f"Add{parameter}"] = [each for each in wanted if each not in standing]
        changes[f"Remove{parameter}"] = [each for each in standing if each not in wanted]
    policy = call.args.get("policy")
    call.client("ec2").modify_vpc_endpoint(
        VpcEndpointId=call.id,
        **known({**changes, "PolicyDocument": policy, "ResetPolicy": policy is None or None}),
        **({"PrivateDnsEnabled": private_dns} if _is_interface(call) else {}),
    )


@deletes(ENDPOINT)
def delete_endpoint(call: Call) -> None:
    """Delete an endpoint with its interfaces or its routes."""
    if read_endpoint(call):
        call.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[call.id])


def _is_interface(call: Call) -> bool:
    return call.args.get("vpcEndpointType") == "Interface"


def _checked(call: Call) -> tuple[str, str, bool]:
    """Return service, kind and whether private names are on, all of which AWS would take."""
    args, ec2 = call.args, call.client("ec2")
    vpc_id, service = args.need("vpcId"), args.need("serviceName")
    kind: str = one_of("vpcEndpointType", args.get("vpcEndpointType", _KINDS[0]), _KINDS)
    policy, groups = args.get("policy"), args.get("securityGroupIds", [])
    subnets, private_dns = args.get("subnetIds", []), args.get("privateDnsEnabled", False)
    _check_endpoint_service(call.region, service)
    if policy is not None:
        check_resource_policy("policy", policy, "*")
    if kind == "Interface":
        _check_interface_endpoint(
            ec2, call.id, vpc_id, service, subnets, groups, private_dns=private_dns
        )
    elif subnets or groups or private_dns:
        raise ValueError("a gateway endpoint has no subnets, security groups or private names")
    return service, kind, private_dns


@cache
def _endpoint_services() -> frozenset[str]:
    """Return the last parts of endpoint service names: botocore's host names and a few others."""
    loaders: Any = botocore.loaders
    partitions = loaders.create_loader().load_data("endpoints")["partitions"]
    aws = next(partition for partition in partitions if partition["partition"] == "aws")
    return frozenset(aws["services"]) | _ENDPOINTS_OF_THEIR_OWN_NAME


def _check_endpoint_service(region: str, service: str) -> None:
    prefix = f"com.amazonaws.{region}."
    if service.removeprefix(prefix) not in _endpoint_services():
        raise ValueError(
            f"serviceName is {service!r}, but AWS knows no such endpoint service ({prefix}...)"
        )


def _check_interface_endpoint(
    ec2: Any,
    endpoint: str,
    vpc_id: str,
    service: str,
    subnets: list[str],
    groups: list[str],
    *,
    private_dns: bool,
) -> None:
    """Refuse what AWS refuses of an interface endpoint.

    Raises:
        ValueError: an unknown or foreign group, two subnets in one zone, private names without the
            VPC's DNS settings or where another endpoint has them.
        botocore.exceptions.ClientError: an unknown group or subnet.
    """
    if groups:
        found = ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"]
        for group in found:
            if group["VpcId"] != vpc_id:
                raise ValueError(f"security group {group['GroupId']} is not in {vpc_id}")
    if subnets:
        zones: dict[str, str] = {}
        for described in ec2.describe_subnets(SubnetIds=subnets)["Subnets"]:
            zone = described["AvailabilityZone"]
            if described["VpcId"] != vpc_id:
                raise ValueError(f"subnet {described['SubnetId']} is not in {vpc_id}")
            if zone in zones:
                raise ValueError(
                    f"subnets {zones[zone]} and {described['SubnetId']} are both in {zone}: "
                    "an endpoint takes one a zone"
                )
            zones[zone] = described["SubnetId"]
    if not private_dns:
        return
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute=attribute)
        if not answer[attribute[:1].upper() + attribute[1:]]["Value"]:
            raise ValueError(f"privateDnsEnabled needs {attribute} of {vpc_id}")
    others = ec2.describe_vpc_endpoints(
        Filters=[
            {"Name": "vpc-id", "Values": [vpc_id]},
            {"Name": "service-name", "Values": [service]},
        ]
    )["VpcEndpoints"]
    if any(
        other["PrivateDnsEnabled"]
        for other in others
        if other["VpcEndpointType"] != "Gateway"
        and other["State"] != "deleted"
        and other["VpcEndpointId"] != endpoint
    ):
        raise ValueError(f"another endpoint of {vpc_id} has the private names of {service}")
