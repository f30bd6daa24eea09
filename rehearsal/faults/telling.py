"""Faults after the run: its end, or an alarm, does not become a message."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain, repeat
from typing import Any

from rehearsal.cloud.stepfunctions.executions import EVENT_DATA_BYTES
from rehearsal.faults.breaking import (
    Break,
    denied,
    held,
    machine_changed,
    of_dispatcher,
    of_notifier,
    of_rule,
    together,
)
from rehearsal.scenario import Scenario, succeeded
from rehearsal.stage import DEAD_LETTER, NOBODY, Facts, Stage


@contextmanager
def _rule_disabled(stage: Stage) -> Generator[None]:
    events: Any = stage.aws.client("events")
    events.disable_rule(Name=stage.ended_rule)
    try:
        yield
    finally:
        events.enable_rule(Name=stage.ended_rule)


@contextmanager
def _wrong_schema(stage: Stage) -> Generator[None]:
    """Let the notifier say a version of the schema that there is not."""

    def change(machine: dict[str, Any]) -> None:
        read = machine["States"]["Read"]["Assign"]
        read["notice"] = read["notice"].replace("'version': '1.0'", "'version': '2.0'")

    with machine_changed(stage, stage.notifier_arn, change):
        yield


@contextmanager
def _no_topic_policy(stage: Stage) -> Generator[None]:
    """Take the statement that admits the stack's alarms out of the failure topic's policy."""
    sns: Any = stage.aws.client("sns")
    topic = stage.exports["failureTopicArn"]
    kept = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    policy = json.loads(kept)
    policy["Statement"] = [
        statement
        for statement in policy["Statement"]
        if statement["Principal"] != {"Service": "cloudwatch.amazonaws.com"}
    ]
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy)
    )
    try:
        yield
    finally:
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=kept)


def _webhook_answering(*statuses: int) -> Break:
    """Let every webhook answer so, one call after another, and go on with the last."""

    @contextmanager
    def broken(stage: Stage) -> Generator[None]:
        webhooks, each = stage.aws.webhooks, chain(statuses, repeat(statuses[-1]))
        kept = webhooks.answer
        webhooks.answer = lambda _: next(each)
        try:
            yield
        finally:
            webhooks.answer = kept

    return broken


def _no_webhook(stage: Stage) -> str | None:
    return None if stage.webhooks else "there is no webhook"


def _no_channel_beside_webhooks(stage: Stage) -> str | None:
    return _no_webhook(stage) or (None if stage.channels else "there is no channel with a topic")


def _told_by_webhook(stage: Stage, scenario: Scenario) -> Facts:
    """Let a run fail of which one webhook is told, and wait until EventBridge gives up."""
    webhook = sorted(stage.webhooks.values())[0]
    return _told_in(stage, scenario, webhook)


def _told_in_both(stage: Stage, scenario: Scenario) -> Facts:
    """Let a run fail of which a channel with a topic is told, and a webhook."""
    return _told_in(stage, scenario, stage.channels[0], sorted(stage.webhooks.values())[0])


def _told_in(stage: Stage, scenario: Scenario, *channels: str) -> Facts:
    notify = {"on": "all", "channels": list(channels)}
    run = stage.trigger(stage.job, then=scenario.then, given={"notify": notify})
    stage.finish()
    stage.pass_time(_GIVEN_UP)
    facts = stage.facts(run)
    for webhook in stage.webhooks.values():
        facts["message to"] = facts["message to"].replace(webhook, "webhook")
    return {**facts, "calls": len(stage.calls(run))}


_GIVEN_UP = timedelta(hours=1)
"""After which a webhook is called no more (components/channel_webhook.py)."""
LONG = "x" * EVENT_DATA_BYTES
"""Makes an input that the event of a run's end leaves out."""

FAULTS = (
    Scenario(
        name="input-too-long-for-events",
        says="The run's input is so long that the event of its end leaves it out",
        given={"note": LONG},
        expects=lambda _: succeeded(),
    ),
    Scenario(
        name="notifier-denied",
        says="The notifier's role may not publish any more",
        broken=denied(of_notifier, "sns:Publish"),
        expects=lambda _: {
            **succeeded(),
            "message to": DEAD_LETTER,
            "alarm": "dead-letters + notifier-failed",
        },
    ),
    Scenario(
        name="notifier-not-started",
        says="The role of the rule on the end of runs may not start the notifier any more",
        broken=denied(of_rule, "states:StartExecution"),
        expects=lambda _: {
            **succeeded(),
            "message to": DEAD_LETTER,
            "alarm": "dead-letters + rule-failed",
        },
    ),
    Scenario(
        name="notifier-hangs",
        says="The notifier does not come to an end, and is timed out",
        broken=held(lambda stage: stage.notifier_arn),
        expects=lambda _: {**succeeded(), "message to": NOBODY, "alarm": "notifier-failed"},
    ),
    Scenario(
        name="message-dead-letter-denied",
        says="The notifier's role may neither publish nor keep the message in the dead letters",
        broken=denied(of_notifier, "sns:Publish", "sqs:SendMessage"),
        expects=lambda _: {**succeeded(), "message to": NOBODY, "alarm": "notifier-failed"},
    ),
    Scenario(
        name="webhook-down-for-a-while",
        says="The address of a webhook answers with errors at first; it is called again",
        broken=_webhook_answering(503, 429, 200),
        act=_told_by_webhook,
        unless=_no_webhook,
        expects=lambda _: {
            "run": "succeeded",
            "message to": "webhook",
            "calls": 3,
            "alarm": "none",
        },
    ),
    Scenario(
        name="webhook-down",
        says="The address of a webhook answers with errors for more than an hour",
        broken=_webhook_answering(503),
        act=_told_by_webhook,
        unless=_no_webhook,
        expects=lambda _: {
            "run": "succeeded",
            "message to": DEAD_LETTER,
            "alarm": "dead-letters",
        },
    ),
    Scenario(
        name="webhook-refuses",
        says="The address of a webhook does not know us any more: a key was changed, or it is gone",
        broken=_webhook_answering(404),
        act=_told_by_webhook,
        unless=_no_webhook,
        expects=lambda _: {
            "run": "succeeded",
            "message to": DEAD_LETTER,
            "calls": 1,
            "alarm": "dead-letters",
        },
    ),
    Scenario(
        name="channel-denied",
        says="The notifier's role may not publish any more; the job's webhook is told all the same",
        broken=denied(of_notifier, "sns:Publish"),
        act=_told_in_both,
        unless=_no_channel_beside_webhooks,
        expects=lambda _: {
            "run": "succeeded",
            "message to": f"webhook + {DEAD_LETTER}",
            "alarm": "dead-letters + notifier-failed",
        },
    ),
    Scenario(
        name="rule-disabled",
        says="Somebody disabled the rule on the end of runs; nothing notices",
        broken=_rule_disabled,
        expects=lambda _: {**succeeded(), "message to": NOBODY, "alarm": "none"},
    ),
    Scenario(
        name="chatbot-schema-wrong",
        says="The notifier writes what Chatbot does not read: it is dropped, and nothing notices",
        broken=_wrong_schema,
        expects=lambda _: {**succeeded(), "message to": "dropped by Chatbot", "alarm": "none"},
    ),
    Scenario(
        name="topic-policy-missing",
        says="The failure topic does not admit alarms any more: one goes off and nobody hears it",
        broken=together(_no_topic_policy, denied(of_dispatcher, "states:StartExecution")),
        expects=lambda _: {
            "trigger": "dispatcher failed",
            "run": "none",
            "message to": NOBODY,
            "alarm": "none",
        },
    ),
)
