"""In whose name flows run jobs."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.names import Names
from definitions.policies import roles, trust


@dataclass(frozen=True, kw_only=True)
class FlowRoleArgs:
    """Whose flows they are."""

    names: Names
    tracing: bool
    """Whether state machines send traces to X-Ray."""


class FlowRole(pulumi.ComponentResource):
    """The role that all flows of a stack share. Children: ``<name>-role``, ``<name>-policy``."""

    pulumi_type = "fargate-batch:index:FlowRole"

    arn: pulumi.Output[str]
    """ARN of the role; known once its policy is attached."""

    def __init__(
        self, name: str, args: FlowRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            name=args.names.of("flows"),
            description="Machines of the flows: start, watch and stop runs of jobs",
            assume_role_policy=trust.machine_trust(args.names, args.names.chosen("*")),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=roles.flows_policy(args.names, tracing=args.tracing),
            opts=child,
        )
        # A machine made before its role's policy may be refused: what needs the role waits here.
        self.arn = pulumi.Output.all(role.arn, policy.id).apply(lambda made: made[0])
        self.register_outputs({"arn": self.arn})
