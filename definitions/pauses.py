"""Pauses that end by themselves: at their time a one-time schedule has the dispatcher resume.

UpdateSchedule wants the whole schedule. A universal target of Scheduler would carry it along from
the day of the pause, over whatever was deployed since, and with its own scheduled time in the place
of the words that stand for that of each run. So the dispatcher reads a schedule when it resumes it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from definitions.jsonata import expression, literal

WANTED = {"Condition": expression("$exists($states.input.resume)"), "Next": "Resume"}
"""The choice by which the dispatcher tells the end of a pause from a trigger."""
RESUMED = "resumed"
"""The dispatcher's ``result`` where it started no run, but resumed."""
SCHEDULE_MEMBERS = (
    "ActionAfterCompletion",
    "Description",
    "EndDate",
    "FlexibleTimeWindow",
    "GroupName",
    "KmsKeyArn",
    "Name",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "State",
    "Target",
)
"""What UpdateSchedule takes of what GetSchedule answers; what is left out goes to its default."""

_NO_SCHEDULE = "Scheduler.ResourceNotFoundException"
_LASTING = [_NO_SCHEDULE, "Scheduler.ValidationException"]
_ASKED = "$states.input"


def end_of_pause(
    job: str,
    *,
    schedules: Mapping[str, str | None],
    rules: Sequence[str] = (),
    pipes: Sequence[str] = (),
) -> dict[str, Any]:
    """Make what the dispatcher is handed when a pause is over.

    ``schedules`` are names in the stack's group, each with the date from which it is to fire again
    if it counts from one (a rate does), as Scheduler takes it; ``rules`` and ``pipes`` are physical
    names.
    """
    return {
        "job": job,
        "resume": [
            *(
                {"schedule": name, **({} if start is None else {"startDate": start})}
                for name, start in schedules.items()
            ),
            *({"rule": name} for name in rules),
            *({"pipe": name} for name in pipes),
        ],
    }


def resuming(group: str, *, events: bool, retry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the states from ``Resume`` on, to be put into the dispatcher.

    ``group`` is that of the stack's schedules, ``events`` whether rules or pipes start jobs,
    ``retry`` how long a refusal is tried again. What is gone meanwhile is passed over.
    """
    again = [
        {"ErrorEquals": _LASTING, "MaxAttempts": 0},
        {"ErrorEquals": ["States.TaskFailed"], **retry},
    ]
    whole = expression(f"""$merge([
        $sift($states.input.found, function($value, $name) {{
            $name in {literal(list(SCHEDULE_MEMBERS))}
              and $not($name = 'StartDate' and $toMillis($value) < $millis())
        }}),
        {{'State': 'ENABLED', 'StartDate': $states.input.startDate}}
    ])""")
    states: dict[str, Any] = {
        "Look at paused schedule": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:scheduler:getSchedule",
            "Arguments": {"GroupName": group, "Name": expression(f"{_ASKED}.schedule")},
            "Output": expression("$merge([$states.input, {'found': $states.result}])"),
            "Retry": again,
            "Catch": [{"ErrorEquals": [_NO_SCHEDULE], "Next": "Nothing to resume"}],
            "Next": "Resume schedule",
        },
        "Resume schedule": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:scheduler:updateSchedule",
            "Arguments": whole,
            "Retry": again,
            "End": True,
        },
        "Nothing to resume": {"Type": "Pass", "End": True},
    }
    kinds = {"schedule": "Look at paused schedule"}
    if events:
        kinds |= {"rule": "Enable rule", "pipe": "Start pipe"}
        states |= {
            "Enable rule": _named("eventbridge:enableRule", "rule", retry),
            "Start pipe": _named("pipes:startPipe", "pipe", retry),
        }
    return {
        "Resume": {
            "Type": "Map",
            "Comment": "A pause is over",
            "Items": expression(f"{_ASKED}.resume"),
            "MaxConcurrency": 5,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Resume what?",
                "States": {
                    "Resume what?": {
                        "Type": "Choice",
                        "Choices": [
                            {
                                "Condition": expression(f"$exists({_ASKED}.{kind})"),
                                "Next": first,
                            }
                            for kind, first in kinds.items()
                        ],
                        "Default": "Nothing to resume",
                    },
                    **states,
                },
            },
            "Output": expression(_ASKED),
            "Next": "Resumed",
        },
        "Resumed": {
            "Type": "Succeed",
            "Output": {"result": RESUMED, "job": expression(f"{_ASKED}.job")},
        },
    }


def _named(call: str, kind: str, retry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a call that takes a name and nothing else."""
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::aws-sdk:{call}",
        "Arguments": {"Name": expression(f"{_ASKED}.{kind}")},
        "Retry": [{"ErrorEquals": ["States.TaskFailed"], **retry}],
        "End": True,
    }
