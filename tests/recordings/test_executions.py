"""Executions that AWS recorded end here as they ended there."""

import json
from typing import Any

import pytest

from tests.recordings import recorded
from tests.recordings.agreement import Agreement
from tests.recordings.comparing import difference
from tests.recordings.stage import WITHIN, Stage, open_aws

CRITICAL = ("services", "callback", "error_handling", "activities")


@pytest.mark.parametrize("topic", recorded.topics())
def test_executions_end_as_recorded(agreement: Agreement, topic: str) -> None:
    differences: dict[str, str | None] = {}
    with open_aws() as aws:
        for number, case in enumerate(recorded.executions(topic)):
            stage = Stage(aws, case, number)
            try:
                differences[case["name"]] = difference(stage.case["expected"], played(stage))
            except Exception as error:  # whatever comes instead of an end is the difference
                differences[case["name"]] = f"{type(error).__name__}: {error}"
            stage.end()
    groups = ["executions"]
    if topic in CRITICAL:
        groups.append(", ".join(CRITICAL))
    agreement.of(groups, topic, differences)


def played(stage: Stage) -> dict[str, Any]:
    """Return status, output, error and cause of a recorded execution that is played again."""
    case, sfn = stage.case, stage.aws.client("stepfunctions")
    stage.play(case.get("setup", []))
    made = sfn.create_state_machine(
        name=f"recorded-{stage.number}",
        definition=json.dumps(stage.resolved(case["definition"])),
        roleArn=stage.role,
        type=case.get("type", "STANDARD"),
    )
    if case.get("machine_call") is not None:
        stage.answers[case["machine_call"]] = made
    start = {
        "stateMachineArn": made["stateMachineArn"],
        "input": json.dumps(stage.resolved(case["input"])),
        "name": case.get("execution_name") or f"run-{stage.number}",
    }
    if case.get("type") == "EXPRESS":
        return _parsed(sfn.start_sync_execution(**start))
    stage.answers[case["call"]] = sfn.start_execution(**start)
    for call in case.get("then", []):
        stage.pass_time(1)
        stage.play([call])
    return _parsed(stage.aws.wait_for(stage.answers[case["call"]]["executionArn"], WITHIN))


def _parsed(described: dict[str, Any]) -> dict[str, Any]:
    if "output" in described:
        described["output"] = json.loads(described["output"])
    return described
