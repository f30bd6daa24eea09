"""Each repair of moto's Map states, by what goes wrong without it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.rehearsal.conftest import ROLE, START, Account, policy_of

PASS: dict[str, Any] = {"Type": "Pass", "End": True}


def distributed(states: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A distributed Map over three items, at most two of them at once."""
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": next(iter(states)),
        "States": states,
    }
    return {
        "Type": "Map",
        "Items": [1, 2, 3],
        "MaxConcurrency": 2,
        "Label": "items",
        "ItemProcessor": processor,
        "End": True,
        **more,
    }


def waiting() -> dict[str, Any]:
    return {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}


def deny(account: Account, *actions: str) -> None:
    statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
    account.aws.client("iam").put_role_policy(
        RoleName=ROLE.rpartition("/")[2], PolicyName="deny", PolicyDocument=policy_of(statement)
    )


def listen(account: Account) -> None:
    """Keep the events of executions in a queue."""
    events = account.aws.client("events")
    events.put_rule(Name="changed", EventPattern=json.dumps({"source": ["aws.states"]}))
    events.put_targets(Rule="changed", Targets=[{"Id": "q", "Arn": account.queue("heard")}])


def heard(account: Account) -> list[dict[str, Any]]:
    """Return the details of the events so far."""
    account.aws.clock.settle()
    details: list[dict[str, Any]] = []
    while letters := account.letters("heard"):
        details += [body["detail"] for body, _ in letters]
    return details


def test_each_item_is_an_execution_of_its_own(account: Account) -> None:
    listen(account)
    inside = {"Who": {"Type": "Pass", "Output": "{% $states.context.Execution.Id %}", "End": True}}
    machine = account.machine({"Map": distributed(inside)})
    found = account.run(machine)
    ids = found["output"]
    assert len(set(ids)) == 3
    for arn in ids:
        assert ":execution:machine/items:" in arn
        child = account.aws.client("stepfunctions").describe_execution(executionArn=arn)
        assert child["stateMachineArn"] == f"{machine}/items"
        assert child["status"] == "SUCCEEDED"
        assert account.history(arn)[0]["type"] == "ExecutionStarted"
    assert sorted(detail["stateMachineArn"] for detail in heard(account)) == [
        *[machine] * 2,
        *[f"{machine}/items"] * 6,
    ]
    listed = account.aws.client("stepfunctions").list_executions(stateMachineArn=machine)
    assert len(listed["executions"]) == 1, "an item is no run of the machine"


def test_the_items_are_listed_by_their_map_run(account: Account) -> None:
    inside = {"Who": {"Type": "Pass", "Output": "{% $states.context.Execution.Id %}", "End": True}}
    found = account.run(account.machine({"Map": distributed(inside)}))
    (started,) = (
        event["mapRunStartedEventDetails"]["mapRunArn"]
        for event in account.history(found["executionArn"])
        if event["type"] == "MapRunStarted"
    )
    listed = account.aws.client("stepfunctions").list_executions(mapRunArn=started)
    assert {one["executionArn"] for one in listed["executions"]} == set(found["output"])


def test_an_item_sees_no_variable_of_the_run(account: Account) -> None:
    before = {"Type": "Pass", "Assign": {"outer": 1}, "Next": "Map"}
    inside = {"See": {"Type": "Pass", "Output": "{% $exists($outer) %}", "End": True}}
    machine = account.machine({"Before": before, "Map": distributed(inside)})
    assert account.run(machine)["output"] == [False] * 3


def test_an_item_is_given_what_the_selector_makes_of_it(account: Account) -> None:
    selector = {
        "value": "{% $states.context.Map.Item.Value %}",
        "run": "{% $states.context.Execution.Name %}",
    }
    machine = account.machine({"Map": distributed({"Pass": PASS}, ItemSelector=selector)})
    found = account.run(machine, name="one")
    assert found["output"] == [{"value": value, "run": "one"} for value in (1, 2, 3)]


