"""Where two JSON values differ: what a deploy would write, and what is live."""

import re
from collections.abc import Iterator
from typing import Any, cast

from stacks.stack_file import SECRET_PLACEHOLDER

_UNKNOWN = re.compile(rf"(https://)?{SECRET_PLACEHOLDER}-[\w.\[\]-]+")
"""Stands where a stack file has a value that only a deploy can decrypt."""


def differences(expected: Any, live: Any, *, path: str = "") -> Iterator[str]:
    """Yield the path of each difference: ``States.Run.TimeoutSeconds``.

    An encrypted value of the stack file may be anything.
    """
    if isinstance(expected, dict) and isinstance(live, dict):
        wanted, found = cast(dict[str, Any], expected), cast(dict[str, Any], live)
        for key in dict.fromkeys((*wanted, *found)):
            inside = f"{path}.{key}".removeprefix(".")
            if key in wanted and key in found:
                yield from differences(wanted[key], found[key], path=inside)
            else:
                yield inside
    elif isinstance(expected, list) and isinstance(live, list):
        ours, theirs = cast(list[Any], expected), cast(list[Any], live)
        if len(ours) != len(theirs):
            yield path
            return
        for at, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(one, other, path=f"{path}[{at}]")
    elif not _same(expected, live):
        yield path


def same(expected: Any, live: Any) -> bool:
    """Tell whether there is no difference."""
    return next(differences(expected, live), None) is None


def holds(live: str, expected: str) -> bool:
    """Tell whether a text holds what is expected, whatever encrypted values are."""
    return re.search(_pattern(expected), live, re.DOTALL) is not None


def _same(expected: Any, live: Any) -> bool:
    if isinstance(expected, str) and isinstance(live, str) and SECRET_PLACEHOLDER in expected:
        return re.fullmatch(_pattern(expected), live, re.DOTALL) is not None
    return expected == live and isinstance(expected, bool) == isinstance(live, bool)


def _pattern(expected: str) -> str:
    parts = _UNKNOWN.split(expected)[:: _UNKNOWN.groups + 1]
    return ".*?".join(re.escape(part) for part in parts)
