"""``new``: something more in a stack file."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ops.checking import absolute, shown
from ops.errors import OpsError
from ops.new_job import add_job, job_lines
from ops.output import put_findings, put_lines, say
from ops.stack import Stack

_EPILOG = """Example: `python -m ops new job nightly --schedule "cron(0 3 * * ? *)" --timezone
Asia/Tokyo --command "python -m nightly" --file jobs/data.yaml`

What a deploy would refuse is not written; comments and layout stay as they are."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    new = typer.Typer(
        help="Add something to a stack file.", no_args_is_help=True, rich_markup_mode="markdown"
    )
    new.command("job", epilog=_EPILOG)(new_job)
    app.add_typer(new, name="new")


def new_job(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The job's name: nightly, list-files.")],
    schedule: Annotated[
        str | None, typer.Option(help="`cron(…)`, `rate(…)` or `at(…)`; by hand only without it.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="Of the schedule: Asia/Tokyo.")] = None,
    command: Annotated[
        str, typer.Option(help="The program and its arguments, as typed in a shell.")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option(help="A job file, which may be a new one; the stack file without it."),
    ] = None,
) -> None:
    """Add a job, with comments on what else it may say."""
    stack: Stack = context.obj
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise OpsError(f"--command {command}: {error}: close what is open") from None
    path = absolute(file or stack.directory / f"Pulumi.{stack.file.stack}.yaml")
    lines = job_lines(name, schedule=schedule, timezone=timezone, command=words)
    added = add_job(path, name, lines)
    put_lines([f"{shown(path)}:{added.line}: job {name}"])
    put_findings([], added.warnings)
    if added.stacks:
        rehearsed = stack.name if stack.name in added.stacks else added.stacks[0]
        say(f"Next: python -m rehearsal run {rehearsed}")
    else:
        named = path.relative_to(home) if path.is_relative_to(home := stack.directory) else path
        say(f"Next: name it in a stack file: {stack.file.project}:jobFiles: [{named}]")
