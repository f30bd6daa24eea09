"""Schedules fire on the clock."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.scheduler import next_time
from tests.definitions import second_opinion
from tests.rehearsal.conftest import ROLE, START, Account

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:dead"
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


def test_a_paused_schedule_goes_on_when_it_is_resumed(account: Account) -> None:
    machine = schedule(account, "cron(0 * * * ? *)")
    changed = {
        "Name": "list",
        "GroupName": "batch",
        "ScheduleExpression": "cron(0 * * * ? *)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": machine, "RoleArn": ROLE, "Input": json.dumps(INPUT)},
    }
    scheduler = account.aws.client("scheduler")
    scheduler.update_schedule(**changed, State="DISABLED")
    account.aws.clock.run_until(START + timedelta(hours=2, minutes=1))
    assert times(account, machine) == []
    scheduler.update_schedule(**changed)  # a state that is not given is ENABLED
    account.aws.clock.run_until(START + timedelta(hours=3))
    assert times(account, machine) == ["2026-03-02T03:00:00Z"]


def test_a_window_delays_within_its_bounds_and_the_same_each_time(account: Account) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}
    machine = schedule(account, "cron(0 1 * * ? *)", FlexibleTimeWindow=window)
    account.aws.clock.run_until(START + timedelta(hours=2))
    sfn = account.aws.client("stepfunctions")
    (started,) = sfn.list_executions(stateMachineArn=machine)["executions"]
    late = started["startDate"] - (START + timedelta(hours=1))
    assert timedelta() < late <= timedelta(minutes=30)
    assert late == timedelta(minutes=5, seconds=58)  # drawn from its name and time
    assert times(account, machine) == ["2026-03-02T01:00:00Z"]


def test_a_schedule_fires_between_its_dates(account: Account) -> None:
    dates = {
        "StartDate": START + timedelta(hours=2),
        "EndDate": START + timedelta(hours=4),
    }
    machine = schedule(account, "cron(0 * * * ? *)", **dates)
    account.aws.clock.run_until(START + timedelta(days=1))
    assert [time[11:13] for time in times(account, machine)] == ["02", "03", "04"]


def test_a_rate_counts_from_its_start_date(account: Account) -> None:
    machine = schedule(account, "rate(1 hour)", StartDate=START + timedelta(minutes=90))
    account.aws.clock.run_until(START + timedelta(hours=3))
    assert [time[11:16] for time in times(account, machine)] == ["01:30", "02:30"]


def test_an_old_start_date_is_refused_even_where_something_else_changes(account: Account) -> None:
    """And five minutes ago is not old yet."""
    expression, clock = "cron(0 * * * ? *)", account.aws.clock
    machine = schedule(account, expression, StartDate=START + timedelta(hours=2))
    target = {"Arn": machine, "RoleArn": ROLE, "Input": json.dumps(INPUT)}
    changed = {
        "Name": "list",
        "GroupName": "batch",
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1},
        "Target": target,
        "StartDate": START + timedelta(hours=2),
    }
    scheduler = account.aws.client("scheduler")
    clock.run_until(START + timedelta(hours=2, minutes=5))
    scheduler.update_schedule(**changed)
    clock.run_until(START + timedelta(hours=2, minutes=5, seconds=1))
    with pytest.raises(ClientError, match="StartDate you specify cannot be earlier than 5 minutes"):
        scheduler.update_schedule(**changed)
    with pytest.raises(ClientError, match="StartDate you specify cannot be earlier than 5 minutes"):
        scheduler.create_schedule(
            **{**changed, "Name": "other", "ScheduleExpression": "rate(1 day)"}
        )
    once = "at(2026-03-02T04:00:00)"
    scheduler.update_schedule(**{**changed, "ScheduleExpression": once})  # it has no dates
    assert scheduler.get_schedule(Name="list", GroupName="batch")["ScheduleExpression"] == once


def test_one_time_needs_no_dates_and_has_its_zone(account: Account) -> None:
    machine = schedule(
        account,
        "at(2026-03-02T10:00:00)",
        ScheduleExpressionTimezone="Asia/Tokyo",
        EndDate=START + timedelta(minutes=30),
    )
    account.aws.clock.run_until(START + timedelta(hours=2))
    assert times(account, machine) == ["2026-03-02T01:00:00Z"]


def test_ten_years_of_runs_are_those_of_a_second_opinion(account: Account) -> None:
    """On Sundays in the months of the changes, and in the hours of them."""
    clock, fields = account.aws.clock, "30 0-2 ? 3,4,9-11 SUN *"
    zones = [name for name in second_opinion.ZONES if name != "Asia/Tokyo"]
    fired: dict[str, list[datetime]] = {zone.replace("/", "-"): [] for zone in zones}

    def note(name: str, _attempt: int) -> str:
        fired[name].append(clock.now())
        return "AccessDeniedException"  # so that there is nothing to start

    account.aws.schedules.refuse = note
    for zone, name in zip(zones, fired, strict=True):
        account.aws.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression=f"cron({fields})",
            ScheduleExpressionTimezone=zone,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": QUEUE, "RoleArn": ROLE},
        )
    end = START.replace(year=START.year + 10)
    clock.run_until(end - timedelta(seconds=1))
    for zone, name in zip(zones, fired, strict=True):
        assert fired[name] == second_opinion.cron_fires(fields, START, end, ZoneInfo(zone)), zone


def test_a_schedule_can_go_when_it_is_done(account: Account) -> None:
    machine = schedule(account, "at(2026-03-02T01:00:00)", ActionAfterCompletion="DELETE")
    account.aws.clock.run_until(START + timedelta(hours=2))
    assert times(account, machine) == ["2026-03-02T01:00:00Z"]
    assert account.aws.client("scheduler").list_schedules(GroupName="batch")["Schedules"] == []


def test_a_time_in_the_past_is_taken_and_never_comes(account: Account) -> None:
    machine = schedule(account, "at(2026-03-01T00:00:00)")
    account.aws.clock.run_until(START + timedelta(days=1))
    assert times(account, machine) == []


def test_a_queue_a_topic_and_a_bus_are_templated_targets(account: Account) -> None:
    sns, events = account.aws.client("sns"), account.aws.client("events")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    bus = events.create_event_bus(Name="bus")["EventBusArn"]
    events.put_rule(Name="all", EventBusName="bus", EventPattern='{"source":["jobs"]}')
    target = {"Id": "queue", "Arn": account.queue("far")}
    events.put_targets(Rule="all", EventBusName="bus", Targets=[target])
    parameters = {"DetailType": "tick", "Source": "jobs"}
    for name, arn, more in (
        ("queue", account.queue("near"), {}),
        ("topic", topic, {}),
        ("bus", bus, {"EventBridgeParameters": parameters}),
    ):
        account.aws.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression="at(2026-03-02T01:00:00)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": ROLE, "Input": '{"n":1}', **more},
        )
    account.aws.clock.run_until(START + timedelta(hours=2))
    assert account.letters("near")[0][0] == {"n": 1}
    assert account.aws.mail[0].text == '{"n":1}'
    ((event, _),) = account.letters("far")
    assert (event["detail-type"], event["detail"]) == ("tick", {"n": 1})


def test_without_an_input_the_target_gets_an_event(account: Account) -> None:
    account.aws.client("scheduler").create_schedule(
        Name="bare",
        ScheduleExpression="at(2026-03-02T01:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": account.queue("near"), "RoleArn": ROLE},
    )
    account.aws.clock.run_until(START + timedelta(hours=2))
    ((event, _),) = account.letters("near")
    assert (event["source"], event["time"], event["detail"]) == (
        "aws.scheduler",
        "2026-03-02T01:00:00Z",
        "{}",
    )


def test_a_universal_target_is_any_call(account: Account) -> None:
    machine = account.machine({"Done": {"Type": "Succeed"}}, "called")
    given = {"StateMachineArn": machine, "Name": "tick", "Input": '{"n":1}'}
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
        "Input": json.dumps(given),
    }
    schedule(account, "at(2026-03-02T01:00:00)", Target=target)
    account.aws.clock.run_until(START + timedelta(hours=2))
    sfn = account.aws.client("stepfunctions")
    (started,) = sfn.list_executions(stateMachineArn=machine)["executions"]
    assert started["name"] == "tick"


def test_a_universal_targets_typo_shows_when_it_fires(account: Account) -> None:
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
        "Input": '{"StateMachine":"x"}',
        "DeadLetterConfig": {"Arn": account.queue("dead")},
    }
    schedule(account, "at(2026-03-02T01:00:00)", Target=target)
    account.aws.clock.run_until(START + timedelta(hours=2))
    ((_, attributes),) = account.letters("dead")
    assert attributes["ERROR_CODE"] == "ValidationException"
    assert "stateMachineArn" in attributes["ERROR_MESSAGE"]


def test_a_target_of_an_unknown_kind_is_an_error_by_name(account: Account) -> None:
    schedule(account, "rate(1 hour)", Target={"Arn": "arn:aws:lambda:eu-west-1:1:function:f"})
    with pytest.raises(NotImplementedError, match="lambda"):
        account.aws.clock.run_until(START + timedelta(hours=1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ScheduleExpression": "cron(0 1 * * * *)"}, r"Invalid Schedule Expression cron\(0 1"),
        (
            {"ScheduleExpression": "at(2026-03-02)"},
            r"Invalid Schedule Expression at\(2026-03-02\)\.",
        ),
        ({"ScheduleExpressionTimezone": "Europe/Nowhere"}, "Timezone Europe/Nowhere"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"GroupName": "nowhere"}, "Schedule group nowhere does not exist"),
        ({"Target": {"Arn": "queue", "RoleArn": ROLE}}, "Provided Arn is not in correct format"),
        ({"Target": {"Input": "no json"}}, "Input is not valid JSON"),
        ({"Target": {"DeadLetterConfig": {"Arn": f"{QUEUE}.fifo"}}}, "target.deadLetterConfig.arn"),
        ({"StartDate": START, "EndDate": START}, "StartDate must come before"),
        ({"Name": "a b"}, r"Value 'a b' at 'name' failed to satisfy constraint"),
    ],
)
def test_a_schedule_is_refused(account: Account, change: dict[str, Any], said: str) -> None:
    with pytest.raises(ClientError, match=said):
        schedule(account, change.pop("ScheduleExpression", "rate(1 hour)"), **change)


def test_groups_are_made_once_and_the_default_stays(account: Account) -> None:
    scheduler = account.aws.client("scheduler")
    scheduler.create_schedule_group(Name="batch")
    for refused, call in (
        ("ConflictException", lambda: scheduler.create_schedule_group(Name="batch")),
        ("ResourceNotFound", lambda: scheduler.delete_schedule_group(Name="nowhere")),
        ("ValidationException", lambda: scheduler.delete_schedule_group(Name="default")),
        (
            "ResourceNotFound",
            lambda: scheduler.tag_resource(
                ResourceArn="arn:aws:scheduler:eu-west-1:123456789012:schedule-group/nowhere",
                Tags=[{"Key": "a", "Value": "b"}],
            ),
        ),
    ):
        with pytest.raises(ClientError, match=refused):
            call()


def test_tags_of_a_group_that_is_missing_are_neither_listed_nor_taken(account: Account) -> None:
    scheduler = account.aws.client("scheduler")
    arn = "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/nowhere"
    with pytest.raises(ClientError, match="Schedule group nowhere does not exist"):
        scheduler.list_tags_for_resource(ResourceArn=arn)
    with pytest.raises(ClientError, match="Schedule group nowhere does not exist"):
        scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])


def test_a_changed_schedule_is_checked_and_goes_when_it_is_done_only_if_told(
    account: Account,
) -> None:
    machine = schedule(account, "rate(1 day)")
    changed = {
        "Name": "list",
        "GroupName": "batch",
        "ScheduleExpression": "at(2026-03-02T01:00:00)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": machine, "RoleArn": ROLE, "Input": json.dumps(INPUT)},
    }
    scheduler = account.aws.client("scheduler")
    with pytest.raises(ClientError, match="Timezone Europe/Nowhere"):
        scheduler.update_schedule(**changed, ScheduleExpressionTimezone="Europe/Nowhere")
    scheduler.update_schedule(**changed, ActionAfterCompletion="DELETE")
    told = scheduler.get_schedule(Name="list", GroupName="batch")
    assert told["ActionAfterCompletion"] == "DELETE"
    scheduler.update_schedule(**changed)
    told = scheduler.get_schedule(Name="list", GroupName="batch")
    assert told["ActionAfterCompletion"] == "NONE"


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
        # Of what comes twice, the first; and never again.
        (
            "at(2026-10-25T02:30:00)",
            "Europe/Berlin",
            "2026-10-25T00:00",
            ["2026-10-25T00:30", None],
        ),
        ("at(2026-10-25T02:30:00)", "Europe/Berlin", "2026-10-25T00:30", [None]),
        # Lord Howe: 2026-10-04 02:00 to 02:30 does not exist, 2026-04-05 01:30 to 02:00 is twice.
        (
            "cron(0/15 1-2 4 10 ? 2026)",
            "Australia/Lord_Howe",
            "2026-10-03T15:00",
            ["2026-10-03T15:15", "2026-10-03T15:30", "2026-10-03T15:45", None],
        ),
        (
            "cron(45 1 5 4 ? 2026)",
            "Australia/Lord_Howe",
            "2026-04-01T00:00",
            ["2026-04-04T14:45", None],
        ),
        # A rate counts hours that pass.
        (
            "rate(1 hour)",
            "Europe/Berlin",
            "2026-10-25T00:00",
            ["2026-10-25T01:00", "2026-10-25T02:00"],
        ),
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
    with pytest.raises(ValueError, match="no schedule: write"):
        next_time("every day", "UTC", START, START)
