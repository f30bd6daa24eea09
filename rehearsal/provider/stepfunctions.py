"""State machines and activities."""

import re
from typing import Any

from statelint.linter import Linter  # pyright: ignore[reportMissingTypeStubs] - there are none

from rehearsal.provider.iam import check_role
from rehearsal.provider.registry import (
    NAME,
    Arguments,
    Call,
    Found,
    creates,
    deletes,
    json_object,
    known,
    one_of,
    reads,
    tagging,
    updates,
)

MAX_DEFINITION_BYTES = 1_048_576
"""Size of a definition (Step Functions quotas)."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_RIGHT_ALL_THE_SAME = re.compile(
    r'.*\.(Seconds|TimeoutSeconds|HeartbeatSeconds|MaxConcurrency|Timestamp) is "\{%.*%\}" '
    r'but should be an (Integer|RFC3339 timestamp)|Field "Label" not allowed in .*',
    re.DOTALL,
)
"""What statelint 3.1 says of a JSONata expression for a number or an instant, and of the label of
a distributed Map, although AWS takes them."""


STATE_MACHINE = "aws:sfn/stateMachine:StateMachine"
ACTIVITY = "aws:sfn/activity:Activity"


@creates(
    STATE_MACHINE,
    replaces=NAME | {"type"},
    tags=tagging("stepfunctions", "resourceArn", of="id", words=("key", "value")),
)
def create_state_machine(call: Call) -> str:
    """Make a state machine: its definition is linted, its role must trust Step Functions."""
    kind = one_of("type", call.args.get("type", "STANDARD"), ("STANDARD", "EXPRESS"))
    made = call.client("stepfunctions").create_state_machine(
        name=_checked_name(call),
        type=kind,
        **_machine(call),
        **known({"tags": call.tag_list("key", "value")}),
    )
    arn: str = made["stateMachineArn"]
    return arn


@reads(STATE_MACHINE)
def read_state_machine(call: Call) -> Found:
    """Look at a state machine."""
    found = call.client("stepfunctions").describe_state_machine(stateMachineArn=call.id)
    logging = found.get("loggingConfiguration", {})
    destination = next(
        (each["cloudWatchLogsLogGroup"]["logGroupArn"] for each in logging.get("destinations", [])),
        None,
    )
    tracing = found.get("tracingConfiguration", {})
    return {
        "definition": found["definition"],
        "roleArn": found["roleArn"],
        "type": found["type"],
        "loggingConfiguration": known(
            {
                "level": logging.get("level", "OFF"),
                "includeExecutionData": logging.get("includeExecutionData", False),
                "logDestination": destination,
            }
        ),
        "tracingConfiguration": {"enabled": tracing.get("enabled", False)},
    }, {
        "arn": call.id,
        "name": found["name"],
        "status": found.get("status", "ACTIVE"),
        "creationDate": found["creationDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@updates(STATE_MACHINE)
def update_state_machine(call: Call) -> None:
    """Change a state machine; executions that run go on with what they began with."""
    call.client("stepfunctions").update_state_machine(stateMachineArn=call.id, **_machine(call))


@deletes(STATE_MACHINE)
def delete_state_machine(call: Call) -> None:
    """Delete a state machine."""
    call.client("stepfunctions").delete_state_machine(stateMachineArn=call.id)


@creates(ACTIVITY, tags=tagging("stepfunctions", "resourceArn", of="id", words=("key", "value")))
def create_activity(call: Call) -> str:
    """Make an activity."""
    made = call.client("stepfunctions").create_activity(
        name=_checked_name(call), **known({"tags": call.tag_list("key", "value")})
    )
    arn: str = made["activityArn"]
    return arn


@reads(ACTIVITY)
def read_activity(call: Call) -> Found:
    """Look at an activity."""
    found = call.client("stepfunctions").describe_activity(activityArn=call.id)
    return {}, {
        "arn": call.id,
        "name": found["name"],
        "creationDate": found["creationDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@deletes(ACTIVITY)
def delete_activity(call: Call) -> None:
    """Delete an activity."""
    call.client("stepfunctions").delete_activity(activityArn=call.id)


def _checked_name(call: Call) -> str:
    name = call.physical_name()
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}: letters, digits, - and _, at most 80")
    return name


def _machine(call: Call) -> dict[str, Any]:
    args = call.args
    definition, role = args.need("definition"), args.need("roleArn")
    _check_definition(definition)
    check_role(call, "roleArn", role, "states.amazonaws.com")
    logging, tracing = args.part("loggingConfiguration"), args.part("tracingConfiguration")
    args.get("publish")
    return {
        "definition": definition,
        "roleArn": role,
        "loggingConfiguration": _logging(call, logging) if logging else {"level": "OFF"},
        "tracingConfiguration": {"enabled": bool(tracing and tracing.get("enabled", False))},
    }


def _check_definition(definition: str) -> None:
    document = json_object("definition", definition)
    if len(definition.encode()) > MAX_DEFINITION_BYTES:
        raise ValueError(f"definition has more than {MAX_DEFINITION_BYTES:,} bytes")
    linter: Any = Linter  # untyped
    problems = [
        problem
        for problem in linter.validate(document)
        if not _RIGHT_ALL_THE_SAME.fullmatch(problem)
    ]
    if problems:
        raise ValueError(f"definition: {'; '.join(problems)}")


def _logging(call: Call, part: Arguments) -> dict[str, Any]:
    level = one_of("level", part.get("level", "OFF"), ("ALL", "ERROR", "FATAL", "OFF"))
    destination = part.get("logDestination")
    if level != "OFF" and not destination:
        raise ValueError("loggingConfiguration.logDestination is missing")
    if destination:
        _check_log_group(call, destination)
    return known(
        {
            "level": level,
            "includeExecutionData": part.get("includeExecutionData", False),
            "destinations": destination
            and [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}],
        }
    )


def _check_log_group(call: Call, arn: str) -> None:
    if not arn.endswith(":*"):
        raise ValueError(f"loggingConfiguration.logDestination is {arn!r}: end it with :*")
    name = arn.removesuffix(":*").partition(":log-group:")[2]
    groups = call.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    if name not in [group["logGroupName"] for group in groups]:
        raise ValueError(f"loggingConfiguration.logDestination: there is no log group {name!r}")
