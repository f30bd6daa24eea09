"""The whole stack, in the order the data flows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.activity_worker import ActivityWorker, ActivityWorkerArgs
from components.batch_cluster import BatchCluster, BatchClusterArgs
from components.channel_webhook import Webhook
from components.event_roles import EventRoles, EventRolesArgs
from components.fargate_batch_job import FargateBatchJob, FargateBatchJobArgs, JobPlatform
from components.flow_role import FlowRole, FlowRoleArgs
from components.job_container import JobContainer, JobContainerArgs, SecretSource
from components.job_dispatcher import JobDispatcher, JobDispatcherArgs
from components.job_flow import JobFlow, JobFlowArgs
from components.job_image import JobImage, JobImageArgs
from components.job_notifier import JobNotifier, JobNotifierArgs, NamedChannel, SlackChannels
from components.job_queue import JobQueue, JobQueueArgs
from components.job_secret import JobSecret, JobSecretArgs
from components.job_watcher import JobWatcher, JobWatcherArgs
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from components.private_table import PrivateTable, PrivateTableArgs
from components.private_topic import PrivateTopic, PrivateTopicArgs
from components.private_vpc import PrivateVpcWithEndpoints, PrivateVpcWithEndpointsArgs
from components.public_vpc import PublicVpc, PublicVpcArgs
from components.stack_dashboard import StackDashboard, StackDashboardArgs
from components.stack_key import StackKey, StackKeyArgs
from components.task_network import TaskNetwork
from definitions.calendars import calendar_tables
from definitions.dispatcher_machine import JOB_REPLACED
from definitions.events import job_ended, object_created
from definitions.flow_machine import FlowStep
from definitions.grants import Kind
from definitions.job_array import JobArray, is_inline
from definitions.job_machine import SPOT_WAITS, RetryBudgets, TaskPlacement
from definitions.names import Names
from definitions.task_definition import ecr_repository_arn
from definitions.watcher_machine import warned
from stacks.settings import Settings
from stacks.settings.arrays import ArraySettings
from stacks.settings.containers import ContainerSettings
from stacks.settings.events import EventSettings
from stacks.settings.flows import FlowJobSettings
from stacks.settings.grants import Reference
from stacks.settings.jobs import JobSettings
from stacks.settings.notify import ChannelSettings, JobNotifySettings, WebhookSettings
from stacks.settings.schedules import timetable_of
from stacks.settings.storage import (
    BucketReference,
    ParameterReference,
    SecretReference,
    SecretSettings,
)
from stacks.settings.workers import WorkerSettings

PLATFORMS = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}
"""Docker's words for what the settings call an architecture."""


