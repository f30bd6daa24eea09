"""What a single value of a stack file must be: one check each, and the types made of them.

A check takes the value as written and returns it as the program wants it, or raises a ValueError
with rule and remedy; ``reading`` puts the key path before it. What several keys of one map must be
together stands with the models, in ``settings``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo

from definitions import durations, schedules, sizes, subnets
from stacks.wording import MASK, flow, instead, kind, shown

MAX_TIMEOUT_SECONDS = 14 * 86_400
"""Our own bound: a run can be redriven for 14 days (Step Functions, RedriveExecution)."""

MAX_RETRIES = 20
MAX_WAIT_SECONDS = 86_400

MIN_START_DEADLINE_SECONDS = 60
MAX_START_DEADLINE_SECONDS = 86_400
"""EventBridge Scheduler, RetryPolicy.MaximumEventAgeInSeconds."""

MAX_TAGS = 40
"""AWS allows 50 a resource; the rest is left to the program's own and to an organisation's."""

LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653),
)
"""What CloudWatch Logs allows (PutRetentionPolicy)."""

OWN_VARIABLES = ("JOB_NAME", "JOB_RUN_ID", "JOB_ATTEMPT", "JOB_SCHEDULED_TIME")
"""The environment variables that every run sets itself."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_KEY = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_TAG_TEXT = re.compile(r"[\w +=.:/@-]*")
_SECRET_ARN = re.compile(r"arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+")
_IMAGE = re.compile(r"[a-z0-9][^\s@]*(@sha256:[0-9a-f]{64})?")
_DATE_AS_TIME = re.compile(r"(\d{4}-\d\d-\d\d) 00:00:00 \+0000 UTC")
"""What the CLI makes of an unquoted date in a stack file."""


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
    directory: Path
    buckets: frozenset[str]
    secret_keys: Mapping[str, frozenset[str] | None]
    """The keys of each secret; None where they are not known, as for an existing one."""
    containers: Mapping[str, Mapping[str, Any]]
    tags: frozenset[str]


def surroundings_in(info: ValidationInfo) -> Surroundings | None:
    """Return the context, or None where a model is made by itself."""
    return cast("Surroundings | None", info.context)


def map_or_empty(value: object) -> Mapping[str, Any]:
    """Return a map that is one, or an empty one: what else it is, is told elsewhere."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


# -- any value


def _tuple_from_list(value: object) -> object:
    """Take a list, as YAML has it, for a tuple."""
    if isinstance(value, list):
        return tuple(cast("list[object]", value))
    if isinstance(value, tuple):
        return cast("tuple[object, ...]", value)
    if not isinstance(value, str | int | float):
        raise ValueError(f"is {kind(value)}: write a list")
    words = value.split() if isinstance(value, str) else [value]
    raise ValueError(f"{shown(value)} is {kind(value)}: write {flow(words)}")


def _quoted_date(value: str) -> str:
    """Refuse a date that the CLI turned into a point in time."""
    if match := _DATE_AS_TIME.fullmatch(value):
        raise ValueError(f'{shown(value)} is what the CLI reads: quote it: "{match[1]}"')
    return value


_Item = TypeVar("_Item")
ListOf = Annotated[tuple[_Item, ...], BeforeValidator(_tuple_from_list)]
"""A list in YAML."""
Text = Annotated[str, AfterValidator(_quoted_date)]


# -- durations


def _between(least_seconds: int, most_seconds: int) -> Callable[[int], int]:
    """Return a check of a duration's bounds."""

    def check(duration_seconds: int) -> int:
        written = durations.text(duration_seconds)
        if duration_seconds < least_seconds:
            raise ValueError(f"{written} is too short: write {durations.text(least_seconds)}")
        if duration_seconds > most_seconds:
            raise ValueError(f"{written} is too long: write {durations.text(most_seconds)}")
        return duration_seconds

    return check


def _wait_seconds(value: object) -> object:
    """Take a duration for its seconds; a bare number is seconds already."""
    if not isinstance(value, str):
        return value
    return _between(0, MAX_WAIT_SECONDS)(durations.seconds(value))


