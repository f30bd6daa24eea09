"""What the roles of the machinery may do: machines, schedules, rules, pipes, AWS's services."""

from definitions.names import Names
from definitions.notices import NO_CHANNELS, NOTICE, Channels
from definitions.policies.statements import EVERYTHING, Statement, allow, document

ECS_TASK_EVENTS_RULE = "StepFunctionsGetEventsForECSTaskRule"
"""Managed rule by which Step Functions hears of the end of a task it waits for (``.sync``)."""
EXECUTION_EVENTS_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
"""Managed rule by which it hears of the end of an execution that it waits for."""


def _deliver_execution_logs() -> Statement:
    # The list of the Step Functions guide, "Logging using CloudWatch Logs".
    return allow(
        "DeliverExecutionLogs",
        [
            "logs:CreateLogDelivery",
            "logs:GetLogDelivery",
            "logs:UpdateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:DescribeResourcePolicies",
            "logs:DescribeLogGroups",
        ],
        EVERYTHING,
    )


def _trace() -> Statement:
    return allow(
        "Trace",
        [
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
        ],
        EVERYTHING,
    )


def _observed(tracing: bool) -> list[Statement]:
    return [_deliver_execution_logs(), *([_trace()] if tracing else [])]


def _run_elements(names: Names) -> list[Statement]:
    """Let machines run a distributed Map, whose items are executions of the machine itself.

    A role cannot be held to the one machine that uses it: it may start any of this stack's jobs.
    (Step Functions guide, "IAM policies for using Distributed Map".)
    """
    return [
        allow("StartElements", ["states:StartExecution"], names.machine_arn(names.chosen("*"))),
        allow(
            "WatchAndStopElements",
            ["states:DescribeExecution", "states:StopExecution"],
            names.execution_arn(names.chosen("*"), "*"),
        ),
    ]


def find_tasks(names: Names) -> Statement:
    """Let machines list tasks of the cluster; Fargate has no container instances to name."""
    return allow(
        "FindTasks",
        ["ecs:ListTasks"],
        EVERYTHING,
        {"ArnEquals": {"ecs:cluster": names.cluster_arn}},
    )


