"""Shells in running tasks: a person opens one where the container says so, and nowhere else."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs] - there are none
    ClientError,
)

from rehearsal.scenario import Scenario, succeeded
from rehearsal.stage import Facts, Job, Stage, execution_arn

_A_WHILE = timedelta(minutes=1)


def _opened(stage: Stage, _: Scenario) -> Facts:
    """Start a run and, while its task goes on, ask for a shell in it."""
    job = next(_debugged(stage))
    before = stage.running_tasks()
    run = stage.trigger(job, then=job.going_on)
    stage.pass_time(_A_WHILE)
    (task,) = stage.running_tasks() - before
    ecs: Any = stage.aws.client("ecs")
    shell = "opened"
    try:
        ecs.execute_command(
            cluster=stage.exports["clusterArn"], task=task, command="/bin/sh", interactive=True
        )
    except ClientError as error:
        shell = str(error)
    stage.finish()
    return {
        "trigger": stage.fate(run),
        "shell": shell,
        **stage.end(execution_arn(job.machine_arn, run)),
    }


def _debugged(stage: Stage) -> Iterator[Job]:
    """Return the jobs whose containers let people in."""
    prefix = f"{stage.exports['scheduleGroup']}--"
    containers = stage.section("containers")
    for job in stage.jobs:
        if containers.get(job.family.removeprefix(prefix), {}).get("debug"):
            yield job


def _no_debug(stage: Stage) -> str | None:
    return None if any(_debugged(stage)) else "no job's container says debug"


FEATURES = (
    Scenario(
        name="debug-shell",
        says="A person opens a shell in a running task",
        expects=lambda _: {"shell": "opened", **succeeded()},
        act=_opened,
        unless=_no_debug,
    ),
)
