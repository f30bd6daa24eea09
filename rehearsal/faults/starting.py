"""Faults of the start: the task does not come so far as to run its program."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from rehearsal.cloud import Played
from rehearsal.faults.breaking import denied, of_jobs, of_start
from rehearsal.scenario import Scenario, failed, not_started, succeeded
from rehearsal.stage import Facts, Job, Stage, as_it_was, execution_arn, own_words
from stacks.stack_file import section_of

CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different zone"
"""Of RunTask's failures (Amazon ECS Developer Guide, "API failure reasons")."""
THROTTLED = ("ThrottlingException", "Rate exceeded")
ENI_LIMIT = (
    "Unexpected EC2 error while attempting to Create Network Interface in subnet "
    "'subnet-0123456789abcdef0': NetworkInterfaceLimitExceeded"
)
"""The words around EC2's error code are the guide's ("Stopped tasks error messages")."""
OTHER_PLATFORM = (
    "CannotPullContainerError: image Manifest does not contain descriptor matching platform "
    "'linux/arm64'"
)
"""Of the guide's page on CannotPullContainer errors."""


def _start_budget_heals(job: Job) -> Facts:
    return succeeded(attempts=2) if job.waits["start"] else failed("not started")


# -- what is broken


@contextmanager
def _image_deleted(stage: Stage) -> Generator[None]:
    ecr: Any = stage.aws.client("ecr")
    where = _image_in_ecr(stage)
    (image,) = ecr.batch_get_image(**where)["images"]
    ecr.batch_delete_image(**where)
    try:
        yield
    finally:
        ecr.put_image(
            repositoryName=image["repositoryName"],
            imageManifest=image["imageManifest"],
            imageManifestMediaType=image["imageManifestMediaType"],
            imageDigest=image["imageId"]["imageDigest"],
            **({"imageTag": tag} if (tag := image["imageId"].get("imageTag")) else {}),
        )


@contextmanager
def _secret_deleted(stage: Stage) -> Generator[None]:
    secrets: Any = stage.aws.client("secretsmanager")
    arn, _ = _secret(stage)
    secrets.delete_secret(SecretId=arn)
    try:
        yield
    finally:
        secrets.restore_secret(SecretId=arn)


@contextmanager
def _secret_without_key(stage: Stage) -> Generator[None]:
    secrets: Any = stage.aws.client("secretsmanager")
    arn, key = _secret(stage)
    text = secrets.get_secret_value(SecretId=arn)["SecretString"]
    others = {name: value for name, value in json.loads(text).items() if name != key}
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(others))
    try:
        yield
    finally:
        secrets.put_secret_value(SecretId=arn, SecretString=text)


@contextmanager
def _parameter_deleted(stage: Stage) -> Generator[None]:
    ssm: Any = stage.aws.client("ssm")
    name = _parameter(stage)
    found = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    (described,) = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])[
        "Parameters"
    ]
    ssm.delete_parameter(Name=name)
    try:
        yield
    finally:
        kept = {key: found[key] for key in ("Name", "Type", "Value")}
        ssm.put_parameter(**kept, KeyId=described["KeyId"])


@contextmanager
def _log_group_deleted(stage: Stage) -> Generator[None]:
    logs: Any = stage.aws.client("logs")
    name = stage.container(stage.job)["logConfiguration"]["options"]["awslogs-group"]
    (group,) = logs.describe_log_groups(logGroupNamePrefix=name, limit=1)["logGroups"]
    tags = logs.list_tags_log_group(logGroupName=name)["tags"]
    logs.delete_log_group(logGroupName=name)
    try:
        yield
    finally:
        key = {"kmsKeyId": group["kmsKeyId"]} if "kmsKeyId" in group else {}
        logs.create_log_group(logGroupName=name, tags=tags, **key)
        if "retentionInDays" in group:
            logs.put_retention_policy(logGroupName=name, retentionInDays=group["retentionInDays"])


