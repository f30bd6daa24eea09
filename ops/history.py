"""The past of one job or of all: runs, and those that were skipped."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from heapq import merge
from itertools import chain, islice, takewhile
from typing import Any

from definitions.names import EVENT_ID_LENGTH, MACHINE_LIMIT
from ops.executions import (
    FAILED,
    MOST_ASKED,
    RUNS_PER_SECOND,
    of_each,
    of_entry,
    of_machine,
    side_by_side,
    with_facts,
)
from ops.live import live
from ops.runs import Run
from ops.stack import Entry, Stack

MOST_LOOKED_THROUGH = 5_000
"""Skipped runs of the whole stack among which those of one job are looked for: five calls."""

_SCHEDULED_TIME = r"\d{4}-\d\d-\d\dT\d{6}Z"


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A run that never was: a calendar left its day out, or an older run still went."""

    of: str
    name: str
    """That the run would have had."""
    arn: str
    started: datetime
    """When it was skipped."""
    input: Mapping[str, Any]

    @property
    def outcome(self) -> str:
        """As a run's."""
        return "skipped"

    @property
    def reason(self) -> str:
        """Why."""
        return str(self.input.get("reason", ""))


Past = Run | Skipped


def history(
    stack: Stack, entry: Entry, *, failed: bool, since: datetime | None, limit: int
) -> list[Past]:
    """Return the latest runs of a job, flow or worker, newest first, with all that is known.

    Args:
        stack: whose.
        entry: of which.
        failed: only those that did not succeed; a skipped one did not fail.
        since: only those that were started then or later.
        limit: at most so many.

    Raises:
        OpsError: its machine is not deployed.
    """
    at_a_time = min(limit, 1_000)
    kinds: list[Iterator[Past]]
    if failed:
        kinds = [of_entry(stack, entry, status=one, at_a_time=at_a_time) for one in FAILED]
    else:
        kinds = [of_entry(stack, entry, at_a_time=at_a_time), _skipped(stack, entry)]
    newest_first = merge(*kinds, key=lambda one: one.started, reverse=True)
    found = takewhile(lambda one: since is None or one.started >= since, newest_first)
    return _known(stack, list(islice(found, limit)))


def goes_on(stack: Stack) -> list[Run]:
    """Return what runs now, of all jobs, flows and workers, the longest first.

    Of more machines than may be asked, only those are that have a task: a run that waits for its
    next attempt has none and is not seen.
    """

    def running(entry: Entry) -> list[Run]:
        return list(of_entry(stack, entry, status="RUNNING", at_a_time=100))

    deployed = _deployed(stack)
    if len(deployed) > MOST_ASKED:
        busy = _with_tasks(stack)
        deployed = [entry for entry in deployed if entry.name in busy or entry.kind == "flow"]
    found = of_each("machines", deployed, running)
    return sorted(chain.from_iterable(found), key=lambda run: run.started)


def of_all(stack: Stack, *, failed: bool, since: datetime) -> list[Run]:
    """Return the runs of all jobs that were started since then, newest first.

    Facts are asked of those that failed: what succeeded took so long, and there is no more to it.
    """

    def lately(entry: Entry) -> list[Run]:
        # One list each: a list for each way to fail would be three questions.
        runs = takewhile(lambda run: run.started >= since, of_entry(stack, entry, at_a_time=100))
        return [run for run in runs if run.status in FAILED or not failed]

    found = list(chain.from_iterable(of_each("machines", _deployed(stack), lately)))
    known = {
        run.arn: run for run in with_facts(stack, [one for one in found if one.status in FAILED])
    }
    return sorted(
        (known.get(run.arn, run) for run in found), key=lambda run: run.started, reverse=True
    )


def _with_tasks(stack: Stack) -> set[str]:
    """Return who has tasks now: ECS says a task's job by its group, for a hundred at a time."""
    ecs: Any = stack.aws.client("ecs")
    cluster = stack.names.cluster_arn
    busy: set[str] = set()
    for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus="RUNNING"):
        if page["taskArns"]:
            tasks = ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]
            busy |= {task.get("group", "") for task in tasks}
    return busy


def _deployed(stack: Stack) -> list[Entry]:
    machines = live(stack).machines
    return [entry for entry in stack.entries.values() if entry.name in machines]


def _known(stack: Stack, found: Sequence[Past]) -> list[Past]:
    """Ask for what lists do not say."""
    runs = with_facts(stack, [one for one in found if isinstance(one, Run)])
    skipped = side_by_side(
        "skipped runs",
        [one for one in found if isinstance(one, Skipped)],
        lambda one: replace(one, input=_input_of(stack, one.name)),
        per_second=RUNS_PER_SECOND,
    )
    known: dict[str, Past] = {one.arn: one for one in [*runs, *skipped]}
    return [known[one.arn] for one in found]


def _skipped(stack: Stack, entry: Entry) -> Iterator[Skipped]:
    """Yield the skipped runs of a job, newest first, without their input.

    They are all executions of one machine, under the names that the runs would have had.
    """
    found = of_machine(stack, stack.names.of("skipped"), at_a_time=1_000)
    for one in islice(found, MOST_LOOKED_THROUGH):
        if _is_of(stack, entry, one["name"]):
            yield Skipped(
                of=entry.name,
                name=one["name"],
                arn=one["executionArn"],
                started=one["startDate"].astimezone(UTC),
                input={},
            )


def _is_of(stack: Stack, entry: Entry, name: str) -> bool:
    """Tell whose run has a name; where an event's id or a person made it, its input says it."""
    if re.search(rf"-{_SCHEDULED_TIME}$", name):
        return re.fullmatch(rf"{entry.name}-{_SCHEDULED_TIME}", name) is not None
    cut = entry.name[: MACHINE_LIMIT - EVENT_ID_LENGTH]
    may_be = name.startswith((f"{cut}-", "manual-"))
    return may_be and _input_of(stack, name).get("job") == entry.name


def _input_of(stack: Stack, name: str) -> dict[str, Any]:
    arn = stack.names.execution_arn(stack.names.of("skipped"), name)
    given: dict[str, Any] = json.loads(
        stack.aws.states.describe_execution(executionArn=arn)["input"]
    )
    return given
