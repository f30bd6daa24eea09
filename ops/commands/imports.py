"""``import``: jobs in our YAML, from a crontab or from another scheduler's files."""

import sys
from os.path import relpath
from pathlib import Path
from typing import Annotated

import typer

from definitions.schedules import check_zone
from ops.errors import Exit, OpsError
from ops.importing import copilot as copilot_manifests
from ops.importing import crontab as crontabs
from ops.importing import ecschedule as ecschedule_rules
from ops.importing import kubernetes as kubernetes_manifests
from ops.importing.documents import text_in
from ops.importing.job_file import Imported, checked, text_of
from ops.output import say
from ops.stack import project

Out = Annotated[
    Path | None, typer.Option("--out", help="Write the job file here, not to standard output.")
]

JOBS_SCHEMA = Path("stacks", "jobs.schema.json")
"""Where a project has the schema of job files."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Write a job file from a crontab, or from another scheduler's files. What cannot be "
        "carried over is listed, with the line and the reason, and makes the exit code 1.",
        epilog="Example: `crontab -l | python -m ops import crontab -`",
    )
    for name, command, example in (
        ("crontab", crontab, "crontab /etc/cron.d/app --system --timezone Asia/Tokyo"),
        ("ecschedule", ecschedule, "ecschedule ecschedule.yaml --out jobs/rules.yaml"),
        ("copilot", copilot, "copilot . --environment prod"),
        ("kubernetes", kubernetes, "kubernetes cronjobs.yaml"),
    ):
        group.command(name, epilog=f"Example: `python -m ops import {example}`")(command)
    app.add_typer(group, name="import")


def crontab(
    file: Annotated[str, typer.Argument(help="A crontab; - is standard input.", metavar="FILE")],
    timezone: Annotated[
        str | None,
        typer.Option(help="The time zone of the machine, as Europe/Berlin.", show_default="UTC"),
    ] = None,
    system: Annotated[
        bool, typer.Option("--system", help="A user stands before each command.")
    ] = False,
    out: Out = None,
) -> int:
    """Write a job file from a crontab. Exit code 1: something is left out, and listed."""
    if timezone is not None:
        try:
            check_zone(timezone)
        except ValueError as error:
            raise OpsError(f"--timezone: {error}") from None
    text, source = _read(file)
    return _put(crontabs.read(text, source=source, zone=timezone, system=system), out)


def ecschedule(
    file: Annotated[str, typer.Argument(help="A configuration of ecschedule.", metavar="FILE")],
    out: Out = None,
) -> int:
    """Write a job file from the rules of ecschedule. Exit code 1: something is left out."""
    text, source = _read(file)
    return _put(ecschedule_rules.read(text, source=source), out)


def copilot(
    path: Annotated[
        Path, typer.Argument(help="A manifest of a scheduled job, or a workspace with some.")
    ],
    environment: Annotated[
        str | None, typer.Option(help="Take the values of this environment of Copilot's.")
    ] = None,
    out: Out = None,
) -> int:
    """Write a job file from scheduled jobs of Copilot. Exit code 1: something is left out."""
    return _put(copilot_manifests.read(path, environment=environment), out)


def kubernetes(
    file: Annotated[str, typer.Argument(help="A manifest with CronJobs.", metavar="FILE")],
    out: Out = None,
) -> int:
    """Write a job file from CronJobs of Kubernetes. Exit code 1: something is left out."""
    text, source = _read(file)
    return _put(kubernetes_manifests.read(text, source=source), out)


def _read(file: str) -> tuple[str, str]:
    """Return a file's text and its name in messages."""
    if file == "-":
        try:
            return sys.stdin.buffer.read().decode(), "stdin"
        except UnicodeDecodeError:
            raise OpsError("stdin: is no text in UTF-8: give another file") from None
    return text_in(Path(file)), file


def _put(imported: Imported, out: Path | None) -> int:
    """Write the job file, and say what is left out; what is to be looked at stands in the file."""
    imported = checked(imported)
    if out is None:
        sys.stdout.write(text_of(imported))
    else:
        _write(out, text_of(imported, relpath(project() / JOBS_SCHEMA, out.parent)))
    for left in imported.left_out:
        say(left.line())
    jobs = sum("command" in draft.settings for draft in imported.drafts)
    say(
        f"{jobs} job{'s' * (jobs != 1)} carried over, {len(imported.left_out)} left out"
        f"{f', in {out}' if out else ''}"
    )
    return Exit.NOT_WELL if imported.left_out else Exit.DONE


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise OpsError(f"{path}: is there already: remove it, or write to another file") from None
    except OSError as error:
        raise OpsError(f"{path}: cannot be written: {error.strerror}: take another path") from None
