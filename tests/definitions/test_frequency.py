"""How often something runs in the days to come."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions import schedules
from definitions.calendars import CalendarRules
from definitions.frequency import Frequency, frequency
from definitions.timetable import timetable

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
EVERY_DAY = CalendarRules()


def often(
    *expressions: str,
    days: int = 365,
    rules: CalendarRules = EVERY_DAY,
    calendars: dict[str, dict[str, str]] | None = None,
    **keys: Any,
) -> Frequency:
    table = timetable(expressions, now=NOW, **keys)
    return frequency(table, rules, calendars or {}, NOW, days)


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("cron(30 * * * ? *)", 365 * 24),
        ("cron(0/15 3,4 ? * MON-FRI *)", 261 * 8),
        ("cron(0 3 1 * ? *)", 12),
        ("cron(0 3 ? * 2#1 *)", 12),
        ("cron(0 3 29 2 ? *)", 0),
        ("rate(5 minutes)", 365 * 288),
        ("rate(7 days)", 52),
        ("at(2026-12-24T18:00:00)", 1),
        ("at(2028-12-24T18:00:00)", 0),
    ],
)
def test_times_are_counted_over_a_year(expression: str, runs: int) -> None:
    assert often(expression) == Frequency(runs)


def test_several_schedules_add_up() -> None:
    assert often("cron(0 3 * * ? *)", "cron(0 15 * * ? *)").runs == 730


def test_days_that_calendars_leave_out_are_counted_apart() -> None:
    rules = CalendarRules(skip_on=("off",), business_days=True)
    off = {"off": {"2026-12-25": "a Friday", "2026-12-26": "a Saturday"}}
    # Five weeks from Monday, 23 November: 24 days to work on, 10 of weekends, and the Friday.
    found = often("cron(0 3,15 * * ? *)", days=35, rules=rules, calendars=off)
    assert found == Frequency(2 * 24, skipped=2 * 11)


def test_a_schedule_that_is_off_never_runs() -> None:
    assert often("rate(5 minutes)", enabled=False) == Frequency()


def test_first_and_last_date_bound_what_repeats() -> None:
    assert often("cron(0 3 * * ? *)", start="2027-01-01", end="2027-01-31").runs == 31
    assert often("cron(0 3 * * ? *)", start="2027-01-01T04:00:00", end="2027-01-31").runs == 30
    assert often("rate(6 hours)", start="2027-01-01", end="2027-01-02").runs == 8
    assert often("cron(0 3 * * ? *)", end="2027-01-01T03:00:00").runs == 40, "to the second"


def test_a_rate_counts_from_its_start() -> None:
    assert often("rate(3 days)", start="2026-11-24", days=4).runs == 1
    assert often("rate(3 days)", start="2026-11-23", days=4).runs == 2


@pytest.mark.parametrize(
    ("expression", "runs"), [("cron(30 2 * * ? *)", 364), ("cron(30 1 * * ? *)", 365)]
)
def test_a_time_that_clocks_skip_is_not_counted_and_one_they_repeat_once(
    expression: str, runs: int
) -> None:
    assert often(expression, timezone="America/New_York").runs == runs


@given(
    st.sampled_from(
        [
            "cron(0/7 2 * * ? *)",
            "cron(15,45 1-3 ? * SUN *)",
            "cron(0 12 L * ? *)",
            "rate(79 minutes)",
            "rate(5 hours)",
            "rate(3 days)",
            "at(2027-03-14T03:00:00)",
        ]
    ),
    st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York", "Australia/Lord_Howe"]),
    st.integers(1, 150),
)
@hypothesis.settings(derandomize=True, deadline=None, max_examples=30)
def test_the_count_is_that_of_firing_one_by_one(expression: str, zone: str, days: int) -> None:
    clock = ZoneInfo(zone)
    first = datetime.combine(NOW.astimezone(clock).date() + DAY, time(), clock)
    last = datetime.combine(first.date() + days * DAY, time(), clock)
    fires = schedules.parse(expression).fires(first, last, clock, NOW)
    assert often(expression, timezone=zone, days=days).runs == sum(1 for _ in fires)
