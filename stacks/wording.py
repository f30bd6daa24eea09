"""How a message or a table shows what a stack file holds, on one line."""

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from typing import cast

MASK = "[secret]"
"""Stands for what must not be printed: a message ends in CI logs."""

_MOST_SHOWN_CHARACTERS = 80
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
"""How a text begins that YAML takes for a date unless it is quoted."""


def shown(value: object) -> str:
    """Return a value as a message shows it: on one line, and not at any length.

    What is inside a list or map is left out: the key path says where it is.
    """
    if isinstance(value, list | tuple | dict) and value:
        return "{…}" if isinstance(value, dict) else "[…]"
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= _MOST_SHOWN_CHARACTERS:
        return text
    return f"{text[:_MOST_SHOWN_CHARACTERS]}…"


def kind(value: object) -> str:
    """Return what a value is in the words of YAML."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list() | tuple():
            return "a list"
        case _:
            return "a map"


def flow(value: object) -> str:
    """Write a value as YAML within one line."""
    match value:
        case dict():
            entries = cast("dict[str, object]", value).items()
            return "{" + ", ".join(f"{key}: {_inside(entry)}" for key, entry in entries) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_inside, cast("Sequence[object]", value))) + "]"
        case str() if not _DATE.match(value):
            return value
        case _:
            return json.dumps(value)


def _inside(value: object) -> str:
    """Write a value within brackets, where a cron() must be quoted."""
    return json.dumps(value) if isinstance(value, str) and "*" in value else flow(value)


def instead(wrong: str, known: Iterable[str], *, prefix: str = "") -> str:
    """Return the remedy for a name that does not exist."""
    names_known = sorted(known)
    containing = [name for name in names_known if wrong.lower() in name.lower() and wrong]
    if nearest := difflib.get_close_matches(wrong, names_known, n=1) or containing:
        return f"write {prefix}{nearest[0]}"
    if not names_known:
        return "there is none, add it first"
    return f"known: {', '.join(prefix + name for name in names_known)}"
