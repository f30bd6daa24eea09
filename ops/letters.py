"""Dead letters: what the stack could not deliver, read, delivered once more, or thrown away.

They come from five places, and each has a form of its own (EventBridge Scheduler User Guide,
"Configuring a dead-letter queue"; EventBridge User Guide, "Using dead-letter queues"): triggers
that schedules could not hand over, events that rules could not, messages that the notifier could
not, and those of the stack's queues that were received too often.
"""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from definitions.notices import NOTICE
from ops.aws import code_of
from ops.errors import OpsError
from ops.stack import Stack
from stacks.settings.jobs import JobSettings

SHORTEST_ID = 8
"""Digits of a letter's id that people see and type."""
_LOOKS_WITHOUT_NEWS = 3
"""A receive asks some of a queue's servers, and may miss what is there."""
_HELD_SECONDS = 120
"""While a letter is delivered, nobody else takes it."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One of them."""

    id: str
    """Of the message, as SQS made it."""
    receipt: str
    since: datetime
    kind: str
    """``trigger``, ``watch``, ``end of a run``, ``start of a run``, ``event``, ``message to
    people``, ``message of a queue`` or ``unknown``."""
    job: str | None
    what: str
    """Which one, in words: the scheduled time, the run, the title."""
    why: str
    goes_to: str | None
    """What is to have it: ``dispatcher``, ``notifier``, ``watcher``, or ``webhooks``; ``None``
    where nobody can tell."""
    again: Any
    """What that is handed."""

    @property
    def short(self) -> str:
        """The part of its id that is enough to name it."""
        return self.id[:SHORTEST_ID]

    def as_json(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "job": self.job,
            "what": self.what,
            "why": self.why,
            "since": self.since,
            "goesTo": self.goes_to,
        }


def letters(stack: Stack, *, hold: bool = False) -> list[Letter]:
    """Return all of them, oldest first; with ``hold``, nobody else can take them for two minutes.

    None is deleted, nor hidden without ``hold``: the watcher reads them, and the queue's alarm
    counts them.
    """
    queue = _queue(stack)
    found: dict[str, Letter] = {}
    in_vain = 0
    while in_vain < _LOOKS_WITHOUT_NEWS:
        answer = stack.aws.client("sqs").receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_HELD_SECONDS if hold else 0,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp", "DeadLetterQueueSourceArn"],
        )
        read = {one["MessageId"]: _read(stack, one) for one in answer.get("Messages", [])}
        in_vain = 0 if read.keys() - found.keys() else in_vain + 1
        found |= read
    return sorted(found.values(), key=lambda letter: letter.since)


def chosen(found: Iterable[Letter], ids: Iterable[str]) -> list[Letter]:
    """Return the letters that these, or their first characters, name.

    Raises:
        OpsError: one names none, or several.
    """
    known = list(found)
    return [_named(known, one) for one in dict.fromkeys(ids)]


def let_go(stack: Stack, held: Iterable[Letter]) -> None:
    """Let others see letters again that were held and stay."""
    for letter in held:
        stack.aws.client("sqs").change_message_visibility(
            QueueUrl=_queue(stack), ReceiptHandle=letter.receipt, VisibilityTimeout=0
        )


def drop(stack: Stack, letter: Letter) -> None:
    """Delete a letter."""
    stack.aws.client("sqs").delete_message(QueueUrl=_queue(stack), ReceiptHandle=letter.receipt)


def redrive(stack: Stack, letter: Letter) -> str:
    """Deliver a letter to where it was to go, then delete it; say in words what was done.

    An execution is named by the letter, and a run by its time or event: delivering it twice, even
    after the deletion failed, starts nothing twice.

    Raises:
        OpsError: nobody can tell where it was to go.
    """
    if letter.goes_to is None:
        raise OpsError(f"{letter.short} cannot be delivered by ops: {letter.what}")
    if letter.goes_to == "webhooks":
        stack.aws.client("events").put_events(
            Entries=[
                {
                    "Source": stack.names.prefix,
                    "DetailType": NOTICE,
                    "Detail": json.dumps(letter.again),
                }
            ]
        )
        said = "posted again"
    else:
        said = _start(stack, letter)
    drop(stack, letter)
    return said


def _start(stack: Stack, letter: Letter) -> str:
    assert letter.goes_to is not None  # noqa: S101 - the caller has looked
    names = stack.names
    try:
        stack.aws.states.start_execution(
            stateMachineArn=names.machine_arn(names.of(letter.goes_to)),
            name=f"letter-{letter.id}",
            input=json.dumps(letter.again),
        )
    except ClientError as error:
        if code_of(error) != "ExecutionAlreadyExists":
            raise
        return f"was handed to the {letter.goes_to} before"
    return f"handed to the {letter.goes_to}"


def _named(known: list[Letter], text: str) -> Letter:
    match [letter for letter in known if letter.id.startswith(text)]:
        case [letter]:
            return letter
        case []:
            ids = ", ".join(letter.short for letter in known[:10]) or "none"
            raise OpsError(f"there is no dead letter {text!r}: there are {ids}")
        case _:
            raise OpsError(f"{text!r} begins the ids of several dead letters: write more of it")


def _queue(stack: Stack) -> str:
    names = stack.names
    return f"https://sqs.{names.region}.amazonaws.com/{names.account}/{names.of('dead-letters')}"


