"""Calendars in a stack file: where their days come from, what is refused, what is warned of."""

from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

import pytest

from definitions.calendars import CalendarRules
from stacks.settings.calendars import asked_tables
from tests.program.test_settings import COMMAND, lines, read

DAILY = "cron(0 9 * * ? *)"

HOLIDAYS = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//holidays//EN
BEGIN:VEVENT
UID:christmas@example.com
SUMMARY:Christmas
DTSTART;VALUE=DATE:20201224
DTEND;VALUE=DATE:20201227
RRULE:FREQ=YEARLY;UNTIL=20281231
EXDATE;VALUE=DATE:20271224
END:VEVENT
BEGIN:VEVENT
UID:fair@example.com
SUMMARY:Fair
{fair}
END:VEVENT
END:VCALENDAR
"""
FAIR = "DTSTART:20270503T000000\nDTEND:20270505T000000"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").touch()
    (tmp_path / "holidays.ics").write_text(HOLIDAYS.format(fair=FAIR))
    return tmp_path


def days(directory: Path, calendar: object) -> Mapping[str, str]:
    return read(directory, {"calendars": {"off": calendar}}).calendars["off"].days


def asking(calendar: object, **keys: object) -> dict[str, object]:
    """A stack file's sections with one calendar, off, and one job."""
    return {"calendars": {"off": calendar}, "jobs": {"nightly": {**COMMAND, **keys}}}


# -- days


def test_a_calendar_is_a_list_of_days_and_of_ranges_of_them(directory: Path) -> None:
    expected = {"2026-12-24": "", "2026-12-31": "", "2027-01-01": ""}
    written = ["2026-12-24", "2026-12-31..2027-01-01"]
    assert days(directory, written) == expected
    assert days(directory, {"dates": written}) == expected


def test_a_day_without_quotes_is_what_the_cli_makes_of_it(directory: Path) -> None:
    assert days(directory, ["2026-12-24 00:00:00 +0000 UTC"]) == {"2026-12-24": ""}


def test_a_file_has_events_of_whole_days_that_may_recur(directory: Path) -> None:
    found = days(directory, {"file": "holidays.ics"})
    assert {day: name for day, name in found.items() if "2026" <= day < "2029"} == {
        "2026-12-24": "Christmas",
        "2026-12-25": "Christmas",
        "2026-12-26": "Christmas",
        "2027-05-03": "Fair",
        "2027-05-04": "Fair",
        "2028-12-24": "Christmas",
        "2028-12-25": "Christmas",
        "2028-12-26": "Christmas",
    }


def test_public_holidays_come_from_a_country_and_its_part(directory: Path) -> None:
    germany = days(directory, {"country": "DE", "years": [2026]})
    bavaria = days(directory, {"country": "DE", "subdivision": "BY", "years": [2026]})
    assert set(bavaria) - set(germany) == {"2026-01-06", "2026-06-04", "2026-11-01"}
    assert all(day.startswith("2026") for day in bavaria)


