"""What every resource handler works with: its arguments, its clients, its registration.

A handler is a function of one file a service, registered under the token that the program uses. It
takes each argument by name; an argument that no handler took is an error, so that a program cannot
rely on something that the rehearsal leaves out.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

AUTO_NAME_DIGITS = 7
"""Hexadecimal digits that Pulumi hangs behind a resource's own name."""


class Chatbot(Protocol):
    """What the embedded AWS offers in the place of AWS Chatbot, which moto lacks."""

    def create_slack_channel_configuration(self, **parameters: Any) -> dict[str, Any]:
        """Make a configuration; parameters and answer are those of the API."""
        ...


class Cloud(Protocol):
    """The embedded AWS, as far as the provider needs it."""

    region: str
    account: str
    images: dict[str, Path]
    """Build context of each pushed image, by ``<repository URL>@<digest>``."""

    @property
    def chatbot(self) -> Chatbot:
        """The stand-in for AWS Chatbot."""
        ...

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client of ``service``."""
        ...


class Arguments:
    """The inputs of one resource, or a nested object of them; remembers which were taken."""

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        self._values = values
        self._path = path
        self._taken: set[str] = set()
        self._parts: list[Arguments] = []

    def get(self, key: str, default: Any = None) -> Any:
        """Take an argument with all that it holds; ``default`` where it is absent."""
        self._taken.add(key)
        value = self._values.get(key)
        return default if value is None else value

    def need(self, key: str) -> Any:
        """Take an argument that the resource cannot do without.

        Raises:
            ValueError: the argument is absent.
        """
        value = self.get(key)
        if value is None:
            raise ValueError(f"argument '{self._path}{key}' is missing")
        return value

    def part(self, key: str) -> "Arguments | None":
        """Take a nested object, whose own arguments must be taken in turn."""
        value = self.get(key)
        return None if value is None else self._nested(key, value)

    def parts(self, key: str) -> list["Arguments"]:
        """Take a list of nested objects, likewise; empty where it is absent."""
        return [
            self._nested(f"{key}[{number}]", value)
            for number, value in enumerate(self.get(key, []))
        ]

    def some(self, **names: str) -> dict[str, Any]:
        """Take arguments that may be absent: ``some(Description="description")`` for boto3."""
        found = {parameter: self.get(key) for parameter, key in names.items()}
        return {parameter: value for parameter, value in found.items() if value is not None}

    def untaken(self) -> list[str]:
        """Return the paths of the arguments that nobody took."""
        own = [f"{self._path}{key}" for key in self._values if key not in self._taken]
        return own + [path for part in self._parts for path in part.untaken()]

    def _nested(self, key: str, value: Any) -> "Arguments":
        if not isinstance(value, dict):
            raise ValueError(f"argument '{self._path}{key}' is not an object")
        values: dict[str, Any] = {**value}
        part = Arguments(values, f"{self._path}{key}.")
        self._parts.append(part)
        return part


@dataclass(frozen=True)
class Call:
    """One resource to be made: who asks, with what, and where."""

    cloud: Cloud
    region: str
    name: str
    """The resource's name in the program."""
    args: Arguments
    tags: dict[str, str]
    """The resource's own tags over the provider's default ones."""

    @property
    def account(self) -> str:
        """Account number, 12 digits."""
        return self.cloud.account

    def client(self, service: str) -> Any:
        """Return a boto3 client in the resource's region."""
        return self.cloud.client(service, self.region)

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN in the resource's region and account."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def physical_name(self, key: str = "name", prefix_key: str = "namePrefix") -> str:
        """Return the given name, or one of our own making as Pulumi does."""
        given, prefix = self.args.get(key), self.args.get(prefix_key)
        if given and prefix:
            raise ValueError(f"give '{key}' or '{prefix_key}', not both")
        return given or f"{prefix or f'{self.name}-'}{secrets.token_hex(4)[:AUTO_NAME_DIGITS]}"

    def tag_list(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
        """Return the tags as AWS lists them; services differ in how they write the two words."""
        return [{key: name, value: text} for name, text in self.tags.items()]


Made = tuple[str, dict[str, Any]]
"""Id and outputs of a new resource. Outputs have the names of the SDK class's properties."""


@dataclass(frozen=True)
class Maker:
    """A registered handler."""

    make: Callable[[Call], Made]
    tagged: bool
    """Whether the resource takes tags, and with them the provider's default tags."""


MAKERS: dict[str, Maker] = {}
FUNCTIONS: dict[str, Callable[[Call], dict[str, Any]]] = {}


def creates(
    type_: str, *, tagged: bool = False
) -> Callable[[Callable[[Call], Made]], Callable[[Call], Made]]:
    """Register a function as what makes resources of ``type_``."""

    def register(make: Callable[[Call], Made]) -> Callable[[Call], Made]:
        MAKERS[type_] = Maker(make, tagged)
        return make

    return register


def answers(
    token: str,
) -> Callable[[Callable[[Call], dict[str, Any]]], Callable[[Call], dict[str, Any]]]:
    """Register a function as what answers the program's call of ``token``."""

    def register(
        answer: Callable[[Call], dict[str, Any]],
    ) -> Callable[[Call], dict[str, Any]]:
        FUNCTIONS[token] = answer
        return answer

    return register


def known(params: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is absent or empty: boto3 wants a parameter or none."""
    return {key: value for key, value in params.items() if value not in (None, [], {})}


def one_of(key: str, value: Any, allowed: Any) -> Any:
    """Return ``value``, which must be among ``allowed``; absent is fine.

    Raises:
        ValueError: a line that names the argument and what it may be.
    """
    if value is not None and value not in allowed:
        words = ", ".join(str(word) for word in allowed)
        raise ValueError(f"{key} is {value!r}, but AWS knows {words}")
    return value


def within(key: str, value: int | None, least: int, most: int) -> int | None:
    """Return ``value``, which must lie in the range; absent is fine.

    Raises:
        ValueError: a line that names the argument and the range.
    """
    if value is not None and not least <= value <= most:
        raise ValueError(f"{key} is {value}, but AWS takes {least} to {most}")
    return value


def json_object(key: str, text: Any) -> dict[str, Any]:
    """Parse an argument that must be the JSON text of an object.

    Raises:
        ValueError: it is not.
    """
    try:
        value = json.loads(text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{key} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"{key} is JSON, but not an object")
    document: dict[str, Any] = {**value}
    return document


def objects(value: Any) -> list[dict[str, Any]]:
    """Return a JSON value as a list of objects: policies write one without the brackets."""
    values: list[Any] = [*value] if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, dict)]


def texts(value: Any) -> list[str]:
    """Return a JSON value as a list of texts, likewise."""
    if value is None:
        return []
    values: list[Any] = [*value] if isinstance(value, list) else [value]
    return [str(item) for item in values]
