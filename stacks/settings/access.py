"""``access:``: the roles of people and of GitHub's workflows."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, model_validator

from stacks.settings.base import MODEL, EntryError, ListOf
from stacks.wording import shown

_PRINCIPAL = re.compile(r"arn:aws:iam::\d{12}:(role|user)/[\w+=,.@/-]+", re.ASCII)
_OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}"
"""An organisation or user of GitHub: at most 39 letters, digits and single hyphens."""
_REPOSITORY = re.compile(rf"{_OWNER}/[A-Za-z0-9_.-]{{1,100}}")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9_.-]{1,255}")
"""Narrower than GitHub's: neither ``:``, which ends it in a token, nor what policies replace."""
_BRANCH = re.compile(r"(?!/)[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_TAGS = re.compile(r"[A-Za-z0-9_./-]*\*?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEY = re.compile(r"arn:aws:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", re.ASCII)


def _principal(arn: str) -> str:
    """Check that somebody is meant, and not a whole account."""
    if not _PRINCIPAL.fullmatch(arn):
        raise ValueError(
            f"{shown(arn)} is no role or user: write an ARN like "
            "arn:aws:iam::111122223333:role/team-batch"
        )
    return arn


def _repository(name: str) -> str:
    if not _REPOSITORY.fullmatch(name):
        raise ValueError(f"{shown(name)} is no repository: write it as owner/name")
    return name


def _environment(name: str) -> str:
    if not _ENVIRONMENT.fullmatch(name):
        raise ValueError(
            f"{shown(name)} is no environment: use letters, digits and - _ . (at most 255)"
        )
    return name


def _branch(name: str) -> str:
    if not _BRANCH.fullmatch(name) or name.startswith("refs/"):
        raise ValueError(f"{shown(name)} is no branch: write its name alone, like main")
    return name


def _release_tags(pattern: str) -> str:
    if not pattern or not _TAGS.fullmatch(pattern) or pattern.startswith("refs/"):
        raise ValueError(f"{shown(pattern)} means no tags: write a name or its beginning, like v*")
    return pattern


def _state_bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name):
        raise ValueError(
            f"{shown(name)} is no bucket: write its name alone, without s3:// or a path"
        )
    return name


def _secrets_key(arn: str) -> str:
    if not _KEY.fullmatch(arn):
        raise ValueError(
            f"{shown(arn)} is no key: write its ARN, not an alias, like "
            "arn:aws:kms:eu-central-1:111122223333:key/0123abcd-…"
        )
    return arn


class GithubSettings(BaseModel):
    """Which workflows of GitHub Actions may use which role."""

    model_config = MODEL

    repository: Annotated[str, AfterValidator(_repository)] = Field(
        description="The repository whose workflows they are.", examples=["our-company/batch"]
    )
    environment: Annotated[str, AfterValidator(_environment)] | None = Field(
        default=None,
        description="The GitHub environment of deploys and of runs by hand; if not said, it has "
        "the stack's name.",
        examples=["prod"],
    )
    branch: Annotated[str, AfterValidator(_branch)] = Field(
        default="main",
        description="The branch from which deploys and runs by hand are started.",
        examples=["main"],
    )
    release_tags: Annotated[str, AfterValidator(_release_tags)] | None = Field(
        default=None,
        description="Tags from which deploys may be started too, such as those of releases; `*` "
        "may end it.",
        examples=["v*"],
    )
    existing_provider: bool = Field(
        default=False,
        description="Whether the account has GitHub's OIDC provider already: there can be one.",
        examples=[True],
    )
    state_bucket: Annotated[str, AfterValidator(_state_bucket)] | None = Field(
        default=None,
        description="The bucket in which Pulumi's state is, if it is in S3.",
        examples=["our-pulumi-state"],
    )
    secrets_key: Annotated[str, AfterValidator(_secrets_key)] | None = Field(
        default=None,
        description="The key that encrypts the stack file's secrets, if KMS does.",
        examples=["arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4444-8888-0123456789ab"],
    )


class AccessSettings(BaseModel):
    """Who may look after the deployed stack, and deploy it."""

    model_config = MODEL

    operators: ListOf[Annotated[str, AfterValidator(_principal)]] = Field(
        default=(),
        description="Roles and users that may assume the stack's operator role, with which "
        "`python -m ops` does all that it can and nothing else.",
        examples=[["arn:aws:iam::111122223333:role/team-batch"]],
    )
    github: GithubSettings | None = Field(
        default=None,
        description="Workflows that may deploy, operate and look at the stack without any "
        "long-lived key.",
        examples=[{"repository": "our-company/batch"}],
    )

    @model_validator(mode="after")
    def _says_something(self) -> "AccessSettings":
        if not self.operators and self.github is None:
            raise EntryError("names nobody: write operators: or github:, or remove the section")
        return self
