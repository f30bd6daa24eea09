"""When something runs: the keys that a job, and whatever else is scheduled, has for it."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)

from definitions import durations, schedules
from definitions.calendars import CalendarRules, ever_runs
from definitions.timetable import (
    MAX_WINDOW_MINUTES,
    MIN_WINDOW_MINUTES,
    MOMENT_FORM,
    MOST_SCHEDULES,
    Timetable,
    is_over,
    moment,
    timetable,
)
from definitions.watcher_machine import MAX_SECONDS, MIN_WITHIN_SECONDS
from stacks.settings.base import MODEL, EntryError, ListOf, Seconds, between, like
from stacks.settings.calendars import CalendarName, CalendarSettings
from stacks.wording import flow, kind, shown

MIN_START_DEADLINE_SECONDS = 60
MAX_START_DEADLINE_SECONDS = 86_400
"""EventBridge Scheduler, RetryPolicy.MaximumEventAgeInSeconds."""

HOURS_PER_DAY = 24
SECONDS_PER_MINUTE = 60

_DATE_AS_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) \+0000 UTC")
"""What the CLI makes of an unquoted date, with a time or without, in a stack file."""


def _expressions(written: object) -> object:
    """Take one cron(), rate() or at(), or a list of them, for a tuple."""
    if not isinstance(written, list | tuple):
        return (_expression(written),)
    parts = cast("list[object] | tuple[object, ...]", written)
    if not parts:
        raise ValueError("is empty: write at least one schedule, or remove the key")
    texts = [str(part) for part in parts]
    if any(text.count("(") != text.count(")") for text in texts):
        raise ValueError(f'is divided at its commas: quote it: ["{",".join(texts)}"]')
    if len(parts) > MOST_SCHEDULES:
        raise ValueError(f"has {len(parts)} schedules: write at most {MOST_SCHEDULES}")
    for number, text in enumerate(texts):
        if text in texts[:number]:
            raise ValueError(f"{shown(text)} is there twice: remove one")
    return tuple(_expression(part) for part in parts)


def _expression(written: object) -> str:
    """Check one of them."""
    if kind(written) in ("a map", "a list"):
        raise ValueError(f"{shown(written)} is {kind(written)}: write cron(0 3 * * ? *)")
    if not isinstance(written, str):
        raise ValueError(f'{shown(written)} is {kind(written)}: quote it: "{flow(written)}"')
    schedules.parse(written)
    return written


def _zone(timezone: str) -> str:
    """Check that there is such a time zone."""
    schedules.check_zone(timezone)
    return timezone


def _moment(date: str) -> str:
    """Check a date, with a time or without."""
    if match := _DATE_AS_TIME.fullmatch(date):
        written = match[1] if match[2] == "00:00:00" else f"{match[1]}T{match[2]}"
        raise ValueError(f'{shown(date)} is what the CLI reads: quote it: "{written}"')
    moment(date, ZoneInfo("UTC"))
    return date


def _whole_minutes(seconds: int) -> int:
    """Check that a duration is one of minutes."""
    if seconds % SECONDS_PER_MINUTE:
        written, longer = durations.text(seconds), f"{seconds // SECONDS_PER_MINUTE + 1}m"
        raise ValueError(f"{written} is no whole number of minutes: write {longer}")
    return seconds


Expression = Annotated[str, like(schedules.FORM, schedules.FORMS)]
Expressions = Annotated[
    tuple[str, ...],
    BeforeValidator(
        _expressions,
        json_schema_input_type=Expression
        | Annotated[list[Expression], Field(min_length=1, max_length=MOST_SCHEDULES)],
    ),
]
Timezone = Annotated[str, AfterValidator(_zone), like(schedules.ZONE_FORM, "Asia/Tokyo or UTC")]
Moment = Annotated[
    str, AfterValidator(_moment), like(MOMENT_FORM, '"2026-12-24" or "2026-12-24T18:00:00"')
]
WindowSeconds = Annotated[
    Seconds,
    AfterValidator(_whole_minutes),
    AfterValidator(
        between(MIN_WINDOW_MINUTES * SECONDS_PER_MINUTE, MAX_WINDOW_MINUTES * SECONDS_PER_MINUTE)
    ),
]
StartDeadlineSeconds = Annotated[
    Seconds, AfterValidator(between(MIN_START_DEADLINE_SECONDS, MAX_START_DEADLINE_SECONDS))
]
WithinSeconds = Annotated[Seconds, AfterValidator(between(MIN_WITHIN_SECONDS, MAX_SECONDS))]


class ScheduleSettings(BaseModel):
    """What is started at certain times."""

    model_config = MODEL

    schedule: Expressions = Field(
        default=(),
        description="`cron(minute hour day-of-month month day-of-week year)`, `rate(5 minutes)` or "
        "`at(2026-12-24T18:00:00)`, as EventBridge Scheduler has them, or a list of them. Without "
        "it the job runs by hand only.",
        examples=["cron(30 3 * * ? *)", ["cron(0 3 1 * ? *)", "cron(0 3 ? * MON *)"]],
    )
    timezone: Timezone = Field(
        default="UTC",
        description="The time zone of `schedule`, `startDate` and `endDate`.",
        examples=["Asia/Tokyo"],
    )
    skip_on: ListOf[CalendarName] = Field(
        default=(),
        description="Calendars on whose days the schedule's runs are skipped, by the day in "
        "`timezone` that a run is scheduled for. Skipped runs are listed, with the reason.",
        examples=[["jp-holidays"]],
    )
    only_on: ListOf[CalendarName] = Field(
        default=(),
        description="Calendars on whose days alone the schedule's runs are not skipped.",
        examples=[["month-ends"]],
    )
    business_days: bool = Field(
        default=False,
        description="Whether runs of a Saturday or Sunday are skipped; with `skipOn`, those of "
        "holidays too.",
        examples=[True],
    )
    start_date: Moment | None = Field(
        default=None,
        description="The first date, or date and time, on which a `cron()` or `rate()` fires; a "
        "rate counts from it.",
        examples=["2027-01-01", "2027-01-01T09:00:00"],
    )
    end_date: Moment | None = Field(
        default=None,
        description="The last date, itself included, or date and time.",
        examples=["2027-03-31"],
    )
    flexible_window_seconds: WindowSeconds | None = Field(
        default=None,
        validation_alias="flexibleWindow",
        description="Within how long after its time Scheduler may start a run, `1m` to `24h`. The "
        "run keeps its scheduled time.",
        examples=["15m"],
    )
    spread: bool = Field(
        default=False,
        description="Move each `cron()` from its one minute to another of the same hour, drawn "
        "from the name.",
        examples=[True],
    )
    start_deadline_seconds: StartDeadlineSeconds = Field(
        default=3_600,
        validation_alias="startDeadline",
        description="How late a run may still be started, `60s` to `24h`.",
        examples=["30m"],
        json_schema_extra={"default": "1h"},
    )
    enabled: bool = Field(
        default=True,
        description="Whether the schedule fires. A job that is off can still be run by hand.",
        examples=[False],
    )

    expect_success_within_seconds: WithinSeconds | None = Field(
        default=None,
        validation_alias="expectSuccessWithin",
        description="People are told which run is missing unless some run has succeeded so long "
        "after each scheduled time, `5m` to `89d`.",
        examples=["2h"],
    )

    @field_validator("timezone")
    @classmethod
    def _times_exist(cls, timezone: str, info: ValidationInfo) -> str:
        zone = ZoneInfo(timezone)
        for expression in info.data.get("schedule", ()):
            once = schedules.parse(expression)
            if isinstance(once, schedules.At) and not schedules.instants(once.wall, zone):
                raise EntryError(
                    f"schedule {shown(expression)} never comes in {timezone}: clocks jump over it: "
                    "write another time"
                )
        return timezone

    @field_validator("start_date", "end_date")
    @classmethod
    def _is_for_what_repeats(cls, date: str | None, info: ValidationInfo) -> str | None:
        if date is None:
            return None
        _check_there_is_a_schedule(info)
        if expressions := info.data.get("schedule"):
            _check_some_repeat(expressions)
        if "timezone" in info.data:
            moment(date, ZoneInfo(info.data["timezone"]))
        return date

    @field_validator("end_date")
    @classmethod
    def _ends_after_the_start(cls, end: str | None, info: ValidationInfo) -> str | None:
        start = info.data.get("start_date")
        if start is None or end is None or "timezone" not in info.data:
            return end
        zone = ZoneInfo(info.data["timezone"])
        if moment(start, zone) >= moment(end, zone, last=True):
            raise ValueError(f"{shown(end)} is not after startDate: write a later one")
        return end

    @field_validator("flexible_window_seconds")
    @classmethod
    def _is_for_a_schedule(cls, window: int | None, info: ValidationInfo) -> int | None:
        if window is not None:
            _check_there_is_a_schedule(info)
        return window

    @field_validator("spread")
    @classmethod
    def _can_be_spread(cls, spread: bool, info: ValidationInfo) -> bool:
        if spread:
            _check_there_is_a_schedule(info)
            for expression in info.data.get("schedule", ()):
                schedules.spread(expression, "")
        return spread

    @field_validator("skip_on", "only_on", "business_days")
    @classmethod
    def _asks_for_a_schedule(cls, asked: Any, info: ValidationInfo) -> Any:
        if asked:
            _check_there_is_a_schedule(info)
        return asked

    @field_validator("only_on")
    @classmethod
    def _leaves_a_day(cls, only_on: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if both := [name for name in only_on if name in info.data.get("skip_on", ())]:
            raise ValueError(f"{both[0]} is in skipOn too: keep one")
        return only_on

    @property
    def calendar_rules(self) -> CalendarRules:
        """The days on which the schedule starts runs."""
        return CalendarRules(
            skip_on=self.skip_on, only_on=self.only_on, business_days=self.business_days
        )

    @field_validator("expect_success_within_seconds")
    @classmethod
    def _can_be_waited_for(cls, within: int | None, info: ValidationInfo) -> int | None:
        if within is None:
            return None
        _check_there_is_a_schedule(info)
        window = info.data.get("flexible_window_seconds")
        if window is not None and within <= window:
            raise ValueError(
                f"{durations.text(within)} is not longer than flexibleWindow "
                f"{durations.text(window)}, in which a run may start: write a longer one"
            )
        for expression in info.data.get("schedule", ()):
            rate = schedules.parse(expression)
            if isinstance(rate, schedules.Rate):
                _check_remembered(expression, rate.step, within)
        return within


def _check_remembered(expression: str, step: timedelta, within_seconds: int) -> None:
    """Refuse a rate so slow that its last success is forgotten when it is looked for."""
    if step + timedelta(seconds=within_seconds) > timedelta(seconds=MAX_SECONDS):
        raise ValueError(
            f"{durations.text(within_seconds)} after {shown(expression)} is more than "
            f"{durations.text(MAX_SECONDS)} together, after which AWS forgets a success: write a "
            "cron()"
        )


def _check_there_is_a_schedule(info: ValidationInfo) -> None:
    """Refuse a key that says something of a schedule where there is none."""
    if info.data.get("schedule") == ():
        raise ValueError("has no schedule to go with: add schedule, or remove it")


def _check_some_repeat(expressions: tuple[str, ...]) -> None:
    """Refuse a date for one-time schedules alone: Scheduler ignores it."""
    if all(isinstance(schedules.parse(one), schedules.At) for one in expressions):
        raise ValueError("is ignored by AWS for at(), which has a date: remove it")


def timetable_of(name: str, entry: ScheduleSettings, now: datetime) -> Timetable:
    """Return what Scheduler is told of when something with this name runs."""
    window = entry.flexible_window_seconds
    return timetable(
        expressions_of(name, entry),
        timezone=entry.timezone,
        start=entry.start_date,
        end=entry.end_date,
        window_minutes=None if window is None else window // SECONDS_PER_MINUTE,
        start_deadline_seconds=entry.start_deadline_seconds,
        enabled=entry.enabled,
        calendar=entry.calendar_rules.in_trigger(entry.timezone),
        now=now,
    )


def expressions_of(name: str, entry: ScheduleSettings) -> tuple[str, ...]:
    """Return the expressions that are deployed: each with its own minute, if they are spread."""
    if not entry.spread:
        return entry.schedule
    return tuple(schedules.spread(expression, name) for expression in entry.schedule)


def schedule_warnings(
    path: str, name: str, entry: ScheduleSettings, now: datetime
) -> Iterator[str]:
    """Tell of schedules that AWS takes and that do not do what one may expect."""
    zone = ZoneInfo(entry.timezone)
    start = None if entry.start_date is None else moment(entry.start_date, zone)
    end = None if entry.end_date is None else moment(entry.end_date, zone, last=True)
    is_ended = end is not None and end <= now
    if is_ended:
        yield f"{path}.endDate: {shown(entry.end_date)} is over: nothing repeats any more"
    deployed = expressions_of(name, entry)
    for expression, written in zip(deployed, entry.schedule, strict=True):
        schedule = schedules.parse(expression)
        said = f"{path}.schedule: {shown(written)}"
        match schedule:
            case schedules.At():
                yield from (f"{said} {warning}" for warning in _once_warnings(schedule, zone, now))
            case schedules.Cron() if not is_ended:
                if expression != written:
                    said = f"{said}, spread to {shown(expression)},"
                first = schedule.next_after(max(now, start or now), zone, now)
                if first is None:
                    yield f"{said} never comes: change the day or the year, or remove the job"
                elif end is not None and first > end:
                    yield f"{said} does not come until endDate: change one of them"
                yield from _gap_warnings(said, schedule, entry.timezone, now)
            case _:
                pass


def never_warnings(
    path: str, entry: ScheduleSettings, calendars: Mapping[str, CalendarSettings], today: date
) -> Iterator[str]:
    """Tell of a schedule of whose days calendars leave none."""
    rules = entry.calendar_rules
    if rules.in_trigger(entry.timezone) is None:
        return
    days = {name: calendars[name].days for name in rules.calendars}
    first = max(today, date.fromisoformat((entry.start_date or str(today))[:10]))
    last = date.fromisoformat((entry.end_date or str(date.max))[:10])
    for expression in entry.schedule:
        if not ever_runs(schedules.parse(expression), rules, days, first, last):
            yield (
                f"{path}.schedule: {shown(expression)} comes on no day that the calendars leave: "
                "change the schedule, or the calendars"
            )


def _once_warnings(once: schedules.At, zone: ZoneInfo, now: datetime) -> Iterator[str]:
    if is_over(once, zone, now):
        yield "is over and never comes again: remove it"
    elif len(schedules.instants(once.wall, zone)) > 1:
        yield (
            f"in {zone}: clocks show it twice, and AWS does not say which one it takes: write "
            "another time, or take timezone: UTC"
        )


def _gap_warnings(said: str, cron: schedules.Cron, zone: str, now: datetime) -> Iterator[str]:
    """Tell of a run in spring that AWS skips.

    A job that runs every hour of the day misses nothing: the hour does not exist.
    """
    gaps = schedules.times_in_spring_gap(cron, zone, now.astimezone(UTC).date())
    if gaps and len(cron.hours) < HOURS_PER_DAY:
        yield (
            f"{said} in {zone}: clocks jump over {gaps[0]:%Y-%m-%d %H:%M}: "
            "AWS skips that run: take another hour if it must not"
        )
