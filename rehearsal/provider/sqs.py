"""Queues and who may send to them."""

import json
from typing import Any

from rehearsal.provider.documents import check_resource_policy
from rehearsal.provider.kms import check_key
from rehearsal.provider.registry import Call, Made, creates, json_object, within

_NUMBERS = {
    # Argument: attribute of SetQueueAttributes, least, most.
    "delaySeconds": ("DelaySeconds", 0, 900),
    "kmsDataKeyReusePeriodSeconds": ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
    "maxMessageSize": ("MaximumMessageSize", 1_024, 1_048_576),
    "messageRetentionSeconds": ("MessageRetentionPeriod", 60, 1_209_600),
    "receiveWaitTimeSeconds": ("ReceiveMessageWaitTimeSeconds", 0, 20),
    "visibilityTimeoutSeconds": ("VisibilityTimeout", 0, 43_200),
}


@creates("aws:sqs/queue:Queue", tagged=True)
def queue(call: Call) -> Made:
    """Make a queue."""
    args, name = call.args, call.physical_name()
    attributes: dict[str, str] = {}
    for key, (attribute, least, most) in _NUMBERS.items():
        if (number := within(key, args.get(key), least, most)) is not None:
            attributes[attribute] = str(number)
    if policy := args.get("policy"):
        check_resource_policy("policy", policy, "sqs")
        attributes["Policy"] = policy
    if redrive := args.get("redrivePolicy"):
        json_object("redrivePolicy", redrive)
        attributes["RedrivePolicy"] = redrive
    if args.get("fifoQueue"):
        attributes["FifoQueue"] = "true"
    attributes |= _encryption(call)
    sqs = call.client("sqs")
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes, tags=call.tags)["QueueUrl"]
    return url, {"url": url, "arn": call.arn("sqs", name), "name": name}


@creates("aws:sqs/queuePolicy:QueuePolicy")
def queue_policy(call: Call) -> Made:
    """Say who may send to a queue."""
    url, policy = call.args.need("queueUrl"), call.args.need("policy")
    check_resource_policy("policy", policy, "sqs")
    call.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, {}


def _encryption(call: Call) -> dict[str, Any]:
    key, own = call.args.get("kmsMasterKeyId"), call.args.get("sqsManagedSseEnabled")
    if key and own:
        raise ValueError("give one of 'kmsMasterKeyId' and 'sqsManagedSseEnabled'")
    if key:
        check_key(call, "kmsMasterKeyId", key)
        return {"KmsMasterKeyId": key}
    return {} if own is None else {"SqsManagedSseEnabled": json.dumps(own)}
