"""What a request asks IAM for: the action, the resource and the condition keys of each operation.

An explicit table (Service Authorization Reference). An operation that is not in it is an error by
name for whoever is not an administrator: neither a pass nor a silent refusal.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.backends import get_backend
from moto.core.exceptions import ServiceException

ANY = "*"
"""Resource of an action that takes none."""
AWS_OWNED_KEYS = "alias/aws/"
"""Keys that AWS keeps for its services; whoever may use the service may use them."""

Context = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question to IAM."""

    action: str
    resource: str
    context: Context = field(default_factory=Context)
    """Values by condition key; see :class:`rehearsal.cloud.policy_evaluation.Call`."""
    for_service: str = ""
    """Service on whose behalf the question about a key is asked: ``sns``."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request for an operation."""

    service: str
    """Prefix of its actions: ``states``."""
    operation: str
    parameters: Mapping[str, Any]
    account: str
    region: str

    def arn(self, resource: str, service: str | None = None) -> str:
        """Return an ARN of the request's account and region."""
        return f"arn:aws:{service or self.service}:{self.region}:{self.account}:{resource}"

    def backend(self, service: str) -> Any:
        """Return moto's backend of a service in the request's account and region."""
        region: Any = get_backend(service)[self.account]  # pyright: ignore[reportArgumentType, reportCallIssue] - by name
        return region[self.region]

    def ask(self, resource: str, context: Context | None = None, action: str | None = None) -> Ask:
        """Return the question of the request's own action."""
        return Ask(
            action=f"{self.service}:{action or self.operation}",
            resource=resource,
            context=context or {},
        )


Asks = Iterator[Ask]
Rule = Callable[[Request], Asks]


def asks(request: Request) -> list[Ask] | None:
    """Return what a request asks for, in AWS's order; ``None`` if its operation is not mapped."""
    rule = _RULES.get(f"{request.service}:{request.operation}")
    if rule is None and request.service == "ec2" and request.operation.startswith("Describe"):
        rule = _nothing  # none of them takes a resource
    return None if rule is None else list(rule(request))


# -- rules that many operations share


def _nothing(request: Request) -> Asks:
    yield request.ask(ANY)


def _parameter(*names: str) -> Rule:
    """The resource is the ARN that one of these parameters holds."""

    def rule(request: Request) -> Asks:
        yield request.ask(
            next(request.parameters[name] for name in names if name in request.parameters)
        )

    return rule


def _named(form: str, *names: str) -> Rule:
    """The resource's ARN is made of parameters' names: ``rule/{}``."""

    def rule(request: Request) -> Asks:
        given = [str(request.parameters.get(name) or "default") for name in names]
        yield request.ask(
            given[0] if given[-1].startswith("arn:") else request.arn(form.format(*given))
        )

    return rule


def pass_role(role: str | None, service: str) -> Asks:
    """Ask whether the caller may give a role to a service."""
    if role:
        yield Ask(
            action="iam:PassRole",
            resource=role,
            context={"iam:passedtoservice": [service], "iam:associatedresourcearn": []},
        )


def tag_context(tags: Sequence[Mapping[str, Any]]) -> Context:
    """Return what a request says of the tags that it sets; services spell their words otherwise."""
    read = {
        tag.get("key", tag.get("Key", "")): tag.get("value", tag.get("Value", "")) for tag in tags
    }
    return {"aws:tagkeys": list(read)} | {
        f"aws:requesttag/{key}".lower(): [str(value)] for key, value in read.items()
    }


# -- keys, which other services use for whom they serve


def key_asks(
    request: Request,
    key: str | None,
    via: str,
    actions: Sequence[str],
    encryption: Mapping[str, str],
) -> Asks:
    """Ask for what a service does with a customer's key on behalf of its caller.

    ``key`` is what the resource says: an ARN, an id, an alias, or nothing.
    """
    if not key or AWS_OWNED_KEYS in key:
        return
    arn = key_arn(request, key)
    for action in actions:
        yield Ask(
            action=f"kms:{action}",
            resource=arn,
            context=key_context(request, arn, encryption)
            | {"kms:viaservice": [f"{via}.{request.region}.amazonaws.com"]},
            for_service=via,
        )


