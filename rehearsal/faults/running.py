"""Faults of a task that runs: how its program, AWS or a person ends it."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from definitions.job_machine import JOB_OUT_OF_MEMORY
from rehearsal.cloud import Played
from rehearsal.faults.breaking import machine_changed
from rehearsal.scenario import Scenario, failed, succeeded
from rehearsal.stage import Facts, Job, Stage, execution_arn, own_words

NO_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
SPOT = Played(seconds=60, taken=("SpotInterruption", "Your Spot Task was interrupted."))
RETRIED, NOT_RETRIED = 75, 65
"""EX_TEMPFAIL and EX_DATAERR of sysexits.h: what a program says when trying again may help."""
BY_HAND = "It is the wrong day for this"


@contextmanager
def _retries_of_code(stage: Stage) -> Generator[None]:
    """Let the job's machine have ``retries: {app: [60], exitCodes: [75]}`` meanwhile."""

    def change(machine: dict[str, Any]) -> None:
        assigned = machine["States"]["Prepare"]["Assign"]
        assigned["exitCodes"], assigned["waits"]["app"] = [RETRIED], [60]

    with machine_changed(stage, stage.job.machine_arn, change):
        yield


def _exit_code(code: int) -> Callable[[Job], Facts]:
    def expects(job: Job) -> Facts:
        again = len(job.waits["app"]) if not job.exit_codes or code in job.exit_codes else 0
        return failed("failed", exit_code=code, attempts=again + 1)

    return expects


def _out_of_memory(job: Job) -> Facts:
    return failed(
        "out of memory",
        exit_code=137,
        attempts=len(job.waits["memory"]) + 1,
        error=JOB_OUT_OF_MEMORY,
        reason="OutOfMemoryError",
    )


def _own_program(stage: Stage, scenario: Scenario) -> Facts:
    """Run the job's own program, and look whether it wrote into its log."""
    run = stage.trigger(stage.job, then=scenario.then)
    stage.finish()
    arn = execution_arn(stage.job.machine_arn, run)
    said = own_words(stage.states.describe_execution(executionArn=arn))
    wrote = "written" if stage.log_lines(said) else "empty"
    return {**stage.facts(run), "log": wrote}


def _stopped(by: Callable[[Stage, str], Any]) -> Callable[[Stage, Scenario], Facts]:
    def act(stage: Stage, _: Scenario) -> Facts:
        job = stage.job
        lasts = job.going_on
        run = stage.trigger(job, then=lasts)
        stage.pass_time(timedelta(seconds=lasts.seconds or 0) / 2)
        by(stage, run)
        stage.finish()
        return stage.facts(run)

    return act


def _stop_task(stage: Stage, _: str) -> None:
    ecs: Any = stage.aws.client("ecs")
    cluster = stage.exports["clusterArn"]
    (task,) = ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"]
    ecs.stop_task(cluster=cluster, task=task, reason=BY_HAND)


def _stop_run(stage: Stage, run: str) -> None:
    arn = execution_arn(stage.job.machine_arn, run)
    stage.states.stop_execution(executionArn=arn, cause=BY_HAND)


def _silent_worker(stage: Stage, _: Scenario) -> Facts:
    """Let a worker take a task, say three times that it lives, and then say nothing more."""
    arn = stage.job.machine_arn
    name = f"{arn.rpartition(':')[2]}-worker"
    activity = stage.states.create_activity(name=name)["activityArn"]
    work = {"Type": "Task", "Resource": activity, "HeartbeatSeconds": 60, "End": True}
    definition = {"QueryLanguage": "JSONata", "StartAt": "Work", "States": {"Work": work}}
    machine = stage.states.create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=stage.role_of(arn)
    )["stateMachineArn"]
    started = stage.states.start_execution(
        stateMachineArn=machine, name="worker", input=json.dumps({"notify": "all"})
    )
    stage.aws.clock.settle()
    token = stage.states.get_activity_task(activityArn=activity)["taskToken"]
    for _beat in range(3):
        stage.pass_time(timedelta(seconds=30))
        stage.states.send_task_heartbeat(taskToken=token)
    stage.aws.wait_for(started["executionArn"])
    stage.finish()
    ended = stage.end(started["executionArn"])
    stage.states.delete_state_machine(stateMachineArn=machine)
    stage.states.delete_activity(activityArn=activity)
    return {"trigger": "started", **ended}


FAULTS = (
    Scenario(
        name="nothing-at-all",
        says="Nothing is wrong: the job's own program reads its secrets and writes its log",
        then=Played(),
        act=_own_program,
        expects=lambda _: {**succeeded(), "log": "written"},
    ),
    Scenario(
        name="exit-code-1",
        says="The program ends with exit code 1",
        given={"command": ["python", "-c", "raise SystemExit(1)"]},
        then=Played(),
        expects=_exit_code(1),
    ),
    Scenario(
        name="exit-code-75",
        says="The program asks to be tried again, with exit code 75, and then succeeds",
        broken=_retries_of_code,
        attempts=lambda _: [Played(exit_code=RETRIED)],
        expects=lambda _: succeeded(attempts=2),
    ),
    Scenario(
        name="exit-code-not-to-retry",
        says="The program ends with a code that is not among its retries.exitCodes",
        broken=_retries_of_code,
        then=Played(exit_code=NOT_RETRIED),
        expects=lambda _: failed("failed", exit_code=NOT_RETRIED),
    ),
    Scenario(
        name="out-of-memory",
        says="The program needs more memory than its container has",
        then=Played(killed=(137, NO_MEMORY)),
        expects=_out_of_memory,
    ),
    Scenario(
        name="killed",
        says="The program is killed, exit code 137, and not for want of memory",
        then=Played(exit_code=137),
        expects=_exit_code(137),
    ),
    Scenario(
        name="timeout",
        says="The program does not end within the job's timeout",
        attempts=lambda job: (
            [Played(exit_code=0, seconds=job.timeout_seconds + 60)]
            * (len(job.waits["timeout"]) + 1)
        ),
        expects=lambda job: failed(
            "timed out", attempts=len(job.waits["timeout"]) + 1, reason="no end within"
        ),
    ),
    Scenario(
        name="heartbeat-lost",
        says="A worker says no more that it lives; it is played beside the jobs",
        act=_silent_worker,
        expects=lambda _: {"run": "failed", "error": "States.Timeout", "message to": "failure"},
    ),
    Scenario(
        name="spot-reclaimed",
        says="AWS takes the task back, as it does with Spot",
        attempts=lambda _: [SPOT],
        expects=lambda _: succeeded(attempts=2),
    ),
    Scenario(
        name="spot-reclaimed-again",
        says="AWS takes the second task back too",
        then=SPOT,
        expects=lambda _: failed("spot reclaimed", attempts=2, reason="Spot Task"),
    ),
    Scenario(
        name="task-stopped-by-hand",
        says="Somebody stops the task",
        act=_stopped(_stop_task),
        expects=lambda _: failed("stopped", reason=BY_HAND),
    ),
    Scenario(
        name="run-stopped-by-hand",
        says="Somebody stops the run",
        act=_stopped(_stop_run),
        expects=lambda _: {"run": "stopped", "message to": "failure"},
    ),
)
