"""What an import makes: jobs with where they came from, as a job file that people then read."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from definitions.names import USER_NAME
from stacks.findings import mistake_of
from stacks.settings.jobs import JobSettings

MOST_NAME_CHARACTERS = 40
"""Of a job that is named here: with a project and a stack before it, all of AWS's names fit."""

NO_COMMAND = (
    "is the image's own, and a job has to say it: write the image's CMD into the job, which is a "
    "comment till then"
)


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What could not be carried over."""

    where: str
    """The place, as people find it: ``crontab:12``."""
    what: str
    reason: str
    """With the remedy."""

    def line(self) -> str:
        """Return it as one line."""
        return f"{self.where}: {self.what}: left out: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A job as it was found elsewhere."""

    name: str
    settings: Mapping[str, Any]
    """As a job file has it, without what cannot be known."""
    where: str
    origin: str
    """Its original text in a line, secrets masked."""
    remarks: tuple[str, ...] = ()
    """What people said of it there."""
    look_at: tuple[str, ...] = ()
    """What is to be looked at."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """All that was found."""

    source: str
    drafts: tuple[Draft, ...]
    left_out: tuple[LeftOut, ...] = ()
    look_at: tuple[str, ...] = ()
    """What is to be looked at of all jobs."""
    containers: Mapping[str, Mapping[str, Any]] | None = None
    """What the jobs run in: this stands in the stack file, not in a job file."""


def checked(imported: Imported) -> Imported:
    """Leave out the jobs that a deploy would refuse, with its own lines."""
    drafts: list[Draft] = []
    left_out = list(imported.left_out)
    for draft in imported.drafts:
        if "command" not in draft.settings:
            drafts.append(draft)  # said already, and written as a comment
            continue
        mistakes = _mistakes(draft)
        left_out += [
            LeftOut(where=draft.where, what=f"job {draft.name}", reason=mistake)
            for mistake in mistakes
        ]
        if not mistakes:
            drafts.append(draft)
    return Imported(
        source=imported.source,
        drafts=tuple(drafts),
        left_out=tuple(left_out),
        look_at=imported.look_at,
        containers=imported.containers,
    )


def _mistakes(draft: Draft) -> list[str]:
    try:
        JobSettings.model_validate(dict(draft.settings), by_alias=True, by_name=False)
    except ValidationError as error:
        details = error.errors(include_url=False)
        return [
            mistake_of({**one, "loc": ("jobs", draft.name, *one["loc"])}).partition(": ")[2]
            for one in details
        ]
    return []


# -- names


def slug(text: str) -> str:
    """Return a text as a name, lower case with single hyphens; empty if nothing is left."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if plain and not plain[0].isalpha():
        plain = f"job-{plain}"
    return plain[:MOST_NAME_CHARACTERS].rstrip("-")


def unique(name: str, taken: Iterable[str]) -> str:
    """Return the name, with a number behind it where it is taken."""
    others, number, wanted = set(taken), 1, name
    while name in others:
        number += 1
        name = f"{wanted[: MOST_NAME_CHARACTERS - len(f'-{number}')].rstrip('-')}-{number}"
    if not USER_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a job")
    return name


# -- writing


def text_of(imported: Imported, schema: str = "../stacks/jobs.schema.json") -> str:
    """Write a job file with its comments.

    Args:
        imported: what goes into it.
        schema: the way from the file to that of job files, by which editors explain it.
    """
    jobs = [draft for draft in imported.drafts if "command" in draft.settings]
    defaults = _shared([draft.settings for draft in jobs])
    lines = [f"# yaml-language-server: $schema={schema}"]
    lines += [
        _comment(f"From {imported.source}, by python -m ops import. Read it before a deploy.")
    ]
    lines += _comment_list("Look at:", imported.look_at)
    if imported.containers:
        lines += ["#", "# Into the stack file, below containers, for the jobs to run in:"]
        for name, container in imported.containers.items():
            lines += [f"#   {name}:", *_map_lines(container, "#     ")]
    if defaults:
        lines += ["", "defaults:", *_map_lines(defaults, "  ")]
    if jobs:
        lines += ["", "jobs:"]
    for draft in imported.drafts:
        lines += _draft_lines(draft, defaults)
    if imported.left_out:
        lines += ["", "# Left out:"]
        for left in imported.left_out:
            lines += [_comment(f"- {left.where}: {left.what}"), _comment(f"  {left.reason}")]
    return "\n".join(lines).replace("jobs:\n\n", "jobs:\n") + "\n"


