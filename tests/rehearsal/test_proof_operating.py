"""The calls that the proof plays in the place of ``ops`` are those that ``ops`` makes."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportCallIssue=false, reportArgumentType=false

import ast
from collections.abc import Iterator
from typing import Any

import boto3

from definitions.names import Names
from rehearsal.proof.operating import COMMANDS
from tests.deploying import ROOT

NAMES = Names(project="fargate-batch", stack="dev", region="eu-central-1", account="123456789012")
NEEDS_NO_RIGHT = "get_caller_identity"
"""IAM has it allowed to everybody (API reference of STS)."""
PLAYED = [call for calls in COMMANDS.values() for call in calls(NAMES)]


def first_argument(node: ast.AST, method: str) -> str | None:
    """Return the text that a call of a method is given."""
    match node:
        case ast.Call(func=ast.Attribute(attr=attr), args=[ast.Constant(value=str(text)), *_]):
            return text if attr == method else None
        case _:
            return None


def nodes() -> Iterator[ast.AST]:
    for path in sorted((ROOT / "ops").rglob("*.py")):
        yield from ast.walk(ast.parse(path.read_text()))


def operations(service: str) -> set[str]:
    client: Any = boto3.client(service, region_name=NAMES.region)
    return set(client.meta.method_to_api_mapping)


def test_every_call_of_ops_is_played_and_no_other() -> None:
    services = {service for node in nodes() if (service := first_argument(node, "client"))}
    known = set[str]().union(*map(operations, services))
    made = {node.attr for node in nodes() if isinstance(node, ast.Attribute)} & known
    made |= {name for node in nodes() if (name := first_argument(node, "get_paginator"))}
    assert {call.operation for call in PLAYED} == made - {NEEDS_NO_RIGHT}
    assert {call.service for call in PLAYED} == services - {"sts"}
