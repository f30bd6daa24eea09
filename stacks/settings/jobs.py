"""``jobs:``: commands in containers, with their schedules and failure policies."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)

from definitions import durations
from definitions.events import MAX_EVENT_CHARACTERS
from definitions.job_machine import SPOT_WAITS, Capacity
from definitions.watcher_machine import MAX_SECONDS, MIN_AFTER_SECONDS
from stacks.settings.arrays import ArraySettings, longest_item
from stacks.settings.base import (
    MODEL,
    Duration,
    EntryError,
    ListOf,
    Seconds,
    Text,
    between,
    map_or_empty,
    surroundings_in,
)
from stacks.settings.containers import DEFAULT_CPU_UNITS, DEFAULT_MEMORY_MIB, CpuUnits, check_size
from stacks.settings.environment import Environment
from stacks.settings.events import Events
from stacks.settings.grants import Reference
from stacks.settings.notify import JobNotify, JobNotifySettings
from stacks.settings.schedules import ScheduleSettings
from stacks.settings.tags import Tags
from stacks.wording import instead, shown

MAX_TIMEOUT_SECONDS = 14 * 86_400
"""Our own bound: a run can be redriven for 14 days (Step Functions, RedriveExecution)."""

MAX_RETRIES = 20
MAX_WAIT_SECONDS = 86_400

MIN_HEARTBEAT_SECONDS = 60
"""Our own bound: the first one is waited for while Fargate still fetches the image."""
LONGEST_TOKEN = 2_048
"""Characters of a task token (API reference, SendTaskHeartbeat)."""

MAX_OVERRIDES_CHARACTERS = 7_500
"""RunTask takes overrides of 8,192 characters of JSON; the run's own variables need the rest."""
EVENT_CHARACTERS = MAX_EVENT_CHARACTERS + 200
"""What ``JOB_EVENT`` and ``JOB_EVENT_ID`` take of them, names and quotes included."""

_LONGEST_REFERENCE = "x" * 160
"""Stands for what AWS calls something of the stack: an ARN, or the address of a queue."""


def _wait_seconds(value: object) -> object:
    """Take a duration for its seconds; a bare number is seconds already."""
    if not isinstance(value, str):
        return value
    return between(0, MAX_WAIT_SECONDS)(durations.seconds(value))


WarnAfterSeconds = Annotated[Seconds, AfterValidator(between(MIN_AFTER_SECONDS, MAX_SECONDS))]
TimeoutSeconds = Annotated[Seconds, AfterValidator(between(1, MAX_TIMEOUT_SECONDS))]
HeartbeatSeconds = Annotated[
    Seconds, AfterValidator(between(MIN_HEARTBEAT_SECONDS, MAX_TIMEOUT_SECONDS))
]
_WaitSeconds = Annotated[
    int,
    Field(ge=0, le=MAX_WAIT_SECONDS),
    BeforeValidator(
        _wait_seconds,
        json_schema_input_type=Annotated[int, Field(ge=0, le=MAX_WAIT_SECONDS)] | Duration,
    ),
]

Waits = Annotated[ListOf[_WaitSeconds], Field(max_length=MAX_RETRIES)]


def _own_container(container: str, info: ValidationInfo) -> str:
    """Check that the file has such a container."""
    surroundings = surroundings_in(info)
    if surroundings and container not in surroundings.containers:
        remedy = instead(container, surroundings.containers)
        raise ValueError(f"{shown(container)} is not a container of this file: {remedy}")
    return container


ContainerName = Annotated[str, AfterValidator(_own_container)]


def container_as_written(info: ValidationInfo) -> Mapping[str, Any] | None:
    """Return what is written of a job's container; None where it is not known."""
    surroundings = surroundings_in(info)
    if surroundings is None or "container" not in info.data:
        return None
    return surroundings.containers[info.data["container"]]


Overlap = Literal["forbid", "allow", "replace"]


def _overlap(overlap: object, info: ValidationInfo) -> object:
    """Choose what is right for most jobs: a trigger of a clock may be skipped, an event not."""
    if overlap is not None:
        return overlap
    return "allow" if info.data.get("on") else "forbid"


def _overrides_characters(
    command: Sequence[str], environment: Mapping[str, str | Reference]
) -> int:
    """Measure what RunTask is told of a job: JSON, in which letters of other scripts count six."""
    variables = [
        {"name": name, "value": value if isinstance(value, str) else _LONGEST_REFERENCE}
        for name, value in environment.items()
    ]
    overrides = {"command": command, "environment": variables}
    return len(json.dumps(overrides, separators=(",", ":")))


def _most_characters(info: ValidationInfo) -> int:
    """Return how many of them a job may use itself: an event needs its part."""
    return MAX_OVERRIDES_CHARACTERS - (EVENT_CHARACTERS if info.data.get("on") else 0)


