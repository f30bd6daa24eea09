"""What is read from the history of a run."""

import json
from typing import Any

from ops.histories import History

TASK = "arn:aws:ecs:eu-west-1:111122223333:task/shop-dev/7f"


def told(number: int, before: int, kind: str, **details: Any) -> dict[str, Any]:
    return {"id": number, "previousEventId": before, "type": kind, **details}


def asked(index: int) -> dict[str, Any]:
    environment = [
        {"Name": "JOB_ATTEMPT", "Value": "1"},
        {"Name": "JOB_ARRAY_INDEX", "Value": str(index)},
    ]
    parameters = {
        "TaskDefinition": "arn:aws:ecs:eu-west-1:111122223333:task-definition/shop-dev--small:4",
        "Overrides": {"ContainerOverrides": [{"Environment": environment}]},
    }
    return {"taskScheduledEventDetails": {"parameters": json.dumps(parameters)}}


def accepted(**answer: Any) -> dict[str, Any]:
    said = {"resourceType": "ecs", "output": json.dumps(answer)}
    return {"taskSubmittedEventDetails": said}


def assigned(**variables: Any) -> dict[str, Any]:
    said = {name: json.dumps(value) for name, value in variables.items()}
    return {"stateExitedEventDetails": {"assignedVariables": said}}


FAILURE = {"budget": "app", "cause": {"class": "failed", "exitCode": 7, "attempts": 1}}
# Two elements of an array, whose events stand among one another.
EVENTS = [
    told(1, 0, "ExecutionStarted"),
    told(2, 1, "TaskScheduled", **asked(4)),
    told(3, 1, "TaskScheduled", **asked(5)),
    told(4, 3, "TaskSubmitted", **accepted(Tasks=[], Failures=[{"Reason": "RESOURCE:CPU"}])),
    told(5, 2, "TaskSubmitted", **accepted(Tasks=[{"TaskArn": TASK}])),
    told(6, 5, "TaskFailed"),
    told(7, 6, "TaskStateExited", **assigned(failure=FAILURE)),
    told(8, 7, "ChoiceStateExited", **assigned(waitSeconds=60, attempt=2)),
]


def test_a_task_says_where_it_logs_and_whose_it_is() -> None:
    (task,) = History(EVENTS[:5]).tasks()
    assert (task.container, task.stream) == ("small", "run/main/7f")
    assert (task.attempt, task.element, task.ended) == (1, 4, False)
    (task,) = History(EVENTS).tasks()
    assert task.ended


def test_an_attempt_with_another_one_behind_it_says_why_and_when() -> None:
    (retry,) = History(EVENTS).retries()
    assert (retry.attempt, retry.element, retry.exit_code) == (1, 4, 7)
    assert (retry.outcome, retry.wait_seconds) == ("failed", 60)


def test_a_redriven_run_has_not_ended() -> None:
    ended = [*EVENTS, told(9, 8, "ExecutionFailed")]
    assert History(ended).ended
    assert not History([*ended, told(10, 9, "ExecutionRedriven")]).ended
