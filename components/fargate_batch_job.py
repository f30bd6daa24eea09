"""One scheduled job."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.standard_machine import standard_machine
from definitions import schedules, sizes
from definitions.calendars import CalendarRules
from definitions.dispatcher_machine import trigger
from definitions.job_machine import RetryBudgets, TaskPlacement, job_machine
from definitions.names import Names

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""Scheduler puts the time that a run is for in the place of these words."""
MOST_DELIVERIES = 185
"""Scheduler's own maximum: what ends the attempts is the start deadline."""


@dataclass(frozen=True, kw_only=True)
class JobPlatform:
    """What all jobs of a stack share, made once for all of them."""

    names: Names
    """What the convention names is written as text: at 1,000 jobs, waiting for a value that is
    known anyway is a third of an evaluation (`make bench`)."""
    placement: pulumi.Input[TaskPlacement]
    """Where tasks run; known once machines can be made and their tasks can start."""
    scheduler_role_arn: pulumi.Input[str]
    """Role of the schedules; known once all that a schedule names is there."""
    tracing: bool
    """Whether state machines send traces to X-Ray."""


@dataclass(frozen=True, kw_only=True)
class FargateBatchJobArgs:
    """What to run, when, and what to do when it fails."""

    platform: JobPlatform
    job: str
    """Name of the job."""
    command: list[str]
    """Program and arguments."""
    container: str = "default"
    """Container that it runs in."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables beside the container's."""
    cpu_units: int | None = None
    """CPU units; ``None`` for the container's."""
    memory_mib: int | None = None
    """Memory in MiB; ``None`` for the container's."""
    schedule: str | None = None
    """``cron(...)`` or ``rate(...)``; ``None`` for a job that is only started by hand."""
    timezone: str = "UTC"
    """IANA name of the time zone of the schedule."""
    calendar_rules: CalendarRules = field(default_factory=CalendarRules)
    """On which days of the schedule it runs."""
    timeout_seconds: int = 3600
    """Longest time for one attempt."""
    retries: RetryBudgets = field(default_factory=RetryBudgets)
    """Waits before further attempts, by class of failure."""
    overlap: str = "forbid"
    """When an older run is still going: ``forbid``, ``allow`` or ``replace``."""
    start_deadline_seconds: int = 3600
    """How late a trigger may still be delivered, 60 to 86,400."""
    notify: str = "failure"
    """What is worth a message: ``failure``, ``all`` or ``none``."""
    enabled: bool = True
    """Whether the schedule fires."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tags beside the stack's."""

    def __post_init__(self) -> None:
        if self.schedule is not None:
            schedules.parse(self.schedule)
        if self.cpu_units is not None and self.memory_mib is not None:
            sizes.check_size(self.cpu_units, self.memory_mib)
        if not self.command:
            raise ValueError("command: must name at least the program")


class FargateBatchJob(pulumi.ComponentResource):
    """A job's state machine and its schedule: two AWS resources.

    Children: ``<name>-machine``, ``<name>-schedule`` (if it has one).
    """

    pulumi_type = "fargate-batch:index:FargateBatchJob"

    machine_arn: pulumi.Output[str]
    """ARN of the job's machine; its executions are the job's runs."""

    def __init__(
        self, name: str, args: FargateBatchJobArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        platform, names = args.platform, args.platform.names

        machine = standard_machine(
            f"{name}-machine",
            name=names.chosen(args.job),
            role_arn=names.role_arn(names.of("runner")),
            definition=pulumi.Output.from_input(platform.placement).apply(
                lambda placement: json.dumps(
                    job_machine(
                        job=args.job,
                        command=args.command,
                        environment=args.environment,
                        family=names.family_arn(args.container),
                        log_group=names.log_group(args.container),
                        cpu_units=args.cpu_units,
                        memory_mib=args.memory_mib,
                        timeout_seconds=args.timeout_seconds,
                        retries=args.retries,
                        placement=placement,
                    )
                )
            ),
            log_destination=names.execution_log_destination,
            tracing=platform.tracing,
            tags={"job": args.job, **args.tags},
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.schedule is not None:
            aws.scheduler.Schedule(
                f"{name}-schedule",
                name=args.job,
                group_name=names.prefix,
                description=f"Starts {names.chosen(args.job)}",
                schedule_expression=args.schedule,
                schedule_expression_timezone=args.timezone,
                state="ENABLED" if args.enabled else "DISABLED",
                flexible_time_window={"mode": "OFF"},
                target={
                    "arn": names.machine_arn(names.of("dispatcher")),
                    "role_arn": platform.scheduler_role_arn,
                    "input": json.dumps(
                        trigger(
                            job=args.job,
                            container=args.container,
                            overlap=args.overlap,
                            notify=args.notify,
                            scheduled_time=SCHEDULED_TIME,
                            calendar=args.calendar_rules.in_trigger(args.timezone),
                        )
                    ),
                    "retry_policy": {
                        "maximum_event_age_in_seconds": args.start_deadline_seconds,
                        "maximum_retry_attempts": MOST_DELIVERIES,
                    },
                    "dead_letter_config": {"arn": names.dead_letter_queue_arn},
                },
                # It names the dispatcher, not the machine, which must be there when it fires.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[machine]),
            )

        self.machine_arn = machine.arn
        self.register_outputs({"machine_arn": self.machine_arn})
