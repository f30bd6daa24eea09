"""From what is written of when something runs to the schedules that EventBridge Scheduler gets.

Scheduler refuses a StartDate that is more than five minutes old, also in an update that changes
something else ("The StartDate you specify cannot be earlier than 5 minutes ago"), and may fire a
one-time schedule of the past once it is touched ("Troubleshooting" in its guide). So what is
deployed depends on the present: a date that has come is left out, a time that is over has no
schedule.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from definitions import schedules

MOST_SCHEDULES = 20
"""Of one job; our own bound, so that their numbers have two digits at most."""

MIN_WINDOW_MINUTES = 1
MAX_WINDOW_MINUTES = 1_440
"""EventBridge Scheduler, FlexibleTimeWindow.MaximumWindowInMinutes."""

MOMENT_FORM = "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2})?$"
"""What a date, with a time or without, looks like, for a JSON Schema."""

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d)?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One of the schedules of a job."""

    number: int
    """Its place in the list, from 1: it is in the schedule's name."""
    expression: str
    start: datetime | None = None
    """From when it fires, in UTC; ``None`` for at once."""
    end: datetime | None = None
    """Until when it fires, in UTC; ``None`` for ever."""


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """When something is started, as Scheduler is told it."""

    schedules: tuple[Planned, ...] = ()
    timezone: str = "UTC"
    """IANA name of the zone whose clocks the expressions mean."""
    window_minutes: int | None = None
    """Within how many minutes after its time a trigger may come; ``None`` for at its time."""
    start_deadline_seconds: int = 3_600
    """How late a trigger may still be delivered, 60 to 86,400."""
    enabled: bool = True
    """Whether the schedules fire."""
    calendar: Mapping[str, Any] | None = None
    """Which days are left out, as a trigger says it; ``None`` for none."""


def timetable(
    expressions: Sequence[str],
    *,
    timezone: str = "UTC",
    start: str | None = None,
    end: str | None = None,
    window_minutes: int | None = None,
    start_deadline_seconds: int = 3_600,
    enabled: bool = True,
    calendar: Mapping[str, Any] | None = None,
    now: datetime,
) -> Timetable:
    """Return what there is to deploy now.

    Args:
        expressions: cron(), rate() and at(), already spread.
        timezone: the zone of expressions and dates.
        start: the first date or time at which repeating ones fire, as :func:`moment` takes it.
        end: the last one; of a date, its last second.
        window_minutes: how late a trigger may come.
        start_deadline_seconds: how late it may still be delivered.
        enabled: whether the schedules fire.
        calendar: which days are left out, as a trigger says it.
        now: the present.

    Raises:
        ValueError: an expression or a date is none; one line.
    """
    zone = ZoneInfo(timezone)
    # A schedule stays while its last trigger may still be on its way.
    late = timedelta(minutes=window_minutes or 0, seconds=start_deadline_seconds)
    return Timetable(
        schedules=tuple(
            _planned(
                expressions,
                zone,
                start=None if start is None else moment(start, zone),
                end=None if end is None else moment(end, zone, last=True),
                now=now,
                late=late,
            )
        ),
        timezone=timezone,
        window_minutes=window_minutes,
        start_deadline_seconds=start_deadline_seconds,
        enabled=enabled,
        calendar=calendar,
    )


def _planned(
    expressions: Sequence[str],
    zone: ZoneInfo,
    *,
    start: datetime | None,
    end: datetime | None,
    now: datetime,
    late: timedelta,
) -> Iterator[Planned]:
    """Yield the schedules that are not over."""
    for number, expression in enumerate(expressions, 1):
        schedule = schedules.parse(expression)
        if isinstance(schedule, schedules.At):
            if not is_over(schedule, zone, now - late):
                yield Planned(number=number, expression=expression)
            continue
        begin = start
        if start is not None and start <= now:
            begin = schedule.next_after(now, zone, start) if _is_rate(schedule) else None
        if end is None or (end > now - late and (begin is None or begin < end)):
            yield Planned(number=number, expression=expression, start=begin, end=end)


def _is_rate(schedule: schedules.Schedule) -> bool:
    """Tell a rate, which counts from its start: it goes on in step if told its next time."""
    return isinstance(schedule, schedules.Rate)


def is_over(schedule: schedules.At, zone: ZoneInfo, now: datetime) -> bool:
    """Tell whether one time will not come any more."""
    return schedule.next_after(now, zone, now) is None


def moment(text: str, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """Return the instant of a date or a date with a time in a zone, in UTC.

    Args:
        text: ``2026-12-24`` or ``2026-12-24T18:00:00``. Of a time that comes twice it is the
            first, of a date its first instant.
        zone: whose clocks are meant.
        last: take the last second of a date instead.

    Raises:
        ValueError: it is neither, or the zone's clocks jump over that time; one line.
    """
    match = _MOMENT.fullmatch(text)
    try:
        wall = datetime.fromisoformat(text) if match else None
    except ValueError:
        wall = None
    if match is None or wall is None:
        raise ValueError(f'"{text}" is not a date: write 2026-12-24 or 2026-12-24T18:00:00')
    if match[2] is None:
        # Where midnight itself does not exist, these are the instant at which clocks jump over it.
        if not last:
            return wall.replace(tzinfo=zone).astimezone(UTC)
        next_day = wall + timedelta(days=1)
        return next_day.replace(tzinfo=zone).astimezone(UTC) - timedelta(seconds=1)
    found = schedules.instants(wall, zone)
    if not found:
        raise ValueError(f'"{text}" never comes in {zone}: clocks jump over it: write another')
    return found[0]


def argument(instant: datetime | None) -> str | None:
    """Write an instant as Scheduler's StartDate and EndDate are given to Pulumi."""
    return None if instant is None else f"{instant:%Y-%m-%dT%H:%M:%SZ}"