def key_context(request: Request, arn: str, encryption: Mapping[str, str]) -> Context:
    """Return what IAM knows of a request about a key: the request's words, its tags, its names."""
    backend, key_id = request.backend("kms"), arn.rpartition("/")[2]
    found = key_id in backend.keys
    tags: dict[str, str] = backend.tagger.get_tag_dict_for_resource(key_id) if found else {}
    return {
        **{f"aws:resourcetag/{key}".lower(): [value] for key, value in tags.items()},
        "kms:resourcealiases": sorted(backend.keys[key_id].aliases) if found else [],
        "kms:calleraccount": [request.account],
        "kms:viaservice": [],
        "kms:grantisforawsresource": [],
        "kms:encryptionalgorithm": ["SYMMETRIC_DEFAULT"],
        "kms:encryptioncontextkeys": list(encryption),
        "kms:encryptioncontext:": [],
    } | {f"kms:encryptioncontext:{key}".lower(): [value] for key, value in encryption.items()}


def key_arn(request: Request, key: str) -> str:
    """Return the ARN of a key that is named by its ARN, id or alias."""
    backend = request.backend("kms")
    name = key.rsplit(":key/", 1)[-1] if ":key/" in key else key.rsplit(":", 1)[-1]
    known = backend.get_key_id_from_alias(name) if name.startswith("alias/") else name
    return backend.keys[known].arn if known in backend.keys else request.arn(f"key/{name}", "kms")


def _kms(request: Request) -> Asks:
    key = request.parameters.get("KeyId")
    blob = request.parameters.get("CiphertextBlob")
    if key is None and blob is not None:  # moto's cipher text begins with the key's id
        data = blob if isinstance(blob, bytes) else base64.b64decode(blob)
        key = data[:36].decode(errors="replace")
    encryption: Mapping[str, str] = request.parameters.get("EncryptionContext") or {}
    arn = key_arn(request, key or "")
    yield request.ask(arn, key_context(request, arn, encryption))


# -- ECS


def _cluster(request: Request) -> str:
    named: str = request.parameters.get("cluster") or "default"
    return named if named.startswith("arn:") else request.arn(f"cluster/{named}")


def _run_task(request: Request) -> Asks:
    parameters, cluster = request.parameters, _cluster(request)
    try:
        definition: Any = request.backend("ecs").describe_task_definition(
            parameters["taskDefinition"]
        )
    except ServiceException:
        return  # refused as unknown by ECS itself
    tags = list(parameters.get("tags") or [])
    yield request.ask(
        definition.arn,
        {
            "ecs:cluster": [cluster],
            "ecs:capacity-provider": [],
            "ecs:enable-execute-command": [
                str(bool(parameters.get("enableExecuteCommand"))).lower()
            ],
            "ecs:enable-ebs-volumes": ["false"],
        }
        | tag_context(tags),
    )
    overrides: Mapping[str, Any] = parameters.get("overrides") or {}
    roles = (
        overrides.get("taskRoleArn") or definition.task_role_arn,
        overrides.get("executionRoleArn") or definition.execution_role_arn,
    )
    for role in dict.fromkeys(roles):
        yield from pass_role(role, "ecs-tasks.amazonaws.com")
    if parameters.get("propagateTags") == "TASK_DEFINITION":
        tags += definition.tags or []
    if tags:
        # The task has no id yet (ECS guide, "Grant permission to tag resources on creation").
        yield request.ask(
            request.arn(f"task/{cluster.rsplit('/', 1)[-1]}/*"),
            {"ecs:createaction": ["RunTask"], "ecs:cluster": [cluster]} | tag_context(tags),
            "TagResource",
        )


def _tasks(request: Request) -> Asks:
    cluster = _cluster(request)
    for task in request.parameters.get("tasks") or [request.parameters.get("task", "")]:
        arn = (
            task
            if task.startswith("arn:")
            else request.arn(f"task/{cluster.rsplit('/', 1)[-1]}/{task}")
        )
        yield request.ask(arn, {"ecs:cluster": [cluster]})


def _list_tasks(request: Request) -> Asks:
    yield request.ask(ANY, {"ecs:cluster": [_cluster(request)]})


def _clusters(request: Request) -> Asks:
    for named in request.parameters.get("clusters") or ["default"]:
        yield request.ask(named if named.startswith("arn:") else request.arn(f"cluster/{named}"))


# -- Step Functions


def _create_machine(request: Request) -> Asks:
    yield request.ask(request.arn(f"stateMachine:{request.parameters['name']}"))
    yield from pass_role(request.parameters.get("roleArn"), "states.amazonaws.com")