def runner_policy(names: Names, *, tracing: bool, distributed: bool, progress: bool) -> str:
    """What the machines of all jobs may do: run, watch and stop tasks of this stack.

    ``distributed``: some job's array is a distributed Map. ``progress``: some job is waited for by
    a token, so that its task must be looked for when it is silent.
    """
    every_task = names.arn("ecs", f"task/{names.prefix}/*")
    return document(
        allow(
            "RunTasks",
            ["ecs:RunTask"],
            names.arn("ecs", f"task-definition/{names.chosen('*')}:*"),
            {"ArnEquals": {"ecs:cluster": names.cluster_arn}},
        ),
        allow("WatchAndStopTasks", ["ecs:DescribeTasks", "ecs:StopTask"], every_task),
        allow(
            "TagTasks",
            ["ecs:TagResource"],
            every_task,
            {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        ),
        allow(
            "GiveTasksTheirRoles",
            ["iam:PassRole"],
            [names.role_arn(names.task_role("*")), names.role_arn(names.execution_role("*"))],
            {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
        allow(
            "HearOfTheEndOfTasks",
            ["events:PutRule", "events:PutTargets", "events:DescribeRule"],
            names.arn("events", f"rule/{ECS_TASK_EVENTS_RULE}"),
        ),
        *(_run_elements(names) if distributed else []),
        *([find_tasks(names)] if progress else []),
        *_observed(tracing),
    )


def flows_policy(names: Names, *, tracing: bool) -> str:
    """What the machines of all flows may do: start, watch and stop runs of this stack's jobs."""
    return document(
        allow("StartRuns", ["states:StartExecution"], names.machine_arn(names.chosen("*"))),
        allow(
            "WatchAndStopRuns",
            ["states:DescribeExecution", "states:StopExecution"],
            names.execution_arn(names.chosen("*"), "*"),
        ),
        allow(
            "HearOfTheEndOfRuns",
            ["events:PutRule", "events:PutTargets", "events:DescribeRule"],
            names.arn("events", f"rule/{EXECUTION_EVENTS_RULE}"),
        ),
        *_observed(tracing),
    )


def _resume(names: Names, *, rules: bool, pipes: bool) -> list[Statement]:
    """Let the dispatcher end pauses: UpdateSchedule names the schedule's role once more."""
    return [
        allow(
            "ResumeSchedules",
            ["scheduler:GetSchedule", "scheduler:UpdateSchedule"],
            f"{names.schedules_arn}*",
        ),
        allow(
            "LeaveSchedulesTheirRole",
            ["iam:PassRole"],
            names.role_arn(names.of("scheduler")),
            {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        ),
        *(
            [
                allow(
                    "EnableRules",
                    ["events:EnableRule"],
                    names.arn("events", f"rule/{names.chosen('*')}"),
                )
            ]
            if rules
            else []
        ),
        *(
            [
                allow(
                    "StartPipes",
                    ["pipes:StartPipe"],
                    names.arn("pipes", f"pipe/{names.chosen('*')}"),
                )
            ]
            if pipes
            else []
        ),
    ]


def dispatcher_policy(
    names: Names, *, tracing: bool, rules: bool = False, pipes: bool = False
) -> str:
    """What the dispatcher may do: look for runs of this stack's jobs, stop, start, skip them.

    And resume what people have paused until a time: schedules, and where jobs have them their
    ``rules`` and ``pipes``.
    """
    jobs = names.machine_arn(names.chosen("*"))
    return document(
        allow("FindAndStartRuns", ["states:ListExecutions", "states:StartExecution"], jobs),
        allow(
            "StopOlderRuns", ["states:StopExecution"], names.execution_arn(names.chosen("*"), "*")
        ),
        allow(
            "RecordSkippedRuns",
            ["states:StartExecution"],
            names.machine_arn(names.of("skipped")),
        ),
        *_resume(names, rules=rules, pipes=pipes),
        *_observed(tracing),
    )


def skipped_policy(*, tracing: bool) -> str:
    """What the machine that lists skipped runs may do: nothing but be observed."""
    return document(*_observed(tracing))


def notifier_policy(
    names: Names,
    *,
    key_arn: str,
    tracing: bool,
    channels: Channels = NO_CHANNELS,
    recovery: bool = False,
) -> str:
    """What the notifier may do: read the end of a run, tell it, keep what nobody took."""
    named = [names.channel_topic_arn("*")] if channels.topics else []
    posted = allow(
        "PostToWebhooks",
        ["events:PutEvents"],
        names.arn("events", "event-bus/default"),
        {"StringEquals": {"events:source": names.prefix, "events:detail-type": NOTICE}},
    )
    looked_back = allow("LookBack", ["states:ListExecutions"], names.machine_arn(names.chosen("*")))
    return document(
        allow(
            "ReadRuns", ["states:DescribeExecution"], names.execution_arn(names.chosen("*"), "*")
        ),
        *([looked_back] if recovery else []),
        allow(
            "Publish",
            ["sns:Publish"],
            [names.topic_arn("success"), names.topic_arn("failure"), *named],
        ),
        allow("EncryptForTopics", ["kms:Decrypt", "kms:GenerateDataKey*"], key_arn),
        *([posted] if channels.webhooks else []),
        allow("KeepUndelivered", ["sqs:SendMessage"], names.dead_letter_queue_arn),
        *_observed(tracing),
    )


def webhooks_policy(names: Names) -> str:
    """What the rules of webhooks may do: call the addresses of this stack's channels."""
    return document(
        allow(
            "CallWebhooks",
            ["events:InvokeApiDestination"],
            names.arn("events", f"api-destination/{names.channel('*')}"),
        )
    )


def watcher_policy(names: Names, *, missing: bool, tracing: bool) -> str:
    """What the watcher may do: look at runs, and have the notifier tell of them.

    ``missing`` is whether it has to find out what became of runs that have not succeeded.
    """
    runs = names.execution_arn(names.chosen("*"), "*")
    skipped = names.execution_arn(names.of("skipped"), "*")
    looks = [
        allow("FindRuns", ["states:ListExecutions"], names.machine_arn(names.chosen("*"))),
        allow("SeeWhatWasSkipped", ["states:DescribeExecution"], skipped),
        allow("SeeWhatIsPaused", ["scheduler:GetSchedule"], f"{names.schedules_arn}*"),
        allow("ReadDeadLetters", ["sqs:ReceiveMessage"], names.dead_letter_queue_arn),
    ]
    return document(
        allow("LookAtRuns", ["states:DescribeExecution"], runs),
        *(looks if missing else []),
        allow("Tell", ["states:StartExecution"], names.machine_arn(names.of("notifier"))),
        *_observed(tracing),
    )


def scheduler_policy(names: Names, *, watched: bool) -> str:
    """What schedules may do: start the dispatcher, keep what could not be started.

    ``watched`` is whether some of them start the watcher.
    """
    watcher = allow(
        "StartWatcher", ["states:StartExecution"], names.machine_arn(names.of("watcher"))
    )
    return document(
        allow(
            "StartDispatcher",
            ["states:StartExecution"],
            names.machine_arn(names.of("dispatcher")),
        ),
        *([watcher] if watched else []),
        allow("KeepUndelivered", ["sqs:SendMessage"], names.dead_letter_queue_arn),
    )


def rule_policy(names: Names, machine: str) -> str:
    """What an EventBridge rule may do: start one state machine."""
    return document(allow("StartMachine", ["states:StartExecution"], names.machine_arn(machine)))


def pipes_policy(names: Names) -> str:
    """What pipes may do: take messages off the stack's queues, start the dispatcher."""
    return document(
        allow(
            "TakeMessages",
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            names.queue_arn("*"),
        ),
        allow(
            "StartDispatcher",
            ["states:StartExecution"],
            names.machine_arn(names.of("dispatcher")),
        ),
    )


def flow_logs_policy(names: Names, log_group: str) -> str:
    """What flow logs may do: write to their own group, which already exists."""
    return document(
        allow(
            "WriteFlowLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            f"{names.log_group_arn(log_group)}:*",
        )
    )


def chatbot_policy(names: Names) -> str:
    """What Chatbot may read to draw the graph of one of the stack's alarms."""
    return document(
        allow(
            "ReadAlarms",
            ["cloudwatch:DescribeAlarms"],
            names.arn("cloudwatch", f"alarm:{names.prefix}-*"),
        ),
        allow("ReadMetrics", ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"], EVERYTHING),
    )
