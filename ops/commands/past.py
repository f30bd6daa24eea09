"""``history`` and ``runs``: how it went, and what goes on."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from ops.coming import timeout_of
from ops.completing import job_names
from ops.history import Past, goes_on, history, of_all
from ops.output import Json, put_json, put_table, say
from ops.runs import MANUAL, Run
from ops.stack import Stack, now
from ops.times import local, took, typed

STARTED_BY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
_OF_ANY_CONTAINER = "Essential container in task exited"
_NOTE_LENGTH = 48
"""Characters of a note in a table; JSON has all of it."""

Job = Annotated[
    str, typer.Argument(metavar="JOB", help="A job, flow or worker.", autocompletion=job_names)
]
Failed = Annotated[bool, typer.Option("--failed", help="Only runs that did not succeed.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Only runs started since then: `7d`, `12h`, `2026-12-24` or `2026-12-24T18:00`.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        "history", epilog="Example: `python -m ops -s prod history list-files --failed --since 7d`"
    )(show_history)
    app.command("runs", epilog="Example: `python -m ops -s prod runs --failed --since 12h`")(
        show_runs
    )


def show_history(
    context: typer.Context,
    job: Job,
    failed: Failed = False,
    since: Since = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 20,
    json: Json = False,
) -> None:
    """Show the runs of a job, newest first, with those that were skipped and why."""
    stack: Stack = context.obj
    entry = stack.entry(job)
    zone, present = ZoneInfo(entry.settings.timezone), now()
    first = None if since is None else typed(since, zone, present)
    past = history(stack, entry, failed=failed, since=first, limit=limit)
    if json:
        put_json([as_json(one) for one in past])
        return
    if past:
        put_past(past, zone, present)
    if not past:
        say(f"no such run of {job}; AWS forgets runs 90 days after their end")
    elif len(past) == limit:
        say(f"the latest {limit}: --limit shows more")


def show_runs(
    context: typer.Context, failed: Failed = False, since: Since = None, json: Json = False
) -> None:
    """Show what runs now, of all jobs; with `--since` or `--failed` what ran, in the last day."""
    stack: Stack = context.obj
    present = now()
    if failed or since:
        _show_past(stack, present, failed=failed, since=since or "24h", json=json)
        return
    running = goes_on(stack)
    if json:
        put_json(
            [
                {**as_json(run), "timeoutSeconds": _seconds(timeout_of(stack.entries[run.of]))}
                for run in running
            ]
        )
        return
    if not running:
        say("nothing runs now")
        return
    put_table(
        ("job", "run", "goes on for", "timeout"),
        ([run.of, run.name, _took(run, present), _timeout(stack, run)] for run in running),
        right=("goes on for", "timeout"),
        whole=("job", "run"),
    )


def _show_past(stack: Stack, present: datetime, *, failed: bool, since: str, json: bool) -> None:
    zone = ZoneInfo("UTC")
    past = of_all(stack, failed=failed, since=typed(since, zone, present))
    if json:
        put_json([as_json(run) for run in past])
        return
    if not past:
        say(f"no such run {'in the last' if since[-1] in 'smhd' else 'since'} {since}")
        return
    put_table(
        ("started, UTC", "took", "outcome", "exit", "run", "note"),
        (
            [
                local(run.started, zone, present.date()),
                _took(run, present),
                run.outcome,
                str(facts_of(run).get("exitCode", "")),
                _named(run),
                _note(why(run)),
            ]
            for run in past
        ),
        right=("exit",),
        whole=("took", "outcome", "exit", "run"),
        aside=True,
    )


def put_past(past: Sequence[Past], zone: ZoneInfo, present: datetime) -> None:
    """Print runs of one job as a table, by the clocks of its zone."""
    today = present.astimezone(zone).date()
    put_table(
        (f"started, {zone}", "took", "outcome", "exit", "run", "note"),
        (
            [
                local(one.started, zone, today),
                _took(one, present),
                one.outcome,
                str(facts_of(one).get("exitCode", "")),
                one.name,
                _note(_meant_for(one, zone, today), why(one)),
            ]
            for one in past
        ),
        right=("exit",),
        whole=("took", "outcome", "exit", "run"),
        aside=True,
    )


def as_json(one: Past) -> dict[str, Any]:
    """Return what programs read of a run, or of one that was skipped."""
    facts = facts_of(one)
    ended = one.ended if isinstance(one, Run) else one.started
    return {
        "job": one.of,
        "run": one.name,
        "outcome": one.outcome,
        "scheduledTime": one.input.get("scheduledTime"),
        "started": one.started,
        "ended": ended,
        "tookSeconds": ended and round((ended - one.started).total_seconds()),
        "exitCode": facts.get("exitCode"),
        "attempts": facts.get("attempts"),
        "redrives": one.redrives if isinstance(one, Run) else 0,
        "reason": one.reason or None,
        "logGroup": facts.get("logGroup"),
        "logStream": facts.get("logStream"),
        "arn": one.arn,
    }


def facts_of(one: Past) -> Mapping[str, Any]:
    """Return what the machine said at a run's end; of a skipped one there is none."""
    return one.facts if isinstance(one, Run) else {}


def why(one: Past) -> str:
    """Say why it ended as it did, and what was tried.

    What ECS says of every container that ended is left out: the exit code says more.
    """
    facts = facts_of(one)
    told = re.sub(r"arn:\S+:execution:[^:\s]+:", "", " ".join(one.reason.split()))
    said = ["" if told == _OF_ANY_CONTAINER and "exitCode" in facts else told]
    if facts.get("attempts", 1) != 1:
        said.append(f"{facts['attempts']} attempts")
    if isinstance(one, Run) and one.redrives:
        said.append("redriven" if one.redrives == 1 else f"redriven {one.redrives} times")
    return ", ".join(filter(None, said))


def _named(run: Run) -> str:
    """Return a run's name, with its job where the name does not say it."""
    its_own = run.name.removeprefix(MANUAL).startswith(f"{run.of}-")
    return run.name if its_own else f"{run.of}/{run.name}"


def _note(*parts: str) -> str:
    whole = ": ".join(filter(None, parts))
    return whole if len(whole) <= _NOTE_LENGTH else f"{whole[: _NOTE_LENGTH - 1]}…"


def _meant_for(one: Past, zone: ZoneInfo, today: date) -> str:
    """Say what started it, unless it was its schedule, at its time."""
    starter = str(one.input.get(STARTED_BY, ""))
    if flow := re.search(r":execution:[^:]*--([^:]+):", starter):
        return f"flow {flow[1]}"
    if scheduled := one.input.get("scheduledTime"):
        time = datetime.fromisoformat(scheduled)
        late = one.started - time >= timedelta(minutes=1)
        return f"for {local(time, zone, today)}" if late else ""
    return "event" if one.input.get("eventId") else "by hand"


def _took(one: Past, present: datetime) -> str:
    if not isinstance(one, Run):
        return ""
    return took((one.ended or present) - one.started)


def _timeout(stack: Stack, run: Run) -> str:
    timeout = timeout_of(stack.entries[run.of])
    return "" if timeout is None else took(timeout)


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else int(duration.total_seconds())
