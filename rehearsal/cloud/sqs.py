"""SQS's own calls, refused as AWS was recorded to do."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, NoReturn

from moto.core import utils
from moto.sqs.models import Message, Queue
from moto.sqs.responses import SQSResponse

from rehearsal.cloud.repairs import Refusal, Repairs

MAX_BATCH = 10
MAX_WAIT_SECONDS = 20

_BATCH_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_FIFO_ID = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}")
_ORDERED_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")


def repair(repairs: Repairs) -> None:
    """Moto takes ids, attributes, delays and handles that SQS refuses."""
    checks: dict[str, Callable[[Any, dict[str, Any]], None]] = {
        "create_queue": _check_queue,
        "delete_message": _check_handle,
        "delete_message_batch": _check_batch,
        "receive_message": _check_receive,
        "send_message": _check_message,
        "send_message_batch": _check_message_batch,
        "set_queue_attributes": _check_attributes,
    }
    for operation, check in checks.items():
        otherwise = getattr(SQSResponse, operation)

        def checked(
            self: Any,
            otherwise: Any = otherwise,
            check: Callable[[Any, dict[str, Any]], None] = check,
        ) -> Any:
            check(self.sqs_backend, self.params)
            return otherwise(self)

        repairs.put(SQSResponse, operation, checked)

    def cancel_message_move_task(self: Any) -> Any:
        _check_task_handle(self.sqs_backend, self.params["TaskHandle"])
        raise Refusal("ResourceNotFoundException", "Task does not exist.")

    repairs.add(SQSResponse, "cancel_message_move_task", cancel_message_move_task)
    _keep_the_policy(repairs)
    _show_messages_as_soon_as_they_may_be_seen(repairs)
    _say_where_dead_letters_come_from(repairs)


def _keep_the_policy(repairs: Repairs) -> None:
    """Moto forgets a queue's policy whenever another attribute is set."""
    set_attributes: Any = Queue._set_attributes  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - what is repaired

    def keeping(self: Any, attributes: dict[str, Any], now: Any = None) -> None:
        kept = getattr(self, "_policy_json", None) and {"Policy": self.policy}
        set_attributes(self, {**(kept or {}), **attributes}, now)

    repairs.put(Queue, "_set_attributes", keeping)


def _show_messages_as_soon_as_they_may_be_seen(repairs: Repairs) -> None:
    """Moto hides a message that was given back for another instant: for ever, if time stands."""

    def visible(self: Any) -> bool:
        return bool(utils.unix_time_millis() >= self.visible_at)

    repairs.put(Message, "visible", property(visible))


def _say_where_dead_letters_come_from(repairs: Repairs) -> None:
    """Moto does not answer DeadLetterQueueSourceArn of what was received too often."""
    add_message = Queue.add_message
    receive: Any = SQSResponse.receive_message

    def add(self: Any, message: Any) -> None:
        before = getattr(message, "came_to", None)
        message.came_to = self.queue_arn
        message.came_from = before
        add_message(self, message)

    def receive_message(self: Any) -> Any:
        answer = receive(self)
        wanted = {"All", "DeadLetterQueueSourceArn"} & {
            *(self.params.get("MessageSystemAttributeNames") or ()),
            *(self.params.get("AttributeNames") or ()),
        }
        if wanted:
            known: list[Any] = _queue(self.sqs_backend, self.params)._messages  # noqa: SLF001 - moto has no other way
            source = {one.id: getattr(one, "came_from", None) for one in known}
            for message in answer.result.get("Messages", ()):
                if arn := source.get(message["MessageId"]):
                    message.setdefault("Attributes", {})["DeadLetterQueueSourceArn"] = arn
        return answer

    repairs.put(Queue, "add_message", add)
    repairs.put(SQSResponse, "receive_message", receive_message)


def _queue(backend: Any, given: dict[str, Any]) -> Any:
    return backend.get_queue(given["QueueUrl"].rpartition("/")[2])


def _refuse(reason: str) -> NoReturn:
    raise Refusal("InvalidParameterValue", reason)


def _check_queue(backend: Any, given: dict[str, Any]) -> None:
    attributes: dict[str, Any] = given.get("Attributes") or {}
    _check_encryption(attributes)
    existing = backend.queues.get(given["QueueName"])
    if existing is None:
        return
    now = existing.attributes
    for name, value in attributes.items():
        if str(now.get(name)).lower() != str(value).lower():
            raise Refusal(
                "QueueAlreadyExists",
                "A queue already exists with the same name and a different value for attribute "
                f"{name}",
            )


