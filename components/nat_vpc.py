"""A network whose tasks call the internet, from addresses that stay, and that nobody can call."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.closed_vpc import ClosedVpc, ClosedVpcArgs
from components.task_network import ANYWHERE, TaskNetwork, calling_group, task_subnets
from definitions.names import Names
from definitions.subnets import plan_subnets


@dataclass(frozen=True, kw_only=True)
class PrivateVpcWithNatArgs:
    """How large the network is, and how much of it a lost zone takes with it."""

    names: Names
    cidr: str
    """IPv4 block of the VPC, /16 to /24."""
    zones: list[str]
    """Availability zones, one task subnet each."""
    gateway_each: bool
    """Whether each zone has a NAT gateway of its own; else all go through the first zone's."""
    log_retention_days: int
    """Days to keep flow logs."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the flow logs."""

    def __post_init__(self) -> None:
        plan_subnets(self.cidr, len(self.zones))


class PrivateVpcWithNat(pulumi.ComponentResource):
    """Private subnets for tasks, and beside them NAT gateways in public ones.

    S3 is reached through a gateway endpoint, which costs nothing: image layers would be the most
    of what the NAT gateways carry. Its policy is AWS's own, for the internet is open to tasks
    anyway.

    Children: ``<name>-vpc``, ``<name>-gateway``, ``<name>-public-routes``,
    ``<name>-public-way-out``; for each NAT gateway ``<name>-public-<zone>``,
    ``<name>-public-<zone>-routes``, ``<name>-address-<zone>``, ``<name>-nat-<zone>`` and
    ``<name>-way-out-<zone>``; ``<name>-routes``, or for each zone ``<name>-routes-<zone>``; for
    each zone ``<name>-tasks-<zone>`` and ``<name>-tasks-<zone>-routes``; ``<name>-s3``,
    ``<name>-task-group``, ``<name>-to-anywhere``.
    """

    pulumi_type = "fargate-batch:index:PrivateVpcWithNat"

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    tasks: TaskNetwork
    """What a job needs to know."""

    def __init__(
        self, name: str, args: PrivateVpcWithNatArgs, opts: pulumi.ResourceOptions | None = None
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
        public_routes = aws.ec2.RouteTable(
            f"{name}-public-routes",
            vpc_id=vpc.vpc_id,
            tags={"Name": names.of("public")},
            opts=child,
        )
        public_way_out = aws.ec2.Route(
            f"{name}-public-way-out",
            route_table_id=public_routes.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=child,
        )
        tasks = task_subnets(
            name,
            names=names,
            vpc_id=vpc.vpc_id,
            cidr_by_zone=dict(zip(args.zones, plan.tasks, strict=True)),
            table_each=args.gateway_each,
            opts=child,
        )
        ways_out: list[aws.ec2.Route] = []
        # One table, one gateway: both stop at the shorter list.
        for zone, cidr, table in zip(args.zones, plan.ways_out, tasks.route_tables, strict=False):
            public = aws.ec2.Subnet(
                f"{name}-public-{zone}",
                vpc_id=vpc.vpc_id,
                availability_zone=zone,
                cidr_block=cidr,
                tags={"Name": names.of(f"public-{zone}")},
                opts=child,
            )
            association = aws.ec2.RouteTableAssociation(
                f"{name}-public-{zone}-routes",
                subnet_id=public.id,
                route_table_id=public_routes.id,
                opts=child,
            )
            address = aws.ec2.Eip(
                f"{name}-address-{zone}",
                domain="vpc",
                tags={"Name": names.of(f"nat-{zone}")},
                opts=child,
            )
            nat = aws.ec2.NatGateway(
                f"{name}-nat-{zone}",
                subnet_id=public.id,
                allocation_id=address.allocation_id,
                tags={"Name": names.of(zone)},
                # AWS makes none in a VPC that has no internet gateway yet.
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=[gateway, public_way_out, association]
                ),
            )
            ways_out.append(
                aws.ec2.Route(
                    f"{name}-way-out-{zone}",
                    route_table_id=table.id,
                    destination_cidr_block=ANYWHERE,
                    nat_gateway_id=nat.id,
                    opts=child,
                )
            )
        s3 = aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.vpc_id,
            service_name=f"com.amazonaws.{names.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tasks.route_tables],
            tags={"Name": names.of("s3")},
            opts=child,
        )
        task_group, to_anywhere = calling_group(name, names=names, vpc_id=vpc.vpc_id, opts=child)

        self.vpc_id = vpc.vpc_id
        self.tasks = TaskNetwork(
            subnet_ids=[subnet.id for subnet in tasks.subnets],
            security_group_ids=[task_group.id],
            assign_public_ip=False,
            ready=[made.id for made in (*ways_out, *tasks.associations, to_anywhere, s3)],
        )
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "subnet_ids": self.tasks.subnet_ids,
                "security_group_ids": self.tasks.security_group_ids,
            }
        )
