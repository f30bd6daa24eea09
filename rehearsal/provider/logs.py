"""CloudWatch log groups."""

from rehearsal.provider.kms import check_key
from rehearsal.provider.registry import (
    NAME,
    Call,
    Found,
    creates,
    deletes,
    known,
    one_of,
    reads,
    tagging,
    updates,
)

RETENTION_DAYS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653),
)
"""What PutRetentionPolicy takes; 0 is the provider's word for never."""

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


@creates(
    LOG_GROUP,
    replaces=NAME | {"logGroupClass"},
    only_later={"skipDestroy"},
    tags=tagging("logs", "resourceArn", words=None),
)
def create_log_group(call: Call) -> str:
    """Make a log group; its key must exist and let CloudWatch Logs use it."""
    args, name = call.args, call.physical_name()
    group_class = one_of(
        "logGroupClass",
        args.get("logGroupClass", "STANDARD"),
        ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"),
    )
    days = _retention(call)
    logs = call.client("logs")
    logs.create_log_group(
        logGroupName=name,
        logGroupClass=group_class,
        **known({"kmsKeyId": _key(call), "tags": call.tags}),
    )
    call.id = name
    if days:
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    return name


@reads(LOG_GROUP)
def read_log_group(call: Call) -> Found | None:
    """Look at a log group."""
    answer = call.client("logs").describe_log_groups(logGroupNamePrefix=call.id)
    found = [group for group in answer["logGroups"] if group["logGroupName"] == call.id]
    if not found:
        return None
    return {
        "retentionInDays": found[0].get("retentionInDays", 0),
        "kmsKeyId": found[0].get("kmsKeyId"),
        "logGroupClass": found[0].get("logGroupClass", "STANDARD"),
    }, {"arn": call.arn("logs", f"log-group:{call.id}"), "name": call.id}


@updates(LOG_GROUP)
def update_log_group(call: Call) -> None:
    """Change how long lines are kept, and the key."""
    logs = call.client("logs")
    if days := _retention(call):
        logs.put_retention_policy(logGroupName=call.id, retentionInDays=days)
    else:
        logs.delete_retention_policy(logGroupName=call.id)
    if key := _key(call):
        logs.associate_kms_key(logGroupName=call.id, kmsKeyId=key)
    elif call.outputs.get("kmsKeyId"):
        logs.disassociate_kms_key(logGroupName=call.id)


@deletes(LOG_GROUP)
def delete_log_group(call: Call) -> None:
    """Delete a log group with all that was logged."""
    if not call.args.get("skipDestroy"):
        call.client("logs").delete_log_group(logGroupName=call.id)


def _retention(call: Call) -> int:
    days: int = one_of("retentionInDays", call.args.get("retentionInDays", 0), RETENTION_DAYS)
    return days


def _key(call: Call) -> str | None:
    key: str | None = call.args.get("kmsKeyId")
    if key:
        check_key(call, "kmsKeyId", key, f"logs.{call.region}.amazonaws.com")
    return key