# -- what they say


def _read(stack: Stack, message: Mapping[str, Any]) -> Letter:
    attributes: dict[str, str] = {
        name: value.get("StringValue", "")
        for name, value in message.get("MessageAttributes", {}).items()
    }
    system: Mapping[str, str] = message.get("Attributes", {})
    source = system.get("DeadLetterQueueSourceArn")
    body = _object(message["Body"])
    if source is not None:
        told = _of_a_queue(stack, message, source)
    elif "RULE_ARN" in attributes:
        told = _of_a_rule(stack, body, attributes["RULE_ARN"].rpartition("/")[2])
    elif "notice" in body:
        told = _of_the_notifier(body)
    else:
        told = _of_a_schedule(body, attributes)
    return Letter(
        id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        since=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1_000, UTC),
        **{"why": _why(attributes), **told},
    )


def _why(attributes: Mapping[str, str]) -> str:
    said = [attributes.get(name, "") for name in ("ERROR_CODE", "ERROR_MESSAGE")]
    return ": ".join(text for text in said if text) or "not said"


def _of_a_schedule(body: Mapping[str, Any], attributes: Mapping[str, str]) -> dict[str, Any]:
    if "watched" in body:
        return {
            "kind": "watch",
            "job": body["watched"],
            "what": f"for a success after {body.get('scheduledTime')}",
            "goes_to": "watcher",
            "again": body,
        }
    if "resume" in body:
        return {
            "kind": "end of a pause",
            "job": body.get("job"),
            "what": "nothing was resumed",
            "goes_to": "dispatcher",
            "again": body,
        }
    if "job" not in body:
        return _unknown()
    at = body.get("scheduledTime") or attributes.get("SCHEDULED_TIME")
    return {
        "kind": "trigger",
        "job": body["job"],
        "what": f"of {at}",
        "goes_to": "dispatcher",
        "again": body,
    }


def _of_a_rule(stack: Stack, event: dict[str, Any], rule: str) -> dict[str, Any]:
    names, detail = stack.names, event.get("detail", {})
    job = str(detail.get("stateMachineArn", "")).removeprefix(names.job_machines_arn) or None
    if rule == names.of("ended"):
        status = str(detail.get("status", "")).lower()
        what = {"kind": "end of a run", "what": f"{detail.get('name')}: {status}"}
        return {**what, "job": job, "goes_to": "notifier", "again": event}
    if rule == names.of("started"):
        what = {"kind": "start of a run", "what": str(detail.get("name"))}
        return {**what, "job": job, "goes_to": "watcher", "again": event}
    channel = rule.removeprefix(names.channel(""))
    if channel != rule:
        return {
            "kind": "message to people",
            "job": None,
            "what": f"{detail.get('run')} to channel {channel}",
            "goes_to": "webhooks",
            "again": {**detail, "channels": [channel]},
        }
    return _of_a_jobs_rule(stack, event, rule)


def _of_a_jobs_rule(stack: Stack, event: dict[str, Any], rule: str) -> dict[str, Any]:
    job = rule.removeprefix(stack.names.chosen("")).partition("--")[0]
    what = {"kind": "event", "job": job, "what": f"{event.get('detail-type')} {event.get('id')}"}
    if job not in stack.entries:
        gone = {"what": f"{what['what']}, whose job is gone"}
        return {**what, **gone, "goes_to": None, "again": event}
    trigger = stack.entries[job].trigger(event=event)
    return {**what, "goes_to": "dispatcher", "again": {**trigger, "eventId": event.get("id")}}


def _of_the_notifier(body: Mapping[str, Any]) -> dict[str, Any]:
    notice, target = body["notice"], str(body.get("target", ""))
    targets = [one for one in notice["targets"] if one.get("topic", "webhooks") == target]
    context: Mapping[str, Any] = notice["chat"]["metadata"]["additionalContext"]
    return {
        "kind": "message to people",
        "job": context.get("job"),
        "what": f"{notice.get('subject')} to {target.rpartition(':')[2]}",
        "why": str(body.get("problem", "not said")),
        "goes_to": "notifier",
        "again": {"notice": {**notice, "targets": targets}},
    }


def _of_a_queue(stack: Stack, message: Mapping[str, Any], source: str) -> dict[str, Any]:
    queue = source.rpartition(":")[2].removeprefix(stack.names.chosen(""))
    job = next(_listeners(stack, queue), None)
    return {
        "kind": "message of a queue",
        "job": job,
        "what": f"of {queue}" if job else f"of {queue}, to which no job listens: move it yourself",
        "why": "received too often",
        "goes_to": job and "dispatcher",
        # As a pipe hands it over.
        "again": [
            {
                "messageId": message["MessageId"],
                "body": message["Body"],
                "attributes": dict(message.get("Attributes", {})),
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": source,
                "awsRegion": stack.names.region,
            }
        ],
    }


def _listeners(stack: Stack, queue: str) -> Iterator[str]:
    for entry in stack.entries.values():
        if isinstance(entry.settings, JobSettings) and any(
            event.message and event.message.queue == queue for event in entry.settings.on
        ):
            yield entry.name


def _unknown() -> dict[str, Any]:
    what = "of a form that ops does not know: read it in the SQS console"
    return {"kind": "unknown", "job": None, "what": what, "goes_to": None, "again": None}


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return dict(value) if isinstance(value, dict) else {}
