"""Stopping runs."""

from collections.abc import Mapping
from typing import Any

from ops.runs import Run, described
from ops.stack import Stack
from ops.waiting import reached, rounds


def stop(stack: Stack, run: Run) -> Run:
    """Stop a run, wait for its end and return it as it is then; its task is stopped by AWS."""
    caller: str = stack.aws.client("sts").get_caller_identity()["Arn"]
    cause = f"stopped by {caller.rpartition('/')[2]} with ops"
    reached(lambda: stack.aws.states.stop_execution(executionArn=run.arn, cause=cause))
    for _ in rounds():
        seen = reached(lambda: described(stack, run.of, run.name)) or run
        if seen.status != "RUNNING":
            return seen
    raise AssertionError("rounds never end")


def message_of(run: Run) -> str:
    """Say which message goes out about a run that was stopped."""
    said: Any = run.input.get("notify", "failure")
    asked: Mapping[str, Any] = {"on": said} if isinstance(said, str) else said
    if asked["on"] in ("none", "success"):
        return f"nobody is told: its notify is {asked['on']}"
    channels = ", ".join(asked.get("channels", ()))
    return f"people are told '{run.of} stopped'" + (f" in {channels}" if channels else "")
