"""What stands between the schedules and the jobs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.alarm import alarm_at_first
from components.standard_machine import standard_machine
from definitions import policies
from definitions.dispatcher_machine import dispatcher_machine, skipped_machine
from definitions.names import Names


@dataclass(frozen=True, kw_only=True)
class JobDispatcherArgs:
    """What the dispatcher hands to runs, and who hears of its failures."""

    names: Names
    task_definition_arns: Mapping[str, pulumi.Input[str]]
    """Current revision of each container's task definition."""
    execution_log_destination: pulumi.Input[str]
    """Where every state machine logs to."""
    alarm_topic_arn: pulumi.Input[str]
    """Topic that hears of triggers that came to nothing."""
    tracing: bool
    """Whether the state machine sends traces to X-Ray."""
    calendars: Mapping[str, Any] | None = None
    """Tables of the calendars that jobs ask (see ``calendar_tables``); ``None`` if none does."""


class JobDispatcher(pulumi.ComponentResource):
    """The state machine that makes at most one run of a trigger, and the schedules' group.

    Children: ``<name>-role``, ``<name>-policy``, ``<name>-machine``, ``<name>-failed`` (alarm),
    ``<name>-skipped-role``, ``<name>-skipped-policy``, ``<name>-skipped`` (machine),
    ``<name>-schedules`` (group), ``<name>-scheduler-role``, ``<name>-scheduler-policy``,
    ``<name>-dropped`` (alarm).
    """

    pulumi_type = "fargate-batch:index:JobDispatcher"

    machine_arn: pulumi.Output[str]
    """ARN of the dispatcher: start it to run a job by hand."""
    schedule_group_name: pulumi.Output[str]
    """Group that the jobs' schedules belong to."""
    scheduler_role_arn: pulumi.Output[str]
    """ARN of the role of the schedules; known once its policy is attached."""

    def __init__(
        self, name: str, args: JobDispatcherArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names, machine_name = args.names, args.names.of("dispatcher")

        skipped_name = names.of("skipped")
        skipped_role = aws.iam.Role(
            f"{name}-skipped-role",
            name=skipped_name,
            description="History of skipped runs: write logs",
            assume_role_policy=policies.machine_trust(names, skipped_name),
            opts=child,
        )
        skipped_policy = aws.iam.RolePolicy(
            f"{name}-skipped-policy",
            role=skipped_role.name,
            policy=policies.skipped_policy(tracing=args.tracing),
            opts=child,
        )
        skipped = standard_machine(
            f"{name}-skipped",
            name=skipped_name,
            role_arn=skipped_role.arn,
            definition=json.dumps(skipped_machine()),
            log_destination=args.execution_log_destination,
            tracing=args.tracing,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[skipped_policy]),
        )

        role = aws.iam.Role(
            f"{name}-role",
            name=machine_name,
            description="Dispatcher: find, stop and start runs",
            assume_role_policy=policies.machine_trust(names, machine_name),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=policies.dispatcher_policy(names, tracing=args.tracing),
            opts=child,
        )
        machine = standard_machine(
            f"{name}-machine",
            name=machine_name,
            role_arn=role.arn,
            definition=pulumi.Output.all(**args.task_definition_arns).apply(
                lambda arns: json.dumps(
                    dispatcher_machine(
                        job_machines_arn=names.job_machines_arn,
                        task_definition_arns=arns,
                        skipped_machine_arn=names.machine_arn(skipped_name),
                        calendars=args.calendars,
                    )
                )
            ),
            log_destination=args.execution_log_destination,
            tracing=args.tracing,
            # A machine made before its role's policy may be refused.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, skipped]),
        )
        alarm_at_first(
            f"{name}-failed",
            name=names.of("dispatcher-failed"),
            description=(
                "A trigger reached the dispatcher and started no run. "
                f"Look at the failed executions of {machine_name}; start the job again."
            ),
            namespace="AWS/States",
            metric_name="ExecutionsFailed",
            dimensions={"StateMachineArn": machine.arn},
            statistic="Sum",
            topic_arn=args.alarm_topic_arn,
            opts=child,
        )

        group = aws.scheduler.ScheduleGroup(f"{name}-schedules", name=names.prefix, opts=child)
        scheduler_role = aws.iam.Role(
            f"{name}-scheduler-role",
            name=names.of("scheduler"),
            description="Schedules: start the dispatcher",
            assume_role_policy=policies.scheduler_trust(names),
            opts=child,
        )
        scheduler_policy = aws.iam.RolePolicy(
            f"{name}-scheduler-policy",
            role=scheduler_role.name,
            policy=policies.scheduler_policy(names),
            opts=child,
        )
        alarm_at_first(
            f"{name}-dropped",
            name=names.of("triggers-dropped"),
            description=(
                "A schedule could not start the dispatcher within a job's startDeadline. "
                "The trigger is in the dead-letter queue, if that could be reached."
            ),
            namespace="AWS/Scheduler",
            metric_name="InvocationDroppedCount",
            dimensions={"ScheduleGroup": group.name},
            statistic="Sum",
            topic_arn=args.alarm_topic_arn,
            opts=child,
        )

        self.machine_arn = machine.arn
        self.schedule_group_name = group.name
        self.scheduler_role_arn = pulumi.Output.all(scheduler_role.arn, scheduler_policy.id).apply(
            lambda made: made[0]
        )
        self.register_outputs(
            {
                "machine_arn": self.machine_arn,
                "schedule_group_name": self.schedule_group_name,
                "scheduler_role_arn": self.scheduler_role_arn,
            }
        )
