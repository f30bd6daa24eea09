"""A small account for the tests of rehearsal/cloud."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud import EmbeddedAws
from tests.rehearsal.chromium import BROWSER

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role/some-role"
IMAGE = "example.com/program@sha256:" + "a" * 64

collect_ignore = [] if BROWSER else ["test_page_in_chromium.py"]


@dataclass
class Account:
    """An embedded AWS with a program; network, cluster and log group come with their first use."""

    aws: EmbeddedAws
    program: Path

    @cached_property
    def network(self) -> dict[str, Any]:
        """A subnet whose tasks reach the internet by NAT, and a group that lets everything out."""
        ec2 = self.aws.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        outer = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=outer, AllocationId=address)["NatGateway"]
        for place, way in (
            (outer, {"GatewayId": gateway}),
            (subnet, {"NatGatewayId": nat["NatGatewayId"]}),
        ):
            table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
            ec2.associate_route_table(RouteTableId=table, SubnetId=place)
            ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **way)
        return {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group["GroupId"]]}}

    @cached_property
    def cluster(self) -> str:
        self.aws.client("logs").create_log_group(logGroupName="/batch")
        self.aws.client("ecs").create_cluster(clusterName="batch")
        return "batch"

    @property
    def subnet_id(self) -> str:
        subnet: str = self.network["awsvpcConfiguration"]["subnets"][0]
        return subnet

    @property
    def security_group_id(self) -> str:
        group: str = self.network["awsvpcConfiguration"]["securityGroups"][0]
        return group

    @property
    def cluster_arn(self) -> str:
        return f"arn:aws:ecs:{self.aws.region}:{self.aws.account}:cluster/{self.cluster}"

    def write_program(self, text: str, name: str = "program.py") -> None:
        (self.program / name).write_text(text)

    def task_definition(self, **container: Any) -> str:
        answer = self.aws.client("ecs").register_task_definition(
            family="task",
            cpu="256",
            memory="512",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            executionRoleArn=ROLE,
            taskRoleArn=ROLE.replace("some", "task"),
            containerDefinitions=[
                {
                    "name": "main",
                    "image": IMAGE,
                    "command": ["python", "program.py"],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": "/batch",
                            "awslogs-region": self.aws.region,
                            "awslogs-stream-prefix": "run",
                        },
                    },
                    **container,
                }
            ],
        )
        arn: str = answer["taskDefinition"]["taskDefinitionArn"]
        return arn

    def run_task(self, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.aws.client("ecs").run_task(
            **{
                "cluster": self.cluster,
                "taskDefinition": "task",
                "launchType": "FARGATE",
                "networkConfiguration": self.network,
                **parameters,
            }
        )
        return answer

    def ended_task(self, **parameters: Any) -> dict[str, Any]:
        """Run a task and return how it ended."""
        arn = self.run_task(**parameters)["tasks"][0]["taskArn"]
        self.aws.clock.run_until(datetime.max.replace(tzinfo=UTC), self.aws.end_of(arn).is_set)
        return self.task(arn)

    def task(self, arn: str) -> dict[str, Any]:
        answer = self.aws.client("ecs").describe_tasks(cluster="batch", tasks=[arn])
        task: dict[str, Any] = answer["tasks"][0]
        return task

    def log_lines(self) -> list[str]:
        logs = self.aws.client("logs")
        streams = logs.describe_log_streams(logGroupName="/batch")["logStreams"]
        return [
            event["message"]
            for stream in streams
            for event in logs.get_log_events(
                logGroupName="/batch", logStreamName=stream["logStreamName"]
            )["events"]
        ]

    def machine(self, states: dict[str, Any], name: str = "machine", **more: Any) -> str:
        """Create a JSONata machine that starts at its first state."""
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        return self.machine_of(definition | more, name)

    def machine_of(self, definition: dict[str, Any], name: str = "machine") -> str:
        answer = self.aws.client("stepfunctions").create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=ROLE
        )
        arn: str = answer["stateMachineArn"]
        return arn

    def start(self, machine: str, given: Any = None, **more: Any) -> str:
        answer = self.aws.client("stepfunctions").start_execution(
            stateMachineArn=machine, input=json.dumps(given or {}), **more
        )
        arn: str = answer["executionArn"]
        return arn

    def run(self, machine: str, given: Any = None, **more: Any) -> dict[str, Any]:
        """Run a machine to its end; ``output`` and ``cause`` are parsed where they are JSON."""
        ended = self.aws.wait_for(self.start(machine, given, **more))
        for member in ("output", "cause"):
            if ended.get(member, "").startswith(("{", "[")):
                ended[member] = json.loads(ended[member])
        return ended

    def history(self, execution_arn: str) -> list[dict[str, Any]]:
        answer = self.aws.client("stepfunctions").get_execution_history(executionArn=execution_arn)
        events: list[dict[str, Any]] = answer["events"]
        return events

    def queue(self, name: str) -> str:
        """Make a queue that every service may send to; return its ARN."""
        sqs = self.aws.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn: str = attributes["Attributes"]["QueueArn"]
        policy = policy_of(anybody_may("sqs:SendMessage", arn))
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return arn

    def letters(self, name: str) -> list[tuple[Any, dict[str, str]]]:
        """Take the messages of a queue: parsed bodies and attributes."""
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [
            (
                json.loads(message["Body"]),
                {
                    key: value["StringValue"]
                    for key, value in message.get("MessageAttributes", {}).items()
                },
            )
            for message in answer.get("Messages", [])
        ]


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(region="eu-west-1", start=START) as embedded:
        make_roles(embedded)
        yield embedded


def make_roles(aws: EmbeddedAws) -> None:
    """Make the roles of these tests, which every service may use and which may do everything."""
    for name in ("some-role", "task-role"):
        make_role(aws, name, [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}])


def make_role(
    aws: EmbeddedAws,
    name: str,
    statements: list[dict[str, Any]],
    services: Sequence[str] = ("ecs-tasks", "states", "scheduler", "events"),
) -> str:
    """Make a role that services may use, with one inline policy; return its ARN."""
    iam = aws.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": [f"{service}.amazonaws.com" for service in services]},
        "Action": "sts:AssumeRole",
    }
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy_of(trust))
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy_of(*statements))
    arn: str = made["Role"]["Arn"]
    return arn


def anybody_may(action: str, resource: str) -> dict[str, Any]:
    """Return the statement of a resource that is open to everybody, services too."""
    return {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}


def policy_of(*statements: dict[str, Any]) -> str:
    """Write statements as a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def account(aws: EmbeddedAws, tmp_path: Path) -> Account:
    aws.images[IMAGE] = tmp_path
    made = Account(aws, tmp_path)
    made.write_program("print('hello')")
    return made
