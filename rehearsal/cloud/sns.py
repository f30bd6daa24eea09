"""SNS: what moto publishes reaches mailboxes and Chatbot, and never the network."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs] - there are none
from moto.sns import models

from rehearsal.cloud.repairs import Repairs

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


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto keeps mail to itself and posts to web addresses for real."""
    publish_to_topic = models.Topic.publish
    publish_to_subscription = models.Subscription.publish

    def to_topic(self: Any, message: str, *args: Any, **more: Any) -> str:
        message_id = publish_to_topic(self, message, *args, **more)
        aws.chatbot.receive(self.arn, _text_for("https", message, more.get("message_structure")))
        return message_id

    def to_subscription(
        self: Any, message: str, message_id: str, subject: str | None = None, **more: Any
    ) -> None:
        if self.protocol in ("http", "https"):
            raise NotImplementedError(f"SNS subscription {self.endpoint} is not rehearsed")
        if self.protocol == "sqs":
            try:
                aws.iam.allow_service(
                    principal="sns.amazonaws.com",
                    action="sqs:SendMessage",
                    resource=self.endpoint,
                    context={"aws:SourceArn": self.topic.arn},
                )
            except ClientError:
                return  # SNS tells nobody
        if self.protocol not in ("email", "email-json"):
            publish_to_subscription(self, message, message_id, subject=subject, **more)
            return
        aws.mail.append(
            Mail(
                to=self.endpoint,
                subject=subject or "AWS Notification Message",
                text=_text_for(self.protocol, message, more.get("message_structure")),
                topic_arn=self.topic.arn,
                time=aws.clock.now(),
            )
        )

    repairs.put(models.Topic, "publish", to_topic)
    repairs.put(models.Subscription, "publish", to_subscription)


def _text_for(protocol: str, message: str, structure: str | None) -> str:
    """Return the text that a protocol gets: its own of a structured message, or the default."""
    if structure != "json":
        return message
    texts: dict[str, str] = json.loads(message)
    return texts.get(protocol, texts["default"])
