"""``python -m ops check``, and the hook that runs it before a commit."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploying import ROOT
from tests.ops.typed import Keyboard, Said

STACK = """\
# A stack.
config:
  aws:region: eu-central-1
  p:network: {mode: public}
  p:containers: {default: {image: "alpine:3"}}
  p:jobFiles: [jobs/*.yaml]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK)
    (tmp_path / "Pulumi.prod.yaml").write_text(STACK)
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/data.yaml").write_text("jobs:\n  a: {command: [x]}\n")
    return tmp_path


def check(project: Path, *arguments: str) -> Said:
    return Keyboard(project)("check", *arguments)


def test_a_project_in_which_nothing_is_wrong(project: Path) -> None:
    said = check(project)
    assert (said.code, said.out, said.errors) == (0, "", ["Nothing is wrong."])


def test_all_stacks_are_checked_and_say_what_a_deploy_says(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(STACK + "  p:tracing: yes\n")
    (project / "Pulumi.prod.yaml").write_text(STACK.replace("public", "pubic"))
    said = check(project)
    assert said.code == 2
    assert said.out.splitlines() == [
        'Pulumi.dev.yaml: tracing: "yes" is text: write true',
        'Pulumi.prod.yaml: network.mode: "pubic" is not one of the choices: write endpoints, nat, '
        "public or existing",
    ]
    assert check(project, "Pulumi.dev.yaml").out.splitlines() == said.out.splitlines()[:1]


def test_a_file_that_is_no_yaml_is_told_with_its_line(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(STACK + "\tx: 1\n")
    (project / "jobs/data.yaml").write_text("jobs:\n  a: [\n")
    said = check(project, "Pulumi.dev.yaml")
    assert (said.code, said.out) == (
        2,
        "Pulumi.dev.yaml line 7: a tab; YAML is indented with spaces\n",
    )
    assert check(project, "Pulumi.prod.yaml").out.startswith("jobs/data.yaml:3: is not YAML: ")


def test_warnings_are_printed_and_are_no_failure(project: Path) -> None:
    late = "{command: [x], schedule: at(2020-01-01T00:00:00)}"
    (project / "jobs/data.yaml").write_text(f"jobs:\n  a: {late}\n")
    said = check(project)
    assert said.code == 0
    assert said.out == (
        'warning: jobs/data.yaml:2: jobs.a.schedule: "at(2020-01-01T00:00:00)" is over and never '
        "comes again: remove it\n"
    )


def test_a_job_file_is_checked_in_each_stack_that_names_it(project: Path) -> None:
    (project / "jobs/data.yaml").write_text("jobs:\n  a: {command: [x], container: big}\n")
    wide = STACK.replace('default: {image: "alpine:3"}', 'big: {image: "alpine:3"}')
    (project / "Pulumi.dev.yaml").write_text(wide)
    said = check(project, "jobs/data.yaml")
    assert said.code == 2
    assert said.out.splitlines() == [
        'jobs/data.yaml:2: jobs.a.container: "big" is not a container of this file: known: default'
    ]
    (project / "Pulumi.prod.yaml").write_text(wide)
    assert check(project, "jobs/data.yaml").code == 0


def test_what_two_stacks_say_of_a_job_file_is_said_once(project: Path) -> None:
    (project / "jobs/data.yaml").write_text("jobs:\n  a: {command: x}\n")
    said = check(project, "jobs/data.yaml")
    assert said.out == 'jobs/data.yaml:2: jobs.a.command: "x" is text: write [x]\n'


def test_a_job_file_that_nobody_names_is_checked_by_itself(project: Path) -> None:
    (project / "more.yaml").write_text(
        "defaults: {timezone: Europe/Berlin, container: big, skipOn: [holidays]}\n"
        "jobs:\n"
        "  A: {comand: [x]}\n"
        "  b: {command: [x], schedule: cron(30 2 * * ? *)}\n"
    )
    said = check(project, "more.yaml")
    assert said.code == 2
    assert said.out.splitlines() == [
        "more.yaml:3: jobs.A: is not a name (lower case, digits, single hyphens): write a",
        "more.yaml:1: defaults.skipOn: has no schedule to go with: add schedule, or remove it",
        "more.yaml:3: jobs.A.command: missing: write command: [python, -m, list_files]",
        "more.yaml:3: jobs.A.comand: is not a key here: write command",
    ]
    assert said.errors == [
        "more.yaml is checked by itself, for no stack names it (jobFiles): containers, calendars, "
        "channels and buckets are taken on trust"
    ]
    (project / "more.yaml").write_text(
        "jobs: {b: {command: [x], schedule: cron(30 2 * * ? *), timezone: Europe/Berlin}}\n"
    )
    said = check(project, "more.yaml")
    assert said.code == 0
    assert said.out.startswith('warning: more.yaml:1: jobs.b.schedule: "cron(30 2 * * ? *)" in ')


def test_a_job_file_is_one_also_if_it_is_broken(project: Path) -> None:
    (project / "more.yaml").write_text("jobs:\n  a: [\n")
    assert check(project, "more.yaml").out.startswith("more.yaml:3: is not YAML: ")


def test_a_stack_that_cannot_be_read_may_name_any_job_file(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config: [\n")
    said = check(project, "jobs/data.yaml")
    assert said.code == 2
    assert said.out.startswith("Pulumi.dev.yaml line 2: ")


def test_an_example_is_a_stack_file_and_called_by_its_path(project: Path) -> None:
    (project / "examples").mkdir()
    (project / "examples/small.yaml").write_text(STACK + "  p:tracing: 1\n")
    said = check(project, "examples/small.yaml")
    line = "examples/small.yaml: tracing: 1 is neither true nor false: write one of them"
    assert (said.code, said.out) == (2, f"{line}\n")


def test_the_project_is_the_one_that_a_file_belongs_to(project: Path) -> None:
    within = project / "within"
    within.mkdir()
    (within / "Pulumi.yaml").write_text("name: q\n")
    (within / "Pulumi.dev.yaml").write_text(STACK.replace("p:", "q:").replace("dev", "qa"))
    (within / "jobs").mkdir()
    (within / "jobs/data.yaml").write_text("jobs: {a: {command: x}}\n")
    said = check(project, "within/Pulumi.dev.yaml")
    assert said.out == 'jobs/data.yaml:1: jobs.a.command: "x" is text: write [x]\n'


def test_a_file_that_is_not_there_is_one_line(project: Path) -> None:
    said = check(project, "Pulumi.prd.yaml", "Pulumi.dev.yaml")
    assert (said.code, said.errors) == (2, ["error: there is no file Pulumi.prd.yaml"])


def test_findings_are_json_for_programs(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(STACK + "  p:tracing: yes\n")
    said = check(project, "--json")
    assert said.code == 2
    assert said.json == [
        {
            "severity": "error",
            "line": 'Pulumi.dev.yaml: tracing: "yes" is text: write true',
        }
    ]


def test_all_stacks_and_examples_of_this_project_are_right() -> None:
    examples = [str(path.relative_to(ROOT)) for path in (ROOT / "examples").rglob("*.yaml")]
    stacks = [path.name for path in ROOT.glob("Pulumi.*.yaml")]
    said = Keyboard(ROOT)("check", *stacks, *examples)
    assert said.code == 0, said.out


# -- before a commit


@pytest.fixture(scope="module")
def hook() -> dict[str, str]:
    (only,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    return only


def chosen(hook: dict[str, str], files: list[str]) -> list[str]:
    """The files that pre-commit hands to the hook, of those that are committed."""
    return [
        file
        for file in files
        if re.search(hook["files"], file) and not re.search(hook["exclude"], file)
    ]


def test_the_hook_is_for_stack_files_and_job_files(hook: dict[str, str]) -> None:
    files = [
        *("Pulumi.yaml", "Pulumi.dev.yaml", "infra/Pulumi.prod.yaml", "README.md", "mkdocs.yml"),
        *("jobs/data.yaml", "jobs/data.yml", "examples/jobs/data.yaml", "examples/flow.yaml"),
        *("tests/ops/shop/Pulumi.dev.yaml", "stacks/settings/jobs.py"),
    ]
    assert chosen(hook, files) == [
        *("Pulumi.dev.yaml", "infra/Pulumi.prod.yaml"),
        *("jobs/data.yaml", "jobs/data.yml", "examples/jobs/data.yaml"),
    ]


def test_the_hook_passes_what_is_checked_in_and_stops_what_is_wrong(
    hook: dict[str, str], tmp_path: Path
) -> None:
    committed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607 - whichever git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert hook["language"] == "system"
    python, *entry = shlex.split(hook["entry"])
    assert python == ".venv/bin/python"  # where make installs; the tests may be elsewhere

    def run(directory: Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603 - our own program
            [sys.executable, *entry, *chosen(hook, committed)],
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run(ROOT).returncode == 0
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("app", "ops", "stacks", "definitions", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    stack_file = tmp_path / "Pulumi.dev.yaml"
    stack_file.write_text(stack_file.read_text().replace("timeout: 15m", "timeout: 15"))
    stopped = run(tmp_path)
    assert stopped.returncode == 2
    assert "Pulumi.dev.yaml: jobs.list-files.timeout: 15 has no unit" in stopped.stdout
