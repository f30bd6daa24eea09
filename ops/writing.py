"""Adding to people's YAML files: text is put in, and all else stays as they wrote it."""

import copy
import json
import os
import re
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ops.errors import OpsError
from stacks.job_files import parse
from stacks.settings_schema import JOBS_SCHEMA

_PYYAML: Any = yaml  # which has no types
_INDENT = 2


def header(file: Path, project: Path) -> str:
    """Return the first line of a job file, by which editors find its schema."""
    schema = os.path.relpath(project / "stacks" / JOBS_SCHEMA, file.parent)
    return f"# yaml-language-server: $schema={Path(schema).as_posix()}\n"


@contextmanager
def draft(file: Path, text: str) -> Generator[Path]:
    """Write a text beside the file that it shall become, which it does unless the block raises.

    Whoever reads the file meanwhile finds the former one, whole.
    """
    file = file.resolve()
    makes_folder = not file.parent.exists()
    file.parent.mkdir(exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    try:
        new.write_text(text, encoding="utf-8", newline="")
        if file.exists():
            shutil.copymode(file, new)
        yield new
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
        if makes_folder and not file.exists():
            file.parent.rmdir()


def line_of(text: str, *keys: str) -> int | None:
    """Return the line of a key in a YAML text, counted from 1, if it is there."""
    node, line = _composed(text), None
    for key in keys:
        entries: Any = node.value if node and node.id == "mapping" else []
        found = [(name, value) for name, value in entries if name.value == key]
        if not found:
            return None
        ((name, node),) = found
        line = name.start_mark.line + 1
    return line


def plain(text: str, *, in_brackets: bool = False) -> str:
    """Write a text as YAML on one line, in quotes only where it needs them."""
    frame, expected = ("[{}]", [text]) if in_brackets else ("a: {}", {"a": text})
    try:
        is_itself = parse(frame.format(text)) == expected
    except yaml.YAMLError:
        is_itself = False
    # What begins with a digit may be a date or an octal number to others who read YAML.
    if is_itself and not re.match(r"[-+.]?[0-9]", text):
        return text
    return json.dumps(text, ensure_ascii=False)


def with_entry(text: str, path: Sequence[str], name: str, lines: Sequence[str]) -> str:
    """Return a YAML text with one entry more, at the end of the map that a path leads to.

    Args:
        text: a YAML file. Lines are added, none is changed but for a map that is ``{}``.
        path: keys from the top; what is missing on the way is added at the end of its map.
        name: the entry's key, which the map has not yet.
        lines: what stands below it, without its indentation.

    Raises:
        OpsError: the map is written in a way to which no line can be added.
    """
    old = _lines(text)
    end = "\r" if old and old[0].endswith("\r") else ""
    place, missing = _place(old, path)
    for line, begin, behind in place.braces:
        old[line] = (old[line][:begin] + old[line][behind:]).rstrip() + end
    block = [f"{name}:", *_indented(lines, place.step)]
    for key in reversed(missing):
        block = [f"{key}:", *_indented(block, place.step)]
    put = [*([""] if place.is_airy else []), *_indented(block, place.column)]
    new = "\n".join([*old[: place.line], *(line + end for line in put), *old[place.line :], ""])
    if not _has_only_this_more(text, new, path, name, parse("\n".join(lines))):
        raise OpsError(f"{'.'.join(path)} is written in a way that is not understood here")
    return new


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where the lines of an entry belong."""

    line: int
    """The one that they go before, counted from 0."""
    column: int
    step: int = _INDENT
    """Columns by which what is below something is indented."""
    is_airy: bool = False
    """Whether the entries of the map have an empty line between them."""
    braces: tuple[tuple[int, int, int], ...] = ()
    """An empty map in braces that the lines replace: its line, first column and end."""


def _lines(text: str) -> list[str]:
    """Divide a text, whether its last line is ended or not."""
    return text.removesuffix("\n").split("\n") if text else []


def _place(lines: Sequence[str], path: Sequence[str]) -> tuple[_Place, list[str]]:
    """Find the map that a path leads to, and return what is missing of the path."""
    node = _composed("\n".join([*lines, ""]))
    if node is None:
        return _Place(line=len(lines), column=0), list(path)
    above: Any = None
    for depth, key in enumerate(path):
        if not _is_block(node):
            break
        found = [(name, value) for name, value in node.value if name.value == key]
        if not found:
            return _in_block(lines, node), list(path[depth:])
        ((above, node),) = found
        if node.start_mark.index < above.end_mark.index:
            raise OpsError(f"{key} is an alias of another map: write the map itself")
        if _is_empty(node):
            return _below(above, node), list(path[depth + 1 :])
    if not _is_block(node):
        where = f"line {above.start_mark.line + 1}: {above.value}" if above else "line 1: the file"
        raise OpsError(f"{where} is not a map with a key a line: write it as one")
    return _in_block(lines, node), []


def _composed(text: str) -> Any:
    return _PYYAML.compose(text, Loader=_PYYAML.BaseLoader)


def _is_block(node: Any) -> bool:
    return node.id == "mapping" and not node.flow_style


def _is_empty(node: Any) -> bool:
    """Tell whether there is nothing, or an empty map in braces."""
    if node.id == "scalar":
        return node.value in ("", "~", "null") and node.style is None
    return node.id == "mapping" and not node.value


def _below(key: Any, node: Any) -> _Place:
    """Return the place below a key that has nothing below it yet."""
    start, end = node.start_mark, node.end_mark
    return _Place(
        line=end.line + 1,
        column=key.start_mark.column + _INDENT,
        braces=((start.line, start.column, end.column),),
    )


def _in_block(lines: Sequence[str], node: Any) -> _Place:
    """Return the place behind the last entry of a map, and behind the comments that belong to it.

    Those are the ones that are indented as the entries are, or deeper.
    """
    column: int = node.start_mark.column
    last: int = node.end_mark.line - 1
    while not lines[last].strip() or (
        lines[last].lstrip().startswith("#") and _indentation(lines[last]) < column
    ):
        last -= 1
    before: int = node.value[-1][0].start_mark.line - 1
    while before >= 0 and lines[before].lstrip().startswith("#"):
        before -= 1
    steps = [
        inner.start_mark.column - column
        for _, inner in node.value
        if _is_block(inner) and inner.start_mark.line > node.start_mark.line
    ]
    return _Place(
        line=last + 1,
        column=column,
        step=steps[-1] if steps and steps[-1] > 0 else _INDENT,
        is_airy=len(node.value) > 1 and not lines[before].strip(),
    )


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _indented(lines: Sequence[str], columns: int) -> list[str]:
    return [f"{' ' * columns}{line}" if line else "" for line in lines]


def _has_only_this_more(
    before: str, after: str, path: Sequence[str], name: str, value: object
) -> bool:
    """Tell whether the new text says what the old one does and the entry, and nothing else."""
    try:
        expected: Any = copy.deepcopy(parse(before)) or {}
        found = parse(after)
    except yaml.YAMLError:
        return False
    inner = expected
    for key in path:
        inner[key] = inner.get(key) or {}
        inner = inner[key]
    inner[name] = value
    return found == expected
