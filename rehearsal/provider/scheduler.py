"""EventBridge Scheduler: groups and schedules."""

import re
from typing import Any

from definitions import schedules
from rehearsal.provider.iam import check_role
from rehearsal.provider.registry import Arguments, Call, Made, creates, known, one_of, within

_NAME = re.compile(r"[0-9a-zA-Z-_.]{1,64}")
_STATES = ("ENABLED", "DISABLED")


@creates("aws:scheduler/scheduleGroup:ScheduleGroup", tagged=True)
def schedule_group(call: Call) -> Made:
    """Make a group; a second one of that name is refused."""
    scheduler, name = call.client("scheduler"), _named(call)
    groups = scheduler.list_schedule_groups(NamePrefix=name)["ScheduleGroups"]
    if name in [group["Name"] for group in groups]:
        raise ValueError(f"schedule group {name} exists already")
    made = scheduler.create_schedule_group(Name=name, Tags=call.tag_list())
    return name, {"arn": made["ScheduleGroupArn"], "name": name, "state": "ACTIVE"}


@creates("aws:scheduler/schedule:Schedule")
def schedule(call: Call) -> Made:
    """Make a schedule; its expression, zone, group and the role of its target are checked."""
    args, scheduler, name = call.args, call.client("scheduler"), _named(call)
    expression = args.need("scheduleExpression")
    zone = args.get("scheduleExpressionTimezone", "UTC")
    schedules.parse(expression)
    schedules.check_zone(zone)
    group, state = args.get("groupName", "default"), args.get("state", "ENABLED")
    one_of("state", state, _STATES)
    groups = scheduler.list_schedule_groups(NamePrefix=group)["ScheduleGroups"]
    if group != "default" and group not in [found["Name"] for found in groups]:
        raise ValueError(f"groupName: there is no schedule group {group}")
    window, target = args.part("flexibleTimeWindow"), args.part("target")
    if window is None or target is None:
        raise ValueError("a schedule needs 'flexibleTimeWindow' and 'target'")
    arn: str = scheduler.create_schedule(
        Name=name,
        GroupName=group,
        ScheduleExpression=expression,
        ScheduleExpressionTimezone=zone,
        State=state,
        FlexibleTimeWindow=_window(window),
        Target=_target(call, target),
        **args.some(
            Description="description",
            KmsKeyArn="kmsKeyArn",
            StartDate="startDate",
            EndDate="endDate",
            ActionAfterCompletion="actionAfterCompletion",
        ),
    )["ScheduleArn"]
    return f"{group}/{name}", {
        "arn": arn,
        "name": name,
        "groupName": group,
        "state": state,
        "scheduleExpressionTimezone": zone,
    }


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