def _overrides_of(info: ValidationInfo, more: Mapping[str, str]) -> int:
    """Measure command, environment and variables beside them; nothing where one has a mistake."""
    known = info.data
    if "environment" not in known or "command" not in known:
        return 0
    return _overrides_characters(known["command"], {**known["environment"], **more})


def check_overrides(
    command: Sequence[str],
    environment: Mapping[str, str | Reference],
    secrets: Collection[str],
    most_characters: int = MAX_OVERRIDES_CHARACTERS,
) -> None:
    """Check that RunTask takes what a run says over its container, which has these secrets."""
    if twice := sorted(set(secrets) & set(environment)):
        raise ValueError(
            f"{', '.join(twice)} is a secret of the container, and a variable has one source: "
            "take another name"
        )
    length = _overrides_characters(command, environment)
    if length > most_characters:
        raise EntryError(
            f"command and environment have {length:,} characters and may have "
            f"{most_characters:,}: move what jobs share to the container's environment"
        )


class RetrySettings(BaseModel):
    """How often and after which waits a run tries again, a list for each kind of failure."""

    model_config = MODEL

    app: Waits = Field(
        default=(),
        description="Waits after the program failed, in seconds or as `90s`, `5m`, `1h`.",
        examples=[[60, 120]],
    )
    start: Waits = Field(
        default=(30, 60, 120, 240, 480),
        description="Waits after the container could not be started for want of capacity.",
        examples=[[30, 60]],
    )
    memory: Waits = Field(
        default=(), description="Waits after the program ran out of memory.", examples=[[60]]
    )
    timeout: Waits = Field(
        default=(),
        description="Waits after an attempt took longer than the job's timeout.",
        examples=[[60]],
    )
    exit_codes: ListOf[Annotated[int, Field(ge=1, le=255)]] = Field(
        default=(),
        description="Retry a failed program only if it ended with one of these; all when empty.",
        examples=[[75]],
    )


def longest_run_seconds(
    timeout_seconds: int, retries: RetrySettings, capacity: Capacity, array: ArraySettings | None
) -> int:
    """Return how long a run can go: each attempt to its end, and all waits between them."""
    waits = [*retries.app, *retries.start, *retries.memory, *retries.timeout]
    waits += SPOT_WAITS[capacity]
    rounds = 1 if array is None else math.ceil(array.elements / array.max_concurrency)
    return rounds * (timeout_seconds * (1 + len(waits)) + sum(waits))


class ProgressSettings(BaseModel):
    """What a program must tell that a run waits for by a token."""

    model_config = MODEL

    heartbeat_seconds: HeartbeatSeconds = Field(
        validation_alias="heartbeat",
        description="How long the program may be silent, from the start of its task on, which "
        "takes Fargate a minute or two: `1m` to less than the job's timeout.",
        examples=["5m"],
    )


