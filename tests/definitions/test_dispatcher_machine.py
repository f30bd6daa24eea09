"""One trigger becomes at most one run."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from statelint.linter import Linter

from definitions.calendars import CalendarRules, calendar_tables
from definitions.dispatcher_machine import dispatcher_machine, skipped_machine, trigger
from tests.definitions.playing import CONTEXT, Caught, End, play

MACHINES = "arn:aws:states:eu-west-1:123456789012:stateMachine:fargate-batch-dev--"
SKIPPED = "arn:aws:states:eu-west-1:123456789012:stateMachine:fargate-batch-dev-skipped"
DEFINITIONS = {"default": "task-definition:7", "large": "task-definition:9"}
STARTED = {"ExecutionArn": "arn:of:run"}
AT = "2026-11-22T03:30:00Z"
NAME = "list-files-2026-11-22T033000Z"
EVENT = "17793124-05d4-b198-2fde-7ededc63b103"


def dispatcher(calendars: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return dispatcher_machine(
        job_machines_arn=MACHINES,
        task_definition_arns=DEFINITIONS,
        skipped_machine_arn=SKIPPED,
        schedule_group="fargate-batch-dev",
        calendars=calendars,
    )


def triggered(overlap: str, *, running: list[str], answers: list[Any] | None = None) -> End:
    """A schedule's trigger, while runs of these names are going."""
    given = trigger(
        job="list-files", container="default", overlap=overlap, notify="all", scheduled_time=AT
    )
    going = {"Executions": [{"Name": name, "ExecutionArn": f"arn:{name}"} for name in running]}
    listed = [] if overlap == "allow" else [going]
    return play(dispatcher(), given, [*listed, *(answers or [STARTED])])


def test_a_trigger_starts_the_jobs_machine_with_the_current_task_definition() -> None:
    end = triggered("allow", running=[])
    assert end.output == {
        "result": "started",
        "job": "list-files",
        "run": NAME,
        "execution": "arn:of:run",
    }
    assert end.requests[-1] == {
        "StateMachineArn": f"{MACHINES}list-files",
        "Name": NAME,
        "Input": {
            "taskDefinition": "task-definition:7",
            "scheduledTime": AT,
            "notify": "all",
            "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": CONTEXT["Execution"]["Id"],
        },
    }


def test_allow_asks_nothing_because_list_executions_is_throttled_early() -> None:
    assert triggered("allow", running=["older"]).states == ["Overlap?", "Start"]


def test_forbid_starts_when_nothing_is_going_and_skips_otherwise() -> None:
    assert triggered("forbid", running=[]).output["result"] == "started"
    skipped = triggered("forbid", running=["older"])
    assert skipped.status == "SUCCEEDED"
    assert skipped.output == {
        "result": "skipped",
        "job": "list-files",
        "run": NAME,
        "because": "an older run is still going: arn:older",
    }


def test_a_skipped_run_is_listed_under_the_name_that_it_would_have_had() -> None:
    end = triggered("forbid", running=["older"])
    assert end.requests[-1] == {
        "StateMachineArn": SKIPPED,
        "Name": NAME,
        "Input": {
            "job": "list-files",
            "scheduledTime": AT,
            "reason": "an older run is still going: arn:older",
        },
    }


CALENDARS = calendar_tables({"holidays": {"2026-11-22": "Fair"}}, ["UTC", "Asia/Tokyo"])
RULES = CalendarRules(skip_on=("holidays",))


def asking(zone: str, overlap: str, *answers: Any, **changes: Any) -> End:
    """A trigger of a job that asks a calendar."""
    given = trigger(
        job="list-files",
        container="default",
        overlap=overlap,
        scheduled_time=AT,
        calendar=RULES.in_trigger(zone),
    )
    return play(dispatcher(CALENDARS), {**given, **changes}, list(answers))


def test_a_run_on_a_day_that_a_calendar_leaves_out_is_skipped_and_listed() -> None:
    end = asking("UTC", "forbid", STARTED)
    because = "2026-11-22 is in holidays (Fair)"
    assert end.states == ["Overlap?", "Calendar?", "Record skipped", "Skipped"]
    assert (end.output["result"], end.output["because"]) == ("skipped", because)
    assert end.requests[-1]["StateMachineArn"] == SKIPPED
    assert end.requests[-1]["Name"] == NAME
    assert end.requests[-1]["Input"] == {
        "job": "list-files",
        "scheduledTime": AT,
        "reason": because,
    }


def test_the_day_is_that_of_the_time_which_the_run_was_scheduled_for() -> None:
    late = {"scheduledTime": "2026-11-22T15:00:00Z"}
    assert asking("Asia/Tokyo", "allow", STARTED).output["result"] == "skipped"
    end = asking("Asia/Tokyo", "allow", STARTED, **late)
    assert end.output["result"] == "started", "it is the 23rd in Tokyo"
    assert end.states == ["Overlap?", "Calendar?", "Start"]


def test_a_run_that_calendars_leave_is_still_subject_to_overlap() -> None:
    late = {"scheduledTime": "2026-11-24T15:00:00Z"}
    going = {"Executions": [{"Name": "older", "ExecutionArn": "arn:older"}]}
    end = asking("UTC", "forbid", going, STARTED, **late)
    assert end.output["because"] == "an older run is still going: arn:older"


def test_a_run_by_hand_asks_no_calendar() -> None:
    given = {"job": "list-files", "overlap": "allow", "calendar": RULES.in_trigger("UTC")}
    assert play(dispatcher(CALENDARS), given, [STARTED]).output["result"] == "started"


def test_a_plain_job_asks_no_calendar_in_a_stack_that_has_some() -> None:
    given = trigger(job="list-files", container="default", overlap="allow", scheduled_time=AT)
    assert play(dispatcher(CALENDARS), given, [STARTED]).states == ["Overlap?", "Start"]


