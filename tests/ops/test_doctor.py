"""``python -m ops doctor``: each check sees what is broken, and nothing else."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.ops.conftest import Account

Undo = Callable[[], object]
QUEUE = "arn:aws:sqs:ap-northeast-1:123456789012:shop-dev-dead-letters"
MEMBERS = ("Name", "GroupName", "ScheduleExpression", "State", "FlexibleTimeWindow", "Target")
ZONE = "ScheduleExpressionTimezone"


def found(account: Account) -> tuple[int, list[str]]:
    said = account.ops("doctor", "--json")
    return said.code, [f"{one['level']}: {one['where']} {one['what']}" for one in said.json]


def changed(account: Account, name: str, **changes: Any) -> Undo:
    scheduler: Any = account.aws.client("scheduler")
    before = scheduler.get_schedule(GroupName="shop-dev", Name=name)
    whole = {key: before[key] for key in (*MEMBERS, ZONE, "Description") if key in before}
    scheduler.update_schedule(**whole | changes)
    return lambda: scheduler.update_schedule(**whole)


def another_expression(account: Account) -> Undo:
    return changed(account, "daily", ScheduleExpression="rate(1 day)")


def another_zone(account: Account) -> Undo:
    return changed(account, "hourly", ScheduleExpressionTimezone="UTC")


def paused_by_hand(account: Account) -> Undo:
    return changed(account, "broken", State="DISABLED")


def another_trigger(account: Account) -> Undo:
    scheduler: Any = account.aws.client("scheduler")
    target = scheduler.get_schedule(GroupName="shop-dev", Name="daily")["Target"]
    given = json.loads(target["Input"]) | {"overlap": "allow"}
    return changed(account, "daily", Target={**target, "Input": json.dumps(given)})


def another_timeout(account: Account) -> Undo:
    states: Any = account.aws.client("stepfunctions")
    arn = "arn:aws:states:ap-northeast-1:123456789012:stateMachine:shop-dev--by-hand"
    before = states.describe_state_machine(stateMachineArn=arn)["definition"]
    definition = json.loads(before)
    definition["States"]["Run"]["TimeoutSeconds"] = 7
    definition["States"]["Prepare"]["Assign"]["run"] = definition["States"]["Prepare"]["Assign"][
        "run"
    ].replace("by hand", "by foot")
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    return lambda: states.update_state_machine(stateMachineArn=arn, definition=before)


def without_a_schedule(account: Account) -> Undo:
    scheduler: Any = account.aws.client("scheduler")
    before = scheduler.get_schedule(GroupName="shop-dev", Name="nightly")
    whole = {key: before[key] for key in (*MEMBERS, ZONE, "Description") if key in before}
    scheduler.delete_schedule(GroupName="shop-dev", Name="nightly")
    scheduler.create_schedule(**whole | {"Name": "yearly"})

    def undo() -> None:
        scheduler.create_schedule(**whole)
        scheduler.delete_schedule(GroupName="shop-dev", Name="yearly")

    return undo


def added_for_a_job_that_is_gone(account: Account) -> Undo:
    account.ops("schedule", "add", "extra", "by-hand", "--at", "9h")
    scheduler: Any = account.aws.client("scheduler")
    before = scheduler.get_schedule(GroupName="shop-dev--adhoc", Name="extra")
    whole = {key: before[key] for key in (*MEMBERS, ZONE)}
    target = before["Target"]
    given = json.dumps(json.loads(target["Input"]) | {"job": "gone"})
    scheduler.update_schedule(**whole | {"Target": {**target, "Input": given}})
    return lambda: account.ops("schedule", "remove", "extra")


def a_dead_letter(account: Account) -> Undo:
    account.aws.send_to_queue(QUEUE, "nonsense", {})
    return lambda: account.ops("dead-letters", "drop", "--all", "--yes")


def silenced(account: Account) -> Undo:
    cloudwatch: Any = account.aws.client("cloudwatch")
    names = ["shop-dev-dispatcher-failed"]
    cloudwatch.disable_alarm_actions(AlarmNames=names)
    return lambda: cloudwatch.enable_alarm_actions(AlarmNames=names)


def going_off(account: Account) -> Undo:
    cloudwatch: Any = account.aws.client("cloudwatch")
    alarm = {"AlarmName": "shop-dev-notifier-failed", "StateReason": "a test"}
    cloudwatch.set_alarm_state(**alarm, StateValue="ALARM")
    return lambda: cloudwatch.set_alarm_state(**alarm, StateValue="OK")


def a_rule_is_off(account: Account) -> Undo:
    events: Any = account.aws.client("events")
    events.disable_rule(Name="shop-dev-ended")
    return lambda: events.enable_rule(Name="shop-dev-ended")


def logs_for_ever(account: Account) -> Undo:
    logs: Any = account.aws.client("logs")
    group = "/shop/dev/default"
    days = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"]
    logs.delete_retention_policy(logGroupName=group)
    return lambda: logs.put_retention_policy(logGroupName=group, retentionInDays=days)


def test_a_healthy_stack_is_well(account: Account) -> None:
    said = account.ops("doctor")
    assert (said.code, said.out) == (0, "")
    assert said.errors == ["stack dev is well: 13 checks found nothing"]


@pytest.mark.parametrize(
    ("broken", "lines"),
    [
        (another_expression, ["problem: schedule daily has another expression in AWS"]),
        (another_zone, ["problem: schedule hourly has another time zone in AWS"]),
        (another_trigger, ["problem: schedule daily has another trigger in AWS"]),
        (
            another_timeout,
            [
                "problem: job by-hand has another command, container or size in AWS",
                "problem: job by-hand has another timeout in AWS",
            ],
        ),
        (
            without_a_schedule,
            [
                "problem: schedule nightly is not deployed",
                "problem: schedule yearly is deployed, and not in the stack file",
            ],
        ),
        (
            added_for_a_job_that_is_gone,
            ["problem: ad-hoc schedule extra starts gone, which is gone"],
        ),
        (a_dead_letter, ["problem: queue dead-letters has 1 dead letter, the oldest of"]),
        (silenced, ["problem: alarm dispatcher-failed tells nobody: its actions are disabled"]),
        (going_off, ["problem: alarm notifier-failed is going off"]),
        (
            a_rule_is_off,
            ["problem: rule shop-dev-ended which tells of the ends of runs, is disabled"],
        ),
        (logs_for_ever, ["warning: log group /shop/dev/default is kept for ever"]),
        (paused_by_hand, ["warning: job broken is paused since"]),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_a_check_sees_what_is_broken_and_nothing_else(
    account: Account, broken: Callable[[Account], Undo], lines: list[str]
) -> None:
    undo = broken(account)
    try:
        code, said = found(account)
    finally:
        undo()
    assert len(said) == len(lines), said
    assert all(one.startswith(line) for one, line in zip(said, lines, strict=True)), said
    assert code == (1 if lines[0].startswith("problem") else 0)
