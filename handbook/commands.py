"""The reference of the two command lines, from what their ``--help`` is made of."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from ops.app import app as ops_app
from ops.errors import Exit
from rehearsal.__main__ import app as rehearsal_app

ROOT = Path(__file__).parent.parent


def ops_commands() -> str:
    """Write a section for each command of ``python -m ops``."""
    return _of(typer.main.get_command(ops_app), "python -m ops")


def rehearsal_commands() -> str:
    """Write a section for each command of ``python -m rehearsal``."""
    return _of(typer.main.get_command(rehearsal_app), "python -m rehearsal")


def exit_codes() -> str:
    """Write a row for each exit code of ``python -m ops``."""
    rows = (f"| {code.value} | {_said(code)} |" for code in Exit)
    return "\n".join(["| code | what it says |", "| --- | --- |", *rows])


def _said(code: Exit) -> str:
    """Return what stands below a member of the enumeration, which Python itself forgets."""
    source = inspect.getsource(Exit)
    found = re.search(rf'{code.name} = \d+\n\s+"""(.*?)"""', source, re.DOTALL)
    if found is None:
        raise LookupError(f"ops/errors.py does not say what {code.name} means")
    return " ".join(found[1].split())


def _of(command: Any, name: str) -> str:
    """Write sections for a group's commands, and for those of groups in it."""
    return "\n\n".join(_sections(command, name))


def _sections(group: Any, name: str) -> Iterator[str]:
    for below, command in group.commands.items():
        whole = f"{name} {below}"
        if hasattr(command, "commands"):
            yield from _sections(command, whole)
        else:
            yield _section(command, whole)


def _section(command: Any, name: str) -> str:
    parameters = [one for one in command.params if not getattr(one, "hidden", False)]
    arguments = " ".join(_argument(one) for one in parameters if one.param_type_name == "argument")
    context = typer.Context(command)
    rows = [_row(one, context) for one in parameters]
    title = name.partition(" -m ")[2].partition(" ")[2]
    parts = [f"## {title}", f"    {name} {arguments}".rstrip(), _prose(command.help)]
    if rows:
        parts.append("\n".join(["| | default | |", "| --- | --- | --- |", *rows]))
    if command.epilog:
        parts.append(_prose(command.epilog))
    return "\n\n".join(parts)


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name.upper()).strip("[]")
    many = "…" if parameter.nargs == -1 else ""
    return f"{name}{many}" if parameter.required else f"[{name}{many}]"


def _row(parameter: Any, context: typer.Context) -> str:
    """Write an argument or option: how it is written, its default, what it is."""
    if parameter.param_type_name == "argument":
        how = _argument(parameter)
    else:
        how = ", ".join([*parameter.opts, *parameter.secondary_opts])
        if not parameter.is_flag:
            how += f" {_kind(parameter, context)}"
    shown = f"`{_default(parameter)}`" if _default(parameter) else ""
    return f"| `{_prose(how)}` | {shown} | {_prose(parameter.help or '')} |"


def _default(parameter: Any) -> str:
    """Return a default as people would write it, if there is one that they could."""
    default = parameter.default
    if isinstance(default, Path) and default.is_relative_to(ROOT):
        return str(default.relative_to(ROOT))
    return "" if default in (None, False, ()) or callable(default) else str(default)


def _kind(parameter: Any, context: typer.Context) -> str:
    """Return what an option's value is called."""
    kind: str = parameter.metavar or parameter.display_type(context).strip("<>").upper()
    return {"STR": "TEXT", "INT": "N", "INT RANGE": "N", "PATH": "FILE"}.get(kind) or kind


def _prose(text: str | None) -> str:
    """Join a docstring's lines; a bar would end a table's cell."""
    return " ".join((text or "").split()).replace("|", "\\|")
