"""What people, and workflows in their name, may do with a deployed stack."""

from definitions.job_machine import LOG_STREAM_PREFIX
from definitions.names import Names
from definitions.notices import NOTICE
from definitions.policies.roles import find_tasks
from definitions.policies.statements import EVERYTHING, Statement, allow, document


def operator_policy(names: Names) -> str:
    """What ``python -m ops`` needs: look at everything of the stack, start, stop and pause."""
    return document(
        *_looks(names), *_runs(names), *_pauses(names), *_letters(names), *_examines(names)
    )


def _looks(names: Names) -> list[Statement]:
    runs = names.execution_arn(names.chosen("*"), "*")
    return [
        allow("FindRuns", ["states:ListExecutions"], names.machine_arn(names.chosen("*"))),
        allow("ReadRuns", ["states:DescribeExecution", "states:GetExecutionHistory"], runs),
        allow(
            "FindElements",
            ["states:ListExecutions"],
            names.arn("states", f"mapRun:{names.chosen('*')}"),
        ),
        allow(
            "ReadDispatched",
            ["states:DescribeExecution"],
            names.execution_arn(names.of("dispatcher"), "*"),
        ),
        allow("FindSkipped", ["states:ListExecutions"], names.machine_arn(names.of("skipped"))),
        allow(
            "ReadSkipped",
            ["states:DescribeExecution"],
            names.execution_arn(names.of("skipped"), "*"),
        ),
        find_tasks(names),
        allow("SeeTasks", ["ecs:DescribeTasks"], names.arn("ecs", f"task/{names.prefix}/*")),
        allow(
            "ReadLogs",
            ["logs:GetLogEvents"],
            f"{names.log_group_arn(names.log_group('*'))}:log-stream:{LOG_STREAM_PREFIX}/*",
        ),
        allow(
            "SeeWhatIsDeployed",
            ["states:ListStateMachines", "scheduler:ListSchedules", "ecs:DescribeTaskDefinition"],
            EVERYTHING,
        ),
    ]


def _runs(names: Names) -> list[Statement]:
    return [
        allow("StartRuns", ["states:StartExecution"], names.machine_arn(names.of("dispatcher"))),
        allow(
            "EndRuns",
            ["states:StopExecution", "states:RedriveExecution"],
            names.execution_arn(names.chosen("*"), "*"),
        ),
    ]


def _pauses(names: Names) -> list[Statement]:
    """Let people pause and resume what starts jobs, and add schedules of their own."""
    return [
        allow(
            "PauseAndResume",
            ["scheduler:GetSchedule", "scheduler:UpdateSchedule"],
            f"{names.schedules_arn}*",
        ),
        allow(
            "ChangeOwnSchedules",
            [
                "scheduler:CreateSchedule",
                "scheduler:GetSchedule",
                "scheduler:UpdateSchedule",
                "scheduler:DeleteSchedule",
            ],
            f"{names.adhoc_schedules_arn}*",
        ),
        allow(
            "GiveSchedulesTheirRole",
            ["iam:PassRole"],
            names.role_arn(names.of("scheduler")),
            {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        ),
        allow(
            "PauseEvents",
            ["events:DisableRule", "events:EnableRule"],
            names.arn("events", f"rule/{names.chosen('*')}"),
        ),
        allow(
            "PauseMessages",
            ["pipes:StopPipe", "pipes:StartPipe"],
            names.arn("pipes", f"pipe/{names.chosen('*')}"),
        ),
    ]


def _letters(names: Names) -> list[Statement]:
    """Let people read, deliver and delete dead letters, and try whether messages arrive."""
    return [
        allow(
            "TakeDeadLetters",
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
            names.dead_letter_queue_arn,
        ),
        allow(
            "DeliverAgain",
            ["states:StartExecution"],
            [names.machine_arn(names.of("notifier")), names.machine_arn(names.of("watcher"))],
        ),
        allow(
            "PostAgain",
            ["events:PutEvents"],
            names.arn("events", "event-bus/default"),
            {"StringEquals": {"events:source": names.prefix, "events:detail-type": NOTICE}},
        ),
        allow(
            "WaitForMessages",
            ["states:DescribeExecution"],
            names.execution_arn(names.of("notifier"), "*"),
        ),
        allow(
            "SeeWhoIsSubscribed",
            ["sns:ListSubscriptionsByTopic"],
            [
                names.topic_arn("success"),
                names.topic_arn("failure"),
                names.channel_topic_arn("*"),
            ],
        ),
    ]


def _examines(names: Names) -> list[Statement]:
    """Let people see whether the live stack is as it should be."""
    return [
        allow(
            "CompareMachines",
            ["states:DescribeStateMachine"],
            [names.machine_arn(names.chosen("*")), names.machine_arn(names.of("dispatcher"))],
        ),
        # A list by prefix asks for every alarm and every log group of the region.
        allow("SeeAlarms", ["cloudwatch:DescribeAlarms"], names.arn("cloudwatch", "alarm:*")),
        allow("SeeLogGroups", ["logs:DescribeLogGroups"], EVERYTHING),
        allow(
            "SeeRules",
            ["events:DescribeRule", "events:ListTargetsByRule"],
            names.arn("events", f"rule/{names.prefix}-*"),
        ),
        allow("SeePipes", ["pipes:DescribePipe"], names.arn("pipes", f"pipe/{names.chosen('*')}")),
        allow(
            "SeeSlack",
            ["chatbot:DescribeSlackChannelConfigurations", "chatbot:DescribeSlackWorkspaces"],
            EVERYTHING,
        ),
    ]
