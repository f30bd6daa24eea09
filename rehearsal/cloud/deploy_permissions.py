"""What the calls of a deploy ask IAM for: those that make, look at, change and delete resources.

As the table in ``permissions``, which it stands behind (Service Authorization Reference). Tags that
a call sets at once are asked for as a call of their own would be.
"""

# moto has no types:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.cloud.permissions import (
    ANY,
    AWS_OWNED_KEYS,
    Ask,
    Asks,
    Context,
    Request,
    Rule,
    by_operation,
    key_arn,
    key_context,
    pass_role,
    tag_context,
)
from rehearsal.cloud.policy_documents import find_role


def asks(request: Request) -> list[Ask] | None:
    """Return what a request asks for, in AWS's order; ``None`` if its operation is not mapped."""
    rule = _RULES.get(f"{request.service}:{request.operation}")
    return None if rule is None else list(rule(request))


# -- rules that many operations share


def _nothing(request: Request) -> Asks:
    yield request.ask(ANY)


def _of(form: str, *names: str, tags_by: str = "TagResource") -> Rule:
    """The resource's ARN is made of parameters: ``rule/{}``; or a parameter holds it.

    ``tags_by`` is the action that is asked for where the call sets tags.
    """

    def rule(request: Request) -> Asks:
        given = [str(request.parameters.get(name) or "default") for name in names]
        arn = given[0] if given[0].startswith("arn:") else request.arn(form.format(*given))
        tags = _given_tags(request)
        yield request.ask(arn, tag_context(tags))
        if tags and not request.operation.startswith(("Tag", "Untag")):
            yield request.ask(arn, tag_context(tags), tags_by)

    return rule


def _each(form: str, names: str) -> Rule:
    """The resources are named in a list."""

    def rule(request: Request) -> Asks:
        for name in request.parameters[names]:
            yield request.ask(request.arn(form.format(name)))

    return rule


def _given_tags(request: Request) -> list[Mapping[str, Any]]:
    tags = request.parameters.get("tags") or request.parameters.get("Tags") or []
    if isinstance(tags, Mapping):
        return [{"Key": key, "Value": value} for key, value in tags.items()]
    return [  # KMS's words are its own
        {"Key": tag["TagKey"], "Value": tag["TagValue"]} if "TagKey" in tag else tag for tag in tags
    ]


def _with_role(rule: Rule, service: str, *names: str) -> Rule:
    """The call hands a role to a service, besides."""

    def both(request: Request) -> Asks:
        yield from rule(request)
        value: Any = request.parameters
        for name in names:
            value = (value or {}).get(name)
        yield from pass_role(value, f"{service}.amazonaws.com")

    return both


# -- IAM


def _role(request: Request) -> Asks:
    """Ask about a role, bounded or not, and perhaps about a policy that it is given."""
    parameters, name = request.parameters, request.parameters["RoleName"]
    role = find_role(request.account, name)
    bounded: str | None = parameters.get("PermissionsBoundary") or getattr(
        role, "permissions_boundary_arn", None
    )
    policy = parameters.get("PolicyArn")
    arn, tags = f"arn:aws:iam::{request.account}:role/{name}", _given_tags(request)
    context: Context = {
        "iam:permissionsboundary": [bounded] if bounded else [],
        "iam:policyarn": [policy] if policy else [],
        "iam:resourcetag/": [],
    }
    yield request.ask(arn, context | tag_context(tags))
    if tags and request.operation == "CreateRole":
        yield request.ask(arn, context | tag_context(tags), "TagRole")


def _policy(request: Request) -> Asks:
    parameters, tags = request.parameters, _given_tags(request)
    arn = parameters.get("PolicyArn") or (
        f"arn:aws:iam::{request.account}:policy/{parameters['PolicyName']}"
    )
    yield request.ask(arn, tag_context(tags))
    if tags and request.operation == "CreatePolicy":
        yield request.ask(arn, tag_context(tags), "TagPolicy")


