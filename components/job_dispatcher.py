"""What stands between the schedules and the jobs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.alarm import Metric, alarm_at_first, ended_badly
from components.standard_machine import standard_machine
from definitions.dispatcher_machine import dispatcher_machine, skipped_machine
from definitions.events import hearing_events
from definitions.names import Names
from definitions.policies import roles, trust


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
    watched: bool = False
    """Whether some schedules start the watcher."""
    messages: Mapping[str, Mapping[str, Any]] | None = None
    """Trigger of a message in each queue, by the queue's ARN; ``None`` where no event starts a
    job."""
    rules: bool = False
    """Whether rules of EventBridge start jobs."""
    pipes: bool = False
    """Whether pipes start jobs."""
    runbooks: str | None = None
    """Address under which the runbooks are shown that alarms name."""


class JobDispatcher(pulumi.ComponentResource):
    """The state machine that makes at most one run of a trigger, and the schedules' groups.

    One group is of the schedules that Pulumi makes, one of those that people add: it is part of the
    stack so that they go with it.

    Children: ``<name>-role``, ``<name>-policy``, ``<name>-machine``, ``<name>-failed`` (alarm),
    ``<name>-skipped-role``, ``<name>-skipped-policy``, ``<name>-skipped`` (machine),
    ``<name>-schedules`` and ``<name>-adhoc`` (groups), ``<name>-scheduler-role``,
    ``<name>-scheduler-policy``, ``<name>-dropped`` and ``<name>-lost`` (alarms).
    """

    pulumi_type = "fargate-batch:index:JobDispatcher"

    machine_arn: pulumi.Output[str]
    """ARN of the dispatcher: start it to run a job by hand."""
    schedule_group_name: pulumi.Output[str]
    """Group that the jobs' schedules belong to."""
    scheduler_role_arn: pulumi.Output[str]
    """ARN of the role of the schedules; known once its policy is attached."""
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""

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
            assume_role_policy=trust.machine_trust(names, skipped_name),
            opts=child,
        )
        skipped_policy = aws.iam.RolePolicy(
            f"{name}-skipped-policy",
            role=skipped_role.name,
            policy=roles.skipped_policy(tracing=args.tracing),
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
            assume_role_policy=trust.machine_trust(names, machine_name),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=roles.dispatcher_policy(
                names, tracing=args.tracing, rules=args.rules, pipes=args.pipes
            ),
            opts=child,
        )
        machine = standard_machine(
            f"{name}-machine",
            name=machine_name,
            role_arn=role.arn,
            definition=pulumi.Output.all(**args.task_definition_arns).apply(
                lambda arns: json.dumps(
                    _hearing(
                        args.messages,
                        dispatcher_machine(
                            job_machines_arn=names.job_machines_arn,
                            task_definition_arns=arns,
                            skipped_machine_arn=names.machine_arn(skipped_name),
                            schedule_group=names.prefix,
                            events=args.messages is not None,
                            calendars=args.calendars,
                        ),
                    )
                )
            ),
            log_destination=args.execution_log_destination,
            tracing=args.tracing,
            # A machine made before its role's policy may be refused.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, skipped]),
        )
        failed = alarm_at_first(
            f"{name}-failed",
            names=names,
            alarm="dispatcher-failed",
            runbooks=args.runbooks,
            description=(
                "Start the job again: the input of each execution of "
                f"{machine_name} that failed, timed out or was aborted is a trigger that started "
                "no run; start the dispatcher with it. Before that, mend what its cause names."
            ),
            metrics=ended_badly(machine.arn),
            topic_arn=args.alarm_topic_arn,
            opts=child,
        )

        group = aws.scheduler.ScheduleGroup(f"{name}-schedules", name=names.prefix, opts=child)
        aws.scheduler.ScheduleGroup(f"{name}-adhoc", name=names.adhoc_group, opts=child)
        scheduler_role = aws.iam.Role(
            f"{name}-scheduler-role",
            name=names.of("scheduler"),
            description="Schedules: start the dispatcher",
            assume_role_policy=trust.scheduler_trust(names),
            opts=child,
        )
        scheduler_policy = aws.iam.RolePolicy(
            f"{name}-scheduler-policy",
            role=scheduler_role.name,
            policy=roles.scheduler_policy(names, watched=args.watched),
            opts=child,
        )
        dropped = alarm_at_first(
            f"{name}-dropped",
            names=names,
            alarm="triggers-dropped",
            runbooks=args.runbooks,
            description=(
                f"Read the dead letters in {names.of('dead-letters')}: each is a trigger that did "
                "not reach the dispatcher within its job's startDeadline, and its attributes say "
                "why. Mend that, then start the jobs again with the letters' texts."
            ),
            metrics=[_of_schedules("InvocationDroppedCount", group.name)],
            topic_arn=args.alarm_topic_arn,
            opts=child,
        )
        lost = alarm_at_first(
            f"{name}-lost",
            names=names,
            alarm="triggers-lost",
            runbooks=args.runbooks,
            description=(
                "Look at which runs are missing since this alarm and start their jobs by hand: "
                f"Scheduler could not even put their triggers into {names.of('dead-letters')}. "
                f"Then see that the role {names.of('scheduler')} may send to that queue."
            ),
            metrics=[
                _of_schedules("InvocationsFailedToBeSentToDeadLetterCount", group.name),
            ],
            topic_arn=args.alarm_topic_arn,
            opts=child,
        )

        self.machine_arn = machine.arn
        self.schedule_group_name = group.name
        self.scheduler_role_arn = pulumi.Output.all(scheduler_role.arn, scheduler_policy.id).apply(
            lambda made: made[0]
        )
        self.alarm_arns = [failed.arn, dropped.arn, lost.arn]
        self.register_outputs(
            {
                "machine_arn": self.machine_arn,
                "schedule_group_name": self.schedule_group_name,
                "scheduler_role_arn": self.scheduler_role_arn,
            }
        )


def _of_schedules(name: str, group_name: pulumi.Input[str]) -> Metric:
    return Metric(namespace="AWS/Scheduler", name=name, dimensions={"ScheduleGroup": group_name})


def _hearing(
    messages: Mapping[str, Mapping[str, Any]] | None, machine: dict[str, Any]
) -> dict[str, Any]:
    return machine if messages is None else hearing_events(machine, messages)
