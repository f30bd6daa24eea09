"""``access:``: the roles of people and of GitHub's workflows."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from stacks.settings.base import MODEL, ListOf, like
from stacks.wording import shown

_PRINCIPAL = r"arn:aws:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+"
_OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}"
"""An organisation or user of GitHub: at most 39 letters, digits and single hyphens."""
_REPOSITORY = rf"{_OWNER}/[A-Za-z0-9_.-]{{1,100}}"
_ENVIRONMENT = r"[A-Za-z0-9_.-]{1,250}"
"""Narrower than GitHub's: neither ``:``, which ends it in a token, nor what policies replace; and
there is one more of the name with ``-read`` behind it."""
_BRANCH = r"(?!refs/)[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*"
_RELEASE_TAGS = r"(?!refs/)(?=.)[A-Za-z0-9_./-]*[*]?"
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_KEY = r"arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+"


def _principal(arn: str) -> str:
    """Check that somebody is meant, and not a whole account."""
    if not re.fullmatch(_PRINCIPAL, arn):
        raise ValueError(
            f"{shown(arn)} is no role or user: write an ARN like "
            "arn:aws:iam::111122223333:role/team-batch"
        )
    return arn


def _repository(name: str) -> str:
    if not re.fullmatch(_REPOSITORY, name):
        raise ValueError(f"{shown(name)} is no repository: write it as owner/name")
    return name


def _environment(name: str) -> str:
    if not re.fullmatch(_ENVIRONMENT, name):
        raise ValueError(
            f"{shown(name)} is no environment: use letters, digits and - _ . (at most 250)"
        )
    return name


def _branch(name: str) -> str:
    if not re.fullmatch(_BRANCH, name):
        raise ValueError(f"{shown(name)} is no branch: write its name alone, like main")
    return name


def _release_tags(pattern: str) -> str:
    if not re.fullmatch(_RELEASE_TAGS, pattern):
        raise ValueError(f"{shown(pattern)} means no tags: write a name or its beginning, like v*")
    return pattern


def _state_bucket(name: str) -> str:
    if not re.fullmatch(_BUCKET, name):
        raise ValueError(
            f"{shown(name)} is no bucket: write its name alone, without s3:// or a path"
        )
    return name


def _secrets_key(arn: str) -> str:
    if not re.fullmatch(_KEY, arn):
        raise ValueError(
            f"{shown(arn)} is no key: write its ARN, not an alias, like "
            "arn:aws:kms:eu-central-1:111122223333:key/0123abcd-…"
        )
    return arn


def _form(pattern: str) -> str:
    return f"^{pattern}$"


Person = Annotated[
    str,
    AfterValidator(_principal),
    like(_form(_PRINCIPAL), "an ARN like arn:aws:iam::111122223333:role/team-batch"),
]
Repository = Annotated[
    str, AfterValidator(_repository), like(_form(_REPOSITORY), "it as owner/name")
]
Environment = Annotated[
    str, AfterValidator(_environment), like(_form(_ENVIRONMENT), "letters, digits and - _ .")
]
Branch = Annotated[str, AfterValidator(_branch), like(_form(_BRANCH), "a branch's name, like main")]
ReleaseTags = Annotated[
    str, AfterValidator(_release_tags), like(_form(_RELEASE_TAGS), "a tag or its beginning: v*")
]
StateBucket = Annotated[
    str, AfterValidator(_state_bucket), like(_form(_BUCKET), "a bucket's name alone")
]
SecretsKey = Annotated[str, AfterValidator(_secrets_key), like(_form(_KEY), "the ARN of a key")]


class GithubSettings(BaseModel):
    """Which workflows of GitHub Actions may use which role."""

    model_config = MODEL

    repository: Repository = Field(
        description="The repository whose workflows they are.", examples=["our-company/batch"]
    )
    environment: Environment | None = Field(
        default=None,
        description="The GitHub environment of deploys and of runs by hand; if not said, it has "
        "the stack's name.",
        examples=["prod"],
    )
    branch: Branch = Field(
        default="main",
        description="The branch from which deploys and runs by hand are started.",
        examples=["main"],
    )
    release_tags: ReleaseTags | None = Field(
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
    state_bucket: StateBucket | None = Field(
        default=None,
        description="The bucket in which Pulumi's state is, if it is in S3.",
        examples=["our-pulumi-state"],
    )
    secrets_key: SecretsKey | None = Field(
        default=None,
        description="The key that encrypts the stack file's secrets, if KMS does.",
        examples=["arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4444-8888-0123456789ab"],
    )


class AccessSettings(BaseModel):
    """Who may look after the deployed stack, and deploy it."""

    model_config = MODEL

    operators: ListOf[Person] = Field(
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
