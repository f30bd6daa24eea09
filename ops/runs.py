"""Runs: executions of the machines that the stack file's jobs, flows and workers have."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from definitions.dispatcher_machine import JOB_REPLACED
from ops.aws import code_of
from ops.errors import Exit, OpsError
from ops.stack import Entry, Stack

NO_MACHINE = "StateMachineDoesNotExist"
NO_EXECUTION = "ExecutionDoesNotExist"
_HANDED_ON = frozenset({"taskDefinition", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"})
"""What the dispatcher puts into a run's input, and nobody asked for."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run as Step Functions knows it, for 90 days after its end."""

    of: str
    """Name of the job, flow or worker."""
    name: str
    arn: str
    status: str
    """Of the execution: ``RUNNING``, ``SUCCEEDED``, ``FAILED``, ``TIMED_OUT``, ``ABORTED``."""
    started: datetime
    ended: datetime | None
    input: Mapping[str, Any]
    facts: Mapping[str, Any]
    """What the machine said at its end: class, exit code, reason, attempts, log group, stream."""
    error: str = ""
    cause: str = ""
    redrives: int = 0
    """How often it was redriven: gone on with where it had failed."""

    @property
    def outcome(self) -> str:
        """How it ended, in the words of the messages, such as ``out of memory``."""
        if self.status == "RUNNING":
            return "running"
        if "class" in self.facts:
            return str(self.facts["class"])
        if self.error == JOB_REPLACED:
            return "replaced"
        words = {"ABORTED": "stopped", "TIMED_OUT": "timed out", "SUCCEEDED": "succeeded"}
        return words.get(self.status, "failed")

    @property
    def exit_code(self) -> int:
        """What a command that waited for it ends with: the container's code where it has one."""
        if self.status == "SUCCEEDED":
            return Exit.DONE
        if code := self.facts.get("exitCode"):
            return int(code)
        words = {
            "timed out": Exit.TIMED_OUT,
            "not started": Exit.NOT_STARTED,
            "stopped": Exit.STOPPED,
            "replaced": Exit.STOPPED,
        }
        return words.get(self.outcome, Exit.NOT_WELL)

    @property
    def reason(self) -> str:
        """Why it did not succeed, in the words of whoever knew; empty if it did, or still goes."""
        if self.status in ("RUNNING", "SUCCEEDED"):
            return ""
        return str(self.facts.get("reason") or self.cause or self.error)

    @property
    def own_input(self) -> dict[str, Any]:
        """What it was asked to do, without what the dispatcher handed on."""
        return {key: value for key, value in self.input.items() if key not in _HANDED_ON}


def described(stack: Stack, of: str, name: str) -> Run | None:
    """Ask for one run by its name; ``None`` if there is none, or not any more."""
    arn = stack.names.execution_arn(stack.names.chosen(of), name)
    try:
        return _run(of, stack.aws.states.describe_execution(executionArn=arn))
    except ClientError as error:
        if code_of(error) in (NO_EXECUTION, NO_MACHINE):
            return None
        raise


def latest(stack: Stack, entry: Entry) -> Run | None:
    """Return the run of a job, flow or worker that was started last.

    Raises:
        OpsError: its machine is not deployed.
    """
    machine = stack.names.machine_arn(stack.names.chosen(entry.name))
    try:
        found = stack.aws.states.list_executions(stateMachineArn=machine, maxResults=1)
    except ClientError as error:
        if code_of(error) == NO_MACHINE:
            raise not_deployed(stack, entry) from None
        raise
    return next((described(stack, entry.name, one["name"]) for one in found["executions"]), None)


def not_deployed(stack: Stack, entry: Entry) -> OpsError:
    """Say that the stack file has something that AWS has not."""
    return OpsError(
        f"{entry.kind} {entry.name} is not deployed in {stack.names.region} of account "
        f"{stack.names.account}: pulumi up -s {stack.name}, or sign in to the right account",
        code=Exit.NO_ACCESS,
    )


def _run(of: str, execution: Mapping[str, Any]) -> Run:
    """Make a run of what DescribeExecution answers."""
    ended: datetime | None = execution.get("stopDate")
    said = execution.get("output") or execution.get("cause") or ""
    return Run(
        of=of,
        name=execution["name"],
        arn=execution["executionArn"],
        status=execution["status"],
        started=execution["startDate"].astimezone(UTC),
        ended=ended and ended.astimezone(UTC),
        input=_object(execution.get("input", "")),
        facts=_object(said),
        error=execution.get("error", ""),
        cause=execution.get("cause", ""),
        redrives=execution.get("redriveCount", 0),
    )


def _object(text: str) -> dict[str, Any]:
    """Read a text that may hold a JSON object, and need not."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return dict(value) if isinstance(value, dict) else {}