def _check_encryption(attributes: dict[str, Any]) -> None:
    managed = str(attributes.get("SqsManagedSseEnabled", "false")).lower() == "true"
    if attributes.get("KmsMasterKeyId") and managed:
        raise Refusal(
            "InvalidAttributeName",
            "You can use one type of server-side encryption (SSE) at one time. You can either "
            "enable KMS SSE or SQS SSE.",
        )


def _check_attributes(backend: Any, given: dict[str, Any]) -> None:
    queue = _queue(backend, given)
    attributes: dict[str, Any] = given.get("Attributes") or {}
    _check_encryption(attributes)
    for name, value in attributes.items():
        if not queue.fifo_queue and name in ("FifoQueue", *_ORDERED_ONLY):
            raise Refusal("InvalidAttributeName", f"Unknown Attribute {name}.")
        if name == "FifoQueue" and str(value).lower() != "true":
            raise Refusal(
                "InvalidAttributeValue",
                "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not "
                "supported.",
            )


def _check_message(backend: Any, given: dict[str, Any]) -> None:
    queue = _queue(backend, given)
    if not given.get("MessageBody"):
        raise Refusal("MissingParameter", "The request must contain the parameter MessageBody.")
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        value = given.get(name)
        if value is not None and not _FIFO_ID.fullmatch(value):
            _refuse(
                f"Value {value} for parameter {name} is invalid. Reason: {name} can only include "
                "alphanumeric and punctuation characters. 1 to 128 in length."
            )
    for name, attribute in (given.get("MessageAttributes") or {}).items():
        if not attribute.get("StringValue", attribute.get("BinaryValue")):
            _refuse(
                f"Message (user) attribute '{name}' must contain a non-empty value of type "
                f"'{attribute['DataType']}'."
            )
    size = len(given["MessageBody"].encode())
    if size > int(queue.maximum_message_size):
        _refuse(
            "One or more parameters are invalid. Reason: Message must be shorter than "
            f"{queue.maximum_message_size} bytes."
        )
    if queue.fifo_queue:
        _check_ordered(queue, given)


def _check_ordered(queue: Any, given: dict[str, Any]) -> None:
    if not given.get("MessageGroupId"):
        raise Refusal("MissingParameter", "The request must contain the parameter MessageGroupId.")
    if given.get("DelaySeconds"):
        _refuse(
            f"Value {given['DelaySeconds']} for parameter DelaySeconds is invalid. Reason: The "
            "request include parameter that is not valid for this queue type."
        )
    by_content = queue.attributes.get("ContentBasedDeduplication") == "true"
    if not given.get("MessageDeduplicationId") and not by_content:
        _refuse(
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


def _check_batch(_backend: Any, given: dict[str, Any]) -> None:
    entries: list[dict[str, Any]] = given.get("Entries") or []
    if len(entries) > MAX_BATCH:
        raise Refusal(
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {MAX_BATCH}. You have sent {len(entries)}.",
        )
    if any(not _BATCH_ID.fullmatch(entry["Id"]) for entry in entries):
        raise Refusal(
            "AWS.SimpleQueueService.InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long.",
        )


def _check_message_batch(backend: Any, given: dict[str, Any]) -> None:
    _check_batch(backend, given)
    queue = _queue(backend, given)
    for entry in (given.get("Entries") or []) if queue.fifo_queue else []:
        if not entry.get("MessageGroupId"):
            _refuse("The request must contain the parameter MessageGroupId.")
        _check_ordered(queue, {**entry, "DelaySeconds": None})


def _check_receive(_backend: Any, given: dict[str, Any]) -> None:
    wait = given.get("WaitTimeSeconds")
    if wait is not None and not 0 <= int(wait) <= MAX_WAIT_SECONDS:
        _refuse(
            f"Value {wait} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= "
            f"{MAX_WAIT_SECONDS}, if provided."
        )


def _check_handle(backend: Any, given: dict[str, Any]) -> None:
    queue, handle = _queue(backend, given), given["ReceiptHandle"]
    for message in queue._messages if queue.fifo_queue else []:  # noqa: SLF001 - without expiry
        if message.had_receipt_handle(handle) and message.visible:
            _refuse(
                f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt "
                "handle has expired."
            )


def _check_task_handle(backend: Any, handle: str) -> None:
    try:
        source = base64.b64decode(handle, validate=True).decode()
    except (binascii.Error, ValueError):
        source = ""
    found = re.search(r"arn:[^:]*:sqs:[^:]*:[^:]*:([A-Za-z0-9_.-]+)", source)
    if found is None:
        _refuse("Value for parameter TaskHandle is invalid.")
    if found[1] not in backend.queues:
        raise Refusal(
            "ResourceNotFoundException",
            "The resource that you specified for the SourceArn parameter doesn't exist.",
        )
