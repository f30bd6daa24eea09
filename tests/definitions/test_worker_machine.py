"""A worker's machine: what the container and its task are given, and how a run ends in vain."""

import json
from typing import Any

import pytest
from statelint.linter import Linter

from definitions.job_machine import TaskPlacement
from definitions.worker_machine import worker_machine
from tests.definitions.playing import CONTEXT, evaluate
from tests.definitions.test_job_machine import machine as job

ACTIVITY = "arn:aws:states:eu-west-1:123456789012:activity:fargate-batch-dev--sum-files"
ENTERED = "2026-11-22T03:30:00.000Z"


def machine() -> dict[str, Any]:
    return worker_machine(
        worker="sum-files",
        activity_arn=ACTIVITY,
        command=["python", "-m", "sum_files"],
        environment={"LEVEL": "info"},
        family="family",
        log_group="/fargate-batch/dev/default",
        timeout_seconds=3_600,
        heartbeat_seconds=60,
        placement=TaskPlacement(
            cluster_arn="cluster",
            subnet_ids=("subnet-a",),
            security_group_ids=("sg-1",),
            assign_public_ip=False,
        ),
    )


def branches() -> tuple[dict[str, Any], dict[str, Any]]:
    container, work = machine()["States"]["Both"]["Branches"]
    return container, work


def test_the_container_is_started_as_a_jobs_is() -> None:
    container, _ = branches()
    assert container["StartAt"] == job()["StartAt"]
    assert container["States"].keys() == job()["States"].keys()


def test_the_container_knows_its_activity_and_how_long_it_may_be_silent() -> None:
    container, _ = branches()
    assigned = container["States"]["Prepare"]["Assign"]
    run = evaluate(assigned["run"], {"input": {}, "context": CONTEXT}, {})
    assert run["environment"]["JOB_ACTIVITY_ARN"] == ACTIVITY
    assert run["environment"]["JOB_HEARTBEAT_SECONDS"] == "60"
    assert run["environment"]["LEVEL"] == "info"


def test_a_program_that_fails_is_not_started_again_because_its_task_is_lost() -> None:
    container, _ = branches()
    waits = container["States"]["Prepare"]["Assign"]["waits"]
    assert waits["app"] == waits["timeout"] == waits["memory"] == []
    assert waits["start"], "a container that did not start has fetched nothing"


def test_the_activity_is_bounded_by_silence_and_by_time_and_the_container_by_more() -> None:
    container, work = branches()
    task = work["States"]["Work"]
    assert (task["Resource"], task["TimeoutSeconds"], task["HeartbeatSeconds"]) == (
        ACTIVITY,
        3_600,
        60,
    )
    whole = machine()["TimeoutSeconds"]
    assert 3_600 < container["States"]["Run"]["TimeoutSeconds"] < whole


def given_to_the_worker(run_input: Any) -> Any:
    _, work = branches()
    states = {"input": run_input, "context": CONTEXT}
    return evaluate(work["States"]["Work"]["Arguments"], states, {})


def test_the_worker_gets_what_the_run_was_started_with_but_not_what_is_about_the_run() -> None:
    at = "2026-11-22T03:30:00Z"
    run_input = {"bucket": "files", "scheduledTime": at, "notify": "all", "taskDefinition": "f:7"}
    assert given_to_the_worker(run_input) == {
        "bucket": "files",
        "job": "sum-files",
        "run": CONTEXT["Execution"]["Name"],
        "scheduledTime": at,
    }


def test_a_run_by_hand_gives_the_worker_the_time_at_which_it_began() -> None:
    given = given_to_the_worker("anything")
    assert given["scheduledTime"] == CONTEXT["Execution"]["StartTime"]


def told(error: str, cause: str | None, **variables: Any) -> tuple[str, dict[str, Any]]:
    """How the run fails when its task ends so: error, and cause as people read it."""
    _, work = branches()
    task = work["States"]["Work"]
    catch = next(one for one in task["Catch"] if {error, "States.ALL"} & set(one["ErrorEquals"]))
    context = {**CONTEXT, "State": {"EnteredTime": ENTERED}}
    states = {"context": context, "errorOutput": {"Error": error, "Cause": cause}}
    assigned = {**evaluate(catch["Assign"], states, {}), **variables}
    fail = work["States"][catch["Next"]]
    return evaluate(fail["Error"], states, assigned), json.loads(
        evaluate(fail["Cause"], states, assigned)
    )


@pytest.mark.parametrize("error", ["States.Timeout", "States.HeartbeatTimeout"])
def test_a_silent_worker_is_lost(error: str) -> None:
    assert told(error, "", late=False) == (
        "WorkerLost",
        {
            "class": "worker lost",
            "reason": "no heartbeat for 60 s",
            "logGroup": "/fargate-batch/dev/default",
        },
    )


def test_a_worker_that_lives_and_does_not_answer_is_timed_out() -> None:
    # The state was entered years ago by the clock of this test.
    error, cause = told("States.Timeout", "")
    assert (error, cause["class"]) == ("JobTimedOut", "timed out")
    assert cause["reason"] == "no answer within 3600 s"


@pytest.mark.parametrize(
    ("error", "cause", "reason"),
    [
        ("SumFilesFailed", "There is no bucket.", "SumFilesFailed: There is no bucket."),
        ("SumFilesFailed", None, "SumFilesFailed"),
        ("", "", "the worker gave no reason"),
    ],
)
def test_what_a_worker_says_is_the_reason_of_the_run(
    error: str, cause: str | None, reason: str
) -> None:
    name, said = told(error, cause)
    assert (name, said["class"], said["reason"]) == ("JobFailed", "failed", reason)


def test_the_answer_is_part_of_the_result() -> None:
    output = machine()["States"]["Both"]["Output"]
    results = [{"class": "succeeded", "exitCode": 0}, {"files": 3}]
    assert evaluate(output, {"result": results}, {}) == {
        "class": "succeeded",
        "exitCode": 0,
        "result": {"files": 3},
    }


def test_statelint_finds_no_fault_but_the_wait_that_a_job_has_too() -> None:
    complaints = Linter.validate(machine())
    assert [complaint for complaint in complaints if ".Wait." not in complaint] == []
