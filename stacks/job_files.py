"""Job files: jobs that stand in files of their own, so that a team owns its file.

A stack file names them by pattern (``jobFiles: [jobs/*.yaml]``). Each has ``jobs:``, a map of jobs
as the stack file has it, and perhaps ``defaults:``, keys that all jobs of the file have unless they
say otherwise. What a job says goes over the defaults key by key; a map such as ``environment`` goes
over the default's map entry by entry. ``on`` does not: its one entry says which event it is.

The files are YAML 1.2, as the Pulumi CLI reads stack files: ``on`` and ``yes`` are text. A date is
text too.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from glob import glob
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import yaml

from stacks.settings.base import map_or_empty
from stacks.wording import instead, kind, shown
from stacks.yaml_lines import line_of

KEYS = ("defaults", "jobs")

_PLAIN = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    "merge": (r"<<", ["<"]),
}
"""What plain scalars are in YAML 1.2's core schema, by how they may begin; the rest is text."""


_PYYAML: Any = yaml  # which has no types
_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast in C, where PyYAML was built with it, as its wheels are."""


class JobFileError(ValueError):
    """A file that holds no jobs: one line with file, line number where known, rule and remedy."""


@dataclass(frozen=True, kw_only=True)
class JobFile:
    """What one file says."""

    path: str
    """As people find it: relative to Pulumi.yaml where the pattern is."""
    defaults: Mapping[str, Any]
    jobs: Mapping[str, Any]
    text: str = field(repr=False)

    def merged(self) -> dict[str, object]:
        """Return each job over the file's defaults."""
        return {name: _over(self.defaults, job) for name, job in self.jobs.items()}

    def line_of(self, *keys: str | int) -> int:
        """Say in which line something stands, or the last thing on the way there."""
        return line_of(_composed(self.text), *keys)


def find(directory: Path, pattern: str, drafts: Iterable[Path] = ()) -> list[Path]:
    """Return the files that a pattern names, sorted; none if it names none.

    Args:
        directory: where Pulumi.yaml is.
        pattern: relative to it.
        drafts: files that need not be there yet.
    """
    found = {
        path
        for name in glob(pattern, root_dir=directory)  # noqa: PTH207 - Path.glob refuses what leads outside
        if (path := directory / name).is_file()
    }
    return sorted(found | {path for path in drafts if _is_named(path, directory, pattern)})


def _is_named(path: Path, directory: Path, pattern: str) -> bool:
    return path.is_relative_to(directory) and fnmatchcase(str(path.relative_to(directory)), pattern)


