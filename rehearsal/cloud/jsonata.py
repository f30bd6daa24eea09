"""JSONata for moto's interpreter, which expects a Java machine beside it."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import hashlib
import json
import threading
import uuid
from functools import lru_cache
from typing import Any

import jsonata
from jsonata.jexception import JException
from jsonata.timebox import Timebox
from jsonata.utils import Utils
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from rehearsal.cloud.clock import VirtualClock
from rehearsal.cloud.repairs import Repairs


class QueryError(Exception):
    """An expression cannot be read, fails, or gives nothing."""


def repair(repairs: Repairs, clock: VirtualClock) -> None:
    """Evaluate expressions with jsonata-python, with ``$now()`` and ``$millis()`` by the clock."""

    def evaluate_in_state(self: Any, env: Any) -> None:
        states: dict[str, Any] = env.states._states_data  # noqa: SLF001 - moto hides $states
        names = env.variable_store._outer_scope | env.variable_store._inner_scope  # noqa: SLF001 - and the variables
        try:
            env.stack.append(evaluate(self.expression, {**names, "states": states}))
        except QueryError as error:
            raise _failure(env, str(error)) from error

    repairs.put(string_expression.StringJSONata, "_eval_body", evaluate_in_state)
    repairs.put(string_expression.StringVariableSample, "_eval_body", evaluate_in_state)
    repairs.put(
        Timebox, "current_milli_time", staticmethod(lambda: int(clock.now().timestamp() * 1_000))
    )


def evaluate(expression: str, variables: dict[str, Any]) -> Any:
    """Evaluate one expression with the functions that Step Functions adds to JSONata.

    Raises:
        QueryError: in the words of ``States.QueryEvaluationError``.
    """
    known = {
        name: Utils.NULL_VALUE if value is None else value for name, value in variables.items()
    }
    try:
        with _one_at_a_time:
            result = _compiled(expression).evaluate(None, known)
    except (JException, ValueError) as error:
        raise QueryError(f"The JSONata expression '{expression}' failed: {error}") from error
    if result is None:
        raise QueryError(f"The JSONata expression '{expression}' returned nothing (undefined).")
    try:
        return json.loads(json.dumps(Utils.convert_nulls(result)))
    except TypeError as error:
        raise QueryError(
            f"The JSONata expression '{expression}' returned an unsupported result type."
        ) from error


_one_at_a_time = threading.Lock()
"""A compiled expression keeps its input in itself while it is evaluated."""


@lru_cache(maxsize=1_024)
def _compiled(expression: str) -> jsonata.Jsonata:
    compiled = jsonata.Jsonata(expression)
    compiled.set_output_convert_nulls(False)
    for name, function in _STEP_FUNCTIONS.items():
        compiled.register_lambda(name, function)
    return compiled


def _refuse_eval(*_: Any) -> None:
    raise ValueError("Step Functions has no $eval: use $parse")


def _hash(text: str, algorithm: str) -> str:
    return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()


def _range(first: int, last: int, step: int) -> list[int]:
    return list(range(first, last + (1 if step > 0 else -1), step))


def _partition(items: list[Any], size: int) -> list[list[Any]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


# "Transforming data with JSONata" in the Step Functions Developer Guide, except $random(seed).
_STEP_FUNCTIONS: dict[str, Any] = {
    "parse": json.loads,
    "uuid": lambda: str(uuid.uuid4()),
    "hash": _hash,
    "range": _range,
    "partition": _partition,
    "eval": _refuse_eval,
}


def _failure(env: Any, cause: str) -> FailureEventException:
    name = StatesErrorNameType.StatesQueryEvaluationError
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=name),
            event_type=HistoryEventType.EvaluationFailed,
            event_details=EventDetails(  # pyright: ignore[reportCallIssue] - the others may be missing
                evaluationFailedEventDetails=EvaluationFailedEventDetails(
                    error=name.to_name(), cause=cause
                )
            ),
        )
    )