class JobSettings(ScheduleSettings):
    """A command in a container, with its schedule and failure policy."""

    on: Events = Field(
        default=(),
        description="What starts the job beside its schedule, unless it is off: one event, or a "
        "list of them. See docs/features/events.md.",
        examples=[{"objectCreated": {"bucket": "files", "prefix": "in/"}}],
    )
    command: Annotated[ListOf[Text], Field(min_length=1)] = Field(
        description="The program and its arguments.", examples=[["python", "-m", "list_files"]]
    )
    container: ContainerName = Field(
        default="default",
        validate_default=True,
        description="The container that the job runs in.",
        examples=["default"],
    )
    environment: Environment = Field(
        default_factory=dict[str, str | Reference],
        validate_default=True,
        description="Environment variables, over those of the container and as they are written.",
        examples=[{"PREFIX": "daily/"}],
    )
    cpu_units: CpuUnits | None = Field(
        default=None, description="CPU units, in place of the container's.", examples=[512]
    )
    memory_mib: int | None = Field(
        default=None,
        validate_default=True,
        description="Memory in MiB, in place of the container's.",
        examples=[1024],
    )
    timeout_seconds: TimeoutSeconds = Field(
        default=3_600,
        validation_alias="timeout",
        description="How long one attempt may take, at most `14d`.",
        examples=["15m"],
        json_schema_extra={"default": "1h"},
    )
    retries: RetrySettings = Field(
        default_factory=RetrySettings,
        description="When to try again.",
        examples=[{"app": [60, 120]}],
    )
    capacity: Capacity = Field(
        default="onDemand",
        description="What tasks run on. `spot`: spare capacity at about a third of the price, "
        "which AWS takes back when it likes, two minutes after SIGTERM; then the job tries again "
        "there. `spotThenOnDemand`: it goes on on demand.",
        examples=["spotThenOnDemand"],
    )
    array: ArraySettings | None = Field(
        default=None,
        description="Fan-out: a run is several tasks, each an element of this array.",
        examples=[{"size": 20}],
    )
    progress: ProgressSettings | None = Field(
        default=None,
        description="The program tells the run that the work goes on, and how it ended.",
        examples=[{"heartbeat": "5m"}],
    )
    overlap: Annotated[
        Overlap, BeforeValidator(_overlap, json_schema_input_type=Overlap | None)
    ] = Field(
        default=None,
        validate_default=True,
        description="What a run does that finds an older one going. `forbid`: it is skipped. "
        "`allow`: both run. `replace`: the older one is stopped. A job with `on` has `allow` "
        "unless it says otherwise: each event is something to do, and `forbid` would drop it.",
        examples=["allow"],
        json_schema_extra={"default": "forbid"},
    )
    notify: JobNotify = Field(
        default_factory=JobNotifySettings,
        description="Which ends of a run are told; as a map also where, and of recoveries.",
        examples=["all"],
        json_schema_extra={"default": "failure"},
    )
    warn_after_seconds: WarnAfterSeconds | None = Field(
        default=None,
        validation_alias="warnAfter",
        description="People are told once of a run that still goes after so long, from `1m`.",
        examples=["30m"],
    )
    tags: Tags = Field(
        default_factory=dict[str, str],
        description="Tags of the job, over those of the stack.",
        examples=[{"team": "data"}],
    )

    @field_validator("environment")
    @classmethod
    def _fits_the_container(
        cls, environment: dict[str, str | Reference], info: ValidationInfo
    ) -> dict[str, str | Reference]:
        secrets = map_or_empty((container_as_written(info) or {}).get("secrets"))
        check_overrides(info.data.get("command", ()), environment, secrets, _most_characters(info))
        return environment

    @field_validator("warn_after_seconds")
    @classmethod
    def _can_come(cls, warn_after: int | None, info: ValidationInfo) -> int | None:
        known = info.data
        if warn_after is None or not {"timeout_seconds", "retries", "capacity", "array"} <= set(
            known
        ):
            return warn_after
        longest = longest_run_seconds(
            known["timeout_seconds"], known["retries"], known["capacity"], known["array"]
        )
        if warn_after >= longest:
            raise ValueError(
                f"{durations.text(warn_after)} never comes: timeout and retries end a run after "
                f"{durations.text(longest)} at the latest: write less"
            )
        return warn_after

    @field_validator("array")
    @classmethod
    def _elements_fit_beside_the_command(
        cls, array: ArraySettings | None, info: ValidationInfo
    ) -> ArraySettings | None:
        if array and array.items:
            length = _overrides_of(info, {"JOB_ARRAY_ITEM": longest_item(array)})
            if length > (most := _most_characters(info)):
                raise ValueError(
                    f"command, environment and the longest item have {length:,} characters and "
                    f"may have {most:,}: put long items into a bucket"
                )
        return array

    @field_validator("progress")
    @classmethod
    def _is_told_in_time(
        cls, progress: ProgressSettings | None, info: ValidationInfo
    ) -> ProgressSettings | None:
        if progress is None:
            return None
        timeout_seconds = info.data.get("timeout_seconds")
        if timeout_seconds is not None and progress.heartbeat_seconds >= timeout_seconds:
            raise ValueError(
                f"a heartbeat of {durations.text(progress.heartbeat_seconds)} is not less than the "
                f"timeout of {durations.text(timeout_seconds)}: write a shorter one"
            )
        token = {"JOB_TASK_TOKEN": "x" * LONGEST_TOKEN}
        array = info.data.get("array")
        item = {"JOB_ARRAY_ITEM": longest_item(array)} if array else {}
        if (length := _overrides_of(info, token | item)) > (most := _most_characters(info)):
            raise ValueError(
                f"command, environment and the token have {length:,} characters and may have "
                f"{most:,}: move some of them to the container's environment"
            )
        return progress

    @field_validator("memory_mib")
    @classmethod
    def _size_is_offered(cls, memory_mib: int | None, info: ValidationInfo) -> int | None:
        container = container_as_written(info)
        if container is None or "cpu_units" not in info.data:
            return memory_mib
        own = {"cpuUnits": info.data["cpu_units"], "memoryMib": memory_mib}
        own = {key: value for key, value in own.items() if value is not None}
        size = {"cpuUnits": DEFAULT_CPU_UNITS, "memoryMib": DEFAULT_MEMORY_MIB, **container, **own}
        if own and all(isinstance(size[key], int) for key in ("cpuUnits", "memoryMib")):
            check_size(size["cpuUnits"], size["memoryMib"])
        return memory_mib
