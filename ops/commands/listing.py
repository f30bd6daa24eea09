"""``list``: what there is, when it fires next, how it went last."""

import fnmatch
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from ops import pauses
from ops.completing import job_names
from ops.executions import MOST_ASKED, last_of
from ops.live import Live, Standing, live, next_run, started_by
from ops.output import Json, put_json, put_lines, put_table, say
from ops.pauses import Pause
from ops.runs import Run
from ops.stack import Entry, Stack, now
from ops.times import local, relative


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("list", epilog="Example: `python -m ops -s prod list 'orders-*'`")(list_entries)


def list_entries(
    context: typer.Context,
    jobs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="JOB",
            help="Only these: names, or patterns such as `'orders-*'`.",
            autocompletion=job_names,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List jobs, flows and workers: when each runs next, how it went last, whether it is paused."""
    stack: Stack = context.obj
    entries = _chosen(stack, jobs)
    found, present = live(stack), now()
    deployed = [entry for entry in entries if entry.name in found.machines]
    asks = len(deployed) <= MOST_ASKED
    last = last_of(stack, deployed) if asks else {}
    off = _pauses(stack, entries, found, present)
    rows = [
        _row(stack, entry, found, last.get(entry.name), off.get(entry.name), present)
        for entry in entries
    ]
    if not asks:
        rows = [{**row, "last": None} for row in rows]
        say(
            f"last results of {len(deployed):,} jobs would be too many questions for AWS: name some"
            " ('orders-*'), or ask for runs --failed"
        )
    if jobs is None:
        rows += [_left_over(name) for name in sorted(found.machines - stack.entries.keys())]
    if json:
        put_json(rows)
        return
    put_table(
        ("name", "schedule", "next", "last", "when"),
        (_cells(row, present) for row in rows),
        whole=("name", "last", "when"),
    )
    put_lines(_told(row, present) for row in rows if row["pause"])


def _chosen(stack: Stack, patterns: list[str] | None) -> list[Entry]:
    """Return what is meant, in the stack file's order."""
    if patterns is None:
        return list(stack.entries.values())
    names = {name for pattern in patterns for name in fnmatch.filter(stack.entries, pattern)}
    for pattern in patterns:
        if not fnmatch.filter(stack.entries, pattern):
            stack.entry(pattern)  # which is not there: it says what is
    return [entry for name, entry in stack.entries.items() if name in names]


def _pauses(stack: Stack, entries: list[Entry], found: Live, present: datetime) -> dict[str, Pause]:
    """Return what is known of the pauses, of events too; where nothing is paused, one call."""
    off = any(found.standing(entry, present).paused for entry in entries)
    if not off and not pauses.notes_of(stack):
        return {}
    return {pause.job: pause for pause in pauses.paused(stack, entries)}


def _row(
    stack: Stack,
    entry: Entry,
    found: Live,
    last: Run | None,
    pause: Pause | None,
    present: datetime,
) -> dict[str, Any]:
    standing = found.standing(entry, present)
    return {
        "name": entry.name,
        "kind": entry.kind,
        "schedules": list(entry.settings.schedule),
        "timezone": entry.settings.timezone,
        "startedBy": started_by(stack, entry),
        "state": _state(entry, standing, pause),
        "pause": pause and pause.as_json(),
        "next": next_run(stack, entry, standing, present),
        "last": last.outcome if last else "never",
        "lastRun": last.name if last else None,
        "lastStarted": last.started if last else None,
        "lastEnded": last.ended if last else None,
    }


def _left_over(name: str) -> dict[str, Any]:
    """Describe what is in AWS and not in the stack file: a deploy would take it away."""
    return {
        "name": name,
        "kind": None,
        "schedules": [],
        "timezone": None,
        "startedBy": [],
        "state": "not in the stack file",
        "pause": None,
        "next": None,
        "last": None,
        "lastRun": None,
        "lastStarted": None,
        "lastEnded": None,
    }


def _state(entry: Entry, standing: Standing, pause: Pause | None) -> str:
    if not standing.deployed:
        return "not deployed"
    if not entry.settings.schedule:
        return "paused" if pause else "no schedule"
    if not entry.settings.enabled:
        return "off"
    if standing.missing:
        return "schedule not deployed"
    if standing.paused:
        return "partly paused" if standing.firing else "paused"
    return "on" if standing.firing else "over"


def _cells(row: dict[str, Any], present: datetime) -> list[str]:
    kind = "" if row["kind"] in ("job", None) else f" ({row['kind']})"
    at = row["lastEnded"] or row["lastStarted"]
    return [
        row["name"] + kind,
        _schedule(row),
        _next(row, present),
        row["last"] or "",
        relative(at, present) if at else "",
    ]


def _schedule(row: dict[str, Any]) -> str:
    first, *others = [*row["schedules"], *(f"by {what}" for what in row["startedBy"]), "by hand"]
    if not row["schedules"]:
        return "" if row["kind"] is None else ", ".join([first, *others[:-1]])
    more = f", +{len(others) - 1}" if len(others) > 1 else ""
    return f"{first} {row['timezone']}{more}"


def _next(row: dict[str, Any], present: datetime) -> str:
    if row["next"] is None:
        until = row["pause"] and row["pause"]["until"]
        end = f" until {_local(row, until, present)}" if until else ""
        return "" if row["state"] == "no schedule" else f"{row['state']}{end}"
    when = _local(row, row["next"], present)
    partly = ", partly paused" if row["state"] == "partly paused" else ""
    return f"{when}, {relative(row['next'], present)}{partly}"


def _told(row: dict[str, Any], present: datetime) -> str:
    """Say of a pause who made it, and why."""
    pause = row["pause"]
    until = f" until {_local(row, pause['until'], present)}" if pause["until"] else ""
    by = f" by {pause['by']}" if pause["by"] else ""
    reason = f": {pause['reason']}" if pause["reason"] else ""
    return (
        f"{row['name']} is paused since {_local(row, pause['since'], present)}{until}{by}{reason}"
    )


def _local(row: dict[str, Any], instant: datetime, present: datetime) -> str:
    zone = ZoneInfo(row["timezone"])
    return local(instant, zone, present.astimezone(zone).date())
