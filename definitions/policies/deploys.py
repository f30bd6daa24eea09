"""What may deploy a stack, and what may look at all of it: the rights of GitHub's workflows.

What the program makes has names that begin with the stack's, or, where AWS makes the name (EC2,
keys), the tags ``project`` and ``stack``, which every resource gets from the provider. A call that
makes such a thing must give it the tags.

Documents are managed policies: a role takes ten, of 6,144 characters each (IAM quotas).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from definitions.names import Names
from definitions.policies.statements import EVERYTHING, Statement, allow, document

OWN_MACHINES = ("dispatcher", "skipped", "notifier", "watcher")
OWN_RULES = ("attempts", "ended", "started")
OWN_ROLES = (
    *(*OWN_MACHINES, "started", "events", "runner", "flows", "scheduler", "triggers", "pipes"),
    *("webhooks", "chatbot", "flow-logs"),
)
"""Roles that the program makes beside two for each container; those of people are not among them,
nor GitHub's own."""
OWN_ALARMS = (
    *("dispatcher-failed", "notifier-failed", "watcher-failed", "rule-failed"),
    *("triggers-dropped", "triggers-lost", "dead-letters"),
)
OWN_TOPICS = ("success", "failure")
OWN_CHANNELS = ("slack", "slack-success", "slack-failure")
"""Configurations of Slack channels that are not named."""
GIVEN_TO = ("chatbot", "ecs-tasks", "events", "pipes", "scheduler", "states", "vpc-flow-logs")
"""Services to which a deploy gives the stack's roles."""


@dataclass(frozen=True, kw_only=True)
class State:
    """Where Pulumi keeps what it knows of the stack, if it is in AWS."""

    bucket: str | None = None
    secrets_key: str | None = None
    """ARN of the key by which the stack file's secrets are encrypted."""


def reader_policies(names: Names, state: State) -> dict[str, str]:
    """What a preview, a refresh and ``doctor`` need, by what it is about: reading.

    A refresh compares the secrets that the stack file holds, hence reads their values.
    """
    return {
        "read-jobs": document(*_read_jobs(names)),
        "read-data": document(*_read_data(names), *_read_state(names, state)),
    }


def deployer_policies(names: Names, state: State) -> dict[str, str]:
    """What ``up`` and ``destroy`` need beside reading, by what it is about."""
    written = _write_state(names, state)
    return {
        "deploy-jobs": document(*_jobs(names)),
        "deploy-roles": document(*_roles(names)),
        "deploy-data": document(*_data(names)),
        "deploy-network": document(*_network(names)),
        **({"deploy-state": document(*written)} if written else {}),
    }


def boundary_policy(names: Names) -> str:
    """What the stack's own roles can do at most, whatever a deploy writes into their policies.

    Neither IAM nor STS: no program becomes what a deploy may not be.
    """
    return document(
        allow(
            "CallServices",
            [
                *("cloudwatch:*", "dynamodb:*", "ecr:*", "ecs:*", "events:*", "kms:*", "logs:*"),
                *("pipes:*", "s3:*", "scheduler:*", "secretsmanager:*", "sns:*", "sqs:*", "ssm:*"),
                *("ssmmessages:*", "states:*", "xray:*"),
            ],
            EVERYTHING,
        ),
        allow(
            "GiveTasksAndSchedulesTheirRoles",
            ["iam:PassRole"],
            [*_container_roles(names), names.role_arn(names.of("scheduler"))],
        ),
    )


# -- names


def _container_roles(names: Names) -> list[str]:
    return [names.role_arn(names.task_role("*")), names.role_arn(names.execution_role("*"))]


def _own_roles(names: Names) -> list[str]:
    return [*(names.role_arn(names.of(role)) for role in OWN_ROLES), *_container_roles(names)]


def _machines(names: Names) -> list[str]:
    return [
        *(names.machine_arn(names.of(machine)) for machine in OWN_MACHINES),
        names.machine_arn(names.chosen("*")),
        names.activity_arn("*"),
    ]


def _alarms(names: Names) -> list[str]:
    return [names.arn("cloudwatch", f"alarm:{names.of(alarm)}") for alarm in OWN_ALARMS]


def _dashboard(names: Names) -> str:
    return f"arn:aws:cloudwatch::{names.account}:dashboard/{names.prefix}"


def _rules(names: Names) -> list[str]:
    own = (names.arn("events", f"rule/{names.of(rule)}") for rule in OWN_RULES)
    return [*own, names.arn("events", f"rule/{names.chosen('*')}")]


