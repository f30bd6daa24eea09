"""Other people's cron expressions: what they mean, and how EventBridge Scheduler says the same.

A crontab's five fields are no six fields of AWS without the year: weekdays are numbered otherwise,
AWS knows no steps of weekdays, takes one day field only, and where both are set, crons differ in
what that means. So an expression is read to the times that it means, and written anew from those.

Sources: ``entry.c`` and ``cron.c`` of cronie, which is ISC cron 4.1 (Vixie's) maintained, and its
crontab(5); ``parser.go`` and ``spec.go`` of robfig/cron v3, by which Kubernetes and Copilot read.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from definitions import schedules
from definitions.schedules import DAYS_PER_WEEK, MONTHS, WEEKDAYS
from definitions.timetable import MOST_SCHEDULES

MINUTES, HOURS = range(60), range(24)
DAYS, MONTH_NUMBERS = range(1, 32), range(1, 13)
WORKING_DAYS = frozenset(range(1, 6))
"""Monday to Friday, where Sunday is 0."""

_WEEKS = (range(1, 8), range(8, 15), range(15, 22), range(22, 29), range(29, 32))
"""The days of a month among which each weekday stands for the first time, the second, and so on."""
_MANY = 3
"""From so many numbers on, a range or a step is shorter than a list."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One of the five fields."""

    name: str
    numbers: range
    """What may be written; of weekdays 7 too, which is Sunday as 0 is."""
    names: tuple[str, ...] = ()
    """Words for the numbers from the first one on."""

    @property
    def first(self) -> int:
        """The least number."""
        return self.numbers[0]

    @property
    def last(self) -> int:
        """The greatest number."""
        return self.numbers[-1]


FIELDS = (
    Field(name="minute", numbers=MINUTES),
    Field(name="hour", numbers=HOURS),
    Field(name="day of month", numbers=DAYS),
    Field(name="month", numbers=MONTH_NUMBERS, names=MONTHS),
    Field(name="day of week", numbers=range(DAYS_PER_WEEK + 1), names=WEEKDAYS),
)
_WEEKDAY = FIELDS[4]


@dataclass(frozen=True, kw_only=True)
class Times:
    """What five fields mean."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    both_days: bool
    """Whether a day must be in both day fields; else one of them is enough."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """The same for AWS."""

    expressions: tuple[str, ...]
    business_days: bool = False
    """Whether Saturdays and Sundays must be skipped besides."""


# -- reading a crontab's


NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
    "@every_minute": "* * * * *",  # FreeBSD's
}


def crontab_times(fields: Sequence[str], seed: str) -> Times:
    """Read five fields as Vixie's cron does, and ``H`` as Jenkins.

    A day field that begins with ``*`` does not restrict, whatever follows (``DOM_STAR`` and
    ``DOW_STAR`` in ``entry.c``): then a day must be in both fields, ``*/2`` among them. If neither
    does, a day of either is enough.

    Args:
        fields: the five of them.
        seed: where cron would take a number at random (``0~59``), or Jenkins one of its own
            (``H``), ours is drawn from this text: the same each time.

    Raises:
        ValueError: one line with the field, the rule and the remedy.
    """
    values = [
        frozenset(value for part in text.split(",") for value in _crontab_part(part, field, seed))
        for text, field in zip(fields, FIELDS, strict=True)
    ]
    stars = (fields[2].startswith("*"), fields[4].startswith("*"))
    # Jenkins asks all fields, always (hudson.scheduler.CronTab).
    return _times(values, both_days=any(stars) or is_jenkins(fields))


def is_jenkins(fields: Sequence[str]) -> bool:
    """Tell whether a field has Jenkins' ``H``."""
    return any(_HASHED.fullmatch(part) for field in fields for part in field.split(","))


def is_random(fields: Sequence[str]) -> bool:
    """Tell whether a field leaves its number to the cron that reads it."""
    return any("~" in field for field in fields)


def _times(values: Sequence[frozenset[int]], *, both_days: bool) -> Times:
    minutes, hours, days, months, weekdays = values
    return Times(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset(weekday % DAYS_PER_WEEK for weekday in weekdays),
        both_days=both_days,
    )


_PART = re.compile(r"(\*|[^-/~]+)(?:-([^-/~]+))?(?:/([^-/~]+))?")
_RANDOM = re.compile(r"([^-/~]*)~([^-/~]*)")
_HASHED = re.compile(r"H(?:\((\d+)-(\d+)\))?(?:/(\d+))?", re.ASCII)


