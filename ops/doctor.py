"""Checks of the live stack against its stack file: each is a small function that yields findings.

A problem is what keeps the stack from doing, or telling, what the stack file says. A warning is
what somebody may want so. Nothing is changed. Roles, networks and the like are not compared:
`pulumi preview --refresh` does that.
"""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from ops import adhoc, drift, letters, pauses, runs, trials
from ops.aws import code_of
from ops.findings import Finding, problem, warning
from ops.moments import clocks
from ops.slack import slack
from ops.stack import Stack
from stacks.settings.jobs import JobSettings, longest_run_seconds

_HANGS_AT = 0.9
"""Part of the longest time that a run can take, after which it is worth a look."""


Check = Callable[[Stack, datetime], Iterator[Finding]]


def examined(stack: Stack, now: datetime) -> list[Finding]:
    """Return all findings, problems first."""
    found = [finding for check in CHECKS for finding in check(stack, now)]
    return sorted(found, key=lambda finding: finding.level != "problem")


def paused(stack: Stack, _: datetime) -> Iterator[Finding]:
    """A pause may be forgotten; and a note of one that a deploy has ended is in the way."""
    found = {one.job: one for one in pauses.paused(stack, stack.entries.values())}
    for job, one in found.items():
        zone = stack.entries[job].settings.timezone
        until = f" until {clocks(one.until, zone)}" if one.until else ""
        by = f" by {one.by}" if one.by else ""
        reason = f" ({one.reason})" if one.reason else ""
        what = f"is paused since {clocks(one.since, zone)}{until}{by}{reason}"
        yield warning(f"job {job}", what, f"python -m ops -s {stack.name} resume {job}")
    for job in sorted(pauses.notes_of(stack).keys() - found.keys()):
        remedy = f"python -m ops -s {stack.name} resume {job}, or pause it again"
        yield warning(f"job {job}", "was paused, and something else has resumed it", remedy)


def added(stack: Stack, now: datetime) -> Iterator[Finding]:
    """A schedule that somebody added must name a job that is there, as it is."""
    for one in adhoc.added(stack, now):
        remove = f"python -m ops -s {stack.name} schedule remove {one.name}"
        entry = stack.entries.get(one.job)
        if entry is None:
            yield problem(f"ad-hoc schedule {one.name}", f"starts {one.job}, which is gone", remove)
        elif one.trigger.get("container") != entry.trigger().get("container"):
            what = f"starts {one.job} in a container that it no longer has"
            yield problem(f"ad-hoc schedule {one.name}", what, f"{remove}, and add it again")


def dead_letters(stack: Stack, _: datetime) -> Iterator[Finding]:
    """Whatever could not be delivered waits for somebody."""
    if found := letters.letters(stack):
        count = f"{len(found)} dead letter{'s' if len(found) > 1 else ''}"
        what = f"{count}, the oldest of {clocks(found[0].since, 'UTC')}"
        remedy = f"python -m ops -s {stack.name} dead-letters list"
        yield problem("queue dead-letters", f"has {what}", remedy)


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
                yield problem(f"messages of {what}", f"{one.whom} has not confirmed", remedy)


def alarms(stack: Stack, _: datetime) -> Iterator[Finding]:
    """No alarm of the stack may be going off, nor be silenced."""
    pages = stack.aws.client("cloudwatch").get_paginator("describe_alarms")
    for page in pages.paginate(AlarmNamePrefix=f"{stack.names.prefix}-"):
        for one in page["MetricAlarms"]:
            name: str = one["AlarmName"].removeprefix(f"{stack.names.prefix}-")
            if one["StateValue"] == "ALARM":
                yield problem(f"alarm {name}", "is going off", f"docs/runbooks/alarms.md#{name}")
            if not one["ActionsEnabled"]:
                remedy = f"aws cloudwatch enable-alarm-actions --alarm-names {one['AlarmName']}"
                yield problem(f"alarm {name}", "tells nobody: its actions are disabled", remedy)


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
                yield warning(f"run {one['name']}", what, remedy)


def log_groups(stack: Stack, _: datetime) -> Iterator[Finding]:
    """Logs that are kept for ever cost for ever."""
    pages = stack.aws.client("logs").get_paginator("describe_log_groups")
    for page in pages.paginate(logGroupNamePrefix=stack.names.log_group("")):
        for one in page["logGroups"]:
            if "retentionInDays" not in one:
                remedy = f"pulumi up -s {stack.name} --refresh"
                yield warning(f"log group {one['logGroupName']}", "is kept for ever", remedy)


def stack_file(stack: Stack, _: datetime) -> Iterator[Finding]:
    """What a deploy would warn of: calendars that end soon, schedules that do not do what it seems.

    Some of it comes by and by, with nobody having changed anything.
    """
    for line in stack.settings.warnings:
        where, _colon, what = line.partition(": ")
        yield warning(where, what, "")


CHECKS: tuple[Check, ...] = (
    drift.machines,
    drift.dispatcher,
    drift.schedules,
    drift.events,
    paused,
    added,
    dead_letters,
    subscriptions,
    slack,
    alarms,
    hanging_runs,
    log_groups,
    stack_file,
)
