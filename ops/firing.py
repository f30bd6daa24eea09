"""What fires when: the times of a schedule over a period, with those that calendars leave out.

Nobody is asked: it follows from the stack file alone, and from when a schedule was made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from zoneinfo import ZoneInfo

from definitions import schedules
from definitions.calendars import skip_reason
from definitions.timetable import Planned
from ops.stack import Entry
from stacks.settings.calendars import CalendarSettings
from stacks.settings.schedules import timetable_of

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, order=True)
class Firing:
    """One time at which a schedule fires."""

    instant: datetime
    """In UTC."""
    number: int
    """Which of the entry's schedules it is, from 1. Two that fire at one instant make one run."""
    skipped: str = ""
    """Why no run comes of it, such as ``2026-12-24 is in holidays``; empty if one does."""


def firings(
    entry: Entry,
    calendars: Mapping[str, CalendarSettings],
    begin: datetime,
    end: datetime,
    *,
    made: datetime,
) -> Iterator[Firing]:
    """Yield in order when the schedules of a job, flow or worker fire, also in the past.

    Whether the schedule is enabled or paused is not asked.

    Args:
        entry: the job, flow or worker.
        calendars: those of the stack, ``stack.settings.calendars``.
        begin: from when, included.
        end: until when, not included.
        made: when its schedules were made: a ``rate()`` without ``startDate`` counts from then.
    """
    settings = entry.settings
    zone = ZoneInfo(settings.timezone)
    days = {name: calendars[name].days for name in settings.calendar_rules.calendars}
    # As it would be deployed a moment before: the present takes away what is over by then.
    planned = timetable_of(entry.name, settings, begin.astimezone(UTC) - _MOMENT).schedules
    times = (_times(one, zone, begin, end, made) for one in planned)
    for instant, number in merge(*times):
        day = instant.astimezone(zone).date()
        yield Firing(
            instant=instant,
            number=number,
            skipped=skip_reason(day, settings.calendar_rules, days),
        )


def counts_from_its_making(entry: Entry) -> bool:
    """Tell whether the minutes of its times are known to AWS alone: a rate without a start."""
    return entry.settings.start_date is None and any(
        isinstance(schedules.parse(expression), schedules.Rate)
        for expression in entry.settings.schedule
    )


def _times(
    planned: Planned, zone: ZoneInfo, begin: datetime, end: datetime, made: datetime
) -> Iterator[tuple[datetime, int]]:
    """Yield when one schedule fires; its end is the last time that it may."""
    start = max(begin, planned.start or begin)
    until = end if planned.end is None else min(end, planned.end + _MOMENT)
    anchor = planned.start or made
    for instant in schedules.parse(planned.expression).fires(start, until, zone, anchor):
        yield instant, planned.number
