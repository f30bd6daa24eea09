"""EventBridge: moto's rules, with targets that moto does not deliver to.

An event is delivered by the clock, at the instant it happened, when all is quiet.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
import uuid
from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.events import models

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
}
"""ERROR_CODE of a dead letter by the target's answer (EventBridge User Guide, dead letters)."""


class EventBus:
    """Delivers events to the targets of the rules that match them."""

    def __init__(self, aws: "EmbeddedAws") -> None:
        self._aws = aws
        self.events: list[dict[str, Any]] = []

    def repair(self, repairs: Repairs) -> None:
        """Deliver what PutEvents brings as well: moto knows neither SNS nor Step Functions."""
        bus = self

        def send_to_targets(
            self: Any, original_event: dict[str, Any], transform_input: bool = True
        ) -> None:
            del transform_input  # moto's own, for archives
            if self.event_pattern.matches_event(original_event):
                bus.send(self, original_event)

        repairs.put(models.Rule, "send_to_targets", send_to_targets)

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
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": self._aws.account,
            "time": self._aws.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": region,
            "resources": resources,
            "detail": detail,
        }
        self.events.append(event)
        rules = models.events_backends[self._aws.account][region].event_buses["default"].rules
        for rule in list(rules.values()):
            pattern: Any = rule.event_pattern
            if pattern.get_pattern() and pattern.matches_event(event):
                self.send(rule, event)

    def send(self, rule: Any, event: dict[str, Any]) -> None:
        """Send an event to the targets of a rule that matches it."""
        if rule.state != "ENABLED":
            return
        for target in rule.targets:
            self._aws.clock.soon(
                lambda target=target: self._deliver(rule, target, event),
                f"{event['resources']} {rule.name} {target['Id']}",
            )

    def _deliver(self, rule: Any, target: dict[str, Any], event: dict[str, Any]) -> None:
        try:
            self._call(rule, target, _input(target, event))
        except ClientError as error:
            queue = target.get("DeadLetterConfig", {}).get("Arn")
            if queue is None:
                return
            said: Any = error.response["Error"]
            with suppress(ClientError):  # what cannot be kept either is lost
                self._allow(rule, "sqs:SendMessage", queue)
                self._aws.send_to_queue(
                    queue,
                    json.dumps(event, separators=(",", ":")),
                    {
                        "RULE_ARN": rule.arn,
                        "TARGET_ARN": target["Arn"],
                        "ERROR_CODE": _ERROR_CODES.get(said["Code"], "SDK_CLIENT_ERROR"),
                        "ERROR_MESSAGE": said["Message"],
                    },
                )

    def _allow(self, rule: Any, action: str, resource: str) -> None:
        self._aws.iam.allow_service(
            principal="events.amazonaws.com",
            action=action,
            resource=resource,
            context={"aws:SourceArn": rule.arn},
        )

    def _call(self, rule: Any, target: dict[str, Any], text: str) -> None:
        arn, region = target["Arn"], rule.region_name
        service = arn.split(":")[2]
        if service == "states":
            self._aws.iam.assume(
                role=target["RoleArn"], service="events.amazonaws.com", source_arn=rule.arn
            )
            self._aws.client("stepfunctions", region, role=target["RoleArn"]).start_execution(
                stateMachineArn=arn, input=text
            )
        elif service == "sns":
            self._allow(rule, "sns:Publish", arn)
            self._aws.client("sns", region).publish(TopicArn=arn, Message=text)
        elif service == "sqs":
            self._allow(rule, "sqs:SendMessage", arn)
            self._aws.send_to_queue(arn, text, {})
        else:
            raise NotImplementedError(f"EventBridge target {arn} is not rehearsed")


def _input(target: dict[str, Any], event: dict[str, Any]) -> str:
    """Return what the target gets."""
    if "InputTransformer" in target:
        raise NotImplementedError(f"InputTransformer of target {target['Id']} is not rehearsed")
    if "InputPath" in target:
        raise NotImplementedError(f"InputPath of target {target['Id']} is not rehearsed")
    if "Input" in target:
        return target["Input"]
    return json.dumps(event, separators=(",", ":"))
