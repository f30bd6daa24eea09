"""How long AWS takes over many state machines, which are made at one instant here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

AT_ONCE, PER_SECOND = 100, 1
"""Calls of CreateStateMachine that AWS takes at once, and then in every second; of
UpdateStateMachine as many again (Step Functions quotas, "API action throttling")."""
WORTH_TELLING_SECONDS = 60
_VERBS = {"CreateStateMachine": "creates", "UpdateStateMachine": "changes"}


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One kind of call at one instant."""

    operation: str
    at: datetime


def throttling_warnings(registrations: Mapping[Registration, int]) -> list[str]:
    """Say of each kind of call for how long AWS would hold a deployment up, from a minute on."""
    told: list[str] = []
    for registration, calls in registrations.items():
        seconds = (calls - AT_ONCE) / PER_SECOND
        if seconds >= WORTH_TELLING_SECONDS:
            told.append(
                f"AWS would take about {seconds / 60:.0f} min for these {calls:,} state machines: "
                f"it {_VERBS[registration.operation]} {AT_ONCE} at once, then one a second"
            )
    return told
