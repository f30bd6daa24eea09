"""EventBridge: moto's buses and rules, with matching and delivery that moto has not.

An event is delivered by the clock, at the instant it happened, when all is quiet.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.events import models

from definitions import schedules
from rehearsal.cloud import events_api, targets
from rehearsal.cloud.clock import Deadline
from rehearsal.cloud.event_input import InputError, input_for, text_of
from rehearsal.cloud.repairs import Repairs

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

_ERROR_CODES = {
    "AccessDenied": "NO_PERMISSIONS",
    "AccessDeniedException": "NO_PERMISSIONS",
    "AuthorizationError": "NO_PERMISSIONS",
    "NotFound": "NO_RESOURCE",
    "ResourceNotFoundException": "NO_RESOURCE",
    "StateMachineDoesNotExist": "NO_RESOURCE",
    "AWS.SimpleQueueService.NonExistentQueue": "NO_RESOURCE",
    "QueueDoesNotExist": "NO_RESOURCE",
    "ThrottlingException": "THROTTLING",
    "TooManyRequestsException": "THROTTLING",
}
"""ERROR_CODE of a dead letter by the target's answer (EventBridge User Guide, dead letters)."""

_RETRIED = frozenset(
    {
        "ThrottlingException",
        "TooManyRequestsException",
        "InternalServerException",
        "InternalFailure",
        "ServiceUnavailable",
    }
)
"""Refusals that another attempt may heal; the rest goes to the dead letters at once."""
_MAX_ATTEMPTS = 185
_MAX_AGE_SECONDS = 86_400
_FIRST_DELAY_SECONDS = 1
_LONGEST_DELAY_SECONDS = 3_600


@dataclass(frozen=True, kw_only=True)
class _Delivery:
    """An event on its way to one target of a rule."""

    rule: Any
    target: dict[str, Any]
    event: dict[str, Any]
    since: datetime


