"""YAML of other programs, as it is written: every scalar is text, every thing has its line."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from ops.errors import OpsError
from stacks.yaml_lines import line_of

_PYYAML: Any = yaml  # which has no types


class _Loader(_PYYAML.SafeLoader):
    """Takes every plain scalar for text, but for ``<<``, which brings another map's entries."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own


_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile("<<"), ["<"])


@dataclass(frozen=True)
class Document:
    """One document of a file."""

    value: Any
    """Maps, lists and texts: ``5`` is ``"5"``, for what a scalar is, is its reader's matter."""
    node: yaml.Node | None

    def line(self, *keys: str | int) -> int:
        """Say in which line something stands, or the last thing on the way there."""
        return line_of(self.node, *keys)


def text_in(path: Path) -> str:
    """Read a file.

    Raises:
        OpsError: there is none, or it is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise OpsError(f"{path}: is no text in UTF-8: give another file") from None
    except OSError as error:
        raise OpsError(f"{path}: cannot be read: {error.strerror}: give another file") from None


def documents(text: str, source: str) -> list[Document]:
    """Read all documents of a YAML or JSON text; empty ones are passed over.

    Raises:
        OpsError: it is no YAML.
    """
    try:
        return list(_documents(text))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise OpsError(
            f"{source}:{line}: is not YAML: {error.problem or error.context}"
            f"{_template_remedy(text)}"
        ) from None
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise OpsError(f"{source}: is not YAML: {' '.join(str(error).split())}") from None
    except (ValueError, RecursionError):
        raise OpsError(f"{source}: is not YAML that can be read: write it plainer") from None


def _template_remedy(text: str) -> str:
    return ": render its templates {{…}} first" if "{{" in text else ""


def _documents(text: str) -> Iterator[Document]:
    for node in _PYYAML.compose_all(text, Loader=_Loader):
        value = _Loader("").construct_document(node)
        if value:
            yield Document(value, node)


def a_map(value: object) -> Mapping[str, Any]:
    """Return a map that is one, or an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def a_list(value: object) -> list[Any]:
    """Return a list that is one, or an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def is_true(value: object) -> bool:
    """Tell whether a scalar says true, as YAML 1.1 has it."""
    return isinstance(value, str) and value.lower() in ("true", "yes", "on")
