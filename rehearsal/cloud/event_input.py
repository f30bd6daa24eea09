"""What a target of EventBridge gets: the event, a part of it, or a template filled from it.

The traps of quotes are AWS's own, as recorded: a value that is missing becomes an empty text, and
an object or list inside quotes loses its quotes.
"""

import json
import re
from typing import Any

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[['\"]([^'\"]+)['\"]\]|(\[\*\]|\.\*)")
_VARIABLE = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_MISSING = object()


class InputError(ValueError):
    """The input cannot be made of this event."""


def text_of(value: Any) -> str:
    """Write JSON as EventBridge does: compact, members in their order."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def input_for(
    target: dict[str, Any], event: dict[str, Any], *, rule_arn: str, ingestion_time: str
) -> str:
    """Return the text that a target (as PutTargets takes it) gets for an event.

    Raises:
        InputError: the filled template is no JSON.
    """
    if "Input" in target:
        return target["Input"]
    if "InputPath" in target:
        found = look_up(target["InputPath"], event)
        return text_of(None if found is _MISSING else found)
    if "InputTransformer" not in target:
        return text_of(event)
    transformer: dict[str, Any] = target["InputTransformer"]
    values = {
        name: look_up(path, event) for name, path in transformer.get("InputPathsMap", {}).items()
    }
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": ingestion_time,
        "aws.events.event": {name: event[name] for name in event if name != "detail"},
        "aws.events.event.json": event,
    }
    filled = fill(transformer["InputTemplate"], values)
    if not _is_json(filled) and not all(map(_is_json, filled.splitlines())):
        raise InputError(f"the input transformer made what is no JSON: {filled[:200]}")
    return filled


def look_up(path: str, event: Any) -> Any:
    """Follow a path such as ``$.detail.items[0].name``; ``[*]`` gives a list.

    Raises:
        InputError: the path has steps of another kind.
    """
    here: Any = event
    at = 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise InputError(f"{path} is no path that is rehearsed")
        at = step.end()
        if step[4]:
            items: list[Any] = list(here.values() if hasattr(here, "values") else here)
            found = [look_up(f"${path[at:]}", item) for item in items]
            return [item for item in found if item is not _MISSING]
        name = step[1] or step[3]
        try:
            here = here[name if name is not None else int(step[2])]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    return here


def fill(template: str, values: dict[str, Any]) -> str:
    """Put values into a template; a name that is not known stays as it is."""

    def put(found: re.Match[str]) -> str:
        if found[1] not in values:
            return found[0]
        value = values[found[1]]
        if not _in_quotes(template, found.start()):
            return '""' if value is _MISSING else text_of(value)
        if value is _MISSING:
            return ""
        return value if isinstance(value, str) else text_of(value).replace('"', "")

    return _VARIABLE.sub(put, template)


def _in_quotes(template: str, at: int) -> bool:
    return len(re.findall(r'(?<!\\)"', template[:at])) % 2 == 1


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
