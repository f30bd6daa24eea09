"""Secrets and their values."""

import re

from rehearsal.provider.kms import check_key
from rehearsal.provider.registry import (
    Call,
    Found,
    creates,
    deletes,
    known,
    reads,
    tagging,
    updates,
)

RECOVERY_DAYS = (0, *range(7, 31))
"""Days in which a deleted secret can be had back; 0 deletes at once."""
MAX_SECRET_BYTES = 65_536

CURRENT = "AWSCURRENT"
"""Stage of the value that is read where none is named. The last value goes with its secret."""
DEFAULT_KEY = "alias/aws/secretsmanager"
"""Where a secret names no key."""

_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")


SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"


@creates(
    SECRET,
    only_later={"recoveryWindowInDays"},
    tags=tagging("secretsmanager", "SecretId", of="id", lists="describe_secret"),
)
def create_secret(call: Call) -> str:
    """Make a secret without a value."""
    args, name = call.args, call.physical_name()
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}: letters, digits and /_+=.@-, at most 512")
    days = _recovery_days(call)
    if days not in RECOVERY_DAYS:
        raise ValueError(f"recoveryWindowInDays is {days}, but AWS takes 0 or 7 to 30")
    arn: str = call.client("secretsmanager").create_secret(
        Name=name,
        **known({"KmsKeyId": _key(call), "Tags": call.tag_list()}),
        **args.some(Description="description"),
    )["ARN"]
    return arn


@reads(SECRET)
def read_secret(call: Call) -> Found | None:
    """Look at a secret; one that waits for its deletion is gone."""
    found = call.client("secretsmanager").describe_secret(SecretId=call.id)
    if found.get("DeletedDate"):
        return None
    return {"description": found.get("Description") or None, "kmsKeyId": found.get("KmsKeyId")}, {
        "arn": call.id,
        "name": found["Name"],
        "recoveryWindowInDays": _recovery_days(call),
    }


@updates(SECRET)
def update_secret(call: Call) -> None:
    """Change what a secret is encrypted with, and its description."""
    call.client("secretsmanager").update_secret(
        SecretId=call.id,
        Description=call.args.get("description", ""),
        KmsKeyId=_key(call) or DEFAULT_KEY,
    )


@deletes(SECRET)
def delete_secret(call: Call) -> None:
    """Delete a secret, after its days of waiting or at once."""
    secrets, days = call.client("secretsmanager"), _recovery_days(call)
    how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    if days and secrets.describe_secret(SecretId=call.id).get("DeletedDate"):
        return
    secrets.delete_secret(SecretId=call.id, **how)


@creates(VERSION, replaces={"secretId", "secretString"})
def create_version(call: Call) -> str:
    """Give a secret its value."""
    owner, value = call.args.need("secretId"), call.args.need("secretString")
    if len(value.encode()) > MAX_SECRET_BYTES:
        raise ValueError(f"secretString has more than {MAX_SECRET_BYTES:,} bytes")
    made = call.client("secretsmanager").put_secret_value(
        SecretId=owner,
        SecretString=value,
        VersionStages=call.args.get("versionStages", [CURRENT]),
    )
    return f"{made['ARN']}|{made['VersionId']}"


@reads(VERSION)
def read_version(call: Call) -> Found | None:
    """Look at a value; without a stage it is on its way out."""
    owner, _, version = call.id.partition("|")
    secrets = call.client("secretsmanager")
    if secrets.describe_secret(SecretId=owner).get("DeletedDate"):
        return None
    found = secrets.get_secret_value(SecretId=owner, VersionId=version)
    stages = {"versionStages": found["VersionStages"]}
    given = call.args.get("versionStages") is not None
    return {"secretString": found["SecretString"], **(stages if given else {})}, {
        **({} if given else stages),
        "arn": owner,
        "secretArn": owner,
        "secretId": owner,
        "versionId": version,
    }


@updates(VERSION)
def update_version(call: Call) -> None:
    """Move stages to this value."""
    owner, _, version = call.id.partition("|")
    secrets = call.client("secretsmanager")
    wanted = call.args.get("versionStages", [CURRENT])
    for stage in [stage for stage in wanted if stage not in call.outputs["versionStages"]]:
        secrets.update_secret_version_stage(
            SecretId=owner, VersionStage=stage, MoveToVersionId=version
        )
    for stage in [stage for stage in call.outputs["versionStages"] if stage not in wanted]:
        secrets.update_secret_version_stage(
            SecretId=owner, VersionStage=stage, RemoveFromVersionId=version
        )


def _recovery_days(call: Call) -> int:
    days: int = call.args.get("recoveryWindowInDays", 30)
    return days


def _key(call: Call) -> str | None:
    key: str | None = call.args.get("kmsKeyId")
    if key:
        check_key(call, "kmsKeyId", key)
    return key
