"""What a job's machine makes of each way in which a task can end."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statelint.linter import Linter

from definitions.job_array import JobArray
from definitions.job_machine import (
    SPOT_WAITS,
    Capacity,
    RetryBudgets,
    TaskPlacement,
    job_machine,
)
from tests.definitions.playing import Caught, End, play

TASK = "arn:aws:ecs:eu-west-1:123456789012:task/fargate-batch-dev/0123456789abcdef"
STREAM = "run/main/0123456789abcdef"
DONE = {"TaskArn": TASK}


def machine(**changed: Any) -> dict[str, Any]:
    given = {
        "job": "list-files",
        "command": ["python", "-m", "list_files"],
        "environment": {"LEVEL": "info"},
        "family": "family",
        "log_group": "/fargate-batch/dev/default",
        "cpu_units": None,
        "memory_mib": None,
        "timeout_seconds": 900,
        "retries": RetryBudgets(),
        "placement": TaskPlacement(
            cluster_arn="cluster",
            subnet_ids=("subnet-a", "subnet-b"),
            security_group_id="sg-1",
            assign_public_ip=False,
        ),
    }
    return job_machine(**(given | changed))


def ended(
    code: int | None = None,
    stop: str = "EssentialContainerExited",
    reason: str = "Essential container in task exited",
    container_reason: str | None = None,
) -> Caught:
    """A task that ran and ended badly, as ``.sync`` tells it: the task as JSON text."""
    container: dict[str, Any] = {"Name": "main"}
    if code is not None:
        container["ExitCode"] = code
    if container_reason:
        container["Reason"] = container_reason
    task = {
        "TaskArn": TASK,
        "StopCode": stop,
        "StoppedReason": reason,
        "StartedAt": 1,
        "Containers": [container],
    }
    return Caught("States.TaskFailed", json.dumps(task))


def not_started(reason: str) -> Caught:
    """As recorded from AWS: no StartedAt, and a container without exit code and reason."""
    return Caught(
        "States.TaskFailed",
        json.dumps(
            {
                "TaskArn": TASK,
                "StopCode": "TaskFailedToStart",
                "StoppedReason": reason,
                "Containers": [{"Name": "main"}],
            }
        ),
    )


def cause(end: End) -> dict[str, Any]:
    assert end.cause is not None
    return json.loads(end.cause)


def test_a_run_that_succeeds_makes_two_transitions_and_says_where_its_log_is() -> None:
    end = play(machine(), {}, [DONE])
    assert end.states == ["Prepare", "Run"]
    assert end.output == {
        "class": "succeeded",
        "exitCode": 0,
        "attempts": 1,
        "taskArn": TASK,
        "logGroup": "/fargate-batch/dev/default",
        "logStream": STREAM,
    }


def test_the_task_gets_its_command_and_is_told_which_run_and_attempt_it_is() -> None:
    (request,) = play(machine(), {"scheduledTime": "2026-11-22T03:30:00Z"}, [DONE]).requests
    assert request["TaskDefinition"] == "family"
    assert request["NetworkConfiguration"]["AwsvpcConfiguration"] == {
        "Subnets": ["subnet-a", "subnet-b"],
        "SecurityGroups": ["sg-1"],
        "AssignPublicIp": "DISABLED",
    }
    (override,) = request["Overrides"]["ContainerOverrides"]
    assert override["Command"] == ["python", "-m", "list_files"]
    assert {pair["Name"]: pair["Value"] for pair in override["Environment"]} == {
        "LEVEL": "info",
        "JOB_NAME": "list-files",
        "JOB_RUN_ID": "run-1",
        "JOB_SCHEDULED_TIME": "2026-11-22T03:30:00Z",
        "JOB_ATTEMPT": "1",
    }


def test_a_run_that_an_event_started_is_told_the_event() -> None:
    event = {"id": "e-1", "detail": {"key": 'a "b"\né', "size": 5}}
    (request,) = play(machine(), {"event": event, "eventId": "e-1"}, [DONE]).requests
    (override,) = request["Overrides"]["ContainerOverrides"]
    told = {pair["Name"]: pair["Value"] for pair in override["Environment"]}
    assert json.loads(told["JOB_EVENT"]) == event
    assert told["JOB_EVENT_ID"] == "e-1"


def test_a_task_keeps_its_containers_size_unless_job_or_run_says_another() -> None:
    def overrides(cpu_units: int | None, memory_mib: int | None, given: Any) -> dict[str, Any]:
        made = machine(cpu_units=cpu_units, memory_mib=memory_mib)
        return play(made, given, [DONE]).requests[0]["Overrides"]

    plain = overrides(None, None, {})
    assert set(plain) == {"ContainerOverrides"}, "a new container size must not touch the jobs"
    assert overrides(512, 1024, {})["Cpu"] == "512"
    assert overrides(512, 1024, {})["Memory"] == "1024"
    assert overrides(512, 1024, {"cpuUnits": 2048, "memoryMib": 4096})["Cpu"] == "2048"


def test_a_run_may_bring_its_own_command_environment_and_task_definition() -> None:
    given = {
        "command": ["true"],
        "environment": {"LEVEL": "debug", "LIMIT": 5},
        "taskDefinition": "family:7",
    }
    (request,) = play(machine(), given, [DONE]).requests
    (override,) = request["Overrides"]["ContainerOverrides"]
    environment = {pair["Name"]: pair["Value"] for pair in override["Environment"]}
    assert request["TaskDefinition"] == "family:7"
    assert override["Command"] == ["true"]
    assert environment["LEVEL"] == "debug"
    assert environment["LIMIT"] == "5", "ECS refuses a value that is not text"


def test_a_command_keeps_its_spaces() -> None:
    spaced = ["sh", "-c", "echo 'a  b   c'\n\techo"]
    (request,) = play(machine(command=spaced), {}, [DONE]).requests
    assert request["Overrides"]["ContainerOverrides"][0]["Command"] == spaced


@pytest.mark.parametrize("given", [{}, [], "text", None, 3], ids=repr)
def test_missing_input_never_breaks_a_run(given: Any) -> None:
    end = play(machine(environment={}), given, [DONE])
    assert end.status == "SUCCEEDED"
    (override,) = end.requests[0]["Overrides"]["ContainerOverrides"]
    environment = {pair["Name"]: pair["Value"] for pair in override["Environment"]}
    assert environment["JOB_SCHEDULED_TIME"] == "2026-11-22T03:30:05.120Z", "when it was started"


CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different zone"
ENDINGS = [
    # what RunTask or the task said, error, class, budget that it uses
    (Caught("ECS.AmazonECSException", CAPACITY), "JobNotStarted", "not started", "start"),
    (Caught("AmazonECS.Unknown", CAPACITY), "JobNotStarted", "not started", "start"),
    (Caught("ECS.ServerException", "try again"), "JobNotStarted", "not started", "start"),
    (Caught("ECS.ThrottlingException", "Rate exceeded"), "JobNotStarted", "not started", "start"),
    (not_started("RESOURCE:ENI: network interface limit"), "JobNotStarted", "not started", "start"),
    (not_started(CAPACITY), "JobNotStarted", "not started", "start"),
    (
        not_started("Timeout waiting for network interface provisioning to complete."),
        "JobNotStarted",
        "not started",
        "start",
    ),
    (not_started("CannotPullContainerError: not found"), "JobNotStarted", "not started", None),
    (
        not_started("ResourceInitializationError: unable to pull secrets or registry auth"),
        "JobNotStarted",
        "not started",
        None,
    ),
    (
        Caught("ECS.AmazonECSException", "User is not authorized to perform: ecs:RunTask"),
        "JobNotStarted",
        "not started",
        None,
    ),
    (Caught("ECS.AccessDeniedException", "no"), "JobNotStarted", "not started", None),
    (
        Caught("ECS.ClientException", "TaskDefinition is inactive"),
        "JobNotStarted",
        "not started",
        None,
    ),
    (ended(1), "JobFailed", "failed", "app"),
    (ended(137), "JobFailed", "failed", "app"),
    (
        ended(137, container_reason="OutOfMemoryError: Container killed due to memory usage"),
        "JobOutOfMemory",
        "out of memory",
        "memory",
    ),
    (ended(143, "SpotInterruption"), "JobNotStarted", "spot reclaimed", "spot"),
    (ended(143, "TerminationNotice"), "JobNotStarted", "spot reclaimed", "spot"),
    (Caught("States.Timeout"), "JobTimedOut", "timed out", "timeout"),
    (Caught("States.HeartbeatTimeout"), "JobTimedOut", "timed out", "timeout"),
    (ended(143, "UserInitiated", "Stopped by hand"), "JobStopped", "stopped", None),
]


@pytest.mark.parametrize(
    ("said", "error", "kind", "budget"), ENDINGS, ids=lambda said: str(said)[:60]
)
def test_each_failure_has_its_class_and_uses_only_its_own_budget(
    said: Caught, error: str, kind: str, budget: str | None
) -> None:
    one_each = RetryBudgets(app=(1,), start=(2,), memory=(3,), timeout=(4,))
    wait = {"app": 1, "start": 2, "memory": 3, "timeout": 4, "spot": 0}
    end = play(machine(retries=one_each), {}, [said, said])
    assert (end.error, cause(end)["class"]) == (error, kind)
    assert end.waits == ([wait[budget]] if budget else [])
    assert cause(end)["attempts"] == 1 + len(end.waits)


def test_a_failure_says_exit_code_reason_and_where_the_log_is() -> None:
    end = play(machine(), {}, [ended(3)])
    assert cause(end) == {
        "class": "failed",
        "exitCode": 3,
        "stopCode": "EssentialContainerExited",
        "reason": "Essential container in task exited",
        "attempts": 1,
        "taskArn": TASK,
        "logGroup": "/fargate-batch/dev/default",
        "logStream": STREAM,
    }


def test_a_task_that_never_started_has_no_log_stream_to_point_at() -> None:
    end = play(machine(), {}, [not_started("CannotPullContainerError: not found")])
    assert "logStream" not in cause(end)
    assert cause(end)["reason"] == "CannotPullContainerError: not found"


def test_a_timeout_says_how_long_it_waited_though_aws_says_nothing() -> None:
    assert cause(play(machine(), {}, [Caught("States.Timeout")]))["reason"] == "no end within 900 s"


def test_a_long_reason_is_cut_because_messages_have_limits() -> None:
    assert len(cause(play(machine(), {}, [not_started("x" * 5000)]))["reason"]) == 1000


def test_only_listed_exit_codes_are_tried_again() -> None:
    picky = machine(retries=RetryBudgets(app=(60, 60), exit_codes=(75,)))
    assert play(picky, {}, [ended(1)]).waits == []
    assert play(picky, {}, [ended(75), ended(1)]).waits == [60]


def test_a_capacity_failure_that_heals_ends_in_success() -> None:
    end = play(machine(), {}, [Caught("ECS.AmazonECSException", CAPACITY), DONE])
    assert (end.status, end.waits, end.output["attempts"]) == ("SUCCEEDED", [30], 2)


failures = st.sampled_from([said for said, *_ in ENDINGS])
waits = st.lists(st.integers(0, 86_400), max_size=4).map(tuple)


@settings(max_examples=25)  # each plays a whole run
@given(st.lists(failures, min_size=30, max_size=30), waits, waits, waits, waits)
def test_whatever_goes_wrong_no_budget_is_overdrawn_and_the_run_ends(
    said: list[Caught],
    app: tuple[int, ...],
    start: tuple[int, ...],
    memory: tuple[int, ...],
    timeout: tuple[int, ...],
) -> None:
    budgets = RetryBudgets(app=app, start=start, memory=memory, timeout=timeout)
    end = play(machine(retries=budgets), {}, list(said))
    assert end.status == "FAILED"
    assert len(end.waits) <= len(app + start + memory + timeout) + 1
    assert cause(end)["attempts"] == len(end.waits) + 1
    allowed = [*app, *start, *memory, *timeout, 0]
    for wait in end.waits:
        allowed.remove(wait)


def test_people_may_open_a_shell_only_where_it_was_asked_for() -> None:
    assert "EnableExecuteCommand" not in machine()["States"]["Run"]["Arguments"]
    assert machine(debug=True)["States"]["Run"]["Arguments"]["EnableExecuteCommand"] is True


def test_statelint_accepts_the_machine_but_for_the_expression_it_does_not_know() -> None:
    (complaint,) = Linter.validate(machine())
    assert "Wait.Seconds" in complaint, "3.1 wants a number there"
    assert "should be an Integer" in complaint


# -- Spot

RECLAIMED = ended(143, "SpotInterruption", "Your Spot Task was interrupted.")


def on(capacity: Capacity, **retries: Any) -> dict[str, Any]:
    budgets = RetryBudgets(spot=SPOT_WAITS[capacity], **retries)
    return machine(capacity=capacity, retries=budgets)


def launch_types(end: End) -> list[str]:
    return [request.get("LaunchType", "of the cluster") for request in end.requests]


def test_a_job_on_demand_says_so_although_the_cluster_may_prefer_spot() -> None:
    assert launch_types(play(on("onDemand"), {}, [DONE])) == ["FARGATE"]


def test_a_job_on_spot_leaves_it_to_the_cluster_and_goes_on_there() -> None:
    end = play(on("spot"), {}, [RECLAIMED, RECLAIMED, DONE])
    assert (end.status, end.waits) == ("SUCCEEDED", [0, 0])
    assert launch_types(end) == ["of the cluster"] * 3


def test_a_job_on_spot_is_taken_back_only_so_often() -> None:
    end = play(on("spot"), {}, [RECLAIMED] * 9)
    assert (end.error, cause(end)["class"]) == ("JobNotStarted", "spot reclaimed")
    assert cause(end)["attempts"] == 6


def test_a_job_on_spot_waits_for_capacity_as_any_other() -> None:
    end = play(on("spot"), {}, [Caught("ECS.AmazonECSException", CAPACITY), DONE])
    assert end.waits == [30]


@pytest.mark.parametrize(
    "said", [RECLAIMED, Caught("ECS.AmazonECSException", CAPACITY), not_started(CAPACITY)], ids=str
)
def test_a_job_leaves_spot_at_once_when_it_is_taken_back_or_there_is_none(said: Caught) -> None:
    end = play(on("spotThenOnDemand", app=(60,)), {}, [said, ended(1), DONE])
    assert (end.status, end.waits) == ("SUCCEEDED", [0, 60])
    assert launch_types(end) == ["of the cluster", "FARGATE", "FARGATE"], "and stays on demand"


def test_a_job_that_fails_on_spot_is_tried_again_there() -> None:
    end = play(on("spotThenOnDemand", app=(60,)), {}, [ended(1), DONE])
    assert launch_types(end) == ["of the cluster"] * 2


def test_without_capacity_on_demand_either_a_job_waits_for_it() -> None:
    none = Caught("ECS.AmazonECSException", CAPACITY)
    end = play(on("spotThenOnDemand"), {}, [none, none, DONE])
    assert end.waits == [0, 30]
    assert end.output["attempts"] == 3


# -- progress by token


def told(**retries: Any) -> dict[str, Any]:
    return machine(
        heartbeat_seconds=300, retries=RetryBudgets(heartbeat=(), **retries), family="a/family:7"
    )


def task_of(run: str = "run-1", attempt: str = "1") -> dict[str, Any]:
    environment = [
        {"Name": "JOB_RUN_ID", "Value": run},
        {"Name": "JOB_ATTEMPT", "Value": attempt},
    ]
    return {
        "TaskArn": f"{TASK}-{run}",
        "StartedAt": "2026-11-22T03:31:00Z",
        "Overrides": {"ContainerOverrides": [{"Name": "main", "Environment": environment}]},
    }


def test_a_program_that_tells_of_itself_gets_a_token_and_says_how_it_ended() -> None:
    made = told()
    assert made["States"]["Run"]["Resource"].endswith(":ecs:runTask.waitForTaskToken")
    assert made["States"]["Run"]["HeartbeatSeconds"] == 300
    end = play(made, {}, [{"taskArn": TASK}])
    assert end.states == ["Prepare", "Run"]
    (override,) = end.requests[0]["Overrides"]["ContainerOverrides"]
    assert {"Name": "JOB_TASK_TOKEN", "Value": "token"} in override["Environment"]
    assert (end.output["class"], end.output["logStream"]) == ("succeeded", STREAM)


@pytest.mark.parametrize("said", [{}, "done", None, [1]], ids=repr)
def test_whatever_the_program_answers_is_a_success(said: Any) -> None:
    end = play(told(), {}, [said])
    assert end.status == "SUCCEEDED"
    assert "logStream" not in end.output


def test_a_program_says_itself_why_it_failed() -> None:
    words = {"exitCode": 3, "reason": "No such bucket", "taskArn": TASK}
    end = play(told(app=(60,)), {}, [Caught("JobFailed", json.dumps(words))] * 2)
    assert (end.error, end.waits) == ("JobFailed", [60])
    assert cause(end) == {
        "class": "failed",
        "exitCode": 3,
        "stopCode": "EssentialContainerExited",
        "reason": "No such bucket",
        "attempts": 2,
        "taskArn": TASK,
        "logGroup": "/fargate-batch/dev/default",
        "logStream": STREAM,
    }


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Caught("Oops", "it broke"), "it broke"),
        (Caught("Oops"), "The program gave no reason"),
        (Caught("Oops", "{}"), "The program gave no reason"),
        (Caught(None, None), "The program gave no reason"),  # pyright: ignore[reportArgumentType] - as recorded
    ],
    ids=str,
)
def test_other_words_of_a_program_are_a_failure_too(said: Caught, reason: str) -> None:
    end = play(told(), {}, [said])
    assert (end.error, cause(end)["class"], cause(end)["reason"]) == ("JobFailed", "failed", reason)


@pytest.mark.parametrize("error", ["States.Timeout", "States.HeartbeatTimeout"])
def test_a_silent_task_is_found_and_stopped(error: str) -> None:
    others = [task_of("run-2"), task_of(attempt="2")]
    found = {"Tasks": [*others, task_of()]}
    end = play(told(), {}, [Caught(error, "", 400), {"TaskArns": ["a", "b", "c"]}, found, {}])
    assert end.states[2:] == ["Tasks", "Which?", "Found?", "Stop task", "Again?", "Failed"]
    assert end.requests[1]["Family"] == "family"
    assert end.requests[-1]["Task"] == f"{TASK}-run-1"
    assert end.error == "JobHeartbeatLost"
    said = cause(end)
    assert (said["class"], said["reason"]) == ("heartbeat lost", "no heartbeat in time")
    assert said["logStream"] == f"{STREAM}-run-1"


@pytest.mark.parametrize(
    "found",
    [
        [{"TaskArns": []}, Caught("Ecs.InvalidParameterException", "Tasks cannot be empty.")],
        [{"TaskArns": ["a"]}, {"Tasks": [task_of("run-2")]}],
        [Caught("Ecs.AccessDeniedException", "no")],
    ],
    ids=["none", "another", "denied"],
)
def test_a_silent_task_that_is_not_found_is_told_of_all_the_same(found: list[Any]) -> None:
    end = play(told(), {}, [Caught("States.Timeout", "", 400), *found])
    assert end.error == "JobHeartbeatLost"
    assert "logStream" not in cause(end)


def test_a_task_that_tells_of_itself_for_too_long_is_stopped_too() -> None:
    found = [{"TaskArns": ["a"]}, {"Tasks": [task_of()]}, {}]
    end = play(told(), {}, [Caught("States.Timeout", "", 900), *found])
    assert (end.error, cause(end)["reason"]) == ("JobTimedOut", "no end within 900 s")
    assert end.states[-3:] == ["Stop task", "Again?", "Failed"]


def test_a_lost_heartbeat_has_its_own_budget() -> None:
    again = machine(heartbeat_seconds=300, retries=RetryBudgets(heartbeat=(30,)))
    silent: list[Any] = [Caught("States.Timeout", "", 400), {"TaskArns": []}, {"Tasks": []}]
    end = play(again, {}, [*silent, DONE])
    assert (end.status, end.waits) == ("SUCCEEDED", [30])


def test_a_task_that_was_never_accepted_is_told_by_ecs() -> None:
    end = play(told(start=()), {}, [Caught("ECS.AmazonECSException", CAPACITY)])
    assert (end.error, cause(end)["class"]) == ("JobNotStarted", "not started")


def test_progress_capacity_and_arrays_go_together() -> None:
    budgets = RetryBudgets(heartbeat=(0,), spot=(0,))
    made = machine(
        heartbeat_seconds=300,
        capacity="spotThenOnDemand",
        array=JobArray(size=2),
        retries=budgets,
    )
    none = Caught("ECS.AmazonECSException", CAPACITY)
    ours = task_of(attempt="2")
    ours["Overrides"]["ContainerOverrides"][0]["Environment"].append(
        {"Name": "JOB_ARRAY_INDEX", "Value": "1"}
    )
    silent = [Caught("States.Timeout", "", 400), {"TaskArns": ["a"]}, {"Tasks": [ours]}, {}]
    end = play(made, {}, [DONE, none, *silent, DONE])
    assert end.status == "SUCCEEDED"
    assert end.items[1].states.count("Run on demand") == 2
    assert end.requests[-2]["Task"] == ours["TaskArn"]
