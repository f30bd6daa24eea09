"""A job's state machine: run the task, understand what went wrong, try again within budgets.

Five states, in JSONata: a run that succeeds makes two transitions, which is what Step Functions
bills, and five states are what a person can read in the console. Traps of the language that
shaped the expressions below:

- An expression that gives nothing is an error (``States.QueryEvaluationError``): optional members
  stand in an object, where they are left out.
- A list of one survives as a member (``$run.command``) and in brackets, not as the result of a
  path or of ``$filter``.

A job with an ``array`` has the same states inside of a Map (``definitions.job_array``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from definitions import job_array
from definitions.job_array import JobArray
from definitions.jsonata import expression, literal

CONTAINER_NAME = "main"
"""Name of the one container in every task definition."""
LOG_STREAM_PREFIX = "run"
"""Of the awslogs driver: a task's stream is ``run/main/<task id>``."""
FARGATE_PLATFORM = "1.4.0"
"""The first platform with one network interface for all of a task's traffic, and the latest."""

Capacity = Literal["onDemand", "spot", "spotThenOnDemand"]
"""What tasks run on: Spot is spare, costs about a third, and AWS takes it back when it likes."""
SPOT_WAITS: Mapping[Capacity, tuple[int, ...]] = {
    "onDemand": (0,),
    "spot": (0,) * 5,
    "spotThenOnDemand": (0,),
}
"""How often a task that AWS took back is started again, at once."""

JOB_FAILED = "JobFailed"
JOB_NOT_STARTED = "JobNotStarted"
JOB_OUT_OF_MEMORY = "JobOutOfMemory"
JOB_TIMED_OUT = "JobTimedOut"
JOB_STOPPED = "JobStopped"
JOB_HEARTBEAT_LOST = "JobHeartbeatLost"

# RunTask that was answered with failures is ECS.AmazonECSException by the knowledge centre and
# AmazonECS.Unknown by the developer guide ("Manage Amazon ECS or Fargate Tasks"): take both.
_PASSING_ERRORS = (
    "ECS.AmazonECSException",
    "AmazonECS.Unknown",
    "ECS.ServerException",
    "ECS.ThrottlingException",
    "ECS.SdkClientException",
)
# Words, in lower case, of a start that may succeed later: capacity, throttling, ENI.
_PASSING_WORDS = ("capacity is unavailable", "throttl", "network interface", "timeout waiting")
# An unknown error code becomes ECS.AmazonECSException too; these never heal.
_LASTING_WORDS = ("accessdenied", "not authorized")


def _mentions(words: Sequence[str]) -> str:
    return "(" + " or ".join(f"$contains($text, '{word}')" for word in words) + ")"


def _what_went_wrong(reading: str = "", first: str = "") -> str:
    """Return the expression that reads the caught error: error of the run, cause and budget.

    A failed task comes as States.TaskFailed with the task as JSON text; everything else has plain
    text, or none at all after a timeout. ``reading`` goes behind the reading of the task, ``first``
    are cases that go before the usual ones.
    """
    return expression(f"""(
      $error := $states.errorOutput.Error;
      $said := $states.errorOutput.Cause;
      $task := $error = 'States.TaskFailed' and $substring($said, 0, 1) = '{{'
        ? $parse($said) : {{}};
      {reading}
      $main := $task.Containers[Name = '{CONTAINER_NAME}'];
      $stop := $task.StopCode;
      $code := $main.ExitCode;
      $reason := $exists($main.Reason) ? $main.Reason
        : $exists($task.StoppedReason) ? $task.StoppedReason
        : $said != '' ? $error & ': ' & $said
        : $error;
      $text := $lowercase($reason);
      $passing := $not({_mentions(_LASTING_WORDS)})
        and ({_mentions(_PASSING_WORDS)} or $error in {literal(_PASSING_ERRORS)});
      $end := {first} $error in ['States.Timeout', 'States.HeartbeatTimeout']
          ? ['{JOB_TIMED_OUT}', 'timed out', 'timeout']
        : $not($exists($stop)) or $stop = 'TaskFailedToStart'
          ? ['{JOB_NOT_STARTED}', 'not started', $passing ? 'start' : 'never']
        : $stop in ['SpotInterruption', 'TerminationNotice']
          ? ['{JOB_NOT_STARTED}', 'spot reclaimed', 'spot']
        : $stop = 'UserInitiated'
          ? ['{JOB_STOPPED}', 'stopped', 'never']
        : $contains($text, 'outofmemory')
          ? ['{JOB_OUT_OF_MEMORY}', 'out of memory', 'memory']
        : ['{JOB_FAILED}', 'failed',
           $count($exitCodes) = 0 or $code in $exitCodes ? 'app' : 'never'];
      {{
        'error': $end[0], 'budget': $end[2],
        'cause': {{
          'class': $end[1], 'exitCode': $code, 'stopCode': $stop,
          'reason': $end[2] = 'timeout'
            ? 'no end within ' & $string($timeoutSeconds) & ' s' : $substring($reason, 0, 1000),
          'attempts': $attempt, 'taskArn': $task.TaskArn,
          'logGroup': $logGroup,
          'logStream': $exists($task.StartedAt)
            ? '{LOG_STREAM_PREFIX}/{CONTAINER_NAME}/' & $split($task.TaskArn, '/')[-1]
        }}
      }}
    )""")


