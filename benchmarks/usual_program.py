"""The peer: how such a stack is usually written, to compare with.

It is the published Terraform example of a scheduled Fargate batch job (network, endpoints, bucket
and secret once; roles, policies, log group, task definition, rule and target a job) translated
to Pulumi line by line, with its one job put in a loop: 11 resources and 4 data sources a job, the
data sources in their ``_output`` form and documents that hold outputs with
``Output.json_dumps``, as the documentation of Pulumi shows it. Nothing in here is slow on purpose,
and what is too open in it (``"*"``) is so in the example. It is evaluated by
``python -m benchmarks`` only; nobody deploys it.
"""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

REGION = "ap-northeast-1"
EVERYWHERE = "0.0.0.0/0"

config = pulumi.Config()
jobs: dict[str, dict[str, Any]] = config.require_object("jobs")


def policy_document(*statements: dict[str, Any]) -> pulumi.Output[str]:
    """Return a document as AWS's data source writes it."""
    # The types of the SDK forbid outputs within a statement, its documentation uses them.
    untyped: Any = statements
    return aws.iam.get_policy_document_output(statements=list(untyped)).json


# -- once: network

vpc = aws.ec2.Vpc(
    "sample-batch",
    cidr_block="192.168.0.0/16",
    instance_tenancy="default",
    enable_dns_hostnames=True,
    tags={"Name": "sample-batch"},
)


def subnet(name: str, zone: str, cidr_block: str) -> aws.ec2.Subnet:
    """Make one of the four subnets."""
    return aws.ec2.Subnet(
        name,
        vpc_id=vpc.id,
        availability_zone=f"{REGION}{zone}",
        cidr_block=cidr_block,
        tags={"Name": name},
    )


batch_subnets = [
    subnet("sample-batch-subnet-1a", "a", "192.168.0.0/24"),
    subnet("sample-batch-subnet-1c", "c", "192.168.1.0/24"),
]
endpoint_subnets = [
    subnet("sample-endpoint-subnet-1a", "a", "192.168.2.0/24"),
    subnet("sample-endpoint-subnet-1c", "c", "192.168.3.0/24"),
]
route_table = aws.ec2.RouteTable("sample-ecs-rt", vpc_id=vpc.id, tags={"Name": "sample-ecs-rt"})
for index, batch_subnet in enumerate(batch_subnets):
    aws.ec2.RouteTableAssociation(
        f"sample-ecs-rta-{index}", route_table_id=route_table.id, subnet_id=batch_subnet.id
    )
ecs_security_group = aws.ec2.SecurityGroup(
    "sample-ecs-sg",
    description="ecs security group",
    vpc_id=vpc.id,
    egress=[{"from_port": 0, "to_port": 0, "protocol": "-1", "cidr_blocks": [EVERYWHERE]}],
)
endpoint_security_group = aws.ec2.SecurityGroup(
    "sample-endpoint-sg",
    vpc_id=vpc.id,
    ingress=[
        {
            "protocol": "tcp",
            "from_port": 443,
            "to_port": 443,
            "security_groups": [ecs_security_group.id],
        }
    ],
    egress=[{"from_port": 0, "to_port": 0, "protocol": "-1", "cidr_blocks": [EVERYWHERE]}],
)
aws.ec2.VpcEndpoint(
    "s3-gateway",
    vpc_id=vpc.id,
    service_name=f"com.amazonaws.{REGION}.s3",
    vpc_endpoint_type="Gateway",
    route_table_ids=[route_table.id],
    tags={"Name": "s3-gateway"},
)
for service in ("ecr.dkr", "ecr.api", "logs", "secretsmanager"):
    aws.ec2.VpcEndpoint(
        service.replace(".", "-"),
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{REGION}.{service}",
        vpc_endpoint_type="Interface",
        security_group_ids=[endpoint_security_group.id],
        subnet_ids=[endpoint_subnet.id for endpoint_subnet in endpoint_subnets],
        private_dns_enabled=True,
        tags={"Name": service.replace(".", "-")},
    )

# -- once: image, bucket, secret, cluster

