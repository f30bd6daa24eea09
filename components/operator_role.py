"""The role of the people who look after a deployed stack."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.names import Names
from definitions.policies import people, trust


@dataclass(frozen=True, kw_only=True)
class OperatorRoleArgs:
    """Whose role it is."""

    names: Names
    operators: Sequence[str]
    """ARNs of the roles and users that may assume it."""


class OperatorRole(pulumi.ComponentResource):
    """A role with which ``python -m ops`` does all that it can, and nothing else.

    Children: ``<name>-role``, ``<name>-policy``.
    """

    pulumi_type = "fargate-batch:index:OperatorRole"

    arn: pulumi.Output[str]
    """ARN of the role."""

    def __init__(
        self, name: str, args: OperatorRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            name=args.names.of("operator"),
            description="People: start, stop, pause and ask",
            assume_role_policy=trust.operator_trust(args.operators),
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=people.operator_policy(args.names),
            opts=child,
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
