"""EventBridge Scheduler: moto stores schedules, this lets them fire."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from botocore.exceptions import ClientError
from moto.scheduler.models import EventBridgeSchedulerBackend

from definitions import schedules
from rehearsal.cloud import scheduler_api, targets
from rehearsal.cloud.clock import Deadline
from rehearsal.cloud.repairs import Repairs

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

_RETRIED = frozenset({"ThrottlingException", "TooManyRequestsException", "InternalServerException"})
"""Refusals that another attempt may heal; the rest goes to the dead letters at once."""
_THROTTLED = frozenset({"ThrottlingException", "TooManyRequestsException"})
_FIRST_DELAY_SECONDS = 1
_LONGEST_DELAY_SECONDS = 3_600


@dataclass(frozen=True, kw_only=True)
class _Invocation:
    """One firing of a schedule, with as many attempts as it takes."""

    schedule: Any
    region: str
    scheduled: datetime
    """The instant that the expression means."""
    since: datetime
    """When the first attempt was made, later than ``scheduled`` by what a window allows."""
    id: str


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
        scheduler_api.repair(repairs, self._aws.clock)
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

    def _arm(self, schedule: Any, backend: Any, after: datetime) -> bool:
        """Put the next time on the clock; false when there is none."""
        pending = self._next.pop(schedule.arn, None)
        if pending is not None:
            pending.cancel()
        if schedule.state != "ENABLED":
            return True  # it may be enabled again
        when = _next_of(schedule, after)
        if when is None:
            return False
        self._next[schedule.arn] = self._aws.clock.at(
            when + _lateness(schedule, when),
            lambda: self._fire(schedule, backend, when),
            schedule.arn,
        )
        return True

    def _fire(self, schedule: Any, backend: Any, when: datetime) -> None:
        group = backend.schedule_groups.get(schedule.group_name)
        if group is None or group.schedules.get(schedule.name) is not schedule:
            return  # deleted
        goes_on = self._arm(schedule, backend, when)
        if not goes_on and schedule.action_after_completion == "DELETE":
            group.delete_schedule(schedule.name)
        place = (schedule.group_name, schedule.name)
        invocation = _Invocation(
            schedule=schedule,
            region=backend.region_name,
            scheduled=when,
            since=self._aws.clock.now(),
            id=str(uuid.uuid4()),
        )
        for _ in range(2 if place in self._twice else 1):
            self._attempt(invocation, 1)
        self._twice.discard(place)

    def _attempt(self, invocation: _Invocation, attempt: int) -> None:
        schedule = invocation.schedule
        self._count(schedule, "InvocationAttemptCount")
        refusal = self.refuse(schedule.name, attempt)
        if refusal is not None:
            answer = {"Code": refusal, "Message": "refused by the rehearsal"}
            self._failed(invocation, attempt, answer)
            return
        try:
            targets.invoke(
                self._aws,
                schedule.target,
                self._input(invocation, attempt),
                region=invocation.region,
                source=schedule.arn,
            )
        except ClientError as error:
            said: Any = error.response["Error"]
            self._failed(invocation, attempt, said)

    def _input(self, invocation: _Invocation, attempt: int) -> str:
        """Return what the target gets; without an input of its own, Scheduler's event."""
        schedule = invocation.schedule
        text: str | None = schedule.target.get("Input")
        if text is None:
            text = json.dumps(
                {
                    "version": "0",
                    "id": invocation.id,
                    "detail-type": "Scheduled Event",
                    "source": "aws.scheduler",
                    "account": self._aws.account,
                    "time": _text(invocation.scheduled),
                    "region": invocation.region,
                    "resources": [schedule.arn],
                    "detail": "{}",
                }
            )
        return (
            text.replace("<aws.scheduler.schedule-arn>", schedule.arn)
            .replace("<aws.scheduler.scheduled-time>", _text(invocation.scheduled))
            .replace("<aws.scheduler.execution-id>", invocation.id)
            .replace("<aws.scheduler.attempt-number>", str(attempt))
        )

    def _failed(self, invocation: _Invocation, attempt: int, said: dict[str, str]) -> None:
        """Try again as the retry policy says, else write a dead letter."""
        schedule = invocation.schedule
        self._count(schedule, "TargetErrorCount")
        if said["Code"] in _THROTTLED:
            self._count(schedule, "TargetErrorThrottledCount")
        policy = schedule.target["RetryPolicy"]
        again = self._aws.clock.now() + timedelta(
            seconds=min(_FIRST_DELAY_SECONDS * 2 ** (attempt - 1), _LONGEST_DELAY_SECONDS)
        )
        age = timedelta(seconds=policy.get("MaximumEventAgeInSeconds", 86_400))
        exhausted = None
        if said["Code"] in _RETRIED:
            if attempt > policy.get("MaximumRetryAttempts", 185):
                exhausted = "MaximumRetryAttempts"
            elif again > invocation.since + age:
                exhausted = "MaximumEventAgeInSeconds"
            else:
                self._aws.clock.at(
                    again, lambda: self._attempt(invocation, attempt + 1), schedule.arn
                )
                return
        self._count(schedule, "InvocationDroppedCount")
        self._bury(invocation, attempt, said, exhausted)

    def _bury(
        self, invocation: _Invocation, attempt: int, said: dict[str, str], exhausted: str | None
    ) -> None:
        """Write a dead letter (EventBridge Scheduler User Guide, "Configuring a DLQ")."""
        schedule, target = invocation.schedule, invocation.schedule.target
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue is None:
            return
        attributes = {
            "SCHEDULE_ARN": schedule.arn,
            "TARGET_ARN": target["Arn"],
            "SCHEDULED_TIME": _text(invocation.scheduled),
            "EXECUTION_ID": invocation.id,
            "RETRY_ATTEMPTS": str(attempt - 1),
            "ERROR_CODE": said["Code"],
            "ERROR_MESSAGE": said["Message"],
        }
        if exhausted is not None:
            attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
        text = self._input(invocation, attempt)
        try:
            self._aws.iam.admit(source=schedule.arn, role=target["RoleArn"], target=queue)
            self._aws.send_to_queue(queue, text, attributes, role=target["RoleArn"])
        except ClientError:
            self._count(schedule, "InvocationsFailedToBeSentToDeadLetterCount")
        else:
            self._count(schedule, "InvocationsSentToDeadLetterCount")

    def _count(self, schedule: Any, metric: str) -> None:
        self._aws.alarms.count(
            "AWS/Scheduler",
            metric,
            {"ScheduleGroup": schedule.group_name},
            region=schedule.arn.split(":")[3],
        )


