"""Messages of a queue pass through a pipe and start a state machine, if everybody may."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud import EmbeddedAws
from tests.rehearsal.conftest import Account, make_role

PARAMETERS: dict[str, Any] = {
    "SourceParameters": {"SqsQueueParameters": {"BatchSize": 1}},
    "TargetParameters": {
        "StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}
    },
}
EVERYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


class Piped:
    """A queue, a state machine, and a pipe from the one to the other."""

    def __init__(self, account: Account) -> None:
        self.aws: EmbeddedAws = account.aws
        self.queue = account.queue("orders")
        self.dead = account.queue("dead")
        self.sqs: Any = self.aws.client("sqs")
        self.url = self.sqs.get_queue_url(QueueName="orders")["QueueUrl"]
        redrive = {"deadLetterTargetArn": self.dead, "maxReceiveCount": 3}
        self.sqs.set_queue_attributes(
            QueueUrl=self.url, Attributes={"RedrivePolicy": json.dumps(redrive)}
        )
        self.machine = account.machine({"End": {"Type": "Succeed"}})
        self.role = make_role(self.aws, "pipes", EVERYTHING, ["pipes"])
        self.pipes: Any = self.aws.client("pipes")

    def pipe(self, **changed: Any) -> None:
        given = {"Source": self.queue, "Target": self.machine, "RoleArn": self.role, **PARAMETERS}
        self.pipes.create_pipe(Name="orders", **(given | changed))

    def send(self, body: str, **more: Any) -> str:
        sent = self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)
        message_id: str = sent["MessageId"]
        return message_id

    def pass_time(self, **time: float) -> None:
        self.aws.clock.run_until(self.aws.clock.now() + timedelta(**time))

    def inputs(self) -> list[Any]:
        """What executions of the machine were started with, the first one first."""
        states: Any = self.aws.client("stepfunctions")
        found = states.list_executions(stateMachineArn=self.machine)["executions"]
        return [
            json.loads(states.describe_execution(executionArn=one["executionArn"])["input"])
            for one in reversed(found)
        ]

    def waiting(self, queue: str = "orders") -> int:
        """Messages in a queue, hidden ones too."""
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]) + int(
            found["ApproximateNumberOfMessagesNotVisible"]
        )

    def deny(self, action: str) -> None:
        statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        self.aws.client("iam").put_role_policy(
            RoleName="pipes", PolicyName="deny", PolicyDocument=json.dumps(document)
        )

    def allow(self) -> None:
        self.aws.client("iam").delete_role_policy(RoleName="pipes", PolicyName="deny")


@pytest.fixture
def piped(account: Account) -> Piped:
    return Piped(account)


def test_a_message_arrives_as_it_is_in_a_list_of_one_and_is_deleted(piped: Piped) -> None:
    piped.pipe()
    body = 'not {JSON "at all'
    attributes = {"colour": {"DataType": "String", "StringValue": "red"}}
    message_id = piped.send(body, MessageAttributes=attributes)
    piped.pass_time(seconds=1)
    ((record,),) = piped.inputs()
    assert record["messageId"] == message_id
    assert record["body"] == body
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == piped.queue
    assert record["awsRegion"] == "eu-west-1"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageAttributes"]["colour"]["stringValue"] == "red"
    assert piped.waiting() == 0


def test_messages_that_wait_already_are_carried_one_by_one(piped: Piped) -> None:
    for body in ("a", "b", "c"):
        piped.send(body)
    piped.pipe()
    piped.pass_time(seconds=1)
    assert sorted(records[0]["body"] for records in piped.inputs()) == ["a", "b", "c"]
    assert all(len(records) == 1 for records in piped.inputs())


def test_a_delayed_message_comes_later(piped: Piped) -> None:
    piped.pipe()
    piped.send("later", DelaySeconds=60)
    piped.pass_time(seconds=59)
    assert piped.inputs() == []
    piped.pass_time(seconds=2)
    assert len(piped.inputs()) == 1


def test_messages_wait_while_a_pipe_is_stopped(piped: Piped) -> None:
    piped.pipe(DesiredState="STOPPED")
    piped.send("a")
    piped.pass_time(hours=1)
    assert (piped.inputs(), piped.waiting()) == ([], 1)
    piped.pipes.start_pipe(Name="orders")
    piped.pass_time(seconds=1)
    assert (len(piped.inputs()), piped.waiting()) == (1, 0)
    piped.pipes.delete_pipe(Name="orders")
    piped.send("b")
    piped.pass_time(hours=1)
    assert (len(piped.inputs()), piped.waiting()) == (1, 1)


def test_a_message_that_cannot_be_delivered_comes_back_and_becomes_a_dead_letter(
    piped: Piped,
) -> None:
    piped.pipe()
    piped.deny("states:StartExecution")
    piped.send("a")
    piped.pass_time(seconds=85)
    assert (piped.waiting(), piped.waiting("dead")) == (1, 0), "hidden for 30 s after each failure"
    piped.pass_time(seconds=10)
    assert (piped.waiting(), piped.waiting("dead")) == (0, 1)
    assert piped.inputs() == []


def test_a_message_that_was_not_deleted_is_delivered_again(piped: Piped) -> None:
    piped.pipe()
    piped.deny("sqs:DeleteMessage")
    piped.send("a")
    piped.pass_time(seconds=40)
    assert len(piped.inputs()) == 2


@pytest.mark.parametrize("action", ["sqs:ReceiveMessage", "sqs:GetQueueAttributes"])
def test_a_pipe_that_may_not_look_leaves_messages_until_it_may(piped: Piped, action: str) -> None:
    piped.pipe()
    piped.deny(action)
    piped.send("a")
    piped.pass_time(hours=1)
    assert (piped.inputs(), piped.waiting()) == ([], 1)
    piped.allow()
    piped.pass_time(minutes=2)
    assert (len(piped.inputs()), piped.waiting()) == (1, 0)


def test_a_pipe_needs_a_role_that_trusts_pipes(piped: Piped) -> None:
    piped.pipe(RoleArn=make_role(piped.aws, "others", EVERYTHING, ["events"]))
    piped.send("a")
    piped.pass_time(minutes=1)
    assert piped.inputs() == []
    assert "sts:AssumeRole" in {denial.action for denial in piped.aws.iam.denials}


TARGET: dict[str, Any] = PARAMETERS["TargetParameters"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"TargetParameters": {}}, "ValidationException"),
        (
            {"SourceParameters": {"SqsQueueParameters": {"BatchSize": 11}}},
            "ValidationException",
        ),
    ],
)
def test_what_aws_refuses_is_refused(piped: Piped, changed: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        piped.pipe(**changed)
    assert refused.value.response["Error"]["Code"] == code  # pyright: ignore[reportTypedDictNotRequiredAccess] - it always has one


def test_a_name_is_taken_once(piped: Piped) -> None:
    piped.pipe()
    with pytest.raises(ClientError, match="already exists"):
        piped.pipe()


@pytest.mark.parametrize(
    "changed",
    [
        {"Enrichment": "arn:aws:lambda:eu-west-1:123456789012:function:f"},
        {"TargetParameters": {**TARGET, "InputTemplate": "{}"}},
        {"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}},
        {"Source": "arn:aws:sqs:eu-west-1:123456789012:orders.fifo"},
    ],
)
def test_what_is_not_rehearsed_is_an_error_by_name(piped: Piped, changed: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError, match="is not rehearsed"):
        piped.pipe(**changed)
