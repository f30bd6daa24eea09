"""Tables."""

import re
from typing import Any

from rehearsal.provider.registry import (
    NAME,
    Call,
    Found,
    creates,
    deletes,
    is_gone,
    one_of,
    reads,
    tagging,
    updates,
)

TABLE = "aws:dynamodb/table:Table"

_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
_TYPES = ("S", "N", "B")
"""Texts, numbers, bytes: what a key's values can be."""


@creates(
    TABLE,
    replaces=NAME | {"attributes", "hashKey", "rangeKey"},
    tags=tagging("dynamodb", "ResourceArn", lists="list_tags_of_resource"),
)
def create_table(call: Call) -> str:
    """Make a table that is paid by the request."""
    args, name = call.args, call.physical_name()
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}: letters, digits and _ . -, 3 to 255")
    keys = {"HASH": args.need("hashKey"), "RANGE": args.get("rangeKey")}
    types = {
        part.need("name"): one_of("attributes.type", part.need("type"), _TYPES)
        for part in args.parts("attributes")
    }
    if set(types) != {key for key in keys.values() if key}:
        raise ValueError(
            "attributes: name the keys and nothing else (ValidationException: Number of "
            "attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions)"
        )
    made = call.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": kind} for kind, key in keys.items() if key],
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": kind} for key, kind in types.items()
        ],
        DeletionProtectionEnabled=args.get("deletionProtectionEnabled", False),
        **({"Tags": call.tag_list()} if call.tags else {}),
    )["TableDescription"]
    call.id, call.outputs["arn"] = name, made["TableArn"]
    update_table(call)
    return name


@reads(TABLE)
def read_table(call: Call) -> Found | None:
    """Look at a table."""
    dynamodb = call.client("dynamodb")
    try:
        found = dynamodb.describe_table(TableName=call.id)["Table"]
    except dynamodb.exceptions.ClientError as error:
        if is_gone(error):
            return None
        raise
    key_of = {key["KeyType"]: key["AttributeName"] for key in found["KeySchema"]}
    expiring = _expiring(call)
    return {
        "billingMode": found["BillingModeSummary"]["BillingMode"],
        "hashKey": key_of["HASH"],
        "rangeKey": key_of.get("RANGE"),
        "attributes": [
            {"name": one["AttributeName"], "type": one["AttributeType"]}
            for one in found["AttributeDefinitions"]
        ],
        "deletionProtectionEnabled": found.get("DeletionProtectionEnabled", False),
        "pointInTimeRecovery": {"enabled": _is_recoverable(call)},
        "ttl": {"attributeName": expiring, "enabled": True} if expiring else None,
    }, {"arn": found["TableArn"], "name": call.id}


@updates(TABLE)
def update_table(call: Call) -> None:
    """Say how far a table can be put back, when its items expire, and whether it may go."""
    args, dynamodb = call.args, call.client("dynamodb")
    one_of("billingMode", args.need("billingMode"), ("PAY_PER_REQUEST",))
    recovery, expiry = args.part("pointInTimeRecovery"), args.part("ttl")
    wanted = bool(recovery and recovery.need("enabled"))
    if wanted != _is_recoverable(call):
        dynamodb.update_continuous_backups(
            TableName=call.id,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": wanted},
        )
    attribute = expiry.need("attributeName") if expiry and expiry.need("enabled") else None
    standing = _expiring(call)
    if standing and standing != attribute:
        _set_expiry(dynamodb, call.id, standing, enabled=False)
    if attribute and standing != attribute:
        _set_expiry(dynamodb, call.id, attribute, enabled=True)
    protected = args.get("deletionProtectionEnabled", False)
    dynamodb.update_table(TableName=call.id, DeletionProtectionEnabled=protected)


@deletes(TABLE)
def delete_table(call: Call) -> None:
    """Delete a table with its items."""
    if read_table(call):
        call.client("dynamodb").delete_table(TableName=call.id)


def _is_recoverable(call: Call) -> bool:
    answer = call.client("dynamodb").describe_continuous_backups(TableName=call.id)
    recovery: Any = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    return recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def _expiring(call: Call) -> str | None:
    """Return the attribute by which items expire, if they do."""
    answer = call.client("dynamodb").describe_time_to_live(TableName=call.id)
    expiry: Any = answer["TimeToLiveDescription"]
    return expiry["AttributeName"] if expiry["TimeToLiveStatus"] == "ENABLED" else None


def _set_expiry(dynamodb: Any, table: str, attribute: str, *, enabled: bool) -> None:
    dynamodb.update_time_to_live(
        TableName=table,
        TimeToLiveSpecification={"AttributeName": attribute, "Enabled": enabled},
    )
