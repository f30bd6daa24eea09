"""What fires when, from the stack file alone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ops.firing import counts_from_its_making, firings
from ops.stack import Entry
from stacks.settings.calendars import CalendarSettings
from stacks.settings.workers import WorkerSettings

TOKYO = ZoneInfo("Asia/Tokyo")
MADE = datetime(2026, 11, 1, 0, 7, tzinfo=UTC)
CALENDARS = {"holidays": CalendarSettings.model_validate({"dates": ["2026-11-23"]})}


def _entry(**settings: Any) -> Entry:
    worker = WorkerSettings.model_validate({"command": ("true",), "container": "x", **settings})
    return Entry(name="x", kind="worker", settings=worker)


def _fires(begin: str, end: str, **settings: Any) -> list[str]:
    """Return what fires, on the clocks of its zone."""
    entry = _entry(**settings)
    zone = ZoneInfo(settings.get("timezone", "UTC"))
    first, last = (datetime.fromisoformat(when).replace(tzinfo=zone) for when in (begin, end))
    return [
        f"{one.instant.astimezone(zone):%m-%d %H:%M} {one.number} {one.skipped}".strip()
        for one in firings(entry, CALENDARS, first, last, made=MADE)
    ]


def test_a_period_has_its_begin_and_not_its_end() -> None:
    hourly = ["cron(30 * * * ? *)"]
    assert _fires("2026-11-24T08:30", "2026-11-24T10:30", schedule=hourly) == [
        "11-24 08:30 1",
        "11-24 09:30 1",
    ]


def test_several_schedules_are_in_order_of_time_with_their_numbers() -> None:
    both = ["cron(0 9 * * ? *)", "cron(30 8 * * ? *)"]
    assert _fires("2026-11-24", "2026-11-26", schedule=both, timezone="Asia/Tokyo") == [
        "11-24 08:30 2",
        "11-24 09:00 1",
        "11-25 08:30 2",
        "11-25 09:00 1",
    ]


def test_a_day_that_a_calendar_leaves_out_says_why_by_the_day_of_the_zone() -> None:
    fires = _fires(
        "2026-11-23",
        "2026-11-25",
        schedule=["cron(0 3 * * ? *)"],
        timezone="Asia/Tokyo",
        skipOn=["holidays"],
    )
    assert fires == ["11-23 03:00 1 2026-11-23 is in holidays", "11-24 03:00 1"]


def test_a_time_of_the_past_that_is_over_now_fired_then() -> None:
    once = ["at(2020-02-29T12:00:00)"]
    assert _fires("2020-02-29", "2020-03-01", schedule=once) == ["02-29 12:00 1"]
    assert _fires("2020-03-01", "2020-03-02", schedule=once) == []


def test_dates_bound_what_repeats_and_the_last_day_is_in() -> None:
    daily = {"schedule": ["cron(0 3 * * ? *)"], "startDate": "2026-11-10", "endDate": "2026-11-11"}
    assert _fires("2026-11-01", "2026-12-01", **daily) == ["11-10 03:00 1", "11-11 03:00 1"]


def test_a_rate_counts_from_its_start_and_else_from_when_it_was_made() -> None:
    rate = ["rate(8 hours)"]
    assert _fires("2026-11-24", "2026-11-25", schedule=rate, startDate="2026-11-01T01:00:00") == [
        "11-24 01:00 1",
        "11-24 09:00 1",
        "11-24 17:00 1",
    ]
    assert _fires("2026-11-24", "2026-11-25", schedule=rate)[0] == "11-24 00:07 1"


def test_a_rate_that_starts_with_the_period_fires_at_its_begin() -> None:
    rate = {"schedule": ["rate(12 hours)"], "startDate": "2026-11-24"}
    assert _fires("2026-11-24", "2026-11-25", **rate) == ["11-24 00:00 1", "11-24 12:00 1"]


def test_nothing_fired_before_a_rate_was_made() -> None:
    (first, *_) = firings(
        _entry(schedule=["rate(1 hour)"]),
        CALENDARS,
        MADE - timedelta(days=1),
        MADE + timedelta(hours=2),
        made=MADE,
    )
    assert first.instant == MADE


def test_a_spread_schedule_fires_at_its_own_minute() -> None:
    (only,) = _fires("2026-11-24", "2026-11-25", schedule=["cron(0 3 * * ? *)"], spread=True)
    assert only != "11-24 03:00 1"
    assert only.startswith("11-24 03:")


def test_only_a_rate_without_a_start_has_times_that_aws_alone_knows() -> None:
    assert counts_from_its_making(_entry(schedule=["cron(0 3 * * ? *)", "rate(1 hour)"]))
    assert not counts_from_its_making(_entry(schedule=["cron(0 3 * * ? *)"]))
    assert not counts_from_its_making(_entry(schedule=["rate(1 hour)"], startDate="2026-11-24"))
