"""Progress: a run that waits for the words of its program."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from definitions.job_machine import JOB_HEARTBEAT_LOST
from rehearsal.cloud import Attempt, Played
from rehearsal.scenario import Scenario, failed, succeeded
from rehearsal.stage import Facts, Job, Stage, execution_arn, own_words

HANGS = Played(hangs=True)
CRASHES = Played(exit_code=139)
BEATS = 4
_UNTIL_IT_ENDED = timedelta(minutes=1)
"""A program tells of its success a little sooner than its task ends."""
_WITHOUT_BUCKET = """
import os, runpy
del os.environ["S3_BUCKET_NAME"]
runpy.run_module("list_files", run_name="__main__")
"""
NO_BUCKET = {"command": ["python", "-c", _WITHOUT_BUCKET]}

_Meanwhile = Callable[[Stage, Job, str, str], object]
"""What happens during a run, by its name and the token of its task."""


def _job(stage: Stage) -> Job | None:
    """Return a job of one task at a time that tells of its progress."""
    return next((job for job in stage.jobs if job.heartbeat_seconds and not job.array), None)


def _unless(stage: Stage) -> str | None:
    return None if _job(stage) else "no job tells of its progress"


def _run(
    then: Played, meanwhile: _Meanwhile | None = None, given: Facts | None = None
) -> Callable[[Stage, Scenario], Facts]:
    def act(stage: Stage, _: Scenario) -> Facts:
        job, tokens, usual = _job(stage), list[str](), stage.aws.fargate.play
        assert job is not None  # noqa: S101 - else it does not apply

        def play(attempt: Attempt) -> Played:
            tokens.append(attempt.environment.get("JOB_TASK_TOKEN", ""))
            return usual(attempt)

        stage.aws.fargate.play = play
        try:
            run = stage.trigger(job, then=then, given=given)
            stage.aws.clock.settle()
            if meanwhile is not None:
                meanwhile(stage, job, run, tokens[-1])
            stage.finish()
            stage.pass_time(_UNTIL_IT_ENDED)
        finally:
            stage.aws.fargate.play = usual
        arn = execution_arn(job.machine_arn, run)
        said = own_words(stage.states.describe_execution(executionArn=arn))
        wrote = "written" if stage.log_lines(said) else "empty"
        return {"trigger": stage.fate(run), **stage.end(arn), "log": wrote}

    return act


def _beat(stage: Stage, job: Job, _run: str, token: str) -> None:
    """Say so often that the work goes on that all of it takes longer than one heartbeat."""
    for _ in range(BEATS):
        stage.pass_time(timedelta(seconds=(job.heartbeat_seconds or 0) * 0.9))
        stage.states.send_task_heartbeat(taskToken=token)


def _beat_and_end(stage: Stage, job: Job, run: str, token: str) -> None:
    _beat(stage, job, run, token)
    stage.states.send_task_success(taskToken=token, output="{}")
    (task,) = _tasks(stage)  # a real program ends by itself
    ecs: Any = stage.aws.client("ecs")
    ecs.stop_task(cluster=stage.exports["clusterArn"], task=task, reason="its program ended")


def _tasks(stage: Stage) -> list[str]:
    ecs: Any = stage.aws.client("ecs")
    return ecs.list_tasks(cluster=stage.exports["clusterArn"], desiredStatus="RUNNING")["taskArns"]


FEATURES = (
    Scenario(
        name="progress-told",
        says="A job's own program says that its work goes on, and that it succeeded",
        act=_run(Played()),
        unless=_unless,
        expects=lambda _: {**succeeded(), "log": "written"},
    ),
    Scenario(
        name="progress-failure-told",
        says="A job's own program says why it fails",
        act=_run(Played(), given=NO_BUCKET),
        unless=_unless,
        expects=lambda _: {
            **failed("failed", exit_code=64, reason="S3_BUCKET_NAME is not set"),
            "log": "written",
        },
    ),
    Scenario(
        name="progress-kept",
        says="A program works for longer than one heartbeat, and says so in time",
        act=_run(HANGS, _beat_and_end),
        unless=_unless,
        expects=lambda _: succeeded(),
    ),
    Scenario(
        name="progress-lost",
        says="A program hangs: it says no more that its work goes on, and its task is stopped",
        act=_run(HANGS, _beat),
        unless=_unless,
        expects=lambda _: failed(
            "heartbeat lost", error=JOB_HEARTBEAT_LOST, reason="no heartbeat in time"
        ),
    ),
    Scenario(
        name="progress-crashed",
        says="A container ends without a word, which is noticed by its missing heartbeat",
        act=_run(CRASHES),
        unless=_unless,
        expects=lambda _: failed("heartbeat lost", error=JOB_HEARTBEAT_LOST),
    ),
)
