"""Events start jobs: objects, messages, the ends of other jobs, whatever EventBridge hears."""

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rehearsal.cloud import Played
from rehearsal.faults.breaking import denied, together
from rehearsal.scenario import Scenario
from rehearsal.stage import DEAD_LETTER, SUCCEEDS, Facts, Job, Stage, execution_arn

ODD = "new \"file\" of 100% {<id>} 'é' \\"
"""A part of a key or message that breaks whoever puts texts together."""
LARGE_CHARACTERS = 100_000
FAILS = Played(exit_code=1)


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """A deployed rule that starts a job."""

    name: str
    job: Job
    pattern: dict[str, Any]


def _rules(stage: Stage, kind: str) -> Iterator[_Rule]:
    """Find the rules of a kind: ``object``, ``end`` of a job, or any other ``pattern``."""
    for found in stage.event_rules():
        pattern, job = json.loads(found["EventPattern"]), stage.started_by(found["Name"])
        if job is not None and _kind(stage, pattern) == kind:
            yield _Rule(name=found["Name"], job=job, pattern=pattern)


def _kind(stage: Stage, pattern: dict[str, Any]) -> str:
    detail: dict[str, Any] = pattern.get("detail", {})
    buckets = detail.get("bucket", {}).get("name", [])
    if pattern.get("detail-type") == ["Object Created"] and any(
        bucket in buckets for bucket in stage.exports["bucketNames"].values()
    ):
        return "object"
    machines = detail.get("stateMachineArn", [])
    return "end" if any(job.machine_arn in machines for job in stage.jobs) else "pattern"


def _pipes(stage: Stage) -> list[dict[str, Any]]:
    """Find the pipes that start a job which is rehearsed."""
    return [pipe for pipe in stage.event_pipes() if stage.started_by(pipe["Name"]) is not None]


def _no(kind: str) -> Callable[[Stage], str | None]:
    """Say that no job listens to events of a kind."""

    def unless(stage: Stage) -> str | None:
        return None if any(_rules(stage, kind)) else f"no job starts on events: {kind}"

    return unless


def _no_pipe(stage: Stage) -> str | None:
    return None if _pipes(stage) else "no job starts on messages"


@contextmanager
def _rules_on(stage: Stage) -> Generator[None]:
    """Let the rules hear while a scenario is played; its runs succeed."""
    events: Any = stage.aws.client("events")
    names = [rule["Name"] for rule in stage.event_rules()]
    with _succeeding(stage):
        for name in names:
            events.enable_rule(Name=name)
        try:
            yield
        finally:
            for name in names:
                events.disable_rule(Name=name)


@contextmanager
def _pipes_on(stage: Stage) -> Generator[None]:
    """Let the pipes run while a scenario is played; its runs succeed."""
    pipes: Any = stage.aws.client("pipes")
    names = [pipe["Name"] for pipe in _pipes(stage)]
    with _succeeding(stage):
        for name in names:
            pipes.start_pipe(Name=name)
        try:
            yield
        finally:
            for name in names:
                pipes.stop_pipe(Name=name)


@contextmanager
def _succeeding(stage: Stage) -> Generator[None]:
    kept, stage.unplanned = stage.unplanned, SUCCEEDS
    try:
        yield
    finally:
        stage.unplanned = kept


# -- what happens


def _put_object(stage: Stage, rule: _Rule) -> tuple[str, dict[str, Any]]:
    """Create an object that a rule listens for; return its key and the event."""
    detail = rule.pattern["detail"]
    (test,) = detail.get("object", {}).get("key", [{}])
    begin, _, end = test.get("wildcard", "*").partition("*")
    key = f"{test.get('prefix', begin)}{ODD}{test.get('suffix', end)}"
    before = len(stage.aws.events.events)
    stage.aws.client("s3").put_object(Bucket=detail["bucket"]["name"][0], Key=key, Body=b"1\n")
    event = next(
        event
        for event in stage.aws.events.events[before:]
        if event["detail-type"] == "Object Created"
    )
    return key, event


