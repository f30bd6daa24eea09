"""What the models of all sections share: their configuration, lists, texts, durations.

A check takes the value as written and returns it as the program wants it, or raises a ValueError
with rule and remedy; ``reading`` puts the key path before it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from definitions import durations
from definitions.grants import Kind
from stacks.wording import flow, kind, shown

MODEL = ConfigDict(
    frozen=True,
    extra="forbid",
    strict=True,
    alias_generator=to_camel,
    validate_by_name=True,
    validate_by_alias=True,
    hide_input_in_errors=True,  # it may be a secret
)


class EntryError(ValueError):
    """A mistake of several keys together: it belongs to the map that holds them."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What one section has to know of the others; handed to checks as pydantic's context.

    It holds what is written, also where the sections have mistakes of their own, so that one
    mistake is not reported twice.
    """

    region: str
    mode: object
    production: bool
    directory: Path
    buckets: frozenset[str]
    own: Mapping[Kind, frozenset[str]]
    """The names of what can be granted, by its kind."""
    secret_keys: Mapping[str, frozenset[str] | None]
    """The keys of each secret; None where they are not known, as for an existing one."""
    containers: Mapping[str, Mapping[str, Any]]
    jobs: Mapping[str, Mapping[str, Any]]
    tags: frozenset[str]
    calendars: frozenset[str]
    channels: frozenset[str]


def surroundings_in(info: ValidationInfo) -> Surroundings | None:
    """Return the context, or None where a model is made by itself."""
    return cast("Surroundings | None", info.context)


def map_or_empty(value: object) -> Mapping[str, Any]:
    """Return a map that is one, or an empty one: what else it is, is told elsewhere."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def check_exactly_one(first: str, second: object, info: ValidationInfo, *, example: str) -> None:
    """Check that the key being validated, whose value is ``second``, or the one before is there.

    Says nothing where the first has a mistake already.
    """
    if first not in info.data:
        return
    if info.data[first] is None and second is None:
        raise EntryError(f"has neither {first} nor {info.field_name}: write {example}")
    if info.data[first] is not None and second is not None:
        raise EntryError(f"has both {first} and {info.field_name}: keep one")


# -- lists and texts


def like(pattern: str, example: str) -> WithJsonSchema:
    """Say for editors what a text looks like; what else is right of it, its check knows alone.

    Args:
        pattern: a regular expression that Python and JavaScript read alike. It must take all that
            the check takes.
        example: what an editor says to write instead.
    """
    return WithJsonSchema(
        {"type": "string", "pattern": pattern, "patternErrorMessage": f"Write {example}."}
    )


_DATE_AS_TIME = re.compile(r"(\d{4}-\d\d-\d\d) 00:00:00 \+0000 UTC")
"""What the CLI makes of an unquoted date in a stack file."""


def tuple_from_list(value: object) -> object:
    """Take a list, as YAML has it, for a tuple."""
    if isinstance(value, list):
        return tuple(cast("list[object]", value))
    if isinstance(value, tuple):
        return cast("tuple[object, ...]", value)
    if not isinstance(value, str | int | float):
        raise ValueError(f"is {kind(value)}: write a list")
    words = value.split() if isinstance(value, str) else [value]
    raise ValueError(f"{shown(value)} is {kind(value)}: write {flow(words)}")


def quoted_date(value: str) -> str:
    """Refuse a date that the CLI turned into a point in time."""
    if match := _DATE_AS_TIME.fullmatch(value):
        raise ValueError(f'{shown(value)} is what the CLI reads: quote it: "{match[1]}"')
    return value


_Item = TypeVar("_Item")

ListOf = Annotated[tuple[_Item, ...], BeforeValidator(tuple_from_list)]
"""A list in YAML."""

Text = Annotated[str, AfterValidator(quoted_date)]


def among(numbers: Iterable[int]) -> WithJsonSchema:
    """Say for editors which numbers there are."""
    return WithJsonSchema({"type": "integer", "enum": list(numbers)})


# -- durations


def between(least_seconds: int, most_seconds: int) -> Callable[[int], int]:
    """Return a check of a duration's bounds."""

    def check(duration_seconds: int) -> int:
        written = durations.text(duration_seconds)
        if duration_seconds < least_seconds:
            raise ValueError(f"{written} is too short: write {durations.text(least_seconds)}")
        if duration_seconds > most_seconds:
            raise ValueError(f"{written} is too long: write {durations.text(most_seconds)}")
        return duration_seconds

    return check


Duration = Annotated[str, like(durations.FORM, "a whole number and a unit: 90s, 15m, 2h or 1d")]
"""A duration as it is written."""
Seconds = Annotated[int, BeforeValidator(durations.seconds, json_schema_input_type=Duration)]
