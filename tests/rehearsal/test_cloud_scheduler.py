"""Schedules fire on the clock."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rehearsal.cloud.scheduler import next_time
from tests.rehearsal.conftest import ROLE, START, Account

INPUT = {
    "time": "<aws.scheduler.scheduled-time>",
    "schedule": "<aws.scheduler.schedule-arn>",
    "attempt": "<aws.scheduler.attempt-number>",
}


def schedule(account: Account, expression: str, **more: Any) -> str:
    """Create a schedule that starts a machine; return the machine."""
    machine = account.machine({"Done": {"Type": "Succeed"}}, "scheduled")
    account.aws.client("scheduler").create_schedule_group(Name="batch")
    target = {"Arn": machine, "RoleArn": ROLE, "Input": json.dumps(INPUT)}
    target |= more.pop("Target", {})
    account.aws.client("scheduler").create_schedule(
        **{
            "Name": "list",
            "GroupName": "batch",
            "ScheduleExpression": expression,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": target,
            **more,
        }
    )
    return machine


def inputs(account: Account, machine: str) -> list[dict[str, str]]:
    """Return what the machine was started with, the earliest first."""
    sfn = account.aws.client("stepfunctions")
    started = sfn.list_executions(stateMachineArn=machine)["executions"]
    given = [
        json.loads(sfn.describe_execution(executionArn=one["executionArn"])["input"])
        for one in started
    ]
    return sorted(given, key=lambda one: one["time"])


def times(account: Account, machine: str) -> list[str]:
    return [given["time"] for given in inputs(account, machine)]


def test_a_schedule_starts_its_machine_at_its_times(account: Account) -> None:
    machine = schedule(account, "cron(30 */6 * * ? *)")
    account.aws.clock.run_until(START + timedelta(hours=12))
    assert times(account, machine) == ["2026-03-02T00:30:00Z", "2026-03-02T06:30:00Z"]


def test_context_words_are_replaced(account: Account) -> None:
    machine = schedule(account, "cron(0 0 * * ? *)")
    account.aws.clock.run_until(START + timedelta(days=1))
    (given,) = inputs(account, machine)
    assert given == {
        "time": "2026-03-03T00:00:00Z",
        "schedule": "arn:aws:scheduler:eu-west-1:123456789012:schedule/batch/list",
        "attempt": "1",
    }


def test_a_time_zone_moves_the_wall_clock(account: Account) -> None:
    machine = schedule(account, "cron(0 9 * * ? *)", ScheduleExpressionTimezone="Asia/Tokyo")
    account.aws.clock.run_until(START + timedelta(days=1))
    assert times(account, machine) == ["2026-03-03T00:00:00Z"]


def test_a_disabled_schedule_does_not_fire(account: Account) -> None:
    machine = schedule(account, "rate(1 hour)", State="DISABLED")
    account.aws.clock.run_until(START + timedelta(days=1))
    assert times(account, machine) == []


def test_a_changed_schedule_fires_by_its_new_expression(account: Account) -> None:
    machine = schedule(account, "rate(1 hour)")
    account.aws.client("scheduler").update_schedule(
        Name="list",
        GroupName="batch",
        ScheduleExpression="at(2026-03-02T05:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE, "Input": json.dumps(INPUT)},
        State="ENABLED",
    )
    account.aws.clock.run_until(START + timedelta(days=1))
    assert times(account, machine) == ["2026-03-02T05:00:00Z"]


def test_a_deleted_schedule_does_not_fire(account: Account) -> None:
    machine = schedule(account, "rate(1 hour)")
    account.aws.client("scheduler").delete_schedule(Name="list", GroupName="batch")
    account.aws.clock.run_until(START + timedelta(days=1))
    assert times(account, machine) == []


def test_a_rate_fires_at_once_and_then_every_so_often(account: Account) -> None:
    machine = schedule(account, "rate(1 hour)")
    account.aws.clock.run_until(START + timedelta(minutes=61))
    assert times(account, machine) == ["2026-03-02T00:00:00Z", "2026-03-02T01:00:00Z"]


def test_a_trigger_can_arrive_twice(account: Account) -> None:
    machine = schedule(account, "cron(0 * * * ? *)")
    account.aws.schedules.deliver_twice("batch", "list")
    account.aws.clock.run_until(START + timedelta(hours=2))
    assert times(account, machine) == ["2026-03-02T01:00:00Z"] * 2 + ["2026-03-02T02:00:00Z"]


def test_a_passing_refusal_is_tried_again(account: Account) -> None:
    machine = schedule(account, "cron(0 * * * ? *)")
    account.aws.schedules.refuse = lambda _, attempt: "ThrottlingException" if attempt < 3 else None
    account.aws.clock.run_until(START + timedelta(minutes=61))
    (given,) = inputs(account, machine)
    assert (given["time"], given["attempt"]) == ("2026-03-02T01:00:00Z", "3")


@pytest.mark.parametrize(
    ("policy", "retries"),
    [
        ({"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3_600}, "2"),
        ({"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 60}, "5"),
    ],
)
def test_what_is_refused_for_too_long_becomes_a_dead_letter(
    account: Account, policy: dict[str, int], retries: str
) -> None:
    target = {"RetryPolicy": policy, "DeadLetterConfig": {"Arn": account.queue("dead")}}
    machine = schedule(account, "at(2026-03-02T01:00:00)", Target=target)
    account.aws.schedules.refuse = lambda _name, _attempt: "ThrottlingException"
    account.aws.clock.run_until(START + timedelta(hours=5))
    ((given, attributes),) = account.letters("dead")
    assert given["time"] == "2026-03-02T01:00:00Z"
    assert attributes["TARGET_ARN"] == machine
    assert attributes["SCHEDULE_ARN"].endswith("schedule/batch/list")
    assert attributes["ERROR_CODE"] == "ThrottlingException"
    assert attributes["RETRY_ATTEMPTS"] == retries


def test_a_machine_that_is_gone_becomes_a_dead_letter_at_once(account: Account) -> None:
    target = {"DeadLetterConfig": {"Arn": account.queue("dead")}}
    machine = schedule(account, "at(2026-03-02T01:00:00)", Target=target)
    account.aws.client("stepfunctions").delete_state_machine(stateMachineArn=machine)
    account.aws.clock.run_until(START + timedelta(hours=1))
    ((_, attributes),) = account.letters("dead")
    assert attributes["ERROR_CODE"] == "StateMachineDoesNotExist"
    assert attributes["RETRY_ATTEMPTS"] == "0"


def test_another_target_is_refused_by_name(account: Account) -> None:
    arn = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"
    schedule(account, "rate(1 hour)", Target={"Arn": arn})
    with pytest.raises(NotImplementedError, match="aws-sdk:sfn:startExecution"):
        account.aws.clock.run_until(START + timedelta(hours=1))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "after", "times"),
    [
        # 2026-03-29 02:30 does not exist in Berlin, 2026-10-25 02:30 happens twice.
        (
            "cron(30 2 * * ? *)",
            "Europe/Berlin",
            "2026-03-28T02:00",
            ["2026-03-30T00:30", "2026-03-31T00:30"],
        ),
        (
            "cron(30 2 * * ? *)",
            "Europe/Berlin",
            "2026-10-24T12:00",
            ["2026-10-25T00:30", "2026-10-26T01:30"],
        ),
        # 02:15 is over, 02:45 of the first 02 o'clock is to come.
        (
            "cron(15,45 2 * * ? *)",
            "Europe/Berlin",
            "2026-10-25T00:20",
            ["2026-10-25T00:45", "2026-10-26T01:15"],
        ),
        ("at(2026-03-29T02:30:00)", "Europe/Berlin", "2026-03-01T00:00", [None]),
        ("at(2026-07-01T12:00:00)", "Europe/Berlin", "2026-03-01T00:00", ["2026-07-01T10:00"]),
        ("at(2026-07-01T12:00:00)", "UTC", "2026-07-01T12:00", [None]),
        ("rate(2 days)", "Europe/Berlin", "2026-03-28T00:00", ["2026-03-30T00:00"]),
        ("cron(0 0 1 1 ? 2027)", "UTC", "2026-03-01T00:00", ["2027-01-01T00:00", None]),
    ],
)
def test_the_next_times_of(expression: str, zone: str, after: str, times: list[str | None]) -> None:
    now = created = at(after)
    for expected in times:
        found = next_time(expression, zone, now, created)
        assert found == (at(expected) if expected else None)
        now = found or now


def test_what_is_no_expression_is_refused() -> None:
    with pytest.raises(ValueError, match="neither a cron nor a rate"):
        next_time("every day", "UTC", START, START)
