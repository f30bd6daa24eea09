"""What a shell offers while a command is typed: commands, options, names of stacks and jobs.

Names are read from the stack file as it stands, right or wrong: nobody waits for its checks here.
"""

from typing import Any

import typer
from typer._completion_classes import BashComplete  # typer exports none of them

from ops.stack import Stack, project
from stacks import job_files
from stacks.settings.base import map_or_empty
from stacks.stack_file import known_stacks, section_of

WORDS = "OPS_COMPLETE"
"""Environment variable by which a shell asks for what may come next, in place of the command."""

STACK_OPTIONS = ("-s", "--stack")
_SECTIONS = ("jobs", "flows", "workers")


def stack_names(incomplete: str) -> list[str]:
    """Return the stacks that begin so; none where there is no project."""
    try:
        found = known_stacks(project())
    except Exception:  # whatever it is, a trace amid one's typing helps nobody
        return []
    return [name for name in found if name.startswith(incomplete)]


def job_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return the jobs, flows and workers of the stack that begin so; none if it cannot be read."""
    try:
        found = _names(Stack(context.find_root().params["stack"], project()))
    except Exception:  # as above
        return []
    return [name for name in found if name.startswith(incomplete)]


def words(command: Any, typed: list[str]) -> list[str]:
    """Return what may stand for the last word that was typed, each with a tab and its help."""
    *before, incomplete = typed or [""]
    if before and before[-1] in STACK_OPTIONS:  # wherever it stands
        before = before[-1:]
    found = BashComplete(command, {}, "ops", WORDS).get_completions(before, incomplete)
    return [f"{one.value}\t{_first_sentence(one.help)}".rstrip() for one in found]


def _names(stack: Stack) -> list[str]:
    config = stack.file.config
    sections = {section: map_or_empty(section_of(config, section)[1]) for section in _SECTIONS}
    _, patterns = section_of(config, "jobFiles")
    gathered = job_files.gather(stack.directory, patterns, sections["jobs"], "")
    return [*gathered.jobs, *sections["flows"], *sections["workers"]]


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").split()).partition(". ")[0].removesuffix(".")
