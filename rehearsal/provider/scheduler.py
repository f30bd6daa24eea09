"""EventBridge Scheduler: groups and schedules."""

import re
from datetime import datetime
from typing import Any

from definitions import schedules
from rehearsal.provider.iam import check_role
from rehearsal.provider.registry import (
    NAME,
    Arguments,
    Call,
    Found,
    creates,
    deletes,
    known,
    one_of,
    reads,
    tagging,
    updates,
    within,
)

_NAME = re.compile(r"[0-9a-zA-Z-_.]{1,64}")
_STATES = ("ENABLED", "DISABLED")
_DATE = "%Y-%m-%dT%H:%M:%SZ"


GROUP = "aws:scheduler/scheduleGroup:ScheduleGroup"
SCHEDULE = "aws:scheduler/schedule:Schedule"
DEFAULT_GROUP = "default"
"""Which every account has."""


@creates(GROUP, tags=tagging("scheduler", "ResourceArn"))
def create_group(call: Call) -> str:
    """Make a group; a second one of that name is refused."""
    scheduler, name = call.client("scheduler"), _named(call)
    if _is_there(scheduler, name):
        raise ValueError(f"schedule group {name} exists already")
    scheduler.create_schedule_group(Name=name, Tags=call.tag_list())
    return name


@reads(GROUP)
def read_group(call: Call) -> Found:
    """Look at a group."""
    found = call.client("scheduler").get_schedule_group(Name=call.id)
    return {}, {"arn": found["Arn"], "name": call.id, "state": found["State"]}


@deletes(GROUP)
def delete_group(call: Call) -> None:
    """Delete a group, and with it the schedules that are still in it."""
    read_group(call)  # moto has no answer to a second deletion, but one to this
    call.client("scheduler").delete_schedule_group(Name=call.id)


@creates(SCHEDULE, replaces=NAME | {"groupName"})
def create_schedule(call: Call) -> str:
    """Make a schedule; its expression, zone, group and the role of its target are checked."""
    scheduler, name = call.client("scheduler"), _named(call)
    group = call.args.get("groupName", DEFAULT_GROUP)
    if group != DEFAULT_GROUP and not _is_there(scheduler, group):
        raise ValueError(f"groupName: there is no schedule group {group}")
    scheduler.create_schedule(Name=name, GroupName=group, **_schedule(call))
    return f"{group}/{name}"


@reads(SCHEDULE)
def read_schedule(call: Call) -> Found:
    """Look at a schedule."""
    group, _, name = call.id.partition("/")
    found = call.client("scheduler").get_schedule(GroupName=group, Name=name)
    window, target = found["FlexibleTimeWindow"], found["Target"]
    dead_letters, retries = target.get("DeadLetterConfig"), target.get("RetryPolicy")
    return {
        "scheduleExpression": found["ScheduleExpression"],
        "scheduleExpressionTimezone": found.get("ScheduleExpressionTimezone", "UTC"),
        "state": found["State"],
        "description": found.get("Description") or None,
        "kmsKeyArn": found.get("KmsKeyArn"),
        "startDate": found.get("StartDate") and f"{found['StartDate']:{_DATE}}",
        "endDate": found.get("EndDate") and f"{found['EndDate']:{_DATE}}",
        "actionAfterCompletion": found.get("ActionAfterCompletion"),
        "flexibleTimeWindow": known(
            {
                "mode": window["Mode"],
                "maximumWindowInMinutes": window.get("MaximumWindowInMinutes"),
            }
        ),
        "target": known(
            {
                "arn": target["Arn"],
                "roleArn": target["RoleArn"],
                "input": target.get("Input"),
                "deadLetterConfig": dead_letters and {"arn": dead_letters["Arn"]},
                "retryPolicy": retries
                and {
                    "maximumEventAgeInSeconds": retries["MaximumEventAgeInSeconds"],
                    "maximumRetryAttempts": retries["MaximumRetryAttempts"],
                },
            }
        ),
    }, {"arn": found["Arn"], "name": name, "groupName": group}


