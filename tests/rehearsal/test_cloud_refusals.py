"""What moto takes, or refuses in words of its own, is refused as AWS does it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud import EmbeddedAws
from tests.rehearsal.conftest import START

ACCOUNT = "eu-west-1:123456789012"
TOPIC = f"arn:aws:sns:{ACCOUNT}:topic"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/queue"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedAws]:
    """An account with one of each; what is refused changes nothing, so all tests share it."""
    with EmbeddedAws(region="eu-west-1", start=START) as aws:
        sns, sqs, events = aws.client("sns"), aws.client("sqs"), aws.client("events")
        sns.create_topic(Name="topic", Attributes={"DisplayName": "a"}, Tags=[])
        sns.create_topic(Name="topic.fifo", Attributes={"FifoTopic": "true"})
        sqs.create_queue(QueueName="queue", Attributes={"DelaySeconds": "1"})
        sqs.create_queue(QueueName="queue.fifo", Attributes={"FifoQueue": "true"})
        queue = f"arn:aws:sqs:{ACCOUNT}:queue"
        sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue)
        events.put_rule(Name="rule", EventPattern='{"source":["own"]}')
        targets = [{"Id": str(n), "Arn": queue} for n in range(5)]
        events.put_targets(Rule="rule", Targets=targets)
        events.create_event_bus(Name="bus")
        iam = aws.client("iam")
        iam.create_role(RoleName="role", AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.create_service_linked_role(AWSServiceName="batch.amazonaws.com")
        yield aws


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call()
    said: Any = error.value.response["Error"]
    return said["Code"], said["Message"]


@pytest.mark.parametrize(
    ("operation", "parameters", "code", "message"),
    [
        (
            "put_rule",
            {"Name": "r", "ScheduleExpression": "rate(1 minutes)"},
            "ValidationException",
            "Parameter ScheduleExpression is not valid.",
        ),
        (
            "put_rule",
            {"Name": "r", "ScheduleExpression": "cron(0 1 * * * *)"},
            "ValidationException",
            "Parameter ScheduleExpression is not valid.",
        ),
        (
            "put_rule",
            {"Name": "r", "EventPattern": '{"a":[{"Exists":true}]}'},
            "InvalidEventPatternException",
            "Event pattern is not valid. Reason: Unrecognized match type Exists\n at [Source: "
            '(String)"{"a":[{"Exists":true}]}"; line: 1, column: 21]',
        ),
        (
            "put_rule",
            {"Name": "r", "EventPattern": json.dumps({"a": ["x" * 2_048]})},
            "LimitExceededException",
            "Event pattern has 2059 characters, and the quota is 2048.",
        ),
        (
            "put_targets",
            {"Rule": "rule", "Targets": [{"Id": "sixth", "Arn": f"arn:aws:sqs:{ACCOUNT}:queue"}]},
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        ),
        (
            "put_targets",
            {
                "Rule": "rule",
                "Targets": [{"Id": "1", "Arn": TOPIC, "Input": "{}", "InputPath": "$.detail"}],
            },
            "ValidationException",
            "Only one of Input, InputPath, or InputTransformer must be provided for target 1.",
        ),
        (
            "put_events",
            {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "x" * 262_144}]},
            "ValidationException",
            "Total size of the entries in the request is over the limit.",
        ),
        (
            "test_event_pattern",
            {"EventPattern": '{"a":["b"]}', "Event": "[1]"},
            "ValidationException",
            "Parameter Event is not valid.",
        ),
        (
            "describe_rule",
            {"Name": "r"},
            "ResourceNotFoundException",
            "Rule r does not exist on EventBus default.",
        ),
        (
            "disable_rule",
            {"Name": "r", "EventBusName": "bus"},
            "ResourceNotFoundException",
            "Rule r does not exist on EventBus bus.",
        ),
        (
            "enable_rule",
            {"Name": "r", "EventBusName": "bus"},
            "ResourceNotFoundException",
            "Rule r does not exist on EventBus bus.",
        ),
        (
            "list_targets_by_rule",
            {"Rule": "r", "EventBusName": "bus"},
            "ResourceNotFoundException",
            "Rule r does not exist on EventBus bus.",
        ),
        (
            "untag_resource",
            {"ResourceARN": f"arn:aws:events:{ACCOUNT}:rule/bus/rule", "TagKeys": ["a"]},
            "ResourceNotFoundException",
            "Rule rule does not exist on EventBus bus.",
        ),
        (
            "tag_resource",
            {
                "ResourceARN": f"arn:aws:events:{ACCOUNT}:event-bus/none",
                "Tags": [{"Key": "a", "Value": "b"}],
            },
            "ResourceNotFoundException",
            "Event bus none does not exist.",
        ),
        (
            "list_tags_for_resource",
            {"ResourceARN": f"arn:aws:events:{ACCOUNT}:rule/bus/rule"},
            "ResourceNotFoundException",
            "Rule rule does not exist on EventBus bus.",
        ),
        (
            "remove_permission",
            {"StatementId": "none"},
            "ResourceNotFoundException",
            "Statement with the provided id does not exist.",
        ),
    ],
)
def test_eventbridge_refuses(
    account: EmbeddedAws, operation: str, parameters: dict[str, Any], code: str, message: str
) -> None:
    call = getattr(account.client("events"), operation)
    assert refused(lambda: call(**parameters)) == (code, message)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"DetailType": "b", "Detail": "{}"}, "InvalidArgument"),
        ({"Source": "a", "DetailType": "b", "Detail": "[1]"}, "MalformedDetail"),
    ],
)
def test_a_wrong_entry_fails_and_the_others_do_not(
    account: EmbeddedAws, entry: dict[str, str], code: str
) -> None:
    good = {"Source": "a", "DetailType": "b", "Detail": "{}"}
    answer = account.client("events").put_events(Entries=[entry, good])
    assert answer["FailedEntryCount"] == 1
    assert [one.get("ErrorCode") for one in answer["Entries"]] == [code, None]


def test_the_policy_of_a_bus_is_kept_by_statement(account: EmbeddedAws) -> None:
    events = account.client("events")
    for sid, principal in (("one", "*"), ("two", "123456789012"), ("three", "123456789012")):
        events.put_permission(
            EventBusName="bus", StatementId=sid, Principal=principal, Action="events:PutEvents"
        )
    policy = json.loads(events.describe_event_bus(Name="bus")["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["one", "two", "three"]
    assert policy["Statement"][0]["Principal"] == "*"
    own = {"Sid": "own", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    whole = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    events.put_permission(EventBusName="bus", Policy=whole)
    policy = json.loads(events.describe_event_bus(Name="bus")["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["own"]


def test_buses_are_listed_with_their_times(account: EmbeddedAws) -> None:
    (bus,) = account.client("events").list_event_buses(NamePrefix="bus")["EventBuses"]
    assert bus["CreationTime"] == bus["LastModifiedTime"] == START


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        ("create_topic", {"Name": "a b"}, "Topic Name"),
        ("create_topic", {"Name": "a.fifo"}, "Topic Name"),
        ("create_topic", {"Name": "a", "Attributes": {"FifoTopic": "true"}}, "Topic Name"),
        (
            "create_topic",
            {"Name": "topic", "Attributes": {"DisplayName": "b"}},
            "Attributes Reason: Topic already exists with different attributes",
        ),
        (
            "create_topic",
            {"Name": "topic", "Tags": [{"Key": "a", "Value": "b"}]},
            "Tags Reason: Topic already exists with different tags",
        ),
        (
            "publish",
            {"TopicArn": "topic", "Message": "a"},
            "TopicArn Reason: An ARN must have at least 6 elements, not 1",
        ),
        (
            "publish",
            {"TopicArn": TOPIC.replace("eu-west-1", "us-east-1"), "Message": "a"},
            "TopicArn",
        ),
        ("publish", {"TopicArn": TOPIC, "Message": ""}, "Empty message"),
        ("publish", {"TopicArn": TOPIC, "Message": "x" * 262_145}, "Message too long"),
        (
            "publish",
            {
                "TopicArn": TOPIC,
                "Message": "x" * 262_140,
                "MessageAttributes": {"n": {"DataType": "Number", "StringValue": "1"}},
            },
            "Message too long",
        ),
        ("publish", {"TopicArn": TOPIC, "Message": "a", "Subject": ""}, "Subject"),
        ("publish", {"TopicArn": TOPIC, "Message": "a", "Subject": "x" * 101}, "Subject"),
        ("publish", {"TopicArn": TOPIC, "Message": "a", "Subject": "é"}, "Subject"),
        ("publish", {"TopicArn": TOPIC, "Message": "a", "Subject": "a\nb"}, "Subject"),
        (
            "publish",
            {"TopicArn": TOPIC, "Message": "{", "MessageStructure": "json"},
            "Message Structure - JSON message body failed to parse",
        ),
        (
            "publish",
            {"TopicArn": TOPIC, "Message": '{"sqs":"a"}', "MessageStructure": "json"},
            "Message Structure - No default entry in JSON message body",
        ),
        (
            "publish",
            {"TopicArn": f"{TOPIC}.fifo", "Message": "a"},
            "The MessageGroupId parameter is required for FIFO topics",
        ),
        (
            "publish",
            {"TopicArn": f"{TOPIC}.fifo", "Message": "a", "MessageGroupId": "g"},
            "The topic should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly",
        ),
        (
            "subscribe",
            {"TopicArn": TOPIC, "Protocol": "pigeon", "Endpoint": "a"},
            "Amazon SNS does not support this protocol string: pigeon",
        ),
        (
            "subscribe",
            {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE},
            "SQS endpoint ARN",
        ),
        (
            "subscribe",
            {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "nobody"},
            "Email address",
        ),
        (
            "subscribe",
            {
                "TopicArn": TOPIC,
                "Protocol": "email",
                "Endpoint": "a@example.com",
                "Attributes": {"FilterPolicy": '{"a": [{"b": 1}]}'},
            },
            "Attributes Reason: FilterPolicy: Unrecognized match type b\n at [Source: (String)"
            '"{"a":[{"b":1}]}"; line: 1, column: 13]',
        ),
        (
            "set_subscription_attributes",
            {"AttributeName": "Other", "AttributeValue": "a"},
            "AttributeName",
        ),
        (
            "set_subscription_attributes",
            {"AttributeName": "RawMessageDelivery", "AttributeValue": "yes"},
            "RawMessageDelivery: Invalid value [yes]. Must be true or false.",
        ),
        (
            "set_subscription_attributes",
            {"AttributeName": "FilterPolicyScope", "AttributeValue": "Head"},
            "FilterPolicyScope: Invalid value [Head]. Please use either MessageBody or "
            "MessageAttributes",
        ),
        (
            "set_subscription_attributes",
            {"AttributeName": "FilterPolicy", "AttributeValue": "{a}"},
            "FilterPolicy: failed to parse JSON. Unexpected character ('a' (code 97)): was "
            "expecting double-quote to start field name\n at [Source: REDACTED "
            "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 2]",
        ),
        (
            "set_subscription_attributes",
            {"AttributeName": "FilterPolicy", "AttributeValue": '{"a":{"b":["c"]}}'},
            "Filter policy scope MessageAttributes does not support nested filter policy",
        ),
        (
            "set_subscription_attributes",
            {
                "AttributeName": "FilterPolicy",
                "AttributeValue": json.dumps({str(n): ["a"] for n in range(6)}),
            },
            "FilterPolicy: Filter policy can not have more than 5 keys",
        ),
        (
            "set_subscription_attributes",
            {
                "AttributeName": "FilterPolicy",
                "AttributeValue": json.dumps({"a": [str(n) for n in range(151)]}),
            },
            "FilterPolicy: Filter policy is too complex",
        ),
        (
            "set_subscription_attributes",
            {"AttributeName": "RedrivePolicy", "AttributeValue": '{"deadLetterTargetArn":"a"}'},
            "RedrivePolicy: deadLetterTargetArn is an invalid arn",
        ),
        (
            "set_topic_attributes",
            {"TopicArn": TOPIC, "AttributeName": "FifoTopic", "AttributeValue": "true"},
            "AttributeName",
        ),
        (
            "set_topic_attributes",
            {"TopicArn": TOPIC, "AttributeName": "Policy", "AttributeValue": "{"},
            "Policy Error: null",
        ),
        (
            "add_permission",
            {
                "TopicArn": TOPIC,
                "Label": "a",
                "AWSAccountId": ["123456789012"],
                "ActionName": ["Shout"],
            },
            "Policy statement action out of service scope!",
        ),
        (
            "tag_resource",
            {"ResourceArn": TOPIC, "Tags": [{"Key": "a", "Value": "b"}] * 2},
            "Duplicated keys are not allowed.",
        ),
        ("unsubscribe", {"SubscriptionArn": TOPIC}, "SubscriptionId"),
        (
            "create_platform_application",
            {"Name": "a b", "Platform": "ADM", "Attributes": {}},
            "a b Reason: must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'",
        ),
        (
            "opt_in_phone_number",
            {"phoneNumber": "call me"},
            "PhoneNumber Reason: input incorrectly formatted",
        ),
        ("confirm_subscription", {"TopicArn": TOPIC, "Token": "0" * 100}, "Token"),
        (
            "get_platform_application_attributes",
            {"PlatformApplicationArn": "a"},
            "PlatformApplicationArn Reason: An ARN must have at least 6 elements, not 1",
        ),
        (
            "set_platform_application_attributes",
            {"PlatformApplicationArn": "a", "Attributes": {}},
            "PlatformApplicationArn Reason: An ARN must have at least 6 elements, not 1",
        ),
        (
            "set_endpoint_attributes",
            {"EndpointArn": f"arn:aws:sns:{ACCOUNT}:endpoint/ADM/a/b", "Attributes": {"a": "b"}},
            "Attributes Reason: Invalid attribute name: a",
        ),
    ],
)
def test_sns_refuses(
    account: EmbeddedAws, operation: str, parameters: dict[str, Any], message: str
) -> None:
    if operation == "set_subscription_attributes":
        (found,) = account.client("sns").list_subscriptions()["Subscriptions"]
        parameters = {**parameters, "SubscriptionArn": found["SubscriptionArn"]}
    call = getattr(account.client("sns"), operation)
    said = refused(lambda: call(**parameters))
    assert said == ("InvalidParameter", f"Invalid parameter: {message}")


def test_text_messages_have_the_attributes_that_sns_knows(account: EmbeddedAws) -> None:
    call = account.client("sns").set_sms_attributes
    said = refused(lambda: call(attributes={"DefaultSMSType": "Loud"}))
    assert said == ("InvalidParameter", "DefaultSMSType is invalid")


def test_a_batch_is_measured_as_a_whole(account: EmbeddedAws) -> None:
    entries = [{"Id": str(n), "Message": "x" * 131_073} for n in range(2)]
    publish = account.client("sns").publish_batch
    said = refused(lambda: publish(TopicArn=TOPIC, PublishBatchRequestEntries=entries))
    assert said[0] == "BatchRequestTooLong"


@pytest.mark.parametrize(
    ("operation", "parameters", "code", "message"),
    [
        (
            "create_queue",
            {"QueueName": "queue", "Attributes": {"DelaySeconds": "2"}},
            "QueueAlreadyExists",
            "A queue already exists with the same name and a different value for attribute "
            "DelaySeconds",
        ),
        (
            "send_message",
            {"MessageBody": ""},
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
        ),
        (
            "send_message",
            {"MessageBody": "a", "MessageGroupId": "a b"},
            "InvalidParameterValue",
            "Value a b for parameter MessageGroupId is invalid. Reason: MessageGroupId can only "
            "include alphanumeric and punctuation characters. 1 to 128 in length.",
        ),
        (
            "send_message",
            {
                "MessageBody": "a",
                "MessageAttributes": {"n": {"DataType": "String", "StringValue": ""}},
            },
            "InvalidParameterValue",
            "Message (user) attribute 'n' must contain a non-empty value of type 'String'.",
        ),
        (
            "receive_message",
            {"WaitTimeSeconds": 21},
            "InvalidParameterValue",
            "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if "
            "provided.",
        ),
        (
            "set_queue_attributes",
            {"Attributes": {"FifoQueue": "false"}},
            "InvalidAttributeName",
            "Unknown Attribute FifoQueue.",
        ),
        (
            "set_queue_attributes",
            {"Attributes": {"KmsMasterKeyId": "k", "SqsManagedSseEnabled": "true"}},
            "InvalidAttributeName",
            "You can use one type of server-side encryption (SSE) at one time. You can either "
            "enable KMS SSE or SQS SSE.",
        ),
        (
            "send_message_batch",
            {"Entries": [{"Id": "a:b", "MessageBody": "a"}]},
            "AWS.SimpleQueueService.InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long.",
        ),
        (
            "delete_message_batch",
            {"Entries": [{"Id": str(n), "ReceiptHandle": "h"} for n in range(11)]},
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10. You have sent 11.",
        ),
        (
            "cancel_message_move_task",
            {"TaskHandle": "foobared"},
            "InvalidParameterValue",
            "Value for parameter TaskHandle is invalid.",
        ),
    ],
)
def test_sqs_refuses(
    account: EmbeddedAws, operation: str, parameters: dict[str, Any], code: str, message: str
) -> None:
    sqs = account.client("sqs")
    if operation not in ("create_queue", "cancel_message_move_task"):
        parameters = {**parameters, "QueueUrl": QUEUE}
    assert refused(lambda: getattr(sqs, operation)(**parameters)) == (code, message)


def test_an_ordered_queue_refuses_a_delay_and_another_type(account: EmbeddedAws) -> None:
    sqs, url = account.client("sqs"), f"{QUEUE}.fifo"
    send = {"QueueUrl": url, "MessageBody": "a", "MessageGroupId": "g"}
    assert "DelaySeconds" in refused(lambda: sqs.send_message(**send, DelaySeconds=2))[1]
    assert "ContentBasedDeduplication" in refused(lambda: sqs.send_message(**send))[1]
    batch = {"QueueUrl": url, "Entries": [{"Id": "a", "MessageBody": "a", "MessageGroupId": "g"}]}
    said = refused(lambda: sqs.send_message_batch(**batch))
    assert "ContentBasedDeduplication" in said[1]
    change = {"QueueUrl": url, "Attributes": {"FifoQueue": "false"}}
    assert refused(lambda: sqs.set_queue_attributes(**change))[0] == "InvalidAttributeValue"


@pytest.mark.parametrize(
    ("operation", "parameters", "code", "message"),
    [
        (
            "create_role",
            {"RoleName": "a", "AssumeRolePolicyDocument": "{,}"},
            "MalformedPolicyDocument",
            "This policy contains invalid Json",
        ),
        (
            "create_role",
            {
                "RoleName": "a",
                "AssumeRolePolicyDocument": json.dumps(
                    {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}
                ),
            },
            "MalformedPolicyDocument",
            "Missing required field Principal",
        ),
        (
            "update_assume_role_policy",
            {
                "RoleName": "role",
                "PolicyDocument": json.dumps(
                    {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}}
                ),
            },
            "MalformedPolicyDocument",
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            "attach_role_policy",
            {"RoleName": "role", "PolicyArn": "longpolicynamebutnoarn"},
            "ValidationError",
            "Invalid ARN:  Could not be parsed!",
        ),
        (
            "attach_role_policy",
            {"RoleName": "role", "PolicyArn": "arn:aws:iam::123456789012:policy/none"},
            "NoSuchEntity",
            "Policy arn:aws:iam::123456789012:policy/none does not exist or is not attachable.",
        ),
        (
            "put_role_policy",
            {
                "RoleName": "role",
                "PolicyName": "big",
                "PolicyDocument": json.dumps(
                    {
                        "Version": "2012-10-17",
                        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "x" * 10_240}],
                    }
                ),
            },
            "LimitExceeded",
            "Maximum policy size of 10240 bytes exceeded for role role",
        ),
        (
            "create_policy",
            {"PolicyName": "big", "PolicyDocument": json.dumps({"a": "x" * 6_144})},
            "LimitExceeded",
            "Cannot exceed quota for PolicySize: 6144",
        ),
        (
            "create_policy_version",
            {
                "PolicyArn": "arn:aws:iam::123456789012:policy/policy",
                "PolicyDocument": json.dumps({"a": "x" * 6_144}),
            },
            "LimitExceeded",
            "Cannot exceed quota for PolicySize: 6144",
        ),
        (
            "put_group_policy",
            {
                "GroupName": "group",
                "PolicyName": "big",
                "PolicyDocument": json.dumps({"a": "x" * 5_120}),
            },
            "LimitExceeded",
            "Maximum policy size of 5120 bytes exceeded for group group",
        ),
        (
            "put_user_policy",
            {
                "UserName": "user",
                "PolicyName": "big",
                "PolicyDocument": json.dumps({"a": "x" * 2_048}),
            },
            "LimitExceeded",
            "Maximum policy size of 2048 bytes exceeded for user user",
        ),
        (
            "attach_user_policy",
            {"UserName": "user", "PolicyArn": "longpolicynamebutnoarn"},
            "ValidationError",
            "Invalid ARN:  Could not be parsed!",
        ),
        (
            "create_service_linked_role",
            {"AWSServiceName": "ecs.amazonaws.com", "CustomSuffix": "a"},
            "InvalidInput",
            "Custom suffix is not allowed for ecs.amazonaws.com",
        ),
        (
            "create_service_linked_role",
            {"AWSServiceName": "batch.amazonaws.com"},
            "InvalidInput",
            "Service role name AWSServiceRoleForBatch has been taken in this account, please try a "
            "different suffix.",
        ),
        (
            "create_service_specific_credential",
            {"UserName": "nobody", "ServiceName": "codecommit.amazonaws.com"},
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        ),
    ],
)
def test_iam_refuses(
    account: EmbeddedAws, operation: str, parameters: dict[str, Any], code: str, message: str
) -> None:
    call = getattr(account.client("iam"), operation)
    assert refused(lambda: call(**parameters)) == (code, message)


def test_a_message_that_was_given_back_is_there_at_once(account: EmbeddedAws) -> None:
    sqs: Any = account.client("sqs")
    url = sqs.create_queue(QueueName="given-back")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="letter")
    (taken,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=60)["Messages"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=taken["ReceiptHandle"], VisibilityTimeout=0
    )
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
