"""Event patterns match, and are refused, as AWS was recorded to do."""

import json

from tests.recordings import recorded
from tests.recordings.agreement import Agreement
from tests.recordings.comparing import same
from tests.recordings.recorded import Case
from tests.recordings.stage import open_aws, refusal_of


def test_events_match_as_recorded(agreement: Agreement) -> None:
    with open_aws() as aws:
        events = aws.client("events")
        differences = {case["name"]: _difference(events, case) for case in recorded.patterns()}
    agreement.of(["event patterns"], "events", differences)


def _difference(events: object, case: Case) -> str | None:
    result: list[bool] = []

    def call() -> None:
        test = getattr(events, "test_event_pattern")  # noqa: B009 - boto3 has no types
        answer = test(EventPattern=_text(case["pattern"]), Event=_text(case["event"]))
        result.append(answer["Result"])

    code, message = refusal_of(call)
    if case["matches"] != "error":
        return None if result == [case["matches"]] else f"{case['matches']} but {result or message}"
    expected = case["error"]
    if code == expected["code"] and same(expected["message"], message):
        return None
    return f"{expected['code']}: {expected['message']} but {code}: {message}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