def build(settings: Settings) -> dict[str, Any]:
    """Register every resource; return what the stack exports."""
    # The only questions to AWS, before the first resource: later ones would cost time that grows
    # with the square of the resources (the event loop is entered again for each).
    names = Names(
        project=settings.project,
        stack=settings.stack,
        region=settings.region,
        account=aws.get_caller_identity().account_id,
    )
    zones = _zones(settings)
    jobs = {name: _job(name, job, settings, names) for name, job in settings.jobs.items()}

    provider = aws.Provider(
        "aws",
        region=settings.region,
        profile=settings.profile,
        default_tags={
            "tags": {**settings.tags, "project": settings.project, "stack": settings.stack}
        },
    )
    ours = pulumi.ResourceOptions(provider=provider)

    key = StackKey("key", StackKeyArgs(names=names), ours)
    network = _network(settings, names, zones, key, ours)
    cluster = BatchCluster(
        "batch",
        BatchClusterArgs(
            names=names,
            log_retention_days=settings.log_retention_days,
            key_arn=key.arn,
            container_insights=settings.container_insights,
            tracing=settings.tracing,
            distributed=any(_is_distributed(job) for job in settings.jobs.values()),
            progress=any(job.progress for job in settings.jobs.values()),
            spot=any(job.capacity != "onDemand" for job in settings.jobs.values()),
        ),
        ours,
    )
    watched = [
        entry
        for entry in (
            *settings.jobs.values(),
            *settings.flows.values(),
            *settings.workers.values(),
        )
        if entry.expect_success_within_seconds is not None
    ]
    late = any(job.warn_after_seconds is not None for job in settings.jobs.values())
    notifier = JobNotifier(
        "notifier",
        JobNotifierArgs(
            names=names,
            slack=_slack(settings),
            emails=list(settings.notify.emails),
            channels={
                name: _channel(channel) for name, channel in settings.notify.channels.items()
            },
            recovery=_recovery_is_told(settings),
            key_arn=key.arn,
            execution_log_destination=cluster.execution_log_destination,
            tracing=settings.tracing,
            starts_watched=late,
            events_start_jobs=any(job.event_patterns for job in jobs.values()),
        ),
        ours,
    )
    buckets = {
        name: PrivateBucket(
            f"bucket-{name}",
            PrivateBucketArgs(
                names=names,
                bucket=name,
                versioned=bucket.versioned,
                expire_after_days=bucket.expire_after_days,
                tells_events=name in _buckets_listened_to(settings),
            ),
            ours,
        )
        for name, bucket in settings.buckets.items()
    }
    queues = {
        name: JobQueue(
            f"queue-{name}",
            JobQueueArgs(
                names=names,
                queue=name,
                visibility_timeout_seconds=queue.visibility_timeout_seconds,
                retention_days=queue.retention_days,
                dead_letter_queue_arn=notifier.dead_letter_queue_arn,
            ),
            ours,
        )
        for name, queue in settings.queues.items()
    }
    topics = {
        name: PrivateTopic(
            f"topic-{name}", PrivateTopicArgs(names=names, topic=name, key_arn=key.arn), ours
        )
        for name in settings.topics
    }
    tables = {
        name: PrivateTable(
            f"table-{name}",
            PrivateTableArgs(
                names=names,
                table=name,
                partition_key=table.partition_key,
                sort_key=table.sort_key,
                expire_attribute=table.expire_attribute,
            ),
            ours,
        )
        for name, table in settings.tables.items()
    }
    secret_arns = {
        name: _secret_arn(name, secret, names, key, buckets, ours)
        for name, secret in settings.secrets.items()
    }
    images = {
        (build, architecture): JobImage(
            f"image-{build}-{architecture}",
            JobImageArgs(
                repository=names.repository(f"{build}-{architecture}"),
                build=build,
                platform=PLATFORMS[architecture],
                key_arn=key.arn,
            ),
            ours,
        )
        for build, architecture in _builds(settings)
    }
    containers = {
        name: JobContainer(
            f"container-{name}",
            _container(name, container, settings, names, key, images, secret_arns),
            ours,
        )
        for name, container in settings.containers.items()
    }
    dispatcher = JobDispatcher(
        "dispatcher",
        JobDispatcherArgs(
            names=names,
            task_definition_arns={
                name: container.task_definition_arn for name, container in containers.items()
            },
            execution_log_destination=cluster.execution_log_destination,
            alarm_topic_arn=notifier.failure_topic_arn,
            tracing=settings.tracing,
            watched=bool(watched),
            messages=_messages(names, jobs),
        ),
        ours,
    )
    watcher = None
    if watched or late:
        watcher = JobWatcher(
            "watcher",
            JobWatcherArgs(
                names=names,
                missing=bool(watched),
                late=late,
                calendars=calendar_tables({}, {entry.timezone for entry in watched}),
                dead_letter_queue_arn=notifier.dead_letter_queue_arn,
                dead_letter_queue_url=notifier.dead_letter_queue_url,
                execution_log_destination=cluster.execution_log_destination,
                alarm_topic_arn=notifier.failure_topic_arn,
                tracing=settings.tracing,
            ),
            ours,
        )
    # What a schedule, rule or pipe names as text must be there when it delivers a trigger.
    ready = [
        dispatcher.machine_arn,
        dispatcher.schedule_group_name,
        notifier.dead_letter_queue_arn,
        notifier.listening,
    ]
    roles = _event_roles(names, jobs, ours)
    platform = JobPlatform(
        names=names,
        placement=_placement(cluster, network),
        scheduler_role_arn=_after(
            [*ready, *([watcher.machine_arn] if watcher else [])], dispatcher.scheduler_role_arn
        ),
        rule_role_arn=roles and roles.rule_role_arn and _after(ready, roles.rule_role_arn),
        pipe_role_arn=roles
        and roles.pipe_role_arn
        and _after([*ready, *(queue.arn for queue in queues.values())], roles.pipe_role_arn),
        tracing=settings.tracing,
        keep_paused=settings.keep_paused,
    )
    machines = {
        name: FargateBatchJob(f"job-{name}", platform, job, ours) for name, job in jobs.items()
    }
    flows = _flows(settings, platform, machines, ours)
    workers = {
        name: ActivityWorker(
            f"worker-{name}", _worker(name, worker, settings, platform, containers), ours
        )
        for name, worker in settings.workers.items()
    }
    if settings.dashboard:
        alarm_arns = [*dispatcher.alarm_arns, *notifier.alarm_arns]
        StackDashboard(
            "dashboard",
            StackDashboardArgs(
                names=names,
                alarm_arns=[*alarm_arns, *(watcher.alarm_arns if watcher else [])],
            ),
            ours,
        )

    return {
        "clusterArn": cluster.cluster_arn,
        "dispatcherArn": dispatcher.machine_arn,
        "jobMachineArns": {name: job.machine_arn for name, job in machines.items()},
        "flowMachineArns": {name: flow.machine_arn for name, flow in flows.items()},
        "workerMachineArns": {name: worker.machine_arn for name, worker in workers.items()},
        "scheduleGroup": dispatcher.schedule_group_name,
        "successTopicArn": notifier.success_topic_arn,
        "failureTopicArn": notifier.failure_topic_arn,
        "deadLetterQueueUrl": notifier.dead_letter_queue_url,
        "bucketNames": {name: bucket.bucket_name for name, bucket in buckets.items()},
        "queueUrls": {name: queue.url for name, queue in queues.items()},
        "topicArns": {name: topic.topic_arn for name, topic in topics.items()},
        "tableNames": {name: table.table_name for name, table in tables.items()},
        "repositoryUrls": {
            f"{build}-{architecture}": image.repository_url
            for (build, architecture), image in images.items()
        },
        "logGroups": {name: names.log_group(name) for name in settings.containers},
    }


