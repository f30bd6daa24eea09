"""Workers: programs that fetch a task, say that they live, and answer."""

import json
from datetime import timedelta

from definitions.job_machine import JOB_FAILED
from definitions.worker_machine import WORKER_LOST
from rehearsal.cloud import Played
from rehearsal.scenario import Scenario, failed
from rehearsal.stage import Facts, Stage, execution_arn, own_words

SAMPLE = "sum_files"
"""The worker in ``app/``."""
NO_BUCKET = "no-such-bucket-of-anybody"
BEATS = 3


def _no_worker(stage: Stage) -> str | None:
    return None if stage.workers else "no worker is deployed"


def _no_sample(stage: Stage) -> str | None:
    samples = [worker for worker in stage.workers if SAMPLE in json.dumps(worker.definition)]
    return None if samples else f"no worker runs {SAMPLE}"


def _works(stage: Stage, _: Scenario) -> Facts:
    """Let the worker's own program run, from fetching to the answer."""
    worker = stage.workers[0]
    run = stage.trigger(worker, then=Played())
    stage.finish()
    arn = execution_arn(worker.machine_arn, run)
    said = own_words(stage.states.describe_execution(executionArn=arn))
    return {**stage.facts(run, worker), "answer": "in the result" if said.get("result") else "none"}


def _falls_silent(stage: Stage, _: Scenario) -> Facts:
    """Let a worker fetch its task, say some times that it lives, and then nothing more."""
    worker = stage.workers[0]
    run = stage.trigger(worker, then=Played(hangs=True))
    task = stage.states.get_activity_task(activityArn=worker.activity_arn)
    beat = timedelta(seconds=worker.heartbeat_seconds / 2)
    for _beat in range(BEATS):
        stage.pass_time(beat)
        stage.states.send_task_heartbeat(taskToken=task["taskToken"])
    silent_since = stage.aws.clock.now()
    stage.finish()
    arn = execution_arn(worker.machine_arn, run)
    seen = stage.states.describe_execution(executionArn=arn)["stopDate"] - silent_since
    seconds = round(seen.total_seconds())
    return {
        **stage.facts(run, worker),
        "seen after": "one heartbeat" if seconds == worker.heartbeat_seconds else f"{seconds} s",
    }


def _crashes(stage: Stage, _: Scenario) -> Facts:
    worker = stage.workers[0]
    run = stage.trigger(worker, then=Played(exit_code=1))
    stage.finish()
    return stage.facts(run, worker)


def _refuses(stage: Stage, _: Scenario) -> Facts:
    worker = next(one for one in stage.workers if SAMPLE in json.dumps(one.definition))
    run = stage.trigger(worker, then=Played(), given={"bucket": NO_BUCKET})
    stage.finish()
    return stage.facts(run, worker)


FEATURES = (
    Scenario(
        name="worker-works",
        says="A worker's own program fetches its task, says that it lives, and answers",
        unless=_no_worker,
        act=_works,
        expects=lambda _: {
            "run": "succeeded",
            "attempts": 1,
            "answer": "in the result",
            "message to": "success",
        },
    ),
    Scenario(
        name="worker-lost",
        says="A worker is silent for longer than its heartbeat: the run fails, its task is stopped",
        unless=_no_worker,
        act=_falls_silent,
        expects=lambda _: {
            "run": "worker lost",
            "error": WORKER_LOST,
            "reason": "no heartbeat for",
            "seen after": "one heartbeat",
            "message to": "failure",
        },
    ),
    Scenario(
        name="worker-crashes",
        says="A worker's program ends before it has answered: nobody waits for the heartbeat",
        unless=_no_worker,
        act=_crashes,
        expects=lambda _: failed("failed", exit_code=1),
    ),
    Scenario(
        name="worker-refuses",
        says="The sample worker cannot do its work, and its answer says why",
        unless=_no_sample,
        act=_refuses,
        expects=lambda _: {
            "run": "failed",
            "error": JOB_FAILED,
            "reason": NO_BUCKET,
            "message to": "failure",
        },
    ),
)
