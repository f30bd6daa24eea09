"""The stacks of this project, deployed a second time after a change of their file."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import DeployFailed, Deployment, deploy
from rehearsal.provider import AwsProvider
from stacks.stack_file import StackFile, read_stack_file
from tests.deploying import ROOT
from tests.rehearsal.conftest import START

JOBS = "fargate-batch:jobs"
STACK = read_stack_file(ROOT, "dev")
Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(region=STACK.config["aws:region"], start=START) as embedded:
        yield embedded


@pytest.fixture(scope="module")
def before(cloud: EmbeddedAws) -> Deployment:
    return deploy(ROOT, STACK, AwsProvider(cloud))


def with_jobs(change: Change) -> StackFile:
    jobs = json.loads(STACK.config[JOBS])
    change(jobs)
    return replace(STACK, config={**STACK.config, JOBS: json.dumps(jobs)})


def deployed_and_back(
    cloud: EmbeddedAws, before: Deployment, change: Change
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Deploy with changed jobs, then as before; return what each did, by action and name."""
    provider = AwsProvider(cloud)
    there = deploy(ROOT, with_jobs(change), provider, before=before)
    back = deploy(ROOT, STACK, provider, before=there)
    return tuple([(step.action, step.name) for step in each.steps] for each in (there, back))  # pyright: ignore[reportReturnType] - two of them


def test_nothing_changed_is_nothing_done(cloud: EmbeddedAws, before: Deployment) -> None:
    again = deploy(ROOT, STACK, AwsProvider(cloud), before=before)
    assert again.steps == []
    assert again.outputs == before.outputs


def test_a_changed_job_changes_that_job_only(cloud: EmbeddedAws, before: Deployment) -> None:
    def later(jobs: dict[str, Any]) -> None:
        jobs["list-files"]["schedule"] = "cron(45 * * * ? *)"

    there, back = deployed_and_back(cloud, before, later)
    assert there == back == [("update", "job-list-files-schedule")]


def test_a_removed_job_is_removed_and_an_added_one_is_made(
    cloud: EmbeddedAws, before: Deployment
) -> None:
    def without(jobs: dict[str, Any]) -> None:
        del jobs["list-files"]

    there, back = deployed_and_back(cloud, before, without)
    gone = {name for action, name in there if action == "delete"}
    assert gone == {name for action, name in back if action == "create"}
    assert gone == {"job-list-files-machine", "job-list-files-schedule"}
    assert {name for action, name in there if action != "delete"} == set()


def test_a_new_image_makes_a_new_revision_and_keeps_the_old_one(
    cloud: EmbeddedAws, before: Deployment
) -> None:
    provider = AwsProvider(cloud)
    containers = json.loads(STACK.config["fargate-batch:containers"])
    containers["default"]["memoryMib"] = 1024
    config = {**STACK.config, "fargate-batch:containers": json.dumps(containers)}
    there = deploy(ROOT, replace(STACK, config=config), provider, before=before)
    assert ("replace", "container-default-task") in [(s.action, s.name) for s in there.steps]
    revisions = cloud.client("ecs").list_task_definitions()["taskDefinitionArns"]
    assert [arn.rpartition(":")[2] for arn in revisions] == ["1", "2"]


def test_what_failed_by_hand_is_healed_by_the_next_deployment(cloud: EmbeddedAws) -> None:
    """A name that somebody took stops its resource and those that need it, nothing else."""
    stack = replace(STACK, stack="heal")
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/fargate-batch/heal/default")
    with pytest.raises(DeployFailed) as failed:
        deploy(ROOT, stack, AwsProvider(cloud))
    names = [failure.name for failure in failed.value.failures]
    assert names[0] == "container-default-logs"
    assert "skipped, because it needs container-default-logs" in str(failed.value)
    logs.delete_log_group(logGroupName="/fargate-batch/heal/default")
    healed = deploy(ROOT, stack, AwsProvider(cloud), before=failed.value.deployment)
    assert {step.action for step in healed.steps} == {"create"}
    assert {step.name for step in healed.steps} <= set(names)


def test_another_network_mode_takes_over_flow_logs_whose_names_are_taken(
    cloud: EmbeddedAws, before: Deployment
) -> None:
    last = before
    network = json.loads(STACK.config["fargate-batch:network"])
    for mode in ("nat", "endpoints", network["mode"]):
        config = {"fargate-batch:network": json.dumps({**network, "mode": mode})}
        stack_file = replace(STACK, config={**STACK.config, **config})
        last = deploy(ROOT, stack_file, AwsProvider(cloud), before=last)
        done = {step.name: step.action for step in last.steps}
        assert done["network-vpc-network"] in ("create", "delete")
        assert done.keys().isdisjoint({"network-vpc-flow-logs-group", "network-vpc-flow-logs-role"})
        of_stack = [{"Name": "tag:stack", "Values": ["dev"]}]
        assert len(cloud.client("ec2").describe_vpcs(Filters=of_stack)["Vpcs"]) == 1
        assert len(cloud.client("ec2").describe_flow_logs(Filters=of_stack)["FlowLogs"]) == 1