def _crontab_part(text: str, field: Field, seed: str) -> range:
    """Read one entry of a list: ``get_range`` in ``entry.c``."""
    if match := _HASHED.fullmatch(text):
        return _hashed(match, field, seed)
    if match := _RANDOM.fullmatch(text):
        low = _number(match[1], field) if match[1] else field.first
        high = _number(match[2], field) if match[2] else field.last
        _check_order(text, low, high, field)
        drawn = _drawn(low, high, f"{seed} {field.name}")
        return range(drawn, drawn + 1)
    match = _PART.fullmatch(text)
    if match is None:
        raise ValueError(f'{field.name} "{text}" is nothing that cron reads: {_allowed(field)}')
    first, last, step = match.groups()
    if first == "*" and last is None:
        return field.numbers[:: _step(step, text, field)]
    low = _number(first, field)
    if last is None and step is not None:
        raise ValueError(
            f"{field.name} {text}: cronie refuses it, older crons take {first} alone, others every "
            f"{step} from there: write {first}-{field.last}/{step}, or {first}"
        )
    high = low if last is None else _number(last, field)
    if field is _WEEKDAY and high == 0 < low:
        high = DAYS_PER_WEEK  # fri-sun
    _check_order(text, low, high, field)
    return range(low, high + 1)[:: _step(step, text, field)]


def _hashed(match: re.Match[str], field: Field, seed: str) -> range:
    """Draw what Jenkins' ``H`` stands for: the minute of ``H``, the first of ``H/15``."""
    # Jenkins takes no day after the 28th, which not every month has, and Sunday as 0.
    most = {"day of month": 28, "day of week": 6}.get(field.name, field.last)
    low = int(match[1]) if match[1] else field.first
    high = int(match[2]) if match[2] else most
    for number in (low, high):
        _number(str(number), field)
    _check_order(match[0], low, high, field)
    step = _step(match[3], match[0], field)
    if match[3] is None:
        drawn = _drawn(low, high, f"{seed} {field.name}")
        return range(drawn, drawn + 1)
    return range(_drawn(low, min(high, low + step - 1), f"{seed} {field.name}"), high + 1, step)


def _drawn(low: int, high: int, seed: str) -> int:
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])
    return low + number % (high - low + 1)


def _number(text: str, field: Field) -> int:
    """Read a number in bounds, or a name of three letters in any case."""
    if text.upper() in field.names:
        return field.names.index(text.upper()) + field.first
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f'{field.name} "{text}" is nothing that cron reads: {_allowed(field)}')
    if int(text) not in field.numbers:
        raise ValueError(f"{field.name} {text} is outside of the field: {_allowed(field)}")
    return int(text)


def _allowed(field: Field) -> str:
    names = f", {field.names[0]} to {field.names[-1]}" if field.names else ""
    return f"write {field.first} to {field.last}{names}"


def _check_order(text: str, low: int, high: int, field: Field) -> None:
    if low > high:
        raise ValueError(
            f"{field.name} {text} runs backwards, which no cron reads: write "
            f"{low}-{field.last},{field.first}-{high}"
        )


def _step(text: str | None, part: str, field: Field) -> int:
    if text is None:
        return 1
    if not (text.isascii() and text.isdigit()) or not int(text):
        raise ValueError(f"{field.name} {part} has no step of 1 or more: correct it")
    return int(text)


# -- reading Kubernetes' and Copilot's


def go_times(fields: Sequence[str]) -> Times:
    """Read five fields as robfig/cron does, which Kubernetes and Copilot use.

    Other than in a crontab, ``?`` is ``*``, ``5/15`` goes on to the end of the field, Sunday is 0
    only, and a star with a step restricts (``getRange`` in ``parser.go`` takes the star bit away).

    Raises:
        ValueError: one line with the field, the rule and the remedy.
    """
    values: list[frozenset[int]] = []
    for text, field in zip(fields, FIELDS, strict=True):
        parts = [_go_part(part, field) for part in text.split(",") if part]
        if not parts:
            raise ValueError(f'{field.name} "{text}" is empty: {_allowed(field)}')
        values.append(frozenset(value for part in parts for value in part))
    return _times(values, both_days=any(map(_has_go_star, (fields[2], fields[4]))))


def _has_go_star(text: str) -> bool:
    return any(re.fullmatch(r"[*?](-[^/]*)?(/0*1)?", part) for part in text.split(","))


def _go_part(text: str, field: Field) -> range:
    base, slash, step_text = text.partition("/")
    step = _step(step_text if slash else None, text, field)
    last = field.last - 1 if field is _WEEKDAY else field.last
    first_text, dash, last_text = base.partition("-")
    if first_text in ("*", "?"):
        return range(field.first, last + 1, step)
    low = _number(first_text, field)
    high = _number(last_text, field) if dash else last if slash else low
    if max(low, high) > last:
        raise ValueError(f"{field.name} {text}: Sunday is 0 there, 7 is refused: write 0")
    _check_order(text, low, high, field)
    return range(low, high + 1, step)


_GO_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|us|µs|ns|s)")
_GO_UNITS = {
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}


