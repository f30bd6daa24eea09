"""What containers may do: Fargate before their program starts, then the program itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from definitions.grants import Grant, Kind
from definitions.names import Names
from definitions.policies.statements import EVERYTHING, Statement, allow, document


def execution_policy(
    names: Names,
    *,
    log_group: str,
    repository_arn: str | None,
    secret_arns: Sequence[str],
    parameter_arns: Sequence[str],
    key_arn: str,
) -> str:
    """What Fargate may do before a container's program starts.

    ``repository_arn`` is ``None`` for an image of a public registry; ``secret_arns`` and
    ``parameter_arns`` are the secrets and parameters that become environment variables.
    """
    statements = [
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            f"{names.log_group_arn(log_group)}:log-stream:*",
        )
    ]
    if repository_arn is not None:
        statements += [
            allow("LogInToEcr", ["ecr:GetAuthorizationToken"], EVERYTHING),
            allow(
                "PullImage",
                [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                repository_arn,
            ),
        ]
    if secret_arns:
        statements += [
            allow("ReadSecrets", ["secretsmanager:GetSecretValue"], sorted(set(secret_arns))),
            allow(
                "DecryptSecrets",
                ["kms:Decrypt"],
                key_arn,
                _by_service(names, "secretsmanager"),
            ),
        ]
    if parameter_arns:
        statements += [
            allow("ReadParameters", ["ssm:GetParameters"], sorted(set(parameter_arns))),
            allow("DecryptParameters", ["kms:Decrypt"], key_arn, _by_service(names, "ssm")),
        ]
    return document(*statements)


_GRANTED_ACTIONS: Mapping[tuple[Kind, str], Sequence[str]] = {
    ("bucket", "read"): ["s3:GetObject"],
    ("bucket", "write"): ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
    ("queue", "send"): ["sqs:SendMessage"],
    ("queue", "consume"): [
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility",
    ],
    ("topic", "publish"): ["sns:Publish"],
    ("table", "read"): [
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
    ],
    ("table", "write"): [
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:BatchWriteItem",
    ],
    ("secret", "read"): ["secretsmanager:GetSecretValue"],
    ("job", "start"): ["states:StartExecution"],
}
"""What a verb is in IAM's words. The listing of a bucket is :func:`_list_buckets`'s."""


def task_policy(
    names: Names,
    grants: Sequence[Grant],
    *,
    secret_arns: Mapping[str, str],
    key_arn: str,
    debug: bool,
    progress: bool,
) -> str:
    """What a container's program may do, which is something.

    ``secret_arns`` are those of the secrets that are granted, by name; ``debug`` lets people open
    a shell in its tasks; ``progress`` lets it tell a run that waits for it. Programs start a job by
    its own machine: whoever may start the dispatcher may start, and stop, every job.
    """
    resources: dict[tuple[Kind, str], set[str]] = {}
    for grant in grants:
        resources.setdefault((grant.kind, grant.verb), set()).add(
            _granted_arn(names, grant, secret_arns)
        )
    statements = _list_buckets(names, grants) + [
        allow(f"{verb.title()}{kind.title()}s", actions, sorted(resources[kind, verb]))
        for (kind, verb), actions in _GRANTED_ACTIONS.items()
        if (kind, verb) in resources
    ]
    kinds = {grant.kind for grant in grants}
    if "topic" in kinds:
        statements.append(
            allow(
                "EncryptForTopics",
                ["kms:Decrypt", "kms:GenerateDataKey*"],
                key_arn,
                _by_service(names, "sns"),
            )
        )
    if "secret" in kinds:
        statements.append(
            allow("DecryptSecrets", ["kms:Decrypt"], key_arn, _by_service(names, "secretsmanager"))
        )
    if progress:
        # It names no resource (Service Authorization Reference): what it is about is in the token,
        # which only the one who was given the task has.
        statements.append(
            allow(
                "AnswerTasks",
                ["states:SendTaskHeartbeat", "states:SendTaskSuccess", "states:SendTaskFailure"],
                EVERYTHING,
            )
        )
    if debug:
        statements.append(
            allow(
                "OpenShells",
                [
                    "ssmmessages:CreateControlChannel",
                    "ssmmessages:CreateDataChannel",
                    "ssmmessages:OpenControlChannel",
                    "ssmmessages:OpenDataChannel",
                ],
                EVERYTHING,
            )
        )
    return document(*statements)


def _granted_arn(names: Names, grant: Grant, secret_arns: Mapping[str, str]) -> str:
    """Return what a grant is about, as IAM names it."""
    match grant.kind:
        case "bucket":
            return f"{names.bucket_arn(grant.name)}/{grant.prefix}*"
        case "queue":
            return names.queue_arn(grant.name)
        case "topic":
            return names.chosen_topic_arn(grant.name)
        case "table":
            return names.table_arn(grant.name)
        case "secret":
            return secret_arns[grant.name]
        case "job":
            return names.machine_arn(names.chosen(grant.name))


def _list_buckets(names: Names, grants: Sequence[Grant]) -> list[Statement]:
    """Let a program list what it may read: without that, S3 answers 403 for what is not there."""
    prefixes: dict[str, set[str]] = {}
    for grant in grants:
        if grant.kind == "bucket" and grant.verb in ("list", "read"):
            prefixes.setdefault(grant.name, set()).add(grant.prefix)
    whole = [names.bucket_arn(name) for name, found in sorted(prefixes.items()) if "" in found]
    bounded = [(name, found) for name, found in sorted(prefixes.items()) if "" not in found]
    return [
        *([allow("ListBuckets", ["s3:ListBucket"], whole)] if whole else []),
        *(
            allow(
                f"ListPrefixes{number}",
                ["s3:ListBucket"],
                names.bucket_arn(name),
                {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in sorted(found)]}},
            )
            for number, (name, found) in enumerate(bounded, 1)
        ),
    ]


def _by_service(names: Names, service: str) -> dict[str, Any]:
    """Condition of a key: only what a service does with it for whoever calls."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{names.region}.amazonaws.com"}}


def worker_policy(names: Names, worker: str) -> str:
    """What a worker's program may do beside answering: fetch the tasks of its activity."""
    return document(allow("FetchTasks", ["states:GetActivityTask"], names.activity_arn(worker)))
