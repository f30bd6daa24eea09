import json
from typing import Any

import pulumi_aws as aws

from components.fargate_batch_job import FargateBatchJob, FargateBatchJobArgs
from components.flow_role import FlowRole, FlowRoleArgs
from components.job_flow import JobFlow, JobFlowArgs
from definitions.flow_machine import FlowStep
from definitions.timetable import Timetable
from tests.components.naming import NAMES
from tests.components.test_fargate_batch_job import GIVEN, PLATFORM
from tests.deploying import Deployment, deploy

STEPS = {
    "list-files": FlowStep(container="default"),
    "report": FlowStep(container="large", after=("list-files",)),
}


def flow(**changed: Any) -> Deployment:
    given: dict[str, Any] = {
        "platform": PLATFORM,
        "flow": "nightly",
        "steps": STEPS,
        "jobs": [],
        "role_arn": "arn:flows",
        "timetable": GIVEN["timetable"],
    }
    return deploy(lambda: JobFlow("flow", JobFlowArgs(**(given | changed))))


def test_a_flow_is_a_machine_and_a_schedule() -> None:
    assert [made.name for made in flow().custom().values()] == ["flow-machine", "flow-schedule"]
    assert [made.name for made in flow(timetable=Timetable()).custom().values()] == ["flow-machine"]


def test_the_machine_runs_the_jobs_in_the_flows_name_and_role() -> None:
    machine = flow(tags={"team": "data"}).one(aws.sfn.StateMachine).inputs
    assert machine["name"] == "fargate-batch-dev--nightly"
    assert (machine["type"], machine["roleArn"]) == ("STANDARD", "arn:flows")
    assert machine["tags"] == {"flow": "nightly", "team": "data"}
    states = json.loads(machine["definition"])["States"]
    assert states["report"]["Arguments"]["StateMachineArn"] == NAMES.machine_arn(
        NAMES.chosen("report")
    )


def test_the_schedule_has_the_dispatcher_hand_the_flow_every_task_definition() -> None:
    schedule = flow(notify="all", overlap="replace").one(aws.scheduler.Schedule)
    assert schedule.inputs["name"] == "nightly"
    assert json.loads(schedule.inputs["target"]["input"]) == {
        "job": "nightly",
        "flow": True,
        "overlap": "replace",
        "scheduledTime": "<aws.scheduler.scheduled-time>",
        "input": {"notify": "all"},
    }


def test_a_flow_is_made_after_its_jobs() -> None:
    def both() -> None:
        job = FargateBatchJob("job", PLATFORM, FargateBatchJobArgs(**GIVEN))
        role = FlowRole("flows", FlowRoleArgs(names=NAMES, tracing=False))
        args = JobFlowArgs(
            platform=PLATFORM, flow="nightly", steps=STEPS, jobs=[job], role_arn=role.arn
        )
        JobFlow("flow", args)

    made = [resource.name for resource in deploy(both).custom().values()]
    assert made.index("job-machine") < made.index("flow-machine")
    assert made.index("flows-policy") < made.index("flow-machine")
