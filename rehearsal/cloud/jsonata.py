"""JSONata as Step Functions knows it, by jsonata-python."""

# jsonata-python has no types, or few:
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
from jsonata.utils import Utils


class QueryError(Exception):
    """An expression cannot be read, fails, or gives nothing.

    ``what`` says which, behind the name of the expression and of the field it stands in.
    """

    def __init__(self, expression: str, what: str) -> None:
        super().__init__(f"The JSONata expression '{expression}' {what}")
        self.expression = expression
        self.what = what


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
            compiled = _compiled(expression)
            # Else $now() and $millis() are those of the expression that was compiled last.
            jsonata.Jsonata.CURRENT.jsonata = compiled
            result = compiled.evaluate(None, known)
    except (JException, ValueError) as error:
        raise QueryError(expression, f"failed: {error}") from error
    if result is None:
        raise QueryError(expression, "returned nothing (undefined).")
    try:
        return json.loads(json.dumps(Utils.convert_nulls(result)))
    except TypeError as error:
        raise QueryError(expression, "returned an unsupported result type.") from error


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


def _range(first: int, last: int, step: int) -> Any:
    """Return a sequence, as JSONata makes them: one of one value is that value."""
    return Utils.create_sequence_from_iter(range(first, last + (1 if step > 0 else -1), step))


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
