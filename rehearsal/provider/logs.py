"""CloudWatch log groups."""

from rehearsal.provider.kms import check_key
from rehearsal.provider.registry import Call, Made, creates, known, one_of

RETENTION_DAYS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653),
)
"""What PutRetentionPolicy takes; 0 is the provider's word for never."""


@creates("aws:cloudwatch/logGroup:LogGroup", tagged=True)
def log_group(call: Call) -> Made:
    """Make a log group; its key must exist and let CloudWatch Logs use it."""
    args, logs, name = call.args, call.client("logs"), call.physical_name()
    days = one_of("retentionInDays", args.get("retentionInDays", 0), RETENTION_DAYS)
    group_class = one_of(
        "logGroupClass",
        args.get("logGroupClass", "STANDARD"),
        ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"),
    )
    if key := args.get("kmsKeyId"):
        check_key(call, "kmsKeyId", key, f"logs.{call.region}.amazonaws.com")
    args.get("skipDestroy")
    logs.create_log_group(
        logGroupName=name, **known({"kmsKeyId": key, "tags": call.tags}), logGroupClass=group_class
    )
    if days:
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    return name, {
        "arn": call.arn("logs", f"log-group:{name}"),
        "name": name,
        "retentionInDays": days,
        "logGroupClass": group_class,
    }