def _overrides(more: str = "") -> str:
    """Return the expression of what is told to the task, ``more`` behind its variables."""
    return expression(f"""{{
      'Cpu': $exists($run.cpuUnits) ? $string($run.cpuUnits),
      'Memory': $exists($run.memoryMib) ? $string($run.memoryMib),
      'ContainerOverrides': [{{
        'Name': '{CONTAINER_NAME}', 'Command': $run.command,
        'Environment': [$each(
          $merge([$run.environment, {{'JOB_ATTEMPT': $attempt{more}}}]),
          function($value, $name) {{ {{'Name': $name, 'Value': $string($value)}} }}
        )]
      }}]
    }}""")


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Where the first state finds what it puts over the job's own values: expressions."""

    given: str
    run: str
    start_time: str
    more: str = ""
    """What follows the environment variables that every attempt has."""
    index: str | None = None
    """The element's index."""


_RUN = _Source(
    given="$type($states.input) = 'object' ? $states.input : {}",
    run="$states.context.Execution.Name",
    start_time="$states.context.Execution.StartTime",
)
_ELEMENT = _Source(
    given="$states.input.given",
    run="$states.input.run",
    start_time="$states.input.startTime",
    more=""", {
        'JOB_ARRAY_INDEX': $states.input.element.index,
        'JOB_ARRAY_SIZE': $states.input.size,
        'JOB_ARRAY_ITEM': $states.input.element.item
    }""",
    index="$states.input.element.index",
)

_NO_SPOT = f"""$used.spot = 0 and $contains($text, '{_PASSING_WORDS[0]}')
  ? ['{JOB_NOT_STARTED}', 'not started', 'spot'] :"""

_ON_DEMAND = {"LaunchType": "FARGATE"}

MOST_LOOKED_AT = 50
"""Running tasks among which a silent one is looked for: what ECS says of more could exceed the
262,144 bytes that a state may be answered. One that is not found hears at its next heartbeat that
nobody waits for it any more."""

# What the program sent with SendTaskFailure, as ECS would have said it; a timeout that comes before
# the job's own is a missed heartbeat, for which Step Functions has the same word.
_WORDS_OF_THE_PROGRAM = """
  $own := $type($error) != 'string'
    or $not($substringBefore($error, '.') in ['States', 'ECS', 'AmazonECS']);
  $words := $own and $type($said) = 'string' and $substring($said, 0, 1) = '{'
    ? $parse($said) : {'reason': $said};
  $silent := $error in ['States.Timeout', 'States.HeartbeatTimeout']
    and $millis() - $toMillis($states.context.State.EnteredTime) < $timeoutSeconds * 1000;
  $task := $silent ? {'StoppedReason': 'no heartbeat in time'}
    : $own ? {
      'TaskArn': $words.taskArn, 'StartedAt': $words.taskArn,
      'StopCode': 'EssentialContainerExited',
      'StoppedReason': $type($words.reason) = 'string' and $words.reason != ''
        ? $words.reason : 'The program gave no reason',
      'Containers': [{'Name': 'main', 'ExitCode': $words.exitCode}]
    } : $task;
"""
_SILENT = f"$silent ? ['{JOB_HEARTBEAT_LOST}', 'heartbeat lost', 'heartbeat'] :"

