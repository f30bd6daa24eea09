"""RedriveExecution: on AWS a failed execution goes on where it failed; moto has no such call."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import START, Account

FAIL = {"Type": "Fail", "Error": "Broken", "Cause": "again"}


def send(queue: str, **more: Any) -> dict[str, Any]:
    """A task that fails until its queue is there."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {
            "QueueUrl": f"https://sqs.eu-west-1.amazonaws.com/123456789012/{queue}",
            "MessageBody": "{% $states.input %}",
        },
        "Output": "{% $states.input & '!' %}",
        **({} if "Next" in more else {"End": True}),
        **more,
    }


def redrive(account: Account, arn: str) -> dict[str, Any]:
    account.aws.client("stepfunctions").redrive_execution(executionArn=arn)
    return account.aws.wait_for(arn)


def types(account: Account, arn: str) -> list[str]:
    return [event["type"] for event in account.history(arn)]


def failed(account: Account, states: dict[str, Any], given: Any) -> str:
    arn = account.start(account.machine(states), given)
    assert account.aws.wait_for(arn)["status"] == "FAILED"
    return arn


def test_a_redriven_execution_goes_on_at_the_failed_state_with_its_input(account: Account) -> None:
    first = {"Type": "Pass", "Output": "{% $states.input.text & ' there' %}", "Next": "Send"}
    arn = failed(account, {"First": first, "Send": send("later")}, {"text": "hello"})
    account.queue("later")
    account.aws.clock.run_until(START + timedelta(hours=2))
    ended = redrive(account, arn)
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", "hello there!")
    assert types(account, arn)[-5:] == [
        "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert types(account, arn).count("PassStateEntered") == 1
    assert types(account, arn).count("ExecutionStarted") == 1


def test_a_redriven_execution_keeps_its_variables(account: Account) -> None:
    first = {"Type": "Pass", "Assign": {"said": "{% $states.input.text %}"}, "Next": "Send"}
    last = {"Type": "Succeed", "Output": "{% $said %}"}
    send_state = send("later", Next="Last", Arguments=send("later")["Arguments"])
    arn = failed(account, {"First": first, "Send": send_state, "Last": last}, {"text": "kept"})
    account.queue("later")
    assert json.loads(redrive(account, arn)["output"]) == "kept"


def test_redrives_are_counted_and_told(account: Account) -> None:
    arn = failed(account, {"Fail": FAIL}, {})
    account.aws.clock.run_until(START + timedelta(hours=1))
    described = redrive(account, arn)
    assert described["redriveCount"] == 1
    assert described["redriveDate"] == START + timedelta(hours=1)
    assert described["redriveStatus"] == "REDRIVABLE"
    assert described["startDate"] == START
    details = [event["detail"] for event in account.aws.events.events]
    assert [(d["status"], d["redriveCount"]) for d in details] == [
        ("RUNNING", 0), ("FAILED", 0), ("RUNNING", 1), ("FAILED", 1),
    ]  # fmt: skip
    redriven = next(e for e in account.history(arn) if e["type"] == "ExecutionRedriven")
    assert redriven["executionRedrivenEventDetails"] == {"redriveCount": 1}


def test_a_machine_sees_how_often_it_was_redriven(account: Account) -> None:
    count = "{% $string($states.context.Execution.RedriveCount) %}"
    arn = failed(account, {"Fail": {"Type": "Fail", "Error": "E", "Cause": count}}, {})
    assert redrive(account, arn)["cause"] == "1"


def test_of_a_parallel_state_only_what_failed_runs_again(account: Account) -> None:
    branches = [
        {"StartAt": "Good", "States": {"Good": {"Type": "Pass", "End": True}}},
        {
            "StartAt": "Slow",
            "States": {
                "Slow": {"Type": "Wait", "Seconds": 60, "Next": "Send"},
                "Send": send("later"),
            },
        },
    ]
    states = {"Both": {"Type": "Parallel", "Branches": branches, "End": True}}
    arn = failed(account, states, "text")
    account.queue("later")
    ended = redrive(account, arn)
    assert json.loads(ended["output"]) == ["text", "text!"]
    assert ended["stopDate"] == START + timedelta(seconds=60)  # the wait was over already
    entered = types(account, arn)
    assert (entered.count("PassStateEntered"), entered.count("WaitStateEntered")) == (1, 1)


def test_of_a_map_only_the_failed_items_run_again(account: Account) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "Send",
        "States": {
            "Send": {
                **send("queue"),
                "Arguments": {
                    "QueueUrl": "{% 'https://sqs.eu-west-1.amazonaws.com/1/' & $states.input %}",
                    "MessageBody": "m",
                },
            }
        },
    }
    each = {
        "Type": "Map",
        "Items": "{% $states.input.queues %}",
        "MaxConcurrency": 1,
        "ItemProcessor": processor,
        "End": True,
    }
    account.queue("here")
    arn = failed(account, {"Each": each}, {"queues": ["here", "later"]})
    account.queue("later")
    assert json.loads(redrive(account, arn)["output"]) == ["here!", "later!"]
    sent = account.aws.client("sqs").get_queue_attributes(
        QueueUrl=account.aws.client("sqs").get_queue_url(QueueName="here")["QueueUrl"],
        AttributeNames=["ApproximateNumberOfMessages"],
    )
    assert sent["Attributes"]["ApproximateNumberOfMessages"] == "1"


def test_a_stopped_execution_can_be_redriven(account: Account) -> None:
    machine = account.machine({"Wait": {"Type": "Wait", "Seconds": 100, "End": True}})
    arn = account.start(machine)
    account.aws.clock.run_until(START + timedelta(seconds=10))
    account.aws.client("stepfunctions").stop_execution(executionArn=arn)
    account.aws.wait_for(arn)
    ended = redrive(account, arn)
    assert (ended["status"], ended["stopDate"]) == ("SUCCEEDED", START + timedelta(seconds=110))


@pytest.mark.parametrize(
    ("state", "days", "reason"),
    [
        ({"Type": "Succeed"}, 0, "Execution is SUCCEEDED and cannot be redriven"),
        (
            {"Type": "Wait", "Seconds": 9_999, "End": True},
            0,
            "Execution is RUNNING and cannot be redriven",
        ),
        (FAIL, 15, "Execution's redrivable period exceeded"),
    ],
)
def test_an_execution_is_not_redriven(
    account: Account, state: dict[str, Any], days: int, reason: str
) -> None:
    arn = account.start(account.machine({"Only": state}))
    account.aws.clock.run_until(START + timedelta(days=days))
    sfn = account.aws.client("stepfunctions")
    with pytest.raises(ClientError, match=reason) as refused:
        sfn.redrive_execution(executionArn=arn)
    said: Any = refused.value.response["Error"]
    assert said["Code"] == "ExecutionNotRedrivable"
    described = sfn.describe_execution(executionArn=arn)
    assert (described["redriveStatus"], described["redriveStatusReason"]) == (
        "NOT_REDRIVABLE",
        reason,
    )


def test_the_same_redrive_asked_twice_is_one(account: Account) -> None:
    arn = failed(account, {"Fail": FAIL}, {})
    sfn = account.aws.client("stepfunctions")
    for _ in range(2):
        sfn.redrive_execution(executionArn=arn, clientToken="once")
    assert account.aws.wait_for(arn)["redriveCount"] == 1
