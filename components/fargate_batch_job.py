"""One scheduled job."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.standard_machine import standard_machine
from components.trigger_events import trigger_pipes, trigger_rules
from components.trigger_schedules import SCHEDULED_TIME, trigger_schedules
from definitions import sizes
from definitions.dispatcher_machine import trigger
from definitions.job_array import JobArray
from definitions.job_machine import Capacity, RetryBudgets, TaskPlacement, job_machine
from definitions.names import Names
from definitions.timetable import Timetable
from definitions.watcher_machine import warned


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
    rule_role_arn: pulumi.Input[str] | None = None
    """Role of the rules, likewise; ``None`` where no job listens to an event."""
    pipe_role_arn: pulumi.Input[str] | None = None
    """Role of the pipes, likewise; ``None`` where no job listens to a queue."""
    tracing: bool
    """Whether state machines send traces to X-Ray."""
    keep_paused: bool = False
    """Whether a schedule that people paused stays so when it is updated."""


@dataclass(frozen=True, kw_only=True)
class FargateBatchJobArgs:
    """What to run, when, and what to do when it fails."""

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
    timetable: Timetable = field(default_factory=Timetable)
    """When it runs; without schedules it is started by events, or by hand."""
    event_patterns: Sequence[Mapping[str, Any]] = ()
    """Patterns of EventBridge whose events start it, while the timetable is enabled."""
    queues: Sequence[str] = ()
    """Names of queues of the stack whose messages start it, likewise; the dispatcher must know
    of them."""
    timeout_seconds: int = 3600
    """Longest time for one attempt."""
    retries: RetryBudgets = field(default_factory=RetryBudgets)
    """Waits before further attempts, by class of failure."""
    capacity: Capacity = "onDemand"
    """What its tasks run on; ``retries.spot`` says how often AWS may take them back."""
    heartbeat_seconds: int | None = None
    """How long its program may be silent; ``None`` if it need not tell anything."""
    array: JobArray | None = None
    """Elements that each run fans out into; ``None`` for one task a run."""
    overlap: str = "forbid"
    """When an older run is still going: ``forbid``, ``allow`` or ``replace``."""
    debug: bool = False
    """Whether people may open a shell in its tasks; its container must let them."""
    notify: str | dict[str, Any] = "failure"
    """What is worth a message: ``failure``, ``success``, ``all`` or ``none``, or a map with
    ``channels`` and ``onRecovery`` beside the word."""
    expect_success_within_seconds: int | None = None
    """How long after its time a run must have succeeded, or people are told."""
    warn_after_seconds: int | None = None
    """After how long people are told that a run still goes."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tags beside the stack's."""

    def __post_init__(self) -> None:
        if self.cpu_units is not None and self.memory_mib is not None:
            sizes.check_size(self.cpu_units, self.memory_mib)
        if not self.command:
            raise ValueError("command: must name at least the program")

    def trigger(self, scheduled_time: str | None = None) -> dict[str, Any]:
        """Make what the dispatcher is handed to start the job."""
        return trigger(
            job=self.job,
            container=self.container,
            overlap=self.overlap,
            notify=self.notify,
            scheduled_time=scheduled_time,
            **warned(self.warn_after_seconds),
        )


class FargateBatchJob(pulumi.ComponentResource):
    """A job's state machine and its schedule: two AWS resources.

    Children: ``<name>-machine``, ``<name>-schedule`` (if it has one); ``<name>-event`` and
    ``<name>-event-target`` (if an event starts it), ``<name>-pipe`` (if a message does); further
    ones have their numbers behind (``<name>-schedule-2``).
    """

    pulumi_type = "fargate-batch:index:FargateBatchJob"

    machine_arn: pulumi.Output[str]
    """ARN of the job's machine; its executions are the job's runs."""

    def __init__(
        self,
        name: str,
        platform: JobPlatform,
        args: FargateBatchJobArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        names = platform.names

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
                        debug=args.debug,
                        array=args.array,
                        capacity=args.capacity,
                        heartbeat_seconds=args.heartbeat_seconds,
                    )
                )
            ),
            log_destination=names.execution_log_destination,
            tracing=platform.tracing,
            tags={"job": args.job, **args.tags},
            opts=pulumi.ResourceOptions(parent=self),
        )
        # What starts it names the dispatcher, not the machine, which must be there by then.
        after_machine = pulumi.ResourceOptions(parent=self, depends_on=[machine])
        trigger_schedules(
            f"{name}-schedule",
            names=names,
            starts=args.job,
            timetable=args.timetable,
            keep_paused=platform.keep_paused,
            role_arn=platform.scheduler_role_arn,
            trigger=args.trigger(SCHEDULED_TIME),
            success_within_seconds=args.expect_success_within_seconds,
            opts=after_machine,
        )
        if platform.rule_role_arn is not None:
            trigger_rules(
                f"{name}-event",
                names=names,
                starts=args.job,
                patterns=args.event_patterns,
                enabled=args.timetable.enabled,
                start_deadline_seconds=args.timetable.start_deadline_seconds,
                role_arn=platform.rule_role_arn,
                trigger=args.trigger(),
                opts=after_machine,
            )
        if platform.pipe_role_arn is not None:
            trigger_pipes(
                f"{name}-pipe",
                names=names,
                starts=args.job,
                queues=args.queues,
                enabled=args.timetable.enabled,
                role_arn=platform.pipe_role_arn,
                opts=after_machine,
            )

        self.machine_arn = machine.arn
        self.register_outputs({"machine_arn": self.machine_arn})
