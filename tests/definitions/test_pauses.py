"""A pause that is over: the dispatcher resumes what it is told, as it is by then."""

from typing import Any

from statelint.linter import Linter

from definitions.dispatcher_machine import dispatcher_machine
from definitions.pauses import end_of_pause
from tests.definitions.playing import Caught, End, play

GONE = "Scheduler.ResourceNotFoundException"


def dispatcher(*, events: bool = True) -> dict[str, Any]:
    return dispatcher_machine(
        job_machines_arn="arn:machines--",
        task_definition_arns={},
        skipped_machine_arn="arn:skipped",
        schedule_group="fargate-batch-dev",
        events=events,
    )


def over(answers: list[Any], **paused: Any) -> End:
    return play(dispatcher(), end_of_pause("report", **paused), answers)


def found(**more: Any) -> dict[str, Any]:
    return {
        "Arn": "arn:schedule",
        "CreationDate": "2026-11-01T00:00:00Z",
        "GroupName": "fargate-batch-dev",
        "Name": "report",
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "State": "DISABLED",
        "Target": {"Arn": "arn:dispatcher", "Input": '{"at": "<aws.scheduler.scheduled-time>"}'},
        **more,
    }


def test_a_schedule_is_resumed_as_it_is_by_then() -> None:
    end = over([found(), {}], schedules={"report": None})
    assert end.output == {"result": "resumed", "job": "report"}
    look, update = end.requests
    assert look == {"GroupName": "fargate-batch-dev", "Name": "report"}
    assert update == {
        "GroupName": "fargate-batch-dev",
        "Name": "report",
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "State": "ENABLED",
        "Target": {"Arn": "arn:dispatcher", "Input": '{"at": "<aws.scheduler.scheduled-time>"}'},
    }


def test_a_date_that_has_come_is_left_out_and_one_to_come_stays() -> None:
    end = over([found(StartDate="2026-11-02T00:00:00Z"), {}], schedules={"report": None})
    assert "StartDate" not in end.requests[-1]
    end = over([found(StartDate="2199-01-01T00:00:00Z"), {}], schedules={"report": None})
    assert end.requests[-1]["StartDate"] == "2199-01-01T00:00:00Z"


def test_a_rate_goes_on_from_the_date_that_it_is_given() -> None:
    given = {"report": "2026-12-01T00:00:00Z"}
    end = over([found(StartDate="2026-11-02T00:00:00Z"), {}], schedules=given)
    assert end.requests[-1]["StartDate"] == "2026-12-01T00:00:00Z"


def test_what_is_gone_by_then_is_passed_over() -> None:
    end = over([Caught(GONE), found(), {}], schedules={"gone": None, "report": None})
    assert end.status == "SUCCEEDED"
    assert [request["Name"] for request in end.requests] == ["gone", "report", "report"]


def test_rules_and_pipes_are_resumed_by_name() -> None:
    end = over([{}, {}], schedules={}, rules=["a--report"], pipes=["a--order"])
    assert end.requests == [{"Name": "a--report"}, {"Name": "a--order"}]
    assert [item.states[-1] for item in end.items] == ["Enable rule", "Start pipe"]


def test_a_stack_without_events_calls_neither_eventbridge_nor_pipes() -> None:
    states = dispatcher(events=False)["States"]["Resume"]["ItemProcessor"]["States"]
    assert "Enable rule" not in states
    assert "Start pipe" not in states


def test_the_machine_is_valid() -> None:
    assert Linter.validate(dispatcher()) == []
