"""``pause``, ``resume``, ``schedule``: what people change about when jobs run, beside Pulumi."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from definitions import schedules
from ops import adhoc, moments, pauses
from ops import stack as stacks
from ops.completing import job_names
from ops.errors import OpsError
from ops.output import Json, put_json, put_lines, put_table, say
from ops.overrides import Command, Cpu, Env, Memory, overrides, shown
from ops.pauses import Pause
from ops.stack import Entry, Stack

Jobs = Annotated[
    list[str] | None,
    typer.Argument(metavar="JOB", help="Jobs, flows or workers.", autocompletion=job_names),
]
All = Annotated[bool, typer.Option("--all", help="All of the stack.")]

schedule = typer.Typer(
    help="Add, list and remove schedules that Pulumi does not own.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("pause", epilog="Example: `python -m ops pause list-files --until 2h`")(pause)
    app.command("resume", epilog="Example: `python -m ops resume list-files`")(resume)
    app.add_typer(schedule, name="schedule")


def pause(
    context: typer.Context,
    jobs: Jobs = None,
    everything: All = False,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Resume by itself: 2h, 2026-12-24, 2026-12-24T18:00."),
    ] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="For the others.")] = None,
    json: Json = False,
) -> None:
    """Pause jobs: neither schedules nor events start them, people still can."""
    stack: Stack = context.obj
    entries, now = _chosen(stack, jobs, everything=everything), stacks.now()
    if reason is not None and len(reason) > pauses.LONGEST_REASON:
        raise OpsError(f"--reason has {len(reason)} characters: write {pauses.LONGEST_REASON}")
    ends = {entry.name: _end(until, entry, now) for entry in entries}
    made: list[Pause] = []
    for entry in entries:
        if not entry.settings.enabled:
            say(f"{entry.name} is off in the stack file (enabled: false): nothing to pause")
            continue
        found = pauses.pause(stack, entry, until=ends[entry.name], reason=reason, now=now)
        if found is None:
            if not everything:
                say(f"{entry.name} is started by people only: nothing to pause")
            continue
        made.append(found)
        if not json:
            put_lines([_told(found, entry)])
    if json:
        put_json([one.as_json() for one in made])
    if made:
        _warn(stack, made)


def resume(
    context: typer.Context, jobs: Jobs = None, everything: All = False, json: Json = False
) -> None:
    """Resume jobs that are paused; what they missed is not made up for (`backfill` does that)."""
    stack: Stack = context.obj
    entries, now = _chosen(stack, jobs, everything=everything), stacks.now()
    if everything:
        known = {one.job for one in pauses.paused(stack, entries)} | pauses.notes_of(stack).keys()
        entries = [entry for entry in entries if entry.name in known]
        if not entries:
            say("nothing is paused")
    resumed: dict[str, list[str]] = {}
    for entry in entries:
        if not entry.settings.enabled:
            say(f"{entry.name} is off in the stack file: write enabled: true, and deploy")
            continue
        resumed[entry.name] = pauses.resume(stack, entry, now)
        if not json:
            what = ", ".join(resumed[entry.name])
            put_lines([f"{entry.name}: resumed {what}" if what else f"{entry.name}: not paused"])
    if json:
        put_json([{"job": job, "resumed": names} for job, names in resumed.items()])


@schedule.command("add", epilog="Example: `python -m ops schedule add month-end report --at 2h`")
def add_schedule(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the schedule.")],
    job: Annotated[str, typer.Argument(metavar="JOB", autocompletion=job_names)],
    command: Command = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Once: 2h, 2026-12-24T18:00.")
    ] = None,
    cron: Annotated[
        str | None, typer.Option(metavar="FIELDS", help="As in the stack file: 0 3 * * ? *.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(metavar="RATE", help="As in the stack file: 5 minutes.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Of the time; the job's own if not said.")
    ] = None,
    env: Env = None,
    cpu: Cpu = None,
    memory: Memory = None,
) -> None:
    """Add a schedule for a job beside its own; calendars are not asked, one that is over goes.

    Its runs are the job's: named by their time, never two for the same.
    """
    stack: Stack = context.obj
    adhoc.check_name(name)
    entry, now = stack.entry(job), stacks.now()
    zone = timezone or entry.settings.timezone
    try:
        schedules.check_zone(zone)
    except ValueError as error:
        raise OpsError(f"--timezone {error}") from None
    once = None if at is None else moments.coming("--at", at, ZoneInfo(zone), now)
    expression = adhoc.expression_of(at=once, cron=cron, rate=rate, zone=zone, now=now)
    told = overrides(stack, entry, env=env, cpu_units=cpu, memory_mib=memory, command=command)
    timezone_of_it = "UTC" if once else zone
    adhoc.add(stack, name, entry, expression=expression, timezone=timezone_of_it, run_input=told)
    when = moments.clocks(once, zone) if once else f"{expression} {zone}"
    put_lines([f"{name} starts {job}: {when}"])


@schedule.command("list", epilog="Example: `python -m ops schedule list --json`")
def list_schedules(context: typer.Context, json: Json = False) -> None:
    """List the schedules that people added."""
    stack: Stack = context.obj
    found = list(adhoc.added(stack, stacks.now()))
    if json:
        put_json([one.as_json() for one in found])
        return
    if not found:
        say(f"nobody has added a schedule to stack {stack.name}")
        return
    put_table(
        ("name", "job", "schedule", "next", "with", "by"),
        (
            (
                one.name,
                one.job,
                one.expression,
                moments.clocks(one.next, _zone(stack, one)) if one.next else _not_coming(one),
                shown(one.run_input),
                one.by,
            )
            for one in found
        ),
        whole=("name", "job"),
    )


@schedule.command("remove", epilog="Example: `python -m ops schedule remove month-end`")
def remove_schedule(
    context: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME")]
) -> None:
    """Remove a schedule that somebody added; runs that it has started go on."""
    stack: Stack = context.obj
    adhoc.check_name(name)
    adhoc.remove(stack, name)
    put_lines([f"{name} is removed"])


def _zone(stack: Stack, one: adhoc.AdHoc) -> str:
    """Return the zone in which people think of a schedule: of a single time, the job's."""
    once = one.expression.startswith("at(") and one.job in stack.entries
    return stack.entries[one.job].settings.timezone if once else one.timezone