def _draft_lines(draft: Draft, defaults: Mapping[str, Any]) -> list[str]:
    comments = [f"{draft.where}: {draft.origin}", *(f"  {remark}" for remark in draft.remarks)]
    comments += [f"- {look_at}" for look_at in draft.look_at]
    body = [f"  {draft.name}:", *_map_lines(_without(draft.settings, defaults), "    ")]
    if "command" not in draft.settings:
        body = [f"  # {line[2:]}" for line in (*body, "    command: […]")]
    return ["", *(f"  {_comment(comment)}" for comment in comments), *body]


def _comment_list(title: str, entries: Sequence[str]) -> list[str]:
    return [f"# {title}", *(_comment(f"- {entry}") for entry in entries)] if entries else []


def _comment(text: str) -> str:
    """Return a comment on one line, whatever the text holds."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return f"# {plain.rstrip()}"


_SHARED = ("timezone", "overlap")


def _shared(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what all jobs of a file have, where it is shorter to say it once."""
    if len(jobs) <= 1:
        return {}
    first = jobs[0]
    shared = {
        key: first[key]
        for key in _SHARED
        if key in first and all(job.get(key) == first[key] for job in jobs)
    }
    environments = [cast("dict[str, str]", job.get("environment", {})) for job in jobs]
    environment = {
        name: value
        for name, value in environments[0].items()
        if all(other.get(name) == value for other in environments)
    }
    return {**shared, **({"environment": environment} if environment else {})}


def _without(job: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a job says besides the defaults."""
    own = {key: value for key, value in job.items() if key not in defaults}
    shared = defaults.get("environment", {})
    if shared and "environment" in job:
        left = {name: value for name, value in job["environment"].items() if name not in shared}
        own |= {"environment": left} if left else {}
    return {key: own[key] for key in job if key in own}


def _map_lines(entries: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in entries.items():
        if isinstance(value, list) and key == "schedule":
            yield f"{indent}{key}:"
            yield from (f"{indent}  - {_line(one)}" for one in cast("list[object]", value))
        elif isinstance(value, dict) and key == "environment":
            yield f"{indent}{key}:"
            yield from _map_lines(cast("dict[str, Any]", value), f"{indent}  ")
        elif isinstance(value, str):
            yield f"{indent}{key}: {_line(value)}"
        else:
            yield f"{indent}{key}: {_value(value)}"


def _line(value: Any) -> str:
    """Write a scalar to the end of its line, where an expression may have commas."""
    is_expression = isinstance(value, str) and _EXPRESSION.fullmatch(value)
    return value if is_expression else scalar(value)


def _value(value: Any) -> str:
    if not isinstance(value, dict | list):
        return scalar(value)
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value).items()
        return "{" + ", ".join(f"{scalar(key)}: {_value(one)}" for key, one in entries) + "}"
    return "[" + ", ".join(map(_value, cast("list[object]", value))) + "]"


_PLAIN = re.compile(r"(?:\.?/|--?)?[A-Za-z_][\w./@+=%-]*|/|\d+[smhd]", re.ASCII)
_EXPRESSION = re.compile(r"(?:cron|rate|at)\([\w ,*?/#:-]+\)", re.ASCII)
_NOT_TEXT = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
"""Words that some YAML, of any version, takes for something else than text."""


def scalar(value: Any) -> str:
    """Write a text, number or truth so that every YAML reads it back as it is."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    if value.isprintable() and '"' in value and "'" not in value:
        return f"'{value}'"
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(
        character if character.isprintable() else _escaped(character) for character in quoted
    )


def _escaped(character: str) -> str:
    """Write a character by its number: YAML takes no others in any quotes."""
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
