"""A topic that this account publishes to, encrypted and over TLS."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.names import Names
from definitions.policies import resources


@dataclass(frozen=True, kw_only=True)
class PrivateTopicArgs:
    """Whose topic it is."""

    names: Names
    topic: str
    """Name that containers call it by."""
    key_arn: pulumi.Input[str]
    """Key that encrypts what is published."""


class PrivateTopic(pulumi.ComponentResource):
    """An SNS topic for whoever subscribes to it.

    Children: ``<name>-topic``, ``<name>-policy``.
    """

    pulumi_type = "fargate-batch:index:PrivateTopic"

    topic_arn: pulumi.Output[str]
    """ARN of the topic."""

    def __init__(
        self, name: str, args: PrivateTopicArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-topic",
            name=args.names.chosen(args.topic),
            kms_master_key_id=args.key_arn,
            opts=child,
        )
        aws.sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=resources.chosen_topic_policy(args.names, args.topic),
            opts=child,
        )
        self.topic_arn = topic.arn
        self.register_outputs({"topic_arn": self.topic_arn})
