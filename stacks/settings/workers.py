"""``workers:``: programs that fetch their work, say that they live, and answer."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from definitions import durations
from stacks.settings.base import EntryError, ListOf, Seconds, Text, between, map_or_empty
from stacks.settings.environment import Environment
from stacks.settings.grants import Reference
from stacks.settings.jobs import (
    ContainerName,
    TimeoutSeconds,
    check_overrides,
    container_as_written,
)
from stacks.settings.notify import JobNotify, JobNotifySettings
from stacks.settings.schedules import ScheduleSettings
from stacks.settings.tags import Tags

MIN_HEARTBEAT_SECONDS = 15
MAX_HEARTBEAT_SECONDS = 86_400

_HeartbeatSeconds = Annotated[
    Seconds, AfterValidator(between(MIN_HEARTBEAT_SECONDS, MAX_HEARTBEAT_SECONDS))
]


class WorkerSettings(ScheduleSettings):
    """A program that is started on a schedule, fetches a task of its activity and answers it."""

    command: Annotated[ListOf[Text], Field(min_length=1)] = Field(
        description="The program and its arguments. It finds the activity in JOB_ACTIVITY_ARN.",
        examples=[["python", "-m", "sum_files"]],
    )
    container: ContainerName = Field(
        default="default",
        validate_default=True,
        description="The container that the worker runs in. Its programs get the right to fetch "
        "and answer tasks.",
        examples=["default"],
    )
    environment: Environment = Field(
        default_factory=dict[str, str | Reference],
        validate_default=True,
        description="Environment variables, over those of the container.",
        examples=[{"PREFIX": "daily/"}],
    )
    timeout_seconds: TimeoutSeconds = Field(
        default=3_600,
        validation_alias="timeout",
        description="How long the work may take, at most `14d`.",
        examples=["6h"],
        json_schema_extra={"default": "1h"},
    )
    heartbeat_seconds: _HeartbeatSeconds = Field(
        default="1m",
        validation_alias="heartbeat",
        validate_default=True,
        description="How long the worker may be silent, `15s` to `24h`, and shorter than "
        "`timeout`; then it is lost, and the run fails. It finds the seconds in "
        "JOB_HEARTBEAT_SECONDS.",
        examples=["5m"],
    )
    overlap: Literal["forbid", "replace"] = Field(
        default="forbid",
        description="What a run does that finds an older one going. `forbid`: it is skipped. "
        "`replace`: the older one is stopped.",
        examples=["replace"],
    )
    notify: JobNotify = Field(
        default_factory=JobNotifySettings,
        description="Which ends of a run are told; as a map also where, and of recoveries.",
        examples=["all"],
        json_schema_extra={"default": "failure"},
    )
    tags: Tags = Field(
        default_factory=dict[str, str],
        description="Tags of the worker, over those of the stack.",
        examples=[{"team": "data"}],
    )

    @field_validator("environment")
    @classmethod
    def _fits_the_container(
        cls, environment: dict[str, str | Reference], info: ValidationInfo
    ) -> dict[str, str | Reference]:
        secrets = map_or_empty((container_as_written(info) or {}).get("secrets"))
        check_overrides(info.data.get("command", ()), environment, secrets)
        return environment

    @field_validator("heartbeat_seconds")
    @classmethod
    def _is_shorter_than_the_timeout(cls, heartbeat_seconds: int, info: ValidationInfo) -> int:
        timeout_seconds = info.data.get("timeout_seconds", MAX_HEARTBEAT_SECONDS + 1)
        if heartbeat_seconds >= timeout_seconds:
            raise EntryError(
                f"heartbeat {durations.text(heartbeat_seconds)} is not shorter than timeout "
                f"{durations.text(timeout_seconds)}: write a shorter one"
            )
        return heartbeat_seconds
