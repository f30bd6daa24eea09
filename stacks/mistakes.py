"""What is wrong across sections, or in the stack as a whole, each in one line without the file.

What is wrong in one value is for its section's module in ``settings`` to say.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import cast

from definitions import names
from definitions.flow_machine import FLOW_AND_JOB_LIMIT
from definitions.policies import programs
from stacks.findings import unknown_key
from stacks.settings import KEYS, Settings
from stacks.settings.base import map_or_empty
from stacks.settings.calendars import table_mistakes
from stacks.settings.jobs import JobSettings
from stacks.settings.storage import PARAMETERS
from stacks.wording import shown

CONFIG_VARIABLE_BYTES = 131_071
"""Linux refuses one environment variable above this, name included; the language host hands a
stack's whole configuration over in one (PULUMI_CONFIG)."""

MAX_CONFIG_BYTES = 120_000
"""Where we stop: a file that grew to the limit could not even be read to say so."""

MAX_POLICY_CHARACTERS = 10_240
"""Of a role's inline policies, blanks not counted (IAM quotas)."""

MAX_SECRET_NAME = 512
"""Secrets Manager, CreateSecret."""

MACHINES = ("jobs", "flows", "workers")
"""Sections whose entries become state machines, each under the name that it has there."""

MAX_PREFIX_LENGTH = names.ROLE_LIMIT - len("--default-execution")
"""Characters of project and stack together, so that the default container's roles have names."""

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_OTHER_PARTITIONS = ("cn-", "us-gov-")
"""How the regions of aws-cn and aws-us-gov begin."""


def written_mistakes(
    config: Mapping[str, str], sections: Mapping[str, object], *, project: str, stack: str
) -> Iterator[str]:
    """Find what is wrong in what is written, whether its values can be read or not.

    Args:
        config: as the Pulumi CLI hands it over.
        sections: what it says of the program's keys, with the jobs of job files.
        project: the Pulumi project.
        stack: the Pulumi stack.
    """
    prefix = names.stack_prefix(project, stack)
    yield from _stack_mistakes(project, stack)
    yield from _region_mistakes(config.get("aws:region", ""))
    yield from _namespace_mistakes(config, project)
    yield from _key_mistakes(config, project)
    yield from _size_mistakes(config)
    yield from name_mistakes(sections, prefix)
    yield from _schedule_name_mistakes(sections, prefix)
    yield from _machine_mistakes(sections)
    yield from _flow_mistakes(sections)


def settings_mistakes(settings: Settings) -> Iterator[str]:
    """Find what is wrong between values each of which is right."""
    yield from table_mistakes(settings.calendar_tables)
    yield from _event_mistakes(settings.jobs)
    yield from _policy_mistakes(settings)


def _stack_mistakes(project: str, stack: str) -> Iterator[str]:
    """Check the two names that every physical name begins with."""
    for what, name in (("project", project), ("stack", stack)):
        if not names.STACK_NAME.fullmatch(name):
            yield (
                f"{what}: {shown(name)} is not a name that AWS resources can begin with: "
                f"write {_name_instead(name)}"
            )
    length = len(names.stack_prefix(project, stack))
    if length > MAX_PREFIX_LENGTH:
        yield (
            f"stack: {shown(names.stack_prefix(project, stack))} has {length} characters: project "
            f"and stack may have {MAX_PREFIX_LENGTH} together: shorten one"
        )


def _region_mistakes(region: str) -> Iterator[str]:
    """Check the region: the names of registries and ARNs are made of it."""
    if not region:
        yield "aws:region: missing: write aws:region: ap-northeast-1"
    elif not _REGION.fullmatch(region):
        yield f"aws:region: {shown(region)} is not a region: write one like ap-northeast-1"
    elif region.startswith(_OTHER_PARTITIONS):
        yield (
            f"aws:region: {shown(region)} is in another partition than aws, which the ARNs are "
            "written for: write one like ap-northeast-1"
        )


