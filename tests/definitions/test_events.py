"""What a rule listens for, and what comes of an event that strangers had a hand in."""

import json
import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statelint.linter import Linter

from definitions import events
from definitions.dispatcher_machine import dispatcher_machine, trigger
from definitions.event_pattern import compile_pattern, matches
from rehearsal.cloud.event_input import input_for
from tests.definitions.playing import End, play

MACHINES = "arn:aws:states:eu-west-1:123456789012:stateMachine:fargate-batch-dev--"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:fargate-batch-dev--orders"
PLAIN = trigger(job="load", container="default", overlap="allow", notify="all")
ODD = "a \"quoted\" name,\n<id> \\ {é} '100%' \u2028"
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "account": "123456789012",
    "time": "2026-11-22T03:30:00Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:s3:::files"],
    "detail": {"version": "0", "bucket": {"name": "files"}, "object": {"key": ODD, "size": 5}},
}
MESSAGE: dict[str, Any] = {
    "messageId": "19dd0b57-b21e-4ac1-bd88-01bbb068cb78",
    "receiptHandle": "h" * 300,
    "body": ODD,
    "attributes": {"ApproximateReceiveCount": "1"},
    "messageAttributes": {},
    "md5OfBody": "49dfdd54b01cbcd2d2ab5e9e5ee6b9b9",
    "eventSource": "aws:sqs",
    "eventSourceARN": QUEUE,
    "awsRegion": "eu-west-1",
}


def hears(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    return matches(compile_pattern(json.dumps(pattern)), event)


def created(key: str, bucket: str = "files") -> dict[str, Any]:
    return {**EVENT, "detail": {"bucket": {"name": bucket}, "object": {"key": key}}}


@pytest.mark.parametrize(
    ("prefix", "suffix", "yes", "no"),
    [
        (None, None, ["a", "in/a.csv"], []),
        ("in/", None, ["in/", "in/a"], ["out/a", "xin/a"]),
        (None, ".csv", ["a.csv"], ["a.csv.gz", "a.CSV"]),
        ("in/", ".csv", ["in/a.csv", "in/b/c.csv"], ["in/a", "a.csv", "out/a.csv", "in/a.csv.gz"]),
    ],
)
def test_a_prefix_and_a_suffix_must_both_be_there(
    prefix: str | None, suffix: str | None, yes: list[str], no: list[str]
) -> None:
    pattern = events.object_created("files", prefix=prefix, suffix=suffix)
    assert all(hears(pattern, created(key)) for key in yes)
    assert not any(hears(pattern, created(key)) for key in no)
    assert not hears(pattern, created("in/a.csv", "others"))
    assert not hears(pattern, {**created("in/a.csv"), "detail-type": "Object Deleted"})


def ended(status: str, job: str = "load", **more: Any) -> dict[str, Any]:
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"stateMachineArn": f"{MACHINES}{job}", "status": status, **more},
    }


@pytest.mark.parametrize(
    ("result", "heard"),
    [
        ("success", ["SUCCEEDED"]),
        ("failure", ["FAILED", "TIMED_OUT", "ABORTED"]),
        ("any", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]),
    ],
)
def test_a_jobs_end_is_heard_by_its_result(result: events.Result, heard: list[str]) -> None:
    pattern = events.job_ended(f"{MACHINES}load", result, replaced="JobReplaced")
    for status in ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"):
        for event in (ended(status), ended(status, error=None), ended(status, error="JobFailed")):
            assert hears(pattern, event) == (status in heard)
        assert not hears(pattern, ended(status, "loader")), "another job"
    assert not hears(pattern, ended("ABORTED", error="JobReplaced")), "the newer run's end counts"


def transformed(event: dict[str, Any]) -> Any:
    paths, template = events.input_transformer(PLAIN)
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    made = input_for(
        {"InputTransformer": transformer}, event, rule_arn="arn:rule", ingestion_time="now"
    )
    return json.loads(made)


def test_a_trigger_holds_the_event_whatever_is_in_it() -> None:
    assert transformed(EVENT) == {
        **PLAIN,
        "eventId": EVENT["id"],
        "input": {**PLAIN["input"], "event": EVENT},
    }


def dispatched(given: Any) -> End:
    machine = dispatcher_machine(
        job_machines_arn=MACHINES,
        task_definition_arns={"default": "task-definition:7"},
        skipped_machine_arn="arn:skipped",
        schedule_group="fargate-batch-dev",
    )
    return play(events.hearing_events(machine, {QUEUE: PLAIN}), given, [{"ExecutionArn": "arn:r"}])


def test_an_events_run_is_named_after_it() -> None:
    request = dispatched(transformed(EVENT)).requests[-1]
    assert request["Name"] == f"load-{EVENT['id']}"
    assert request["Input"]["eventId"] == EVENT["id"]
    assert request["Input"]["event"] == EVENT
    assert request["Input"]["notify"] == "all"


def test_a_message_is_an_event_of_its_queues_job() -> None:
    request = dispatched([MESSAGE]).requests[-1]
    assert request["StateMachineArn"] == f"{MACHINES}load"
    assert request["Name"] == f"load-{MESSAGE['messageId']}"
    assert request["Input"]["event"] == MESSAGE
    assert request["Input"]["taskDefinition"] == "task-definition:7"


def test_a_trigger_without_an_event_stays_as_it_is() -> None:
    request = dispatched({"job": "load", "overlap": "allow", "run": "again"}).requests[-1]
    assert request["Name"] == "again"
    assert "event" not in request["Input"]


@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        ({**EVENT, "detail": {"text": "x" * 262_144}}, ["detail"]),
        ({**EVENT, "detail": {"text": '"' * 1_800}}, ["detail"]),
        ({**EVENT, "resources": ["r" * 500] * 20}, ["resources"]),
        ({**EVENT, "detail": {"text": "日" * 1_000}}, ["detail"]),
    ],
)
def test_a_large_event_loses_what_is_large_and_says_so(
    given: dict[str, Any], left_out: list[str]
) -> None:
    event = dispatched(transformed(given)).requests[-1]["Input"]["event"]
    kept = {name: value for name, value in given.items() if name not in left_out}
    assert event == {**kept, "leftOut": left_out}


def test_a_large_message_loses_its_body() -> None:
    event = dispatched([{**MESSAGE, "body": "b" * 200_000}]).requests[-1]["Input"]["event"]
    assert event["leftOut"] == ["body"]
    assert event["messageId"] == MESSAGE["messageId"]


texts = st.text(max_size=30).map(lambda text: text * 200) | st.text()


@given(st.dictionaries(st.text(max_size=10), texts | st.integers() | st.lists(texts), max_size=4))
def test_what_a_run_is_told_stays_within_its_part_of_the_overrides(detail: dict[str, Any]) -> None:
    event = {**EVENT, "id": str(uuid.UUID(int=1)), "detail": detail}
    told = dispatched(transformed(event)).requests[-1]["Input"]["event"]
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    escaped = re.sub("[^ -~]", "-u0000", json.dumps(text, ensure_ascii=False))
    assert len(escaped) <= events.MAX_EVENT_CHARACTERS + 10
    assert told == event or told["leftOut"] == ["detail"]


def test_the_dispatcher_that_hears_events_is_valid() -> None:
    machine = dispatcher_machine(
        job_machines_arn=MACHINES,
        task_definition_arns={},
        skipped_machine_arn="arn:skipped",
        schedule_group="fargate-batch-dev",
        events=True,
    )
    heard = events.hearing_events(machine, {})
    assert Linter.validate(heard) == []
    assert heard["States"][heard["StartAt"]]["Next"] == machine["StartAt"]
