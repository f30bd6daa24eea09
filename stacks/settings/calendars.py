"""``calendars:``: named lists of days, and the keys by which a job asks them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Any, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)

from definitions.calendars import (
    FIRST_YEAR,
    LAST_YEAR,
    MAX_TABLES_BYTES,
    Calendar,
    CalendarRules,
    calendar_tables,
)
from stacks.calendar_data import check_country, check_subdivision, days_in_file, public_holidays
from stacks.settings.base import MODEL, EntryError, ListOf, like, surroundings_in
from stacks.wording import instead, shown

MAX_RANGE_DAYS = 366
"""Our own bound: a longer range is a slip in a year."""

ENDS_SOON = timedelta(days=60)
"""How long before the data of a calendar end people are warned."""

_MIDNIGHT = " 00:00:00 +0000 UTC"
"""What the CLI puts behind a day without quotes."""


def _days_written(value: object) -> object:
    """Take ``2026-12-24``, or ``2026-12-29..2027-01-03``, for its days."""
    begin, dots, end = str(value).removesuffix(_MIDNIGHT).partition("..")
    try:
        first = _day(begin)
        last = _day(end if dots else begin)
    except ValueError:
        raise ValueError(
            f'{shown(value)} is not a day: write "2026-12-24", or "2026-12-29..2027-01-03"'
        ) from None
    if last < first:
        raise ValueError(f'{shown(value)} runs backwards: write "{last}..{first}"')
    if first.year < FIRST_YEAR or last.year > LAST_YEAR:
        raise ValueError(f"{shown(value)} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    count = (last - first).days + 1
    if count > MAX_RANGE_DAYS:
        raise ValueError(f"{shown(value)} is {count:,} days: write at most {MAX_RANGE_DAYS}")
    return tuple(first + timedelta(days=number) for number in range(count))


def _day(text: str) -> date:
    """Read ``2026-12-24``; Python takes other forms too."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError
    return date.fromisoformat(text)


def _days_of_file(value: object, info: ValidationInfo) -> object:
    """Take a file's name for the days of its events."""
    surroundings = surroundings_in(info)
    if not isinstance(value, str) or surroundings is None:
        return value
    path = surroundings.directory / value
    if not path.is_file():
        raise ValueError(
            f"{shown(value)} is not a file below {surroundings.directory.name}/: write a path from "
            "Pulumi.yaml"
        )
    try:
        return days_in_file(path)
    except ValueError as error:
        raise ValueError(f"{shown(value)} {error}") from None


def _country(country: str) -> str:
    check_country(country)
    return country


def _calendar_of_file(name: str, info: ValidationInfo) -> str:
    """Check that the file has such a calendar."""
    surroundings = surroundings_in(info)
    if surroundings and name not in surroundings.calendars:
        remedy = instead(name, surroundings.calendars)
        raise ValueError(f"{shown(name)} is not a calendar of this file: {remedy}")
    return name


DaysWritten = Annotated[
    str,
    like(
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}([.]{2}[0-9]{4}-[0-9]{2}-[0-9]{2})?$",
        '"2026-12-24", or "2026-12-29..2027-01-03"',
    ),
]
Days = Annotated[
    tuple[date, ...], BeforeValidator(_days_written, json_schema_input_type=DaysWritten)
]
FileDays = Annotated[dict[date, str], BeforeValidator(_days_of_file, json_schema_input_type=str)]
Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]
CalendarName = Annotated[str, AfterValidator(_calendar_of_file)]