def _not_coming(one: adhoc.AdHoc) -> str:
    return "never" if one.enabled else "paused"


def _chosen(stack: Stack, jobs: list[str] | None, *, everything: bool) -> list[Entry]:
    if bool(jobs) == everything:
        raise OpsError("name the jobs, or write --all" if not jobs else "write jobs or --all")
    if everything:
        return list(stack.entries.values())
    return [stack.entry(name) for name in dict.fromkeys(jobs or ())]


def _end(until: str | None, entry: Entry, now: datetime) -> datetime | None:
    if until is None:
        return None
    return moments.coming("--until", until, ZoneInfo(entry.settings.timezone), now)


def _told(found: Pause, entry: Entry) -> str:
    what = ", ".join([*found.schedules, *found.rules, *found.pipes])
    until = f" until {moments.clocks(found.until, entry.settings.timezone)}" if found.until else ""
    return f"{found.job}: paused {what}{until}"


def _warn(stack: Stack, made: list[Pause]) -> None:
    """Say what ends a pause although nobody resumes, and what is lost meanwhile."""
    file = f"Pulumi.{stack.name}.yaml"
    if any(one.schedules for one in made) and not stack.settings.keep_paused:
        say(
            f"a deploy that changes a schedule resumes it: keepPaused: true in {file} prevents that"
        )
    if any(one.rules or one.pipes for one in made):
        say("a deploy that changes a rule or pipe resumes it, whatever keepPaused says")
    if any(one.rules for one in made):
        say("events that come meanwhile are lost")
    if any(one.pipes for one in made):
        say("messages that come meanwhile wait in their queues")
