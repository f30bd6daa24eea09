"""Checks of requests that botocore's models describe and botocore does not make.

botocore looks at types, required members and minimums. The same models carry the enumerations,
patterns and maximums that the services themselves enforce. Some services answer for themselves,
in the words of AWS, whoever asks them; calls of the others are stopped in our own clients.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import functools
import re
from typing import Any

import botocore.loaders
import botocore.model
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator

ANSWERING = {
    "events": "ValidationException",
    "iam": "ValidationError",
    "scheduler": "ValidationException",
    "stepfunctions": "ValidationException",
}
"""The services that answer for themselves (``arguments.py``), and the code of their refusal."""


@functools.cache
def loader() -> Any:
    """Return one loader of service models for every session, which would each read them again."""
    return botocore.loaders.create_loader()


@functools.cache
def service_model(service: str) -> Any:
    """Return botocore's model of a service, by its botocore name."""
    return botocore.model.ServiceModel(
        loader().load_service_model(service, "service-2"), service_name=service
    )


def check_call(service: str, operation: str, parameters: dict[str, Any]) -> None:
    """Check a call that no client makes.

    Raises:
        ParamValidationError: with every mistake on a line of its own.
    """
    shape = service_model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(parameters, shape)
    errors = [report.generate_report()] if report.has_errors() else _errors(shape, parameters, "")
    if errors:
        raise ParamValidationError(report="\n".join(errors))


def install(session: Any) -> None:
    """Check every call of a session's clients."""

    def check(params: Any, model: Any, **_: Any) -> None:
        if model.service_model.service_name in ANSWERING:
            return
        errors = _errors(model.input_shape, params, model.name) if model.input_shape else []
        if errors:
            raise ParamValidationError(report="\n".join(errors))

    session.get_component("event_emitter").register("provide-client-params.*.*", check)


def _errors(shape: Any, value: Any, path: str) -> list[str]:
    if shape.type_name == "structure" and isinstance(value, dict):
        members: dict[str, Any] = value
        return [
            error
            for name, member in members.items()
            if name in shape.members and member is not None
            for error in _errors(shape.members[name], member, f"{path}.{name}")
        ]
    if shape.type_name == "list" and isinstance(value, list | tuple):
        items: list[Any] = list(value)
        return _too_much(shape, len(items), f"{path}: {len(items)} items") + [
            error
            for at, item in enumerate(items)
            for error in _errors(shape.member, item, f"{path}[{at}]")
        ]
    if shape.type_name == "map" and isinstance(value, dict):
        entries: dict[str, Any] = value
        return [
            error
            for key, entry in entries.items()
            for error in [
                *_errors(shape.key, key, f"{path}.<key>"),
                *_errors(shape.value, entry, f"{path}.{key}"),
            ]
        ]
    if shape.type_name == "string" and isinstance(value, str):
        return _errors_of_text(shape, value, path)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _too_much(shape, value, f"{path}: {value}")
    return []


def _errors_of_text(shape: Any, value: str, path: str) -> list[str]:
    errors = _too_much(shape, len(value), f"{path}: length {len(value)}")
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        errors.append(f"{path}: '{value}' is not one of {', '.join(allowed)}")
    pattern = shape.metadata.get("pattern")
    if pattern and not compiled(pattern).fullmatch(value):
        errors.append(f"{path}: '{value[:60]}' does not match {pattern}")
    return errors


def _too_much(shape: Any, size: float, what: str) -> list[str]:
    most = shape.metadata.get("max")
    return [f"{what}, at most {most} allowed"] if most is not None and size > most else []


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    r"""Compile a pattern of the models; one that Python cannot read (``\p{L}``) takes all."""
    try:
        return re.compile(pattern)
    except re.error:
        return re.compile(r"(?s).*")
