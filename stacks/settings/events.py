"""``on:`` of a job, the events that start it, and ``queues:``, whose messages may be such."""

import json
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from definitions.event_pattern import PatternError, compile_pattern
from definitions.grants import Kind
from definitions.names import MAX_EVENTS
from stacks.settings.base import MODEL, Seconds, between, surroundings_in
from stacks.wording import instead, kind, shown

MAX_PATTERN_CHARACTERS = 2_048
"""EventBridge quotas, "Event pattern size"."""
MAX_VISIBILITY_SECONDS = 43_200
MAX_RETENTION_DAYS = 14
"""SQS, SetQueueAttributes."""

_WITHIN_A_KEY = ("*", "\\")
"""Would mean something in a pattern; S3 advises against both in a key."""


# -- queues


class QueueSettings(BaseModel):
    """An encrypted SQS queue of the stack."""

    model_config = MODEL

    visibility_timeout_seconds: Annotated[
        Seconds, AfterValidator(between(0, MAX_VISIBILITY_SECONDS))
    ] = Field(
        default=30,
        validation_alias="visibilityTimeout",
        description="How long a message that was taken is hidden; after that, unless it was "
        "deleted, it can be taken again, five times in all.",
        examples=["5m"],
        json_schema_extra={"default": "30s"},
    )
    retention_days: int = Field(
        default=4,
        ge=1,
        le=MAX_RETENTION_DAYS,
        description="How many days a message waits that nobody takes.",
        examples=[14],
    )


# -- events


def _own(of: Kind) -> AfterValidator:
    """Return a check that the file has such a bucket, queue or job."""

    def check(name: str, info: ValidationInfo) -> str:
        surroundings = surroundings_in(info)
        if surroundings and name not in (known := surroundings.own[of]):
            raise ValueError(f"{shown(name)} is not a {of} of this file: {instead(name, known)}")
        return name

    return AfterValidator(check)


def _part_of_a_key(text: str) -> str:
    """Check that a prefix or suffix is meant as the text that it is."""
    if not text:
        raise ValueError('"" is every key: leave it out')
    for character in _WITHIN_A_KEY:
        if character in text:
            literal = text.replace(character, "")
            raise ValueError(f"{shown(text)} is compared as text: write {literal or 'without it'}")
    return text


PartOfAKey = Annotated[str, AfterValidator(_part_of_a_key)]


class ObjectCreated(BaseModel):
    """An object is created in one of the stack's buckets."""

    model_config = MODEL

    bucket: Annotated[str, _own("bucket")] = Field(description="The bucket.", examples=["files"])
    prefix: PartOfAKey | None = Field(
        default=None, description="How its key begins.", examples=["in/"]
    )
    suffix: PartOfAKey | None = Field(
        default=None, description="How its key ends.", examples=[".csv"]
    )


class Message(BaseModel):
    """A message arrives in one of the stack's queues."""

    model_config = MODEL

    queue: Annotated[str, _own("queue")] = Field(
        description="The queue; its messages start this job only.", examples=["orders"]
    )


class JobEnded(BaseModel):
    """A run of another job ends."""

    model_config = MODEL

    job: Annotated[str, _own("job")] = Field(description="The other job.", examples=["extract"])
    result: Literal["success", "failure", "any"] = Field(
        default="success",
        description="How its run ended; one that gave way to a newer one did not.",
        examples=["failure"],
    )


def _pattern(pattern: object) -> object:
    """Check a pattern by EventBridge's own rules."""
    if not isinstance(pattern, dict):
        raise ValueError(f"is {kind(pattern)}: write a map, such as {{source: [aws.ecs]}}")
    text = json.dumps(pattern)
    try:
        compile_pattern(text)
    except PatternError as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{{…}} is no event pattern: {reason}") from None
    if len(text) > MAX_PATTERN_CHARACTERS:
        raise ValueError(
            f"{{…}} has {len(text):,} characters, and EventBridge takes "
            f"{MAX_PATTERN_CHARACTERS:,}: write prefixes in place of lists"
        )
    if not {"source", "detail-type", "$or"} & cast("dict[str, object]", pattern).keys():
        raise ValueError("{…} would match events of every service: add source: [aws.ecs]")
    return cast("dict[str, object]", pattern)


class EventSettings(BaseModel):
    """One kind of event that starts a job."""

    model_config = MODEL

    object_created: ObjectCreated | None = Field(
        default=None,
        description="An object is created in one of the stack's buckets.",
        examples=[{"bucket": "files", "prefix": "in/"}],
    )
    message: Message | None = Field(
        default=None,
        description="A message arrives in one of the stack's queues.",
        examples=[{"queue": "orders"}],
    )
    job_ended: JobEnded | None = Field(
        default=None, description="A run of another job ends.", examples=[{"job": "extract"}]
    )
    pattern: (
        Annotated[dict[str, Any], BeforeValidator(_pattern), WithJsonSchema({"type": "object"})]
        | None
    ) = Field(
        default=None,
        description="An event that matches this pattern arrives on the default event bus.",
        examples=[{"source": ["aws.ecs"]}],
    )

    @model_validator(mode="after")
    def _is_one_event(self) -> "EventSettings":
        given = [value for _, value in self if value is not None]
        if len(given) != 1:
            says = "names several events, and an entry has one" if given else "names no event"
            raise ValueError(f"{says}: write objectCreated, message, jobEnded or pattern")
        return self


def _one_or_more(value: object) -> object:
    """Take one event for a list of it."""
    if isinstance(value, dict):
        return (cast("dict[str, object]", value),)
    if isinstance(value, list):
        return tuple(cast("list[object]", value))
    if isinstance(value, tuple):
        return cast("tuple[object, ...]", value)
    raise ValueError(f"is {kind(value)}: write {{objectCreated: {{bucket: files}}}}")


Events = Annotated[
    tuple[EventSettings, ...],
    BeforeValidator(_one_or_more, json_schema_input_type=EventSettings | list[EventSettings]),
    Field(max_length=MAX_EVENTS),
]
