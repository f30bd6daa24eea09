# Moto's interpreter keeps what has to be repaired in private members:
# pyright: reportPrivateUsage=false
"""Map states."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import Any

from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.interpreter import FailureEvent, state_map
from rehearsal.cloud.stepfunctions.texts import compact


def repair(repairs: Repairs) -> None:
    """Put the repairs of this module in place."""
    quote_what_is_no_list(repairs)


def quote_what_is_no_list(repairs: Repairs) -> None:
    """Moto tells the Python type of an input that is no list, AWS the value."""

    def failure_event(*, env: Any, event_details: Any, **more: Any) -> FailureEvent:
        details = event_details.get("evaluationFailedEventDetails", {})
        if details.get("cause", "").startswith("Map state input must be an array but was: "):
            given = compact(env.states.get_input())
            details["cause"] = f"Map state input must be an array but was: {given}"
        return FailureEvent(env=env, event_details=event_details, **more)

    repairs.put(state_map, "FailureEvent", failure_event)