def _namespace_mistakes(config: Mapping[str, str], project: str) -> Iterator[str]:
    """Find keys that would be passed over in silence because the project's name is misspelt."""
    for key in config:
        namespace = key.partition(":")[0]
        if namespace != project and difflib.get_close_matches(namespace, [project], cutoff=0.8):
            yield f"{key}: {namespace} is not this project: write {project}:{key.partition(':')[2]}"


def _key_mistakes(config: Mapping[str, str], project: str) -> Iterator[str]:
    """Find keys of the project that nothing reads."""
    for key in config:
        namespace, _, name = key.partition(":")
        if namespace == project and name not in KEYS:
            yield unknown_key((name,), KEYS)


def _size_mistakes(config: Mapping[str, str]) -> Iterator[str]:
    """Measure the one environment variable that holds the configuration.

    The language host writes it with Go's json.Marshal, which keeps letters of all languages and
    escapes ``<``, ``>`` and ``&`` with six bytes. A map is JSON text inside of it, so every quote
    has a backslash.
    """
    text = json.dumps(dict(config), separators=(",", ":"), ensure_ascii=False)
    size = len(text.encode()) + 5 * sum(text.count(character) for character in "<>&")
    if size > MAX_CONFIG_BYTES:
        yield (
            f"config: {size:,} bytes are too near to the {CONFIG_VARIABLE_BYTES:,} that the Pulumi "
            f"CLI can hand over, {MAX_CONFIG_BYTES:,} are allowed: move jobs into files "
            "(jobFiles: [jobs/*.yaml])"
        )


def name_mistakes(sections: Mapping[str, object], prefix: str) -> Iterator[str]:
    """Check the names that users choose; they become parts of physical names, behind ``prefix``."""
    limits = {
        "containers": names.longest_container_name(prefix),
        "buckets": names.longest_bucket_name(prefix),
        "queues": names.longest_chosen_name(prefix, names.QUEUE_LIMIT),
        "topics": names.longest_chosen_name(prefix, names.TOPIC_LIMIT),
        "tables": names.longest_chosen_name(prefix, names.TABLE_LIMIT),
        "secrets": names.longest_chosen_name(prefix, MAX_SECRET_NAME),
        "calendars": MAX_CONFIG_BYTES,  # no name of AWS is made of them
        **dict.fromkeys(MACHINES, names.longest_job_name(prefix)),
        "notify.channels": names.longest_channel_name(prefix),
    }
    channels = map_or_empty(sections.get("notify")).get("channels")
    sections = {**sections, "notify.channels": channels}
    for section, most in limits.items():
        first_of: dict[str, str] = {}
        for name, entry in map_or_empty(sections.get(section)).items():
            path, limit = f"{section}.{name}", most
            meant = _name_instead(name)
            if section == "jobs" and map_or_empty(entry).get("on"):
                limit = names.longest_event_job_name(prefix)
            if not names.USER_NAME.fullmatch(name):
                yield f"{path}: is not a name (lower case, digits, single hyphens): write {meant}"
            elif len(name) > limit and len(prefix) <= MAX_PREFIX_LENGTH:
                yield (
                    f"{path}: has {len(name)} characters, and AWS leaves room for {limit} "
                    f"behind {prefix}: shorten it"
                )
            if section == "secrets" and name == PARAMETERS:
                yield f"{path}: {PARAMETERS}:… is how parameters are written: take another name"
            if meant in first_of:
                yield f"{path}: is the same name as {first_of[meant]}: rename one"
            first_of.setdefault(meant, name)


