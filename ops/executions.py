"""Executions of many machines, asked side by side.

ListExecutions answers 200 calls at once and 5 a second after that, in smaller regions 100 and 2
(Step Functions guide, "Quotas"), and the dispatcher, which starts the runs, asks it too. So no
command lists those of more than :data:`MOST_ASKED` machines of its own accord, and who insists
goes on slowly.
"""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from ops import runs
from ops.aws import code_of
from ops.output import progress
from ops.runs import Run
from ops.stack import Entry, Stack

THREADS = 8
MOST_ASKED = 100
"""Machines that are asked at once; a thousand would take minutes and delay starts meanwhile."""
LISTS_PER_SECOND = 2.0
RUNS_PER_SECOND = 10.0
"""DescribeExecution answers 300 at once and 15 a second after that, elsewhere 250 and 10."""
FAILED = ("FAILED", "TIMED_OUT", "ABORTED")
"""How executions end that did not succeed."""

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


def side_by_side(
    what: str, items: Sequence[_Item], ask: Callable[[_Item], _Answer], *, per_second: float
) -> list[_Answer]:
    """Ask AWS about each of them, several at a time, and tell a terminal how far it is.

    Args:
        what: is asked for, as ``last results``.
        items: about which.
        ask: one call.
        per_second: how many of those that are not asked at once.
    """
    pace = _Pace(per_second)

    def in_turn(item: _Item) -> _Answer:
        pace.wait()
        return ask(item)

    pool = ThreadPoolExecutor(THREADS)
    try:
        return list(progress(what, pool.map(in_turn, items), len(items)))
    finally:
        pool.shutdown(cancel_futures=True)


class _Pace:
    """Lets some calls go at once, and the others one after another."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        self._lock = threading.Lock()
        self._gone = 0
        self._next = 0.0

    def wait(self) -> None:
        """Wait for one's turn."""
        with self._lock:
            self._gone += 1
            if self._gone <= MOST_ASKED:
                return
            now = time.monotonic()
            self._next = max(self._next, now) + self._interval
            pause = self._next - now
        time.sleep(pause)


def of_each(what: str, entries: Sequence[Entry], ask: Callable[[Entry], _Answer]) -> list[_Answer]:
    """Ask for lists of executions, one for each entry."""
    return side_by_side(what, entries, ask, per_second=LISTS_PER_SECOND)


def of_entry(
    stack: Stack, entry: Entry, *, status: str | None = None, at_a_time: int
) -> Iterator[Run]:
    """Yield a job's runs, newest first, with what a list of executions says of them.

    Input, facts and cause are not in it: :func:`ops.runs.described` asks for them.

    Raises:
        OpsError: its machine is not deployed.
    """
    try:
        for one in of_machine(
            stack, stack.names.chosen(entry.name), status=status, at_a_time=at_a_time
        ):
            yield _listed(entry, one)
    except ClientError as error:
        if code_of(error) == runs.NO_MACHINE:
            raise runs.not_deployed(stack, entry) from None
        raise


def of_machine(
    stack: Stack, machine: str, *, status: str | None = None, at_a_time: int
) -> Iterator[Mapping[str, Any]]:
    """Yield the executions of a machine, newest first, as ListExecutions has them."""
    asked: dict[str, Any] = {
        "stateMachineArn": stack.names.machine_arn(machine),
        "maxResults": at_a_time,
        **({"statusFilter": status} if status else {}),
    }
    while True:
        page = stack.aws.states.list_executions(**asked)
        yield from page["executions"]
        if not page.get("nextToken"):
            return
        asked["nextToken"] = page["nextToken"]


def last_of(stack: Stack, entries: Sequence[Entry]) -> dict[str, Run]:
    """Return the run of each that was started last, by name; facts only of those that failed."""

    def last(entry: Entry) -> list[Run]:
        return list(islice(of_entry(stack, entry, at_a_time=1), 1))

    found = [run for latest in of_each("last results", entries, last) for run in latest]
    known = with_facts(stack, [run for run in found if run.status in FAILED])
    return {run.of: run for run in [*found, *known]}


def with_facts(stack: Stack, listed: Sequence[Run]) -> list[Run]:
    """Ask what each run was told and how it ended; one that is forgotten meanwhile stays."""

    def ask(run: Run) -> Run:
        return runs.described(stack, run.of, run.name) or run

    return side_by_side("runs", listed, ask, per_second=RUNS_PER_SECOND)


def _listed(entry: Entry, execution: Mapping[str, Any]) -> Run:
    ended: datetime | None = execution.get("stopDate")
    return Run(
        of=entry.name,
        name=execution["name"],
        arn=execution["executionArn"],
        status=execution["status"],
        started=execution["startDate"].astimezone(UTC),
        ended=ended and ended.astimezone(UTC),
        input={},
        facts={},
        redrives=execution.get("redriveCount", 0),
    )
