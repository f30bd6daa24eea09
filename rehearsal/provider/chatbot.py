"""AWS Chatbot (Amazon Q Developer in chat applications): Slack channels."""

import re

from rehearsal.provider.iam import check_role
from rehearsal.provider.registry import Call, Made, creates, known, one_of

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


@creates("aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration", tagged=True)
def slack_channel_configuration(call: Call) -> Made:
    """Bind a Slack channel to topics, which must exist."""
    args = call.args
    given: dict[str, str] = {key: args.need(key) for key in _PATTERNS}
    for key, pattern in _PATTERNS.items():
        if not pattern.fullmatch(given[key]):
            raise ValueError(f"{key} is {given[key]!r}, but AWS takes {pattern.pattern}")
    role, topics = args.need("iamRoleArn"), args.get("snsTopicArns", [])
    check_role(call, "iamRoleArn", role, "chatbot.amazonaws.com")
    for topic in topics:
        # A topic may be in another region than Chatbot.
        call.cloud.client("sns", topic.split(":")[3]).get_topic_attributes(TopicArn=topic)
    level = one_of("loggingLevel", args.get("loggingLevel", "NONE"), ("ERROR", "INFO", "NONE"))
    guardrails = args.get("guardrailPolicyArns") or DEFAULT_GUARDRAILS
    authorization = args.get("userAuthorizationRequired", False)
    answer = call.cloud.chatbot.create_slack_channel_configuration(
        ConfigurationName=given["configurationName"],
        SlackChannelId=given["slackChannelId"],
        SlackTeamId=given["slackTeamId"],
        IamRoleArn=role,
        LoggingLevel=level,
        GuardrailPolicyArns=guardrails,
        UserAuthorizationRequired=authorization,
        **known({"SnsTopicArns": topics, "Tags": call.tag_list("TagKey", "TagValue")}),
    )
    arn: str = answer["ChannelConfiguration"]["ChatConfigurationArn"]
    return arn, {
        "chatConfigurationArn": arn,
        "slackChannelName": given["slackChannelId"],
        "slackTeamName": UNKNOWN_TEAM,
        "snsTopicArns": topics,
        "loggingLevel": level,
        "guardrailPolicyArns": guardrails,
        "userAuthorizationRequired": authorization,
    }
