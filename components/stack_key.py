"""The one customer key of a stack."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.names import Names
from definitions.policies import resources


@dataclass(frozen=True, kw_only=True)
class StackKeyArgs:
    """Whose key it is."""

    names: Names


class StackKey(pulumi.ComponentResource):
    """A KMS key for topics, logs, secrets and images.

    Topics need a customer key: the policy of the key that AWS manages for SNS cannot be edited,
    and CloudWatch alarms may not use it. Children: ``<name>-key``, ``<name>-alias``.
    """

    pulumi_type = "fargate-batch:index:StackKey"

    arn: pulumi.Output[str]
    """ARN of the key."""

    def __init__(
        self, name: str, args: StackKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Topics, logs, secrets and images of {args.names.prefix}",
            enable_key_rotation=True,
            policy=resources.key_policy(args.names),
            opts=child,
        )
        aws.kms.Alias(
            f"{name}-alias", name=f"alias/{args.names.prefix}", target_key_id=key.key_id, opts=child
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})
