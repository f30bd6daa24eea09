"""Who may use a role."""

from collections.abc import Sequence
from dataclasses import dataclass

from definitions.names import Names
from definitions.policies.statements import acting_for, document

GITHUB_ISSUER = "token.actions.githubusercontent.com"
"""Who signs the tokens of GitHub's workflows."""
GITHUB_AUDIENCE = "sts.amazonaws.com"
"""For whom they are, if they are for AWS (aws-actions/configure-aws-credentials)."""


@dataclass(frozen=True, kw_only=True)
class Workflows:
    """Which workflows of GitHub are meant."""

    repository: str
    """``our-company/batch``."""
    environment: str
    """GitHub environment of deploys and of runs by hand."""
    branch: str
    """From which they are started."""
    release_tags: str | None = None
    """Tags from which they may be started too; ``*`` may end it."""

    @property
    def refs(self) -> list[str]:
        """What they may be started from, as a token says it."""
        tags = [f"refs/tags/{self.release_tags}"] if self.release_tags else []
        return [f"refs/heads/{self.branch}", *tags]


def _trust(service: str, account: str, *source_arns: str) -> str:
    return document(
        {
            "Sid": "UseRole",
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": acting_for(account, *source_arns),
        }
    )


def tasks_trust(names: Names) -> str:
    """Let ECS tasks of this account and region use a role; ECS takes no narrower source."""
    return _trust("ecs-tasks.amazonaws.com", names.account, names.arn("ecs", "*"))


def machine_trust(names: Names, machine: str) -> str:
    """Let one state machine, or all that a trailing ``*`` means, use a role."""
    return _trust("states.amazonaws.com", names.account, names.machine_arn(machine))


def scheduler_trust(names: Names) -> str:
    """Let the stack's schedules use a role, and those that people add.

    The source is the group of a schedule, never the schedule.
    """
    return _trust(
        "scheduler.amazonaws.com",
        names.account,
        names.schedule_group_arn,
        names.adhoc_group_arn,
    )


def rule_trust(names: Names, rule: str) -> str:
    """Let one EventBridge rule, or all that a trailing ``*`` means, use a role."""
    return _trust("events.amazonaws.com", names.account, names.arn("events", f"rule/{rule}"))


def pipes_trust(names: Names) -> str:
    """Let the pipes of this stack's jobs use a role."""
    return _trust(
        "pipes.amazonaws.com", names.account, names.arn("pipes", f"pipe/{names.chosen('*')}")
    )


def flow_logs_trust(names: Names) -> str:
    """Let VPC flow logs of this account and region use a role."""
    return _trust("vpc-flow-logs.amazonaws.com", names.account, names.arn("ec2", "vpc-flow-log/*"))


def chatbot_trust(names: Names) -> str:
    """Let this account's Slack channel configurations use a role.

    ``IfExists``, because no page of AWS says whether Chatbot names its source: if it does, it must
    be one of these; if it does not, the role still works.
    """
    arn = f"arn:aws:chatbot::{names.account}:chat-configuration/slack-channel/{names.prefix}-*"
    return document(
        {
            "Sid": "UseRole",
            "Effect": "Allow",
            "Principal": {"Service": "chatbot.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEqualsIfExists": {"aws:SourceAccount": names.account},
                "ArnLikeIfExists": {"aws:SourceArn": arn},
            },
        }
    )


def operator_trust(principals: Sequence[str]) -> str:
    """Let these roles and users use a role."""
    return document(
        {
            "Sid": "UseRole",
            "Effect": "Allow",
            "Principal": {"AWS": list(principals)},
            "Action": "sts:AssumeRole",
        }
    )


def github_environment_trust(names: Names, workflows: Workflows) -> str:
    """Let workflows use a role that run in their environment, from their branch or release tags.

    The environment is in the token's subject, what they were started from in a claim of its own.
    """
    return _github_trust(
        names, workflows, [f"environment:{workflows.environment}"], {"ref": workflows.refs}
    )


def github_read_trust(names: Names, workflows: Workflows) -> str:
    """Let workflows use a role that only looks: of any pull request, of the branch.

    Or of ``<environment>-read``: where a job names an environment to find its variables, the
    subject says that instead, and this one is approved by nobody.
    """
    return _github_trust(
        names,
        workflows,
        [
            "pull_request",
            f"ref:refs/heads/{workflows.branch}",
            f"environment:{workflows.environment}-read",
        ],
        {},
    )


def _github_trust(
    names: Names, workflows: Workflows, contexts: Sequence[str], claims: dict[str, list[str]]
) -> str:
    """Let workflows of one repository use a role whose token has one of these contexts.

    IAM demands a condition on the subject. It comes in two forms: with names alone, or, in
    repositories made or renamed since June 2026, with the ids of owner and repository behind an
    ``@``, which no name contains (GitHub, "OpenID Connect reference", immutable subject claims).
    Other claims are keys of their own (IAM User Guide, "Available keys for AWS OIDC federation").
    """
    owner, _, repository = workflows.repository.partition("/")
    subjects = [
        f"repo:{of}:{context}"
        for of in (workflows.repository, f"{owner}@*/{repository}@*")
        for context in contexts
    ]
    return document(
        {
            "Sid": "UseRole",
            "Effect": "Allow",
            "Principal": {"Federated": names.github_provider_arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{GITHUB_ISSUER}:aud": GITHUB_AUDIENCE,
                    f"{GITHUB_ISSUER}:repository": workflows.repository,
                },
                "StringLike": {
                    f"{GITHUB_ISSUER}:sub": subjects,
                    **{f"{GITHUB_ISSUER}:{claim}": values for claim, values in claims.items()},
                },
            },
        }
    )
