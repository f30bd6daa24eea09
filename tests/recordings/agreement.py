"""A pytest plugin: how many recordings agree, by topic, and the floors below which it fails."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.recordings import recorded

FLOORS = {
    "executions": 0.98,
    "services, callback, error_handling, activities": 0.95,
    "event patterns": 1.0,
    "refusals stepfunctions": 0.90,
    "refusals events": 0.90,
    "refusals iam": 0.90,
    "refusals scheduler": 1.0,
    "refusals sns": 0.90,
    "refusals sqs": 0.90,
    "sequences events": 0.90,
    "sequences scheduler": 1.0,
    "sequences stepfunctions": 0.78,
}
"""Smallest share of each group that has to agree with AWS."""


@dataclass
class _Group:
    agree: int = 0
    of: int = 0
    lines: list[str] = field(default_factory=list[str])
    unexplained: list[str] = field(default_factory=list[str])


class Agreement:
    """Told by a test how each case of its topic compared."""

    def __init__(self, record_property: Any) -> None:
        self._record = record_property

    def of(self, groups: list[str], topic: str, differences: dict[str, str | None]) -> None:
        """Count a topic: what differs in each case (nothing: it agrees), towards its groups.

        Fails when all that a name of the list of differing cases selects agrees: the list has no
        dead entries.
        """
        told = {"groups": groups, "topic": topic, "differences": differences}
        self._record("agreement", json.dumps(told))
        dead = recorded.dead_selectors(differences)
        assert not dead, "exceptions.toml lists what agrees by now"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    groups = _groups(terminalreporter)
    if recorded.folder() is None:
        terminalreporter.write_line(
            f"recordings of AWS were not played: {recorded.VARIABLE} names no folder"
        )
    elif groups:
        terminalreporter.section("agreement with recordings of AWS")
    for name, group in groups.items():
        floor = FLOORS.get(name)
        told = f"{name}: {group.agree} of {group.of} agree"
        if floor is not None:
            told += f" ({group.agree / group.of:.1%}, at least {floor:.0%})"
        terminalreporter.write_line(told, red=_is_below(name, group))
        for line in sorted(group.lines) if len(group.lines) > 1 else []:
            terminalreporter.write_line(f"  {line}")
    unexplained = {line for group in groups.values() for line in group.unexplained}
    for line in sorted(unexplained):
        terminalreporter.write_line(f"differs, and exceptions.toml does not say why: {line}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # a worker of xdist
        return
    if any(_is_below(name, group) for name, group in _groups(reporter).items()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _groups(reporter: Any) -> dict[str, _Group]:
    groups: dict[str, _Group] = {}
    for report in [*reporter.stats.get("passed", []), *reporter.stats.get("failed", [])]:
        for name, value in getattr(report, "user_properties", []):
            if name != "agreement" or report.when != "call":
                continue
            told: Any = json.loads(value)
            differences: dict[str, str | None] = told["differences"]
            agree = sum(what is None for what in differences.values())
            for group_name in told["groups"]:
                group = groups.setdefault(group_name, _Group())
                group.agree += agree
                group.of += len(differences)
                group.lines.append(f"{told['topic']}: {agree} of {len(differences)} agree")
                group.unexplained += [
                    f"{case} ({what})"
                    for case, what in differences.items()
                    if what is not None and not recorded.is_explained(case)
                ]
    return groups


def _is_below(name: str, group: _Group) -> bool:
    return group.of > 0 and group.agree / group.of < FLOORS.get(name, 0)
