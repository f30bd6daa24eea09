"""Fargate tasks as processes of this machine."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud import Attempt, Played
from tests.rehearsal.conftest import IMAGE, ROLE, START, Account

SHOW_ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"


def environment(account: Account) -> dict[str, str]:
    """Read what a program that shows its environment wrote to its log."""
    (line,) = account.log_lines()
    shown: dict[str, str] = json.loads(line)
    return shown


def overrides(**container: Any) -> dict[str, Any]:
    return {"containerOverrides": [{"name": "main", **container}]}


def test_the_program_of_the_image_runs_and_its_exit_code_counts(account: Account) -> None:
    account.write_program("raise SystemExit(5)")
    account.task_definition()
    task = account.ended_task()
    assert task["containers"][0]["exitCode"] == 5
    assert task["stopCode"] == "EssentialContainerExited"


def test_a_task_ends_after_its_virtual_seconds(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(seconds=7_200)
    task = account.ended_task()
    assert task["startedAt"] == START
    assert task["stoppedAt"] == START + timedelta(hours=2)


def test_output_and_errors_reach_the_log_stream_of_the_task(account: Account) -> None:
    account.write_program("import sys; print('out'); print('err', file=sys.stderr); print('end')")
    account.task_definition()
    task = account.ended_task()
    logs = account.aws.client("logs")
    events = logs.get_log_events(
        logGroupName="/batch", logStreamName=f"run/main/{task['taskArn'].rsplit('/', 1)[-1]}"
    )["events"]
    assert [event["message"] for event in events] == ["out", "err", "end"]
    assert {event["timestamp"] for event in events} == {round(START.timestamp() * 1_000)}


def test_many_lines_arrive_in_order(account: Account) -> None:
    account.write_program("for n in range(3000): print('line', n)")
    account.task_definition(command=["python", "program.py"])
    account.ended_task()
    stream = account.aws.client("logs").describe_log_streams(logGroupName="/batch")["logStreams"]
    events = account.aws.client("logs").get_log_events(
        logGroupName="/batch", logStreamName=stream[0]["logStreamName"], startFromHead=True
    )["events"]
    assert [event["message"] for event in events] == [f"line {n}" for n in range(3000)]


def test_environment_and_command_are_overridden(account: Account) -> None:
    account.write_program(SHOW_ENVIRONMENT, "other.py")
    account.task_definition(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "1"}])
    account.ended_task(
        overrides=overrides(
            command=["python", "other.py"], environment=[{"name": "B", "value": "2"}]
        )
    )
    shown = environment(account)
    assert (shown["A"], shown["B"]) == ("1", "2")


def test_nothing_of_the_developers_environment_leaks_in(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    account.write_program(SHOW_ENVIRONMENT)
    account.task_definition()
    account.ended_task()
    shown = environment(account)
    assert not {"GITHUB_TOKEN", "AWS_CONFIG_FILE", "VIRTUAL_ENV"} & set(shown)
    assert shown["HOME"] == str(account.program)
    assert shown["AWS_REGION"] == "eu-west-1"
    assert shown["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")


def test_a_secret_becomes_a_variable(account: Account) -> None:
    arn = account.aws.client("secretsmanager").create_secret(
        Name="sample", SecretString='{"KEY": "value"}'
    )["ARN"]
    account.write_program(SHOW_ENVIRONMENT)
    account.task_definition(
        secrets=[
            {"name": "ONE", "valueFrom": f"{arn}:KEY::"},
            {"name": "ALL", "valueFrom": arn},
        ]
    )
    account.ended_task()
    shown = environment(account)
    assert (shown["ONE"], shown["ALL"]) == ("value", '{"KEY": "value"}')


def test_the_program_is_its_task_role(account: Account) -> None:
    account.write_program("import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])")
    account.task_definition()
    account.ended_task()
    (arn,) = account.log_lines()
    assert arn.startswith("arn:aws:sts::123456789012:assumed-role/task-role/")


def test_the_program_sees_the_same_aws(account: Account) -> None:
    account.aws.client("s3").create_bucket(
        Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    account.write_program(
        "import boto3; boto3.client('s3').put_object(Bucket='files', Key='a', Body=b'data')"
    )
    account.task_definition()
    assert account.ended_task()["containers"][0]["exitCode"] == 0
    assert account.aws.client("s3").get_object(Bucket="files", Key="a")["Body"].read() == b"data"


def test_credentials_are_only_for_the_task_that_knows_the_token(account: Account) -> None:
    account.write_program(
        "import os, urllib.request, urllib.error\n"
        "try: urllib.request.urlopen(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'])\n"
        "except urllib.error.HTTPError as error: print(error.code); error.close()\n"
    )
    account.task_definition()
    account.ended_task()
    assert account.log_lines() == ["403"]


# How attempts go


def test_play_is_asked_with_what_the_job_machine_wrote(account: Account) -> None:
    asked: list[Attempt] = []

    def play(attempt: Attempt) -> Played:
        asked.append(attempt)
        return Played(environment={"ADDED": "yes"})

    account.aws.play = play
    account.write_program("import os; print(os.environ['ADDED'])")
    account.task_definition(environment=[{"name": "JOB_NAME", "value": "list"}])
    named = {"JOB_RUN_ID": "list-1", "JOB_ATTEMPT": "2"}
    account.ended_task(
        overrides=overrides(
            environment=[{"name": name, "value": value} for name, value in named.items()]
        )
    )
    assert asked == [
        Attempt(
            job="list",
            run="list-1",
            attempt=2,
            command=("python", "program.py"),
            environment={"JOB_NAME": "list", **named},
            image=IMAGE,
        )
    ]
    assert account.log_lines() == ["yes"]


def test_a_refused_task_is_a_failure_of_runtask(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(refused="Capacity is unavailable at this time")
    answer = account.run_task()
    assert answer["tasks"] == []
    assert answer["failures"][0]["reason"] == "Capacity is unavailable at this time"
    assert account.aws.client("ecs").list_tasks(cluster="batch")["taskArns"] == []


def test_a_start_failure_stops_the_task_with_its_reason(account: Account) -> None:
    account.task_definition()
    reason = "Timeout waiting for network interface provisioning to complete."
    account.aws.play = lambda _: Played(start_failure=reason)
    task = account.ended_task()
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", reason)
    assert "startedAt" not in task
    assert account.log_lines() == []


def test_a_killed_container_has_its_exit_code_and_reason(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(
        seconds=5, killed=(137, "OutOfMemoryError: Container killed due to memory usage")
    )
    task = account.ended_task()
    assert task["containers"][0]["exitCode"] == 137
    assert task["containers"][0]["reason"].startswith("OutOfMemoryError")
    assert account.log_lines() == []


def test_a_task_that_hangs_goes_on_until_it_is_stopped(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(hangs=True)
    arn = account.run_task()["tasks"][0]["taskArn"]
    account.aws.clock.run_until(START + timedelta(days=3))
    assert account.task(arn)["lastStatus"] == "RUNNING"
    account.aws.client("ecs").stop_task(cluster="batch", task=arn, reason="enough")
    account.aws.clock.settle()
    task = account.task(arn)
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "UserInitiated")
    assert task["stoppedReason"] == "enough"
    assert task["containers"][0]["exitCode"] == 143
    assert task["stoppedAt"] == START + timedelta(days=3)


def test_a_task_that_is_stopped_before_its_virtual_end_got_the_signal(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(seconds=3_600)
    arn = account.run_task()["tasks"][0]["taskArn"]
    account.aws.clock.run_until(START + timedelta(minutes=10))
    account.aws.client("ecs").stop_task(cluster="batch", task=arn)
    account.aws.clock.run_until(START + timedelta(hours=2))
    task = account.task(arn)
    assert task["containers"][0]["exitCode"] == 143
    assert task["stoppedAt"] == START + timedelta(minutes=10)


def test_a_task_that_is_stopped_before_it_started_never_ran(account: Account) -> None:
    account.task_definition()
    arn = account.run_task()["tasks"][0]["taskArn"]
    account.aws.client("ecs").stop_task(cluster="batch", task=arn)
    account.aws.clock.settle()
    task = account.task(arn)
    assert task["lastStatus"] == "STOPPED"
    assert "startedAt" not in task
    assert account.log_lines() == []


def test_a_stopped_task_is_stopped_once(account: Account) -> None:
    account.task_definition()
    task = account.ended_task()
    account.aws.client("ecs").stop_task(cluster="batch", task=task["taskArn"])
    account.aws.clock.settle()
    assert account.task(task["taskArn"])["stopCode"] == "EssentialContainerExited"


def test_processes_of_one_instant_run_beside_each_other(account: Account) -> None:
    account.task_definition()
    arns = [account.run_task()["tasks"][0]["taskArn"] for _ in range(3)]
    account.aws.clock.run_until(START + timedelta(minutes=1))
    assert {account.task(arn)["stoppedAt"] for arn in arns} == {START + timedelta(seconds=20)}


def test_a_process_that_hangs_does_not_outlive_the_aws(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(hangs=True)
    account.run_task()
    account.aws.clock.settle()
    (run,) = account.aws.fargate._runs.values()  # noqa: SLF001 - the process is nobody else's business
    account.aws.fargate.close()
    assert run.process is not None
    assert run.process.returncode == -9


# What Fargate refuses


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        (
            {"image": "example.com/other@sha256:" + "b" * 64},
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
            "failed to resolve ref example.com/other@sha256:",
        ),
        (
            {"secrets": [{"name": "S", "valueFrom": f"{ROLE.replace('iam', 'secretsmanager')}"}]},
            "ResourceInitializationError: unable to pull secrets or registry auth: ",
        ),
        (
            {
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": "/nowhere",
                        "awslogs-region": "eu-west-1",
                        "awslogs-stream-prefix": "run",
                    },
                }
            },
            "ResourceInitializationError: failed to validate logger args: create stream has been "
            "retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException",
        ),
        ({"command": ["no-such-program"]}, "CannotStartContainerError: exec ['no-such-program']"),
        ({"command": []}, "CannotStartContainerError: exec []: no command specified"),
    ],
)
def test_a_task_does_not_start_without(
    account: Account, container: dict[str, Any], reason: str
) -> None:
    account.task_definition(**container)
    task = account.ended_task()
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith(reason)
    assert "exitCode" not in task["containers"][0]
    assert "startedAt" not in task


def test_a_json_key_that_the_secret_lacks_is_named(account: Account) -> None:
    arn = account.aws.client("secretsmanager").create_secret(Name="s", SecretString="{}")["ARN"]
    account.task_definition(secrets=[{"name": "ONE", "valueFrom": f"{arn}:KEY::"}])
    assert account.ended_task()["stoppedReason"].endswith("did not contain json key KEY")


def test_an_image_that_ecr_has_no_longer_is_not_pulled(account: Account) -> None:
    ecr = account.aws.client("ecr")
    uri = ecr.create_repository(repositoryName="program")["repository"]["repositoryUri"]
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"digest": "sha256:" + "c" * 64},
        "layers": [],
    }
    digest = ecr.put_image(
        repositoryName="program", imageTag="1", imageManifest=json.dumps(manifest)
    )["image"]["imageId"]["imageDigest"]
    account.aws.images[f"{uri}@{digest}"] = account.program
    account.task_definition(image=f"{uri}@{digest}")
    assert account.ended_task()["containers"][0]["exitCode"] == 0
    ecr.batch_delete_image(repositoryName="program", imageIds=[{"imageDigest": digest}])
    assert account.ended_task()["stoppedReason"].startswith("CannotPullContainerError: ")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"taskDefinition": "nowhere"}, "ClientException.*TaskDefinition not found"),
        ({"cluster": "nowhere"}, "ClusterNotFoundException"),
        ({"count": 11}, "count cannot be greater than 10"),
        ({"networkConfiguration": {}}, "Network Configuration must be provided"),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}},
            "Error retrieving subnet information",
        ),
        (
            {"overrides": {"containerOverrides": [{"name": "other"}]}},
            "Override for container named other is not a container in the TaskDefinition",
        ),
        ({"overrides": {"cpu": "256", "memory": "8192"}}, "No Fargate configuration exists"),
        (
            {"overrides": {"containerOverrides": [{"name": "main", "command": ["x" * 9_000]}]}},
            "Overrides length must be at most 8192",
        ),
    ],
)
def test_runtask_refuses(account: Account, parameters: dict[str, Any], message: str) -> None:
    account.task_definition()
    with pytest.raises(ClientError, match=message):
        account.run_task(**parameters)


def test_runtask_refuses_an_unknown_security_group(account: Account) -> None:
    account.task_definition()
    network = {"awsvpcConfiguration": {**account.network["awsvpcConfiguration"]}}
    network["awsvpcConfiguration"]["securityGroups"] = ["sg-00000000"]
    with pytest.raises(ClientError, match="Error retrieving security group information"):
        account.run_task(networkConfiguration=network)


def test_runtask_refuses_an_inactive_revision(account: Account) -> None:
    arn = account.task_definition()
    account.aws.client("ecs").deregister_task_definition(taskDefinition=arn)
    with pytest.raises(ClientError, match="TaskDefinition is inactive"):
        account.run_task(taskDefinition=arn)


def test_stoptask_refuses_an_unknown_task(account: Account) -> None:
    with pytest.raises(ClientError, match=r"The referenced task was not found\."):
        account.aws.client("ecs").stop_task(cluster="batch", task="0" * 32)


def test_a_task_carries_tags_of_its_definition_when_asked(account: Account) -> None:
    account.task_definition()
    ecs = account.aws.client("ecs")
    ecs.tag_resource(
        resourceArn=ecs.describe_task_definition(taskDefinition="task")["taskDefinition"][
            "taskDefinitionArn"
        ],
        tags=[{"key": "stack", "value": "prod"}],
    )
    arn = account.run_task(propagateTags="TASK_DEFINITION")["tasks"][0]["taskArn"]
    (task,) = ecs.describe_tasks(cluster="batch", tasks=[arn], include=["TAGS"])["tasks"]
    assert task["tags"] == [{"key": "stack", "value": "prod"}]


def test_a_program_that_ignores_sigterm_is_killed(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(hangs=True)
    arn = account.run_task()["tasks"][0]["taskArn"]
    account.aws.clock.settle()
    run = account.aws.fargate._runs[arn]  # noqa: SLF001 - to have a process that does not listen
    assert run.process is not None
    run.process.terminate = lambda: None
    account.aws.client("ecs").stop_task(cluster="batch", task=arn)
    account.aws.clock.settle()
    assert account.task(arn)["containers"][0]["exitCode"] == 137


def test_a_given_exit_code_takes_no_process(account: Account) -> None:
    account.task_definition(command=["no-such-program"])
    account.aws.play = lambda _: Played(exit_code=75, seconds=90)
    task = account.ended_task()
    assert task["containers"][0]["exitCode"] == 75
    assert "reason" not in task["containers"][0]
    assert (task["stoppedAt"] - task["startedAt"]).total_seconds() == 90


def test_a_task_that_aws_takes_back_stops_with_the_words_of_aws(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(taken=("SpotInterruption", "Taken back."))
    task = account.ended_task()
    assert (task["stopCode"], task["stoppedReason"]) == ("SpotInterruption", "Taken back.")
    assert task["containers"][0]["exitCode"] == 143


def test_runtask_fails_with_a_given_error_and_leaves_no_task(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(error=("ThrottlingException", "Rate exceeded"))
    with pytest.raises(ClientError, match=r"\(ThrottlingException\).*Rate exceeded"):
        account.run_task()
    assert account.aws.client("ecs").list_tasks(cluster="batch")["taskArns"] == []


def test_a_task_that_ended_holds_no_network_interface(account: Account) -> None:
    account.task_definition()
    account.write_program("")
    account.ended_task()
    account.aws.play = lambda _: Played(refused="RESOURCE:ENI")
    account.run_task()
    interfaces = account.aws.client("ec2").describe_network_interfaces(
        Filters=[{"Name": "subnet-id", "Values": [account.subnet_id]}]
    )
    assert interfaces["NetworkInterfaces"] == []


# Capacity


def prefer_spot(account: Account) -> None:
    account.aws.client("ecs").put_cluster_capacity_providers(
        cluster=account.cluster,
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    )


def without_launch_type(account: Account, **more: Any) -> dict[str, Any]:
    return account.aws.client("ecs").run_task(
        cluster=account.cluster,
        taskDefinition="task",
        networkConfiguration=account.network,
        **more,
    )


def test_a_task_that_says_nothing_runs_on_the_clusters_default(account: Account) -> None:
    account.task_definition()
    prefer_spot(account)
    seen: list[str] = []
    account.aws.play = lambda attempt: seen.append(attempt.capacity) or Played(exit_code=0)
    (task,) = without_launch_type(account)["tasks"]
    assert (task["capacityProviderName"], task["launchType"]) == ("FARGATE_SPOT", "FARGATE")
    assert "capacityProviderName" not in account.run_task()["tasks"][0]
    assert seen == ["FARGATE_SPOT", "FARGATE"]


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({}, "No Container Instances were found in your cluster."),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]},
            "The specified capacity provider 'FARGATE_SPOT' is not associated with the cluster.",
        ),
        (
            {
                "launchType": "FARGATE",
                "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}],
            },
            "Specifying both a launch type and capacity provider strategy is not supported. "
            "Remove one and try again.",
        ),
    ],
)
def test_a_cluster_has_the_capacity_that_it_was_given(
    account: Account, more: dict[str, Any], refusal: str
) -> None:
    account.task_definition()
    with pytest.raises(ClientError, match=re.escape(refusal)):
        without_launch_type(account, **more)


def test_a_program_hears_that_its_task_is_taken_back(account: Account) -> None:
    account.write_program(
        "import signal, sys, time\n"
        "def stop(*_):\n    print('told'); sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, stop)\nprint('begun', flush=True)\ntime.sleep(60)\n"
    )
    account.task_definition()
    account.aws.play = lambda _: Played(
        seconds=30, taken=("SpotInterruption", "interrupted"), listens=True
    )
    ended = account.ended_task()
    assert (ended["stopCode"], ended["containers"][0]["exitCode"]) == ("SpotInterruption", 7)
    assert account.log_lines() == ["begun", "told"]
    assert ended["stoppedAt"] - ended["startedAt"] == timedelta(seconds=30)


def test_a_container_can_ask_which_task_it_is_in(account: Account) -> None:
    account.write_program(
        "import json, os\nfrom urllib.request import urlopen\n"
        "with urlopen(os.environ['ECS_CONTAINER_METADATA_URI_V4'] + '/task') as answer:\n"
        "    print(json.load(answer)['TaskARN'])\n"
    )
    account.task_definition()
    arn = account.ended_task()["taskArn"]
    assert account.log_lines() == [arn]
