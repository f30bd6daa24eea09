"""A run that has not succeeded in time is told of, and one that takes too long."""

import json
from typing import Any

import pytest
from statelint.linter import Linter

from definitions.calendars import CalendarRules, calendar_tables
from definitions.names import Names
from definitions.watcher_machine import watch, watcher_machine
from tests.definitions.playing import Caught, End, play

NAMES = Names(project="fargate-batch", stack="dev", region="eu-west-1", account="123456789012")
DUE = "2026-11-22T18:30:00Z"
RUN = "nightly-2026-11-22T183000Z"
EXECUTION = f"arn:aws:states:eu-west-1:123456789012:execution:fargate-batch-dev--nightly:{RUN}"
ENABLED = {"State": "ENABLED"}
PAUSED = {"State": "DISABLED"}
NO_SCHEDULE = Caught("Scheduler.ResourceNotFoundException")
NO_RUN = Caught("Sfn.ExecutionDoesNotExistException")
NO_SUCCESS: dict[str, Any] = {"Executions": []}
NO_LETTERS: dict[str, Any] = {}
TOLD = {"ExecutionArn": "arn:aws:states:eu-west-1:1:execution:notifier:told"}
FAILED = {
    "Status": "FAILED",
    "Cause": json.dumps({"class": "failed", "exitCode": 3, "reason": "Essential container"}),
}


def machine() -> dict[str, Any]:
    days = {"holidays": {"2026-11-23": "Labour Thanksgiving Day"}}
    return watcher_machine(
        names=NAMES,
        dead_letter_queue_url="https://queue",
        calendars=calendar_tables(days, ["Asia/Tokyo"]),
    )


def watched(*answers: Any, **more: Any) -> End:
    """What the watcher does of the run due at half past three in Tokyo."""
    asked: dict[str, Any] = {
        "job": "nightly",
        "schedule": "nightly",
        "scheduled_time": DUE,
        "zone": "Asia/Tokyo",
        "within_seconds": 7_200,
        "every_seconds": None,
        "calendar": None,
        "notify": "failure",
    }
    return play(machine(), watch(**asked | more), list(answers))


def news(end: End) -> dict[str, Any]:
    assert end.output == {"told": "told"}
    detail: dict[str, Any] = end.requests[-1]["Input"]["detail"]
    return detail


def succeeded(at: str) -> dict[str, Any]:
    return {"Executions": [{"StopDate": at}]}


def test_a_run_that_succeeds_in_time_is_not_told_of() -> None:
    end = watched(ENABLED, succeeded("2026-11-22T19:00:00.120Z"))
    assert (end.status, end.output) == ("SUCCEEDED", {"quiet": "a run has succeeded"})
    assert end.waits == ["2026-11-22T20:30:00.000Z"], "two hours after it was due"
    assert end.requests[-1]["StatusFilter"] == "SUCCEEDED"


def test_a_success_from_before_does_not_count() -> None:
    end = watched(ENABLED, succeeded("2026-11-22T18:29:59.999Z"), ENABLED, FAILED, TOLD)
    assert end.output == {"told": "told"}


def test_the_news_says_which_run_is_missing_on_the_clocks_of_the_jobs_zone() -> None:
    assert news(watched(ENABLED, NO_SUCCESS, ENABLED, FAILED, TOLD)) == {
        "job": "nightly",
        "run": RUN,
        "executionArn": EXECUTION,
        "scheduledTime": DUE,
        "due": "2026-11-23 03:30 Asia/Tokyo",
        "withinSeconds": 7_200,
        "because": "failed, exit code 3: Essential container",
        "notify": "failure",
    }


@pytest.mark.parametrize(
    ("run", "because"),
    [
        ({"Status": "ABORTED"}, "stopped"),
        ({"Status": "TIMED_OUT"}, "timed out"),
        ({"Status": "FAILED", "Cause": "States.Runtime"}, "failed"),
        (
            {"Status": "RUNNING", "StartDate": "2026-11-22T18:30:07.345Z"},
            "still running, since 2026-11-22T18:30:07Z",
        ),
    ],
)
def test_the_news_says_what_became_of_the_run(run: dict[str, Any], because: str) -> None:
    assert news(watched(ENABLED, NO_SUCCESS, ENABLED, run, TOLD))["because"] == because


