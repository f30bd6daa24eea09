"""What the history of a run tells: its tasks, where they log, and which attempts went wrong.

The names of states and variables are those of ``definitions.job_machine`` and ``flow_machine``.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from definitions.job_machine import CONTAINER_NAME, LOG_STREAM_PREFIX

Event = Mapping[str, Any]
"""As GetExecutionHistory answers it."""

_ENDS = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}
_TASK_ENDS = {"TaskSucceeded", "TaskFailed", "TaskTimedOut"}


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task of ECS that an attempt got."""

    container: str
    """Name of the container in the stack file, behind which its log group stands."""
    stream: str
    attempt: int
    element: int | None
    """Its index, if the job has an array."""
    ended: bool
    """Whether nothing more comes of it."""


@dataclass(frozen=True, kw_only=True)
class Retry:
    """An attempt that went wrong and is not the last one."""

    event: int
    """Number of the event that tells of it."""
    attempt: int
    element: int | None
    outcome: str
    """In the words of the messages, such as ``out of memory``."""
    exit_code: int | None
    reason: str
    wait_seconds: int
    """Until the next one."""


class History:
    """The events of one execution, in their order."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._by_number = {event["id"]: event for event in events}

    @property
    def ended(self) -> bool:
        """Whether the execution has ended; a redriven one goes on."""
        return bool(self._events) and self._events[-1]["type"] in _ENDS

    @property
    def map_runs(self) -> list[str]:
        """ARNs of those whose elements are executions of their own."""
        started = (event for event in self._events if event["type"] == "MapRunStarted")
        return [event["mapRunStartedEventDetails"]["mapRunArn"] for event in started]

    def steps(self) -> Iterator[str]:
        """Yield the ARNs of the executions that a flow started."""
        for _, said in self._submitted("states"):
            yield said["ExecutionArn"]

    def tasks(self) -> Iterator[Task]:
        """Yield the tasks that ECS accepted."""
        for event, said in self._submitted("ecs"):
            if not said.get("Tasks"):  # refused: there was no capacity
                continue
            asked = self._asked(event)
            told = _environment(asked)
            index = told.get("JOB_ARRAY_INDEX")
            yield Task(
                container=_container(asked["TaskDefinition"]),
                stream=_stream(said["Tasks"][0]["TaskArn"]),
                attempt=int(told["JOB_ATTEMPT"]),
                element=None if index is None else int(index),
                ended=self._has_ended(event),
            )

    def retries(self) -> Iterator[Retry]:
        """Yield the attempts behind which another one comes."""
        for event in self._events:
            said = _assigned(event)
            if "waitSeconds" not in said:
                continue
            failure = self._behind(event, lambda one: _assigned(one).get("failure"))
            asked = self._behind(event, _parameters)
            if failure is None or asked is None:
                continue
            cause = failure["cause"]
            index = _environment(asked).get("JOB_ARRAY_INDEX")
            yield Retry(
                event=event["id"],
                attempt=cause["attempts"],
                element=None if index is None else int(index),
                outcome=cause["class"],
                exit_code=cause.get("exitCode"),
                reason=cause.get("reason", ""),
                wait_seconds=int(said["waitSeconds"]),
            )

    def _submitted(self, service: str) -> Iterator[tuple[Event, Mapping[str, Any]]]:
        """Yield the events by which a service accepted something, and its answer."""
        for event in self._events:
            details = event.get("taskSubmittedEventDetails", {})
            if details.get("resourceType") == service:
                yield event, _object(details.get("output", ""))

    def _has_ended(self, submitted: Event) -> bool:
        return self.ended or any(
            event["type"] in _TASK_ENDS and event["previousEventId"] == submitted["id"]
            for event in self._events
        )

    def _asked(self, event: Event) -> Mapping[str, Any]:
        """Return what a service was asked that accepted it."""
        return self._behind(event, _parameters) or {}

    def _behind(self, event: Event, told: Callable[[Event], Any]) -> Any:
        """Return the last thing told before an event, on its own way through the machine."""
        number = event["previousEventId"]
        while number in self._by_number:
            if said := told(self._by_number[number]):
                return said
            number = self._by_number[number]["previousEventId"]
        return None


def _parameters(event: Event) -> Mapping[str, Any]:
    return _object(event.get("taskScheduledEventDetails", {}).get("parameters", ""))


def _assigned(event: Event) -> dict[str, Any]:
    """Return the variables that a state set at its end; they are JSON each."""
    said: Mapping[str, str] = event.get("stateExitedEventDetails", {}).get("assignedVariables", {})
    return {name: json.loads(text) for name, text in said.items()}


def _environment(asked: Mapping[str, Any]) -> dict[str, str]:
    containers = asked["Overrides"]["ContainerOverrides"]
    return {one["Name"]: one["Value"] for one in containers[0]["Environment"]}


def _container(task_definition: str) -> str:
    """Return the container's name from a family or the ARN of a revision of it."""
    return task_definition.rpartition("--")[2].partition(":")[0]


def _stream(task_arn: str) -> str:
    return f"{LOG_STREAM_PREFIX}/{CONTAINER_NAME}/{task_arn.rpartition('/')[2]}"


def _object(text: str) -> Mapping[str, Any]:
    return json.loads(text) if text else {}
