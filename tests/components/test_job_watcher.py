"""What sees that a run is missing or late is made as far as somebody asks for it."""

import json
from typing import Any

import pulumi_aws as aws

from components.job_watcher import JobWatcher, JobWatcherArgs
from components.stack_dashboard import StackDashboard, StackDashboardArgs
from tests.components.naming import LOG_DESTINATION, NAMES
from tests.deploying import Deployment, deploy


def watcher(**changed: Any) -> Deployment:
    given: dict[str, Any] = {
        "names": NAMES,
        "missing": True,
        "late": True,
        "calendars": {"dates": {}, "offsets": {}},
        "dead_letter_queue_arn": "arn:queue",
        "dead_letter_queue_url": "https://queue",
        "execution_log_destination": LOG_DESTINATION,
        "alarm_topic_arn": "arn:failure",
        "tracing": False,
    }
    return deploy(lambda: JobWatcher("w", JobWatcherArgs(**(given | changed))))


def test_the_rule_hears_the_start_of_runs_that_carry_the_word() -> None:
    made = watcher()
    pattern = json.loads(made.one(aws.cloudwatch.EventRule).inputs["eventPattern"])
    assert pattern["detail"] == {
        "status": ["RUNNING"],
        "stateMachineArn": [
            {
                "prefix": "arn:aws:states:ap-northeast-1:123456789012:stateMachine:"
                "fargate-batch-dev--"
            }
        ],
        "input": [{"wildcard": '*"warnAfterSeconds"*'}],
    }
    target = made.one(aws.cloudwatch.EventTarget).inputs
    assert target["deadLetterConfig"] == {"arn": "arn:queue"}


def test_without_runs_that_may_be_late_there_is_no_rule() -> None:
    made = watcher(late=False)
    assert made.all(aws.cloudwatch.EventRule) == []
    assert len(made.all(aws.iam.Role)) == 1
    (alarm,) = (each.inputs for each in made.all(aws.cloudwatch.MetricAlarm))
    assert len(alarm["metricQueries"]) == 4, "a sum of three"


def test_a_watcher_of_late_runs_alone_looks_at_nothing_else() -> None:
    policies = [each.inputs["policy"] for each in watcher(missing=False).all(aws.iam.RolePolicy)]
    assert not any("scheduler:GetSchedule" in policy for policy in policies)


def test_a_watcher_that_fails_or_is_not_started_calls_somebody() -> None:
    alarm = watcher().one(aws.cloudwatch.MetricAlarm).inputs
    metrics = [term["metric"]["metricName"] for term in alarm["metricQueries"] if "metric" in term]
    assert metrics == [
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
        "FailedInvocations",
    ]
    assert alarm["alarmActions"] == ["arn:failure"]
    assert alarm["alarmDescription"].startswith("Look at the executions of")


def test_a_dashboard_shows_the_alarms_and_counts_the_stacks_tasks() -> None:
    made = deploy(
        lambda: StackDashboard("d", StackDashboardArgs(names=NAMES, alarm_arns=["arn:alarm"]))
    )
    page = made.one(aws.cloudwatch.Dashboard).inputs
    assert page["dashboardName"] == "fargate-batch-dev"
    assert '"arn:alarm"' in page["dashboardBody"]
    rule = made.one(aws.cloudwatch.EventRule).inputs
    assert rule["name"] in page["dashboardBody"]
    assert json.loads(rule["eventPattern"])["detail"] == {
        "clusterArn": ["arn:aws:ecs:ap-northeast-1:123456789012:cluster/fargate-batch-dev"],
        "lastStatus": ["STOPPED"],
    }
    assert made.all(aws.cloudwatch.EventTarget) == [], "a rule counts without sending anything"