def _webhooks(names: Names) -> list[str]:
    return [
        names.arn("events", f"{kind}/{names.channel('*')}")
        for kind in ("connection", "api-destination")
    ]


def _channels(names: Names) -> list[str]:
    configuration = f"arn:aws:chatbot::{names.account}:chat-configuration/slack-channel"
    return [f"{configuration}/{name}" for name in (*map(names.of, OWN_CHANNELS), names.chosen("*"))]


def _topics(names: Names) -> list[str]:
    return [*map(names.topic_arn, OWN_TOPICS), names.chosen_topic_arn("*")]


def _queues(names: Names) -> list[str]:
    return [names.dead_letter_queue_arn, names.queue_arn("*")]


def _log_groups(names: Names) -> list[str]:
    return [
        names.log_group_arn(f"{group}:*")
        for group in (names.log_group("*"), names.execution_log_group)
    ]


def _repositories(names: Names) -> str:
    return names.arn("ecr", f"repository/{names.prefix}/*")


def _secrets(names: Names) -> str:
    return names.arn("secretsmanager", f"secret:{names.chosen('*')}")


def _schedules(names: Names) -> list[str]:
    return [names.schedule_group_arn, names.adhoc_group_arn, f"{names.schedules_arn}*"]


def _pipes(names: Names) -> str:
    return names.arn("pipes", f"pipe/{names.chosen('*')}")


def _tagged(names: Names) -> dict[str, Any]:
    """Condition: what is called is of this stack."""
    return _by_tags(names, "ResourceTag")


def _to_be_tagged(names: Names) -> dict[str, Any]:
    """Condition: what is made will be of this stack."""
    return _by_tags(names, "RequestTag")


def _by_tags(names: Names, kind: str) -> dict[str, Any]:
    return {
        "StringEquals": {f"aws:{kind}/project": names.project, f"aws:{kind}/stack": names.stack}
    }


# -- reading


def _read_jobs(names: Names) -> list[Statement]:
    return [
        allow(
            "ReadWhatNamesNoResource",
            [
                "ec2:Describe*",
                "ecs:DescribeTaskDefinition",
                "ecs:ListTasks",
                "kms:ListAliases",
                "logs:DescribeLogGroups",
                "states:ValidateStateMachineDefinition",
                # of `doctor`: what there is beside the stack file's jobs, and Slack
                "states:ListStateMachines",
                "scheduler:ListSchedules",
                "chatbot:DescribeSlackChannelConfigurations",
                "chatbot:DescribeSlackWorkspaces",
            ],
            EVERYTHING,
        ),
        allow("ReadMachines", ["states:Describe*", "states:List*"], _machines(names)),
        allow(
            "ReadCluster",
            ["ecs:Describe*", "ecs:List*"],
            [names.cluster_arn, f"{names.family_arn('*')}:*"],
        ),
        allow(
            "ReadSchedules",
            ["scheduler:Get*", "scheduler:List*"],
            [*_schedules(names), f"{names.adhoc_schedules_arn}*"],
        ),
        allow(
            "ReadEvents",
            ["events:Describe*", "events:List*"],
            [*_rules(names), *_webhooks(names)],
        ),
        allow("ReadPipes", ["pipes:Describe*", "pipes:List*"], _pipes(names)),
        allow("ReadAlarms", ["cloudwatch:List*"], _alarms(names)),
        # A list by prefix, as `doctor` asks for one, asks for every alarm of the region.
        allow("SeeAlarms", ["cloudwatch:DescribeAlarms"], names.arn("cloudwatch", "alarm:*")),
        allow("ReadDeadLetters", ["sqs:ReceiveMessage"], names.dead_letter_queue_arn),
        allow("ReadDashboard", ["cloudwatch:GetDashboard"], _dashboard(names)),
        allow("ReadLogGroups", ["logs:ListTagsForResource"], _log_groups(names)),
        allow(
            "ReadChannels",
            ["chatbot:List*"],
            _channels(names),
        ),
    ]


