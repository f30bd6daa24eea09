"""``python -m ops history``, ``runs`` and ``show``: what was, and what is."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from ops.app import main
from ops.history import goes_on
from ops.runs import Run
from ops.stack import Entry, Stack
from tests.ops.conftest import Account
from tests.ops.test_list import pause


def _trigger(account: Account, name: str, **trigger: Any) -> None:
    """Hand a trigger to the dispatcher, as a schedule or a person does, and let it end."""
    states: Any = account.aws.client("stepfunctions")
    machines = f"arn:aws:states:{account.aws.region}:{account.aws.account}:stateMachine:shop-dev"
    dispatcher, machine = f"{machines}-dispatcher", f"{machines}--{trigger['job']}"
    given: dict[str, Any] = {"container": "default", "overlap": "forbid", "input": {}, **trigger}
    states.start_execution(stateMachineArn=dispatcher, name=name, input=json.dumps(given))
    _wait_for(lambda: _ended(states, dispatcher) and _ended(states, machine))


def _ended(states: Any, machine: str) -> bool:
    return not states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]


def _wait_for(done: Callable[[], bool]) -> None:
    while not done():
        time.sleep(0.01)  # of real time, in which the driver lets theirs pass


@pytest.fixture(scope="module")
def lived(account: Account) -> Account:
    """The account after some more that people and calendars did."""
    holiday = {"zone": "Asia/Tokyo", "skipOn": ["holidays"]}
    _trigger(account, "x", job="nightly", flow=True)
    _trigger(account, "y", job="daily", scheduledTime="2026-11-23T00:00:00Z", calendar=holiday)
    _trigger(account, "daily-z", job="daily")
    return account


def test_history_is_newest_first_by_local_time_with_the_exit_code(lived: Account) -> None:
    said = lived.ops("history", "broken")
    assert said.code == 0, said.err
    first, second = [line.split() for line in said.out.splitlines() if "broken-" in line]
    assert first == ["Tue", "01:45", "20", "s", "failed", "3", "broken-2026-11-24T014500Z"]
    assert second[1] == "00:45"


def test_history_has_skipped_runs_with_the_reason(lived: Account) -> None:
    said = lived.ops("history", "daily")
    (line,) = [line for line in said.out.splitlines() if "skipped" in line]
    assert "for Mon 09:00: 2026-11-23 is in holidays" in line
    assert [row["outcome"] for row in lived.ops("history", "daily", "--json").json] == [
        "succeeded",
        "skipped",
    ]


def test_a_skipped_run_is_in_no_other_jobs_history(lived: Account) -> None:
    assert all(row["outcome"] != "skipped" for row in lived.ops("history", "hourly", "--json").json)


def test_failed_runs_alone_do_not_hold_skipped_ones(lived: Account) -> None:
    assert lived.ops("history", "daily", "--failed", "--json").json == []
    assert len(lived.ops("history", "broken", "--failed", "--json").json) == 2


def test_history_says_what_started_a_run_unless_its_schedule_did(lived: Account) -> None:
    assert "by hand" in lived.ops("history", "nightly").out
    assert "flow nightly" in lived.ops("history", "extract").out


def test_history_ends_at_a_limit_and_says_so(lived: Account) -> None:
    said = lived.ops("history", "hourly", "--limit", "1")
    assert said.out.count("hourly-2026") == 1
    assert said.errors == ["the latest 1: --limit shows more"]


@pytest.mark.parametrize(
    ("since", "runs"), [("45m", 1), ("2026-11-24T10:00", 1), ("2026-11-24", 2), ("1m", 0)]
)
def test_since_is_a_while_or_a_local_time(lived: Account, since: str, runs: int) -> None:
    said = lived.ops("history", "hourly", "--since", since, "--json")
    assert len(said.json) == runs


def test_a_time_that_is_none_is_one_line(lived: Account) -> None:
    said = lived.ops("history", "hourly", "--since", "yesterday")
    assert (said.code, said.errors) == (
        2,
        ["error: 'yesterday' is no time: write 7d, 12h, 2026-12-24 or 2026-12-24T18:00"],
    )


def test_an_unknown_job_is_one_line_with_the_nearest(lived: Account) -> None:
    said = lived.ops("history", "daiyl")
    assert (said.code, said.errors) == (2, ["error: stack dev has no job 'daiyl': write daily"])


def test_runs_of_all_jobs_name_the_job_where_the_run_does_not(lived: Account) -> None:
    said = lived.ops("runs", "--since", "2h")
    assert "broken-2026-11-24T014500Z" in said.out
    assert "extract/manual-x-extract" in said.out


def test_failed_runs_of_all_jobs_are_those_of_the_last_day(lived: Account) -> None:
    found = lived.ops("runs", "--failed", "--json").json
    assert {run["job"] for run in found} == {"broken"}
    assert [run["exitCode"] for run in found] == [3, 3]


def test_nothing_runs_is_said_and_an_empty_list_for_programs(lived: Account) -> None:
    said = lived.ops("runs")
    assert (said.out, said.errors) == ("", ["nothing runs now"])
    assert lived.ops("runs", "--json").json == []


def test_show_has_everything_of_a_job(lived: Account) -> None:
    out = lived.ops("show", "daily").out
    for line in (
        "container    default, 0.25 vCPU, 512 MiB, arm64",
        "schedule     cron(0 9 * * ? *) Asia/Tokyo",
        "             cron(0 18 ? * FRI *) Asia/Tokyo",
        "next         Wed 09:00, in 21 h",
        "next skipped 31 Dec 09:00: 2026-12-31 is in holidays",
        "not on       holidays",
        "told         failures to Slack, oncall@example.com",
        "log group    /shop/dev/default",
    ):
        assert line.replace(" ", "") in out.replace(" ", ""), line
    assert "@sha256:" in out
    assert "manual-daily-z" in out


def test_show_tells_a_paused_schedule(lived: Account) -> None:
    pause(lived, "hourly", "DISABLED")
    try:
        said = lived.ops("show", "hourly")
    finally:
        pause(lived, "hourly", "ENABLED")
    assert "cron(30 * * * ? *) Asia/Tokyo, paused" in said.out
    assert "next" not in said.out


def test_show_for_programs_holds_the_settings_and_where_it_is(lived: Account) -> None:
    shown = lived.ops("show", "nightly", "--json").json
    assert shown["settings"]["jobs"]["load"]["after"] == ["extract"]
    assert shown["machineArn"].endswith(":stateMachine:shop-dev--nightly")
    assert [run["run"] for run in shown["lastRuns"]] == ["manual-x"]


def test_of_a_large_stack_only_who_has_a_task_is_asked_for_runs(
    lived: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyboard = lived.keyboard
    for name, value in keyboard.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ops.history.MOST_ASKED", 3)
    asked: list[str] = []

    def of_entry(_: Stack, entry: Entry, **__: Any) -> list[Run]:
        asked.append(entry.name)
        return []

    monkeypatch.setattr("ops.history.of_entry", of_entry)
    goes_on(Stack("dev", keyboard.directory))
    assert asked == ["nightly"]  # a flow has no task of its own


def test_of_a_large_stack_the_list_says_how_to_ask_for_last_results(
    lived: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keyboard = lived.keyboard
    for name, value in keyboard.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(keyboard.directory)
    monkeypatch.setattr("ops.commands.listing.MOST_ASKED", 3)
    assert main(["list", "--json"]) == 0
    said = capsys.readouterr()
    assert "last results of 8 jobs would be too many questions" in said.err
    assert all(row["last"] is None for row in json.loads(said.out))
    assert main(["list", "--json", "h*", "broken"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["name"]: row["last"] for row in told} == {"hourly": "succeeded", "broken": "failed"}
