"""``array:`` of a job: the elements that a run fans out into."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast

from pydantic import BaseModel, Field, PlainValidator, ValidationInfo, field_validator

from definitions.job_array import MAX_DATA_BYTES, MAX_ELEMENTS, MAX_INLINE, elements_bytes
from stacks.settings.base import MODEL, EntryError, ListOf, check_exactly_one, like
from stacks.wording import flow, kind, shown

MIN_ELEMENTS = 2
_PERCENTAGE = re.compile(r"(\d{1,3})%")


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How many elements may fail: so many, or so many of a hundred."""

    count: int | None = None
    percentage: int | None = None


def _item(value: object) -> str:
    """Take a text as it is and a map as its JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    raise ValueError(f'{shown(value)} is {kind(value)}: write a text or a map: "{flow(value)}"')


def _tolerance(value: object) -> Tolerance:
    """Read ``3`` or ``10%``."""
    if isinstance(value, Tolerance):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Tolerance(count=value)
    found = _PERCENTAGE.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[1]) > 100:
        raise ValueError(f"{shown(value)} is neither a number nor a percentage: write 3 or 10%")
    return Tolerance(percentage=int(found[1]))


Item = Annotated[str, PlainValidator(_item, json_schema_input_type=str | dict[str, object])]
TolerateFailures = Annotated[
    Tolerance,
    PlainValidator(
        _tolerance,
        json_schema_input_type=Annotated[int, Field(ge=0)]
        | Annotated[str, like("^(0?[0-9]{1,2}|100)%$", "3 or 10%")],
    ),
]


class ArraySettings(BaseModel):
    """The elements of an array job: each is a task of its own."""

    model_config = MODEL

    size: int | None = Field(
        default=None,
        ge=MIN_ELEMENTS,
        le=MAX_ELEMENTS,
        description="How many elements there are; each is told its index, from 0. "
        "Either this or `items`.",
        examples=[20],
    )
    items: ListOf[Item] | None = Field(
        default=None,
        validate_default=True,
        description="An element for each text or map of this list, which it is told too, a map as "
        "JSON. Either this or `size`.",
        examples=[["tokyo", "osaka"]],
    )
    max_concurrency: int = Field(
        default=MAX_INLINE,
        ge=1,
        le=MAX_ELEMENTS,
        description="How many elements run at once.",
        examples=[10],
    )
    tolerate_failures: TolerateFailures = Field(
        default=Tolerance(count=0),
        description="How many elements may fail before the run does, a number or a percentage.",
        examples=["10%"],
        json_schema_extra={"default": 0},
    )

    @property
    def elements(self) -> int:
        """How many there are, whichever way they are written."""
        return self.size if self.size is not None else len(self.items or ())

    @field_validator("items")
    @classmethod
    def _are_the_one_origin(
        cls, items: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        check_exactly_one("size", items, info, example="size: 20")
        if items is None:
            return None
        if not MIN_ELEMENTS <= len(items) <= MAX_ELEMENTS:
            raise ValueError(
                f"has {len(items):,} entries: write {MIN_ELEMENTS} to {MAX_ELEMENTS:,}"
            )
        if (length := elements_bytes(items)) > MAX_DATA_BYTES:
            raise ValueError(
                f"comes to {length:,} bytes and Step Functions takes {MAX_DATA_BYTES:,}: "
                "put the items into a bucket and let each element read its own by its index"
            )
        return items

    @field_validator("tolerate_failures")
    @classmethod
    def _leaves_some(cls, tolerance: Tolerance, info: ValidationInfo) -> Tolerance:
        known = cast("Mapping[str, object]", info.data)
        size, items = known.get("size"), known.get("items")
        elements = size if isinstance(size, int) else len(cast("tuple[str, ...]", items or ()))
        if elements and tolerance.count is not None and tolerance.count > elements:
            raise EntryError(
                f"tolerates {tolerance.count} failures of {elements} elements: write at most that"
            )
        return tolerance


def longest_item(array: ArraySettings | None) -> str:
    """Return the longest that an element is told, as ``JOB_ARRAY_ITEM``."""
    return max(array.items or ("",), key=len) if array else ""