def _update_machine(request: Request) -> Asks:
    yield request.ask(request.parameters["stateMachineArn"])
    yield from pass_role(request.parameters.get("roleArn"), "states.amazonaws.com")


# -- SQS, SNS


def queue(request: Request, arn: str) -> Any:
    """Return moto's queue of an ARN, or ``None``."""
    return request.backend("sqs").queues.get(arn.rsplit(":", 1)[-1])


def topic(request: Request, arn: str) -> Any:
    """Return moto's topic of an ARN, or ``None``."""
    return request.backend("sns").topics.get(arn)


def _queue_arn(request: Request) -> str:
    parameters = request.parameters
    name: str = parameters.get("QueueName") or parameters["QueueUrl"].rsplit("/", 1)[-1]
    return request.arn(name)


def _queue(action: str, *key_actions: str) -> Rule:
    def rule(request: Request) -> Asks:
        arn = _queue_arn(request)
        yield request.ask(arn, action=action)
        yield from queue_key_asks(request, arn, key_actions)

    return rule


def queue_key_asks(request: Request, arn: str, actions: Sequence[str]) -> Asks:
    """Ask for the key of an encrypted queue."""
    key = getattr(queue(request, arn), "kms_master_key_id", None)
    yield from key_asks(request, key, "sqs", actions, {"aws:sqs:arn": arn})


SEND_KEY_ACTIONS = ("GenerateDataKey", "Decrypt")
"""What a sender to an encrypted queue or topic needs (SQS and SNS guides, "Key management")."""


def _publish(request: Request) -> Asks:
    parameters = request.parameters
    arn: str | None = parameters.get("TopicArn") or parameters.get("TargetArn")
    yield request.ask(arn or ANY, action="Publish")
    if arn:
        yield from topic_key_asks(request, arn)


def topic_key_asks(request: Request, arn: str) -> Asks:
    """Ask for the key of an encrypted topic."""
    key = getattr(topic(request, arn), "kms_master_key_id", None)
    yield from key_asks(request, key, "sns", SEND_KEY_ACTIONS, {"aws:sns:topicArn": arn})


def _subscribe(request: Request) -> Asks:
    parameters = request.parameters
    yield request.ask(
        parameters["TopicArn"],
        {
            "sns:protocol": [parameters.get("Protocol", "")],
            "sns:endpoint": [parameters.get("Endpoint", "")],
        },
    )


# -- logs


def _log_group(request: Request) -> Asks:
    name = request.parameters.get("logGroupName") or request.parameters.get(
        "logGroupIdentifier", ""
    )
    arn = name if name.startswith("arn:") else request.arn(f"log-group:{name}")
    yield request.ask(f"{arn.removesuffix(':*')}:log-stream:")


def _log_stream(request: Request) -> Asks:
    parameters = request.parameters
    group, stream = parameters["logGroupName"], parameters["logStreamName"]
    yield request.ask(request.arn(f"log-group:{group}:log-stream:{stream}"))


def _log_groups(request: Request) -> Asks:
    yield request.ask(request.arn("log-group::log-stream:"))


# -- the rest


def _repository(request: Request) -> Asks:
    names = request.parameters.get("repositoryNames") or [request.parameters.get("repositoryName")]
    for name in names:
        yield request.ask(
            request.arn(f"repository/{name}") if name else request.arn("repository/*")
        )


def _secret(*key_actions: str) -> Rule:
    def rule(request: Request) -> Asks:
        named: str = request.parameters["SecretId"]
        try:
            secret: Any = request.backend("secretsmanager").secrets[named]
        except KeyError:
            secret = None
        arn = (
            secret.arn
            if secret is not None
            else (named if named.startswith("arn:") else request.arn(f"secret:{named}"))
        )
        yield request.ask(
            arn,
            {
                "secretsmanager:secretid": [arn],
                "secretsmanager:versionid": [],
                "secretsmanager:versionstage": [
                    request.parameters.get("VersionStage") or "AWSCURRENT"
                ],
                "secretsmanager:resource/": [],
                "secretsmanager:resourcetag/": [],
            },
        )
        key = getattr(secret, "kms_key_id", None)
        yield from key_asks(request, key, "secretsmanager", key_actions, {"SecretARN": arn})

    return rule


