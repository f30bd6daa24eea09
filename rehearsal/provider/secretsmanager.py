"""Secrets and their values."""

import re

from rehearsal.provider.kms import check_key
from rehearsal.provider.registry import Call, Made, creates, known

RECOVERY_DAYS = (0, *range(7, 31))
"""Days in which a deleted secret can be had back; 0 deletes at once."""
MAX_SECRET_BYTES = 65_536

_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")


@creates("aws:secretsmanager/secret:Secret", tagged=True)
def secret(call: Call) -> Made:
    """Make a secret without a value."""
    args, name = call.args, call.physical_name()
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}: letters, digits and /_+=.@-, at most 512")
    days = args.get("recoveryWindowInDays", 30)
    if days not in RECOVERY_DAYS:
        raise ValueError(f"recoveryWindowInDays is {days}, but AWS takes 0 or 7 to 30")
    if key := args.get("kmsKeyId"):
        check_key(call, "kmsKeyId", key)
    arn: str = call.client("secretsmanager").create_secret(
        Name=name,
        **known({"KmsKeyId": key, "Tags": call.tag_list()}),
        **args.some(Description="description"),
    )["ARN"]
    return arn, {"arn": arn, "name": name, "recoveryWindowInDays": days}


@creates("aws:secretsmanager/secretVersion:SecretVersion")
def secret_version(call: Call) -> Made:
    """Give a secret its value."""
    owner, value = call.args.need("secretId"), call.args.need("secretString")
    if len(value.encode()) > MAX_SECRET_BYTES:
        raise ValueError(f"secretString has more than {MAX_SECRET_BYTES:,} bytes")
    stages = call.args.get("versionStages", ["AWSCURRENT"])
    made = call.client("secretsmanager").put_secret_value(
        SecretId=owner, SecretString=value, VersionStages=stages
    )
    return f"{made['ARN']}|{made['VersionId']}", {
        "arn": made["ARN"],
        "secretArn": made["ARN"],
        "versionId": made["VersionId"],
        "versionStages": stages,
    }
