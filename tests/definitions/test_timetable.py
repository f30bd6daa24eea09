import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from definitions.names import longest_job_name, schedule_name
from definitions.timetable import Planned, argument, moment, timetable

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def planned(*expressions: str, **more: object) -> list[tuple[int, str | None, str | None]]:
    """The numbers of the schedules, and their dates as Scheduler gets them."""
    given: dict[str, object] = {"timezone": "Europe/Berlin", "now": NOW, **more}
    table = timetable(expressions, **given)  # pyright: ignore[reportArgumentType] - by name
    return [(one.number, argument(one.start), argument(one.end)) for one in table.schedules]


@pytest.mark.parametrize(
    ("text", "zone", "first", "last"),
    [
        ("2026-12-24", "UTC", "2026-12-24T00:00:00", "2026-12-24T23:59:59"),
        ("2026-12-24", "Asia/Tokyo", "2026-12-23T15:00:00", "2026-12-24T14:59:59"),
        # days of 23 and of 25 hours
        ("2027-03-28", "Europe/Berlin", "2027-03-27T23:00:00", "2027-03-28T21:59:59"),
        ("2027-10-31", "Europe/Berlin", "2027-10-30T22:00:00", "2027-10-31T22:59:59"),
        # a day that begins at one o'clock, and the one before it
        ("2027-09-05", "America/Santiago", "2027-09-05T04:00:00", "2027-09-06T02:59:59"),
        ("2027-09-04", "America/Santiago", "2027-09-04T04:00:00", "2027-09-05T03:59:59"),
        # a day whose last hour comes twice
        ("2027-04-03", "America/Santiago", "2027-04-03T03:00:00", "2027-04-04T03:59:59"),
        ("2026-12-24T18:00:00", "Europe/Berlin", "2026-12-24T17:00:00", "2026-12-24T17:00:00"),
        ("2027-10-31T02:30:00", "Europe/Berlin", "2027-10-31T00:30:00", "2027-10-31T00:30:00"),
    ],
)
def test_a_date_is_its_zones_first_and_last_second(
    text: str, zone: str, first: str, last: str
) -> None:
    assert argument(moment(text, ZoneInfo(zone))) == f"{first}Z"
    assert argument(moment(text, ZoneInfo(zone), last=True)) == f"{last}Z"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tomorrow", '"tomorrow" is not a date: write 2026-12-24 or 2026-12-24T18:00:00'),
        ("2027-02-29", '"2027-02-29" is not a date: write 2026-12-24 or 2026-12-24T18:00:00'),
        (
            "2026-12-24T18:00:00Z",
            '"2026-12-24T18:00:00Z" is not a date: write 2026-12-24 or 2026-12-24T18:00:00',
        ),
        (
            "2027-03-28T02:30:00",
            '"2027-03-28T02:30:00" never comes in Europe/Berlin: clocks jump over it: write '
            "another",
        ),
    ],
)
def test_what_is_no_date_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        moment(text, BERLIN)


def test_a_plain_job_has_one_schedule_without_dates() -> None:
    assert planned("cron(0 3 * * ? *)") == [(1, None, None)]
    assert timetable((), now=NOW).schedules == ()


def test_schedules_are_numbered_by_their_place_whatever_is_over() -> None:
    """So that the others keep their names when one is over."""
    expressions = ("at(2026-11-01T00:00:00)", "rate(1 day)", "at(2026-12-24T18:00:00)")
    assert [number for number, _, _ in planned(*expressions)] == [2, 3]


def test_dates_are_for_what_repeats() -> None:
    dates = {"start": "2026-12-01", "end": "2027-01-31"}
    begin, end = "2026-11-30T23:00:00Z", "2027-01-31T22:59:59Z"
    assert planned("cron(0 3 * * ? *)", "rate(1 day)", "at(2026-12-24T18:00:00)", **dates) == [
        (1, begin, end),
        (2, begin, end),
        (3, None, None),
    ]


def test_a_start_that_has_come_is_left_out_of_a_cron_because_aws_refuses_it() -> None:
    assert planned("cron(0 3 * * ? *)", start="2026-11-22T10:00:00") == [(1, None, None)]
    assert planned("cron(0 3 * * ? *)", start="2026-11-22T10:00:01") == [
        (1, "2026-11-22T09:00:01Z", None)
    ]


def test_a_rate_whose_start_has_come_is_told_its_next_time() -> None:
    assert planned("rate(3 days)", start="2026-11-17") == [(1, "2026-11-22T23:00:00Z", None)]
    assert planned("rate(1 hour)", start="2026-11-22T10:00:00") == [
        (1, "2026-11-22T10:00:00Z", None)
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"start_deadline_seconds": 3_600},
        {"start_deadline_seconds": 600, "window_minutes": 50},
    ],
)
def test_a_schedule_goes_when_its_last_trigger_cannot_be_on_its_way_any_more(
    more: dict[str, int],
) -> None:
    once = "at(2026-11-22T09:00:00)"  # 8:00 in UTC
    assert planned(once, **more, now=NOW - timedelta(seconds=1)) == [(1, None, None)]
    assert planned(once, **more, now=NOW) == []
    daily, end = "cron(0 3 * * ? *)", "2026-11-22T09:00:00"
    assert planned(daily, end=end, **more, now=NOW - timedelta(seconds=1)) != []
    assert planned(daily, end=end, **more, now=NOW) == []


def test_a_rate_that_has_no_time_left_before_its_end_is_over() -> None:
    assert planned("rate(1 day)", start="2026-11-20", end="2026-11-22T10:30:00") == []


def test_the_rest_is_handed_on() -> None:
    table = timetable(
        ["rate(1 day)"],
        timezone="Asia/Tokyo",
        window_minutes=15,
        start_deadline_seconds=60,
        enabled=False,
        now=NOW,
    )
    assert table.schedules == (Planned(number=1, expression="rate(1 day)"),)
    assert (table.timezone, table.window_minutes) == ("Asia/Tokyo", 15)
    assert (table.start_deadline_seconds, table.enabled) == (60, False)


def test_only_many_schedules_take_room_from_a_jobs_name() -> None:
    assert schedule_name("list-files", 1) == "list-files"
    assert schedule_name("list-files", 20) == "list-files--20"
    assert [longest_job_name("a-b", count) for count in (0, 1, 2, 9, 10)] == [61, 61, 61, 61, 60]
