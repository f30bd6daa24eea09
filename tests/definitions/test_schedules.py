import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from aws_croniter import AwsCroniter
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions.schedules import (
    Cron,
    Rate,
    check_zone,
    parse,
    spread,
    times_in_spring_gap,
)
from tests.definitions import second_opinion


def cron(text: str) -> Cron:
    schedule = parse(text)
    assert isinstance(schedule, Cron)
    return schedule


def next_times(text: str, start: str, count: int = 1, zone: str = "UTC") -> list[str]:
    """The first times after a start, all as a clock on the zone's wall shows them."""
    instant = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    times: list[str] = []
    while len(times) < count:
        following = parse(text).next_after(instant, ZoneInfo(zone), anchor=instant)
        if following is None:
            break
        instant = following
        times.append(f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}")
    return times


# -- what AWS was seen to accept


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 10 * * ? *)",
        "cron(0 2 ? * SAT#3 *)",
        "cron(0 8 1 * ? *)",
        "cron(0/10 * ? * MON-FRI *)",
        "cron(0/30 20-23 ? * MON-FRI *)",
        "cron(0/5 5 ? JAN 1-5 2022)",
        "cron(15 10 ? * 6L 2002-2005)",
        "cron(5,35 14 * * ? *)",
        "cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)",
        "cron(0-59/10 0-23/2 ? * * *)",
        "cron(1-31/30 1-1 ? * 1,7 *)",
        "cron(*/15 * * * ? *)",
        "cron(0 0 LW * ? *)",
        "rate(1 minute)",
        "rate(10 minutes)",
        "rate(1 days)",
        "rate(5 minute)",
        "at(2026-12-24T18:00:00)",
        "at(2022-11-20T13:00:00)",
    ],
)
def test_what_aws_accepts_is_accepted(expression: str) -> None:
    parse(expression)


