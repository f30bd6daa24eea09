"""EventBridge Scheduler's own calls, refused as AWS refuses them."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from datetime import datetime, timedelta
from typing import Any

from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule
from moto.scheduler.responses import EventBridgeSchedulerResponse

from definitions import schedules
from rehearsal.cloud.clock import VirtualClock
from rehearsal.cloud.repairs import Refusal, Repairs

_OLDEST_START = timedelta(minutes=5)


def repair(repairs: Repairs, clock: VirtualClock) -> None:
    """Put the repairs of this module in place."""
    refuse_schedules_that_aws_refuses(repairs, clock)
    replace_all_of_a_schedule(repairs)
    refuse_groups_that_aws_refuses(repairs)
    refuse_tags_of_what_is_missing(repairs)


def refuse_schedules_that_aws_refuses(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto takes any expression, zone, window, target and input, and crashes without a group.

    It takes an old StartDate in an update, too, which AWS refuses as it does in a creation.
    """
    for operation in ("create_schedule", "update_schedule"):
        otherwise = getattr(EventBridgeSchedulerBackend, operation)

        def checked(self: Any, *, otherwise: Any = otherwise, **given: Any) -> Any:
            _check(given, clock.now())
            self.get_schedule_group(given["group_name"])
            return otherwise(self, **given)

        repairs.put(EventBridgeSchedulerBackend, operation, checked)


def replace_all_of_a_schedule(repairs: Repairs) -> None:
    """Moto keeps no default state and forgets what to do after completion on an update."""
    update = Schedule.update
    update_call = EventBridgeSchedulerResponse.update_schedule
    describe = Schedule.to_dict

    def update_with_defaults(self: Any, **given: Any) -> None:
        given["state"] = given["state"] or "ENABLED"
        update(self, **given)

    def update_schedule(self: Any) -> Any:
        answer = update_call(self)
        name = self.uri.split("?")[0].split("/")[-1]
        schedule = self.scheduler_backend.get_schedule(self._get_param("GroupName"), name)
        schedule.action_after_completion = self._get_param("ActionAfterCompletion")
        return answer

    def described(self: Any, short: bool = False) -> dict[str, Any]:
        told: dict[str, Any] = describe(self, short)
        told["ActionAfterCompletion"] = told["ActionAfterCompletion"] or "NONE"
        return {name: value for name, value in told.items() if value is not None}

    repairs.put(Schedule, "update", update_with_defaults)
    repairs.put(EventBridgeSchedulerResponse, "update_schedule", update_schedule)
    repairs.put(Schedule, "to_dict", described)


def refuse_groups_that_aws_refuses(repairs: Repairs) -> None:
    """Moto makes a group anew over the schedules of the old one, and deletes any."""
    create = EventBridgeSchedulerBackend.create_schedule_group
    delete = EventBridgeSchedulerBackend.delete_schedule_group

    def create_schedule_group(self: Any, name: str, tags: list[dict[str, str]]) -> Any:
        if name in self.schedule_groups:
            raise Refusal("ConflictException", f"Schedule group {name} already exists.")
        return create(self, name, tags)

    def delete_schedule_group(self: Any, name: str | None) -> None:
        self.get_schedule_group(name)
        if name == "default":  # the words are ours
            raise Refusal("ValidationException", "The default schedule group cannot be deleted.")
        delete(self, name)

    repairs.put(EventBridgeSchedulerBackend, "create_schedule_group", create_schedule_group)
    repairs.put(EventBridgeSchedulerBackend, "delete_schedule_group", delete_schedule_group)


def refuse_tags_of_what_is_missing(repairs: Repairs) -> None:
    """Moto keeps tags of anything; on AWS groups have them, and nothing else."""
    for operation in ("list_tags_for_resource", "tag_resource", "untag_resource"):
        otherwise = getattr(EventBridgeSchedulerBackend, operation)

        def on_group(
            self: Any, resource_arn: str, *args: Any, otherwise: Any = otherwise, **more: Any
        ) -> Any:
            self.get_schedule_group(resource_arn.rpartition("/")[2])
            return otherwise(self, resource_arn, *args, **more)

        repairs.put(EventBridgeSchedulerBackend, operation, on_group)


def _check(given: dict[str, Any], now: datetime) -> None:
    """Refuse a schedule; of the words only those about expressions were recorded."""
    expression = given["schedule_expression"]
    if not is_schedule(expression):
        raise Refusal("ValidationException", f"Invalid Schedule Expression {expression}.")
    zone = given["schedule_expression_timezone"]
    try:
        schedules.check_zone(zone or "UTC")
    except ValueError:
        raise Refusal(
            "ValidationException", f"Invalid Schedule Expression Timezone {zone}."
        ) from None
    window = given["flexible_time_window"]
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        raise Refusal(
            "ValidationException",
            "MaximumWindowInMinutes belongs to a FlexibleTimeWindow of Mode FLEXIBLE, only.",
        )
    start, end = given["start_date"], given["end_date"]
    if start is not None and end is not None and start >= end:
        raise Refusal("ValidationException", "The StartDate must come before the EndDate.")
    oldest = (now - _OLDEST_START).timestamp()
    if start is not None and start < oldest and not is_once(expression):
        raise Refusal(
            "ValidationException", "The StartDate you specify cannot be earlier than 5 minutes ago."
        )
    _check_target(given["target"])


def _check_target(target: dict[str, Any]) -> None:
    arn: str = target["Arn"]
    if len(arn.split(":")) < 6 or not arn.startswith("arn:"):
        raise Refusal("ValidationException", "Provided Arn is not in correct format.")
    is_json = ":states:" in arn or ":event-bus/" in arn or ":aws-sdk:" in arn
    if is_json and "Input" in target:
        try:
            json.loads(target["Input"])
        except ValueError:
            raise Refusal("ValidationException", "Input is not valid JSON.") from None


def is_schedule(expression: str) -> bool:
    """Tell whether Scheduler takes an expression."""
    try:
        schedules.parse(expression)
    except ValueError:
        return False
    return True


def is_once(expression: str) -> bool:
    """Tell a one-time schedule, whose dates Scheduler ignores."""
    return expression.startswith("at(")
