import json
from typing import Any

import pulumi_aws as aws
import pytest

from components.activity_worker import ActivityWorker, ActivityWorkerArgs
from components.job_container import JobContainer, JobContainerArgs
from tests.components.naming import NAMES
from tests.components.test_fargate_batch_job import GIVEN, PLATFORM
from tests.components.test_job_container import GIVEN as CONTAINER
from tests.deploying import Deployment, deploy


def worker(**changed: Any) -> Deployment:
    def both() -> None:
        given: dict[str, Any] = {
            "platform": PLATFORM,
            "worker": "sum-files",
            "command": ["python", "-m", "sum_files"],
            "container": "default",
            "made": JobContainer("container", JobContainerArgs(**CONTAINER)),
            "timetable": GIVEN["timetable"],
        }
        ActivityWorker("worker", ActivityWorkerArgs(**(given | changed)))

    return deploy(both)


def mine(made: Deployment) -> list[str]:
    """Names of the worker's own resources, in the order in which they are made."""
    return [found.name for found in made.custom().values() if found.name.startswith("worker")]


def test_a_worker_is_an_activity_a_right_a_machine_and_a_schedule() -> None:
    assert sorted(mine(worker())) == [
        "worker-activity",
        "worker-machine",
        "worker-policy",
        "worker-schedule",
    ]


def test_the_machine_is_there_only_when_its_activity_and_the_right_to_it_are() -> None:
    made = mine(worker())
    assert made.index("worker-machine") > made.index("worker-activity")
    assert made.index("worker-machine") > made.index("worker-policy")


def test_the_machine_waits_for_the_activity_of_the_same_name() -> None:
    made = worker(heartbeat_seconds=120, tags={"team": "data"})
    assert made.one(aws.sfn.Activity).inputs["name"] == NAMES.chosen("sum-files")
    machine = made.one(aws.sfn.StateMachine).inputs
    assert machine["name"] == NAMES.chosen("sum-files")
    assert machine["roleArn"] == NAMES.role_arn(NAMES.of("runner"))
    assert machine["tags"] == {"worker": "sum-files", "team": "data"}
    _, work = json.loads(machine["definition"])["States"]["Both"]["Branches"]
    task = work["States"]["Work"]
    assert task["Resource"] == NAMES.activity_arn("sum-files")
    assert (task["TimeoutSeconds"], task["HeartbeatSeconds"]) == (3_600, 120)


def test_the_programs_of_its_container_may_fetch_tasks_of_its_activity_only() -> None:
    custom = worker().custom().values()
    (policy,) = (found.inputs for found in custom if found.name == "worker-policy")
    assert policy["role"] == NAMES.task_role("default")
    (fetch,) = json.loads(policy["policy"])["Statement"]
    assert fetch["Resource"] == NAMES.activity_arn("sum-files")


def test_the_schedule_hands_the_dispatcher_the_workers_container() -> None:
    target = worker(overlap="replace").one(aws.scheduler.Schedule).inputs["target"]
    assert json.loads(target["input"]) == {
        "job": "sum-files",
        "container": "default",
        "overlap": "replace",
        "scheduledTime": "<aws.scheduler.scheduled-time>",
        "input": {"notify": "failure"},
    }


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"timeout_seconds": 60}, "heartbeat_seconds: must be shorter than timeout_seconds"),
        ({"command": []}, "command: must name at least the program"),
    ],
)
def test_a_worker_that_cannot_be_is_refused(changed: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"platform": PLATFORM, "worker": "w", "command": ["true"]}
    with pytest.raises(ValueError, match=message):
        ActivityWorkerArgs(**{**given, "container": "default", "made": None, **changed})
