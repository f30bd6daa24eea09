"""Configurations of ecschedule: rules of EventBridge that run ECS tasks, in YAML or JSON.

Source: ``rule.go``, ``config.go`` and the README of github.com/Songmu/ecschedule.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from definitions import schedules
from ops.errors import OpsError
from ops.importing.documents import a_list, a_map, documents, is_true
from ops.importing.fargate_sizes import size_for
from ops.importing.job_file import NO_COMMAND, Draft, Imported, LeftOut, slug, unique
from ops.importing.secret_values import AMONG_WORDS, is_among, is_secret, remedy

_TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_MARK = "template-{}-of-ecschedule"
_MARKED = re.compile(r"template-(\d+)-of-ecschedule")
_PARAMETER = re.compile(r"ssm\s+[`\"]([^`\"]+)[`\"]")

_OF_THE_STACK = (
    *("role", "group", "launch_type", "platform_version", "network_configuration"),
    *("dead_letter_config", "propagateTags", "targetId", "cluster", "region"),
)
"""Keys for which the stack stands in: its own roles, network, cluster and dead letters."""


@dataclass
class _Rules:
    source: str
    templates: list[str]
    drafts: list[Draft] = field(default_factory=list[Draft])
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])
    look_at: list[str] = field(default_factory=list[str])
    containers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def leave_out(self, line: int, what: str, reason: str) -> None:
        where = f"{self.source}:{line}"
        self.left_out.append(LeftOut(where=where, what=self.shown(what), reason=reason))

    def shown(self, text: str) -> str:
        """Return a text with its templates as they were written."""
        return _MARKED.sub(lambda mark: f"{{{{ {self.templates[int(mark[1])]} }}}}", text)


def read(text: str, *, source: str) -> Imported:
    """Read the rules of a configuration.

    Raises:
        OpsError: it is no YAML, or no configuration of ecschedule.
    """
    if source.endswith("sonnet"):
        raise OpsError(f"{source}: is Jsonnet: render it first, jsonnet {source} > rules.json")
    rules = _Rules(source, [])
    text = _TEMPLATE.sub(lambda match: _marked(match, rules.templates), text)
    found = [
        (document, number, a_map(rule))
        for document in documents(text, source)
        for number, rule in enumerate(a_list(a_map(document.value).get("rules")))
    ]
    if not found:
        raise OpsError(f"{source}: has no rules: give a configuration of ecschedule")
    for document, number, rule in found:
        _read_rule(rules, document.line("rules", number), rule)
    _tell_of_stack(rules, [rule for _, _, rule in found])
    return Imported(
        source=source,
        drafts=tuple(rules.drafts),
        left_out=tuple(rules.left_out),
        look_at=tuple(rules.look_at),
        containers=rules.containers,
    )


def _marked(match: re.Match[str], templates: list[str]) -> str:
    templates.append(match[1])
    return _MARK.format(len(templates) - 1)


def _tell_of_stack(rules: _Rules, found: list[Mapping[str, Any]]) -> None:
    keys = [key for key in _OF_THE_STACK if any(key in rule for rule in found)]
    if keys:
        rules.look_at.append(f"{', '.join(keys)}: the stack has its own.")
    rules.look_at.append(
        "overlap: ecschedule runs a task while an older one goes, here it is skipped (overlap: "
        "forbid); overlap: allow does as it did."
    )
    rules.look_at.append("timeout: a rule knows no limit, here an attempt ends after 1h.")


def _read_rule(rules: _Rules, line: int, rule: Mapping[str, Any]) -> None:
    written_name, expression = str(rule.get("name", "")), str(rule.get("scheduleExpression", ""))
    what = f"rule {written_name or '?'}"
    if _MARKED.search(written_name + expression):
        rules.leave_out(
            line, what, "its name or schedule is a template: render the file first, or write it out"
        )
        return
    try:
        schedules.parse(expression)
    except ValueError as error:
        rules.leave_out(line, what, f"scheduleExpression {error}")
        return
    name = unique(slug(written_name) or "job", (draft.name for draft in rules.drafts))
    look_at: list[str] = []
    settings: dict[str, Any] = {"schedule": expression}
    if expression.startswith("rate("):
        look_at.append("A rate counts from when its schedule is made: it fires at other minutes.")
    if is_true(rule.get("disabled")):
        settings["enabled"] = False
        look_at.append("It was disabled, so it is off.")
    settings["container"] = _container(rules, str(rule.get("taskDefinition", "")))
    strategy = [a_map(item) for item in a_list(rule.get("capacityProviderStrategy"))]
    if any(item.get("capacityProvider") == "FARGATE_SPOT" for item in strategy):
        settings["capacity"] = "spot"
        look_at.append("capacity: spotThenOnDemand goes on where spot has none.")
    count = str(rule.get("taskCount", "1"))
    if count not in ("", "0", "1"):
        rules.leave_out(
            line, f"taskCount of {name}", f"starts {count} alike: write array: {{size: {count}}}"
        )
    overrides = [a_map(override) for override in a_list(rule.get("containerOverrides"))]
    for other in overrides[1:]:
        rules.leave_out(
            line,
            f"override of {other.get('name', 'a further container')} in {name}",
            "a run has one container: make it a job of its own",
        )
    override: Mapping[str, Any] = overrides[0] if overrides else {}
    settings |= _override(rules, line, name, override)
    try:
        settings |= _size(a_map(rule.get("taskOverride")), override)
    except ValueError as error:
        rules.leave_out(line, f"the size of {name}", str(error))
    description = str(rule.get("description", ""))
    rules.drafts.append(
        Draft(
            name=name,
            settings=settings,
            where=f"{rules.source}:{line}",
            origin=f"{what}, {expression}",
            remarks=(rules.shown(description),) if description else (),
            look_at=tuple(look_at),
        )
    )


def _container(rules: _Rules, task_definition: str) -> str:
    """Name the container that stands for a task definition, by its family."""
    family = re.sub(r"^arn:.*:task-definition/", "", rules.shown(task_definition)).split(":")[0]
    name = slug(family) or "default"
    rules.containers.setdefault(name, {"image": f"the-image-of-{name}", "architecture": "x86_64"})
    return name


def _override(rules: _Rules, line: int, name: str, override: Mapping[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    words = [str(word) for word in a_list(override.get("command"))]
    if _MARKED.search(" ".join(words)):
        reason = "has a template: write what it stands for into the job, a comment till then"
        rules.leave_out(line, f"the command of {name}", reason)
    elif is_among(words):
        rules.leave_out(line, f"the command of {name}", AMONG_WORDS)
    elif words:
        settings["command"] = words
    else:
        rules.leave_out(line, f"the command of {name}", NO_COMMAND)
    environment: dict[str, str] = {}
    for variable, value in a_map(override.get("environment")).items():
        text = str(value)
        if mark := _MARKED.search(text):
            rules.leave_out(
                line, f"{variable} of {name}", _of_template(variable, rules.templates[int(mark[1])])
            )
        elif is_secret(variable, text):
            rules.leave_out(line, f"{variable} of {name}", remedy(variable))
        else:
            environment[variable] = text
    if environment:
        settings["environment"] = environment
    return settings


def _of_template(variable: str, template: str) -> str:
    if parameter := _PARAMETER.match(template):
        return (
            f"is a parameter of Systems Manager: secrets: {{{variable}: ssm:{parameter[1]}}} at "
            "the container"
        )
    return f"comes from {{{{ {template} }}}} of whoever applies it: write its value"


def _size(task: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, int]:
    """Return the size that the task's override says, or that its container's fits into."""
    cpu = str(task.get("cpu") or override.get("cpu") or "")
    memory = str(task.get("memory") or override.get("memory") or "")
    if not cpu and not memory:
        return {}
    if not all(part.isdecimal() or not part for part in (cpu, memory)):
        raise ValueError(f"{cpu or '?'} CPU units with {memory or '?'} MiB: write numbers")
    return size_for(int(cpu or 0), int(memory or 0))
