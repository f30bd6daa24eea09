"""Every IAM document of a stack, as text. Pure: tests read what these functions return.

Each statement has one need and a ``Sid`` that says it. What users can multiply (jobs, containers)
is named by a prefix, so that no document grows with their number.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from definitions.grants import Grant, Kind
from definitions.names import Names
from definitions.notices import NO_CHANNELS, NOTICE, Channels

Statement = dict[str, Any]

# Where AWS takes no resource (Service Authorization Reference): log deliveries, X-Ray, the ECR
# token and CloudWatch's reads exist once an account; the answer to a task names its token; tasks
# are listed by container instances, of which Fargate has none; a key's policy can only mean its
# own key.
EVERYTHING = "*"

ECS_TASK_EVENTS_RULE = "StepFunctionsGetEventsForECSTaskRule"
"""Managed rule by which Step Functions hears of the end of a task it waits for (``.sync``)."""
EXECUTION_EVENTS_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
"""Managed rule by which it hears of the end of an execution that it waits for."""


def document(*statements: Statement) -> str:
    """Wrap statements in a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(
    sid: str,
    actions: Sequence[str],
    resources: str | Sequence[str],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": resources if isinstance(resources, str) else list(resources),
    }
    return statement | ({"Condition": dict(condition)} if condition else {})


def _from(account: str, *source_arns: str) -> dict[str, Any]:
    """Condition against the confused deputy: the service acts for this account's resource."""
    return {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": source_arns[0] if len(source_arns) == 1 else source_arns},
    }


