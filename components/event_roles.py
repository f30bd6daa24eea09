"""The roles with which events start jobs."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.names import Names
from definitions.policies import roles, trust


@dataclass(frozen=True, kw_only=True)
class EventRolesArgs:
    """What events there are."""

    names: Names
    rules: bool
    """Whether some job listens to EventBridge."""
    pipes: bool
    """Whether some job listens to a queue."""


class EventRoles(pulumi.ComponentResource):
    """One role for the rules of all jobs, one for their pipes, where there are any.

    Children: ``<name>-rules-role``, ``<name>-rules-policy``, ``<name>-pipes-role``,
    ``<name>-pipes-policy``.
    """

    pulumi_type = "fargate-batch:index:EventRoles"

    rule_role_arn: pulumi.Output[str] | None = None
    """ARN of the role of the rules; known once its policy is attached."""
    pipe_role_arn: pulumi.Output[str] | None = None
    """ARN of the role of the pipes; known once its policy is attached."""

    def __init__(
        self, name: str, args: EventRolesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        names = args.names
        if args.rules:
            self.rule_role_arn = self._role(
                f"{name}-rules",
                names.of("triggers"),
                "Rules of jobs: start the dispatcher",
                trust.rule_trust(names, names.chosen("*")),
                roles.rule_policy(names, names.of("dispatcher")),
            )
        if args.pipes:
            self.pipe_role_arn = self._role(
                f"{name}-pipes",
                names.of("pipes"),
                "Pipes of jobs: take messages, start the dispatcher",
                trust.pipes_trust(names),
                roles.pipes_policy(names),
            )
        self.register_outputs({})

    def _role(
        self, name: str, role_name: str, description: str, trusted: str, policy: str
    ) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            name=role_name,
            description=description,
            assume_role_policy=trusted,
            opts=child,
        )
        attached = aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=policy, opts=child)
        return pulumi.Output.all(role.arn, attached.id).apply(lambda made: made[0])
