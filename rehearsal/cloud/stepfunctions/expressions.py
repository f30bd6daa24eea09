# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""JSONata for moto's interpreter, which expects a Java machine beside it."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Callable
from typing import Any

from jsonata.timebox import Timebox

from rehearsal.cloud.clock import VirtualClock
from rehearsal.cloud.jsonata import QueryError, evaluate
from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.interpreter import (
    Arguments,
    AssignDecl,
    AssignTemplateBinding,
    CommonStateField,
    EventDetails,
    FailureEvent,
    FailureEventException,
    HistoryEventType,
    ItemsJSONata,
    JSONataTemplateBinding,
    Output,
    SecondsJSONata,
    StatesErrorName,
    StatesErrorNameType,
    StringJSONata,
    StringVariableSample,
    TimeoutSecondsJSONata,
    VariableStore,
)


def repair(repairs: Repairs, clock: VirtualClock) -> None:
    """Evaluate expressions with jsonata-python, with ``$now()`` and ``$millis()`` by the clock."""

    def evaluate_in_state(self: Any, env: Any) -> None:
        states: dict[str, Any] = env.states._states_data
        names = env.variable_store._outer_scope | env.variable_store._inner_scope
        try:
            env.stack.append(evaluate(self.expression, {**names, "states": states}))
        except QueryError as error:
            raise QueryFailure(env, error) from error

    repairs.put(StringJSONata, "_eval_body", evaluate_in_state)
    repairs.put(StringVariableSample, "_eval_body", evaluate_in_state)
    repairs.put(
        Timebox, "current_milli_time", staticmethod(lambda: int(clock.now().timestamp() * 1_000))
    )
    name_the_field_of_an_expression(repairs)
    tell_of_failed_expressions(repairs)
    tell_variables_in_order(repairs)


def name_the_field_of_an_expression(repairs: Repairs) -> None:
    """Moto does not say in which field the expression stands that failed."""
    fields: dict[Any, Callable[[Any], str]] = {
        Arguments: lambda _: "Arguments",
        AssignDecl: lambda _: "Assign",
        AssignTemplateBinding: lambda binding: binding.identifier,
        ItemsJSONata: lambda _: "Items",
        JSONataTemplateBinding: lambda binding: binding.identifier,
        Output: lambda _: "Output",
        SecondsJSONata: lambda _: "Seconds",
        TimeoutSecondsJSONata: lambda _: "TimeoutSeconds",
    }
    for component, field_of in fields.items():
        evaluate: Any = component._eval_body

        def eval_body(
            self: Any,
            env: Any,
            evaluate: Any = evaluate,
            field_of: Callable[[Any], str] = field_of,
        ) -> None:
            try:
                evaluate(self, env)
            except QueryFailure as failure:
                failure.stands_in(field_of(self))
                raise

        repairs.put(component, "_eval_body", eval_body)


def tell_of_failed_expressions(repairs: Repairs) -> None:
    """Moto's history says nothing of an expression that fails, except in Task and Map states."""
    evaluate = CommonStateField._eval_body

    def eval_body(self: Any, env: Any) -> None:
        try:
            evaluate(self, env)
        except FailureEventException as failure:
            failed, told = HistoryEventType.EvaluationFailed, env.event_manager
            is_told = told._history_event_list[-1]["type"] in (failed, "MapStateFailed")
            if failure.failure_event.event_type == failed and not is_told:
                details: Any = failure.get_evaluation_failed_event_details()
                told.add_event(
                    context=env.event_history_context,
                    event_type=failed,
                    event_details=EventDetails(evaluationFailedEventDetails=details),  # pyright: ignore[reportCallIssue] - the others may be missing
                )
            raise

    repairs.put(CommonStateField, "_eval_body", eval_body)


def tell_variables_in_order(repairs: Repairs) -> None:
    """Moto tells of a state's variables in an order that differs from process to process."""
    assigned = VariableStore.get_assigned_variables

    def in_order(self: Any) -> dict[str, str]:
        return dict(sorted(assigned(self).items()))

    repairs.put(VariableStore, "get_assigned_variables", in_order)


class QueryFailure(FailureEventException):
    """Ends the state with ``States.QueryEvaluationError``; learns its field on the way up."""

    def __init__(self, env: Any, error: QueryError) -> None:
        self._error = error
        self._fields: list[str] = []
        super().__init__(_failure(env, str(error), None))

    def stands_in(self, field: str) -> None:
        """Tell in which field the failed expression stands, the innermost first."""
        self._fields.insert(0, field)
        location = "/".join(self._fields)
        details: Any = self.failure_event.event_details
        details["evaluationFailedEventDetails"] |= {
            "cause": f"The JSONata expression '{self._error.expression}' specified for the field "
            f"'{location}' {self._error.what}",
            "location": location,
        }


def _failure(env: Any, cause: str, location: str | None) -> FailureEvent:
    name = StatesErrorNameType.StatesQueryEvaluationError
    details = {"error": name.to_name(), "cause": cause}
    if location is not None:
        details["location"] = location
    return FailureEvent(
        env=env,
        error_name=StatesErrorName(typ=name),
        event_type=HistoryEventType.EvaluationFailed,
        event_details=EventDetails(evaluationFailedEventDetails=details),  # pyright: ignore[reportCallIssue, reportArgumentType] - the others may be missing
    )
