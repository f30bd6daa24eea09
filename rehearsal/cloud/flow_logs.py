"""VPC flow logs: a connection that a security group refuses is written down, as moto never does."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws


def record_refusal(aws: "EmbeddedAws", ec2: Any, subnet: Any, task_id: str) -> None:
    """Let the flow logs that hear of it write, when all is quiet."""
    for flow_log in list(ec2.flow_logs.values()):
        hears = flow_log.resource_id in (subnet.vpc_id, subnet.id)
        if hears and flow_log.traffic_type in ("REJECT", "ALL") and _group(flow_log):
            aws.clock.soon(
                lambda flow_log=flow_log: _write(aws, flow_log, subnet, task_id), task_id
            )


def _group(flow_log: Any) -> str:
    """Return the log group of a flow log; empty if it writes elsewhere."""
    _, _, group = (flow_log.log_destination or "").partition(":log-group:")
    return flow_log.log_group_name or group.removesuffix(":*")


def _write(aws: "EmbeddedAws", flow_log: Any, subnet: Any, task_id: str) -> None:
    """Write a record with the flow log's role; or say "Access error", which is all AWS says."""
    region, role = flow_log.ec2_backend.region_name, flow_log.deliver_logs_permission_arn
    interface = f"eni-{task_id[:17]}"
    stream = {"logGroupName": _group(flow_log), "logStreamName": f"{interface}-reject"}
    now = aws.clock.now()
    try:
        aws.iam.assume(
            role=role,
            service="vpc-flow-logs.amazonaws.com",
            source_arn=f"arn:aws:ec2:{region}:{aws.account}:vpc-flow-log/{flow_log.id}",
        )
        logs = aws.client("logs", region, role=role)
        found = logs.describe_log_streams(
            logGroupName=stream["logGroupName"], logStreamNamePrefix=stream["logStreamName"]
        )
        if not found["logStreams"]:
            logs.create_log_stream(**stream)
        second = int(now.timestamp())
        # version account interface source destination ports protocol packets bytes start end …
        record = (
            f"2 {aws.account} {interface} {subnet.cidr_block} - - 443 6 1 60 {second} {second} "
            "REJECT OK"
        )
        logs.put_log_events(
            **stream, logEvents=[{"timestamp": round(now.timestamp() * 1_000), "message": record}]
        )
    except ClientError as error:
        aws.unheard.append(f"no record in flow log {flow_log.id}: {error}")
        flow_log.deliver_logs_status = "FAILED"
        flow_log.deliver_logs_error_message = "Access error"
    else:
        flow_log.deliver_logs_status, flow_log.deliver_logs_error_message = "SUCCESS", None
