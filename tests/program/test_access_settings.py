"""``access:``: what is read, and what is refused in one line."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stacks.reading import SettingsError
from stacks.settings import Settings
from tests.deploying import ROOT
from tests.program.reading import read_settings

REPOSITORY = {"repository": "our-company/batch"}
TEAM = "arn:aws:iam::111122223333:role/team-batch"


def read(access: object) -> Settings:
    """Read a stack file with this section."""
    written = {"network": {"mode": "public"}, "access": access}
    config = {f"fargate-batch:{key}": json.dumps(value) for key, value in written.items()}
    return read_settings(
        {"aws:region": "eu-west-1", **config},
        project="fargate-batch",
        stack="dev",
        directory=Path(ROOT),
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )


def refused(access: object) -> str:
    """The one line that a stack file is refused with, without the file's name."""
    with pytest.raises(SettingsError) as refusal:
        read(access)
    (line,) = refusal.value.lines
    return line.removeprefix("Pulumi.dev.yaml: ").replace('"', "")


def test_nobody_has_access_unless_somebody_is_named() -> None:
    access = read({}).access
    assert (access.operators, access.github) == ((), None)


def test_workflows_of_a_repository_start_from_main_in_an_environment_of_the_stacks_name() -> None:
    access = read({"github": REPOSITORY}).access
    assert access.github is not None
    assert (access.github.branch, access.github.environment) == ("main", None)
    assert not access.github.existing_provider
    assert access.operators == ()


def test_operators_are_roles_and_users_of_any_account() -> None:
    sso = (
        "arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/eu-central-1/"
        "AWSReservedSSO_Batch_0123456789abcdef"
    )
    access = read({"operators": [TEAM, sso, "arn:aws:iam::111122223333:user/anna"]}).access
    assert sso in access.operators


@pytest.mark.parametrize(
    ("access", "line"),
    [
        (
            {"operators": ["arn:aws:iam::111122223333:root"]},
            "access.operators[0]: arn:aws:iam::111122223333:root is no role or user: write an ARN "
            "like arn:aws:iam::111122223333:role/team-batch",
        ),
        ({"operators": ["*"]}, "access.operators[0]: * is no role or user: write an ARN like "),
        ({"operators": TEAM}, f"access.operators: {TEAM} is "),
        ({"github": {}}, "access.github"),
        ({"github": {"repository": "batch"}}, "access.github.repository: batch is no repository: "),
        (
            {"github": {"repository": "our-company/*"}},
            "access.github.repository: our-company/* is no repository: write it as owner/name",
        ),
        (
            {"github": {**REPOSITORY, "environment": "prod:*"}},
            "access.github.environment: prod:* is no environment: use letters, digits and - _ . ",
        ),
        (
            {"github": {**REPOSITORY, "branch": "*"}},
            "access.github.branch: * is no branch: write its name alone, like main",
        ),
        (
            {"github": {**REPOSITORY, "branch": "refs/heads/main"}},
            "access.github.branch: refs/heads/main is no branch: write its name alone, like main",
        ),
        (
            {"github": {**REPOSITORY, "releaseTags": "*v"}},
            "access.github.releaseTags: *v means no tags: write a name or its beginning, like v*",
        ),
        (
            {"github": {**REPOSITORY, "stateBucket": "s3://our-pulumi-state"}},
            "access.github.stateBucket: s3://our-pulumi-state is no bucket: write its name alone, ",
        ),
        (
            {"github": {**REPOSITORY, "secretsKey": "alias/pulumi"}},
            "access.github.secretsKey: alias/pulumi is no key: write its ARN, not an alias, like ",
        ),
    ],
)
def test_a_mistake_is_one_line(access: Any, line: str) -> None:
    assert refused(access).startswith(line)