def test_a_run_that_has_just_succeeded_is_not_told_of() -> None:
    end = watched(ENABLED, NO_SUCCESS, ENABLED, {"Status": "SUCCEEDED"})
    assert end.output == {"quiet": "the run has succeeded"}


def test_a_run_that_was_skipped_is_told_of_with_the_reason() -> None:
    skipped = {"Input": json.dumps({"reason": "an older run is still going"})}
    end = watched(ENABLED, NO_SUCCESS, ENABLED, NO_RUN, skipped, TOLD)
    assert news(end)["because"] == "skipped: an older run is still going"
    assert end.requests[-2]["ExecutionArn"].endswith(f":fargate-batch-dev-skipped:{RUN}")
    assert "executionArn" not in news(end)


def letter(scheduled: str = DUE, job: str = "nightly") -> dict[str, Any]:
    why = {"ERROR_MESSAGE": {"StringValue": "is not authorized"}}
    body = json.dumps({"job": job, "scheduledTime": scheduled})
    return {"Body": body, "MessageAttributes": why}


@pytest.mark.parametrize(
    ("messages", "because"),
    [
        ([], "never started"),
        ([letter()], "never started: its trigger is in the dead letters (is not authorized)"),
        ([letter("2026-11-21T18:30:00Z"), letter(job="other")], "never started"),
        (
            [{"Body": "no JSON"}, {"Body": '{"detail": {}}'}, letter()],
            "never started: its trigger is in the dead letters (is not authorized)",
        ),
    ],
)
def test_a_run_that_never_was_is_looked_for_in_the_dead_letters(
    messages: list[Any], because: str
) -> None:
    letters = {"Messages": messages} if messages else NO_LETTERS
    end = watched(ENABLED, NO_SUCCESS, ENABLED, NO_RUN, NO_RUN, letters, TOLD)
    assert news(end)["because"] == because
    assert end.requests[-2]["VisibilityTimeout"] == 0, "they stay for whoever reads them next"


def test_dead_letters_that_cannot_be_read_do_not_keep_the_news_back() -> None:
    denied = Caught("Sqs.SqsException", "denied")
    end = watched(ENABLED, NO_SUCCESS, ENABLED, NO_RUN, NO_RUN, denied, TOLD)
    assert news(end)["because"] == "never started"


def test_a_schedule_that_is_gone_is_told_of() -> None:
    end = watched(NO_SCHEDULE, NO_SUCCESS, NO_SCHEDULE, NO_RUN, NO_RUN, NO_LETTERS, TOLD)
    assert news(end)["because"] == "never started: its schedule nightly is gone"


def test_nothing_is_told_of_a_job_that_is_gone() -> None:
    end = watched(NO_SCHEDULE, Caught("Sfn.StateMachineDoesNotExistException"))
    assert end.output == {"quiet": "the job is gone"}


def test_nothing_is_told_while_the_schedule_is_paused() -> None:
    at_once = watched(PAUSED)
    assert (at_once.output, at_once.waits) == ({"quiet": "the schedule is paused"}, [])
    assert watched(ENABLED, NO_SUCCESS, PAUSED).output == {"quiet": "the schedule is paused"}


def test_nothing_is_told_of_a_day_that_a_calendar_leaves_out() -> None:
    rules = CalendarRules(skip_on=("holidays",)).in_trigger("Asia/Tokyo")
    quiet = watched(calendar=rules)
    assert quiet.output == {"quiet": "2026-11-23 is in holidays (Labour Thanksgiving Day)"}
    assert quiet.requests == []
    day_before = watched(PAUSED, calendar=rules, scheduled_time="2026-11-21T18:30:00Z")
    assert day_before.output == {"quiet": "the schedule is paused"}


def test_a_rate_has_the_time_of_a_step_more() -> None:
    run = {"ExecutionArn": f"{EXECUTION}-5", "StartDate": "2026-11-22T18:34:00Z"}
    end = watched(
        ENABLED, NO_SUCCESS, ENABLED, {"Executions": [run]}, FAILED, TOLD, every_seconds=300
    )
    assert end.waits == ["2026-11-22T20:35:00.000Z"]
    assert news(end)["executionArn"] == f"{EXECUTION}-5", "the latest run that has begun since"
    assert news(end)["run"] == f"{RUN}-5"
    assert news(end)["withinSeconds"] == 7_500


