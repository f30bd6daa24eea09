"""What people, and workflows in their name, may do with a deployed stack."""

from definitions.names import Names
from definitions.policies.statements import EVERYTHING, Statement, allow, document


def operator_policy(names: Names) -> str:
    """What ``python -m ops`` needs: look at everything of the stack, start, stop and pause."""
    return document(*_looks(names))


def _looks(names: Names) -> list[Statement]:
    return [
        allow("FindRuns", ["states:ListExecutions"], names.machine_arn(names.chosen("*"))),
        allow(
            "ReadRuns", ["states:DescribeExecution"], names.execution_arn(names.chosen("*"), "*")
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