_Seconds = Annotated[int, BeforeValidator(durations.seconds, json_schema_input_type=str)]
TimeoutSeconds = Annotated[_Seconds, AfterValidator(_between(1, MAX_TIMEOUT_SECONDS))]
StartDeadlineSeconds = Annotated[
    _Seconds, AfterValidator(_between(MIN_START_DEADLINE_SECONDS, MAX_START_DEADLINE_SECONDS))
]
_WaitSeconds = Annotated[
    int,
    Field(ge=0, le=MAX_WAIT_SECONDS),
    BeforeValidator(_wait_seconds, json_schema_input_type=int | str),
]
Waits = Annotated[ListOf[_WaitSeconds], Field(max_length=MAX_RETRIES)]


# -- schedules


def _expression(schedule: object) -> object:
    """Check a cron() or rate()."""
    if isinstance(schedule, list):
        # [cron(5,35 * * * ? *)] is divided at the comma.
        parts = [str(part) for part in cast("list[object]", schedule)]
        raise ValueError(f"is a list: write {','.join(parts)} without brackets")
    if isinstance(schedule, str):
        schedules.parse(schedule)
    return schedule


def _zone(timezone: str) -> str:
    """Check that there is such a time zone."""
    schedules.check_zone(timezone)
    return timezone


Schedule = Annotated[str, BeforeValidator(_expression)]
Timezone = Annotated[str, AfterValidator(_zone)]


# -- the network


def _offered_mode(mode: object) -> object:
    """Tell the modes to come from mistyped ones."""
    if mode in ("nat", "existing"):
        raise ValueError(f"{shown(mode)} is not offered yet: write endpoints or public")
    return mode


def _plannable(cidr: str) -> str:
    """Check that subnets for all zones fit, so that zones can be added later."""
    subnets.plan_subnets(cidr, zones=subnets.MAX_ZONES)
    return cidr


Mode = Annotated[Literal["endpoints", "public"], BeforeValidator(_offered_mode)]
Cidr = Annotated[str, AfterValidator(_plannable)]


# -- containers


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


def _own_container(container: str, info: ValidationInfo) -> str:
    """Check that the file has such a container."""
    surroundings = surroundings_in(info)
    if surroundings and container not in surroundings.containers:
        remedy = instead(container, surroundings.containers)
        raise ValueError(f"{shown(container)} is not a container of this file: {remedy}")
    return container


BuildDirectory = Annotated[str, AfterValidator(_build_directory)]
CpuUnits = Annotated[int, AfterValidator(_offered_cpu)]
ContainerName = Annotated[str, AfterValidator(_own_container)]


# -- environment variables


def _variable_name(name: str) -> str:
    """Check the name of an environment variable."""
    if not _VARIABLE.fullmatch(name):
        suggestion = re.sub(r"\W", "_", name, flags=re.ASCII)
        suggestion = f"_{suggestion}" if not suggestion or suggestion[0].isdigit() else suggestion
        raise ValueError(f"is not a name for an environment variable: write {suggestion}")
    if name.startswith(("AWS_", "ECS_")):
        raise ValueError("begins as those that AWS sets itself do: take another name")
    if name in OWN_VARIABLES:
        raise ValueError("is set by every run itself: take another name")
    return name


VariableName = Annotated[str, AfterValidator(_variable_name)]
Environment = dict[VariableName, Text]


# -- buckets and grants


def _own_bucket(name: str, info: ValidationInfo) -> str:
    """Check that the file has such a bucket."""
    surroundings = surroundings_in(info)
    if surroundings and name not in surroundings.buckets:
        raise ValueError(f"is not a bucket of this file: {instead(name, surroundings.buckets)}")
    return name


def _list_of_verbs(value: object) -> object:
    """Take one verb for a list of it."""
    return (value,) if isinstance(value, str) else _tuple_from_list(value)


BucketName = Annotated[str, AfterValidator(_own_bucket)]
Verb = Literal["read", "write"]
Verbs = Annotated[
    tuple[Verb, ...],
    BeforeValidator(_list_of_verbs, json_schema_input_type=Verb | list[Verb]),
    Field(min_length=1),
]


# -- secrets: what is written may be one, hence it is not repeated unless it is known to be a name


@dataclass(frozen=True, kw_only=True)
class SecretReference:
    """A secret by its name, and the key in its JSON text; without one, the whole text."""

    secret: str
    key: str | None


