"""``python -m ops list``."""

import re
from typing import Any

import pytest

from tests.ops.conftest import Account


@pytest.fixture(scope="module")
def rows(account: Account) -> dict[str, dict[str, Any]]:
    """What is listed, by name."""
    said = account.ops("list", "--json")
    assert said.code == 0, said.err
    return {row["name"]: row for row in said.json}


def test_every_job_flow_and_worker_is_listed_with_its_last_result(
    rows: dict[str, dict[str, Any]],
) -> None:
    last = {name: row["last"] for name, row in rows.items()}
    assert last["hourly"] == "succeeded"
    assert last["broken"] == "failed"
    assert last["nightly"] == "never"
    assert rows["nightly"]["kind"] == "flow"


def test_what_fires_next_is_said_in_utc_for_programs(rows: dict[str, dict[str, Any]]) -> None:
    assert rows["hourly"]["next"] == "2026-11-24T02:30:00Z"
    assert rows["daily"]["next"] == "2026-11-25T00:00:00Z"
    assert rows["by-hand"]["next"] is None


def test_people_read_local_times_and_what_else_starts_a_job(account: Account) -> None:
    lines = {line.split()[0]: line for line in account.ops("list").out.splitlines() if line.split()}
    assert "cron(30 * * * ? *) Asia/Tokyo" in lines["hourly"]
    assert "Tue 11:30, in 24 min" in lines["hourly"]
    assert "by flow nightly" in lines["extract"]
    assert "by hand" in lines["by-hand"]
    assert "nightly (flow)" in lines["nightly"]
    assert "Asia/Tokyo, +1" in lines["daily"]


def test_a_table_fits_into_a_hundred_columns(account: Account) -> None:
    said = account.ops("list")
    assert max(len(line) for line in said.out.splitlines()) <= 100


def test_some_can_be_listed_alone_and_an_unknown_one_is_one_line(account: Account) -> None:
    said = account.ops("list", "by-*", "parts", "--json")
    assert [row["name"] for row in said.json] == ["by-hand", "parts"]
    said = account.ops("list", "part")
    assert (said.code, said.errors) == (2, ["error: stack dev has no job 'part': write parts"])


def test_a_paused_schedule_has_no_next_time(account: Account) -> None:
    pause(account, "hourly", "DISABLED")
    try:
        said = account.ops("list", "--json")
    finally:
        pause(account, "hourly", "ENABLED")
    row = next(row for row in said.json if row["name"] == "hourly")
    assert (row["state"], row["next"]) == ("paused", None)


def test_one_of_two_schedules_paused_leaves_the_other_ones_time(account: Account) -> None:
    pause(account, "daily", "DISABLED")
    try:
        said = account.ops("list", "--json")
    finally:
        pause(account, "daily", "ENABLED")
    row = next(row for row in said.json if row["name"] == "daily")
    assert (row["state"], row["next"]) == ("partly paused", "2026-11-27T09:00:00Z")


def test_what_only_the_stack_file_or_only_aws_has_is_told(account: Account) -> None:
    file = account.directory / "Pulumi.dev.yaml"
    before = file.read_text()
    file.write_text(before.replace("    broken:\n", "    renamed:\n"))
    try:
        said = account.ops("list", "--json")
    finally:
        file.write_text(before)
    state = {row["name"]: row["state"] for row in said.json}
    assert state["renamed"] == "not deployed"
    assert state["broken"] == "not in the stack file"


def test_a_stack_that_is_not_deployed_is_one_line(account: Account) -> None:
    (account.directory / "Pulumi.new.yaml").write_text(
        (account.directory / "Pulumi.dev.yaml").read_text()
    )
    said = account.ops("-s", "new", "list")
    assert said.code == 3
    assert len(said.errors) == 1


def pause(account: Account, name: str, state: str) -> None:
    """Change a schedule as the console does."""
    scheduler: Any = account.aws.client("scheduler")
    schedule = scheduler.get_schedule(GroupName="shop-dev", Name=name)
    keys = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "Target")
    kept = {key: schedule[key] for key in (*keys, "FlexibleTimeWindow")}
    scheduler.update_schedule(**kept, State=state)


def test_a_terminal_without_colours_gets_none_and_its_cursor_stays(account: Account) -> None:
    plain = account.ops("list", terminal=True, NO_COLOR="1")
    coloured = account.ops("list", terminal=True).out
    codes = (r"\x1b\[[0-9;]*3[0-7]m", r"\x1b\[\?25l")
    assert [bool(re.search(code, plain.out)) for code in codes] == [False, False]
    assert [bool(re.search(code, coloured)) for code in codes] == [True, True]
