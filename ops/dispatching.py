"""Starting runs as schedules do: by the stack's dispatcher, which starts none twice."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from definitions.names import MACHINE_LIMIT
from ops.aws import code_of
from ops.errors import Exit, OpsError
from ops.output import say
from ops.runs import MANUAL, NO_MACHINE, Run, described, not_deployed
from ops.stack import Entry, Stack, now
from ops.waiting import reached, rounds


class NotStartedError(OpsError):
    """No run was started, and that is nobody's mistake."""

    def __init__(self, line: str, result: str) -> None:
        super().__init__(line, code=Exit.SKIPPED)
        self.result = result
        """``skipped`` or ``duplicate``."""


def started(stack: Stack, entry: Entry, trigger: Mapping[str, Any]) -> Run:
    """Hand a trigger to the dispatcher, wait for its answer and return the run.

    Raises:
        NotStartedError: an older run still goes, or this time had its run already.
        OpsError: the stack is not deployed, or the dispatcher failed.
        KeyboardInterrupt: Ctrl-C came before the answer; it is said that there may be a run.
    """
    try:
        return _dispatched(stack, entry, trigger)
    except KeyboardInterrupt:
        say(f"the run may have started: python -m ops -s {stack.name} history {entry.name}")
        raise


def _dispatched(stack: Stack, entry: Entry, trigger: Mapping[str, Any]) -> Run:
    states, dispatcher = stack.aws.states, stack.names.of("dispatcher")
    asked = {
        "stateMachineArn": stack.names.machine_arn(dispatcher),
        "name": execution_name(entry.name, now(), secrets.token_hex(2)),
        "input": json.dumps(trigger),
    }
    try:
        # The same name with the same input may be asked for twice (StartExecution, API reference).
        arn: str = reached(lambda: states.start_execution(**asked))["executionArn"]
    except ClientError as error:
        if code_of(error) == NO_MACHINE:
            raise not_deployed(stack, entry) from None
        raise
    for _ in rounds():
        answer = reached(lambda: states.describe_execution(executionArn=arn))
        if answer["status"] != "RUNNING":
            break
    else:
        raise AssertionError("rounds never end")
    if answer["status"] != "SUCCEEDED":
        why = answer.get("cause") or answer.get("error") or answer["status"]
        raise OpsError(f"the dispatcher failed: {why}", code=Exit.NOT_WELL)
    return _run_of(stack, entry, json.loads(answer["output"]))


def for_time(entry: Entry, instant: datetime, **run_input: Any) -> dict[str, Any]:
    """Make the trigger of a run that should have been at some time.

    It takes no other run's place, whatever the job's policy is: a newer one matters more.
    """
    time = f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    trigger = entry.trigger(scheduled_time=time, **run_input)
    return trigger if trigger["overlap"] == "allow" else {**trigger, "overlap": "forbid"}


def execution_name(job: str, instant: datetime, end: str) -> str:
    """Return how the dispatcher's execution is called; the run's name is ``manual-`` and this."""
    end = f"-{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}-{end}"
    return job[: MACHINE_LIMIT - len(MANUAL) - len(end)] + end


def run_name(job: str, instant: datetime) -> str:
    """Return how the dispatcher calls the run of a scheduled time."""
    return f"{job}-{instant.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"


def _run_of(stack: Stack, entry: Entry, answer: Mapping[str, Any]) -> Run:
    """Return the run that the dispatcher says it has started."""
    name: str = answer["run"]
    if answer["result"] == "skipped":
        because = answer["because"]
        older = because.rpartition(":")[2]
        if "execution:" in because:
            because = (
                f"{because.partition(': ')[0]}: {older}; "
                f"wait for it, or python -m ops -s {stack.name} stop {older}"
            )
        raise NotStartedError(f"no run was started: {because}", "skipped")
    run = reached(lambda: described(stack, entry.name, name))
    if answer["result"] == "duplicate":
        outcome = f" ({run.outcome})" if run else ""
        raise NotStartedError(
            f"no run was started: this time has had its run {name}{outcome}", "duplicate"
        )
    if run is None:
        raise OpsError(f"run {name} is not there, though the dispatcher has started it")
    return run