def _secret_reference(value: object, info: ValidationInfo) -> SecretReference:
    """Read ``sample:S3_BUCKET_NAME`` or ``sample``."""
    if not isinstance(value, str):
        raise ValueError(f"is {kind(value)}: write a secret's name and a key: sample:PASSWORD")
    secret, colon, key = value.partition(":")
    reference = SecretReference(secret=secret, key=key if colon else None)
    surroundings = surroundings_in(info)
    if surroundings is None:
        return reference
    if secret not in surroundings.secret_keys:
        remedy = instead(secret, surroundings.secret_keys)
        raise ValueError(f"{MASK} names no secret of this file: {remedy}")
    keys = surroundings.secret_keys[secret]
    if colon and not key:
        raise ValueError(f"{shown(value)} has no key: write {secret} for the whole text")
    if colon and keys is not None and key not in keys:
        remedy = instead(key, keys, prefix=f"{secret}:")
        raise ValueError(f"{shown(value)} names no key of {secret}: {remedy}")
    return reference


def secret_value(value: object, info: ValidationInfo) -> object:
    """Check that it is a text, or ``{bucket: files}``."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"{MASK} is {kind(value)}: quote it")
    entry = cast("dict[str, object]", value)
    bucket = entry.get("bucket")
    if set(entry) != {"bucket"} or not isinstance(bucket, str):
        raise ValueError("is a map: write a text, or {bucket: files} for a bucket's name")
    surroundings = surroundings_in(info)
    if surroundings and bucket not in surroundings.buckets:
        remedy = instead(bucket, surroundings.buckets)
        raise ValueError(f"{MASK} is not a bucket of this file: {remedy}")
    return entry


def _secret_key(key: str) -> str:
    """Check a key of a secret: ECS takes it from an ARN that colons divide."""
    if not _SECRET_KEY.fullmatch(key):
        raise ValueError("is not a secret's key: use letters, digits and _ . -")
    return key


def _secret_arn(arn: str) -> str:
    """Check the ARN of a secret that exists already."""
    if not _SECRET_ARN.fullmatch(arn):
        raise ValueError(
            f"{MASK} is not a secret's ARN: write "
            "arn:aws:secretsmanager:<region>:<account>:secret:<name>-<six characters>"
        )
    return arn


SecretSource = Annotated[
    SecretReference, PlainValidator(_secret_reference, json_schema_input_type=str)
]
SecretKey = Annotated[str, AfterValidator(_secret_key)]
SecretArn = Annotated[str, AfterValidator(_secret_arn)]


# -- who is told


def _email(value: str) -> str:
    """Check an e-mail address as far as a typing mistake goes."""
    if not _EMAIL.fullmatch(value):
        raise ValueError(f"{shown(value)} is not an e-mail address: write name@example.com")
    return value


def _slack_id(letters: str, what: str, where: str) -> Callable[[str], str]:
    """Return a check of one of Slack's ids, which are not the names that people see."""
    pattern = re.compile(rf"[{letters}][0-9A-Z]{{2,}}")

    def check(value: str) -> str:
        if pattern.fullmatch(value):
            return value
        if pattern.fullmatch(value.upper()):
            raise ValueError(f"{shown(value)} is not in upper case: write {value.upper()}")
        first = " or ".join(f"{letter}…" for letter in letters)
        raise ValueError(f"{shown(value)} is not a {what}'s id ({first}): {where}")

    return check


_WHERE_A_WORKSPACE_ID_IS = "open Slack in a browser and take the part after app.slack.com/client/"
_WHERE_A_CHANNEL_ID_IS = "open the channel's details in Slack and copy the channel ID at the bottom"

Email = Annotated[str, AfterValidator(_email)]
WorkspaceId = Annotated[str, AfterValidator(_slack_id("T", "workspace", _WHERE_A_WORKSPACE_ID_IS))]
ChannelId = Annotated[str, AfterValidator(_slack_id("CG", "channel", _WHERE_A_CHANNEL_ID_IS))]


# -- tags and logs


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


def _log_retention(days: int) -> int:
    """Check that CloudWatch Logs has such a retention."""
    if days not in LOG_RETENTION_DAYS:
        nearest = min(
            (known for known in LOG_RETENTION_DAYS if known > days), default=LOG_RETENTION_DAYS[-1]
        )
        raise ValueError(f"{days} is not one that CloudWatch Logs has: write {nearest}")
    return days


Tags = Annotated[
    dict[Annotated[str, AfterValidator(_tag_key)], Annotated[str, AfterValidator(_tag_value)]],
    AfterValidator(_tag_count),
]
LogRetentionDays = Annotated[int, AfterValidator(_log_retention)]
