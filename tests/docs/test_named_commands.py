"""Commands that any page names are commands that there are."""

import re
import shlex
from typing import Any

import pytest
import typer

from handbook.parts import ROOT, pages
from ops.app import app

NAMED = re.compile(r"python -m ops ((?:[^`\n\"'|]|'[^'\n]*'|\"[^\"\n]*\")*)")
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text()
    for page in [*pages(), ROOT / "README.md"]
    if page.parent.name != "reference"  # generated from the commands
}
ROOT_COMMAND: Any = typer.main.get_command(app)


def named(text: str) -> list[list[str]]:
    """The words behind ``python -m ops`` wherever a text has them, without the stack."""
    found: list[list[str]] = []
    for match in NAMED.finditer(text):
        words = shlex.split(re.sub(r"-s \S+", "", match[1]), comments=True)
        if words and re.fullmatch(r"[a-z-]+", words[0]):
            found.append(words)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_that_a_page_names_is_there(page: str) -> None:
    for words in named(PAGES[page]):
        command = ROOT_COMMAND
        rest = words
        while rest and hasattr(command, "commands"):
            assert rest[0] in command.commands, f"python -m ops {' '.join(words)}"
            command, rest = command.commands[rest[0]], rest[1:]
        options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        own = rest[: rest.index("--")] if "--" in rest else rest
        used = {word.partition("=")[0].rstrip(".,:") for word in own if re.match(r"-\w|--", word)}
        assert used <= options | {"--help", "-s"}, f"python -m ops {' '.join(words)}"


def test_commands_are_found_in_blocks_and_sentences() -> None:
    text = "`python -m ops -s prod run a --at 1 -- x`,\n    python -m ops logs RUN\n"
    assert named(text) == [["run", "a", "--at", "1", "--", "x"], ["logs", "RUN"]]
