"""What AWS refuses of a definition when it is created, in AWS's words.

moto's parser refuses what is no Amazon States Language at all; these are checks that it does not
make, or words for it. statelint, which refuses what AWS takes (filters in paths, JSONata where a
number stands, variables), is asked by the provider and not here.
"""

# Definitions are JSON of any shape, the wrong ones above all:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

DEFINITION_BYTES = 1_048_576
"""Longest definition (Step Functions quotas)."""

_OPTIMIZED = {
    "apigateway": ("invoke",),
    "athena": ("startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"),
    "batch": ("submitJob",),
    "bedrock": ("invokeModel", "createModelCustomizationJob"),
    "codebuild": ("startBuild", "stopBuild", "batchDeleteBuilds", "batchGetReports"),
    "databrew": ("startJobRun",),
    "dynamodb": ("getItem", "putItem", "updateItem", "deleteItem"),
    "ecs": ("runTask",),
    "eks": ("call", "runJob", "createCluster", "deleteCluster"),
    "elasticmapreduce": ("createCluster", "addStep", "cancelStep", "terminateCluster"),
    "events": ("putEvents",),
    "glue": ("startJobRun",),
    "http": ("invoke",),
    "lambda": ("invoke",),
    "mediaconvert": ("createJob",),
    "s3": ("getObject", "putObject", "listObjectsV2"),
    "sagemaker": ("createTrainingJob", "createTransformJob", "createModel", "createEndpoint"),
    "sns": ("publish",),
    "sqs": ("sendMessage",),
    "states": ("startExecution",),
}
"""Optimized integrations (Step Functions Developer Guide, "Integrating services")."""
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_REQUIRED = {
    "Choice": ("Choices",),
    "Parallel": ("Branches",),
    "Task": ("Resource",),
}
_BAD_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\[^'{}\\]")
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing for which a definition is refused."""

    message: str
    location: str | None = None
    code: str = "SCHEMA_VALIDATION_FAILED"

    def __str__(self) -> str:
        where = f" at {self.location}" if self.location else ""
        return f"{self.code}: {self.message}{where}"


def problems(text: str, kind: str = "STANDARD") -> list[Problem]:
    """Return for what AWS refuses a definition of this type of machine."""
    if len(text.encode()) > DEFINITION_BYTES:
        return [Problem(message=f"Definition must be at most {DEFINITION_BYTES} bytes")]
    try:
        definition: Any = json.loads(text)
    except ValueError:
        definition = None
    if not isinstance(definition, dict):
        return [Problem(message="Definition must be a valid JSON object")]
    return list(_of_machine(definition, "", kind, definition.get("QueryLanguage")))


def instant(text: Any) -> datetime | None:
    """Return the instant that an RFC 3339 text names: with T, seconds, and Z or an offset."""
    if not isinstance(text, str) or not _RFC_3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _of_machine(machine: dict[str, Any], path: str, kind: str, language: Any) -> Iterator[Problem]:
    missing = [name for name in ("StartAt", "States") if name not in machine]
    if missing:
        yield _required(missing, path or "/")
        return
    states: Any = machine["States"]
    if not isinstance(states, dict) or not states:
        yield Problem(message="Value cannot be empty", location=f"{path}/States")
        return
    if machine["StartAt"] not in states:
        yield _no_target(machine["StartAt"], f"{path}/StartAt")
    for name, state in states.items():
        if isinstance(state, dict):
            yield from _of_state(state, f"{path}/States/{name}", kind, language)
            yield from _of_targets(state, f"{path}/States/{name}", states)


def _of_targets(state: dict[str, Any], path: str, states: dict[str, Any]) -> Iterator[Problem]:
    targets = [(state.get("Next"), f"{path}/Next"), (state.get("Default"), f"{path}/Default")]
    for member in ("Catch", "Choices"):
        rules: Any = state.get(member)
        for at, rule in enumerate(rules if isinstance(rules, list) else []):
            targets.append((rule.get("Next"), f"{path}/{member}[{at}]/Next"))
    for target, where in targets:
        if target is not None and target not in states:
            yield _no_target(target, where)


def _of_state(state: dict[str, Any], path: str, kind: str, language: Any) -> Iterator[Problem]:
    if "Type" not in state:
        yield _required(["Type"], path)
        return
    missing = [name for name in _REQUIRED.get(state["Type"], ()) if name not in state]
    if missing:
        yield _required(missing, path)
    own = state.get("QueryLanguage", language)
    if language == "JSONata" and own == "JSONPath":
        yield Problem(
            message="'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state "
            "machine",
            location=path,
        )
    if state["Type"] == "Task" and isinstance(state.get("Resource"), str):
        yield from _of_resource(state["Resource"], f"{path}/Resource", kind)
    credentials: Any = state.get("Credentials")
    if isinstance(credentials, dict) and not {"RoleArn", "RoleArn.$"} & set(credentials):
        yield Problem(
            message="The field 'RoleArn' is required but was missing",
            location=f"{path}/Credentials",
        )
    if state["Type"] == "Wait" and "Timestamp" in state:
        yield from _of_timestamp(state["Timestamp"], f"{path}/Timestamp", own)
    for member in _TEMPLATES:
        yield from _of_template(state.get(member), f"{path}/{member}")
    yield from _of_inner_machines(state, path, kind, language)


def _of_inner_machines(
    state: dict[str, Any], path: str, kind: str, language: Any
) -> Iterator[Problem]:
    if state.get("Branches") == []:
        yield Problem(message="Value cannot be empty", location=f"{path}/Branches")
    branches: Any = state.get("Branches")
    for at, branch in enumerate(branches if isinstance(branches, list) else []):
        yield from _of_machine(branch, f"{path}/Branches[{at}]", kind, language)
    for member in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(member), dict):
            yield from _of_machine(state[member], f"{path}/{member}", kind, language)


def _of_resource(resource: str, path: str, kind: str) -> Iterator[Problem]:
    parts = resource.split(":")
    if kind == "EXPRESS":
        yield from _of_express_resource(resource, path)
    if len(parts) < 7 or parts[2] != "states" or parts[3] or parts[5] in ("aws-sdk", "activity"):
        return
    action = parts[6].partition(".")[0]
    if action.split(":")[0] not in _OPTIMIZED.get(parts[5], ()):
        yield Problem(
            message=f"The resource provided {resource} is not recognized. The value is not a valid "
            "resource ARN, or the resource is not available in this region.",
            location=path,
        )


def _of_express_resource(resource: str, path: str) -> Iterator[Problem]:
    does_not = "Express state machine does not support"
    if ":activity:" in resource:
        yield Problem(message=f"{does_not} Activity ARN", location=path)
    elif ".sync" in resource:
        yield Problem(message=f"{does_not} '.sync' service integration", location=path)
    elif resource.endswith(".waitForTaskToken"):  # with two blanks, as AWS writes it
        integration = "'.waitForTaskToken' service integration "
        yield Problem(message=f"{does_not} {integration}", location=path)


def _of_timestamp(text: Any, path: str, language: Any) -> Iterator[Problem]:
    is_expression = isinstance(text, str) and text.startswith("{%") and language == "JSONata"
    if not is_expression and instant(text) is None:
        yield Problem(message="String does not match RFC3339 timestamp", location=path)


def _of_template(template: Any, path: str) -> Iterator[Problem]:
    for name, value in template.items() if isinstance(template, dict) else ():
        if isinstance(value, dict):
            yield from _of_template(value, f"{path}/{name}")
        elif name.endswith(".$") and not _is_sample(value):
            yield Problem(
                message=f"The value for the field '{name}' must be a valid JSONPath or a valid "
                "intrinsic function call",
                location=path,
            )


def _is_sample(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    if value.startswith("$"):
        return True
    quoted = re.findall(r"'(?:[^'\\]|\\.)*'", value)
    return value.startswith("States.") and not any(map(_BAD_ESCAPE.search, quoted))


def _required(missing: list[str], path: str) -> Problem:
    return Problem(message=f"These fields are required: [{', '.join(missing)}]", location=path)


def _no_target(name: Any, path: str) -> Problem:
    message = f"Missing 'Next' target: {name}"
    return Problem(code="MISSING_TRANSITION_TARGET", message=message, location=path)
