"""The project's own machines, unchanged, in the embedded AWS."""

import json
from datetime import timedelta
from typing import Any

import pytest

from definitions.dispatcher_machine import dispatcher_machine, skipped_machine
from definitions.job_machine import RetryBudgets, TaskPlacement, job_machine
from definitions.names import Names
from definitions.notifier_machine import notifier_machine
from rehearsal.cloud import Attempt, Played
from tests.rehearsal.conftest import ROLE, START, Account

NAMES = Names(project="batch", stack="prod", region="eu-west-1", account="123456789012")


def job(account: Account, retries: RetryBudgets | None = None, timeout_seconds: int = 900) -> str:
    """Create the machine of the job "list" and its task definition."""
    account.task_definition()
    definition = job_machine(
        job="list",
        command=["python", "program.py"],
        environment={"FROM_JOB": "yes"},
        family="task",
        log_group="/batch",
        cpu_units=None,
        memory_mib=None,
        timeout_seconds=timeout_seconds,
        retries=retries or RetryBudgets(),
        placement=TaskPlacement(
            cluster_arn=account.cluster_arn,
            subnet_ids=(account.subnet_id,),
            security_group_ids=(account.security_group_id,),
            assign_public_ip=False,
        ),
    )
    return account.machine_of(definition, NAMES.job_machines_arn.rsplit(":", 1)[-1] + "list")


def dispatcher(account: Account) -> str:
    skipped = account.machine_of(skipped_machine(), NAMES.of("skipped"))
    return account.machine_of(
        dispatcher_machine(
            job_machines_arn=NAMES.job_machines_arn,
            task_definition_arns={
                "default": "arn:aws:ecs:eu-west-1:123456789012:task-definition/task:1"
            },
            skipped_machine_arn=skipped,
            schedule_group="fargate-batch-dev",
        ),
        NAMES.of("dispatcher"),
    )


def trigger(overlap: str = "forbid", hour: int = 0) -> dict[str, Any]:
    return {
        "job": "list",
        "container": "default",
        "overlap": overlap,
        "scheduledTime": f"2026-03-02T{hour:02}:00:00Z",
        "input": {"notify": "all"},
    }


def test_a_job_succeeds(account: Account) -> None:
    account.write_program(
        "import os; print(*(os.environ[n] for n in ('JOB_NAME', 'JOB_RUN_ID', 'JOB_ATTEMPT',"
        " 'JOB_SCHEDULED_TIME', 'FROM_JOB')))"
    )
    given = {"scheduledTime": "2026-03-02T00:00:00Z"}
    ended = account.run(job(account), given, name="list-1")
    assert ended["status"] == "SUCCEEDED"
    assert ended["output"]["class"] == "succeeded"
    assert account.log_lines() == ["list list-1 1 2026-03-02T00:00:00Z yes"]
    stream = ended["output"]["logStream"]
    described = account.aws.client("logs").describe_log_streams(logGroupName="/batch")
    assert [one["logStreamName"] for one in described["logStreams"]] == [stream]


@pytest.mark.parametrize(
    ("played", "error", "cause"),
    [
        (Played(killed=(3, "")), "JobFailed", {"class": "failed", "exitCode": 3}),
        (
            Played(killed=(137, "OutOfMemoryError: Container killed due to memory usage")),
            "JobOutOfMemory",
            {"class": "out of memory", "exitCode": 137},
        ),
        (Played(hangs=True), "JobTimedOut", {"class": "timed out"}),
        (
            Played(refused="Capacity is unavailable at this time"),
            "JobNotStarted",
            {"class": "not started", "attempts": 6},
        ),
        (
            Played(start_failure="CannotPullContainerError: not found"),
            "JobNotStarted",
            {"class": "not started", "attempts": 1, "stopCode": "TaskFailedToStart"},
        ),
    ],
)
def test_a_job_ends_with_its_class(
    account: Account, played: Played, error: str, cause: dict[str, Any]
) -> None:
    account.aws.play = lambda _: played
    ended = account.run(job(account))
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert cause.items() <= ended["cause"].items()


