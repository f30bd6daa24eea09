"""A program with one resource of every type that the rehearsal knows, as a careful one would."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

config = pulumi.Config()
account = aws.get_caller_identity().account_id
provider = aws.Provider(
    "ours",
    region="eu-west-1",
    allowed_account_ids=["999999999999"],
    default_tags={"tags": {"stack": "dev"}},
)
ours = pulumi.ResourceOptions(provider=provider)
zones = aws.get_availability_zones(state="available", opts=pulumi.InvokeOptions(provider=provider))


def policy(*statements: dict[str, object]) -> str:
    """Return a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(*services: str) -> str:
    """Return the trust policy of a role that services assume."""
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": [f"{service}.amazonaws.com" for service in services]},
            "Action": "sts:AssumeRole",
        }
    )


key = aws.kms.Key(
    "key",
    description="everything",
    enable_key_rotation=True,
    deletion_window_in_days=7,
    policy=policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
            "Action": [
                "kms:Encrypt*",
                "kms:Decrypt*",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:Describe*",
            ],
            "Resource": "*",
        },
    ),
    opts=ours,
)
aws.kms.Alias("alias", name="alias/everything", target_key_id=key.key_id, opts=ours)

role = aws.iam.Role(
    "role",
    name="everything",
    path="/batch/",
    description="for everybody",
    max_session_duration=7200,
    assume_role_policy=trust(
        "ecs-tasks", "states", "events", "pipes", "scheduler", "chatbot", "vpc-flow-logs"
    ),
    tags={"Name": "role"},
    opts=ours,
)
aws.iam.RolePolicy(
    "role-policy",
    role=role.name,
    policy=aws.iam.PolicyDocumentArgs(  # arrives as an object, where the others are text
        version=aws.iam.PolicyDocumentVersion.POLICY_DOCUMENT_VERSION_2012_10_17,
        statement=[
            aws.iam.PolicyStatementArgs(
                effect=aws.iam.PolicyStatementEffect.ALLOW, action="logs:*", resource="*"
            )
        ],
    ),
    opts=ours,
)

managed = aws.iam.Policy(
    "managed",
    name="everything",
    path="/batch/",
    description="for everybody",
    policy=policy({"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"}),
    opts=ours,
)
aws.iam.RolePolicyAttachment("attachment", role=role.name, policy_arn=managed.arn, opts=ours)
aws.iam.OpenIdConnectProvider(
    "identities",
    url="https://tokens.example.com",
    client_id_lists=["sts.amazonaws.com"],
    thumbprint_lists=["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
    opts=ours,
)

vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=True, opts=ours)
aws.ec2.DefaultSecurityGroup("default-group", vpc_id=vpc.id, opts=ours)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id, opts=ours)
table = aws.ec2.RouteTable("table", vpc_id=vpc.id, opts=ours)
aws.ec2.Route(
    "route",
    route_table_id=table.id,
    destination_cidr_block="0.0.0.0/0",
    gateway_id=gateway.id,
    opts=ours,
)
subnet = aws.ec2.Subnet(
    "subnet",
    vpc_id=vpc.id,
    cidr_block="10.0.1.0/24",
    availability_zone=zones.names[0],
    map_public_ip_on_launch=False,
    opts=ours,
)
aws.ec2.RouteTableAssociation(
    "association", subnet_id=subnet.id, route_table_id=table.id, opts=ours
)
address = aws.ec2.Eip("address", domain="vpc", opts=ours)
aws.ec2.NatGateway(
    "nat",
    allocation_id=address.allocation_id,
    subnet_id=subnet.id,
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[gateway]),
)
group = aws.ec2.SecurityGroup(
    "group",
    description="tasks",
    vpc_id=vpc.id,
    opts=ours,
)
aws.ec2.SecurityGroup(
    "inline-group",
    description="a group with its rules inline",
    vpc_id=vpc.id,
    ingress=[{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/16"]}],
    opts=ours,
)
aws.vpc.SecurityGroupIngressRule(
    "in",
    security_group_id=group.id,
    referenced_security_group_id=group.id,
    ip_protocol="tcp",
    from_port=80,
    to_port=80,
    opts=ours,
)
s3_endpoint = aws.ec2.VpcEndpoint(
    "s3",
    vpc_id=vpc.id,
    service_name="com.amazonaws.eu-west-1.s3",
    route_table_ids=[table.id],
    opts=ours,
)
aws.vpc.SecurityGroupEgressRule(
    "out",
    security_group_id=group.id,
    prefix_list_id=s3_endpoint.prefix_list_id,
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    opts=ours,
)
aws.ec2.VpcEndpoint(
    "logs-endpoint",
    vpc_id=vpc.id,
    service_name="com.amazonaws.eu-west-1.logs",
    vpc_endpoint_type="Interface",
    private_dns_enabled=True,
    subnet_ids=[subnet.id],
    security_group_ids=[group.id],
    policy=policy({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}),
    opts=ours,
)
logs = aws.cloudwatch.LogGroup(
    "logs", name="/everything", retention_in_days=30, kms_key_id=key.arn, opts=ours
)
aws.ec2.FlowLog(
    "flow-log",
    vpc_id=vpc.id,
    traffic_type="REJECT",
    log_destination=logs.arn,
    iam_role_arn=role.arn,
    opts=ours,
)

repository = aws.ecr.Repository(
    "repository",
    name="everything/image",
    image_tag_mutability="IMMUTABLE",
    image_scanning_configuration={"scan_on_push": True},
    encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
    force_delete=True,
    opts=ours,
)
aws.ecr.LifecyclePolicy(
    "lifecycle",
    repository=repository.name,
    policy=json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "selection": {
                        "tagStatus": "any",
                        "countType": "imageCountMoreThan",
                        "countNumber": 1000,
                    },
                    "action": {"type": "expire"},
                }
            ]
        }
    ),
    opts=ours,
)
image = awsx.ecr.Image(
    "image",
    repository_url=repository.repository_url,
    context="image",
    platform="linux/arm64",
    opts=pulumi.ResourceOptions(providers=[provider]),
)
cluster = aws.ecs.Cluster(
    "cluster",
    name="everything",
    settings=[{"name": "containerInsights", "value": "enabled"}],
    opts=ours,
)
capacity = aws.ecs.ClusterCapacityProviders(
    "capacity",
    cluster_name=cluster.name,
    capacity_providers=["FARGATE", "FARGATE_SPOT"],
    default_capacity_provider_strategies=[{"capacity_provider": "FARGATE_SPOT", "weight": 1}],
    opts=ours,
)
task = aws.ecs.TaskDefinition(
    "task",
    family="everything",
    cpu="256",
    memory="512",
    network_mode="awsvpc",
    requires_compatibilities=["FARGATE"],
    execution_role_arn=role.arn,
    task_role_arn=role.arn,
    runtime_platform={"cpu_architecture": "ARM64", "operating_system_family": "LINUX"},
    ephemeral_storage={"size_in_gib": 30},
    volumes=[{"name": "scratch"}],
    skip_destroy=True,
    container_definitions=image.image_uri.apply(
        lambda uri: json.dumps([{"name": "job", "image": uri, "essential": True}])
    ),
    opts=ours,
)

