"""The watcher: tells of a run that has not succeeded in time, and of one that takes too long.

Nothing is polled. For a run that must succeed, a second schedule fires at the very time that the
run is due, and starts an execution that waits and then looks. For a run that may take too long, the
event of its start does. What the watcher finds, the notifier tells.
"""

from collections.abc import Mapping
from typing import Any

from definitions.calendars import SKIP_REASON
from definitions.dispatcher_machine import START_AGAIN, WHEN_THROTTLED
from definitions.jsonata import expression, literal
from definitions.names import MACHINE_LIMIT, Names

SOURCE = "fargate-batch"
"""Source of the events that the watcher makes for the notifier."""
RUN_MISSING = "Run Missing"
RUN_LATE = "Run Late"

WARN_AFTER = "warnAfterSeconds"
"""Member of a run's own input: after how long people are told that it still goes."""

MIN_WITHIN_SECONDS = 300
"""A task takes a minute to start, and lists of executions are a moment behind."""
MIN_AFTER_SECONDS = 60
MAX_SECONDS = 89 * 86_400
"""Of any watch: a success must still be found, and Step Functions forgets an execution 90 days
after its end (quotas)."""

_HASH_DIGITS = 16
"""Of what a name has to leave out."""

_NO_SCHEDULE = "Scheduler.ResourceNotFoundException"
_NO_MACHINE = "Sfn.StateMachineDoesNotExistException"
_NO_RUN = "Sfn.ExecutionDoesNotExistException"
_TOLD = "StepFunctions.ExecutionAlreadyExistsException"

# A run that was redriven begins again.
_LATE = """($type($run.redriveDate) = 'number' ? $run.redriveDate : $run.startDate)
    + 1000 * $given.warnAfterSeconds"""


def _retry(*lasting: str) -> list[dict[str, Any]]:
    """Try again what a service refuses, but not what no other attempt will heal."""
    never = [{"ErrorEquals": list(lasting), "MaxAttempts": 0}] if lasting else []
    return [*never, {"ErrorEquals": ["States.TaskFailed"], **WHEN_THROTTLED}]


def watch(
    *,
    job: str,
    schedule: str,
    scheduled_time: str,
    zone: str,
    within_seconds: int,
    every_seconds: int | None,
    calendar: Mapping[str, Any] | None,
    notify: Any,
) -> dict[str, Any]:
    """Make what the second schedule of a job hands to the watcher.

    ``schedule`` is the name of the first one, ``zone`` that of the time zone in which people think
    of it. ``every_seconds`` is the step of a rate, else ``None``: a rate counts from the making of
    its schedule, so the second one fires at some time between two runs, and all that can be said
    is that one run has to succeed in the step that follows and the time after it.
    """
    said = {"everySeconds": every_seconds, "calendar": calendar}
    return {
        # Not "job": among the dead letters, that is what a trigger has.
        "watched": job,
        "schedule": schedule,
        "scheduledTime": scheduled_time,
        "zone": zone,
        "withinSeconds": within_seconds,
        **{key: value for key, value in said.items() if value is not None},
        "notify": notify,
    }


def warned(after_seconds: int | None) -> dict[str, Any]:
    """Return what a run's own input says of the time after which people are told of it."""
    return {} if after_seconds is None else {WARN_AFTER: after_seconds}


def started_pattern(names: Names) -> dict[str, Any]:
    """Pattern of the start of every run whose own input says that it must not take too long.

    The input is a text in the event, so the pattern can only look for the word in it. An input that
    is too long to be carried is not seen.
    """
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "status": ["RUNNING"],
            "stateMachineArn": [{"prefix": names.job_machines_arn}],
            "input": [{"wildcard": f'*"{WARN_AFTER}"*'}],
        },
    }


# A run has to have succeeded by then.
_CATCH_UP = """$toMillis($states.input.scheduledTime) + 1000 * ($states.input.withinSeconds
    + ($exists($states.input.everySeconds) ? $states.input.everySeconds : 0))"""

# The time that a run was due, on the clocks of its zone.
_ON_THE_CLOCK = """(
    $at := $toMillis($watch.scheduledTime);
    $minutes := $lookup($calendars.offsets, $watch.zone)[from <= $at][-1].minutes;
    $exists($minutes)
      ? $replace($substring($fromMillis($at + 60000 * $minutes), 0, 16), 'T', ' ')
          & ' ' & $watch.zone
      : $watch.scheduledTime
)"""

