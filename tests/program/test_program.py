"""The real entry point with the real stack files, and what must hold for all of it."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx
import pytest

from components.job_notifier import JobNotifier
from components.private_vpc import PrivateVpcWithEndpoints
from components.public_vpc import PublicVpc
from definitions.runbooks import ALARMS, of_alarm
from stacks.settings.notify import MAX_RUNBOOKS_CHARACTERS
from tests.deploying import REMOTE_OUTPUTS, STACKS, Cloud, Deployment, deploy_stack, stack_config

SECRET_ARN = "arn:aws:mock:ap-northeast-1:123456789012:Secret/secret-sample-secret"
EXPORTS = {
    "clusterArn",
    "dispatcherArn",
    "jobMachineArns",
    "flowMachineArns",
    "workerMachineArns",
    "scheduleGroup",
    "successTopicArn",
    "failureTopicArn",
    "deadLetterQueueUrl",
    "bucketNames",
    "queueUrls",
    "topicArns",
    "tableNames",
    "repositoryUrls",
    "logGroups",
}


GRANTABLE: dict[str, Any] = {
    "buckets": {"files": {}},
    "queues": {"orders": {}},
    "topics": {"alerts": {}},
    "tables": {"state": {"partitionKey": "customer"}},
    "secrets": {"sample": {"values": {"TOKEN": "sesame"}}},
}
"""Sections with something of each kind that a program may be granted."""


@pytest.fixture(scope="module", params=STACKS)
def made(request: pytest.FixtureRequest) -> Deployment:
    """Each stack, deployed to its end once: these tests only look."""
    return deploy_stack(request.param)


def jobs(number: int, **more: Any) -> dict[str, Any]:
    return {
        f"job-{n}": {"schedule": f"cron({n % 60} 3 * * ? *)", "command": ["true"], **more}
        for n in range(number)
    }


def test_the_exports_are_the_promised_ones(made: Deployment) -> None:
    assert set(made.exports) == EXPORTS


def test_no_resource_uses_a_provider_we_did_not_configure(made: Deployment) -> None:
    bare = [r.name for r in made.custom().values() if not r.remote and not r.request.provider]
    assert bare == []


def test_every_resource_is_tagged_with_project_and_stack(made: Deployment) -> None:
    provider = made.one(aws.Provider)
    tags = json.loads(provider.inputs["defaultTags"])["tags"]
    assert tags["project"] == "fargate-batch"
    assert tags["stack"] in STACKS


def test_the_stacks_tags_reach_tasks() -> None:
    machines = deploy_stack("prod").all(aws.sfn.StateMachine)
    (job,) = [m.inputs for m in machines if m.name == "job-list-files-machine"]
    run = json.loads(job["definition"])["States"]["Run"]["Arguments"]
    assert run["PropagateTags"] == "TASK_DEFINITION"


def test_every_component_registers_its_outputs_and_prefixes_its_children(made: Deployment) -> None:
    components = {urn: r for urn, r in made.registered.items() if r.is_component}
    assert [r.name for urn, r in components.items() if urn not in made.outputs] == []
    for child in made.registered.values():
        if child.parent in components:
            assert child.name.startswith(components[child.parent].name), child.urn


def test_nothing_but_components_and_the_provider_stands_directly_under_the_stack(
    made: Deployment,
) -> None:
    roots = [r for r in made.custom().values() if r.parent not in made.registered]
    assert [r.name for r in roots] == []


@pytest.mark.parametrize("stack", STACKS)
def test_a_preview_shows_every_resource_an_update_makes(stack: str) -> None:
    preview = deploy_stack(stack, preview=True)
    assert set(preview.registered) == set(deploy_stack(stack).registered)


def test_aws_is_asked_twice_and_only_before_the_first_resource() -> None:
    cloud = Cloud()
    asked_at: list[int] = []
    answer = cloud.call
    registered: dict[str, Any] = {}

    def call(args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        asked_at.append(len(registered))
        return answer(args)

    cloud.call = call  # type: ignore[method-assign]
    create = cloud.new_resource

    def new_resource(args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        registered[args.name] = args
        return create(args)

    cloud.new_resource = new_resource  # type: ignore[method-assign]
    deploy_stack("prod", cloud=cloud, jobs=jobs(50))
    assert asked_at == [0, 0], "a later call costs time that grows with the square of the stack"


def waits_for(made: Deployment, urn: str) -> set[str]:
    """Names of all that exists before a resource does."""
    found: set[str] = set()
    todo = [urn]
    while todo:
        for needed in made.registered[todo.pop()].request.dependencies:
            if needed in made.registered and made.registered[needed].name not in found:
                found.add(made.registered[needed].name)
                todo.append(needed)
    return found


@pytest.mark.parametrize(
    "needed",
    [
        "network-logs",  # an endpoint
        "network-to-s3",
        "batch-runner-policy",
        "batch-executions",
        "container-default-execution-policy",
        "container-default-task-policy",
        "dispatcher-policy",
        "dispatcher-scheduler-policy",
        "dispatcher-schedules",
        "notifier-dead-letters-policy",
        "notifier-ended-target",
        "secret-sample-values",
    ],
)
def test_no_schedule_fires_before_all_that_its_run_needs_is_there(needed: str) -> None:
    made = deploy_stack("prod")
    schedule = made.one(aws.scheduler.Schedule)
    assert needed in waits_for(made, schedule.urn)


def test_a_plain_job_adds_exactly_two_resources() -> None:
    few = len(deploy_stack("prod", jobs=jobs(3)).custom())
    many = len(deploy_stack("prod", jobs=jobs(13)).custom())
    assert many - few == 20


def changed_by(before: Deployment, after: Deployment) -> set[str]:
    assert set(before.registered) == set(after.registered)
    return {
        r.name
        for urn, r in after.custom().items()
        if r.inputs != before.custom()[urn].inputs and not r.remote
    }


def test_a_new_image_changes_exactly_two_resources_however_many_jobs_there_are() -> None:
    digest = {"awsx:ecr:Image": {"imageUri": f"repository@sha256:{'1' * 64}"}}

    class NewImage(Cloud):
        """A changed task definition gets a new revision, as AWS gives it."""

        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            identity, outputs = super().new_resource(args)
            if args.typ == aws.ecs.TaskDefinition.pulumi_type:
                outputs["arn"] += f":{hash(args.inputs['containerDefinitions'])}"
            return identity, outputs

    before = deploy_stack("prod", cloud=NewImage(), jobs=jobs(40))
    after = deploy_stack("prod", cloud=NewImage(remote_outputs=digest), jobs=jobs(40))
    assert changed_by(before, after) == {"container-default-task", "dispatcher-machine"}


def test_a_new_size_of_the_container_does_not_touch_the_jobs() -> None:
    containers = json.loads(stack_config("prod")["fargate-batch:containers"])
    containers["default"]["memoryMib"] = 1024
    changed = changed_by(deploy_stack("prod"), deploy_stack("prod", containers=containers))
    assert changed == {"container-default-task"}


def test_production_has_no_way_to_the_internet_and_the_endpoints_its_containers_need() -> None:
    made = deploy_stack("prod")
    assert made.one(PrivateVpcWithEndpoints)
    assert made.all(aws.ec2.InternetGateway) == []
    services = {e.inputs["serviceName"].split(".", 3)[3] for e in made.all(aws.ec2.VpcEndpoint)}
    assert services == {"s3", "ecr.api", "ecr.dkr", "logs", "secretsmanager"}
    assert len({s.inputs["availabilityZone"] for s in made.all(aws.ec2.Subnet)}) == 2


def test_an_endpoint_that_no_container_needs_is_not_paid_for() -> None:
    made = deploy_stack("prod", containers={"default": {"build": "app"}})
    services = {e.inputs["serviceName"].split(".", 3)[3] for e in made.all(aws.ec2.VpcEndpoint)}
    assert "secretsmanager" not in services


def test_development_pays_nothing_for_its_network_while_idle() -> None:
    made = deploy_stack("dev")
    assert made.one(PublicVpc)
    assert made.all(aws.ec2.VpcEndpoint) == []


def test_the_zones_are_the_first_ones_by_name_whatever_order_aws_answers_in() -> None:
    zones = {s.inputs["availabilityZone"] for s in deploy_stack("prod").all(aws.ec2.Subnet)}
    assert zones == {"ap-northeast-1a", "ap-northeast-1c"}


def test_more_zones_than_the_region_has_are_refused_in_one_line() -> None:
    with pytest.raises(pulumi.RunError, match=r"availabilityZones: 4: .* has 3; write at most"):
        deploy_stack("prod", network={"mode": "endpoints", "availabilityZones": 4})


def test_a_bucket_and_a_secret_are_given_to_a_container_by_name() -> None:
    made = deploy_stack("dev")
    secret = made.one(aws.secretsmanager.SecretVersion).inputs["secretString"]
    assert json.loads(secret) == {"S3_BUCKET_NAME": "fargate-batch-dev--files-123456789012"}
    (only,) = json.loads(made.one(aws.ecs.TaskDefinition).inputs["containerDefinitions"])
    assert only["secrets"] == [
        {
            "name": "S3_BUCKET_NAME",
            "valueFrom": f"{SECRET_ARN}:S3_BUCKET_NAME::",
        }
    ]


def test_the_image_is_pinned_by_digest() -> None:
    made = deploy_stack("dev")
    (only,) = json.loads(made.one(aws.ecs.TaskDefinition).inputs["containerDefinitions"])
    assert only["image"] == REMOTE_OUTPUTS["awsx:ecr:Image"]["imageUri"]
    assert made.one(awsx.ecr.Image).inputs["platform"] == "linux/arm64"


def test_two_containers_of_one_build_share_its_image() -> None:
    both = {"default": {"build": "app"}, "large": {"build": "app", "memoryMib": 1024}}
    made = deploy_stack("dev", containers=both)
    assert len(made.all(awsx.ecr.Image)) == 1
    assert len(made.all(aws.ecs.TaskDefinition)) == 2


def test_one_build_for_two_processors_is_two_images() -> None:
    both = {"default": {"build": "app"}, "intel": {"build": "app", "architecture": "x86_64"}}
    made = deploy_stack("dev", containers=both)
    assert {i.inputs["platform"] for i in made.all(awsx.ecr.Image)} == {
        "linux/arm64",
        "linux/amd64",
    }
    assert len({r.inputs["name"] for r in made.all(aws.ecr.Repository)}) == 2


def test_development_tells_nobody_and_production_tells_slack_and_mail() -> None:
    assert deploy_stack("dev").all(aws.chatbot.SlackChannelConfiguration) == []
    made = deploy_stack("prod")
    assert made.one(JobNotifier)
    assert len(made.all(aws.chatbot.SlackChannelConfiguration)) == 2
    assert made.all(aws.sns.TopicSubscription)


def test_an_existing_secret_is_used_where_it_is() -> None:
    arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:theirs-AbCdEf"
    made = deploy_stack(
        "dev",
        secrets={"theirs": {"arn": arn}},
        containers={"default": {"build": "app", "secrets": {"TOKEN": "theirs:TOKEN"}}},
        jobs={},
    )
    assert made.all(aws.secretsmanager.Secret) == []
    (only,) = json.loads(made.one(aws.ecs.TaskDefinition).inputs["containerDefinitions"])
    assert only["secrets"] == [{"name": "TOKEN", "valueFrom": f"{arn}:TOKEN::"}]


@pytest.mark.parametrize("stack", STACKS)
def test_no_secret_of_the_configuration_stands_in_clear_anywhere(stack: str) -> None:
    made = deploy_stack(stack, secrets={"sample": {"values": {"S3_BUCKET_NAME": "hunter2"}}})
    for registered in made.registered.values():
        if "hunter2" in str(registered.request.object):
            assert registered.type == aws.secretsmanager.SecretVersion.pulumi_type
            assert "4dabf18193072939515e22adb298388d" in str(registered.request.object)
    assert "hunter2" not in str(made.exports)


def test_bad_settings_register_nothing_and_say_everything_at_once() -> None:
    bad = {"x": {"schedule": "cron(61 * * * ? *)", "command": "python x", "timeout": "15 minutes"}}
    cloud = Cloud()
    with pytest.raises(pulumi.RunError) as refused:
        deploy_stack("dev", cloud=cloud, jobs=bad)
    lines = str(refused.value).splitlines()
    assert [line.split(": ")[:2] for line in sorted(lines)] == [
        ["Pulumi.dev.yaml", "jobs.x.command"],
        ["Pulumi.dev.yaml", "jobs.x.schedule"],
        ["Pulumi.dev.yaml", "jobs.x.timeout"],
    ]
    assert cloud.called == [], "not even AWS was asked"


NEEDED = {
    "sqs": {"grants": {"queue:orders": "send"}},
    "sns": {"grants": {"topic:alerts": "publish"}},
    "dynamodb": {"grants": {"table:state": "read"}},
    "states": {"grants": {"job:report": "start"}},
    "secretsmanager": {"grants": {"secret:sample": "read"}},
    "ssm": {"secrets": {"A": "ssm:/batch/token"}},
    "ssmmessages": {"debug": True},
}
"""What a container may say, by the service that its tasks then call."""


@pytest.mark.parametrize("services", [set[str](), {"dynamodb", "ssm"}, set(NEEDED)], ids=sorted)
def test_a_network_without_a_way_out_has_the_endpoints_that_containers_need_and_no_other(
    services: set[str],
) -> None:
    made = deploy_stack(
        "prod",
        **GRANTABLE,
        containers={
            "default": {"build": "app"},
            **{f"of-{service}": {"build": "app", **NEEDED[service]} for service in services},
        },
        jobs={"report": {"command": ["true"]}},
    )
    endpoints = {
        made.inputs["serviceName"].removeprefix("com.amazonaws.ap-northeast-1.")
        for made in made.all(aws.ec2.VpcEndpoint)
    }
    assert endpoints == {"s3", "ecr.api", "ecr.dkr", "logs"} | services


def test_a_program_has_room_and_is_told_what_things_are_called_on_aws() -> None:
    named = {
        "BUCKET": {"bucket": "files"},
        "QUEUE": {"queue": "orders"},
        "TOPIC": {"topic": "alerts"},
        "TABLE": {"table": "state"},
        "SECRET": {"secret": "sample"},
        "JOB": {"job": "report"},
    }
    made = deploy_stack(
        "dev",
        **GRANTABLE,
        containers={
            "default": {
                "build": "app",
                "ephemeralStorageGiB": 100,
                "environment": {"LEVEL": "info", **named},
            }
        },
        jobs={"report": {"command": ["true"], "environment": {"OWN": {"table": "state"}}}},
    )
    task = made.one(aws.ecs.TaskDefinition).inputs
    assert task["ephemeralStorage"] == {"sizeInGib": 100}
    (container,) = json.loads(task["containerDefinitions"])
    assert {one["name"]: one["value"] for one in container["environment"]} == {
        "LEVEL": "info",
        "BUCKET": made.exports["bucketNames"]["files"],
        "QUEUE": "https://sqs.ap-northeast-1.amazonaws.com/123456789012/fargate-batch-dev--orders",
        "TOPIC": "arn:aws:sns:ap-northeast-1:123456789012:fargate-batch-dev--alerts",
        "TABLE": "fargate-batch-dev--state",
        "SECRET": "fargate-batch-dev--sample",
        "JOB": "arn:aws:states:ap-northeast-1:123456789012:stateMachine:fargate-batch-dev--report",
    }
    (report,) = [m for m in made.all(aws.sfn.StateMachine) if m.name == "job-report-machine"]
    assert "fargate-batch-dev--state" in report.inputs["definition"]


WATCHED: dict[str, Any] = {
    "nightly": {
        "command": ["true"],
        "schedule": "cron(0 3 * * ? *)",
        "expectSuccessWithin": "2h",
        "warnAfter": "30m",
    }
}
"""Jobs of a stack that has all alarms."""
LONGEST_ADDRESS = f"https://{'x' * (MAX_RUNBOOKS_CHARACTERS - len('https://'))}"


@pytest.mark.parametrize("address", [None, "https://example.com/runbooks", LONGEST_ADDRESS])
def test_each_alarm_ends_with_the_runbook_that_is_about_it(address: str | None) -> None:
    stack = deploy_stack("prod", jobs=WATCHED, notify={"runbooks": address} if address else {})
    described = {
        made.inputs["name"].removeprefix("fargate-batch-prod-"): made.inputs["alarmDescription"]
        for made in stack.all(aws.cloudwatch.MetricAlarm)
    }
    assert set(described) == set(ALARMS)
    for alarm, description in described.items():
        assert description.endswith(f". Runbook: {of_alarm(alarm, address)}")
        assert len(description) <= 1_024, "what PutMetricAlarm takes"


def test_messages_link_the_runbooks_where_the_stack_shows_them() -> None:
    linked = deploy_stack("dev", notify={"runbooks": "https://example.com/runbooks/"})
    machine = linked.one(aws.sfn.StateMachine, "notifier-machine").inputs["definition"]
    assert "https://example.com/runbooks/" in machine
    assert "docs/runbooks" not in machine
