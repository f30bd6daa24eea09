"""Following a run to its end: its log, its attempts, and what Ctrl-C asks."""

import json
import sys
from collections.abc import Callable
from typing import Any

import typer

from ops.histories import Retry
from ops.logs import Line, RunLog
from ops.output import say, say_of
from ops.runs import Run, described
from ops.stack import Stack
from ops.stopping import stop
from ops.times import took
from ops.waiting import reached, rounds

Show = Callable[[Line], None]
"""What is done with each line."""


def show(line: Line) -> None:
    """Print a line as its program wrote it, behind which of the run's tasks it comes from."""
    label = f"{line.label} | " if line.label else ""
    _write(sys.stdout, label + line.text)


def show_aside(line: Line) -> None:
    """Print it on standard error: standard output is for the result."""
    label = f"{line.label} | " if line.label else ""
    _write(sys.stderr, label + line.text)


def show_json(line: Line) -> None:
    """Print it as an object of JSON on a line of its own."""
    said = {
        "time": line.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "run": line.run,
        "attempt": line.attempt,
        "task": line.label,
        "message": line.text,
    }
    _write(sys.stdout, json.dumps(said, ensure_ascii=False))


def follow(stack: Stack, run: Run, show: Show, log: RunLog | None = None) -> Run:
    """Print a run's log until its end, say how it ended, and return it as it is then.

    Ctrl-C leaves it, or stops it if somebody at a terminal says so.

    Raises:
        KeyboardInterrupt: the run is left, and goes on.
    """
    log = log or RunLog(stack, run.arn)
    try:
        ended = to_the_end(stack, run, show, log)
    except KeyboardInterrupt:
        if not _is_to_stop():
            _leave(stack, run)
            raise
        stop(stack, run)
        ended = to_the_end(stack, run, show, log)
    conclude(ended)
    return ended


def to_the_end(stack: Stack, run: Run, show: Show, log: RunLog) -> Run:
    """Print what comes of a run until its end, and return it as it is then."""
    for _ in rounds():
        seen = reached(lambda: described(stack, run.of, run.name)) or run
        for line in log.new_lines():
            show(line)
        for label, retry in log.new_retries():
            say(_told(label, retry))
        if seen.status != "RUNNING":
            return seen
    raise AssertionError("rounds never end")


def conclude(run: Run) -> None:
    """Say how a run ended: the last line of a command that waited for it."""
    parts = [""]
    if (code := run.facts.get("exitCode")) is not None and run.status != "SUCCEEDED":
        parts.append(f"exit code {code}")
    if (attempts := run.facts.get("attempts", 1)) > 1:
        parts.append(f"{attempts} attempts")
    if run.ended:
        parts.append(f"took {took(run.ended - run.started)}")
    reason = f": {run.reason}" if run.reason else ""
    say_of(run.name, run.outcome, ", ".join(parts) + reason)


def as_json(run: Run) -> dict[str, Any]:
    """Return a run as programs read it."""
    return {
        "job": run.of,
        "run": run.name,
        "arn": run.arn,
        "outcome": run.outcome,
        "exitCode": run.facts.get("exitCode"),
        "attempts": run.facts.get("attempts"),
        "started": run.started,
        "ended": run.ended,
        "reason": run.reason or None,
        "logGroup": run.facts.get("logGroup"),
        "logStream": run.facts.get("logStream"),
    }


def _told(label: str, retry: Retry) -> str:
    of = f" of {label}" if label else ""
    why = f"exit code {retry.exit_code}" if retry.exit_code else retry.reason
    return f"attempt {retry.attempt}{of} {retry.outcome} ({why}); next in {retry.wait_seconds} s"


def is_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _is_to_stop() -> bool:
    """Ask whether to stop it; where nobody can be asked, it goes on."""
    if not is_terminal():
        return False
    sys.stderr.write("\n")
    try:
        return typer.confirm("Stop the run? (it goes on otherwise)", err=True)
    except typer.Abort:
        return False


def _leave(stack: Stack, run: Run) -> None:
    ops = f"python -m ops -s {stack.name}"
    say(f"the run goes on: {ops} logs {run.name} --follow, or {ops} stop {run.name}")


def _write(stream: Any, line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()