def test_names_of_holidays_do_not_depend_on_the_machine(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for language in ("ja_JP.UTF-8", "C"):
        monkeypatch.setenv("LANGUAGE", language)
        found = days(directory, {"country": "JP", "years": [2026]})
        assert found["2026-11-23"] == "Labor Thanksgiving Day"


def test_sources_add_up(directory: Path) -> None:
    calendar = {"dates": ["2026-12-30"], "file": "holidays.ics", "country": "JP", "years": [2026]}
    assert {"2026-12-30", "2026-12-24", "2026-11-23"} <= set(days(directory, calendar))


def test_a_stack_without_such_calendars_does_not_wait_for_the_libraries(directory: Path) -> None:
    with patch.dict("sys.modules", {"holidays": None, "icalendar": None}):
        assert days(directory, ["2026-12-24"]) == {"2026-12-24": ""}


def test_the_tables_hold_what_jobs_ask_and_no_more(directory: Path) -> None:
    sections = asking(["2026-12-24"], schedule=DAILY, skipOn=["off"], timezone="Asia/Tokyo")
    settings = read(
        directory, {**sections, "calendars": {"off": ["2026-12-24"], "unused": ["2027-01-01"]}}
    )
    (job,) = settings.jobs.values()
    assert job.calendar_rules == CalendarRules(skip_on=("off",))
    tables = asked_tables(settings.calendars, [(job.calendar_rules, job.timezone)])
    assert tables is not None
    assert tables["dates"] == {"off": {"2026-12-24": ""}}
    assert list(tables["offsets"]) == ["Asia/Tokyo"]
    assert asked_tables(settings.calendars, [(CalendarRules(), "UTC")]) is None


# -- mistakes

NOT_A_DAY = 'is not a day: write "2026-12-24", or "2026-12-29..2027-01-03"'


@pytest.mark.parametrize(
    ("calendar", "line"),
    [
        (["2026-13-24"], f'calendars.off.dates[0]: "2026-13-24" {NOT_A_DAY}'),
        (["Christmas"], f'calendars.off.dates[0]: "Christmas" {NOT_A_DAY}'),
        ([20261224.5], f"calendars.off.dates[0]: 20261224.5 {NOT_A_DAY}"),
        (
            ["2027-01-03..2026-12-29"],
            'calendars.off.dates[0]: "2027-01-03..2026-12-29" runs backwards: '
            'write "2026-12-29..2027-01-03"',
        ),
        (
            ["2026-12-29..2028-01-03"],
            'calendars.off.dates[0]: "2026-12-29..2028-01-03" is 371 days: write at most 366',
        ),
        (
            ["2062-12-24"],
            'calendars.off.dates[0]: "2062-12-24" is not in the years 2025 to 2040',
        ),
        (
            "2026-12-24",
            'calendars.off: is text: write a map, such as dates: ["2026-12-24", '
            '"2026-12-29..2027-01-03"]',
        ),
        ({}, 'calendars.off: has no days: write dates: ["2026-12-24"], a file or a country'),
        (
            {"file": "gone.ics"},
            'calendars.off.file: "gone.ics" is not a file below {directory}/: write a path from '
            "Pulumi.yaml",
        ),
        (
            {"file": "app/Dockerfile"},
            'calendars.off.file: "app/Dockerfile" is not an iCalendar file: Found no components '
            "where exactly one is required: ",
        ),
        (
            {"country": "jp", "years": [2026]},
            'calendars.off.country: "jp" is not a country whose holidays are known: write JP',
        ),
        (
            {"country": "Japan", "years": [2026]},
            'calendars.off.country: "Japan" is not a country whose holidays are known: write an '
            "ISO 3166 code such as JP",
        ),
        ({"country": "JP"}, "calendars.off: has a country and no years: write years: [2026, 2027]"),
        (
            {"dates": ["2026-12-24"], "years": [2026]},
            "calendars.off.years: are of no country: write country, or leave them out",
        ),
        (
            {"country": "DE", "subdivision": "by", "years": [2026]},
            'calendars.off.subdivision: "by" is not a part of DE: write BY',
        ),
        (
            {"dates": ["2026-12-24"], "subdivision": "BY"},
            'calendars.off.subdivision: "BY" is a part of no country: write country',
        ),
        (
            {"country": "DE", "years": [1926]},
            "calendars.off.years[0]: 1926 is too small: write at least 2025",
        ),
    ],
)
def test_a_calendar_that_is_wrong_is_one_line(directory: Path, calendar: object, line: str) -> None:
    found = lines(directory, {"calendars": {"off": calendar}})
    assert found == (line.replace("{directory}", directory.name),)


@pytest.mark.parametrize(
    ("fair", "rule"),
    [
        ("DTSTART:20270503T120000", "does not last whole days: write DTSTART;VALUE=DATE:20270503"),
        ("DTSTART:20270503T000000", "does not last whole days: write DTSTART;VALUE=DATE:20270503"),
        ("DTSTART;VALUE=DATE:20271303", "DTSTART is not understood: Wrong date format 20271303"),
        ("STATUS:TENTATIVE", "has no DTSTART: write DTSTART;VALUE=DATE:20261224"),
        (
            "DTSTART;VALUE=DATE:20270503\nRRULE:FREQ=YEARLY;WHEN=MOON",
            "RRULE FREQ=YEARLY;WHEN=MOON is not understood: UNTIL parameter is missing: "
            "FREQ=YEARLY;WHEN=MOON",
        ),
        (
            "DTSTART;VALUE=DATE:20270503\nEXRULE:FREQ=YEARLY",
            "EXRULE is not understood: write the dates that are left out as EXDATE",
        ),
        (
            "DTSTART;VALUE=DATE:20270503\nDTEND;VALUE=DATE:20270501",
            "ends before it begins: write DTEND;VALUE=DATE:20270504",
        ),
    ],
)
def test_an_event_that_is_not_understood_is_named_with_its_line(
    directory: Path, fair: str, rule: str
) -> None:
    (directory / "holidays.ics").write_text(HOLIDAYS.format(fair=fair))
    found = lines(directory, {"calendars": {"off": {"file": "holidays.ics"}}})
    assert found == (f'calendars.off.file: "holidays.ics" line 12: "Fair": {rule}',)


def test_what_is_not_an_event_is_not_passed_over(directory: Path) -> None:
    text = HOLIDAYS.format(fair=FAIR).replace("VEVENT", "VTODO")
    (directory / "holidays.ics").write_text(text)
    found = lines(directory, {"calendars": {"off": {"file": "holidays.ics"}}})
    assert found == ('calendars.off.file: "holidays.ics" holds a VTODO: keep events (VEVENT) only',)


def test_a_cancelled_event_is_no_day(directory: Path) -> None:
    cancelled = f"{FAIR}\nSTATUS:CANCELLED"
    (directory / "holidays.ics").write_text(HOLIDAYS.format(fair=cancelled))
    assert "Fair" not in days(directory, {"file": "holidays.ics"}).values()


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (
            {"schedule": DAILY, "skipOn": ["of"]},
            'jobs.nightly.skipOn[0]: "of" is not a calendar of this file: write off',
        ),
        (
            {"schedule": DAILY, "onlyOn": "off"},
            'jobs.nightly.onlyOn: "off" is text: write [off]',
        ),
        (
            {"businessDays": True},
            "jobs.nightly.businessDays: has no schedule to go with: add schedule, or remove it",
        ),
        (
            {"schedule": DAILY, "skipOn": ["off"], "onlyOn": ["off"]},
            "jobs.nightly.onlyOn: off is in skipOn too: keep one",
        ),
    ],
)
def test_a_job_that_asks_calendars_wrongly_is_one_line(
    directory: Path, keys: dict[str, object], line: str
) -> None:
    assert lines(directory, asking(["2027-12-24"], **keys)) == (line,)