def go_duration(text: str) -> timedelta:
    """Read a duration as Go writes it: ``1h30m``, ``90s``, ``1.5h``.

    Raises:
        ValueError: one line; it is none.
    """
    parts = _GO_DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'"{text}" is no duration: write one such as 1h30m')
    none = timedelta()  # what is less than a millisecond does not count
    return sum((float(number) * _GO_UNITS.get(unit, none) for number, unit in parts), none)


def go_expression(text: str) -> Written:
    """Return a Go program's schedule for AWS: five fields, ``@daily``, ``@every 1h30m``.

    Raises:
        ValueError: one line with the rule and the remedy.
    """
    if text.startswith("@every "):
        return Written(expressions=(_rate(go_duration(text.removeprefix("@every ").strip())),))
    if text.startswith("@"):
        if text not in NICKNAMES or text == "@every_minute":
            raise ValueError(f"{text} is not known: write five fields")
        text = NICKNAMES[text]
    fields = text.split()
    if len(fields) != len(FIELDS):
        raise ValueError(f"{len(fields)} fields: write five")
    return written(go_times(fields))


def _rate(step: timedelta) -> str:
    minutes, rest = divmod(step, timedelta(minutes=1))
    if rest or not minutes:
        raise ValueError(f"{step} is no whole number of minutes: AWS knows nothing finer")
    for size, unit in ((1_440, "day"), (60, "hour"), (1, "minute")):
        number, left = divmod(minutes, size)
        if not left:
            return f"rate({number} {unit}{'s' * (number > 1)})"
    raise AssertionError


# -- writing for AWS


def written(times: Times) -> Written:
    """Write what five fields mean as cron() of AWS: one, two, or one for each weekday of a month.

    Raises:
        ValueError: one line; AWS cannot say it, even in several.
    """
    every_day, every_weekday = _is_full(times.days, DAYS), len(times.weekdays) == DAYS_PER_WEEK
    by_day = [(_list(times.days, DAYS), "?")]
    by_weekday = [("?", _weekdays(times.weekdays))]
    business_days = False
    if every_day and every_weekday:
        days = [("*", "?")]
    elif times.both_days and (every_day or every_weekday):
        days = by_weekday if every_day else by_day
    elif every_day or every_weekday:
        days = [("*", "?")]  # either is enough, and one of them is every day
    elif not times.both_days:
        days = by_day + by_weekday
    elif weeks := _weeks(times.days):
        days = [
            ("?", f"{WEEKDAYS[weekday]}#{week}")
            for weekday in sorted(times.weekdays)
            for week in weeks
        ]
    elif times.weekdays == WORKING_DAYS:
        days, business_days = by_day, True
    else:
        raise ValueError(
            "means the days that are in both day fields, which AWS cannot say: keep one of them, "
            "and let the program ask for the other"
        )
    clock = f"{_list(times.minutes, MINUTES)} {_list(times.hours, HOURS)}"
    months = _list(times.months, MONTH_NUMBERS)
    expressions = tuple(f"cron({clock} {day} {months} {weekday} *)" for day, weekday in days)
    if len(expressions) > MOST_SCHEDULES:
        raise ValueError(
            f"takes {len(expressions)} schedules of AWS, and a job has {MOST_SCHEDULES} at most: "
            "take two jobs"
        )
    for expression in expressions:
        schedules.parse(expression)  # too long, if anything
    return Written(expressions=expressions, business_days=business_days)


def _is_full(values: frozenset[int], numbers: range) -> bool:
    return values == frozenset(numbers)


def _weeks(days: frozenset[int]) -> list[int]:
    """Return which weeks of a month the days make up: 1-7 is the first. None if they do not."""
    weeks = [number for number, week in enumerate(_WEEKS, 1) if days.issuperset(week)]
    covered = frozenset(day for number in weeks for day in _WEEKS[number - 1])
    return weeks if covered == days else []


def _weekdays(weekdays: frozenset[int]) -> str:
    return _runs(sorted(weekdays), lambda weekday: WEEKDAYS[weekday])


def _list(values: frozenset[int], numbers: range) -> str:
    """Write numbers as ``*``, a step, or a list with ranges."""
    if _is_full(values, numbers):
        return "*"
    ordered = sorted(values)
    steps = {later - earlier for earlier, later in pairwise(ordered)}
    if len(ordered) >= _MANY and len(steps) == 1 and (step := steps.pop()) > 1:
        first, last = ordered[0], ordered[-1]
        to_the_end = last + step > numbers[-1]
        span = "*" if to_the_end and first == numbers[0] else f"{first}-{last}"
        return f"{span}/{step}"
    return _runs(ordered, str)


def _runs(ordered: Sequence[int], named: Callable[[int], str]) -> str:
    """Write numbers as a list, in which three in a row or more are a range."""
    runs: list[list[int]] = []
    for value in ordered:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ",".join(
        f"{named(run[0])}-{named(run[-1])}" if len(run) >= _MANY else ",".join(map(named, run))
        for run in runs
    )
