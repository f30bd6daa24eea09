"""A network that costs nothing while idle: tasks have public addresses that nobody can call."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.closed_vpc import ClosedVpc, ClosedVpcArgs
from components.task_network import ANYWHERE, TaskNetwork, calling_group, task_subnets
from definitions.names import Names
from definitions.subnets import plan_subnets


@dataclass(frozen=True, kw_only=True)
class PublicVpcArgs:
    """How large the network is."""

    names: Names
    cidr: str
    """IPv4 block of the VPC, /16 to /24."""
    zones: list[str]
    """Availability zones, one subnet each."""
    log_retention_days: int
    """Days to keep flow logs."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the flow logs."""

    def __post_init__(self) -> None:
        plan_subnets(self.cidr, len(self.zones))


class PublicVpc(pulumi.ComponentResource):
    """Public subnets whose tasks call out over HTTPS and are called by nobody.

    Children: ``<name>-vpc``, ``<name>-gateway``, ``<name>-routes``, ``<name>-way-out``, for each
    zone ``<name>-tasks-<zone>`` and ``<name>-tasks-<zone>-routes``, ``<name>-task-group``,
    ``<name>-to-anywhere``.
    """

    pulumi_type = "fargate-batch:index:PublicVpc"

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    tasks: TaskNetwork
    """What a job needs to know."""

    def __init__(
        self, name: str, args: PublicVpcArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names, plan = args.names, plan_subnets(args.cidr, len(args.zones))

        vpc = ClosedVpc(
            f"{name}-vpc",
            ClosedVpcArgs(
                names=names,
                cidr=args.cidr,
                log_retention_days=args.log_retention_days,
                key_arn=args.key_arn,
            ),
            child,
        )
        gateway = aws.ec2.InternetGateway(
            f"{name}-gateway", vpc_id=vpc.vpc_id, tags={"Name": names.prefix}, opts=child
        )
        tasks = task_subnets(
            name,
            names=names,
            vpc_id=vpc.vpc_id,
            cidr_by_zone=dict(zip(args.zones, plan.tasks, strict=True)),
            opts=child,
        )
        (table,) = tasks.route_tables
        way_out = aws.ec2.Route(
            f"{name}-way-out",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=child,
        )
        task_group, to_anywhere = calling_group(name, names=names, vpc_id=vpc.vpc_id, opts=child)

        self.vpc_id = vpc.vpc_id
        self.tasks = TaskNetwork(
            subnet_ids=[subnet.id for subnet in tasks.subnets],
            security_group_ids=[task_group.id],
            assign_public_ip=True,
            ready=[made.id for made in (way_out, *tasks.associations, to_anywhere)],
        )
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "subnet_ids": self.tasks.subnet_ids,
                "security_group_ids": self.tasks.security_group_ids,
            }
        )