class CalendarSettings(BaseModel):
    """Days, from any of three sources or several together."""

    model_config = MODEL

    dates: ListOf[Days] = Field(
        default=(),
        description="Days, or first and last day. A calendar that has nothing else may be the list "
        "itself.",
        examples=[["2026-12-24", "2026-12-29..2027-01-03"]],
    )
    file: FileDays | None = Field(
        default=None,
        description="An iCalendar file in the project's directory, whose events last whole days. "
        "Recurring events are understood.",
        examples=["holidays.ics"],
    )
    country: Annotated[str, AfterValidator(_country)] | None = Field(
        default=None,
        description="A country whose public holidays are taken, by its ISO 3166 code.",
        examples=["JP"],
    )
    subdivision: str | None = Field(
        default=None, description="A part of the country that has more of them.", examples=["BY"]
    )
    years: ListOf[Year] = Field(
        default=(),
        validate_default=True,
        description="For which years public holidays are taken.",
        examples=[[2026, 2027]],
    )

    @field_validator("subdivision")
    @classmethod
    def _is_a_part(cls, subdivision: str | None, info: ValidationInfo) -> str | None:
        if "country" not in info.data or subdivision is None:
            return subdivision
        if info.data["country"] is None:
            raise ValueError(f"{shown(subdivision)} is a part of no country: write country")
        check_subdivision(info.data["country"], subdivision)
        return subdivision

    @field_validator("years")
    @classmethod
    def _has_days(cls, years: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        data: Mapping[str, Any] = info.data
        if not {"dates", "file", "country"} <= data.keys():
            return years
        if data["country"] is None and years:
            raise ValueError("are of no country: write country, or leave them out")
        if data["country"] is not None and not years:
            raise EntryError("has a country and no years: write years: [2026, 2027]")
        if data["country"] is None and not data["dates"] and data["file"] is None:
            raise EntryError('has no days: write dates: ["2026-12-24"], a file or a country')
        return years

    @cached_property
    def days(self) -> Calendar:
        """All days with their names, as text."""
        days = dict.fromkeys((day for days in self.dates for day in days), "")
        if self.country is not None:
            days |= public_holidays(self.country, self.subdivision, self.years)
        days |= self.file or {}
        return {day.isoformat(): name for day, name in sorted(days.items())}

    @property
    def data_end(self) -> date:
        """The last day for which the data say anything.

        Where they come from a country or a file, single dates beside them do not count.
        """
        ends = [date(max(self.years), 12, 31)] if self.years else []
        if self.file:
            ends.append(max(self.file))
        return min(ends) if ends else date.fromisoformat(max(self.days))


def _list_of_dates(written: object) -> object:
    """Take a list of dates for a calendar that has nothing else."""
    return {"dates": cast("list[object]", written)} if isinstance(written, list) else written


NamedCalendar = Annotated[
    CalendarSettings,
    BeforeValidator(_list_of_dates, json_schema_input_type=CalendarSettings | list[DaysWritten]),
]


def asked_tables(
    calendars: Mapping[str, CalendarSettings], asked: Iterable[tuple[CalendarRules, str]]
) -> dict[str, Any] | None:
    """Return the tables of the calendars and zones that are asked; None if none is."""
    asking = [(rules, zone) for rules, zone in asked if rules.in_trigger(zone)]
    if not asking:
        return None
    return calendar_tables(
        {name: calendars[name].days for rules, _ in asking for name in rules.calendars},
        {zone for _, zone in asking},
    )


def table_mistakes(tables: Mapping[str, Any] | None) -> Iterator[str]:
    """Measure what the dispatcher would have to hold."""
    size = len(json.dumps(tables))
    if size > MAX_TABLES_BYTES:
        yield (
            f"calendars: the days and clocks that jobs ask for are {size:,} bytes, and the "
            f"dispatcher can hold {MAX_TABLES_BYTES:,}: take fewer years or calendars"
        )


def end_warnings(calendars: Mapping[str, CalendarSettings], today: date) -> Iterator[str]:
    """Tell of calendars whose data have ended, or soon will."""
    for name, calendar in calendars.items():
        end = calendar.data_end
        if end >= today + ENDS_SOON:
            continue
        if calendar.years:
            remedy = f"add {end.year + 1} to its years"
        elif calendar.file:
            remedy = "add events to its file"
        else:
            remedy = "add dates, or remove it"
        tense = "ended" if end < today else "end"
        yield f"calendars.{name}: its days {tense} on {end}: {remedy}"
