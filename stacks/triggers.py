"""What starts jobs beside schedules and people: events, messages, the ends of other jobs."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.event_roles import EventRoles, EventRolesArgs
from components.fargate_batch_job import FargateBatchJobArgs
from definitions.names import Names
from stacks.settings import Settings


def buckets_listened_to(settings: Settings) -> set[str]:
    """Name the buckets of whose new objects some job wants to hear."""
    return {
        event.object_created.bucket
        for job in settings.jobs.values()
        for event in job.on
        if event.object_created
    }


def made_event_roles(
    names: Names, jobs: Mapping[str, FargateBatchJobArgs], ours: pulumi.ResourceOptions
) -> EventRoles | None:
    """Make the roles with which events start jobs, if any does."""
    rules = any(job.event_patterns for job in jobs.values())
    pipes = any(job.queues for job in jobs.values())
    if not rules and not pipes:
        return None
    return EventRoles("events", EventRolesArgs(names=names, rules=rules, pipes=pipes), ours)


def message_triggers(
    names: Names, jobs: Mapping[str, FargateBatchJobArgs]
) -> dict[str, dict[str, Any]] | None:
    """Return the trigger of a message in each queue, by its ARN; nothing without any event."""
    if not any(job.event_patterns or job.queues for job in jobs.values()):
        return None
    return {names.queue_arn(queue): job.trigger() for job in jobs.values() for queue in job.queues}


def after(ready: Sequence[pulumi.Output[str]], arn: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return an ARN that is known once other things are there."""
    return pulumi.Output.all(arn, *ready).apply(lambda known: known[0])
