"""From a topic to mailboxes and to Slack."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from rehearsal.cloud import SlackMessage
from tests.rehearsal.conftest import START, Account

NOTIFICATION: dict[str, Any] = {
    "version": "1.0",
    "source": "custom",
    "content": {"textType": "client-markdown", "title": "list failed", "description": "exit 3"},
}
CONFIGURATION: dict[str, Any] = {
    "ConfigurationName": "batch-prod-failure",
    "IamRoleArn": "arn:aws:iam::123456789012:role/chatbot",
    "SlackTeamId": "T0123ABCD",
    "SlackChannelId": "C0BBBBBBB",
}


@pytest.fixture
def topic(account: Account) -> str:
    arn: str = account.aws.client("sns").create_topic(Name="failure")["TopicArn"]
    return arn


def publish(account: Account, topic: str, message: Any, **more: Any) -> None:
    text = message if isinstance(message, str) else json.dumps(message)
    account.aws.client("sns").publish(TopicArn=topic, Message=text, **more)


def configure(account: Account, topic: str, **more: Any) -> str:
    answer = account.aws.chatbot.create_slack_channel_configuration(
        **CONFIGURATION, SnsTopicArns=[topic], **more
    )
    arn: str = answer["ChannelConfiguration"]["ChatConfigurationArn"]
    return arn


def test_a_custom_notification_reaches_its_channel(account: Account, topic: str) -> None:
    configure(account, topic)
    publish(account, topic, NOTIFICATION)
    assert account.aws.slack == [
        SlackMessage(channel_id="C0BBBBBBB", topic_arn=topic, time=START, notification=NOTIFICATION)
    ]


def test_slack_gets_the_default_of_a_structured_message(account: Account, topic: str) -> None:
    configure(account, topic)
    message = {"default": json.dumps(NOTIFICATION), "email": "plain"}
    publish(account, topic, message, MessageStructure="json")
    assert account.aws.slack[0].notification == NOTIFICATION


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("plain text", "the message is not JSON"),
        ([1], "the message is not an object"),
        (
            {**NOTIFICATION, "version": "2.0"},
            "the message is not a custom notification of version 1.0",
        ),
        (
            {**NOTIFICATION, "source": "aws.states"},
            "the message is not a custom notification of version 1.0",
        ),
        ({**NOTIFICATION, "content": {}}, "the notification has no content.description"),
    ],
)
def test_chatbot_drops(account: Account, topic: str, message: Any, why: str) -> None:
    configure(account, topic)
    publish(account, topic, message)
    assert [shown.dropped for shown in account.aws.slack] == [why]


def test_chatbot_shows_an_alarm_as_it_comes(account: Account, topic: str) -> None:
    configure(account, topic)
    alarm = {"AlarmName": "dead-letters", "NewStateValue": "ALARM"}
    publish(account, topic, alarm)
    assert [(shown.notification, shown.dropped) for shown in account.aws.slack] == [(alarm, None)]


def test_a_topic_without_a_channel_is_not_shown(account: Account, topic: str) -> None:
    other = account.aws.client("sns").create_topic(Name="other")["TopicArn"]
    configure(account, topic)
    publish(account, other, NOTIFICATION)
    assert account.aws.slack == []


@pytest.mark.parametrize(
    "wrong",
    [{"SlackChannelId": "#general"}, {"SlackTeamId": "t1"}, {"ConfigurationName": "a b"}],
)
def test_a_configuration_is_checked_as_aws_does(account: Account, wrong: dict[str, str]) -> None:
    with pytest.raises(ParamValidationError, match="does not match"):
        account.aws.chatbot.create_slack_channel_configuration(**CONFIGURATION | wrong)


def test_a_configuration_needs_its_required_members(account: Account) -> None:
    with pytest.raises(ParamValidationError, match="SlackChannelId"):
        account.aws.chatbot.create_slack_channel_configuration(ConfigurationName="x")


def test_a_channel_is_configured_once(account: Account, topic: str) -> None:
    configure(account, topic)
    with pytest.raises(ClientError, match="ConflictException"):
        account.aws.chatbot.create_slack_channel_configuration(
            **CONFIGURATION | {"ConfigurationName": "another"}
        )


def test_a_configuration_is_changed_described_and_deleted(account: Account, topic: str) -> None:
    arn = configure(account, topic)
    chatbot = account.aws.chatbot
    chatbot.update_slack_channel_configuration(ChatConfigurationArn=arn, SlackChannelId="C0AAAAAAA")
    publish(account, topic, NOTIFICATION)
    assert [shown.channel_id for shown in account.aws.slack] == ["C0AAAAAAA"]
    (described,) = chatbot.describe_slack_channel_configurations(ChatConfigurationArn=arn)[
        "SlackChannelConfigurations"
    ]
    assert described["SnsTopicArns"] == [topic]
    chatbot.delete_slack_channel_configuration(ChatConfigurationArn=arn)
    assert chatbot.describe_slack_channel_configurations() == {"SlackChannelConfigurations": []}
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        chatbot.delete_slack_channel_configuration(ChatConfigurationArn=arn)


def test_mail_is_the_text_for_email(account: Account, topic: str) -> None:
    sns = account.aws.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.com")
    message = {"default": "{}", "email": "it failed"}
    publish(account, topic, message, MessageStructure="json", Subject="[prod] list failed")
    (mail,) = account.aws.mail
    assert (mail.to, mail.subject, mail.text) == (
        "oncall@example.com",
        "[prod] list failed",
        "it failed",
    )
    assert (mail.topic_arn, mail.time) == (topic, START)


def test_a_queue_still_gets_its_message(account: Account, topic: str) -> None:
    account.aws.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=account.queue("copy"),
        Attributes={"RawMessageDelivery": "true"},
    )
    publish(account, topic, {"a": 1})
    assert account.letters("copy")[0][0] == {"a": 1}


def test_nothing_is_posted_to_the_web(account: Account, topic: str) -> None:
    account.aws.client("sns").subscribe(
        TopicArn=topic, Protocol="https", Endpoint="https://example.com/hook"
    )
    with pytest.raises(NotImplementedError, match=r"https://example\.com/hook"):
        publish(account, topic, {"a": 1})


def test_a_machine_publishes_with_structure_and_subject(account: Account, topic: str) -> None:
    configure(account, topic)
    sns = account.aws.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.com")
    arguments = {
        "TopicArn": topic,
        "Subject": "news",
        "MessageStructure": "json",
        "Message": {"default": json.dumps(NOTIFICATION), "email": "plain"},
    }
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": arguments,
        "End": True,
    }
    account.run(account.machine({"Publish": state}))
    assert account.aws.slack[0].notification == NOTIFICATION
    assert (account.aws.mail[0].subject, account.aws.mail[0].text) == ("news", "plain")
