"""When two values of an argument say the same, and what AWS changed behind the program."""

import json
from typing import Any

_JSON_TEXTS = frozenset(
    {
        *("assumeRolePolicy", "containerDefinitions", "eventPattern", "filterPolicy", "policy"),
        *("redrivePolicy",),
    }
)
"""Arguments that the real provider compares as documents, not as text."""
_SETS = frozenset(
    {
        *("alarmActions", "insufficientDataActions", "okActions", "managedPolicyArns"),
        *("egress", "ingress", "routeTableIds", "securityGroupIds", "subnetIds"),
        *("requiresCompatibilities", "settings", "versionStages", "volumes"),
    }
)
"""Lists whose order means nothing."""


def same(key: str, one: Any, other: Any) -> bool:
    """Return whether two values of an argument are the same to the provider."""
    if key in _JSON_TEXTS and isinstance(one, str) and isinstance(other, str):
        return _document(one) == _document(other)
    if key in _SETS and isinstance(one, list) and isinstance(other, list):
        return _sorted(one) == _sorted(other)
    return one == other


def drifted(key: str, given: Any, then: Any, now: Any) -> Any:
    """Return what an argument is now: as it was given where AWS says the same as then.

    Args:
        key: the argument, or the member of one.
        given: what the program said; None where it said nothing.
        then: what AWS said right afterwards.
        now: what AWS says now; None where it has no value.
    """
    if same(key, then, now):
        return given
    if isinstance(given, dict) and isinstance(then, dict) and isinstance(now, dict):
        members = {
            name: drifted(name, given.get(name), then.get(name), now.get(name))
            for name in sorted({*given, *then, *now})
        }
        return {name: value for name, value in members.items() if value is not None}
    if isinstance(given, list) and isinstance(now, list) and len(given) == len(then) == len(now):
        return [drifted(key, *each) for each in zip(given, then, now, strict=True)]
    return now


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _sorted(values: list[Any]) -> list[str]:
    return sorted(json.dumps(value, sort_keys=True) for value in values)
