"""SNS: what is published reaches queues, mailboxes and Chatbot, and never the network."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.sns import models

from definitions.event_pattern import matches
from rehearsal.cloud import sns_api
from rehearsal.cloud.repairs import Repairs, text_of

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A message in a mailbox. The address is taken as confirmed."""

    to: str
    subject: str
    text: str
    topic_arn: str
    time: datetime


@dataclass(frozen=True, kw_only=True)
class _Message:
    """What was published, once for all subscriptions."""

    id: str
    text: str
    subject: str | None
    attributes: dict[str, Any]
    """By name, ``Type`` and ``Value`` each."""
    structure: str | None
    group: str | None

    def for_protocol(self, protocol: str) -> str:
        """Return the text that a protocol gets: its own of a structured message, or the default."""
        if self.structure != "json":
            return self.text
        texts: dict[str, str] = json.loads(self.text)
        return texts.get(protocol, texts["default"])


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto keeps mail to itself and posts to web addresses for real."""
    sns_api.repair(repairs)
    publish_to_topic = models.Topic.publish

    def to_topic(self: Any, message: str, *args: Any, **more: Any) -> str:
        message_id = publish_to_topic(self, message, *args, **more)
        published = _message(message_id, message, more)
        aws.chatbot.receive(self.arn, published.for_protocol("https"))
        return message_id

    def to_subscription(self: Any, message: str, message_id: str, **more: Any) -> None:
        published = _message(message_id, message, more)
        if _passes(self, published):
            _deliver(aws, self, published)

    repairs.put(models.Topic, "publish", to_topic)
    repairs.put(models.Subscription, "publish", to_subscription)


def _message(message_id: str, text: str, more: dict[str, Any]) -> _Message:
    return _Message(
        id=message_id,
        text=text,
        subject=more.get("subject"),
        attributes=more.get("message_attributes") or {},
        structure=more.get("message_structure"),
        group=more.get("group_id"),
    )


def _passes(subscription: Any, message: _Message) -> bool:
    """Tell whether a subscription's filter lets a message through."""
    policy: str | None = subscription.attributes.get("FilterPolicy")
    if not policy:
        return True
    if subscription.attributes.get("FilterPolicyScope") == "MessageBody":
        try:
            body: Any = json.loads(message.text)
        except ValueError:
            return False
        if not isinstance(body, dict):
            return False
    else:
        body = {name: _plain(attribute) for name, attribute in message.attributes.items()}
    return matches(sns_api.filter_rule(policy), body)


def _plain(attribute: dict[str, Any]) -> Any:
    """Return the value that a filter compares."""
    try:
        if attribute["Type"].startswith("Number"):
            return Decimal(attribute["Value"])
        if attribute["Type"] == "String.Array":
            return json.loads(attribute["Value"])
    except (InvalidOperation, ValueError):
        return attribute["Value"]
    return attribute["Value"]


def _deliver(aws: "EmbeddedAws", subscription: Any, message: _Message) -> None:
    protocol: str = subscription.protocol
    if protocol == "sqs":
        _to_queue(aws, subscription, message)
    elif protocol in ("email", "email-json"):
        aws.mail.append(
            Mail(
                to=subscription.endpoint,
                subject=message.subject or "AWS Notification Message",
                text=message.for_protocol(protocol),
                topic_arn=subscription.topic.arn,
                time=aws.clock.now(),
            )
        )
    else:
        raise NotImplementedError(f"SNS subscription {subscription.endpoint} is not rehearsed")


def _to_queue(aws: "EmbeddedAws", subscription: Any, message: _Message) -> None:
    """Send to a queue; what cannot be sent goes to the dead letters of the subscription, if any."""
    raw = str(subscription.attributes.get("RawMessageDelivery")).lower() == "true"
    text = message.for_protocol("sqs") if raw else _envelope(aws, subscription, message)
    try:
        _send(aws, subscription, text, message.attributes if raw else {}, message.group)
    except ClientError as error:
        policy = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
        if "deadLetterTargetArn" in policy:
            said: Any = error.response["Error"]
            told = {"ErrorCode": said["Code"], "ErrorMessage": said["Message"]}
            aws.send_to_queue(policy["deadLetterTargetArn"], text, told)


def _send(
    aws: "EmbeddedAws",
    subscription: Any,
    text: str,
    attributes: dict[str, Any],
    group: str | None,
) -> None:
    queue: str = subscription.endpoint
    aws.iam.admit(source=subscription.topic.arn, role=None, target=queue)
    _, _, _, region, _, name = queue.split(":")
    sqs = aws.client("sqs", region)
    sqs.send_message(
        QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"],
        MessageBody=text,
        MessageAttributes={
            key: {
                "DataType": value["Type"],
                ("BinaryValue" if value["Type"] == "Binary" else "StringValue"): value["Value"],
            }
            for key, value in attributes.items()
        },
        **({} if group is None else {"MessageGroupId": group}),
    )


def _envelope(aws: "EmbeddedAws", subscription: Any, message: _Message) -> str:
    """Return the message as queues get it; nobody can check the signature."""
    topic: str = subscription.topic.arn
    host = f"https://sns.{topic.split(':')[3]}.amazonaws.com/"
    told: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": message.id,
        "TopicArn": topic,
        "Subject": message.subject,
        "Message": message.for_protocol("sqs"),
        "Timestamp": text_of(aws.clock.now()),
        "SignatureVersion": "1",
        "Signature": "rehearsed",
        "SigningCertURL": f"{host}SimpleNotificationService-rehearsed.pem",
        "UnsubscribeURL": f"{host}?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
        "MessageAttributes": message.attributes,
    }
    known = {name: value for name, value in told.items() if value}
    return json.dumps(known, indent=2, separators=(",", " : "))
