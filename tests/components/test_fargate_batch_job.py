import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pulumi_aws as aws
import pytest

from components.fargate_batch_job import FargateBatchJob, FargateBatchJobArgs, JobPlatform
from definitions.job_machine import TaskPlacement
from definitions.timetable import Planned, Timetable
from tests.components.naming import NAMES
from tests.deploying import Deployment, deploy

PLATFORM = JobPlatform(
    names=NAMES,
    placement=TaskPlacement(
        cluster_arn="arn:cluster",
        subnet_ids=("subnet-a",),
        security_group_id="sg-1",
        assign_public_ip=True,
    ),
    scheduler_role_arn="arn:scheduler",
    tracing=False,
)
GIVEN: dict[str, Any] = {
    "job": "list-files",
    "command": ["python", "-m", "list_files"],
    "timetable": Timetable(schedules=(Planned(number=1, expression="cron(30 * * * ? *)"),)),
}


def job(platform: JobPlatform = PLATFORM, **changed: Any) -> Deployment:
    args = FargateBatchJobArgs(**(GIVEN | changed))
    return deploy(lambda: FargateBatchJob("job", platform, args))


def timed(**changed: Any) -> Deployment:
    """A job whose timetable has changed."""
    return job(timetable=replace(GIVEN["timetable"], **changed))


def keeping_pauses(**changed: Any) -> Deployment:
    """A job of a stack whose pauses stay."""
    timetable = replace(GIVEN["timetable"], **changed)
    return job(platform=replace(PLATFORM, keep_paused=True), timetable=timetable)


def test_a_job_is_two_aws_resources() -> None:
    assert [made.name for made in job().custom().values()] == ["job-machine", "job-schedule"]


def test_a_job_without_schedule_is_only_started_by_hand() -> None:
    assert [made.name for made in job(timetable=Timetable()).custom().values()] == ["job-machine"]


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
    made = timed(timezone="Asia/Tokyo").one(aws.scheduler.Schedule).inputs
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


def test_a_late_trigger_is_given_up_at_the_deadline_and_kept() -> None:
    target = timed(start_deadline_seconds=600).one(aws.scheduler.Schedule).inputs["target"]
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 600, "maximumRetryAttempts": 185}
    assert target["deadLetterConfig"] == {"arn": NAMES.dead_letter_queue_arn}


def test_a_job_that_is_not_enabled_keeps_its_schedule_without_firing() -> None:
    assert timed(enabled=False).one(aws.scheduler.Schedule).inputs["state"] == "DISABLED"


def test_each_schedule_of_a_job_hands_over_the_same_trigger_under_a_name_of_its_own() -> None:
    made = timed(
        schedules=(
            Planned(number=1, expression="cron(0 3 1 * ? *)"),
            Planned(number=3, expression="cron(0 3 ? * MON *)"),
        )
    ).all(aws.scheduler.Schedule)
    assert [(one.name, one.inputs["name"]) for one in made] == [
        ("job-schedule", "list-files"),
        ("job-schedule-3", "list-files--3"),
    ]
    first, second = (one.inputs for one in made)
    assert first["target"] == second["target"]
    assert second["scheduleExpression"] == "cron(0 3 ? * MON *)"


def test_dates_are_written_as_scheduler_takes_them() -> None:
    planned = Planned(
        number=1,
        expression="rate(1 day)",
        start=datetime(2026, 12, 1, 3, tzinfo=UTC),
        end=datetime(2027, 1, 31, 22, 59, 59, tzinfo=UTC),
    )
    made = timed(schedules=(planned,)).one(aws.scheduler.Schedule).inputs
    assert (made["startDate"], made["endDate"]) == ("2026-12-01T03:00:00Z", "2027-01-31T22:59:59Z")
    plain = job().one(aws.scheduler.Schedule).inputs
    assert not plain.keys() & {"startDate", "endDate"}


def test_a_window_lets_scheduler_choose_the_moment() -> None:
    made = timed(window_minutes=15).one(aws.scheduler.Schedule).inputs
    assert made["flexibleTimeWindow"] == {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15}


def test_a_pause_is_kept_by_leaving_the_state_to_people() -> None:
    assert keeping_pauses().one(aws.scheduler.Schedule).request.ignoreChanges == ["state"]
    assert job().one(aws.scheduler.Schedule).request.ignoreChanges == []


def test_where_pauses_are_kept_a_job_that_is_not_enabled_has_no_schedule() -> None:
    assert keeping_pauses(enabled=False).all(aws.scheduler.Schedule) == []