def _zones(settings: Settings) -> list[str]:
    """Choose zones that every account has (no local zones), the same ones at each update."""
    available = aws.get_availability_zones(
        state="available",
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
    )
    zones, wanted = sorted(available.names), settings.network.availability_zones
    if len(zones) < wanted:
        raise pulumi.RunError(
            f"Pulumi.{settings.stack}.yaml: network.availabilityZones: {wanted}: "
            f"{settings.region} has {len(zones)}; write at most that"
        )
    return zones[:wanted]


def _network(
    settings: Settings,
    names: Names,
    zones: list[str],
    key: StackKey,
    ours: pulumi.ResourceOptions,
) -> TaskNetwork:
    if settings.network.mode == "public":
        return PublicVpc(
            "network",
            PublicVpcArgs(
                names=names,
                cidr=settings.network.cidr,
                zones=zones,
                log_retention_days=settings.log_retention_days,
                key_arn=key.arn,
            ),
            ours,
        ).tasks
    return PrivateVpcWithEndpoints(
        "network",
        PrivateVpcWithEndpointsArgs(
            names=names,
            cidr=settings.network.cidr,
            zones=zones,
            services=_endpoint_services(settings),
            log_retention_days=settings.log_retention_days,
            key_arn=key.arn,
        ),
        ours,
    ).tasks


