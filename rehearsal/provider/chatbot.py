"""AWS Chatbot (Amazon Q Developer in chat applications): Slack channels."""

import re
from typing import Any

from rehearsal.provider.iam import check_role
from rehearsal.provider.registry import (
    Call,
    Found,
    Tagging,
    creates,
    deletes,
    known,
    one_of,
    reads,
    updates,
)

DEFAULT_GUARDRAILS = ["arn:aws:iam::aws:policy/AdministratorAccess"]
"""What AWS sets where nothing is said."""
UNKNOWN_TEAM = "rehearsal"
"""Slack knows a workspace's name; nobody here does."""

_PATTERNS = {
    # CreateSlackChannelConfiguration in botocore's model.
    "configurationName": re.compile(r"[A-Za-z0-9-_]{1,128}"),
    "slackChannelId": re.compile(r"[A-Za-z0-9]{1,255}"),
    "slackTeamId": re.compile(r"[0-9A-Z]{1,255}"),
}


CHANNEL = "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration"


def _list_tags(call: Call) -> dict[str, str]:
    answer = call.cloud.chatbot.list_tags_for_resource(ResourceARN=call.id)
    return {tag["TagKey"]: tag["TagValue"] for tag in answer["Tags"]}


def _add_tags(call: Call, added: dict[str, str]) -> None:
    tags = [{"TagKey": key, "TagValue": text} for key, text in added.items()]
    call.cloud.chatbot.tag_resource(ResourceARN=call.id, Tags=tags)


def _remove_tags(call: Call, gone: list[str]) -> None:
    call.cloud.chatbot.untag_resource(ResourceARN=call.id, TagKeys=gone)


@creates(
    CHANNEL,
    replaces={"configurationName", "slackTeamId"},
    unique="configurationName",
    tags=Tagging(_list_tags, _add_tags, _remove_tags),
)
def create_channel(call: Call) -> str:
    """Bind a Slack channel to topics, which must exist."""
    answer = call.cloud.chatbot.create_slack_channel_configuration(
        ConfigurationName=_matching(call, "configurationName"),
        SlackTeamId=_matching(call, "slackTeamId"),
        **_channel(call),
        **known({"Tags": call.tag_list("TagKey", "TagValue")}),
    )
    arn: str = answer["ChannelConfiguration"]["ChatConfigurationArn"]
    return arn


@reads(CHANNEL)
def read_channel(call: Call) -> Found:
    """Look at a channel's configuration."""
    (found,) = call.cloud.chatbot.describe_slack_channel_configurations(
        ChatConfigurationArn=call.id
    )["SlackChannelConfigurations"]
    return {
        "slackChannelId": found["SlackChannelId"],
        "iamRoleArn": found["IamRoleArn"],
        "snsTopicArns": found["SnsTopicArns"],
        "loggingLevel": found["LoggingLevel"],
        "guardrailPolicyArns": found["GuardrailPolicyArns"],
        "userAuthorizationRequired": found["UserAuthorizationRequired"],
    }, {
        "chatConfigurationArn": call.id,
        "configurationName": found["ConfigurationName"],
        "slackTeamId": found["SlackTeamId"],
        "slackChannelName": found["SlackChannelId"],
        "slackTeamName": UNKNOWN_TEAM,
    }


@updates(CHANNEL)
def update_channel(call: Call) -> None:
    """Change a channel's configuration."""
    call.cloud.chatbot.update_slack_channel_configuration(
        ChatConfigurationArn=call.id, **_channel(call)
    )


@deletes(CHANNEL)
def delete_channel(call: Call) -> None:
    """Let a channel hear of topics no longer."""
    call.cloud.chatbot.delete_slack_channel_configuration(ChatConfigurationArn=call.id)


def _channel(call: Call) -> dict[str, Any]:
    args = call.args
    role, topics = args.need("iamRoleArn"), args.get("snsTopicArns", [])
    check_role(call, "iamRoleArn", role, "chatbot.amazonaws.com")
    for topic in topics:
        # A topic may be in another region than Chatbot.
        call.cloud.client("sns", topic.split(":")[3]).get_topic_attributes(TopicArn=topic)
    return {
        "SlackChannelId": _matching(call, "slackChannelId"),
        "IamRoleArn": role,
        "SnsTopicArns": topics,
        "LoggingLevel": one_of(
            "loggingLevel", args.get("loggingLevel", "NONE"), ("ERROR", "INFO", "NONE")
        ),
        "GuardrailPolicyArns": args.get("guardrailPolicyArns") or DEFAULT_GUARDRAILS,
        "UserAuthorizationRequired": args.get("userAuthorizationRequired", False),
    }


def _matching(call: Call, key: str) -> str:
    given: str = call.args.need(key)
    if not _PATTERNS[key].fullmatch(given):
        raise ValueError(f"{key} is {given!r}, but AWS takes {_PATTERNS[key].pattern}")
    return given