def test_a_rate_that_has_not_fired_since_is_looked_for_in_the_dead_letters() -> None:
    before = {"ExecutionArn": "arn:before", "StartDate": "2026-11-22T18:29:00Z"}
    rest = [ENABLED, {"Executions": [before]}, NO_RUN, NO_RUN]
    letters = {"Messages": [letter("2026-11-22T18:33:00Z")]}
    end = watched(ENABLED, NO_SUCCESS, *rest, letters, TOLD, every_seconds=300)
    assert news(end)["because"].startswith("never started: its trigger is in the dead letters")


def test_a_watch_that_is_delivered_twice_tells_once() -> None:
    names = {
        watched(ENABLED, NO_SUCCESS, ENABLED, FAILED, TOLD).requests[-1]["Name"] for _ in range(2)
    }
    (name,) = names
    assert name.startswith("missing-nightly-2026-11-22T183000Z-")
    told = Caught("StepFunctions.ExecutionAlreadyExistsException")
    assert watched(ENABLED, NO_SUCCESS, ENABLED, FAILED, told).output == {"quiet": "told before"}


def test_names_of_news_differ_though_they_are_cut() -> None:
    names = [
        watched(ENABLED, NO_SUCCESS, ENABLED, FAILED, TOLD, schedule="n" * 60, **more).requests[-1][
            "Name"
        ]
        for more in ({}, {"scheduled_time": "2026-11-23T18:30:00Z"})
    ]
    assert [len(name) for name in names] == [80, 80]
    assert names[0] != names[1]


# -- a run that takes too long


def started(*answers: Any, given: Any = None, **more: Any) -> End:
    run_input = {"warnAfterSeconds": 1_800, "scheduledTime": DUE, "notify": "all"}
    detail: dict[str, Any] = {
        "executionArn": EXECUTION,
        "stateMachineArn": f"{NAMES.job_machines_arn}nightly",
        "name": RUN,
        "status": "RUNNING",
        "startDate": 1_795_372_200_000,  # 18:30
        "redriveDate": None,
        "input": json.dumps(run_input if given is None else given),
        **more,
    }
    return play(machine(), {"source": "aws.states", "detail": detail}, list(answers))


RUNS = {"Status": "RUNNING"}


def test_a_run_that_still_goes_after_its_time_is_told_of() -> None:
    end = started(RUNS, TOLD)
    assert end.waits == ["2026-11-22T19:00:00.000Z"]
    assert end.requests[-1]["Input"]["detail-type"] == "Run Late"
    assert news(end) == {
        "job": "nightly",
        "run": RUN,
        "executionArn": EXECUTION,
        "scheduledTime": DUE,
        "afterSeconds": 1_800,
        "notify": "all",
    }


def test_a_run_that_has_ended_by_then_is_not_told_of() -> None:
    assert started({"Status": "FAILED"}).output == {"quiet": "the run has ended"}
    assert started(NO_RUN).output == {"quiet": "the run is gone"}


def test_a_run_by_hand_may_ask_too() -> None:
    assert news(started(RUNS, TOLD, given={"warnAfterSeconds": 60}))["scheduledTime"] == "by hand"


def test_the_word_alone_somewhere_in_the_input_does_not_ask() -> None:
    given = {"environment": {"warnAfterSeconds": "1"}}
    assert started(given=given).output == {"quiet": "nobody asked"}


def test_a_redriven_run_has_its_time_again_but_is_told_of_once() -> None:
    first, again = started(RUNS, TOLD), started(RUNS, TOLD, redriveDate=1_795_400_000_000)
    assert again.waits == ["2026-11-23T02:43:20.000Z"]
    assert first.requests[-1]["Name"] == again.requests[-1]["Name"]
    assert first.requests[-1]["Name"].startswith(f"late-{RUN}-")


def test_the_linter_finds_nothing() -> None:
    found = list(Linter.validate(machine()))
    # It does not know that a Timestamp may be an expression ("Wait", Step Functions guide).
    assert [said for said in found if "Timestamp" not in said] == []