_FOUND = expression(f"""(
  $of := function($task, $name) {{
    $task.Overrides.ContainerOverrides.Environment[Name = $name].Value
  }};
  $ours := $filter($states.result.Tasks, function($task) {{
    $of($task, 'JOB_RUN_ID') = $run.environment.JOB_RUN_ID
      and $of($task, 'JOB_ATTEMPT') = $string($attempt)
      and ($not($exists($run.environment.JOB_ARRAY_INDEX))
        or $of($task, 'JOB_ARRAY_INDEX') = $string($run.environment.JOB_ARRAY_INDEX))
  }});
  $exists($ours) ? $merge([$failure, {{'cause': $merge([$failure.cause, {{
    'taskArn': $ours[0].TaskArn,
    'logStream': $exists($ours[0].StartedAt)
      ? '{LOG_STREAM_PREFIX}/{CONTAINER_NAME}/' & $split($ours[0].TaskArn, '/')[-1]
  }}])}}]) : $failure
)""")

_TOLD_SUCCESS = expression(f"""{{
    'class': 'succeeded', 'exitCode': 0, 'attempts': $attempt, 'logGroup': $logGroup,
    'taskArn': $states.result.taskArn,
    'logStream': $exists($states.result.taskArn)
      ? '{LOG_STREAM_PREFIX}/{CONTAINER_NAME}/' & $split($states.result.taskArn, '/')[-1]
}}""")

_SUCCEEDED = expression(f"""{{
    'class': 'succeeded', 'exitCode': 0, 'attempts': $attempt,
    'taskArn': $states.result.TaskArn, 'logGroup': $logGroup,
    'logStream': '{LOG_STREAM_PREFIX}/{CONTAINER_NAME}/' & $split($states.result.TaskArn, '/')[-1]
}}""")

_NEXT_WAIT = "$lookup($waits, $failure.budget)[$lookup($used, $failure.budget)]"


@dataclass(frozen=True, kw_only=True)
class RetryBudgets:
    """Waiting times in seconds before each further attempt, one list per class of failure.

    ``(60, 120)`` is two retries. What is not listed here (a missing image, a denied permission,
    a stop by a person) is never tried again, because it will not heal.
    """

    app: tuple[int, ...] = ()
    """The program ended with another exit code than 0."""
    start: tuple[int, ...] = (30, 60, 120, 240, 480)
    """No capacity, throttled, no network interface."""
    memory: tuple[int, ...] = ()
    """The program was ended for want of memory."""
    timeout: tuple[int, ...] = ()
    """The attempt took longer than the job's timeout."""
    spot: tuple[int, ...] = SPOT_WAITS["onDemand"]
    """AWS took the task back."""
    heartbeat: tuple[int, ...] | None = None
    """The program was silent for too long; ``None`` for a job that tells of no progress."""
    exit_codes: tuple[int, ...] = ()
    """Only these exit codes use the ``app`` budget; none listed: every one does."""

    @property
    def most_attempts(self) -> int:
        """Attempts of a run that uses every budget up."""
        return 1 + sum(len(waits) for waits in self.waits().values())

    def waits(self) -> dict[str, list[int]]:
        """Return the waits by budget, as the machine's data holds them."""
        return {
            "app": list(self.app),
            "start": list(self.start),
            "memory": list(self.memory),
            "timeout": list(self.timeout),
            "spot": list(self.spot),
            "never": [],
            **({} if self.heartbeat is None else {"heartbeat": list(self.heartbeat)}),
        }


@dataclass(frozen=True, kw_only=True)
class TaskPlacement:
    """Where tasks run: what RunTask is told beside the task definition."""

    cluster_arn: str
    subnet_ids: tuple[str, ...]
    security_group_id: str
    assign_public_ip: bool


