"""The notifier: what turns the end of a run into a message.

What it says, and to whom, is in ``notices``; here is how it gets there.
"""

from typing import Any

from definitions import notices
from definitions.jsonata import expression
from definitions.names import Names
from definitions.notices import NO_CHANNELS, Channels

NOT_DELIVERED = "NotificationNotDelivered"

_LEFT_OUT = """$states.input.detail.inputDetails.included = false
    or $states.input.detail.outputDetails.included = false"""

_RETRY = [
    {
        "ErrorEquals": ["States.TaskFailed"],
        "IntervalSeconds": 5,
        "BackoffRate": 2.0,
        "MaxAttempts": 4,
        "JitterStrategy": "FULL",
    }
]
_OR_KEEP = [
    {
        "ErrorEquals": ["States.ALL"],
        "Assign": {
            "problem": expression("$states.errorOutput.Error"),
            "target": expression("$exists($states.input.topic) ? $states.input.topic : 'webhooks'"),
        },
        "Next": "Keep",
    }
]


def notifier_machine(
    *,
    names: Names,
    dead_letter_queue_url: str,
    channels: Channels = NO_CHANNELS,
    recovery: bool = False,
    runbooks: str | None = None,
) -> dict[str, Any]:
    """Definition of the notifier.

    Its input is the event of a run's end, or what the watcher says of a run that is missing or
    late. The event carries the run's input, output, error and cause; only where it says that they
    were too large to be carried, the execution is described. ``recovery`` is whether some job
    wants to hear of its first success after a failure: then the runs before are looked at, for
    such jobs only. A message that somebody does not take is kept in the dead-letter queue, while
    the others get theirs, and the notifier fails with ``NotificationNotDelivered``. Such a letter,
    ``{"notice": …}``, is an input too: what it holds is told once more, as it was. ``runbooks`` is
    the address under which the pages are that messages of bad ends link.
    """
    look_back = {"Condition": expression(notices.look_back_wanted()), "Next": "Look back"}
    return {
        "Comment": "The end of a run becomes a message",
        "QueryLanguage": "JSONata",
        "StartAt": "Read",
        "TimeoutSeconds": 900,
        "States": {
            "Read": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": expression("$exists($states.input.notice)"),
                        "Assign": {"notice": expression("$states.input.notice")},
                        "Next": "Tell",
                    },
                    {"Condition": expression(_LEFT_OUT), "Next": "Describe"},
                    *([look_back] if recovery else []),
                    {"Condition": expression(notices.unwanted()), "Next": "Nobody asked"},
                ],
                "Assign": {"notice": expression(notices.notice(names, channels, runbooks))},
                "Default": "Tell",
            },
            "Describe": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sfn:describeExecution",
                "Arguments": {"ExecutionArn": expression("$states.input.detail.executionArn")},
                "Output": expression("""{'detail': $merge([$states.input.detail, {
                    'input': $states.result.Input, 'inputDetails': {'included': true},
                    'output': $states.result.Output, 'outputDetails': {'included': true}
                }])}"""),
                "Next": "Read",
            },
            **({"Look back": _look_back()} if recovery else {}),
            "Tell": {
                "Type": "Map",
                "Comment": "One message to each topic, one event to all webhooks",
                "Items": expression("$notice.targets"),
                "ItemProcessor": _to_one_target(names, channels, dead_letter_queue_url),
                "Output": {"kept": expression("[$states.result[kept]]")},
                "Next": "Everybody told?",
            },
            "Everybody told?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": expression("$count($states.input.kept) > 0"),
                        "Next": "Not delivered",
                    }
                ],
                "Default": "Told",
            },
            "Told": {"Type": "Succeed", "Output": {"published": expression("$notice.subject")}},
            "Not delivered": {
                "Type": "Fail",
                "Error": NOT_DELIVERED,
                "Cause": expression("$join($states.input.kept.problem, ', ')"),
            },
            "Nobody asked": {"Type": "Succeed", "Output": {"published": False}},
        },
    }


def _look_back() -> dict[str, Any]:
    """Return the state that asks how the runs before this one ended."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:listExecutions",
        "Arguments": {
            "StateMachineArn": expression("$states.input.detail.stateMachineArn"),
            "MaxResults": 100,
        },
        "Retry": _RETRY,
        "Output": expression(
            f"$merge([$states.input, {{'failedBefore': {notices.failures_before()}}}])"
        ),
        "Next": "Read",
    }


def _to_one_target(names: Names, channels: Channels, dead_letter_queue_url: str) -> dict[str, Any]:
    """Return what is done for each target: publish or post, keep what cannot be delivered."""
    ways: dict[str, Any] = {"Publish": _publish()}
    if channels.webhooks:
        ways = {
            "Topic?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": expression("$exists($states.input.topic)"),
                        "Next": "Publish",
                    }
                ],
                "Default": "Post",
            },
            **ways,
            "Post": _post(names),
        }
    return {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": next(iter(ways)),
        "States": {
            **ways,
            "Keep": {
                "Type": "Task",
                "Comment": "The dead-letter queue's alarm calls for somebody",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Arguments": {
                    "QueueUrl": dead_letter_queue_url,
                    "MessageBody": expression(
                        "{'problem': $problem, 'target': $target, 'notice': $notice}"
                    ),
                },
                "Output": {"kept": True, "problem": expression("$problem")},
                "End": True,
            },
        },
    }


def _publish() -> dict[str, Any]:
    """Return the state that publishes to a topic: SNS picks the text by subscriber's protocol."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {
            "TopicArn": expression("$states.input.topic"),
            "Subject": expression("$notice.subject"),
            "MessageStructure": "json",
            "Message": expression("""$string({
                'default': $string($notice.chat), 'email': $notice.mail
            })"""),
        },
        "Retry": _RETRY,
        "Catch": _OR_KEEP,
        "Output": {"kept": False},
        "End": True,
    }


def _post(names: Names) -> dict[str, Any]:
    """Return the state that puts an event, to which a rule of each named webhook listens."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::events:putEvents",
        "Arguments": {
            "Entries": [
                {
                    "Source": names.prefix,
                    "DetailType": notices.NOTICE,
                    "Detail": expression("$states.input.event"),
                }
            ]
        },
        "Retry": _RETRY,
        "Catch": _OR_KEEP,
        "Output": {"kept": False},
        "End": True,
    }
