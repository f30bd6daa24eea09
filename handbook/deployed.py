"""A stack that uses every feature, as the rehearsal deploys it: what the reference is made from."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import deploy
from rehearsal.provider import AwsProvider
from stacks.stack_file import read_stack_file

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "everything.yaml"
ACCESS = ROOT / "examples" / "access.yaml"
"""Whose roles of people and workflows are made beside it."""
STACK = "prod"
_NOW = datetime(2026, 11, 24, tzinfo=UTC)
"""The same for everybody: the program asks what time it is."""


@dataclass(frozen=True)
class Made:
    """What the pages tell of a deployed stack."""

    roles: list[dict[str, Any]]
    """As GetRole answers, each with its policy's ``Statement``."""
    boundary: list[dict[str, Any]]
    """Statements of the bound of all roles but those of people and workflows."""
    alarms: list[dict[str, Any]]
    """As DescribeAlarms answers."""
    exports: Mapping[str, Any]
    prefix: str
    """That all names begin with."""


@cache
def everything() -> Made:
    """Deploy the example once, with roles for people and for GitHub's workflows."""
    stack_file = read_stack_file(ROOT, STACK, EXAMPLE)
    access = f"{stack_file.project}:access"
    with_access = read_stack_file(ROOT, STACK, ACCESS).config[access]
    stack_file = replace(stack_file, config={**stack_file.config, access: with_access})
    with EmbeddedAws(region=stack_file.config["aws:region"], start=_NOW) as aws:
        deployment = deploy(ROOT, stack_file, AwsProvider(aws), now=_NOW)
        alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
        roles = sorted(_roles(aws), key=lambda role: role["RoleName"])
        return Made(
            roles=roles,
            boundary=_boundary(aws, roles),
            alarms=sorted(alarms, key=lambda alarm: alarm["AlarmName"]),
            exports=deployment.masked_outputs,
            prefix=f"{stack_file.project}-{STACK}",
        )


def _roles(aws: EmbeddedAws) -> list[dict[str, Any]]:
    iam: Any = aws.client("iam")
    return [
        {
            **iam.get_role(RoleName=name)["Role"],
            "Statement": [*_written_into(iam, name), *_attached(iam, name)],
        }
        for role in iam.list_roles()["Roles"]
        for name in [role["RoleName"]]
    ]


def _written_into(iam: Any, role: str) -> Iterator[dict[str, Any]]:
    """Return the statements of a role's own policies."""
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        found = iam.get_role_policy(RoleName=role, PolicyName=policy)
        yield from found["PolicyDocument"]["Statement"]


def _attached(iam: Any, role: str) -> Iterator[dict[str, Any]]:
    """Return the statements of the policies beside it, which hold more than a role's own may."""
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        yield from _managed(iam, policy["PolicyArn"])


def _boundary(aws: EmbeddedAws, roles: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the statements of the one policy that bounds roles."""
    bounded = [role["PermissionsBoundary"] for role in roles if "PermissionsBoundary" in role]
    (arn,) = {one["PermissionsBoundaryArn"] for one in bounded}
    return _managed(aws.client("iam"), arn)


def _managed(iam: Any, arn: str) -> list[dict[str, Any]]:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    return found["PolicyVersion"]["Document"]["Statement"]
