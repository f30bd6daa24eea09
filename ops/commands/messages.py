"""``dead-letters`` and ``test-notify``: what was not delivered, and whether messages arrive."""

import sys
from typing import Annotated

import typer

from ops import letters as dead
from ops import stack as stacks
from ops import trials
from ops.errors import Exit, OpsError
from ops.letters import Letter
from ops.output import Json, put_json, put_lines, put_table, say
from ops.stack import Stack

Ids = Annotated[
    list[str] | None, typer.Argument(metavar="ID", help="As the list has them, or all.")
]
All = Annotated[bool, typer.Option("--all", help="All that there are.")]

dead_letters = typer.Typer(
    help="List, deliver again or drop what could not be delivered.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(dead_letters, name="dead-letters")
    app.command("test-notify", epilog="Example: `python -m ops test-notify --failure`")(
        try_messages
    )


@dead_letters.command("list", epilog="Example: `python -m ops dead-letters list --json`")
def list_letters(context: typer.Context, json: Json = False) -> None:
    """List what could not be delivered: what it is, whose, why, since when. None is deleted."""
    stack: Stack = context.obj
    found = dead.letters(stack)
    if json:
        put_json([letter.as_json() for letter in found])
    elif not found:
        say(f"stack {stack.name} has no dead letters")
    else:
        put_table(
            ("id", "since (UTC)", "job", "what", "why"),
            (
                (
                    letter.short,
                    f"{letter.since:%Y-%m-%d %H:%M}",
                    letter.job or "",
                    f"{letter.kind} {letter.what}",
                    letter.why,
                )
                for letter in found
            ),
        )


@dead_letters.command("redrive", epilog="Example: `python -m ops dead-letters redrive --all`")
def redrive(context: typer.Context, ids: Ids = None, everything: All = False) -> None:
    """Deliver again to where it was to go, and only then delete.

    A run keeps the name of its time or event: none is started twice.
    """
    stack: Stack = context.obj
    wanted = _held(stack, ids, everything=everything)
    failed = False
    while wanted:
        letter = wanted.pop(0)
        try:
            put_lines(
                [f"{letter.short} {letter.kind} {letter.what}: {dead.redrive(stack, letter)}"]
            )
        except OpsError as error:
            failed = True
            dead.let_go(stack, [letter])
            say(str(error))
        except Exception:
            dead.let_go(stack, [letter, *wanted])
            raise
    if failed:
        raise typer.Exit(Exit.NOT_WELL)


@dead_letters.command("drop", epilog="Example: `python -m ops dead-letters drop 3f2a91c4`")
def drop(
    context: typer.Context,
    ids: Ids = None,
    everything: All = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete dead letters for good: nobody will be told, and no run started."""
    stack: Stack = context.obj
    if not yes and not sys.stdin.isatty():
        raise OpsError("nobody is there to be asked: write --yes")
    wanted = _held(stack, ids, everything=everything)
    for letter in wanted:
        say(f"{letter.short} {letter.kind} {letter.what}")
    if wanted and not yes and not typer.confirm(f"Delete {_counted(wanted)}?", err=True):
        dead.let_go(stack, wanted)
        return
    for letter in wanted:
        dead.drop(stack, letter)
    put_lines([f"deleted {_counted(wanted)}"])


def try_messages(
    context: typer.Context,
    channel: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of notify.channels; else the stack's own.")
    ] = None,
    failure: Annotated[bool, typer.Option("--failure", help="As of a failure only.")] = False,
    success: Annotated[bool, typer.Option("--success", help="As of a success only.")] = False,
) -> None:
    """Send a test message the whole way, and say who should see it now.

    Exit code 1: somebody who should hear has not confirmed, or nobody hears at all.
    """
    stack: Stack = context.obj
    if channel is not None:
        trials.check_channel(stack, channel)
    # The success comes last: it closes the incident that a pager opened.
    goods = [good for good in (False, True) if (success if good else failure)] or [False, True]
    well = True
    for good in goods:
        title = trials.tell(stack, good=good, channel=channel, now=stacks.now())
        heard = trials.destinations(stack, good=good, channel=channel)
        put_lines([f"{title}", *(f"  {one}" for one in heard)])
        well = well and bool(heard) and all(one.confirmed for one in heard)
        if not heard:
            say("nobody hears of it: write notify.emails or notify.slack into the stack file")
        if any(not one.confirmed for one in heard):
            say("not confirmed: somebody has to click the link in AWS's mail to that address")
        if any(one.what == "webhook" for one in heard):
            say("what a webhook refuses for an hour goes to the dead letters")
    if not well:
        raise typer.Exit(Exit.NOT_WELL)


def _held(stack: Stack, ids: list[str] | None, *, everything: bool) -> list[Letter]:
    """Take the letters that are meant, and let others see the rest."""
    if bool(ids) == everything:
        raise OpsError("name the letters, or write --all" if not ids else "write ids or --all")
    found = dead.letters(stack, hold=True)
    try:
        wanted = found if everything else dead.chosen(found, ids or ())
    except OpsError:
        dead.let_go(stack, found)
        raise
    dead.let_go(stack, [letter for letter in found if letter not in wanted])
    if not found:
        say(f"stack {stack.name} has no dead letters")
    return wanted


def _counted(wanted: list[Letter]) -> str:
    return f"{len(wanted)} dead letter{'' if len(wanted) == 1 else 's'}"