def next_time(expression: str, zone: str, after: datetime, created: datetime) -> datetime | None:
    """Return when a schedule fires next after an instant, in UTC; ``None`` when never again.

    Raises:
        ValueError: not an expression that Scheduler takes.
    """
    return schedules.parse(expression).next_after(after, ZoneInfo(zone), created)


def _next_of(schedule: Any, after: datetime) -> datetime | None:
    """Return the next time between the dates of a schedule; a time of its own needs no dates."""
    expression, zone = schedule.schedule_expression, schedule.schedule_expression_timezone
    created = datetime.fromtimestamp(schedule.creation_date, UTC)
    if scheduler_api.is_once(expression):
        return next_time(expression, zone, after, created)
    start, end = _instant(schedule.start_date), _instant(schedule.end_date)
    if start is not None:
        created = start
        after = max(after, start - timedelta(microseconds=1))
    when = next_time(expression, zone, after, created)
    return None if when is None or (end is not None and when > end) else when


def _lateness(schedule: Any, when: datetime) -> timedelta:
    """Return how late within its window a schedule fires: any instant, the same in each run."""
    minutes = schedule.flexible_time_window.get("MaximumWindowInMinutes", 0)
    drawn = hashlib.sha256(f"{schedule.arn} {when.isoformat()}".encode()).digest()
    return timedelta(seconds=int.from_bytes(drawn[:8]) % (minutes * 60 + 1))


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
