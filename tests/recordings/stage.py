"""Where a recorded case is played again: its names, its references, its calls, its helpers."""

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloud import EmbeddedAws
from rehearsal.cloud.clock import ClockThread
from tests.recordings.recorded import Case

RECORDED_ACCOUNT = "111111111111"
ROLE = f"arn:aws:iam::{RECORDED_ACCOUNT}:role/recorded"
WITHIN = timedelta(days=2)
"""Virtual time within which every recorded execution has ended."""

_ROLE_NAME = re.compile(r":role/([\w-]+)")


def _policy(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


_OPEN = _policy(Principal="*", Action="*", Resource="*")
_TRUST = _policy(Principal="*", Action="sts:AssumeRole")
_EVERYTHING = _policy(Action="*", Resource="*")
_REFERENCE = re.compile(r"<<(\d+):([^<>]*)>>")
_MADE_UP = re.compile(r"id(\d{4})(?!\d)")
_SLICE = re.compile(r"\[-?\d*:-?\d*\]")


class NoHelperError(Exception):
    """The case needs something that only the recorder's own tests had."""


def open_aws() -> EmbeddedAws:
    """Return an embedded AWS in the region and about the time of the recordings."""
    aws = EmbeddedAws(region="us-east-1", start=datetime(2026, 3, 2, tzinfo=UTC))
    aws.images["busybox"] = Path(__file__).parent
    return aws


class Stage:
    """One case in an account that it shares with others: made-up names get its number."""

    def __init__(self, aws: EmbeddedAws, case: Case, number: int) -> None:
        self.aws = aws
        self.number = number
        text = _MADE_UP.sub(rf"id\1x{number}", json.dumps(case))
        self.case: Case = json.loads(text.replace(RECORDED_ACCOUNT, aws.account))
        self._make_roles()
        self.answers: dict[int, Any] = {}
        self._over = aws.end_of(f"case {number}")

    def _make_roles(self) -> None:
        """Let every role that the recorder had do everything for everybody."""
        iam = self.aws.client("iam")
        for name in sorted({"recorded", *_ROLE_NAME.findall(json.dumps(self.case))}):
            try:
                iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))
            except iam.exceptions.EntityAlreadyExistsException:
                continue
            iam.put_role_policy(
                RoleName=name, PolicyName="all", PolicyDocument=json.dumps(_EVERYTHING)
            )

    @property
    def role(self) -> str:
        return ROLE.replace(RECORDED_ACCOUNT, self.aws.account)

    def play(self, calls: Sequence[dict[str, Any]]) -> None:
        """Make recorded calls, one after the other; each answer may be referred to."""
        for call in calls:
            self.answers[call["call"]] = self._helper(call) if "helper" in call else self.call(call)

    def call(self, call: dict[str, Any]) -> Any:
        """Make one recorded call.

        Raises:
            ClientError: it is refused.
        """
        parameters = self._complete(call, self.resolved(call["parameters"]))
        client = self.aws.client(call["service"])
        if call["operation"] == "receive_message":
            self.aws.clock.settle()
        return getattr(client, call["operation"])(**parameters)

    def resolved(self, value: Any) -> Any:
        """Fill in what refers to earlier answers."""
        if isinstance(value, dict):
            return {key: self.resolved(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.resolved(member) for member in value]
        if isinstance(value, str):
            return _REFERENCE.sub(self._referred, value)
        return value

    def pass_time(self, seconds: float) -> None:
        self.aws.clock.run_until(self.aws.clock.now() + timedelta(seconds=seconds))

    def end(self) -> None:
        """Let the workers of this case go home."""
        self._over.set()
        self.aws.clock.settle()

    def _referred(self, found: re.Match[str]) -> str:
        here = self.answers[int(found[1])]
        for part in filter(None, found[2].split("/")):
            if _SLICE.fullmatch(part):
                here = here[slice(*[int(at) if at else None for at in part[1:-1].split(":")])]
            else:
                here = here[int(part)] if isinstance(here, list) else here[part]
        return str(here)

    def _complete(self, call: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
        """Add what the recorder's fixtures added without telling."""
        known = {k: v for k, v in parameters.items() if not str(v).startswith("<<x:")}
        operation = call["operation"]
        if operation == "create_state_machine":
            known.setdefault("roleArn", self.role)
        for made, name in (("create_topic", "Name"), ("create_queue", "QueueName")):
            if operation == made:
                known.setdefault(name, f"made-{call['call']}-{self.number}")
        if operation == "create_queue" and "Attributes" not in known:
            known["Attributes"] = {"Policy": json.dumps(_OPEN)}
        if call["service"] == "s3" and isinstance(known.get("Body"), str):
            known["Body"] = known["Body"].encode()
        return known

    # The fixtures of the recorder's tests, by what their names say.

    def _helper(self, call: dict[str, Any]) -> Any:
        name: str = call["helper"]
        arguments: Any = self.resolved(call.get("arguments", []))
        named: Any = self.resolved(call.get("named", {}))
        if name == "s3_create_bucket":
            bucket = named.get("Bucket") or f"bucket-{self.number}"
            self.aws.client("s3").create_bucket(Bucket=bucket)
            return bucket
        if name == "dynamodb_create_table":
            return self._create_table(named["table_name"], named["partition_key"])
        if name == "create_cross_account_admin_role_and_policy":
            return self.role
        if name == "sfn_activity_consumer":
            return self._consume_activity(named["template"], named["activity_arn"])
        if name == "sqs_receive_num_messages":
            return self._work_on(arguments[0], self._succeed_with_nothing)
        if name == "put_events_with_filter_to_sqs":
            return self._put_events(named)
        if name == "events_scheduler_create_schedule_group":
            made = self.aws.client("scheduler").create_schedule_group(Name=arguments[0])
            return made["ScheduleGroupArn"]
        if name.startswith("sqs_send_"):
            return self._work_on(arguments[0], self._worker(name))
        if name == "infrastructure_setup":
            return self._set_up_fargate()
        if name in ("events_to_sqs_queue", "sns_allow_topic_sqs_queue"):
            return {}
        raise NoHelperError(name)

    def _set_up_fargate(self) -> Any:
        """Make what the recorder's stack made, and put its names into the machine.

        The task definition is not recorded; its image stands in the recorded answer.
        """
        ec2, ecs = self.aws.client("ec2"), self.aws.client("ecs")
        image = re.search(r'"Image": "([^"]*)"', json.dumps(self.case["expected"]))
        name = f"recorded-{self.number}"
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{at}.0/24", AvailabilityZone=f"{self.aws.region}b"
            )["Subnet"]["SubnetId"]
            for at in range(2)
        ]
        self._lead_to_the_internet(vpc, subnets)
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        cluster = ecs.create_cluster(clusterName=name)["cluster"]["clusterArn"]
        ecs.register_task_definition(
            family="task_definition_family",
            cpu="256",
            memory="512",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            executionRoleArn=self.role,
            taskRoleArn=self.role,
            containerDefinitions=[
                {
                    "name": "task_definition_container_name",
                    "image": image[1] if image else "",
                    "command": ["true"],
                }
            ],
        )
        made = {"sg_value": group, "cluster_arn": cluster}
        made[f"ip_value-central-1:{self.aws.account}:cluster/cluster_name"] = cluster
        definition = json.dumps(self.case["definition"])
        for subnet in subnets:
            definition = definition.replace("subnet_value", subnet, 1)
        for recorded, real in made.items():
            definition = definition.replace(recorded, real)
        self.case["definition"] = json.loads(definition)
        return {}

    def _lead_to_the_internet(self, vpc: str, subnets: list[str]) -> None:
        """Let subnets reach the internet: busybox came from Docker Hub."""
        ec2 = self.aws.client("ec2")
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        public = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.9.0/24")["Subnet"]["SubnetId"]
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]
        ways = {"GatewayId": gateway}, {"NatGatewayId": nat["NatGatewayId"]}
        for way, through in zip(ways, ([public], subnets), strict=True):
            table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
            ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **way)
            for subnet in through:
                ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)

    def _create_table(self, name: str, key: str) -> Any:
        return self.aws.client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        )

    def _put_events(self, named: dict[str, Any]) -> list[dict[str, Any]]:
        """Put events that a rule sends to a queue; return the messages that came of them."""
        events, sqs = self.aws.client("events"), self.aws.client("sqs")
        name = f"filtered-{self.number}-{len(self.answers)}"
        url = sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(_OPEN)})["QueueUrl"]
        arn = f"arn:aws:sqs:{self.aws.region}:{self.aws.account}:{name}"
        target: dict[str, Any] = {"Id": "queue", "Arn": arn}
        if "input_path" in named:
            target["InputPath"] = named["input_path"]
        if "input_transformer" in named:
            target["InputTransformer"] = named["input_transformer"]
        events.create_event_bus(Name=name)
        events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps(named["pattern"]))
        events.put_targets(Rule=name, EventBusName=name, Targets=[target])
        received: list[dict[str, Any]] = []
        for entries, _ in named["entries_asserts"]:
            events.put_events(Entries=[{**entry, "EventBusName": name} for entry in entries])
            self.aws.clock.settle()
            received += sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
                "Messages", []
            )
        return received

    def _consume_activity(self, template: dict[str, Any], activity: str) -> Any:
        sfn = self.aws.client("stepfunctions")
        machine = sfn.create_state_machine(
            name=f"consumer-{self.number}", definition=json.dumps(template), roleArn=self.role
        )
        return sfn.start_execution(
            stateMachineArn=machine["stateMachineArn"], input=json.dumps({"ActivityArn": activity})
        )

    def _worker(self, name: str) -> Callable[[dict[str, Any]], None]:
        if "without_error" in name:
            return self._fail_without_error
        if "failure" in name:
            return self._fail
        if "heartbeats" in name:
            return self._beat_and_succeed
        if "heartbeat" in name:
            return self._beat_once_and_succeed
        return self._succeed

    def _work_on(self, queue: str, work: Callable[[dict[str, Any]], None]) -> Any:
        """Hand the messages of a queue to a worker as they come, until the case is over."""

        def receive() -> None:
            sqs = self.aws.client("sqs")
            while not self._over.is_set():
                for message in sqs.receive_message(QueueUrl=queue).get("Messages", []):
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                    with suppress(ClientError):  # the task may be gone
                        work(json.loads(message["Body"]))
                self._over.wait(1)

        ClockThread(self.aws.clock, target=receive, name=f"worker {self.number}").start()
        return {}

    def _succeed(self, body: dict[str, Any]) -> None:
        self.aws.client("stepfunctions").send_task_success(
            taskToken=body["TaskToken"], output=json.dumps(body.get("Message"))
        )

    def _succeed_with_nothing(self, body: dict[str, Any]) -> None:
        self.aws.client("stepfunctions").send_task_success(
            taskToken=json.loads(body["Message"])["TaskToken"], output="{}"
        )

    def _fail(self, body: dict[str, Any]) -> None:
        self.aws.client("stepfunctions").send_task_failure(
            taskToken=body["TaskToken"], error="Failure error", cause="Failure cause"
        )

    def _fail_without_error(self, body: dict[str, Any]) -> None:
        self.aws.client("stepfunctions").send_task_failure(taskToken=body["TaskToken"])

    def _beat_and_succeed(self, body: dict[str, Any]) -> None:
        sfn = self.aws.client("stepfunctions")
        for _ in range(6):
            self._over.wait(3)
            sfn.send_task_heartbeat(taskToken=body["TaskToken"])
        sfn.send_task_success(taskToken=body["TaskToken"], output=json.dumps(body))

    def _beat_once_and_succeed(self, body: dict[str, Any]) -> None:
        self._over.wait(5)
        self.aws.client("stepfunctions").send_task_heartbeat(taskToken=body["TaskToken"])
        self._succeed(body)


def refusal_of(call: Callable[[], Any]) -> tuple[str, str]:
    """Return code and message with which a call is refused; empty ones when it is not."""
    try:
        call()
    except ClientError as error:
        said: Any = error.response["Error"]
        return said["Code"], said["Message"]
    return "", "accepted"
