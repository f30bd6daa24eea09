"""The command line: its options, its commands, and how it ends."""

import os
import signal
from typing import Annotated

import typer
from typer._click import exceptions  # typer brings its own click, and exports half of it

from ops.aws import AWS_ERRORS, explained
from ops.commands import (
    adding,
    backfilling,
    checking,
    coming,
    completion,
    costs,
    health,
    imports,
    listing,
    logs,
    messages,
    past,
    running,
    schedules,
    showing,
)
from ops.completing import STACK_OPTIONS, WORDS, stack_names, words
from ops.errors import Exit, OpsError
from ops.output import fail, put_lines
from ops.stack import Stack, project

_EPILOG = """Exit codes: 0 done · 1 something is not well · 2 the command line or the stack file is
wrong · 3 AWS refused or was not reached · 75 no run was started · 124 timed out · 125 the program
was not started · 130 Ctrl-C · 143 the run was stopped. `run` and `retry` end with the container's
own code where it has one."""

app = typer.Typer(
    name="ops",
    add_completion=False,
    help="Look after a deployed stack: run, follow, stop, retry, pause and ask.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _stack(
    context: typer.Context,
    stack: Annotated[
        str,
        typer.Option(
            *STACK_OPTIONS,
            envvar="OPS_STACK",
            help="The stack, as in Pulumi.dev.yaml.",
            autocompletion=stack_names,
        ),
    ] = "dev",
) -> None:
    context.obj = Stack(stack, project())


for commands in (  # in the order of --help and of the reference
    listing,
    showing,
    past,
    coming,
    running,
    logs,
    backfilling,
    schedules,
    health,
    messages,
    costs,
    checking,
    adding,
    imports,
    completion,
):
    commands.register(app)


def main(arguments: list[str]) -> int:
    """Run a command line and return its exit code; whatever goes wrong is lines, never a trace."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as `ops … | head` expects
    command = typer.main.get_command(app)
    if WORDS in os.environ:
        put_lines(words(command, [*_stack_first(arguments[:-1]), *arguments[-1:]]))
        return Exit.DONE
    try:
        return (
            command.main(_stack_first(arguments), prog_name="python -m ops", standalone_mode=False)
            or 0
        )
    except OpsError as error:
        fail(error.lines)
        return error.code
    except exceptions.NoArgsIsHelpError as error:
        error.show()
        return Exit.USAGE
    except exceptions.ClickException as error:
        fail([f"{error.format_message()} (--help shows how)"])
        return Exit.USAGE
    except (typer.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except AWS_ERRORS as error:
        refusal = explained(error)
        fail(refusal.lines)
        return refusal.code


def _stack_first(arguments: list[str]) -> list[str]:
    """Move the stack before the command: people write it where it comes to mind.

    What follows ``--`` is a program's own.
    """
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for place, argument in enumerate(own):
        if argument in STACK_OPTIONS and place + 1 < len(own):
            moved, rest = arguments[place : place + 2], arguments[:place] + arguments[place + 2 :]
            return [*moved, *rest]
        if argument.startswith("--stack="):
            return [argument, *arguments[:place], *arguments[place + 1 :]]
    return arguments
