"""Checks of the live stack against its stack file: each is a small function that yields findings.

A problem is what keeps the stack from doing, or telling, what the stack file says. A warning is
what somebody may want so. Nothing is changed. What depends on values that only a deploy knows (a
network's ids, an image's digest) is not compared: `pulumi preview --refresh` does that.
"""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from botocore.exceptions import ClientError

from definitions.jsonata import literal
from definitions.names import schedule_name
from ops import adhoc, letters, pauses, runs, scheduler, trials
from ops.adhoc import SCHEDULED_TIME
from ops.aws import code_of
from ops.live import planned_of
from ops.moments import clocks
from ops.stack import Entry, Stack
from stacks.settings.jobs import JobSettings, longest_run_seconds
from stacks.settings.schedules import timetable_of

Level = Literal["problem", "warning"]

_HANGS_AT = 0.9
"""Part of the longest time that a run can take, after which it is worth a look."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as it should be."""

    level: Level
    where: str
    what: str
    remedy: str

    def as_json(self) -> dict[str, str]:
        """Return it as programs read it."""
        return {
            "level": self.level,
            "where": self.where,
            "what": self.what,
            "remedy": self.remedy,
        }


Check = Callable[[Stack, datetime], Iterator[Finding]]


def examined(stack: Stack, now: datetime) -> list[Finding]:
    """Return all findings, problems first."""
    found = [finding for check in CHECKS for finding in check(stack, now)]
    return sorted(found, key=lambda finding: finding.level != "problem")


def _problem(where: str, what: str, remedy: str) -> Finding:
    return Finding(level="problem", where=where, what=what, remedy=remedy)


def _warning(where: str, what: str, remedy: str) -> Finding:
    return Finding(level="warning", where=where, what=what, remedy=remedy)


def machines(stack: Stack, _: datetime) -> Iterator[Finding]:
    """What the stack file has must be deployed, as it says; and nothing else."""
    deploy = f"pulumi up -s {stack.name}"
    pages = stack.aws.states.get_paginator("list_state_machines").paginate()
    prefix = stack.names.chosen("")
    live = {
        one["name"].removeprefix(prefix)
        for page in pages
        for one in page["stateMachines"]
        if one["name"].startswith(prefix)
    }
    for name, entry in stack.entries.items():
        if name not in live:
            yield _problem(f"{entry.kind} {name}", "is not deployed", deploy)
        elif isinstance(entry.settings, JobSettings):
            yield from _job_differs(stack, name, entry.settings, deploy)
    for name in sorted(live - stack.entries.keys()):
        yield _problem(f"job {name}", "is deployed, and not in the stack file", deploy)


def _job_differs(stack: Stack, name: str, job: JobSettings, deploy: str) -> Iterator[Finding]:
    """Compare what a job's machine holds as it was written: command, size and timeout."""
    arn = stack.names.machine_arn(stack.names.chosen(name))
    definition: dict[str, Any] = json.loads(
        stack.aws.states.describe_state_machine(stateMachineArn=arn)["definition"]
    )
    elements = definition["States"].get("Elements")
    states = elements["ItemProcessor"]["States"] if elements else definition["States"]
    given = states["Prepare"]["Assign"]
    values: dict[str, Any] = {
        "taskDefinition": stack.names.family_arn(job.container),
        "command": list(job.command),
    }
    if job.cpu_units is not None:
        values["cpuUnits"] = job.cpu_units
    if job.memory_mib is not None:
        values["memoryMib"] = job.memory_mib
    if literal(values) not in given["run"]:
        yield _problem(f"job {name}", "has another command, container or size in AWS", deploy)
    if states["Run"].get("TimeoutSeconds") != job.timeout_seconds:
        yield _problem(f"job {name}", "has another timeout in AWS", deploy)


