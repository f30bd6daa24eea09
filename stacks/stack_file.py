"""Read Pulumi.yaml and Pulumi.<stack>.yaml as the Pulumi CLI does.

The CLI reads YAML with Go's yaml.v3, which differs from PyYAML in what plain scalars mean, and
hands every value to the program as text: what is not text already as JSON with sorted keys.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

SECRET_PLACEHOLDER = "rehearsal-secret"  # noqa: S105 - stands where a secret cannot be decrypted
"""First part of the text that stands for a secret; the key that it stands under follows."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE, _FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})
_INTEGERS = (
    (re.compile(r"[-+]?0[xX][0-9a-fA-F]+"), 16),
    (re.compile(r"[-+]?0[bB][01]+"), 2),
    (re.compile(r"[-+]?0[oO]?[0-7]+"), 8),
    (re.compile(r"[-+]?(0|[1-9][0-9]*)"), 10),
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_TIMESTAMP = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:(?P<separator>[Tt ])(?P<hour>\d{1,2}):(?P<minute>\d{1,2}):(?P<second>\d{1,2})"
    r"(?P<fraction>\.\d{1,9})?(?P<zone>Z|[-+]\d\d:\d\d)?)?"
)
_INT64_MIN, _UINT64_MAX = -(2**63), 2**64 - 1
_GO_EXPONENT_FROM = 1e21
"""From here on Go writes a float with an exponent; below, a whole one looks like an integer."""


class StackFileError(ValueError):
    """A stack or project file that the Pulumi CLI would refuse, in one line with file and line."""


@dataclass(frozen=True)
class StackFile:
    """One stack's configuration as the program receives it."""

    project: str
    stack: str
    config: dict[str, str]
    """Every value as text, under ``<project>:<key>`` or ``<provider>:<key>``."""
    secret_keys: list[str]
    """Keys whose value is a secret or holds one; a placeholder stands in its place."""
    secrets_provider: str = ""
    """Who encrypts the secrets, if not a passphrase: ``awskms://...``, for example."""
    encryption_salt: str = ""
    """What tells a right passphrase from a wrong one; the CLI writes it."""


def section_of(config: Mapping[str, str], section: str) -> tuple[str, dict[str, Any]]:
    """Return the key of a section and what it holds; the usual container if it names none."""
    project = next(key.partition(":")[0] for key in config if not key.startswith("aws:"))
    key = f"{project}:{section}"
    unwritten = {"default": {"build": "app"}} if section == "containers" else {}
    return key, json.loads(config[key]) if key in config else unwritten


def known_stacks(project_dir: Path) -> list[str]:
    """Return the names of the stacks that have a file in this project, sorted."""
    return sorted(
        path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        for path in project_dir.glob("Pulumi.*.yaml")
    )


def project_name(project_dir: Path) -> str:
    """Return the project's name, which is the namespace of the program's keys.

    Raises:
        StackFileError: there is no Pulumi.yaml, or the CLI would refuse it.
    """
    return _name_of(_YamlFile(project_dir / "Pulumi.yaml").read())


def _name_of(project: Mapping[str, Any]) -> str:
    name = project.get("name")
    if not isinstance(name, str) or not name:
        raise StackFileError("Pulumi.yaml: write the project's name: name: my-batch")
    return name


def read_stack_file(project_dir: Path, stack: str, file: Path | None = None) -> StackFile:
    """Read the configuration of ``stack``, from its own file or from another one.

    Raises:
        StackFileError: there is no such stack or file, or the CLI would refuse that or the
            project's.
    """
    project_file = project_dir / "Pulumi.yaml"
    project = _YamlFile(project_file).read()
    name = _name_of(project)
    path = file or project_dir / f"Pulumi.{stack}.yaml"
    if file and not file.is_file():
        raise StackFileError(f"there is no stack file {file}")
    if not path.exists():
        raise StackFileError(
            f"there is no stack {stack!r}: {path.name} is missing; "
            f"known are {', '.join(known_stacks(project_dir)) or 'none'}"
        )
    stack_file = _YamlFile(path)
    settings = stack_file.read()
    if settings.get("environment"):
        raise StackFileError(
            f"{path.name}: environment: is kept by Pulumi ESC, which nobody asks here; "
            "write its values under config:"
        )
    values = {
        **_project_values(project_file.name, name, project.get("config")),
        **_stack_values(path.name, name, settings.get("config")),
    }
    secret_keys = [key for key, value in values.items() if _holds_secret(value)]
    config = {key: _text(path.name, key, value) for key, value in values.items()}
    return StackFile(
        name,
        stack,
        dict(sorted(config.items())),
        sorted(secret_keys),
        secrets_provider=settings.get("secretsprovider") or "",
        encryption_salt=settings.get("encryptionsalt") or "",
    )