class EventBus:
    """Delivers events to the targets of the rules that match them."""

    def __init__(self, aws: "EmbeddedAws") -> None:
        self._aws = aws
        self._next: dict[str, Deadline] = {}
        self.events: list[dict[str, Any]] = []
        self.refuse: Callable[[str, str, int], str | None] = lambda _rule, _target, _attempt: None
        """Seam for faults: error code that a target answers with, by rule, ``Id`` and attempt."""

    def repair(self, repairs: Repairs) -> None:
        """Match and deliver as AWS does, and let rules with a schedule fire: moto does neither."""
        events_api.repair(repairs, self._accept)
        put_rule = models.EventsBackend.put_rule
        enable = models.Rule.enable

        def put_scheduled_rule(backend: Any, *args: Any, **more: Any) -> Any:
            rule = put_rule(backend, *args, **more)
            self._arm(rule, self._aws.clock.now())
            return rule

        def enable_scheduled(rule: Any) -> None:
            enable(rule)
            self._arm(rule, self._aws.clock.now())

        repairs.put(models.EventsBackend, "put_rule", put_scheduled_rule)
        repairs.put(models.Rule, "enable", enable_scheduled)

    def is_heard(self, source: str, region: str, **detail: str) -> bool:
        """Tell whether any rule of the default bus could match such events of a source."""
        bus = models.events_backends[self._aws.account][region].event_buses["default"]
        patterns: list[Any] = [rule.event_pattern for rule in bus.rules.values()]
        return any(pattern.listens_to(source, **detail) for pattern in patterns)

    def publish(
        self,
        *,
        source: str,
        detail_type: str,
        resources: list[str],
        detail: dict[str, Any],
        region: str,
    ) -> None:
        """Let an event happen on the region's default bus, now."""
        event = self._event(source, detail_type, resources, detail, region)
        self._aws.alarms.hear(event)
        self._arrive(event, region, "default")

    def repeat(self, event: dict[str, Any]) -> None:
        """Let an event of the default bus arrive once more, as "at least once" allows."""
        self._arrive(event, event["region"], "default")

    def _event(
        self,
        source: str,
        detail_type: str,
        resources: list[str],
        detail: dict[str, Any],
        region: str,
    ) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": self._aws.account,
            "time": _text(self._aws.clock.now()),
            "region": region,
            "resources": resources,
            "detail": detail,
        }

    def _accept(self, entry: dict[str, Any], region: str) -> str:
        """Let an entry of PutEvents happen; return the event's id."""
        event = self._event(
            entry["Source"],
            entry["DetailType"],
            entry.get("Resources", []),
            json.loads(entry["Detail"]),
            region,
        )
        if "Time" in entry:
            event["time"] = _text(datetime.fromtimestamp(float(entry["Time"]), UTC))
        self._arrive(event, region, entry.get("EventBusName", "default").rpartition("/")[2])
        return event["id"]

    def _arrive(self, event: dict[str, Any], region: str, bus: str) -> None:
        """Deliver by the rules of a bus; an event for one that is not there is lost, as on AWS."""
        self.events.append(event)
        buses = models.events_backends[self._aws.account][region].event_buses
        rules: list[Any] = list(buses[bus].rules.values()) if bus in buses else []
        for rule in rules:
            if rule.event_pattern.get_pattern() and rule.event_pattern.matches_event(event):
                self._count(rule, "MatchedEvents")
                self.send(rule, event)

    def send(self, rule: Any, event: dict[str, Any]) -> None:
        """Send an event to the targets of a rule that matches it."""
        if rule.state == "DISABLED":
            return
        for target in rule.targets:
            delivery = _Delivery(rule=rule, target=target, event=event, since=self._aws.clock.now())
            self._aws.clock.soon(
                lambda delivery=delivery: self._take_turn(delivery),
                f"{event['resources']} {rule.name} {target['Id']}",
            )

    # -- schedules

    def _arm(self, rule: Any, anchor: datetime) -> None:
        """Put a rule with a schedule on the clock; a rate counts from ``anchor``."""
        pending = self._next.pop(rule.arn, None)
        if pending is not None:
            pending.cancel()
        if rule.scheduled_expression and rule.state != "DISABLED":
            self._arm_next(rule, self._aws.clock.now(), anchor)

    def _arm_next(self, rule: Any, after: datetime, anchor: datetime) -> None:
        when = schedules.parse(rule.scheduled_expression).next_after(after, UTC, anchor)
        if when is not None:
            self._next[rule.arn] = self._aws.clock.at(
                when, lambda: self._fire(rule, when, anchor), rule.arn
            )

    def _fire(self, rule: Any, when: datetime, anchor: datetime) -> None:
        bus = models.events_backends[self._aws.account][rule.region_name].event_buses["default"]
        if bus.rules.get(rule.name) is not rule or rule.state == "DISABLED":
            return  # deleted or disabled meanwhile
        self._arm_next(rule, when, anchor)
        event = self._event("aws.events", "Scheduled Event", [rule.arn], {}, rule.region_name)
        self.events.append(event)
        self.send(rule, event)

    # -- delivery

    def _take_turn(self, delivery: _Delivery) -> None:
        """Attempt a delivery, now or when an API destination's rate allows."""
        arn: str = delivery.target["Arn"]
        turn = self._aws.webhooks.turn(arn) if ":api-destination/" in arn else None
        if turn is None or turn == self._aws.clock.now():
            self._attempt(delivery, 1)
        else:
            self._aws.clock.at(turn, lambda: self._attempt(delivery, 1), delivery.rule.arn)

    def _attempt(self, delivery: _Delivery, attempt: int) -> None:
        rule, target = delivery.rule, delivery.target
        self._count(rule, "Invocations")
        refusal = self.refuse(rule.name, target["Id"], attempt)
        if refusal is not None:
            said = {"Code": refusal, "Message": "refused by the rehearsal"}
            self._failed(delivery, attempt, said)
            return
        try:
            self._deliver(delivery)
        except ClientError as error:
            answer: Any = error.response["Error"]
            self._failed(delivery, attempt, answer)
        except InputError as error:
            self._failed(delivery, attempt, {"Code": "INVALID_JSON", "Message": str(error)})

    def _deliver(self, delivery: _Delivery) -> None:
        rule, target, event = delivery.rule, delivery.target, delivery.event
        arn: str = target["Arn"]
        if ":event-bus/" in arn:
            self._arrive(event, arn.split(":")[3], arn.rpartition("/")[2])
            return
        text = input_for(
            target, event, rule_arn=rule.arn, ingestion_time=_text(self._aws.clock.now())
        )
        targets.send(
            self._aws,
            target,
            text,
            region=rule.region_name,
            source=rule.arn,
        )

    def _failed(self, delivery: _Delivery, attempt: int, said: dict[str, str]) -> None:
        """Try again as the retry policy says, else write a dead letter."""
        target = delivery.target
        policy = target.get("RetryPolicy", {})
        again = self._aws.clock.now() + timedelta(
            seconds=min(_FIRST_DELAY_SECONDS * 2 ** (attempt - 1), _LONGEST_DELAY_SECONDS)
        )
        age = timedelta(seconds=policy.get("MaximumEventAgeInSeconds", _MAX_AGE_SECONDS))
        exhausted = None
        if said["Code"] in _RETRIED:
            if attempt > policy.get("MaximumRetryAttempts", _MAX_ATTEMPTS):
                exhausted = "MaximumRetryAttempts"
            elif again > delivery.since + age:
                exhausted = "MaximumEventAgeInSeconds"
            else:
                self._aws.clock.at(
                    again, lambda: self._attempt(delivery, attempt + 1), delivery.rule.arn
                )
                return
        self._bury(delivery, attempt, said, exhausted)

    def _bury(
        self, delivery: _Delivery, attempt: int, said: dict[str, str], exhausted: str | None
    ) -> None:
        rule, target = delivery.rule, delivery.target
        self._count(rule, "FailedInvocations")
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue is None:
            return
        attributes = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": _ERROR_CODES.get(said["Code"], "SDK_CLIENT_ERROR"),
            "ERROR_MESSAGE": said["Message"],
            "RETRY_ATTEMPTS": str(attempt - 1),
        }
        if exhausted is not None:
            attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
        try:
            self._aws.iam.admit(source=rule.arn, role=None, target=queue)
            self._aws.send_to_queue(queue, text_of(delivery.event), attributes)
        except ClientError:
            self._count(rule, "InvocationsFailedToBeSentToDlq")
        else:
            self._count(rule, "InvocationsSentToDlq")

    def _count(self, rule: Any, metric: str) -> None:
        self._aws.alarms.count(
            "AWS/Events", metric, {"RuleName": rule.name}, region=rule.region_name
        )


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
