"""EventBridge: status changes, rules, targets and dead letters."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.rehearsal.conftest import ROLE, START, Account, anybody_may, policy_of

DONE = {"Done": {"Type": "Succeed", "Output": {"ok": True}}}
FAIL = {"Fail": {"Type": "Fail", "Error": "JobFailed", "Cause": "because"}}
ENDED = {
    "source": ["aws.states"],
    "detail-type": ["Step Functions Execution Status Change"],
    "detail": {
        "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
        "stateMachineArn": [
            {"prefix": "arn:aws:states:eu-west-1:123456789012:stateMachine:batch-prod--"}
        ],
    },
}


def rule(account: Account, target: dict[str, Any], pattern: dict[str, Any] = ENDED) -> str:
    events = account.aws.client("events")
    arn: str = events.put_rule(Name="ends", EventPattern=json.dumps(pattern))["RuleArn"]
    events.put_targets(Rule="ends", Targets=[{"Id": "target", **target}])
    return arn


def test_the_end_of_a_run_reaches_a_queue_as_aws_tells_it(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")})
    machine = account.machine(DONE, "batch-prod--list")
    ended = account.run(machine, {"a": 1}, name="run-1")
    account.aws.clock.settle()
    ((event, _),) = account.letters("ends")
    assert list(event) == [
        "version", "id", "detail-type", "source", "account", "time", "region", "resources",
        "detail",
    ]  # fmt: skip
    started = round(START.timestamp() * 1_000)
    assert event["source"] == "aws.states"
    assert event["time"] == "2026-03-02T00:00:00Z"
    assert event["resources"] == [ended["executionArn"]]
    assert event["detail"] == {
        "executionArn": ended["executionArn"],
        "stateMachineArn": machine,
        "name": "run-1",
        "status": "SUCCEEDED",
        "startDate": started,
        "stopDate": started,
        "input": '{"a":1}',
        "output": '{"ok":true}',
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "inputDetails": {"included": True},
        "outputDetails": {"included": True},
        "error": None,
        "cause": None,
    }


def test_a_failure_carries_error_and_cause(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")})
    account.run(account.machine(FAIL, "batch-prod--list"))
    account.aws.clock.settle()
    ((event, _),) = account.letters("ends")
    detail = event["detail"]
    assert (detail["status"], detail["error"], detail["cause"]) == (
        "FAILED",
        "JobFailed",
        "because",
    )
    assert (detail["output"], detail["outputDetails"]) == (None, None)
    assert (detail["redriveStatus"], detail["redriveStatusReason"]) == ("REDRIVABLE", None)


def test_the_start_of_a_run_is_told_too(account: Account) -> None:
    pattern = {"detail": {"status": ["RUNNING"]}}
    rule(account, {"Arn": account.queue("starts")}, pattern)
    account.run(account.machine(DONE))
    account.aws.clock.settle()
    ((event, _),) = account.letters("starts")
    assert (event["detail"]["status"], event["detail"]["stopDate"]) == ("RUNNING", None)


def test_timeouts_and_stops_are_told_at_their_instants(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")})
    wait = {"Wait": {"Type": "Wait", "Seconds": 3_600, "End": True}}
    account.start(account.machine(wait, "batch-prod--slow", TimeoutSeconds=60))
    stopped = account.start(account.machine(wait, "batch-prod--stopped"))
    account.aws.clock.run_until(START + timedelta(seconds=30))
    account.aws.client("stepfunctions").stop_execution(executionArn=stopped)
    account.aws.clock.run_until(START + timedelta(minutes=10))
    told = {event["detail"]["status"]: event["time"] for event, _ in account.letters("ends")}
    assert told == {"ABORTED": "2026-03-02T00:00:30Z", "TIMED_OUT": "2026-03-02T00:01:00Z"}


def test_data_too_large_for_an_event_is_left_out(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")})
    big = {"Big": {"Type": "Pass", "Output": "{% $pad('', 254000, 'x') %}", "End": True}}
    account.run(account.machine(big, "batch-prod--big"))
    account.aws.clock.settle()
    ((event, _),) = account.letters("ends")
    assert (
        event["detail"]["inputDetails"] == event["detail"]["outputDetails"] == {"included": False}
    )
    assert (event["detail"]["input"], event["detail"]["output"]) == (None, None)


def test_a_machine_of_another_prefix_does_not_match(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")})
    account.run(account.machine(DONE, "batch-dev--list"))
    account.aws.clock.settle()
    assert account.letters("ends") == []


def test_a_disabled_rule_is_silent(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")})
    account.aws.client("events").disable_rule(Name="ends")
    account.run(account.machine(DONE, "batch-prod--list"))
    account.aws.clock.settle()
    assert account.letters("ends") == []


def test_a_machine_is_started_with_the_event(account: Account) -> None:
    notifier = account.machine({"Keep": {"Type": "Succeed"}}, "notifier")
    rule(account, {"Arn": notifier, "RoleArn": ROLE})
    account.run(account.machine(DONE, "batch-prod--list"))
    account.aws.clock.settle()
    sfn = account.aws.client("stepfunctions")
    (started,) = sfn.list_executions(stateMachineArn=notifier)["executions"]
    described = sfn.describe_execution(executionArn=started["executionArn"])
    assert json.loads(described["input"])["detail"]["status"] == "SUCCEEDED"


def test_a_topic_gets_the_event_as_compact_json(account: Account) -> None:
    sns = account.aws.client("sns")
    topic = sns.create_topic(Name="ends")["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=policy_of(anybody_may("sns:Publish", topic)),
    )
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    rule(account, {"Arn": topic})
    account.run(account.machine(DONE, "batch-prod--list"))
    account.aws.clock.settle()
    (mail,) = account.aws.mail
    assert mail.text.startswith('{"version":"0","id":"')


def test_constant_input_takes_the_place_of_the_event(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends"), "Input": '{"constant": 1}'})
    account.run(account.machine(DONE, "batch-prod--list"))
    account.aws.clock.settle()
    assert account.letters("ends")[0][0] == {"constant": 1}


def test_what_cannot_be_delivered_becomes_a_dead_letter(account: Account) -> None:
    nowhere = "arn:aws:states:eu-west-1:123456789012:stateMachine:nowhere"
    queue = account.queue("dead")
    arn = rule(account, {"Arn": nowhere, "RoleArn": ROLE, "DeadLetterConfig": {"Arn": queue}})
    account.run(account.machine(DONE, "batch-prod--list"))
    account.aws.clock.settle()
    ((event, attributes),) = account.letters("dead")
    assert event["detail"]["name"]
    assert attributes["RULE_ARN"] == arn
    assert attributes["TARGET_ARN"] == nowhere
    assert attributes["ERROR_CODE"] == "NO_RESOURCE"


def test_events_of_ones_own_reach_the_same_targets(account: Account) -> None:
    notifier = account.machine({"Keep": {"Type": "Succeed"}}, "notifier")
    rule(account, {"Arn": notifier, "RoleArn": ROLE}, {"source": ["own"]})
    account.aws.client("events").put_events(
        Entries=[{"Source": "own", "DetailType": "x", "Detail": "{}"}]
    )
    account.aws.clock.settle()
    sfn = account.aws.client("stepfunctions")
    assert len(sfn.list_executions(stateMachineArn=notifier)["executions"]) == 1


def test_an_input_transformer_is_refused_by_name(account: Account) -> None:
    transformer = {"InputPathsMap": {}, "InputTemplate": '"x"'}
    rule(account, {"Arn": account.queue("ends"), "InputTransformer": transformer})
    account.run(account.machine(DONE, "batch-prod--list"))
    with pytest.raises(NotImplementedError, match="InputTransformer of target target"):
        account.aws.clock.settle()