def schedules(stack: Stack, now: datetime) -> Iterator[Finding]:
    """Schedules must be there, and say when and what the stack file says."""
    deploy = f"pulumi up -s {stack.name} --refresh"
    listed = {one["Name"] for one in scheduler.listed(stack, stack.names.prefix)}
    wanted: set[str] = set()
    for entry in stack.entries.values():
        if stack.settings.keep_paused and not entry.settings.enabled:
            continue
        for planned in planned_of(entry, now):
            name = schedule_name(entry.name, planned.number)
            wanted |= {name, f"{name}--watch"}
            found = scheduler.read(stack, stack.names.prefix, name)
            if found is None:
                yield _problem(f"schedule {name}", "is not deployed", deploy)
                continue
            differs = _differs(entry, found, planned.expression, planned.end, now)
            for what in differs:
                yield _problem(f"schedule {name}", f"has another {what} in AWS", deploy)
    for name in sorted(listed - wanted):
        entry = stack.entries.get(scheduler.owner(name))
        found = scheduler.read(stack, stack.names.prefix, name)
        if found is None or (entry is not None and scheduler.is_over(found, now)):
            continue  # a deploy takes away what is over
        yield _problem(f"schedule {name}", "is deployed, and not in the stack file", deploy)


def _differs(
    entry: Entry,
    found: Mapping[str, Any],
    expression: str,
    end: datetime | None,
    now: datetime,
) -> Iterator[str]:
    timetable = timetable_of(entry.name, entry.settings, now)
    trigger = entry.trigger(scheduled_time=SCHEDULED_TIME)
    if timetable.calendar is not None:
        trigger["calendar"] = dict(timetable.calendar)
    window = found["FlexibleTimeWindow"].get("MaximumWindowInMinutes")
    live_end: datetime | None = found.get("EndDate")
    checks = {
        "expression": found["ScheduleExpression"] == expression,
        "time zone": found.get("ScheduleExpressionTimezone", "UTC") == timetable.timezone,
        "window": window == timetable.window_minutes,
        "end date": (live_end and live_end.astimezone(UTC)) == end,
        "state (it fires, and the stack file has it off)": timetable.enabled
        or found["State"] == "DISABLED",
        "trigger": json.loads(found["Target"]["Input"]) == json.loads(json.dumps(trigger)),
    }
    yield from (what for what, same in checks.items() if not same)


def paused(stack: Stack, _: datetime) -> Iterator[Finding]:
    """A pause may be forgotten; and a note of one that a deploy has ended is in the way."""
    found = {one.job: one for one in pauses.paused(stack, stack.entries.values())}
    for job, one in found.items():
        zone = stack.entries[job].settings.timezone
        until = f" until {clocks(one.until, zone)}" if one.until else ""
        by = f" by {one.by}" if one.by else ""
        reason = f" ({one.reason})" if one.reason else ""
        what = f"is paused since {clocks(one.since, zone)}{until}{by}{reason}"
        yield _warning(f"job {job}", what, f"python -m ops -s {stack.name} resume {job}")
    for job in sorted(pauses.notes_of(stack).keys() - found.keys()):
        remedy = f"python -m ops -s {stack.name} resume {job}, or pause it again"
        yield _warning(f"job {job}", "was paused, and something else has resumed it", remedy)


def added(stack: Stack, now: datetime) -> Iterator[Finding]:
    """A schedule that somebody added must name a job that is there, as it is."""
    for one in adhoc.added(stack, now):
        remove = f"python -m ops -s {stack.name} schedule remove {one.name}"
        entry = stack.entries.get(one.job)
        if entry is None:
            yield _problem(
                f"ad-hoc schedule {one.name}", f"starts {one.job}, which is gone", remove
            )
        elif one.trigger.get("container") != entry.trigger().get("container"):
            what = f"starts {one.job} in a container that it no longer has"
            yield _problem(f"ad-hoc schedule {one.name}", what, f"{remove}, and add it again")


def dead_letters(stack: Stack, _: datetime) -> Iterator[Finding]:
    """Whatever could not be delivered waits for somebody."""
    if found := letters.letters(stack):
        count = f"{len(found)} dead letter{'s' if len(found) > 1 else ''}"
        what = f"{count}, the oldest of {clocks(found[0].since, 'UTC')}"
        remedy = f"python -m ops -s {stack.name} dead-letters list"
        yield _problem("queue dead-letters", f"has {what}", remedy)