def parse(text: str) -> object:
    """Read a text as YAML 1.2, as editors do.

    Raises:
        yaml.YAMLError: it is none, or a key stands twice.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader


def read(path: Path, shown_as: str) -> JobFile:
    """Read one file.

    Raises:
        JobFileError: it is no YAML, or no map of ``jobs`` and ``defaults``.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = parse(text)
    except (OSError, UnicodeDecodeError) as error:
        raise JobFileError(f"{shown_as}: cannot be read: {error}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise JobFileError(f"{shown_as}:{line}: is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise JobFileError(f"{shown_as}: is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise JobFileError(f"{shown_as}:1: is {kind(content)}: write jobs: and a job below it")
    entries = cast("dict[str, object]", content)
    file = JobFile(
        path=shown_as,
        defaults=map_or_empty(entries.get("defaults")),
        jobs=map_or_empty(entries.get("jobs")),
        text=text,
    )
    for key, value in entries.items():
        rule = f"is {kind(value)}: write a map" if not isinstance(value, dict) else ""
        if key not in KEYS:
            rule = f"is not a key here: {instead(key, KEYS)}"
        if rule:
            raise JobFileError(f"{shown_as}:{file.line_of(key)}: {key}: {rule}")
    if not entries.get("jobs"):
        raise JobFileError(f"{shown_as}:1: jobs: missing: write jobs: and a job below it")
    return file


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The jobs of a stack, wherever they stand."""

    jobs: Mapping[str, object]
    file_of: Mapping[str, JobFile]
    """The file of each job that has one."""
    mistakes: tuple[str, ...]
    """Whole lines, each with its place."""

    def placed(self, stack_file: str, mistake: str) -> str:
        """Put the place before a mistake that begins with a key path.

        That is the stack file, or the line of the job file that says the wrong thing; what the
        defaults of a file say is their mistake, not that of each job.
        """
        match = re.match(r"jobs\.([^.:\[]+)([^:]*): ", mistake)
        file = self.file_of.get(match[1]) if match else None
        if match is None or file is None:
            return f"{stack_file}: {mistake}"
        keys = [
            int(part[1:-1]) if part.startswith("[") else part.removeprefix(".")
            for part in re.findall(r"\.[^.\[]+|\[\d+\]", match[2])
        ]
        rule = mistake[match.end() :]
        if keys and keys[0] not in map_or_empty(file.jobs[match[1]]) and keys[0] in file.defaults:
            line = file.line_of("defaults", *keys)
            return f"{file.path}:{line}: defaults{match[2]}: {rule}"
        return f"{file.path}:{file.line_of('jobs', match[1], *keys)}: {match[0]}{rule}"


def gather(
    directory: Path,
    patterns: object,
    own: Mapping[str, object],
    stack_file: str,
    drafts: Mapping[Path, Path] = MappingProxyType({}),
) -> Gathered:
    """Collect the jobs of a stack file and of the job files that it names.

    Args:
        directory: where Pulumi.yaml is; patterns are relative to it.
        patterns: what the stack file says under ``jobFiles``; only a list of texts is looked at.
        own: the jobs of the stack file itself.
        stack_file: its name.
        drafts: files that are read in the place of others, by the one that each may become.
    """
    jobs: dict[str, object] = dict(own)
    file_of: dict[str, JobFile] = {}
    mistakes: list[str] = []
    wanted = cast("list[object]", patterns) if isinstance(patterns, list) else []
    paths: dict[Path, str] = {}
    for number, pattern in enumerate(wanted):
        found = find(directory, pattern, drafts) if isinstance(pattern, str) else []
        if isinstance(pattern, str) and not found:
            mistakes.append(
                f"{stack_file}: jobFiles[{number}]: {shown(pattern)} names no file: write a path "
                "from Pulumi.yaml, such as jobs/*.yaml"
            )
        paths |= {path: _shown_path(path, directory) for path in found}
    for path, shown_as in paths.items():
        try:
            file = read(drafts.get(path, path), shown_as)
        except JobFileError as error:
            mistakes.append(str(error))
            continue
        for name, job in file.merged().items():
            if name in jobs:
                other = file_of.get(name)
                first = f"{other.path}:{other.line_of('jobs', name)}" if other else stack_file
                mistakes.append(
                    f"{file.path}:{file.line_of('jobs', name)}: jobs.{name}: stands in {first} "
                    "too: rename one"
                )
                continue
            jobs[name], file_of[name] = job, file
    return Gathered(jobs=jobs, file_of=file_of, mistakes=tuple(mistakes))


def alone(path: Path, shown_as: str) -> Gathered:
    """Collect the jobs of one file that no stack names.

    Raises:
        JobFileError: it is no YAML, or no map of ``jobs`` and ``defaults``.
    """
    file = read(path, shown_as)
    jobs = file.merged()
    return Gathered(jobs=jobs, file_of=dict.fromkeys(jobs, file), mistakes=())


def _shown_path(path: Path, directory: Path) -> str:
    return str(path.relative_to(directory) if path.is_relative_to(directory) else path)


def _over(defaults: Mapping[str, Any], job: object) -> object:
    """Put a job over its file's defaults; what is no map is told of as it is."""
    if not isinstance(job, dict):
        return job
    merged = dict(defaults)
    for key, value in cast("dict[str, Any]", job).items():
        both_maps = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = {**merged[key], **value} if both_maps and key != "on" else value
    return merged


class _Loader(_BaseLoader):
    """Reads plain scalars by YAML 1.2, and refuses a key that stands twice."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own


def _map(loader: Any, node: yaml.MappingNode) -> dict[str, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in seen:
            problem = (
                f"{key.value} stands twice"
                if isinstance(key, yaml.ScalarNode)
                else "a key is not a text"
            )
            raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key.start_mark)
        seen.add(key.value)
    loader.flatten_mapping(node)  # what << brings, under what stands here
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


@lru_cache(maxsize=1)
def _composed(text: str) -> yaml.Node | None:
    """Read a text as nodes with their lines: only asked for where something is wrong."""
    node: yaml.Node | None = _PYYAML.compose(text, Loader=_Loader)
    return node


for _tag, (_pattern, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first
    )
_Loader.add_constructor("tag:yaml.org,2002:map", _map)
