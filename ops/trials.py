"""Test messages: the notifier sends them as it sends all, so what arrives is what would."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from definitions.notices import trial_event
from ops.aws import code_of
from ops.errors import Exit, OpsError
from ops.stack import Stack
from ops.waiting import reached, rounds
from stacks.wording import instead

PENDING = "PendingConfirmation"
"""What SNS says in place of a subscription's ARN until somebody has confirmed it."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """One of those who should see a message."""

    what: str
    """``slack``, ``email``, ``webhook``, or the protocol of another subscription."""
    whom: str
    """Channel id or address; of a webhook the channel's name, for its address is a secret."""
    confirmed: bool = True
    """Whether it hears: an address must be confirmed by a click in a mail of AWS's."""

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.what} {self.whom}{'' if self.confirmed else ' (not confirmed)'}"


def tell(stack: Stack, *, good: bool, channel: str | None, now: datetime) -> str:
    """Have the notifier tell people that it is a test, and wait until it has; return its title.

    Raises:
        OpsError: it could not; the reason.
    """
    names = stack.names
    name = f"test-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    event = trial_event(
        names,
        good=good,
        channels=[channel] if channel else [],
        run=name,
        now_milliseconds=round(now.timestamp() * 1_000),
    )
    arn = stack.aws.states.start_execution(
        stateMachineArn=names.machine_arn(names.of("notifier")), name=name, input=json.dumps(event)
    )["executionArn"]
    ended = _ended(stack, arn)
    if ended["status"] != "SUCCEEDED":
        why = ": ".join(ended[key] for key in ("error", "cause") if ended.get(key))
        raise OpsError(
            f"the notifier could not tell it ({why}): see `python -m ops -s {stack.name} "
            "dead-letters list` and its role's permissions",
            code=Exit.NOT_WELL,
        )
    return json.loads(ended["output"])["published"]


def _ended(stack: Stack, arn: str) -> dict[str, Any]:
    for _ in rounds():
        found = reached(lambda: stack.aws.states.describe_execution(executionArn=arn))
        if found["status"] != "RUNNING":
            return found
    raise AssertionError("rounds never end")


def check_channel(stack: Stack, channel: str) -> None:
    """Refuse a channel that the stack file does not have.

    Raises:
        OpsError: it has none of that name; the nearest is offered.
    """
    channels = stack.settings.notify.channels
    if channel not in channels:
        remedy = instead(channel, channels)
        raise OpsError(f"stack {stack.name} has no notify.channels {channel!r}: {remedy}")


def destinations(stack: Stack, *, good: bool, channel: str | None) -> list[Destination]:
    """Return who should see a message of success, or of failure, to a channel or the stack's."""
    notify = stack.settings.notify
    if channel is None:
        topic = stack.names.topic_arn("success" if good else "failure")
        slack = notify.slack and (
            notify.slack.success_channel_id if good else notify.slack.failure_channel_id
        )
        return [*_slack(slack), *subscribed(stack, topic)]
    ways = notify.channels[channel]
    has_topic = ways.slack is not None or ways.emails
    topic = stack.names.channel_topic_arn(channel)
    return [
        *_slack(ways.slack),
        *(subscribed(stack, topic) if has_topic else ()),
        *([Destination(what="webhook", whom=f"of channel {channel}")] if ways.webhook else []),
    ]


def subscribed(stack: Stack, topic: str) -> Iterator[Destination]:
    """Yield who is subscribed to a topic; Chatbot's own subscription is Slack's, and left out.

    Raises:
        OpsError: the topic is not there.
    """
    pages = stack.aws.client("sns").get_paginator("list_subscriptions_by_topic")
    try:
        for page in pages.paginate(TopicArn=topic):
            for one in page["Subscriptions"]:
                if "chatbot" in one["Endpoint"]:
                    continue
                confirmed = one["SubscriptionArn"] != PENDING
                yield Destination(what=one["Protocol"], whom=one["Endpoint"], confirmed=confirmed)
    except ClientError as error:
        if code_of(error) != "NotFound":
            raise
        raise OpsError(
            f"there is no topic {topic.rpartition(':')[2]}: pulumi up -s {stack.name}",
            code=Exit.NO_ACCESS,
        ) from None


def _slack(channel_id: str | None) -> list[Destination]:
    return [] if channel_id is None else [Destination(what="slack", whom=channel_id)]