# -- mistakes


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        # the form
        ("0 3 * * *", "a line of a crontab: write cron(0 3 * * ? *)"),
        ("30 4 * * 1-5", "a line of a crontab: write cron(30 4 ? * MON-FRI *)"),
        ("30 4 * * 0,7", "a line of a crontab: write cron(30 4 ? * SUN,SUN *)"),
        ("30 4 1 * *", "a line of a crontab: write cron(30 4 1 * ? *)"),
        ("@daily", "a line of a crontab: write cron(0 0 * * ? *)"),
        ("0 3 * * ? *", "no cron() around the fields: write cron(0 3 * * ? *)"),
        (
            "every day",
            "no schedule: write cron(minute hour day-of-month month day-of-week year), "
            "rate(5 minutes) or at(2026-12-24T18:00:00)",
        ),
        (
            "every(1 day)",
            "no schedule: write cron(minute hour day-of-month month day-of-week year), "
            "rate(5 minutes) or at(2026-12-24T18:00:00)",
        ),
        (
            "0 3 1 * 1",
            'a line of a crontab: write ["cron(0 3 1 * ? *)", "cron(0 3 ? * MON *)"]',
        ),
        (" rate(10 minutes)", "blanks around the expression: write rate(10 minutes)"),
        ("cron(0 3 * * ? *)\n", "blanks around the expression: write cron(0 3 * * ? *)"),
        ("CRON(0 3 * * ? *)", "CRON is not known: write cron(0 3 * * ? *)"),
        ("cron (0 3 * * ? *)", "cron  is not known: write cron(0 3 * * ? *)"),
        ("cron(0  3 * * ? *)", "blanks that AWS refuses: write cron(0 3 * * ? *)"),
        ("rate( 10 minutes )", "blanks that AWS refuses: write rate(10 minutes)"),
        # one time: what AWS refused, and what it was never asked
        ("at()", "not a date and a time: write at(2026-12-24T18:00:00)"),
        ("at(tomorrow)", "not a date and a time: write at(2026-12-24T18:00:00)"),
        ("at(2027-01-01)", "not as AWS takes it: write at(2027-01-01T00:00:00)"),
        ("at(2027-01-01T18:30)", "not as AWS takes it: write at(2027-01-01T18:30:00)"),
        ("at(2027-01-01 18:30:00)", "not as AWS takes it: write at(2027-01-01T18:30:00)"),
        (
            "at(2027-01-01T18:30:00Z)",
            "the zone stands beside it: write at(2027-01-01T18:30:00) and set timezone: UTC",
        ),
        (
            "at(2027-01-01T18:30:00+09:00)",
            "the zone stands beside it: write at(2027-01-01T18:30:00) and set timezone",
        ),
        ("at(2027-02-29T00:00:00)", "no calendar has that date and time: correct it"),
        ("At(2027-02-01T00:00:00)", "At is not known: write at(2027-02-01T00:00:00)"),
        (
            f"cron(0 3 * * ? {','.join(['2027'] * 60)})",
            "315 characters, AWS allows 256: write a shorter one",
        ),
        # the number of fields
        ("cron(0 3 * * *)", "five fields: add the year: cron(0 3 * * ? *)"),
        ("cron(0 3 ? * MON)", "five fields: add the year: cron(0 3 ? * MON *)"),
        ("cron(0 3 * * 1)", "five fields: add the year: cron(0 3 ? * MON *)"),
        (
            "cron(0 3 1 * 1)",
            "five fields: add the year and take the two days apart: "
            '["cron(0 3 1 * ? *)", "cron(0 3 ? * MON *)"]',
        ),
        (
            "cron(0 3 1 * 9)",
            "five fields: write cron(minute hour day-of-month month day-of-week year)",
        ),
        (
            "cron(INVALID)",
            "not six fields: write cron(minute hour day-of-month month day-of-week year)",
        ),
        ("cron()", "not six fields: write cron(minute hour day-of-month month day-of-week year)"),
        (
            "cron(0 0 3 * * ? *)",
            "not six fields: write cron(minute hour day-of-month month day-of-week year)",
        ),
        # the day fields
        (
            "cron(0 1 * * * *)",
            "day-of-month and day-of-week are both set: put ? in one: write cron(0 1 * * ? *)",
        ),
        (
            "cron(7 20 * * FRI *)",
            "day-of-month and day-of-week are both set: put ? in one: write cron(7 20 ? * FRI *)",
        ),
        (
            "cron(0 1 13 * FRI *)",
            "day-of-month and day-of-week are both set: put ? in one: write cron(0 1 13 * ? *) or "
            "cron(0 1 ? * FRI *), or a list of both",
        ),
        (
            "cron(0 1 ? * ? *)",
            "day-of-month and day-of-week are both ?: write cron(0 1 * * ? *)",
        ),
        # values
        ("cron(71 8 1 * ? *)", "minute 71 is outside of the field: write 0 to 59"),
        ("cron(60 8 1 * ? *)", "minute 60 is outside of the field: write 0 to 59"),
        ("cron(0 24 * * ? *)", "hour 24 is outside of the field: write 0 to 23"),
        ("cron(0 8 0 * ? *)", "day-of-month 0 is outside of the field: write 1 to 31"),
        ("cron(0 8 32 * ? *)", "day-of-month 32 is outside of the field: write 1 to 31"),
        ("cron(0 8 32W * ? *)", "day-of-month 32 is outside of the field: write 1 to 31"),
        ("cron(0 8 * 13 ? *)", "month 13 is outside of the field: write 1 to 12"),
        ("cron(0 8 ? * 0 *)", "day-of-week 0 is outside of the field: write 1 to 7"),
        ("cron(0 8 ? * 8 *)", "day-of-week 8 is outside of the field: write 1 to 7"),
        ("cron(0 8 * * ? 1969)", "year 1969 is outside of the field: write 1970 to 2199"),
        ("cron(0 8 * * ? 2200)", "year 2200 is outside of the field: write 1970 to 2199"),
        ("cron(0 dummy * * ? *)", 'hour "dummy" is not a value: write 0 to 23'),
        ("cron(0 8 * JANUARY ? *)", 'month "JANUARY" is not a value: write 1 to 12, JAN to DEC'),
        ("cron(7 20 ? * NOT *)", 'day-of-week "NOT" is not a value: write 1 to 7, SUN to SAT'),
        ("cron(1, 8 * * ? *)", 'minute "" is not a value: write 0 to 59'),
        ("cron(-1 8 * * ? *)", 'minute "" is not a value: write 0 to 59'),
        ("cron(٣ 8 * * ? *)", 'minute "٣" is not a value: write 0 to 59'),
        ("cron(? 8 * * ? *)", "minute ? is for the day fields only: write *"),
        ("cron(0 8 * * ? 2030-2027)", "year 2030-2027 runs backwards: write 2027-2030"),
        # steps
        (
            "cron(*/60 * * * ? *)",
            "minute */60 steps past the end of the field: write 0 for once, or a step of 1 to 59",
        ),
        (
            "cron(0 6/24 * * ? *)",
            "hour 6/24 steps past the end of the field: write 6 for once, or a step of 1 to 23",
        ),
        ("cron(*/0 * * * ? *)", "minute */0 has no step of 1 or more: write 1 to 59"),
        ("cron(0/ * * * ? *)", "minute 0/ has no step of 1 or more: write 1 to 59"),
        ("cron(0 0 ? * 2/2 *)", "day-of-week 2/2: AWS knows no steps of weekdays: list the days"),
        # L, W and #
        ("cron(0 0 L-3 * ? *)", "day-of-month L-3 is not known to AWS: write L, or a number"),
        (
            "cron(0 0 1,L * ? *)",
            "day-of-month 1,L: L, LW and 15W stand alone: write one of them",
        ),
        (
            "cron(0 0 WL * ? *)",
            "day-of-month WL: L, LW and 15W stand alone: write one of them",
        ),
        (
            "cron(0 0 ? * FRI#6 *)",
            "day-of-week FRI#6 has no week of 1 to 5: write one such as FRI#3",
        ),
        (
            "cron(0 0 ? * FRI#1,FRI#3 *)",
            "day-of-week FRI#1,FRI#3: # stands alone: write one such as FRI#3",
        ),
        ("cron(0 0 ? * 8#1 *)", "day-of-week 8 is outside of the field: write 1 to 7"),
        ("cron(0 0 ? * 9L *)", "day-of-week 9 is outside of the field: write 1 to 7"),
        # rates
        ("rate()", 'value "" is not a whole number: write rate(5 minutes)'),
        ("rate(foo minutes)", 'value "foo" is not a whole number: write rate(5 minutes)'),
        ("rate(-10 minutes)", 'value "-10" is not a whole number: write rate(5 minutes)'),
        (
            "rate(10000000000 days)",
            "value 10000000000 is too large: write a cron() with a year",
        ),
        ("rate(10)", "no unit: write rate(10 minutes)"),
        ("rate(1)", "no unit: write rate(1 minute)"),
        ("rate(0 minutes)", "value 0 never comes: write rate(1 minute)"),
        ("rate(0 days)", "value 0 never comes: write rate(1 day)"),
        ("rate(10 seconds)", "nothing faster than a minute: write rate(1 minute)"),
        ("rate(10 minutess)", "unit minutess is not known: write rate(10 minutes)"),
        ("rate(10 MINUTES)", "unit MINUTES is not known: write rate(10 minutes)"),
        ("rate(1 hr)", "unit hr is not known: write rate(1 hour)"),
        ("rate(2 weeks)", "unit weeks is not known: write rate(14 days)"),
        (
            "rate(10 years)",
            "unit years is not known: write minutes, hours or days, or a cron()",
        ),
    ],
)
def test_a_mistake_is_told_with_its_field_and_its_remedy(expression: str, message: str) -> None:
    line = f'"{expression}": {message}'
    with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
        parse(expression)