def subscriptions(stack: Stack, _: datetime) -> Iterator[Finding]:
    """Whoever is to be told by mail must have confirmed it."""
    names, notify = stack.names, stack.settings.notify
    topics = {role: names.topic_arn(role) for role in ("success", "failure")}
    topics |= {
        f"channel {channel}": names.channel_topic_arn(channel)
        for channel, ways in notify.channels.items()
        if ways.slack or ways.emails
    }
    for what, topic in topics.items():
        for one in trials.subscribed(stack, topic):
            if not one.confirmed:
                remedy = "click the link in AWS's mail to it; pulumi up sends none again, SNS does"
                yield _problem(f"messages of {what}", f"{one.whom} has not confirmed", remedy)


def alarms(stack: Stack, _: datetime) -> Iterator[Finding]:
    """No alarm of the stack may be going off, nor be silenced."""
    pages = stack.aws.client("cloudwatch").get_paginator("describe_alarms")
    for page in pages.paginate(AlarmNamePrefix=f"{stack.names.prefix}-"):
        for one in page["MetricAlarms"]:
            name: str = one["AlarmName"].removeprefix(f"{stack.names.prefix}-")
            if one["StateValue"] == "ALARM":
                yield _problem(f"alarm {name}", "is going off", f"docs/runbooks/alarms.md#{name}")
            if not one["ActionsEnabled"]:
                remedy = f"aws cloudwatch enable-alarm-actions --alarm-names {one['AlarmName']}"
                yield _problem(f"alarm {name}", "tells nobody: its actions are disabled", remedy)


def rules(stack: Stack, _: datetime) -> Iterator[Finding]:
    """The rules by which runs' ends are told, and events start jobs, must be on."""
    known = set(pauses.notes_of(stack))
    wanted = {stack.names.of("ended"): "tells of the ends of runs"}
    for entry in stack.entries.values():
        if entry.settings.enabled and entry.name not in known:
            listening = pauses.event_sources(stack, entry)[0]
            wanted |= dict.fromkeys(listening, f"starts {entry.name}")
    for rule, why in wanted.items():
        try:
            state = stack.aws.client("events").describe_rule(Name=rule)["State"]
        except ClientError as error:
            if code_of(error) != scheduler.NOT_THERE:
                raise
            state = "GONE"
        if state != "ENABLED":
            what = f"which {why}, is {'not deployed' if state == 'GONE' else 'disabled'}"
            remedy = f"pulumi up -s {stack.name} --refresh"
            yield _problem(f"rule {rule}", what, remedy)


def hanging_runs(stack: Stack, now: datetime) -> Iterator[Finding]:
    """A run that has nearly used up all its attempts' time is likely to hang."""
    for entry in stack.entries.values():
        job = entry.settings
        if not isinstance(job, JobSettings):
            continue
        longest = longest_run_seconds(job.timeout_seconds, job.retries, job.capacity, job.array)
        since = now - timedelta(seconds=longest * _HANGS_AT)
        machine = stack.names.machine_arn(stack.names.chosen(entry.name))
        try:
            going = stack.aws.states.list_executions(
                stateMachineArn=machine, statusFilter="RUNNING"
            )["executions"]
        except ClientError as error:
            if code_of(error) != runs.NO_MACHINE:
                raise
            continue
        for one in going:
            if one["startDate"] <= since:
                what = f"goes on since {clocks(one['startDate'], 'UTC')}, nearly as long as it may"
                remedy = f"python -m ops -s {stack.name} stop {one['name']}"
                yield _warning(f"run {one['name']}", what, remedy)


def log_groups(stack: Stack, _: datetime) -> Iterator[Finding]:
    """Logs that are kept for ever cost for ever."""
    pages = stack.aws.client("logs").get_paginator("describe_log_groups")
    for page in pages.paginate(logGroupNamePrefix=stack.names.log_group("")):
        for one in page["logGroups"]:
            if "retentionInDays" not in one:
                remedy = f"pulumi up -s {stack.name} --refresh"
                yield _warning(f"log group {one['logGroupName']}", "is kept for ever", remedy)


CHECKS: tuple[Check, ...] = (
    machines,
    schedules,
    paused,
    added,
    dead_letters,
    subscriptions,
    alarms,
    rules,
    hanging_runs,
    log_groups,
)
