"""Whole tests of the recorder: every call answers, or is refused, as AWS did."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tests.recordings import recorded
from tests.recordings.agreement import Agreement
from tests.recordings.comparing import same, short
from tests.recordings.recorded import Case
from tests.recordings.stage import Stage, open_aws

SERVICES = ("events", "scheduler", "stepfunctions")
UNTIL_IT_ENDED = 60
"""Seconds: the recorder waited for the end of an execution before it noted its history."""


@pytest.mark.parametrize("service", SERVICES)
def test_sequences_answer_as_recorded(agreement: Agreement, service: str) -> None:
    differences: dict[str, str | None] = {}
    for case in filter(_tells, recorded.sequences(service)):
        with open_aws() as aws:
            differences[case["name"]] = _difference(Stage(aws, case, 0))
    agreement.of([f"sequences {service}"], service, differences)


def _tells(case: Case) -> bool:
    """Whether anything of what AWS answered was recorded."""
    return any("answer" in call for call in case["calls"])


def _difference(stage: Stage) -> str | None:
    """Return the first call that is answered otherwise, or nothing."""
    for call in stage.case["calls"]:
        if call.get("operation") == "get_execution_history":
            stage.pass_time(UNTIL_IT_ENDED)
        try:
            stage.play([call])
            answer = stage.answers[call["call"]]
        except ClientError as error:
            answer = {"Error": error.response["Error"]}
        except ParamValidationError as error:  # the recorder's own client refused such, as ours
            if "answer" in call:
                return f"call {call['call']}: {error}"
            continue
        except Exception as error:  # whatever comes instead of an answer is the difference
            return f"call {call['call']}: {type(error).__name__}: {error}"
        if call.get("operation") == "start_execution":
            stage.pass_time(1)
        expected: Any = call.get("answer")
        if call.get("refused") and expected is not None:
            expected = {"Error": expected["Error"]}
        if "answer" in call and not same(expected, answer):
            what = call.get("operation", call.get("helper"))
            return f"call {call['call']}, {what}: {short(expected)} but {short(answer)}"
    return None
