"""A call as somebody would make it whom a condition is to keep out. Pure."""

from dataclasses import replace

from rehearsal.cloud.policy_evaluation import Call

_STRANGERS = {
    "Arn": "arn:aws:stranger:nowhere:999999999999:nobody",
    "Ip": "203.0.113.9",
    "NotIp": "203.0.113.9",
    "Date": "1970-01-01T00:00:00Z",
    "Numeric": "-1",
}
"""Value that no condition of ours allows, by how its operator begins; else some text."""


def stranger(call: Call, operator: str, key: str) -> Call:
    """Return the same call with another value of one condition key.

    A Bool is turned round, a key that has to be absent is there.
    """
    kind = operator.rpartition(":")[2].removesuffix("IfExists")
    values = call.values(key)
    if kind == "Bool":
        other = ["false" if value.lower() == "true" else "true" for value in values] or ["true"]
    elif kind == "Null":
        other = [] if values else ["stranger"]
    else:
        other = [next((text for how, text in _STRANGERS.items() if kind.startswith(how)), "999")]
    return replace(call, context={**call.context, key.lower(): other})
