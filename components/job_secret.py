"""A secret whose values come from the stack's configuration."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.names import Names


@dataclass(frozen=True, kw_only=True)
class JobSecretArgs:
    """What the secret holds."""

    names: Names
    secret: str
    """Name that containers call it by."""
    values: Mapping[str, pulumi.Input[str]]
    """JSON keys and their values; encrypted in the state."""
    key_arn: pulumi.Input[str]
    """Key that encrypts it."""


class JobSecret(pulumi.ComponentResource):
    """A Secrets Manager secret with one JSON object in it.

    Children: ``<name>-secret``, ``<name>-values``.
    """

    pulumi_type = "fargate-batch:index:JobSecret"

    arn: pulumi.Output[str]
    """ARN of the secret; known once it has its values."""

    def __init__(
        self, name: str, args: JobSecretArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            name=args.names.chosen(args.secret),
            kms_key_id=args.key_arn,
            # The values are in the configuration; a window would only keep the name taken.
            recovery_window_in_days=0,
            opts=child,
        )
        values = aws.secretsmanager.SecretVersion(
            f"{name}-values",
            secret_id=secret.id,
            secret_string=pulumi.Output.secret(pulumi.Output.all(**args.values)).apply(
                lambda known: json.dumps(known, sort_keys=True)
            ),
            opts=child,
        )
        self.arn = pulumi.Output.all(secret.arn, values.id).apply(lambda made: made[0])
        self.register_outputs({"arn": self.arn})
