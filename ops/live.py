"""What of the stack file is in AWS, and how it stands there: deployed, paused, left over."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from definitions.names import schedule_name
from definitions.timetable import Planned
from ops.aws import code_of
from ops.errors import Exit, OpsError
from ops.firing import Firing, firings
from ops.stack import Entry, Stack
from stacks.settings.jobs import JobSettings
from stacks.settings.schedules import timetable_of

NO_GROUP = "ResourceNotFoundException"
_FORESEEN = timedelta(days=5 * 366)
"""How far a next time is looked for: beyond the next leap day."""


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """A schedule as Scheduler has it."""

    arn: str
    enabled: bool
    made: datetime


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one job, flow or worker stands."""

    deployed: bool
    """Whether its machine is there."""
    paused: tuple[str, ...] = ()
    """Names of schedules that fire by the stack file, and do not."""
    missing: tuple[str, ...] = ()
    """Names of schedules that are not deployed."""
    firing: Mapping[int, Scheduled] = field(default_factory=dict[int, Scheduled])
    """Its schedules that do fire, by their numbers."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """The stack's machines and schedules."""

    machines: frozenset[str]
    """Those that users named, by that name."""
    schedules: Mapping[str, Scheduled]
    """By name."""

    def standing(self, entry: Entry, now: datetime) -> Standing:
        """Say how an entry of the stack file stands."""
        if entry.name not in self.machines:
            return Standing(deployed=False)
        planned = planned_of(entry, now) if entry.settings.enabled else ()
        found = {one.number: schedule_name(entry.name, one.number) for one in planned}
        return Standing(
            deployed=True,
            missing=tuple(name for name in found.values() if name not in self.schedules),
            paused=tuple(
                name
                for name in found.values()
                if name in self.schedules and not self.schedules[name].enabled
            ),
            firing={
                number: self.schedules[name]
                for number, name in found.items()
                if name in self.schedules and self.schedules[name].enabled
            },
        )


def live(stack: Stack) -> Live:
    """Ask AWS for all machines and schedules: a call for each thousand and each hundred.

    Raises:
        OpsError: there is none of them, so this is the wrong account, or before the first deploy.
    """
    prefix = stack.names.chosen("")
    pages = stack.aws.states.get_paginator("list_state_machines").paginate(
        PaginationConfig={"PageSize": 1_000}
    )
    names = (machine["name"] for page in pages for machine in page["stateMachines"])
    machines = frozenset(name.removeprefix(prefix) for name in names if name.startswith(prefix))
    if not machines:
        raise OpsError(
            f"nothing of stack {stack.name} is deployed in {stack.names.region} of account "
            f"{stack.names.account}: pulumi up -s {stack.name}, or sign in to the right account",
            code=Exit.NO_ACCESS,
        )
    return Live(machines=machines, schedules=_schedules(stack))


def _schedules(stack: Stack) -> dict[str, Scheduled]:
    pages = (
        stack.aws.client("scheduler")
        .get_paginator("list_schedules")
        .paginate(GroupName=stack.names.prefix, PaginationConfig={"PageSize": 100})
    )
    try:
        return {one["Name"]: _scheduled(one) for page in pages for one in page["Schedules"]}
    except ClientError as error:
        if code_of(error) == NO_GROUP:
            return {}
        raise


def _scheduled(listed: Mapping[str, Any]) -> Scheduled:
    return Scheduled(
        arn=listed["Arn"],
        enabled=listed["State"] == "ENABLED",
        made=listed["CreationDate"].astimezone(UTC),
    )


def planned_of(entry: Entry, now: datetime) -> tuple[Planned, ...]:
    """Return the schedules that an entry has now, whether they fire or not."""
    return timetable_of(entry.name, entry.settings, now).schedules


def coming(stack: Stack, entry: Entry, standing: Standing, now: datetime) -> Iterator[Firing]:
    """Yield when those of its schedules fire that are deployed and not paused."""
    if not standing.firing:
        return
    made = min(schedule.made for schedule in standing.firing.values())
    fires = firings(entry, stack.settings.calendars, now, now + _FORESEEN, made=made)
    yield from (one for one in fires if one.number in standing.firing)


def next_run(stack: Stack, entry: Entry, standing: Standing, now: datetime) -> datetime | None:
    """Return when a schedule starts a run next; what a calendar leaves out is none."""
    fires = coming(stack, entry, standing, now)
    return next((one.instant for one in fires if not one.skipped), None)


def started_by(stack: Stack, entry: Entry) -> list[str]:
    """Say what else starts it than a schedule; people always can."""
    found = [
        f"flow {name}" for name, flow in stack.settings.flows.items() if entry.name in flow.jobs
    ]
    if isinstance(entry.settings, JobSettings) and entry.settings.on and entry.settings.enabled:
        found.append("events")
    return found
