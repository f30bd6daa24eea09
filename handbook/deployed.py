"""A stack that uses every feature, as the rehearsal deploys it: what the reference is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
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
STACK = "prod"
_NOW = datetime(2026, 11, 24, tzinfo=UTC)
"""The same for everybody: the program asks what time it is."""


@dataclass(frozen=True)
class Made:
    """What the pages tell of a deployed stack."""

    roles: list[dict[str, Any]]
    """As GetRole answers, each with its policy's ``Statement``."""
    alarms: list[dict[str, Any]]
    """As DescribeAlarms answers."""
    exports: Mapping[str, Any]
    prefix: str
    """That all names begin with."""


@cache
def everything() -> Made:
    """Deploy the example once."""
    stack_file = read_stack_file(ROOT, STACK, EXAMPLE)
    with EmbeddedAws(region=stack_file.config["aws:region"], start=_NOW) as aws:
        deployment = deploy(ROOT, stack_file, AwsProvider(aws), now=_NOW)
        alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
        return Made(
            roles=sorted(_roles(aws), key=lambda role: role["RoleName"]),
            alarms=sorted(alarms, key=lambda alarm: alarm["AlarmName"]),
            exports=deployment.masked_outputs,
            prefix=f"{stack_file.project}-{STACK}",
        )


def _roles(aws: EmbeddedAws) -> list[dict[str, Any]]:
    iam: Any = aws.client("iam")
    found: list[dict[str, Any]] = []
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        statements = [
            statement
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
            for statement in iam.get_role_policy(RoleName=name, PolicyName=policy)[
                "PolicyDocument"
            ]["Statement"]
        ]
        found.append({**role, "Statement": statements})
    return found
