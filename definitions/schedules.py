"""EventBridge Scheduler expressions: what is wrong in one, and when it fires.

Our own small parser, because no library says which field is at fault the way AWS checks it.
Sources: "Schedule types" in the EventBridge Scheduler User Guide, and expressions that AWS was seen
to accept or to refuse.
"""

import calendar
import difflib
import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from itertools import takewhile
from typing import cast
from zoneinfo import ZoneInfo, available_timezones

MAX_LENGTH = 256
"""EventBridge Scheduler, CreateSchedule.ScheduleExpression."""

MAX_RATE_DIGITS = 6
"""Our own bound: AWS documents none, and Python's calendar ends with the year 9999."""

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
DAYS_PER_WEEK = 7
SATURDAY = 7
MINUTES_PER_HOUR = 60
MINUTES_PER_DAY = 1_440

_RATE_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_CRONTAB_FIELDS = ("minute", "hour", "day-of-month", "month", "day-of-week")
_CRON_FIELDS = (*_CRONTAB_FIELDS, "year")
FORMS = f"cron({' '.join(_CRON_FIELDS)}), rate(5 minutes) or at(2026-12-24T18:00:00)"
"""How an expression may be written."""
FORM = (
    r"^(cron\([^ ]+( [^ ]+){5}\)|rate\([0-9]{1,6} (minute|hour|day)s?\)"
    r"|at\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\))$"
)
"""What all expressions look like, for a JSON Schema."""
ZONE_FORM = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"
"""What the names of time zones look like, likewise."""


@dataclass(frozen=True, kw_only=True)
class _Field:
    """One of the six fields of a cron expression."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    """Words for the values, from ``low`` on."""
    wraps: bool = True
    """Whether a range may run backwards, as 20-2 in hours does past midnight."""
    steps: bool = True

    def number(self, text: str) -> int:
        """Read one value: a number in bounds or a name in any case."""
        if text.upper() in self.names:
            return self.names.index(text.upper()) + self.low
        if not (text.isascii() and text.isdigit()):
            known = f", {self.names[0]} to {self.names[-1]}" if self.names else ""
            raise ValueError(
                f'{self.name} "{text}" is not a value: write {self.low} to {self.high}{known}'
            )
        if not self.low <= int(text) <= self.high:
            raise ValueError(
                f"{self.name} {text} is outside of the field: write {self.low} to {self.high}"
            )
        return int(text)

    def span(self, first: int, last: int) -> list[int]:
        """Return the values from first to last, past the end of the field where it wraps."""
        if first <= last:
            return list(range(first, last + 1))
        if not self.wraps:
            raise ValueError(f"{self.name} {first}-{last} runs backwards: write {last}-{first}")
        return [*range(first, self.high + 1), *range(self.low, last + 1)]

    def values(self, text: str) -> tuple[int, ...]:
        """Read a list of values, ranges and steps."""
        return tuple(sorted({value for part in text.split(",") for value in self._part(part)}))

    def _part(self, text: str) -> list[int]:
        """Read one entry of the list."""
        if text == "?":
            raise ValueError(f"{self.name} ? is for the day fields only: write *")
        base, slash, step = text.partition("/")
        first, dash, last = base.partition("-")
        if base == "*":
            span = self.span(self.low, self.high)
        elif dash:
            span = self.span(self.number(first), self.number(last))
        else:
            span = self.span(self.number(base), self.high if slash else self.number(base))
        return span[:: self._step(text, step, once=span[0])] if slash else span

    def _step(self, text: str, step: str, *, once: int) -> int:
        """Read what follows a slash."""
        if not self.steps:
            raise ValueError(f"{self.name} {text}: AWS knows no steps of weekdays: list the days")
        most = self.high if self.low <= 1 else self.high - self.low
        if not (step.isascii() and step.isdigit()) or not int(step):
            raise ValueError(f"{self.name} {text} has no step of 1 or more: write 1 to {most}")
        if int(step) > most:
            raise ValueError(
                f"{self.name} {text} steps past the end of the field: write {once} for once, "
                f"or a step of 1 to {most}"
            )
        return int(step)


_MINUTE = _Field(name="minute", low=0, high=59)
_HOUR = _Field(name="hour", low=0, high=23)
_DAY_OF_MONTH = _Field(name="day-of-month", low=1, high=31)
_MONTH = _Field(name="month", low=1, high=12, names=MONTHS)
_DAY_OF_WEEK = _Field(name="day-of-week", low=1, high=7, names=WEEKDAYS, steps=False)
_YEAR = _Field(name="year", low=1970, high=2199, wraps=False)


@dataclass(frozen=True, kw_only=True)
class Days:
    """The days of a month that a cron expression means: those that any of the fields means."""

    numbers: tuple[int, ...] = ()
    last_day: bool = False
    """``L``"""
    last_working_day: bool = False
    """``LW``"""
    nearest_working_day_to: int | None = None
    """``15W``: Monday to Friday, within the same month."""
    weekdays: tuple[int, ...] = ()
    """1 is Sunday, as AWS counts."""
    last_weekday: int | None = None
    """``6L``: the last Friday."""
    nth_weekday: tuple[int, int] | None = None
    """``6#3``: the third Friday."""

    def of(self, year: int, month: int) -> list[int]:
        """Return the days in order; a day that a month does not have is passed over."""
        first_weekday, length = calendar.monthrange(year, month)
        # calendar counts from Monday as 0, AWS from Sunday as 1.
        weekday_of_first = (first_weekday + 1) % DAYS_PER_WEEK + 1
        days = {number for number in self.numbers if number <= length}
        for weekday in self.weekdays:
            days.update(_weekdays(weekday, weekday_of_first, length))
        if self.last_day:
            days.add(length)
        if self.last_working_day:
            days.add(_nearest_working_day(length, weekday_of_first, length))
        if self.nearest_working_day_to and self.nearest_working_day_to <= length:
            days.add(_nearest_working_day(self.nearest_working_day_to, weekday_of_first, length))
        if self.last_weekday:
            days.add(_weekdays(self.last_weekday, weekday_of_first, length)[-1])
        if self.nth_weekday:
            weekday, nth = self.nth_weekday
            days.update(_weekdays(weekday, weekday_of_first, length)[nth - 1 : nth])
        return sorted(days)


