"""Grants: a program does what its container was granted, and is refused what lies beside it.

The calls are those of a program with its task's role, from its task's place in the network.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs] - there are none
    ClientError,
)

from definitions.grants import VERBS, Grant, Kind, parse
from rehearsal.cloud.network import Place, as_agent
from rehearsal.scenario import Scenario
from rehearsal.stage import SUCCEEDS, Facts, Stage

FILE = "rehearsal.txt"
ELSEWHERE = "nowhere-that-was-granted/"
"""Prefix that no grant covers."""
MOST_JOBS = 3
"""Of a stack that has a thousand, as many are tried that were not granted."""

_EXPECTED: Facts = {"trigger": "none", "granted": "works", "anything else": "refused"}

Call = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class _Program:
    """A program in one container: whose clients it has, and what it was granted of one kind."""

    stage: Stage
    role: str
    grants: tuple[Grant, ...]
    kind: Kind

    def client(self, service: str) -> Any:
        """Return a client that calls with the task's role."""
        return self.stage.aws.client(service, role=self.role)

    def administrator(self, service: str) -> Any:
        """Return a client that may do everything."""
        return self.stage.aws.client(service)

    def physical(self, name: str) -> str:
        """Return the name on AWS of what the user named."""
        return f"{self.stage.exports['scheduleGroup']}--{name}"

    def verbs(self, name: str) -> set[str]:
        """Return what was granted of one thing."""
        return {grant.verb for grant in self.grants if grant.name == name}

    def prefixes(self, bucket: str, *verbs: str) -> set[str]:
        """Return under which prefixes any of these verbs was granted."""
        return {
            grant.prefix for grant in self.grants if grant.name == bucket and grant.verb in verbs
        }

    def known(self) -> list[str]:
        """Return the names of all that there is of the kind, as the stack file has them."""
        return sorted(self.stage.section(f"{self.kind}s"))


# -- buckets


def _bucket_calls(program: _Program, grant: Grant) -> Generator[Call]:
    bucket = program.stage.exports["bucketNames"][grant.name]
    s3, key = program.client("s3"), f"{grant.prefix}{FILE}"
    match grant.verb:
        case "list":
            yield partial(s3.list_objects_v2, Bucket=bucket, Prefix=grant.prefix)
        case "read":
            program.administrator("s3").put_object(Bucket=bucket, Key=key, Body=b"")
            yield partial(s3.list_objects_v2, Bucket=bucket, Prefix=grant.prefix)
            yield partial(s3.get_object, Bucket=bucket, Key=key)
        case _:
            where = {"Bucket": bucket, "Key": key}
            yield partial(s3.put_object, **where, Body=b"")
            begun: Any = program.administrator("s3").create_multipart_upload(**where)
            yield partial(s3.abort_multipart_upload, **where, UploadId=begun["UploadId"])
            yield partial(s3.delete_object, **where)


def _beyond_buckets(program: _Program) -> Iterator[Call]:
    s3 = program.client("s3")
    for name in program.known():
        bucket = program.stage.exports["bucketNames"][name]
        where = {"Bucket": bucket, "Key": f"{ELSEWHERE}{FILE}"}
        if "" not in program.prefixes(name, "read"):
            yield partial(s3.get_object, **where)
        if "" not in program.prefixes(name, "read", "list"):
            yield partial(s3.list_objects_v2, Bucket=bucket)
        if "" not in program.prefixes(name, "write"):
            yield partial(s3.put_object, **where, Body=b"")
            yield partial(s3.delete_object, **where)


# -- queues


