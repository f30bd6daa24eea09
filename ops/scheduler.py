"""The stack's schedules as EventBridge Scheduler has them: its own, and those that people add."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from botocore.exceptions import ClientError

from definitions import schedules
from definitions.pauses import SCHEDULE_MEMBERS
from ops.aws import code_of
from ops.errors import Exit, OpsError
from ops.stack import Stack

NOT_THERE = "ResourceNotFoundException"
THERE = "ConflictException"

Schedule = dict[str, Any]
"""As GetSchedule answers."""

_OF_A_JOB = re.compile(r"(?P<job>.+?)(--\d+)?(--watch)?")
"""Names of schedules: ``definitions.names.schedule_name`` and ``watch_name`` make them."""


def owner(name: str) -> str:
    """Return the job, flow or worker that a schedule of the stack's group is for."""
    match = _OF_A_JOB.fullmatch(name)
    return match["job"] if match else name


def listed(stack: Stack, group: str, prefix: str = "") -> Iterator[Schedule]:
    """Yield what a list says of the schedules of a group: name, state, dates of making and change.

    Raises:
        OpsError: the group is not there.
    """
    pages = (
        stack.aws.client("scheduler")
        .get_paginator("list_schedules")
        .paginate(GroupName=group, **({"NamePrefix": prefix} if prefix else {}))
    )
    try:
        for page in pages:
            yield from page["Schedules"]
    except ClientError as error:
        if code_of(error) == NOT_THERE:
            raise no_group(stack, group) from None
        raise


def read(stack: Stack, group: str, name: str) -> Schedule | None:
    """Return a schedule; ``None`` if it is not there."""
    try:
        return stack.aws.client("scheduler").get_schedule(GroupName=group, Name=name)
    except ClientError as error:
        if code_of(error) == NOT_THERE:
            return None
        raise


def of_job(stack: Stack, job: str) -> list[Schedule]:
    """Return what starts a job, flow or worker by the clock, and what watches it."""
    group = stack.names.prefix
    names = [one["Name"] for one in listed(stack, group, job) if owner(one["Name"]) == job]
    return [found for name in names if (found := read(stack, group, name)) is not None]


def set_state(stack: Stack, schedule: Schedule, state: str, now: datetime) -> None:
    """Put the same schedule there again, ``ENABLED`` or ``DISABLED``."""
    whole = {name: schedule[name] for name in SCHEDULE_MEMBERS if name in schedule}
    start = start_at(schedule, now)
    whole.pop("StartDate", None)
    stack.aws.client("scheduler").update_schedule(
        **whole | {"State": state} | ({} if start is None else {"StartDate": start})
    )


def start_at(schedule: Schedule, instant: datetime) -> datetime | None:
    """Return the start date with which a schedule goes on at some time as if nothing had been.

    Scheduler refuses a date that is past. A rate counts from it, so it gets the next one in step.
    """
    start: datetime | None = schedule.get("StartDate")
    if start is None or start > instant:
        return start
    expression = schedules.parse(schedule["ScheduleExpression"])
    if not isinstance(expression, schedules.Rate):
        return None
    return expression.next_after(instant, zone_of(schedule), start.astimezone(UTC))


def is_over(schedule: Schedule, instant: datetime) -> bool:
    """Tell whether a schedule never fires again after an instant: if touched, AWS may fire it."""
    end: datetime | None = schedule.get("EndDate")
    return (end is not None and end <= instant) or next_time(schedule, instant) is None


def next_time(schedule: Schedule, after: datetime) -> datetime | None:
    """Return when a schedule would fire next, were it enabled."""
    expression = schedules.parse(schedule["ScheduleExpression"])
    created: datetime = schedule["CreationDate"].astimezone(UTC)
    start: datetime | None = schedule.get("StartDate")
    if start is not None and not isinstance(expression, schedules.At):
        created, after = start, max(after, start)
    return expression.next_after(after, zone_of(schedule), created)


def zone_of(schedule: Schedule) -> ZoneInfo:
    """Return the zone whose clocks a schedule means."""
    return ZoneInfo(schedule.get("ScheduleExpressionTimezone") or "UTC")


def no_group(stack: Stack, group: str) -> OpsError:
    """Say that schedules cannot be there, for their group is not."""
    return OpsError(
        f"there is no schedule group {group} in {stack.names.region} of account "
        f"{stack.names.account}: pulumi up -s {stack.name}, or sign in to the right account",
        code=Exit.NO_ACCESS,
    )
