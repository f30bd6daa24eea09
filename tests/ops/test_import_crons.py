"""Other people's cron expressions against what AWS is told instead: both fire for a year.

The independent opinion of a crontab is cronsim's, which follows Debian's cron (Vixie's) in the day
fields: one that begins with a star asks for both, whatever follows. croniter and cron-converter do
not. What AWS's expressions mean is our calculator's and, once more, aws-croniter's.
"""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions import schedules
from ops.importing.cron_expressions import (
    FIELDS,
    Field,
    Written,
    crontab_times,
    go_duration,
    go_expression,
    go_times,
    written,
)
from tests.definitions.second_opinion import cron_fires

YEAR = 2028  # a leap year
NEW_YEAR, NEXT_YEAR = datetime(YEAR, 1, 1), datetime(YEAR + 1, 1, 1)
BERLIN = ZoneInfo("Europe/Berlin")
CLOCK_CHANGES = (date(YEAR, 3, 26), date(YEAR, 10, 29))
WEEKEND = (calendar.SATURDAY, calendar.SUNDAY)


def _names(field: Field) -> st.SearchStrategy[str]:
    numbers = st.sampled_from(field.numbers).map(str)
    return numbers | st.sampled_from(field.names).map(str.lower) if field.names else numbers


def _ranges(field: Field) -> st.SearchStrategy[str]:
    pairs = st.lists(st.sampled_from(field.numbers), min_size=2, max_size=2, unique=True)
    steps = st.just("") | st.integers(1, field.last).map(lambda step: f"/{step}")
    return st.builds(lambda pair, step: f"{min(pair)}-{max(pair)}{step}", pairs, steps)


def _fields(field: Field) -> st.SearchStrategy[str]:
    stars = st.just("*") | st.integers(1, 2 * field.last).map(lambda step: f"*/{step}")
    parts = st.one_of(st.just("*"), stars, _names(field), _ranges(field))
    return st.one_of(
        st.just("*"),
        stars,
        st.lists(parts, min_size=1, max_size=3).map(lambda some: ",".join(some)),
    )


_WEEKS_TOO = st.sampled_from(("1-7", "8-14,22-28", "*/100,1-7", "29-31"))
CRONTABS = st.tuples(
    *(_fields(field) for field in FIELDS[:2]),
    _fields(FIELDS[2]) | _WEEKS_TOO,
    *(_fields(field) for field in FIELDS[3:]),
)


def _of_aws(fields: tuple[str, ...]) -> Written | None:
    try:
        return written(crontab_times(fields, ""))
    except ValueError as refusal:
        # Nothing else is refused of what cron reads.
        known = ("are in both day fields", "a job has 20 at most", "AWS allows 256")
        if not any(reason in str(refusal) for reason in known):
            raise
        return None


def _days_of_cron(fields: tuple[str, ...]) -> set[date]:
    """Ask cronsim for the days of a year."""
    try:
        ticks = CronSim(f"0 0 {' '.join(fields[2:])}", NEW_YEAR - timedelta(minutes=1))
    except CronSimError:  # the 31st of February
        return set()
    days = set[date]()
    for tick in ticks:
        if tick >= NEXT_YEAR:
            break
        days.add(tick.date())
    return days


def _clock_of_cron(fields: tuple[str, ...]) -> set[time]:
    """Ask cronsim for the times of a day, which are the same on each."""
    times = set[time]()
    for tick in CronSim(f"{fields[0]} {fields[1]} * * *", NEW_YEAR - timedelta(minutes=1)):
        if tick >= NEW_YEAR + timedelta(days=1):
            return times
        times.add(tick.time())
    return times


def _days_of_aws(said: Written) -> set[date]:
    return {
        day
        for expression in said.expressions
        for day in _days(schedules.parse(expression))
        if not (said.business_days and day.weekday() in WEEKEND)
    }


def _days(schedule: schedules.Schedule) -> Iterator[date]:
    assert isinstance(schedule, schedules.Cron)
    for month in schedule.months:
        yield from (date(YEAR, month, day) for day in schedule.days.of(YEAR, month))


@settings(max_examples=80, deadline=None)
@given(CRONTABS)
def test_a_crontabs_line_fires_at_the_minutes_of_a_year_that_cron_fires_at(
    fields: tuple[str, ...],
) -> None:
    said = _of_aws(fields)
    if said is None:
        return
    assert _days_of_aws(said) == _days_of_cron(fields)
    clock = _clock_of_cron(fields)
    for expression in said.expressions:
        cron = schedules.parse(expression)
        assert isinstance(cron, schedules.Cron)
        assert {time(hour, minute) for hour in cron.hours for minute in cron.minutes} == clock
        assert set(cron.years) >= {YEAR}


