"""What the sample program tells a run that waits for its words."""

import json
from typing import Any

import pytest
from list_files import progress
from list_files.progress import Unwanted, WorkError, reporting
from list_files.stopping import Stopped


class States:
    """Step Functions, as far as a token goes."""

    class exceptions:  # noqa: N801 - as boto3 spells it
        class TaskTimedOut(Exception):  # noqa: N818 - likewise
            pass

        class TaskDoesNotExist(Exception):  # noqa: N818 - likewise
            pass

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.gone: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        def call(**said: Any) -> None:
            if self.gone is not None:
                raise self.gone
            assert said.pop("taskToken") == "token"
            self.told.append((name, said))

        return call


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> States:
    made = States()
    monkeypatch.setenv("JOB_TASK_TOKEN", "token")
    monkeypatch.delenv("ECS_CONTAINER_METADATA_URI_V4", raising=False)
    monkeypatch.setattr(progress, "_states_client", lambda: made)
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_program_that_nobody_waits_for_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOB_TASK_TOKEN", raising=False)
    monkeypatch.setattr(progress, "_states_client", lambda: pytest.fail("it called Step Functions"))
    with reporting() as beat:
        beat()


def test_the_end_of_the_work_is_the_runs_success(states: States) -> None:
    with reporting():
        pass
    assert states.told == [("send_task_success", {"output": "{}"})]


def test_beats_are_told_only_so_often(states: States, clock: list[float]) -> None:
    with reporting() as beat:
        for seconds in (0, 1, 10, 5, 0):
            clock[0] += seconds
            beat()
    assert [name for name, _ in states.told] == ["send_task_heartbeat"] * 2 + ["send_task_success"]


@pytest.mark.parametrize(
    ("error", "reason", "exit_code"),
    [
        (ValueError("no  such\nthing"), "ValueError: no such thing", 1),
        (WorkError(64, "There is no bucket."), "There is no bucket.", 64),
        (Stopped(15), "Stopped: 15", 143),
        (SystemExit(3), "SystemExit: 3", 3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_ends_the_work_is_told_and_goes_on(
    states: States, error: BaseException, reason: str, exit_code: int
) -> None:
    with pytest.raises(type(error)), reporting():
        raise error
    ((name, said),) = states.told
    assert (name, said["error"]) == ("send_task_failure", "JobFailed")
    assert json.loads(said["cause"]) == {"reason": reason, "exitCode": exit_code}


@pytest.mark.parametrize(
    "gone", [States.exceptions.TaskTimedOut, States.exceptions.TaskDoesNotExist]
)
def test_who_is_not_waited_for_any_more_stops(states: States, gone: type[Exception]) -> None:
    def work() -> None:
        with reporting() as beat:
            states.gone = gone("Provided task does not exist anymore")
            try:
                beat()
            except Exception:
                pytest.fail("it was taken for a failure")

    with pytest.raises(Unwanted):
        work()
    assert states.told == []


def test_a_failure_that_nobody_waits_for_is_the_programs_own(states: States) -> None:
    states.gone = States.exceptions.TaskTimedOut()
    with pytest.raises(ValueError, match="mine"), reporting():
        raise ValueError("mine")


def test_the_task_is_named_where_ecs_says_which_it_is(
    states: States, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "task").write_text('{"TaskARN": "arn:of:task"}')
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", f"file://{tmp_path}")
    with reporting():
        pass
    assert json.loads(states.told[0][1]["output"]) == {"taskArn": "arn:of:task"}
    (tmp_path / "task").unlink()
    with reporting():
        pass
    assert states.told[1][1]["output"] == "{}", "not knowing it is no failure"
