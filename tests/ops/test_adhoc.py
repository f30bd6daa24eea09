"""``python -m ops schedule add``, ``list``, ``remove``."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.ops.conftest import Account


def run_of(account: Account, job: str, name: str) -> dict[str, Any]:
    arn = f"arn:aws:states:ap-northeast-1:123456789012:execution:shop-dev--{job}:{name}"
    return account.aws.client("stepfunctions").describe_execution(executionArn=arn)


def test_a_single_time_starts_a_run_named_by_it_and_goes(account: Account) -> None:
    at = (account.aws.clock.now() + timedelta(hours=1)).replace(microsecond=0)
    blue = ["--env", "COLOUR=blue", "--cpu", "512", "--memory", "1024", "--", "python", "-V"]
    said = account.ops(
        "schedule", "add", "extra", "by-hand", "--at", f"{at:%Y-%m-%dT%H:%MZ}", *blue
    )
    assert said.code == 0, said.err
    (listed,) = account.ops("schedule", "list", "--json").json
    assert (listed["name"], listed["job"], listed["by"]) == ("extra", "by-hand", "operator")
    assert listed["next"] == f"{at:%Y-%m-%dT%H:%M:00Z}"
    assert "COLOUR=blue cpu 512 memory 1024 -- python -V" in account.ops("schedule", "list").out
    account.live(hours=2)
    run = run_of(account, "by-hand", f"by-hand-{at:%Y-%m-%dT%H%M00Z}")
    assert run["status"] == "SUCCEEDED"
    given = json.loads(run["input"])
    assert given["environment"] == {"COLOUR": "blue"}
    assert given["command"] == ["python", "-V"]
    assert account.ops("schedule", "list", "--json").json == []


def test_a_repeating_one_stays_until_it_is_removed(account: Account) -> None:
    added = account.ops("schedule", "add", "weekly", "daily", "--cron", "0 3 ? * MON *")
    assert added.out == "weekly starts daily: cron(0 3 ? * MON *) Asia/Tokyo\n", added.err
    again = account.ops("schedule", "add", "weekly", "daily", "--rate", "1 hour")
    assert again.errors == [
        "error: there is a schedule weekly already: schedule remove weekly, or take another name"
    ]
    wrong = account.ops("schedule", "remove", "weekl")
    assert wrong.errors == ["error: stack dev has no ad-hoc schedule 'weekl': write weekly"]
    assert account.ops("schedule", "remove", "weekly").out == "weekly is removed\n"
    nothing = account.ops("schedule", "list")
    assert (nothing.code, nothing.out) == (0, "")
    assert nothing.errors == ["nobody has added a schedule to stack dev"]


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (["x", "daily"], "write one of --at, --cron and --rate: when is it to run?"),
        (["X_1", "daily", "--at", "1h"], "'X_1' is no name for a schedule: write lower case"),
        (["x", "dayly", "--at", "1h"], "stack dev has no job 'dayly': write daily"),
        (["x", "daily", "--at", "2026-01-01"], "--at 2026-01-01 is past: write a time to come"),
        (
            ["x", "daily", "--cron", "0 3 * * 1"],
            '--cron "cron(0 3 * * 1)": five fields: add the year: cron(0 3 ? * MON *)',
        ),
        (["x", "daily", "--cron", "0 3 1 1 ? 2001"], "--cron cron(0 3 1 1 ? 2001) never comes"),
        (["x", "daily", "--at", "1h", "--timezone", "Tokyo"], '--timezone "Tokyo" is not a time'),
        (["x", "daily", "--at", "1h", "--env", "A"], "--env 'A' has no value: write A=VALUE"),
        (["x", "daily", "--at", "1h", "--env", "AWS_X=1"], "--env 'AWS_X' begins as those that"),
        (["x", "daily", "--at", "1h", "--cpu", "300"], "Fargate has no size of 300 CPU units"),
        (["x", "nightly", "--at", "1h", "--cpu", "512"], "flow nightly takes --env alone"),
    ],
    ids=lambda case: "" if isinstance(case, str) else " ".join(case),
)
def test_what_is_wrong_is_one_line_and_adds_nothing(
    account: Account, typed: list[str], line: str
) -> None:
    said = account.ops("schedule", "add", *typed)
    assert said.code == 2
    assert len(said.errors) == 1
    assert said.errors[0].startswith(f"error: {line}")
    assert account.ops("schedule", "list", "--json").json == []
