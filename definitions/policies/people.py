"""What people, and workflows in their name, may do with a deployed stack."""

from definitions.job_machine import LOG_STREAM_PREFIX
from definitions.names import Names
from definitions.policies.statements import EVERYTHING, Statement, allow, document


def operator_policy(names: Names) -> str:
    """What ``python -m ops`` needs: look at everything of the stack, start, stop and pause."""
    return document(*_looks(names), *_runs(names))


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
        allow(
            "ReadLogs",
            ["logs:GetLogEvents"],
            f"{names.log_group_arn(names.log_group('*'))}:log-stream:{LOG_STREAM_PREFIX}/*",
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
        allow("FindSkipped", ["states:ListExecutions"], names.machine_arn(names.of("skipped"))),
        allow(
            "ReadSkipped",
            ["states:DescribeExecution"],
            names.execution_arn(names.of("skipped"), "*"),
        ),
        allow(
            "SeeWhatIsDeployed",
            ["states:ListStateMachines", "scheduler:ListSchedules", "ecs:DescribeTaskDefinition"],
            EVERYTHING,
        ),
    ]
