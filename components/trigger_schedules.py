"""The schedules that hand a trigger to the dispatcher."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from definitions.names import Names, schedule_name
from definitions.timetable import Timetable, argument

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""Scheduler puts the time that a run is for in the place of these words."""
MOST_DELIVERIES = 185
"""Scheduler's own maximum: what ends the attempts is the start deadline."""


def trigger_schedules(
    name: str,
    *,
    names: Names,
    starts: str,
    timetable: Timetable,
    keep_paused: bool,
    role_arn: pulumi.Input[str],
    trigger: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> None:
    """Make each schedule of a timetable: ``<name>``, ``<name>-2`` and so on.

    Args:
        name: of the resources.
        names: the stack's.
        starts: the name that a user gave to what is started.
        timetable: when.
        keep_paused: the state belongs to the people who pause and resume. An update hands on the
            last state that Pulumi saw, hence a refresh has to come before it; and one that is not
            enabled has no schedules, because its state could not be told from a pause.
        role_arn: of the schedules.
        trigger: what the dispatcher is to start, with :data:`SCHEDULED_TIME`.
        opts: parent, and what must be there before anything fires.
    """
    if keep_paused and not timetable.enabled:
        return
    opts = pulumi.ResourceOptions.merge(
        opts, pulumi.ResourceOptions(ignore_changes=["state"] if keep_paused else None)
    )
    window = timetable.window_minutes
    for planned in timetable.schedules:
        aws.scheduler.Schedule(
            name if planned.number == 1 else f"{name}-{planned.number}",
            name=schedule_name(starts, planned.number),
            group_name=names.prefix,
            description=f"Starts {names.chosen(starts)}",
            schedule_expression=planned.expression,
            schedule_expression_timezone=timetable.timezone,
            start_date=argument(planned.start),
            end_date=argument(planned.end),
            state="ENABLED" if timetable.enabled else "DISABLED",
            flexible_time_window={"mode": "OFF"}
            if window is None
            else {"mode": "FLEXIBLE", "maximum_window_in_minutes": window},
            target={
                "arn": names.machine_arn(names.of("dispatcher")),
                "role_arn": role_arn,
                "input": json.dumps(trigger),
                "retry_policy": {
                    "maximum_event_age_in_seconds": timetable.start_deadline_seconds,
                    "maximum_retry_attempts": MOST_DELIVERIES,
                },
                "dead_letter_config": {"arn": names.dead_letter_queue_arn},
            },
            opts=opts,
        )