def job_machine(
    *,
    job: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    family: str,
    log_group: str,
    cpu_units: int | None,
    memory_mib: int | None,
    timeout_seconds: int,
    retries: RetryBudgets,
    placement: TaskPlacement,
    debug: bool = False,
    array: JobArray | None = None,
    capacity: Capacity = "onDemand",
    heartbeat_seconds: int | None = None,
) -> dict[str, Any]:
    """Definition of one job's machine.

    With ``debug``, people may open a shell in its tasks (ECS Exec).

    A run's input may hold ``taskDefinition``, ``command``, ``environment``, ``cpuUnits``,
    ``memoryMib``, ``scheduledTime``, ``event``, ``eventId`` and ``notify``; whatever is missing,
    the job's own values (``cpu_units`` and ``memory_mib`` are ``None`` for the container's size)
    take its place. A run without ``taskDefinition`` takes the latest of ``family``. A run of an
    ``array`` may name the ``indexes`` that it is for. With ``heartbeat_seconds`` the program itself
    tells that it goes on, and how it ended, by the token in ``JOB_TASK_TOKEN``.

    It ends in success, or fails with one of the ``Job…`` errors and a short JSON cause: class,
    exit code, stop code, reason, attempts, task, log group and stream.
    """
    defaults: dict[str, Any] = {"taskDefinition": family, "command": list(command)}
    if cpu_units is not None:
        defaults["cpuUnits"] = cpu_units
    if memory_mib is not None:
        defaults["memoryMib"] = memory_mib
    waits = retries.waits()
    source = _RUN if array is None else _ELEMENT
    no_spot = _NO_SPOT if capacity == "spotThenOnDemand" else ""
    states = {
        "Prepare": {
            "Type": "Pass",
            "Comment": "Put the run's input over the job's own values",
            "Assign": {
                "run": expression(f"""(
                    $given := {source.given};
                    $merge([{literal(defaults)}, $given, {{'environment': $merge([
                        {literal(dict(environment))}, $given.environment, {{
                            'JOB_NAME': {literal(job)},
                            'JOB_RUN_ID': {source.run},
                            'JOB_SCHEDULED_TIME': $exists($given.scheduledTime)
                              ? $given.scheduledTime : {source.start_time},
                            'JOB_EVENT': $exists($given.event) ? $string($given.event),
                            'JOB_EVENT_ID': $given.eventId
                        }}{source.more}])}}])
                )"""),
                "waits": waits,
                "used": dict.fromkeys(waits, 0),
                "exitCodes": list(retries.exit_codes),
                "timeoutSeconds": timeout_seconds,
                "logGroup": log_group,
                "attempt": 1,
                **({} if source.index is None else {"index": expression(source.index)}),
            },
            "Next": "Run",
        },
        "Run": {
            "Type": "Task",
            "Resource": "arn:aws:states:::ecs:runTask.sync",
            "TimeoutSeconds": timeout_seconds,
            "Arguments": _arguments(job, placement, spot=capacity != "onDemand", debug=debug),
            "Output": _SUCCEEDED if array is None else job_array.SUCCEEDED,
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {"failure": _what_went_wrong(first=no_spot)},
                    "Next": "Again?",
                }
            ],
            "End": True,
        },
        "Again?": {
            "Type": "Choice",
            "Comment": "Is there a wait left in the budget of this class of failure?",
            "Choices": [
                {
                    "Condition": expression(f"$exists({_NEXT_WAIT})"),
                    "Assign": {
                        "waitSeconds": expression(_NEXT_WAIT),
                        "attempt": expression("$attempt + 1"),
                        "used": expression(
                            "$merge([$used, {$failure.budget:"
                            " $lookup($used, $failure.budget) + 1}])"
                        ),
                    },
                    "Next": "Wait",
                }
            ],
            "Default": "Failed",
        },
        "Wait": {"Type": "Wait", "Seconds": expression("$waitSeconds"), "Next": "Run"},
        "Failed": {
            "Type": "Fail",
            "Error": expression("$failure.error"),
            "Cause": expression("$string($failure.cause)"),
        }
        if array is None
        else job_array.failed_element(array),
    }
    if heartbeat_seconds is not None:
        states |= _told_by_the_program(
            states["Run"], placement.cluster_arn, heartbeat_seconds, first=no_spot
        )
    if capacity == "spotThenOnDemand":
        states |= _on_demand_after(states["Run"])
    machine = {"Comment": f"Runs {job}", "QueryLanguage": "JSONata"}
    if array is None:
        return machine | {"StartAt": "Prepare", "States": states}
    return machine | job_array.around(
        {"StartAt": "Prepare", "States": states},
        array,
        attempts=retries.most_attempts,
        log_group=log_group,
        log_stream_prefix=f"{LOG_STREAM_PREFIX}/{CONTAINER_NAME}/",
    )


