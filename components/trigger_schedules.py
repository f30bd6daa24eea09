"""The schedules that hand a trigger to the dispatcher."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from definitions import schedules
from definitions.names import Names, schedule_name, watch_name
from definitions.timetable import Timetable, argument
from definitions.watcher_machine import watch

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""Scheduler puts the time that a run is for in the place of these words."""
MOST_DELIVERIES = 185
"""Scheduler's own maximum: what ends the attempts is the start deadline."""
LONGEST_DELIVERY_SECONDS = 86_400
"""Scheduler's own maximum, RetryPolicy.MaximumEventAgeInSeconds."""


def trigger_schedules(
    name: str,
    *,
    names: Names,
    starts: str,
    timetable: Timetable,
    keep_paused: bool,
    role_arn: pulumi.Input[str],
    trigger: Mapping[str, Any],
    success_within_seconds: int | None,
    opts: pulumi.ResourceOptions,
) -> None:
    """Make each schedule of a timetable: ``<name>``, ``<name>-2`` and so on.

    Runs that have to succeed in time have a second schedule each, which starts the watcher at the
    same time: ``<name>-watch``, ``<name>-2-watch``.

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
        success_within_seconds: how long after its time a run must have succeeded, or people are
            told; ``None`` if nobody asks.
        opts: parent, and what must be there before anything fires.
    """
    if keep_paused and not timetable.enabled:
        return
    opts = pulumi.ResourceOptions.merge(
        opts, pulumi.ResourceOptions(ignore_changes=["state"] if keep_paused else None)
    )
    window = timetable.window_minutes
    for planned in timetable.schedules:
        resource = name if planned.number == 1 else f"{name}-{planned.number}"
        schedule = schedule_name(starts, planned.number)
        common: dict[str, Any] = {
            "group_name": names.prefix,
            "schedule_expression": planned.expression,
            "schedule_expression_timezone": timetable.timezone,
            "start_date": argument(planned.start),
            "end_date": argument(planned.end),
            "state": "ENABLED" if timetable.enabled else "DISABLED",
        }
        aws.scheduler.Schedule(
            resource,
            name=schedule,
            description=f"Starts {names.chosen(starts)}",
            flexible_time_window={"mode": "OFF"}
            if window is None
            else {"mode": "FLEXIBLE", "maximum_window_in_minutes": window},
            target=_target(
                names, "dispatcher", role_arn, trigger, timetable.start_deadline_seconds
            ),
            opts=opts,
            **common,
        )
        if success_within_seconds is not None:
            aws.scheduler.Schedule(
                f"{resource}-watch",
                name=watch_name(schedule),
                description=f"Watches for a success of {names.chosen(starts)}",
                flexible_time_window={"mode": "OFF"},
                target=_target(
                    names,
                    "watcher",
                    role_arn,
                    watch(
                        job=starts,
                        schedule=schedule,
                        scheduled_time=SCHEDULED_TIME,
                        zone=timetable.timezone,
                        within_seconds=success_within_seconds,
                        every_seconds=schedules.step_seconds(planned.expression),
                        calendar=trigger.get("calendar"),
                        notify=trigger["input"]["notify"],
                    ),
                    # However late it comes, it looks when it is time, or at once.
                    LONGEST_DELIVERY_SECONDS,
                ),
                opts=opts,
                **common,
            )


def _target(
    names: Names,
    machine: str,
    role_arn: pulumi.Input[str],
    given: Mapping[str, Any],
    deadline_seconds: int,
) -> aws.scheduler.ScheduleTargetArgsDict:
    return {
        "arn": names.machine_arn(names.of(machine)),
        "role_arn": role_arn,
        "input": json.dumps(given),
        "retry_policy": {
            "maximum_event_age_in_seconds": deadline_seconds,
            "maximum_retry_attempts": MOST_DELIVERIES,
        },
        "dead_letter_config": {"arn": names.dead_letter_queue_arn},
    }
