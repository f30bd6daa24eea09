"""State machines."""

import re
from typing import Any

from statelint.linter import Linter  # pyright: ignore[reportMissingTypeStubs] - there are none

from rehearsal.provider.iam import check_role
from rehearsal.provider.registry import Arguments, Call, Made, creates, json_object, known, one_of

MAX_DEFINITION_BYTES = 1_048_576
"""Size of a definition (Step Functions quotas)."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_EXPRESSION_FOR_A_NUMBER = re.compile(
    r'.*\.(Seconds|TimeoutSeconds|HeartbeatSeconds|MaxConcurrency) is "\{%.*%\}" '
    r"but should be an Integer",
    re.DOTALL,
)
"""What statelint 3.1 says of a JSONata expression where a number stands, although AWS takes it."""


@creates("aws:sfn/stateMachine:StateMachine", tagged=True)
def state_machine(call: Call) -> Made:
    """Make a state machine: its definition is linted, its role must trust Step Functions."""
    args, name = call.args, call.physical_name()
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}: letters, digits, - and _, at most 80")
    definition, role = args.need("definition"), args.need("roleArn")
    kind = one_of("type", args.get("type", "STANDARD"), ("STANDARD", "EXPRESS"))
    _check_definition(definition)
    check_role(call, "roleArn", role, "states.amazonaws.com")
    logging, tracing = args.part("loggingConfiguration"), args.part("tracingConfiguration")
    args.get("publish")
    made = call.client("stepfunctions").create_state_machine(
        name=name,
        definition=definition,
        roleArn=role,
        type=kind,
        **known(
            {
                "loggingConfiguration": logging and _logging(call, logging),
                "tracingConfiguration": tracing
                and {"enabled": bool(tracing.get("enabled", False))},
                "tags": call.tag_list("key", "value"),
            }
        ),
    )
    arn: str = made["stateMachineArn"]
    return arn, {
        "arn": arn,
        "name": name,
        "type": kind,
        "status": "ACTIVE",
        "creationDate": made["creationDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _check_definition(definition: str) -> None:
    document = json_object("definition", definition)
    if len(definition.encode()) > MAX_DEFINITION_BYTES:
        raise ValueError(f"definition has more than {MAX_DEFINITION_BYTES:,} bytes")
    linter: Any = Linter  # untyped
    problems = [
        problem
        for problem in linter.validate(document)
        if not _EXPRESSION_FOR_A_NUMBER.fullmatch(problem)
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