def _image_in_ecr(stage: Stage) -> dict[str, Any]:
    registry, _, name = stage.container(stage.job)["image"].partition("/")
    repository, _, digest = name.partition("@")
    if ".dkr.ecr." not in registry or not digest:
        return {}
    return {"repositoryName": repository, "imageIds": [{"imageDigest": digest}]}


def _secret(stage: Stage) -> tuple[str, str]:
    """Return the ARN and the JSON key of the container's first secret; empty if there is none."""
    secrets: list[dict[str, str]] = stage.container(stage.job).get("secrets") or []
    for secret in secrets:
        parts = secret["valueFrom"].split(":")
        if len(parts) > 7 and parts[7]:
            return ":".join(parts[:7]), parts[7]
    return "", ""


def _parameter(stage: Stage) -> str:
    """Return the name of the container's first parameter; empty if there is none."""
    secrets: list[dict[str, str]] = stage.container(stage.job).get("secrets") or []
    named = (secret["valueFrom"].partition(":parameter")[2] for secret in secrets)
    return next(filter(None, named), "")


def _no_parameter(stage: Stage) -> str | None:
    return None if _parameter(stage) else f"job {stage.job.name} reads no parameter"


def _no_secret(stage: Stage) -> str | None:
    return None if _secret(stage)[0] else f"job {stage.job.name} has no secret with a JSON key"


def _no_image_in_ecr(stage: Stage) -> str | None:
    return None if _image_in_ecr(stage) else f"the image of job {stage.job.name} is not in ECR"


# -- what happens


def _deregistered_while_waiting(stage: Stage, _: Scenario) -> Facts:
    """Deregister a revision while a run of it waits: a copy, for a revision never comes back."""
    ecs: Any = stage.aws.client("ecs")
    kept = stage.task_definition(stage.job)
    wanted = ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members
    copied = {key: value for key, value in kept.items() if key in wanted and value}
    copy = ecs.register_task_definition(**copied | {"family": f"{stage.job.family}-copy"})
    arn = copy["taskDefinition"]["taskDefinitionArn"]
    run = stage.trigger(
        stage.job, attempts=[Played(refused=CAPACITY)], given={"taskDefinition": arn}
    )
    ecs.deregister_task_definition(taskDefinition=arn)
    stage.finish()
    return stage.facts(run)


def _up_while_waiting(stage: Stage, _: Scenario) -> Facts:
    """Deploy another environment of the container while a run waits, and trigger a second run."""
    run = stage.trigger(stage.job, attempts=[Played(refused=CAPACITY)])
    stage.up(_another_environment)
    try:
        stage.finish()
        next_run = stage.trigger(stage.job)
        stage.finish()
        revisions = [_revision(stage, each) for each in (run, next_run)]
    finally:
        stage.up(as_it_was)
    return {
        **stage.facts(run),
        "next run has": "a newer revision" if revisions[0] < revisions[1] else "the same",
    }


def _another_environment(config: dict[str, str]) -> None:
    key, containers = section_of(config, "containers")
    for container in containers.values():
        container["environment"] = {**container.get("environment", {}), "DEPLOYED": "again"}
    config[key] = json.dumps(containers)


def _revision(stage: Stage, run: str) -> int:
    """Return the revision of the task definition that a run's last task had."""
    ecs: Any = stage.aws.client("ecs")
    execution = execution_arn(stage.job.machine_arn, run)
    said = own_words(stage.states.describe_execution(executionArn=execution))
    (task,) = ecs.describe_tasks(cluster=stage.exports["clusterArn"], tasks=[said["taskArn"]])[
        "tasks"
    ]
    return int(task["taskDefinitionArn"].rpartition(":")[2])


def _never_waits(stage: Stage) -> str | None:
    waits = stage.job.waits["start"]
    return None if waits else f"retries.start of job {stage.job.name} is empty: no run ever waits"


def _never_keeps_a_revision(stage: Stage) -> str | None:
    if stage.job.schedule is None:
        return f"job {stage.job.name} is started by hand: each attempt takes the latest"
    return _never_waits(stage)


