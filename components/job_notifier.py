"""Tell people how runs ended."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.alarm import Metric, alarm_at_first, ended_badly
from components.channel_webhook import ChannelWebhook, ChannelWebhookArgs, Webhook
from components.standard_machine import standard_machine
from definitions.names import Names
from definitions.notices import Channels
from definitions.notifier_machine import notifier_machine
from definitions.policies import resources, roles, trust
from definitions.slack import CHATBOT_REGION, configurations

GUARD_RAIL = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
"""The most that anybody can do from the channel; Chatbot's own default is everything."""
ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
DEAD_LETTER_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class SlackChannels:
    """Which channels hear of what; the workspace must have been authorised by hand once."""

    workspace_id: str
    """Slack workspace: ``T…``."""
    success_channel_id: str
    """Channel for successes, of jobs that ask for them: ``C…``."""
    failure_channel_id: str
    """Channel for failures and alarms: ``C…``."""


@dataclass(frozen=True, kw_only=True)
class NamedChannel:
    """A channel that jobs name: one or several ways to the same people."""

    slack_channel_id: str | None = None
    """Channel of the stack's workspace: ``C…``."""
    emails: tuple[str, ...] = ()
    """Addresses; each must confirm by mail."""
    webhook: Webhook | None = None
    """An address to call."""


@dataclass(frozen=True, kw_only=True)
class JobNotifierArgs:
    """Whom to tell."""

    names: Names
    slack: SlackChannels | None
    """Slack, or nobody there."""
    emails: list[str]
    """Addresses that get what the channels get; each must confirm by mail, once a topic."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the topics."""
    execution_log_destination: pulumi.Input[str]
    """Where every state machine logs to."""
    tracing: bool
    """Whether the state machine sends traces to X-Ray."""
    starts_watched: bool = False
    """Whether the watcher's rule may leave events in the dead-letter queue."""
    events_start_jobs: bool = False
    """Whether rules of jobs may leave undeliverable events in the dead-letter queue."""
    channels: Mapping[str, NamedChannel] = field(default_factory=dict[str, NamedChannel])
    """Further channels, by the names that jobs call them."""
    recovery: bool = False
    """Whether some job wants to hear of its first success after a failure."""
    runbooks: str | None = None
    """Address under which the runbooks are shown that messages and alarms name."""


