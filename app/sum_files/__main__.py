"""The program: fetch one task, do it, answer, end with an exit code that says why."""

import os
import sys
from typing import TYPE_CHECKING, Any

from list_files.lines import write
from list_files.stopping import Stopped, listen

if TYPE_CHECKING:
    from list_files.failures import Failure

    from sum_files.worker import Task

FAILED = "SumFilesFailed"
STOPPED = "SumFilesStopped"
DEFAULT_HEARTBEAT_SECONDS = "60"


def main() -> int:
    """Work on one task and return the exit code."""
    try:
        listen()
        return run(os.environ.get("JOB_ACTIVITY_ARN", ""))
    except Stopped as stop:
        write("WARNING", f"Told to stop by {stop.signal_name}.", exit_code=stop.exit_code)
        return stop.exit_code


def run(activity_arn: str) -> int:
    """Fetch a task and work on it; turn whatever goes wrong into one line and an exit code."""
    # Not at the top: importing boto3 is the slow part, and signals must be heard before it.
    from sum_files.failures import NO_ACTIVITY_NAMED, NO_TASK, explain
    from sum_files.worker import fetch, states_client

    if not activity_arn:
        return tell(NO_ACTIVITY_NAMED)
    try:
        states = states_client()
        task = fetch(states, activity_arn)
        return tell(NO_TASK) if task is None else answer(states, task)
    except Exception as error:
        return tell(explain(error, activity_arn))


def answer(states: Any, task: "Task") -> int:
    """Do a task and answer it, with its result or with why there is none."""
    from list_files.failures import Failure  # late, as above

    from sum_files.worker import fail, heartbeats, succeed

    silence_seconds = float(os.environ.get("JOB_HEARTBEAT_SECONDS", DEFAULT_HEARTBEAT_SECONDS))
    try:
        with heartbeats(states, task, silence_seconds):
            done = work(task.given.get("bucket") or os.environ.get("S3_BUCKET_NAME", ""))
    except Stopped as stop:
        fail(states, task, STOPPED, f"Told to stop by {stop.signal_name}.")
        raise
    if isinstance(done, Failure):
        fail(states, task, FAILED, done.reason)
        return tell(done)
    succeed(states, task, done)
    write("INFO", "All files added up.", files=done["files"], bytes=done["bytes"])
    return 0


def work(bucket: str) -> "dict[str, Any] | Failure":
    """Add up the files of a bucket; return what went wrong, if anything did."""
    from list_files.failures import NO_BUCKET_NAMED, explain  # late, as above

    from sum_files.sums import sums

    try:
        return sums(bucket) if bucket else NO_BUCKET_NAMED
    except Exception as error:
        return explain(error, bucket)


def tell(failure: "Failure") -> int:
    """Log why the program ends and return the exit code."""
    write("ERROR", failure.reason, remedy=failure.remedy, exit_code=failure.exit_code)
    return failure.exit_code


if __name__ == "__main__":
    sys.exit(main())
