"""The end of whole stacks: what is deleted, in which order, and what AWS refuses to delete."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs] - there are none
    ClientError,
)

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import Deployment, Resource, deploy, destroy
from rehearsal.provider import AwsProvider
from rehearsal.provider.registry import KINDS
from stacks.stack_file import read_stack_file
from tests.deploying import ROOT
from tests.rehearsal.conftest import START
from tests.rehearsal.leftovers import leftovers

PROGRAM = Path(__file__).parent / "everything"
NEVER_GONE = {"aws:ecs/taskDefinition:TaskDefinition"}
"""With skip_destroy, which all of ours have."""


@pytest.mark.parametrize("stack", ["everything", "dev", "prod"])
def test_after_everything_was_deleted_twice_nothing_is_left(stack: str) -> None:
    program = PROGRAM if stack == "everything" else ROOT
    stack_file = read_stack_file(program, "dev" if program == PROGRAM else stack)
    region = stack_file.config["aws:region"]
    with EmbeddedAws(region=region, start=START) as cloud:
        empty = leftovers(cloud, region)
        made = deploy(program, stack_file, AwsProvider(cloud))
        assert len(leftovers(cloud, region)) > len(made.resources) / 3  # the helper looks
        for _ in range(2):
            destroyed = destroy(made, stack_file, AwsProvider(cloud))
            assert destroyed.resources == {}
            kept = leftovers(cloud, region)
            revisions = [each for each in kept if ":task-definition/" in each]
            assert revisions, "skip_destroy keeps them for runs that wait"
            assert sorted({*kept} - {*revisions}) == empty
        for resource in made.resources.values():
            if resource.type in KINDS and resource.type not in NEVER_GONE:
                found = AwsProvider(cloud).read(
                    resource.type, resource.id, resource.inputs, resource.outputs
                )
                assert found is None, resource.name


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(region="eu-west-1", start=START) as embedded:
        yield embedded


@pytest.fixture(scope="module")
def everything(cloud: EmbeddedAws) -> Deployment:
    return deploy(PROGRAM, read_stack_file(PROGRAM, "dev"), AwsProvider(cloud))


def the(everything: Deployment, name: str) -> Resource:
    (found,) = (made for made in everything.resources.values() if made.name == name)
    return found


def deleted(cloud: EmbeddedAws, resource: Resource, **inputs: Any) -> None:
    AwsProvider(cloud).delete(
        resource.type, resource.id, {**resource.inputs, **inputs}, resource.outputs
    )


@pytest.mark.parametrize(
    ("name", "inputs", "words"),
    [
        ("vpc", {}, "has dependencies and cannot be deleted .DependencyViolation.: "),
        ("subnet", {}, "has dependencies and cannot be deleted .DependencyViolation.: eni-"),
        ("table", {}, "DependencyViolation"),
        ("group", {}, "has dependencies and cannot be deleted .DependencyViolation.: .*vpce-"),
        ("repository", {"forceDelete": False}, "RepositoryNotEmpty"),
        ("role", {}, "DeleteConflict"),
        ("rule", {}, "Rule can't be deleted since it has targets"),
    ],
)
def test_what_something_needs_is_not_deleted(
    cloud: EmbeddedAws,
    everything: Deployment,
    name: str,
    inputs: dict[str, Any],
    words: str,
) -> None:
    made = the(everything, name)
    with pytest.raises((ValueError, ClientError), match=words):
        deleted(cloud, made, **inputs)
    assert AwsProvider(cloud).read(made.type, made.id, made.inputs, made.outputs) is not None


def test_a_bucket_goes_with_its_objects_only_when_forced(
    cloud: EmbeddedAws, everything: Deployment
) -> None:
    bucket = the(everything, "bucket")
    policy = the(everything, "bucket-policy")
    deleted(cloud, policy)
    s3 = cloud.client("s3")
    s3.put_object(Bucket=bucket.id, Key="a", Body=b"1")
    s3.delete_object(Bucket=bucket.id, Key="a")  # which hides the version, and keeps it
    with pytest.raises(ValueError, match=r"is not empty \(BucketNotEmpty\): it has a"):
        deleted(cloud, bucket, forceDestroy=False)
    deleted(cloud, bucket)
    assert bucket.id not in [each["Name"] for each in s3.list_buckets()["Buckets"]]


def test_a_cluster_with_tasks_is_not_deleted(
    cloud: EmbeddedAws, everything: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    ecs = cloud.client("ecs")

    def one_task(**_: str) -> dict[str, list[str]]:
        return {"taskArns": ["arn:task"]}

    monkeypatch.setattr(ecs, "list_tasks", one_task)
    with pytest.raises(ValueError, match=r"has 1 tasks \(ClusterContainsTasksException\)"):
        deleted(cloud, the(everything, "cluster"))


def test_a_secret_waits_for_its_days_and_goes_at_once_without_them(
    cloud: EmbeddedAws, everything: Deployment
) -> None:
    secret, secrets = the(everything, "secret"), cloud.client("secretsmanager")
    deleted(cloud, secret, recoveryWindowInDays=7)
    deleted(cloud, secret, recoveryWindowInDays=7)
    waits = secrets.describe_secret(SecretId=secret.id)["DeletedDate"]
    assert (waits.date() - START.date()).days == 7
    deleted(cloud, secret)
    listed = secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]
    names = [each["Name"] for each in listed]
    assert secret.inputs["name"] not in names


def test_a_key_waits_for_its_days(cloud: EmbeddedAws, everything: Deployment) -> None:
    key, kms = the(everything, "key"), cloud.client("kms")
    deleted(cloud, key)
    deleted(cloud, key)
    described = kms.describe_key(KeyId=key.id)["KeyMetadata"]
    assert described["KeyState"] == "PendingDeletion"
    assert (described["DeletionDate"].date() - START.date()).days == 7


def test_a_task_definition_goes_unless_it_is_to_stay(
    cloud: EmbeddedAws, everything: Deployment
) -> None:
    task, ecs = the(everything, "task"), cloud.client("ecs")
    deleted(cloud, task)
    assert ecs.list_task_definitions()["taskDefinitionArns"] == [task.outputs["arn"]]
    deleted(cloud, task, skipDestroy=False)
    deleted(cloud, task, skipDestroy=False)
    assert ecs.list_task_definitions()["taskDefinitionArns"] == []


def test_what_was_half_made_is_taken_back(cloud: EmbeddedAws, everything: Deployment) -> None:
    provider = AwsProvider(cloud)
    role = the(everything, "role").inputs
    checked = provider.check("aws:iam/role:Role", {**role, "name": "half", "colour": "red"})
    with pytest.raises(NotImplementedError, match="argument 'colour'"):
        provider.create("aws:iam/role:Role", "half", checked)
    names = [each["RoleName"] for each in cloud.client("iam").list_roles()["Roles"]]
    assert "half" not in names