_SERVICE_OF_GRANT: Mapping[Kind, str] = {
    "bucket": "s3",
    "queue": "sqs",
    "topic": "sns",
    "table": "dynamodb",
    "secret": "secretsmanager",
    "job": "states",
}
"""The service that a program calls for what it was granted."""


def _endpoint_services(settings: Settings) -> list[str]:
    """Name the services that the containers reach: exactly those, for each endpoint costs."""
    services = {"ecr.api", "ecr.dkr", "logs"}
    for container in settings.containers.values():
        for source in container.secrets.values():
            services.add("ssm" if isinstance(source, ParameterReference) else "secretsmanager")
        services.update(_SERVICE_OF_GRANT[grant.kind] for grant in container.granted)
        if container.debug:
            services.add("ssmmessages")
    if settings.workers or any(job.progress for job in settings.jobs.values()):
        services.add("states")
    return sorted(services)


def _slack(settings: Settings) -> SlackChannels | None:
    slack = settings.notify.slack
    return slack and SlackChannels(
        workspace_id=slack.workspace_id,
        success_channel_id=slack.success_channel_id,
        failure_channel_id=slack.failure_channel_id,
    )


def _recovery_is_told(settings: Settings) -> bool:
    steps = (step for flow in settings.flows.values() for step in flow.jobs.values())
    whole = (settings.jobs, settings.flows, settings.workers)
    told = (*(one for section in whole for one in section.values()), *steps)
    return any(one.notify is not None and one.notify.on_recovery for one in told)


def _channel(channel: ChannelSettings) -> NamedChannel:
    webhook = channel.webhook
    return NamedChannel(
        slack_channel_id=channel.slack,
        emails=channel.emails,
        webhook=webhook and _webhook(webhook),
    )


def _webhook(webhook: WebhookSettings) -> Webhook:
    routing_key, key, basic = webhook.routing_key, webhook.api_key, webhook.basic
    return Webhook(
        url=webhook.url.get_secret_value(),
        format=webhook.format,
        routing_key=None if routing_key is None else routing_key.get_secret_value(),
        api_key=key and (key.header, key.value.get_secret_value()),
        basic=basic and (basic.username, basic.password.get_secret_value()),
    )


def _secret_arn(
    name: str,
    secret: SecretSettings,
    names: Names,
    key: StackKey,
    buckets: Mapping[str, PrivateBucket],
    ours: pulumi.ResourceOptions,
) -> pulumi.Input[str]:
    """Make the secret, unless it exists already."""
    if secret.values is None:
        assert secret.arn is not None  # noqa: S101 - the settings demand one of the two
        return secret.arn
    values = {
        variable: buckets[value.bucket].bucket_name
        if isinstance(value, BucketReference)
        else value.get_secret_value()
        for variable, value in secret.values.items()
    }
    return JobSecret(
        f"secret-{name}",
        JobSecretArgs(names=names, secret=name, values=values, key_arn=key.arn),
        ours,
    ).arn


def _builds(settings: Settings) -> list[tuple[str, str]]:
    """Name each image to build once, however many containers run in it."""
    return sorted(
        {
            (container.build, container.architecture)
            for container in settings.containers.values()
            if container.build is not None
        }
    )


