"""What commands print: results on standard output, all else on standard error."""

import json
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

_Answer = TypeVar("_Answer")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
"""The option of every command that prints a list."""

_ANY_WIDTH = 10_000
"""Columns that no table needs."""
_WIDTH_OF_A_FILE = 200
"""Columns where standard output is no terminal: lines are not to be broken for nobody's eyes."""


def console() -> Console:
    """Return what results are printed by: coloured only on a terminal, and never if NO_COLOR."""
    return _console(stderr=False)


def say(line: str) -> None:
    """Tell a person how it goes on: a line on standard error, so that results stay clean."""
    _console(stderr=True).print(escape(line))


def say_of(name: str, outcome: str, rest: str) -> None:
    """Tell a person how something ended: its outcome is coloured where that can be seen."""
    _console(stderr=True).print(f"[bold]{escape(name)}[/]: {coloured(outcome)}{escape(rest)}")


def fail(lines: Iterable[str]) -> None:
    """Print what went wrong, a line each, on standard error."""
    errors = _console(stderr=True)
    for line in lines:
        errors.print(f"[red]error:[/] {escape(line)}")


def progress(what: str, answers: Iterable[_Answer], total: int) -> Iterator[_Answer]:
    """Pass answers on, and tell a terminal on standard error how many there are already."""
    errors = _console(stderr=True)
    if total < 2 or not errors.is_terminal or errors.no_color:  # a status moves the cursor
        yield from answers
        return
    with errors.status(f"{what}: 0 of {total}") as status:
        for number, answer in enumerate(answers, 1):
            status.update(f"{what}: {number} of {total}")
            yield answer


def put_lines(lines: Iterable[str]) -> None:
    """Print lines as they are, for programs or where a table is not the form."""
    sys.stdout.writelines(f"{line}\n" for line in lines)


def put_findings(mistakes: Iterable[str], warnings: Iterable[str]) -> None:
    """Print what is wrong as a deploy would say it, then its warnings."""
    findings = console()
    for line in mistakes:
        findings.print(escape(line))
    for line in warnings:
        findings.print(f"[yellow]warning:[/] {escape(line)}")


def put_json(value: Any) -> None:
    """Print a value as JSON; times become ISO 8601 in UTC."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=_plain) + "\n")


def put_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
    aside: bool = False,
) -> None:
    """Print a table of plain text.

    Args:
        columns: their titles.
        rows: their cells.
        right: columns that are aligned there.
        whole: columns whose cells are never broken: a name can be copied, whatever the width.
        aside: the last column stands below the one before it where a terminal is too narrow.
    """
    results, cells = console(), [list(row) for row in rows]
    table = _table(columns, cells, right, whole, narrow=False)
    if _widths(table, results).maximum > results.width:
        if aside:
            columns, cells = columns[:-1], _below(cells)
        table = _table(columns, cells, right, whole, narrow=True)
    results.width = max(results.width, _widths(table, results).minimum)
    results.print(table)


def _below(rows: list[list[str]]) -> list[list[str]]:
    """Put what is in the last column below what is in the one before, no wider than that is."""
    widest = max((len(row[-2]) for row in rows), default=1)
    return [[*row[:-2], "\n".join([row[-2], *textwrap.wrap(row[-1], widest)])] for row in rows]


def _table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Sequence[str],
    whole: Sequence[str],
    *,
    narrow: bool,
) -> Table:
    """Lay a table out; where it is ``narrow``, with as little between columns as can be read."""
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=not narrow,
        padding=(0, 1, 0, 0) if narrow else (0, 1),
        header_style="bold",
    )
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold",
            no_wrap=column in whole,
        )
    for row in rows:
        table.add_row(*map(coloured, row))
    return table


def _widths(table: Table, results: Console) -> Measurement:
    """Return how wide a table is at least, with no word broken, and at most."""
    return Measurement.get(results, results.options.update(width=_ANY_WIDTH), table)


def put_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Print names and values, a line each; a name that repeats the one above is left out.

    Lines are not broken, so that addresses can be clicked and copied.
    """
    width = max(len(name) for name, _ in facts)
    above = ""
    for name, value in facts:
        shown = "" if name == above else name
        console().print(f"[bold]{escape(shown.ljust(width))}[/]  {coloured(value)}")
        above = name


_COLOURS: Mapping[str, str] = {
    "succeeded": "green",
    "running": "cyan",
    "failed": "red",
    "timed out": "red",
    "out of memory": "red",
    "not started": "red",
    "lost": "red",
    "stopped": "yellow",
    "replaced": "yellow",
    "skipped": "yellow",
    "paused": "yellow",
}
"""Of what runs and schedules are, wherever a cell says just that."""


def coloured(text: str) -> str:
    """Return a cell's text as markup, in the colour of what it says of a run."""
    colour = _COLOURS.get(text)
    return f"[{colour}]{escape(text)}[/]" if colour else escape(text)


def _console(*, stderr: bool) -> Console:
    """Return a console of this moment: tests and shells change where standard output goes."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        file=stream,
        highlight=False,
        soft_wrap=True,
        width=None if stream.isatty() else _WIDTH_OF_A_FILE,
    )


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} is no JSON")
