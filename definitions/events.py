"""Events that start jobs: what a rule listens for, and what comes of an event.

A rule's input transformer makes the trigger of one event. Its template holds the event by one of
EventBridge's own variables, where JSON stands and no text: what is in an event, an object's key
say, comes from strangers, and EventBridge escapes nothing that it puts between quotes (its guide,
"Amazon EventBridge input transformation").

A pipe hands over messages of a queue as they are, in a list of one: its templates decode a body
that looks like JSON, and what they make of one that does not is not documented. So the dispatcher
of a stack that listens to anything has a state in front, which makes the trigger of a message and
keeps every event within what a task can be told.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from definitions.jsonata import expression, literal

MAX_EVENT_CHARACTERS = 4_000
"""Of an event as a run is told it, escaped as it stands in the overrides of RunTask, which takes
8,192 for all of them together. Letters of other scripts count six: no page says how AWS counts."""
MAX_MEMBER_CHARACTERS = 400
"""Of each member that is kept of a larger event: EventBridge and SQS have about ten."""

Result = Literal["success", "failure", "any"]
"""The ends of a job that start another one."""

_STATUSES: Mapping[Result, list[str]] = {
    "success": ["SUCCEEDED"],
    "failure": ["FAILED", "TIMED_OUT", "ABORTED"],
    "any": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
}
_ESCAPED = "-u0000"
"""As long as a letter of another script, if whoever counts writes it so."""
_EVENT_ID = "<id>"
_EVENT = "<aws.events.event.json>"


def object_created(bucket: str, *, prefix: str | None, suffix: str | None) -> dict[str, Any]:
    """Return the pattern of an object created in a bucket, by the bucket's physical name.

    ``prefix`` and ``suffix`` hold neither ``*`` nor a backslash: beside each other they would be
    alternatives, so both together are a wildcard, in which those two have a meaning.
    """
    detail: dict[str, Any] = {"bucket": {"name": [bucket]}}
    if prefix and suffix:
        detail["object"] = {"key": [{"wildcard": f"{prefix}*{suffix}"}]}
    elif prefix or suffix:
        detail["object"] = {"key": [{"prefix": prefix} if prefix else {"suffix": suffix}]}
    return {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}


def job_ended(machine_arn: str, result: Result, *, replaced: str) -> dict[str, Any]:
    """Return the pattern of the end of a run of a job's machine.

    A run that gave way to a newer one (its error is ``replaced``) is no end worth telling: the
    newer one's will come. An event of an end without an error holds null, or no such member.
    """
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [machine_arn],
            "status": _STATUSES[result],
            **(
                {"error": [{"anything-but": [replaced]}, {"exists": False}]}
                if result != "success"
                else {}
            ),
        },
    }


def input_transformer(trigger: Mapping[str, Any]) -> tuple[dict[str, str], str]:
    """Return input paths and template that make a trigger with its event of what a rule hears.

    ``trigger`` is the same one without an event. The id is a UUID that EventBridge makes, the
    same one when it delivers an event again.
    """
    whole = {
        **trigger,
        "eventId": _EVENT_ID,
        "input": {**trigger["input"], "event": _EVENT},
    }
    return {"id": "$.id"}, json.dumps(whole).replace(f'"{_EVENT}"', _EVENT)


def hearing_events(
    dispatcher: Mapping[str, Any], messages: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the dispatcher with a state in front that reads events.

    ``messages`` holds the trigger, without an event, of a message in each queue, by the queue's
    ARN. An event that is too large for a task loses its large members (``detail``, ``body``),
    whose names stand in its ``leftOut`` instead. A trigger without an event stays as it is.
    """
    read = expression(f"""(
        $given := $states.input[0];
        $queue := $given.eventSourceARN;
        $known := $exists($queue) ? $lookup({literal(dict(messages))}, $queue);
        $trigger := $exists($queue) ? $merge([$known, {{
            'eventId': $given.messageId, 'input': $merge([$known.input, {{'event': $given}}])
        }}]) : $given;
        $event := $trigger.input.event;
        $size := function($value) {{
            $length($replace($string([$string($value)]), /[^ -~]/, '{_ESCAPED}'))
        }};
        $large := $size($event) > {MAX_EVENT_CHARACTERS}
          ? [$keys($event)[$size($lookup($event, $)) > {MAX_MEMBER_CHARACTERS}]];
        $exists($large) ? $merge([$trigger, {{'input': $merge([$trigger.input, {{
            'event': $merge([
                $sift($event, function($value, $name) {{ $not($name in $large) }}),
                {{'leftOut': $large}}
            ])
        }}])}}]) : $trigger
    )""")
    return {
        **dispatcher,
        "StartAt": "Read event",
        "States": {
            "Read event": {
                "Type": "Pass",
                "Comment": "A message becomes a trigger; no event is larger than a task can take",
                "Output": read,
                "Next": dispatcher["StartAt"],
            },
            **dispatcher["States"],
        },
    }