# -- when a cron fires


@pytest.mark.parametrize(
    ("expression", "start", "times"),
    [
        (
            "cron(30 3 * * ? *)",
            "2026-11-22T03:30",
            ["2026-11-23 03:30", "2026-11-24 03:30"],
        ),
        ("cron(0/40 20-2 * * ? *)", "2026-11-22T02:00", ["2026-11-22 02:40", "2026-11-22 20:00"]),
        ("cron(0 0 ? * FRI-MON *)", "2026-11-23T00:00", ["2026-11-27 00:00", "2026-11-28 00:00"]),
        ("cron(0 0 ? NOV-JAN 2#1 *)", "2026-11-22T00:00", ["2026-12-07 00:00", "2027-01-04 00:00"]),
        ("cron(0 0 ? * 2#5 *)", "2026-11-22T00:00", ["2026-11-30 00:00", "2027-03-29 00:00"]),
        ("cron(0 0 L * ? *)", "2027-01-31T00:00", ["2027-02-28 00:00", "2027-03-31 00:00"]),
        # 31 October 2026 is a Saturday, 28 February 2027 a Sunday
        ("cron(0 0 LW * ? *)", "2026-10-01T00:00", ["2026-10-30 00:00", "2026-11-30 00:00"]),
        ("cron(0 0 LW 2 ? *)", "2027-01-01T00:00", ["2027-02-26 00:00", "2028-02-29 00:00"]),
        # 1 August 2026 is a Saturday, 1 November a Sunday: never out of the month
        ("cron(0 0 1W * ? *)", "2026-07-15T00:00", ["2026-08-03 00:00", "2026-09-01 00:00"]),
        ("cron(0 0 1W * ? *)", "2026-10-15T00:00", ["2026-11-02 00:00", "2026-12-01 00:00"]),
        ("cron(0 0 15W * ? *)", "2026-11-01T00:00", ["2026-11-16 00:00", "2026-12-15 00:00"]),
        ("cron(0 0 14W * ? *)", "2026-11-01T00:00", ["2026-11-13 00:00", "2026-12-14 00:00"]),
        # a month without the day is passed over
        ("cron(0 0 31W * ? *)", "2026-11-01T00:00", ["2026-12-31 00:00", "2027-01-29 00:00"]),
        ("cron(0 0 31 * ? *)", "2026-11-01T00:00", ["2026-12-31 00:00", "2027-01-31 00:00"]),
        ("cron(0 0 ? * L *)", "2026-11-22T00:00", ["2026-11-28 00:00", "2026-12-05 00:00"]),
        ("cron(0 0 ? * FRIL *)", "2026-11-22T00:00", ["2026-11-27 00:00", "2026-12-25 00:00"]),
        ("cron(0 0 29 feb ? *)", "2026-11-22T00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("cron(0 0 1 1 ? 2030/5)", "2026-11-22T00:00", ["2030-01-01 00:00", "2035-01-01 00:00"]),
        ("cron(0 0 1 1 ? 2028)", "2026-11-22T00:00", ["2028-01-01 00:00"]),
        ("cron(0 0 30 2 ? *)", "2026-11-22T00:00", []),
        ("cron(15 10 ? * 6L 2002-2005)", "2026-11-22T00:00", []),
    ],
)
def test_a_cron_fires_as_aws_documents_it(expression: str, start: str, times: list[str]) -> None:
    assert next_times(expression, start, count=2) == times


def test_seconds_count_when_the_minute_has_begun() -> None:
    instant = datetime(2026, 11, 22, 3, 30, 1, tzinfo=UTC)
    fires_at = parse("cron(30 3 * * ? *)").next_after(instant, UTC, anchor=instant)
    assert fires_at == datetime(2026, 11, 23, 3, 30, tzinfo=UTC)


def _numbers(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(str)


def _field(low: int, high: int, *, steps: bool = True) -> st.SearchStrategy[str]:
    """What may stand in a field of numbers: lists of values, ranges (also wrapping) and steps."""
    value = _numbers(low, high)
    ranges = st.tuples(value, value).map("-".join)
    entries = [value, ranges]
    if steps:
        step = _numbers(1, high)
        entries.append(st.tuples(st.one_of(st.just("*"), value, ranges), step).map("/".join))
    lists = st.lists(st.one_of(entries), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), lists)


_WEEKDAY = st.sampled_from(["SUN", "mon", "TUE", "4", "5", "Fri", "7"])
_DAY_FIELDS = st.one_of(
    st.tuples(
        st.one_of(_field(1, 31), st.just("L"), _numbers(1, 28).map(lambda day: f"{day}W")),
        st.just("?"),
    ),
    st.tuples(
        st.just("?"),
        st.one_of(
            _field(1, 7, steps=False),
            st.tuples(_WEEKDAY, _WEEKDAY).map("-".join),
            _numbers(1, 7).map(lambda day: f"{day}L"),
            st.tuples(_numbers(1, 7), _numbers(1, 4)).map("#".join),
        ),
    ),
)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    minute=_field(0, 59),
    hour=_field(0, 23),
    days=_DAY_FIELDS,
    month=_field(1, 12),
    year=st.sampled_from(["*", "2026-2040", "2027,2028"]),
    start=st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
)
def test_a_second_opinion_agrees_on_when_a_cron_fires(
    minute: str, hour: str, days: tuple[str, str], month: str, year: str, start: datetime
) -> None:
    fields = f"{minute} {hour} {days[0]} {month} {days[1]} {year}"
    start = start.replace(second=0, microsecond=0)
    end = start + timedelta(days=700)
    just_after = start + timedelta(microseconds=1)
    ours = list(islice(parse(f"cron({fields})").fires(just_after, end, UTC, anchor=start), 3))
    theirs = AwsCroniter(fields).get_next(start, n=len(ours) or 1)
    if ours:
        assert ours == theirs
    else:
        assert theirs[0] is None or theirs[0] >= end