queue = aws.sqs.Queue(
    "queue",
    name="everything",
    message_retention_seconds=1_209_600,
    sqs_managed_sse_enabled=True,
    opts=ours,
)
aws.sqs.QueuePolicy(
    "queue-policy",
    queue_url=queue.url,
    policy=queue.arn.apply(
        lambda arn: policy(
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        )
    ),
    opts=ours,
)
aws.dynamodb.Table(
    "items",
    name="everything",
    billing_mode="PAY_PER_REQUEST",
    hash_key="customer",
    range_key="day",
    attributes=[{"name": "customer", "type": "S"}, {"name": "day", "type": "N"}],
    ttl={"attribute_name": "expiresAt", "enabled": True},
    point_in_time_recovery={"enabled": True},
    opts=ours,
)
topic = aws.sns.Topic(
    "topic",
    name="everything",
    display_name="Everything",
    kms_master_key_id=key.arn,
    tracing_config="Active",
    opts=ours,
)
aws.sns.TopicPolicy(
    "topic-policy",
    arn=topic.arn,
    policy=topic.arn.apply(
        lambda arn: policy(
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": arn,
            }
        )
    ),
    opts=ours,
)
aws.sns.TopicSubscription(
    "subscription", topic=topic.arn, protocol="email", endpoint="us@example.com", opts=ours
)

bucket = aws.s3.Bucket("bucket", bucket=f"everything-{account}", force_destroy=True, opts=ours)
aws.s3.BucketPublicAccessBlock(
    "bucket-closed",
    bucket=bucket.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=ours,
)
aws.s3.BucketVersioning(
    "bucket-versions",
    bucket=bucket.id,
    versioning_configuration={"status": "Enabled"},
    opts=ours,
)
aws.s3.BucketServerSideEncryptionConfiguration(
    "bucket-encryption",
    bucket=bucket.id,
    rules=[
        {
            "apply_server_side_encryption_by_default": {
                "sse_algorithm": "aws:kms",
                "kms_master_key_id": key.arn,
            },
            "bucket_key_enabled": True,
        }
    ],
    opts=ours,
)
aws.s3.BucketLifecycleConfiguration(
    "bucket-lifecycle",
    bucket=bucket.id,
    rules=[
        {
            "id": "expire",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"days": 365},
            "noncurrent_version_expiration": {"noncurrent_days": 30},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        }
    ],
    opts=ours,
)
aws.s3.BucketOwnershipControls(
    "bucket-owner",
    bucket=bucket.id,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=ours,
)
aws.s3.BucketPolicy(
    "bucket-policy",
    bucket=bucket.id,
    policy=bucket.arn.apply(
        lambda arn: policy(
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        )
    ),
    opts=ours,
)
aws.s3.BucketNotification("bucket-events", bucket=bucket.id, eventbridge=True, opts=ours)
secret = aws.secretsmanager.Secret(
    "secret",
    name="everything",
    description="a token",
    kms_key_id=key.arn,
    recovery_window_in_days=0,
    opts=ours,
)
version = aws.secretsmanager.SecretVersion(
    "secret-version",
    secret_id=secret.id,
    secret_string=config.require_secret("token"),
    opts=ours,
)

