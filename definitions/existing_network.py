"""Whether tasks could start in a network that the stack did not make, from what was seen of it.

Not looked at, because it is the owner's: network ACLs, the rules of security groups, what a
transit gateway or a peer lets through.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

GATEWAY_SERVICES = ("s3", "dynamodb")
"""Those that are reached by a route: image layers in S3 come by no other endpoint (ECR guide)."""


@dataclass(frozen=True, kw_only=True)
class SeenSubnet:
    """A subnet that there is."""

    vpc_id: str
    table_id: str
    """The route table that it has, its own or the VPC's main one."""
    way_out: str
    """What its default route leads to, such as ``nat-0123``; empty if it has none."""


@dataclass(frozen=True, kw_only=True)
class SeenEndpoint:
    """An endpoint of a service in the VPC."""

    private_names: bool
    """Whether the service's own name leads to it; says nothing of a gateway endpoint."""
    table_ids: tuple[str, ...]
    """Route tables that lead to a gateway endpoint."""


def place_mistakes(
    *,
    region: str,
    vpc_id: str | None,
    subnet_ids: Sequence[str],
    security_group_ids: Sequence[str],
    vpc_of_subnet: Mapping[str, str],
    vpc_of_group: Mapping[str, str],
) -> Iterator[str]:
    """Say of each id what is wrong with it: it is not there, or elsewhere than the others.

    Args:
        region: where they should be.
        vpc_id: the VPC that is written, if one is.
        subnet_ids: as they are written.
        security_group_ids: likewise.
        vpc_of_subnet: the VPC of each subnet that there is.
        vpc_of_group: the VPC of each security group that there is.
    """
    wanted = vpc_id or next((vpc_of_subnet[one] for one in subnet_ids if one in vpc_of_subnet), "")
    keys = (
        ("subnetIds", subnet_ids, vpc_of_subnet),
        ("securityGroupIds", security_group_ids, vpc_of_group),
    )
    for key, ids, vpc_of in keys:
        for number, one in enumerate(ids):
            path = f"network.{key}[{number}]: {one}"
            if one not in vpc_of:
                yield f"{path} is not in {region}, or not in this account: write one that is"
            elif wanted and vpc_of[one] != wanted:
                yield f"{path} is in {vpc_of[one]}, not in {wanted}: take all from one VPC"


def ways_out(subnets: Mapping[str, SeenSubnet], *, public_addresses: bool) -> dict[str, str]:
    """Return what leads each subnet to the internet, or to where its owner wants it to go.

    An internet gateway is a way for tasks that have a public address only.
    """
    return {
        name: subnet.way_out
        for name, subnet in subnets.items()
        if subnet.way_out and (public_addresses or not subnet.way_out.startswith("igw-"))
    }


def reach_mistakes(
    subnets: Mapping[str, SeenSubnet],
    endpoints: Mapping[str, SeenEndpoint | None],
    *,
    public_addresses: bool,
) -> Iterator[str]:
    """Say which services tasks could not reach, one line each.

    Args:
        subnets: by their ids, all of one VPC.
        endpoints: what the VPC has, by each service that tasks call; ``None`` for nothing.
        public_addresses: whether tasks get one.
    """
    closed = {
        name: subnet
        for name, subnet in subnets.items()
        if name not in ways_out(subnets, public_addresses=public_addresses)
    }
    for service, endpoint in endpoints.items():
        if not closed:
            return
        vpc_id = next(iter(closed.values())).vpc_id
        if endpoint is None:
            lacking, what = list(closed), f"{vpc_id} has no endpoint of {service}"
        elif service in GATEWAY_SERVICES:
            lacking = [n for n, seen in closed.items() if seen.table_id not in endpoint.table_ids]
            what = f"no route of theirs leads to the endpoint of {service}"
        else:
            lacking = [] if endpoint.private_names else list(closed)
            what = f"the endpoint of {service} has private DNS off"
        if lacking:
            yield f"network.subnetIds: {', '.join(lacking)}: {what}: {_remedy(closed)}"


def _remedy(closed: Mapping[str, SeenSubnet]) -> str:
    """Return what helps: an endpoint, a default route, or an address where there is a route."""
    if any(subnet.way_out for subnet in closed.values()):
        return "add it, or write assignPublicIp: true, because the way out is an internet gateway"
    return "add it, or a default route to a NAT gateway"
