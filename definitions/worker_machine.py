"""A worker's state machine: a task of an activity, and beside it the container that fetches it.

The container is started as a job's is, by the very states of a job's machine. The run ends when
both branches have; whatever goes wrong in one of them stops the other, and the task with it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from definitions.job_machine import (
    JOB_FAILED,
    JOB_TIMED_OUT,
    RetryBudgets,
    TaskPlacement,
    job_machine,
)
from definitions.jsonata import expression, literal

WORKER_LOST = "WorkerLost"
"""Error of a run whose worker has said nothing for longer than its heartbeat."""

LEEWAY_SECONDS = 900
"""What a run may take beside the work: starting the container, and its end after the answer."""

_ABOUT_THE_RUN = (
    "taskDefinition",
    "command",
    "environment",
    "cpuUnits",
    "memoryMib",
    "notify",
    "warnAfterSeconds",
    "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID",
)
"""Members of a run's input that the work is not about."""


def worker_machine(
    *,
    worker: str,
    activity_arn: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    family: str,
    log_group: str,
    timeout_seconds: int,
    heartbeat_seconds: int,
    placement: TaskPlacement,
    debug: bool = False,
) -> dict[str, Any]:
    """Definition of a worker's machine.

    The input of a run is that of a job's, see ``job_machine``; everything else in it goes to the
    worker as the task's input, with ``job``, ``run`` and ``scheduledTime``. The container finds the
    activity in ``JOB_ACTIVITY_ARN`` and the seconds in ``JOB_HEARTBEAT_SECONDS``.

    It succeeds as a job does, with the worker's answer as ``result``; or fails with an error of a
    job, or ``WorkerLost``, and a short JSON cause. A worker that ends well and has not answered is
    what the timeout of the whole run is for.
    """
    retries = RetryBudgets()
    job = job_machine(
        job=worker,
        command=command,
        environment={
            **environment,
            "JOB_ACTIVITY_ARN": activity_arn,
            "JOB_HEARTBEAT_SECONDS": str(heartbeat_seconds),
        },
        family=family,
        log_group=log_group,
        cpu_units=None,
        memory_mib=None,
        timeout_seconds=timeout_seconds + LEEWAY_SECONDS,
        retries=retries,
        placement=placement,
        debug=debug,
    )
    container = {"StartAt": job["StartAt"], "States": job["States"]}
    work = _work(worker, activity_arn, timeout_seconds, heartbeat_seconds, log_group)
    return {
        "Comment": f"Runs the worker {worker}",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": timeout_seconds + sum(retries.start) + 2 * LEEWAY_SECONDS,
        "StartAt": "Both",
        "States": {
            "Both": {
                "Type": "Parallel",
                "Branches": [container, work],
                "Output": expression("$merge([$states.result[0], {'result': $states.result[1]}])"),
                "End": True,
            }
        },
    }


def _work(
    worker: str, activity_arn: str, timeout_seconds: int, heartbeat_seconds: int, log_group: str
) -> dict[str, Any]:
    """Return the branch that waits for the worker, and says in a job's words why it did in vain."""
    # A heartbeat that did not come and a timeout are one error without a cause; AWS counts both
    # from the moment at which the worker fetches the task.
    silent = f"""{{
        'class': 'worker lost', 'reason': 'no heartbeat for {heartbeat_seconds} s',
        'logGroup': {literal(log_group)}
    }}"""
    late = f"""{{
        'class': 'timed out', 'reason': 'no answer within {timeout_seconds} s',
        'logGroup': {literal(log_group)}
    }}"""
    return {
        "StartAt": "Work",
        "States": {
            "Work": {
                "Type": "Task",
                "Comment": "Wait for the worker",
                "Resource": activity_arn,
                "TimeoutSeconds": timeout_seconds,
                "HeartbeatSeconds": heartbeat_seconds,
                "Arguments": expression(f"""(
                    $given := $type($states.input) = 'object' ? $states.input : {{}};
                    $merge([
                        $sift($given, function($v, $k) {{ $not($k in {literal(_ABOUT_THE_RUN)}) }}),
                        {{
                            'job': {literal(worker)},
                            'run': $states.context.Execution.Name,
                            'scheduledTime': $exists($given.scheduledTime)
                              ? $given.scheduledTime : $states.context.Execution.StartTime
                        }}
                    ])
                )"""),
                "Catch": [
                    {
                        "ErrorEquals": ["States.Timeout", "States.HeartbeatTimeout"],
                        "Assign": {
                            "late": expression(
                                "$millis() - $toMillis($states.context.State.EnteredTime)"
                                f" >= {timeout_seconds * 1_000}"
                            )
                        },
                        "Next": "Lost",
                    },
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Assign": {
                            "cause": expression(f"""(
                                $said := [
                                    $states.errorOutput.Error, $states.errorOutput.Cause
                                ][$type($) = 'string' and $ != ''];
                                {{
                                    'class': 'failed',
                                    'reason': $exists($said)
                                      ? $join($said, ': ') : 'the worker gave no reason',
                                    'logGroup': {literal(log_group)}
                                }}
                            )""")
                        },
                        "Next": "Refused",
                    },
                ],
                "End": True,
            },
            "Lost": {
                "Type": "Fail",
                "Error": expression(f"$late ? {literal(JOB_TIMED_OUT)} : {literal(WORKER_LOST)}"),
                "Cause": expression(f"$string($late ? {late} : {silent})"),
            },
            "Refused": {
                "Type": "Fail",
                "Error": JOB_FAILED,
                "Cause": expression("$string($cause)"),
            },
        },
    }
