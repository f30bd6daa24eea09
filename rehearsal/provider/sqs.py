"""Queues and who may send to them."""

import json
from typing import Any

from rehearsal.provider.documents import check_resource_policy
from rehearsal.provider.kms import check_key
from rehearsal.provider.registry import (
    NAME,
    Call,
    Found,
    creates,
    deletes,
    json_object,
    reads,
    tagging,
    updates,
    within,
)

QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"

_NUMBERS = {
    # Argument: attribute of SetQueueAttributes, least, most, default.
    "delaySeconds": ("DelaySeconds", 0, 900, 0),
    "kmsDataKeyReusePeriodSeconds": ("KmsDataKeyReusePeriodSeconds", 60, 86_400, 300),
    "maxMessageSize": ("MaximumMessageSize", 1_024, 1_048_576, 262_144),
    "messageRetentionSeconds": ("MessageRetentionPeriod", 60, 1_209_600, 345_600),
    "receiveWaitTimeSeconds": ("ReceiveMessageWaitTimeSeconds", 0, 20, 0),
    "visibilityTimeoutSeconds": ("VisibilityTimeout", 0, 43_200, 30),
}


@creates(
    QUEUE,
    replaces=NAME | {"fifoQueue"},
    tags=tagging("sqs", "QueueUrl", of="id", words=None, kind="queue", lists="list_queue_tags"),
)
def create_queue(call: Call) -> str:
    """Make a queue."""
    name, attributes = call.physical_name(), _attributes(call)
    if call.args.get("fifoQueue"):
        attributes["FifoQueue"] = "true"
    answer = call.client("sqs").create_queue(
        QueueName=name,
        Attributes={key: text for key, text in attributes.items() if text},
        tags=call.tags,
    )
    url: str = answer["QueueUrl"]
    return url


@reads(QUEUE)
def read_queue(call: Call) -> Found:
    """Look at a queue; a policy that it was not given itself is a QueuePolicy's."""
    answer = call.client("sqs").get_queue_attributes(QueueUrl=call.id, AttributeNames=["All"])
    found = answer["Attributes"]
    policy = {"policy": found.get("Policy") or None}
    given = call.args.get("policy") is not None
    return {
        **{
            key: int(found.get(attribute, default))
            for key, (attribute, _, _, default) in _NUMBERS.items()
        },
        **(policy if given else {}),
        "fifoQueue": found.get("FifoQueue") == "true",
        "kmsMasterKeyId": found.get("KmsMasterKeyId") or None,
        "redrivePolicy": found.get("RedrivePolicy") or None,
        "sqsManagedSseEnabled": found.get("SqsManagedSseEnabled") == "true",
    }, {
        **({} if given else policy),
        "url": call.id,
        "arn": found["QueueArn"],
        "name": found["QueueArn"].rpartition(":")[2],
    }


@updates(QUEUE)
def update_queue(call: Call) -> None:
    """Set all attributes of a queue, those that it is no longer given to their defaults."""
    call.client("sqs").set_queue_attributes(QueueUrl=call.id, Attributes=_attributes(call))


@deletes(QUEUE)
def delete_queue(call: Call) -> None:
    """Delete a queue with its messages."""
    call.client("sqs").delete_queue(QueueUrl=call.id)


@updates(QUEUE_POLICY)
@creates(QUEUE_POLICY, replaces={"queueUrl"})
def put_queue_policy(call: Call) -> str:
    """Say who may send to a queue."""
    url, policy = call.args.need("queueUrl"), call.args.need("policy")
    check_resource_policy("policy", policy, "sqs")
    call.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url


@reads(QUEUE_POLICY)
def read_queue_policy(call: Call) -> Found | None:
    """Look at who may send to a queue."""
    answer = call.client("sqs").get_queue_attributes(QueueUrl=call.id, AttributeNames=["All"])
    policy = answer["Attributes"].get("Policy")
    return ({"policy": policy}, {"queueUrl": call.id}) if policy else None


@deletes(QUEUE_POLICY)
def delete_queue_policy(call: Call) -> None:
    """Let nobody but the account send to a queue."""
    call.client("sqs").set_queue_attributes(QueueUrl=call.id, Attributes={"Policy": ""})


def _attributes(call: Call) -> dict[str, str]:
    """Return all attributes that can change; what is empty is off."""
    args = call.args
    attributes: dict[str, str] = {}
    for key, (attribute, least, most, default) in _NUMBERS.items():
        number = within(key, args.get(key), least, most)
        attributes[attribute] = str(default if number is None else number)
    if policy := args.get("policy"):
        check_resource_policy("policy", policy, "sqs")
        attributes["Policy"] = policy
    redrive = args.get("redrivePolicy")
    if redrive:
        json_object("redrivePolicy", redrive)
    attributes["RedrivePolicy"] = redrive or ""
    return attributes | _encryption(call)


def _encryption(call: Call) -> dict[str, Any]:
    key, own = call.args.get("kmsMasterKeyId"), call.args.get("sqsManagedSseEnabled")
    if key and own:
        raise ValueError("give one of 'kmsMasterKeyId' and 'sqsManagedSseEnabled'")
    if key:
        check_key(call, "kmsMasterKeyId", key)
    # A queue that is told nothing is encrypted by SQS itself (SetQueueAttributes).
    sse = json.dumps(not key if own is None else own)
    return {"KmsMasterKeyId": key or "", "SqsManagedSseEnabled": sse}
