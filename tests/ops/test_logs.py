"""``python -m ops logs`` and ``stop``, and what Ctrl-C does: in real time where it matters."""

import json
import re

from tests.ops.conftest import Account
from tests.ops.typed import Keyboard

SLOW = (
    *("list-files-now", "--", "python", "-u", "-c"),
    "import time; print('begun'); time.sleep(600)",
)


def started(said: str) -> str:
    """Return the name of the run that has started."""
    found = re.search(r"run (\S+) has started", said)
    assert found, said
    return found[1]


def test_a_jobs_log_is_that_of_its_latest_run(account: Account) -> None:
    said = account.ops("logs", "hourly")
    assert (said.code, said.out) == (0, "good morning\nthat is all\n")
    assert said.errors == ["hourly-2026-11-24T013000Z (succeeded):"]
    assert account.ops("logs", "hourly-2026-11-24T003000Z").out == said.out


def test_since_some_time_it_is_that_of_all_runs(account: Account) -> None:
    said = account.ops("logs", "hourly", "--since", "90m", "--json")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [line["run"][7:] for line in lines] == ["2026-11-24T013000Z"] * 2
    assert lines[0] == {
        "time": "2026-11-24T01:30:00.000Z",
        "run": "hourly-2026-11-24T013000Z",
        "attempt": 1,
        "task": "",
        "message": "good morning",
    }
    assert len(account.ops("logs", "hourly", "--since", "2026-11-24T09:00").errors) == 2


def test_a_job_without_a_run_has_no_log(account: Account) -> None:
    said = account.ops("logs", "by-hand")
    assert (said.code, said.out, said.errors) == (0, "", ["job by-hand has had no run yet"])


def test_a_log_is_followed_as_it_comes_and_a_stop_says_who_it_was(live: Keyboard) -> None:
    run = live.start("run", *SLOW)
    run.wait_for("begun\n")
    name = started(run.wait_for("has started", "err"))
    second = live("run", "list-files-now")
    assert second.code == 75
    assert f"an older run is still going: {name}; wait for it" in second.err
    followed = live.start("logs", name, "--follow")
    followed.wait_for("begun\n")
    stopped = live("stop", "list-files-now", "--json")
    assert stopped.code == 0
    assert stopped.errors[-1] == "people are told 'list-files-now stopped'"
    assert stopped.json[0]["reason"] == "stopped by operator with ops"
    ended = run.end()
    assert ended.code == 143
    assert re.search(r": stopped, took .*: stopped by operator with ops$", ended.errors[-1])
    assert followed.end().code == 0
    again = live("stop", "list-files-now")
    assert (again.code, again.errors) == (1, ["error: job list-files-now has no run going"])


def test_ctrl_c_asks_whether_to_stop_the_run(live: Keyboard) -> None:
    run = live.start("run", *SLOW, stdin="y\n", terminal=True)
    run.wait_for("begun")
    run.press()
    run.wait_for("Stop the run? (it goes on otherwise) [y/N]")
    ended = run.end()
    assert ended.code == 143
    assert "stopped by operator with ops" in ended.out


def test_without_a_terminal_ctrl_c_leaves_the_run_going(live: Keyboard) -> None:
    run = live.start("run", *SLOW)
    run.wait_for("begun\n")
    name = started(run.wait_for("has started", "err"))
    run.press()
    ended = run.end()
    assert ended.code == 130
    assert f"the run goes on: python -m ops -s dev logs {name} --follow" in ended.err
    assert live("stop", name).code == 0
