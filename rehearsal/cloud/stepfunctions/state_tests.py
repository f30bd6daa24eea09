# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""TestState: one state tried out, with its calls made or given by a mock.

Of the inspection data only the input is told.
"""

# boto3 and moto have no types, or few, and definitions are JSON of any shape:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import copy
import json
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult

from rehearsal.cloud.clock import ClockThread
from rehearsal.cloud.repairs import Repairs, text_of
from rehearsal.cloud.stepfunctions.calls import answer_shape, spelled
from rehearsal.cloud.stepfunctions.interpreter import (
    AmazonStateLanguageParser,
    AWSExecutionDetails,
    CustomErrorName,
    Environment,
    EventDetails,
    EventHistoryContext,
    FailureEvent,
    FailureEventException,
    HistoryEventType,
    StateMachineType,
    StepFunctionResponse,
)
from rehearsal.cloud.stepfunctions.machines import refuse_definition
from rehearsal.cloud.stepfunctions.refusals import refusal
from rehearsal.cloud.stepfunctions.texts import compact

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

LONGEST_SECONDS = 300
"""How long a tested state may take (API reference)."""

_NAME = "StateName"
_MOCKABLE = ("Task", "Map", "Parallel")


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto has no TestState."""

    def test_state(self: Any) -> ActionResult:
        wanted: dict[str, Any] = json.loads(self.body)
        name, state = _state_of(wanted)
        _refuse(wanted, state)
        return ActionResult(_tried(aws, wanted, name, state, self.region))

    repairs.add(StepFunctionResponse, "test_state", test_state)


