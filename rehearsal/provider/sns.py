"""Topics, who may publish to them and who listens."""

import re

from rehearsal.provider.documents import check_resource_policy
from rehearsal.provider.kms import check_key
from rehearsal.provider.registry import Call, Made, creates, json_object, one_of

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PROTOCOLS = ("email", "email-json", "sqs")
"""Subscriptions that stay on this machine; moto would really call an https endpoint."""


@creates("aws:sns/topic:Topic", tagged=True)
def topic(call: Call) -> Made:
    """Make a standard topic."""
    args, name = call.args, call.physical_name()
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}: letters, digits, - and _, at most 256")
    one_of("tracingConfig", args.get("tracingConfig"), ("Active", "PassThrough"))
    if key := args.get("kmsMasterKeyId"):
        check_key(call, "kmsMasterKeyId", key)
    policy = args.get("policy")
    if policy is not None:
        check_resource_policy("policy", policy, "sns")
    attributes = args.some(
        DisplayName="displayName",
        KmsMasterKeyId="kmsMasterKeyId",
        Policy="policy",
        TracingConfig="tracingConfig",
    )
    if (version := one_of("signatureVersion", args.get("signatureVersion"), (1, 2))) is not None:
        attributes["SignatureVersion"] = str(version)
    sns = call.client("sns")
    arn: str = sns.create_topic(Name=name, Attributes=attributes, Tags=call.tag_list())["TopicArn"]
    standing = policy or sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    return arn, {"arn": arn, "name": name, "owner": call.account, "policy": standing}


@creates("aws:sns/topicPolicy:TopicPolicy")
def topic_policy(call: Call) -> Made:
    """Say who may publish to a topic."""
    arn, policy = call.args.need("arn"), call.args.need("policy")
    check_resource_policy("policy", policy, "sns")
    call.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=policy
    )
    return arn, {"owner": call.account}


@creates("aws:sns/topicSubscription:TopicSubscription")
def topic_subscription(call: Call) -> Made:
    """Have an address or a queue listen to a topic; a person must confirm an address."""
    args = call.args
    protocol = one_of("protocol", args.need("protocol"), _PROTOCOLS)
    endpoint, owner = args.need("endpoint"), args.need("topic")
    by_mail = protocol != "sqs"
    if by_mail and not _EMAIL.fullmatch(endpoint):
        raise ValueError(f"endpoint is {endpoint!r}, which is no e-mail address")
    if not by_mail and not endpoint.startswith("arn:aws:sqs:"):
        raise ValueError(f"endpoint is {endpoint!r}, which is no ARN of a queue")
    raw, pattern = args.get("rawMessageDelivery", False), args.get("filterPolicy")
    if pattern is not None:
        json_object("filterPolicy", pattern)
    scope = one_of(
        "filterPolicyScope", args.get("filterPolicyScope"), ("MessageAttributes", "MessageBody")
    )
    attributes = {"RawMessageDelivery": "true"} if raw else {}
    if pattern is not None:
        attributes["FilterPolicy"] = pattern
    if scope is not None:
        attributes["FilterPolicyScope"] = scope
    arn: str = call.client("sns").subscribe(
        TopicArn=owner,
        Protocol=protocol,
        Endpoint=endpoint,
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return arn, {
        "arn": arn,
        "ownerId": call.account,
        "pendingConfirmation": by_mail,
        "confirmationWasAuthenticated": not by_mail,
    }