def _weekdays(weekday: int, weekday_of_first: int, length: int) -> range:
    """Return the days of a month that are such a weekday."""
    return range((weekday - weekday_of_first) % DAYS_PER_WEEK + 1, length + 1, DAYS_PER_WEEK)


def _nearest_working_day(day: int, weekday_of_first: int, length: int) -> int:
    """Return the day itself or the working day next to it, never in another month."""
    weekday = (weekday_of_first + day - 2) % DAYS_PER_WEEK + 1
    if weekday == SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == 1:
        return day + 1 if day < length else day - 2
    return day


@dataclass(frozen=True, kw_only=True)
class Cron:
    """A time on the wall clock of a zone, again and again."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...]

    def wall_times(self, start: datetime) -> Iterator[datetime]:
        """Yield the naive times from a naive one on, that one included, until the last year."""
        for year in self.years[bisect_left(self.years, start.year) :]:
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                for day in self.days.of(year, month):
                    for hour in self.hours:
                        if (year, month, day, hour) < (
                            start.year,
                            start.month,
                            start.day,
                            start.hour,
                        ):
                            continue
                        for minute in self.minutes:
                            wall = datetime(year, month, day, hour, minute)
                            if wall >= start:
                                yield wall

    def next_after(self, instant: datetime, zone: tzinfo, anchor: datetime) -> datetime | None:
        """Return the first instant after another one, in UTC; None if there is none until 2199.

        A time that clocks jump over in spring does not run; one that comes twice in autumn runs the
        first time only. A cron counts from the clock, so the anchor does not matter.
        """
        del anchor
        start = _wall(instant, zone).replace(second=0, microsecond=0)
        for wall in self.wall_times(start):
            fires_at = wall.replace(tzinfo=zone).astimezone(UTC)
            if fires_at > instant and _wall(fires_at, zone) == wall:
                return fires_at
        return None

    def fires(
        self, start: datetime, end: datetime, zone: tzinfo, anchor: datetime
    ) -> Iterator[datetime]:
        """Yield the instants from start (included) to end (not included), in UTC."""
        return _fires(self, start, end, zone, anchor)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Every so often, counted in elapsed time: a day is 24 hours, whatever clocks do."""

    step: timedelta

    def next_after(self, instant: datetime, zone: tzinfo, anchor: datetime) -> datetime | None:
        """Return the first instant after another one, in UTC.

        The anchor is when the schedule was made; it is the first instant. A zone does not matter.
        """
        del zone
        # In UTC, because Python counts between times of one zone on its wall clock.
        first = anchor.astimezone(UTC)
        steps = max(0, (instant.astimezone(UTC) - first) // self.step + 1)
        return first + steps * self.step

    def fires(
        self, start: datetime, end: datetime, zone: tzinfo, anchor: datetime
    ) -> Iterator[datetime]:
        """Yield the instants from start (included) to end (not included), in UTC."""
        return _fires(self, start, end, zone, anchor)


@dataclass(frozen=True, kw_only=True)
class At:
    """One time on the wall clock of a zone, once."""

    wall: datetime
    """Naive."""

    def next_after(self, instant: datetime, zone: tzinfo, anchor: datetime) -> datetime | None:
        """Return its instant in UTC if that comes after another one.

        A time that clocks jump over never comes; of one that comes twice it is the first, which
        AWS does not say of at(). The anchor does not matter.
        """
        del anchor
        return next((when for when in instants(self.wall, zone)[:1] if when > instant), None)

    def fires(
        self, start: datetime, end: datetime, zone: tzinfo, anchor: datetime
    ) -> Iterator[datetime]:
        """Yield its instant, in UTC, if it is from start (included) to end (not included)."""
        return _fires(self, start, end, zone, anchor)


Schedule = Cron | Rate | At


def instants(wall: datetime, zone: tzinfo) -> list[datetime]:
    """Return when the clocks of a zone show a naive time: in spring never, in autumn twice."""
    folds = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(when for when in folds if _wall(when, zone) == wall)


def _wall(instant: datetime, zone: tzinfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _fires(
    schedule: Schedule, start: datetime, end: datetime, zone: tzinfo, anchor: datetime
) -> Iterator[datetime]:
    before = start.astimezone(UTC) - timedelta(microseconds=1)
    instant = schedule.next_after(before, zone, anchor)
    while instant is not None and instant < end:
        yield instant
        instant = schedule.next_after(instant, zone, anchor)


# -- reading


@lru_cache(maxsize=4_096)
def parse(text: str) -> Schedule:
    """Read an expression.

    Raises:
        ValueError: one line with the expression, the field at fault, the rule and the remedy.
    """
    try:
        return _parse(text)
    except ValueError as error:
        raise ValueError(f'"{text}": {error}') from None


def step_seconds(expression: str) -> int | None:
    """Return the step of a rate; nothing else has one."""
    schedule = parse(expression)
    return int(schedule.step.total_seconds()) if isinstance(schedule, Rate) else None


def _parse(text: str) -> Schedule:
    if len(text) > MAX_LENGTH:
        raise ValueError(f"{len(text)} characters, AWS allows {MAX_LENGTH}: write a shorter one")
    if text != text.strip():
        raise ValueError(f"blanks around the expression: write {text.strip()}")
    kind, parenthesis, rest = text.partition("(")
    if not parenthesis or not rest.endswith(")"):
        raise ValueError(_remedy_without_parentheses(text))
    inside = rest[:-1]
    if kind not in _KINDS:
        if kind.lower().strip() in _KINDS:
            raise ValueError(f"{kind} is not known: write {kind.lower().strip()}({inside})")
        raise ValueError(f"no schedule: write {FORMS}")
    if kind == "at":
        return _at(inside)
    single = " ".join(inside.split())
    if inside != single:
        raise ValueError(f"blanks that AWS refuses: write {kind}({single})")
    return _cron(inside) if kind == "cron" else _rate(inside)


_KINDS = ("cron", "rate", "at")


def _remedy_without_parentheses(text: str) -> str:
    """Return what to say of a line that may come from a crontab."""
    if text in _NICKNAMES:
        return f"a line of a crontab: write {_NICKNAMES[text]}"
    fields = text.split()
    if len(fields) == len(_CRONTAB_FIELDS) and (remedy := _from_crontab(fields)):
        return f"a line of a crontab: write {remedy}"
    if len(fields) == len(_CRON_FIELDS):
        return f"no cron() around the fields: write cron({' '.join(fields)})"
    return f"no schedule: write {FORMS}"


_NICKNAMES = {
    "@hourly": "cron(0 * * * ? *)",
    "@daily": "cron(0 0 * * ? *)",
    "@midnight": "cron(0 0 * * ? *)",
    "@weekly": "cron(0 0 ? * SUN *)",
    "@monthly": "cron(0 0 1 * ? *)",
    "@yearly": "cron(0 0 1 1 ? *)",
    "@annually": "cron(0 0 1 1 ? *)",
}


def _from_crontab(fields: list[str]) -> str | None:
    """Return the cron() of a crontab's five fields; None where there is no such one.

    A crontab counts Sunday as 0 or 7, AWS as 1: names say the same to both. It runs on the days
    that either of the day fields means, for which AWS needs two schedules.
    """
    minute, hour, day, month, weekday = fields
    named = re.sub(r"\b[0-7]\b", lambda number: WEEKDAYS[int(number[0]) % DAYS_PER_WEEK], weekday)
    by_day = f"{minute} {hour} {day} {month} ? *"
    by_weekday = f"{minute} {hour} ? {month} {named} *"
    meant = [by_day] if weekday == "*" else [by_weekday] if day == "*" else [by_day, by_weekday]
    try:
        for converted in meant:
            _cron(converted)
    except ValueError:
        return None
    written = [f"cron({converted})" for converted in meant]
    return written[0] if len(written) == 1 else f'["{written[0]}", "{written[1]}"]'


def _cron(inside: str) -> Cron:
    """Read the six fields."""
    fields = inside.split(" ") if inside else []
    if len(fields) == len(_CRONTAB_FIELDS):
        raise ValueError(_five_fields(fields))
    if len(fields) != len(_CRON_FIELDS):
        raise ValueError(f"not six fields: write cron({' '.join(_CRON_FIELDS)})")
    minute, hour, day, month, weekday, year = fields
    return Cron(
        minutes=_MINUTE.values(minute),
        hours=_HOUR.values(hour),
        days=_days(day, weekday, f"cron({minute} {hour} {{day}} {month} {{weekday}} {year})"),
        months=_MONTH.values(month),
        years=_YEAR.values(year),
    )


def _five_fields(fields: list[str]) -> str:
    """Return what to say of five fields: AWS's without the year, or a crontab's."""
    if "?" in (fields[2], fields[4]):
        return f"five fields: add the year: cron({' '.join(fields)} *)"
    if remedy := _from_crontab(fields):
        both = " and take the two days apart" * remedy.startswith("[")
        return f"five fields: add the year{both}: {remedy}"
    return f"five fields: write cron({' '.join(_CRON_FIELDS)})"


def _days(day: str, weekday: str, form: str) -> Days:
    """Read the two day fields, one of which is ``?``."""
    if day == "?" and weekday == "?":
        both = form.format(day="*", weekday="?")
        raise ValueError(f"day-of-month and day-of-week are both ?: write {both}")
    if day != "?" and weekday != "?":
        by_day = form.format(day=day, weekday="?")
        by_weekday = form.format(day="?", weekday=weekday)
        meant = [by_day] if weekday == "*" else [by_weekday] if day == "*" else [by_day, by_weekday]
        raise ValueError(
            f"day-of-month and day-of-week are both set: put ? in one: write {' or '.join(meant)}"
            f"{', or a list of both' * (len(meant) > 1)}"
        )
    return _days_of_month(day) if weekday == "?" else _days_of_week(weekday)


def _days_of_month(text: str) -> Days:
    """Read day-of-month: numbers, ``L``, ``LW`` and ``15W``."""
    upper = text.upper()
    if upper == "L":
        return Days(last_day=True)
    if upper == "LW":
        return Days(last_working_day=True)
    if match := re.fullmatch(r"(\d+)W", upper, re.ASCII):
        return Days(nearest_working_day_to=_DAY_OF_MONTH.number(match[1]))
    if upper.startswith("L-"):
        raise ValueError(f"day-of-month {text} is not known to AWS: write L, or a number")
    if "L" in upper or "W" in upper:
        raise ValueError(f"day-of-month {text}: L, LW and 15W stand alone: write one of them")
    return Days(numbers=_DAY_OF_MONTH.values(text))


def _days_of_week(text: str) -> Days:
    """Read day-of-week: numbers, names, ``L``, ``6L`` and ``6#3``."""
    if text.upper() == "L":
        return Days(weekdays=(SATURDAY,))
    if "#" in text:
        return Days(nth_weekday=_nth_weekday(text))
    if text.upper().endswith("L") and "," not in text:
        return Days(last_weekday=_DAY_OF_WEEK.number(text[:-1]))
    return Days(weekdays=_DAY_OF_WEEK.values(text))


def _nth_weekday(text: str) -> tuple[int, int]:
    """Read ``6#3``, the third Friday."""
    weekday, _, nth = text.partition("#")
    if "," in text:
        raise ValueError(f"day-of-week {text}: # stands alone: write one such as FRI#3")
    if nth not in ("1", "2", "3", "4", "5"):
        raise ValueError(f"day-of-week {text} has no week of 1 to 5: write one such as FRI#3")
    return _DAY_OF_WEEK.number(weekday), int(nth)


def _rate(inside: str) -> Rate:
    """Read a number and a unit; ``1 minutes`` and ``5 minute`` are taken too."""
    value, _, unit = inside.partition(" ")
    if not (value.isascii() and value.isdigit()):
        raise ValueError(f'value "{value}" is not a whole number: write rate(5 minutes)')
    if len(value) > MAX_RATE_DIGITS:
        raise ValueError(f"value {value} is too large: write a cron() with a year")
    number = int(value)
    if not unit:
        raise ValueError(f"no unit: write {_rate_text(number, 'minute')}")
    singular = unit.removesuffix("s")
    if singular not in _RATE_UNITS:
        raise ValueError(_rate_unit_remedy(number, unit))
    if not number:
        raise ValueError(f"value 0 never comes: write {_rate_text(1, singular)}")
    return Rate(step=number * _RATE_UNITS[singular])


def _rate_unit_remedy(number: int, unit: str) -> str:
    """Return what to say of a unit that AWS does not know."""
    singular = unit.lower().removesuffix("s")
    if singular in ("second", "sec"):
        return "nothing faster than a minute: write rate(1 minute)"
    if singular == "week":
        return f"unit {unit} is not known: write {_rate_text(7 * number, 'day')}"
    if nearest := difflib.get_close_matches(singular, _RATE_UNITS, n=1):
        return f"unit {unit} is not known: write {_rate_text(number, nearest[0])}"
    return f"unit {unit} is not known: write minutes, hours or days, or a cron()"


def _rate_text(number: int, singular: str) -> str:
    """Write a rate whose unit agrees with its number."""
    number = max(1, number)
    return f"rate({number} {singular if number == 1 else f'{singular}s'})"


_AT = re.compile(r"(\d{4}-\d\d-\d\d)(?:([T ])(\d\d:\d\d)(:\d\d)?(.*))?", re.ASCII)


def _at(inside: str) -> At:
    """Read a date and a time; AWS refuses any other form, and a zone behind it."""
    match = _AT.fullmatch(inside)
    if match is None:
        raise ValueError("not a date and a time: write at(2026-12-24T18:00:00)")
    day, _, minute, second, rest = match.groups()
    written = f"at({day}T{minute or '00:00'}{second or ':00'})"
    if rest:
        zone = "set timezone: UTC" if rest == "Z" else "set timezone"
        raise ValueError(f"the zone stands beside it: write {written} and {zone}")
    if written != f"at({inside})":
        raise ValueError(f"not as AWS takes it: write {written}")
    try:
        return At(wall=datetime.fromisoformat(inside))
    except ValueError:
        raise ValueError("no calendar has that date and time: correct it") from None


# -- a minute of its own for each job


def spread(expression: str, name: str) -> str:
    """Return a cron with another minute of the same hour, not before its own one.

    The minute is drawn from the name, so it is the same in every deployment and on every machine,
    and a thousand names share the minutes evenly. Days and hours stay as they are.

    Raises:
        ValueError: one line; only a cron with one fixed minute can be spread.
    """
    cron = parse(expression)
    if not isinstance(cron, Cron) or len(cron.minutes) != 1:
        raise ValueError(
            f'"{expression}" cannot be spread, which is for a cron() with one minute: '
            "write cron(0 …), or remove spread"
        )
    minute = cron.minutes[0]
    drawn = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    _, _, others = expression.partition(" ")
    return f"cron({minute + drawn % (MINUTES_PER_HOUR - minute)} {others}"


# -- zones

_NO_PLACES = frozenset({"localtime", "Factory"})


def check_zone(name: str) -> None:
    """Refuse a time zone that the IANA database does not have.

    Raises:
        ValueError: one line with the nearest zone.
    """
    if _exists(name):
        return
    zones = {zone.lower(): zone for zone in sorted(available_timezones() - _NO_PLACES)}
    # "tokyo" is nearer to "Asia/Tokyo" than its spelling says.
    places = {zone.rpartition("/")[2]: zone for zone in zones}
    wanted = name.strip().lower().replace(" ", "_")
    nearest = difflib.get_close_matches(wanted, [*zones, *places], n=1, cutoff=0.7)
    remedy = zones[places.get(nearest[0], nearest[0])] if nearest else "one like Europe/Berlin"
    raise ValueError(f'"{name}" is not a time zone: write {remedy}')


@cache
def _exists(name: str) -> bool:
    """Return whether a zone can be used by AWS, too: it does not know a machine's own files."""
    if name.startswith(("posix/", "right/")) or name in _NO_PLACES:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, not a path below, a directory
        return False
    return True


def times_in_spring_gap(cron: Cron, zone_name: str, today: date, years: int = 2) -> list[datetime]:
    """Return the wall clock times that the cron means and that clocks jump over.

    AWS skips such a run (EventBridge Scheduler User Guide, "Daylight savings time").
    """
    end = datetime.combine(today, time.min) + timedelta(days=366 * years)
    times: list[datetime] = []
    for year in range(today.year, end.year + 1):
        for gap_start, gap_end in _spring_gaps(zone_name, year):
            if gap_start.date() >= today and gap_start < end:
                times += takewhile(lambda wall: wall < gap_end, cron.wall_times(gap_start))  # noqa: B023 used at once
    return times


@cache
def _spring_gaps(zone_name: str, year: int) -> tuple[tuple[datetime, datetime], ...]:
    """Return where a zone's wall clock jumps forward in a year: from and to, naive."""
    zone = ZoneInfo(zone_name)
    gaps: list[tuple[datetime, datetime]] = []
    day = datetime(year, 1, 1, tzinfo=UTC)
    while day.year == year:
        next_day = day + timedelta(days=1)
        jump = _offset(next_day, zone) - _offset(day, zone)
        if jump > timedelta():
            minutes = range(MINUTES_PER_DAY)
            before = bisect_right(
                minutes,
                _offset(day, zone),
                key=lambda minute: _offset(day + timedelta(minutes=minute), zone),
            )
            wall = (day + timedelta(minutes=before)).replace(tzinfo=None) + _offset(day, zone)
            gaps.append((wall, wall + jump))
        day = next_day
    return tuple(gaps)


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return cast("timedelta", instant.astimezone(zone).utcoffset())
