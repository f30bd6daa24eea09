"""What every resource handler works with: its arguments, its clients, its registration.

A type has four handlers in one file a service, registered under the token that the program uses:
what creates, reads, updates and deletes it. Creating and updating take each argument by name; an
argument that neither took is an error, so that a program cannot rely on something that the
rehearsal leaves out.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs] - there are none
    ClientError,
)

AUTO_NAME_DIGITS = 7
"""Hexadecimal digits that Pulumi hangs behind a resource's own name."""
NAME = frozenset({"name", "namePrefix"})
"""How most types are given their physical name; it cannot be changed in place."""

_GONE = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist|NotAttached")
"""In the code of an error: what was named is not there. Each service has a word of its own."""


class Cloud(Protocol):
    """The embedded AWS, as far as the provider needs it."""

    region: str
    account: str
    images: dict[str, Path]
    """Build context of each pushed image, by ``<repository URL>@<digest>``."""

    @property
    def chatbot(self) -> Any:
        """The stand-in for a boto3 client of AWS Chatbot, which moto lacks."""
        ...

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client of ``service``."""
        ...

    def allow(self, action: str, resource: str) -> None:
        """Let who deploys do something for which there is no call, or raise what AWS answers."""
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


@dataclass
class Call:
    """One resource to be made, looked at, changed or deleted: who asks, with what, and where."""

    cloud: Cloud
    region: str
    name: str
    """The resource's name in the program; empty where it exists already."""
    args: Arguments
    """What it is to be; where it is read or deleted, what it was last told to be."""
    tags: dict[str, str]
    """The resource's own tags over the provider's default ones."""
    id: str = ""
    """Of what exists; a handler that makes it in several steps sets it after the first."""
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    """What was last known of it."""

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


Found = tuple[dict[str, Any], dict[str, Any]]
"""What AWS says of a resource: its arguments, and what else there is to know of it.

Names are those of the SDK class's properties. An argument that AWS has no value for is None.
Arguments that AWS or another resource may set where the program does not stand among the others,
so that they are no drift.
"""


@dataclass(frozen=True)
class Tagging:
    """How a service lists and changes the tags of a resource."""

    read: Callable[[Call], dict[str, str]]
    add: Callable[[Call, dict[str, str]], Any]
    remove: Callable[[Call, list[str]], Any]


@dataclass
class Kind:
    """A resource type: its handlers, and what the provider does alike for all types."""

    create: Callable[[Call], str]
    """Makes it and returns its id."""
    replaces: frozenset[str]
    """Arguments that cannot be changed in place."""
    unique: str
    """Argument that names it for all of AWS: of one name there can be only one at a time."""
    delete_first: bool
    """Whether a replacement must always wait until the old one is gone."""
    only_later: frozenset[str]
    """Arguments that say what a deletion or a look does; creating and updating ignore them."""
    tags: Tagging | None
    """None where it takes no tags, and so not the provider's default tags either."""
    check: Callable[[dict[str, Any]], dict[str, Any]]
    """Returns what is to be kept beside the inputs."""
    read: Callable[[Call], Found | None] = lambda _: ({}, {})
    """Looks at what ``call.id`` names; None, or an error that says so, when that is gone."""
    update: Callable[[Call], Any] | None = None
    """Brings what exists to what the arguments say, tags apart; None where nothing can change."""
    delete: Callable[[Call], Any] = lambda _: None
    """Deletes it, or lets AWS refuse that."""


KINDS: dict[str, Kind] = {}
FUNCTIONS: dict[str, Callable[[Call], dict[str, Any]]] = {}


def creates(
    type_: str,
    *,
    replaces: Iterable[str] = NAME,
    unique: str = "name",
    delete_first: bool = False,
    only_later: Iterable[str] = (),
    tags: Tagging | None = None,
    check: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {},
) -> Callable[[Callable[[Call], str]], Callable[[Call], str]]:
    """Register a function as what makes resources of ``type_``; see :class:`Kind`."""

    def register(create: Callable[[Call], str]) -> Callable[[Call], str]:
        KINDS[type_] = Kind(
            create,
            frozenset(replaces),
            unique,
            delete_first,
            frozenset(only_later),
            tags,
            check,
        )
        return create

    return register


Reader = Callable[[Call], Found | None]
Changer = Callable[[Call], Any]
"""What it returns is of no interest: what creates a resource often updates it too."""


def reads(*types: str) -> Callable[[Reader], Reader]:
    """Register a function as what looks at resources of these types."""

    def register(read: Reader) -> Reader:
        for type_ in types:
            KINDS[type_].read = read
        return read

    return register


def updates(*types: str) -> Callable[[Changer], Changer]:
    """Register a function as what changes resources of these types in place."""

    def register(update: Changer) -> Changer:
        for type_ in types:
            KINDS[type_].update = update
        return update

    return register


def deletes(*types: str) -> Callable[[Changer], Changer]:
    """Register a function as what deletes resources of these types."""

    def register(delete: Changer) -> Changer:
        for type_ in types:
            KINDS[type_].delete = delete
        return delete

    return register


def is_gone(error: ClientError) -> bool:
    """Return whether AWS says with this that what was named does not exist."""
    answer: Any = error.response  # untyped
    return bool(_GONE.search(answer["Error"]["Code"]))


def tagging(
    service: str,
    resource: str,
    *,
    of: str = "arn",
    words: tuple[str, str] | None = ("Key", "Value"),
    kind: str = "resource",
    lists: str = "list_tags_for_resource",
) -> Tagging:
    """Return how a service tags that has operations of the usual form.

    Args:
        service: its name in boto3.
        resource: the parameter that names the resource.
        of: which output names it; ``id`` for the resource's id.
        words: what the service calls a tag's name and value; None where tags are a map.
        kind: what ``tag_...`` and ``untag_...`` end with.
        lists: the operation that lists them.
    """
    lower = resource[:1].islower()
    tags, keys = ("tags", "tagKeys") if lower else ("Tags", "TagKeys")

    def named(call: Call) -> dict[str, str]:
        return {resource: call.id if of == "id" else call.outputs[of]}

    def read(call: Call) -> dict[str, str]:
        found: Any = getattr(call.client(service), lists)(**named(call)).get(tags) or {}
        return {tag[words[0]]: tag[words[1]] for tag in found} if words else found

    def add(call: Call, added: dict[str, str]) -> None:
        listed = words and [{words[0]: name, words[1]: text} for name, text in added.items()]
        getattr(call.client(service), f"tag_{kind}")(**named(call), **{tags: listed or added})

    def remove(call: Call, gone: list[str]) -> None:
        getattr(call.client(service), f"untag_{kind}")(**named(call), **{keys: gone})

    return Tagging(read, add, remove)


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