DAY_FIELDS_OF_TEN_YEARS = st.one_of(
    st.tuples(st.sampled_from(["*", "1", "28-31", "1-7,25-31", "L", "15W"]), st.just("?")),
    st.tuples(st.just("?"), st.sampled_from(["SUN", "SAT,SUN", "1-3", "1L", "1#2", "7#4"])),
)
TEN_YEARS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)


@settings(derandomize=True, deadline=None, max_examples=16)
@given(
    zone=st.sampled_from(second_opinion.ZONES),
    minute=st.sampled_from(["0", "15", "30", "59"]),
    hour=st.sampled_from(["0", "1", "2", "3", "23"]),
    days=DAY_FIELDS_OF_TEN_YEARS,
    month=st.sampled_from(["*", "3,4", "9-11"]),
)
def test_over_ten_years_of_clock_changes_a_second_opinion_agrees_on_every_run(
    zone: str, minute: str, hour: str, days: tuple[str, str], month: str
) -> None:
    fields = f"{minute} {hour} {days[0]} {month} {days[1]} *"
    start, end = TEN_YEARS
    ours = parse(f"cron({fields})").fires(start, end, ZoneInfo(zone), anchor=start)
    assert list(ours) == second_opinion.cron_fires(fields, start, end, ZoneInfo(zone))


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    zone=st.sampled_from(second_opinion.ZONES),
    wall=st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1)),
)
def test_a_second_opinion_agrees_on_when_one_time_is(zone: str, wall: datetime) -> None:
    wall = wall.replace(microsecond=0)
    once = parse(f"at({wall:%Y-%m-%dT%H:%M:%S})")
    before = TEN_YEARS[0] - timedelta(days=2)
    fires_at = once.next_after(before, ZoneInfo(zone), anchor=before)
    assert fires_at == second_opinion.first_instant(wall, ZoneInfo(zone))


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    number=st.integers(1, 999),
    unit=st.sampled_from(["minutes", "hours", "days"]),
    zone=st.sampled_from(second_opinion.ZONES),
    anchor=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    start=st.datetimes(datetime(2025, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)),
)
def test_a_rate_keeps_its_step_from_its_anchor_over_ten_years(
    number: int, unit: str, zone: str, anchor: datetime, start: datetime
) -> None:
    step_seconds = number * {"minutes": 60, "hours": 3_600, "days": 86_400}[unit]
    when = parse(f"rate({number} {unit})").next_after(start, ZoneInfo(zone), anchor)
    assert when is not None
    steps, rest = divmod((when - anchor) / timedelta(microseconds=1), step_seconds * 1_000_000)
    assert rest == 0
    assert steps >= 0
    assert when > start
    assert steps == 0 or when - timedelta(seconds=step_seconds) <= start


