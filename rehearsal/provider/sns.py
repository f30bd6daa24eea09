"""Topics, who may publish to them and who listens."""

import json
import re

from rehearsal.provider.documents import check_resource_policy
from rehearsal.provider.kms import check_key
from rehearsal.provider.registry import (
    Call,
    Found,
    creates,
    deletes,
    json_object,
    one_of,
    reads,
    tagging,
    updates,
)

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_OWNERS_ACTIONS = (
    *("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission"),
    *("DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish"),
)
"""In the policy of a new topic (Amazon SNS developer guide, default access policy)."""
_PROTOCOLS = ("email", "email-json", "sqs")
"""Subscriptions that stay on this machine; moto would really call an https endpoint."""


TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"

_TEXTS = {
    # Argument: attribute of SetTopicAttributes, as it is where nothing is said.
    "displayName": ("DisplayName", ""),
    "kmsMasterKeyId": ("KmsMasterKeyId", ""),
    "signatureVersion": ("SignatureVersion", "1"),
    "tracingConfig": ("TracingConfig", "PassThrough"),
}


@creates(TOPIC, tags=tagging("sns", "ResourceArn", of="id"))
def create_topic(call: Call) -> str:
    """Make a standard topic."""
    name = call.physical_name()
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}: letters, digits, - and _, at most 256")
    attributes = {key: text for key, text in _attributes(call).items() if text}
    answer = call.client("sns").create_topic(Name=name, Attributes=attributes, Tags=call.tag_list())
    arn: str = answer["TopicArn"]
    return arn


@reads(TOPIC)
def read_topic(call: Call) -> Found:
    """Look at a topic; a policy that it was not given itself is a TopicPolicy's."""
    found = call.client("sns").get_topic_attributes(TopicArn=call.id)["Attributes"]
    policy = {"policy": found["Policy"]}
    given = call.args.get("policy") is not None
    texts = {
        key: found.get(attribute) or default or None for key, (attribute, default) in _TEXTS.items()
    }
    return {
        **texts,
        **(policy if given else {}),
        "signatureVersion": int(texts["signatureVersion"] or 1),
    }, {
        **({} if given else policy),
        "arn": call.id,
        "name": call.id.rpartition(":")[2],
        "owner": call.account,
    }


@updates(TOPIC)
def update_topic(call: Call) -> None:
    """Set all attributes of a topic, those that it is no longer given to their defaults."""
    for key, text in _attributes(call).items():
        call.client("sns").set_topic_attributes(
            TopicArn=call.id, AttributeName=key, AttributeValue=text
        )


@deletes(TOPIC)
def delete_topic(call: Call) -> None:
    """Delete a topic; its subscriptions go with it."""
    call.client("sns").delete_topic(TopicArn=call.id)


@updates(TOPIC_POLICY)
@creates(TOPIC_POLICY, replaces={"arn"})
def put_topic_policy(call: Call) -> str:
    """Say who may publish to a topic."""
    arn, policy = call.args.need("arn"), call.args.need("policy")
    check_resource_policy("policy", policy, "sns")
    _set_policy(call, arn, policy)
    return arn


@reads(TOPIC_POLICY)
def read_topic_policy(call: Call) -> Found:
    """Look at who may publish to a topic."""
    found = call.client("sns").get_topic_attributes(TopicArn=call.id)["Attributes"]
    return {"policy": found["Policy"]}, {"arn": call.id, "owner": call.account}


@deletes(TOPIC_POLICY)
def delete_topic_policy(call: Call) -> None:
    """Put the policy back that a topic has at first: the account's own may do everything."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWNERS_ACTIONS],
        "Resource": call.id,
        "Condition": {"StringEquals": {"AWS:SourceOwner": call.account}},
    }
    document = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    _set_policy(call, call.id, json.dumps(document))


@creates(SUBSCRIPTION, replaces={"endpoint", "protocol", "topic"})
def create_subscription(call: Call) -> str:
    """Have an address or a queue listen to a topic; a person must confirm an address."""
    args = call.args
    protocol = one_of("protocol", args.need("protocol"), _PROTOCOLS)
    endpoint, owner = args.need("endpoint"), args.need("topic")
    by_mail = protocol != "sqs"
    if by_mail and not _EMAIL.fullmatch(endpoint):
        raise ValueError(f"endpoint is {endpoint!r}, which is no e-mail address")
    if not by_mail and not endpoint.startswith("arn:aws:sqs:"):
        raise ValueError(f"endpoint is {endpoint!r}, which is no ARN of a queue")
    arn: str = call.client("sns").subscribe(
        TopicArn=owner,
        Protocol=protocol,
        Endpoint=endpoint,
        Attributes={key: text for key, text in _subscription(call).items() if text},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return arn


@reads(SUBSCRIPTION)
def read_subscription(call: Call) -> Found:
    """Look at a subscription."""
    answer = call.client("sns").get_subscription_attributes(SubscriptionArn=call.id)
    found = answer["Attributes"]
    by_mail, pattern = found["Protocol"] != "sqs", found.get("FilterPolicy") or None
    return {
        "filterPolicy": pattern,
        "filterPolicyScope": found.get("FilterPolicyScope") if pattern else None,
        "rawMessageDelivery": found.get("RawMessageDelivery") == "true",
    }, {
        "arn": call.id,
        "endpoint": found["Endpoint"],
        "protocol": found["Protocol"],
        "topic": found["TopicArn"],
        "ownerId": call.account,
        "pendingConfirmation": by_mail,
        "confirmationWasAuthenticated": not by_mail,
    }


@updates(SUBSCRIPTION)
def update_subscription(call: Call) -> None:
    """Change what reaches a subscriber, and how."""
    for key, text in _subscription(call).items():
        call.client("sns").set_subscription_attributes(
            SubscriptionArn=call.id, AttributeName=key, AttributeValue=text
        )


@deletes(SUBSCRIPTION)
def delete_subscription(call: Call) -> None:
    """Have somebody listen no longer."""
    call.client("sns").unsubscribe(SubscriptionArn=call.id)


def _attributes(call: Call) -> dict[str, str]:
    """Return all attributes that can change; what is empty is off."""
    args = call.args
    one_of("tracingConfig", args.get("tracingConfig"), ("Active", "PassThrough"))
    one_of("signatureVersion", args.get("signatureVersion"), (1, 2))
    if key := args.get("kmsMasterKeyId"):
        check_key(call, "kmsMasterKeyId", key)
    attributes = {
        attribute: str(args.get(key, default)) for key, (attribute, default) in _TEXTS.items()
    }
    if policy := args.get("policy"):
        check_resource_policy("policy", policy, "sns")
        attributes["Policy"] = policy
    return attributes


def _subscription(call: Call) -> dict[str, str]:
    """Return all attributes that can change; what is empty is off."""
    args = call.args
    pattern = args.get("filterPolicy")
    if pattern is not None:
        json_object("filterPolicy", pattern)
    scope = one_of(
        "filterPolicyScope", args.get("filterPolicyScope"), ("MessageAttributes", "MessageBody")
    )
    if scope and pattern is None:
        raise ValueError("filterPolicyScope belongs to a filterPolicy, only")
    return {
        "RawMessageDelivery": json.dumps(args.get("rawMessageDelivery", False)),
        **({"FilterPolicyScope": scope or "MessageAttributes"} if pattern else {}),
        "FilterPolicy": pattern or "",
    }


def _set_policy(call: Call, arn: str, policy: str) -> None:
    call.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=policy
    )
