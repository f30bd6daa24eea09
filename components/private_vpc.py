"""A network without any way to the internet: tasks reach the AWS services they need, no more."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.closed_vpc import ClosedVpc, ClosedVpcArgs
from components.task_network import HTTPS, TaskNetwork, task_subnets
from definitions.endpoints import GATEWAYS
from definitions.names import Names
from definitions.policies import resources
from definitions.subnets import plan_subnets


@dataclass(frozen=True, kw_only=True)
class PrivateVpcWithEndpointsArgs:
    """How large the network is and which services its tasks reach."""

    names: Names
    cidr: str
    """IPv4 block of the VPC, /16 to /24."""
    zones: list[str]
    """Availability zones, one task subnet and one endpoint subnet each."""
    services: list[str]
    """Services by the last part of their endpoint's name: ``ecr.api``, ``logs``, ``dynamodb``.

    ``s3`` is among them where programs call it; image layers come from there in any case.
    """
    log_retention_days: int
    """Days to keep flow logs."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the flow logs."""

    def __post_init__(self) -> None:
        plan_subnets(self.cidr, len(self.zones))
        if not self.services:
            raise ValueError("services: without an endpoint no task could start; name at least one")


class PrivateVpcWithEndpoints(pulumi.ComponentResource):
    """Private subnets for tasks, and beside them endpoints of the services that tasks call.

    Children: ``<name>-vpc``, ``<name>-routes``, for each zone ``<name>-tasks-<zone>``,
    ``<name>-tasks-<zone>-routes`` and ``<name>-endpoints-<zone>``, ``<name>-task-group``,
    ``<name>-endpoint-group``, the rules between them (``<name>-tasks-in``, ``<name>-to-endpoints``,
    ``<name>-to-s3``), ``<name>-s3`` and an endpoint ``<name>-<service>`` each; for DynamoDB, whose
    endpoint is a route as that of S3, a rule ``<name>-to-dynamodb`` too.
    """

    pulumi_type = "fargate-batch:index:PrivateVpcWithEndpoints"

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    tasks: TaskNetwork
    """What a job needs to know."""

    def __init__(
        self,
        name: str,
        args: PrivateVpcWithEndpointsArgs,
        opts: pulumi.ResourceOptions | None = None,
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

        # Their table never gets a route out, only the S3 endpoint's.
        tasks = task_subnets(
            name,
            names=names,
            vpc_id=vpc.vpc_id,
            cidr_by_zone=dict(zip(args.zones, plan.tasks, strict=True)),
            opts=child,
        )
        endpoint_subnets = [
            aws.ec2.Subnet(
                f"{name}-endpoints-{zone}",
                vpc_id=vpc.vpc_id,
                availability_zone=zone,
                cidr_block=cidr,
                tags={"Name": names.of(f"endpoints-{zone}")},
                opts=child,
            )
            for zone, cidr in zip(args.zones, plan.ways_out, strict=True)
        ]

        # Groups without inline rules; the rules that follow are the only ones.
        task_group = aws.ec2.SecurityGroup(
            f"{name}-task-group",
            name=names.of("tasks"),
            description="Batch tasks: nobody calls them, they call endpoints and S3",
            vpc_id=vpc.vpc_id,
            opts=child,
        )
        endpoint_group = aws.ec2.SecurityGroup(
            f"{name}-endpoint-group",
            name=names.of("endpoints"),
            description="Endpoints: called by batch tasks",
            vpc_id=vpc.vpc_id,
            opts=child,
        )
        gateways = {
            service: aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=vpc.vpc_id,
                service_name=f"com.amazonaws.{names.region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=[table.id for table in tasks.route_tables],
                policy=resources.s3_endpoint_policy(names, programs="s3" in args.services)
                if service == "s3"
                else resources.endpoint_policy(names),
                tags={"Name": names.of(service)},
                opts=child,
            )
            for service in GATEWAYS
            if service == "s3" or service in args.services
        }
        rules = [
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-tasks-in",
                security_group_id=endpoint_group.id,
                referenced_security_group_id=task_group.id,
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                description="From batch tasks",
                opts=child,
            ),
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-to-endpoints",
                security_group_id=task_group.id,
                referenced_security_group_id=endpoint_group.id,
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                description="To the endpoints",
                opts=child,
            ),
            *(
                aws.vpc.SecurityGroupEgressRule(
                    f"{name}-to-{service}",
                    security_group_id=task_group.id,
                    prefix_list_id=gateway.prefix_list_id,
                    ip_protocol="tcp",
                    from_port=HTTPS,
                    to_port=HTTPS,
                    description=f"To {GATEWAYS[service]}",
                    opts=child,
                )
                for service, gateway in gateways.items()
            ),
        ]
        endpoints = [
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=vpc.vpc_id,
                service_name=f"com.amazonaws.{names.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[subnet.id for subnet in endpoint_subnets],
                security_group_ids=[endpoint_group.id],
                policy=resources.endpoint_policy(names),
                tags={"Name": names.of(service)},
                opts=child,
            )
            for service in sorted(set(args.services) - set(GATEWAYS))
        ]

        self.vpc_id = vpc.vpc_id
        self.tasks = TaskNetwork(
            subnet_ids=[subnet.id for subnet in tasks.subnets],
            security_group_ids=[task_group.id],
            assign_public_ip=False,
            ready=[
                made.id for made in (*tasks.associations, *rules, *gateways.values(), *endpoints)
            ],
        )
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "subnet_ids": self.tasks.subnet_ids,
                "security_group_ids": self.tasks.security_group_ids,
            }
        )