def _stack_values(file: str, project: str, config: Any) -> dict[str, Any]:
    """Return the values under ``config:``, each under its whole key."""
    if config is None:
        return {}
    if not isinstance(config, dict):
        raise StackFileError(f"{file}: config: is not a map; write config: and a key a line")
    return {_whole_key(file, project, key): value for key, value in _items(config)}


def _project_values(file: str, project: str, config: Any) -> dict[str, Any]:
    """Return the defaults that Pulumi.yaml gives: ``key: value``, ``default:`` or ``value:``."""
    found: dict[str, Any] = {}
    for key, value in _stack_values(file, project, config).items():
        if not isinstance(value, dict):
            found[key] = value
        elif given := {"default", "value"} & value.keys():
            found[key] = value["default" if "default" in given else "value"]
    return found


def _whole_key(file: str, project: str, key: str) -> str:
    """Return ``<namespace>:<name>``; a key without a namespace is the project's."""
    parts = key.split(":")
    if len(parts) == 1:
        return f"{project}:{key}"
    if len(parts) == 3 and parts[1] == "config":  # an old way to write it
        return f"{parts[0]}:{parts[2]}"
    if len(parts) == 2:
        return key
    raise StackFileError(f"{file}: config key {key!r} has too many colons: <project>:<name>")


@dataclass(frozen=True)
class _Secret:
    """What ``{secure: ...}`` says without the key to it."""


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_secret(item) for _, item in _items(value))
    if isinstance(value, list):
        return any(_holds_secret(item) for item in _elements(value))
    return isinstance(value, _Secret)


def _text(file: str, key: str, value: Any) -> str:
    """Return what the program receives for one top-level value."""
    match _revealed(key, value):
        case None:
            return ""
        case str(text):
            return text
        case other:
            try:
                return json.dumps(
                    other,
                    sort_keys=True,
                    ensure_ascii=False,
                    allow_nan=False,
                    separators=(",", ":"),
                )
            except ValueError:
                raise StackFileError(
                    f"{file}: {key} holds .inf or .nan, which JSON has no word for: write a number"
                ) from None


def _revealed(path: str, value: Any) -> Any:
    """Return ``value`` with a placeholder for each secret and numbers as Go writes them.

    The placeholder of a ``url`` is an address: the program looks whether it is one.
    """
    if isinstance(value, _Secret):
        scheme = "https://" if path.endswith(".url") else ""
        return f"{scheme}{SECRET_PLACEHOLDER}-{path.replace(':', '-')}"
    if isinstance(value, dict):
        return {key: _revealed(f"{path}.{key}", item) for key, item in _items(value)}
    if isinstance(value, list):
        return [_revealed(f"{path}[{n}]", item) for n, item in enumerate(_elements(value))]
    if isinstance(value, float) and value.is_integer() and abs(value) < _GO_EXPONENT_FROM:
        return int(value)
    return value


class _GoLoader(yaml.BaseLoader):
    """Composes nodes and leaves plain scalars to us: their tag is ``plain``."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode and implicit[0]:
            return "tag:yaml.org,2002:merge" if value == "<<" else "plain"
        return str(super().resolve(kind, value, implicit))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - untyped in PyYAML


class _YamlFile:
    """One YAML file, read as Go's yaml.v3 reads it into untyped values."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any]:
        """Return the file's top-level map; empty for an empty file."""
        try:
            text = self.path.read_text("utf-8-sig")
        except FileNotFoundError:
            raise StackFileError(f"{self.path} is missing: name the project's directory") from None
        except UnicodeDecodeError:
            raise StackFileError(f"{self.path.name}: not UTF-8 text; save it as UTF-8") from None
        compose: Any = yaml.compose  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - untyped in PyYAML
        try:
            node: Any = compose(text, Loader=_GoLoader)
        except yaml.MarkedYAMLError as error:
            broken: Any = error  # untyped in PyYAML
            mark: Any = broken.problem_mark or broken.context_mark
            reason = _explained(text.splitlines(), mark.line, mark.column, broken.problem)
            raise self._refusal(mark, reason) from None
        except yaml.YAMLError as error:
            raise StackFileError(f"{self.path.name}: {str(error).splitlines()[0]}") from None
        value = None if node is None else self._value(node, ())
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise StackFileError(
                f"{self.path.name} line 1: the file is not a map; write keys and values"
            )
        return dict(_items(value))

    def _value(self, node: Any, parents: tuple[int, ...]) -> Any:
        if id(node) in parents:
            raise self._refusal(node.start_mark, "an anchor's value contains itself")
        parents = (*parents, id(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, parents) for item in node.value]
        return self._mapping(node, parents)

    def _mapping(self, node: Any, parents: tuple[int, ...]) -> Any:
        lines: dict[str, int] = {}
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._refusal(key_node.start_mark, "a map's key must be text")
            line: int = key_node.start_mark.line + 1
            written = str(key_node.value)
            if written in lines:
                raise self._refusal(
                    key_node.start_mark,
                    f"key {written!r} is written twice, first on line {lines[written]}: remove one",
                )
            lines[written] = line
            value = self._value(value_node, parents)
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged = self._merged(value_node, value)
            else:
                own[_key_text(self._scalar(key_node))] = value
        found = {**merged, **own}
        if found.keys() == {"secure"} and isinstance(found["secure"], str):
            return _Secret()
        return found

    def _merged(self, node: Any, value: Any) -> dict[str, Any]:
        """Return what ``<<:`` brings in; the first of several maps wins."""
        maps = _elements(value) if isinstance(value, list) else [value]
        found: dict[str, Any] = {}
        for item in maps:
            if not isinstance(item, dict):
                raise self._refusal(node.start_mark, "<<: takes a map or a list of maps")
            found = {**dict(_items(item)), **found}
        return found

    def _scalar(self, node: Any) -> Any:
        text = str(node.value)
        if node.tag == "tag:yaml.org,2002:str":
            return text
        if node.tag not in ("plain", "tag:yaml.org,2002:merge"):
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            raise self._refusal(node.start_mark, f"the tag {tag} is not read here: leave it out")
        return _plain_scalar(text)

    def _refusal(self, mark: Any, reason: str) -> StackFileError:
        return StackFileError(f"{self.path.name} line {mark.line + 1}: {reason}")


