"""What is left in an embedded AWS after everything was deleted."""

from typing import Any

_LISTS = {
    # Service: operation, member of the answer; what every account has at birth is not left over.
    "cloudwatch": [("describe_alarms", "MetricAlarms")],
    "ecr": [("describe_repositories", "repositories")],
    "ecs": [("list_task_definitions", "taskDefinitionArns")],
    "events": [("list_rules", "Rules")],
    "iam": [("list_roles", "Roles")],
    "logs": [("describe_log_groups", "logGroups")],
    "s3": [("list_buckets", "Buckets")],
    "secretsmanager": [("list_secrets", "SecretList")],
    "sns": [("list_topics", "Topics"), ("list_subscriptions", "Subscriptions")],
    "sqs": [("list_queues", "QueueUrls")],
    "stepfunctions": [("list_state_machines", "stateMachines")],
}
_NETWORK = [
    ("describe_vpcs", "Vpcs"),
    ("describe_subnets", "Subnets"),
    ("describe_route_tables", "RouteTables"),
    ("describe_network_acls", "NetworkAcls"),
    ("describe_security_groups", "SecurityGroups"),
    ("describe_internet_gateways", "InternetGateways"),
    ("describe_network_interfaces", "NetworkInterfaces"),
    ("describe_flow_logs", "FlowLogs"),
    ("describe_addresses", "Addresses"),
]


def leftovers(cloud: Any, region: str) -> list[str]:
    """Return a line for each thing in the account, the default VPC and deleted ones apart.

    Args:
        cloud: anything with ``client(service, region)`` and ``chatbot``.
        region: where the stack was.
    """
    found: list[Any] = []
    for service, lists in _LISTS.items():
        client = cloud.client(service, region)
        for operation, member in lists:
            found += getattr(client, operation)().get(member, [])
    found += _clusters(cloud.client("ecs", region))
    found += _network(cloud.client("ec2", region))
    found += _keys(cloud.client("kms", region))
    scheduler = cloud.client("scheduler", region)
    found += scheduler.list_schedules()["Schedules"]
    groups = scheduler.list_schedule_groups()["ScheduleGroups"]
    found += [group for group in groups if group["Name"] != "default"]
    found += cloud.chatbot.describe_slack_channel_configurations()["SlackChannelConfigurations"]
    return [str(each) for each in found]


def _clusters(ecs: Any) -> list[Any]:
    arns = ecs.list_clusters()["clusterArns"]
    clusters: list[Any] = ecs.describe_clusters(clusters=arns)["clusters"] if arns else []
    return [each for each in clusters if each["status"] != "INACTIVE"]


def _network(ec2: Any) -> list[Any]:
    (default,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    found = [
        each
        for operation, member in _NETWORK
        for each in getattr(ec2, operation)()[member]
        if each.get("VpcId") != default["VpcId"]
    ]
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    return found + [each for each in endpoints if each["State"] != "deleted"]


def _keys(kms: Any) -> list[Any]:
    """Return keys that do not wait for their deletion, and names; AWS's own apart."""
    keys = [kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in _all_keys(kms)]
    aliases = kms.list_aliases()["Aliases"]
    return [
        *(
            key
            for key in keys
            if key["KeyManager"] == "CUSTOMER" and key["KeyState"] != "PendingDeletion"
        ),
        *(alias for alias in aliases if not alias["AliasName"].startswith("alias/aws/")),
    ]


def _all_keys(kms: Any) -> list[dict[str, str]]:
    return [key for page in kms.get_paginator("list_keys").paginate() for key in page["Keys"]]
