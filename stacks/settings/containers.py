"""``containers:``: the shapes that jobs run in."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PlainValidator,
    ValidationInfo,
    field_validator,
)

from definitions import sizes
from definitions.grants import Grant
from definitions.task_definition import MAX_STOP_TIMEOUT_SECONDS, MIN_STOP_TIMEOUT_SECONDS
from stacks.settings.base import (
    MODEL,
    EntryError,
    Seconds,
    among,
    between,
    check_exactly_one,
    surroundings_in,
)
from stacks.settings.environment import Environment, VariableName
from stacks.settings.grants import Grants, Reference
from stacks.settings.storage import ParameterReference, SecretReference, SecretSource
from stacks.wording import shown

DEFAULT_CPU_UNITS = 256
DEFAULT_MEMORY_MIB = 512

MIN_EPHEMERAL_STORAGE_GIB = 21
MAX_EPHEMERAL_STORAGE_GIB = 200
"""What may be asked for (RegisterTaskDefinition, EphemeralStorage); 20 is without asking."""

_ONE_CONTAINER = (
    "is not offered: a task is one container, whose end is the run's: put the helper into the "
    "image, or make it a job of its own"
)
_NO_SHARED_FILES = (
    "is not offered: files that last are in a bucket (grants), others in /tmp (ephemeralStorageGiB)"
)
NOT_OFFERED = {
    **dict.fromkeys(("sidecar", "sidecars", "containerDefinitions"), _ONE_CONTAINER),
    **dict.fromkeys(("efs", "fileSystems", "mountPoints", "volumes"), _NO_SHARED_FILES),
}
"""Keys that people look for in vain, and what to do instead (docs/features/not-offered.md)."""

DEFAULT_CONTAINERS: dict[str, Any] = {"default": {"build": "app"}}

_IMAGE = re.compile(r"[a-z0-9][^\s@]*(@sha256:[0-9a-f]{64})?")


def _build_directory(build: str, info: ValidationInfo) -> str:
    """Check that an image can be built there."""
    surroundings = surroundings_in(info)
    if surroundings is None:
        return build
    if not build or PurePosixPath(build).is_absolute():
        raise ValueError(f"{shown(build)} is not a relative path: write one from Pulumi.yaml")
    directory = surroundings.directory / build
    if not directory.is_dir():
        raise ValueError(f"{shown(build)} is not a directory beside Pulumi.yaml: create it")
    if not (directory / "Dockerfile").is_file():
        raise ValueError(f"{shown(build)} holds no Dockerfile: add {build}/Dockerfile")
    return build


def check_image(image: str, info: ValidationInfo) -> None:
    """Check that an image's address is one, and that the network reaches it."""
    surroundings = surroundings_in(info)
    if surroundings is None:
        return
    if not _IMAGE.fullmatch(image):
        raise ValueError(f"{shown(image)} is not an image: write registry/repository:tag")
    if surroundings.mode != "endpoints" or not surroundings.region:
        return
    registry = rf"\d{{12}}\.dkr\.ecr\.{re.escape(surroundings.region)}\.amazonaws\.com/.+"
    if not re.fullmatch(registry, image):
        raise ValueError(
            f"{shown(image)} cannot be pulled in network mode endpoints: push it to ECR: "
            f"write <account>.dkr.ecr.{surroundings.region}.amazonaws.com/<repository>:<tag>"
        )


def _offered_cpu(cpu_units: int) -> int:
    """Check that Fargate has such a CPU with any memory."""
    if cpu_units not in sizes.MEMORY_MIB_BY_CPU_UNITS:
        sizes.check_size(cpu_units, 0)
    return cpu_units


def check_size(cpu_units: int, memory_mib: int) -> None:
    """Check a size whose CPU is known; an unknown one is told where it is written."""
    if cpu_units in sizes.MEMORY_MIB_BY_CPU_UNITS:
        try:
            sizes.check_size(cpu_units, memory_mib)
        except ValueError as error:
            raise EntryError(*error.args) from None


def _debug(debug: object, info: ValidationInfo) -> object:
    """Refuse shells in production, unless somebody means it."""
    if not isinstance(debug, bool) and debug != "force":
        raise ValueError(f"{shown(debug)} is neither true nor false: write one of them, or force")
    surroundings = surroundings_in(info)
    if debug is True and surroundings and surroundings.production:
        raise ValueError(
            "true would let people open a shell in tasks of a stack that is production: remove "
            "it, or write force"
        )
    return debug


