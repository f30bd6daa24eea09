"""What a deployment changes, for a person to read: a line a resource and one a changed value."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from rehearsal.engine import Action, Step
from rehearsal.wire import MASK

SIGNS: dict[Action, str] = {
    "create": "+",
    "update": "~",
    "replace": "±",
    "delete": "-",
    "retain": "-",
}
LONGEST_VALUE = 160
"""Characters of a value; more are cut, because what changed is a member that has its own line."""


@dataclass(frozen=True)
class Change:
    """A value that differs, deep inside an input; None where there is none on that side."""

    path: str
    """Such as ``target.retryPolicy.maximumRetryAttempts``; JSON texts are entered too."""
    old: str | None
    new: str | None
    replaces: bool = False
    """Whether the resource is replaced because of it."""


@dataclass(frozen=True)
class Planned:
    """One resource of a plan."""

    action: Action
    type: str
    name: str
    changes: tuple[Change, ...] = ()

    @property
    def sign(self) -> str:
        """Return one of ``+ ~ ± -``."""
        return SIGNS[self.action]


def plan(steps: Iterable[Step]) -> list[Planned]:
    """Return the steps of a deployment as a plan, without secrets."""
    return [Planned(step.action, step.type, step.name, tuple(_changes(step))) for step in steps]


def summary(planned: Iterable[Planned]) -> str:
    """Count a plan: ``2 to create, 1 to change``; ``nothing to do`` where it is empty."""
    actions = [each.action for each in planned]
    counts = {
        "create": actions.count("create"),
        "change": actions.count("update"),
        "replace": actions.count("replace"),
        "delete": actions.count("delete") + actions.count("retain"),
    }
    said = [f"{number} to {what}" for what, number in counts.items() if number]
    return ", ".join(said) or "nothing to do"


def _changes(step: Step) -> Iterator[Change]:
    for key in step.changed:
        if key == "tagsAll" and "tags" in step.changed:
            continue  # the same tags once more
        replaces = key in step.replaces
        if key in step.secret:
            yield Change(key, MASK, MASK, replaces)
            continue
        for path, old, new in _differences(key, step.old.get(key), step.new.get(key)):
            yield Change(path, _said(old), _said(new), replaces)


def _differences(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Return where two values differ, member by member: path, old value, new value."""
    old, new = _entered(old), _entered(new)
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        old_members, new_members = _members(old), _members(new)
        for key in sorted({*old_members, *new_members}):
            yield from _differences(f"{path}.{key}", old_members.get(key), new_members.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_differences(path, _elements(old), _elements(new))
    else:
        yield path, old, new


def _list_differences(path: str, old: list[Any], new: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Compare lists by what stayed: an element put in front does not change all others."""
    texts = [[json.dumps(each, sort_keys=True) for each in each_list] for each_list in (old, new)]
    for what, first, last, new_first, new_last in SequenceMatcher(
        a=texts[0], b=texts[1], autojunk=False
    ).get_opcodes():
        if what == "equal":
            continue
        both = min(last - first, new_last - new_first)
        for number in range(both):
            where = f"{path}[{new_first + number}]"
            yield from _differences(where, old[first + number], new[new_first + number])
        for number in range(first + both, last):
            yield f"{path}[{number}]", old[number], None
        for number in range(new_first + both, new_last):
            yield f"{path}[{number}]", None, new[number]


def _entered(value: Any) -> Any:
    """Return what a JSON text holds, where it is the text of an object or a list."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _said(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _members(value: Any) -> dict[str, Any]:
    """Return an object's members, typed: what an input holds is only known at run time."""
    return dict(value)


def _elements(value: Any) -> list[Any]:
    """Return a list's elements, typed likewise."""
    return list(value)
