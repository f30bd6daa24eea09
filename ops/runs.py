"""Runs: executions of the machines that the stack file's jobs, flows and workers have."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import difflib
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from definitions.dispatcher_machine import JOB_REPLACED
from definitions.names import EVENT_ID_LENGTH, MACHINE_LIMIT
from ops.aws import code_of
from ops.errors import Exit, OpsError
from ops.stack import Entry, Stack

NO_MACHINE = "StateMachineDoesNotExist"
NO_EXECUTION = "ExecutionDoesNotExist"
_HANDED_ON = frozenset(
    {"taskDefinition", "taskDefinitions", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"}
)
"""What the dispatcher, or a flow, puts into a run's input, and nobody asked for."""
MANUAL = "manual-"
"""How the name of a run begins that has no scheduled time and no event; its dispatcher's execution
has the rest of it for a name."""
_A_PAGE = 1_000
"""Most executions of one answer (ListExecutions, API reference)."""
_OFFERED = 50
"""Latest runs of a job among which the nearest name is looked for."""


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


def found(stack: Stack, text: str) -> Run:
    """Return the run that somebody names: by its name, by ``JOB/RUN`` or by its ARN.

    Raises:
        OpsError: there is none; the nearest recent name is offered.
    """
    if text in stack.entries:
        last = latest(stack, stack.entries[text])
        remedy = f"its latest run is {last.name}" if last else "it has no run yet"
        raise OpsError(f"{text} is a {stack.entries[text].kind}: name one of its runs; {remedy}")
    if text.startswith("arn:"):
        asked = _in_arn(stack, text)
    elif "/" in text:
        of, _, name = text.partition("/")
        asked = (stack.entry(of).name, name)
    else:
        run = next(filter(None, (described(stack, of, text) for of in _owners(stack, text))), None)
        if run is None:
            raise _not_found(stack, text, text)
        return run
    run = described(stack, *asked)
    if run is None:
        raise _not_found(stack, *asked)
    return run


def recent(
    stack: Stack, entry: Entry, most: int | None = None, **filters: Any
) -> list[dict[str, Any]]:
    """Return the latest runs of a job, flow or worker as ListExecutions has them, newest first.

    See :func:`executions`.

    Raises:
        OpsError: its machine is not deployed.
    """
    try:
        return executions(stack, stack.names.chosen(entry.name), most, **filters)
    except ClientError as error:
        if code_of(error) == NO_MACHINE:
            raise not_deployed(stack, entry) from None
        raise


def executions(
    stack: Stack,
    machine: str,
    most: int | None = None,
    since: datetime | None = None,
    **filters: str,
) -> list[dict[str, Any]]:
    """Return the latest executions of a machine, newest first.

    Args:
        stack: of the machine.
        machine: its physical name.
        most: how many; ``None`` for all.
        since: from which instant on they must have started.
        filters: more of ListExecutions, such as ``statusFilter``.
    """
    pages = stack.aws.states.get_paginator("list_executions").paginate(
        stateMachineArn=stack.names.machine_arn(machine),
        PaginationConfig={"PageSize": min(most or _A_PAGE, _A_PAGE)},
        **filters,
    )
    found = itertools.islice((one for page in pages for one in page["executions"]), most)
    return list(itertools.takewhile(lambda one: since is None or one["startDate"] >= since, found))


def reason_of_skip(stack: Stack, run: str) -> str:
    """Return why a run was skipped, as the dispatcher recorded it."""
    arn = stack.names.execution_arn(stack.names.of("skipped"), run)
    answer = stack.aws.states.describe_execution(executionArn=arn)
    return str(_object(answer["input"]).get("reason", "")).partition(": ")[0]


def not_deployed(stack: Stack, entry: Entry) -> OpsError:
    """Say that the stack file has something that AWS has not."""
    return OpsError(
        f"{entry.kind} {entry.name} is not deployed in {stack.names.region} of account "
        f"{stack.names.account}: pulumi up -s {stack.name}, or sign in to the right account",
        code=Exit.NO_ACCESS,
    )