BuildDirectory = Annotated[str, AfterValidator(_build_directory)]
CpuUnits = Annotated[int, AfterValidator(_offered_cpu), among(sizes.MEMORY_MIB_BY_CPU_UNITS)]
StopTimeoutSeconds = Annotated[
    Seconds, AfterValidator(between(MIN_STOP_TIMEOUT_SECONDS, MAX_STOP_TIMEOUT_SECONDS))
]


class ContainerSettings(BaseModel):
    """A named shape that jobs run in: one task definition."""

    model_config = MODEL

    build: BuildDirectory | None = Field(
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
    cpu_units: CpuUnits = Field(
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
    ephemeral_storage_gib: int | None = Field(
        default=None,
        ge=MIN_EPHEMERAL_STORAGE_GIB,
        le=MAX_EPHEMERAL_STORAGE_GIB,
        validation_alias="ephemeralStorageGiB",
        description="Room for files in `/tmp`, 21 to 200 GiB; 20 without it, which cost nothing.",
        examples=[100],
    )
    debug: Annotated[
        bool | Literal["force"],
        PlainValidator(_debug, json_schema_input_type=bool | Literal["force"]),
    ] = Field(
        default=False,
        description="Let people open a shell in running tasks (ECS Exec). In a stack that is "
        "`production`, only `force` does.",
        examples=[True],
    )
    stop_timeout_seconds: StopTimeoutSeconds = Field(
        default=MAX_STOP_TIMEOUT_SECONDS,
        validation_alias="stopTimeout",
        description="How long a program has, once it is told to stop (SIGTERM), until it is "
        "killed: `2s` to `2m`.",
        examples=["30s"],
        json_schema_extra={"default": "2m"},
    )
    environment: Environment = Field(
        default_factory=dict[str, str | Reference],
        description="Environment variables of every job in this container: texts, or what "
        "something of the stack is called on AWS: `{bucket: files}`, `{queue: orders}`, "
        "`{topic: alerts}`, `{table: state}`, `{secret: sample}`, `{job: report}`.",
        examples=[{"LOG_LEVEL": "info", "QUEUE_URL": {"queue": "orders"}}],
    )
    secrets: dict[VariableName, SecretSource] = Field(
        default_factory=dict[str, SecretReference | ParameterReference],
        description="Environment variables filled from secrets: the secret's name and a key of it, "
        "or its name alone for the whole text; or from a parameter of Systems Manager by its name "
        "or ARN.",
        examples=[{"S3_BUCKET_NAME": "sample:S3_BUCKET_NAME", "TOKEN": "ssm:/batch/token"}],
    )
    grants: Grants = Field(
        default_factory=dict[str, tuple[Grant, ...]],
        description="What jobs in this container may do: with a bucket `read`, `write`, `list`, "
        "each for a prefix if you like; `queue:<name>` `send`, `consume`; `topic:<name>` "
        "`publish`; `table:<name>` `read`, `write`; `secret:<name>` `read`; `job:<name>` `start`.",
        examples=[{"files": {"read": "incoming/"}, "queue:orders": ["send", "consume"]}],
    )

    @field_validator("image")
    @classmethod
    def _is_the_one_origin(cls, image: str | None, info: ValidationInfo) -> str | None:
        check_exactly_one("build", image, info, example="build: app")
        if image is not None:
            check_image(image, info)
        return image

    @field_validator("memory_mib")
    @classmethod
    def _size_is_offered(cls, memory_mib: int, info: ValidationInfo) -> int:
        if "cpu_units" in info.data:
            check_size(info.data["cpu_units"], memory_mib)
        return memory_mib

    @field_validator("secrets")
    @classmethod
    def _variables_are_set_once(
        cls, secrets: dict[str, SecretReference | ParameterReference], info: ValidationInfo
    ) -> dict[str, SecretReference | ParameterReference]:
        if twice := sorted(set(secrets) & set(info.data.get("environment", {}))):
            raise ValueError(
                f"{', '.join(twice)} is in environment too, ECS refuses both: keep one"
            )
        return secrets

    @property
    def granted(self) -> tuple[Grant, ...]:
        """Everything that jobs in this container may do."""
        return tuple(grant for entry in self.grants.values() for grant in entry)