# -- clock changes


CHANGES = {
    # Zone: what its clocks jump over in spring 2027, what they show twice in the autumn after it.
    "Europe/Berlin": ("2027-03-28T02:30", "2027-10-31T02:30"),
    "America/New_York": ("2027-03-14T02:30", "2027-11-07T01:30"),
    "Australia/Lord_Howe": ("2027-10-03T02:15", "2027-04-04T01:45"),
    "America/Santiago": ("2027-09-05T00:30", "2027-04-03T23:30"),
    "Asia/Tokyo": (None, None),
}


def fires_on(expression: str, day: str, zone: str) -> list[str]:
    """What clocks show when a schedule fires on a day of a zone, and the zone's name then."""
    midnight = datetime.fromisoformat(day)
    anchor = datetime(2027, 1, 1, tzinfo=UTC)
    fires = parse(expression).fires(
        midnight.replace(tzinfo=UTC) - timedelta(days=1),
        midnight.replace(tzinfo=UTC) + timedelta(days=2),
        ZoneInfo(zone),
        anchor,
    )
    walls = [instant.astimezone(ZoneInfo(zone)) for instant in fires]
    return [f"{wall:%H:%M}{'*' * wall.fold}" for wall in walls if f"{wall:%Y-%m-%d}" == day]


@pytest.mark.parametrize("zone", CHANGES)
def test_once_a_day_a_time_that_does_not_exist_is_left_out_and_one_that_comes_twice_runs_once(
    zone: str,
) -> None:
    for wall in filter(None, CHANGES[zone]):
        day, time = wall.split("T")
        daily = f"cron({int(time[3:])} {int(time[:2])} * * ? *)"
        assert fires_on(daily, day, zone) == ([] if wall == CHANGES[zone][0] else [time])
        day_after = datetime.fromisoformat(day) + timedelta(days=1)
        assert fires_on(daily, f"{day_after:%Y-%m-%d}", zone) == [time]