def test_a_trigger_that_is_skipped_twice_is_listed_once() -> None:
    exists = Caught("StepFunctions.ExecutionAlreadyExistsException", "Execution Already Exists")
    end = triggered("forbid", running=["older"], answers=[exists])
    assert (end.status, end.output["result"]) == ("SUCCEEDED", "skipped")


def test_replace_stops_whatever_is_going_and_then_starts() -> None:
    end = triggered("replace", running=["older", "oldest"], answers=[{}, {}, STARTED])
    assert end.states == ["Overlap?", "List", "Free?", "Stop older", "Stop", "Stop", "Start"]
    assert [(r["ExecutionArn"], r["Error"]) for r in end.requests[1:3]] == [
        ("arn:older", "JobReplaced"),
        ("arn:oldest", "JobReplaced"),
    ]
    assert end.output["result"] == "started"


@pytest.mark.parametrize("overlap", ["forbid", "replace"])
def test_a_twin_of_the_run_that_is_going_is_a_duplicate_and_stops_nothing(overlap: str) -> None:
    end = triggered(overlap, running=[NAME])
    assert end.output["result"] == "duplicate"
    assert len(end.requests) == 1, "only the question what is going"


@pytest.mark.parametrize("overlap", ["allow", "forbid", "replace"])
def test_a_twin_of_a_run_that_is_over_is_a_duplicate(overlap: str) -> None:
    exists = Caught("StepFunctions.ExecutionAlreadyExistsException", "Execution Already Exists")
    end = triggered(overlap, running=[], answers=[exists])
    assert (end.status, end.output["result"]) == ("SUCCEEDED", "duplicate")


def test_a_run_for_an_event_is_named_by_the_events_id_and_knows_it() -> None:
    given = trigger(job="list-files", container="default", overlap="allow", event_id=EVENT)
    (request,) = play(dispatcher(), given, [STARTED]).requests
    assert request["Name"] == f"list-files-{EVENT}"
    assert request["Input"]["eventId"] == EVENT


def test_the_id_of_an_event_is_never_cut() -> None:
    given = trigger(job="x" * 61, container="default", overlap="allow", event_id=EVENT)
    (request,) = play(dispatcher(), given, [STARTED]).requests
    assert request["Name"] == f"{'x' * 43}-{EVENT}"
    assert len(request["Name"]) == 80


def test_a_flow_gets_the_task_definitions_of_all_containers() -> None:
    given = trigger(job="nightly", container=None, overlap="allow", scheduled_time=AT)
    (request,) = play(dispatcher(), given, [STARTED]).requests
    assert request["StateMachineArn"] == f"{MACHINES}nightly"
    assert request["Input"]["taskDefinitions"] == DEFINITIONS
    assert "taskDefinition" not in request["Input"]


def test_two_deliveries_of_one_trigger_name_the_same_run() -> None:
    names = {triggered("allow", running=[]).requests[-1]["Name"] for _ in range(2)}
    assert names == {NAME}


def test_a_run_by_hand_needs_the_jobs_name_only() -> None:
    end = play(dispatcher(), {"job": "list-files"}, [{"Executions": []}, STARTED])
    request = end.requests[-1]
    assert request["Name"] == "manual-run-1", "the dispatcher's own execution has a unique name"
    assert set(request["Input"]) == {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"}
    assert end.states[:2] == ["Overlap?", "List"], "forbid is what nobody has to think about"


def test_a_run_by_hand_may_have_a_name_and_input_of_its_own() -> None:
    given = {"job": "list-files", "run": "again-1", "input": {"command": ["true"]}}
    end = play(dispatcher(), given, [{"Executions": []}, STARTED])
    assert end.requests[-1]["Name"] == "again-1"
    assert end.requests[-1]["Input"]["command"] == ["true"]


def test_a_runs_name_is_cut_to_what_aws_takes() -> None:
    end = play(dispatcher(), {"job": "a", "run": "x" * 200}, [{"Executions": []}, STARTED])
    assert len(end.requests[-1]["Name"]) == 80


def test_an_unknown_container_leaves_the_choice_to_the_jobs_machine() -> None:
    given = {"job": "list-files", "container": "gone", "overlap": "allow"}
    assert "taskDefinition" not in play(dispatcher(), given, [STARTED]).requests[-1]["Input"]


@pytest.mark.parametrize(("burst", "a_second"), [(200, 5), (100, 2)], ids=["large", "small"])
def test_the_retries_outlast_a_thousand_jobs_written_for_the_same_minute(
    burst: int, a_second: float
) -> None:
    """Play the quota of ListExecutions, by region, against the retrier's own numbers."""
    (retrier,) = dispatcher()["States"]["List"]["Retry"]
    chance, tokens, clock, served = random.Random(1), float(burst), 0.0, 0
    calls = [(0.0, n, 0) for n in range(1000)]
    while calls:
        calls.sort()
        at, who, tried = calls.pop(0)
        tokens = min(burst, tokens + (at - clock) * a_second)
        clock = at
        if tokens >= 1:
            tokens, served = tokens - 1, served + 1
        elif tried < retrier["MaxAttempts"]:
            longest = min(
                retrier["IntervalSeconds"] * retrier["BackoffRate"] ** tried,
                retrier["MaxDelaySeconds"],
            )
            calls.append((at + chance.uniform(0, longest), who, tried + 1))
    assert served == 1000
    assert clock < dispatcher()["TimeoutSeconds"]


def test_statelint_accepts_both_machines() -> None:
    assert Linter.validate(dispatcher()) == []
    assert Linter.validate(dispatcher(CALENDARS)) == []
    assert Linter.validate(skipped_machine()) == []