def _name_instead(name: str) -> str:
    """Return the nearest name that keeps to the rule."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    nearest = "-".join(words) or "name"
    return nearest if nearest[0].isalpha() else f"n-{nearest}"


def _schedule_name_mistakes(sections: Mapping[str, object], prefix: str) -> Iterator[str]:
    """Check the names of what has schedules with longer ones: numbered, or watched."""
    for section in MACHINES:
        for name, entry in map_or_empty(sections.get(section)).items():
            written = map_or_empty(entry).get("schedule")
            count = len(cast("list[object]", written)) if isinstance(written, list) else 1
            watched = map_or_empty(entry).get("expectSuccessWithin") is not None
            limit = names.longest_job_name(prefix, count, watched=watched)
            if limit < len(name) <= names.longest_job_name(prefix):
                last = names.schedule_name("…", count)
                their = f"{count} schedules" if count > 1 else "schedules"
                yield (
                    f"{section}.{name}: has {len(name)} characters, and its {their} leave room for "
                    f"{limit} ({names.watch_name(last) if watched else last}): shorten it"
                )


def _machine_mistakes(sections: Mapping[str, object]) -> Iterator[str]:
    """Find what two sections name alike: all of these become state machines of that name."""
    section_of: dict[str, str] = {}
    for section in MACHINES:
        for name in map_or_empty(sections.get(section)):
            if name in section_of:
                yield f"{section}.{name}: {section_of[name]}.{name} has that name: rename one"
            section_of.setdefault(name, section)


def _flow_mistakes(sections: Mapping[str, object]) -> Iterator[str]:
    """Check what flows and jobs must be together.

    A job is in one flow: two could start it at the same time, and a flow asks nobody whether a run
    of its jobs is going.
    """
    flow_of: dict[str, str] = {}
    for flow_name, entry in map_or_empty(sections.get("flows")).items():
        for job in map_or_empty(map_or_empty(entry).get("jobs")):
            path = f"flows.{flow_name}.jobs.{job}"
            length = len(flow_name) + len(job)
            if job in flow_of:
                yield (
                    f"{path}: is in flows.{flow_of[job]} already, and two flows could run it at "
                    "once: write a second job with the same command, or take it out of one"
                )
            elif length > FLOW_AND_JOB_LIMIT:
                yield (
                    f"{path}: flow and job have {length} characters, and AWS leaves room for "
                    f"{FLOW_AND_JOB_LIMIT} in the name of a run: shorten one"
                )
            flow_of.setdefault(job, flow_name)


def _event_mistakes(jobs: Mapping[str, JobSettings]) -> Iterator[str]:
    """Find jobs that would start each other for ever, and queues that two jobs listen to."""
    starts = {
        name: [event.job_ended.job for event in job.on if event.job_ended]
        for name, job in jobs.items()
    }
    circles: set[frozenset[str]] = set()
    for name in jobs:
        circle = _circle(name, starts)
        if circle and frozenset(circle) not in circles:
            circles.add(frozenset(circle))
            way = " after ".join([*circle, circle[0]])
            yield f"jobs.{name}.on: {way} would never end: remove one jobEnded"
    listeners: dict[str, str] = {}
    for name, job in jobs.items():
        for event in job.on:
            if event.message is None:
                continue
            queue = event.message.queue
            if queue in listeners:
                yield (
                    f"jobs.{name}.on: {listeners[queue]} listens to queue {queue} already, and a "
                    "message starts one job: add a queue"
                )
            listeners.setdefault(queue, name)


def _circle(name: str, starts: Mapping[str, list[str]]) -> list[str] | None:
    """Return the way from a job back to itself, if there is one."""
    ways = [[name]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for before in starts.get(way[-1], []):
            if before == name:
                return way
            if before not in seen:
                seen.add(before)
                ways.append([*way, before])
    return None


def _policy_mistakes(settings: Settings) -> Iterator[str]:
    """Measure what each container's grants become; account and keys have the same length always."""
    own = names.Names(
        project=settings.project, stack=settings.stack, region=settings.region, account="0" * 12
    )
    secret_arns = {
        name: secret.arn or own.arn("secretsmanager", f"secret:{own.chosen(name)}-AbCdEf")
        for name, secret in settings.secrets.items()
    }
    for name, container in settings.containers.items():
        document = programs.task_policy(
            own,
            container.granted,
            secret_arns=secret_arns,
            key_arn=own.arn("kms", f"key/{'0' * 36}"),
            debug=bool(container.debug),
            progress=settings.tells_progress(name),
        )
        size = len(document.replace(" ", ""))
        if size > MAX_POLICY_CHARACTERS:
            yield (
                f"containers.{name}.grants: make a policy of {size:,} characters, and IAM takes "
                f"{MAX_POLICY_CHARACTERS:,}: divide the container, or grant fewer prefixes"
            )
