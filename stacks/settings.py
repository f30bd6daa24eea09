"""What a stack file may say: every key with its type, default, meaning and example.

``Pulumi.<stack>.yaml`` is the whole user interface of a deploy; these models are what it becomes,
and the reference of its keys: the README's table and the JSON Schema for editors are generated from
them. ``rules`` checks single values, ``reading`` makes the models from the configuration. Here are
the checks of several keys together.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from definitions import sizes, subnets
from stacks import rules

DEFAULT_CPU_UNITS = 256
DEFAULT_MEMORY_MIB = 512

DEFAULT_CONTAINERS: dict[str, Any] = {"default": {"build": "app"}}

MAX_OVERRIDES_CHARACTERS = 7_500
"""RunTask takes overrides of 8,192 characters of JSON; the run's own variables need the rest."""

_MODEL = ConfigDict(
    frozen=True,
    extra="forbid",
    strict=True,
    alias_generator=to_camel,
    validate_by_name=True,
    validate_by_alias=True,
    hide_input_in_errors=True,  # it may be a secret
)


def _check_size(cpu_units: int, memory_mib: int) -> None:
    """Check a size whose CPU is known; an unknown one is told where it is written."""
    if cpu_units in sizes.MEMORY_MIB_BY_CPU_UNITS:
        try:
            sizes.check_size(cpu_units, memory_mib)
        except ValueError as error:
            raise rules.EntryError(*error.args) from None


def _check_exactly_one(first: str, second: object, info: ValidationInfo, *, example: str) -> None:
    """Check that the key being validated, whose value is ``second``, or the one before is there.

    Says nothing where the first has a mistake already.
    """
    if first not in info.data:
        return
    if info.data[first] is None and second is None:
        raise rules.EntryError(f"has neither {first} nor {info.field_name}: write {example}")
    if info.data[first] is not None and second is not None:
        raise rules.EntryError(f"has both {first} and {info.field_name}: keep one")


def _container_as_written(info: ValidationInfo) -> Mapping[str, Any] | None:
    """Return what is written of a job's container; None where it is not known."""
    surroundings = rules.surroundings_in(info)
    if surroundings is None or "container" not in info.data:
        return None
    return surroundings.containers[info.data["container"]]


class NetworkSettings(BaseModel):
    """Where the containers run."""

    model_config = _MODEL

    mode: rules.Mode = Field(
        description="`endpoints`: private subnets without any way to the internet, AWS is reached "
        "through VPC endpoints. `public`: public subnets and addresses, nothing to pay while idle.",
        examples=["endpoints", "public"],
    )
    cidr: rules.Cidr = Field(
        default="10.40.0.0/16",
        description="The VPC's address range, /16 to /24, from a private range.",
        examples=["10.40.0.0/16"],
    )
    availability_zones: int = Field(
        default=2,
        ge=1,
        le=subnets.MAX_ZONES,
        description="How many availability zones are used. Each one costs its own endpoints.",
        examples=[1],
    )