def _ssm(request: Request) -> Asks:
    parameters = request.parameters
    for name in parameters.get("Names") or [parameters.get("Name") or parameters["Path"]]:
        arn = name if name.startswith("arn:") else request.arn(f"parameter/{name.lstrip('/')}")
        yield request.ask(arn)
        if parameters.get("WithDecryption"):
            found: Any = request.backend("ssm").get_parameters([name]).get(name)
            key = getattr(found, "keyid", None)
            yield from key_asks(request, key, "ssm", ["Decrypt"], {"PARAMETER_ARN": arn})


def _put_events(request: Request) -> Asks:
    for entry in request.parameters["Entries"]:
        bus: str = entry.get("EventBusName") or "default"
        yield request.ask(
            bus if bus.startswith("arn:") else request.arn(f"event-bus/{bus}"),
            {
                "events:source": [entry.get("Source", "")],
                "events:detail-type": [entry.get("DetailType", "")],
            },
        )


def rule_context(request: Request) -> Context:
    """Return what a request for a rule says of it."""
    return {
        "events:source": [],
        "events:detail-type": [],
        "events:creatoraccount": [request.account],
    }


def _event_rule(name: str) -> Rule:
    def rule(request: Request) -> Asks:
        bus = request.parameters.get("EventBusName") or "default"
        path = "" if bus == "default" else f"{bus.rsplit('/', 1)[-1]}/"
        yield request.ask(
            request.arn(f"rule/{path}{request.parameters[name]}"), rule_context(request)
        )
        for target in request.parameters.get("Targets") or []:
            yield from pass_role(
                target.get("RoleArn") if request.operation == "PutTargets" else None,
                "events.amazonaws.com",
            )

    return rule


def _schedule(request: Request) -> Asks:
    parameters = request.parameters
    yield request.ask(
        request.arn(f"schedule/{parameters.get('GroupName') or 'default'}/{parameters['Name']}")
    )
    yield from pass_role((parameters.get("Target") or {}).get("RoleArn"), "scheduler.amazonaws.com")


def _alarms(request: Request) -> Asks:
    for name in request.parameters.get("AlarmNames") or [
        request.parameters.get("AlarmName") or "*"
    ]:
        yield request.ask(request.arn(f"alarm:{name}"))


def _put_metric_data(request: Request) -> Asks:
    yield request.ask(ANY, {"cloudwatch:namespace": [request.parameters.get("Namespace", "")]})


def _assume_role(request: Request) -> Asks:
    parameters = request.parameters
    external = parameters.get("ExternalId")
    yield request.ask(
        parameters["RoleArn"],
        {
            "sts:rolesessionname": [parameters.get("RoleSessionName", "")],
            "sts:externalid": [external] if external else [],
            "sts:sourceidentity": [],
            "sts:transitivetagkeys": [],
        },
    )


def _table(request: Request) -> Asks:
    named: str = request.parameters["TableName"]
    yield request.ask(named if named.startswith("arn:") else request.arn(f"table/{named}"))


def _tables(request: Request) -> Asks:
    """A batch asks for each of its tables once."""
    for named in request.parameters["RequestItems"]:
        yield request.ask(named if named.startswith("arn:") else request.arn(f"table/{named}"))


def _function(request: Request) -> Asks:
    named: str = request.parameters["FunctionName"]
    yield request.ask(
        named if named.startswith("arn:") else request.arn(f"function:{named}"),
        action="InvokeFunction",
    )


