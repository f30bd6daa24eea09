"""What EventBridge and Scheduler deliver to: one call for each kind of target."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws


def send(
    aws: "EmbeddedAws",
    target: dict[str, Any],
    text: str,
    *,
    region: str,
    source: str,
) -> None:
    """Deliver a text on behalf of a rule or schedule (``source``, its ARN).

    Raises:
        ClientError: the target refuses.
        NotImplementedError: nobody knows how to reach it.
    """
    arn: str = target["Arn"]
    service = arn.split(":")[2]
    role = target.get("RoleArn")
    aws.iam.admit(source=source, role=role, target=arn)
    if service == "states" and ":stateMachine:" in arn:
        client = aws.client("stepfunctions", region, role=role)
        client.start_execution(stateMachineArn=arn, input=text)
    elif service == "sns":
        aws.client("sns", region, role=role).publish(TopicArn=arn, Message=text)
    elif service == "sqs":
        group = target.get("SqsParameters", {}).get("MessageGroupId")
        aws.send_to_queue(arn, text, {}, role, group=group)
    elif service == "logs":
        _write_to_log(aws, arn, text, region)
    elif service == "events" and ":api-destination/" in arn:
        aws.webhooks.call(arn, text, role=target["RoleArn"])
    elif service == "ecs" and ":cluster/" in arn:
        aws.client("ecs", region, role=role).run_task(**_task(arn, target, text))
    else:
        raise NotImplementedError(f"target {arn} of {source} is not rehearsed")


def invoke(
    aws: "EmbeddedAws", target: dict[str, Any], text: str, *, region: str, source: str
) -> None:
    """Deliver as Scheduler does: it has two kinds of targets more than EventBridge.

    Raises:
        ClientError: the target refuses.
        NotImplementedError: nobody knows how to reach it.
    """
    arn: str = target["Arn"]
    if ":aws-sdk:" in arn or ":event-bus/" in arn:
        aws.iam.admit(source=source, role=target["RoleArn"], target=arn)
    if ":aws-sdk:" in arn:
        _call(aws, target, text, region)
    elif ":event-bus/" in arn:
        parameters = target["EventBridgeParameters"]
        entry = {
            "EventBusName": arn,
            "DetailType": parameters["DetailType"],
            "Source": parameters["Source"],
            "Detail": text,
            "Resources": [source],
        }
        aws.client("events", region, role=target["RoleArn"]).put_events(Entries=[entry])
    else:
        send(aws, target, text, region=region, source=source)


_SDK_SERVICES = {"sfn": "stepfunctions", "eventbridge": "events"}
"""Where a universal target names a service otherwise than botocore does."""


def _call(aws: "EmbeddedAws", target: dict[str, Any], text: str, region: str) -> None:
    """Make the call that a universal target names; its input holds the parameters."""
    arn: str = target["Arn"]
    service, operation = arn.split(":aws-sdk:")[1].split(":")
    client = aws.client(_SDK_SERVICES.get(service, service), region, role=target["RoleArn"])
    name = f"{operation[0].upper()}{operation[1:]}"
    shape = client.meta.service_model.operation_model(name).input_shape
    parameters = _spelled(shape, json.loads(text))
    try:
        getattr(client, xform_name(name))(**parameters)
    except ParamValidationError as error:  # found out only now, as on AWS
        answer: Any = {"Error": {"Code": "ValidationException", "Message": str(error)}}
        raise ClientError(answer, name) from None


def _spelled(shape: Any, value: Any) -> Any:
    """Write the members as the model does: universal targets write them all in PascalCase."""
    if shape.type_name == "list":
        return [_spelled(shape.member, item) for item in value]
    if shape.type_name != "structure":
        return value
    spellings = {name.lower(): name for name in shape.members}
    known = {spellings.get(name.lower(), name): member for name, member in value.items()}
    return {
        name: _spelled(shape.members[name], member) if name in shape.members else member
        for name, member in known.items()
    }


def _write_to_log(aws: "EmbeddedAws", arn: str, text: str, region: str) -> None:
    logs, now = aws.client("logs", region), aws.clock.now()
    place = {
        "logGroupName": arn.split(":")[6],
        "logStreamName": f"{json.loads(text).get('id', now.isoformat())}",
    }
    logs.create_log_stream(**place)
    logs.put_log_events(
        **place, logEvents=[{"timestamp": round(now.timestamp() * 1_000), "message": text}]
    )


def _task(cluster: str, target: dict[str, Any], text: str) -> dict[str, Any]:
    """Return the parameters of RunTask: those of the target, with the input as overrides."""
    given: dict[str, Any] = target["EcsParameters"]
    vpc = given.get("NetworkConfiguration", {}).get("awsvpcConfiguration")
    known = {
        "cluster": cluster,
        "taskDefinition": given["TaskDefinitionArn"],
        "count": given.get("TaskCount", 1),
        "launchType": given.get("LaunchType"),
        "platformVersion": given.get("PlatformVersion"),
        "group": given.get("Group"),
        "networkConfiguration": vpc and {"awsvpcConfiguration": _camel(vpc)},
        "overrides": json.loads(text) if "containerOverrides" in text else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _camel(members: dict[str, Any]) -> dict[str, Any]:
    return {f"{name[0].lower()}{name[1:]}": value for name, value in members.items()}