@pytest.mark.parametrize("zone", CHANGES)
def test_one_time_that_does_not_exist_never_comes_and_one_that_comes_twice_is_the_first(
    zone: str,
) -> None:
    gap, twice = CHANGES[zone]
    if gap and twice:
        assert fires_on(f"at({gap}:00)", gap[:10], zone) == []
        assert fires_on(f"at({twice}:00)", twice[:10], zone) == [twice[11:]]


def test_every_hour_has_one_run_less_in_spring_and_none_in_the_hour_that_comes_again() -> None:
    hourly = "cron(0 * * * ? *)"
    spring = fires_on(hourly, "2027-03-28", "Europe/Berlin")
    autumn = fires_on(hourly, "2027-10-31", "Europe/Berlin")
    assert spring[:4] == ["00:00", "01:00", "03:00", "04:00"]
    assert autumn[:4] == ["00:00", "01:00", "02:00", "03:00"]
    assert (len(spring), len(autumn)) == (23, 24)


def test_several_times_an_hour_leave_the_hour_out_and_do_not_come_again() -> None:
    half_hours = "cron(0/30 1-3 * * ? *)"
    spring = fires_on(half_hours, "2027-03-28", "Europe/Berlin")
    autumn = fires_on(half_hours, "2027-10-31", "Europe/Berlin")
    assert spring == ["01:00", "01:30", "03:00", "03:30"]
    assert autumn == ["01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]


def test_half_an_hour_is_left_out_where_clocks_jump_over_half_an_hour() -> None:
    quarters = "cron(0/15 1-2 * * ? *)"
    spring = fires_on(quarters, "2027-10-03", "Australia/Lord_Howe")
    assert spring == ["01:00", "01:15", "01:30", "01:45", "02:30", "02:45"]


def test_a_rate_of_hours_counts_hours_that_pass_and_so_runs_in_both() -> None:
    autumn = fires_on("rate(1 hour)", "2027-10-31", "Europe/Berlin")
    spring = fires_on("rate(1 hour)", "2027-03-28", "Europe/Berlin")
    assert autumn[:4] == ["00:00", "01:00", "02:00", "02:00*"]
    assert (len(spring), len(autumn)) == (23, 25)


def test_a_rate_of_days_is_an_hour_off_after_each_change() -> None:
    days = ("2027-03-27", "2027-03-28", "2027-10-31")
    assert [fires_on("rate(1 day)", day, "Europe/Berlin") for day in days] == [
        ["01:00"],
        ["01:00"],
        ["02:00"],
    ]
    assert fires_on("rate(1 day)", "2027-03-29", "Europe/Berlin") == ["02:00"]
    assert fires_on("rate(1 day)", "2027-11-01", "Europe/Berlin") == ["01:00"]


@pytest.mark.parametrize(
    ("zone", "expression", "start", "times"),
    [
        # 28 March 2027: 2:00 to 3:00 is skipped
        (
            "Europe/Berlin",
            "cron(30 2 * * ? *)",
            "2027-03-26T12:00",
            ["2027-03-27 02:30", "2027-03-29 02:30"],
        ),
        (
            "Europe/Berlin",
            "cron(0 3 * * ? *)",
            "2027-03-27T12:00",
            ["2027-03-28 03:00", "2027-03-29 03:00"],
        ),
        # 14 March 2027: 2:00 to 3:00 is skipped
        (
            "America/New_York",
            "cron(0 2 * * ? *)",
            "2027-03-12T12:00",
            ["2027-03-13 02:00", "2027-03-15 02:00"],
        ),
        # 3 October 2027: half an hour only, 2:00 to 2:30
        (
            "Australia/Lord_Howe",
            "cron(15,45 2 * * ? *)",
            "2027-10-02T12:00",
            ["2027-10-03 02:45", "2027-10-04 02:15"],
        ),
        ("Asia/Tokyo", "cron(30 2 * * ? *)", "2027-03-27T12:00", ["2027-03-28 02:30"]),
    ],
)
def test_a_time_that_clocks_jump_over_does_not_run(
    zone: str, expression: str, start: str, times: list[str]
) -> None:
    assert next_times(expression, start, count=len(times), zone=zone) == times


@pytest.mark.parametrize(
    ("zone", "expression", "start", "first"),
    [
        # summer time still holds at the first of the two
        ("Europe/Berlin", "cron(30 2 31 10 ? *)", "2027-10-31", "2027-10-31T00:30"),
        ("America/New_York", "cron(30 1 7 11 ? *)", "2027-11-07", "2027-11-07T05:30"),
        ("Australia/Lord_Howe", "cron(45 1 4 4 ? *)", "2027-04-03", "2027-04-03T14:45"),
        ("Asia/Tokyo", "cron(30 2 31 10 ? *)", "2027-10-30", "2027-10-30T17:30"),
    ],
)
def test_a_time_that_comes_twice_runs_the_first_time_only(
    zone: str, expression: str, start: str, first: str
) -> None:
    midnight = datetime.fromisoformat(start).replace(tzinfo=UTC) - timedelta(hours=4)
    fires = parse(expression).fires(
        midnight, midnight + timedelta(days=2), ZoneInfo(zone), anchor=midnight
    )
    assert list(fires) == [datetime.fromisoformat(first).replace(tzinfo=UTC)]


def test_between_the_two_hours_the_next_run_is_after_both() -> None:
    in_the_second_hour = datetime(2027, 10, 31, 1, 10, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")
    fires_at = parse("cron(0/30 2,3 * * ? *)").next_after(
        in_the_second_hour, berlin, anchor=in_the_second_hour
    )
    assert fires_at == datetime(2027, 10, 31, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "expression", "gaps"),
    [
        ("Europe/Berlin", "cron(30 2 * * ? *)", ["2027-03-28 02:30", "2028-03-26 02:30"]),
        ("Europe/Berlin", "cron(0 2 * * ? *)", ["2027-03-28 02:00", "2028-03-26 02:00"]),
        ("Europe/Berlin", "cron(59 1 * * ? *)", []),
        ("Europe/Berlin", "cron(0 3 * * ? *)", []),
        ("Europe/Berlin", "cron(30 2 ? * MON-FRI *)", []),
        ("America/New_York", "cron(0/30 2 * * ? 2027)", ["2027-03-14 02:00", "2027-03-14 02:30"]),
        (
            "Australia/Lord_Howe",
            "cron(0/15 2 * * ? 2027)",
            ["2027-10-03 02:00", "2027-10-03 02:15"],
        ),
        ("America/Santiago", "cron(30 0 * * ? 2027)", ["2027-09-05 00:30"]),
        ("Asia/Tokyo", "cron(* * * * ? *)", []),
        ("UTC", "cron(* * * * ? *)", []),
    ],
)
def test_times_in_the_spring_gap_are_found(zone: str, expression: str, gaps: list[str]) -> None:
    times = times_in_spring_gap(cron(expression), zone, date(2026, 11, 22))
    assert [f"{time:%Y-%m-%d %H:%M}" for time in times] == gaps


def test_a_gap_that_is_over_is_not_told_any_more() -> None:
    nightly = cron("cron(30 2 * * ? *)")
    times = times_in_spring_gap(nightly, "Europe/Berlin", date(2027, 3, 29), years=1)
    assert times == [datetime(2028, 3, 26, 2, 30)]


@settings(derandomize=True, deadline=None, max_examples=20)
@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
)
def test_each_run_is_on_its_minute_of_the_wall_and_after_the_one_before(
    zone: str, start: datetime
) -> None:
    fires = parse("cron(0/20 1-3 * * ? *)").fires(
        start, start + timedelta(days=400), ZoneInfo(zone), anchor=start
    )
    instants = list(islice(fires, 200))
    walls = [instant.astimezone(ZoneInfo(zone)) for instant in instants]
    assert instants == sorted(set(instants))
    assert all(wall.minute in (0, 20, 40) and wall.hour in (1, 2, 3) for wall in walls)
    assert len({wall.replace(tzinfo=None) for wall in walls}) == len(walls)


