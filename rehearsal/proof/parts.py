"""What a policy document consists of, one part at a time, and the document without a part. Pure."""

import json
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["action", "resource", "condition", "statement"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something in a policy document that can be taken away alone."""

    statement: int
    """Index of its statement."""
    sid: str
    kind: Kind
    name: str
    """The action or resource as written, ``<operator> <key>`` of a condition, or nothing."""

    def __str__(self) -> str:
        """Return the words for a table: ``ListRuns: action states:ListExecutions``."""
        return f"{self.sid or self.statement}: {self.kind} {self.name}".rstrip()


def parts_of(text: str) -> list[Part]:
    """Return every part of a document.

    Of a statement that allows: each action, each resource if there are several, each condition.
    One that denies is a part as a whole: without an action or with fewer conditions it would
    deny something else, which is no grant.
    """
    return [
        part
        for index, statement in enumerate(_statements(json.loads(text)))
        for part in _parts(index, statement)
    ]


def without(text: str, part: Part) -> str:
    """Return the document without a part; a statement of which nothing is left goes too."""
    document = json.loads(text)
    statements = _statements(document)
    statement = statements[part.statement]
    if part.kind == "condition":
        operator, _, key = part.name.partition(" ")
        del statement["Condition"][operator][key]
        if not statement["Condition"][operator]:
            del statement["Condition"][operator]
        if not statement["Condition"]:
            del statement["Condition"]
    elif part.kind == "statement":
        del statements[part.statement]
    else:
        member = part.kind.capitalize()
        left = [name for name in _listed(statement[member]) if name != part.name]
        if left:
            statement[member] = left
        else:
            del statements[part.statement]
    return json.dumps({**document, "Statement": statements})


def _parts(index: int, statement: dict[str, Any]) -> list[Part]:
    def part(kind: Kind, name: str) -> Part:
        return Part(statement=index, sid=statement.get("Sid", ""), kind=kind, name=name)

    if statement["Effect"] == "Deny":
        return [part("statement", "")]
    resources = _listed(statement.get("Resource", []))
    return [
        *(part("action", name) for name in _listed(statement["Action"])),
        *(part("resource", name) for name in resources if len(resources) > 1),
        *(
            part("condition", f"{operator} {key}")
            for operator, keys in statement.get("Condition", {}).items()
            for key in keys
        ),
    ]


def _statements(document: Any) -> list[dict[str, Any]]:
    return _listed(document["Statement"])


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