def _only_tls(resources: Sequence[str], action: str) -> Statement:
    return {
        "Sid": "RefusePlainText",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


# -- trust: who may use a role


def _trust(service: str, account: str, source_arn: str) -> str:
    return document(
        {
            "Sid": "UseRole",
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": _from(account, source_arn),
        }
    )


def tasks_trust(names: Names) -> str:
    """Let ECS tasks of this account and region use a role; ECS takes no narrower source."""
    return _trust("ecs-tasks.amazonaws.com", names.account, names.arn("ecs", "*"))


def machine_trust(names: Names, machine: str) -> str:
    """Let one state machine, or all that a trailing ``*`` means, use a role."""
    return _trust("states.amazonaws.com", names.account, names.machine_arn(machine))


def scheduler_trust(names: Names) -> str:
    """Let the stack's schedules use a role; the source is their group, never one schedule."""
    return _trust("scheduler.amazonaws.com", names.account, names.schedule_group_arn)


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


# -- what roles may do


def _deliver_execution_logs() -> Statement:
    # The list of the Step Functions guide, "Logging using CloudWatch Logs".
    return _allow(
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
    return _allow(
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
        _allow("StartElements", ["states:StartExecution"], names.machine_arn(names.chosen("*"))),
        _allow(
            "WatchAndStopElements",
            ["states:DescribeExecution", "states:StopExecution"],
            names.execution_arn(names.chosen("*"), "*"),
        ),
    ]


def _find_tasks(names: Names) -> Statement:
    """Let machines list tasks of the cluster; Fargate has no container instances to name."""
    return _allow(
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
        _allow(
            "RunTasks",
            ["ecs:RunTask"],
            names.arn("ecs", f"task-definition/{names.chosen('*')}:*"),
            {"ArnEquals": {"ecs:cluster": names.cluster_arn}},
        ),
        _allow("WatchAndStopTasks", ["ecs:DescribeTasks", "ecs:StopTask"], every_task),
        _allow(
            "TagTasks",
            ["ecs:TagResource"],
            every_task,
            {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        ),
        _allow(
            "GiveTasksTheirRoles",
            ["iam:PassRole"],
            [names.role_arn(names.task_role("*")), names.role_arn(names.execution_role("*"))],
            {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
        _allow(
            "HearOfTheEndOfTasks",
            ["events:PutRule", "events:PutTargets", "events:DescribeRule"],
            names.arn("events", f"rule/{ECS_TASK_EVENTS_RULE}"),
        ),
        *(_run_elements(names) if distributed else []),
        *([_find_tasks(names)] if progress else []),
        *_observed(tracing),
    )


def flows_policy(names: Names, *, tracing: bool) -> str:
    """What the machines of all flows may do: start, watch and stop runs of this stack's jobs."""
    return document(
        _allow("StartRuns", ["states:StartExecution"], names.machine_arn(names.chosen("*"))),
        _allow(
            "WatchAndStopRuns",
            ["states:DescribeExecution", "states:StopExecution"],
            names.execution_arn(names.chosen("*"), "*"),
        ),
        _allow(
            "HearOfTheEndOfRuns",
            ["events:PutRule", "events:PutTargets", "events:DescribeRule"],
            names.arn("events", f"rule/{EXECUTION_EVENTS_RULE}"),
        ),
        *_observed(tracing),
    )


def worker_policy(names: Names, worker: str) -> str:
    """What a worker's program may do beside answering: fetch the tasks of its activity."""
    return document(_allow("FetchTasks", ["states:GetActivityTask"], names.activity_arn(worker)))


def dispatcher_policy(names: Names, *, tracing: bool) -> str:
    """What the dispatcher may do: look for runs of this stack's jobs, stop, start, skip them."""
    jobs = names.machine_arn(names.chosen("*"))
    return document(
        _allow("FindAndStartRuns", ["states:ListExecutions", "states:StartExecution"], jobs),
        _allow(
            "StopOlderRuns", ["states:StopExecution"], names.execution_arn(names.chosen("*"), "*")
        ),
        _allow(
            "RecordSkippedRuns",
            ["states:StartExecution"],
            names.machine_arn(names.of("skipped")),
        ),
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
    posted = _allow(
        "PostToWebhooks",
        ["events:PutEvents"],
        names.arn("events", "event-bus/default"),
        {"StringEquals": {"events:source": names.prefix, "events:detail-type": NOTICE}},
    )
    looked_back = _allow(
        "LookBack", ["states:ListExecutions"], names.machine_arn(names.chosen("*"))
    )
    return document(
        _allow(
            "ReadRuns", ["states:DescribeExecution"], names.execution_arn(names.chosen("*"), "*")
        ),
        *([looked_back] if recovery else []),
        _allow(
            "Publish",
            ["sns:Publish"],
            [names.topic_arn("success"), names.topic_arn("failure"), *named],
        ),
        _allow("EncryptForTopics", ["kms:Decrypt", "kms:GenerateDataKey*"], key_arn),
        *([posted] if channels.webhooks else []),
        _allow("KeepUndelivered", ["sqs:SendMessage"], names.dead_letter_queue_arn),
        *_observed(tracing),
    )


def webhooks_policy(names: Names) -> str:
    """What the rules of webhooks may do: call the addresses of this stack's channels."""
    return document(
        _allow(
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
        _allow("FindRuns", ["states:ListExecutions"], names.machine_arn(names.chosen("*"))),
        _allow("SeeWhatWasSkipped", ["states:DescribeExecution"], skipped),
        _allow("SeeWhatIsPaused", ["scheduler:GetSchedule"], f"{names.schedules_arn}*"),
        _allow("ReadDeadLetters", ["sqs:ReceiveMessage"], names.dead_letter_queue_arn),
    ]
    return document(
        _allow("LookAtRuns", ["states:DescribeExecution"], runs),
        *(looks if missing else []),
        _allow("Tell", ["states:StartExecution"], names.machine_arn(names.of("notifier"))),
        *_observed(tracing),
    )


def scheduler_policy(names: Names, *, watched: bool) -> str:
    """What schedules may do: start the dispatcher, keep what could not be started.

    ``watched`` is whether some of them start the watcher.
    """
    watcher = _allow(
        "StartWatcher", ["states:StartExecution"], names.machine_arn(names.of("watcher"))
    )
    return document(
        _allow(
            "StartDispatcher",
            ["states:StartExecution"],
            names.machine_arn(names.of("dispatcher")),
        ),
        *([watcher] if watched else []),
        _allow("KeepUndelivered", ["sqs:SendMessage"], names.dead_letter_queue_arn),
    )


def rule_policy(names: Names, machine: str) -> str:
    """What an EventBridge rule may do: start one state machine."""
    return document(_allow("StartMachine", ["states:StartExecution"], names.machine_arn(machine)))


def pipes_policy(names: Names) -> str:
    """What pipes may do: take messages off the stack's queues, start the dispatcher."""
    return document(
        _allow(
            "TakeMessages",
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            names.queue_arn("*"),
        ),
        _allow(
            "StartDispatcher",
            ["states:StartExecution"],
            names.machine_arn(names.of("dispatcher")),
        ),
    )


def flow_logs_policy(names: Names, log_group: str) -> str:
    """What flow logs may do: write to their own group, which already exists."""
    return document(
        _allow(
            "WriteFlowLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            f"{names.log_group_arn(log_group)}:*",
        )
    )


def chatbot_policy(names: Names) -> str:
    """What Chatbot may read to draw the graph of one of the stack's alarms."""
    return document(
        _allow(
            "ReadAlarms",
            ["cloudwatch:DescribeAlarms"],
            names.arn("cloudwatch", f"alarm:{names.prefix}-*"),
        ),
        _allow("ReadMetrics", ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"], EVERYTHING),
    )


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
        _allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            f"{names.log_group_arn(log_group)}:log-stream:*",
        )
    ]
    if repository_arn is not None:
        statements += [
            _allow("LogInToEcr", ["ecr:GetAuthorizationToken"], EVERYTHING),
            _allow(
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
            _allow("ReadSecrets", ["secretsmanager:GetSecretValue"], sorted(set(secret_arns))),
            _allow(
                "DecryptSecrets",
                ["kms:Decrypt"],
                key_arn,
                _by_service(names, "secretsmanager"),
            ),
        ]
    if parameter_arns:
        statements += [
            _allow("ReadParameters", ["ssm:GetParameters"], sorted(set(parameter_arns))),
            _allow("DecryptParameters", ["kms:Decrypt"], key_arn, _by_service(names, "ssm")),
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
        _allow(f"{verb.title()}{kind.title()}s", actions, sorted(resources[kind, verb]))
        for (kind, verb), actions in _GRANTED_ACTIONS.items()
        if (kind, verb) in resources
    ]
    kinds = {grant.kind for grant in grants}
    if "topic" in kinds:
        statements.append(
            _allow(
                "EncryptForTopics",
                ["kms:Decrypt", "kms:GenerateDataKey*"],
                key_arn,
                _by_service(names, "sns"),
            )
        )
    if "secret" in kinds:
        statements.append(
            _allow("DecryptSecrets", ["kms:Decrypt"], key_arn, _by_service(names, "secretsmanager"))
        )
    if progress:
        # It names no resource (Service Authorization Reference): what it is about is in the token,
        # which only the one who was given the task has.
        statements.append(
            _allow(
                "AnswerTasks",
                ["states:SendTaskHeartbeat", "states:SendTaskSuccess", "states:SendTaskFailure"],
                EVERYTHING,
            )
        )
    if debug:
        statements.append(
            _allow(
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
        *([_allow("ListBuckets", ["s3:ListBucket"], whole)] if whole else []),
        *(
            _allow(
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


# -- what resources admit


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
            "Condition": _from(names.account, names.arn("cloudwatch", f"alarm:{names.prefix}-*")),
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
        "Condition": _from(names.account, names.arn("cloudwatch", f"alarm:{names.prefix}-*")),
    }
    of_failures = arn == names.topic_arn("failure")
    return document(*([alarms] if of_failures else []), _only_tls([arn], "sns:Publish"))


def chosen_topic_policy(names: Names, topic: str) -> str:
    """Who may publish to a topic of the user's beside those whom IAM lets: nobody."""
    return document(_only_tls([names.chosen_topic_arn(topic)], "sns:Publish"))


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
            "Condition": _from(
                names.account, *(names.arn("events", f"rule/{rule}") for rule in rules)
            ),
        },
        _only_tls([arn], "sqs:*"),
    )


def queue_policy(queue_arn: str) -> str:
    """Nobody reaches a queue without TLS; who may send and receive is for IAM to say."""
    return document(_only_tls([queue_arn], "sqs:*"))


def bucket_policy(bucket_arn: str) -> str:
    """Nobody reaches a bucket without TLS."""
    return document(_only_tls([bucket_arn, f"{bucket_arn}/*"], "s3:*"))


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