def test_no_more_items_run_at_once_than_are_allowed(account: Account) -> None:
    found = account.run(account.machine({"Map": distributed(waiting())}))
    assert found["stopDate"] - START == timedelta(minutes=2)


def test_an_item_may_have_items_of_its_own(account: Account) -> None:
    inside = {"Who": {"Type": "Pass", "Output": "{% $states.context.Execution.Id %}", "End": True}}
    inner = distributed(inside, Label="parts")
    found = account.run(account.machine({"Map": distributed({"Inner": inner})}))
    assert [len(ids) for ids in found["output"]] == [3] * 3
    assert ":execution:machine/items/parts:" in found["output"][0][0]
    child = account.aws.client("stepfunctions").describe_execution(
        executionArn=found["output"][0][0]
    )
    assert child["status"] == "SUCCEEDED"


def counted(account: Account, arn: str) -> dict[str, int]:
    """Return what the map run of an execution counts, without the noughts."""
    states = account.aws.client("stepfunctions")
    (run,) = states.list_map_runs(executionArn=arn)["mapRuns"]
    described = states.describe_map_run(mapRunArn=run["mapRunArn"])
    assert described["itemCounts"] == described["executionCounts"]
    return {what: number for what, number in described["itemCounts"].items() if number}


def test_a_map_run_counts_its_items(account: Account) -> None:
    arn = account.start(account.machine({"Map": distributed(waiting())}))
    account.aws.clock.run_until(START + timedelta(seconds=90))
    assert counted(account, arn) == {"total": 3, "running": 1, "succeeded": 2, "resultsWritten": 2}
    account.aws.wait_for(arn)
    assert counted(account, arn) == {"total": 3, "succeeded": 3, "resultsWritten": 3}


def test_a_map_run_counts_what_failed(account: Account) -> None:
    machine = account.machine({"Map": distributed(failing(1), ToleratedFailureCount=1)})
    arn = account.run(machine)["executionArn"]
    assert counted(account, arn) == {"total": 3, "failed": 1, "succeeded": 2, "resultsWritten": 2}


def test_a_stop_of_the_run_stops_its_items(account: Account) -> None:
    states = account.aws.client("stepfunctions")
    listen(account)
    arn = account.start(account.machine({"Map": distributed(waiting())}))
    account.aws.clock.run_until(START + timedelta(seconds=30))
    states.stop_execution(executionArn=arn)
    account.aws.wait_for(arn)
    account.aws.clock.run_until(START + timedelta(minutes=5))
    statuses = [detail["status"] for detail in heard(account)]
    assert sorted(statuses) == ["ABORTED"] * 3 + ["RUNNING"] * 3, "the third item never began"


def failing(count: int) -> dict[str, Any]:
    """Items of which the first ``count`` fail."""
    return {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Condition": f"{{% $states.input <= {count} %}}", "Next": "Fail"}],
            "Default": "Pass",
        },
        "Fail": {"Type": "Fail", "Error": "Wrong"},
        "Pass": PASS,
    }


@pytest.mark.parametrize(
    ("tolerated", "status"),
    [
        ({}, "FAILED"),
        ({"ToleratedFailureCount": 1}, "FAILED"),
        ({"ToleratedFailureCount": 2}, "SUCCEEDED"),
    ],
)
def test_failed_items_fail_the_map_unless_they_are_tolerated(
    account: Account, tolerated: dict[str, int], status: str
) -> None:
    found = account.run(account.machine({"Map": distributed(failing(2), **tolerated)}))
    assert found["status"] == status
    if status == "FAILED":
        assert found["error"] == "States.ExceedToleratedFailureThreshold"


@pytest.mark.parametrize("action", ["states:StartExecution", "states:DescribeExecution"])
def test_the_machines_role_must_be_allowed_to_run_its_items(account: Account, action: str) -> None:
    machine = account.machine({"Map": distributed({"Pass": PASS})})
    deny(account, action)
    found = account.run(machine)
    assert found["status"] == "FAILED"
    assert action in found["cause"]
