"""What AWS refused is refused here, with the same code and the same words."""

import json
from collections import Counter

import pytest

from tests.recordings import recorded
from tests.recordings.agreement import Agreement
from tests.recordings.comparing import same
from tests.recordings.recorded import Case
from tests.recordings.stage import Stage, open_aws, refusal_of

SERVICES = ("stepfunctions", "events", "scheduler", "sns", "sqs", "iam")
_PLACE = "\n at [Source: "
"""What the recorder cut off here, and recorded elsewhere of the same calls."""


@pytest.mark.parametrize("service", SERVICES)
def test_calls_are_refused_as_recorded(agreement: Agreement, service: str) -> None:
    with open_aws() as aws:  # one account for all: what is refused changes nothing
        differences: dict[str, str | None] = {}
        seen: Counter[str] = Counter()
        for number, case in enumerate(filter(_stands_alone, recorded.refusals(service))):
            name = f"{case['name']} {case['operation']}"
            seen[name] += 1
            again = f" #{seen[name]}" if seen[name] > 1 else ""
            differences[name + again] = _difference(Stage(aws, case, number))
    agreement.of([f"refusals {service}"], service, differences)


def _stands_alone(case: Case) -> bool:
    """Whether the refusal needs nothing before it, came from the service, and is all there."""
    parameters = json.dumps(case["parameters"], ensure_ascii=False)
    return (
        case.get("code") not in (None, "ParamValidationError")
        and not case.get("before")
        and "<<" not in parameters
        and "characters)" not in parameters
    )


def _difference(stage: Stage) -> str | None:
    case = stage.case
    try:
        code, message = refusal_of(lambda: stage.call(case))
    except Exception as error:  # whatever comes instead of a refusal is the difference
        return f"{case['code']} but {type(error).__name__}: {error}"
    if code == "InvalidEventPatternException" and _PLACE not in str(case.get("message")):
        message = message.partition(_PLACE)[0]
    if code == case["code"] and same(case.get("message"), message):
        return None
    return f"{case['code']}: {case.get('message')} but {code}: {message}"
