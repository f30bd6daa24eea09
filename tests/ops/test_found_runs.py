"""Which run somebody means who names one."""

import pytest

from ops import waiting
from ops.errors import OpsError
from ops.runs import described, found, likely_owners
from ops.stack import Stack
from tests.ops.conftest import Account

HOURLY = "hourly-2026-11-24T013000Z"


@pytest.fixture
def stack(account: Account, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The shop's stack, in this process."""
    for name, value in account.keyboard.environment.items():
        monkeypatch.setenv(name, value)
    return Stack("dev", account.directory)


def test_a_run_is_found_by_its_name_with_its_job_and_by_its_arn(stack: Stack) -> None:
    by_name = found(stack, HOURLY)
    assert (by_name.of, by_name.outcome) == ("hourly", "succeeded")
    assert found(stack, f"hourly/{HOURLY}") == by_name
    assert found(stack, by_name.arn) == by_name


def test_a_run_by_hand_is_found_by_its_dispatcher(account: Account, stack: Stack) -> None:
    dispatcher = stack.names.machine_arn(stack.names.of("dispatcher"))
    account.aws.client("stepfunctions").start_execution(
        stateMachineArn=dispatcher, name="by-chance", input='{"job": "nightly", "flow": true}'
    )
    for _ in waiting.rounds():
        if (run := described(stack, "nightly", "manual-by-chance")) and run.ended:
            break
    assert found(stack, "manual-by-chance").of == "nightly"
    assert found(stack, "manual-by-chance-load").of == "load"


def test_an_events_run_is_found_though_its_jobs_name_is_cut() -> None:
    job, event = "j" * 45, "7bf73129-1428-4cd3-a780-95db273d1602"
    assert likely_owners(["k", job], f"{job[:43]}-{event}") == [job]
    assert likely_owners(["k", job], f"k-{event}") == ["k"]


def test_of_names_that_begin_alike_the_longer_one_comes_first() -> None:
    assert likely_owners(["load", "load-all"], "load-all-2026-11-24T013000Z") == [
        "load-all",
        "load",
    ]
    assert likely_owners(["all", "load"], "manual-x-load-r1-t2") == ["load"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("hourly-2026-11-24T013100Z", f"stack dev has no run .* write {HOURLY}; .* 90 days"),
        ("broken/hourly-x", "'hourly-x': its latest is broken-2026-11-24T014500Z; Step Functions"),
        ("nope", "stack dev has no run 'nope': python -m ops -s dev runs --since 7d lists them;"),
        ("hurly/x", "stack dev has no job 'hurly': write hourly"),
        ("hourly", f"hourly is a job: name one of its runs; its latest run is {HOURLY}"),
        ("by-hand", "by-hand is a job: name one of its runs; it has no run yet"),
        ("arn:aws:states:ap-northeast-1:1:execution:other:x", "is no run of stack dev"),
    ],
)
def test_a_run_that_is_not_there_is_one_line(stack: Stack, text: str, line: str) -> None:
    with pytest.raises(OpsError, match=line) as error:
        found(stack, text)
    assert len(error.value.lines) == 1