def test_more_days_than_the_dispatcher_can_hold_are_refused(directory: Path) -> None:
    years = [f"{year}-01-01..{year}-12-31" for year in range(2025, 2041)]
    calendars = {f"calendar-{number}": years for number in range(5)}
    job = {**COMMAND, "schedule": DAILY, "skipOn": list(calendars)}
    (line,) = lines(directory, {"calendars": calendars, "jobs": {"nightly": job}})
    assert line.startswith("calendars: the days and clocks that jobs ask for are ")
    assert line.endswith("the dispatcher can hold 200,000: take fewer years or calendars")


# -- warnings: today is 2026-11-22


@pytest.mark.parametrize(
    ("calendar", "warning"),
    [
        (["2026-11-21"], "ended on 2026-11-21: add dates, or remove it"),
        (["2027-01-20"], "end on 2027-01-20: add dates, or remove it"),
        (["2027-01-21"], None),
        ({"country": "JP", "years": [2026]}, "end on 2026-12-31: add 2027 to its years"),
        (
            {"country": "JP", "years": [2026], "dates": ["2027-12-29"]},
            "end on 2026-12-31: add 2027 to its years",
        ),
        ({"country": "JP", "years": [2027], "dates": ["2026-01-01"]}, None),
        ({"file": "holidays.ics"}, None),
        ({"file": "old.ics"}, "ended on 2025-12-26: add events to its file"),
    ],
)
def test_data_that_end_within_60_days_are_told_with_what_to_do(
    directory: Path, calendar: object, warning: str | None
) -> None:
    old = HOLIDAYS.replace("20281231", "20251231").format(fair="DTSTART;VALUE=DATE:20250503")
    (directory / "old.ics").write_text(old)
    found = read(directory, {"calendars": {"off": calendar}}).warnings
    expected = f"Pulumi.dev.yaml: calendars.off: its days {warning}"
    assert found == (() if warning is None else (expected,))


NEVER = "comes on no day that the calendars leave: change the schedule, or the calendars"


@pytest.mark.parametrize(
    ("keys", "never"),
    [
        ({"schedule": "cron(0 9 ? * SAT,SUN *)", "businessDays": True}, True),
        ({"schedule": "cron(0 9 ? * FRI-SUN *)", "businessDays": True}, False),
        ({"schedule": "cron(0 9 24 12 ? 2027)", "skipOn": ["off"]}, True),
        ({"schedule": "cron(0 9 24 12 ? 2027-2028)", "skipOn": ["off"]}, False),
        ({"schedule": "cron(0 9 ? * MON *)", "onlyOn": ["off"]}, True),
        ({"schedule": "cron(0 9 ? * FRI *)", "onlyOn": ["off"]}, False),
        ({"schedule": "rate(1 day)", "onlyOn": ["off"], "businessDays": True}, False),
        ({"schedule": "at(2027-12-24T09:00:00)", "skipOn": ["off"]}, True),
        ({"schedule": "at(2027-12-23T09:00:00)", "skipOn": ["off"]}, False),
        ({"schedule": DAILY, "onlyOn": ["off"], "endDate": "2027-12-23"}, True),
        ({"schedule": DAILY, "onlyOn": ["off"], "startDate": "2027-12-25"}, True),
        ({"schedule": DAILY, "onlyOn": ["off"], "startDate": "2027-12-24"}, False),
    ],
)
def test_a_schedule_of_which_calendars_leave_no_day_is_a_warning(
    directory: Path, keys: dict[str, str], never: bool
) -> None:
    found = read(directory, asking(["2027-12-24"], **keys)).warnings  # a Friday
    line = f'Pulumi.dev.yaml: jobs.nightly.schedule: "{keys["schedule"]}" {NEVER}'
    assert found == ((line,) if never else ())
