"""``buckets:``, ``topics:``, ``tables:`` and ``secrets:``, and how containers name secrets."""

import re
from dataclasses import dataclass
from typing import Annotated, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from stacks.settings.base import MODEL, check_exactly_one, surroundings_in
from stacks.wording import MASK, instead, kind, shown

MAX_ATTRIBUTE_BYTES = 255
"""DynamoDB, AttributeDefinition.AttributeName."""

_SECRET_KEY = re.compile(r"[A-Za-z0-9_.-]{1,128}")
PARAMETERS = "ssm"
"""Stands before a parameter's name, where a secret's stands else: no secret has this name."""

_PARAMETER = re.compile(r"(/[A-Za-z0-9_.-]+)+|[A-Za-z0-9_.-]+")
_PARAMETER_ARN = re.compile(
    r"arn:aws:ssm:(?P<region>[a-z0-9-]+):\d{12}:parameter(?P<name>/[A-Za-z0-9_./-]+)"
)
_SECRET_ARN = re.compile(r"arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+")


# -- buckets, topics, tables


class BucketSettings(BaseModel):
    """A private, encrypted bucket of the stack."""

    model_config = MODEL

    versioned: bool = Field(
        default=False, description="Keep the former versions of an object.", examples=[True]
    )
    expire_after_days: int | None = Field(
        default=None,
        ge=1,
        description="Delete an object after so many days; kept for ever without it.",
        examples=[365],
    )


class TopicSettings(BaseModel):
    """An SNS topic of the stack, encrypted with its key."""

    model_config = MODEL


def _attribute_name(name: str) -> str:
    """Check the name of an attribute: DynamoDB allows a key's to have 255 bytes."""
    if not 1 <= len(name.encode()) <= MAX_ATTRIBUTE_BYTES:
        raise ValueError(
            f"{shown(name)} is not an attribute's name: write 1 to {MAX_ATTRIBUTE_BYTES} bytes"
        )
    return name


AttributeName = Annotated[str, AfterValidator(_attribute_name)]


class TableSettings(BaseModel):
    """A DynamoDB table of the stack, paid by the request."""

    model_config = MODEL

    partition_key: AttributeName = Field(
        description="The attribute that items are found by; its values are texts.",
        examples=["customer"],
    )
    sort_key: AttributeName | None = Field(
        default=None,
        validate_default=True,
        description="The attribute by which items of one partition key are told apart and sorted; "
        "its values are texts.",
        examples=["day"],
    )
    expire_attribute: AttributeName | None = Field(
        default=None,
        description="The attribute that holds when an item may go, in seconds since 1970.",
        examples=["expiresAt"],
    )

    @field_validator("sort_key")
    @classmethod
    def _is_another_attribute(cls, sort_key: str | None, info: ValidationInfo) -> str | None:
        if sort_key is not None and sort_key == info.data.get("partition_key"):
            raise ValueError(f"{shown(sort_key)} is the partitionKey already: take another")
        return sort_key


# -- secrets: what is written may be one, hence it is not repeated unless it is known to be a name


@dataclass(frozen=True, kw_only=True)
class SecretReference:
    """A secret by its name, and the key in its JSON text; without one, the whole text."""

    secret: str
    key: str | None


@dataclass(frozen=True, kw_only=True)
class ParameterReference:
    """A parameter of Systems Manager that exists already."""

    parameter: str
    """Its name or its ARN."""


def _secret_reference(value: object, info: ValidationInfo) -> SecretReference | ParameterReference:
    """Read ``sample:S3_BUCKET_NAME``, ``sample``, or a parameter: ``ssm:/batch/token``."""
    if not isinstance(value, str):
        raise ValueError(f"is {kind(value)}: write a secret's name and a key: sample:PASSWORD")
    if value.startswith((f"{PARAMETERS}:", "arn:aws:ssm:")):
        return _parameter_reference(value.removeprefix(f"{PARAMETERS}:"), info)
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


def _parameter_reference(parameter: str, info: ValidationInfo) -> ParameterReference:
    """Check the name or ARN of a parameter; ECS takes no part of its value."""
    arn = _PARAMETER_ARN.fullmatch(parameter)
    name = arn["name"] if arn else parameter
    if not parameter.startswith("arn:") and ":" in name:
        raise ValueError(
            f"{shown(parameter)} has more than a name, and ECS takes a parameter as a whole: "
            f"write {PARAMETERS}:{name.partition(':')[0]}"
        )
    if (parameter.startswith("arn:") and not arn) or not _PARAMETER.fullmatch(name):
        raise ValueError(
            f"{shown(parameter)} is not a parameter: write {PARAMETERS}:/batch/token, or "
            "arn:aws:ssm:<region>:<account>:parameter/batch/token"
        )
    surroundings = surroundings_in(info)
    if arn and surroundings and surroundings.region not in ("", arn["region"]):
        raise ValueError(
            f"{shown(parameter)} is in another region than the stack: copy it to "
            f"{surroundings.region}"
        )
    return ParameterReference(parameter=parameter)


class BucketReference(BaseModel):
    """A value that is the physical name of one of the stack's buckets."""

    model_config = MODEL

    bucket: str = Field(description="The bucket's name in this file.", examples=["files"])


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
    SecretReference | ParameterReference,
    PlainValidator(_secret_reference, json_schema_input_type=str),
]

SecretKey = Annotated[str, AfterValidator(_secret_key)]
SecretArn = Annotated[str, AfterValidator(_secret_arn)]


class SecretSettings(BaseModel):
    """A secret of the stack, or one that exists already."""

    model_config = MODEL

    values: (
        dict[
            SecretKey,
            Annotated[
                SecretStr | BucketReference,
                BeforeValidator(secret_value, json_schema_input_type=str | BucketReference),
            ],
        ]
        | None
    ) = Field(
        default=None,
        description="What the secret holds, as keys of a JSON text. Set texts with `pulumi config "
        "set --secret --path`. Either this or `arn`.",
        examples=[{"S3_BUCKET_NAME": {"bucket": "files"}}],
    )
    arn: SecretArn | None = Field(
        default=None,
        validate_default=True,
        description="The ARN of a secret that exists already. Either this or `values`.",
        examples=["arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:db-AbCdEf"],
    )

    @field_validator("arn")
    @classmethod
    def _is_the_one_origin(cls, arn: str | None, info: ValidationInfo) -> str | None:
        check_exactly_one("values", arn, info, example="values: {PASSWORD: …}")
        return arn