def _oidc_provider(request: Request) -> Asks:
    parameters, tags = request.parameters, _given_tags(request)
    arn = parameters.get("OpenIDConnectProviderArn") or (
        f"arn:aws:iam::{request.account}:oidc-provider/"
        + parameters["Url"].removeprefix("https://")
    )
    yield request.ask(arn, tag_context(tags))
    if tags and request.operation.startswith("Create"):
        yield request.ask(arn, tag_context(tags), "TagOpenIDConnectProvider")


# -- KMS


def _as_resource_tags(tags: Mapping[str, str]) -> Context:
    return {f"aws:resourcetag/{key}".lower(): [value] for key, value in tags.items()}


def _key(request: Request) -> Asks:
    arn = key_arn(request, request.parameters["KeyId"])
    yield request.ask(arn, key_context(request, arn, {}) | tag_context(_given_tags(request)))


def _create_key(request: Request) -> Asks:
    tags = tag_context(_given_tags(request))
    yield request.ask(ANY, tags)
    yield request.ask(request.arn("key/*"), key_context(request, "", {}) | tags, "TagResource")


def _alias(request: Request) -> Asks:
    """Ask about the alias, and about each key that has it or is to have it."""
    parameters = request.parameters
    yield request.ask(request.arn(parameters["AliasName"]))
    for key in {parameters["AliasName"], parameters.get("TargetKeyId")}:
        if key and not (request.operation == "CreateAlias" and key.startswith("alias/")):
            arn = key_arn(request, key)
            yield request.ask(arn, key_context(request, arn, {}))


def _repository(request: Request) -> Asks:
    """ECR takes a grant on the key of a repository (ECR guide, "Encryption at rest")."""
    parameters, tags = request.parameters, _given_tags(request)
    arn = request.arn(f"repository/{parameters['repositoryName']}")
    yield request.ask(arn, tag_context(tags))
    if tags:
        yield request.ask(arn, tag_context(tags), "TagResource")
    key = (parameters.get("encryptionConfiguration") or {}).get("kmsKey")
    if key and AWS_OWNED_KEYS not in key:
        on_key = key_context(request, key_arn(request, key), {}) | {
            "kms:viaservice": [f"ecr.{request.region}.amazonaws.com"]
        }
        for action in ("kms:DescribeKey", "kms:CreateGrant"):
            yield Ask(
                action=action,
                resource=key_arn(request, key),
                context=on_key | {"kms:grantisforawsresource": ["true"]},
                for_service="ecr",
            )


# -- EC2

_KINDS = {
    "vpc": "vpc",
    "subnet": "subnet",
    "rtb": "route-table",
    "igw": "internet-gateway",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "vpce": "vpc-endpoint",
    "eipalloc": "elastic-ip",
    "nat": "natgateway",
    "fl": "vpc-flow-log",
}
"""How a resource's id begins, and its word in an ARN."""


def _ec2(*names: str, makes: str = "") -> Rule:
    """The resources have ids in these parameters; ``makes`` is the kind of what is made."""

    def rule(request: Request) -> Asks:
        parameters = request.parameters
        tags = [
            tag
            for specification in parameters.get("TagSpecifications") or []
            for tag in specification.get("Tags") or []
        ]
        made = request.arn(f"{makes}/*")
        if makes:
            yield request.ask(made, tag_context(tags) | {"ec2:createaction": []})
        for name in names:
            for found in _ids(parameters.get(name)):
                yield request.ask(*_ec2_resource(request, found))
        if makes and tags:
            context = tag_context(tags) | {"ec2:createaction": [request.operation]}
            yield request.ask(made, context, "CreateTags")

    return rule


def _ids(value: Any) -> Iterator[str]:
    """Return the ids that a parameter holds: one, a list, or the rules of a group."""
    if isinstance(value, str):
        yield value
    for one in value if isinstance(value, list) else []:
        yield one if isinstance(one, str) else one["SecurityGroupRuleId"]


