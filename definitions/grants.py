"""What the program in a container may do: grants, as a stack file writes them.

``files: read`` is a verb on a bucket, ``queue:orders: send`` one on something else of the stack.
``policies`` turns a grant into IAM's words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

Kind = Literal["bucket", "queue", "topic", "table", "secret", "job"]
"""What can be granted; in a stack file it stands before the name, except for a bucket."""

VERBS: Mapping[Kind, tuple[str, ...]] = {
    "bucket": ("read", "write", "list"),
    "queue": ("send", "consume"),
    "topic": ("publish",),
    "table": ("read", "write"),
    "secret": ("read",),
    "job": ("start",),
}
"""What a program may be let do with each."""

PATTERN_CHARACTERS = "*?$"
"""Characters of a prefix that IAM would not take as themselves (IAM guide, "Policy elements")."""


@dataclass(frozen=True, kw_only=True, order=True)
class Grant:
    """One verb on one thing of the stack."""

    kind: Kind
    name: str
    """As its user chose it."""
    verb: str
    prefix: str = ""
    """What the keys of a bucket's objects must begin with."""


def kind_and_name(key: str) -> tuple[Kind, str]:
    """Read the key of a grant: ``queue:orders``, or ``files`` for a bucket.

    Raises:
        ValueError: there is no such kind.
    """
    kind, colon, name = key.partition(":")
    if not colon:
        return "bucket", key
    if kind not in VERBS or kind == "bucket":
        raise ValueError(
            f"{kind} is nothing that can be granted: write one of "
            f"{', '.join(f'{known}:…' for known in VERBS if known != 'bucket')}, "
            "or a bucket's name alone"
        )
    return cast("Kind", kind), name


def parse(key: str, value: object) -> tuple[Grant, ...]:
    """Read one entry of ``grants:``.

    Args:
        key: see :func:`kind_and_name`.
        value: a verb, a list of verbs, or, of a bucket, a map of verbs to a prefix or a list of
            prefixes.

    Raises:
        ValueError: rule and remedy, on one line.
    """
    kind, name = kind_and_name(key)
    if isinstance(value, dict):
        by_verb = cast("dict[str, object]", value)
        if kind != "bucket":
            raise ValueError(f"a {kind} has no prefixes: write {_verbs(kind)}")
        pairs = [
            (_verb(kind, verb), _prefix(prefix))
            for verb, prefixes in by_verb.items()
            for prefix in _listed(prefixes)
        ]
    else:
        pairs = [(_verb(kind, verb), "") for verb in _listed(value)]
    if not pairs:
        raise ValueError(f"is empty: write {_verbs(kind)}")
    return tuple(
        Grant(kind=kind, name=name, verb=verb, prefix=prefix)
        for verb, prefix in dict.fromkeys(pairs)
    )


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _verb(kind: Kind, verb: object) -> str:
    if not isinstance(verb, str) or verb not in VERBS[kind]:
        raise ValueError(f"{_shown(verb)} is no verb for a {kind}: write {_verbs(kind)}")
    return verb


def _verbs(kind: Kind) -> str:
    *most, last = VERBS[kind]
    return f"{', '.join(most)} or {last}" if most else last


def _prefix(prefix: object) -> str:
    if not isinstance(prefix, str):
        raise ValueError(f'{_shown(prefix)} is no prefix: write one, as incoming/, or "" for all')
    if prefix.startswith("/"):
        raise ValueError(f"{_shown(prefix)} begins with a slash: write {prefix.lstrip('/')}")
    if found := [character for character in PATTERN_CHARACTERS if character in prefix]:
        raise ValueError(
            f"{_shown(prefix)} holds {found[0]}: write the beginning of the keys, as incoming/"
        )
    return prefix


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else "no text" if value is None else str(value)
