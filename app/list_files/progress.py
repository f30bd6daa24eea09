"""Telling the run that the work goes on, and how it ended: for jobs with ``progress``.

    with reporting() as beat:
        for part in parts:
            work(part)
            beat()

A job with ``progress: {heartbeat: 5m}`` is waited for by a token, not by the end of its container:
Step Functions hears from the program alone. Leave the block in time and the run has succeeded; an
error that leaves it, or a stop, fails the run with its words. A program that beats less often than
``heartbeat`` is given up and stopped. Call ``beat`` from the work itself, never from a thread
beside it, which would go on when the work hangs.

Without a token, as by hand or in a job without ``progress``, nothing is told to anybody.
"""

import json
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

SECONDS_BETWEEN_BEATS = 15.0
"""``beat`` may be called as often as one likes: it tells no more often than this."""
METADATA_SECONDS = 2
JOB_FAILED = "JobFailed"

Beat = Callable[[], None]


class Unwanted(BaseException):
    """Nobody waits for this program any more: the run was stopped, or gave it up.

    Not an Exception: nothing on the way up may take it for a failure that can be mended.
    """


class WorkError(Exception):
    """The work came to nothing, for a reason in the program's own words."""

    def __init__(self, exit_code: int, reason: str) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


@contextmanager
def reporting() -> Generator[Beat]:
    """Report to the run that this program is an attempt of, if it waits for that.

    Raises:
        Unwanted: from ``beat``, when the run does not wait any more.
    """
    token = os.environ.get("JOB_TASK_TOKEN")
    if not token:
        yield lambda: None
        return
    states = _states_client()
    try:
        yield _beat(states, token)
    except Unwanted:
        raise
    except BaseException as error:
        _tell_failure(states, token, error)
        raise
    states.send_task_success(taskToken=token, output=json.dumps(_where()))


def _beat(states: Any, token: str) -> Beat:
    last = -SECONDS_BETWEEN_BEATS

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last < SECONDS_BETWEEN_BEATS:
            return
        try:
            states.send_task_heartbeat(taskToken=token)
        except (states.exceptions.TaskTimedOut, states.exceptions.TaskDoesNotExist) as gone:
            raise Unwanted(str(gone)) from gone
        last = time.monotonic()

    return beat


def _tell_failure(states: Any, token: str, error: BaseException) -> None:
    words = {"reason": _reason(error), "exitCode": _exit_code(error), **_where()}
    try:
        states.send_task_failure(taskToken=token, error=JOB_FAILED, cause=json.dumps(words))
    except (states.exceptions.TaskTimedOut, states.exceptions.TaskDoesNotExist):
        return  # nobody asks any more; the error itself is what matters


def _reason(error: BaseException) -> str:
    words = str(error) if isinstance(error, WorkError) else f"{type(error).__name__}: {error}"
    return " ".join(words.split())[:1_000]


def _exit_code(error: BaseException) -> int:
    """Return the exit code with which Python, or this program, ends by an error."""
    for name in ("exit_code", "code"):
        code = getattr(error, name, None)
        if isinstance(code, int):
            return code
    return 1


def _where() -> dict[str, str]:
    """Name the task, for a link to its log, if ECS says which one this is."""
    address = os.environ.get("ECS_CONTAINER_METADATA_URI_V4")
    if not address:
        return {}
    from urllib.request import urlopen  # late: it takes longer than the rest of this module

    try:
        with urlopen(f"{address}/task", timeout=METADATA_SECONDS) as answer:  # noqa: S310 - the address that ECS gives
            return {"taskArn": json.load(answer)["TaskARN"]}
    except (OSError, ValueError, KeyError):
        return {}


def _states_client() -> Any:
    """Return a client for Step Functions in the region that ECS names."""
    import boto3  # late: a program that reports nothing does without  # pyright: ignore[reportMissingTypeStubs] - it has none

    session: Any = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    return session.client("stepfunctions")
