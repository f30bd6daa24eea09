"""``run``, ``stop``, ``retry`` and ``redrive``."""

from typing import Annotated, Any

import typer

from ops import following
from ops.completing import job_names
from ops.dispatching import for_time, started
from ops.errors import Exit, OpsError
from ops.logs import RunLog
from ops.output import Json, put_json, put_lines, say
from ops.overrides import Command, Cpu, Env, Memory, overrides
from ops.redriving import redrive
from ops.runs import Run, found, recent
from ops.stack import Entry, Stack
from ops.stopping import message_of, stop
from ops.times import instant

Job = Annotated[
    str,
    typer.Argument(metavar="JOB", help="A job, flow or worker.", autocompletion=job_names),
]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Its name, JOB/RUN or its ARN.")]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Print the run's name and do not wait for its end.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run", epilog="Example: `python -m ops run report --env DAY=2026-11-22`")(run)
    app.command("stop", epilog="Example: `python -m ops stop report-2026-11-22T033000Z`")(stop_runs)
    app.command("retry", epilog="Example: `python -m ops retry report-2026-11-22T033000Z`")(retry)
    app.command("redrive", epilog="Example: `python -m ops redrive nightly-2026-11-22T033000Z`")(
        redrive_run
    )


def run(
    context: typer.Context,
    job: Job,
    command: Command = None,
    env: Env = None,
    cpu: Cpu = None,
    memory: Memory = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Run for this scheduled time, by the job's clocks or with Z; once only.",
        ),
    ] = None,
    no_wait: NoWait = False,
    json: Json = False,
) -> None:
    """Start a job now, follow its log, and end as its container ends.

    Ctrl-C asks whether to stop the run; without a terminal, the run goes on.
    """
    stack: Stack = context.obj
    entry = stack.entry(job)
    given = overrides(stack, entry, env=env, cpu_units=cpu, memory_mib=memory, command=command)
    if at is None:
        trigger = entry.trigger(**given)
    else:
        trigger = for_time(entry, instant(at, entry.settings.timezone), **given)
    _finish(stack, started(stack, entry, trigger), no_wait=no_wait, json=json)


def retry(
    context: typer.Context, run: RunName, no_wait: NoWait = False, json: Json = False
) -> None:
    """Run again what has ended: the same input, the newest image, a new name; then as `run`.

    Of a flow, all of its jobs run again: `redrive` goes on from the job that failed.
    """
    stack: Stack = context.obj
    older = found(stack, run)
    if older.status == "RUNNING":
        raise OpsError(f"{older.name} is still going: wait for it, or stop it first")
    entry = stack.entries[older.of]
    say(f"the same as {older.name} ({older.outcome}), with the newest image")
    trigger = entry.trigger(**older.own_input)
    _finish(stack, started(stack, entry, trigger), no_wait=no_wait, json=json)


def redrive_run(
    context: typer.Context, run: RunName, no_wait: NoWait = False, json: Json = False
) -> None:
    """Go on with a flow from the job that failed, or with a run that was stopped; then as `run`.

    It is the same run, with the image and input that it had; within 14 days of its end. A job that
    used up its attempts would fail at once again: `retry` it.
    """
    stack: Stack = context.obj
    older = found(stack, run)
    log = RunLog(stack, older.arn)
    log.pass_over()
    again = redrive(stack, older)
    say(f"{again.name} goes on where it was {older.outcome}")
    _finish(stack, again, no_wait=no_wait, json=json, log=log)


def stop_runs(
    context: typer.Context,
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN|JOB", help="A run, or a job that runs.", autocompletion=job_names
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Stop all of a job's runs unasked.")] = False,
    json: Json = False,
) -> None:
    """Stop a run, or the one of a job that is going, and wait for its end."""
    stack: Stack = context.obj
    going = _going(stack, stack.entries[run], yes=yes) if run in stack.entries else [run]
    ended: list[Run] = []
    for name in going:
        one = found(stack, name)
        if one.status != "RUNNING":
            raise OpsError(f"{one.name} has ended already: {one.outcome}", code=Exit.NOT_WELL)
        ended.append(stop(stack, one))
        following.conclude(ended[-1])
        say(message_of(ended[-1]))
    if json:
        put_json([following.as_json(one) for one in ended])


def _going(stack: Stack, entry: Entry, *, yes: bool) -> list[str]:
    """Return the names of a job's runs that are going and are to be stopped."""
    runs = recent(stack, entry, 1_000, statusFilter="RUNNING")
    names = [f"{entry.name}/{one['name']}" for one in runs]
    if not names:
        raise OpsError(f"{entry.kind} {entry.name} has no run going", code=Exit.NOT_WELL)
    if len(names) == 1 or yes:
        return names
    put_lines(names)
    if not following.is_terminal():
        raise OpsError(f"{len(names)} runs are going: name one of them, or stop all with --yes")
    typer.confirm(f"Stop all {len(names)}?", abort=True, err=True)
    return names


def _finish(
    stack: Stack, run: Run, *, no_wait: bool, json: bool, log: RunLog | None = None
) -> None:
    """Follow a run that has just been started, or only say how it is called."""
    if no_wait:
        _put_started(run, json=json)
        return
    say(f"run {run.name} has started")
    show = following.show_aside if json else following.show
    ended = following.follow(stack, run, show, log)
    if json:
        put_json(following.as_json(ended))
    raise typer.Exit(ended.exit_code)


def _put_started(run: Run, *, json: bool) -> None:
    said: dict[str, Any] = {"job": run.of, "run": run.name, "arn": run.arn}
    if json:
        put_json(said)
    else:
        put_lines([run.name])