def _on_demand_after(spot: dict[str, Any]) -> dict[str, Any]:
    """Return the states by which a run leaves Spot for good, once AWS took it back or has none."""
    return {
        "Wait": {"Type": "Wait", "Seconds": expression("$waitSeconds"), "Next": "Spot?"},
        "Spot?": {
            "Type": "Choice",
            "Choices": [{"Condition": expression("$used.spot > 0"), "Next": "Run on demand"}],
            "Default": "Run",
        },
        "Run on demand": {**spot, "Arguments": spot["Arguments"] | _ON_DEMAND},
    }


def _told_by_the_program(
    run: dict[str, Any], cluster_arn: str, heartbeat_seconds: int, *, first: str
) -> dict[str, Any]:
    """Return the states of a task that is waited for by its token, not by its end.

    Step Functions knows nothing of the task then: who is silent for too long is looked for among
    the container's running tasks by what it was told, and stopped.
    """
    failure = {"failure": _what_went_wrong(_WORDS_OF_THE_PROGRAM, _SILENT + first)}
    best_effort = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Again?"}]}
    return {
        "Run": {
            **run,
            "Resource": "arn:aws:states:::ecs:runTask.waitForTaskToken",
            "HeartbeatSeconds": heartbeat_seconds,
            "Arguments": run["Arguments"]
            | {"Overrides": _overrides(", 'JOB_TASK_TOKEN': $states.context.Task.Token")},
            "Output": run["Output"] if run["Output"] == job_array.SUCCEEDED else _TOLD_SUCCESS,
            "Catch": [
                {
                    "ErrorEquals": ["States.Timeout", "States.HeartbeatTimeout"],
                    "Assign": failure,
                    "Next": "Tasks",
                },
                {"ErrorEquals": ["States.ALL"], "Assign": failure, "Next": "Again?"},
            ],
        },
        "Tasks": {
            "Type": "Task",
            "Comment": "The container's running tasks, one of which may be the one that is silent",
            "Resource": "arn:aws:states:::aws-sdk:ecs:listTasks",
            "Arguments": {
                "Cluster": cluster_arn,
                "Family": expression("$split($split($run.taskDefinition, '/')[-1], ':')[0]"),
                "DesiredStatus": "RUNNING",
                "MaxResults": MOST_LOOKED_AT,
            },
            **best_effort,
            "Next": "Which?",
        },
        "Which?": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:ecs:describeTasks",
            "Arguments": {
                "Cluster": cluster_arn,
                "Tasks": expression("$states.input.TaskArns"),
            },
            "Assign": {"failure": _FOUND},
            **best_effort,
            "Next": "Found?",
        },
        "Found?": {
            "Type": "Choice",
            "Choices": [
                {"Condition": expression("$exists($failure.cause.taskArn)"), "Next": "Stop task"}
            ],
            "Default": "Again?",
        },
        "Stop task": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:ecs:stopTask",
            "Arguments": {
                "Cluster": cluster_arn,
                "Task": expression("$failure.cause.taskArn"),
                "Reason": expression("$failure.cause.reason"),
            },
            **best_effort,
            "Next": "Again?",
        },
    }


def _arguments(job: str, placement: TaskPlacement, *, spot: bool, debug: bool) -> dict[str, Any]:
    """Return what RunTask is told.

    A task on Spot says nothing of it: the cluster's default strategy is Spot, and a launch type
    overrules it. (Whether the integration takes a strategy of its own, AWS's pages disagree.)
    """
    return {
        "Cluster": placement.cluster_arn,
        "TaskDefinition": expression("$run.taskDefinition"),
        **({} if spot else _ON_DEMAND),
        "PlatformVersion": FARGATE_PLATFORM,
        "PropagateTags": "TASK_DEFINITION",
        "Group": job,
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "Subnets": list(placement.subnet_ids),
                "SecurityGroups": [placement.security_group_id],
                "AssignPublicIp": "ENABLED" if placement.assign_public_ip else "DISABLED",
            }
        },
        **({"EnableExecuteCommand": True} if debug else {}),
        "Overrides": _overrides(),
    }