def test_a_run_that_has_to_succeed_in_time_has_a_second_schedule_for_the_watcher() -> None:
    rate = Planned(number=2, expression="rate(2 hours)")
    made = job(
        timetable=replace(
            GIVEN["timetable"],
            schedules=(*GIVEN["timetable"].schedules, rate),
            timezone="Asia/Tokyo",
            window_minutes=15,
        ),
        notify={"on": "all", "channels": ["data-team"]},
        expect_success_within_seconds=7_200,
    )
    watches = {each.name: each.inputs for each in made.all(aws.scheduler.Schedule)}
    assert list(watches) == [
        "job-schedule",
        "job-schedule-watch",
        "job-schedule-2",
        "job-schedule-2-watch",
    ]
    first, second = watches["job-schedule-watch"], watches["job-schedule-2-watch"]
    same = ("scheduleExpression", "scheduleExpressionTimezone", "groupName", "state")
    assert [first[key] for key in same] == [watches["job-schedule"][key] for key in same]
    assert first["name"] == "list-files--watch"
    assert first["flexibleTimeWindow"] == {"mode": "OFF"}, "it waits from the time itself"
    assert first["target"]["arn"].endswith(":stateMachine:fargate-batch-dev-watcher")
    assert json.loads(first["target"]["input"]) == {
        "watched": "list-files",
        "schedule": "list-files",
        "scheduledTime": "<aws.scheduler.scheduled-time>",
        "zone": "Asia/Tokyo",
        "withinSeconds": 7_200,
        "notify": {"on": "all", "channels": ["data-team"]},
    }
    given = json.loads(second["target"]["input"])
    assert (given["schedule"], given["everySeconds"]) == ("list-files--2", 7_200)


def test_a_watch_is_off_where_the_schedule_is() -> None:
    made = job(
        timetable=replace(GIVEN["timetable"], enabled=False), expect_success_within_seconds=600
    )
    assert {each.inputs["state"] for each in made.all(aws.scheduler.Schedule)} == {"DISABLED"}


def test_a_run_carries_the_time_after_which_people_are_warned() -> None:
    schedule = job(warn_after_seconds=1_800).one(aws.scheduler.Schedule).inputs
    assert json.loads(schedule["target"]["input"])["input"] == {
        "notify": "failure",
        "warnAfterSeconds": 1_800,
    }


def test_nothing_fires_before_the_machine_exists() -> None:
    made = job()
    machine = made.one(aws.sfn.StateMachine)
    assert machine.urn in made.one(aws.scheduler.Schedule).request.dependencies


LISTENING = replace(PLATFORM, rule_role_arn="arn:rules", pipe_role_arn="arn:pipes")


def on_events(*, timetable: Timetable | None = None, **changed: Any) -> Deployment:
    """A job without a schedule."""
    return job(LISTENING, timetable=timetable or Timetable(), **changed)


def test_each_event_of_a_job_is_a_rule_that_hands_the_event_to_the_dispatcher() -> None:
    patterns = [{"source": ["aws.s3"]}, {"source": ["aws.ecs"]}]
    made = on_events(event_patterns=patterns, timetable=Timetable(start_deadline_seconds=600))
    first, second = made.all(aws.cloudwatch.EventRule)
    assert first.inputs["name"] == "fargate-batch-dev--list-files"
    assert second.inputs["name"] == "fargate-batch-dev--list-files--2"
    assert json.loads(second.inputs["eventPattern"]) == patterns[1]
    assert first.inputs["state"] == "ENABLED"
    target = made.all(aws.cloudwatch.EventTarget)[0].inputs
    assert target["arn"].endswith(":stateMachine:fargate-batch-dev-dispatcher")
    assert target["roleArn"] == "arn:rules"
    assert target["deadLetterConfig"] == {"arn": NAMES.dead_letter_queue_arn}
    assert target["retryPolicy"] == {
        "maximumEventAgeInSeconds": 600,
        "maximumRetryAttempts": 185,
    }
    assert target["inputTransformer"] == {
        "inputPaths": {"id": "$.id"},
        "inputTemplate": '{"job": "list-files", "container": "default", "overlap": "forbid", '
        '"input": {"notify": "failure", "event": <aws.events.event.json>}, "eventId": "<id>"}',
    }


def test_each_queue_of_a_job_is_a_pipe_to_the_dispatcher() -> None:
    first, second = on_events(queues=["orders", "refunds"]).all(aws.pipes.Pipe)
    assert first.inputs["name"] == "fargate-batch-dev--list-files"
    assert second.inputs["name"] == "fargate-batch-dev--list-files--2"
    assert first.inputs["source"] == NAMES.queue_arn("orders")
    assert first.inputs["target"].endswith(":stateMachine:fargate-batch-dev-dispatcher")
    assert first.inputs["roleArn"] == "arn:pipes"
    assert first.inputs["desiredState"] == "RUNNING"
    assert first.inputs["sourceParameters"] == {"sqsQueueParameters": {"batchSize": 1}}
    assert first.inputs["targetParameters"] == {
        "stepFunctionStateMachineParameters": {"invocationType": "FIRE_AND_FORGET"}
    }


def test_a_job_that_is_not_enabled_hears_nothing_and_leaves_messages_where_they_are() -> None:
    off = Timetable(enabled=False)
    made = on_events(event_patterns=[{"source": ["a"]}], queues=["orders"], timetable=off)
    assert made.one(aws.cloudwatch.EventRule).inputs["state"] == "DISABLED"
    assert made.one(aws.pipes.Pipe).inputs["desiredState"] == "STOPPED"


def test_a_message_starts_what_a_schedule_starts() -> None:
    args = FargateBatchJobArgs(**GIVEN, overlap="replace", notify="all")
    assert args.trigger("then") == {**args.trigger(), "scheduledTime": "then"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cpu_units": 256, "memory_mib": 4096}, "4096"),
        ({"command": []}, "command: must name"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_registered(
    changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FargateBatchJobArgs(**(GIVEN | changed))
