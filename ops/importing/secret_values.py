"""Values that look secret: they are never written into a job file, nor shown.

Whether a text is a secret cannot be known, so this errs on the safe side: a variable or an option
whose name says so, a password within an address, a token that looks like those of well-known
services.
"""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from stacks.wording import MASK

SECRET = "imported"  # noqa: S105 - a name
"""Name of the stack's secret that remedies speak of."""

AMONG_WORDS = (
    "holds what looks secret: take it as a variable (secrets of the container), and write the "
    "command into the job, which is a comment till then"
)

_WORDS = frozenset(
    ("PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD", "SECRET", "SECRETS", "TOKEN", "APIKEY")
) | {"CREDENTIAL", "CREDENTIALS"}
_ENDINGS = ("PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY")
_KEYS = frozenset({"API", "ACCESS", "PRIVATE", "SECRET", "ENCRYPTION", "SIGNING", "LICENSE"})
_HARMLESS_ENDINGS = frozenset(
    ("FILE", "PATH", "DIR", "ARN", "NAME", "TTL", "EXPIRY", "LENGTH", "STDIN")
)
"""What follows in a name that only says where a secret is, or how long it lasts."""

_TOKENS = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}"
    r"|[rs]k_live_\w{10,}|SG\.[\w-]{16,}\.[\w-]{16,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+"
    r"|(?<=hooks\.slack\.com/services/)[\w/]+"
)
_IN_ADDRESS = re.compile(r"://[^\s/:@'\"]*:(?P<value>[^\s/@'\"$]+)@")


def is_secret(name: str, value: str) -> bool:
    """Tell whether a variable's value looks like a secret."""
    if not value or re.fullmatch(r"\$\w+|\$\{\w+\}", value):
        return False
    return _says_secret(name) or bool(_TOKENS.search(value) or _IN_ADDRESS.search(value))


def _says_secret(name: str) -> bool:
    words = [word for word in re.split(r"[^A-Z0-9]+", _snake(name)) if word]
    if not words or words[-1] in _HARMLESS_ENDINGS:
        return False
    keys = any(word == "KEY" and before in _KEYS for before, word in pairwise(words))
    return keys or not _WORDS.isdisjoint(words) or any(word.endswith(_ENDINGS) for word in words)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip("-")).replace("-", "_").upper()


def remedy(variable: str) -> str:
    """Say where a secret belongs, and how the container gets it."""
    return (
        f"its value looks secret: pulumi config set --secret --path "
        f"secrets.{SECRET}.values.{variable}, and secrets: "
        f"{{{variable}: {SECRET}:{variable}}} at the container"
    )


@dataclass
class SecretValues:
    """The secrets of a file, by the variable that each gets: one value has one name."""

    variables: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    def variable(self, wanted: str, value: str) -> str:
        """Return the variable for a value: the one wanted, or with a number behind it."""
        number, name = 1, wanted
        while self.variables.setdefault(name, value) != value:
            number += 1
            name = f"{wanted}_{number}"
        return name


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """A command without the secrets that stood in it."""

    text: str
    """Variables of the environment in their place."""
    shown: str
    """As people may see it."""
    variables: tuple[str, ...]


_VALUE = r"""(?P<value>[^\s;|&<>'"$`()-][^\s;|&<>'"$`()]*|'[^']*'|"[^"$`]*")"""
_ASSIGNMENT = re.compile(rf"(?<![\w-])(?P<name>[A-Za-z_]\w*)={_VALUE}")
_OPTION = re.compile(rf"(?<!\S)(?P<name>--?(?!no-)[A-Za-z][\w-]+)[= ]\s*{_VALUE}")
_HEADER = re.compile(
    r"(?i)(?<![\w-])(?P<name>authorization|[\w-]*(?:token|api-key|secret|password)):\s*(?:(?:bearer|basic|token)\s+)?"
    r"(?P<value>[^\s'\"$]+)"
)
_USER = re.compile(r"(?<!\S)(?:-u|--user)[= ]\s*['\"]?[^\s:'\"$]+:(?P<value>[^\s'\"$]+)")
_MYSQL = re.compile(r"\b(?:mysql|mariadb)[\w-]*\b[^|;&]*?\s-p(?P<value>[^\s'\"$]+|'[^']*')")


def cleaned(command: str, known: SecretValues) -> Cleaned:
    """Put variables in the place of what looks secret in a command line."""
    text, shown, variables = command, command, list[str]()
    for start, end, wanted in sorted(_found(command), reverse=True):
        value = command[start:end]
        variable = known.variable(wanted, value.strip("'\""))
        variables.insert(0, variable)
        inserted = _in_quotes(command[:start], variable)
        text = text[:start] + inserted + text[end:]
        shown = shown[:start] + MASK + shown[end:]
    return Cleaned(text=text, shown=shown, variables=tuple(dict.fromkeys(variables)))


def is_among(words: Iterable[str]) -> bool:
    """Tell whether something secret is among a program's arguments."""
    return bool(cleaned(shlex.join(words), SecretValues()).variables)


def _in_quotes(before: str, variable: str) -> str:
    """Write a variable so that the shell fills it in, whatever quotes it stands in."""
    match quotes(before)[-1]:
        case "'":
            return f"'\"${variable}\"'"
        case '"':
            return f"${{{variable}}}"
        case _:
            return f'"${variable}"'


def quotes(text: str) -> list[str]:
    """Return the quote that is open before each character of a shell command, and at its end."""
    states, quote, escaped = [""], "", False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        states.append(quote)
    return states


def _found(command: str) -> Iterator[tuple[int, int, str]]:
    """Yield where secrets stand and how their variables may be called; none within another."""
    taken: list[tuple[int, int]] = []
    for start, end, name in _candidates(command):
        if all(end <= other_start or start >= other_end for other_start, other_end in taken):
            taken.append((start, end))
            yield start, end, name


def _candidates(command: str) -> Iterator[tuple[int, int, str]]:
    for match in _IN_ADDRESS.finditer(command):
        yield *match.span("value"), "PASSWORD"
    for match in _TOKENS.finditer(command):
        yield *match.span(), "TOKEN"
    for pattern in (_ASSIGNMENT, _OPTION):
        for match in pattern.finditer(command):
            if _says_secret(match["name"]) and match["value"].strip("'\""):
                yield *match.span("value"), _variable(match["name"])
    for match in _HEADER.finditer(command):
        yield *match.span("value"), _variable(match["name"])
    for pattern in (_USER, _MYSQL):
        for match in pattern.finditer(command):
            yield *match.span("value"), "PASSWORD"


def _variable(name: str) -> str:
    name = name.lstrip("-")
    return name if name.isupper() else _snake(name)