def _explained(lines: list[str], line: int, column: int, problem: str) -> str:
    """Return PyYAML's words for a syntax error, with the remedy of the two usual ones."""
    if "'\\t'" in problem:
        return "a tab; YAML is indented with spaces"
    before = lines[line][: column + 1] if line < len(lines) else ""
    if before.rfind("?") > max(before.rfind("{"), before.rfind("[")) >= 0:
        return "a ? or * inside braces must be quoted: {schedule: 'cron(0 3 * * ? *)'}"
    return f"{problem}; this is not YAML"


def _plain_scalar(text: str) -> Any:
    """Return what yaml.v3 makes of an unquoted word (its resolve.go).

    ``yes``, ``no``, ``on`` and ``off`` are text; ``0777`` is octal, as in YAML 1.1; a timestamp
    is the text that Go's ``time.Time.String`` writes, because that is what the CLI hands over.
    """
    if text in _NULLS:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _NOT_JSON.fullmatch(text):
        return float(text.replace(".", "", 1))
    if text[0] not in "+-.0123456789":
        return text
    if stamp := _timestamp(text):
        return stamp
    digits = text if text[0] == "." else text.replace("_", "")
    for pattern, base in _INTEGERS:
        if pattern.fullmatch(digits) and _INT64_MIN <= (number := int(digits, base)) <= _UINT64_MAX:
            return number
    if _FLOAT.fullmatch(digits) and abs(number := float(digits)) != float("inf"):
        return number
    return text


def _timestamp(text: str) -> str | None:
    """Return Go's text of a timestamp, or nothing if ``text`` is not one that yaml.v3 knows."""
    found = _TIMESTAMP.fullmatch(text)
    # A zone goes with T, none with a space: the two forms that yaml.v3 parses.
    if not found or (found["separator"] in ("T", "t")) != bool(found["zone"]):
        return None
    day = [int(found[part]) for part in ("year", "month", "day")]
    time = [int(found[part] or 0) for part in ("hour", "minute", "second")]
    try:
        at = datetime(day[0], day[1], day[2], time[0], time[1], time[2])
    except ValueError:
        return None
    fraction = (found["fraction"] or "").rstrip("0").rstrip(".")
    offset = (found["zone"] or "Z").replace(":", "")
    zone = "+0000 UTC" if offset in ("Z", "+0000", "-0000") else f"{offset} {offset}"
    return f"{at:%Y-%m-%d %H:%M:%S}{fraction} {zone}"


def _key_text(key: Any) -> str:
    """Return a map's key as Go's ``%v`` writes it: the CLI makes text of every key."""
    if key is None:
        return "<nil>"
    if isinstance(key, bool):
        return str(key).lower()
    if isinstance(key, float) and key.is_integer():
        return str(int(key))
    return str(key)


def _items(value: Any) -> list[tuple[str, Any]]:
    """Return a map's items, typed: what YAML holds is only known while reading it."""
    return list(value.items())


def _elements(value: Any) -> list[Any]:
    """Return a list's elements, typed likewise."""
    return list(value)
