"""``backfill``."""

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from ops.backfill import TO_RUN, Backfill, Due, planned
from ops.completing import job_names
from ops.errors import Exit, OpsError
from ops.following import is_terminal
from ops.output import Json, put_json, put_table, say
from ops.stack import Stack, now
from ops.times import instant


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "backfill",
        epilog="Example: `python -m ops backfill report --from 2026-11-20 --to 2026-11-22`",
    )(backfill)


def backfill(
    context: typer.Context,
    job: Annotated[
        str, typer.Argument(metavar="JOB", help="A job, flow or worker.", autocompletion=job_names)
    ],
    begin: Annotated[
        str,
        typer.Option(
            "--from", metavar="TIME", help="By the job's clocks, or with Z: 2026-11-20[T18:00]."
        ),
    ],
    end: Annotated[
        str, typer.Option("--to", metavar="TIME", help="Not included; of a date, its end.")
    ],
    concurrency: Annotated[
        int, typer.Option(min=1, max=100, help="Runs at a time; more than one overlap.")
    ] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would run.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Run what a schedule has missed: one run for each time that had none, oldest first.

    What has run or was skipped is left out: `retry` a failed run, or `run --at` a skipped time.
    Without a terminal it only shows the plan, unless --yes.
    """
    stack: Stack = context.obj
    entry = stack.entry(job)
    if entry.kind == "worker" and concurrency > 1:
        raise OpsError(f"runs of worker {job} never overlap: leave --concurrency out")
    zone = entry.settings.timezone
    plan = planned(stack, entry, instant(begin, zone), instant(end, zone, last=True), now())
    to_run = [due for due in plan if due.what == TO_RUN]
    if not json:
        _put_plan(plan, ZoneInfo(zone))
    if not to_run:
        say("nothing is missing")
    goes_on = bool(to_run) and not dry_run and _is_wanted(len(to_run), yes=yes)
    if not goes_on:
        if json:
            put_json([_as_json(due) for due in plan])
        return
    filling = Backfill(stack, entry, to_run, concurrency)
    try:
        filling.run()
    except KeyboardInterrupt:
        _leave(filling)
        raise
    if json:
        put_json([_as_json(due) for due in filling.ended])
    say(f"{entry.name}: {filling.summary}")
    if filling.failed:
        raise typer.Exit(Exit.NOT_WELL)


def _is_wanted(count: int, *, yes: bool) -> bool:
    runs = "1 run" if count == 1 else f"{count} runs"
    if yes:
        return True
    if not is_terminal():
        say(f"this was a dry run: --yes starts {runs}")
        return False
    return typer.confirm(f"Start {runs}?", err=True)


def _put_plan(plan: list[Due], zone: ZoneInfo) -> None:
    rows = [(f"{due.instant.astimezone(zone):%a %Y-%m-%d %H:%M}", due.what) for due in plan]
    if rows:
        put_table((f"time in {zone}", ""), rows)


def _as_json(due: Due) -> dict[str, object]:
    return {"scheduledTime": due.instant, "run": due.run, "what": due.what}


def _leave(filling: Backfill) -> None:
    for name in filling.going:
        say(f"{name} goes on")
    say(f"{filling.left} not started: the same command goes on with them")
