"""Every command of the tutorial and of the how-tos is typed, and says what the page shows.

Pages that say ``runs: served`` are typed beside a deployed stack, those with ``runs: offline`` are
not. Each begins with a fresh clone. What a page shows of a file is written into it first.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stacks.reading import read_settings
from stacks.stack_file import known_stacks, read_stack_file
from tests.docs.conftest import Environment
from tests.docs.pages import Command, PageOfDocs, agrees, run_pages
from tests.docs.shell import Shell, write

PAGES = run_pages()

NOT_TYPED = {
    r"git clone ": "the copy of the project is the clone",
    r"make install$": "the virtual environment is there",
    r"python -m rehearsal serve": "its AWS is a fixture's; tests/rehearsal/test_serve.py types it",
    r"source \.rehearsal/env$": "what that file has, the fixture gives",
    r"pulumi ": "needs the CLI and an account; tests/engine types the same beside `serve`",
    r"gh ": "needs GitHub and a login there",
    r"pre-commit ": "the copy of the project is no repository; test_check.py types the hook",
    r"aws ": "needs the AWS CLI and an account",
    r"git show ": "the copy of the project is no repository",
    r"python -m rehearsal run dev --before": "6 s; tests/rehearsal/test_command.py types it",
    r"python -m rehearsal (prove|faults dev --only)": "seconds each; `make prove` plays all",
}
"""Commands that no test can type, as they begin, and why."""


def reason_not_to_type(command: str) -> str | None:
    """Return why a command is not typed."""
    return next((why for begins, why in NOT_TYPED.items() if re.match(begins, command)), None)


def typed(page: PageOfDocs, project: Path, environment: Environment) -> None:
    """Do all that a page says, in its order."""
    shell = Shell(project, environment())
    try:
        for step in page.steps:
            if not isinstance(step, Command):
                if step.file:
                    write(project, step)
                continue
            if reason_not_to_type(step.text):
                continue
            where = f"{page.name}:{step.line}: {step.text}"
            code, said = shell.type(step.text, **environment())
            assert agrees(step.shown, said) or not step.shown, f"{where}\n{said}"
            assert code == 0 or asked(page, step), f"{where}\nended with {code}\n{said}"
    finally:
        shell.end()


def asked(page: PageOfDocs, step: Command) -> bool:
    """Whether the page asks for the exit code of a command just behind it."""
    steps = [each for each in page.steps if isinstance(each, Command)]
    place = steps.index(step)
    return place + 1 < len(steps) and steps[place + 1].text == "echo $?"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.runs == "offline"], ids=lambda page: page.name
)
def test_a_page_without_a_stack_says_what_happens(page: PageOfDocs, project: Path) -> None:
    typed(page, project, lambda: {"AWS_EC2_METADATA_DISABLED": "true"})
    every_stack_file_is_right(project)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.runs == "served"], ids=lambda page: page.name
)
def test_a_page_beside_a_stack_says_what_happens(
    page: PageOfDocs, project: Path, served: Environment
) -> None:
    typed(page, project, served)
    every_stack_file_is_right(project)


def every_stack_file_is_right(project: Path) -> None:
    """Read the stack files with all that the page put into them, as a deploy would."""
    for stack in known_stacks(project):
        file = read_stack_file(project, stack)
        read_settings(
            file.config,
            project=file.project,
            stack=stack,
            directory=project,
            now=datetime(2026, 11, 24, tzinfo=UTC),
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_with_commands_says_where_they_run(page: PageOfDocs) -> None:
    assert page.runs in ("offline", "served")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_shows_of_yaml_says_of_which_file(page: PageOfDocs) -> None:
    for step in page.steps:
        assert isinstance(step, Command) or step.kind != "yaml" or step.file, (
            f"{page.name}:{step.line}"
        )


def test_each_reason_not_to_type_a_command_is_needed() -> None:
    commands = [step.text for page in PAGES for step in page.steps if isinstance(step, Command)]
    for begins in NOT_TYPED:
        assert any(re.match(begins, command) for command in commands), begins
