"""Logs of runs: every stream of every task, those of a flow's steps and an array's elements too."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from ops.aws import code_of
from ops.histories import History, Retry, Task
from ops.output import say
from ops.stack import Stack
from ops.waiting import reached

MOST_ELEMENTS = 100
"""Elements that are executions of their own and whose logs are read: each costs two calls a look,
of which AWS allows about 20 a second (Step Functions and CloudWatch Logs quotas)."""
_NO_STREAM = "ResourceNotFoundException"


@dataclass(frozen=True, kw_only=True, order=True)
class Line:
    """One line that a program wrote."""

    time: datetime
    text: str = field(compare=False)
    label: str = field(compare=False)
    """Which of the run's tasks it comes from: step, index or both; empty where there is one."""
    run: str = field(compare=False)
    attempt: int = field(compare=False)


@dataclass(kw_only=True)
class _Stream:
    """How far the log of one task has been read."""

    group: str
    name: str
    label: str
    run: str
    attempt: int
    token: str | None = None
    done: bool = False

    def new_lines(self, stack: Stack, since: datetime | None) -> Iterator[Line]:
        """Yield what has come since the last time."""
        while (page := reached(lambda: self._page(stack, since))) is not None:
            for event in page["events"]:
                yield Line(
                    time=datetime.fromtimestamp(event["timestamp"] / 1_000, UTC),
                    text=event["message"].removesuffix("\n"),
                    label=self.label,
                    run=self.run,
                    attempt=self.attempt,
                )
            if page["nextForwardToken"] == self.token:
                return
            self.token = page["nextForwardToken"]

    def _page(self, stack: Stack, since: datetime | None) -> Any:
        """Ask for the next page; ``None`` where there is no stream, or not yet."""
        asked: dict[str, Any] = {"logGroupName": self.group, "logStreamName": self.name}
        if since is not None:
            asked["startTime"] = int(since.timestamp() * 1_000)
        if self.token is not None:
            asked["nextToken"] = self.token
        try:
            return stack.aws.client("logs").get_log_events(startFromHead=True, **asked)
        except ClientError as error:
            if code_of(error) == _NO_STREAM:
                return None
            raise


class _Execution:
    """What is known of a run, or of a part of it that is an execution of its own."""

    def __init__(self, stack: Stack, arn: str, *, label: str) -> None:
        self.ended = False
        self.history = History([])
        self.told: set[int] = set()
        """Numbers of the events that somebody was told of."""
        self._stack, self._arn, self._label = stack, arn, label
        self._streams: dict[str, _Stream] = {}
        self._parts: dict[str, _Execution] = {}
        self._left_out = False

    def whole(self) -> Iterator["_Execution"]:
        """Yield it and its parts, and theirs."""
        yield self
        for part in self._parts.values():
            yield from part.whole()

    def look(self) -> list[_Stream]:
        """Read the history, and those of its parts that go on; return all streams."""
        if not self.ended:
            self.history = History(reached(self._events))
            for task in self.history.tasks():
                self._streams.setdefault(task.stream, self._stream(task))
            for arn, label in self._found_parts():
                if arn not in self._parts:
                    self._parts[arn] = _Execution(self._stack, arn, label=label)
        parts = [stream for part in self._parts.values() for stream in part.look()]
        self.ended = self.history.ended and all(part.ended for part in self._parts.values())
        return [*self._streams.values(), *parts]

    def close(self) -> None:
        """Ask no more for the logs of tasks that had ended before they were read."""
        for task in self.history.tasks():
            self._streams[task.stream].done |= task.ended

    def labelled(self, element: int | None) -> str:
        """Return what its lines, or those of an element of its array, are marked with."""
        return self._label if element is None else self._joined(str(element))

    def _found_parts(self) -> Iterator[tuple[str, str]]:
        """Yield the executions that it started, and their labels."""
        ours = self._stack.names.execution_arn(self._stack.names.chosen(""), "").removesuffix(":")
        for arn in self.history.steps():
            yield arn, self._joined(arn.removeprefix(ours).partition(":")[0])
        for map_run in self.history.map_runs:
            yield from ((arn, self._label) for arn in self._elements(map_run))

    def _elements(self, map_run: str) -> list[str]:
        """Return the elements that are not known yet, as far as their logs are read."""
        room = MOST_ELEMENTS - len(self._parts)

        def new() -> list[str]:
            pages = self._stack.aws.states.get_paginator("list_executions").paginate(
                mapRunArn=map_run, PaginationConfig={"PageSize": MOST_ELEMENTS}
            )
            arns = (one["executionArn"] for page in pages for one in page["executions"])
            return list(islice((arn for arn in arns if arn not in self._parts), room + 1))

        arns = reached(new)
        if len(arns) > room and not self._left_out:
            self._left_out = True
            say(f"the logs of {MOST_ELEMENTS} elements are shown, those of others are left out")
        return arns[:room]

    def _events(self) -> list[Any]:
        pages = self._stack.aws.states.get_paginator("get_execution_history").paginate(
            executionArn=self._arn, PaginationConfig={"PageSize": 1_000}
        )
        return [event for page in pages for event in page["events"]]

    def _stream(self, task: Task) -> _Stream:
        return _Stream(
            group=self._stack.names.log_group(task.container),
            name=task.stream,
            label=self.labelled(task.element),
            run=self._arn.rpartition(":")[2],
            attempt=task.attempt,
        )

    def _joined(self, word: str) -> str:
        return f"{self._label} {word}".strip()


class RunLog:
    """The log of one run, read as far as it goes, and further whenever somebody asks again."""

    def __init__(self, stack: Stack, arn: str, *, since: datetime | None = None) -> None:
        """Nothing of before ``since`` is read."""
        self._stack, self._since = stack, since
        self._run = _Execution(stack, arn, label="")

    def pass_over(self) -> None:
        """Leave out all that the run has done so far, and expect it to go on."""
        for stream in self._run.look():
            stream.done = True
        for part in self._run.whole():
            part.told.update(retry.event for retry in part.history.retries())
            part.ended = False

    def new_lines(self) -> Iterator[Line]:
        """Yield what has come since the last time, in the order of time."""
        streams = [stream for stream in self._run.look() if not stream.done]
        yield from heapq.merge(*(one.new_lines(self._stack, self._since) for one in streams))
        for part in self._run.whole():
            part.close()

    def new_retries(self) -> Iterator[tuple[str, Retry]]:
        """Yield the attempts that failed since the last time, each with its label."""
        for part in self._run.whole():
            for retry in part.history.retries():
                if retry.event not in part.told:
                    part.told.add(retry.event)
                    yield part.labelled(retry.element), retry
