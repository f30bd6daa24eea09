"""The step by which GitHub runs a job, played as it is with the stack's operator."""

import sys

import pytest

from tests.deploying import ROOT
from tests.ops.conftest import Account
from tests.program.github import Runner, shell

NOTHING = dict.fromkeys(("COMMAND", "VARIABLES", "CPU", "MEMORY", "AT"), "")


@pytest.fixture(scope="module")
def runner(account: Account) -> Runner:
    """The checked out repository, signed in."""
    made = Runner(account.directory)
    made.program(".venv/bin/python", f'PYTHONPATH={ROOT} exec {sys.executable} "$@"')
    (account.directory / "temp").mkdir()
    return made


def run_job(account: Account, runner: Runner, job: str, **asked: str) -> tuple[int, str]:
    """Play the step; return its exit code and its part of the summary."""
    (runner.directory / "summary.md").unlink(missing_ok=True)
    inputs = {"OPS_STACK": "dev", "JOB": job, "WAIT": "true", **NOTHING, **asked}
    said = runner.run(shell("run-job", "Run"), **account.keyboard.environment, **inputs)
    return said.returncode, runner.summary


def test_a_run_from_github_shows_the_log_of_its_own_command(
    account: Account, runner: Runner
) -> None:
    code, summary = run_job(
        account,
        runner,
        "by-hand",
        COMMAND='python -c \'import os; print("it is", os.environ["COLOUR"])\'',
        VARIABLES="COLOUR='dark green'",
    )
    assert code == 0, summary
    assert summary.startswith("### by-hand in dev: done\n")
    assert "it is dark green" in summary


def test_a_run_from_github_fails_with_the_programs_exit_code(
    account: Account, runner: Runner
) -> None:
    code, summary = run_job(account, runner, "broken")
    assert code == 3
    assert summary.startswith("### broken in dev: failed, exit code 3\n")
    assert "no orders" in summary


def test_a_job_that_is_not_there_fails_with_the_nearest_name(
    account: Account, runner: Runner
) -> None:
    code, summary = run_job(account, runner, "brokn")
    assert code == 2
    assert "broken" in summary.splitlines()[3]


def test_a_schedule_from_github_is_there_until_it_is_removed_from_there(
    account: Account, runner: Runner
) -> None:
    def play(step: str, **inputs: str) -> None:
        said = runner.run(
            shell("schedule-job", step), **account.keyboard.environment, OPS_STACK="dev", **inputs
        )
        assert said.returncode == 0, said.stderr

    asked = {"JOB": "by-hand", "KIND": "at", "WHEN": "2026-12-24T18:00:00", "COMMAND": "true"}
    play("Add", NAME="once-more", TIMEZONE="Asia/Tokyo", **asked)
    (added,) = account.ops("schedule", "list", "--json").json
    assert (added["name"], added["job"]) == ("once-more", "by-hand")
    play("Remove", NAME="once-more")
    assert account.ops("schedule", "list", "--json").json == []
