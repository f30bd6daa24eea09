"""What is allowed in a stack file but may surprise, each in one line without the file."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from stacks.settings import Settings
from stacks.settings.calendars import end_warnings
from stacks.settings.containers import ContainerSettings
from stacks.settings.jobs import JobSettings
from stacks.settings.schedules import never_warnings, schedule_warnings

_REFRESH_ALWAYS = re.compile(r"^[^#\n]*\brefresh: *always\b", re.MULTILINE)


def surprises(settings: Settings, directory: Path) -> Iterator[str]:
    """Tell of everything; ``directory`` is where Pulumi.yaml is."""
    now = settings.now
    yield from _pause_warnings(directory, settings)
    for section, entries in (
        ("jobs", settings.jobs),
        ("flows", settings.flows),
        ("workers", settings.workers),
    ):
        for name, entry in entries.items():
            path = f"{section}.{name}"
            yield from schedule_warnings(path, name, entry, now)
            yield from never_warnings(path, entry, settings.calendars, now.date())
    yield from end_warnings(settings.calendars, now.date())
    yield from _event_warnings(settings.jobs, settings.containers)
    yield from _flow_warnings(settings)


def _pause_warnings(directory: Path, settings: Settings) -> Iterator[str]:
    """Tell that an update hands on the last state that Pulumi saw, if that may be an old one."""
    project = directory / "Pulumi.yaml"
    options = project.read_text() if project.is_file() else ""
    if settings.keep_paused and not _REFRESH_ALWAYS.search(options):
        yield (
            "keepPaused: true holds for a pause that Pulumi has seen: run pulumi up --refresh, or "
            "write options: {refresh: always} into Pulumi.yaml"
        )


def _event_warnings(
    jobs: Mapping[str, JobSettings], containers: Mapping[str, ContainerSettings]
) -> Iterator[str]:
    """Tell of jobs that may start themselves by what they write."""
    for name, job in jobs.items():
        for event in job.on:
            created = event.object_created
            if created is None or created.suffix:
                continue
            if any(
                (grant.name, grant.verb) == (created.bucket, "write")
                and grant.kind == "bucket"
                and grant.prefix.startswith(created.prefix or "")
                for grant in containers[job.container].granted
            ):
                yield (
                    f"jobs.{name}.on: its container may write to {created.bucket} too, and what it "
                    "writes there would start it again: add a prefix"
                )


def _flow_warnings(settings: Settings) -> Iterator[str]:
    """Tell of jobs that their own schedule or events may start while their flow runs them.

    What a flow starts does not come by the dispatcher, which keeps runs of a job apart.
    """
    for flow_name, entry in settings.flows.items():
        for job in entry.jobs:
            own = settings.jobs[job]
            if (own.schedule or own.on) and own.overlap != "allow":
                what = "a schedule" if own.schedule else "events"
                yield (
                    f"flows.{flow_name}.jobs.{job}: has {what} of its own, too, and overlap "
                    f"{own.overlap} does not see the runs of a flow: take one away, or write "
                    "overlap: allow if two at a time do no harm"
                )
