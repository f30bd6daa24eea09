"""From a topic to mailboxes and to Slack."""

import json
from datetime import timedelta
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


def subscribed(account: Account, topic: str, **attributes: str) -> str:
    """Subscribe a queue; return its name."""
    sns = account.aws.client("sns")
    queue = account.queue("copy")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=attributes)
    return "copy"


def test_a_queue_gets_an_envelope(account: Account, topic: str) -> None:
    name = subscribed(account, topic)
    attributes = {"kind": {"DataType": "String", "StringValue": "late"}}
    publish(account, topic, {"a": 1}, Subject="news", MessageAttributes=attributes)
    ((envelope, none),) = account.letters(name)
    assert none == {}
    assert list(envelope) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion",
        "Signature", "SigningCertURL", "UnsubscribeURL", "MessageAttributes",
    ]  # fmt: skip
    assert (envelope["Message"], envelope["Subject"]) == ('{"a": 1}', "news")
    assert envelope["MessageAttributes"] == {"kind": {"Type": "String", "Value": "late"}}
    assert envelope["Timestamp"] == "2026-03-02T00:00:00.000Z"


def test_raw_delivery_keeps_the_attributes(account: Account, topic: str) -> None:
    name = subscribed(account, topic, RawMessageDelivery="true")
    attributes = {"kind": {"DataType": "String", "StringValue": "late"}}
    publish(account, topic, {"a": 1}, MessageAttributes=attributes)
    assert account.letters(name) == [({"a": 1}, {"kind": "late"})]


@pytest.mark.parametrize(
    ("policy", "passed"),
    [
        ({"kind": ["late"]}, ["late"]),
        ({"kind": [{"anything-but": "late"}]}, ["early"]),
        ({"size": [{"numeric": [">", 5]}]}, ["early"]),
        ({"kind": [{"exists": False}]}, ["none"]),
        ({"tags": ["b"]}, ["early"]),
        ({"from": [{"cidr": "10.0.0.0/24"}]}, ["early"]),
    ],
)
def test_a_filter_looks_at_the_attributes(
    account: Account, topic: str, policy: dict[str, Any], passed: list[str]
) -> None:
    name = subscribed(account, topic, RawMessageDelivery="true", FilterPolicy=json.dumps(policy))
    late = {"kind": {"DataType": "String", "StringValue": "late"}}
    early = {
        "kind": {"DataType": "String", "StringValue": "early"},
        "size": {"DataType": "Number", "StringValue": "10.5"},
        "tags": {"DataType": "String.Array", "StringValue": '["a","b"]'},
        "from": {"DataType": "String", "StringValue": "10.0.0.7"},
    }
    for text, attributes in (("late", late), ("early", early), ("none", {})):
        publish(account, topic, json.dumps(text), MessageAttributes=attributes)
    assert [text for text, _ in account.letters(name)] == passed


def test_a_filter_can_look_at_the_body(account: Account, topic: str) -> None:
    name = subscribed(
        account,
        topic,
        RawMessageDelivery="true",
        FilterPolicyScope="MessageBody",
        FilterPolicy='{"job":{"class":[{"prefix":"fail"}]}}',
    )
    for body in ({"job": {"class": "failed"}}, {"job": {"class": "fine"}}, "no json", [1]):
        publish(account, topic, body)
    assert [text for text, _ in account.letters(name)] == [{"job": {"class": "failed"}}]


def test_a_queue_that_admits_nobody_leaves_the_message_to_the_dead_letters(
    account: Account, topic: str
) -> None:
    account.aws.client("sqs").create_queue(QueueName="closed")
    policy = json.dumps({"deadLetterTargetArn": account.queue("dead")})
    account.aws.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:eu-west-1:123456789012:closed",
        Attributes={"RedrivePolicy": policy, "RawMessageDelivery": "true"},
    )
    publish(account, topic, {"a": 1})
    assert account.letters("closed") == []
    ((letter, attributes),) = account.letters("dead")
    assert (letter, attributes["ErrorCode"]) == ({"a": 1}, "AccessDenied")


def test_a_queue_that_is_gone_harms_nobody(account: Account, topic: str) -> None:
    subscribed(account, topic)
    url = account.aws.client("sqs").get_queue_url(QueueName="copy")["QueueUrl"]
    account.aws.client("sqs").delete_queue(QueueUrl=url)
    publish(account, topic, {"a": 1})


def test_an_alarm_is_shown_as_it_comes(account: Account, topic: str) -> None:
    configure(account, topic)
    publish(account, topic, {"AlarmName": "first", "NewStateValue": "ALARM"})
    assert [shown.dropped for shown in account.aws.slack] == [None]


def test_an_ordered_topic_numbers_its_messages(account: Account) -> None:
    sns = account.aws.client("sns")
    made = sns.create_topic(Name="news.fifo", Attributes={"FifoTopic": "true"})
    answer = sns.publish(
        TopicArn=made["TopicArn"],
        Message="a",
        MessageGroupId="g",
        MessageDeduplicationId="d",
    )
    assert len(answer["SequenceNumber"]) == 20


def test_a_receipt_of_an_ordered_queue_expires(account: Account) -> None:
    sqs = account.aws.client("sqs")
    url = sqs.create_queue(QueueName="a.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="a", MessageGroupId="g", MessageDeduplicationId="d")
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=10)["Messages"]
    account.aws.clock.run_until(START + timedelta(seconds=11))
    handle = message["ReceiptHandle"]
    with pytest.raises(ClientError, match="Reason: The receipt handle has expired"):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)


def test_a_queue_is_purged_once_a_minute(account: Account) -> None:
    sqs = account.aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    with pytest.raises(ClientError, match="PurgeQueueInProgress"):
        sqs.purge_queue(QueueUrl=url)
    account.aws.clock.run_until(START + timedelta(seconds=61))
    sqs.purge_queue(QueueUrl=url)


def test_a_queue_keeps_its_policy_when_another_attribute_is_set(account: Account) -> None:
    sqs = account.aws.client("sqs")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = sqs.create_queue(QueueName="kept", Attributes={"Policy": policy})["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert json.loads(found["Policy"]) == json.loads(policy)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert "Policy" not in found