class JobNotifier(pulumi.ComponentResource):
    """One rule for the end of every run, a state machine that writes the message, two topics.

    Whatever cannot be delivered is kept in one encrypted queue, whose alarm goes to the failure
    topic.

    Children: ``<name>-success`` and ``<name>-failure`` (topics), and ``<name>-to-<channel>`` for
    each named channel in Slack or with addresses, all with ``-policy`` and ``-email-<n>`` behind;
    ``<name>-chatbot-role``, ``<name>-chatbot-policy``, ``<name>-slack-success`` and
    ``<name>-slack-failure`` (or one ``<name>-slack`` for both), ``<name>-slack-to-<channel>``,
    ``<name>-webhooks-role``, ``<name>-webhooks-policy``, ``<name>-webhook-<channel>``,
    ``<name>-dead-letters``, ``<name>-dead-letters-policy``, ``<name>-dead-letters-alarm``,
    ``<name>-role``, ``<name>-policy``, ``<name>-machine``, ``<name>-failed`` (alarm),
    ``<name>-events-role``, ``<name>-events-policy``, ``<name>-ended`` (rule),
    ``<name>-ended-target``, ``<name>-rule-failed`` (alarm).
    """

    pulumi_type = "fargate-batch:index:JobNotifier"

    success_topic_arn: pulumi.Output[str]
    """Topic of successes, for whoever else wants to subscribe."""
    failure_topic_arn: pulumi.Output[str]
    """Topic of failures and alarms."""
    dead_letter_queue_arn: pulumi.Output[str]
    """Queue of what could not be delivered; known once senders are admitted."""
    dead_letter_queue_url: pulumi.Output[str]
    """The same queue's address; empty when all is well."""
    listening: pulumi.Output[str]
    """Id of the rule's target: once it is known, no end of a run goes unheard."""
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""

    def __init__(
        self, name: str, args: JobNotifierArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names, rule_name, machine_name = (
            args.names,
            args.names.of("ended"),
            args.names.of("notifier"),
        )

        topics = {
            outcome: self._topic(
                f"{name}-{outcome}",
                names.of(outcome),
                resources.topic_policy(names, names.topic_arn(outcome)),
                args.emails,
                args.key_arn,
            )
            for outcome in ("success", "failure")
        }
        topics |= {
            f"to-{channel}": self._topic(
                f"{name}-to-{channel}",
                names.channel(channel),
                resources.topic_policy(names, names.channel_topic_arn(channel)),
                ways.emails,
                args.key_arn,
            )
            for channel, ways in args.channels.items()
            if ways.slack_channel_id or ways.emails
        }
        if args.slack is not None:
            self._tell_slack(name, names, args.slack, args.channels, topics)
        webhooks = {
            channel: ways.webhook for channel, ways in args.channels.items() if ways.webhook
        }
        channels = Channels(
            topics=tuple(topic.removeprefix("to-") for topic in topics if topic.startswith("to-")),
            webhooks={channel: webhook.format for channel, webhook in webhooks.items()},
        )

        queue = aws.sqs.Queue(
            f"{name}-dead-letters",
            name=names.of("dead-letters"),
            message_retention_seconds=DEAD_LETTER_DAYS * 86_400,
            sqs_managed_sse_enabled=True,
            opts=child,
        )
        queue_policy = aws.sqs.QueuePolicy(
            f"{name}-dead-letters-policy",
            queue_url=queue.url,
            policy=resources.dead_letter_queue_policy(
                names,
                [
                    rule_name,
                    *([names.of("started")] if args.starts_watched else []),
                    *([names.chosen("*")] if args.events_start_jobs else []),
                    *([names.channel("*")] if webhooks else []),
                ],
            ),
            opts=child,
        )
        undelivered = alarm_at_first(
            f"{name}-dead-letters-alarm",
            names=names,
            alarm="dead-letters",
            runbooks=args.runbooks,
            description=(
                f"Read the messages in {names.of('dead-letters')}: each is a trigger, the end of a "
                "run or a message to people that could not be delivered, and its attributes say "
                "why. Mend that, start the jobs of triggers again, then empty the queue: until "
                "it is empty, this alarm tells of no other."
            ),
            metrics=[
                Metric(
                    namespace="AWS/SQS",
                    name="ApproximateNumberOfMessagesVisible",
                    dimensions={"QueueName": queue.name},
                )
            ],
            statistic="Maximum",
            topic_arn=topics["failure"].arn,
            opts=child,
        )

        role = aws.iam.Role(
            f"{name}-role",
            name=machine_name,
            description="Notifier: read the end of runs, publish",
            assume_role_policy=trust.machine_trust(names, machine_name),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=pulumi.Output.from_input(args.key_arn).apply(
                lambda key_arn: roles.notifier_policy(
                    names,
                    key_arn=key_arn,
                    tracing=args.tracing,
                    channels=channels,
                    recovery=args.recovery,
                )
            ),
            opts=child,
        )
        machine = standard_machine(
            f"{name}-machine",
            name=machine_name,
            role_arn=role.arn,
            definition=queue.url.apply(
                lambda url: json.dumps(
                    notifier_machine(
                        names=names,
                        dead_letter_queue_url=url,
                        channels=channels,
                        recovery=args.recovery,
                        runbooks=args.runbooks,
                    )
                )
            ),
            log_destination=args.execution_log_destination,
            tracing=args.tracing,
            # A machine made before its role's policy may be refused.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        failed = alarm_at_first(
            f"{name}-failed",
            names=names,
            alarm="notifier-failed",
            runbooks=args.runbooks,
            description=(
                f"Look at the executions of {machine_name} that failed, timed out or were "
                "aborted: the input of each is the end of a run that nobody was told of. Mend "
                "what its cause names; what could be kept is in the dead-letter queue."
            ),
            metrics=ended_badly(machine.arn),
            topic_arn=topics["failure"].arn,
            opts=child,
        )

        events_role = aws.iam.Role(
            f"{name}-events-role",
            name=names.of("events"),
            description="Rule on the end of runs: start the notifier",
            assume_role_policy=trust.rule_trust(names, rule_name),
            opts=child,
        )
        events_policy = aws.iam.RolePolicy(
            f"{name}-events-policy",
            role=events_role.name,
            policy=roles.rule_policy(names, machine_name),
            opts=child,
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-ended",
            name=rule_name,
            description="The end of every run of this stack's jobs",
            # A prefix, not a list: a pattern has 2,048 characters, a stack may have 1,000 jobs.
            event_pattern=json.dumps(
                {
                    "source": ["aws.states"],
                    "detail-type": ["Step Functions Execution Status Change"],
                    "detail": {
                        "status": list(ENDED),
                        "stateMachineArn": [{"prefix": names.job_machines_arn}],
                        # Elements of an array belong to their run: …:execution:<job>/<label>:…
                        "executionArn": [{"anything-but": {"wildcard": "*/*"}}],
                    },
                }
            ),
            opts=child,
        )
        target = aws.cloudwatch.EventTarget(
            f"{name}-ended-target",
            rule=rule.name,
            target_id="notifier",
            arn=machine.arn,
            role_arn=events_role.arn,
            dead_letter_config={"arn": queue.arn},
            # Without the role's policy, events would go to the dead letters without a retry.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[events_policy, queue_policy]),
        )

        rule_failed = alarm_at_first(
            f"{name}-rule-failed",
            names=names,
            alarm="rule-failed",
            runbooks=args.runbooks,
            description=(
                "Look at how the latest runs ended, in the Step Functions console: the rule "
                f"{rule_name} could not start {machine_name}, and nobody was told. The dead "
                f"letters in {names.of('dead-letters')} say why, if they could be kept."
            ),
            metrics=[
                Metric(
                    namespace="AWS/Events",
                    name="FailedInvocations",
                    dimensions={"RuleName": rule.name},
                )
            ],
            topic_arn=topics["failure"].arn,
            opts=child,
        )
        heard = (
            self._call_webhooks(name, names, webhooks, queue.arn, queue_policy) if webhooks else []
        )

        self.success_topic_arn = topics["success"].arn
        self.failure_topic_arn = topics["failure"].arn
        self.dead_letter_queue_arn = pulumi.Output.all(queue.arn, queue_policy.id).apply(
            lambda made: made[0]
        )
        self.dead_letter_queue_url = queue.url
        self.listening = pulumi.Output.all(target.id, *heard).apply(lambda known: known[0])
        self.alarm_arns = [undelivered.arn, failed.arn, rule_failed.arn]
        self.register_outputs(
            {
                "success_topic_arn": self.success_topic_arn,
                "failure_topic_arn": self.failure_topic_arn,
                "dead_letter_queue_arn": self.dead_letter_queue_arn,
                "dead_letter_queue_url": self.dead_letter_queue_url,
                "listening": self.listening,
            }
        )

    def _topic(
        self,
        name: str,
        physical_name: str,
        policy: str,
        emails: Iterable[str],
        key_arn: pulumi.Input[str],
    ) -> aws.sns.Topic:
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(name, name=physical_name, kms_master_key_id=key_arn, opts=child)
        aws.sns.TopicPolicy(f"{name}-policy", arn=topic.arn, policy=policy, opts=child)
        for number, address in enumerate(emails):
            aws.sns.TopicSubscription(
                f"{name}-email-{number}",
                topic=topic.arn,
                protocol="email",
                endpoint=address,
                opts=child,
            )
        return topic

    def _call_webhooks(
        self,
        name: str,
        names: Names,
        webhooks: Mapping[str, Webhook],
        queue_arn: pulumi.Output[str],
        queue_policy: aws.sqs.QueuePolicy,
    ) -> list[pulumi.Output[str]]:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-webhooks-role",
            name=names.of("webhooks"),
            description="Rules on the notifier's messages: call webhooks",
            assume_role_policy=trust.rule_trust(names, names.channel("*")),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-webhooks-policy",
            role=role.name,
            policy=roles.webhooks_policy(names),
            opts=child,
        )
        return [
            ChannelWebhook(
                f"{name}-webhook-{channel}",
                ChannelWebhookArgs(
                    names=names,
                    channel=channel,
                    webhook=webhook,
                    role_arn=pulumi.Output.all(role.arn, policy.id).apply(lambda known: known[0]),
                    dead_letter_queue_arn=pulumi.Output.all(queue_arn, queue_policy.id).apply(
                        lambda known: known[0]
                    ),
                ),
                child,
            ).listening
            for channel, webhook in webhooks.items()
        ]

    def _tell_slack(
        self,
        name: str,
        names: Names,
        slack: SlackChannels,
        channels: Mapping[str, NamedChannel],
        topics: Mapping[str, aws.sns.Topic],
    ) -> None:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-chatbot-role",
            name=names.of("chatbot"),
            description="Slack channels: draw the graphs of alarms",
            assume_role_policy=trust.chatbot_trust(names),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-chatbot-policy",
            role=role.name,
            policy=roles.chatbot_policy(names),
            opts=child,
        )
        wanted = {
            "success": slack.success_channel_id,
            "failure": slack.failure_channel_id,
            **{f"to-{channel}": ways.slack_channel_id for channel, ways in channels.items()},
        }
        for one in configurations(names, wanted):
            aws.chatbot.SlackChannelConfiguration(
                f"{name}-{one.role}",
                configuration_name=one.name,
                slack_team_id=slack.workspace_id,
                slack_channel_id=one.channel_id,
                iam_role_arn=role.arn,
                guardrail_policy_arns=[GUARD_RAIL],
                logging_level="ERROR",
                sns_topic_arns=[topics[topic].arn for topic in one.told],
                user_authorization_required=True,
                region=CHATBOT_REGION,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
            )
