"""``show``: everything of one job, flow or worker."""

import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

import typer

from definitions.names import schedule_name
from ops import showing
from ops.commands.past import as_json, put_past
from ops.completing import job_names
from ops.live import started_by
from ops.output import Json, put_facts, put_json
from ops.showing import Shown
from ops.stack import Stack, now
from ops.times import local, relative, took
from stacks.settings.flows import FlowSettings
from stacks.settings.grants import Reference
from stacks.settings.jobs import JobSettings
from stacks.settings.schedules import expressions_of
from stacks.stack_file import SECRET_PLACEHOLDER
from stacks.wording import MASK

_Facts = Iterator[tuple[str, str]]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show", epilog="Example: `python -m ops -s prod show list-files`")(show)


def show(
    context: typer.Context,
    job: Annotated[
        str, typer.Argument(metavar="JOB", help="A job, flow or worker.", autocompletion=job_names)
    ],
    json: Json = False,
) -> None:
    """Show everything of a job: what it runs, when, who is told, how it went, where it is."""
    stack: Stack = context.obj
    present = now()
    shown = showing.look(stack, stack.entry(job), present)
    if json:
        put_json(_as_json(stack, shown))
        return
    put_facts(
        [
            *_what(stack, shown),
            *_when(stack, shown, present),
            *_around(stack, shown),
            *_where(stack, shown),
        ]
    )
    if shown.last_runs:
        put_past(shown.last_runs, ZoneInfo(shown.entry.settings.timezone), present)


def _what(stack: Stack, shown: Shown) -> _Facts:
    entry, settings = shown.entry, shown.entry.settings
    state = "" if shown.standing.deployed else ", not deployed"
    yield entry.kind, f"{entry.name}{state}"
    if isinstance(settings, FlowSettings):
        for name, step in settings.jobs.items():
            yield "runs", f"{name} after {', '.join(step.after)}" if step.after else name
        return
    container = stack.settings.containers[settings.container]
    yield "command", shlex.join(settings.command)
    yield "container", f"{settings.container}, {showing.size(settings, container)}"
    yield "image", shown.image or "not deployed"
    for name, value in {**container.environment, **settings.environment}.items():
        yield "environment", f"{name}={_value(value)}"
    if container.secrets:
        yield "secrets", ", ".join(container.secrets)
    yield "timeout", took(timedelta(seconds=settings.timeout_seconds)) + " an attempt"
    if isinstance(settings, JobSettings):
        for line in showing.retries(settings):
            yield "tries again", line
        if settings.capacity != "onDemand":
            yield "capacity", settings.capacity
        if settings.array:
            yield "array", f"{settings.array.elements} elements"


def _value(value: str | Reference) -> str:
    """Write a variable's value; one that is encrypted in the stack file stays unknown here."""
    if isinstance(value, Reference):
        return f"{value.kind} {value.name}"
    return MASK if SECRET_PLACEHOLDER in value else value


def _masked(value: Any) -> Any:
    """Say of each encrypted value only that it is one."""
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_masked(item) for item in cast(list[Any], value)]
    return MASK if isinstance(value, str) and SECRET_PLACEHOLDER in value else value


def _when(stack: Stack, shown: Shown, present: datetime) -> _Facts:
    entry, settings, standing = shown.entry, shown.entry.settings, shown.standing
    zone = ZoneInfo(settings.timezone)
    today = present.astimezone(zone).date()
    for number, expression in enumerate(expressions_of(entry.name, settings), 1):
        name = schedule_name(entry.name, number)
        state = (
            ", off in the stack file"
            if not settings.enabled
            else ", paused"
            if name in standing.paused
            else ", not deployed"
            if name in standing.missing or not standing.deployed
            else ""
            if number in standing.firing
            else ", over"
        )
        yield "schedule", f"{expression} {settings.timezone}{state}"
    for firing in shown.next_times:
        yield "next", f"{local(firing.instant, zone, today)}, {relative(firing.instant, present)}"
    if shown.next_skipped:
        when = local(shown.next_skipped.instant, zone, today)
        yield "next skipped", f"{when}: {shown.next_skipped.skipped}"
    if settings.flexible_window_seconds:
        window = took(timedelta(seconds=settings.flexible_window_seconds))
        yield "window", f"starts within {window}"
    rules = settings.calendar_rules
    if rules.skip_on:
        yield "not on", ", ".join(rules.skip_on)
    if rules.only_on:
        yield "only on", ", ".join(rules.only_on)
    if rules.business_days:
        yield "only on", "Monday to Friday"
    if isinstance(settings, JobSettings):
        for line in showing.events(settings):
            yield "event", line
    for what in started_by(stack, entry):
        if what != "events":
            yield "started by", what
    if not settings.schedule and not started_by(stack, entry):
        yield "started by", "hand"


def _around(stack: Stack, shown: Shown) -> _Facts:
    settings = shown.entry.settings
    words = {
        "forbid": "a run that finds an older one going is skipped",
        "allow": "runs go beside each other",
        "replace": "a newer run stops the older one",
    }
    yield "overlap", words[settings.overlap]
    yield "told", showing.told(stack, shown.entry)
    if settings.expect_success_within_seconds:
        within = took(timedelta(seconds=settings.expect_success_within_seconds))
        yield "missing", f"told unless a run succeeds within {within}"
    if isinstance(settings, JobSettings) and settings.warn_after_seconds:
        yield "late", f"told after {took(timedelta(seconds=settings.warn_after_seconds))}"
    if container := showing.container_of(stack, shown.entry):
        for line in showing.grants(container):
            yield "may", line


def _where(stack: Stack, shown: Shown) -> _Facts:
    machine = stack.names.machine_arn(stack.names.chosen(shown.entry.name))
    yield "machine", machine
    yield "", showing.console_url(stack, machine)
    for schedule in shown.standing.firing.values():
        yield "in Scheduler", schedule.arn
    if not isinstance(shown.entry.settings, FlowSettings):
        group = stack.names.log_group(shown.entry.settings.container)
        yield "log group", group
        yield "", showing.log_url(stack, group)


def _as_json(stack: Stack, shown: Shown) -> dict[str, Any]:
    entry, settings, standing = shown.entry, shown.entry.settings, shown.standing
    machine = stack.names.machine_arn(stack.names.chosen(entry.name))
    container = showing.container_of(stack, entry)
    group = container and not isinstance(settings, FlowSettings) and settings.container
    return {
        "name": entry.name,
        "kind": entry.kind,
        "deployed": standing.deployed,
        "image": shown.image,
        "settings": _masked(settings.model_dump(mode="json", by_alias=True)),
        "startedBy": started_by(stack, entry),
        "schedules": [
            {
                "name": (name := schedule_name(entry.name, number)),
                "expression": expression,
                "timezone": settings.timezone,
                "paused": name in standing.paused,
                "arn": standing.firing[number].arn if number in standing.firing else None,
            }
            for number, expression in enumerate(expressions_of(entry.name, settings), 1)
        ],
        "next": [firing.instant for firing in shown.next_times],
        "nextSkipped": shown.next_skipped
        and {"time": shown.next_skipped.instant, "reason": shown.next_skipped.skipped},
        "grants": list(showing.grants(container)) if container else [],
        "secrets": list(container.secrets) if container else [],
        "machineArn": machine,
        "consoleUrl": showing.console_url(stack, machine),
        "logGroup": stack.names.log_group(group) if group else None,
        "lastRuns": [as_json(one) for one in shown.last_runs],
    }
