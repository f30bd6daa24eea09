"""A worker of a Step Functions activity: fetch a task, say that one lives, answer.

Nothing here knows what the work is: a worker of your own needs another ``sums.py`` only.
"""

import json
import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs] - it has none
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs] - it has none
from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs] - it has none
from list_files.lines import write

CLIENT = Config(
    connect_timeout=5,  # seconds
    # GetActivityTask answers after a minute if there is no task; the API reference asks for 65 s.
    read_timeout=70,
    retries={"mode": "standard", "total_max_attempts": 5},
)
POLLS = 5
"""Each waits up to a minute for a task; the container is started together with one."""
BEATS = 3
"""Heartbeats in the longest silence that is allowed: two may be lost on the way."""
LONGEST_CAUSE = 32_768
"""Characters that SendTaskFailure takes of a cause (API reference)."""

_NOBODY_WAITS = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")
"""Answers to a worker whose run has ended without it."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something to do, and the token that the answer needs."""

    token: str
    given: dict[str, Any]


def states_client() -> Any:
    """Return a client for Step Functions in the region that ECS names (see ``files.s3_client``)."""
    session: Any = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    return session.client("stepfunctions", config=CLIENT)


def fetch(states: Any, activity_arn: str) -> Task | None:
    """Wait for a task; return nothing if none comes within some minutes."""
    # Who works on what stands in the execution's history by this name.
    name = (os.environ.get("JOB_RUN_ID") or "by-hand")[:80]
    for _ in range(POLLS):
        found = states.get_activity_task(activityArn=activity_arn, workerName=name)
        if found.get("taskToken"):
            return Task(token=found["taskToken"], given=json.loads(found["input"]))
    return None


def succeed(states: Any, task: Task, result: dict[str, Any]) -> None:
    """Answer that the work is done, and with what result."""
    states.send_task_success(taskToken=task.token, output=json.dumps(result))


def fail(states: Any, task: Task, error: str, cause: str) -> None:
    """Answer that the work failed; say nothing if nobody waits for the answer any more."""
    try:
        states.send_task_failure(taskToken=task.token, error=error, cause=cause[:LONGEST_CAUSE])
    except ClientError as refused:
        if not nobody_waits(refused):
            raise


def nobody_waits(error: Exception) -> bool:
    """Tell whether AWS said that the task has ended without its worker."""
    refused: Any = error  # botocore has no types
    return isinstance(error, ClientError) and refused.response["Error"]["Code"] in _NOBODY_WAITS


@contextmanager
def heartbeats(states: Any, task: Task, longest_silence_seconds: float) -> Generator[None]:
    """Say that the worker lives for as long as the block lasts, first of all now.

    Once nobody waits for the task any more, the process is told to stop, as ECS would tell it.
    A heartbeat that does not get through is no reason to give up: the next one may.

    Raises:
        ClientError: the first one was refused.
    """
    states.send_task_heartbeat(taskToken=task.token)
    done = threading.Event()

    def beat() -> None:
        while not done.wait(longest_silence_seconds / BEATS):
            try:
                states.send_task_heartbeat(taskToken=task.token)
            except Exception as error:
                if nobody_waits(error):
                    write("WARNING", "Nobody waits for this task any more.")
                    os.kill(os.getpid(), signal.SIGTERM)
                    return
                write("WARNING", f"A heartbeat failed: {type(error).__name__}.")

    thread = threading.Thread(target=beat, name="heartbeats", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