def _in_arn(stack: Stack, arn: str) -> tuple[str, str]:
    """Return whose run an execution's ARN names, and how it is called."""
    ours = stack.names.execution_arn(stack.names.chosen(""), "").removesuffix(":")
    of, _, name = arn.removeprefix(ours).partition(":")
    if not arn.startswith(ours) or of not in stack.entries:
        raise OpsError(f"{arn} is no run of stack {stack.name}: they begin with {ours}")
    return of, name


def _owners(stack: Stack, text: str) -> Iterator[str]:
    """Yield whose run may have such a name, the likeliest first."""
    likely = likely_owners(list(stack.entries), text)
    yield from likely
    own = text.removeprefix(MANUAL)
    if own != text and (of := _dispatched(stack, own)) in stack.entries and of not in likely:
        yield of


def likely_owners(entries: Sequence[str], run: str) -> list[str]:
    """Return whose run may have such a name, as far as the name says it, the likeliest first.

    A flow's steps bear the name of its run and, behind it, their own; and perhaps the numbers of a
    redrive and a retry. In an event's run, its id is whole and the job's name may be cut.
    """
    own = run.removeprefix(MANUAL)
    longest_first = sorted(entries, key=len, reverse=True)
    its = [name for name in longest_first if own.startswith(f"{name}-")]
    steps = [
        name for name in longest_first if re.search(rf"-{re.escape(name)}(-r\d+)?(-t\d+)?$", run)
    ]
    cut = run[:-EVENT_ID_LENGTH] if len(run) == MACHINE_LIMIT else run
    cut_short = [name for name in longest_first if name.startswith(cut)]
    return list(dict.fromkeys([*its, *steps, *cut_short]))


def _dispatched(stack: Stack, execution: str) -> str:
    """Return what an execution of the dispatcher started; nothing where there is none."""
    arn = stack.names.execution_arn(stack.names.of("dispatcher"), execution)
    try:
        answer = stack.aws.states.describe_execution(executionArn=arn)
    except ClientError as error:
        if code_of(error) == NO_EXECUTION:
            return ""
        raise
    return str(_object(answer.get("input", "")).get("job", ""))


def _not_found(stack: Stack, of: str, name: str) -> OpsError:
    """Say that there is no such run, and which one may have been meant."""
    likely = [stack.entries[of]] if of in stack.entries else _resembling(stack, name)
    names = [one["name"] for entry in likely for one in recent(stack, entry, _OFFERED)]
    jobs = [] if of in stack.entries else list(stack.entries)
    nearest = difflib.get_close_matches(name, [*names, *jobs], n=1)
    remedy = f"write {nearest[0]}; " if nearest else ""
    if names and not nearest:
        listed = f"python -m ops -s {stack.name} runs --since 7d lists them; "
        remedy = f"its latest is {names[0]}; " if len(likely) == 1 else listed
    whose = f"job {of}" if of in stack.entries else f"stack {stack.name}"
    return OpsError(
        f"{whose} has no run {name!r}: {remedy}Step Functions forgets runs after 90 days"
    )


def _resembling(stack: Stack, run: str) -> list[Entry]:
    """Return whose run somebody may have meant: those that it begins with, or all."""
    own = run.removeprefix(MANUAL)
    named = [entry for name, entry in stack.entries.items() if own.startswith(name)]
    return named or list(stack.entries.values())


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
        facts=_facts(_object(said)),
        error=execution.get("error", ""),
        cause=execution.get("cause", ""),
        redrives=execution.get("redriveCount", 0),
    )


def _facts(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a machine said at its end; of a flow that failed, what the step that failed did.

    The cause of a flow's end is that step's execution, in whose cause are its machine's words.
    """
    if "StateMachineArn" not in said:
        return said
    its = _object(said.get("Cause", ""))
    step = said["StateMachineArn"].rpartition("--")[2]
    code = f" (exit code {its['exitCode']})" if its.get("exitCode") else ""
    words = its.get("reason") or said.get("Cause") or said.get("Error") or ""
    ended = its.get("class") or str(said.get("Status", "failed")).lower().replace("_", " ")
    told = {key: its[key] for key in ("exitCode", "logGroup", "logStream") if key in its}
    reason = f"{step} {ended}{code}" + (f": {words}" if words else "")
    return {"class": "failed", "step": step, "reason": reason, **told}


def _object(text: str) -> dict[str, Any]:
    """Read a text that may hold a JSON object, and need not."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return dict(value) if isinstance(value, dict) else {}
