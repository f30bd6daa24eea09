"""Backfills: one run for each time of a schedule that had none, and never two."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ops.dispatching import NotStartedError, for_time, run_name, started
from ops.errors import OpsError
from ops.firing import Firing, counts_from_its_making, firings
from ops.following import conclude
from ops.output import say
from ops.runs import Run, described, executions, reason_of_skip, recent
from ops.stack import Entry, Stack
from ops.waiting import reached, rounds

REMEMBERED_FOR = timedelta(days=90)
"""After the end of a run, which is unknown from then on (Step Functions quotas)."""
TO_RUN = "to run"
_RAN = {
    "RUNNING": "is running",
    "SUCCEEDED": "ran: succeeded",
    "FAILED": "ran: failed (retry it)",
    "TIMED_OUT": "ran: timed out (retry it)",
    "ABORTED": "ran: stopped (retry it)",
}


@dataclass(frozen=True, kw_only=True)
class Due:
    """One time of a schedule."""

    instant: datetime
    run: str
    """Name of the run that it has had, or would have."""
    what: str
    """What came of it, or ``to run``."""


def planned(stack: Stack, entry: Entry, begin: datetime, end: datetime, now: datetime) -> list[Due]:
    """Return every time of a job's schedules in a period of the past, and what came of it.

    Args:
        stack: of the job.
        entry: the job, flow or worker.
        begin: the first instant, included.
        end: the last instant, not included; the present, where that is earlier.
        now: the present.

    Raises:
        OpsError: its times are not known, or what ran then is forgotten.
    """
    if not entry.settings.schedule:
        raise OpsError(f"{entry.kind} {entry.name} has no schedule, so that it missed nothing")
    if counts_from_its_making(entry):
        raise OpsError(
            f"{entry.name} has a rate() without startDate, whose times AWS alone knows: "
            f"run single ones: ops run {entry.name} --at TIME"
        )
    if begin < now - REMEMBERED_FOR:
        raise OpsError(
            f"what ran before {now - REMEMBERED_FOR:%Y-%m-%d} is forgotten: write a later --from, "
            f"or run single ones: ops run {entry.name} --at TIME"
        )
    if begin >= end:
        raise OpsError("--from is not before --to: write an earlier one")
    calendars = stack.settings.calendars
    fires = {
        firing.instant: firing
        for firing in firings(entry, calendars, begin, min(end, now), made=begin)
    }
    ran = {one["name"]: one["status"] for one in recent(stack, entry, since=begin)}
    skipped = {one["name"] for one in executions(stack, stack.names.of("skipped"), since=begin)}

    def what(firing: Firing, name: str) -> str:
        if name in ran:
            return _RAN.get(ran[name], f"ran: {ran[name]}")
        if firing.skipped:
            return f"skipped: {firing.skipped}"
        return f"skipped: {reason_of_skip(stack, name)}" if name in skipped else TO_RUN

    named = ((firing, run_name(entry.name, firing.instant)) for firing in fires.values())
    return [
        Due(instant=firing.instant, run=name, what=what(firing, name)) for firing, name in named
    ]


class Backfill:
    """Runs what is to run, oldest first, some at a time."""

    def __init__(self, stack: Stack, entry: Entry, due: list[Due], concurrency: int) -> None:
        self.ended: list[Due] = []
        """What has ended, with its outcome."""
        self._stack, self._entry, self._concurrency = stack, entry, concurrency
        self._waiting = deque(one for one in due if one.what == TO_RUN)
        self._going: dict[str, Due] = {}
        self._told = ""
        self.failed = False
        """Whether some did not succeed."""

    @property
    def left(self) -> int:
        """How many have not been started yet."""
        return len(self._waiting)

    @property
    def going(self) -> list[str]:
        """Names of the runs that go on."""
        return list(self._going)

    @property
    def summary(self) -> str:
        """How many ended in which way: ``2 succeeded, 1 failed``."""
        counted = Counter(one.what for one in self.ended)
        return ", ".join(f"{count} {outcome}" for outcome, count in counted.items())

    def run(self) -> None:
        """Start them, and wait for the last one; those that fail stop nothing."""
        while self._waiting or self._going:
            next(_ for _ in rounds() if self._step())

    def _step(self) -> bool:
        """Look after what goes on and start what may; whether anything happened."""
        ended = list(self._just_ended())
        for run in ended:
            conclude(run)
            self.failed |= run.status != "SUCCEEDED"
            self.ended.append(replace(self._going.pop(run.name), what=run.outcome))
        begun = False
        while self._waiting and len(self._going) < self._concurrency and self._start():
            begun = True
        return bool(ended) or begun

    def _just_ended(self) -> Iterator[Run]:
        for name in self._going:
            run = reached(lambda: described(self._stack, self._entry.name, name))  # noqa: B023 - asked at once
            if run and run.status != "RUNNING":
                yield run

    def _start(self) -> bool:
        """Start the next one; false if it has to wait for a run that is not ours."""
        due = self._waiting[0]
        trigger = self._trigger(due)
        if trigger["overlap"] == "forbid" and (other := self._other()):
            self._wait_for(other)
            return False
        try:
            run = started(self._stack, self._entry, trigger)
        except NotStartedError as error:
            if error.result == "skipped":  # somebody was faster, at this very moment
                return False
            say(str(error))
            self.ended.append(replace(due, what="had its run meanwhile"))
        else:
            say(f"run {run.name} has started")
            self._going[run.name] = due
        self._waiting.popleft()
        return True

    def _trigger(self, due: Due) -> Mapping[str, Any]:
        trigger = for_time(self._entry, due.instant)
        return trigger if self._concurrency == 1 else {**trigger, "overlap": "allow"}

    def _other(self) -> str:
        """Return the name of a run that goes on; nothing where none does."""
        running = reached(lambda: recent(self._stack, self._entry, 1, statusFilter="RUNNING"))
        return running[0]["name"] if running else ""

    def _wait_for(self, other: str) -> None:
        if other != self._told:
            say(f"waits for {other}, which is still going")
        self._told = other