# -- a minute of its own


def minute_of(name: str, expression: str = "cron(0 3 * * ? *)") -> int:
    return cron(spread(expression, name)).minutes[0]


def test_a_thousand_names_share_the_minutes_of_the_hour() -> None:
    names = [f"job-{number}" for number in range(1_000)]
    counts = Counter(minute_of(name) for name in names)
    assert counts.keys() == set(range(60))
    # 16.7 on average, and more than four standard deviations of a fair draw for none.
    assert max(counts.values()) <= 33
    assert min(counts.values()) >= 3


def test_the_minute_of_a_name_is_the_same_everywhere_and_for_ever() -> None:
    assert (minute_of("list-files"), minute_of("tidy")) == (58, 33)


def test_days_and_hours_stay_as_they_are_written() -> None:
    assert spread("cron(0 0/6 ? JAN-MAR MON-FRI 2027)", "tidy") == (
        "cron(33 0/6 ? JAN-MAR MON-FRI 2027)"
    )


def test_a_job_is_moved_within_what_is_left_of_its_hour() -> None:
    minutes = {minute_of(f"job-{number}", "cron(45 3 * * ? *)") for number in range(200)}
    assert minutes == set(range(45, 60))
    assert minute_of("tidy", "cron(59 3 * * ? *)") == 59