def _came(stage: Stage, job: Job, event_id: str) -> Facts:
    """Say what came of an event."""
    stage.aws.clock.settle()
    stage.finish()
    run = f"{job.name}-{event_id}"
    end = stage.end(execution_arn(job.machine_arn, run))
    same = [found for found in stage.executions(job.machine_arn) if found["name"] == run]
    return {"trigger": stage.fate(run), "runs": len(same), "run": end["run"]}


def _told(stage: Stage, job: Job, event_id: str) -> dict[str, Any]:
    """Return the event that the program of an event's run was told."""
    environment = stage.environment(f"{job.name}-{event_id}")
    told: dict[str, Any] = json.loads(environment.get("JOB_EVENT", "{}"))
    return told if environment.get("JOB_EVENT_ID") == event_id else {}


def _object_comes(times: int) -> Callable[[Stage, Scenario], Facts]:
    def act(stage: Stage, _: Scenario) -> Facts:
        rule = next(_rules(stage, "object"))
        key, event = _put_object(stage, rule)
        for _again in range(times - 1):
            stage.aws.events.repeat(event)
        facts = _came(stage, rule.job, event["id"])
        object_ = _told(stage, rule.job, event["id"]).get("detail", {}).get("object", {})
        return {**facts, "key": "the same" if object_.get("key") == key else object_.get("key")}

    return act


def _send(stage: Stage, body: str) -> tuple[Job, str]:
    """Send a message to the first queue that a job listens to."""
    pipe = _pipes(stage)[0]
    sqs: Any = stage.aws.client("sqs")
    url = sqs.get_queue_url(QueueName=pipe["Source"].rpartition(":")[2])["QueueUrl"]
    sent = sqs.send_message(QueueUrl=url, MessageBody=body)
    job = stage.started_by(pipe["Name"])
    assert job is not None  # noqa: S101 - as _pipes has found
    return job, sent["MessageId"]


def _message_comes(body: str) -> Callable[[Stage, Scenario], Facts]:
    def act(stage: Stage, _: Scenario) -> Facts:
        job, message_id = _send(stage, body)
        stage.pass_time(timedelta(minutes=10))  # a message that was not deleted comes again
        facts = _came(stage, job, message_id)
        told = _told(stage, job, message_id)
        said = "the same" if told.get("body") == body else told.get("leftOut")
        return {**facts, "body": said if isinstance(said, str) else f"left out: {said}"}

    return act


def _message_is_not_delivered(stage: Stage, _: Scenario) -> Facts:
    job, message_id = _send(stage, ODD)
    stage.pass_time(timedelta(hours=1))
    return _came(stage, job, message_id)


def _job_ends(stage: Stage, _: Scenario) -> Facts:
    rule = next(_rules(stage, "end"))
    detail = rule.pattern["detail"]
    before = next(job for job in stage.jobs if job.machine_arn in detail["stateMachineArn"])
    first = stage.trigger(before, then=SUCCEEDS if "SUCCEEDED" in detail["status"] else FAILS)
    stage.finish()
    event = next(
        event
        for event in reversed(stage.aws.events.events)
        if event["source"] == "aws.states"
        and event["detail"]["name"] == first
        and event["detail"]["status"] in detail["status"]
    )
    facts = _came(stage, rule.job, event["id"])
    told = _told(stage, rule.job, event["id"]).get("detail", {})
    return {**facts, "after": "the same" if told.get("name") == first else told.get("name")}


def _is_plain(pattern: dict[str, Any]) -> bool:
    """Tell whether a pattern asks for values, and not for prefixes and the like."""
    return all(
        _is_plain({**test}) if isinstance(test, dict) else not isinstance(test[0], dict)
        for test in pattern.values()
    )


