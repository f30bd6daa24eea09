"""Whom resources admit: the key, topics, queues, buckets, endpoints."""

from collections.abc import Sequence

from definitions.names import Names
from definitions.policies.statements import EVERYTHING, Statement, acting_for, document, only_tls


def key_policy(names: Names) -> str:
    """Who may use the stack's key: who has the right by IAM, the stack's alarms and log groups."""
    return document(
        {
            "Sid": "LeaveItToIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{names.account}:root"},
            "Action": "kms:*",
            "Resource": EVERYTHING,
        },
        {
            "Sid": "EncryptAlarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": EVERYTHING,
            "Condition": acting_for(
                names.account, names.arn("cloudwatch", f"alarm:{names.prefix}-*")
            ),
        },
        {
            "Sid": "EncryptLogs",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{names.region}.amazonaws.com"},
            "Action": [
                "kms:Decrypt*",
                "kms:Describe*",
                "kms:Encrypt*",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            "Resource": EVERYTHING,
            "Condition": {
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": [
                        names.log_group_arn(names.log_group("*")),
                        names.log_group_arn(names.execution_log_group),
                    ]
                }
            },
        },
    )


def topic_policy(names: Names, arn: str) -> str:
    """Who may publish to a topic beside the notifier: to that of failures, the stack's alarms."""
    alarms: Statement = {
        "Sid": "PublishAlarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": arn,
        "Condition": acting_for(names.account, names.arn("cloudwatch", f"alarm:{names.prefix}-*")),
    }
    of_failures = arn == names.topic_arn("failure")
    return document(*([alarms] if of_failures else []), only_tls([arn], "sns:Publish"))


def chosen_topic_policy(names: Names, topic: str) -> str:
    """Who may publish to a topic of the user's beside those whom IAM lets: nobody."""
    return document(only_tls([names.chosen_topic_arn(topic)], "sns:Publish"))


def dead_letter_queue_policy(names: Names, rules: Sequence[str]) -> str:
    """Who may send to the dead-letter queue beside this stack's roles: EventBridge rules.

    A rule of these names may end in ``*``.
    """
    arn = names.dead_letter_queue_arn
    return document(
        {
            "Sid": "KeepUndeliveredEvents",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": acting_for(
                names.account, *(names.arn("events", f"rule/{rule}") for rule in rules)
            ),
        },
        only_tls([arn], "sqs:*"),
    )


def queue_policy(queue_arn: str) -> str:
    """Nobody reaches a queue without TLS; who may send and receive is for IAM to say."""
    return document(only_tls([queue_arn], "sqs:*"))


def bucket_policy(bucket_arn: str) -> str:
    """Nobody reaches a bucket without TLS."""
    return document(only_tls([bucket_arn, f"{bucket_arn}/*"], "s3:*"))


def _endpoint_for_account(account: str) -> Statement:
    return {
        "Sid": "OnlyThisAccount",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": account}},
    }


def endpoint_policy(names: Names) -> str:
    """Admit this account's principals only: nobody else's credentials work from inside."""
    return document(_endpoint_for_account(names.account))


def s3_endpoint_policy(names: Names, *, programs: bool) -> str:
    """Admit the bucket from which ECR serves image layers, and programs if they call S3 at all.

    Programs are this account's principals. Layers come by addresses that ECR signed, so there is
    no principal of this account to ask for (ECR guide, "Create the Amazon S3 gateway endpoint").
    """
    return document(
        *([_endpoint_for_account(names.account)] if programs else []),
        {
            "Sid": "ImageLayers",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::prod-{names.region}-starport-layer-bucket/*",
        },
    )
