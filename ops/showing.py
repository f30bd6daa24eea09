"""Everything of one job, flow or worker: what the stack file says, and how it stands in AWS."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from botocore.exceptions import ClientError

from definitions.grants import Grant
from ops.aws import code_of
from ops.firing import Firing
from ops.history import Past, history
from ops.live import Standing, coming, live
from ops.stack import Entry, Stack
from ops.times import took
from stacks.settings.containers import ContainerSettings
from stacks.settings.flows import FlowSettings
from stacks.settings.jobs import JobSettings
from stacks.settings.workers import WorkerSettings

NEXT_TIMES = 3
LAST_RUNS = 5
_MOST_TIMES = 2_000
"""Among which the next one is looked for that a calendar leaves out."""
_NO_DEFINITION = "ClientException"
"""What ECS answers to a family that it does not know."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What is known of one entry."""

    entry: Entry
    standing: Standing
    next_times: tuple[Firing, ...]
    next_skipped: Firing | None
    image: str | None
    """That runs now, by its digest where it was deployed with one."""
    last_runs: tuple[Past, ...]


def look(stack: Stack, entry: Entry, now: datetime) -> Shown:
    """Ask for all of it.

    Raises:
        OpsError: nothing of the stack is deployed.
    """
    standing = live(stack).standing(entry, now)
    times = list(islice(coming(stack, entry, standing, now), _MOST_TIMES))
    last = (
        history(stack, entry, failed=False, since=None, limit=LAST_RUNS)
        if standing.deployed
        else []
    )
    return Shown(
        entry=entry,
        standing=standing,
        next_times=tuple(islice((one for one in times if not one.skipped), NEXT_TIMES)),
        next_skipped=next((one for one in times if one.skipped), None),
        image=_image(stack, entry),
        last_runs=tuple(last),
    )


def container_of(stack: Stack, entry: Entry) -> ContainerSettings | None:
    """Return the container that something runs in; a flow's jobs have their own."""
    settings = entry.settings
    return (
        None
        if isinstance(settings, FlowSettings)
        else stack.settings.containers[settings.container]
    )


def _image(stack: Stack, entry: Entry) -> str | None:
    """Return the image of a container's latest task definition, with which runs are started."""
    settings = entry.settings
    if isinstance(settings, FlowSettings):
        return None
    family = stack.names.chosen(settings.container)
    try:
        found = stack.aws.client("ecs").describe_task_definition(taskDefinition=family)
    except ClientError as error:
        if code_of(error) == _NO_DEFINITION:
            return None
        raise
    image: str = found["taskDefinition"]["containerDefinitions"][0]["image"]
    return image


# -- in words


def size(settings: JobSettings | WorkerSettings, container: ContainerSettings) -> str:
    """Say how large a task is: ``0.25 vCPU, 512 MiB, arm64``."""
    own = settings if isinstance(settings, JobSettings) else None
    cpu_units = (own and own.cpu_units) or container.cpu_units
    memory_mib = (own and own.memory_mib) or container.memory_mib
    return f"{cpu_units / 1024:g} vCPU, {memory_mib:,} MiB, {container.architecture}"


def retries(job: JobSettings) -> Iterator[str]:
    """Say when a job tries again, a line for each kind of failure."""
    codes = ", ".join(map(str, job.retries.exit_codes))
    kinds = {
        f"after exit code {codes}" if codes else "after a failure": job.retries.app,
        "not started for want of capacity": job.retries.start,
        "out of memory": job.retries.memory,
        "timed out": job.retries.timeout,
    }
    for kind, waits in kinds.items():
        if waits:
            after = ", ".join(took(timedelta(seconds=seconds)) for seconds in waits)
            times = "once" if len(waits) == 1 else f"{len(waits)} times"
            yield f"{kind}: {times}, after {after}"


def events(job: JobSettings) -> Iterator[str]:
    """Say which events start a job, a line for each."""
    for event in job.on:
        if created := event.object_created:
            which = [
                f"{what} {part}"
                for what, part in (("prefix", created.prefix), ("suffix", created.suffix))
                if part
            ]
            yield f"object created in bucket {created.bucket}" + "".join(
                f", {one}" for one in which
            )
        elif event.message:
            yield f"message in queue {event.message.queue}"
        elif event.job_ended:
            yield f"end of job {event.job_ended.job}: {event.job_ended.result}"
        else:
            yield f"pattern {event.pattern}"


def grants(container: ContainerSettings) -> Iterator[str]:
    """Say what a program may do, a line for each thing of the stack."""
    for grant in container.granted:
        yield _grant(grant)


def _grant(grant: Grant) -> str:
    below = f", below {grant.prefix}" if grant.prefix else ""
    return f"{grant.verb} {grant.kind} {grant.name}{below}"


def told(stack: Stack, entry: Entry) -> str:
    """Say who hears of the ends of runs."""
    notify = entry.settings.notify
    if notify.on == "none":
        return "nobody"
    ends = {"all": "every end", "success": "successes", "failure": "failures"}[notify.on]
    also = " and recoveries" if notify.on_recovery else ""
    if notify.channels:
        where = f"channel {', '.join(notify.channels)}"
    else:
        own = stack.settings.notify
        ways = [*(["Slack"] if own.slack else []), *own.emails]
        where = ", ".join(ways) or "nobody: the stack names neither Slack nor addresses"
    return f"{ends}{also} to {where}"


def console_url(stack: Stack, machine_arn: str) -> str:
    """Return the console's page of a state machine."""
    region = stack.names.region
    return (
        f"https://{region}.console.aws.amazon.com/states/home?region={region}"
        f"#/statemachines/view/{machine_arn}"
    )


def log_url(stack: Stack, log_group: str) -> str:
    """Return the console's page of a log group, whose slashes it wants escaped twice."""
    region = stack.names.region
    return (
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        f"#logsV2:log-groups/log-group/{log_group.replace('/', '$252F')}"
    )
