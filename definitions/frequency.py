"""How often something runs: its schedules, counted over whole days to come, calendars included."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from definitions import schedules
from definitions.calendars import Calendar, CalendarRules, skip_reason
from definitions.timetable import Planned, Timetable

DAYS_A_YEAR = 365
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)

_Day = tuple[date, datetime, datetime]
"""A day, its first instant and that of the next day, in UTC."""


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
    zone = ZoneInfo(timetable.timezone)
    ahead = _days(timetable.timezone, now.astimezone(zone).date(), days)
    times: Counter[date] = Counter()
    for planned in timetable.schedules:
        times.update(dict(_by_day(planned, ahead, zone, now)))
    skipped = sum(count for day, count in times.items() if skip_reason(day, rules, calendars))
    return Frequency(times.total() - skipped, skipped)


@lru_cache(maxsize=64)
def _days(zone_name: str, today: date, days: int) -> list[_Day]:
    """Return the days after today, each with its first instant and that of the next day, in UTC."""
    zone = ZoneInfo(zone_name)
    dates = [today + number * _DAY for number in range(1, days + 2)]
    first = [datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in dates]
    return list(zip(dates, first, first[1:], strict=False))


def _by_day(
    planned: Planned, ahead: Sequence[_Day], zone: ZoneInfo, now: datetime
) -> Iterator[tuple[date, int]]:
    """Yield the days on which one schedule comes, with how often it does."""
    schedule = schedules.parse(planned.expression)
    dates = _dates(schedule, ahead) if isinstance(schedule, schedules.Cron) else None
    for day, begin, end in ahead:
        if dates is not None and day not in dates:
            continue
        start = begin if planned.start is None else max(begin, planned.start)
        stop = end if planned.end is None else min(end, planned.end + _SECOND)
        if start < stop and (times := _times(schedule, start, stop, zone, planned.start or now)):
            yield day, times


def _dates(cron: schedules.Cron, ahead: Sequence[_Day]) -> set[date]:
    """Return the days that a cron names."""
    months = dict.fromkeys((day.year, day.month) for day, _, _ in ahead)
    return {
        date(year, month, number)
        for year, month in months
        if year in cron.years and month in cron.months
        for number in cron.days.of(year, month)
    }


def _times(
    schedule: schedules.Schedule, start: datetime, stop: datetime, zone: ZoneInfo, anchor: datetime
) -> int:
    """Count the times of a schedule within one day, on which it comes."""
    match schedule:
        case schedules.Cron() if stop - start == _DAY:  # clocks do not change, nothing begins
            return len(schedule.hours) * len(schedule.minutes)
        case schedules.Rate():
            before, all_of_them = (
                max(0, -((anchor - when) // schedule.step)) for when in (start, stop)
            )
            return all_of_them - before
        case _:
            return sum(1 for _ in schedule.fires(start, stop, zone, anchor))