@settings(max_examples=20, deadline=None)
@given(CRONTABS, st.dates(date(YEAR, 1, 2), date(YEAR, 12, 30)) | st.sampled_from(CLOCK_CHANGES))
def test_it_fires_at_the_same_instants_where_clocks_change_but_for_those_hours(
    fields: tuple[str, ...], day: date
) -> None:
    said = _of_aws(fields)
    if said is None or (said.business_days and day.weekday() in WEEKEND):
        return
    # cron runs what a change swallows right after it, and every-hour jobs twice in autumn.
    after_changes = time(4) if day in CLOCK_CHANGES else time(0)
    start = datetime.combine(day, after_changes, tzinfo=BERLIN)
    end = datetime.combine(day + timedelta(days=1), time(0), tzinfo=BERLIN)
    ours = {
        instant
        for expression in said.expressions
        for instant in schedules.parse(expression).fires(start, end, BERLIN, start)
    }
    assert ours == _instants_of_cron(fields, start, end)


def _instants_of_cron(fields: tuple[str, ...], start: datetime, end: datetime) -> set[datetime]:
    try:
        ticks = CronSim(" ".join(fields), start - timedelta(minutes=1))
    except CronSimError:
        return set()
    instants = set[datetime]()
    for tick in ticks:
        if tick >= end:
            break
        instants.add(tick.astimezone(UTC))
    return instants


@settings(max_examples=8, deadline=None)
@given(CRONTABS, st.dates(date(YEAR, 1, 2), date(YEAR, 12, 28)))
def test_aws_croniter_reads_in_the_expressions_what_cron_does_in_the_crontab(
    fields: tuple[str, ...], day: date
) -> None:
    # By the first minute of each hour only: it takes a while for the others.
    fields = ("0", *fields[1:])
    said = _of_aws(fields)
    if said is None or said.business_days:
        return
    start = datetime.combine(day, time(0), tzinfo=UTC)
    end = start + timedelta(days=2)
    theirs = {
        fire
        for expression in said.expressions
        for fire in cron_fires(expression[5:-1], start, end, ZoneInfo("UTC"))
    }
    assert theirs == _instants_of_cron(fields, start, end)


@pytest.mark.parametrize(
    ("crontab", "expressions"),
    [
        # What Copilot's converter gets wrong: steps in day fields, and steps of weekdays.
        ("0 9 */5 * *", ("cron(0 9 */5 * ? *)",)),
        ("0 9 * * */2", ("cron(0 9 ? * SUN,TUE,THU,SAT *)",)),
        ("0 9 * * 1-5/2", ("cron(0 9 ? * MON,WED,FRI *)",)),
        # Sunday is 0 and 7 there, 1 here.
        ("0 0 * * 0", ("cron(0 0 ? * SUN *)",)),
        ("0 0 * * 7", ("cron(0 0 ? * SUN *)",)),
        ("0 0 * * 5-7", ("cron(0 0 ? * SUN,FRI,SAT *)",)),
        ("0 0 * * fri-sun", ("cron(0 0 ? * SUN,FRI,SAT *)",)),
        ("0 0 * jan-mar Mon", ("cron(0 0 ? 1-3 MON *)",)),
        # Either day field, of two.
        ("30 4 1,15 * 5", ("cron(30 4 1,15 * ? *)", "cron(30 4 ? * FRI *)")),
        ("0 9 1-31 * 1", ("cron(0 9 * * ? *)",)),
        # Both, where one begins with a star: how people write a month's first Monday.
        ("0 9 */100,1-7 * MON", ("cron(0 9 ? * MON#1 *)",)),
        ("0 9 1-7 * */7", ("cron(0 9 ? * SUN#1 *)",)),
        ("0 9 8-14,22-28 * */7", ("cron(0 9 ? * SUN#2 *)", "cron(0 9 ? * SUN#4 *)")),
        # Steps count from the field's beginning, and end with it.
        ("*/35 */23 * * *", ("cron(0,35 0,23 * * ? *)",)),
        ("5-59/15 1-23/2 * * *", ("cron(5-50/15 1-23/2 * * ? *)",)),
        ("*/100 * * * *", ("cron(0 * * * ? *)",)),
        ("0-20/10 * * * *", ("cron(0-20/10 * * * ? *)",)),
    ],
)
def test_a_crontabs_line_is_written_as_aws_says_the_same(
    crontab: str, expressions: tuple[str, ...]
) -> None:
    assert written(crontab_times(crontab.split(), "")).expressions == expressions


def test_days_of_both_fields_are_working_days_of_a_calendar() -> None:
    said = written(crontab_times(["0", "9", "*/2", "*", "1-5"], ""))
    assert said == Written(expressions=("cron(0 9 */2 * ? *)",), business_days=True)