def _container(
    name: str,
    container: ContainerSettings,
    settings: Settings,
    names: Names,
    key: StackKey,
    images: Mapping[tuple[str, str], JobImage],
    secret_arns: Mapping[str, pulumi.Input[str]],
) -> JobContainerArgs:
    image: pulumi.Input[str]
    repository_arn: pulumi.Input[str] | None
    if container.build is not None:
        built = images[container.build, container.architecture]
        image, repository_arn = built.image_uri, built.repository_arn
    else:
        assert container.image is not None  # noqa: S101 - the settings demand one of the two
        image, repository_arn = container.image, ecr_repository_arn(container.image)
    return JobContainerArgs(
        names=names,
        container=name,
        image=image,
        repository_arn=repository_arn,
        cpu_units=container.cpu_units,
        memory_mib=container.memory_mib,
        architecture=container.architecture.upper(),
        stop_timeout_seconds=container.stop_timeout_seconds,
        tells_progress=settings.tells_progress(name),
        log_retention_days=settings.log_retention_days,
        key_arn=key.arn,
        environment=_environment(container.environment, settings, names),
        secrets={
            variable: SecretSource(arn=secret_arns[source.secret], key=source.key)
            for variable, source in container.secrets.items()
            if isinstance(source, SecretReference)
        },
        parameter_arns={
            variable: names.parameter_arn(source.parameter)
            for variable, source in container.secrets.items()
            if isinstance(source, ParameterReference)
        },
        grants=container.granted,
        secret_arns={
            grant.name: secret_arns[grant.name]
            for grant in container.granted
            if grant.kind == "secret"
        },
        ephemeral_storage_gib=container.ephemeral_storage_gib,
        debug=bool(container.debug),
    )


def _environment(
    environment: Mapping[str, str | Reference], settings: Settings, names: Names
) -> dict[str, str]:
    """Put what AWS calls things of the stack in the place of what the file calls them."""
    return {
        variable: value if isinstance(value, str) else _physical(value, settings, names)
        for variable, value in environment.items()
    }


def _physical(reference: Reference, settings: Settings, names: Names) -> str:
    """Return what a program calls something of the stack by, when it calls AWS."""
    match reference.kind:
        case "bucket":
            return names.bucket(reference.name)
        case "queue":
            return names.queue_url(reference.name)
        case "topic":
            return names.chosen_topic_arn(reference.name)
        case "table":
            return names.chosen(reference.name)
        case "secret":
            return settings.secrets[reference.name].arn or names.chosen(reference.name)
        case "job":
            return names.machine_arn(names.chosen(reference.name))


def _placement(cluster: BatchCluster, network: TaskNetwork) -> pulumi.Output[TaskPlacement]:
    """Combine what all jobs are told once, not once a job; known when tasks can start."""
    return pulumi.Output.all(
        cluster_arn=cluster.cluster_arn,
        runner=[cluster.runner_role_arn, cluster.execution_log_destination],
        subnet_ids=network.subnet_ids,
        security_group_id=network.security_group_id,
        ready=network.ready,
    ).apply(
        lambda known: TaskPlacement(
            cluster_arn=known["cluster_arn"],
            subnet_ids=tuple(known["subnet_ids"]),
            security_group_id=known["security_group_id"],
            assign_public_ip=network.assign_public_ip,
        )
    )


