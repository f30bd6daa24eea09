"""Customer keys and their aliases. Nothing is encrypted in a rehearsal."""

from typing import Any

from rehearsal.provider.documents import services, statements
from rehearsal.provider.registry import (
    Call,
    Found,
    creates,
    deletes,
    known,
    objects,
    reads,
    tagging,
    texts,
    updates,
    within,
)

DELETION_WINDOW_DAYS = (7, 30)
ROTATION_PERIOD_DAYS = (90, 2_560)

_WAITING = ("PendingDeletion", "PendingReplicaDeletion")


KEY = "aws:kms/key:Key"
ALIAS = "aws:kms/alias:Alias"


@creates(
    KEY,
    replaces={"multiRegion"},
    only_later={"deletionWindowInDays"},
    tags=tagging("kms", "KeyId", of="id", words=("TagKey", "TagValue"), lists="list_resource_tags"),
)
def create_key(call: Call) -> str:
    """Make a symmetric key; a policy under which nobody could change it is refused, as by AWS."""
    args, kms = call.args, call.client("kms")
    within("deletionWindowInDays", args.get("deletionWindowInDays"), *DELETION_WINDOW_DAYS)
    made = kms.create_key(
        **known({"Policy": _policy(call), "Tags": call.tag_list("TagKey", "TagValue")}),
        **args.some(Description="description", MultiRegion="multiRegion"),
    )["KeyMetadata"]
    call.id = made["KeyId"]
    _rotate_and_enable(call)
    return call.id


@reads(KEY)
def read_key(call: Call) -> Found | None:
    """Look at a key; one that waits for its deletion is gone."""
    kms = call.client("kms")
    found = kms.describe_key(KeyId=call.id)["KeyMetadata"]
    if found["KeyState"] == "PendingDeletion":
        return None
    rotation = kms.get_key_rotation_status(KeyId=call.id)
    on = rotation["KeyRotationEnabled"]
    policy = {"policy": kms.get_key_policy(KeyId=call.id, PolicyName="default")["Policy"]}
    given = call.args.get("policy") is not None
    return {
        **(policy if given else {}),
        "description": found.get("Description") or None,
        "enableKeyRotation": on,
        "isEnabled": found["Enabled"],
        "rotationPeriodInDays": rotation.get("RotationPeriodInDays") if on else None,
    }, {**({} if given else policy), "arn": found["Arn"], "keyId": found["KeyId"]}


@updates(KEY)
def update_key(call: Call) -> None:
    """Change a key's policy, description, rotation and state."""
    kms, policy = call.client("kms"), _policy(call)
    if policy:
        kms.put_key_policy(KeyId=call.id, PolicyName="default", Policy=policy)
    kms.update_key_description(KeyId=call.id, Description=call.args.get("description", ""))
    kms.disable_key_rotation(KeyId=call.id)
    kms.enable_key(KeyId=call.id)
    _rotate_and_enable(call)


@deletes(KEY)
def delete_key(call: Call) -> None:
    """Have a key deleted after its days of waiting; until then it cannot be used."""
    days = call.args.get("deletionWindowInDays", DELETION_WINDOW_DAYS[1])
    if call.client("kms").describe_key(KeyId=call.id)["KeyMetadata"]["KeyState"] in _WAITING:
        return
    call.client("kms").schedule_key_deletion(KeyId=call.id, PendingWindowInDays=days)


@creates(ALIAS)
def create_alias(call: Call) -> str:
    """Name a key."""
    kms, name = call.client("kms"), call.args.get("name") or f"alias/{call.physical_name()}"
    call.args.get("namePrefix")
    kms.create_alias(AliasName=name, TargetKeyId=_target(call))
    return name


@reads(ALIAS)
def read_alias(call: Call) -> Found | None:
    """Look at which key a name has."""
    kms = call.client("kms")
    pages = kms.get_paginator("list_aliases").paginate()
    found = [alias for page in pages for alias in page["Aliases"] if alias["AliasName"] == call.id]
    if not found:
        return None
    target = kms.describe_key(KeyId=found[0]["TargetKeyId"])["KeyMetadata"]
    return {"targetKeyId": target["KeyId"]}, {
        "name": call.id,
        "arn": call.arn("kms", call.id),
        "targetKeyArn": target["Arn"],
    }


@updates(ALIAS)
def update_alias(call: Call) -> None:
    """Give a name to another key."""
    call.client("kms").update_alias(AliasName=call.id, TargetKeyId=_target(call))


@deletes(ALIAS)
def delete_alias(call: Call) -> None:
    """Take a name from its key."""
    call.client("kms").delete_alias(AliasName=call.id)


def check_key(call: Call, argument: str, arn: str, service: str | None = None) -> None:
    """Refuse a key that does not exist, or whose policy leaves out a service that must use it.

    AWS-managed keys (``alias/aws/...``) always exist.

    Raises:
        ValueError: a line that names the argument and the key.
    """
    if "alias/aws/" in arn:
        return
    kms: Any = call.client("kms")
    try:
        kms.describe_key(KeyId=arn)
        policy = kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    except kms.exceptions.NotFoundException:
        raise ValueError(f"{argument}: there is no key {arn}") from None
    allowed = [
        principal
        for statement in statements(argument, policy)
        if statement["Effect"] == "Allow"
        for principal in services(statement)
    ]
    if service and service not in allowed:
        raise ValueError(f"{argument}: the policy of {arn} does not let {service} use it")


def _policy(call: Call) -> str | None:
    policy: str | None = call.args.get("policy")
    if policy is not None:
        _check_key_policy(call, policy)
    return policy


def _rotate_and_enable(call: Call) -> None:
    args, kms = call.args, call.client("kms")
    rotation, period = args.get("enableKeyRotation", False), args.get("rotationPeriodInDays")
    within("rotationPeriodInDays", period, *ROTATION_PERIOD_DAYS)
    if rotation:
        kms.enable_key_rotation(KeyId=call.id, **known({"RotationPeriodInDays": period}))
    if not args.get("isEnabled", True):
        kms.disable_key(KeyId=call.id)


def _target(call: Call) -> str:
    found = call.client("kms").describe_key(KeyId=call.args.need("targetKeyId"))
    key: str = found["KeyMetadata"]["KeyId"]
    return key


def _check_key_policy(call: Call, policy: str) -> None:
    """Refuse a policy with faulty statements, or that locks the account out of the key."""
    manageable = False
    for statement in statements("policy", policy):
        if not statement.get("Principal"):
            raise ValueError("policy: a statement has no Principal")
        actions = texts(statement.get("Action"))
        if foreign := [action for action in actions if not _of_kms(action)]:
            raise ValueError(f"policy: action {foreign[0]} is not one of kms")
        manageable |= (
            statement["Effect"] == "Allow"
            and _names_account(statement["Principal"], call.account)
            and any(action in ("*", "kms:*", "kms:Put*", "kms:PutKeyPolicy") for action in actions)
        )
    if not manageable:
        raise ValueError(
            "policy: nobody in the account could change it afterwards; allow "
            f"arn:aws:iam::{call.account}:root kms:*"
        )


def _of_kms(action: str) -> bool:
    return action == "*" or action.lower().startswith("kms:")


def _names_account(principal: Any, account: str) -> bool:
    if principal == "*":
        return True
    named = [name for part in objects(principal) for name in texts(part.get("AWS"))]
    return any(name in ("*", account) or f":{account}:" in name for name in named)
