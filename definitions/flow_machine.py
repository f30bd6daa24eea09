"""A flow's state machine: each step is a run of a job's own machine.

Retries, logs and the reading of failures stay with the job's machine. Nothing is caught on the way
to a failure, so the step that failed is the state that failed: RedriveExecution goes on from it,
with the input and the revisions that the flow's run began with. A step takes what it needs of that
input from the context; what states hand on is the list of the jobs past whose failure the flow
went, and nothing else.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from definitions import flows
from definitions.jsonata import expression, literal
from definitions.names import MACHINE_LIMIT, SCHEDULED_TIME_LENGTH

FLOW_AND_JOB_LIMIT = MACHINE_LIMIT - SCHEDULED_TIME_LENGTH - len("--r99-t20")
"""Characters of a flow's and its job's name together: both are in the name of a step's run, with
the scheduled time, the number of the flow's redrive and that of the step's retry."""

# StartExecution allows hundreds a second (Step Functions guide, "Quotas"), for all machines of an
# account together.
_WHEN_THROTTLED = {
    "ErrorEquals": [
        "StepFunctions.ExecutionLimitExceededException",
        "StepFunctions.ThrottlingException",
        "StepFunctions.SdkClientException",
    ],
    "IntervalSeconds": 2,
    "BackoffRate": 2.0,
    "MaxDelaySeconds": 60,
    "MaxAttempts": 10,
    "JitterStrategy": "FULL",
}


@dataclass(frozen=True, kw_only=True)
class FlowStep:
    """A job in a flow."""

    container: str
    """Container of the job, by which the flow finds its task definition."""
    after: Collection[str] = ()
    """Jobs of the flow that must have ended before."""
    goes_on: bool = False
    """Whether the flow goes on past the job's failure, as if it had succeeded."""
    retries: int = 0
    """How often a failed job is started again, beside what its own machine tries."""
    retry_seconds: int = 60
    """Wait before each of these."""
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The job's input in this flow: ``command``, ``environment``, ``notify``."""


def flow_machine(
    *, flow: str, steps: Mapping[str, FlowStep], job_machines_arn: str
) -> dict[str, Any]:
    """Definition of a flow's machine; ``steps`` names no job that is not in it and has no cycle.

    A run's input may hold ``taskDefinitions`` (by container; without them each job takes its
    latest), ``scheduledTime``, ``environment`` (for every step, over its own), ``event``,
    ``eventId`` and ``notify``.

    It succeeds with ``failed``, the jobs past whose failure it went; or it fails with
    ``States.TaskFailed``, and the execution of the step that failed is its cause.
    """
    net = flows.arranged({job: step.after for job, step in steps.items()})
    machine = _sequence(net, steps, job_machines_arn, count(1), then="Done")
    machine["States"]["Done"] = {
        "Type": "Succeed",
        "Output": expression("""{
            'class': 'succeeded',
            'failed': [$states.input.failed],
            'reason': $exists($states.input.failed[0])
              ? $join($states.input.failed, ', ') & ' failed, and the flow went on'
        }"""),
    }
    return {"Comment": f"Runs the flow {flow}", "QueryLanguage": "JSONata", **machine}


def _sequence(
    net: flows.Net,
    steps: Mapping[str, FlowStep],
    job_machines_arn: str,
    numbers: Iterator[int],
    then: str | None = None,
) -> dict[str, Any]:
    """Make a machine, or a branch, of a part of a flow; ``then`` is the state that follows."""
    parts = net.parts if isinstance(net, flows.InTurn) else (net,)
    # The name of a state is used once in a machine, branches included.
    names = [part if isinstance(part, str) else f"Parallel {next(numbers)}" for part in parts]
    states: dict[str, Any] = {}
    for name, part, follower in zip(names, parts, [*names[1:], then], strict=True):
        way = {"End": True} if follower is None else {"Next": follower}
        if isinstance(part, str):
            states |= _step(part, steps[part], f"{job_machines_arn}{part}", way)
        else:
            states[name] = {
                "Type": "Parallel",
                "Branches": [
                    _sequence(branch, steps, job_machines_arn, numbers) for branch in part.parts
                ],
                "Output": expression("{'failed': [$distinct($states.result.failed)]}"),
                **way,
            }
    return {"StartAt": names[0], "States": states}


