"""Pipes, from a queue to a state machine."""

import re
from typing import Any

from rehearsal.provider.iam import check_role
from rehearsal.provider.registry import (
    NAME,
    Arguments,
    Call,
    Found,
    creates,
    deletes,
    known,
    one_of,
    reads,
    tagging,
    updates,
    within,
)

PIPE = "aws:pipes/pipe:Pipe"

_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
_STATES = ("RUNNING", "STOPPED")
_INVOCATIONS = ("REQUEST_RESPONSE", "FIRE_AND_FORGET")
_MOST_TOGETHER = 10_000


@creates(
    PIPE,
    replaces=NAME | {"source"},
    tags=tagging("pipes", "resourceArn", words=None),
)
def create_pipe(call: Call) -> str:
    """Make a pipe."""
    name = call.physical_name()
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}: letters, digits and .-_, at most 64")
    call.client("pipes").create_pipe(
        Name=name, Source=call.args.need("source"), Tags=call.tags, **_pipe(call)
    )
    return name


@reads(PIPE)
def read_pipe(call: Call) -> Found:
    """Look at a pipe."""
    found = call.client("pipes").describe_pipe(Name=call.id)
    queue = found.get("SourceParameters", {}).get("SqsQueueParameters")
    machine = found.get("TargetParameters", {}).get("StepFunctionStateMachineParameters")
    return {
        "source": found["Source"],
        "sourceParameters": queue and {"sqsQueueParameters": {"batchSize": queue["BatchSize"]}},
        "target": found["Target"],
        "targetParameters": machine
        and {"stepFunctionStateMachineParameters": {"invocationType": machine["InvocationType"]}},
        "description": found.get("Description") or None,
        "desiredState": found["DesiredState"],
        "roleArn": found["RoleArn"],
    }, {"arn": found["Arn"], "name": call.id}


@updates(PIPE)
def update_pipe(call: Call) -> None:
    """Change a pipe; what it is no longer told is left as it was."""
    call.args.get("source")
    call.client("pipes").update_pipe(Name=call.id, **_pipe(call))


@deletes(PIPE)
def delete_pipe(call: Call) -> None:
    """Delete a pipe."""
    call.client("pipes").delete_pipe(Name=call.id)


def _pipe(call: Call) -> dict[str, Any]:
    args = call.args
    role, target = args.need("roleArn"), args.need("target")
    check_role(call, "roleArn", role, "pipes.amazonaws.com")
    return {
        "RoleArn": role,
        "Target": target,
        "Description": args.get("description", ""),
        "DesiredState": one_of("desiredState", args.get("desiredState", "RUNNING"), _STATES),
        **known(
            {
                "SourceParameters": _source(args.part("sourceParameters")),
                "TargetParameters": _target(args.part("targetParameters")),
            }
        ),
    }


def _source(part: Arguments | None) -> dict[str, Any] | None:
    queue = part and part.part("sqsQueueParameters")
    if not queue:
        return None
    size = within("batchSize", queue.get("batchSize"), 1, _MOST_TOGETHER)
    return {"SqsQueueParameters": known({"BatchSize": size})}


def _target(part: Arguments | None) -> dict[str, Any] | None:
    machine = part and part.part("stepFunctionStateMachineParameters")
    if not machine:
        return None
    kind = one_of("invocationType", machine.need("invocationType"), _INVOCATIONS)
    return {"StepFunctionStateMachineParameters": {"InvocationType": kind}}
