"""What a network gives to a job, and the subnets that every way to build one has."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle

import pulumi
import pulumi_aws as aws

from definitions.names import Names

HTTPS = 443
ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class TaskNetwork:
    """The four things a task needs to know of its network."""

    subnet_ids: list[pulumi.Output[str]]
    """Subnets that tasks start in."""
    security_group_ids: list[pulumi.Output[str]]
    """Security groups of every task."""
    assign_public_ip: bool
    """Whether a task gets a public address: without one it reaches endpoints only."""
    ready: list[pulumi.Output[str]]
    """Ids of what must exist before a task can pull its image: routes, endpoints, rules."""


@dataclass(frozen=True, kw_only=True)
class TaskSubnets:
    """A subnet a zone, and the tables that route them: one for all, or one each."""

    subnets: list[aws.ec2.Subnet]
    associations: list[aws.ec2.RouteTableAssociation]
    route_tables: list[aws.ec2.RouteTable]


def task_subnets(
    name: str,
    *,
    names: Names,
    vpc_id: pulumi.Input[str],
    cidr_by_zone: Mapping[str, str],
    table_each: bool = False,
    opts: pulumi.ResourceOptions,
) -> TaskSubnets:
    """Register the subnets that tasks start in.

    Nothing gets a public address on launch: a task asks for one if its network has a way out.
    Resources: ``<name>-routes``, or with ``table_each`` ``<name>-routes-<zone>``; for each zone
    ``<name>-tasks-<zone>`` and ``<name>-tasks-<zone>-routes``.
    """
    parts = [f"-{zone}" for zone in cidr_by_zone] if table_each else [""]
    tables = [
        aws.ec2.RouteTable(
            f"{name}-routes{part}",
            vpc_id=vpc_id,
            tags={"Name": names.of(f"tasks{part}")},
            opts=opts,
        )
        for part in parts
    ]
    subnets = {
        zone: aws.ec2.Subnet(
            f"{name}-tasks-{zone}",
            vpc_id=vpc_id,
            availability_zone=zone,
            cidr_block=cidr,
            tags={"Name": names.of(f"tasks-{zone}")},
            opts=opts,
        )
        for zone, cidr in cidr_by_zone.items()
    }
    associations = [
        aws.ec2.RouteTableAssociation(
            f"{name}-tasks-{zone}-routes",
            subnet_id=subnet.id,
            route_table_id=table.id,
            opts=opts,
        )
        for (zone, subnet), table in zip(subnets.items(), cycle(tables), strict=False)
    ]
    return TaskSubnets(
        subnets=list(subnets.values()), associations=associations, route_tables=tables
    )


def calling_group(
    name: str, *, names: Names, vpc_id: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> tuple[aws.ec2.SecurityGroup, aws.vpc.SecurityGroupEgressRule]:
    """Register the security group of tasks that may call the internet, and its one rule.

    Resources: ``<name>-task-group``, ``<name>-to-anywhere``.
    """
    group = aws.ec2.SecurityGroup(
        f"{name}-task-group",
        name=names.of("tasks"),
        description="Batch tasks: nobody calls them, they call out over HTTPS",
        vpc_id=vpc_id,
        opts=opts,
    )
    rule = aws.vpc.SecurityGroupEgressRule(
        f"{name}-to-anywhere",
        security_group_id=group.id,
        cidr_ipv4=ANYWHERE,
        ip_protocol="tcp",
        from_port=HTTPS,
        to_port=HTTPS,
        description="To AWS services and the internet over HTTPS",
        opts=opts,
    )
    return group, rule
