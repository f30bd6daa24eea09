"""``logs``."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from ops import following
from ops.completing import job_names
from ops.logs import RunLog
from ops.output import say
from ops.runs import Run, described, found, latest, recent
from ops.stack import Entry, Stack, now
from ops.times import typed
from ops.waiting import reached, rounds

_MOST_RUNS = 1_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("logs", epilog="Example: `python -m ops logs report --since 2h`")(logs)


def logs(
    context: typer.Context,
    of: Annotated[
        str,
        typer.Argument(
            metavar="JOB|RUN",
            help="A job means its latest run, or see --since.",
            autocompletion=job_names,
        ),
    ],
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", "-f", help="Go on until the run ends; of a job, with its next runs too."
        ),
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only later lines: 2h ago, or since 2026-12-24T18:00."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print an object of JSON a line.")] = False,
) -> None:
    """Print the log of a run, of all its tasks in the order of time.

    Of a job it is its latest run, or with --since all runs of that time.
    """
    stack: Stack = context.obj
    show = following.show_json if json else following.show
    if of not in stack.entries:
        run = found(stack, of)
        _put(stack, run, _instant(stack.entries[run.of], since), show, follow=follow)
        return
    entry = stack.entries[of]
    begin = _instant(entry, since)
    runs = _runs(stack, entry, begin)
    if not runs and not follow:
        when = f" since {since}" if since else " yet"
        say(f"{entry.kind} {entry.name} has had no run{when}")
    for run in runs:
        say(f"{run.name} ({run.outcome}):")
        _put(stack, run, begin, show, follow=follow)
    if follow:
        _follow_next(stack, entry, runs[-1] if runs else None, show)


def _instant(entry: Entry, since: str | None) -> datetime | None:
    return typed(since, ZoneInfo(entry.settings.timezone), now()) if since else None


def _runs(stack: Stack, entry: Entry, since: datetime | None) -> list[Run]:
    """Return a job's latest run, or those that went on after some time, the oldest first."""
    if since is None:
        last = latest(stack, entry)
        return [last] if last else []
    listed = recent(stack, entry, _MOST_RUNS)
    names = [one["name"] for one in listed if (one.get("stopDate") or now()) >= since]
    runs = (described(stack, entry.name, name) for name in reversed(names))
    return [run for run in runs if run is not None]


def _put(
    stack: Stack, run: Run, since: datetime | None, show: following.Show, *, follow: bool
) -> None:
    log = RunLog(stack, run.arn, since=since)
    if follow and run.status == "RUNNING":
        following.conclude(following.to_the_end(stack, run, show, log))
        return
    for line in log.new_lines():
        show(line)


def _follow_next(stack: Stack, entry: Entry, last: Run | None, show: following.Show) -> None:
    """Print the logs of the runs to come, until Ctrl-C."""
    for _ in rounds():
        newest = reached(lambda: latest(stack, entry))
        if newest and (last is None or newest.name != last.name):
            last = newest
            say(f"{newest.name}:")
            _put(stack, newest, None, show, follow=True)