class ContainerSettings(BaseModel):
    """A named shape that jobs run in: one task definition."""

    model_config = _MODEL

    build: rules.BuildDirectory | None = Field(
        default=None,
        description="The directory to build the image from; it holds a Dockerfile. "
        "Either this or `image`.",
        examples=["app"],
    )
    image: str | None = Field(
        default=None,
        validate_default=True,
        description="An image's address, best by digest. In network mode `endpoints` it must be "
        "in a private ECR registry of the stack's region. Either this or `build`.",
        examples=["111122223333.dkr.ecr.ap-northeast-1.amazonaws.com/batch:1.4.2"],
    )
    cpu_units: rules.CpuUnits = Field(
        default=DEFAULT_CPU_UNITS, description="CPU units; 1024 are one vCPU.", examples=[1024]
    )
    memory_mib: int = Field(
        default=DEFAULT_MEMORY_MIB,
        validate_default=True,
        description="Memory in MiB; Fargate offers certain memories with each CPU.",
        examples=[2048],
    )
    architecture: Literal["arm64", "x86_64"] = Field(
        default="arm64", description="The processor. arm64 costs a fifth less.", examples=["x86_64"]
    )
    environment: rules.Environment = Field(
        default_factory=dict[str, str],
        description="Environment variables of every job in this container.",
        examples=[{"LOG_LEVEL": "info"}],
    )
    secrets: dict[rules.VariableName, rules.SecretSource] = Field(
        default_factory=dict[str, rules.SecretReference],
        description="Environment variables filled from secrets: the secret's name and a key of it, "
        "or its name alone for the whole text.",
        examples=[{"S3_BUCKET_NAME": "sample:S3_BUCKET_NAME"}],
    )
    grants: dict[rules.BucketName, rules.Verbs] = Field(
        default_factory=dict[str, rules.Verbs],
        description="What jobs in this container may do with the stack's buckets: `read`, `write` "
        "or `[read, write]`.",
        examples=[{"files": "read"}],
    )

    @field_validator("image")
    @classmethod
    def _is_the_one_origin(cls, image: str | None, info: ValidationInfo) -> str | None:
        _check_exactly_one("build", image, info, example="build: app")
        if image is not None:
            rules.check_image(image, info)
        return image

    @field_validator("memory_mib")
    @classmethod
    def _size_is_offered(cls, memory_mib: int, info: ValidationInfo) -> int:
        if "cpu_units" in info.data:
            _check_size(info.data["cpu_units"], memory_mib)
        return memory_mib

    @field_validator("secrets")
    @classmethod
    def _variables_are_set_once(
        cls, secrets: dict[str, rules.SecretReference], info: ValidationInfo
    ) -> dict[str, rules.SecretReference]:
        if twice := sorted(set(secrets) & set(info.data.get("environment", {}))):
            raise ValueError(
                f"{', '.join(twice)} is in environment too, ECS refuses both: keep one"
            )
        return secrets


class SlackSettings(BaseModel):
    """A Slack workspace and its two channels."""

    model_config = _MODEL

    workspace_id: rules.WorkspaceId = Field(
        description="The workspace's id.", examples=["T0123ABCD"]
    )
    success_channel_id: rules.ChannelId = Field(
        description="The channel for runs that succeeded.", examples=["C0AAAAAAA"]
    )
    failure_channel_id: rules.ChannelId = Field(
        description="The channel for runs that failed, and for alarms.", examples=["C0BBBBBBB"]
    )


class NotifySettings(BaseModel):
    """Who hears of the runs' ends."""

    model_config = _MODEL

    slack: SlackSettings | None = Field(
        default=None,
        description="Messages in Slack.",
        examples=[
            {
                "workspaceId": "T0123ABCD",
                "successChannelId": "C0AAAAAAA",
                "failureChannelId": "C0BBBBBBB",
            }
        ],
    )
    emails: rules.ListOf[rules.Email] = Field(
        default=(),
        description="Addresses that hear what the channels hear; each must confirm, once a topic.",
        examples=[["batch-oncall@example.com"]],
    )


class BucketSettings(BaseModel):
    """A private, encrypted bucket of the stack."""

    model_config = _MODEL

    versioned: bool = Field(
        default=False, description="Keep the former versions of an object.", examples=[True]
    )
    expire_after_days: int | None = Field(
        default=None,
        ge=1,
        description="Delete an object after so many days; kept for ever without it.",
        examples=[365],
    )


class BucketReference(BaseModel):
    """A value that is the physical name of one of the stack's buckets."""

    model_config = _MODEL

    bucket: str = Field(description="The bucket's name in this file.", examples=["files"])


class SecretSettings(BaseModel):
    """A secret of the stack, or one that exists already."""

    model_config = _MODEL

    values: (
        dict[
            rules.SecretKey,
            Annotated[
                SecretStr | BucketReference,
                BeforeValidator(rules.secret_value, json_schema_input_type=str | BucketReference),
            ],
        ]
        | None
    ) = Field(
        default=None,
        description="What the secret holds, as keys of a JSON text. Set texts with `pulumi config "
        "set --secret --path`. Either this or `arn`.",
        examples=[{"S3_BUCKET_NAME": {"bucket": "files"}}],
    )
    arn: rules.SecretArn | None = Field(
        default=None,
        validate_default=True,
        description="The ARN of a secret that exists already. Either this or `values`.",
        examples=["arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:db-AbCdEf"],
    )

    @field_validator("arn")
    @classmethod
    def _is_the_one_origin(cls, arn: str | None, info: ValidationInfo) -> str | None:
        _check_exactly_one("values", arn, info, example="values: {PASSWORD: …}")
        return arn


