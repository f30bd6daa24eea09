"""``check``: what a deploy would refuse, without one."""

from pathlib import Path
from typing import Annotated

import typer

from ops.checking import check
from ops.errors import Exit
from ops.output import Json, put_findings, put_json, say

_EPILOG = """Example: `python -m ops check Pulumi.prod.yaml jobs/data.yaml`

Before each commit: put the hook of `.pre-commit-hooks.yaml` under `repo: local` into your
`.pre-commit-config.yaml`, then `pre-commit install`.

Exit codes: 0 nothing is wrong (there may be warnings) · 2 something is."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", epilog=_EPILOG)(check_files)


def check_files(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Stack files and job files; without any, all stacks of the project."),
    ] = None,
    json: Json = False,
) -> None:
    """Print the lines that a deploy would be refused with, and its warnings, without deploying.

    A job file is checked in the stacks that name it; if none does, by itself.
    """
    checked = check(files or [])
    for note in checked.notes:
        say(note)
    if json:
        rows = [("error", line) for line in checked.mistakes]
        rows += [("warning", line) for line in checked.warnings]
        put_json([{"severity": severity, "line": line} for severity, line in rows])
    else:
        put_findings(checked.mistakes, checked.warnings)
        if not checked.mistakes:
            say("Nothing is wrong.")
    raise typer.Exit(Exit.USAGE if checked.mistakes else Exit.DONE)
