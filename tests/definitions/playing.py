"""Play a JSONata state machine in a few lines: expressions, branches and endings, no AWS.

Independent of the rehearsal's interpreter on purpose. It knows what this project's machines use:
Pass, Choice, Task with Catch, Wait, Map, Succeed and Fail.
"""

import json
from dataclasses import dataclass, field
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


@dataclass
class End:
    """How an execution ended and what it did on the way."""

    status: str
    output: Any = None
    error: str | None = None
    cause: str | None = None
    states: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)


@cache
def _parsed(text: str) -> jsonata.Jsonata:
    expression = jsonata.Jsonata(text)
    expression.register_lambda("parse", json.loads)  # Step Functions' own, beside JSONata's
    return expression


def evaluate(template: Any, states: dict[str, Any], variables: dict[str, Any]) -> Any:
    """Fill in a template as Step Functions does; an expression that gives nothing is an error."""
    if isinstance(template, dict):
        return {key: evaluate(value, states, variables) for key, value in template.items()}
    if isinstance(template, list):
        return [evaluate(value, states, variables) for value in template]
    if not (isinstance(template, str) and template.startswith("{%")):
        return template
    found = _parsed(template[2:-2].strip()).evaluate(None, {**variables, "states": states})
    if found is None:
        raise AssertionError(f"States.QueryEvaluationError: {template}")
    return found


class _Failed(Exception):  # noqa: N818 - an ending, not a mistake
    """A Fail state, or a task's error that nobody catches."""


def play(machine: dict[str, Any], given: Any, answers: list[Any]) -> End:
    """Run a machine; each Task takes the next of ``answers``, a result or ``Caught``."""
    assert machine["QueryLanguage"] == "JSONata"
    end = End("RUNNING")
    try:
        end.output = _run(machine, given, {}, answers, end)
    except _Failed:
        end.status = "FAILED"
    else:
        end.status = "SUCCEEDED"
    return end


def _run(
    machine: dict[str, Any], given: Any, outer: dict[str, Any], answers: list[Any], end: End
) -> Any:
    """Run a machine, or the one inside a Map for one item; return its output."""
    name, variables = machine["StartAt"], dict(outer)

    def said(part: Any) -> Any:
        return evaluate(part, states, variables)

    while True:
        state = machine["States"][name]
        end.states.append(name)
        states = {"input": given, "context": CONTEXT}

        match state["Type"]:
            case "Pass":
                variables |= said(state.get("Assign", {}))
                name = state["Next"]
            case "Choice":
                taken = next(
                    (choice for choice in state["Choices"] if said(choice["Condition"])), None
                )
                if taken is None:
                    taken = {"Assign": state.get("Assign", {}), "Next": state["Default"]}
                variables |= said(taken.get("Assign", {}))
                name = taken["Next"]
            case "Wait":
                end.waits.append(said(state["Seconds"]))
                name = state["Next"]
            case "Map":
                states["result"] = [
                    _run(state["ItemProcessor"], item, variables, answers, end)
                    for item in said(state["Items"])
                ]
                given, name = said(state["Output"]), state["Next"]
            case "Task":
                end.requests.append(said(state["Arguments"]))
                answer = answers.pop(0)
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
                        end.error, end.cause = answer.error, answer.cause
                        raise _Failed
                    given = states["errorOutput"] = {"Error": answer.error, "Cause": answer.cause}
                    variables |= said(catcher.get("Assign", {}))
                    given, name = said(catcher.get("Output", given)), catcher["Next"]
                    continue
                states["result"] = answer
                given = said(state["Output"]) if "Output" in state else answer
                if state.get("End"):
                    return given
                name = state["Next"]
            case "Succeed":
                return said(state["Output"])
            case "Fail":
                end.error, end.cause = said(state["Error"]), said(state["Cause"])
                raise _Failed
            case other:
                raise AssertionError(f"this player knows no {other}")