def test_a_job_retries_within_its_budget_in_virtual_time(account: Account) -> None:
    account.write_program("import os, sys; sys.exit(os.environ['JOB_ATTEMPT'] != '3')")
    ended = account.run(job(account, RetryBudgets(app=(60, 120, 240))))
    assert ended["status"] == "SUCCEEDED"
    assert ended["output"]["attempts"] == 3
    assert ended["stopDate"] - START == timedelta(seconds=20 + 60 + 20 + 120 + 20)


def test_a_job_whose_task_a_person_stops_says_so(account: Account) -> None:
    account.aws.play = lambda _: Played(hangs=True)
    arn = account.start(job(account))
    account.aws.clock.run_until(START + timedelta(minutes=5))
    (task,) = account.aws.client("ecs").list_tasks(cluster="batch")["taskArns"]
    account.aws.client("ecs").stop_task(cluster="batch", task=task, reason="by hand")
    assert account.aws.wait_for(arn)["error"] == "JobStopped"


def test_a_trigger_starts_a_run_with_the_revision(account: Account) -> None:
    attempts: list[Attempt] = []

    def play(attempt: Attempt) -> Played:
        attempts.append(attempt)
        return Played()

    account.aws.play = play
    machine = job(account)
    ended = account.run(dispatcher(account), trigger())
    assert ended["output"]["result"] == "started"
    run = account.aws.wait_for(ended["output"]["execution"])
    assert run["name"] == "list-2026-03-02T000000Z"
    assert run["stateMachineArn"] == machine
    assert json.loads(run["input"])["taskDefinition"].endswith(":task-definition/task:1")
    assert [attempt.run for attempt in attempts] == ["list-2026-03-02T000000Z"]


def test_a_trigger_that_arrives_twice_makes_one_run(account: Account) -> None:
    machine, dispatching = job(account), dispatcher(account)
    arns = [account.start(dispatching, trigger()) for _ in range(2)]
    results = sorted(json.loads(account.aws.wait_for(arn)["output"])["result"] for arn in arns)
    assert results == ["duplicate", "started"]
    listed = account.aws.client("stepfunctions").list_executions(stateMachineArn=machine)
    assert len(listed["executions"]) == 1


def test_twins_of_one_instant_never_meet_in_moto(account: Account) -> None:
    """Both look for what is going and start; often enough for every order of their threads."""
    job(account)
    dispatching = dispatcher(account)
    account.aws.play = lambda _: Played(killed=(0, ""))
    for number in range(50):
        twin = trigger() | {"run": f"run-{number}"}
        arns = [account.start(dispatching, twin) for _ in range(2)]
        ends = [account.aws.wait_for(arn) for arn in arns]
        assert [end["status"] for end in ends] == ["SUCCEEDED", "SUCCEEDED"]
        assert sorted(json.loads(end["output"])["result"] for end in ends) == [
            "duplicate",
            "started",
        ]
        account.aws.clock.run_until(account.aws.clock.now() + timedelta(minutes=1))


def test_a_trigger_after_the_run_is_a_duplicate(account: Account) -> None:
    job(account)
    dispatching = dispatcher(account)
    account.aws.wait_for(account.run(dispatching, trigger("allow"))["output"]["execution"])
    assert account.run(dispatching, trigger("allow"))["output"]["result"] == "duplicate"


def test_forbid_skips_while_an_older_run_goes_on(account: Account) -> None:
    job(account)
    dispatching = dispatcher(account)
    account.aws.play = lambda _: Played(seconds=600)
    older = account.run(dispatching, trigger())["output"]["execution"]
    output = account.run(dispatching, trigger(hour=1))["output"]
    because = f"an older run is still going: {older}"
    assert (output["result"], output["because"]) == ("skipped", because)


