"""The recordings of AWS: where they lie, which of them are in scope, what still differs."""

import functools
import json
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

VARIABLE = "RECORDINGS"
_FILE = Path(__file__).with_name("exceptions.toml")

Case = dict[str, Any]


def folder() -> Path | None:
    """Return the folder that the environment names, or nothing when it names none that exists."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named and Path(named).is_dir() else None


def topics() -> list[str]:
    """Return the topics of recorded executions."""
    found = folder()
    return sorted(path.stem for path in found.glob("step-functions/*.json")) if found else []


def executions(topic: str) -> list[Case]:
    """Return the recorded executions of a topic that are in scope."""
    return _in_scope(_read(f"step-functions/{topic}.json")["scenarios"])


def refusals(service: str) -> list[Case]:
    """Return the refused calls of a service that are in scope."""
    refused = _read("api-errors.json")["refused"]
    return _in_scope([case for case in refused if case["service"] == service])


def sequences(service: str) -> list[Case]:
    """Return the sequences of calls of a service's tests that are in scope."""
    return _in_scope(_read(f"api-sequences/{service}.json")["sequences"])


def patterns() -> list[Case]:
    """Return the recorded event patterns that are in scope."""
    return _in_scope(_read("event-patterns.json")["patterns"])


@functools.cache
def exceptions() -> dict[str, list[dict[str, Any]]]:
    """Return what is out of scope (``out_of_scope``) and what still differs (``differs``)."""
    return tomllib.loads(_FILE.read_text())


def is_explained(name: str) -> bool:
    """Tell whether ``differs`` has an entry that selects a case."""
    return any(_fits(name, selector) for selector in _differing())


def dead_selectors(differences: dict[str, str | None]) -> list[str]:
    """Return the names and beginnings in ``differs`` of which every case agrees by now."""
    dead: list[str] = []
    for selector in _differing():
        selected = [what for name, what in differences.items() if _fits(name, selector)]
        if selected and not any(selected):
            dead.append(selector)
    return dead


_ANY_MORE = "…"
"""At the end of a name in ``differs``: it selects every name that begins so."""


def _differing() -> list[str]:
    entries = exceptions().get("differs", [])
    return [name for entry in entries for name in entry.get("names", [entry.get("name", "")])]


def _fits(name: str, selector: str) -> bool:
    beginning = selector.removesuffix(_ANY_MORE)
    return name == selector or (beginning != selector and name.startswith(beginning))


@functools.cache
def _read(name: str) -> Any:
    found = folder()
    if found is None:
        raise FileNotFoundError(f"{VARIABLE} names no folder")
    return json.loads((found / name).read_text())


def _in_scope(cases: Sequence[Case]) -> list[Case]:
    left_out = exceptions()["out_of_scope"]
    return [case for case in cases if not any(_selects(entry, case) for entry in left_out)]


def _selects(entry: dict[str, str], case: Case) -> bool:
    """Tell whether every selector of an entry fits a case."""
    return (
        ("needs" not in entry or entry["needs"] in case.get("needs", []))
        and ("name" not in entry or case["name"].startswith(entry["name"]))
        and ("calls" not in entry or entry["calls"] in _operations(case))
    )


def _operations(case: Case) -> set[str]:
    return {
        call.get("helper") or f"{call['service']}:{call['operation']}"
        for call in case.get("calls", [])
    }
