"""``buckets:`` and ``secrets:``, and how containers name them."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal, cast

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

from stacks.settings.base import MODEL, check_exactly_one, surroundings_in, tuple_from_list
from stacks.wording import MASK, instead, kind, shown

_SECRET_KEY = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_SECRET_ARN = re.compile(r"arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+")


# -- buckets and grants


def _own_bucket(name: str, info: ValidationInfo) -> str:
    """Check that the file has such a bucket."""
    surroundings = surroundings_in(info)
    if surroundings and name not in surroundings.buckets:
        raise ValueError(f"is not a bucket of this file: {instead(name, surroundings.buckets)}")
    return name


def _list_of_verbs(value: object) -> object:
    """Take one verb for a list of it."""
    return (value,) if isinstance(value, str) else tuple_from_list(value)


BucketName = Annotated[str, AfterValidator(_own_bucket)]

Verb = Literal["read", "write"]

Verbs = Annotated[
    tuple[Verb, ...],
    BeforeValidator(_list_of_verbs, json_schema_input_type=Verb | list[Verb]),
    Field(min_length=1),
]


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
    SecretReference, PlainValidator(_secret_reference, json_schema_input_type=str)
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