def test_replace_stops_the_older_run(account: Account) -> None:
    job(account)
    dispatching = dispatcher(account)
    account.aws.play = lambda attempt: Played(hangs=attempt.run.endswith("T000000Z"))
    older = account.run(dispatching, trigger("replace"))["output"]["execution"]
    account.aws.clock.run_until(START + timedelta(minutes=3))
    newer = account.run(dispatching, trigger("replace", hour=1))["output"]["execution"]
    stopped = account.aws.wait_for(older)
    assert (stopped["status"], stopped["error"]) == ("ABORTED", "JobReplaced")
    assert account.aws.wait_for(newer)["status"] == "SUCCEEDED"


@pytest.fixture
def notified(account: Account) -> Account:
    """Let the notifier hear of every run's end, with a channel and a mailbox for failures."""
    sns, events = account.aws.client("sns"), account.aws.client("events")
    queue = account.queue(NAMES.of("dead-letters"))
    url = account.aws.client("sqs").get_queue_url(QueueName=queue.rsplit(":", 1)[-1])["QueueUrl"]
    machine = account.machine_of(
        notifier_machine(names=NAMES, dead_letter_queue_url=url), NAMES.of("notifier")
    )
    topic = sns.create_topic(Name=NAMES.topic_arn("failure").rsplit(":", 1)[-1])["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.com")
    account.aws.chatbot.create_slack_channel_configuration(
        ConfigurationName="failure",
        IamRoleArn=ROLE,
        SlackTeamId="T0123ABCD",
        SlackChannelId="C0BBBBBBB",
        SnsTopicArns=[topic],
    )
    pattern = {
        "source": ["aws.states"],
        "detail": {
            "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
            "stateMachineArn": [{"prefix": NAMES.job_machines_arn}],
        },
    }
    events.put_rule(Name="ends", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="ends", Targets=[{"Id": "n", "Arn": machine, "RoleArn": ROLE}])
    return account


def test_a_failure_becomes_a_message_in_slack_and_a_mail(notified: Account) -> None:
    notified.write_program("raise SystemExit(3)")
    notified.run(job(notified), {"notify": "failure"}, name="list-1")
    notified.aws.clock.settle()
    (shown,) = notified.aws.slack
    assert shown.dropped is None
    assert shown.channel_id == "C0BBBBBBB"
    assert "list failed (exit code 3)" in shown.notification["content"]["title"]
    assert shown.time == START + timedelta(seconds=20)
    (mail,) = notified.aws.mail
    assert mail.subject == "[prod] list failed (exit code 3)"


def test_a_message_that_no_topic_takes_is_kept(notified: Account) -> None:
    notified.aws.client("sns").delete_topic(TopicArn=NAMES.topic_arn("failure"))
    notified.write_program("raise SystemExit(3)")
    notified.run(job(notified), {"notify": "failure"})
    notified.aws.clock.run_until(notified.aws.clock.now() + timedelta(minutes=10))
    ((letter, _),) = notified.letters(NAMES.of("dead-letters"))
    assert letter["problem"] == "SNS.NotFoundException"


def test_a_day_of_the_stack(notified: Account) -> None:
    """Schedule, dispatcher, job, event, notifier, topic and channel in one piece."""
    notified.write_program("import os; raise SystemExit('T060000Z' in os.environ['JOB_RUN_ID'])")
    job(notified)
    target = {
        "Arn": dispatcher(notified),
        "RoleArn": ROLE,
        "Input": json.dumps(trigger() | {"scheduledTime": "<aws.scheduler.scheduled-time>"}),
    }
    notified.aws.client("scheduler").create_schedule(
        Name="list",
        ScheduleExpression="cron(0 */3 * * ? *)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )
    notified.aws.client("sns").create_topic(Name=NAMES.topic_arn("success").rsplit(":", 1)[-1])
    notified.aws.clock.run_until(START + timedelta(hours=23))
    listed = notified.aws.client("stepfunctions").list_executions(
        stateMachineArn=NAMES.job_machines_arn + "list"
    )["executions"]
    assert sorted((run["name"], run["status"]) for run in listed) == [
        (f"list-2026-03-02T{hour:02}0000Z", "FAILED" if hour == 6 else "SUCCEEDED")
        for hour in range(3, 23, 3)
    ]
    assert [shown.time.hour for shown in notified.aws.slack] == [6]
