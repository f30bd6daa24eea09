"""A table that only this account reaches, with a way back to any second of the last 35 days."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.names import Names

TEXT = "S"
"""Type of an attribute whose values are texts."""


@dataclass(frozen=True, kw_only=True)
class PrivateTableArgs:
    """How items are found, and when they go."""

    names: Names
    table: str
    """Name that containers call it by."""
    partition_key: str
    """Attribute that items are found by."""
    sort_key: str | None
    """Attribute that tells items of one partition key apart; ``None``: there is one item each."""
    expire_attribute: str | None
    """Attribute with the second since 1970 after which an item goes; ``None`` keeps them."""


class PrivateTable(pulumi.ComponentResource):
    """A DynamoDB table, paid by the request, encrypted by DynamoDB's own key.

    Child: ``<name>-table``.
    """

    pulumi_type = "fargate-batch:index:PrivateTable"

    table_name: pulumi.Output[str]
    """Name of the table in DynamoDB."""

    def __init__(
        self, name: str, args: PrivateTableArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        keys = [key for key in (args.partition_key, args.sort_key) if key is not None]
        table = aws.dynamodb.Table(
            f"{name}-table",
            name=args.names.chosen(args.table),
            billing_mode="PAY_PER_REQUEST",
            hash_key=args.partition_key,
            range_key=args.sort_key,
            attributes=[{"name": key, "type": TEXT} for key in keys],
            ttl=None
            if args.expire_attribute is None
            else {"attribute_name": args.expire_attribute, "enabled": True},
            point_in_time_recovery={"enabled": True},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.table_name = table.name
        self.register_outputs({"table_name": self.table_name})
