"""``python -m ops run``, ``retry`` and ``redrive``."""

import json
import re
import shlex
from typing import Any

import pytest

from stacks.stack_file import read_stack_file
from tests.ops.conftest import Account

JOBS: dict[str, Any] = {
    "stubborn": {
        "command": ["python", "-c", "raise SystemExit(7)"],
        "retries": {"app": [60]},
    },
    "fetch": {"command": ["python", "-c", "print('fetched')"]},
    "load-flag": {
        "command": [
            "python",
            "-c",
            "import os; assert os.path.exists(os.environ['FLAG']); print('loaded')",
        ]
    },
    "many": {
        "command": ["python", "-c", "print('one of many')"],
        "array": {"size": 13},
        "retries": {kind: [1] * 20 for kind in ("app", "start", "memory", "timeout")},
    },
}
"""Beside the shop's own; ``many`` is so stubborn that its elements are executions of their own."""
FLOW = {"jobs": {"fetch": {}, "load-flag": {"after": ["fetch"]}}}


@pytest.fixture(scope="module", autouse=True)
def _more(account: Account) -> None:
    file = account.directory / "Pulumi.dev.yaml"
    text = file.read_text()
    for section, entries in (("jobs", JOBS), ("flows", {"fragile": FLOW})):
        lines = [f"    {name}: {json.dumps(entry)}" for name, entry in entries.items()]
        text = text.replace(f"  shop:{section}:\n", "\n".join([f"  shop:{section}:", *lines, ""]))
    file.write_text(text)
    with account.lives:
        account.stage.up(lambda config: config.update(read_stack_file(file.parent, "dev").config))


def test_a_run_prints_its_log_and_ends_as_its_container_does(account: Account) -> None:
    said = account.ops("run", "broken")
    assert (said.code, said.out) == (3, "no orders\n")
    first, last = said.errors
    name = re.fullmatch(r"run (manual-broken-20261124T02\d{4}Z-[0-9a-f]{4}) has started", first)
    assert name
    ended = f"{name[1]}: failed, exit code 3, took 20 s: Essential container in task exited"
    assert last == ended


def test_variables_and_command_go_over_the_jobs_own(account: Account) -> None:
    show = "import os; print(os.environ['COLOUR'], os.environ['DAY'])"
    options = ("--env", "DAY=a=b", "--json", "--", "python", "-c", show)
    said = account.ops("run", "by-hand", *options)
    assert "red a=b" in said.errors, "with --json, the log stands aside"
    assert (said.json["job"], said.json["outcome"], said.json["exitCode"]) == (
        "by-hand",
        "succeeded",
        0,
    )


def test_lines_of_several_tasks_say_whose_they_are(account: Account) -> None:
    assert account.ops("run", "nightly").out == "extract | extracted\nload | loaded\n"
    parts = account.ops("run", "parts").out.splitlines()
    assert sorted(parts) == ["0 | part 0", "1 | part 1", "2 | part 2"]
    many = account.ops("run", "many").out.splitlines()
    assert sorted(many) == sorted(f"{index} | one of many" for index in range(13))


def test_attempts_are_told_as_they_end(account: Account) -> None:
    said = account.ops("run", "stubborn")
    assert said.code == 7
    assert "attempt 1 failed (exit code 7); next in 60 s" in said.errors
    assert said.errors[-1].split(": ")[1].startswith("failed, exit code 7, 2 attempts, took 1 min")


def test_a_time_is_run_once_only(account: Account) -> None:
    said = account.ops("run", "daily", "--at", "2026-11-23T09:00")
    assert said.errors[0] == "run daily-2026-11-23T000000Z has started", "asks no calendar"
    again = account.ops("run", "daily", "--at", "2026-11-23T00:00:00Z")
    assert again.code == 75
    assert again.errors == [
        "error: no run was started: this time has had its run daily-2026-11-23T000000Z (succeeded)"
    ]


def test_who_does_not_wait_gets_the_name_alone(account: Account) -> None:
    said = account.ops("run", "by-hand", "--no-wait")
    assert said.code == 0
    assert said.err == ""
    assert re.fullmatch(r"manual-by-hand-\S+\n", said.out)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("byhand",), "stack dev has no job 'byhand': write by-hand"),
        (("by-hand", "--cpu", "512"), "Fargate has no size of 512 CPU units with 512 MiB: write"),
        (("by-hand", "--env", "A"), "--env 'A' has no value: write A=VALUE"),
        (("by-hand", "--env", "JOB_NAME=x"), "--env 'JOB_NAME' is set by every run itself"),
        (("by-hand", "--env", f"A={'x' * 8000}"), "command and environment have 8,1"),
        (("nightly", "--memory", "512"), "flow nightly takes --env alone"),
        (("daily", "--at", "soon"), "'soon' is no time: write 2026-12-24T18:00"),
    ],
)
def test_what_no_run_can_take_is_one_line(
    account: Account, arguments: tuple[str, ...], line: str
) -> None:
    said = account.ops("run", *arguments)
    assert (said.code, said.out, len(said.errors)) == (2, "", 1)
    assert said.errors[0].startswith(f"error: {line}")


def test_a_retry_has_the_same_input_and_a_name_of_its_own(account: Account) -> None:
    show = "import os; print(os.environ['JOB_SCHEDULED_TIME'], os.environ.get('DAY'))"
    first = account.ops("run", "by-hand", "--at", "2026-11-20T09:00", "--env", "DAY=1", "--",
                        "python", "-c", show)  # fmt: skip
    assert first.out == "2026-11-20T09:00:00Z 1\n"
    again = account.ops("retry", "by-hand-2026-11-20T090000Z")
    assert again.out == first.out
    assert again.errors[0] == (
        "the same as by-hand-2026-11-20T090000Z (succeeded), with the newest image"
    )
    assert again.errors[1].startswith("run manual-by-hand-2026")


def test_a_flow_goes_on_from_the_step_that_failed(account: Account) -> None:
    flag = account.directory / "flag"
    said = account.ops("run", "fragile", "--env", f"FLAG={flag}", "--json")
    assert (said.code, said.json["exitCode"]) == (1, 1)
    assert said.json["reason"].startswith("load-flag failed (exit code 1)")
    flag.touch()
    again = account.ops("redrive", said.json["run"])
    assert (again.code, again.out) == (0, "load-flag | loaded\n"), "what went well is not repeated"
    assert again.errors[0] == f"{said.json['run']} goes on where it was failed"


@pytest.mark.parametrize(
    ("run", "line"),
    [
        ("hourly-2026-11-24T013000Z", "has succeeded: to run it again, retry it"),
        ("broken-2026-11-24T014500Z", "failed after all its attempts, and would again at once"),
    ],
)
def test_a_redrive_that_makes_no_sense_is_one_line(account: Account, run: str, line: str) -> None:
    said = account.ops("redrive", run)
    assert (said.code, said.out, len(said.errors)) == (1, "", 1)
    assert line in said.err


def test_what_a_message_says_to_type_runs_the_job_again(account: Account) -> None:
    (failed, *_) = account.ops("history", "broken", "--failed", "--json").json
    (message, *_) = account.stage.messages(failed["run"])
    said = "\n".join(message.notification["content"]["nextSteps"])
    command = re.search(r"Run it again: `python -m ops (.*)`", said)
    assert command, said
    again = account.ops(*shlex.split(command[1]), "--no-wait", "--json")
    assert again.code == 0, again.err
    assert (again.json["job"], again.json["run"] != failed["run"]) == ("broken", True)
