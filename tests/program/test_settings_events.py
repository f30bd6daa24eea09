"""``on:`` and ``queues:``: what is read, and what is refused in one line."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stacks.reading import SettingsError
from stacks.settings import Settings
from tests.deploying import ROOT
from tests.program.reading import read_settings

COMMAND: dict[str, Any] = {"command": ["true"]}


def read(jobs: Mapping[str, object], **sections: object) -> Settings:
    """Read a stack file with a bucket, a queue and these jobs, in the directory of the program."""
    written = {
        "network": {"mode": "public"},
        "buckets": {"files": {}},
        "queues": {"orders": {}},
        "jobs": jobs,
        **sections,
    }
    config = {f"fargate-batch:{key}": json.dumps(value) for key, value in written.items()}
    return read_settings(
        {"aws:region": "eu-west-1", **config},
        project="fargate-batch",
        stack="dev",
        directory=Path(ROOT),
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )


def job(on: object, **keys: object) -> dict[str, Any]:
    return {**COMMAND, "on": on, **keys}


def refused(jobs: Mapping[str, object], **sections: object) -> str:
    """The one line that a stack file is refused with, without the file's name."""
    with pytest.raises(SettingsError) as refusal:
        read(jobs, **sections)
    (line,) = refusal.value.lines
    return line.removeprefix("Pulumi.dev.yaml: ")


OBJECT = {"objectCreated": {"bucket": "files", "prefix": "in/", "suffix": ".csv"}}
MESSAGE = {"message": {"queue": "orders"}}


def test_a_job_starts_on_one_event_or_on_several() -> None:
    jobs = read({"one": job(OBJECT), "two": job([{"jobEnded": {"job": "one"}}, MESSAGE])}).jobs
    (one,) = jobs["one"].on
    assert one.object_created is not None
    assert (one.object_created.prefix, one.object_created.suffix) == ("in/", ".csv")
    ended, message = jobs["two"].on
    assert ended.job_ended is not None
    assert ended.job_ended.result == "success"
    assert message.message is not None
    assert message.message.queue == "orders"


def test_events_are_not_dropped_unless_somebody_says_so() -> None:
    jobs = {
        "plain": COMMAND,
        "event": job(OBJECT),
        "careful": job(MESSAGE, overlap="forbid", schedule="rate(1 day)"),
    }
    overlaps = {name: read.overlap for name, read in read(jobs).jobs.items()}
    assert overlaps == {"plain": "forbid", "event": "allow", "careful": "forbid"}


def test_a_queue_needs_nothing_said() -> None:
    queue = read({}).queues["orders"]
    assert (queue.visibility_timeout_seconds, queue.retention_days) == (30, 4)


@pytest.mark.parametrize(
    ("on", "line"),
    [
        (
            {"objectCreated": {"bucket": "file"}},
            '[0].objectCreated.bucket: "file" is not a bucket of this file: write files',
        ),
        ({"objectCreated": {}}, "[0].objectCreated.bucket: missing: write bucket: files"),
        (
            {"objectCreated": "files"},
            "[0].objectCreated: is text: write a map, such as objectCreated: "
            "{bucket: files, prefix: in/}",
        ),
        (
            {"objectCreated": {"bucket": "files", "prefix": "in/*"}},
            '[0].objectCreated.prefix: "in/*" is compared as text: write in/',
        ),
        (
            {"objectCreated": {"bucket": "files", "suffix": "\\"}},
            '[0].objectCreated.suffix: "\\\\" is compared as text: write without it',
        ),
        (
            {"objectCreated": {"bucket": "files", "prefix": ""}},
            '[0].objectCreated.prefix: "" is every key: leave it out',
        ),
        (
            {"message": {"queue": "order"}},
            '[0].message.queue: "order" is not a queue of this file: write orders',
        ),
        (
            {"jobEnded": {"job": "extrct"}},
            '[0].jobEnded.job: "extrct" is not a job of this file: write extract',
        ),
        (
            {"jobEnded": {"job": "extract", "result": "failed"}},
            '[0].jobEnded.result: "failed" is not one of the choices: write success, failure or '
            "any",
        ),
        (
            {"jobEnded": {"job": "load"}},
            ": load after load would never end: remove one jobEnded",
        ),
        ({"created": {}}, "[0].created: is not a key here: write objectCreated"),
        (
            {},
            "[0]: names no event: write objectCreated, message, jobEnded or pattern",
        ),
        (
            {"message": None},
            "[0]: names no event: write objectCreated, message, jobEnded or pattern",
        ),
        (
            {**OBJECT, **MESSAGE},
            "[0]: names several events, and an entry has one: write objectCreated, message, "
            "jobEnded or pattern",
        ),
        ("objectCreated", ": is text: write {objectCreated: {bucket: files}}"),
        ([OBJECT] * 6, ": […] has 6 entries: write at most 5"),
        (
            [MESSAGE, MESSAGE],
            ": load listens to queue orders already, and a message starts one job: add a queue",
        ),
        # patterns
        (
            {"pattern": "aws.ecs"},
            "[0].pattern: is text: write a map, such as {source: [aws.ecs]}",
        ),
        (
            {"pattern": {"source": "aws.ecs"}},
            '[0].pattern: {…} is no event pattern: "source" must be an object or an array',
        ),
        (
            {"pattern": {"source": [{"prefx": "aws."}]}},
            "[0].pattern: {…} is no event pattern: Unrecognized match type prefx",
        ),
        (
            {"pattern": {"detail": {"state": ["stopped"]}}},
            "[0].pattern: {…} would match events of every service: add source: [aws.ecs]",
        ),
        (
            {"pattern": {"source": ["a" * 2_040]}},
            "[0].pattern: {…} has 2,056 characters, and EventBridge takes 2,048: write prefixes in "
            "place of lists",
        ),
    ],
)
def test_a_mistake_in_an_event_is_one_line_with_the_remedy(on: object, line: str) -> None:
    assert refused({"load": job(on), "extract": COMMAND}) == f"jobs.load.on{line}"


