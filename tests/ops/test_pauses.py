"""``python -m ops pause`` and ``resume``."""

from typing import Any

import pytest

from tests.ops.conftest import Account


def states(account: Account, *names: str) -> set[str]:
    client = account.aws.client("scheduler")
    return {client.get_schedule(GroupName="shop-dev", Name=name)["State"] for name in names}


def notes(account: Account) -> list[str]:
    found: Any = account.aws.client("scheduler").list_schedules(GroupName="shop-dev--adhoc")
    return [one["Name"] for one in found["Schedules"]]


def test_a_paused_job_does_not_run_until_it_is_resumed(account: Account) -> None:
    said = account.ops("pause", "daily", "hourly", "--reason", "the shop moves")
    assert said.code == 0, said.err
    assert said.out == "daily: paused daily, daily--2\nhourly: paused hourly\n"
    assert "keepPaused: true" in said.err, "else a deploy resumes it"
    assert states(account, "hourly", "daily", "daily--2") == {"DISABLED"}
    assert notes(account) == ["paused--daily", "paused--hourly"]
    before = runs(account, "hourly")
    account.live(hours=2)
    assert runs(account, "hourly") == before
    said = account.ops("resume", "--all")
    assert said.out == "daily: resumed daily, daily--2\nhourly: resumed hourly\n"
    assert notes(account) == []
    account.live(hours=2)
    assert runs(account, "hourly") == before + 2


def runs(account: Account, job: str) -> int:
    machine = account.aws.client("stepfunctions")
    arn = f"arn:aws:states:ap-northeast-1:123456789012:stateMachine:shop-dev--{job}"
    return len(machine.list_executions(stateMachineArn=arn)["executions"])


def test_a_pause_ends_by_itself(account: Account) -> None:
    said = account.ops("pause", "hourly", "--until", "90m", "--json")
    (pause,) = said.json
    assert (pause["by"], pause["schedules"]) == ("operator", ["hourly"])
    before = runs(account, "hourly")
    account.live(minutes=89)
    assert states(account, "hourly") == {"DISABLED"}
    account.live(minutes=2)
    assert states(account, "hourly") == {"ENABLED"}
    assert notes(account) == [], "it goes when it has fired"
    assert runs(account, "hourly") == before
    account.live(hours=1)
    assert runs(account, "hourly") == before + 1


def test_a_second_pause_takes_the_place_of_the_first(account: Account) -> None:
    account.ops("pause", "hourly", "--until", "1h")
    assert account.ops("pause", "hourly").code == 0
    account.live(hours=2)
    assert states(account, "hourly") == {"DISABLED"}
    assert account.ops("resume", "hourly").out == "hourly: resumed hourly\n"


def test_what_only_people_start_cannot_be_paused(account: Account) -> None:
    said = account.ops("pause", "by-hand")
    assert (said.code, said.out) == (0, "")
    assert said.errors == ["by-hand is started by people only: nothing to pause"]


def test_resuming_what_is_not_paused_changes_nothing(account: Account) -> None:
    said = account.ops("resume", "daily")
    assert (said.code, said.out) == (0, "daily: not paused\n")
    assert account.ops("resume", "--all").errors == ["nothing is paused"]


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (["pause"], "name the jobs, or write --all"),
        (["pause", "daily", "--all"], "write jobs or --all"),
        (["pause", "dayly"], "stack dev has no job 'dayly': write daily"),
        (
            ["pause", "daily", "--until", "soon"],
            "--until 'soon' is no time: write 2h, 2026-12-24 or 2026-12-24T18:00",
        ),
        (
            ["pause", "daily", "--until", "2020-01-01"],
            "--until 2020-01-01 is past: write a time to come",
        ),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_a_wrong_command_line_is_one_line_and_pauses_nothing(
    account: Account, typed: list[str], line: str
) -> None:
    said = account.ops(*typed)
    assert (said.code, said.errors) == (2, [f"error: {line}"])
    assert states(account, "daily", "hourly") == {"ENABLED"}
