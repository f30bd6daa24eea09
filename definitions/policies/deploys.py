"""What may deploy a stack, and what may look at all of it: the rights of GitHub's workflows.

What the program makes has names that begin with the stack's, or, where AWS makes the name (EC2,
keys), the tags ``project`` and ``stack``, which every resource gets from the provider. Calls that
make something and have neither yet must give it the tags.

Documents are managed policies: a role takes ten, of 6,144 characters each (IAM quotas).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from definitions.names import Names
from definitions.policies.statements import EVERYTHING, Statement, allow, document

CHATBOT_REGION = "us-east-2"
OWN_MACHINES = ("dispatcher", "skipped", "notifier", "watcher")
OWN_RULES = ("ended", "started")
OWN_ROLES = (
    *(*OWN_MACHINES, *OWN_RULES, "runner", "flows", "events", "scheduler", "triggers", "pipes"),
    *("webhooks", "chatbot", "flow-logs"),
)
"""Roles that the program makes, beside two for each container; not those of people."""
OWN_ALARMS = (
    *("dispatcher-failed", "notifier-failed", "watcher-failed", "rule-failed"),
    *("triggers-dropped", "triggers-lost", "dead-letters"),
)
OWN_TOPICS = ("success", "failure")
SERVICES_WITH_ROLES = ("chatbot", "ecs-tasks", "events", "pipes", "scheduler", "states")
"""To which deploys give the stack's roles; flow logs, which EC2 makes, come on top."""
_LISTED = "ecs chatbot dynamodb events kms logs scheduler".split()


@dataclass(frozen=True, kw_only=True)
class State:
    """Where Pulumi keeps what it knows of the stack, if it is in AWS."""

    bucket: str | None = None
    secrets_key: str | None = None
    """ARN of the key by which the stack file's secrets are encrypted."""


def reader_policy(names: Names, state: State) -> str:
    """What a preview, a refresh and ``doctor`` need: reading, and of secrets those of the stack.

    The program compares the value of a secret with what it is to be, hence reads it.
    """
    return document(*_reads(names), *_state_reads(names, state))


def deployer_policies(names: Names, state: State, *, boundary: str) -> dict[str, str]:
    """What ``up`` and ``destroy`` need beside reading, by what it is about.

    ``boundary`` is the ARN of the permissions boundary that every role must have that a deploy
    makes: what a deploy may write into a role's policy is bounded by it.
    """
    return {
        "runs": document(*_runs(names)),
        "roles": document(*_roles(names, boundary), *_state_writes(names, state)),
        "data": document(*_data(names), *_keys(names)),
        "network": document(*_network(names)),
    }


def boundary_policy(names: Names) -> str:
    """What the stack's own roles can be granted at most: no IAM, and nobody else's roles."""
    return document(
        allow(
            "ServicesOfJobs",
            [
                *("cloudwatch:*", "dynamodb:*", "ecr:*", "ecs:*", "events:*", "kms:*", "logs:*"),
                *("s3:*", "scheduler:*", "secretsmanager:*", "sns:*", "sqs:*", "ssm:*"),
                *("ssmmessages:*", "states:*", "xray:*"),
            ],
            EVERYTHING,
        ),
        allow(
            "GiveTasksTheirRoles",
            ["iam:PassRole"],
            [names.role_arn(names.task_role("*")), names.role_arn(names.execution_role("*"))],
        ),
    )


# -- reading


def _reads(names: Names) -> list[Statement]:
    own = _tagged(names)
    return [
        allow(
            "ReadWhatNamesNoResource",
            [
                "ec2:Describe*",
                "ecr:GetAuthorizationToken",
                "ecs:DescribeTaskDefinition",
                "kms:ListAliases",
                "logs:DescribeLogGroups",
                "states:ValidateStateMachineDefinition",
            ],
            EVERYTHING,
        ),
        allow(
            "ReadMachines",
            ["states:Describe*", "states:List*"],
            [
                names.machine_arn(f"{names.prefix}-*"),
                names.activity_arn("*"),
                names.execution_arn(f"{names.prefix}-*", "*"),
            ],
        ),
        allow(
            "ReadCluster",
            ["ecs:DescribeClusters", "ecs:ListTagsForResource", "ecs:ListTasks"],
            [names.cluster_arn, f"{names.family_arn('*')}:*"],
        ),
        allow(
            "ReadSchedules",
            ["scheduler:Get*", "scheduler:List*"],
            [names.schedule_group_arn, f"{names.schedules_arn}*"],
        ),
    ] + ([] if own is None else [])
