"""A tag for an image that follows from what it is built of.

``awsx.ecr.Image`` pushes every content under the same tag, unless it is given one. A repository
whose tags are immutable refuses the second push, so the tag must change with the content, and
only with it: otherwise every deploy would build again.
"""

import hashlib
import json
import posixpath
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

TAG_LENGTH = 16
"""Hexadecimal digits, 64 bits: a repository would need billions of images to repeat a tag."""

PLATFORMS = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}
"""Docker's words for what the settings call an architecture."""

ALWAYS_SENT = ("Dockerfile", ".dockerignore")
"""Docker sends these two even if they are ignored: it cannot build without them."""


@dataclass(frozen=True)
class Pattern:
    """One line of a .dockerignore."""

    expression: re.Pattern[str]
    takes_back: bool
    """The line begins with ``!``: what it matches is sent after all."""


def context_tag(directory: Path, *, platform: str) -> str:
    """Return a tag for the image that Docker would build from the directory for a platform.

    It covers what Docker sends: paths, kinds, permissions (which end in the image, so people who
    deploy the same content should have the same umask), contents, targets of symbolic links.
    It does not cover the base image behind a tag in the Dockerfile, nor what the build downloads.

    Args:
        directory: the build context, with a Dockerfile.
        platform: Docker's word for system and processor: ``linux/arm64``.

    Raises:
        FileNotFoundError: there is no such directory.
    """
    ignore_file = directory / ".dockerignore"
    text = ignore_file.read_text(encoding="utf-8-sig") if ignore_file.is_file() else ""
    patterns = read_patterns(text)
    digest = hashlib.sha256(f"{platform}\n".encode())
    for path in sorted(_sent(directory, "", patterns)):
        digest.update(f"{json.dumps([path, *_entry(directory / path)])}\n".encode())
    return digest.hexdigest()[:TAG_LENGTH]


def read_patterns(text: str) -> list[Pattern]:
    """Read the lines of a .dockerignore: blank ones and those that begin with ``#`` say nothing."""
    lines = (line.strip() for line in text.splitlines() if not line.startswith("#"))
    return [_pattern(line) for line in lines if line.lstrip("! \t")]


def is_ignored(path: str, patterns: Sequence[Pattern]) -> bool:
    """Return whether Docker leaves a file or directory out: the last pattern that matches decides.

    A pattern that matches a directory matches what is in it.

    Args:
        path: relative to the build context, with ``/``.
        patterns: of its .dockerignore, in their order.
    """
    parts = path.split("/")
    with_parents = ["/".join(parts[: length + 1]) for length in range(len(parts))]
    ignored = False
    for pattern in patterns:
        if pattern.takes_back == ignored and any(map(pattern.expression.fullmatch, with_parents)):
            ignored = not pattern.takes_back
    return ignored


def _sent(directory: Path, path: str, patterns: Sequence[Pattern]) -> Iterator[str]:
    """Name what Docker sends of a directory, relative to the build context."""
    for child in (directory / path).iterdir():
        name = posixpath.join(path, child.name)
        kept = name in ALWAYS_SENT or not is_ignored(name, patterns)
        inside: list[str] = []
        if child.is_dir() and not child.is_symlink():
            # Within an ignored directory a later pattern may take a file back.
            if kept or any(pattern.takes_back for pattern in patterns):
                inside = list(_sent(directory, name, patterns))
        elif not child.is_symlink() and not child.is_file():
            continue  # sockets and pipes are not sent
        if kept or inside:
            yield name
        yield from inside


def _entry(path: Path) -> tuple[str, int, str]:
    """Return kind, permissions and content of one file, directory or symbolic link."""
    if path.is_symlink():
        return "link", 0, str(path.readlink())  # a link's own permissions mean nothing
    permissions = stat.S_IMODE(path.stat().st_mode)
    if path.is_dir():
        return "directory", permissions, ""
    with path.open("rb") as file:
        return "file", permissions, hashlib.file_digest(file, "sha256").hexdigest()


_PIECE = re.compile(r"\*\*/?|\*|\?|\[\^?[^]]+\]|\\?.", re.DOTALL)


def _pattern(line: str) -> Pattern:
    """Read one line; a leading and a trailing slash say nothing."""
    takes_back = line.startswith("!")
    cleaned = posixpath.normpath(line.removeprefix("!").strip()).lstrip("/")
    pieces = _PIECE.findall(cleaned)
    expression = "".join(
        _expression(piece, last=index == len(pieces) - 1) for index, piece in enumerate(pieces)
    )
    return Pattern(re.compile(expression, re.DOTALL), takes_back)


def _expression(piece: str, *, last: bool) -> str:
    """Return the regular expression for one piece of a pattern."""
    if piece.startswith("**"):
        return ".*" if last else "(.*/)?"
    if piece == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if piece.startswith("["):
        return piece
    return re.escape(piece.removeprefix("\\"))