def _after(ready: Sequence[pulumi.Output[str]], arn: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return an ARN that is known once other things are there."""
    return pulumi.Output.all(arn, *ready).apply(lambda known: known[0])


def _event_roles(
    names: Names, jobs: Mapping[str, FargateBatchJobArgs], ours: pulumi.ResourceOptions
) -> EventRoles | None:
    """Make the roles with which events start jobs, if any does."""
    rules = any(job.event_patterns for job in jobs.values())
    pipes = any(job.queues for job in jobs.values())
    if not rules and not pipes:
        return None
    return EventRoles("events", EventRolesArgs(names=names, rules=rules, pipes=pipes), ours)


def _messages(
    names: Names, jobs: Mapping[str, FargateBatchJobArgs]
) -> dict[str, dict[str, Any]] | None:
    """Return the trigger of a message in each queue, by its ARN; nothing without any event."""
    if not any(job.event_patterns or job.queues for job in jobs.values()):
        return None
    return {names.queue_arn(queue): job.trigger() for job in jobs.values() for queue in job.queues}


def _buckets_listened_to(settings: Settings) -> set[str]:
    return {
        event.object_created.bucket
        for job in settings.jobs.values()
        for event in job.on
        if event.object_created
    }


def _event_patterns(on: Sequence[EventSettings], names: Names) -> Iterator[Mapping[str, Any]]:
    for event in on:
        if created := event.object_created:
            yield object_created(
                names.bucket(created.bucket), prefix=created.prefix, suffix=created.suffix
            )
        elif ended := event.job_ended:
            arn = names.machine_arn(names.chosen(ended.job))
            yield job_ended(arn, ended.result, replaced=JOB_REPLACED)
        elif event.pattern is not None:
            yield event.pattern


def _job(name: str, job: JobSettings, settings: Settings, names: Names) -> FargateBatchJobArgs:
    return FargateBatchJobArgs(
        job=name,
        command=list(job.command),
        container=job.container,
        environment=_environment(job.environment, settings, names),
        cpu_units=job.cpu_units,
        memory_mib=job.memory_mib,
        timetable=timetable_of(name, job, settings.now),
        event_patterns=list(_event_patterns(job.on, names)),
        queues=[event.message.queue for event in job.on if event.message],
        timeout_seconds=job.timeout_seconds,
        retries=_retries(job),
        capacity=job.capacity,
        heartbeat_seconds=job.progress and job.progress.heartbeat_seconds,
        array=_array(job.array),
        overlap=job.overlap,
        debug=bool(settings.containers[job.container].debug),
        notify=job.notify.in_trigger(),
        expect_success_within_seconds=job.expect_success_within_seconds,
        warn_after_seconds=job.warn_after_seconds,
        tags=job.tags,
    )


def _retries(job: JobSettings) -> RetryBudgets:
    return RetryBudgets(
        app=job.retries.app,
        start=job.retries.start,
        memory=job.retries.memory,
        timeout=job.retries.timeout,
        spot=SPOT_WAITS[job.capacity],
        heartbeat=job.retries.timeout if job.progress else None,
        exit_codes=job.retries.exit_codes,
    )


def _array(array: ArraySettings | None) -> JobArray | None:
    return array and JobArray(
        size=array.elements,
        items=array.items,
        max_concurrency=array.max_concurrency,
        tolerated_count=array.tolerate_failures.count,
        tolerated_percentage=array.tolerate_failures.percentage,
    )


def _is_distributed(job: JobSettings) -> bool:
    """Tell whether the job's elements are executions of their own."""
    return job.array is not None and not is_inline(job.array.elements, _retries(job).most_attempts)


def _flows(
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
                steps={
                    job: _step(step, settings.jobs[job], settings, platform.names)
                    for job, step in flow.jobs.items()
                },
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


def _step(step: FlowJobSettings, job: JobSettings, settings: Settings, names: Names) -> FlowStep:
    goes_on = step.on_failure == "continue"
    notify = step.notify or (job.notify if goes_on else JobNotifySettings(on="none"))
    given: dict[str, Any] = {
        "notify": notify.in_trigger(),
        **warned(job.warn_after_seconds),
    }
    if step.command is not None:
        given["command"] = list(step.command)
    if step.environment:
        given["environment"] = _environment(step.environment, settings, names)
    return FlowStep(
        container=job.container,
        after=step.after,
        goes_on=goes_on,
        given=given,
        **(
            {}
            if step.retry is None
            else {"retries": step.retry.times, "retry_seconds": step.retry.wait_seconds}
        ),
    )


def _worker(
    name: str,
    worker: WorkerSettings,
    settings: Settings,
    platform: JobPlatform,
    containers: Mapping[str, JobContainer],
) -> ActivityWorkerArgs:
    return ActivityWorkerArgs(
        platform=platform,
        worker=name,
        command=list(worker.command),
        container=worker.container,
        made=containers[worker.container],
        environment=_environment(worker.environment, settings, platform.names),
        timetable=timetable_of(name, worker, settings.now),
        expect_success_within_seconds=worker.expect_success_within_seconds,
        timeout_seconds=worker.timeout_seconds,
        heartbeat_seconds=worker.heartbeat_seconds,
        debug=bool(settings.containers[worker.container].debug),
        overlap=worker.overlap,
        notify=worker.notify.in_trigger(),
        tags=worker.tags,
    )