repository = aws.ecr.Repository(
    "sample-batch",
    name="sample-batch",
    image_tag_mutability="MUTABLE",
    image_scanning_configuration={"scan_on_push": True},
    encryption_configurations=[{"encryption_type": "KMS"}],
)
bucket = aws.s3.Bucket("sample-batch", bucket="sample-batch-xxxxxx")
aws.s3.BucketPublicAccessBlock(
    "sample-batch",
    bucket=bucket.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
aws.s3.BucketVersioning(
    "sample-batch", bucket=bucket.id, versioning_configuration={"status": "Disabled"}
)
aws.s3.BucketLifecycleConfiguration(
    "sample-batch",
    bucket=bucket.id,
    rules=[{"id": "sample-batch", "status": "Enabled", "expiration": {"days": 365}}],
)
aws.s3.BucketPolicy(
    "sample-batch",
    bucket=bucket.id,
    policy=policy_document(
        {
            "effect": "Allow",
            "principals": [{"type": "Service", "identifiers": ["delivery.logs.amazonaws.com"]}],
            "actions": ["s3:GetObject"],
            "resources": [bucket.arn.apply(lambda arn: f"{arn}/*")],
        }
    ),
)
aws.s3.BucketServerSideEncryptionConfiguration(
    "sample-batch",
    bucket=bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
)
secret = aws.secretsmanager.Secret("sample-batch", name="sample-batch")
aws.secretsmanager.SecretVersion(
    "sample-batch",
    secret_id=secret.id,
    secret_string=pulumi.Output.json_dumps({"S3_BUCKET_NAME": bucket.bucket}),
)
cluster = aws.ecs.Cluster(
    "sample-batch",
    name="sample-batch",
    settings=[{"name": "containerInsights", "value": "enabled"}],
)


# -- a job


def batch_job(name: str, schedule: str, command: list[str]) -> None:
    """Make the 11 resources of one job."""
    ecs_assume_role = policy_document(
        {
            "effect": "Allow",
            "actions": ["sts:AssumeRole"],
            "principals": [{"type": "Service", "identifiers": ["ecs-tasks.amazonaws.com"]}],
        }
    )
    event_bridge_assume_role = policy_document(
        {
            "effect": "Allow",
            "actions": ["sts:AssumeRole"],
            "principals": [{"type": "Service", "identifiers": ["events.amazonaws.com"]}],
        }
    )
    get_secret = policy_document(
        {
            "effect": "Allow",
            "actions": ["secretsmanager:GetSecretValue"],
            "resources": ["*"],
        }
    )
    execution_role = aws.iam.Role(
        f"{name}-execution", name=f"{name}-execution", assume_role_policy=ecs_assume_role
    )
    task_role = aws.iam.Role(
        f"{name}-task", name=f"{name}-task", assume_role_policy=ecs_assume_role
    )
    event_bridge_role = aws.iam.Role(
        f"{name}-events", name=f"{name}-events", assume_role_policy=event_bridge_assume_role
    )
    aws.iam.RolePolicy(f"{name}-get-secret", role=execution_role.name, policy=get_secret)
    aws.iam.RolePolicyAttachment(
        f"{name}-execution",
        role=execution_role.name,
        policy_arn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
    )
    aws.iam.RolePolicyAttachment(
        f"{name}-s3",
        role=task_role.name,
        policy_arn="arn:aws:iam::aws:policy/AmazonS3FullAccess",
    )
    log_group = aws.cloudwatch.LogGroup(name, name=f"/ecs/{name}", retention_in_days=365)
    task_definition = aws.ecs.TaskDefinition(
        name,
        family=name,
        requires_compatibilities=["FARGATE"],
        task_role_arn=task_role.arn,
        network_mode="awsvpc",
        cpu="2048",
        memory="8192",
        execution_role_arn=execution_role.arn,
        container_definitions=pulumi.Output.json_dumps(
            [
                {
                    "name": "batch",
                    "image": pulumi.Output.concat(repository.repository_url, ":latest"),
                    "portMappings": [{"containerPort": 80, "hostPort": 80}],
                    "secrets": [
                        {
                            "name": "S3_BUCKET_NAME",
                            "valueFrom": pulumi.Output.concat(secret.arn, ":S3_BUCKET_NAME::"),
                        }
                    ],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-region": REGION,
                            "awslogs-group": log_group.name,
                            "awslogs-stream-prefix": "ecs",
                        },
                    },
                }
            ]
        ),
        runtime_platform={"operating_system_family": "LINUX"},
    )
    run_task = policy_document(
        {
            "effect": "Allow",
            "actions": ["ecs:RunTask"],
            "resources": ["*"],
        },
        {
            "effect": "Allow",
            "actions": ["iam:PassRole"],
            "resources": ["*"],
            "conditions": [
                {
                    "test": "StringEquals",
                    "variable": "iam:PassedToService",
                    "values": ["ecs-tasks.amazonaws.com"],
                }
            ],
        },
    )
    aws.iam.RolePolicy(f"{name}-run-task", role=event_bridge_role.id, policy=run_task)
    rule = aws.cloudwatch.EventRule(
        name, name=name, description=f"{name} event rule", schedule_expression=schedule
    )
    aws.cloudwatch.EventTarget(
        name,
        arn=cluster.arn,
        rule=rule.name,
        role_arn=event_bridge_role.arn,
        ecs_target={
            "launch_type": "FARGATE",
            "task_count": 1,
            "task_definition_arn": task_definition.arn_without_revision,
            "network_configuration": {
                "assign_public_ip": False,
                "subnets": [batch_subnet.id for batch_subnet in batch_subnets],
                "security_groups": [ecs_security_group.id],
            },
        },
        input=json.dumps({"containerOverrides": [{"name": "batch", "command": command}]}),
        retry_policy={"maximum_event_age_in_seconds": 1800, "maximum_retry_attempts": 10},
    )


for job_name, job in jobs.items():
    batch_job(job_name, job["schedule"], job["command"])
