"""What comes: the times of schedules over a period, and what clocks and calendars make of them.

From the stack file alone. Whether a schedule is paused, only AWS knows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from zoneinfo import ZoneInfo

from definitions import schedules
from ops.firing import counts_from_its_making, firings
from ops.stack import Entry, Stack
from stacks.settings.schedules import expressions_of


@dataclass(frozen=True, kw_only=True)
class Coming:
    """One time that a schedule says."""

    instant: datetime
    """In UTC. Of a time that clocks jump over it is the moment at which they jump."""
    entry: Entry
    numbers: tuple[int, ...]
    """Which of its schedules, from 1: several at one instant make one run."""
    swallowed: datetime | None = None
    """The naive time that clocks jump over, so that nothing runs."""
    skipped: str = ""
    """Why a calendar leaves it out; empty if it does not."""
    twice: bool = False
    """Whether clocks show this time twice; it runs the first time."""

    @property
    def runs(self) -> bool:
        """Whether a run comes of it."""
        return self.swallowed is None and not self.skipped

    @property
    def note(self) -> str:
        """What a person should know of it."""
        settings = self.entry.settings
        said = [self.skipped and f"skipped: {self.skipped}"]
        if self.swallowed:
            said.append(f"does not run: clocks jump over {self.swallowed:%H:%M}")
        if self.twice:
            said.append("clocks show this time twice: it runs the first time")
        if settings.flexible_window_seconds and self.runs:
            said.append(f"within {settings.flexible_window_seconds // 60} min")
        if counts_from_its_making(self.entry) and self.runs:
            said.append("counts from its deploy: `list` says when")
        return ", ".join(filter(None, said))


def coming(
    stack: Stack, entries: Sequence[Entry], begin: datetime, end: datetime
) -> Iterator[Coming]:
    """Yield in order what the schedules of some jobs say, from begin to end (not included).

    A rate without a start is taken to begin with the period. Who is off has nothing to come.
    """
    each = (
        merge(
            _fires(stack, entry, begin, end),
            _swallowed(entry, begin, end),
            key=lambda one: one.instant,
        )
        for entry in entries
        if entry.settings.enabled
    )
    yield from merge(*each, key=lambda one: one.instant)


def _fires(stack: Stack, entry: Entry, begin: datetime, end: datetime) -> Iterator[Coming]:
    zone = ZoneInfo(entry.settings.timezone)
    crons = {
        number
        for number, expression in enumerate(expressions_of(entry.name, entry.settings), 1)
        if isinstance(schedules.parse(expression), schedules.Cron)
    }
    waiting: Coming | None = None
    for one in firings(entry, stack.settings.calendars, begin, end, made=begin):
        if waiting is not None and waiting.instant == one.instant:
            waiting = Coming(
                instant=one.instant,
                entry=entry,
                numbers=(*waiting.numbers, one.number),
                skipped=waiting.skipped,
                twice=waiting.twice,
            )
            continue
        if waiting is not None:
            yield waiting
        waiting = Coming(
            instant=one.instant,
            entry=entry,
            numbers=(one.number,),
            skipped=one.skipped,
            twice=one.number in crons and _comes_twice(one.instant, zone),
        )
    if waiting is not None:
        yield waiting


def _comes_twice(instant: datetime, zone: ZoneInfo) -> bool:
    wall = instant.astimezone(zone).replace(tzinfo=None, fold=0)
    return len(schedules.instants(wall, zone)) > 1


def _swallowed(entry: Entry, begin: datetime, end: datetime) -> Iterator[Coming]:
    """Yield the times that clocks jump over in spring."""
    zone = ZoneInfo(entry.settings.timezone)
    first = begin.astimezone(zone).date()
    years = (end - begin).days // 366 + 1
    for number, expression in enumerate(expressions_of(entry.name, entry.settings), 1):
        cron = schedules.parse(expression)
        if not isinstance(cron, schedules.Cron):
            continue
        for wall in schedules.times_in_spring_gap(cron, entry.settings.timezone, first, years):
            # Python reads a time in the gap by the clock before it: that is behind the jump.
            jump = wall.replace(tzinfo=zone).astimezone(UTC)
            if begin <= jump < end:
                yield Coming(instant=jump, entry=entry, numbers=(number,), swallowed=wall)


# -- load


@dataclass(frozen=True, kw_only=True)
class Load:
    """How many runs start when, over whole days of a zone."""

    zone: ZoneInfo
    begin: datetime
    """Midnight of the first day."""
    end: datetime
    """Midnight after the last one."""
    comes: tuple[Coming, ...]

    @property
    def starts(self) -> tuple[Coming, ...]:
        """Those of which a run comes."""
        return tuple(one for one in self.comes if one.runs)

    def by_hour(self) -> dict[datetime, int]:
        """Count starts by the hour of the zone's clocks, each as its first instant in UTC."""
        hours: dict[datetime, int] = {}
        hour = self.begin.astimezone(UTC)
        while hour < self.end:
            hours[hour] = 0
            hour += timedelta(hours=1)
        first = self.begin.astimezone(UTC)
        for one in self.starts:
            hours[first + (one.instant - first) // timedelta(hours=1) * timedelta(hours=1)] += 1
        return hours

    def by_minute(self) -> dict[datetime, list[str]]:
        """Return who starts in each minute in which somebody does, as far as minutes are known."""
        minutes: dict[datetime, list[str]] = {}
        for one in self.starts:
            if counts_from_its_making(one.entry):
                continue
            minute = one.instant.replace(second=0, microsecond=0)
            minutes.setdefault(minute, []).append(one.entry.name)
        return minutes

    def meetings(self) -> dict[str, "Meeting"]:
        """Return the jobs that may still run at their next start, by name."""
        before: dict[str, datetime] = {}
        found: dict[str, Meeting] = {}
        for one in self.starts:
            name, timeout = one.entry.name, timeout_of(one.entry)
            wait = one.instant - before.get(name, datetime.min.replace(tzinfo=UTC))
            if (
                timeout is not None
                and wait < timeout
                and (name not in found or wait < found[name].wait)
            ):
                found[name] = Meeting(entry=one.entry, wait=wait, timeout=timeout)
            before[name] = one.instant
        return found


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A job whose timeout is longer than a wait for its next start; ``overlap`` says what then."""

    entry: Entry
    wait: timedelta
    """The shortest."""
    timeout: timedelta


def timeout_of(entry: Entry) -> timedelta | None:
    """Return how long one attempt may take at most; a flow has no such bound of its own."""
    seconds: int | None = getattr(entry.settings, "timeout_seconds", None)
    return None if seconds is None else timedelta(seconds=seconds)


def load(stack: Stack, now: datetime, days: int) -> Load:
    """Return what starts today and on the days after it, by the zone that most jobs have."""
    scheduled = [
        entry
        for entry in stack.entries.values()
        if entry.settings.schedule and entry.settings.enabled
    ]
    zones = [entry.settings.timezone for entry in scheduled] or ["UTC"]
    zone = ZoneInfo(max(dict.fromkeys(zones), key=zones.count))
    today = now.astimezone(zone).date()
    begin, end = (
        datetime.combine(day, datetime.min.time(), zone) for day in (today, today + timedelta(days))
    )
    return Load(zone=zone, begin=begin, end=end, comes=tuple(coming(stack, scheduled, begin, end)))
