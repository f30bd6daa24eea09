"""EventBridge Pipes: moto stores pipes, this lets messages of queues pass through them.

What is rehearsed: from a standard queue to a Standard state machine, without filter, enrichment or
template. On AWS a pipe polls its queue all the time; here it looks when a message can be there.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.pipes import models
from moto.sqs.models import Queue

from rehearsal.cloud import targets
from rehearsal.cloud.repairs import Refusal, Repairs

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

MOST_TOGETHER = 10
"""Messages in one batch without a window (PipeSourceSqsQueueParameters)."""
LOOKS_AGAIN_AFTER = timedelta(minutes=1)
"""After it could not look: the time is ours, AWS names none."""


class Pipes:
    """Moves messages along the running pipes of one embedded AWS."""

    def __init__(self, aws: "EmbeddedAws") -> None:
        self._aws = aws

    def repair(self, repairs: Repairs) -> None:
        """Moto takes any pipe, and none carries anything."""
        pipes = self
        create, update = (
            models.EventBridgePipesBackend.create_pipe,
            models.EventBridgePipesBackend.update_pipe,
        )
        start = models.EventBridgePipesBackend.start_pipe
        add_message = Queue.add_message

        def create_pipe(self: Any, name: str, **more: Any) -> Any:
            if name in self.pipes:
                raise Refusal("ConflictException", f"Pipe {name} already exists.")
            _check(more)
            return pipes._wake(create(self, name=name, **more))

        def update_pipe(self: Any, name: str, **more: Any) -> Any:
            _check(more)
            return pipes._wake(update(self, name=name, **more))

        def start_pipe(self: Any, name: str) -> Any:
            return pipes._wake(start(self, name=name))

        def add(self: Any, message: Any) -> None:
            add_message(self, message)
            pipes._comes(self, message)

        repairs.put(models.EventBridgePipesBackend, "create_pipe", create_pipe)
        repairs.put(models.EventBridgePipesBackend, "update_pipe", update_pipe)
        repairs.put(models.EventBridgePipesBackend, "start_pipe", start_pipe)
        repairs.put(Queue, "add_message", add)

    def _comes(self, queue: Any, message: Any) -> None:
        """Let the pipes of a queue look when a message that was sent to it can be taken."""
        now = self._aws.clock.now().timestamp()
        delay = timedelta(seconds=max(message.delayed_until / 1_000 - now, 0))
        for pipe in models.pipes_backends[self._aws.account][queue.region].pipes.values():
            if pipe.source == queue.queue_arn:
                self._wake(pipe, delay)

    def _wake(self, pipe: Any, after: timedelta = timedelta(0)) -> Any:
        """Let a pipe look into its queue, now or later."""
        self._aws.clock.at(self._aws.clock.now() + after, lambda: self._look(pipe), pipe.arn)
        return pipe

    def _look(self, pipe: Any) -> None:
        """Carry one batch, and look again if there was one."""
        aws = self._aws
        known = models.pipes_backends[aws.account][pipe.region_name].pipes
        if known.get(pipe.name) is not pipe or pipe.desired_state != "RUNNING":
            return
        try:
            aws.iam.admit(source=pipe.arn, role=pipe.role_arn, target=pipe.source)
            sqs = aws.client("sqs", pipe.region_name, role=pipe.role_arn)
            # Not by GetQueueUrl: a pipe's role needs no right to that.
            url = f"https://sqs.{pipe.region_name}.amazonaws.com/{aws.account}/{_queue(pipe)}"
            hidden = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
            answer = sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_batch_size(pipe.source_parameters),
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        except ClientError:
            self._wake(pipe, LOOKS_AGAIN_AFTER)
            return
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        if not messages:
            return
        target = {"Arn": pipe.target, "RoleArn": pipe.role_arn}
        text = json.dumps([_record(pipe, message) for message in messages], ensure_ascii=False)
        try:
            targets.send(aws, target, text, region=pipe.region_name, source=pipe.arn)
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        except ClientError:
            # They stay hidden for a while; SQS makes dead letters of those that come too often.
            seconds = int(hidden["Attributes"]["VisibilityTimeout"])
            self._wake(pipe, timedelta(seconds=seconds, milliseconds=1))
        self._wake(pipe)


def _check(given: dict[str, Any]) -> None:
    """Refuse what AWS refuses; what is only not rehearsed is an error by name."""
    source = given.get("source") or "arn:aws:sqs:"
    parameters: dict[str, Any] = given.get("source_parameters") or {}
    target, more = given.get("target"), given.get("target_parameters") or {}
    queue: dict[str, Any] = parameters.get("SqsQueueParameters") or {}
    if not 1 <= _batch_size(parameters) <= MOST_TOGETHER:
        raise Refusal("ValidationException", "BatchSize is not between 1 and 10.")
    machine: dict[str, Any] = more.get("StepFunctionStateMachineParameters") or {}
    if machine.get("InvocationType") != "FIRE_AND_FORGET":
        # REQUEST_RESPONSE, the default, is for Express machines ("Amazon EventBridge Pipes
        # targets", Step Functions).
        raise Refusal(
            "ValidationException",
            "A Standard state machine can only be invoked with FIRE_AND_FORGET.",
        )
    strange = [
        *(["source"] if ":sqs:" not in source or source.endswith(".fifo") else []),
        *(["target"] if target and ":stateMachine:" not in target else []),
        *(["enrichment"] if given.get("enrichment") else []),
        *sorted(parameters.keys() - {"SqsQueueParameters"}),
        *sorted(queue.keys() - {"BatchSize"}),
        *sorted(more.keys() - {"StepFunctionStateMachineParameters"}),
    ]
    if strange:
        raise NotImplementedError(f"a pipe with this {strange[0]} is not rehearsed")


def _batch_size(source_parameters: dict[str, Any] | None) -> int:
    queue: dict[str, Any] = (source_parameters or {}).get("SqsQueueParameters") or {}
    return int(queue.get("BatchSize", MOST_TOGETHER))


def _queue(pipe: Any) -> str:
    return pipe.source.rpartition(":")[2]


def _record(pipe: Any, message: dict[str, Any]) -> dict[str, Any]:
    """Write a message as pipes do ("Amazon Simple Queue Service as a source", example event)."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {
                "stringValue": value.get("StringValue"),
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": value["DataType"],
            }
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": pipe.source,
        "awsRegion": pipe.region_name,
    }
