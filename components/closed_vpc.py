"""The VPC under every network that the stack makes itself."""

import re
from dataclasses import dataclass
from functools import partial

import pulumi
import pulumi_aws as aws

from definitions.names import Names
from definitions.policies import roles, trust

FLOW_LOG_GROUP = "flow-logs"
_NETWORKS = ("PublicVpc", "PrivateVpcWithNat", "PrivateVpcWithEndpoints")
"""Components that have such a network, one for each ``network.mode``."""


@dataclass(frozen=True, kw_only=True)
class ClosedVpcArgs:
    """Size of the network and where its flow logs go."""

    names: Names
    cidr: str
    """IPv4 block of the whole VPC."""
    log_retention_days: int
    """Days to keep flow logs."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the flow logs."""


class ClosedVpc(pulumi.ComponentResource):
    """A VPC that nothing enters or leaves until somebody adds a way, and that logs refusals.

    Children: ``<name>-network``, ``<name>-default-group``, ``<name>-flow-logs-group``,
    ``<name>-flow-logs-role``, ``<name>-flow-logs-policy``, ``<name>-flow-logs``.
    """

    pulumi_type = "fargate-batch:index:ClosedVpc"

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""

    def __init__(
        self, name: str, args: ClosedVpcArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names = args.names

        vpc = aws.ec2.Vpc(
            f"{name}-network",
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # private names of endpoints need both
            tags={"Name": names.prefix},
            opts=child,
        )
        # Every VPC is born with a group that lets its members talk to each other: without rules
        # of its own, this resource takes them away.
        aws.ec2.DefaultSecurityGroup(f"{name}-default-group", vpc_id=vpc.id, opts=child)

        # Their names are taken while a network of another mode makes way for this one: it hands
        # them over.
        in_other_modes = [
            pulumi.Alias(parent=self.urn.apply(partial(_below, network))) for network in _NETWORKS
        ]
        named = pulumi.ResourceOptions(parent=self, aliases=in_other_modes)
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-flow-logs-group",
            name=names.log_group(FLOW_LOG_GROUP),
            retention_in_days=args.log_retention_days,
            kms_key_id=args.key_arn,
            opts=named,
        )
        role = aws.iam.Role(
            f"{name}-flow-logs-role",
            name=names.of("flow-logs"),
            description="Flow logs of the network: write to their group",
            assume_role_policy=trust.flow_logs_trust(names),
            opts=named,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-flow-logs-policy",
            role=role.name,
            policy=roles.flow_logs_policy(names, names.log_group(FLOW_LOG_GROUP)),
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{name}-flow-logs",
            vpc_id=vpc.id,
            traffic_type="REJECT",  # what was refused is what one looks for, at a tenth of the cost
            log_destination=log_group.arn,
            iam_role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

        self.vpc_id = vpc.id
        self.register_outputs({"vpc_id": self.vpc_id})


def _below(network: str, urn: str) -> str:
    """Return the URN that this component has, or would have, in a network."""
    return re.sub("|".join(_NETWORKS), network, urn)