_SUCCEEDED_SINCE = """$count($states.result.Executions[
    $toMillis(StopDate) >= $toMillis($watch.scheduledTime)]) > 0"""

_WHAT_BECAME = """(
    $found := $states.result;
    $said := $exists($found.Cause) and $substring($found.Cause, 0, 1) = '{'
      ? $parse($found.Cause) : {};
    $class := $exists($said.class) ? $said.class
      : $found.Status = 'ABORTED' ? 'stopped'
      : $found.Status = 'TIMED_OUT' ? 'timed out' : 'failed';
    $found.Status = 'SUCCEEDED' ? ''
      : $found.Status = 'RUNNING'
        ? 'still running, since ' & $substring($found.StartDate, 0, 19) & 'Z'
      : $class & ($exists($said.exitCode) ? ', exit code ' & $said.exitCode : '')
          & ($exists($said.reason) ? ': ' & $said.reason : '')
)"""

_NEVER = """'never started'
    & ($schedule = 'GONE' ? ': its schedule ' & $watch.schedule & ' is gone' : '')"""

# A dead letter of Scheduler is the trigger itself; its attributes say why it is there.
_IN_THE_LETTERS = """(
    $letter := $states.result.Messages[$substring(Body, 0, 1) = '{'].$merge([
      $parse(Body), {'why': MessageAttributes.ERROR_MESSAGE.StringValue}
    ])[job = $watch.watched and ($exists($watch.everySeconds)
      ? scheduledTime >= $watch.scheduledTime : scheduledTime = $watch.scheduledTime)][0];
    $exists($letter)
      ? 'never started: its trigger is in the dead letters'
          & ($exists($letter.why) ? ' (' & $letter.why & ')' : '')
      : $because
)"""


def _called(kind: str, begin: str, whole: str) -> str:
    """Name the notifier's execution: the same for the same news, so that it is told once."""
    room = MACHINE_LIMIT - len(f"{kind}--") - _HASH_DIGITS
    return f"""'{kind}-' & $substring($replace({begin}, ':', ''), 0, {room})
        & '-' & $substring($hash({whole}, 'SHA-256'), 0, {_HASH_DIGITS})"""