class RetrySettings(BaseModel):
    """How often and after which waits a run tries again, a list for each kind of failure."""

    model_config = _MODEL

    app: rules.Waits = Field(
        default=(),
        description="Waits after the program failed, in seconds or as `90s`, `5m`, `1h`.",
        examples=[[60, 120]],
    )
    start: rules.Waits = Field(
        default=(30, 60, 120, 240, 480),
        description="Waits after the container could not be started for want of capacity.",
        examples=[[30, 60]],
    )
    memory: rules.Waits = Field(
        default=(), description="Waits after the program ran out of memory.", examples=[[60]]
    )
    timeout: rules.Waits = Field(
        default=(),
        description="Waits after an attempt took longer than the job's timeout.",
        examples=[[60]],
    )
    exit_codes: rules.ListOf[Annotated[int, Field(ge=1, le=255)]] = Field(
        default=(),
        description="Retry a failed program only if it ended with one of these; all when empty.",
        examples=[[75]],
    )


class JobSettings(BaseModel):
    """A command in a container, with its schedule and failure policy."""

    model_config = _MODEL

    schedule: rules.Schedule | None = Field(
        default=None,
        description="`cron(minute hour day-of-month month day-of-week year)` or `rate(5 minutes)`, "
        "as EventBridge Scheduler has them. Without it the job runs by hand only.",
        examples=["cron(30 3 * * ? *)"],
    )
    timezone: rules.Timezone = Field(
        default="UTC", description="The time zone of a cron schedule.", examples=["Asia/Tokyo"]
    )
    command: Annotated[rules.ListOf[rules.Text], Field(min_length=1)] = Field(
        description="The program and its arguments.", examples=[["python", "-m", "list_files"]]
    )
    container: rules.ContainerName = Field(
        default="default",
        validate_default=True,
        description="The container that the job runs in.",
        examples=["default"],
    )
    environment: rules.Environment = Field(
        default_factory=dict[str, str],
        validate_default=True,
        description="Environment variables, over those of the container.",
        examples=[{"PREFIX": "daily/"}],
    )
    cpu_units: rules.CpuUnits | None = Field(
        default=None, description="CPU units, in place of the container's.", examples=[512]
    )
    memory_mib: int | None = Field(
        default=None,
        validate_default=True,
        description="Memory in MiB, in place of the container's.",
        examples=[1024],
    )
    timeout_seconds: rules.TimeoutSeconds = Field(
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
    overlap: Literal["forbid", "allow", "replace"] = Field(
        default="forbid",
        description="What a run does that finds an older one going. `forbid`: it is skipped. "
        "`allow`: both run. `replace`: the older one is stopped.",
        examples=["allow"],
    )
    start_deadline_seconds: rules.StartDeadlineSeconds = Field(
        default=3_600,
        validation_alias="startDeadline",
        description="How late a run may still be started, `60s` to `24h`.",
        examples=["30m"],
        json_schema_extra={"default": "1h"},
    )
    notify: Literal["failure", "all", "none"] = Field(
        default="failure", description="Which ends of a run are told.", examples=["all"]
    )
    enabled: bool = Field(
        default=True,
        description="Whether the schedule fires. A job that is off can still be run by hand.",
        examples=[False],
    )
    tags: rules.Tags = Field(
        default_factory=dict[str, str],
        description="Tags of the job, over those of the stack.",
        examples=[{"team": "data"}],
    )

    @field_validator("environment")
    @classmethod
    def _fits_the_container(
        cls, environment: dict[str, str], info: ValidationInfo
    ) -> dict[str, str]:
        secrets = rules.map_or_empty((_container_as_written(info) or {}).get("secrets"))
        if twice := sorted(set(secrets) & set(environment)):
            raise ValueError(
                f"{', '.join(twice)} is a secret of the container, and a variable has one source: "
                "take another name"
            )
        overrides = {
            "command": info.data.get("command", ()),
            "environment": [{"name": key, "value": text} for key, text in environment.items()],
        }
        length = len(json.dumps(overrides, separators=(",", ":")))
        if length > MAX_OVERRIDES_CHARACTERS:
            raise rules.EntryError(
                f"command and environment have {length:,} characters and may have "
                f"{MAX_OVERRIDES_CHARACTERS:,}: move what jobs share to the container's environment"
            )
        return environment

    @field_validator("memory_mib")
    @classmethod
    def _size_is_offered(cls, memory_mib: int | None, info: ValidationInfo) -> int | None:
        container = _container_as_written(info)
        if container is None or "cpu_units" not in info.data:
            return memory_mib
        own = {"cpuUnits": info.data["cpu_units"], "memoryMib": memory_mib}
        own = {key: value for key, value in own.items() if value is not None}
        size = {"cpuUnits": DEFAULT_CPU_UNITS, "memoryMib": DEFAULT_MEMORY_MIB, **container, **own}
        if own and all(isinstance(size[key], int) for key in ("cpuUnits", "memoryMib")):
            _check_size(size["cpuUnits"], size["memoryMib"])
        return memory_mib


class Settings(BaseModel):
    """Everything that a stack file says."""

    model_config = _MODEL

    project: SkipJsonSchema[str] = Field(
        description="The Pulumi project's name.", examples=["fargate-batch"]
    )
    stack: SkipJsonSchema[str] = Field(description="The Pulumi stack's name.", examples=["prod"])
    region: str = Field(
        validation_alias="aws:region",
        description="The AWS region; those of China and GovCloud are not supported.",
        examples=["ap-northeast-1"],
    )
    profile: str | None = Field(
        default=None,
        validation_alias="aws:profile",
        description="The AWS profile to deploy with.",
        examples=["batch-prod"],
    )
    network: NetworkSettings = Field(
        description="The VPC that the containers run in.", examples=[{"mode": "public"}]
    )
    containers: dict[str, ContainerSettings] = Field(
        default=DEFAULT_CONTAINERS,
        validate_default=True,
        description="The shapes that jobs run in.",
        examples=[{"default": {"build": "app"}}],
    )
    notify: NotifySettings = Field(
        default_factory=NotifySettings,
        description="Who is told how runs ended.",
        examples=[{"emails": ["batch-oncall@example.com"]}],
    )
    buckets: dict[str, BucketSettings] = Field(
        default_factory=dict[str, BucketSettings],
        description="Buckets of the stack.",
        examples=[{"files": {"expireAfterDays": 365}}],
    )
    secrets: dict[str, SecretSettings] = Field(
        default_factory=dict[str, SecretSettings],
        description="Secrets of the stack.",
        examples=[{"sample": {"values": {"S3_BUCKET_NAME": {"bucket": "files"}}}}],
    )
    jobs: dict[str, JobSettings] = Field(
        default_factory=dict[str, JobSettings],
        description="The jobs: each is a command in a container, on a schedule or run by hand.",
        examples=[{"list-files": {"command": ["python", "-m", "list_files"]}}],
    )
    tags: rules.Tags = Field(
        default_factory=dict[str, str],
        description="Tags of every resource.",
        examples=[{"cost-center": "batch"}],
    )
    log_retention_days: rules.LogRetentionDays = Field(
        default=365, description="How long logs are kept.", examples=[90]
    )
    tracing: bool = Field(
        default=False, description="Whether the state machines write X-Ray traces.", examples=[True]
    )
    container_insights: bool = Field(
        default=False,
        description="Whether the cluster has Container Insights; they cost about 3 USD a month "
        "for each container.",
        examples=[True],
    )
    warnings: SkipJsonSchema[tuple[str, ...]] = Field(
        default=(),
        description="What is allowed but may surprise, one line each. Not a key of the file.",
        examples=[()],
    )


SECTIONS = tuple(
    field
    for field in Settings.model_fields
    if field not in {"project", "stack", "region", "profile", "warnings"}
)
"""The fields of Settings that a stack file writes, each as ``<project>:<camelCase>``."""
