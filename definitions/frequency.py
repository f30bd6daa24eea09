"""How often something runs: its schedules, counted over whole days to come, calendars included."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from definitions import schedules
from definitions.calendars import Calendar, CalendarRules, skip_reason
from definitions.timetable import Planned, Timetable

DAYS_A_YEAR = 365
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


@dataclass(frozen=True)
class Frequency:
    """How often schedules fire in some days."""

    runs: int = 0
    skipped: int = 0
    """Times on days that calendars leave out."""


def frequency(
    timetable: Timetable,
    rules: CalendarRules,
    calendars: Mapping[str, Calendar],
    now: datetime,
    days: int = DAYS_A_YEAR,
) -> Frequency:
    """Count over so many days, from tomorrow on in the schedules' own zone.

    Args:
        timetable: the schedules; none of them fires if it is off.
        rules: on which days the job runs.
        calendars: those that the rules name.
        now: the present; a rate without a start counts from it.
        days: how many.
    """
    if not timetable.enabled:
        return Frequency()
    runs = skipped = 0
    zone = ZoneInfo(timetable.timezone)
    for day, begin, end in _days(timetable.timezone, now.astimezone(zone).date(), days):
        times = sum(_on(planned, day, begin, end, zone, now) for planned in timetable.schedules)
        if times and skip_reason(day, rules, calendars):
            skipped += times
        else:
            runs += times
    return Frequency(runs, skipped)


@lru_cache(maxsize=64)
def _days(zone_name: str, today: date, days: int) -> list[tuple[date, datetime, datetime]]:
    """Return the days after today, each with its first instant and that of the next day, in UTC."""
    zone = ZoneInfo(zone_name)
    dates = [today + number * _DAY for number in range(1, days + 2)]
    first = [datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in dates]
    return list(zip(dates, first, first[1:], strict=False))


def _on(
    planned: Planned, day: date, begin: datetime, end: datetime, zone: ZoneInfo, now: datetime
) -> int:
    """Count the times of one schedule on one day."""
    schedule = schedules.parse(planned.expression)
    start = begin if planned.start is None else max(begin, planned.start)
    stop = end if planned.end is None else min(end, planned.end + _SECOND)
    if stop <= start:
        return 0
    match schedule:
        case schedules.Cron() if stop - start == _DAY:  # clocks do not change, nothing begins
            comes = (
                day.year in schedule.years
                and day.month in schedule.months
                and day.day in schedule.days.of(day.year, day.month)
            )
            return len(schedule.hours) * len(schedule.minutes) if comes else 0
        case schedules.Rate():
            anchor = planned.start or now
            before, all_of_them = (
                max(0, -((anchor - when) // schedule.step)) for when in (start, stop)
            )
            return all_of_them - before
        case _:
            return sum(1 for _ in schedule.fires(start, stop, zone, now))
