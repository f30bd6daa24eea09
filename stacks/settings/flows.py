"""``flows:``: several jobs that wait for one another, run as one."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo, field_validator

from definitions.flows import cycle
from stacks.settings.base import (
    MODEL,
    ListOf,
    Seconds,
    Text,
    between,
    map_or_empty,
    surroundings_in,
)
from stacks.settings.environment import Environment
from stacks.settings.grants import Reference
from stacks.settings.jobs import (
    MAX_RETRIES,
    MAX_WAIT_SECONDS,
    check_overrides,
)
from stacks.settings.notify import JobNotify, JobNotifySettings
from stacks.settings.schedules import ScheduleSettings
from stacks.settings.tags import Tags
from stacks.wording import instead

MAX_JOBS = 200
"""Our own bound: a history has 25,000 events, and nobody reads a picture of more."""


def _own_job(name: str, info: ValidationInfo) -> str:
    """Check that the file has such a job."""
    surroundings = surroundings_in(info)
    if surroundings and name not in surroundings.jobs:
        raise ValueError(f"is not a job of this file: {instead(name, surroundings.jobs)}")
    return name


OwnJob = Annotated[str, AfterValidator(_own_job)]

_RetryWait = Annotated[Seconds, AfterValidator(between(1, MAX_WAIT_SECONDS))]


class FlowRetrySettings(BaseModel):
    """How often a flow starts a failed job again."""

    model_config = MODEL

    times: int = Field(ge=1, le=MAX_RETRIES, description="How often.", examples=[2])
    wait_seconds: _RetryWait = Field(
        default=60,
        validation_alias="wait",
        description="How long to wait before each time, at most `24h`.",
        examples=["10m"],
        json_schema_extra={"default": "1m"},
    )


class FlowJobSettings(BaseModel):
    """A job in a flow: what it waits for, and what is different when this flow runs it."""

    model_config = MODEL

    after: ListOf[str] = Field(
        default=(),
        description="The jobs of the flow that must have ended before.",
        examples=[["extract"]],
    )
    on_failure: Literal["stop", "continue"] = Field(
        default="stop",
        description="What the flow does when the job fails. `stop`: it fails, jobs that are "
        "running beside it are stopped, and a redrive goes on from here. `continue`: what comes "
        "after the job runs as if it had succeeded.",
        examples=["continue"],
    )
    retry: FlowRetrySettings | None = Field(
        default=None,
        description="Start the job again when it has failed, after all of its own `retries`.",
        examples=[{"times": 2, "wait": "10m"}],
    )
    command: Annotated[ListOf[Text], Field(min_length=1)] | None = Field(
        default=None,
        description="The program and its arguments in this flow, in place of the job's.",
        examples=[["python", "-m", "report", "--all"]],
    )
    environment: Environment = Field(
        default_factory=dict[str, str | Reference],
        description="Environment variables in this flow, over those of the job.",
        examples=[{"PREFIX": "nightly/"}],
    )
    notify: JobNotify | None = Field(
        default=None,
        description="Which ends of the job are told beside the flow's own. Without it none, for "
        "the flow's message says which job failed and why; with `onFailure: continue` the job's "
        "own `notify`.",
        examples=["all"],
    )


class FlowSettings(ScheduleSettings):
    """Jobs that wait for one another, with the schedule of them all."""

    model_config = MODEL

    jobs: dict[OwnJob, FlowJobSettings] = Field(
        min_length=1,
        max_length=MAX_JOBS,
        description="The flow's jobs, by their names in `jobs`. One can be in one flow.",
        examples=[{"extract": {}, "report": {"after": ["extract"]}}],
    )
    overlap: Literal["forbid", "allow", "replace"] = Field(
        default="forbid",
        description="What a run of the flow does that finds an older one going, as a job's.",
        examples=["replace"],
    )
    notify: JobNotify = Field(
        default_factory=JobNotifySettings,
        description="Which ends of the flow are told; as a map also where, and of recoveries.",
        examples=["all"],
        json_schema_extra={"default": "failure"},
    )
    tags: Tags = Field(
        default_factory=dict[str, str],
        description="Tags of the flow, over those of the stack.",
        examples=[{"team": "data"}],
    )

    @field_validator("jobs")
    @classmethod
    def _wait_for_one_another(
        cls, jobs: dict[str, FlowJobSettings], info: ValidationInfo
    ) -> dict[str, FlowJobSettings]:
        for name, job in jobs.items():
            if strange := [one for one in job.after if one not in jobs]:
                raise ValueError(
                    f"{name} comes after {strange[0]}, which is not in the flow: "
                    f"{instead(strange[0], jobs.keys() - {name})}, or add {strange[0]}"
                )
        if ring := cycle({name: job.after for name, job in jobs.items()}):
            raise ValueError(f"{' → '.join(ring)} never begins: take one after away")
        surroundings = surroundings_in(info)
        if surroundings is None:
            return jobs
        for name, job in jobs.items():
            own = surroundings.jobs[name]
            container = surroundings.containers.get(str(own.get("container", "default")), {})
            try:
                check_overrides(
                    job.command or own.get("command", ()),
                    {**map_or_empty(own.get("environment")), **job.environment},
                    map_or_empty(container.get("secrets")),
                )
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return jobs