def _read_data(names: Names) -> list[Statement]:
    return [
        allow(
            "ReadRoles",
            ["iam:Get*", "iam:List*"],
            [
                *_own_roles(names),
                names.role_arn(names.of("operator")),
                names.role_arn(names.github("*")),
                names.managed_policy_arn(names.github("*")),
                names.github_provider_arn,
            ],
        ),
        allow("ReadTopics", ["sns:Get*", "sns:List*"], _topics(names)),
        allow("ReadQueues", ["sqs:Get*", "sqs:List*"], _queues(names)),
        allow(
            "ReadBuckets",
            ["s3:GetBucket*", "s3:Get*Configuration", "s3:ListBucket*"],
            names.bucket_arn("*"),
        ),
        allow("ReadTables", ["dynamodb:Describe*", "dynamodb:List*"], names.table_arn("*")),
        # What one stack has built is deployed to another: whoever looks may fetch the images.
        allow("LogInToEcr", ["ecr:GetAuthorizationToken"], EVERYTHING),
        allow(
            "ReadImages",
            ["ecr:BatchGetImage", "ecr:Describe*", "ecr:Get*", "ecr:List*"],
            _repositories(names),
        ),
        allow(
            "ReadSecrets",
            ["secretsmanager:DescribeSecret", "secretsmanager:Get*"],
            _secrets(names),
        ),
        allow(
            "ReadKey",
            ["kms:DescribeKey", "kms:Get*", "kms:List*"],
            names.arn("kms", "key/*"),
            _tagged(names),
        ),
        allow(
            "DecryptSecrets",
            ["kms:Decrypt"],
            names.arn("kms", "key/*"),
            _by_service(names, "secretsmanager"),
        ),
    ]


# -- changing


def _jobs(names: Names) -> list[Statement]:
    return [
        allow(
            "ChangeMachines",
            [
                *("states:CreateStateMachine", "states:UpdateStateMachine"),
                *("states:DeleteStateMachine", "states:CreateActivity", "states:DeleteActivity"),
                *("states:TagResource", "states:UntagResource"),
            ],
            _machines(names),
        ),
        allow(
            "ChangeCluster",
            [
                *("ecs:CreateCluster", "ecs:UpdateCluster", "ecs:DeleteCluster"),
                *("ecs:PutClusterCapacityProviders", "ecs:RegisterTaskDefinition"),
                *("ecs:TagResource", "ecs:UntagResource"),
            ],
            [names.cluster_arn, f"{names.family_arn('*')}:*"],
        ),
        allow(
            "ChangeSchedules",
            [
                *("scheduler:CreateScheduleGroup", "scheduler:DeleteScheduleGroup"),
                *("scheduler:CreateSchedule", "scheduler:UpdateSchedule"),
                *("scheduler:DeleteSchedule", "scheduler:TagResource", "scheduler:UntagResource"),
            ],
            _schedules(names),
        ),
        allow(
            "ChangeRules",
            [
                *("events:PutRule", "events:DeleteRule", "events:PutTargets"),
                *("events:RemoveTargets", "events:TagResource", "events:UntagResource"),
            ],
            _rules(names),
        ),
        allow(
            "ChangeWebhooks",
            [
                *("events:CreateConnection", "events:UpdateConnection", "events:DeleteConnection"),
                *("events:CreateApiDestination", "events:UpdateApiDestination"),
                "events:DeleteApiDestination",
            ],
            _webhooks(names),
        ),
        allow(
            "KeepSecretsOfWebhooks",
            [
                *("secretsmanager:CreateSecret", "secretsmanager:UpdateSecret"),
                *("secretsmanager:DeleteSecret", "secretsmanager:PutSecretValue"),
            ],
            names.arn("secretsmanager", f"secret:events!connection/{names.channel('*')}"),
        ),
        allow(
            "ChangePipes",
            [
                *("pipes:CreatePipe", "pipes:UpdatePipe", "pipes:DeletePipe"),
                *("pipes:TagResource", "pipes:UntagResource"),
            ],
            _pipes(names),
        ),
        allow(
            "ChangeAlarms",
            [
                *("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"),
                *("cloudwatch:TagResource", "cloudwatch:UntagResource"),
            ],
            _alarms(names),
        ),
        allow(
            "ChangeDashboard",
            ["cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards"],
            _dashboard(names),
        ),
        allow(
            "ChangeLogGroups",
            [
                *("logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy"),
                *("logs:AssociateKmsKey", "logs:TagResource", "logs:UntagResource"),
            ],
            _log_groups(names),
        ),
        allow(
            "ChangeChannels",
            [
                "chatbot:CreateSlackChannelConfiguration",
                "chatbot:UpdateSlackChannelConfiguration",
                "chatbot:DeleteSlackChannelConfiguration",
                *("chatbot:TagResource", "chatbot:UntagResource"),
            ],
            _channels(names),
        ),
    ]


