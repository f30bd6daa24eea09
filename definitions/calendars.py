"""Calendars: on which days a job's runs are skipped, decided in the job's time zone.

The decision is made twice: by the dispatcher, in JSONata, for the day that a run was scheduled for;
and here, for warnings before a deploy and as a second opinion in the rehearsal.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from definitions.schedules import At, Cron, Rate, Schedule

Calendar = Mapping[str, str]
"""Days as ``2026-12-24``, each with its name, which may be empty."""

FIRST_YEAR, LAST_YEAR = 2025, 2040
"""Years that the dispatcher knows the clocks of. They are fixed, so that the same stack file gives
the same machine in any year."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SATURDAY = 5

_WEEK_SECONDS = 7 * 86_400
"""No zone changes its clocks twice in a week: the shortest change is for the month of Ramadan."""

MAX_TABLES_BYTES = 200_000
"""A state may assign variables of 256 KiB, and a definition have 1 MB (Step Functions guide,
"Quotas"); the rest is left to the dispatcher's other variables."""


@dataclass(frozen=True, kw_only=True)
class CalendarRules:
    """On which days of its schedule a job runs; on all of them unless something is said."""

    skip_on: tuple[str, ...] = ()
    """Calendars on whose days it does not run."""
    only_on: tuple[str, ...] = ()
    """Calendars on whose days alone it runs: on a day of any of them."""
    business_days: bool = False
    """Whether it runs from Monday to Friday only."""

    @property
    def calendars(self) -> tuple[str, ...]:
        """Names of the calendars that are asked."""
        return (*self.skip_on, *self.only_on)

    def in_trigger(self, zone: str) -> dict[str, Any] | None:
        """Return the rules as a trigger carries them; None where every day is a day to run."""
        rules: dict[str, Any] = {
            "skipOn": list(self.skip_on),
            "onlyOn": list(self.only_on),
            "businessDays": self.business_days,
        }
        said = {rule: value for rule, value in rules.items() if value}
        return {"zone": zone, **said} if said else None


def skip_reason(day: date, rules: CalendarRules, calendars: Mapping[str, Calendar]) -> str:
    """Say why no run is due on a day in the job's time zone; empty where one is."""
    for name in rules.skip_on:
        if (named := calendars[name].get(day.isoformat())) is not None:
            return f"{day} is in {name}" + (f" ({named})" if named else "")
    if rules.business_days and day.weekday() >= SATURDAY:
        return f"{day} is a {WEEKDAYS[day.weekday()]}"
    if rules.only_on and not any(day.isoformat() in calendars[name] for name in rules.only_on):
        return f"{day} is not in {' or '.join(rules.only_on)}"
    return ""


def ever_runs(
    schedule: Schedule,
    rules: CalendarRules,
    calendars: Mapping[str, Calendar],
    begin: date,
    end: date,
) -> bool:
    """Return whether any day of a schedule is one to run on, from begin to end or ``LAST_YEAR``.

    A schedule that has no day at all counts as one that does: that is for others to tell.
    """
    days = _days_of(schedule, begin, min(end, date(LAST_YEAR, 12, 31)))
    first = next(days, None)
    return first is None or any(
        not skip_reason(day, rules, calendars) for day in chain([first], days)
    )


def _days_of(schedule: Schedule, begin: date, end: date) -> Iterator[date]:
    """Yield the days on which a schedule comes; of a rate, every day."""
    match schedule:
        case At():
            found: Iterable[date] = (schedule.wall.date(),)
        case Rate():
            found = (begin + timedelta(days=n) for n in range((end - begin).days + 1))
        case Cron():
            found = (
                date(year, month, number)
                for year in schedule.years
                if begin.year <= year <= end.year
                for month in schedule.months
                for number in schedule.days.of(year, month)
            )
    return (day for day in found if begin <= day <= end)


SKIP_REASON = f"""(
    $rules := $states.input.calendar;
    $instant := $toMillis($states.input.scheduledTime);
    $minutes := $lookup($calendars.offsets, $rules.zone)[from <= $instant][-1].minutes;
    $exists($minutes) ? (
        $clock := $instant + 60000 * $minutes;
        $day := $substring($fromMillis($clock), 0, 10);
        $weekday := ($floor($clock / 86400000) + 3) % 7;
        $named := function($name) {{ $lookup($lookup($calendars.dates, $name), $day) }};
        $off := [$rules.skipOn][$exists($named($))][0];
        $exists($off)
          ? $day & ' is in ' & $off & ($named($off) = '' ? '' : ' (' & $named($off) & ')')
        : $rules.businessDays = true and $weekday >= {SATURDAY}
          ? $day & ' is a ' & {list(WEEKDAYS)}[$weekday]
        : $exists($rules.onlyOn) and $count([$rules.onlyOn][$exists($named($))]) = 0
          ? $day & ' is not in ' & $join($rules.onlyOn, ' or ')
        : ''
    ) : ''
)"""
"""JSONata: :func:`skip_reason` of a trigger with ``calendar`` and ``scheduledTime``.

It needs :func:`calendar_tables` in the variable ``$calendars``. The day is that of the time that a
run was scheduled for, however late the trigger comes. Where the table does not know the zone's
clock, before ``FIRST_YEAR`` and after ``LAST_YEAR``, the run is not skipped. The first of January
1970 was a Thursday.
"""


def calendar_tables(calendars: Mapping[str, Calendar], zones: Iterable[str]) -> dict[str, Any]:
    """Make what ``SKIP_REASON`` looks days and clocks up in.

    An entry of ``offsets`` counts from its instant, in milliseconds since 1970, to the next one's;
    the last one, without minutes, says where the table ends.
    """
    return {
        "dates": {name: dict(sorted(days.items())) for name, days in sorted(calendars.items())},
        "offsets": {
            zone: [
                *({"from": at, "minutes": minutes} for at, minutes in _clock_changes(zone)),
                {"from": _milliseconds(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC))},
            ]
            for zone in sorted(zones)
        },
    }


@cache
def _clock_changes(zone_name: str) -> tuple[tuple[int, int], ...]:
    """Return a zone's minutes from UTC at the start of the table and after each change in it."""
    zone = ZoneInfo(zone_name)
    week_begin = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    before = _minutes_from_utc(week_begin, zone)
    changes = [(_milliseconds(week_begin), before)]
    while week_begin.year <= LAST_YEAR:
        week_end = week_begin + timedelta(seconds=_WEEK_SECONDS)
        after = _minutes_from_utc(week_end, zone)
        if after != before:
            seconds = bisect_left(
                range(_WEEK_SECONDS),
                x=True,
                key=lambda s: _minutes_from_utc(week_begin + timedelta(seconds=s), zone) != before,
            )
            changes.append((_milliseconds(week_begin + timedelta(seconds=seconds)), after))
        week_begin, before = week_end, after
    return tuple(changes)


def _minutes_from_utc(instant: datetime, zone: ZoneInfo) -> int:
    offset = instant.astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(minutes=1)


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000
