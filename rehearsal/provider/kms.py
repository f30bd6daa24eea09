"""Customer keys and their aliases. Nothing is encrypted in a rehearsal."""

from typing import Any

from rehearsal.provider.documents import services, statements
from rehearsal.provider.registry import Call, Made, creates, known, objects, texts, within

DELETION_WINDOW_DAYS = (7, 30)
ROTATION_PERIOD_DAYS = (90, 2_560)


@creates("aws:kms/key:Key", tagged=True)
def key(call: Call) -> Made:
    """Make a symmetric key; a policy under which nobody could change it is refused, as by AWS."""
    args, kms = call.args, call.client("kms")
    policy = args.get("policy")
    within("deletionWindowInDays", args.get("deletionWindowInDays"), *DELETION_WINDOW_DAYS)
    rotation, period = args.get("enableKeyRotation", False), args.get("rotationPeriodInDays")
    within("rotationPeriodInDays", period, *ROTATION_PERIOD_DAYS)
    if policy is not None:
        _check_key_policy(call, policy)
    made = kms.create_key(
        **known({"Policy": policy, "Tags": call.tag_list("TagKey", "TagValue")}),
        **args.some(Description="description", MultiRegion="multiRegion"),
    )["KeyMetadata"]
    if rotation:
        kms.enable_key_rotation(KeyId=made["KeyId"], **known({"RotationPeriodInDays": period}))
    if not (enabled := args.get("isEnabled", True)):
        kms.disable_key(KeyId=made["KeyId"])
    return made["KeyId"], {
        "arn": made["Arn"],
        "keyId": made["KeyId"],
        "description": made["Description"],
        "enableKeyRotation": rotation,
        "isEnabled": enabled,
        "policy": policy or kms.get_key_policy(KeyId=made["KeyId"], PolicyName="default")["Policy"],
    }


@creates("aws:kms/alias:Alias")
def alias(call: Call) -> Made:
    """Name a key."""
    kms, name = call.client("kms"), call.args.get("name") or f"alias/{call.physical_name()}"
    call.args.get("namePrefix")
    target = kms.describe_key(KeyId=call.args.need("targetKeyId"))["KeyMetadata"]
    kms.create_alias(AliasName=name, TargetKeyId=target["KeyId"])
    return name, {"name": name, "arn": call.arn("kms", name), "targetKeyArn": target["Arn"]}


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
