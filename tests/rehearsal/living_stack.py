"""A deployed stack whose policies and network are changed, one thing at a time, and put back."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rehearsal.cloud import EmbeddedAws, SlackMessage
from rehearsal.cloud.policy_documents import Document
from rehearsal.engine import deploy
from rehearsal.provider import AwsProvider
from stacks.stack_file import read_stack_file

PROJECT = Path(__file__).parents[2]
START = datetime(2026, 11, 23, 0, 5, 17, tzinfo=UTC)
QUICKLY = ["python", "-c", "pass"]


@dataclass
class LivingStack:
    """A stack in an embedded AWS, and ways to run its job and to break it."""

    aws: EmbeddedAws
    exports: dict[str, Any]
    prefix: str
    job: str
    machine_arn: str
    trigger: dict[str, Any]
    """What the job's schedule hands to the dispatcher."""

    def run(self, command: list[str] | None = QUICKLY, overlap: str = "allow") -> dict[str, Any]:
        """Trigger the job by hand; return its ended run, or the dispatcher's if none started."""
        clock, states = self.aws.clock, self.aws.client("stepfunctions")
        clock.run_until(clock.now() + timedelta(minutes=1))
        more = {} if command is None else {"command": command}
        when = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
        trigger = {
            **self.trigger,
            "overlap": overlap,
            "scheduledTime": when,
            "input": {**self.trigger.get("input", {}), "notify": "all", **more},
        }
        started = states.start_execution(
            stateMachineArn=self.exports["dispatcherArn"], input=json.dumps(trigger)
        )
        dispatched = self.aws.wait_for(started["executionArn"])
        run = f"{self.machine_arn}:{self.job}-{when.replace(':', '')}"
        run = run.replace(":stateMachine:", ":execution:")
        try:
            states.describe_execution(executionArn=run)
        except states.exceptions.ExecutionDoesNotExist:
            return dispatched
        ended = self.aws.wait_for(run)
        clock.run_until(clock.now() + timedelta(minutes=2))  # the notifier tries for 75 s
        return ended

    def messages(self, run: str) -> list[SlackMessage]:
        """Return what Slack was told about a run."""
        return [message for message in self.aws.slack if run in json.dumps(message.notification)]

    def document(self, kind: str, owner: str) -> Document:
        """Find a policy document by its kind and the end of its owner's name."""
        (found,) = [
            document
            for document in self.aws.iam.documents.all()
            if document.kind == kind and document.owner.endswith(owner)
        ]
        return found

    @contextmanager
    def changed(
        self, document: Document, change: Callable[[list[dict[str, Any]]], None]
    ) -> Generator[None]:
        """Change the statements of a document for a while; forget what was denied before."""
        documents = self.aws.iam.documents
        before = documents.read(document)
        after = json.loads(before)
        change(after["Statement"])
        assert after != json.loads(before)
        documents.write(document, json.dumps(after))
        self.aws.iam.denials.clear()
        self.aws.network.refusals.clear()
        try:
            yield
        finally:
            documents.write(document, before)

    def letters(self) -> list[dict[str, str]]:
        """Take the dead letters; return their attributes."""
        sqs = self.aws.client("sqs")
        url = self.exports["deadLetterQueueUrl"]
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [
            {"body": message["Body"]}
            | {
                name: value["StringValue"]
                for name, value in message.get("MessageAttributes", {}).items()
            }
            for message in answer.get("Messages", [])
        ]


def without(action: str) -> Callable[[list[dict[str, Any]]], None]:
    """Take an action out of every statement."""

    def change(statements: list[dict[str, Any]]) -> None:
        for statement in list(statements):
            statement["Action"] = [one for one in _list(statement["Action"]) if one != action]
            if not statement["Action"]:
                statements.remove(statement)

    return change


def without_statement(sid: str) -> Callable[[list[dict[str, Any]]], None]:
    """Take a statement out."""

    def change(statements: list[dict[str, Any]]) -> None:
        statements[:] = [statement for statement in statements if statement["Sid"] != sid]

    return change


def with_condition(operator: str, key: str, value: str) -> Callable[[list[dict[str, Any]]], None]:
    """Put another value behind a condition of every statement."""

    def change(statements: list[dict[str, Any]]) -> None:
        for statement in statements:
            statement.setdefault("Condition", {}).setdefault(operator, {})[key] = value

    return change


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


@contextmanager
def living_stack(stack: str) -> Generator[LivingStack]:
    """Deploy a stack of this project."""
    stack_file = read_stack_file(PROJECT, stack)
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        exports = deploy(PROJECT, stack_file, AwsProvider(aws), lambda *_: None).outputs
        for bucket in exports["bucketNames"].values():
            aws.client("s3").put_object(Bucket=bucket, Key="README.txt", Body=b"read me")
        job, machine_arn = min(exports["jobMachineArns"].items())
        schedule = aws.client("scheduler").get_schedule(
            GroupName=exports["scheduleGroup"], Name=job
        )
        yield LivingStack(
            aws=aws,
            exports=dict(exports),
            prefix=f"fargate-batch-{stack}",
            job=job,
            machine_arn=machine_arn,
            trigger=json.loads(schedule["Target"]["Input"]),
        )
