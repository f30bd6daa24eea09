"""Call an address with each message to one channel."""

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from definitions.names import Names
from definitions.notices import NOTICE, WebhookFormat

CALLS_PER_SECOND = 4
"""EventBridge lets further messages wait; Teams takes four a second of a webhook."""
RETRIED_SECONDS = 3_600
"""How long a message is tried again that the address does not take. After that it would be no news,
and the dead-letter queue's alarm calls for somebody."""
MAX_ATTEMPTS = 185
"""As many as EventBridge ever makes: the hour is the bound."""


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """An address that is called, and how it knows who calls."""

    url: pulumi.Input[str]
    """Address; it may be a secret."""
    format: WebhookFormat
    """What is sent."""
    routing_key: pulumi.Input[str] | None = None
    """PagerDuty's integration key: a secret, added to what is sent."""
    api_key: tuple[str, pulumi.Input[str]] | None = None
    """A header that proves who calls, and its value, a secret."""
    basic: tuple[str, pulumi.Input[str]] | None = None
    """A user and the password, a secret."""


@dataclass(frozen=True, kw_only=True)
class ChannelWebhookArgs:
    """Which address hears of which channel."""

    names: Names
    channel: str
    """Name of the channel."""
    webhook: Webhook
    """Whom to call."""
    role_arn: pulumi.Input[str]
    """Role with which EventBridge calls it; known once it may."""
    dead_letter_queue_arn: pulumi.Input[str]
    """Where a message goes that it does not take; known once the rule is admitted."""


class ChannelWebhook(pulumi.ComponentResource):
    """A rule on the notifier's events for one channel, and the API destination that it calls.

    EventBridge keeps what the address wants to see (header, password, routing key) in a secret of
    its own in Secrets Manager.

    Children: ``<name>-connection``, ``<name>-destination``, ``<name>-rule``, ``<name>-target``.
    """

    pulumi_type = "fargate-batch:index:ChannelWebhook"

    listening: pulumi.Output[str]
    """Id of the rule's target: once it is known, the channel hears what is told."""

    def __init__(
        self, name: str, args: ChannelWebhookArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        physical_name, webhook = args.names.channel(args.channel), args.webhook
        connection = aws.cloudwatch.EventConnection(
            f"{name}-connection",
            name=physical_name,
            description=f"How the webhook of channel {args.channel} knows who calls",
            **_authorization(webhook),
            opts=child,
        )
        destination = aws.cloudwatch.EventApiDestination(
            f"{name}-destination",
            name=physical_name,
            description=f"Webhook of channel {args.channel}",
            connection_arn=connection.arn,
            invocation_endpoint=pulumi.Output.secret(webhook.url),
            http_method="POST",
            invocation_rate_limit_per_second=CALLS_PER_SECOND,
            opts=child,
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule",
            name=physical_name,
            description=f"The notifier's messages to channel {args.channel}",
            event_pattern=json.dumps(
                {
                    "source": [args.names.prefix],
                    "detail-type": [NOTICE],
                    "detail": {"channels": [args.channel]},
                }
            ),
            opts=child,
        )
        target = aws.cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            target_id="webhook",
            arn=destination.arn,
            role_arn=args.role_arn,
            # The notifier writes each format whole: a template would have to put texts into
            # quotes, where EventBridge does not escape theirs.
            input_path=f"$.detail.{webhook.format}",
            retry_policy={
                "maximum_event_age_in_seconds": RETRIED_SECONDS,
                "maximum_retry_attempts": MAX_ATTEMPTS,
            },
            dead_letter_config={"arn": args.dead_letter_queue_arn},
            opts=child,
        )
        self.listening = target.id
        self.register_outputs({"listening": self.listening})


def _authorization(webhook: Webhook) -> dict[str, Any]:
    """Return a connection's authorization; EventBridge wants one where nobody asks for it, too."""
    if webhook.basic is not None:
        username, password = webhook.basic
        kind = "BASIC"
        parameters: dict[str, Any] = {
            "basic": {"username": username, "password": pulumi.Output.secret(password)}
        }
    else:
        header, value = webhook.api_key or ("X-Called-By", "fargate-batch")
        kind = "API_KEY"
        parameters = {"api_key": {"key": header, "value": pulumi.Output.secret(value)}}
    if webhook.routing_key is not None:
        parameters["invocation_http_parameters"] = {
            "bodies": [
                {
                    "key": "routing_key",
                    "value": pulumi.Output.secret(webhook.routing_key),
                    "is_value_secret": True,
                }
            ]
        }
    return {"authorization_type": kind, "auth_parameters": parameters}
