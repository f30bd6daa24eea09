"""The dispatcher: the stack's one state machine that turns a trigger into at most one run."""

from collections.abc import Mapping
from typing import Any

from definitions import pauses
from definitions.calendars import SKIP_REASON
from definitions.jsonata import expression, literal
from definitions.names import MACHINE_LIMIT

JOB_REPLACED = "JobReplaced"
"""Error of a run that ``overlap: replace`` stopped in favour of a newer one."""

# ListExecutions answers 200 calls at once and 5 a second after that, in smaller regions 100 and 2
# (Step Functions guide, "Quotas"): a thousand jobs written for one minute take up to 450 s, so the
# retries, which wait half of their interval on average, must last far longer.
WHEN_THROTTLED = {
    "IntervalSeconds": 2,
    "BackoffRate": 2.0,
    "MaxDelaySeconds": 60,
    "MaxAttempts": 40,
    "JitterStrategy": "FULL",
}

_ALLOWED = expression("$states.input.overlap = 'allow'")
START_AGAIN = {
    "ErrorEquals": [
        "StepFunctions.ExecutionLimitExceededException",
        "StepFunctions.ThrottlingException",
        "StepFunctions.SdkClientException",
    ],
    **WHEN_THROTTLED,
}
_EXISTS = "StepFunctions.ExecutionAlreadyExistsException"

# A trigger that was delivered twice must give the same name; a run by hand takes the name of its
# own dispatcher's execution, which AWS makes unique. An event's id is what makes its run's name
# unique: where both are too long together, it is the job's name that is cut.
_RUN_NAME = f"""$substring(
    $exists($states.input.run) ? $states.input.run
    : $exists($states.input.eventId)
      ? $substring($states.input.job, 0, {MACHINE_LIMIT - 1} - $length($states.input.eventId))
        & '-' & $states.input.eventId
    : $exists($states.input.scheduledTime)
      ? $states.input.job & '-' & $replace($states.input.scheduledTime, ':', '')
    : 'manual-' & $states.context.Execution.Name,
    0, {MACHINE_LIMIT})"""


