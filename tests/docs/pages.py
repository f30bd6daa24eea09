"""The pages whose commands are run, read as a reader does: files to write, commands to type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from tests.deploying import ROOT

DOCS = ROOT / "docs"
ELLIPSIS = "…"
"""Stands for anything within a line; alone on a line, for any lines."""

_FRONT = re.compile(r"---\nruns: (\w+)\n---\n")
_BLOCK = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Command:
    """What is typed, and what the page shows of the answer: nothing, if it does not matter."""

    line: int
    text: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """A file that the reader is told to write, or the part of a stack file to put in."""

    line: int
    file: str | None
    kind: str
    """The language of the block."""
    text: str


@dataclass(frozen=True)
class PageOfDocs:
    """One page of the tutorial or the how-tos."""

    path: Path

    @property
    def name(self) -> str:
        """As ``how-to/time-zones.md``."""
        return self.path.relative_to(DOCS).as_posix()

    @property
    def runs(self) -> str | None:
        """Where its commands run: ``offline`` or ``served``, as its first lines say."""
        front = _FRONT.match(self.path.read_text())
        return front[1] if front else None

    @property
    def steps(self) -> Iterator[Command | Written]:
        """All that the reader does, in order."""
        text = self.path.read_text()
        for block in _BLOCK.finditer(text):
            line = text.count("\n", 0, block.start()) + 2
            body = dedent(block[4])
            if block[2] == "console":
                yield from _commands(body, line)
            else:
                title = _TITLE.search(block[3])
                yield Written(line, title[1] if title else None, block[2], body)


def _commands(text: str, first: int) -> Iterator[Command]:
    typed: list[str] = []
    shown: list[str] = []
    begin = first
    for number, line in enumerate(text.splitlines(), first):
        if line.startswith("$ "):
            if typed:
                yield Command(begin, "\n".join(typed), tuple(shown))
            typed, shown, begin = [line.removeprefix("$ ")], [], number
        elif typed and not shown and typed[-1].endswith("\\"):
            typed.append(line)
        else:
            shown.append(line)
    if typed:
        yield Command(begin, "\n".join(typed), tuple(shown))


def run_pages() -> list[PageOfDocs]:
    """Return the pages whose commands are run: the tutorial's and the how-tos."""
    folders = (DOCS / "tutorial", DOCS / "how-to")
    return [PageOfDocs(path) for folder in folders for path in sorted(folder.glob("*.md"))]


def agrees(shown: tuple[str, ...], said: str) -> bool:
    """Whether a page shows what was said: blanks count as one, an ellipsis as anything."""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == ELLIPSIS else rf"{_line(line)}\n"
        for line in _without_ends(shown)
    )
    lines = _without_ends(said.splitlines())
    text = "".join(f"{' '.join(line.split())}\n" for line in lines)
    return re.fullmatch(pattern, text) is not None


def _line(line: str) -> str:
    parts = " ".join(line.split()).split(ELLIPSIS)
    return ".*".join(re.escape(part.strip()) for part in parts)


def _without_ends(lines: "tuple[str, ...] | list[str]") -> list[str]:
    """Leave out empty lines: tables and paragraphs have them for looks."""
    return [line for line in lines if line.strip()]
