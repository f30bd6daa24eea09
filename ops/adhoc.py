"""Schedules that people add beside Pulumi, in a group of their own, which a destroy takes along."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from botocore.exceptions import ClientError

from definitions import schedules
from definitions.names import SCHEDULE_LIMIT, USER_NAME
from ops import scheduler
from ops.aws import code_of
from ops.errors import OpsError
from ops.pauses import NOTE, target
from ops.scheduler import Schedule
from ops.stack import Entry, Stack
from stacks.wording import instead

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""Scheduler puts the time that a run is for in the place of these words."""


@dataclass(frozen=True, kw_only=True)
class AdHoc:
    """A schedule that somebody added."""

    name: str
    job: str
    expression: str
    timezone: str
    trigger: Mapping[str, Any]
    """What the dispatcher is handed."""
    by: str
    added: datetime
    enabled: bool
    next: datetime | None
    """When it fires next; ``None`` if never, or if it is disabled."""

    @property
    def run_input(self) -> Mapping[str, Any]:
        """What its runs are told."""
        return self.trigger.get("input", {})

    def as_json(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {
            "name": self.name,
            "job": self.job,
            "schedule": self.expression,
            "timezone": self.timezone,
            "next": self.next,
            "enabled": self.enabled,
            "input": dict(self.run_input),
            "by": self.by,
            "added": self.added,
        }


def expression_of(
    *, at: datetime | None, cron: str | None, rate: str | None, zone: str, now: datetime
) -> str:
    """Return the expression of exactly one of these; a time is written by UTC's clocks.

    ``cron`` and ``rate`` may be with or without their parentheses.

    Raises:
        OpsError: there is none or several, it is wrong, or never comes.
    """
    if sum(one is not None for one in (at, cron, rate)) != 1:
        raise OpsError("write one of --at, --cron and --rate: when is it to run?")
    if at is not None:
        return f"at({at:%Y-%m-%dT%H:%M:%S})"
    kind, inside = ("cron", cron) if cron is not None else ("rate", rate)
    assert inside is not None  # noqa: S101 - one of them is there
    text = inside if "(" in inside else f"{kind}({inside})"
    try:
        schedules.check_zone(zone)
        parsed = schedules.parse(text)
    except ValueError as error:
        raise OpsError(f"--{kind} {error}") from None
    if not text.startswith(f"{kind}("):
        raise OpsError(f"--{kind} {text} is {text.partition('(')[0]}(): write another option")
    if parsed.next_after(now, ZoneInfo(zone), now) is None:
        raise OpsError(f"--{kind} {text} never comes: write another")
    return text


def check_name(name: str) -> None:
    """Refuse a name that is none.

    Raises:
        OpsError: it is none.
    """
    if not USER_NAME.fullmatch(name):
        raise OpsError(
            f"{name!r} is no name for a schedule: write lower case letters, digits and single "
            "hyphens, such as month-end"
        )
    if len(name) > SCHEDULE_LIMIT:
        raise OpsError(f"{name!r} has {len(name)} characters, AWS allows {SCHEDULE_LIMIT}")


def add(
    stack: Stack,
    name: str,
    entry: Entry,
    *,
    expression: str,
    timezone: str,
    run_input: Mapping[str, Any],
) -> None:
    """Add a schedule; a one-time one goes by itself when it has fired.

    Raises:
        OpsError: there is one of that name.
    """
    given = entry.trigger(scheduled_time=SCHEDULED_TIME, **run_input)
    try:
        stack.aws.client("scheduler").create_schedule(
            Name=name,
            GroupName=stack.names.adhoc_group,
            Description=f"Added by {stack.aws.caller}",
            ScheduleExpression=expression,
            ScheduleExpressionTimezone=timezone,
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target=target(stack, given, deadline_seconds=entry.settings.start_deadline_seconds),
        )
    except ClientError as error:
        if code_of(error) == scheduler.THERE:
            raise OpsError(
                f"there is a schedule {name} already: schedule remove {name}, or take another name"
            ) from None
        if code_of(error) == scheduler.NOT_THERE:
            raise scheduler.no_group(stack, stack.names.adhoc_group) from None
        raise


def added(stack: Stack, now: datetime) -> Iterator[AdHoc]:
    """Yield the schedules that people added."""
    group = stack.names.adhoc_group
    for one in list(scheduler.listed(stack, group)):
        if one["Name"].startswith(NOTE):
            continue
        found = scheduler.read(stack, group, one["Name"])
        if found is not None:
            yield _adhoc(found, now)


def remove(stack: Stack, name: str) -> None:
    """Remove one.

    Raises:
        OpsError: there is none of that name; the nearest is offered.
    """
    group = stack.names.adhoc_group
    try:
        stack.aws.client("scheduler").delete_schedule(GroupName=group, Name=name)
    except ClientError as error:
        if code_of(error) != scheduler.NOT_THERE:
            raise
        names = [one["Name"] for one in scheduler.listed(stack, group)]
        known = [one for one in names if not one.startswith(NOTE)]
        raise OpsError(
            f"stack {stack.name} has no ad-hoc schedule {name!r}: {instead(name, known)}"
        ) from None


def _adhoc(found: Schedule, now: datetime) -> AdHoc:
    given: dict[str, Any] = json.loads(found["Target"]["Input"])
    enabled = found["State"] == "ENABLED"
    return AdHoc(
        name=found["Name"],
        job=given.get("job", ""),
        expression=found["ScheduleExpression"],
        timezone=found.get("ScheduleExpressionTimezone", "UTC"),
        trigger=given,
        by=found.get("Description", "").removeprefix("Added by "),
        added=found["CreationDate"].astimezone(UTC),
        enabled=enabled,
        next=scheduler.next_time(found, now) if enabled else None,
    )
