"""Containers: a program runs in each of them, whichever jobs they are of."""

from collections.abc import Iterator

from rehearsal.cloud import Played
from rehearsal.scenario import Scenario
from rehearsal.stage import Facts, Job, Stage, execution_arn, own_words

_COMMAND = ["python", "-S", "-c", "print('here')"]


def _heard(stage: Stage, _: Scenario) -> Facts:
    """Run a program in each container; say in which of them nothing came of it."""
    silent: list[str] = []
    for job in _one_a_container(stage):
        run = stage.trigger(job, then=Played(), given={"command": _COMMAND})
        stage.finish()
        ended = stage.states.describe_execution(executionArn=execution_arn(job.machine_arn, run))
        if stage.log_lines(own_words(ended)) != ["here"]:
            silent.append(f"{job.family}: {stage.why(ended)}")
    return {"trigger": "started", "logs": "; ".join(silent) or "written"}


def _one_a_container(stage: Stage) -> Iterator[Job]:
    """Return a job of each container but that of the job which everything else is played on."""
    seen = {stage.job.family}
    for job in stage.jobs:
        if job.family not in seen:
            seen.add(job.family)
            yield job


def _only_one(stage: Stage) -> str | None:
    return None if any(_one_a_container(stage)) else "all jobs run in one container"


FEATURES = (
    Scenario(
        name="every-container",
        says="A program runs in each of the other containers",
        expects=lambda _: {"logs": "written"},
        act=_heard,
        unless=_only_one,
    ),
)
