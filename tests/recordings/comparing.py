"""Is an answer the recorded one?

The recorder replaced what changes from call to call: `<uuid:1>` stands for any text, some words
stand for any value, and a text that holds a JSON object or list was parsed.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

# Words that the recorder wrote in the place of a value.
_ANYTHING = frozenset(
    {
        "timestamp", "datetime", "date", "start-date", "stop-date", "start-time", "entered-time",
        "time", "role-arn", "sqs_queue_url", "RandomNumberGenerated", "RequestId",
        "x-amzn-RequestId", "uuid", "someNonexistentBucketName", "next_token", "table-name",
        "a_task_token", "creation-date", "X-Amzn-Trace-Id",
        "subnet_value", "sg_value", "eni_value", "mac_value",
        "revision_id", "task_token", "aws_account_id",
        "target-arn", "target-id", "target-id-one", "target-id-two", "receipt-handle",
        "m-d5-of-body",
    }
)  # fmt: skip
# Of an optimized integration: how the answer came, not what it says.
_HEADERS = frozenset({"SdkHttpMetadata", "SdkResponseMetadata", "ResponseMetadata"})
# What AWS says by now and did not when the older recordings were made.
_SINCE_ADDED = frozenset(
    {
        "RedriveCount", "RedriveStatus", "RedriveStatusReason",
        "redriveCount", "redriveStatus", "redriveStatusReason", "encryptionConfiguration",
    }
)  # fmt: skip
_SINCE_APPENDED = " (SDK Attempt Count: 1)"
_SPOILED = "ip_value"
"""The recorder took parts of ARNs for addresses: what is left of such a text says nothing."""
# `<uuid:1>`, and words such as state_machine_alias_name, activity_arn_0, snf_role_arn_t1.
_PLACEHOLDER = re.compile(
    r"<<[^<>]+>:\d+>|<[^<>]+>|(?<=at time )date\b"
    r"|\b[a-z]+(?:[-_][a-z]+)*[-_](?:arn|name)(?:[-_]t?\d+)?\b"
)


def same(expected: Any, actual: Any) -> bool:
    """Tell whether ``actual`` is what was recorded."""
    expected, actual = _parsed(expected), _parsed(actual)
    if isinstance(expected, str):
        return _same_text(expected, actual)
    if isinstance(expected, dict) and isinstance(actual, dict):
        unequal = _HEADERS | (_SINCE_ADDED - set(expected))
        names: set[str] = {name for name in {*expected, *actual} if name not in unequal}
        return all(
            name in expected and name in actual and same(expected[name], actual[name])
            for name in names
        )
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return expected == actual


def difference(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> str | None:
    """Name the first thing in which the end of an execution differs, or nothing."""
    members = ["status", "error", "cause"]
    if expected["status"] == "SUCCEEDED":
        members.append("output")
    for member in members:
        if not same(expected.get(member), actual.get(member)):
            return f"{member}: {short(expected.get(member))} but {short(actual.get(member))}"
    return None


def _same_text(expected: str, actual: Any) -> bool:
    if expected in _ANYTHING or _SPOILED in expected:
        return actual is not None
    if not isinstance(actual, str):
        return actual is not None and _PLACEHOLDER.fullmatch(expected) is not None
    if not expected.endswith(_SINCE_APPENDED):
        actual = actual.removesuffix(_SINCE_APPENDED)
    if expected == actual:
        return True
    pieces = _PLACEHOLDER.split(expected)
    pattern = ".*".join(re.escape(piece) for piece in pieces)
    return len(pieces) > 1 and re.fullmatch(pattern, actual, re.DOTALL) is not None


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def short(value: Any) -> str:
    """Write a value in a line."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 300 else f"{text[:300]}…"