def _state_of(wanted: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the state that is tested, and its name."""
    definition = wanted["definition"]
    if "stateName" in wanted:
        refuse_definition(definition, "STANDARD")
        machine = json.loads(definition)
        for name, state in _states(machine):
            if name == wanted["stateName"]:
                language = machine.get("QueryLanguage")
                return name, ({"QueryLanguage": language} if language else {}) | state
        raise refusal("ValidationException", "State not found in definition")
    try:
        state = json.loads(definition)
    except ValueError:
        state = definition
    ends = {"End": True} if isinstance(state, dict) and "Next" in state else {}
    alone = {key: value for key, value in state.items() if key not in ("Next", "Catch")} | ends
    if alone.get("Type") not in ("Choice",):
        refuse_definition(json.dumps({"StartAt": _NAME, "States": {_NAME: alone}}), "STANDARD")
    return _NAME, state


def _states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        inner = [*state.get("Branches", []), state.get("ItemProcessor"), state.get("Iterator")]
        for each in filter(None, inner):
            yield from _states(each)


def _refuse(wanted: dict[str, Any], state: dict[str, Any]) -> None:
    kind, mock = state["Type"], wanted.get("mock")
    if mock is None and kind in ("Map", "Parallel"):
        raise refusal(
            "InvalidDefinition",
            "TestState API does not support Map or Parallel states. Supported state types "
            "include: [Task, Wait, Pass, Succeed, Fail, Choice]",
        )
    if mock is not None and kind not in _MOCKABLE:
        raise _invalid(f"State type '{kind}' is not supported when a mock is specified")
    if mock is None and kind == "Task" and "roleArn" not in wanted:
        raise _invalid("RoleArn must be specified when testing a Task state")
    if "Map" in json.loads(wanted.get("context") or "{}"):
        raise _invalid(
            "Invalid Context object provided: 'Map' field is not supported when mocking a Context "
            "object"
        )
    if mock is not None and "result" in mock:
        _refuse_result(wanted, state, mock)


def _refuse_result(wanted: dict[str, Any], state: dict[str, Any], mock: dict[str, Any]) -> None:
    try:
        result = json.loads(mock["result"])
    except ValueError as error:
        raise _invalid("Mocked result must be valid JSON") from error
    if state["Type"] == "Parallel":
        if not isinstance(result, list):
            raise _invalid("Mocked result must be an array.")
        if len(result) != len(state["Branches"]):
            raise _invalid(
                "Mocked result must contain the same number of items as number of Parallel "
                "branches."
            )
    if state["Type"] == "Map":
        is_written = "ResultWriter" in state
        if is_written and not isinstance(result, dict):
            raise _invalid("Mocked result must be a JSON object.")
        if not is_written and not isinstance(result, list):
            raise _invalid("Mocked result must be an array.")
        failures = wanted.get("stateConfiguration", {}).get("mapIterationFailureCount", 0)
        if not is_written and failures > len(result):
            raise _invalid(
                "Map iteration failure count must be less than or equal to the number of Map "
                "iterations"
            )
    mode = mock.get("fieldValidationMode", "STRICT")
    if state["Type"] == "Task" and mode != "NONE":
        shape = answer_shape(state["Resource"])
        wrong = next(_wrong(shape, result, strict=mode == "STRICT"), None) if shape else None
        if wrong is not None:
            raise _invalid(f"Mock result schema validation error: {wrong}")


def _wrong(shape: Any, result: Any, *, strict: bool) -> Iterator[str]:
    """Say what a mocked result has that the service would never answer."""
    if not isinstance(result, dict):
        return
    for name, member in shape.members.items():
        field = spelled(name)
        if field in result:
            yield from _wrong_value(member, result[field], field, strict=strict)
        elif strict and name in shape.required_members:
            yield f"Required field '{field}' is missing"


def _wrong_value(shape: Any, value: Any, field: str, *, strict: bool) -> Iterator[str]:
    kinds: dict[str, tuple[Any, str]] = {
        "structure": (dict, "an object"),
        "map": (dict, "an object"),
        "list": (list, "an array"),
        "boolean": (bool, "a boolean"),
    }
    numbers = ("integer", "long", "float", "double")
    other: tuple[Any, str] = (int | float, "a number")
    if shape.type_name not in numbers:
        other = (str, "a string")
    kind, called = kinds.get(shape.type_name, other)
    is_number = shape.type_name in numbers
    if not isinstance(value, kind) or (is_number and (value is True or value is False)):
        yield f"Field '{field}' must be {called}"
        return
    if shape.type_name == "structure":
        yield from _wrong(shape, value, strict=strict)
    elif shape.type_name == "list":
        for item in value:
            yield from _wrong_value(shape.member, item, field, strict=strict)
    elif shape.type_name in ("string", "blob"):
        yield from _beyond(shape, len(value), field, "smaller than the minimum length", "length")
    elif shape.type_name in numbers:
        yield from _beyond(shape, value, field, "less than the minimum value", "value")
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield f"Field '{field}' is not an expected value"


def _beyond(shape: Any, size: float, field: str, below: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"Field '{field}' is {below}"
    if most is not None and size > most:
        yield f"Field '{field}' exceeds the maximum {what}"


def _tried(
    aws: "EmbeddedAws", wanted: dict[str, Any], name: str, state: dict[str, Any], region: str
) -> dict[str, Any]:
    """Run the state, once and without retries; return what TestState says of it."""
    retry = state.get("Retry", [])
    single = {key: value for key, value in state.items() if key != "Retry"}
    parse: Any = AmazonStateLanguageParser.parse
    program = parse(json.dumps({"StartAt": name, "States": {name: single}}))[0]
    env = _environment(aws, wanted, region)
    tested = copy.copy(program._get_state(name))
    failed: list[FailureEventException] = []
    if "mock" in wanted:
        tested._eval_execution = _mocked(wanted["mock"])

    def run() -> None:
        env.next_state_name = name
        try:
            tested.eval(env)
        except FailureEventException as error:
            failed.append(error)

    thread = ClockThread(aws.clock, target=run, name=f"TestState {name}")
    thread.start()
    aws.clock.let_happen(thread.ended, LONGEST_SECONDS)
    answer = _ended(env, name, failed, retry, wanted)
    if wanted.get("inspectionLevel", "INFO") != "INFO":
        answer["inspectionData"] = {"input": wanted.get("input", "{}")}
    return answer


def _ended(
    env: Any,
    name: str,
    failed: list[FailureEventException],
    retry: list[dict[str, Any]],
    wanted: dict[str, Any],
) -> dict[str, Any]:
    if failed:
        told: Any = failed[0].get_execution_failed_event_details()
        answer: dict[str, Any] = {key: told[key] for key in ("error", "cause") if told.get(key)}
        used = wanted.get("stateConfiguration", {}).get("retrierRetryCount", 0)
        seconds = _retry_seconds(retry, answer.get("error", ""), used)
        if seconds is None:
            return answer | {"status": "FAILED"}
        return answer | {
            "status": "RETRIABLE",
            "inspectionData": {"errorDetails": {"retryBackoffIntervalSeconds": seconds}},
        }
    output = compact(env.states.get_input())
    if env.next_state_name in (None, name):
        return {"status": "SUCCEEDED", "output": output}
    error = env.states.get_error_output() if wanted.get("mock", {}).get("errorOutput") else None
    status = "SUCCEEDED" if error is None and "errorOutput" not in wanted.get("mock", {}) else None
    return {
        "status": status or "CAUGHT_ERROR",
        "nextState": env.next_state_name,
        "output": output,
    }


def _retry_seconds(retry: list[dict[str, Any]], error: str, used: int) -> float | None:
    """Return the wait before the next attempt, or nothing when there is none."""
    for rule in retry:
        if {error, "States.ALL", "States.TaskFailed"} & set(rule["ErrorEquals"]):
            if used >= rule.get("MaxAttempts", 3):
                return None
            seconds = rule.get("IntervalSeconds", 1) * rule.get("BackoffRate", 2) ** used
            return min(seconds, rule.get("MaxDelaySeconds", seconds))
    return None


def _mocked(mock: dict[str, Any]) -> Any:
    def eval_execution(env: Any) -> None:
        if "result" in mock:
            env.stack.append(json.loads(mock["result"]))
            return
        said = mock["errorOutput"]
        details = {"error": said.get("error", ""), "cause": said.get("cause", "")}
        raise FailureEventException(
            FailureEvent(
                env=env,
                error_name=CustomErrorName(details["error"]),
                event_type=HistoryEventType.TaskFailed,
                event_details=EventDetails(taskFailedEventDetails=details),  # pyright: ignore[reportCallIssue, reportArgumentType] - the others may be missing
            )
        )

    return eval_execution


def _environment(aws: "EmbeddedAws", wanted: dict[str, Any], region: str) -> Any:
    given = json.loads(wanted.get("input") or "{}")
    role = wanted.get("roleArn", "")
    name = str(uuid.uuid4())
    start = f"arn:aws:states:{region}:{aws.account}"
    context: Any = {
        "Execution": {
            "Id": f"{start}:express:{name}:{name}",
            "Input": given,
            "Name": name,
            "RoleArn": role,
            "StartTime": text_of(aws.clock.now()),
        },
        "StateMachine": {"Id": f"{start}:stateMachine:{name}", "Name": name},
    }
    return Environment(
        aws_execution_details=AWSExecutionDetails(aws.account, region, role),
        execution_type=StateMachineType.STANDARD,
        context=context,
        event_history_context=EventHistoryContext.of_program_start(),
        cloud_watch_logging_session=None,
        activity_store={},
    )


def _invalid(message: str) -> Exception:
    return refusal("ValidationException", message)