FAULTS = (
    Scenario(
        name="no-capacity-at-first",
        says="Fargate has no capacity at first, then it has",
        attempts=lambda _: [Played(refused=CAPACITY)],
        expects=_start_budget_heals,
    ),
    Scenario(
        name="no-capacity-at-all",
        says="Fargate has no capacity for longer than we try",
        then=Played(refused=CAPACITY),
        expects=lambda job: not_started(
            "Capacity is unavailable", attempts=len(job.waits["start"]) + 1
        ),
    ),
    Scenario(
        name="throttled",
        says="ECS throttles RunTask, for there are too many at once",
        attempts=lambda _: [Played(error=THROTTLED)],
        expects=_start_budget_heals,
    ),
    Scenario(
        name="network-interface-limit",
        says="The account has no network interface left for a task at first, then it has",
        attempts=lambda _: [Played(start_failure=ENI_LIMIT)],
        expects=_start_budget_heals,
    ),
    Scenario(
        name="image-missing",
        says="The image is gone from the registry",
        broken=_image_deleted,
        unless=_no_image_in_ecr,
        then=Played(),
        expects=lambda _: not_started("not found"),
    ),
    Scenario(
        name="image-of-another-platform",
        says="The image was built for another processor than the task's",
        then=Played(start_failure=OTHER_PLATFORM),
        expects=lambda _: not_started("matching platform"),
    ),
    Scenario(
        name="secret-missing",
        says="Somebody deleted the secret that the container reads",
        broken=_secret_deleted,
        unless=_no_secret,
        expects=lambda _: not_started("InvalidRequestException"),
    ),
    Scenario(
        name="secret-denied",
        says="The execution role may not read the secret any more",
        broken=denied(of_start, "secretsmanager:GetSecretValue"),
        unless=_no_secret,
        expects=lambda _: not_started("AccessDeniedException"),
    ),
    Scenario(
        name="secret-key-missing",
        says="The secret has lost the key that the container reads",
        broken=_secret_without_key,
        unless=_no_secret,
        expects=lambda _: not_started("did not contain json key"),
    ),
    Scenario(
        name="parameter-missing",
        says="Somebody deleted the parameter that the container reads",
        broken=_parameter_deleted,
        unless=_no_parameter,
        expects=lambda _: not_started("invalid parameters"),
    ),
    Scenario(
        name="parameter-denied",
        says="The execution role may not read the parameter any more",
        broken=denied(of_start, "ssm:GetParameters"),
        unless=_no_parameter,
        expects=lambda _: not_started("AccessDeniedException"),
    ),
    Scenario(
        name="pull-denied",
        says="The execution role may not pull the image any more",
        broken=denied(of_start, "ecr:BatchGetImage"),
        unless=_no_image_in_ecr,
        expects=lambda _: not_started("AccessDeniedException"),
    ),
    Scenario(
        name="run-task-denied",
        says="The role of the jobs' machines may not run tasks any more",
        broken=denied(of_jobs, "ecs:RunTask"),
        expects=lambda _: not_started("not authorized to perform: ecs:RunTask"),
    ),
    Scenario(
        name="log-group-deleted",
        says="Somebody deleted the container's log group",
        broken=_log_group_deleted,
        expects=lambda _: not_started("log group does not exist"),
    ),
    Scenario(
        name="task-definition-deregistered",
        says="Somebody deregisters the task definition while a run of it waits for its retry",
        act=_deregistered_while_waiting,
        unless=_never_waits,
        expects=lambda _: not_started("TaskDefinition is inactive", attempts=2),
    ),
    Scenario(
        name="up-in-the-middle",
        says="Somebody deploys another task definition while a run waits for its retry",
        act=_up_while_waiting,
        unless=_never_keeps_a_revision,
        expects=lambda _: {**succeeded(attempts=2), "next run has": "a newer revision"},
    ),
)
