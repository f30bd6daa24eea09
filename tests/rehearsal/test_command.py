"""``python -m rehearsal`` as a person types it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rehearsal.__main__ import USUAL_FAULTS, app
from rehearsal.faults import FAULTS
from tests.deploying import ROOT

PROGRAM = ("definitions", "components", "stacks", "rehearsal", "app")


def rehearse(*arguments: str) -> Result:
    """Rehearse in this process, which saves the start of another; no error gets through unseen."""
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"}, catch_exceptions=False)


def rehearse_alone(*arguments: str, project: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Rehearse in a process of its own, as a person does; so a changed program is read anew."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "rehearsal", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
        check=False,
    )


@pytest.fixture(scope="module")
def dev() -> subprocess.CompletedProcess[str]:
    return rehearse_alone("run", "dev", "--hours", "2")


def counted(output: str) -> tuple[int, int]:
    """Return how many outcomes came out as they should, and how many there were."""
    (line,) = [line for line in output.splitlines() if "came out as they should" in line]
    good, _, every = line.split()[:3]
    return int(good), int(every)


def row(output: str, what: str) -> str:
    (line,) = [line for line in output.splitlines() if what in line]
    return re.sub(r"\s\s+", " | ", line.strip())


def test_everything_comes_out_as_it_should(dev: subprocess.CompletedProcess[str]) -> None:
    assert dev.returncode == 0, dev.stdout + dev.stderr
    shown = [line for line in dev.stdout.splitlines() if line.startswith("✓")]
    assert counted(dev.stdout) == (len(shown), len(shown))
    assert "✗" not in dev.stdout


def test_nothing_is_said_on_the_side(dev: subprocess.CompletedProcess[str]) -> None:
    assert dev.stderr == ""


def test_an_unchanged_program_changes_nothing_when_it_is_deployed_again(
    dev: subprocess.CompletedProcess[str],
) -> None:
    assert "Deployed again, unchanged: nothing to do" in dev.stdout


def test_what_a_stack_file_changes_is_shown_as_a_plan(tmp_path: Path) -> None:
    present = (ROOT / "Pulumi.dev.yaml").read_text()
    assert "cron(30 * * * ? *)" in present
    before = tmp_path / "before.yaml"
    before.write_text(present.replace("cron(30 * * * ? *)", "cron(15 * * * ? *)"))
    shown = rehearse("run", "dev", "--hours", "1", "--before", str(before))
    assert shown.exit_code == 0, shown.stdout + shown.stderr
    lines = shown.stdout.splitlines()
    title = lines.index("What the stack file changes: 1 to change")
    assert lines[title + 1 : title + 3] == [
        "~ job-list-files-schedule aws:scheduler/schedule:Schedule",
        "    scheduleExpression: cron(15 * * * ? *) → cron(30 * * * ? *)",
    ]


def test_an_earlier_stack_file_that_is_not_there_is_one_line() -> None:
    shown = rehearse("run", "dev", "--before", "nowhere.yaml")
    assert (shown.exit_code, shown.stderr) == (1, "")
    assert shown.stdout == "error: there is no stack file nowhere.yaml\n"


def test_schedules_fire_as_often_as_their_cron_says(
    dev: subprocess.CompletedProcess[str],
) -> None:
    assert "runs 2, succeeded 2 | the same" in row(dev.stdout, "list-files: its schedule fires")


def test_each_thing_that_goes_wrong_is_shown_with_what_should_come_of_it(
    dev: subprocess.CompletedProcess[str],
) -> None:
    expected = {
        "A trigger is delivered twice": "trigger started + duplicate, runs 1",
        "exit code 1 ": "run failed, exit code 1, attempts 3, message to failure",
        "no capacity at first": "run succeeded, attempts 2, message to success",
        "image is gone": "run not started, attempts 1, reason not found, message to failure",
        "more memory": "run out of memory, exit code 137, attempts 1",
        "does not end within": "run timed out, attempts 1, reason no end within",
        "overlap: forbid": "newer trigger skipped, older run succeeded, newer run none",
        "overlap: allow": "newer trigger started, older run succeeded, newer run succeeded",
        "overlap: replace": "newer trigger started, older run replaced, newer run succeeded",
    }
    for what, facts in expected.items():
        assert facts in row(dev.stdout, what)


def test_the_programs_log_and_the_messages_are_shown_as_people_see_them(
    dev: subprocess.CompletedProcess[str],
) -> None:
    assert "2026/11/orders.csv" in dev.stdout
    assert "❌ list-files failed (exit code 1)" in dev.stdout
    assert "✅ list-files succeeded" in dev.stdout
    assert "Run it again: python -m ops -s dev retry list-files-2026-11-" in dev.stdout
    assert "What to do: docs/runbooks/failed.md" in dev.stdout


def test_the_output_fits_two_screens(dev: subprocess.CompletedProcess[str]) -> None:
    assert len(dev.stdout.splitlines()) <= 100


def test_a_quiet_rehearsal_prints_its_verdict_only() -> None:
    quiet = rehearse("run", "prod", "--hours", "1", "--quiet")
    assert quiet.exit_code == 0, quiet.stdout + quiet.stderr
    assert len(quiet.stdout.splitlines()) == 1
    good, every = counted(quiet.stdout)
    assert good == every > len(USUAL_FAULTS)


def test_two_rehearsals_print_the_same_but_for_how_long_they_took(
    dev: subprocess.CompletedProcess[str],
) -> None:
    seconds = r"in \d+\.\d s"
    again = rehearse("run", "dev", "--hours", "2")
    assert re.sub(seconds, "", again.stdout) == re.sub(seconds, "", dev.stdout)


def test_a_fault_that_does_not_apply_is_named_and_not_counted() -> None:
    left_out = rehearse("faults", "dev", "--only", "endpoint-missing")
    assert left_out.exit_code == 0
    assert "does not apply: the network has no endpoint of ecr.api" in left_out.stdout
    assert "0 of 0 came out" in left_out.stdout


def test_faults_are_listed_with_a_sentence_each() -> None:
    listed = rehearse("faults", "--list")
    assert listed.exit_code == 0
    assert "exit-code-1 | The program ends with exit code 1" in row(listed.stdout, "exit-code-1 ")
    assert len(listed.stdout.splitlines()) == len(FAULTS)


def test_an_unknown_fault_is_answered_with_the_nearest() -> None:
    refused = rehearse("faults", "dev", "--only", "exit-code")
    assert refused.exit_code == 1
    (line,) = refused.stdout.splitlines()
    assert "no fault exit-code: did you mean exit-code-1?" in line


def test_faults_of_an_unknown_stack_are_refused_in_one_line() -> None:
    refused = rehearse("faults", "staging")
    assert refused.exit_code == 1
    (line,) = refused.stdout.splitlines()
    assert "dev, prod" in line


def test_an_unknown_stack_lists_the_known_ones() -> None:
    refused = rehearse("run", "staging")
    assert refused.exit_code == 1
    (line,) = refused.stdout.splitlines()
    assert "staging" in line
    assert "dev, prod" in line


def test_help_says_what_it_is_for_and_what_can_be_asked() -> None:
    said = rehearse("run", "--help").stdout
    for words in ("things go wrong", "--hours", "--quiet", "Stack to rehearse"):
        assert words in said


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the program to break."""
    for folder in PROGRAM:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in ("__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / file, tmp_path)
    return tmp_path


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    """A copy of dev's stack file to break."""
    return Path(shutil.copy(ROOT / "Pulumi.dev.yaml", tmp_path))


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_a_dispatcher_that_names_every_run_anew_is_found_out(project: Path) -> None:
    edit(
        project / "definitions/dispatcher_machine.py",
        "$replace($states.input.scheduledTime, ':', '')",
        "$states.context.Execution.Name",
    )
    broken = rehearse_alone("run", "dev", "--hours", "1", project=project)
    assert broken.returncode == 1
    assert row(broken.stdout, "A trigger is delivered twice").startswith("✗")


def test_a_fault_that_comes_out_wrong_is_said_and_makes_the_exit_code(project: Path) -> None:
    edit(project / "definitions/job_machine.py", '"capacity is unavailable", ', "")
    edit(project / "definitions/job_machine.py", '"ECS.AmazonECSException",', "")
    wrong = rehearse_alone("faults", "dev", "--only", "no-capacity-at-first", project=project)
    assert wrong.returncode == 1
    assert row(wrong.stdout, "no-capacity-at-first").startswith("✗")
    assert "because: ECS.AmazonECSException: Capacity is unavailable" in wrong.stdout


def test_a_permission_that_is_missing_is_named_with_who_lacks_it(project: Path) -> None:
    edit(
        project / "definitions/policies/roles.py",
        '["states:ListExecutions", "states:StartExecution"]',
        '["states:ListExecutions"]',
    )
    finished = rehearse_alone("run", "dev", "--hours", "1", "--quiet", project=project)
    assert finished.returncode == 1
    said = " ".join(finished.stdout.split())
    assert "list-files: its schedule fires: should be runs 1, succeeded 1; was runs 0" in said
    assert "fargate-batch-dev-dispatcher/" in said
    assert "may not states:StartExecution on" in said


def test_a_permission_that_nobody_needs_is_found_out_and_makes_the_exit_code(
    project: Path,
) -> None:
    edit(
        project / "definitions/policies/roles.py",
        '["ecs:RunTask"]',
        '["ecs:RunTask", "ecs:StartTask"]',
    )
    finished = rehearse_alone("prove", "dev", "--only", "runner RunTasks: action", project=project)
    assert finished.returncode == 1
    assert "2 grants taken away one by one: 1 missed, 0 not missed but explained, 1 surplus" in (
        finished.stdout
    )
    assert "RunTasks: action ecs:StartTask" in finished.stdout
    assert "1 of 2 came out as they should" in finished.stdout
    assert finished.stderr == ""


def test_a_proof_of_what_is_not_there_is_one_line_before_anything_is_played() -> None:
    finished = rehearse("prove", "dev", "--only", "ec2:Fly", "--quiet")
    assert (finished.exit_code, finished.stdout.count("\n")) == (1, 1)
    assert "nothing that the stack grants has 'ec2:Fly' in its description" in finished.stdout


def test_bad_settings_are_said_line_by_line_and_nothing_is_deployed(stack_file: Path) -> None:
    edit(
        stack_file,
        "timeout: 15m\n      retries",
        "timeout: 15 minutes\n      retries",
    )
    edit(stack_file, "Asia/Tokyo", "Asia/Tokio")
    refused = rehearse("run", str(stack_file))
    assert refused.exit_code == 1
    lines = [line for line in refused.stdout.splitlines() if "error:" in line]
    assert len(lines) == 2
    assert any("jobs.list-files.timeout" in line and "15m" in line for line in lines)
    assert any("jobs.list-files.timezone" in line and "Asia/Tokyo" in line for line in lines)
    assert "Traceback" not in refused.stdout + refused.stderr


def test_an_argument_that_the_rehearsal_does_not_know_is_named(project: Path) -> None:
    edit(
        project / "components/batch_cluster.py",
        "            name=names.prefix,\n            settings=[",
        '            name=names.prefix,\n            service_connect_defaults={"namespace": "n"},\n'
        "            settings=[",
    )
    refused = rehearse_alone("run", "dev", project=project)
    assert refused.returncode == 1
    assert "aws:ecs/cluster:Cluster" in refused.stdout
    assert "serviceConnectDefaults" in refused.stdout


def test_a_job_whose_program_is_elsewhere_is_left_out_by_name(stack_file: Path) -> None:
    edit(stack_file, "build: app", "image: public.ecr.aws/docker/library/busybox")
    left_out = rehearse("run", str(stack_file), "--hours", "1")
    assert "job list-files is not rehearsed: its image public.ecr.aws/" in left_out.stdout
    assert "0 of 0 came out" in left_out.stdout
    assert left_out.exit_code == 0
    assert "Traceback" not in left_out.stderr


def test_a_program_that_fails_is_shown_with_the_last_line_of_its_log(stack_file: Path) -> None:
    edit(stack_file, "-m, list_files]", "-m, list_filez]")
    failing = rehearse("run", str(stack_file), "--hours", "1", "--quiet")
    assert failing.exit_code == 1
    said = " ".join(failing.stdout.split())
    assert "was runs 1, succeeded 0, because: " in said
    assert "No module named list_filez" in said