def watcher_machine(
    *, names: Names, dead_letter_queue_url: str, calendars: Mapping[str, Any]
) -> dict[str, Any]:
    """Definition of the watcher.

    Input: what :func:`watch` makes; or the event of a run's start, whose own input holds
    ``warnAfterSeconds``. ``calendars`` are the ``calendar_tables`` of the jobs that are watched.

    It ends in success whatever it finds: with ``told``, the name of the notifier's execution, or
    with ``quiet``, the reason why there is nothing to tell.
    """
    runs = literal(names.arn("states", f"execution:{names.chosen('')}"))
    skipped_runs = literal(names.execution_arn(names.of("skipped"), ""))
    machine = expression(f"{literal(names.job_machines_arn)} & $watch.watched")
    due: dict[str, Any] = {
        "watch": expression("$states.input"),
        "waited": False,
        "until": expression(f"$fromMillis({_CATCH_UP})"),
        "execution": expression(
            f"{runs} & $states.input.watched & ':' & $states.input.watched & '-'"
            " & $replace($states.input.scheduledTime, ':', '')"
        ),
        # Plain data, not an expression: nothing has to be parsed.
        "calendars": calendars,
    }
    return {
        "Comment": "Tells of a run that has not succeeded in time, or takes too long",
        "QueryLanguage": "JSONata",
        "StartAt": "Which watch?",
        "TimeoutSeconds": MAX_SECONDS + 86_400,
        "States": {
            "Which watch?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": expression("$exists($states.input.detail)"),
                        "Assign": {
                            "run": expression("$states.input.detail"),
                            "given": expression("$parse($states.input.detail.input)"),
                        },
                        "Next": "Too long?",
                    },
                    {
                        "Condition": expression("$exists($states.input.calendar)"),
                        "Assign": due,
                        "Next": "To be run?",
                    },
                ],
                "Assign": due,
                "Default": "Look at schedule",
            },
            # -- a run that has to succeed
            "To be run?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": expression(f"{SKIP_REASON} != ''"),
                        "Assign": {"because": expression(SKIP_REASON)},
                        "Next": "Quiet",
                    }
                ],
                "Default": "Look at schedule",
            },
            "Look at schedule": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:scheduler:getSchedule",
                "Arguments": {"GroupName": names.prefix, "Name": expression("$watch.schedule")},
                "Assign": {"schedule": expression("$states.result.State")},
                "Retry": _retry(_NO_SCHEDULE),
                "Catch": [
                    {
                        "ErrorEquals": [_NO_SCHEDULE],
                        "Assign": {"schedule": "GONE"},
                        "Next": "Paused?",
                    }
                ],
                "Next": "Paused?",
            },
            "Paused?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": expression("$schedule = 'DISABLED'"),
                        "Assign": {"because": "the schedule is paused"},
                        "Next": "Quiet",
                    },
                    {
                        "Condition": expression("$not($waited)"),
                        "Assign": {"waited": True},
                        "Next": "Wait",
                    },
                    {
                        "Condition": expression("$exists($watch.everySeconds)"),
                        "Next": "Look for latest run",
                    },
                ],
                "Default": "Look at run",
            },
            "Wait": {
                "Type": "Wait",
                "Timestamp": expression("$until"),
                "Next": "Look for success",
            },
            "Look for success": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sfn:listExecutions",
                "Arguments": {
                    "StateMachineArn": machine,
                    "StatusFilter": "SUCCEEDED",
                    # The latest to start; of more that go at once, one that ended is among them.
                    "MaxResults": 100,
                },
                "Output": {"succeeded": expression(_SUCCEEDED_SINCE)},
                "Retry": _retry(_NO_MACHINE),
                "Catch": [
                    {
                        "ErrorEquals": [_NO_MACHINE],
                        "Assign": {"because": "the job is gone"},
                        "Next": "Quiet",
                    }
                ],
                "Next": "Succeeded?",
            },
            "Succeeded?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": expression("$states.input.succeeded"),
                        "Assign": {"because": "a run has succeeded"},
                        "Next": "Quiet",
                    }
                ],
                "Default": "Look at schedule",
            },
            "Look for latest run": {
                "Type": "Task",
                "Comment": "The run of a rate cannot be named: its time is not known",
                "Resource": "arn:aws:states:::aws-sdk:sfn:listExecutions",
                "Arguments": {"StateMachineArn": machine, "MaxResults": 1},
                "Assign": {
                    "execution": expression("""(
                        $latest := $states.result.Executions[
                          $toMillis(StartDate) >= $toMillis($watch.scheduledTime)][0];
                        $exists($latest) ? $latest.ExecutionArn : $execution
                    )""")
                },
                "Retry": _retry(),
                "Next": "Look at run",
            },
            "Look at run": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sfn:describeExecution",
                "Arguments": {"ExecutionArn": expression("$execution")},
                "Assign": {
                    "because": expression(_WHAT_BECAME),
                    "found": {"executionArn": expression("$execution")},
                },
                "Retry": _retry(_NO_RUN),
                "Catch": [{"ErrorEquals": [_NO_RUN], "Next": "Look whether skipped"}],
                "Next": "Succeeded meanwhile?",
            },
            "Succeeded meanwhile?": {
                "Type": "Choice",
                "Comment": "Lists of executions may be a moment behind",
                "Choices": [
                    {
                        "Condition": expression("$because = ''"),
                        "Assign": {"because": "the run has succeeded"},
                        "Next": "Quiet",
                    }
                ],
                "Default": "Tell of missing run",
            },
            "Look whether skipped": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sfn:describeExecution",
                "Arguments": {
                    "ExecutionArn": expression(f"{skipped_runs} & $split($execution, ':')[-1]")
                },
                "Assign": {
                    "because": expression("'skipped: ' & $parse($states.result.Input).reason"),
                    "found": {},
                },
                "Retry": _retry(_NO_RUN),
                "Catch": [
                    {
                        "ErrorEquals": [_NO_RUN],
                        "Assign": {"because": expression(_NEVER), "found": {}},
                        "Next": "Look at dead letters",
                    }
                ],
                "Next": "Tell of missing run",
            },
            "Look at dead letters": {
                "Type": "Task",
                "Comment": "Ten of them; whoever reads them next sees all of them",
                "Resource": "arn:aws:states:::aws-sdk:sqs:receiveMessage",
                "Arguments": {
                    "QueueUrl": dead_letter_queue_url,
                    "MaxNumberOfMessages": 10,
                    "VisibilityTimeout": 0,
                    # Asks all servers of the queue, not some.
                    "WaitTimeSeconds": 1,
                    "MessageAttributeNames": ["All"],
                },
                "Assign": {"because": expression(_IN_THE_LETTERS)},
                "Retry": _retry(),
                # What cannot be read there must not keep the news back.
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Tell of missing run"}],
                "Next": "Tell of missing run",
            },
            "Tell of missing run": _tell(
                names,
                called=_called(
                    "missing",
                    "$watch.schedule & '-' & $watch.scheduledTime",
                    "$watch.schedule & ' ' & $watch.scheduledTime",
                ),
                detail_type=RUN_MISSING,
                detail=f"""$merge([$found, {{
                    'job': $watch.watched,
                    'run': $split($execution, ':')[-1],
                    'scheduledTime': $watch.scheduledTime,
                    'due': {_ON_THE_CLOCK},
                    'withinSeconds': $watch.withinSeconds
                      + ($exists($watch.everySeconds) ? $watch.everySeconds : 0),
                    'because': $because,
                    'notify': $watch.notify
                }}])""",
            ),
            # -- a run that takes too long
            "Too long?": {
                "Type": "Choice",
                "Comment": "The rule looks for the word; only a number says how long",
                "Choices": [
                    {
                        "Condition": expression("$type($given.warnAfterSeconds) = 'number'"),
                        "Assign": {"until": expression(f"$fromMillis({_LATE})")},
                        "Next": "Let it run",
                    }
                ],
                "Assign": {"because": "nobody asked"},
                "Default": "Quiet",
            },
            "Let it run": {
                "Type": "Wait",
                "Timestamp": expression("$until"),
                "Next": "Look whether it runs",
            },
            "Look whether it runs": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sfn:describeExecution",
                "Arguments": {"ExecutionArn": expression("$run.executionArn")},
                "Output": {"status": expression("$states.result.Status")},
                "Retry": _retry(_NO_RUN),
                "Catch": [
                    {
                        "ErrorEquals": [_NO_RUN],
                        "Assign": {"because": "the run is gone"},
                        "Next": "Quiet",
                    }
                ],
                "Next": "Runs?",
            },
            "Runs?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": expression("$states.input.status = 'RUNNING'"),
                        "Next": "Tell of late run",
                    }
                ],
                "Assign": {"because": "the run has ended"},
                "Default": "Quiet",
            },
            "Tell of late run": _tell(
                names,
                called=_called("late", "$run.name", "$run.executionArn"),
                detail_type=RUN_LATE,
                detail=f"""{{
                    'job': $substringAfter($run.stateMachineArn, {literal(names.job_machines_arn)}),
                    'run': $run.name,
                    'executionArn': $run.executionArn,
                    'scheduledTime': $exists($given.scheduledTime)
                      ? $given.scheduledTime : 'by hand',
                    'afterSeconds': $given.warnAfterSeconds,
                    'notify': $given.notify
                }}""",
            ),
            "Quiet": {"Type": "Succeed", "Output": {"quiet": expression("$because")}},
            "Told before": {"Type": "Succeed", "Output": {"quiet": "told before"}},
        },
    }


def _tell(names: Names, *, called: str, detail_type: str, detail: str) -> dict[str, Any]:
    """Start the notifier once for a piece of news."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Arguments": {
            "StateMachineArn": names.machine_arn(names.of("notifier")),
            "Name": expression(called),
            "Input": {
                "source": SOURCE,
                "detail-type": detail_type,
                "detail": expression(detail),
            },
        },
        "Output": {"told": expression("$split($states.result.ExecutionArn, ':')[-1]")},
        "Retry": [START_AGAIN],
        "Catch": [{"ErrorEquals": [_TOLD], "Next": "Told before"}],
        "End": True,
    }