def _queue_calls(program: _Program, grant: Grant) -> Generator[Call]:
    """Send or take a message that is gone before anybody who waits for one hears of it."""
    url = _url(program, grant.name)
    sqs, owner = program.client("sqs"), program.administrator("sqs")
    try:
        if grant.verb == "send":
            yield partial(sqs.send_message, QueueUrl=url, MessageBody="{}")
        else:
            owner.send_message(QueueUrl=url, MessageBody="{}")
            yield partial(sqs.receive_message, QueueUrl=url, VisibilityTimeout=0)
            found: Any = owner.receive_message(QueueUrl=url, VisibilityTimeout=0)
            handle = {"QueueUrl": url, "ReceiptHandle": found["Messages"][0]["ReceiptHandle"]}
            yield partial(sqs.change_message_visibility, **handle, VisibilityTimeout=0)
            yield partial(sqs.delete_message, **handle)
    finally:
        for message in owner.receive_message(QueueUrl=url).get("Messages", []):
            owner.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def _beyond_queues(program: _Program) -> Iterator[Call]:
    sqs = program.client("sqs")
    for name in program.known():
        url = _url(program, name)
        if "send" not in program.verbs(name):
            yield partial(sqs.send_message, QueueUrl=url, MessageBody="{}")
        if "consume" not in program.verbs(name):
            yield partial(sqs.receive_message, QueueUrl=url, VisibilityTimeout=0)
        yield partial(sqs.purge_queue, QueueUrl=url)
    letters = program.stage.exports["deadLetterQueueUrl"]
    yield partial(sqs.send_message, QueueUrl=letters, MessageBody="{}")


def _url(program: _Program, name: str) -> str:
    found: Any = program.administrator("sqs").get_queue_url(QueueName=program.physical(name))
    return found["QueueUrl"]


# -- topics


def _topic_calls(program: _Program, grant: Grant) -> Generator[Call]:
    arn = program.stage.exports["topicArns"][grant.name]
    yield partial(program.client("sns").publish, TopicArn=arn, Message="{}")


def _beyond_topics(program: _Program) -> Iterator[Call]:
    exports, sns = program.stage.exports, program.client("sns")
    others = [name for name in program.known() if not program.verbs(name)]
    for arn in (exports["failureTopicArn"], *(exports["topicArns"][name] for name in others)):
        yield partial(sns.publish, TopicArn=arn, Message="{}")


# -- tables


def _table_calls(program: _Program, grant: Grant) -> Generator[Call]:
    table = program.stage.exports["tableNames"][grant.name]
    dynamodb, key = program.client("dynamodb"), _key(program, grant.name)
    item = {"TableName": table, "Key": key}
    if grant.verb == "read":
        yield partial(dynamodb.get_item, **item)
        yield partial(dynamodb.batch_get_item, RequestItems={table: {"Keys": [key]}})
        yield partial(dynamodb.query, TableName=table, **_conditions(key))
        yield partial(dynamodb.scan, TableName=table)
    else:
        yield partial(dynamodb.put_item, TableName=table, Item=key)
        yield partial(
            dynamodb.update_item,
            **item,
            UpdateExpression="SET seen = :seen",
            ExpressionAttributeValues={":seen": {"BOOL": True}},
        )
        requests = [{"PutRequest": {"Item": key}}]
        yield partial(dynamodb.batch_write_item, RequestItems={table: requests})
        yield partial(dynamodb.delete_item, **item)


def _beyond_tables(program: _Program) -> Iterator[Call]:
    dynamodb = program.client("dynamodb")
    for name in program.known():
        table, key = program.stage.exports["tableNames"][name], _key(program, name)
        if "read" not in program.verbs(name):
            yield partial(dynamodb.get_item, TableName=table, Key=key)
        if "write" not in program.verbs(name):
            yield partial(dynamodb.put_item, TableName=table, Item=key)
        yield partial(dynamodb.describe_table, TableName=table)


def _key(program: _Program, name: str) -> dict[str, Any]:
    table = program.stage.section("tables")[name]
    names = [table[key] for key in ("partitionKey", "sortKey") if key in table]
    return {name: {"S": "rehearsal"} for name in names}


def _conditions(key: dict[str, Any]) -> dict[str, Any]:
    return {
        "KeyConditions": {
            name: {"ComparisonOperator": "EQ", "AttributeValueList": [value]}
            for name, value in key.items()
        }
    }


# -- secrets


def _secret_calls(program: _Program, grant: Grant) -> Generator[Call]:
    secret = _secret(program, grant.name)
    yield partial(program.client("secretsmanager").get_secret_value, SecretId=secret)


def _beyond_secrets(program: _Program) -> Iterator[Call]:
    secrets = program.client("secretsmanager")
    for name in program.known():
        secret = _secret(program, name)
        if not program.verbs(name):
            yield partial(secrets.get_secret_value, SecretId=secret)
        yield partial(secrets.put_secret_value, SecretId=secret, SecretString="{}")


