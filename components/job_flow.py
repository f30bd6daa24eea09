"""One flow: jobs that wait for one another."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.fargate_batch_job import FargateBatchJob, JobPlatform
from components.standard_machine import standard_machine
from components.trigger_schedules import SCHEDULED_TIME, trigger_schedules
from definitions.dispatcher_machine import trigger
from definitions.flow_machine import FlowStep, flow_machine
from definitions.timetable import Timetable


@dataclass(frozen=True, kw_only=True)
class JobFlowArgs:
    """Which jobs, in which order, when."""

    platform: JobPlatform
    flow: str
    """Name of the flow."""
    steps: Mapping[str, FlowStep]
    """Its jobs, by name."""
    jobs: Sequence[FargateBatchJob]
    """The same, as they are made: a flow may run as soon as it is there."""
    role_arn: pulumi.Input[str]
    """Role of the stack's flows."""
    timetable: Timetable = field(default_factory=Timetable)
    """When it runs; without schedules it is only started by hand."""
    overlap: str = "forbid"
    """When an older run is still going: ``forbid``, ``allow`` or ``replace``."""
    notify: str | dict[str, Any] = "failure"
    """What is worth a message, as a job says it."""
    expect_success_within_seconds: int | None = None
    """How long after its time a run must have succeeded, or people are told."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tags beside the stack's."""


class JobFlow(pulumi.ComponentResource):
    """A flow's state machine and its schedule.

    Children: ``<name>-machine``, ``<name>-schedule`` (if it has one), ``<name>-schedule-2`` and so
    on (if it has more).
    """

    pulumi_type = "fargate-batch:index:JobFlow"

    machine_arn: pulumi.Output[str]
    """ARN of the flow's machine; its executions are the flow's runs."""

    def __init__(
        self, name: str, args: JobFlowArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        names = args.platform.names

        machine = standard_machine(
            f"{name}-machine",
            name=names.chosen(args.flow),
            role_arn=args.role_arn,
            definition=json.dumps(
                flow_machine(
                    flow=args.flow, steps=args.steps, job_machines_arn=names.job_machines_arn
                )
            ),
            log_destination=names.execution_log_destination,
            tracing=args.platform.tracing,
            tags={"flow": args.flow, **args.tags},
            opts=pulumi.ResourceOptions(parent=self, depends_on=args.jobs),
        )
        trigger_schedules(
            f"{name}-schedule",
            names=names,
            starts=args.flow,
            timetable=args.timetable,
            keep_paused=args.platform.keep_paused,
            role_arn=args.platform.scheduler_role_arn,
            trigger=trigger(
                job=args.flow,
                container=None,
                overlap=args.overlap,
                scheduled_time=SCHEDULED_TIME,
                calendar=args.timetable.calendar,
                notify=args.notify,
            ),
            success_within_seconds=args.expect_success_within_seconds,
            # They name the dispatcher, not the machine, which must be there when they fire.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[machine]),
        )

        self.machine_arn = machine.arn
        self.register_outputs({"machine_arn": self.machine_arn})
