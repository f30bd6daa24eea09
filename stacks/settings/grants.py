"""``grants:`` of a container, and values that are the physical name of something of the stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BeforeValidator, PlainValidator, ValidationInfo

from definitions import grants
from definitions.grants import VERBS, Grant, Kind
from stacks.settings.base import surroundings_in
from stacks.wording import flow, instead, shown


def check_own(kind: Kind, name: str, info: ValidationInfo, *, of: str = "") -> None:
    """Check that the file has something of this kind and name.

    Args:
        kind: what it is.
        name: how the file calls it.
        info: pydantic's, with the surroundings.
        of: what the message begins with; nothing where the key path ends with the name.
    """
    surroundings = surroundings_in(info)
    if surroundings and name not in surroundings.own[kind]:
        remedy = instead(name, surroundings.own[kind])
        raise ValueError(f"{of}is not a {kind} of this file: {remedy}")


def _grantable(key: str, info: ValidationInfo) -> str:
    """Check that a grant is about something of this file."""
    kind, name = grants.kind_and_name(key)
    check_own(kind, name, info)
    return key


def _with_their_keys(written: object) -> object:
    """Put its key beside each value: what a verb may be depends on it."""
    if not isinstance(written, dict):
        return written
    return {key: (key, value) for key, value in cast("dict[object, object]", written).items()}


def _granted(entry: tuple[str, object]) -> tuple[Grant, ...]:
    """Read one entry; a key that is wrong is told where it is checked itself."""
    key, value = entry
    try:
        grants.kind_and_name(key)
    except ValueError:
        return ()
    return grants.parse(key, value)


_Verb = Literal["read", "write", "list", "send", "consume", "publish", "start"]
_Verbs = _Verb | list[str] | dict[str, str | list[str]]

Grants = Annotated[
    dict[
        Annotated[str, AfterValidator(_grantable)],
        Annotated[tuple[Grant, ...], PlainValidator(_granted, json_schema_input_type=_Verbs)],
    ],
    BeforeValidator(_with_their_keys, json_schema_input_type=dict[str, _Verbs]),
]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A value that is the physical name of something of the stack: ``{queue: orders}``."""

    kind: Kind
    name: str


def reference(value: Mapping[str, object], info: ValidationInfo) -> Reference:
    """Read ``{queue: orders}``."""
    (kind, name), *more = value.items() or [("", None)]
    if kind not in VERBS or not isinstance(name, str) or more:
        raise ValueError(
            f"{flow(dict(value))} is a map: write a text, or one of "
            f"{', '.join(f'{{{kind}: …}}' for kind in VERBS)}"
        )
    made = Reference(kind=cast("Kind", kind), name=name)
    check_own(made.kind, made.name, info, of=f"{shown(made.name)} ")
    return made
