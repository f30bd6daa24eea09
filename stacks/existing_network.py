"""Look at a network that exists already, before the first resource is registered.

The only questions to AWS beside those of ``batch`` and ``networks``, and only in network mode
``existing``.
"""

from collections.abc import Iterable
from typing import Any

import pulumi
import pulumi_aws as aws

from components.task_network import TaskNetwork
from definitions.existing_network import (
    GATEWAY_SERVICES,
    SeenEndpoint,
    SeenSubnet,
    place_mistakes,
    reach_mistakes,
    ways_out,
)
from stacks.settings import Settings

ANYWHERE = "0.0.0.0/0"
NOT_THERE, SEVERAL = "no matching", "multiple"
"""How the provider says that a data source found nothing, or more than one; it has no function that
lists endpoints."""


def existing_network(settings: Settings, services: Iterable[str]) -> TaskNetwork:
    """Check that tasks could start in the network that the settings name, and return it.

    Args:
        settings: in mode ``existing``.
        services: what tasks call, by the last parts of endpoints' names.

    Raises:
        pulumi.RunError: everything that is wrong, one line each.
    """
    network = settings.network
    vpc_of_subnet = {
        one: aws.ec2.get_subnet(id=one).vpc_id
        for one in aws.ec2.get_subnets(filters=_only("subnet-id", *network.subnet_ids)).ids
    }
    groups = aws.ec2.get_security_groups(filters=_only("group-id", *network.security_group_ids))
    _refuse(
        settings,
        place_mistakes(
            region=settings.region,
            vpc_id=network.vpc_id,
            subnet_ids=network.subnet_ids,
            security_group_ids=network.security_group_ids,
            vpc_of_subnet=vpc_of_subnet,
            vpc_of_group=dict(zip(groups.ids, groups.vpc_ids, strict=True)),
        ),
    )
    public = network.assign_public_ip
    subnets = {one: _seen(one, vpc_id) for one, vpc_id in vpc_of_subnet.items()}
    if len(ways_out(subnets, public_addresses=public)) < len(subnets):
        (vpc_id,) = set(vpc_of_subnet.values())
        called = sorted({*services, "s3"})
        tables = {subnet.table_id for subnet in subnets.values()}
        endpoints = {one: _endpoint(settings.region, vpc_id, one, tables) for one in called}
        _refuse(settings, reach_mistakes(subnets, endpoints, public_addresses=public))
    return TaskNetwork(
        subnet_ids=[pulumi.Output.from_input(one) for one in network.subnet_ids],
        security_group_ids=[pulumi.Output.from_input(one) for one in network.security_group_ids],
        assign_public_ip=public,
        ready=[],
    )


def _refuse(settings: Settings, mistakes: Iterable[str]) -> None:
    lines = [f"Pulumi.{settings.stack}.yaml: {mistake}" for mistake in mistakes]
    if lines:
        raise pulumi.RunError("\n".join(lines))


def _seen(subnet_id: str, vpc_id: str) -> SeenSubnet:
    own = aws.ec2.get_route_tables(filters=_only("association.subnet-id", subnet_id)).ids
    main = _only("association.main", "true")
    (table_id,) = own or aws.ec2.get_route_tables(vpc_id=vpc_id, filters=main).ids
    routes = aws.ec2.get_route_table(route_table_id=table_id).routes
    default = [route for route in routes if route.cidr_block == ANYWHERE]
    return SeenSubnet(
        vpc_id=vpc_id,
        table_id=table_id,
        way_out=next((target for route in default if (target := _target(route))), ""),
    )


def _target(route: aws.ec2.outputs.GetRouteTableRouteResult) -> str:
    """Return the id of what a route leads to."""
    return (
        route.gateway_id
        or route.nat_gateway_id
        or route.transit_gateway_id
        or route.vpc_peering_connection_id
        or route.vpc_endpoint_id
        or route.network_interface_id
    )


def _endpoint(region: str, vpc_id: str, service: str, tables: Iterable[str]) -> SeenEndpoint | None:
    """Look for the endpoint of a service; where there are several, they are taken to do."""
    kind = "Gateway" if service in GATEWAY_SERVICES else "Interface"
    try:
        found = aws.ec2.get_vpc_endpoint(
            vpc_id=vpc_id,
            service_name=f"com.amazonaws.{region}.{service}",
            vpc_endpoint_type=kind,
            state="available",
        )
    except Exception as error:
        if NOT_THERE in str(error):
            return None
        if SEVERAL in str(error):
            return SeenEndpoint(private_names=True, table_ids=tuple(tables))
        raise
    return SeenEndpoint(
        private_names=found.private_dns_enabled, table_ids=tuple(found.route_table_ids)
    )


def _only(name: str, *values: str) -> list[Any]:
    """Return a filter; the SDK has a type of its own for each function's."""
    return [{"name": name, "values": list(values)}]