def _secret(program: _Program, name: str) -> str:
    return program.stage.section("secrets")[name].get("arn") or program.physical(name)


# -- jobs


def _job_calls(program: _Program, grant: Grant) -> Generator[Call]:
    """Start a run twice by the same name: there is one."""
    stage = program.stage
    arn = stage.exports["jobMachineArns"][grant.name]
    run = f"started-{stage.aws.clock.now():%Y-%m-%dT%H%M%SZ}"
    stage.goes(run, SUCCEEDS)
    start = partial(
        program.client("stepfunctions").start_execution, stateMachineArn=arn, name=run, input="{}"
    )
    yield start
    yield start
    stage.finish()


def _beyond_jobs(program: _Program) -> Iterator[Call]:
    states, stage = program.client("stepfunctions"), program.stage
    machines = stage.exports["jobMachineArns"]
    others = [arn for name, arn in sorted(machines.items()) if not program.verbs(name)]
    for arn in (*others[:MOST_JOBS], stage.dispatcher_arn):
        yield partial(states.start_execution, stateMachineArn=arn, input="{}")


_CALLS: dict[Kind, Callable[[_Program, Grant], Generator[Call]]] = {
    "bucket": _bucket_calls,
    "queue": _queue_calls,
    "topic": _topic_calls,
    "table": _table_calls,
    "secret": _secret_calls,
    "job": _job_calls,
}
_BEYOND: dict[Kind, Callable[[_Program], Iterator[Call]]] = {
    "bucket": _beyond_buckets,
    "queue": _beyond_queues,
    "topic": _beyond_topics,
    "table": _beyond_tables,
    "secret": _beyond_secrets,
    "job": _beyond_jobs,
}


# -- what happens


def _used(stage: Stage, _: Scenario, *, kind: Kind) -> Facts:
    """Let each container's program do what it was granted of one kind, and then what it was not."""
    through: list[str] = []
    programs = list(_programs(stage, kind))
    with as_agent(_place(stage)):
        for program in programs:
            for grant in sorted(program.grants):
                with closing(_CALLS[kind](program, grant)) as calls:
                    for call in calls:
                        call()
        for program in programs:
            through += [_words(call) for call in _BEYOND[kind](program) if not _is_refused(call)]
    return {**_EXPECTED, "anything else": ", ".join(through) or "refused"}


def _programs(stage: Stage, kind: Kind) -> Iterator[_Program]:
    ecs: Any = stage.aws.client("ecs")
    for container, written in stage.section("containers").items():
        found = [
            grant
            for key, value in written.get("grants", {}).items()
            for grant in parse(key, value)
            if grant.kind == kind
        ]
        if found:
            family = f"{stage.exports['scheduleGroup']}--{container}"
            definition = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
            yield _Program(
                stage=stage, role=definition["taskRoleArn"], grants=tuple(found), kind=kind
            )


def _place(stage: Stage) -> Place:
    """Return where the tasks of the stack stand."""
    network = stage.placement(stage.job)
    return Place(
        region=stage.aws.region,
        subnet_id=network["Subnets"][0],
        group_ids=tuple(network["SecurityGroups"]),
        public_address=network["AssignPublicIp"] == "ENABLED",
        task_id="rehearsal",
    )


def _is_refused(call: Call) -> bool:
    """Say whether IAM stands in the way; what it lets through may come to nothing all the same."""
    try:
        call()
    except ClientError as error:
        answer: Any = error.response  # untyped
        code = answer["Error"]["Code"]
        return "Denied" in code or "Authorization" in code
    return False


def _words(call: Call) -> str:
    return getattr(getattr(call, "func", call), "__name__", "a call")


def _nothing_of(kind: Kind) -> Callable[[Stage], str | None]:
    def reason(stage: Stage) -> str | None:
        with suppress(StopIteration):
            next(_programs(stage, kind))
            return None
        return f"no container is granted a {kind}"

    return reason


FEATURES = tuple(
    Scenario(
        name=f"grants-{kind}s",
        says=f"A program does what it was granted of {kind}s, and tries what it was not",
        expects=lambda _: _EXPECTED,
        act=partial(_used, kind=kind),
        unless=_nothing_of(kind),
    )
    for kind in VERBS
)