def _ec2_resource(request: Request, found: str) -> tuple[str, Context]:
    backend = request.backend("ec2")
    if found.startswith("rtbassoc-"):  # the permission is for its table
        found = next(
            table.id
            for table in backend.route_tables.values()
            if found in table.all_associations_ids
        )
    kind = _KINDS[found.partition("-")[0]]
    tags: Mapping[str, str] = backend.tags.get(found) or {}
    context = _as_resource_tags(tags) | {"ec2:createaction": []}
    return request.arn(f"{kind}/{found}"), context


def _ec2_tags(request: Request) -> Asks:
    tags = [tag for tag in request.parameters.get("Tags") or [] if "Value" in tag]
    keys = [tag["Key"] for tag in request.parameters.get("Tags") or []]
    for found in request.parameters["Resources"]:
        arn, context = _ec2_resource(request, found)
        yield request.ask(arn, context | tag_context(tags) | {"aws:tagkeys": keys})


def _flow_logs(request: Request) -> Asks:
    yield from _ec2("ResourceIds", makes="vpc-flow-log")(request)
    role = request.parameters.get("DeliverLogsPermissionArn")
    yield from pass_role(role, "vpc-flow-logs.amazonaws.com")


# -- the rest


def _task_definition(request: Request) -> Asks:
    parameters, tags = request.parameters, _given_tags(request)
    arn = request.arn(f"task-definition/{parameters['family']}:*")
    yield request.ask(arn, tag_context(tags))
    if tags:
        context = tag_context(tags) | {"ecs:createaction": ["RegisterTaskDefinition"]}
        yield request.ask(arn, context, "TagResource")
    for role in dict.fromkeys((parameters.get("taskRoleArn"), parameters.get("executionRoleArn"))):
        yield from pass_role(role, "ecs-tasks.amazonaws.com")


def _cluster(request: Request) -> Asks:
    named = request.parameters.get("cluster") or request.parameters.get("clusterName") or ""
    arn = named if named.startswith("arn:") else request.arn(f"cluster/{named}")
    tags = _given_tags(request)
    yield request.ask(arn, tag_context(tags))
    if tags:
        context = tag_context(tags) | {"ecs:createaction": ["CreateCluster"]}
        yield request.ask(arn, context, "TagResource")


def _ecs_tags(request: Request) -> Asks:
    tags = _given_tags(request)
    yield request.ask(
        request.parameters["resourceArn"], tag_context(tags) | {"ecs:createaction": []}
    )


def _queue(request: Request) -> Asks:
    parameters, tags = request.parameters, _given_tags(request)
    name: str = parameters.get("QueueName") or parameters["QueueUrl"].rsplit("/", 1)[-1]
    yield request.ask(request.arn(name), tag_context(tags))
    if tags and request.operation == "CreateQueue":
        yield request.ask(request.arn(name), tag_context(tags), "TagQueue")


def _subscription(request: Request) -> Asks:
    arn: str = request.parameters["SubscriptionArn"]
    yield request.ask(arn.rpartition(":")[0])  # the resource is the topic


def _log_group(request: Request) -> Asks:
    """Ask about a group; its tags are asked for without the stream's part of the ARN."""
    parameters, tags = request.parameters, _given_tags(request)
    name = parameters.get("logGroupName") or parameters["resourceArn"].partition(":log-group:")[2]
    arn = request.arn(f"log-group:{name.removesuffix(':*')}")
    yield request.ask(f"{arn}:log-stream:", tag_context(tags))
    if tags and request.operation == "CreateLogGroup":
        yield request.ask(f"{arn}:log-stream:", tag_context(tags), "TagResource")


def _secret(request: Request) -> Asks:
    parameters, tags = request.parameters, _given_tags(request)
    named: str = parameters.get("SecretId") or parameters["Name"]
    arn = named if named.startswith("arn:") else request.arn(f"secret:{named}-??????")
    context: Context = {"secretsmanager:resourcetag/": [], "secretsmanager:resource/": []}
    yield request.ask(arn, context | tag_context(tags))
    if tags and request.operation == "CreateSecret":
        yield request.ask(arn, context | tag_context(tags), "TagResource")