def _roles(names: Names) -> list[Statement]:
    """Let roles be made and changed that are bounded, and given to the services they are for.

    Whoever can write a role's policy can do what the role can: hence the boundary, which no deploy
    may take away (IAM User Guide, "Permissions boundaries", delegating responsibility).
    """
    bounded = {
        "StringEquals": {
            "iam:PermissionsBoundary": names.managed_policy_arn(names.github("boundary"))
        }
    }
    return [
        allow(
            "ChangeBoundedRoles",
            ["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy"],
            _own_roles(names),
            bounded,
        ),
        allow(
            "ChangeRoles",
            [
                *("iam:DeleteRole", "iam:UpdateRole", "iam:UpdateAssumeRolePolicy"),
                *("iam:TagRole", "iam:UntagRole"),
            ],
            _own_roles(names),
        ),
        allow(
            "GiveRoles",
            ["iam:PassRole"],
            _own_roles(names),
            {
                "StringEquals": {
                    "iam:PassedToService": [f"{service}.amazonaws.com" for service in GIVEN_TO]
                }
            },
        ),
        allow(
            "LetServicesHaveTheirOwnRoles",
            ["iam:CreateServiceLinkedRole"],
            [
                names.role_arn(f"aws-service-role/{service}.amazonaws.com/*")
                for service in ("ecs", "apidestinations.events")
            ],
        ),
    ]


def _data(names: Names) -> list[Statement]:
    key = names.arn("kms", "key/*")
    return [
        allow(
            "ChangeBuckets",
            [
                *("s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucketPolicy"),
                *("s3:DeleteBucketPolicy", "s3:PutBucketNotification", "s3:PutBucketTagging"),
                *("s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"),
                *("s3:PutBucketPublicAccessBlock", "s3:PutBucketOwnershipControls"),
                "s3:PutEncryptionConfiguration",
            ],
            names.bucket_arn("*"),
        ),
        allow(
            "ChangeTables",
            [
                *("dynamodb:CreateTable", "dynamodb:UpdateTable", "dynamodb:DeleteTable"),
                *("dynamodb:UpdateTimeToLive", "dynamodb:UpdateContinuousBackups"),
                *("dynamodb:TagResource", "dynamodb:UntagResource"),
            ],
            names.table_arn("*"),
        ),
        allow(
            "ChangeTopics",
            [
                *("sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes"),
                *("sns:Subscribe", "sns:Unsubscribe", "sns:SetSubscriptionAttributes"),
                *("sns:TagResource", "sns:UntagResource"),
            ],
            _topics(names),
        ),
        allow(
            "ChangeQueues",
            [
                *("sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes"),
                *("sqs:TagQueue", "sqs:UntagQueue"),
            ],
            _queues(names),
        ),
        allow(
            "ChangeSecrets",
            [
                *("secretsmanager:CreateSecret", "secretsmanager:UpdateSecret"),
                *("secretsmanager:DeleteSecret", "secretsmanager:PutSecretValue"),
                *("secretsmanager:TagResource", "secretsmanager:UntagResource"),
            ],
            _secrets(names),
        ),
        allow(
            "ChangeImages",
            [
                *("ecr:CreateRepository", "ecr:DeleteRepository", "ecr:PutLifecyclePolicy"),
                *("ecr:DeleteLifecyclePolicy", "ecr:PutImageScanningConfiguration"),
                *("ecr:PutImageTagMutability", "ecr:TagResource", "ecr:UntagResource"),
                *("ecr:PutImage", "ecr:BatchCheckLayerAvailability"),
                *("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"),
            ],
            _repositories(names),
        ),
        allow("MakeKey", ["kms:CreateKey"], EVERYTHING, _to_be_tagged(names)),
        # IAM cannot tell a key that is being made from one that has neither alias nor tags.
        allow(
            "TagNewKey",
            ["kms:TagResource"],
            key,
            {**_to_be_tagged(names), "Null": {"kms:ResourceAliases": "true"}},
        ),
        allow(
            "NameKey",
            ["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"],
            names.arn("kms", f"alias/{names.prefix}"),
        ),
        allow(
            "ChangeKey",
            [
                *("kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias", "kms:PutKeyPolicy"),
                *("kms:EnableKey", "kms:EnableKeyRotation", "kms:DisableKeyRotation"),
                *("kms:UpdateKeyDescription", "kms:ScheduleKeyDeletion"),
                *("kms:TagResource", "kms:UntagResource"),
            ],
            key,
            _tagged(names),
        ),
        allow(
            "EncryptSecrets",
            ["kms:GenerateDataKey"],
            key,
            _by_service(names, "secretsmanager"),
        ),
        allow("EncryptImages", ["kms:CreateGrant"], key, _by_service(names, "ecr")),
    ]