def _filled(pattern: dict[str, Any]) -> dict[str, Any]:
    """Return what matches a plain pattern."""
    return {
        name: _filled({**test}) if isinstance(test, dict) else test[0]
        for name, test in pattern.items()
    }


def _plain_rules(stage: Stage) -> Iterator[_Rule]:
    return (rule for rule in _rules(stage, "pattern") if _is_plain(rule.pattern))


def _no_plain_pattern(stage: Stage) -> str | None:
    return None if any(_plain_rules(stage)) else "no job starts on a pattern of plain values"


def _pattern_matches(stage: Stage, _: Scenario) -> Facts:
    rule = next(_plain_rules(stage))
    event = _filled(rule.pattern)
    before = len(stage.aws.events.events)
    stage.aws.events.publish(
        source=event.get("source", "somebody"),
        detail_type=event.get("detail-type", "something"),
        resources=[],
        detail={**event.get("detail", {}), "note": ODD},
        region=stage.aws.region,
    )
    event_id = stage.aws.events.events[before]["id"]
    facts = _came(stage, rule.job, event_id)
    told = _told(stage, rule.job, event_id).get("detail", {})
    return {**facts, "note": "the same" if told.get("note") == ODD else told.get("note")}


# -- whose permissions


def _of_rules(stage: Stage) -> str:
    events: Any = stage.aws.client("events")
    rule = next(_rules(stage, "object"))
    (target,) = events.list_targets_by_rule(Rule=rule.name)["Targets"]
    return target["RoleArn"]


def _of_pipes(stage: Stage) -> str:
    return _pipes(stage)[0]["RoleArn"]


def _ran(**more: Any) -> Callable[[Job], Facts]:
    return lambda _: {"runs": 1, "run": "succeeded", **more}


_UNDELIVERED: Facts = {"trigger": DEAD_LETTER, "run": "none", "alarm": "dead-letters"}

FEATURES = (
    Scenario(
        name="event-object",
        says="An object arrives in a bucket, with a key full of quotes",
        broken=_rules_on,
        act=_object_comes(1),
        unless=_no("object"),
        expects=_ran(key="the same"),
    ),
    Scenario(
        name="event-twice",
        says="The event of an object is delivered twice",
        broken=_rules_on,
        act=_object_comes(2),
        unless=_no("object"),
        expects=_ran(key="the same", trigger="started + duplicate"),
    ),
    Scenario(
        name="event-message",
        says="A message of plain text arrives in a queue",
        broken=_pipes_on,
        act=_message_comes(ODD),
        unless=_no_pipe,
        expects=_ran(body="the same"),
    ),
    Scenario(
        name="event-too-large",
        says="A message arrives that is larger than a task can be told",
        broken=_pipes_on,
        act=_message_comes(ODD * (LARGE_CHARACTERS // len(ODD))),
        unless=_no_pipe,
        expects=_ran(body="left out: ['body']"),
    ),
    Scenario(
        name="event-job-ended",
        says="A job ends that another one waits for",
        broken=_rules_on,
        act=_job_ends,
        unless=_no("end"),
        expects=_ran(after="the same"),
    ),
    Scenario(
        name="event-pattern",
        says="An event happens whose pattern a job listens for",
        broken=_rules_on,
        act=_pattern_matches,
        unless=_no_plain_pattern,
        expects=_ran(note="the same"),
    ),
    Scenario(
        name="event-rule-denied",
        says="The role of the rules may not start the dispatcher any more",
        broken=together(_rules_on, denied(_of_rules, "states:StartExecution")),
        act=_object_comes(1),
        unless=_no("object"),
        expects=lambda _: _UNDELIVERED,
    ),
    Scenario(
        name="event-pipe-denied",
        says="The role of the pipes may not start the dispatcher any more",
        broken=together(_pipes_on, denied(_of_pipes, "states:StartExecution")),
        act=_message_is_not_delivered,
        unless=_no_pipe,
        expects=lambda _: _UNDELIVERED,
    ),
)
