"""One worker: a container that fetches a task of an activity, works, and answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.fargate_batch_job import JobPlatform
from components.job_container import JobContainer
from components.standard_machine import standard_machine
from components.trigger_schedules import SCHEDULED_TIME, trigger_schedules
from definitions.dispatcher_machine import trigger
from definitions.policies import programs
from definitions.timetable import Timetable
from definitions.worker_machine import worker_machine


@dataclass(frozen=True, kw_only=True)
class ActivityWorkerArgs:
    """What works, when, and how long nothing may be heard of it."""

    platform: JobPlatform
    worker: str
    """Name of the worker."""
    command: list[str]
    """Program and arguments."""
    container: str
    """Name of the container that it runs in."""
    made: JobContainer
    """The same, as it is made: its role is given the right to fetch and answer."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables beside the container's."""
    timetable: Timetable = field(default_factory=Timetable)
    """When it runs; without schedules it is only started by hand."""
    expect_success_within_seconds: int | None = None
    """How long after each of its times some run must have succeeded; ``None``: nobody asks."""
    timeout_seconds: int = 3600
    """Longest time from fetching the task to the answer."""
    heartbeat_seconds: int = 60
    """Longest silence in between."""
    overlap: str = "forbid"
    """When an older run is still going: ``forbid`` or ``replace``."""
    debug: bool = False
    """Whether people may open a shell in its tasks; its container must let them."""
    notify: str | dict[str, Any] = "failure"
    """What is worth a message, as a job says it."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tags beside the stack's."""

    def __post_init__(self) -> None:
        if not self.command:
            raise ValueError("command: must name at least the program")
        if not self.heartbeat_seconds < self.timeout_seconds:
            raise ValueError("heartbeat_seconds: must be shorter than timeout_seconds")


class ActivityWorker(pulumi.ComponentResource):
    """An activity, the machine that starts its worker and waits for the answer, a schedule.

    Children: ``<name>-activity``, ``<name>-policy``, ``<name>-machine``, ``<name>-schedule`` (if it
    has one), ``<name>-schedule-2`` and so on (if it has more).
    """

    pulumi_type = "fargate-batch:index:ActivityWorker"

    machine_arn: pulumi.Output[str]
    """ARN of the worker's machine; its executions are the worker's runs."""

    def __init__(
        self, name: str, args: ActivityWorkerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        platform, names = args.platform, args.platform.names

        activity = aws.sfn.Activity(
            f"{name}-activity", name=names.chosen(args.worker), tags=args.tags, opts=child
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            name=f"worker-{args.worker}",
            role=names.task_role(args.container),
            policy=programs.worker_policy(names, args.worker),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.made]),
        )
        machine = standard_machine(
            f"{name}-machine",
            name=names.chosen(args.worker),
            role_arn=names.role_arn(names.of("runner")),
            definition=pulumi.Output.from_input(platform.placement).apply(
                lambda placement: json.dumps(
                    worker_machine(
                        worker=args.worker,
                        activity_arn=names.activity_arn(args.worker),
                        command=args.command,
                        environment=args.environment,
                        family=names.family_arn(args.container),
                        log_group=names.log_group(args.container),
                        timeout_seconds=args.timeout_seconds,
                        heartbeat_seconds=args.heartbeat_seconds,
                        placement=placement,
                        debug=args.debug,
                    )
                )
            ),
            log_destination=names.execution_log_destination,
            tracing=platform.tracing,
            tags={"worker": args.worker, **args.tags},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[activity, policy]),
        )
        trigger_schedules(
            f"{name}-schedule",
            names=names,
            starts=args.worker,
            timetable=args.timetable,
            success_within_seconds=args.expect_success_within_seconds,
            keep_paused=platform.keep_paused,
            role_arn=platform.scheduler_role_arn,
            trigger=trigger(
                job=args.worker,
                container=args.container,
                overlap=args.overlap,
                scheduled_time=SCHEDULED_TIME,
                calendar=args.timetable.calendar,
                notify=args.notify,
            ),
            # They name the dispatcher, not the machine, which must be there when they fire.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[machine]),
        )

        self.machine_arn = machine.arn
        self.register_outputs({"machine_arn": self.machine_arn})
