"""Play a JSONata state machine in a few lines: expressions, branches and endings, no AWS.

Independent of the rehearsal's interpreter on purpose. It knows what this project's machines use:
Pass, Choice, Task with Catch, Wait, Map (items one after another), Succeed and Fail.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jsonata

CONTEXT = {
    "Execution": {
        "Id": "arn:aws:states:eu-west-1:123456789012:execution:machine:run-1",
        "Name": "run-1",
        "StartTime": "2026-11-22T03:30:05.120Z",
    }
}


@dataclass(frozen=True)
class Caught:
    """A task's answer: this error, with this cause."""

    error: str
    cause: str = ""
    after_seconds: int = 0
    """That the task had taken by then."""


@dataclass
class End:
    """How an execution ended and what it did on the way."""

    status: str
    output: Any = None
    error: str | None = None
    cause: str | None = None
    states: list[str] = field(default_factory=list)
    waits: list[Any] = field(default_factory=list)
    """In seconds, or until when."""
    requests: list[Any] = field(default_factory=list)
    items: list["End"] = field(default_factory=list)
    """How the items of its Map ended; their states, waits and requests stand among its own."""

    def failed(self, error: str | None, cause: str | None) -> "End":
        """End in failure."""
        self.status, self.error, self.cause = "FAILED", error, cause
        return self


def _hash(text: str, algorithm: str) -> str:
    return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()


@cache
def _parsed(text: str) -> jsonata.Jsonata:
    expression = jsonata.Jsonata(text)
    # Step Functions' own, beside JSONata's:
    expression.register_lambda("parse", json.loads)
    expression.register_lambda("hash", _hash)
    return expression


def evaluate(template: Any, states: dict[str, Any], variables: dict[str, Any]) -> Any:
    """Fill in a template as Step Functions does; an expression that gives nothing is an error."""
    if isinstance(template, dict):
        return {key: evaluate(value, states, variables) for key, value in template.items()}
    if isinstance(template, list):
        return [evaluate(value, states, variables) for value in template]
    if not (isinstance(template, str) and template.startswith("{%")):
        return template
    parsed = _parsed(template[2:-2].strip())
    jsonata.Jsonata.CURRENT.jsonata = parsed  # else $millis() is that of the one parsed last
    found = parsed.evaluate(None, {**variables, "states": states})
    if found is None:
        raise AssertionError(f"States.QueryEvaluationError: {template}")
    return found


def play(machine: dict[str, Any], given: Any, answers: list[Any]) -> End:
    """Run a machine; each Task takes the next of ``answers``, a result or ``Caught``."""
    assert machine["QueryLanguage"] == "JSONata"
    execution = {**CONTEXT["Execution"], "Input": given}
    return _play(machine, given, answers, {}, {"Execution": execution}, End("RUNNING"))


def _play(
    machine: dict[str, Any],
    given: Any,
    answers: list[Any],
    known: Mapping[str, Any],
    context: Mapping[str, Any],
    end: End,
) -> End:
    """Run a machine, or the states inside of a Map, which see the variables around them."""
    name: str = machine["StartAt"]
    variables: dict[str, Any] = {}

    def said(part: Any) -> Any:
        return evaluate(part, states, {**known, **variables})

    def assign(part: dict[str, Any]) -> None:
        assigned = said(part.get("Assign", {}))
        assert not set(assigned) & set(known), "an inner variable may not hide an outer one"
        variables.update(assigned)

    while True:
        state = machine["States"][name]
        end.states.append(name)
        states: dict[str, Any] = {"input": given, "context": context}

        match state["Type"]:
            case "Pass":
                assign(state)
                given = said(state["Output"]) if "Output" in state else given
                if state.get("End"):
                    end.status, end.output = "SUCCEEDED", given
                    return end
                name = state["Next"]
            case "Choice":
                taken = next(
                    (choice for choice in state["Choices"] if said(choice["Condition"])), None
                )
                if taken is None:
                    taken = {"Assign": state.get("Assign", {}), "Next": state["Default"]}
                assign(taken)
                name = taken["Next"]
            case "Wait":
                end.waits.append(said(state.get("Seconds", state.get("Timestamp"))))
                name = state["Next"]
            case "Map":
                inner = _each(state, states, answers, {**known, **variables}, end)
                if bad := next((item for item in inner if item.status == "FAILED"), None):
                    return end.failed(bad.error, bad.cause)
                states["result"] = [item.output for item in inner]
                given, name = said(state["Output"]), state["Next"]
            case "Task":
                answer = answers.pop(0)
                seconds = answer.after_seconds if isinstance(answer, Caught) else 0
                ago = datetime.now(UTC) - timedelta(seconds=seconds)
                entered = ago.isoformat(timespec="milliseconds")
                states["context"] = {
                    **context,
                    "State": {"EnteredTime": entered.replace("+00:00", "Z")},
                    "Task": {"Token": "token"},
                }
                end.requests.append(said(state["Arguments"]))
                if isinstance(answer, Caught):
                    catcher = next(
                        (
                            catch
                            for catch in state.get("Catch", [])
                            if {answer.error, "States.ALL"} & set(catch["ErrorEquals"])
                        ),
                        None,
                    )
                    if catcher is None:
                        return end.failed(answer.error, answer.cause)
                    given = states["errorOutput"] = {"Error": answer.error, "Cause": answer.cause}
                    assign(catcher)
                    given, name = said(catcher.get("Output", given)), catcher["Next"]
                    continue
                states["result"] = answer
                output = said(state["Output"]) if "Output" in state else answer
                assign(state)
                given = output
                if state.get("End"):
                    end.status, end.output = "SUCCEEDED", given
                    return end
                name = state["Next"]
            case "Succeed":
                end.status, end.output = "SUCCEEDED", said(state["Output"])
                return end
            case "Fail":
                return end.failed(said(state["Error"]), said(state["Cause"]))
            case other:
                raise AssertionError(f"this player knows no {other}")


def _each(
    state: dict[str, Any],
    states: dict[str, Any],
    answers: list[Any],
    known: Mapping[str, Any],
    end: End,
) -> list[End]:
    """Play what is inside of a Map for each item, until one fails; return how they ended."""
    processor = state["ItemProcessor"]
    # Executions of a distributed Map see no variable of the run that they belong to.
    seen = known if processor["ProcessorConfig"]["Mode"] == "INLINE" else {}
    for index, item in enumerate(evaluate(state["Items"], states, dict(known))):
        context = {**states["context"], "Map": {"Item": {"Index": index, "Value": item}}}
        selected = item
        if "ItemSelector" in state:
            selected = evaluate(state["ItemSelector"], {"context": context}, dict(known))
        inner = End("RUNNING", waits=end.waits, requests=end.requests)
        played = _play(processor, selected, answers, seen, context, inner)
        end.items.append(played)
        end.states += played.states
        if played.status == "FAILED":
            break
    return end.items
