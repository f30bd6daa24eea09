"""What pydantic found wrong in a stack file, in the words of who wrote it."""

from collections.abc import Iterable, Sequence
from typing import get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from stacks.settings import Settings
from stacks.settings.base import EntryError
from stacks.settings.containers import NOT_OFFERED
from stacks.wording import MASK, flow, instead, kind, shown

_TRUE_OR_FALSE = {
    **dict.fromkeys(("yes", "on", "true", "y"), "true"),
    **dict.fromkeys(("no", "off", "false", "n"), "false"),
}
"""What YAML 1.1 took for true and false; the CLI's YAML 1.2 hands them over as text."""


def mistake_of(details: ErrorDetails) -> str:
    """Return one of pydantic's findings as key path, value, rule and remedy."""
    location = tuple(part for part in details["loc"] if part != "[key]")
    error = details.get("ctx", {}).get("error")
    if isinstance(error, EntryError):
        location = location[:-1]
    if details["type"] == "extra_forbidden" and location[-1] in NOT_OFFERED:
        return f"{_path(location)}: {NOT_OFFERED[location[-1]]}"
    if details["type"] == "extra_forbidden":
        return unknown_key(location, _keys(_model_at(location[:-1])[0]))
    value = details["input"]
    if error is not None:
        rule = str(error)
    elif details["type"] == "missing":
        rule = f"missing: write {_example(location)}"
    elif details["type"] in ("model_type", "dict_type"):
        rule = f"is {kind(value)}: write a map, such as {_example(location)}"
    elif location[0] == "secrets" or _is_secret(location):
        rule = f"{MASK} is {kind(value)}: write text"
    else:
        rule = f"{shown(value)} {_wrong_value(details)}"
    return f"{_path(location)}: {rule}"


def unknown_key(location: Sequence[int | str], known: Iterable[str]) -> str:
    """Return what to say of a key that nothing reads."""
    return f"{_path(location)}: is not a key here: {instead(str(location[-1]), known)}"


def _is_secret(location: Sequence[int | str]) -> bool:
    """Tell whether a key's value must not be repeated."""
    model, after_name = _model_at(location[:-1])
    field = None if after_name else _keys(model).get(str(location[-1]))
    return field is not None and SecretStr in (field.annotation, *get_args(field.annotation))


def _wrong_value(details: ErrorDetails) -> str:
    """Return the rule that a plain value breaks, and the remedy."""
    value = details["input"]
    context = details.get("ctx", {})
    match details["type"]:
        case "string_type" if isinstance(value, bool | int | float):
            return f'is {kind(value)}: quote it: "{flow(value)}"'
        case "string_type":
            return f"is {kind(value)}: write text"
        case "int_type" if isinstance(value, str) and value.isdecimal():
            return f"is text: write {value} without quotes"
        case "int_type":
            return "is not a whole number: write one without quotes or unit"
        case "bool_type" if isinstance(value, str) and value.lower() in _TRUE_OR_FALSE:
            return f"is text: write {_TRUE_OR_FALSE[value.lower()]}"
        case "bool_type":
            return "is neither true nor false: write one of them"
        case "literal_error":
            return f"is not one of the choices: write {context['expected'].replace(chr(39), '')}"
        case "greater_than_equal":
            return f"is too small: write at least {context['ge']}"
        case "less_than_equal":
            return f"is too large: write at most {context['le']}"
        case "too_long":
            return f"has {context['actual_length']} entries: write at most {context['max_length']}"
        case "too_short":
            return "is empty: write at least one entry"
        case _:
            return details["msg"]


def _path(location: Sequence[int | str]) -> str:
    """Write a key path: ``jobs.list-files.command[2]``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return a model's fields by their keys in YAML."""
    return {str(field.validation_alias): field for field in model.model_fields.values()}


def _model_at(location: Sequence[int | str]) -> tuple[type[BaseModel], bool]:
    """Return the model that is reached by a path, and whether its keys come after a name yet.

    ``jobs`` leads to the model of one job and a name; ``jobs.list-files`` to that job's keys.
    """
    model: type[BaseModel] = Settings
    after_name = False
    for part in location:
        field = None if after_name else _keys(model).get(str(part))
        after_name = False
        if field and (inner := _model_in(field.annotation)):
            model, after_name = inner, get_origin(field.annotation) is dict
    return model, after_name


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the model inside an annotation such as ``dict[str, Model] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in found if model), None)


def _example(location: Sequence[int | str]) -> str:
    """Return what could be written at a path, from the examples of the fields."""
    *parents, key = location
    parent, is_name = _model_at(parents)
    if not is_name:
        examples = _keys(parent)[str(key)].examples or ()
        return " or ".join(f"{key}: {flow(example)}" for example in examples)
    # Show a key that belongs under the name: the first required one, or the first.
    below = _keys(parent)
    if not below:
        return f"{key}: {{}}"
    first = next((key for key, field in below.items() if field.is_required()), next(iter(below)))
    return f"{first}: {flow((below[first].examples or ('',))[0])}"
