"""What GitHub runs, by what it says: pins, permissions, roles, and commands that are there."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer

from ops.app import app as ops
from rehearsal.__main__ import app as rehearsal
from stacks.stack_file import known_stacks
from tests.deploying import ROOT
from tests.program.github import FILES, GITHUB, WORKFLOWS, shells

JOBS = [
    pytest.param(workflow, job, id=f"{file}-{name}")
    for file, workflow in WORKFLOWS.items()
    for name, job in workflow["jobs"].items()
]


def test_the_six_workflows_are_there_and_the_one_that_two_of_them_call() -> None:
    assert set(WORKFLOWS) == {
        "check", "preview", "deploy", "run-job", "schedule-job", "drift", "comment",
    }  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_commit_with_its_version_beside_it(path: Path) -> None:
    for line in path.read_text().splitlines():
        if match := re.search(r"\buses: *(.*)", line):
            ours = re.fullmatch(r"\$/\.github/workflows/([\w-]+)\.yml", match[1])
            pinned = re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", match[1])
            assert pinned or (ours and ours[1] in WORKFLOWS), line


def test_one_action_has_one_commit_everywhere() -> None:
    pins = {
        match
        for path in FILES
        for match in re.findall(r"uses: ([\w/-]+)@(\w+) # (\S+)", path.read_text())
    }
    assert len(pins) == len({name for name, _, _ in pins})


def test_no_shell_has_an_expression_in_it() -> None:
    """What a person wrote comes in as an environment variable, never as a piece of the program."""
    for one in shells():
        assert "${{" not in one.run, one


def test_the_environment_of_a_shell_is_where_inputs_come_in() -> None:
    for file in ("run-job", "schedule-job"):
        used = re.findall(
            r"\$\{\{ inputs\.(\w+) \}\}", (GITHUB / f"workflows/{file}.yml").read_text()
        )
        assert set(used) >= set(WORKFLOWS[file]["on"]["workflow_dispatch"]["inputs"])


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_a_job_may_do_only_what_it_says_why_and_has_an_end(
    workflow: Mapping[str, Any], job: Mapping[str, Any]
) -> None:
    assert workflow["permissions"] == {}
    allowed = {"contents": "read", "id-token": "write", "pull-requests": "write"}
    assert job["permissions"].items() <= allowed.items()
    if "uses" not in job:
        assert int(job["timeout-minutes"]) <= 70
    if "pull-requests" in job["permissions"]:
        assert not any("checkout" in step.get("uses", "") for step in job.get("steps", []))


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_a_checkout_leaves_no_token_behind(
    workflow: Mapping[str, Any], job: Mapping[str, Any]
) -> None:
    del workflow
    for step in job.get("steps", []):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_whoever_meets_aws_has_a_role_of_an_environment_and_no_key(
    workflow: Mapping[str, Any], job: Mapping[str, Any]
) -> None:
    del workflow
    logins = [step for step in job.get("steps", []) if "aws-actions/" in step.get("uses", "")]
    assert bool(logins) == (job["permissions"].get("id-token") == "write")
    for step in logins:
        assert set(step["with"]) == {"aws-region", "role-to-assume"}
        assert re.fullmatch(r"\$\{\{ vars\.\w+_ROLE_ARN \}\}", step["with"]["role-to-assume"])
        environment = job["environment"]
        name = environment if isinstance(environment, str) else environment["name"]
        looks = "READ_ROLE" in step["with"]["role-to-assume"]
        assert looks == name.endswith("-read"), "a role that only looks, where nobody approves"


def test_no_secret_is_known_to_any_of_them() -> None:
    for path in FILES:
        assert "secrets." not in path.read_text(), path
        assert "PASSPHRASE" not in path.read_text(), path


def test_pulumis_command_line_has_the_version_of_its_library() -> None:
    pinned = re.search(r"^pulumi==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned
    versions = {
        step["with"]["pulumi-version"]
        for workflow in WORKFLOWS.values()
        for job in workflow["jobs"].values()
        for step in job.get("steps", [])
        if "pulumi/actions" in step.get("uses", "")
    }
    assert versions == {pinned[1]}


def test_a_deploy_is_never_cancelled_and_no_two_of_a_stack_meet() -> None:
    jobs = WORKFLOWS["deploy"]["jobs"]
    for stack in ("dev", "prod"):
        assert jobs[stack]["environment"] == stack
        assert jobs[stack]["concurrency"] == {
            "group": f"deploy-{stack}",
            "cancel-in-progress": "false",
        }
    assert jobs["prod"]["needs"] == "images", "prod gets what dev has built"


def test_the_stacks_are_those_that_have_files() -> None:
    known = known_stacks(ROOT)
    for file in ("run-job", "schedule-job"):
        inputs = WORKFLOWS[file]["on"]["workflow_dispatch"]["inputs"]
        assert inputs["environment"]["options"] == known
    for file, job in (("check", "rehearse"), ("preview", "preview"), ("preview", "rehearse")):
        assert WORKFLOWS[file]["jobs"][job]["strategy"]["matrix"]["stack"] == known


def test_pull_requests_of_forks_meet_no_role_and_no_comment() -> None:
    """``pull_request_target`` would run their code with our rights."""
    ours = "github.event.pull_request.head.repo.full_name == github.repository"
    for file in ("check", "preview"):
        assert "pull_request_target" not in WORKFLOWS[file]["on"]
        for name, job in WORKFLOWS[file]["jobs"].items():
            if set(job["permissions"]) - {"contents"}:
                assert ours in job["if"], f"{file} {name}"


def commands(program: str) -> Iterator[tuple[str, list[str]]]:
    """Every command line of ours in the workflows: where it stands, and its words."""
    for one in shells():
        joined = one.run.replace("\\\n", " ")
        for line in re.findall(rf"(?:^|\s){re.escape(program)} ([^|>;\n]*)", joined):
            yield f"{one.workflow}: {program} {line}", line.split()


def test_targets_of_make_are_there() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    lines = list(commands("make"))
    assert lines
    for where, words in lines:
        assert set(words) <= set(targets), where


@pytest.mark.parametrize(
    ("program", "app"), [("python -m rehearsal", rehearsal), ("python -m ops", ops)]
)
def test_our_commands_and_their_options_are_there(program: str, app: typer.Typer) -> None:
    lines = list(commands(f".venv/bin/{program}"))
    assert lines
    for where, words in lines:
        command: Any = typer.main.get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        assert not hasattr(command, "commands"), f"no such command: {where}"
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--") and word != "--"} <= known, where


def test_shells_are_those_of_bash_and_say_what_they_mean(tmp_path: Path) -> None:
    files: list[Path] = []
    for number, one in enumerate(shells()):
        path = tmp_path / f"{number}-{one.workflow}-{one.job}.bash"
        path.write_text(f"#!/usr/bin/env bash\nset -eo pipefail\n{one.run}\n")
        files.append(path)
    checker = Path(sys.executable).parent / "shellcheck"
    checked = subprocess.run(  # noqa: S603 - our own files
        [checker, "--format=gcc", *files, GITHUB / "images"], capture_output=True, text=True
    )
    assert checked.stdout == ""
    assert checked.returncode == 0
