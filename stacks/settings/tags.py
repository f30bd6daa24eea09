"""Tags, of the stack and of jobs."""

import re
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from stacks.settings.base import surroundings_in
from stacks.wording import shown

MAX_TAGS = 40
"""AWS allows 50 a resource; the rest is left to the program's own and to an organisation's."""

_TAG_TEXT = re.compile(r"[\w +=.:/@-]*")


def _tag_key(key: str) -> str:
    """Check a tag's key."""
    if key.lower().startswith("aws:"):
        raise ValueError("aws: is reserved by AWS: take another key")
    if not 1 <= len(key) <= 128:
        raise ValueError(f"has {len(key)} characters: AWS allows 1 to 128")
    if not _TAG_TEXT.fullmatch(key):
        raise ValueError("is not a tag's key: use letters, digits, spaces and + - = . _ : / @")
    return key


def _tag_value(value: str) -> str:
    """Check a tag's value."""
    if len(value) > 256:
        raise ValueError(f"has {len(value)} characters: AWS allows 256")
    if not _TAG_TEXT.fullmatch(value):
        raise ValueError(
            f"{shown(value)} is not a tag's value: use letters, digits, spaces and + - = . _ : / @"
        )
    return value


def _tag_count(tags: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    """Leave room for the tags that the program and an organisation add."""
    surroundings = surroundings_in(info)
    count = len({*tags, *(surroundings.tags if surroundings else ())})
    if count > MAX_TAGS:
        raise ValueError(f"{count} tags come together: write at most {MAX_TAGS}")
    return tags


Tags = Annotated[
    dict[Annotated[str, AfterValidator(_tag_key)], Annotated[str, AfterValidator(_tag_value)]],
    AfterValidator(_tag_count),
]
