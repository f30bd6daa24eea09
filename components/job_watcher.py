"""What sees that a run is missing, or takes too long."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.alarm import Metric, alarm_at_first, ended_badly
from components.standard_machine import standard_machine
from definitions.names import Names
from definitions.policies import roles, trust
from definitions.watcher_machine import started_pattern, watcher_machine


@dataclass(frozen=True, kw_only=True)
class JobWatcherArgs:
    """What there is to see."""

    names: Names
    missing: bool
    """Whether some runs have to succeed in time."""
    late: bool
    """Whether some runs must not take too long."""
    calendars: Mapping[str, Any]
    """Tables of the calendars and clocks of the jobs that are watched (``calendar_tables``)."""
    dead_letter_queue_arn: pulumi.Input[str]
    """Queue of what could not be delivered; known once the rule is admitted."""
    dead_letter_queue_url: pulumi.Input[str]
    """The same queue's address: a trigger that is missing may be there."""
    execution_log_destination: pulumi.Input[str]
    """Where every state machine logs to."""
    alarm_topic_arn: pulumi.Input[str]
    """Topic that hears when the watcher itself fails."""
    tracing: bool
    """Whether the state machine sends traces to X-Ray."""
    runbooks: str | None = None
    """Address under which the runbooks are shown that its alarm names."""


class JobWatcher(pulumi.ComponentResource):
    """A state machine that waits and then looks, and the rule that lets it watch a run's time.

    Children: ``<name>-role``, ``<name>-policy``, ``<name>-machine``, ``<name>-failed`` (alarm); if
    runs must not take too long, also ``<name>-events-role``, ``<name>-events-policy``,
    ``<name>-started`` (rule), ``<name>-started-target``.
    """

    pulumi_type = "fargate-batch:index:JobWatcher"

    machine_arn: pulumi.Output[str]
    """ARN of the watcher; known once it hears of runs."""
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""

    def __init__(
        self, name: str, args: JobWatcherArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names, machine_name, rule_name = (
            args.names,
            args.names.of("watcher"),
            args.names.of("started"),
        )
        role = aws.iam.Role(
            f"{name}-role",
            name=machine_name,
            description="Watcher: look at schedules and runs, start the notifier",
            assume_role_policy=trust.machine_trust(names, machine_name),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=roles.watcher_policy(names, missing=args.missing, tracing=args.tracing),
            opts=child,
        )
        machine = standard_machine(
            f"{name}-machine",
            name=machine_name,
            role_arn=role.arn,
            definition=pulumi.Output.from_input(args.dead_letter_queue_url).apply(
                lambda url: json.dumps(
                    watcher_machine(
                        names=names, dead_letter_queue_url=url, calendars=args.calendars
                    )
                )
            ),
            log_destination=args.execution_log_destination,
            tracing=args.tracing,
            # A machine made before its role's policy may be refused.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        target = self._hear_of_starts(name, rule_name, machine, args) if args.late else None
        failed = alarm_at_first(
            f"{name}-failed",
            names=names,
            alarm="watcher-failed",
            runbooks=args.runbooks,
            description=(
                f"Look at the executions of {machine_name} that failed, timed out or were aborted: "
                "the input of each names a run; see yourself whether it has succeeded, and mend "
                "what the cause names. "
                + (
                    f"If there are none, the rule {rule_name} could not start it: the dead letters "
                    f"in {names.of('dead-letters')} say why."
                    if args.late
                    else ""
                )
            ).strip(),
            metrics=[
                *ended_badly(machine.arn),
                *(
                    [
                        Metric(
                            namespace="AWS/Events",
                            name="FailedInvocations",
                            dimensions={"RuleName": rule_name},
                        )
                    ]
                    if args.late
                    else []
                ),
            ],
            topic_arn=args.alarm_topic_arn,
            opts=child,
        )
        self.machine_arn = pulumi.Output.all(machine.arn, target and target.id).apply(
            lambda known: known[0]
        )
        self.alarm_arns = [failed.arn]
        self.register_outputs({"machine_arn": self.machine_arn})

    def _hear_of_starts(
        self, name: str, rule_name: str, machine: aws.sfn.StateMachine, args: JobWatcherArgs
    ) -> aws.cloudwatch.EventTarget:
        child, names = pulumi.ResourceOptions(parent=self), args.names
        role = aws.iam.Role(
            f"{name}-events-role",
            name=rule_name,
            description="Rule on the start of runs: start the watcher",
            assume_role_policy=trust.rule_trust(names, rule_name),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-events-policy",
            role=role.name,
            policy=roles.rule_policy(names, names.of("watcher")),
            opts=child,
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-started",
            name=rule_name,
            description="The start of every run that must not take too long",
            event_pattern=json.dumps(started_pattern(names)),
            opts=child,
        )
        return aws.cloudwatch.EventTarget(
            f"{name}-started-target",
            rule=rule.name,
            target_id="watcher",
            arn=machine.arn,
            role_arn=role.arn,
            dead_letter_config={"arn": args.dead_letter_queue_arn},
            # Without the role's policy, events would go to the dead letters without a retry.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
