"""``doctor``: whether the live stack is as its stack file says, and well."""

import typer

from ops import stack as stacks
from ops.doctor import CHECKS, examined
from ops.errors import Exit
from ops.output import Json, put_json, put_lines, say
from ops.stack import Stack


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", epilog="Example: `python -m ops -s prod doctor --json`")(doctor)


def doctor(context: typer.Context, json: Json = False) -> None:
    """Look for what is not as the stack file says, or not well; nothing is changed.

    Exit code 1: there is a problem. Warnings alone, such as a pause, end with 0.
    """
    stack: Stack = context.obj
    found = examined(stack, stacks.now())
    if json:
        put_json([finding.as_json() for finding in found])
    elif found:
        put_lines(map(str, found))
    else:
        say(f"stack {stack.name} is well: {len(CHECKS)} checks found nothing")
    if any(finding.level == "problem" for finding in found):
        raise typer.Exit(Exit.NOT_WELL)
