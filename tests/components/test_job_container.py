import json
from typing import Any

import pulumi_aws as aws
import pytest

from components.job_container import JobContainer, JobContainerArgs, SecretSource
from definitions.grants import Grant
from tests.components.naming import KEY_ARN, NAMES
from tests.deploying import Deployment, deploy

SECRET = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:sample-AbCdEf"
REPOSITORY = "arn:aws:ecr:ap-northeast-1:123456789012:repository/app"
GIVEN: dict[str, Any] = {
    "names": NAMES,
    "container": "default",
    "image": "repository@sha256:0",
    "repository_arn": REPOSITORY,
    "cpu_units": 256,
    "memory_mib": 512,
    "architecture": "ARM64",
    "log_retention_days": 30,
    "key_arn": KEY_ARN,
    "environment": {"LEVEL": "info"},
    "secrets": {
        "TOKEN": SecretSource(arn=SECRET, key="API_TOKEN"),
        "WHOLE": SecretSource(arn=SECRET, key=None),
    },
    "grants": [Grant(kind="bucket", name="files", verb="read")],
}


def container(**changed: Any) -> Deployment:
    return deploy(lambda: JobContainer("c", JobContainerArgs(**(GIVEN | changed))))


def definition(made: Deployment) -> dict[str, Any]:
    (only,) = json.loads(made.one(aws.ecs.TaskDefinition).inputs["containerDefinitions"])
    return only


def test_the_task_definition_is_a_fargate_one_of_the_asked_size() -> None:
    task = container().one(aws.ecs.TaskDefinition).inputs
    assert task["family"] == "fargate-batch-dev--default"
    assert (task["cpu"], task["memory"]) == ("256", "512")
    assert task["requiresCompatibilities"] == ["FARGATE"]
    assert task["networkMode"] == "awsvpc"
    assert task["runtimePlatform"] == {
        "cpuArchitecture": "ARM64",
        "operatingSystemFamily": "LINUX",
    }
    assert task["volumes"] == [{"name": "tmp"}]
    assert task["tags"] == {"container": "default"}


def test_an_old_revision_stays_for_runs_that_wait_for_a_retry() -> None:
    assert container().one(aws.ecs.TaskDefinition).inputs["skipDestroy"] is True


def test_secrets_come_by_reference_never_by_value() -> None:
    only = definition(container())
    assert only["secrets"] == [
        {"name": "TOKEN", "valueFrom": f"{SECRET}:API_TOKEN::"},
        {"name": "WHOLE", "valueFrom": SECRET},
    ]
    assert only["environment"] == [{"name": "LEVEL", "value": "info"}]
    assert only["image"] == "repository@sha256:0"


def test_fargate_and_program_have_different_roles() -> None:
    made = container()
    task = made.one(aws.ecs.TaskDefinition).inputs
    assert task["executionRoleArn"].endswith("/c-execution-role")
    assert task["taskRoleArn"].endswith("/c-task-role")
    policies = {p.name: p.inputs["policy"] for p in made.all(aws.iam.RolePolicy)}
    assert "secretsmanager:GetSecretValue" in policies["c-execution-policy"]
    assert SECRET in policies["c-execution-policy"]
    assert "secretsmanager" not in policies["c-task-policy"]
    assert "s3:GetObject" in policies["c-task-policy"]


def test_a_program_without_grants_may_do_nothing() -> None:
    names = [p.name for p in container(grants=[]).all(aws.iam.RolePolicy)]
    assert names == ["c-execution-policy"]


def test_a_container_to_look_into_lets_people_in_and_the_agent_write() -> None:
    assert definition(container())["readonlyRootFilesystem"] is True
    looked_into = container(debug=True, grants=[])
    assert definition(looked_into)["readonlyRootFilesystem"] is False
    policies = {p.name: p.inputs["policy"] for p in looked_into.all(aws.iam.RolePolicy)}
    assert "ssmmessages:OpenDataChannel" in policies["c-task-policy"]


def test_parameters_come_by_reference_beside_the_secrets() -> None:
    parameter = NAMES.parameter_arn("/batch/token")
    made = container(parameter_arns={"PARAMETER": parameter})
    secrets = {one["name"]: one["valueFrom"] for one in definition(made)["secrets"]}
    assert secrets["PARAMETER"] == parameter
    assert set(secrets) == {"PARAMETER", "TOKEN", "WHOLE"}
    policies = {p.name: p.inputs["policy"] for p in made.all(aws.iam.RolePolicy)}
    assert parameter in policies["c-execution-policy"]


def test_a_secret_that_the_program_reads_itself_is_in_its_own_policy() -> None:
    grant = Grant(kind="secret", name="sample", verb="read")
    made = container(grants=[grant], secret_arns={"sample": SECRET})
    policies = {p.name: p.inputs["policy"] for p in made.all(aws.iam.RolePolicy)}
    assert SECRET in policies["c-task-policy"]


def test_more_room_for_files_is_asked_for_only_where_it_is_wanted() -> None:
    assert "ephemeralStorage" not in container().one(aws.ecs.TaskDefinition).inputs
    task = container(ephemeral_storage_gib=100).one(aws.ecs.TaskDefinition).inputs
    assert task["ephemeralStorage"] == {"sizeInGib": 100}


def test_logs_are_kept_as_long_as_asked_and_encrypted() -> None:
    group = container().one(aws.cloudwatch.LogGroup).inputs
    assert group["name"] == "/fargate-batch/dev/default"
    assert (group["retentionInDays"], group["kmsKeyId"]) == (30, KEY_ARN)


def test_an_impossible_size_is_refused_before_anything_is_registered() -> None:
    with pytest.raises(ValueError, match="512"):
        JobContainerArgs(**(GIVEN | {"memory_mib": 500}))
