"""Who may use a role."""

from definitions.names import Names
from definitions.policies.statements import acting_for, document


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
