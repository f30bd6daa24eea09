"""What jobs, flows and workers become: state machines, which a trigger starts."""

from collections.abc import Mapping

import pulumi

from components.activity_worker import ActivityWorkerArgs
from components.batch_cluster import BatchCluster
from components.fargate_batch_job import FargateBatchJob, FargateBatchJobArgs, JobPlatform
from components.flow_role import FlowRole, FlowRoleArgs
from components.job_container import JobContainer
from components.job_flow import JobFlow, JobFlowArgs
from components.task_network import TaskNetwork
from definitions.job_array import is_inline
from definitions.job_machine import TaskPlacement
from definitions.names import Names
from stacks.definitions import array_of, event_patterns, retries_of, steps_of
from stacks.references import told_environment
from stacks.settings import Settings
from stacks.settings.jobs import JobSettings
from stacks.settings.schedules import timetable_of
from stacks.settings.workers import WorkerSettings


def job_args(name: str, job: JobSettings, settings: Settings, names: Names) -> FargateBatchJobArgs:
    """Combine what one job's machine is told, and what starts it."""
    return FargateBatchJobArgs(
        job=name,
        command=list(job.command),
        container=job.container,
        environment=told_environment(job.environment, settings, names),
        cpu_units=job.cpu_units,
        memory_mib=job.memory_mib,
        timetable=timetable_of(name, job, settings.now),
        event_patterns=list(event_patterns(job.on, names)),
        queues=[event.message.queue for event in job.on if event.message],
        timeout_seconds=job.timeout_seconds,
        retries=retries_of(job),
        capacity=job.capacity,
        heartbeat_seconds=job.progress and job.progress.heartbeat_seconds,
        array=array_of(job),
        overlap=job.overlap,
        debug=bool(settings.containers[job.container].debug),
        notify=job.notify.in_trigger(),
        expect_success_within_seconds=job.expect_success_within_seconds,
        warn_after_seconds=job.warn_after_seconds,
        tags=job.tags,
    )


def is_distributed(job: JobSettings) -> bool:
    """Tell whether the job's elements are executions of their own."""
    return job.array is not None and not is_inline(
        job.array.elements, retries_of(job).most_attempts
    )


def task_placement(cluster: BatchCluster, network: TaskNetwork) -> pulumi.Output[TaskPlacement]:
    """Combine what all jobs are told once, not once a job; known when tasks can start."""
    return pulumi.Output.all(
        cluster_arn=cluster.cluster_arn,
        runner=[cluster.runner_role_arn, cluster.execution_log_destination],
        subnet_ids=network.subnet_ids,
        security_group_ids=network.security_group_ids,
        ready=network.ready,
    ).apply(
        lambda known: TaskPlacement(
            cluster_arn=known["cluster_arn"],
            subnet_ids=tuple(known["subnet_ids"]),
            security_group_ids=tuple(known["security_group_ids"]),
            assign_public_ip=network.assign_public_ip,
        )
    )


def made_flows(
    settings: Settings,
    platform: JobPlatform,
    jobs: Mapping[str, FargateBatchJob],
    ours: pulumi.ResourceOptions,
) -> dict[str, JobFlow]:
    """Make the flows, and their role if there is any."""
    if not settings.flows:
        return {}
    role = FlowRole("flows", FlowRoleArgs(names=platform.names, tracing=settings.tracing), ours)
    return {
        name: JobFlow(
            f"flow-{name}",
            JobFlowArgs(
                platform=platform,
                flow=name,
                steps=steps_of(flow, settings, platform.names),
                jobs=[jobs[job] for job in flow.jobs],
                role_arn=role.arn,
                timetable=timetable_of(name, flow, settings.now),
                overlap=flow.overlap,
                notify=flow.notify.in_trigger(),
                expect_success_within_seconds=flow.expect_success_within_seconds,
                tags=flow.tags,
            ),
            ours,
        )
        for name, flow in settings.flows.items()
    }


def worker_args(
    name: str,
    worker: WorkerSettings,
    settings: Settings,
    platform: JobPlatform,
    containers: Mapping[str, JobContainer],
) -> ActivityWorkerArgs:
    """Combine what one worker's machine is told, and what starts it."""
    return ActivityWorkerArgs(
        platform=platform,
        worker=name,
        command=list(worker.command),
        container=worker.container,
        made=containers[worker.container],
        environment=told_environment(worker.environment, settings, platform.names),
        timetable=timetable_of(name, worker, settings.now),
        expect_success_within_seconds=worker.expect_success_within_seconds,
        timeout_seconds=worker.timeout_seconds,
        heartbeat_seconds=worker.heartbeat_seconds,
        debug=bool(settings.containers[worker.container].debug),
        overlap=worker.overlap,
        notify=worker.notify.in_trigger(),
        tags=worker.tags,
    )