def _rule_tags(request: Request) -> Asks:
    context: Context = {"events:creatoraccount": [request.account]}
    yield request.ask(
        request.parameters["ResourceARN"], context | tag_context(_given_tags(request))
    )


def _metric_alarm_tags(request: Request) -> Asks:
    yield request.ask(request.parameters["ResourceARN"], tag_context(_given_tags(request)))


def _global_of(form: str, name: str) -> Rule:
    """The resource is of no region: ``dashboard/{}``."""

    def rule(request: Request) -> Asks:
        values = request.parameters[name]
        for value in [values] if isinstance(values, str) else values:
            resource = form.format(value)
            yield request.ask(f"arn:aws:{request.service}::{request.account}:{resource}")

    return rule


def _rules() -> dict[str, Rule]:
    families: dict[str, dict[str, Rule]] = {
        "iam": {
            "GetRole ListRolePolicies ListAttachedRolePolicies GetRolePolicy ListRoleTags "
            "CreateRole UpdateRole UpdateAssumeRolePolicy DeleteRole TagRole UntagRole "
            "PutRolePolicy DeleteRolePolicy AttachRolePolicy DetachRolePolicy "
            "PutRolePermissionsBoundary DeleteRolePermissionsBoundary": _role,
            "GetPolicy GetPolicyVersion ListPolicyVersions ListPolicyTags CreatePolicy "
            "CreatePolicyVersion DeletePolicyVersion DeletePolicy TagPolicy UntagPolicy": _policy,
            "GetOpenIDConnectProvider ListOpenIDConnectProviderTags CreateOpenIDConnectProvider "
            "DeleteOpenIDConnectProvider TagOpenIDConnectProvider UntagOpenIDConnectProvider "
            "AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider "
            "UpdateOpenIDConnectProviderThumbprint": _oidc_provider,
        },
        "kms": {
            "CreateKey": _create_key,
            "ListAliases": _nothing,
            "CreateAlias UpdateAlias DeleteAlias": _alias,
            "GetKeyPolicy PutKeyPolicy GetKeyRotationStatus EnableKeyRotation DisableKeyRotation "
            "EnableKey DisableKey UpdateKeyDescription ScheduleKeyDeletion ListResourceTags "
            "TagResource UntagResource DescribeKey": _key,
        },
        "ec2": {
            "CreateVpc": _ec2(makes="vpc"),
            "CreateSubnet": _ec2("VpcId", makes="subnet"),
            "CreateRouteTable": _ec2("VpcId", makes="route-table"),
            "CreateInternetGateway": _ec2(makes="internet-gateway"),
            "CreateSecurityGroup": _ec2("VpcId", makes="security-group"),
            "CreateVpcEndpoint": _ec2(
                *("VpcId", "RouteTableIds", "SubnetIds", "SecurityGroupIds"), makes="vpc-endpoint"
            ),
            "AllocateAddress": _ec2(makes="elastic-ip"),
            "CreateNatGateway": _ec2("SubnetId", "AllocationId", makes="natgateway"),
            "CreateFlowLogs": _flow_logs,
            "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress": _ec2(
                "GroupId", makes="security-group-rule"
            ),
            "RevokeSecurityGroupIngress RevokeSecurityGroupEgress DeleteSecurityGroup": _ec2(
                "GroupId"
            ),
            "ModifySecurityGroupRules": _ec2("GroupId", "SecurityGroupRules"),
            "CreateRoute ReplaceRoute DeleteRoute DeleteRouteTable": _ec2("RouteTableId"),
            "AssociateRouteTable": _ec2("RouteTableId", "SubnetId"),
            "DisassociateRouteTable": _ec2("AssociationId"),
            "ReplaceRouteTableAssociation": _ec2("AssociationId", "RouteTableId"),
            "AttachInternetGateway DetachInternetGateway": _ec2("InternetGatewayId", "VpcId"),
            "DeleteInternetGateway": _ec2("InternetGatewayId"),
            "ModifyVpcAttribute DeleteVpc": _ec2("VpcId"),
            "ModifySubnetAttribute DeleteSubnet": _ec2("SubnetId"),
            "ModifyVpcEndpoint": _ec2(
                *("VpcEndpointId", "AddRouteTableIds", "RemoveRouteTableIds", "AddSubnetIds"),
                *("RemoveSubnetIds", "AddSecurityGroupIds", "RemoveSecurityGroupIds"),
            ),
            "DeleteVpcEndpoints": _ec2("VpcEndpointIds"),
            "DeleteFlowLogs": _ec2("FlowLogIds"),
            "ReleaseAddress": _ec2("AllocationId"),
            "DeleteNatGateway": _ec2("NatGatewayId"),
            "CreateTags DeleteTags": _ec2_tags,
        },
        "ecs": {
            "CreateCluster UpdateCluster DeleteCluster PutClusterCapacityProviders": _cluster,
            "RegisterTaskDefinition": _task_definition,
            "DeregisterTaskDefinition": _nothing,
            "TagResource UntagResource": _ecs_tags,
        },
        "sqs": {
            "CreateQueue SetQueueAttributes DeleteQueue ListQueueTags TagQueue UntagQueue": _queue,
        },
        "sns": {
            "CreateTopic": _of("{}", "Name"),
            "SetTopicAttributes DeleteTopic": _of("{}", "TopicArn"),
            "TagResource UntagResource ListTagsForResource": _of("{}", "ResourceArn"),
            "GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe": _subscription,
        },
        "logs": {
            "DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy AssociateKmsKey "
            "DisassociateKmsKey ListTagsForResource TagResource UntagResource": _log_group,
            "CreateLogGroup": _log_group,
        },
        "ecr": {
            "CreateRepository": _repository,
            "DeleteRepository PutLifecyclePolicy GetLifecyclePolicy DeleteLifecyclePolicy "
            "PutImageScanningConfiguration PutImageTagMutability BatchDeleteImage": _of(
                "repository/{}", "repositoryName"
            ),
            "ListTagsForResource TagResource UntagResource": _of("{}", "resourceArn"),
        },
        "secretsmanager": {
            "CreateSecret DeleteSecret TagResource UntagResource UpdateSecretVersionStage": _secret,
        },
        "events": {
            "TagResource UntagResource ListTagsForResource": _rule_tags,
            "CreateConnection UpdateConnection DescribeConnection DeleteConnection": _of(
                "connection/{}", "Name"
            ),
            "CreateApiDestination UpdateApiDestination DescribeApiDestination "
            "DeleteApiDestination": _of("api-destination/{}", "Name"),
        },
        "pipes": {
            "CreatePipe UpdatePipe": _with_role(_of("pipe/{}", "Name"), "pipes", "RoleArn"),
            "DescribePipe DeletePipe": _of("pipe/{}", "Name"),
            "ListTagsForResource TagResource UntagResource": _of("{}", "resourceArn"),
        },
        "scheduler": {
            "CreateScheduleGroup": _of("schedule-group/{}", "Name"),
            "DeleteScheduleGroup": _of("schedule-group/{}", "Name"),
            "ListTagsForResource TagResource UntagResource": _of("{}", "ResourceArn"),
        },
        "cloudwatch": {
            "PutMetricAlarm": _of("alarm:{}", "AlarmName"),
            "DeleteAlarms": _each("alarm:{}", "AlarmNames"),
            "ListTagsForResource TagResource UntagResource": _metric_alarm_tags,
            "PutDashboard GetDashboard": _global_of("dashboard/{}", "DashboardName"),
            "DeleteDashboards": _global_of("dashboard/{}", "DashboardNames"),
        },
        "dynamodb": {
            "CreateTable DeleteTable UpdateTable DescribeTimeToLive UpdateTimeToLive "
            "DescribeContinuousBackups UpdateContinuousBackups": _of("table/{}", "TableName"),
            "ListTagsOfResource TagResource UntagResource": _of("{}", "ResourceArn"),
        },
    }
    return by_operation(families)


_RULES = _rules()