def _network(names: Names) -> list[Statement]:
    """Let a network be made and changed, held by tags: EC2 makes the names itself.

    A call that makes something in a VPC asks about the VPC too. The tags come with the call that
    makes something, or, for a VPC's default group, which is there untagged, once.
    """
    return [
        allow(
            "MakeNetwork",
            [
                *("ec2:CreateVpc", "ec2:CreateSubnet", "ec2:CreateRouteTable"),
                *("ec2:CreateInternetGateway", "ec2:CreateSecurityGroup", "ec2:CreateVpcEndpoint"),
                *("ec2:AllocateAddress", "ec2:CreateNatGateway", "ec2:CreateFlowLogs"),
                *("ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress"),
            ],
            names.arn("ec2", "*"),
            _to_be_tagged(names),
        ),
        allow(
            "TagWhatIsMade",
            ["ec2:CreateTags"],
            names.arn("ec2", "*"),
            {**_to_be_tagged(names), "Null": {"ec2:CreateAction": "false"}},
        ),
        allow(
            "AdoptDefaultGroup",
            ["ec2:CreateTags"],
            names.arn("ec2", "security-group/*"),
            {**_to_be_tagged(names), "Null": {"aws:ResourceTag/stack": "true"}},
        ),
        allow(
            "ChangeNetwork",
            [
                *("ec2:CreateSubnet", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup"),
                *("ec2:CreateVpcEndpoint", "ec2:CreateNatGateway", "ec2:CreateFlowLogs"),
                *("ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress"),
                *("ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress"),
                *("ec2:ModifySecurityGroupRules", "ec2:AttachInternetGateway"),
                *("ec2:DetachInternetGateway", "ec2:AssociateRouteTable"),
                "ec2:DisassociateRouteTable",
                *("ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute"),
                *("ec2:ModifyVpcAttribute", "ec2:ModifySubnetAttribute", "ec2:ModifyVpcEndpoint"),
                *("ec2:CreateTags", "ec2:DeleteTags", "ec2:DeleteVpc", "ec2:DeleteSubnet"),
                *("ec2:DeleteRouteTable", "ec2:DeleteInternetGateway", "ec2:DeleteSecurityGroup"),
                *("ec2:DeleteVpcEndpoints", "ec2:DeleteNatGateway", "ec2:DeleteFlowLogs"),
                "ec2:ReleaseAddress",
            ],
            names.arn("ec2", "*"),
            _tagged(names),
        ),
    ]


def _by_service(names: Names, service: str) -> dict[str, Any]:
    """Condition of the stack's key: only what a service does with it for whoever calls."""
    tags = _tagged(names)["StringEquals"]
    via = f"{service}.{names.region}.amazonaws.com"
    return {"StringEquals": {**tags, "kms:ViaService": via}}


# -- Pulumi's state in S3: .pulumi/ (pulumi, pkg/backend/diy, store.go and lock.go)


def _read_state(names: Names, state: State) -> list[Statement]:
    found: list[Statement] = []
    if state.bucket:
        bucket = f"arn:aws:s3:::{state.bucket}"
        found += [
            allow(
                "FindState",
                ["s3:ListBucket"],
                bucket,
                {"StringLike": {"s3:prefix": [".pulumi/*"]}},
            ),
            allow(
                "ReadState",
                ["s3:GetObject"],
                [f"{bucket}/.pulumi/meta.yaml", *_state_files(names, bucket)],
            ),
        ]
    if state.secrets_key:
        found.append(allow("ReadConfiguration", ["kms:Decrypt"], state.secrets_key))
    return found


def _write_state(names: Names, state: State) -> list[Statement]:
    found: list[Statement] = []
    if state.bucket:
        files = _state_files(names, f"arn:aws:s3:::{state.bucket}")
        found.append(allow("WriteState", ["s3:PutObject", "s3:DeleteObject"], files))
    if state.secrets_key:
        found.append(allow("WriteConfiguration", ["kms:Encrypt"], state.secrets_key))
    return found


def _state_files(names: Names, bucket: str) -> Sequence[str]:
    """Return what is this stack's: its state, compressed or not, what it was before, its locks."""
    of_stack = f"{names.project}/{names.stack}"
    return [
        f"{bucket}/.pulumi/stacks/{of_stack}.json*",
        *(f"{bucket}/.pulumi/{kind}/{of_stack}/*" for kind in ("history", "backups", "journal")),
        f"{bucket}/.pulumi/locks/organization/{of_stack}/*",
    ]