machine = aws.sfn.StateMachine(
    "machine",
    name="everything",
    role_arn=role.arn,
    type="STANDARD",
    definition=json.dumps(
        {
            "QueryLanguage": "JSONata",
            "StartAt": "Wait",
            "States": {
                "Wait": {"Type": "Wait", "Seconds": "{% $states.input.wait %}", "End": True}
            },
        }
    ),
    logging_configuration={
        "level": "ALL",
        "include_execution_data": True,
        "log_destination": logs.arn.apply(lambda arn: f"{arn}:*"),
    },
    tracing_configuration={"enabled": True},
    opts=ours,
)
aws.sfn.Activity("activity", name="everything", opts=ours)
schedule_group = aws.scheduler.ScheduleGroup("schedules", name="everything", opts=ours)
aws.scheduler.Schedule(
    "schedule",
    name="nightly",
    group_name=schedule_group.name,
    description="every night",
    schedule_expression="cron(30 3 * * ? *)",
    schedule_expression_timezone="Europe/Berlin",
    state="ENABLED",
    flexible_time_window={"mode": "OFF"},
    target={
        "arn": machine.arn,
        "role_arn": role.arn,
        "input": "{}",
        "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 5},
        "dead_letter_config": {"arn": queue.arn},
    },
    opts=ours,
)
rule = aws.cloudwatch.EventRule(
    "rule",
    name="everything",
    description="ends of runs",
    event_pattern=json.dumps({"source": ["aws.states"]}),
    state="ENABLED",
    opts=ours,
)
aws.cloudwatch.EventTarget(
    "target",
    rule=rule.name,
    target_id="notifier",
    arn=machine.arn,
    role_arn=role.arn,
    dead_letter_config={"arn": queue.arn},
    retry_policy={"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 5},
    opts=ours,
)
aws.pipes.Pipe(
    "pipe",
    name="everything",
    description="messages",
    source=queue.arn,
    source_parameters={"sqs_queue_parameters": {"batch_size": 1}},
    target=machine.arn,
    target_parameters={
        "step_function_state_machine_parameters": {"invocation_type": "FIRE_AND_FORGET"}
    },
    desired_state="RUNNING",
    role_arn=role.arn,
    opts=ours,
)
connection = aws.cloudwatch.EventConnection(
    "connection",
    name="everything",
    description="who calls",
    authorization_type="API_KEY",
    auth_parameters={
        "api_key": {"key": "X-Api-Key", "value": "hunter2"},
        "invocation_http_parameters": {
            "bodies": [{"key": "routing_key", "value": "hunter2", "is_value_secret": True}]
        },
    },
    opts=ours,
)
aws.cloudwatch.EventApiDestination(
    "destination",
    name="everything",
    description="whom to call",
    connection_arn=connection.arn,
    invocation_endpoint="https://example.com/hook",
    http_method="POST",
    invocation_rate_limit_per_second=4,
    opts=ours,
)
aws.cloudwatch.MetricAlarm(
    "alarm",
    name="everything",
    alarm_description="dead letters",
    namespace="AWS/SQS",
    metric_name="ApproximateNumberOfMessagesVisible",
    dimensions={"QueueName": queue.name},
    statistic="Maximum",
    period=60,
    evaluation_periods=1,
    threshold=0,
    comparison_operator="GreaterThanThreshold",
    treat_missing_data="notBreaching",
    alarm_actions=[topic.arn],
    opts=ours,
)
aws.cloudwatch.MetricAlarm(
    "sum-alarm",
    name="everything-sum",
    metric_queries=[
        {"id": "total", "expression": "SUM([FILL(m1, 0)])", "label": "all", "return_data": True},
        {
            "id": "m1",
            "metric": {
                "namespace": "AWS/SQS",
                "metric_name": "NumberOfMessagesSent",
                "dimensions": {"QueueName": queue.name},
                "stat": "Sum",
                "period": 60,
            },
            "return_data": False,
        },
    ],
    evaluation_periods=1,
    threshold=0,
    comparison_operator="GreaterThanThreshold",
    opts=ours,
)
aws.cloudwatch.Dashboard(
    "dashboard",
    dashboard_name="everything",
    dashboard_body=json.dumps(
        {
            "widgets": [
                {"type": "text", "width": 24, "height": 2, "properties": {"markdown": "Hello"}}
            ]
        }
    ),
    opts=ours,
)
aws.chatbot.SlackChannelConfiguration(
    "slack",
    configuration_name="everything",
    slack_team_id="T0123ABCD",
    slack_channel_id="C0AAAAAAA",
    iam_role_arn=role.arn,
    sns_topic_arns=[topic.arn],
    guardrail_policy_arns=["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"],
    logging_level="ERROR",
    user_authorization_required=False,
    region="us-east-2",
    opts=ours,
)

pulumi.export("image", image.image_uri)
pulumi.export("token", version.secret_string)
pulumi.export("revision", task.revision)
pulumi.export("groupTags", group.tags_all)
