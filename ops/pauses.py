"""Pausing and resuming: schedules, and the rules and pipes by which events start a job.

A pause leaves a note in the group of ad-hoc schedules: who, why, and until when. If it is to end by
itself, that note is the one-time schedule which has the dispatcher resume; else it never fires.
"""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from definitions.names import SCHEDULE_LIMIT
from definitions.pauses import end_of_pause
from definitions.timetable import argument
from ops import scheduler
from ops.aws import code_of
from ops.scheduler import Schedule
from ops.stack import Entry, Stack
from stacks.settings.jobs import JobSettings

LONGEST_REASON = 400
"""Characters; a schedule's description has 512."""
NOTE = "paused--"
"""Start of the names of the notes; names that people give have no double hyphen."""
_NEVER = "cron(0 0 1 1 ? 2199)"
_HASH_DIGITS = 8


@dataclass(frozen=True, kw_only=True)
class Pause:
    """What is known of a pause."""

    job: str
    since: datetime
    until: datetime | None = None
    """When it ends by itself; ``None``: when somebody resumes."""
    by: str | None = None
    reason: str | None = None
    schedules: tuple[str, ...] = ()
    """Names of what is paused, those that watch included."""
    rules: tuple[str, ...] = ()
    pipes: tuple[str, ...] = ()
    """Physical names of what events start the job by."""

    def as_json(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {
            "job": self.job,
            "since": self.since,
            "until": self.until,
            "by": self.by,
            "reason": self.reason,
            "schedules": list(self.schedules),
            "rules": list(self.rules),
            "pipes": list(self.pipes),
        }


def pause(
    stack: Stack, entry: Entry, *, until: datetime | None, reason: str | None, now: datetime
) -> Pause | None:
    """Pause all that starts a job by itself; return ``None`` where nothing does."""
    found = [one for one in scheduler.of_job(stack, entry.name) if not scheduler.is_over(one, now)]
    rules, pipes = event_sources(stack, entry)
    if not (found or rules or pipes):
        return None
    made = Pause(
        job=entry.name,
        since=now,
        until=until,
        by=stack.aws.caller,
        reason=reason,
        schedules=tuple(one["Name"] for one in found),
        rules=rules,
        pipes=pipes,
    )
    # First of all, so that nothing stays paused for want of an end.
    _put_note(stack, made, found)
    for one in found:
        scheduler.set_state(stack, one, "DISABLED", now)
    for rule in rules:
        _unless_gone(lambda rule=rule: stack.aws.client("events").disable_rule(Name=rule))
    for pipe in pipes:
        _unless_gone(lambda pipe=pipe: stack.aws.client("pipes").stop_pipe(Name=pipe))
    return made


def resume(stack: Stack, entry: Entry, now: datetime) -> list[str]:
    """Resume all that starts a job by itself; return the names of the schedules that fire again."""
    paused = [
        one
        for one in scheduler.of_job(stack, entry.name)
        if one["State"] == "DISABLED" and not scheduler.is_over(one, now)
    ]
    for one in paused:
        scheduler.set_state(stack, one, "ENABLED", now)
    rules, pipes = event_sources(stack, entry)
    resumed = [one["Name"] for one in paused]
    for rule in rules:
        if _unless_gone(lambda rule=rule: stack.aws.client("events").enable_rule(Name=rule)):
            resumed.append(rule)
    for pipe in pipes:
        if _unless_gone(lambda pipe=pipe: stack.aws.client("pipes").start_pipe(Name=pipe)):
            resumed.append(pipe)
    _unless_gone(
        lambda: stack.aws.client("scheduler").delete_schedule(
            GroupName=stack.names.adhoc_group, Name=note_name(entry.name)
        )
    )
    return resumed


def paused(stack: Stack, entries: Iterable[Entry]) -> Iterator[Pause]:
    """Yield the pauses of these, whoever made them; what the stack file has off is none."""
    disabled: dict[str, list[Schedule]] = {}
    for one in scheduler.listed(stack, stack.names.prefix):
        if one["State"] == "DISABLED":
            disabled.setdefault(scheduler.owner(one["Name"]), []).append(one)
    notes = notes_of(stack)
    for entry in entries:
        off, note = disabled.get(entry.name, []), notes.get(entry.name)
        rules, pipes = _off(stack, note) if note else ((), ())
        if not entry.settings.enabled or not (off or rules or pipes):
            continue
        yield Pause(
            job=entry.name,
            since=note.since if note else max(one["LastModificationDate"] for one in off),
            until=note.until if note else None,
            by=note.by if note else None,
            reason=note.reason if note else None,
            schedules=tuple(one["Name"] for one in off),
            rules=rules,
            pipes=pipes,
        )


def notes_of(stack: Stack) -> dict[str, Pause]:
    """Return the notes of pauses by job, also of those that somebody else has ended."""
    found: dict[str, Pause] = {}
    for one in list(scheduler.listed(stack, stack.names.adhoc_group, NOTE)):
        note = scheduler.read(stack, stack.names.adhoc_group, one["Name"])
        if note is not None:
            pause = _read_note(note)
            found[pause.job] = pause
    return found


def note_name(job: str) -> str:
    """Name the note of a job's pause: the same each time, and of no other job."""
    name = f"{NOTE}{job}"
    if len(name) <= SCHEDULE_LIMIT:
        return name
    digits = hashlib.sha256(job.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{name[: SCHEDULE_LIMIT - _HASH_DIGITS - 1]}_{digits}"


def event_sources(stack: Stack, entry: Entry) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the rules and pipes by which events start a job."""
    if not isinstance(entry.settings, JobSettings):
        return (), ()
    messages = sum(event.message is not None for event in entry.settings.on)
    rules = len(entry.settings.on) - messages

    def names(count: int) -> tuple[str, ...]:
        return tuple(stack.names.event_source(entry.name, at + 1) for at in range(count))

    return names(rules), names(messages)


def _off(stack: Stack, note: Pause) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return those rules and pipes of a note that nobody has put on again."""

    def is_off(kind: str, name: str) -> bool:
        client = stack.aws.client(kind)
        try:
            if kind == "events":
                return client.describe_rule(Name=name)["State"] == "DISABLED"
            return client.describe_pipe(Name=name)["DesiredState"] == "STOPPED"
        except ClientError as error:
            if code_of(error) not in (scheduler.NOT_THERE, "NotFoundException"):
                raise
            return False

    return (
        tuple(rule for rule in note.rules if is_off("events", rule)),
        tuple(pipe for pipe in note.pipes if is_off("pipes", pipe)),
    )


def _put_note(stack: Stack, pause: Pause, found: Iterable[Schedule]) -> None:
    at = pause.until
    ends = {
        one["Name"]: argument(scheduler.start_at(one, at or pause.since))
        for one in found
        if at is None or not scheduler.is_over(one, at)
    }
    note: Mapping[str, Any] = {
        "Name": note_name(pause.job),
        "GroupName": stack.names.adhoc_group,
        "Description": f"{pause.by}: {pause.reason or ''}".strip(),
        "ScheduleExpression": f"at({at.astimezone(UTC):%Y-%m-%dT%H:%M:%S})" if at else _NEVER,
        "ScheduleExpressionTimezone": "UTC",
        "State": "ENABLED" if at else "DISABLED",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": target(
            stack,
            end_of_pause(pause.job, schedules=ends, rules=pause.rules, pipes=pause.pipes),
            deadline_seconds=86_400,
        ),
    }
    put_schedule(stack, note)


def put_schedule(stack: Stack, whole: Mapping[str, Any]) -> None:
    """Make an ad-hoc schedule, or put it in the place of the one that has its name."""
    client = stack.aws.client("scheduler")
    try:
        client.create_schedule(**whole)
    except ClientError as error:
        if code_of(error) == scheduler.NOT_THERE:
            raise scheduler.no_group(stack, stack.names.adhoc_group) from None
        if code_of(error) != scheduler.THERE:
            raise
        client.update_schedule(**whole)


def target(stack: Stack, given: Mapping[str, Any], *, deadline_seconds: int) -> dict[str, Any]:
    """Return what of an ad-hoc schedule says that it hands this to the dispatcher."""
    names = stack.names
    return {
        "Arn": names.machine_arn(names.of("dispatcher")),
        "RoleArn": names.role_arn(names.of("scheduler")),
        "Input": json.dumps(given),
        "RetryPolicy": {
            "MaximumEventAgeInSeconds": deadline_seconds,
            "MaximumRetryAttempts": 185,  # Scheduler's own maximum
        },
        "DeadLetterConfig": {"Arn": names.dead_letter_queue_arn},
    }


def _read_note(note: Schedule) -> Pause:
    given = json.loads(note["Target"]["Input"])
    by, _, reason = note.get("Description", "").partition(":")
    ends = note["State"] == "ENABLED"
    resumed: list[dict[str, str]] = given["resume"]
    return Pause(
        job=given["job"],
        since=note["LastModificationDate"].astimezone(UTC),
        until=scheduler.next_time(note, note["CreationDate"].astimezone(UTC)) if ends else None,
        by=by or None,
        reason=reason.strip() or None,
        rules=tuple(one["rule"] for one in resumed if "rule" in one),
        pipes=tuple(one["pipe"] for one in resumed if "pipe" in one),
    )


def _unless_gone(call: Callable[[], object]) -> bool:
    """Call; whether what it is about was there."""
    try:
        call()
    except ClientError as error:
        if code_of(error) in (scheduler.NOT_THERE, "NotFoundException"):
            return False
        raise
    return True
