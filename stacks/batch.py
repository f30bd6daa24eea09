"""The whole stack, in the order the data flows."""

from typing import Any

import pulumi
import pulumi_aws as aws

from components.activity_worker import ActivityWorker
from components.batch_cluster import BatchCluster, BatchClusterArgs
from components.fargate_batch_job import FargateBatchJob, JobPlatform
from components.job_container import JobContainer
from components.job_dispatcher import JobDispatcher, JobDispatcherArgs
from components.job_notifier import JobNotifier, JobNotifierArgs
from components.job_queue import JobQueue, JobQueueArgs
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from components.private_table import PrivateTable, PrivateTableArgs
from components.private_topic import PrivateTopic, PrivateTopicArgs
from components.stack_dashboard import StackDashboard, StackDashboardArgs
from components.stack_key import StackKey, StackKeyArgs
from definitions.names import Names
from stacks.access import access_options, bounded, made_github_access, made_operator_role
from stacks.container_parts import container_args, made_images, made_secrets
from stacks.existing_network import existing_network
from stacks.machines import is_distributed, job_args, made_flows, task_placement, worker_args
from stacks.networks import chosen_zones, made_network
from stacks.services import called_services
from stacks.settings import Settings
from stacks.telling import named_channels, recovery_is_told, slack_channels
from stacks.triggers import after, buckets_listened_to, made_event_roles, message_triggers
from stacks.watching import expected, made_watcher, warns_of_late


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
    services = called_services(settings)
    existing = settings.network.mode == "existing"
    found = existing_network(settings, services) if existing else None
    zones = [] if existing else chosen_zones(settings)
    jobs = {name: job_args(name, job, settings, names) for name, job in settings.jobs.items()}

    provider = aws.Provider(
        "aws",
        region=settings.region,
        profile=settings.profile,
        default_tags={
            "tags": {**settings.tags, "project": settings.project, "stack": settings.stack}
        },
    )
    ours = pulumi.ResourceOptions(provider=provider)

    access = access_options(settings)
    github = made_github_access(settings, names, access)
    operator = made_operator_role(settings, names, access)
    ours = bounded(github, ours)

    key = StackKey("key", StackKeyArgs(names=names), ours)
    network = found or made_network(settings, names, zones, services, key, ours)
    cluster = BatchCluster(
        "batch",
        BatchClusterArgs(
            names=names,
            log_retention_days=settings.log_retention_days,
            key_arn=key.arn,
            container_insights=settings.container_insights,
            tracing=settings.tracing,
            distributed=any(is_distributed(job) for job in settings.jobs.values()),
            progress=any(job.progress for job in settings.jobs.values()),
            spot=any(job.capacity != "onDemand" for job in settings.jobs.values()),
        ),
        ours,
    )
    notifier = JobNotifier(
        "notifier",
        JobNotifierArgs(
            names=names,
            slack=slack_channels(settings),
            emails=list(settings.notify.emails),
            channels=named_channels(settings),
            recovery=recovery_is_told(settings),
            runbooks=settings.notify.runbooks,
            key_arn=key.arn,
            execution_log_destination=cluster.execution_log_destination,
            tracing=settings.tracing,
            starts_watched=warns_of_late(settings),
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
                tells_events=name in buckets_listened_to(settings),
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
    secret_arns = made_secrets(settings, names, key, buckets, ours)
    images = made_images(settings, names, key, ours)
    containers = {
        name: JobContainer(
            f"container-{name}",
            container_args(name, container, settings, names, key, images, secret_arns),
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
            calendars=settings.calendar_tables,
            watched=bool(expected(settings)),
            messages=message_triggers(names, jobs),
            rules=any(job.event_patterns for job in jobs.values()),
            pipes=any(job.queues for job in jobs.values()),
            runbooks=settings.notify.runbooks,
        ),
        ours,
    )
    watcher = made_watcher(settings, names, cluster, notifier, ours)
    # What a schedule, rule or pipe names as text must be there when it delivers a trigger.
    ready = [
        dispatcher.machine_arn,
        dispatcher.schedule_group_name,
        notifier.dead_letter_queue_arn,
        notifier.listening,
    ]
    roles = made_event_roles(names, jobs, ours)
    platform = JobPlatform(
        names=names,
        placement=task_placement(cluster, network),
        scheduler_role_arn=after(
            [*ready, *([watcher.machine_arn] if watcher else [])], dispatcher.scheduler_role_arn
        ),
        rule_role_arn=roles and roles.rule_role_arn and after(ready, roles.rule_role_arn),
        pipe_role_arn=roles
        and roles.pipe_role_arn
        and after([*ready, *(queue.arn for queue in queues.values())], roles.pipe_role_arn),
        tracing=settings.tracing,
        keep_paused=settings.keep_paused,
    )
    machines = {
        name: FargateBatchJob(f"job-{name}", platform, job, ours) for name, job in jobs.items()
    }
    flows = made_flows(settings, platform, machines, ours)
    workers = {
        name: ActivityWorker(
            f"worker-{name}", worker_args(name, worker, settings, platform, containers), ours
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
        **({"githubRoleArns": github.role_arns} if github else {}),
        **({"operatorRoleArn": operator.arn} if operator else {}),
    }
