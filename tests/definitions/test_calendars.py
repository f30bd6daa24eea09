"""Which days a job runs on, in its time zone: JSONata against Python's own calendar and zones."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.calendars import (
    FIRST_YEAR,
    LAST_YEAR,
    SKIP_REASON,
    CalendarRules,
    calendar_tables,
    skip_reason,
)
from definitions.jsonata import expression
from tests.definitions.playing import evaluate

HOLIDAYS = {"2026-11-23": "Labor Thanksgiving Day", "2027-01-01": "New Year's Day"}
CALENDARS = {"holidays": HOLIDAYS, "stocktaking": {"2026-11-24": "", "2026-11-28": ""}}
ZONES = sorted(available_timezones() - {"localtime", "Factory"})
INSTANTS = st.datetimes(
    datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR, 12, 31, 23, 59, 59), timezones=st.just(UTC)
).map(lambda instant: instant.replace(microsecond=0))


def dispatched(
    instant: datetime,
    zone: str,
    rules: CalendarRules,
    calendars: dict[str, dict[str, str]] = CALENDARS,
) -> str:
    """The dispatcher's decision."""
    states = {
        "input": {
            "calendar": rules.in_trigger(zone),
            "scheduledTime": f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
    }
    tables = calendar_tables(calendars, [zone])
    return evaluate(expression(SKIP_REASON), states, {"calendars": tables})


@given(instant=INSTANTS, zone=st.sampled_from(ZONES))
def test_the_day_is_the_job_zones_own(instant: datetime, zone: str) -> None:
    day = instant.astimezone(ZoneInfo(zone)).date()
    rules = CalendarRules(skip_on=("today",))
    assert dispatched(instant, zone, rules, {"today": {str(day): ""}}) == f"{day} is in today"


@given(zone=st.sampled_from(ZONES), data=st.data())
def test_the_table_knows_a_clock_change_to_the_second(zone: str, data: st.DataObject) -> None:
    changes = [entry["from"] for entry in calendar_tables({}, [zone])["offsets"][zone][1:-1]]
    if not changes:
        return
    at = datetime.fromtimestamp(data.draw(st.sampled_from(changes)) / 1_000, UTC)
    offsets = [(at - timedelta(seconds=s)).astimezone(ZoneInfo(zone)).utcoffset() for s in (1, 0)]
    assert offsets[0] != offsets[1]


@given(
    instant=st.datetimes(datetime(2026, 11, 20), datetime(2027, 1, 3), timezones=st.just(UTC)).map(
        lambda instant: instant.replace(microsecond=0)
    ),
    zone=st.sampled_from(ZONES),
    rules=st.builds(
        CalendarRules,
        skip_on=st.lists(st.sampled_from(sorted(CALENDARS)), unique=True).map(tuple),
        only_on=st.lists(st.sampled_from(sorted(CALENDARS)), unique=True).map(tuple),
        business_days=st.booleans(),
    ).filter(lambda rules: rules.in_trigger("UTC") is not None),
)
def test_the_dispatcher_decides_as_python_does(
    instant: datetime, zone: str, rules: CalendarRules
) -> None:
    day = instant.astimezone(ZoneInfo(zone)).date()
    assert dispatched(instant, zone, rules) == skip_reason(day, rules, CALENDARS)


MONDAY, TUESDAY, SATURDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 28)


@pytest.mark.parametrize(
    ("day", "rules", "because"),
    [
        (MONDAY, {}, ""),
        (MONDAY, {"skip_on": ["holidays"]}, "is in holidays (Labor Thanksgiving Day)"),
        (TUESDAY, {"skip_on": ["holidays"]}, ""),
        (TUESDAY, {"skip_on": ["holidays", "stocktaking"]}, "is in stocktaking"),
        (MONDAY, {"only_on": ["stocktaking"]}, "is not in stocktaking"),
        (TUESDAY, {"only_on": ["holidays", "stocktaking"]}, ""),
        (date(2026, 11, 25), {"only_on": ["holidays", "stocktaking"]}, "is not in holidays or"),
        (SATURDAY, {"business_days": True}, "is a Saturday"),
        (date(2026, 11, 29), {"business_days": True}, "is a Sunday"),
        (date(2026, 11, 27), {"business_days": True}, ""),
        (MONDAY, {"business_days": True, "skip_on": ["holidays"]}, "is in holidays"),
        (SATURDAY, {"business_days": True, "only_on": ["stocktaking"]}, "is a Saturday"),
    ],
)
def test_a_day_is_left_out_for_a_reason(day: date, rules: dict[str, Any], because: str) -> None:
    said = skip_reason(day, CalendarRules(**rules), CALENDARS)
    assert said.startswith(f"{day} {because}") if because else said == ""


@pytest.mark.parametrize("year", [FIRST_YEAR - 1, LAST_YEAR + 1])
def test_a_run_is_not_skipped_where_the_table_does_not_know_the_clock(year: int) -> None:
    rules = CalendarRules(business_days=True)
    sundays = (datetime(year, 6, day, tzinfo=UTC) for day in range(1, 8))
    assert {dispatched(day, "Europe/Berlin", rules) for day in sundays} == {""}


def test_rules_that_say_nothing_are_not_in_a_trigger() -> None:
    assert CalendarRules().in_trigger("UTC") is None
    assert CalendarRules(business_days=True).in_trigger("UTC") == {
        "zone": "UTC",
        "businessDays": True,
    }


def test_many_calendars_and_zones_stay_far_below_the_limits_of_aws() -> None:
    """A definition may have 1 MB, a state's variables 256 KiB (Step Functions, "Quotas")."""
    days = [date(2026, 1, 1) + timedelta(days=22 * n) for n in range(50)]  # three years of holidays
    calendars = {f"calendar-{n:02}": {str(day): "x" * 24 for day in days} for n in range(30)}
    zones = [zone for zone in ZONES if zone.startswith("Europe/")][:60]
    tables = calendar_tables(calendars, zones)
    assert len(tables["offsets"]) == 60
    assert len(json.dumps(tables)) < 150_000