@pytest.mark.parametrize(
    "expression", ["cron(0,30 3 * * ? *)", "cron(*/5 * * * ? *)", "rate(1 day)"]
)
def test_what_has_not_one_minute_cannot_be_spread(expression: str) -> None:
    line = f'"{expression}" cannot be spread, which is for a cron() with one minute: '
    with pytest.raises(ValueError, match=f"^{re.escape(line)}"):
        spread(expression, "tidy")


# -- rates


def test_a_rate_counts_from_its_anchor() -> None:
    anchor = datetime(2026, 11, 22, 4, 7, 30, tzinfo=UTC)
    fires = parse("rate(5 hours)").fires(
        datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 22, 15, tzinfo=UTC), UTC, anchor
    )
    assert list(fires) == [anchor, anchor + timedelta(hours=5), anchor + timedelta(hours=10)]


def test_a_rate_of_a_day_is_24_hours_over_a_clock_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    anchor = datetime(2027, 3, 27, 12, tzinfo=berlin)
    fires_at = parse("rate(1 day)").next_after(anchor, berlin, anchor)
    assert fires_at is not None
    assert fires_at.astimezone(berlin).hour == 13


@pytest.mark.parametrize(
    ("expression", "step"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(90 minute)", timedelta(minutes=90)),
        ("rate(1 hours)", timedelta(hours=1)),
        ("rate(2 days)", timedelta(days=2)),
    ],
)
def test_a_rate_takes_minutes_hours_and_days(expression: str, step: timedelta) -> None:
    assert parse(expression) == Rate(step=step)


def test_what_fires_at_the_start_counts_and_at_the_end_does_not() -> None:
    start = datetime(2026, 11, 22, tzinfo=UTC)
    end = start + timedelta(hours=2)
    for expression in ("cron(0 * * * ? *)", "rate(1 hour)"):
        assert list(parse(expression).fires(start, end, UTC, anchor=start)) == [
            start,
            start + timedelta(hours=1),
        ]


# -- zones


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Argentina/Buenos_Aires"])
def test_a_known_zone_passes(zone: str) -> None:
    check_zone(zone)


@pytest.mark.parametrize(
    ("zone", "remedy"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Tokyo", "Asia/Tokyo"),
        ("America/New York", "America/New_York"),
        ("Europe", "Europe/Rome"),
        ("posix/Europe/Berlin", "Europe/Berlin"),
        ("../etc/passwd", "one like Europe/Berlin"),
        ("", "one like Europe/Berlin"),
        ("localtime", "one like Europe/Berlin"),
    ],
)
def test_an_unknown_zone_is_told_the_nearest(zone: str, remedy: str) -> None:
    message = f'"{zone}" is not a time zone: write {remedy}'
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_zone(zone)