def _rules() -> dict[str, Rule]:
    families: dict[str, dict[str, Rule]] = {
        "states": {
            "ListStateMachines ListActivities SendTaskSuccess SendTaskFailure SendTaskHeartbeat "
            "ValidateStateMachineDefinition TestState": _nothing,
            "StartExecution StartSyncExecution ListExecutions DescribeStateMachine "
            "DeleteStateMachine PublishStateMachineVersion ListStateMachineVersions "
            "ListStateMachineAliases": _parameter("stateMachineArn", "mapRunArn"),
            "DescribeExecution StopExecution GetExecutionHistory RedriveExecution "
            "DescribeStateMachineForExecution ListMapRuns": _parameter("executionArn"),
            "DescribeMapRun UpdateMapRun": _parameter("mapRunArn"),
            "DescribeActivity DeleteActivity GetActivityTask": _parameter("activityArn"),
            "TagResource UntagResource ListTagsForResource": _parameter("resourceArn"),
            "CreateActivity": _named("activity:{}", "name"),
            "CreateStateMachine": _create_machine,
            "UpdateStateMachine": _update_machine,
        },
        "ecs": {
            "RunTask": _run_task,
            "StopTask DescribeTasks ExecuteCommand": _tasks,
            "ListTasks": _list_tasks,
            "DescribeClusters": _clusters,
            "ListClusters DescribeTaskDefinition ListTaskDefinitions "
            "ListTaskDefinitionFamilies": _nothing,
            "ListTagsForResource": _parameter("resourceArn"),
        },
        "sqs": {
            "SendMessage SendMessageBatch": _queue("SendMessage", *SEND_KEY_ACTIONS),
            "ReceiveMessage": _queue("ReceiveMessage", "Decrypt"),
            "DeleteMessage DeleteMessageBatch": _queue("DeleteMessage"),
            "ChangeMessageVisibility ChangeMessageVisibilityBatch": _queue(
                "ChangeMessageVisibility"
            ),
            "GetQueueUrl": _queue("GetQueueUrl"),
            "GetQueueAttributes": _queue("GetQueueAttributes"),
            "PurgeQueue": _queue("PurgeQueue"),
            "ListQueues": _named("{}", "QueueNamePrefix"),
        },
        "sns": {
            "Publish PublishBatch": _publish,
            "Subscribe": _subscribe,
            "GetTopicAttributes ListSubscriptionsByTopic": _parameter("TopicArn"),
            "ListTopics ListSubscriptions": _nothing,
        },
        "logs": {
            "CreateLogStream PutLogEvents GetLogEvents": _log_stream,
            "CreateLogGroup DescribeLogStreams FilterLogEvents": _log_group,
            "DescribeLogGroups": _log_groups,
            "CreateLogDelivery GetLogDelivery UpdateLogDelivery DeleteLogDelivery "
            "ListLogDeliveries PutResourcePolicy DescribeResourcePolicies": _nothing,
        },
        "ecr": {
            "GetAuthorizationToken": _nothing,
            "BatchGetImage GetDownloadUrlForLayer BatchCheckLayerAvailability DescribeImages "
            "ListImages DescribeRepositories PutImage InitiateLayerUpload UploadLayerPart "
            "CompleteLayerUpload": _repository,
        },
        "secretsmanager": {
            "GetSecretValue": _secret("Decrypt"),
            "DescribeSecret": _secret(),
            "PutSecretValue UpdateSecret": _secret("GenerateDataKey", "Decrypt"),
            "ListSecrets": _nothing,
        },
        "ssm": {
            "GetParameter GetParameters GetParametersByPath PutParameter DeleteParameter": _ssm,
            "DescribeParameters": _nothing,
        },
        "kms": {
            "Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey": _kms,
        },
        "events": {
            "PutEvents": _put_events,
            "PutRule DescribeRule DeleteRule EnableRule DisableRule": _event_rule("Name"),
            "PutTargets RemoveTargets ListTargetsByRule": _event_rule("Rule"),
            "ListRules TestEventPattern ListEventBuses": _nothing,
        },
        "scheduler": {
            "GetSchedule CreateSchedule UpdateSchedule DeleteSchedule": _schedule,
            "GetScheduleGroup": _named("schedule-group/{}", "Name"),
            "ListSchedules ListScheduleGroups": _nothing,
        },
        "pipes": {"DescribePipe StartPipe StopPipe": _named("pipe/{}", "Name")},
        "cloudwatch": {
            "PutMetricData": _put_metric_data,
            "GetMetricData GetMetricStatistics ListMetrics": _nothing,
            "DescribeAlarms SetAlarmState DescribeAlarmHistory": _alarms,
        },
        "xray": {
            "PutTraceSegments PutTelemetryRecords GetSamplingRules GetSamplingTargets": _nothing,
        },
        "sts": {"AssumeRole AssumeRoleWithWebIdentity": _assume_role},
        "dynamodb": {
            "GetItem PutItem UpdateItem DeleteItem Query Scan DescribeTable": _table,
            "BatchGetItem BatchWriteItem": _tables,
        },
        "lambda": {"Invoke": _function},
        "s3": {},
    }
    return by_operation(families)


def by_operation(families: Mapping[str, Mapping[str, Rule]]) -> dict[str, Rule]:
    """Return the rule of each operation, as ``sqs:SendMessage``, from tables by service."""
    return {
        f"{service}:{operation}": rule
        for service, rules in families.items()
        for operations, rule in rules.items()
        for operation in operations.split()
    }


_RULES = _rules()
