"""Drift: where the live machines, containers and triggers are not as the stack file has them.

What a deploy writes is computed from the settings, as the deploy does it. Of what only a deploy
knows, the live value is taken: the network's ids (of most machines: one that has others stands
out), images' digests, secrets' ARNs.
"""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from botocore.exceptions import ClientError

from definitions import schedules as expressions
from definitions.events import input_transformer
from definitions.job_machine import TaskPlacement
from definitions.jsonata import literal
from definitions.names import schedule_name, watch_name
from definitions.task_definition import container_definitions
from definitions.timetable import Planned, Timetable
from definitions.watcher_machine import watch
from ops import pauses, scheduler
from ops.adhoc import SCHEDULED_TIME
from ops.aws import code_of
from ops.differences import differences, holds, same
from ops.findings import Finding, problem
from ops.scheduler import Schedule
from ops.stack import Entry, Stack
from stacks.definitions import (
    dispatcher_definition,
    event_patterns,
    job_trigger,
    machine_definition,
)
from stacks.references import told_environment
from stacks.settings.containers import ContainerSettings
from stacks.settings.flows import FlowSettings
from stacks.settings.jobs import JobSettings
from stacks.settings.schedules import timetable_of
from stacks.settings.storage import ParameterReference

_GONE = (scheduler.NOT_THERE, "NotFoundException", "StateMachineDoesNotExist", "ClientException")
"""What services answer about something that is not there."""
_WATCH = "--watch"

# -- machines


def machines(stack: Stack, _: datetime) -> Iterator[Finding]:
    """What the stack file has must be deployed, as it says; and nothing else."""
    deploy = f"pulumi up -s {stack.name}"
    pages = stack.aws.states.get_paginator("list_state_machines").paginate()
    prefix = stack.names.chosen("")
    there = {
        one["name"].removeprefix(prefix)
        for page in pages
        for one in page["stateMachines"]
        if one["name"].startswith(prefix)
    }
    live = {name: _definition(stack, name) for name in stack.entries if name in there}
    usual = _usual_placement(live.values())
    for name, entry in stack.entries.items():
        if name not in live:
            yield problem(f"{entry.kind} {name}", "is not deployed", deploy)
            continue
        expected = machine_definition(name, stack.settings, stack.names, usual)
        for what in dict.fromkeys(_changes(stack, entry, expected, live[name])):
            yield problem(f"{entry.kind} {name}", f"has {what} in AWS", deploy)
    for name in sorted(there - stack.entries.keys()):
        yield problem(f"job {name}", "is deployed, and not in the stack file", deploy)


def _definition(stack: Stack, name: str) -> dict[str, Any]:
    arn = stack.names.machine_arn(stack.names.chosen(name))
    return json.loads(stack.aws.states.describe_state_machine(stateMachineArn=arn)["definition"])


def _usual_placement(definitions: Iterable[Any]) -> TaskPlacement:
    """Return where the tasks of most machines run."""
    found = Counter(
        TaskPlacement(
            cluster_arn=given["Cluster"],
            subnet_ids=tuple(network["Subnets"]),
            security_group_ids=tuple(network["SecurityGroups"]),
            assign_public_ip=network["AssignPublicIp"] == "ENABLED",
        )
        for definition in definitions
        for given in _task_arguments(definition)
        for network in (given["NetworkConfiguration"]["AwsvpcConfiguration"],)
    )
    nowhere = TaskPlacement(
        cluster_arn="", subnet_ids=(), security_group_ids=(), assign_public_ip=False
    )
    return found.most_common(1)[0][0] if found else nowhere