def dispatcher_machine(
    *,
    job_machines_arn: str,
    task_definition_arns: Mapping[str, str],
    skipped_machine_arn: str,
    schedule_group: str,
    events: bool = False,
    calendars: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Definition of the dispatcher.

    Input: ``job``; ``container``, ``flow``, ``overlap`` (``forbid`` if missing), ``scheduledTime``,
    ``eventId``, ``calendar`` (with ``zone``, ``skipOn``, ``onlyOn``, ``businessDays``), ``run``
    (the run's name) and ``input`` (the run's own input) where they are known. ``job_machines_arn``
    is what the ARN of every job's machine starts with. ``calendars`` are the ``calendar_tables`` of
    a stack whose jobs ask calendars; a run without a scheduled time does not.

    The dispatcher alone knows each container's task definition with its revision and hands it to
    the run: a new image updates the task definition and this machine, not every job's machine
    (Step Functions updates 100 at once and one a second after that), and a run keeps the revision
    that it started with. A flow (``flow: true``) gets the task definitions of all containers and
    hands each of its steps its own.

    It succeeds with ``result``: ``started``, ``duplicate`` (this trigger already had its run) or
    ``skipped`` (a calendar leaves out its day, or ``forbid``, and an older run is still going), and
    says ``because``. A skipped run
    is an execution of ``skipped_machine_arn`` under the name that it would have had.

    At the end of a pause it is handed what ``end_of_pause`` makes, and resumes schedules of
    ``schedule_group``, and rules and pipes of a stack whose jobs listen to ``events``.
    """
    known = {
        "job": expression("$states.input.job"),
        "run": expression(_RUN_NAME),
        "machine": expression(f"{literal(job_machines_arn)} & $states.input.job"),
    }
    run_input = expression(f"""(
        $definitions := {literal(dict(task_definition_arns))};
        $merge([
            {{
                'taskDefinition': $lookup($definitions, $states.input.container),
                'taskDefinitions': $states.input.flow = true ? $definitions,
                'scheduledTime': $states.input.scheduledTime,
                'eventId': $states.input.eventId
            }},
            $states.input.input,
            {{'AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID': $states.context.Execution.Id}}
        ])
    )""")
    skipped_input = expression("""{
        'job': $job,
        'scheduledTime': $states.input.scheduledTime,
        'eventId': $states.input.eventId,
        'reason': $because
    }""")
    asks_calendar: dict[str, Any] = {
        "Condition": expression(
            "$exists($states.input.calendar) and $exists($states.input.scheduledTime)"
        ),
        # Plain data, not an expression: nothing has to be parsed, whatever its length.
        "Assign": {**known, "calendars": calendars},
        "Next": "Calendar?",
    }
    calendar: dict[str, Any] = {
        "Type": "Choice",
        "Choices": [
            {
                "Condition": expression(f"{SKIP_REASON} != ''"),
                "Assign": {"because": expression(SKIP_REASON)},
                "Next": "Record skipped",
            },
            {"Condition": _ALLOWED, "Next": "Start"},
        ],
        "Default": "List",
    }
    return {
        "Comment": "One trigger becomes at most one run",
        "QueryLanguage": "JSONata",
        "StartAt": "Overlap?",
        "TimeoutSeconds": 3600,
        "States": {
            "Overlap?": {
                "Type": "Choice",
                "Choices": [
                    pauses.WANTED,
                    *([asks_calendar] if calendars else []),
                    {"Condition": _ALLOWED, "Assign": known, "Next": "Start"},
                ],
                "Assign": known,
                "Default": "List",
            },
            **({"Calendar?": calendar} if calendars else {}),
            "List": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sfn:listExecutions",
                "Arguments": {
                    "StateMachineArn": expression("$machine"),
                    "StatusFilter": "RUNNING",
                    "MaxResults": 100,
                },
                "Output": expression(
                    "$merge([$states.input, {'running': $states.result.Executions}])"
                ),
                "Retry": [{"ErrorEquals": ["States.TaskFailed"], **WHEN_THROTTLED}],
                "Next": "Free?",
            },
            "Free?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": expression("$count($states.input.running) = 0"),
                        "Next": "Start",
                    },
                    {
                        "Condition": expression("$run in $states.input.running.Name"),
                        "Next": "Duplicate",
                    },
                    {
                        "Condition": expression("$states.input.overlap = 'replace'"),
                        "Next": "Stop older",
                    },
                ],
                "Assign": {
                    "because": expression(
                        "'an older run is still going: ' & $states.input.running[0].ExecutionArn"
                    )
                },
                "Default": "Record skipped",
            },
            "Stop older": {
                "Type": "Map",
                "Items": expression("[$states.input.running]"),
                "MaxConcurrency": 5,
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "INLINE"},
                    "StartAt": "Stop",
                    "States": {
                        "Stop": {
                            "Type": "Task",
                            "Resource": "arn:aws:states:::aws-sdk:sfn:stopExecution",
                            "Arguments": {
                                "ExecutionArn": expression("$states.input.ExecutionArn"),
                                "Error": JOB_REPLACED,
                                "Cause": "A newer run takes this one's place",
                            },
                            "Retry": [{"ErrorEquals": ["States.TaskFailed"], **WHEN_THROTTLED}],
                            "End": True,
                        }
                    },
                },
                "Output": expression("$states.input"),
                "Next": "Start",
            },
            "Start": {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution",
                "Arguments": {
                    "StateMachineArn": expression("$machine"),
                    "Name": expression("$run"),
                    "Input": run_input,
                },
                "Output": {
                    "result": "started",
                    "job": expression("$job"),
                    "run": expression("$run"),
                    "execution": expression("$states.result.ExecutionArn"),
                },
                "Retry": [START_AGAIN],
                "Catch": [{"ErrorEquals": [_EXISTS], "Next": "Duplicate"}],
                "End": True,
            },
            "Record skipped": {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution",
                "Arguments": {
                    "StateMachineArn": skipped_machine_arn,
                    "Name": expression("$run"),
                    "Input": skipped_input,
                },
                "Retry": [START_AGAIN],
                # A trigger that was delivered twice is skipped twice and recorded once.
                "Catch": [{"ErrorEquals": [_EXISTS], "Next": "Skipped"}],
                "Next": "Skipped",
            },
            **pauses.resuming(schedule_group, events=events, retry=WHEN_THROTTLED),
            "Duplicate": _end("duplicate"),
            "Skipped": _end("skipped", because=expression("$because")),
        },
    }


def skipped_machine() -> dict[str, Any]:
    """Definition of the machine whose executions are the runs that were skipped.

    It does nothing: its history, which AWS keeps for 90 days, is a list that people can read, and
    no job's successes or failures are counted in it.
    """
    return {
        "Comment": "Runs that were skipped, with the reason",
        "QueryLanguage": "JSONata",
        "StartAt": "Skipped",
        "States": {"Skipped": {"Type": "Succeed"}},
    }


def trigger(
    *,
    job: str,
    container: str | None,
    overlap: str,
    scheduled_time: str | None = None,
    event_id: str | None = None,
    calendar: Mapping[str, Any] | None = None,
    **run_input: Any,
) -> dict[str, Any]:
    """Make what a schedule, a rule or a pipe hands to the dispatcher.

    ``container`` is ``None`` for a flow, ``calendar`` where every day is a day to run (see
    ``CalendarRules.in_trigger``). ``run_input`` is what the run itself gets: ``notify``,
    ``event`` and so on.
    """
    return {
        "job": job,
        **({"flow": True} if container is None else {"container": container}),
        "overlap": overlap,
        **({} if scheduled_time is None else {"scheduledTime": scheduled_time}),
        **({} if event_id is None else {"eventId": event_id}),
        **({} if calendar is None else {"calendar": dict(calendar)}),
        "input": run_input,
    }


def _end(result: str, **more: str) -> dict[str, Any]:
    output = {"result": result, "job": expression("$job"), "run": expression("$run"), **more}
    return {"Type": "Succeed", "Output": output}
