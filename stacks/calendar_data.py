"""Where the days of a calendar come from: an iCalendar file, or a country's public holidays.

The libraries are imported where they are used: a stack without such a calendar does not wait for
them.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from definitions.calendars import FIRST_YEAR, LAST_YEAR
from stacks.wording import instead, shown

if TYPE_CHECKING:
    import icalendar

LANGUAGE = "en_US"
"""Of holidays' names, where the library has them in it: without one it asks the machine's locale,
and the same stack file would give another machine elsewhere."""

_UNDERSTOOD = ("VEVENT", "VTIMEZONE")
_DAY = timedelta(days=1)


def days_in_file(path: Path) -> dict[date, str]:
    """Return the days of an iCalendar file's events, with their summaries.

    Events last whole days, one or several; recurring ones (RRULE, RDATE, EXDATE, single changed or
    cancelled occurrences) are written out for the years that calendars reach.

    Raises:
        ValueError: what is not understood, one line with the event's line and name.
    """
    import icalendar

    try:
        text = path.read_text(encoding="utf-8-sig")
        calendar = icalendar.Calendar.from_ical(text)
    except (ValueError, OSError) as error:
        raise ValueError(f"is not an iCalendar file: {_first_line(error)}") from None
    if calendar.name != "VCALENDAR":
        raise ValueError(f"is not an iCalendar file: it begins with {calendar.name}")
    for _, reason in calendar.errors:
        raise ValueError(f"is not understood: {reason}")
    for component in calendar.subcomponents:
        if component.name not in _UNDERSTOOD:
            raise ValueError(f"holds a {component.name}: keep events (VEVENT) only")
    if not calendar.events:
        raise ValueError("holds no event: write BEGIN:VEVENT")
    for event, line in zip(calendar.events, _lines_of_events(text), strict=True):
        if mistake := _mistake_in(event):
            raise ValueError(f"line {line}: {shown(str(event.get('SUMMARY', '')))}: {mistake}")
    days = {
        day: str(occurrence.get("SUMMARY", ""))
        for occurrence in _occurrences(calendar, date(LAST_YEAR + 1, 1, 1))
        if occurrence.get("STATUS") != "CANCELLED"
        for day in _days(occurrence.start, occurrence.end)
    }
    if not days:
        raise ValueError(f"has no day in the years {FIRST_YEAR} to {LAST_YEAR}: add some")
    return days


def public_holidays(country: str, subdivision: str | None, years: Sequence[int]) -> dict[date, str]:
    """Return a country's public holidays, with their names."""
    import holidays

    found = holidays.country_holidays(
        country, subdiv=subdivision, years=tuple(years), language=LANGUAGE
    )
    return {day: name for day, name in found.items() if day.year in years}


def check_country(country: str) -> None:
    """Refuse a country whose holidays the library does not know.

    Raises:
        ValueError: one line with the remedy.
    """
    import holidays

    known = holidays.list_supported_countries()
    if country not in known:
        nearest = [country.upper()] if country.upper() in known else []
        remedy = f"write {nearest[0]}" if nearest else "write an ISO 3166 code such as JP"
        raise ValueError(f"{shown(country)} is not a country whose holidays are known: {remedy}")


def check_subdivision(country: str, subdivision: str) -> None:
    """Refuse a part of a country that the library does not know.

    Raises:
        ValueError: one line with the remedy.
    """
    import holidays

    known = holidays.list_supported_countries()[country]
    if subdivision not in known:
        raise ValueError(
            f"{shown(subdivision)} is not a part of {country}: {instead(subdivision, known)}"
        )


def _lines_of_events(text: str) -> Iterator[int]:
    """Return the lines on which events begin, counted from 1."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip().upper() == "BEGIN:VEVENT":
            yield number


def _mistake_in(event: "icalendar.Event") -> str:
    """Say what keeps an event from being days; empty if nothing does."""
    import icalendar

    for name, reason in event.errors:
        return f"{name or 'a line'} is not understood: {reason}"
    if "EXRULE" in event:
        return "EXRULE is not understood: write the dates that are left out as EXDATE"
    if "DTSTART" not in event:
        return "has no DTSTART: write DTSTART;VALUE=DATE:20261224"
    alone = icalendar.Calendar()
    alone.add_component(event)
    try:
        begin, end = event.start, event.end
        _occurrences(alone, date(FIRST_YEAR, 1, 2))
    except (ValueError, TypeError) as error:
        rule = event.get("RRULE")
        what = f"RRULE {rule.to_ical().decode()}" if rule else "its time"
        return f"{what} is not understood: {_first_line(error)}"
    if any(isinstance(at, datetime) and at.time() != time() for at in (begin, end)):
        return f"does not last whole days: write DTSTART;VALUE=DATE:{begin:%Y%m%d}"
    if isinstance(begin, datetime) and begin == end:
        return f"does not last whole days: write DTSTART;VALUE=DATE:{begin:%Y%m%d}"
    if end < begin:
        return f"ends before it begins: write DTEND;VALUE=DATE:{begin + _DAY:%Y%m%d}"
    return ""


def _occurrences(calendar: "icalendar.Calendar", end: date) -> list[Any]:
    """Return an event each time that it comes, from the first year on."""
    import recurring_ical_events  # pyright: ignore[reportMissingTypeStubs] - it has none

    return recurring_ical_events.of(calendar).between(date(FIRST_YEAR, 1, 1), end)


def _days(begin: date, end: date) -> Iterator[date]:
    """Return the days from begin to the last one before end; the end of one day may be itself."""
    first, after = _date(begin), _date(end)
    yield first
    for days in range(1, (after - first).days):
        yield first + days * _DAY


def _date(at: date) -> date:
    return at.date() if isinstance(at, datetime) else at


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
