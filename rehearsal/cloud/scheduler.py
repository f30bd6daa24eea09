"""EventBridge Scheduler: moto stores schedules, this lets them fire."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from botocore.exceptions import ClientError
from moto.scheduler.models import EventBridgeSchedulerBackend

from definitions import schedules
from rehearsal.cloud.clock import Deadline
from rehearsal.cloud.repairs import Repairs

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")

_RETRIED = frozenset({"ThrottlingException", "TooManyRequestsException", "InternalServerException"})
"""Refusals that another attempt may heal; the rest goes to the dead letters at once."""
_FIRST_DELAY_SECONDS = 1
_LONGEST_DELAY_SECONDS = 3_600


class Schedules:
    """Fires the enabled schedules of one embedded AWS on the clock."""

    def __init__(self, aws: "EmbeddedAws") -> None:
        self._aws = aws
        self._next: dict[str, Deadline] = {}
        self._twice: set[tuple[str, str]] = set()
        self.refuse: Callable[[str, int], str | None] = lambda _name, _attempt: None
        """Seam for faults: error code that the target answers a schedule's attempt with."""

    def repair(self, repairs: Repairs) -> None:
        """Put every schedule that is created or changed on the clock: moto never fires one."""
        create = EventBridgeSchedulerBackend.create_schedule
        update = EventBridgeSchedulerBackend.update_schedule
        clock = self._aws.clock

        def create_schedule(self: Any, *args: Any, **parameters: Any) -> Any:
            now = clock.now()  # in real time, it is created a moment later
            return arm(create(self, *args, **parameters), self, now)

        def update_schedule(self: Any, *args: Any, **parameters: Any) -> Any:
            now = clock.now()
            return arm(update(self, *args, **parameters), self, now)

        def arm(schedule: Any, backend: Any, now: datetime) -> Any:
            # A rate fires for the first time at once: for it, the present instant counts.
            is_rate = schedule.schedule_expression.startswith("rate(")
            self._arm(schedule, backend, now - timedelta(microseconds=1) if is_rate else now)
            return schedule

        repairs.put(EventBridgeSchedulerBackend, "create_schedule", create_schedule)
        repairs.put(EventBridgeSchedulerBackend, "update_schedule", update_schedule)

    def deliver_twice(self, group: str, name: str) -> None:
        """Let the schedule's next trigger arrive twice, as "at least once" allows."""
        self._twice.add((group, name))

    def _arm(self, schedule: Any, backend: Any, after: datetime) -> None:
        pending = self._next.pop(schedule.arn, None)
        if pending is not None:
            pending.cancel()
        when = next_time(
            schedule.schedule_expression,
            schedule.schedule_expression_timezone,
            after,
            datetime.fromtimestamp(schedule.creation_date, UTC),
        )
        if when is not None:
            self._next[schedule.arn] = self._aws.clock.at(
                when, lambda: self._fire(schedule, backend, when), schedule.arn
            )

    def _fire(self, schedule: Any, backend: Any, when: datetime) -> None:
        group = backend.schedule_groups.get(schedule.group_name)
        if group is None or group.schedules.get(schedule.name) is not schedule:
            return  # deleted
        self._arm(schedule, backend, when)
        if schedule.state != "ENABLED":
            return
        place = (schedule.group_name, schedule.name)
        for _ in range(2 if place in self._twice else 1):
            self._attempt(schedule, backend.region_name, when, 1)
        self._twice.discard(place)

    def _attempt(self, schedule: Any, region: str, when: datetime, attempt: int) -> None:
        target = schedule.target
        text = (
            target.get("Input", "{}")
            .replace("<aws.scheduler.schedule-arn>", schedule.arn)
            .replace("<aws.scheduler.scheduled-time>", when.strftime("%Y-%m-%dT%H:%M:%SZ"))
            .replace("<aws.scheduler.execution-id>", str(uuid.uuid4()))
            .replace("<aws.scheduler.attempt-number>", str(attempt))
        )
        if ":states:" not in target["Arn"] or ":stateMachine:" not in target["Arn"]:
            raise NotImplementedError(f"Scheduler target {target['Arn']} is not rehearsed")
        refusal = self.refuse(schedule.name, attempt)
        if refusal is not None:
            answer = {"Code": refusal, "Message": "refused by the rehearsal"}
            self._failed(schedule, region, when, attempt, text, answer)
            return
        try:
            self._aws.client("stepfunctions", region, role=target["RoleArn"]).start_execution(
                stateMachineArn=target["Arn"], input=text
            )
        except ClientError as error:
            said: Any = error.response["Error"]
            self._failed(schedule, region, when, attempt, text, said)

    def _failed(
        self,
        schedule: Any,
        region: str,
        when: datetime,
        attempt: int,
        text: str,
        answer: dict[str, str],
    ) -> None:
        """Try again as the retry policy says, else write a dead letter."""
        target = schedule.target
        policy = target["RetryPolicy"]
        now = self._aws.clock.now()
        again = now + timedelta(
            seconds=min(_FIRST_DELAY_SECONDS * 2 ** (attempt - 1), _LONGEST_DELAY_SECONDS)
        )
        last = when + timedelta(seconds=policy.get("MaximumEventAgeInSeconds", 86_400))
        retried = answer["Code"] in _RETRIED
        if retried and attempt <= policy.get("MaximumRetryAttempts", 185) and again <= last:
            self._aws.clock.at(
                again, lambda: self._attempt(schedule, region, when, attempt + 1), schedule.arn
            )
            return
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue is not None:
            self._aws.send_to_queue(
                queue,
                text,
                {
                    "SCHEDULE_ARN": schedule.arn,
                    "TARGET_ARN": target["Arn"],
                    "SCHEDULED_TIME": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "RETRY_ATTEMPTS": str(attempt - 1),
                    "ERROR_CODE": answer["Code"],
                    "ERROR_MESSAGE": answer["Message"],
                },
                role=target["RoleArn"],
            )


def next_time(expression: str, zone: str, after: datetime, created: datetime) -> datetime | None:
    """Return when a schedule fires next after an instant, in UTC; ``None`` when never again.

    Raises:
        ValueError: not an expression that Scheduler takes.
    """
    if matched := _AT.fullmatch(expression):
        once = _on_the_clocks(datetime.fromisoformat(matched[1]), zone)
        return once if once is not None and once > after else None
    return schedules.parse(expression).next_after(after, ZoneInfo(zone), created)


def _on_the_clocks(wall: datetime, zone: str) -> datetime | None:
    """Return the first instant at which the clocks of a zone show this; ``None`` in a gap."""
    instant = wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    shown = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return instant if shown == wall else None