def _task_arguments(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield what RunTask is told, wherever it stands in a definition."""
    if isinstance(value, list):
        for item in cast(list[Any], value):
            yield from _task_arguments(item)
    elif isinstance(value, dict):
        members = cast(dict[str, Any], value)
        if "NetworkConfiguration" in members:
            yield members
            return
        for member in members.values():
            yield from _task_arguments(member)


_WORDS: tuple[tuple[str, str], ...] = (
    (r"(^|\.)TimeoutSeconds$|\.timeoutSeconds$", "another timeout"),
    (r"\.HeartbeatSeconds$", "another heartbeat"),
    (r"\.(waits|used)(\.|$)|\.exitCodes", "other retries"),
    (r"\.NetworkConfiguration\.", "another network than the others"),
    (r"\.logGroup$", "another log group"),
    (r"\.Assign\.calendars", "other calendars"),
)
"""What a difference is in the words of the stack file, by its path."""


def _changes(
    stack: Stack, entry: Entry, expected: Mapping[str, Any], live: Mapping[str, Any]
) -> Iterator[str]:
    for path in differences(expected, live):
        if path.endswith("Prepare.Assign.run"):
            yield from _told_otherwise(stack, entry, _at(live, path))
        else:
            yield _in_words(path)


def _in_words(path: str) -> str:
    for pattern, words in _WORDS:
        if re.search(pattern, path):
            return words
    return f"another definition, at {path},"


def _at(value: Any, path: str) -> Any:
    for part in re.findall(r"[^.\[\]]+", path):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _told_otherwise(stack: Stack, entry: Entry, live: str) -> Iterator[str]:
    """Say what of the job's own values is another, which all stand in one expression."""
    job = entry.settings
    assert not isinstance(job, FlowSettings)  # noqa: S101 - a flow has no such state
    own: dict[str, Any] = {
        "taskDefinition": stack.names.family_arn(job.container),
        "command": list(job.command),
    }
    if isinstance(job, JobSettings) and job.cpu_units is not None:
        own["cpuUnits"] = job.cpu_units
    if isinstance(job, JobSettings) and job.memory_mib is not None:
        own["memoryMib"] = job.memory_mib
    told = holds(live, literal(own))
    if not told:
        yield "another command, container or size"
    environment = told_environment(job.environment, stack.settings, stack.names)
    # Of a worker the expression has more of it behind these.
    if not holds(live, literal(environment)[:-1]) or told:
        yield "another environment"


# -- the dispatcher, and the task definitions that it hands out


def dispatcher(stack: Stack, _: datetime) -> Iterator[Finding]:
    """The dispatcher must know today's calendars, queues and task definitions."""
    deploy = f"pulumi up -s {stack.name}"
    name = stack.names.of("dispatcher")
    arn = stack.names.machine_arn(name)
    try:
        found = stack.aws.states.describe_state_machine(stateMachineArn=arn)
    except ClientError as error:
        if code_of(error) not in _GONE:
            raise
        yield problem("dispatcher", "is not deployed: no job can start", deploy)
        return
    live: dict[str, Any] = json.loads(found["definition"])
    handed_out = _handed_out(live)
    expected = dispatcher_definition(stack.settings, stack.names, handed_out)
    for what in dict.fromkeys(_in_words(path) for path in differences(expected, live)):
        yield problem("dispatcher", f"has {what} in AWS", deploy)
    for container, settings in stack.settings.containers.items():
        where = f"container {container}"
        if container not in handed_out:
            yield problem(where, "is unknown to the dispatcher: its jobs cannot start", deploy)
            continue
        for what in _container_differs(stack, container, settings, handed_out[container]):
            yield problem(where, what, deploy)


def _handed_out(dispatcher: Mapping[str, Any]) -> dict[str, str]:
    """Return the task definitions that the dispatcher hands to runs, by container."""
    start: Any = dispatcher.get("States", {}).get("Start", {})
    given = start.get("Arguments", {}).get("Input", "")
    match = re.search(r"\$definitions := (\{.*?\});", given)
    try:
        return json.loads(match[1]) if match else {}
    except ValueError:
        return {}


def _container_differs(
    stack: Stack, name: str, container: ContainerSettings, arn: str
) -> Iterator[str]:
    """Compare the task definition that runs get with the stack file, and with the newest one."""
    ecs = stack.aws.client("ecs")
    try:
        found: Any = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        newest: Any = ecs.describe_task_definition(taskDefinition=stack.names.chosen(name))
    except ClientError as error:
        if code_of(error) not in _GONE:
            raise
        yield f"has no task definition {arn.rpartition('/')[2]}: its jobs cannot start"
        return
    revision, latest = found["revision"], newest["taskDefinition"]["revision"]
    if found.get("status", "ACTIVE") != "ACTIVE":
        yield f"has an inactive task definition, revision {revision}: its jobs cannot start"
    elif latest != revision:
        yield f"has a revision {latest}, and runs get revision {revision}"
    live: Any = found["containerDefinitions"][0]
    if container.image is not None and live["image"] != container.image:
        yield f"has another image in AWS: {live['image']}"
    elif container.build is not None:
        repository = stack.names.repository(f"{container.build}-{container.architecture}")
        if not re.search(rf"/{re.escape(repository)}[:@]", live["image"]):
            yield f"has another image in AWS than one of its own: {live['image']}"
    size = (str(container.cpu_units), str(container.memory_mib))
    if (str(found["cpu"]), str(found["memory"])) != size:
        yield "has another size in AWS"
    machine = found.get("runtimePlatform", {}).get("cpuArchitecture", "X86_64")
    if machine != container.architecture.upper():
        yield "has another architecture in AWS"
    yield from _told_differs(stack, name, container, live)


def _told_differs(
    stack: Stack, name: str, container: ContainerSettings, live: Mapping[str, Any]
) -> Iterator[str]:
    sources = {one["name"]: one["valueFrom"] for one in live.get("secrets", ())}
    # The end of a secret's ARN is AWS's own choice.
    secrets = {
        variable: stack.names.parameter_arn(source.parameter)
        if isinstance(source, ParameterReference)
        else sources.get(variable, "not deployed")
        for variable, source in container.secrets.items()
    }
    (expected,) = json.loads(
        container_definitions(
            image=live["image"],
            environment=told_environment(container.environment, stack.settings, stack.names),
            secrets=secrets,
            log_group=stack.names.log_group(name),
            region=stack.names.region,
            debug=bool(container.debug),
            stop_timeout_seconds=container.stop_timeout_seconds,
        )
    )
    words = {"environment": "another environment", "secrets": "other secrets"}
    for key, value in expected.items():
        if key in ("environment", "secrets"):
            known: Any = sorted(live.get(key, ()), key=lambda one: one["name"])
        else:
            known = live.get(key)
        if not same(value, known):
            yield f"has {words.get(key, f'another {key}')} in AWS"


# -- schedules


def schedules(stack: Stack, now: datetime) -> Iterator[Finding]:
    """Schedules must be there, and say when and what the stack file says."""
    deploy = f"pulumi up -s {stack.name} --refresh"
    listed = {one["Name"] for one in scheduler.listed(stack, stack.names.prefix)}
    wanted: set[str] = set()
    for entry in stack.entries.values():
        if stack.settings.keep_paused and not entry.settings.enabled:
            continue
        timetable = timetable_of(entry.name, entry.settings, now)
        for planned in timetable.schedules:
            for name, machine, given in _started(entry, timetable, planned):
                wanted.add(name)
                found = scheduler.read(stack, stack.names.prefix, name)
                if found is None:
                    yield problem(f"schedule {name}", "is not deployed", deploy)
                    continue
                for what in _differs(stack, timetable, planned, found, machine, given):
                    yield problem(f"schedule {name}", f"has another {what} in AWS", deploy)
    for name in sorted(listed - wanted):
        entry = stack.entries.get(scheduler.owner(name))
        found = scheduler.read(stack, stack.names.prefix, name)
        if found is None or (entry is not None and scheduler.is_over(found, now)):
            continue  # a deploy takes away what is over
        yield problem(f"schedule {name}", "is deployed, and not in the stack file", deploy)


def _started(
    entry: Entry, timetable: Timetable, planned: Planned
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield the schedules of one time: name, the machine that each starts, and its input."""
    name = schedule_name(entry.name, planned.number)
    trigger = entry.trigger(scheduled_time=SCHEDULED_TIME)
    calendar = None if timetable.calendar is None else dict(timetable.calendar)
    yield name, "dispatcher", trigger if calendar is None else {**trigger, "calendar": calendar}
    within = entry.settings.expect_success_within_seconds
    if within is not None:
        yield (
            watch_name(name),
            "watcher",
            watch(
                job=entry.name,
                schedule=name,
                scheduled_time=SCHEDULED_TIME,
                zone=timetable.timezone,
                within_seconds=within,
                every_seconds=expressions.step_seconds(planned.expression),
                calendar=calendar,
                notify=trigger["input"]["notify"],
            ),
        )


def _differs(
    stack: Stack,
    timetable: Timetable,
    planned: Planned,
    found: Schedule,
    machine: str,
    given: Mapping[str, Any],
) -> Iterator[str]:
    names, target = stack.names, found["Target"]
    watches = machine == "watcher"
    window = found["FlexibleTimeWindow"].get("MaximumWindowInMinutes")
    wanted_window = None if watches else timetable.window_minutes
    start, end = (_utc(found.get(date)) for date in ("StartDate", "EndDate"))
    # Until its beginning it is the stack file's; a rate then counts on from another one.
    is_rate = expressions.step_seconds(planned.expression) is not None
    deadline = 86_400 if watches else timetable.start_deadline_seconds
    checks = {
        "expression": found["ScheduleExpression"] == planned.expression,
        "time zone": found.get("ScheduleExpressionTimezone", "UTC") == timetable.timezone,
        "window": window == wanted_window,
        "start date": planned.start is None or is_rate or start == planned.start,
        "end date": end == planned.end,
        "state (it fires, and the stack file has it off)": timetable.enabled
        or found["State"] == "DISABLED",
        "target": target["Arn"] == names.machine_arn(names.of(machine))
        and target["RoleArn"] == names.role_arn(names.of("scheduler")),
        "trigger": same(json.loads(json.dumps(given)), json.loads(target["Input"])),
        "start deadline": target.get("RetryPolicy", {}).get("MaximumEventAgeInSeconds") == deadline,
        "dead-letter queue": target.get("DeadLetterConfig", {}).get("Arn")
        == names.dead_letter_queue_arn,
    }
    yield from (what for what, is_same in checks.items() if not is_same)


def _utc(date: datetime | None) -> datetime | None:
    return date and date.astimezone(UTC)


# -- events


def events(stack: Stack, _: datetime) -> Iterator[Finding]:
    """Rules and pipes must hand over what the stack file says, and be on unless somebody paused."""
    notes = pauses.notes_of(stack)
    deploy = f"pulumi up -s {stack.name} --refresh"
    ended = stack.names.of("ended")
    if found := _rule(stack, ended):
        if found["State"] != "ENABLED":
            yield problem(f"rule {ended}", "which tells of the ends of runs, is disabled", deploy)
    else:
        yield problem(f"rule {ended}", "which tells of the ends of runs, is not deployed", deploy)
    for name, job in stack.settings.jobs.items():
        off = not job.enabled
        patterns = event_patterns(job.on, stack.names)
        for number, pattern in enumerate(patterns, 1):
            rule = stack.names.event_source(name, number)
            for what in _rule_differs(stack, name, job, rule, pattern, off=off or name in notes):
                yield problem(f"rule {rule}", f"which starts {name}, {what}", deploy)
        queues = [event.message.queue for event in job.on if event.message]
        for number, queue in enumerate(queues, 1):
            pipe = stack.names.event_source(name, number)
            for what in _pipe_differs(stack, pipe, queue, off=off or name in notes):
                yield problem(f"pipe {pipe}", f"which starts {name}, {what}", deploy)


def _rule(stack: Stack, name: str) -> dict[str, Any] | None:
    return _unless_gone(lambda: stack.aws.client("events").describe_rule(Name=name))


def _rule_differs(
    stack: Stack, name: str, job: JobSettings, rule: str, pattern: Mapping[str, Any], *, off: bool
) -> Iterator[str]:
    found = _rule(stack, rule)
    if found is None:
        yield "is not deployed"
        return
    if found["State"] != "ENABLED" and not off:
        yield "is disabled"
    if found["State"] == "ENABLED" and not job.enabled:
        yield "is on, and the stack file has it off"
    if not same(dict(pattern), json.loads(found["EventPattern"])):
        yield "has another pattern in AWS"
    targets = stack.aws.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    _, template = input_transformer(job_trigger(name, job))
    wanted = (stack.names.machine_arn(stack.names.of("dispatcher")), template)
    live = [
        (one["Arn"], one.get("InputTransformer", {}).get("InputTemplate", "")) for one in targets
    ]
    if live != [wanted]:
        yield "has another trigger in AWS"


def _pipe_differs(stack: Stack, pipe: str, queue: str, *, off: bool) -> Iterator[str]:
    found = _unless_gone(lambda: stack.aws.client("pipes").describe_pipe(Name=pipe))
    if found is None:
        yield "is not deployed"
        return
    if found["DesiredState"] != "RUNNING" and not off:
        yield "is stopped"
    state = found.get("CurrentState", "")
    if state.endswith("FAILED"):
        yield f"is broken ({state}): {found.get('StateReason', 'no reason said')}"
    wanted = (
        stack.names.queue_arn(queue),
        stack.names.machine_arn(stack.names.of("dispatcher")),
    )
    if (found["Source"], found["Target"]) != wanted:
        yield "has another source or target in AWS"


def _unless_gone(ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return ask()
    except ClientError as error:
        if code_of(error) not in _GONE:
            raise
        return None
