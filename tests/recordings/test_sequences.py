"""Whole tests of the API, call by call, are answered as AWS answered them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tests.recordings import recorded
from tests.recordings.agreement import Agreement
from tests.recordings.comparing import same, short
from tests.recordings.stage import Stage, open_aws

SERVICES = ("stepfunctions",)


@pytest.mark.parametrize("service", SERVICES)
def test_sequences_are_answered_as_recorded(agreement: Agreement, service: str) -> None:
    differences: dict[str, str | None] = {}
    with open_aws() as aws:
        for number, case in enumerate(recorded.sequences(service)):
            stage = Stage(aws, case, number)
            try:
                differences[case["name"]] = _difference(stage)
            except Exception as error:  # whatever comes instead of an answer is the difference
                differences[case["name"]] = f"{type(error).__name__}: {error}"
            stage.end()
    agreement.of([f"sequences {service}"], service, differences)


def _difference(stage: Stage) -> str | None:
    """Return the first call that is answered otherwise, or nothing."""
    for call in stage.case["calls"]:
        if "helper" in call:
            stage.play([call])
            continue
        answer = _answer(stage, call)
        if call["operation"] == "start_execution":
            stage.pass_time(1)
        if call.get("answer") is not None and not same(call["answer"], answer):
            return f"{call['operation']}: {short(call['answer'])} but {short(answer)}"
    return None


def _answer(stage: Stage, call: dict[str, Any]) -> Any:
    try:
        answer = stage.answers[call["call"]] = stage.call(call)
    except ClientError as error:
        said: Any = error.response["Error"]
        if not call.get("refused"):
            raise
        return {
            "Error": {"Code": said["Code"], "Message": said["Message"]},
            "message": said["Message"],
        }
    except ParamValidationError:  # the recorder's own client refused it, as ours
        if not call.get("refused") or call.get("answer") is not None:
            raise
        return None
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
