"""Slack: whether its channels are configured as the stack file has them, and may be told."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from definitions.slack import CHATBOT_REGION, OWN, ChannelConfiguration, configurations
from ops.findings import Finding, problem
from ops.stack import Stack

_CONSOLE = "the console of Amazon Q Developer in chat applications"


def slack(stack: Stack, _: datetime) -> Iterator[Finding]:
    """The workspace must be authorised, which is done by hand, and each channel hear its topics."""
    notify = stack.settings.notify
    if notify.slack is None:
        return
    chatbot = stack.aws.client("chatbot", CHATBOT_REGION)
    team = notify.slack.workspace_id
    pages = chatbot.get_paginator("describe_slack_workspaces").paginate()
    workspaces = {one["SlackTeamId"]: one for page in pages for one in page["SlackWorkspaces"]}
    where = f"Slack workspace {team}"
    if team not in workspaces:
        remedy = f"let it in once, in {_CONSOLE}, then pulumi up -s {stack.name}"
        yield problem(where, "is not authorised in this account: nobody is told there", remedy)
        return
    yield from _disabled(where, workspaces[team])
    channels = {
        "success": notify.slack.success_channel_id,
        "failure": notify.slack.failure_channel_id,
        **{f"to-{name}": channel.slack for name, channel in notify.channels.items()},
    }
    pages = chatbot.get_paginator("describe_slack_channel_configurations").paginate()
    live = {
        one["SlackChannelId"]: one for page in pages for one in page["SlackChannelConfigurations"]
    }
    for wanted in configurations(stack.names, channels):
        yield from _channel_differs(stack, team, wanted, live.get(wanted.channel_id))


def _channel_differs(
    stack: Stack, team: str, wanted: ChannelConfiguration, found: Mapping[str, Any] | None
) -> Iterator[Finding]:
    where, deploy = f"Slack channel {wanted.channel_id}", f"pulumi up -s {stack.name} --refresh"
    if found is None:
        yield problem(where, "is not configured: nobody is told there", deploy)
        return
    if found["ConfigurationName"] != wanted.name:
        what = f"belongs to configuration {found['ConfigurationName']}: a channel can have one only"
        yield problem(where, what, "take another channel, or delete that configuration")
        return
    if found["SlackTeamId"] != team:
        yield problem(where, f"is configured in workspace {found['SlackTeamId']}", deploy)
    topics = {
        stack.names.topic_arn(one)
        if one in OWN
        else stack.names.channel_topic_arn(one.removeprefix("to-"))
        for one in wanted.told
    }
    heard = set(found.get("SnsTopicArns", ()))
    for topic in sorted(topics - heard):
        yield problem(where, f"does not hear topic {topic.rpartition(':')[2]}", deploy)
    for topic in sorted(heard - topics):
        yield problem(where, f"hears topic {topic.rpartition(':')[2]} in AWS", deploy)
    yield from _disabled(where, found)


def _disabled(where: str, found: Mapping[str, Any]) -> Iterator[Finding]:
    """Say why AWS has something off."""
    if found.get("State", "ENABLED") != "ENABLED":
        reason = found.get("StateReason") or "no reason is said"
        yield problem(where, f"is disabled: {reason}", f"see {_CONSOLE}")
