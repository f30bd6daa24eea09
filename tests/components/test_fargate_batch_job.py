import json
from typing import Any

import pulumi_aws as aws
import pytest

from components.fargate_batch_job import FargateBatchJob, FargateBatchJobArgs, JobPlatform
from definitions.calendars import CalendarRules
from definitions.job_machine import TaskPlacement
from tests.components.naming import NAMES
from tests.deploying import Deployment, deploy

PLATFORM = JobPlatform(
    names=NAMES,
    placement=TaskPlacement(
        cluster_arn="arn:cluster",
        subnet_ids=("subnet-a",),
        security_group_ids=("sg-1",),
        assign_public_ip=True,
    ),
    scheduler_role_arn="arn:scheduler",
    tracing=False,
)
GIVEN: dict[str, Any] = {
    "platform": PLATFORM,
    "job": "list-files",
    "command": ["python", "-m", "list_files"],
    "schedule": "cron(30 * * * ? *)",
}


def job(**changed: Any) -> Deployment:
    return deploy(lambda: FargateBatchJob("job", FargateBatchJobArgs(**(GIVEN | changed))))


def test_a_job_is_two_aws_resources() -> None:
    assert [made.name for made in job().custom().values()] == ["job-machine", "job-schedule"]


def test_a_job_without_schedule_is_only_started_by_hand() -> None:
    assert [made.name for made in job(schedule=None).custom().values()] == ["job-machine"]


def test_the_machine_is_standard_logs_errors_and_carries_the_jobs_name() -> None:
    machine = job(tags={"team": "data"}).one(aws.sfn.StateMachine).inputs
    assert machine["name"] == "fargate-batch-dev--list-files"
    assert machine["type"] == "STANDARD", "only those have status events and redrive"
    assert machine["roleArn"] == "arn:aws:iam::123456789012:role/fargate-batch-dev-runner"
    assert machine["loggingConfiguration"] == {
        "level": "ERROR",
        "includeExecutionData": False,
        "logDestination": "arn:aws:logs:ap-northeast-1:123456789012:log-group:"
        "/aws/vendedlogs/states/fargate-batch-dev:*",
    }
    assert machine["tracingConfiguration"] == {"enabled": False}
    assert machine["tags"] == {"job": "list-files", "team": "data"}


def test_the_machine_runs_the_jobs_command_where_the_stack_says() -> None:
    definition = json.loads(job().one(aws.sfn.StateMachine).inputs["definition"])
    run = definition["States"]["Run"]
    assert run["Arguments"]["Cluster"] == "arn:cluster"
    assert run["Arguments"]["NetworkConfiguration"]["AwsvpcConfiguration"] == {
        "Subnets": ["subnet-a"],
        "SecurityGroups": ["sg-1"],
        "AssignPublicIp": "ENABLED",
    }
    assert run["TimeoutSeconds"] == 3600
    assert (
        "task-definition/fargate-batch-dev--default"
        in definition["States"]["Prepare"]["Assign"]["run"]
    )


def test_the_schedule_fires_the_dispatcher_in_the_jobs_time_zone() -> None:
    made = job(timezone="Asia/Tokyo").one(aws.scheduler.Schedule).inputs
    assert (made["name"], made["groupName"]) == ("list-files", "fargate-batch-dev")
    assert made["scheduleExpression"] == "cron(30 * * * ? *)"
    assert made["scheduleExpressionTimezone"] == "Asia/Tokyo"
    assert made["state"] == "ENABLED"
    assert made["flexibleTimeWindow"] == {"mode": "OFF"}
    assert made["target"]["arn"] == NAMES.machine_arn("fargate-batch-dev-dispatcher")
    assert made["target"]["roleArn"] == "arn:scheduler"


def test_the_trigger_carries_what_the_dispatcher_needs() -> None:
    made = job(container="large", overlap="replace", notify="all").one(aws.scheduler.Schedule)
    assert json.loads(made.inputs["target"]["input"]) == {
        "job": "list-files",
        "container": "large",
        "overlap": "replace",
        "scheduledTime": "<aws.scheduler.scheduled-time>",
        "input": {"notify": "all"},
    }


def test_a_trigger_carries_the_jobs_calendars_and_its_zone() -> None:
    rules = CalendarRules(skip_on=("jp-holidays",), business_days=True)
    made = job(timezone="Asia/Tokyo", calendar_rules=rules).one(aws.scheduler.Schedule)
    assert json.loads(made.inputs["target"]["input"])["calendar"] == {
        "zone": "Asia/Tokyo",
        "skipOn": ["jp-holidays"],
        "businessDays": True,
    }


def test_a_late_trigger_is_given_up_at_the_deadline_and_kept() -> None:
    target = job(start_deadline_seconds=600).one(aws.scheduler.Schedule).inputs["target"]
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 600, "maximumRetryAttempts": 185}
    assert target["deadLetterConfig"] == {"arn": NAMES.dead_letter_queue_arn}


def test_a_job_that_is_not_enabled_keeps_its_schedule_without_firing() -> None:
    assert job(enabled=False).one(aws.scheduler.Schedule).inputs["state"] == "DISABLED"


def test_nothing_fires_before_the_machine_exists() -> None:
    made = job()
    machine = made.one(aws.sfn.StateMachine)
    assert machine.urn in made.one(aws.scheduler.Schedule).request.dependencies


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"schedule": "cron(0 3 * * *)"}, "add the year"),
        ({"cpu_units": 256, "memory_mib": 4096}, "4096"),
        ({"command": []}, "command: must name"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_registered(
    changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FargateBatchJobArgs(**(GIVEN | changed))
