"""``list``: what there is, when it fires next, how it went last."""

from typing import Any

import typer

from ops import runs
from ops.output import Json, put_json, put_table
from ops.stack import Entry, Stack


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("list", epilog="Example: `python -m ops -s prod list`")(list_entries)


def list_entries(context: typer.Context, json: Json = False) -> None:
    """List jobs, flows and workers: next fire, last result, paused or not."""
    stack: Stack = context.obj
    rows = [_row(stack, entry) for entry in stack.entries.values()]
    if json:
        put_json(rows)
        return
    columns = ("name", "kind", "last")
    put_table(columns, ([str(row[column]) for column in columns] for row in rows))


def _row(stack: Stack, entry: Entry) -> dict[str, Any]:
    last = runs.latest(stack, entry)
    return {"name": entry.name, "kind": entry.kind, "last": last.outcome if last else "never"}