def test_jobs_that_would_start_each_other_for_ever_are_named_once() -> None:
    after = {"a": "b", "b": "c", "c": "a", "d": "a"}
    jobs = {name: job({"jobEnded": {"job": before}}) for name, before in after.items()}
    assert refused(jobs) == (
        "jobs.a.on: a after b after c after a would never end: remove one jobEnded"
    )


def test_a_message_starts_one_job() -> None:
    assert refused({"a": job(MESSAGE), "b": job(MESSAGE)}) == (
        "jobs.b.on: a listens to queue orders already, and a message starts one job: add a queue"
    )


def test_the_name_of_a_job_on_events_leaves_room_for_an_events_id() -> None:
    name = "j" * 43
    assert read({name: COMMAND}).jobs
    assert refused({name: job(MESSAGE)}) == (
        f"jobs.{name}: has 43 characters, and AWS leaves room for 42 behind fargate-batch-dev: "
        "shorten it"
    )


def test_a_job_on_events_leaves_room_for_an_event_in_its_overrides() -> None:
    environment = {"NOTE": "x" * 3_300}
    assert read({"load": {**COMMAND, "environment": environment}}).jobs
    assert refused({"load": job(MESSAGE, environment=environment)}) == (
        "jobs.load: command and environment have 3,363 characters and may have 3,300: move what "
        "jobs share to the container's environment"
    )


def test_the_variables_of_an_event_are_the_runs_own() -> None:
    assert refused({"load": {**COMMAND, "environment": {"JOB_EVENT_ID": "x"}}}) == (
        "jobs.load.environment.JOB_EVENT_ID: is set by every run itself: take another name"
    )


@pytest.mark.parametrize(
    ("queue", "line"),
    [
        ({"visibilityTimeout": "13h"}, "visibilityTimeout: 13h is too long: write 12h"),
        ({"retentionDays": 15}, "retentionDays: 15 is too large: write at most 14"),
        ({"retention": 3}, "retention: is not a key here: write retentionDays"),
    ],
)
def test_a_mistake_in_a_queue_is_one_line_with_the_remedy(
    queue: dict[str, object], line: str
) -> None:
    assert refused({}, queues={"orders": queue}) == f"queues.orders.{line}"


def test_queues_have_names_as_jobs_have() -> None:
    assert "queues.Orders: is not a name" in refused({}, queues={"Orders": {}})


def containers(verb: object) -> dict[str, object]:
    return {"default": {"build": "app", "grants": {"files": verb}}}


def test_a_job_that_may_start_itself_by_what_it_writes_is_a_warning() -> None:
    everything = {"load": job({"objectCreated": {"bucket": "files"}})}
    assert read(everything, containers=containers("write")).warnings == (
        "Pulumi.dev.yaml: jobs.load.on: its container may write to files too, and what it writes "
        "there would start it again: add a prefix",
    )
    assert read(everything, containers=containers("read")).warnings == ()
    assert read({"load": job(OBJECT)}, containers=containers("write")).warnings == ()
    into = {"objectCreated": {"bucket": "files", "prefix": "in/"}}
    assert read({"load": job(into)}, containers=containers({"write": "out/"})).warnings == ()
    assert len(read({"load": job(into)}, containers=containers({"write": "in/x/"})).warnings) == 1
