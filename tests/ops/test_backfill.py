"""``python -m ops backfill``."""

import re

import pytest

from tests.ops.conftest import Account

PERIOD = ("--from", "2026-11-20", "--to", "2026-11-24T09:30")


def times(out: str) -> dict[str, str]:
    """Return what is said of each time."""
    rows = re.findall(r"(\w{3} 2026-\d\d-\d\d \d\d:\d\d)   (.*?) *$", out, re.MULTILINE)
    return dict(rows)


def test_what_was_missed_is_run_once_and_the_rest_left_out(account: Account) -> None:
    assert account.ops("run", "daily", "--at", "2026-11-21T09:00").code == 0
    plan = account.ops("backfill", "daily", *PERIOD)
    assert plan.code == 0
    assert times(plan.out) == {
        "Fri 2026-11-20 09:00": "to run",
        "Fri 2026-11-20 18:00": "to run",
        "Sat 2026-11-21 09:00": "ran: succeeded",
        "Sun 2026-11-22 09:00": "to run",
        "Mon 2026-11-23 09:00": "skipped: 2026-11-23 is in holidays",
        "Tue 2026-11-24 09:00": "to run",
    }
    assert plan.errors == ["this was a dry run: --yes starts 4 runs"]
    done = account.ops("backfill", "daily", *PERIOD, "--yes", "--concurrency", "2", "--json")
    assert done.code == 0, done.err
    assert {one["scheduledTime"]: one["what"] for one in done.json} == {
        "2026-11-20T00:00:00Z": "succeeded",
        "2026-11-20T09:00:00Z": "succeeded",
        "2026-11-22T00:00:00Z": "succeeded",
        "2026-11-24T00:00:00Z": "succeeded",
    }
    assert done.errors[-1] == "daily: 4 succeeded"
    again = account.ops("backfill", "daily", *PERIOD, "--yes")
    assert again.errors == ["nothing is missing"]
    assert "to run" not in again.out


def test_a_run_that_fails_stops_none_of_those_behind_it(account: Account) -> None:
    period = ("--from", "2026-11-23T22:00Z", "--to", "2026-11-24T01:00Z")
    said = account.ops("backfill", "broken", *period, stdin="y\n", terminal=True)
    assert said.code == 1
    assert "Start 2 runs? [y/N]" in said.out
    assert "broken: 2 failed" in said.out
    after = account.ops("backfill", "broken", *period, "--dry-run")
    assert set(times(after.out).values()) == {"ran: failed (retry it)"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("by-hand", *PERIOD), "job by-hand has no schedule"),
        (("daily", "--from", "2026-01-01", "--to", "2026-02-01"), "what ran before 2026-08-26 is"),
        (("daily", "--from", "2026-11-24", "--to", "2026-11-20"), "--from is not before --to"),
        (("daily", "--from", "then", "--to", "2026-11-20"), "'then' is no time"),
    ],
)
def test_a_backfill_that_cannot_be_is_one_line(
    account: Account, arguments: tuple[str, ...], line: str
) -> None:
    said = account.ops("backfill", *arguments)
    assert (said.code, said.out, len(said.errors)) == (2, "", 1)
    assert said.errors[0].startswith(f"error: {line}")
