"""The reference of the stack's roles: who uses each, what it may do, and why."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from definitions.policies.reasons import reason
from handbook.deployed import everything

_SHORTER = (
    (re.compile(r"arn:aws:([\w-]+):[\w-]*:\d*:"), r"\1:"),
    (re.compile(r"key/[0-9a-f-]{36}"), "key/<the stack's>"),
    (re.compile(r"(secret:[\w-]+)-\w{6}"), r"\1-<six letters>"),
    (re.compile(r"\d{12}"), "<account>"),
)
"""What is the same in each ARN of a stack, or nobody's choice."""


_DEPLOYS = re.compile(r"github-.*-(deploy|read)")
"""Roles by which Pulumi calls AWS."""


def roles() -> str:
    """Write a section for each role of the stack that uses every feature."""
    made = everything()
    return "\n\n".join(_section(role, made.prefix) for role in made.roles)


def _section(role: Mapping[str, Any], prefix: str) -> str:
    name = role["RoleName"].replace(prefix, "<stack>")
    deploys = bool(_DEPLOYS.fullmatch(role["RoleName"]))
    lines = [
        f"## `{name}`",
        "",
        f"{role['Description']}. Used by {_users(role, prefix)}.",
        "",
        "| statement | may | on | why |",
        "| --- | --- | --- | --- |",
        *(_row(statement, prefix, deploys=deploys) for statement in role["Statement"]),
    ]
    return "\n".join(lines)


def boundary() -> str:
    """Write what the roles of a stack with ``access.github`` can do at most."""
    made = everything()
    lines = [
        "| statement | at most | on | why |",
        "| --- | --- | --- | --- |",
        *(_row(statement, made.prefix, deploys=True) for statement in made.boundary),
    ]
    return "\n".join(lines)


def _users(role: Mapping[str, Any], prefix: str) -> str:
    """Return who may use a role: a service, or people and programs by their ARNs."""
    statements = role["AssumeRolePolicyDocument"]["Statement"]
    who = [user for one in statements for kind in one["Principal"].values() for user in _list(kind)]
    return ", ".join(f"`{_short(user, prefix)}`" for user in dict.fromkeys(who))


def _row(statement: Mapping[str, Any], prefix: str, *, deploys: bool) -> str:
    actions = "<br>".join(f"`{action}`" for action in _list(statement["Action"]))
    on = "<br>".join(f"`{_short(one, prefix)}`" for one in _list(statement["Resource"]))
    conditions = "".join(f"<br>{said}" for said in _conditions(statement, prefix))
    refused = "never: " if statement["Effect"] == "Deny" else ""
    why = reason(statement["Sid"], deploys=deploys)
    return f"| {statement['Sid']} | {refused}{actions} | {on}{conditions} | {why} |"


def _conditions(statement: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            wanted = ", ".join(f"`{_short(value, prefix)}`" for value in _list(values))
            yield f"only if `{key}` {_says(operator)} {wanted}"


def _says(operator: str) -> str:
    """Return a condition's operator as people read it."""
    return "is not" if "Not" in operator else "is like" if "Like" in operator else "is"


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _short(arn: str, prefix: str) -> str:
    for what, shorter in _SHORTER:
        arn = what.sub(shorter, arn)
    return arn.replace(prefix, "<stack>")
