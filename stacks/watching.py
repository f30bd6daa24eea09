"""What is watched: success that is due by a time, and runs that take too long."""

import pulumi

from components.batch_cluster import BatchCluster
from components.job_notifier import JobNotifier
from components.job_watcher import JobWatcher, JobWatcherArgs
from definitions.calendars import calendar_tables
from definitions.names import Names
from stacks.settings import Settings
from stacks.settings.schedules import ScheduleSettings


def expected(settings: Settings) -> list[ScheduleSettings]:
    """Return what must have succeeded some time after each of its scheduled times."""
    return [
        entry
        for section in (settings.jobs, settings.flows, settings.workers)
        for entry in section.values()
        if entry.expect_success_within_seconds is not None
    ]


def warns_of_late(settings: Settings) -> bool:
    """Tell whether somebody is told of a run that takes long while it still goes on."""
    return any(job.warn_after_seconds is not None for job in settings.jobs.values())


def made_watcher(
    settings: Settings,
    names: Names,
    cluster: BatchCluster,
    notifier: JobNotifier,
    ours: pulumi.ResourceOptions,
) -> JobWatcher | None:
    """Make the watcher, if anything is watched."""
    watched, late = expected(settings), warns_of_late(settings)
    if not watched and not late:
        return None
    return JobWatcher(
        "watcher",
        JobWatcherArgs(
            names=names,
            missing=bool(watched),
            late=late,
            calendars=calendar_tables(
                {
                    name: settings.calendars[name].days
                    for entry in watched
                    for name in entry.calendar_rules.calendars
                },
                {entry.timezone for entry in watched},
            ),
            dead_letter_queue_arn=notifier.dead_letter_queue_arn,
            dead_letter_queue_url=notifier.dead_letter_queue_url,
            execution_log_destination=cluster.execution_log_destination,
            alarm_topic_arn=notifier.failure_topic_arn,
            tracing=settings.tracing,
            runbooks=settings.notify.runbooks,
        ),
        ours,
    )
