"""SNS's own calls, refused as AWS was recorded to do."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import itertools
import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

from moto.core.utils import camelcase_to_underscores
from moto.sns import models
from moto.sns.responses import SNSResponse

from definitions.event_pattern import PatternError, Rule, compile_pattern
from definitions.json_tokens import TokenError, read_all
from rehearsal.cloud.repairs import Refusal, Repairs, check_requests

MAX_MESSAGE_BYTES = 262_144
"""Of a message with the names, types and values of its attributes, or of a batch."""
MAX_SUBJECT = 100
MAX_FILTER_KEYS = 5
MAX_FILTER_COMBINATIONS = 150
"""Values times depth, multiplied over the keys ("Filter policy constraints")."""
MAX_BATCH = 10

_TOPIC_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ARN_PARTS = 6
_PROTOCOLS = (
    "http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"
)  # fmt: skip
_SUBSCRIPTION_ATTRIBUTES = (
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "ReplayPolicy",
    "SubscriptionRoleArn",
)
_TOPIC_ATTRIBUTES = re.compile(
    "Policy|DisplayName|DeliveryPolicy|KmsMasterKeyId|SignatureVersion|TracingConfig"
    "|ContentBasedDeduplication|FifoThroughputScope|ArchivePolicy|DataProtectionPolicy"
    "|(HTTP|Application|Lambda|Firehose|SQS)(Success|Failure)Feedback(RoleArn|SampleRate)"
)
_SUBJECT = re.compile(r"[\x21-\x7e][\x20-\x7e]*")
"""ASCII that begins with no blank, and no line breaks or control characters (Publish)."""
_PLATFORMS = ("ADM", "APNS", "APNS_SANDBOX", "BAIDU", "FCM", "GCM", "MACOS", "MPNS", "WNS")
_APPLICATION_NAME = re.compile(r"[A-Za-z0-9_.-]*")
_ENDPOINT_ATTRIBUTES = ("CustomUserData", "Enabled", "Token")
_MAX_USER_DATA = 2_048
_MAX_NAME = 256
_SMS_ATTRIBUTES = (
    "DefaultSMSType",
    "DefaultSenderID",
    "DeliveryStatusIAMRole",
    "DeliveryStatusSuccessSamplingRate",
    "MonthlySpendLimit",
    "UsageReportS3Bucket",
)
_PHONE = re.compile(r"\+?\d{5,20}")
_TOKEN = re.compile(r"[0-9a-f]{100,}")


def repair(repairs: Repairs) -> None:
    """Moto takes most names, attributes, policies and messages that SNS refuses."""
    checks: dict[str, Callable[[Any, dict[str, Any]], None]] = {
        "add_permission": _check_permission,
        "confirm_subscription": _check_token,
        "create_platform_application": _check_application,
        "create_topic": _check_topic,
        "get_platform_application_attributes": _check_application_arn,
        "opt_in_phone_number": _check_phone,
        "publish": _check_publish,
        "publish_batch": _check_batch,
        "set_endpoint_attributes": _check_endpoint_attributes,
        "set_platform_application_attributes": _check_application_attributes,
        "set_sms_attributes": _check_sms_attributes,
        "set_subscription_attributes": _check_subscription_attribute,
        "set_topic_attributes": _check_topic_attribute,
        "subscribe": _check_subscribe,
        "tag_resource": _check_tags,
        "unsubscribe": _check_unsubscribe,
    }
    check_requests(repairs, SNSResponse, checks)
    _look_for_topics_where_they_can_be(repairs)
    _number_ordered_messages(repairs)
    repairs.put(models.SNSBackend, "_validate_filter_policy", _trust_filter)


def _trust_filter(_backend: Any, _policy: Any, scope: str | None) -> None:
    """Do nothing: the policy was checked by now, and better than moto does it."""
    del scope


def _look_for_topics_where_they_can_be(repairs: Repairs) -> None:
    """Moto crashes on what is no ARN, and does not tell another region from a missing topic."""
    get_topic = models.SNSBackend.get_topic

    def get(self: Any, arn: str) -> Any:
        _check_arn("TopicArn", arn)
        if arn.split(":")[3] != self.region_name:
            _refuse("TopicArn")
        return get_topic(self, arn)

    repairs.put(models.SNSBackend, "get_topic", get)


def _number_ordered_messages(repairs: Repairs) -> None:
    """Moto answers without the sequence number that messages of an ordered topic have."""
    publish = SNSResponse.publish
    numbers = itertools.count(10_000_000_000_000_000_000)

    def numbered(self: Any) -> Any:
        answer: Any = publish(self)
        if (self.params.get("TopicArn") or "").endswith(".fifo"):
            answer.result["SequenceNumber"] = str(next(numbers))
        return answer

    repairs.put(SNSResponse, "publish", numbered)


def _refuse(what: str, *, code: str = "InvalidParameter") -> NoReturn:
    raise Refusal(code, f"Invalid parameter: {what}")


def _check_arn(name: str, arn: str | None) -> None:
    parts = (arn or "").split(":")
    if len(parts) < _ARN_PARTS:
        _refuse(f"{name} Reason: An ARN must have at least {_ARN_PARTS} elements, not {len(parts)}")


# -- topics


def _check_topic(backend: Any, given: dict[str, Any]) -> None:
    name: str = given.get("Name") or ""
    attributes: dict[str, str] = given.get("Attributes") or {}
    is_fifo = str(attributes.get("FifoTopic", "false")).lower() == "true"
    if is_fifo != name.endswith(".fifo"):
        _refuse("Topic Name")
    if not _TOPIC_NAME.fullmatch(name.removesuffix(".fifo")) or len(name) > _MAX_NAME:
        _refuse("Topic Name")
    arn = f"arn:aws:sns:{backend.region_name}:{backend.account_id}:{name}"
    existing = backend.topics.get(arn)
    if existing is None:
        return
    if any(_present(existing, name) != value for name, value in _lower(attributes).items()):
        _refuse("Attributes Reason: Topic already exists with different attributes")
    tags = {tag["Key"]: tag["Value"] for tag in given.get("Tags") or []}
    if tags and tags != existing._tags:  # noqa: SLF001 - moto keeps them nowhere else
        _refuse("Tags Reason: Topic already exists with different tags")


def _lower(attributes: dict[str, Any]) -> dict[str, str]:
    return {name: str(value).lower() for name, value in attributes.items()}


def _present(topic: Any, name: str) -> str:
    """Return what an attribute of a topic is now; moto keeps each under a name of its own."""
    return str(getattr(topic, camelcase_to_underscores(name), "")).lower()


def _check_topic_attribute(backend: Any, given: dict[str, Any]) -> None:
    backend.get_topic(given.get("TopicArn"))
    name = given.get("AttributeName", "")
    if not _TOPIC_ATTRIBUTES.fullmatch(name):
        _refuse("AttributeName")
    if name == "Policy":
        try:
            json.loads(given.get("AttributeValue") or "")
        except ValueError:
            _refuse("Policy Error: null")


def _check_permission(backend: Any, given: dict[str, Any]) -> None:
    topic = backend.get_topic(given.get("TopicArn"))
    policy = json.loads(topic.policy)
    if given.get("Label") in [statement.get("Sid") for statement in policy["Statement"]]:
        _refuse("Statement already exists")
    if any(name not in models.VALID_POLICY_ACTIONS for name in given.get("ActionName") or []):
        _refuse("Policy statement action out of service scope!")


def _check_tags(_backend: Any, given: dict[str, Any]) -> None:
    keys = [tag["Key"] for tag in given.get("Tags") or []]
    if len(set(keys)) < len(keys):
        _refuse("Duplicated keys are not allowed.")


# -- messages


def _check_publish(backend: Any, given: dict[str, Any]) -> None:
    if given.get("PhoneNumber") is not None:
        return
    arn = given.get("TargetArn", given.get("TopicArn"))
    if ":endpoint/" not in (arn or ""):
        _check_order(backend.get_topic(arn), given)
    _check_message(given)
    if _message_bytes(given) > MAX_MESSAGE_BYTES:
        _refuse("Message too long")


def _check_message(given: dict[str, Any]) -> None:
    message: str = given.get("Message") or ""
    if not message:
        _refuse("Empty message")
    subject: str | None = given.get("Subject")
    if subject is not None and (len(subject) > MAX_SUBJECT or not _SUBJECT.fullmatch(subject)):
        _refuse("Subject")
    if given.get("MessageStructure") == "json":
        try:
            texts: Any = json.loads(message)
        except ValueError:
            _refuse("Message Structure - JSON message body failed to parse")
        if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
            _refuse("Message Structure - No default entry in JSON message body")


def _message_bytes(given: dict[str, Any]) -> int:
    size = len((given.get("Message") or "").encode())
    for name, attribute in (given.get("MessageAttributes") or {}).items():
        value = attribute.get("StringValue", attribute.get("BinaryValue", ""))
        size += len(name.encode()) + len(attribute.get("DataType", "").encode())
        size += len(value.encode() if isinstance(value, str) else value)
    return size


def _check_batch(backend: Any, given: dict[str, Any]) -> None:
    topic = backend.get_topic(given.get("TopicArn"))
    entries: list[dict[str, Any]] = given.get("PublishBatchRequestEntries") or []
    if len(entries) > MAX_BATCH or len({entry["Id"] for entry in entries}) < len(entries):
        return  # moto's own words are right
    if sum(map(_message_bytes, entries)) > MAX_MESSAGE_BYTES:
        raise Refusal(
            "BatchRequestTooLong",
            "The length of all the messages put together is more than the limit.",
        )
    for entry in entries:
        _check_message(entry)
        _check_order(topic, entry)


def _check_order(topic: Any, given: dict[str, Any]) -> None:
    """Refuse what a topic that keeps an order needs and has not, or another has and may not."""
    if not topic.fifo_topic:
        if "MessageDeduplicationId" in given:
            _refuse(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId "
                "parameter that is not valid for this topic type"
            )
        return
    if "MessageGroupId" not in given:
        _refuse("The MessageGroupId parameter is required for FIFO topics")
    if "MessageDeduplicationId" not in given and not topic.content_based_deduplication:
        _refuse(
            "The topic should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


# -- subscriptions


def _check_subscribe(backend: Any, given: dict[str, Any]) -> None:
    backend.get_topic(given.get("TopicArn"))
    protocol, endpoint = given.get("Protocol"), given.get("Endpoint") or ""
    if protocol not in _PROTOCOLS:
        _refuse(f"Amazon SNS does not support this protocol string: {protocol}")
    if protocol == "sqs" and not re.fullmatch(r"arn:[^:]*:sqs:[^:]*:[^:]*:[^:]+", endpoint):
        _refuse("SQS endpoint ARN")
    if protocol in ("email", "email-json") and not re.fullmatch(r"[^@\s]+@[^@\s]+", endpoint):
        _refuse("Email address")
    attributes: dict[str, Any] = given.get("Attributes") or {}
    scope = attributes.get("FilterPolicyScope") or "MessageAttributes"
    for name, value in attributes.items():
        _check_attribute(name, value, scope, "Attributes Reason: ")


def _check_subscription_attribute(backend: Any, given: dict[str, Any]) -> None:
    _check_subscription_exists(backend, given)
    subscription = backend.subscriptions[given["SubscriptionArn"]]
    scope = subscription.attributes.get("FilterPolicyScope") or "MessageAttributes"
    _check_attribute(given.get("AttributeName", ""), given.get("AttributeValue"), scope, "")


def _check_attribute(name: str, value: str | None, scope: str, prefix: str) -> None:
    if name not in _SUBSCRIPTION_ATTRIBUTES:
        _refuse("AttributeName")
    text = value or ""
    if name == "RawMessageDelivery" and text.lower() not in ("true", "false"):
        _refuse(f"{prefix}{name}: Invalid value [{text}]. Must be true or false.")
    if name == "FilterPolicyScope" and text not in ("MessageAttributes", "MessageBody"):
        _refuse(
            f"{prefix}{name}: Invalid value [{text}]. Please use either MessageBody or "
            "MessageAttributes"
        )
    if name == "RedrivePolicy" and text:
        policy = _parsed(f"{prefix}{name}", text)
        if not str(policy.get("deadLetterTargetArn", "")).startswith("arn:"):
            _refuse(f"{prefix}{name}: deadLetterTargetArn is an invalid arn")
    if name == "FilterPolicy" and text:
        _check_filter(f"{prefix}{name}", text, scope)


def _parsed(what: str, text: str) -> Any:
    try:
        read_all(text, quoting=False)
    except TokenError as error:
        _refuse(f"{what}: failed to parse JSON. {error}")
    return json.loads(text)


def _check_filter(what: str, text: str, scope: str) -> None:
    policy: Any = _parsed(what, text)
    is_nested = isinstance(policy, dict) and any(
        isinstance(value, dict) for value in policy.values()
    )
    try:
        rule = filter_rule(text)
    except PatternError as error:
        _refuse(f"{what}: {error}")
    if is_nested and scope == "MessageAttributes":
        _refuse("Filter policy scope MessageAttributes does not support nested filter policy")
    if len(policy) > MAX_FILTER_KEYS:
        _refuse(f"{what}: Filter policy can not have more than {MAX_FILTER_KEYS} keys")
    if _combinations(rule) > MAX_FILTER_COMBINATIONS:
        _refuse(f"{what}: Filter policy is too complex")


def filter_rule(policy: str) -> Rule:
    """Read a filter policy, which is an event pattern; SNS writes it anew before it is read.

    Raises:
        PatternError: with the reason that AWS gives.
    """
    return compile_pattern(json.dumps(json.loads(policy), separators=(",", ":")))


def _combinations(rule: Rule) -> int:
    total = 0
    for way in rule:
        product = 1
        for path, tests in way.items():
            product *= len(tests) * (path.count(".") + 1)
        total += product
    return total


def _check_subscription_exists(backend: Any, given: dict[str, Any]) -> None:
    if given.get("SubscriptionArn") not in backend.subscriptions:
        raise Refusal("NotFound", "Subscription does not exist")


def _check_unsubscribe(_backend: Any, given: dict[str, Any]) -> None:
    arn: str | None = given.get("SubscriptionArn")
    if arn is None:
        _refuse("SubscriptionArn Reason: no value for required parameter")
    _check_arn("SubscriptionArn", arn)
    if len(arn.split(":")) == _ARN_PARTS:
        _refuse("SubscriptionId")


def _check_token(_backend: Any, given: dict[str, Any]) -> None:
    if not _TOKEN.fullmatch(given.get("Token", "")):
        raise Refusal("InvalidParameter", "Invalid token")
    _refuse("Token")  # nobody has one: addresses are taken as confirmed


# -- phones


def _check_application(_backend: Any, given: dict[str, Any]) -> None:
    name: str = given.get("Name") or ""
    if not name:
        _refuse(f"{name} Reason: cannot be empty")
    if not _APPLICATION_NAME.fullmatch(name):
        _refuse(
            f"{name} Reason: must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', "
            "and '.'"
        )
    if len(name) > _MAX_NAME:
        _refuse(f"{name} Reason: must be at most {_MAX_NAME} characters long")
    if given.get("Platform") not in _PLATFORMS:
        _refuse(f"Platform Reason: {given.get('Platform')} is not supported")
    attributes: dict[str, str] = given.get("Attributes") or {}
    pair = ("PlatformPrincipal", "PlatformCredential")
    for one, other in (pair, pair[::-1]):
        if one in attributes and other not in attributes:
            _refuse(f"Attributes Reason: {one} attribute provided without {other}")


def _check_application_arn(_backend: Any, given: dict[str, Any]) -> None:
    _check_arn("PlatformApplicationArn", given.get("PlatformApplicationArn"))


def _check_application_attributes(_backend: Any, given: dict[str, Any]) -> None:
    _check_arn("PlatformApplicationArn", given.get("PlatformApplicationArn"))
    _need_attributes(given)


def _check_endpoint_attributes(_backend: Any, given: dict[str, Any]) -> None:
    _need_attributes(given)
    for name, value in given["Attributes"].items():
        if name not in _ENDPOINT_ATTRIBUTES:
            _refuse(f"Attributes Reason: Invalid attribute name: {name}")
        if name == "CustomUserData" and len(value.encode()) > _MAX_USER_DATA:
            _refuse(
                f"Attributes Reason: Invalid value for attribute: {name}: must be at most "
                f"{_MAX_USER_DATA} bytes long in UTF-8 encoding"
            )


def _need_attributes(given: dict[str, Any]) -> None:
    if not given.get("Attributes"):
        raise Refusal(
            "ValidationError",
            "1 validation error detected: Value null at 'attributes' failed to satisfy "
            "constraint: Member must not be null",
        )


def _check_sms_attributes(_backend: Any, given: dict[str, Any]) -> None:
    attributes: dict[str, str] = given.get("attributes") or {}
    for name in attributes:
        if name not in _SMS_ATTRIBUTES:
            raise Refusal("InvalidParameter", f"{name} is not a valid attribute")
    if attributes.get("DefaultSMSType", "Promotional") not in ("Promotional", "Transactional"):
        raise Refusal("InvalidParameter", "DefaultSMSType is invalid")


def _check_phone(_backend: Any, given: dict[str, Any]) -> None:
    if not _PHONE.fullmatch(given.get("phoneNumber", "")):
        _refuse("PhoneNumber Reason: input incorrectly formatted")