@updates(SCHEDULE)
def update_schedule(call: Call) -> None:
    """Change a schedule; what is no longer said goes back to its default, as in UpdateSchedule."""
    group, _, name = call.id.partition("/")
    call.client("scheduler").update_schedule(Name=name, GroupName=group, **_schedule(call))


@deletes(SCHEDULE)
def delete_schedule(call: Call) -> None:
    """Delete a schedule."""
    group, _, name = call.id.partition("/")
    call.client("scheduler").delete_schedule(GroupName=group, Name=name)


def _schedule(call: Call) -> dict[str, Any]:
    args = call.args
    expression = args.need("scheduleExpression")
    zone = args.get("scheduleExpressionTimezone", "UTC")
    schedules.parse(expression)
    schedules.check_zone(zone)
    window, target = args.part("flexibleTimeWindow"), args.part("target")
    if window is None or target is None:
        raise ValueError("a schedule needs 'flexibleTimeWindow' and 'target'")
    return {
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": zone,
        "State": one_of("state", args.get("state", "ENABLED"), _STATES),
        "FlexibleTimeWindow": _window(window),
        "Target": _target(call, target),
        **known({"StartDate": _date(args, "startDate"), "EndDate": _date(args, "endDate")}),
        **args.some(
            Description="description",
            KmsKeyArn="kmsKeyArn",
            ActionAfterCompletion="actionAfterCompletion",
        ),
    }


def _is_there(scheduler: Any, group: str) -> bool:
    try:
        scheduler.get_schedule_group(Name=group)
    except scheduler.exceptions.ResourceNotFoundException:
        return False
    return True


def _date(args: Arguments, key: str) -> datetime | None:
    """Read a date as the resource takes it (RFC 3339)."""
    text: str | None = args.get(key)
    if text is None:
        return None
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        date = None
    if date is None or date.tzinfo is None:
        raise ValueError(f"{key} is {text!r}: write one like 2026-12-24T18:00:00Z")
    return date


def _named(call: Call) -> str:
    name = call.physical_name()
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}: letters, digits and -_., at most 64")
    return name


def _window(part: Arguments) -> dict[str, Any]:
    mode = one_of("mode", part.need("mode"), ("OFF", "FLEXIBLE"))
    minutes = within("maximumWindowInMinutes", part.get("maximumWindowInMinutes"), 1, 1_440)
    if (mode == "FLEXIBLE") != (minutes is not None):
        raise ValueError("maximumWindowInMinutes belongs to mode FLEXIBLE, only")
    return known({"Mode": mode, "MaximumWindowInMinutes": minutes})


def _target(call: Call, part: Arguments) -> dict[str, Any]:
    arn, role = part.need("arn"), part.need("roleArn")
    if not arn.startswith("arn:aws:"):
        raise ValueError(f"target.arn is {arn!r}, which is no ARN")
    check_role(call, "target.roleArn", role, "scheduler.amazonaws.com")
    dead_letters, retries = part.part("deadLetterConfig"), part.part("retryPolicy")
    return known(
        {
            "Arn": arn,
            "RoleArn": role,
            "Input": part.get("input"),
            "DeadLetterConfig": dead_letters and _queue(dead_letters.need("arn")),
            "RetryPolicy": retries and _retry_policy(retries),
        }
    )


def _queue(arn: str) -> dict[str, str]:
    if not arn.startswith("arn:aws:sqs:"):
        raise ValueError(f"deadLetterConfig.arn is {arn!r}, which is no ARN of a queue")
    return {"Arn": arn}


def _retry_policy(part: Arguments) -> dict[str, Any]:
    attempts = within("maximumRetryAttempts", part.get("maximumRetryAttempts", 185), 0, 185)
    age = within("maximumEventAgeInSeconds", part.get("maximumEventAgeInSeconds"), 60, 86_400)
    return {"MaximumRetryAttempts": attempts, "MaximumEventAgeInSeconds": age or 86_400}
