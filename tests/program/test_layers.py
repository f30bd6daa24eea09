"""Dependencies point one way: __main__ → stacks → components → definitions."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploying import ROOT

OURS = {"ops", "stacks", "components", "definitions", "rehearsal", "app", "benchmarks", "tests"}
MAY_IMPORT = {
    "__main__": {"stacks"},
    "stacks": {"stacks", "components", "definitions"},
    "components": {"components", "definitions"},
    "definitions": {"definitions"},
    "rehearsal": {"rehearsal", "stacks", "definitions"},
    "ops": {"ops", "stacks", "definitions"},
}


def layer(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Top-level packages that a file imports, wherever in the file it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


FILES = [
    ROOT / "__main__.py",
    *(path for folder in MAY_IMPORT for path in sorted((ROOT / folder).rglob("*.py"))),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_what_lies_below_it(path: Path) -> None:
    strange = (imported(path) & OURS) - MAY_IMPORT[layer(path)]
    assert strange == set()


def test_definitions_know_no_pulumi_and_no_library_at_all() -> None:
    outside = {"pulumi", "pulumi_aws", "pulumi_awsx", "pydantic", "boto3", "yaml"}
    for path in (ROOT / "definitions").rglob("*.py"):
        assert not imported(path) & outside, path


def test_what_pulumi_up_imports_is_in_requirements() -> None:
    installed = {
        line.partition("==")[0].replace("-", "_")
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if "==" in line
    }
    installed |= {"pydantic_core", "yaml"}  # of pydantic, of PyYAML
    for path in FILES:
        if layer(path) not in ("rehearsal", "ops"):
            foreign = imported(path) - OURS - sys.stdlib_module_names
            assert foreign <= installed, path


def test_components_can_be_published_later() -> None:
    """Pulumi's analyzer of components cannot read annotations that are text."""
    for path in (ROOT / "components").rglob("*.py"):
        assert "__future__" not in path.read_text(), path


def test_ops_waits_for_no_library_that_it_may_not_need() -> None:
    """Half of the commands ask nobody; and an on-call laptop has no Pulumi."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, ops.app; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"pulumi", "pulumi_aws", "boto3", "moto"} & set(loaded)


def test_what_ops_imports_is_in_its_requirements() -> None:
    lines = (ROOT / "requirements-ops.txt").read_text().splitlines()
    installed = {line.partition("==")[0].replace("-", "_").lower() for line in lines}
    installed |= {"botocore", "pydantic_core", "yaml"}  # of boto3, pydantic, PyYAML
    for path in FILES:
        if layer(path) == "ops":
            foreign = imported(path) - OURS - sys.stdlib_module_names
            assert foreign <= installed, path
