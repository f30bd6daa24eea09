"""``next`` and ``calendar``: what fires when, from the stack file alone."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from ops.coming import Coming, Load, coming, load
from ops.completing import job_names
from ops.errors import OpsError
from ops.firing import counts_from_its_making
from ops.output import Json, put_json, put_lines, put_table, say
from ops.picture import png, svg
from ops.stack import Entry, Stack, now
from ops.times import local, relative, took

_FIRST = 20
"""Times that ``next`` shows if nobody says how long."""
_LOOKED_AHEAD = timedelta(days=366)
_MOST_DAYS = 31
_SHOWN_MINUTES = 5

_OFFLINE = "from the stack file alone: what is paused, `list` says"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("next", epilog="Example: `python -m ops -s prod next --hours 12`")(show_next)
    app.command("calendar", epilog="Example: `python -m ops -s prod calendar --out week.svg`")(
        show_calendar
    )


def show_next(
    context: typer.Context,
    jobs: Annotated[
        list[str] | None,
        typer.Argument(metavar="JOB", help="Only these.", autocompletion=job_names),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="All of so many days.")] = None,
    hours: Annotated[int | None, typer.Option(min=1, help="All of so many hours.")] = None,
    json: Json = False,
) -> None:
    """Show the next times of schedules, without asking AWS; by default 20 of them.

    Calendars and changes of clocks are in it; what is paused is not known here.
    """
    stack: Stack = context.obj
    present = now()
    entries = [stack.entry(name) for name in jobs or stack.entries]
    whole = timedelta(days=days or 0, hours=hours or 0)
    comes = _each_rate_once(coming(stack, entries, present, present + (whole or _LOOKED_AHEAD)))
    found = list(comes if whole else islice(comes, _FIRST))
    if json:
        put_json([_as_json(one) for one in found])
        return
    if found:
        put_table(("when", "zone", "in", "job", "note"), (_cells(one, present) for one in found))
        say(_OFFLINE)
    else:
        say("; ".join(_why_nothing(entries)))


def _each_rate_once(found: Iterator[Coming]) -> Iterator[Coming]:
    """Leave out the further times of a rate whose minute is not known: they tell nothing more."""
    told: set[str] = set()
    for one in found:
        if counts_from_its_making(one.entry):
            if one.entry.name in told:
                continue
            told.add(one.entry.name)
        yield one


def _cells(one: Coming, present: datetime) -> list[str]:
    zone = ZoneInfo(one.entry.settings.timezone)
    if counts_from_its_making(one.entry):
        return ["soon", str(zone), "", one.entry.name, one.note]
    away = relative(one.instant, present).removeprefix("in ") if one.runs else ""
    when = local(one.instant, zone, present.astimezone(zone).date())
    return [when, str(zone), away, one.entry.name, one.note]


def _why_nothing(entries: list[Entry]) -> list[str]:
    off = [entry.name for entry in entries if not entry.settings.enabled]
    without = [entry.name for entry in entries if not entry.settings.schedule]
    said = [f"{name} has no schedule" for name in without[:_FIRST]]
    said += [f"{name} is off in the stack file" for name in off if name not in without]
    return said or ["no schedule fires in that time"]


def _as_json(one: Coming) -> dict[str, Any]:
    return {
        "job": one.entry.name,
        "time": one.instant,
        "timezone": one.entry.settings.timezone,
        "runs": one.runs,
        "note": one.note or None,
        "schedules": [one.entry.settings.schedule[number - 1] for number in one.numbers],
    }


def show_calendar(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=_MOST_DAYS, help="From today on.")] = 7,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw a picture instead: `week.svg` or `week.png`."),
    ] = None,
    json: Json = False,
) -> None:
    """Show how many runs start in each hour of some days and which may meet; AWS is not asked."""
    if out is not None and out.suffix not in (".svg", ".png"):
        raise OpsError(f"{out} is no picture: write a name that ends with .svg or .png")
    stack: Stack = context.obj
    found = load(stack, now(), days)
    if out is not None:
        picture = svg(found, f"{stack.file.project} {stack.name}")
        try:
            out.write_bytes(png(picture) if out.suffix == ".png" else picture.encode())
        except OSError as error:
            raise OpsError(f"{out} cannot be written: {error.strerror}") from None
        say(f"{out} is drawn; {_OFFLINE}")
    if json:
        put_json(_load_as_json(found))
    elif out is None:
        _put_load(found)


def _put_load(found: Load) -> None:
    counts: dict[str, Counter[int]] = {}
    for hour, count in found.by_hour().items():
        wall = hour.astimezone(found.zone)
        counts.setdefault(f"{wall:%a %d %b}", Counter())[wall.hour] += count
    lines = [f"Starts in each hour, {found.zone}:"]
    lines.append(" " * 10 + "".join(f"{hour:>3}" for hour in range(24)) + "  all")
    for day, hours in counts.items():
        cells = "".join(f"{hours[hour] or '·':>3}" for hour in range(24))
        lines.append(f"{day}{cells}{hours.total():>5}")
    put_lines(lines)
    put_lines(["", *_minutes(found), *_meetings(found)])
    say(_OFFLINE)


def _minutes(found: Load) -> list[str]:
    """Say which minutes have the most starts."""
    minutes = found.by_minute()
    busiest = sorted(minutes, key=lambda minute: (-len(minutes[minute]), minute))[:_SHOWN_MINUTES]
    shared = [minute for minute in busiest if len(minutes[minute]) > 1]
    if not shared:
        return ["No two start in the same minute."]
    lines = ["Most starts in one minute:"]
    for minute in shared:
        names = minutes[minute]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        when = f"{minute.astimezone(found.zone):%a %d %b %H:%M}"
        lines.append(f"  {when}  {len(names):>4}  {', '.join(names[:3])}{more}")
    return lines


def _meetings(found: Load) -> list[str]:
    """Say which jobs may still run when they start again."""
    words = {
        "forbid": "that one would be skipped",
        "allow": "both would run",
        "replace": "the older one would be stopped",
    }
    lines = [
        f"  {name}: starts again after {took(meeting.wait)}, its timeout is "
        f"{took(meeting.timeout)}: {words[meeting.entry.settings.overlap]}"
        for name, meeting in found.meetings().items()
    ]
    return ["", "May still run at its next start:", *lines] if lines else []


def _load_as_json(found: Load) -> dict[str, Any]:
    minutes = found.by_minute()
    return {
        "timezone": str(found.zone),
        "begin": found.begin.astimezone(ZoneInfo("UTC")),
        "end": found.end.astimezone(ZoneInfo("UTC")),
        "starts": len(found.starts),
        "leftOut": len(found.comes) - len(found.starts),
        "hours": [{"time": hour, "starts": count} for hour, count in found.by_hour().items()],
        "sameMinute": [
            {"time": minute, "jobs": names} for minute, names in minutes.items() if len(names) > 1
        ],
        "mayMeetThemselves": [
            {
                "job": name,
                "shortestWaitSeconds": int(meeting.wait.total_seconds()),
                "timeoutSeconds": int(meeting.timeout.total_seconds()),
                "overlap": meeting.entry.settings.overlap,
            }
            for name, meeting in found.meetings().items()
        ],
    }