def _step(job: str, step: FlowStep, machine_arn: str, way: Mapping[str, Any]) -> dict[str, Any]:
    """Return the states of a step: one, and a second where the flow goes on past its failure."""
    again = {
        "ErrorEquals": ["States.TaskFailed"],
        "IntervalSeconds": step.retry_seconds,
        "BackoffRate": 1.0,
        "MaxAttempts": step.retries,
    }
    past = f"Past {job}"
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {
            "StateMachineArn": machine_arn,
            "Name": expression(_run_name(job)),
            "Input": expression(_run_input(step)),
        },
        "Output": expression("{'failed': [$states.input.failed]}"),
        "Retry": [_WHEN_THROTTLED, *([again] if step.retries else [])],
        **way,
    }
    if not step.goes_on:
        return {job: task}
    caught = {"ErrorEquals": ["States.ALL"], "Output": expression("$states.input"), "Next": past}
    return {
        job: {**task, "Catch": [caught]},
        past: {
            "Type": "Pass",
            "Output": expression(f"{{'failed': [$states.input.failed, {literal(job)}]}}"),
            **way,
        },
    }


def _run_name(job: str) -> str:
    """Expression of the name of a step's run: that of the flow's run and the job.

    A redrive and a retry start another run, and a name is taken for 90 days. The flow's part is cut
    where somebody gave a run a long name by hand.
    """
    return f"""(
        $redrive := $states.context.Execution.RedriveCount;
        $retry := $states.context.State.RetryCount;
        $end := {literal(f"-{job}")} & ($redrive > 0 ? '-r' & $redrive : '')
          & ($retry > 0 ? '-t' & $retry : '');
        $substring($states.context.Execution.Name, 0, {MACHINE_LIMIT} - $length($end)) & $end
    )"""


def _run_input(step: FlowStep) -> str:
    """Expression of the input of a step's run; its scheduled time is the flow's, also by hand."""
    return f"""(
        $flow := $states.context.Execution.Input;
        $given := {literal(dict(step.given))};
        $merge([$given, {{
            'taskDefinition': $lookup($flow.taskDefinitions, {literal(step.container)}),
            'scheduledTime': $exists($flow.scheduledTime)
              ? $flow.scheduledTime : $states.context.Execution.StartTime,
            'environment': $merge([$given.environment, $flow.environment]),
            'event': $flow.event, 'eventId': $flow.eventId,
            'AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID': $states.context.Execution.Id
        }}])
    )"""


def failed_step(job_machines_arn: str) -> str:
    """Return the statements that read the step in the cause of a flow that failed.

    ``$facts`` is that cause, parsed: the execution of the step, in whose cause are the words of its
    own machine. It becomes what a message says of the flow: ``reason`` and where the step's log is.
    ``$step`` is the job, and nothing where it is no flow that failed.
    """
    return f"""
  $step := $exists($facts.StateMachineArn)
    ? $substringAfter($facts.StateMachineArn, {literal(job_machines_arn)});
  $its := $exists($step) and $substring($facts.Cause, 0, 1) = '{{' ? $parse($facts.Cause) : {{}};
  $words := $exists($its.reason) ? $its.reason
    : $exists($facts.Cause) ? $facts.Cause : $facts.Error;
  $facts := $exists($step) ? {{
    'reason': $step & ' ' & ($exists($its.class) ? $its.class : $lowercase($facts.Status))
      & ($exists($its.exitCode) ? ' (exit code ' & $its.exitCode & ')' : '')
      & ($exists($words) ? ': ' & $words : ''),
    'logGroup': $its.logGroup, 'logStream': $its.logStream
  }} : $facts;
"""
