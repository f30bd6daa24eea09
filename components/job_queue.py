"""A queue of the stack, whose messages start a job or wait for a program to take them."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.names import Names
from definitions.policies import resources

MAX_RECEIVES = 5
"""After so many failures a message is a dead letter: what the Lambda guide advises at least for
messages that a service takes off a queue."""


@dataclass(frozen=True, kw_only=True)
class JobQueueArgs:
    """How long the queue hides and keeps messages."""

    names: Names
    queue: str
    """Name that jobs and containers call it by."""
    visibility_timeout_seconds: int
    """How long a message that somebody took is hidden from others, up to 43,200."""
    retention_days: int
    """How long a message waits, up to 14."""
    dead_letter_queue_arn: pulumi.Input[str]
    """Where messages go that nobody could deal with: the stack's, which has an alarm."""


class JobQueue(pulumi.ComponentResource):
    """An encrypted SQS queue that is reached over TLS only.

    Children: ``<name>-queue``, ``<name>-policy``.
    """

    pulumi_type = "fargate-batch:index:JobQueue"

    arn: pulumi.Output[str]
    """ARN of the queue."""
    url: pulumi.Output[str]
    """Its address, for who sends messages."""

    def __init__(
        self, name: str, args: JobQueueArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        queue = aws.sqs.Queue(
            f"{name}-queue",
            name=args.names.chosen(args.queue),
            visibility_timeout_seconds=args.visibility_timeout_seconds,
            message_retention_seconds=args.retention_days * 86_400,
            sqs_managed_sse_enabled=True,
            redrive_policy=pulumi.Output.from_input(args.dead_letter_queue_arn).apply(
                lambda arn: json.dumps(
                    {"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES}
                )
            ),
            opts=child,
        )
        aws.sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=queue.url,
            policy=resources.queue_policy(args.names.queue_arn(args.queue)),
            opts=child,
        )
        self.arn = queue.arn
        self.url = queue.url
        self.register_outputs({"arn": self.arn, "url": self.url})