@pytest.mark.parametrize(
    ("crontab", "reason"),
    [
        ("5/15 * * * *", "write 5-59/15, or 5"),
        ("0 22-2 * * *", "write 22-23,0-2"),
        ("60 * * * *", "write 0 to 59"),
        ("0 24 * * *", "write 0 to 23"),
        ("0 0 0 * *", "write 1 to 31"),
        ("0 0 * 13 *", "write 1 to 12, JAN to DEC"),
        ("0 0 * * 8", "write 0 to 7, SUN to SAT"),
        ("0 0 * * monday", "write 0 to 7, SUN to SAT"),
        ("*/0 * * * *", "has no step of 1 or more"),
        ("1,,2 * * * *", "nothing that cron reads"),
        ("? * * * *", "nothing that cron reads"),
        ("0 9 L * *", "nothing that cron reads"),
        ("0~10/2 * * * *", "nothing that cron reads"),
        ("9~0 * * * *", "runs backwards"),
        ("0 9 */2 * 1", "days that are in both day fields"),
        ("0 9 */100,1-28 * 1-6", "takes 24 schedules"),
        ("H(5-70) * * * *", "write 0 to 59"),
        ("H/0 * * * *", "has no step"),
    ],
)
def test_what_no_cron_or_not_each_cron_reads_is_refused_with_what_to_write(
    crontab: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        written(crontab_times(crontab.split(), ""))


def test_a_number_drawn_at_random_stays_the_same_and_in_its_range() -> None:
    def drawn(text: str, seed: str) -> str:
        return written(crontab_times([text, "3", "*", "*", "*"], seed)).expressions[0]

    assert drawn("10~19", "backup") == drawn("10~19", "backup")
    minutes = {drawn("10~19", str(seed)).split()[0] for seed in range(200)}
    assert minutes == {f"cron({minute}" for minute in range(10, 20)}
    assert {drawn("~", str(seed)) for seed in range(400)} > {drawn("0~59", "x")}


def test_jenkins_h_is_a_minute_of_its_own_and_its_steps_keep_their_width() -> None:
    for seed in map(str, range(50)):
        times = crontab_times(["H/15", "H(0-7)", "H", "*", "H"], seed)
        (first, *_), (day,), (weekday,) = sorted(times.minutes), times.days, times.weekdays
        assert sorted(times.minutes) == list(range(first, 60, 15))
        assert times.hours <= set(range(8))
        assert (day <= 28, weekday <= 6) == (True, True)
        assert times.both_days, "Jenkins asks all fields"


@pytest.mark.parametrize(
    ("text", "expressions"),
    [
        ("0 9 */2 * 1", ("cron(0 9 */2 * ? *)", "cron(0 9 ? * MON *)")),  # a step restricts
        ("0 9 */1 * 1", ("cron(0 9 ? * MON *)",)),
        ("0 9 ? * 1", ("cron(0 9 ? * MON *)",)),
        ("5/15 * * * *", ("cron(5-50/15 * * * ? *)",)),
        ("0 9 * * SUN", ("cron(0 9 ? * SUN *)",)),
        ("@daily", ("cron(0 0 * * ? *)",)),
        ("@weekly", ("cron(0 0 ? * SUN *)",)),
        ("@every 1h30m", ("rate(90 minutes)",)),
        ("@every 48h", ("rate(2 days)",)),
        ("@every 1m", ("rate(1 minute)",)),
    ],
)
def test_a_schedule_of_kubernetes_is_read_as_its_go_library_does(
    text: str, expressions: tuple[str, ...]
) -> None:
    assert go_expression(text).expressions == expressions


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0 9 * * 7", "Sunday is 0 there"),
        ("0 0 9 * * *", "6 fields: write five"),
        ("@every 90s", "no whole number of minutes"),
        ("@every soon", "no duration"),
        ("@reboot", "not known"),
        (", * * * *", "is empty"),
        ("5-1 * * * *", "runs backwards"),
    ],
)
def test_a_schedule_that_kubernetes_refuses_or_aws_cannot_keep_is_refused(
    text: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        go_expression(text)


@given(st.lists(st.sampled_from((*"0123456789*/-,?~HLW", "mon", "JAN")), max_size=8).map("".join))
def test_whatever_stands_in_a_field_is_read_or_refused_in_a_line(text: str) -> None:
    for place in range(len(FIELDS)):
        fields = ["0", "0", "*", "*", "*"]
        fields[place] = text or "-"
        for reader in (lambda some: crontab_times(some, ""), go_times):
            try:
                expressions = written(reader(fields)).expressions
            except ValueError as refusal:
                said = str(refusal)
            else:
                said = " ".join(expressions)
                assert all(map(schedules.parse, expressions))
            assert len(said.splitlines()) == 1


def test_durations_of_go_may_have_fractions_and_several_units() -> None:
    assert go_duration("1h30m") == timedelta(minutes=90)
    assert go_duration("1.5h") == timedelta(minutes=90)
    assert go_duration("90s") == timedelta(seconds=90)
