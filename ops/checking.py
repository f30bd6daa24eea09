"""What a deploy would refuse or warn of, found in the files alone."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import cast

from ops.errors import OpsError
from ops.stack import now, project
from stacks import job_files
from stacks.reading import SettingsError, read_job_file, read_settings
from stacks.stack_file import StackFileError, known_stacks, project_name, read_stack_file

NO_DRAFTS: Mapping[Path, Path] = MappingProxyType({})

_OF_A_JOB_FILE = re.compile(r"^[\"']?(jobs|defaults)[\"']?\s*:", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class StackAt:
    """A stack by its file."""

    directory: Path
    """Where Pulumi.yaml is."""
    name: str
    file: Path

    @property
    def shown(self) -> str:
        """How a deploy calls the file; one that is none of a stack, as an example, by its path."""
        usual = f"Pulumi.{self.name}.yaml"
        return usual if self.file == self.directory / usual else shown(self.file)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was found: lines as a deploy prints them."""

    mistakes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What people should know of how it was checked."""


def check(files: Iterable[Path]) -> Checked:
    """Check stack files and job files; without any, all stacks of the project.

    A job file is checked in the stacks that name it: those of its project, and those among the
    files. If none does, it is checked by itself.

    Raises:
        OpsError: a file is not there, or no project.
    """
    paths = [absolute(path) for path in files]
    if missing := [path for path in paths if not path.is_file()]:
        raise OpsError(*(f"there is no file {shown(path)}" for path in missing))
    if not paths:
        return together(check_stack(stack) for stack in stacks_of(project()))
    stacks = [stack_at(path) for path in paths if not is_a_job_file(path)]
    found: list[Checked] = []
    for path in paths:
        if is_a_job_file(path):
            naming = [stack for stack in (*stacks, *stacks_of(home(path))) if spelled(stack, path)]
            stacks += naming
            found += [] if naming else [check_job_file(path)]
    return together([*map(check_stack, dict.fromkeys(stacks)), *found])


def check_stack(
    stack: StackAt, *, file: Path | None = None, drafts: Mapping[Path, Path] = NO_DRAFTS
) -> Checked:
    """Check one stack; ``file`` and ``drafts`` are read in the place of its file and job files."""
    file = file or stack.file
    usual = f"Pulumi.{stack.name}.yaml: "
    try:
        read = read_stack_file(stack.directory, stack.name, file)
        settings = read_settings(
            read.config,
            project=read.project,
            stack=stack.name,
            directory=stack.directory,
            now=now(),
            drafts=drafts,
        )
    except StackFileError as error:
        return Checked(mistakes=tuple(_renamed([str(error)], file.name, stack.shown)))
    except SettingsError as error:
        return Checked(mistakes=tuple(_renamed(error.lines, usual, f"{stack.shown}: ")))
    return Checked(warnings=tuple(_renamed(settings.warnings, usual, f"{stack.shown}: ")))


def check_job_file(path: Path, *, draft: Path | None = None) -> Checked:
    """Check a job file that no stack names; ``draft`` is read in its place."""
    note = (
        f"{shown(path)} is checked by itself, for no stack names it (jobFiles): containers, "
        "calendars, channels and buckets are taken on trust"
    )
    try:
        name = project_name(home(path))
        warnings = read_job_file(draft or path, shown(path), project=name, now=now())
    except StackFileError as error:
        return Checked(mistakes=(str(error),))
    except SettingsError as error:
        return Checked(mistakes=error.lines, notes=(note,))
    return Checked(warnings=warnings, notes=(note,))


def stacks_of(directory: Path) -> list[StackAt]:
    """Return the stacks of a project."""
    return [
        StackAt(directory=directory, name=name, file=directory / f"Pulumi.{name}.yaml")
        for name in known_stacks(directory)
    ]


def spelled(stack: StackAt, path: Path) -> Path | None:
    """Return a job file's path as a stack comes upon it, also if it is yet to be written.

    ``None`` if the stack does not name it. One whose own file cannot be read is taken to name it,
    so that people hear of that.
    """
    try:
        config = read_stack_file(stack.directory, stack.name, stack.file).config
        written: object = json.loads(config.get(f"{project_name(stack.directory)}:jobFiles", "[]"))
    except (StackFileError, ValueError):
        return path
    found = (
        one
        for pattern in (cast("list[object]", written) if isinstance(written, list) else [])
        if isinstance(pattern, str)
        for one in job_files.find(stack.directory, pattern, [path])
    )
    return next((one for one in found if one.resolve() == path.resolve()), None)


def home(path: Path) -> Path:
    """Return the project that a file belongs to: the nearest above it, or the one we are in."""
    above = (parent for parent in path.parents if (parent / "Pulumi.yaml").is_file())
    return next(above, None) or project()


def is_a_job_file(path: Path) -> bool:
    """Tell what a file is meant to be, also if it is no YAML."""
    if path.name.startswith("Pulumi."):
        return False
    return bool(_OF_A_JOB_FILE.search(path.read_text(encoding="utf-8", errors="replace")))


def absolute(path: Path) -> Path:
    """Return a whole path without dots, links as they are: a stack is known by its file's name."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps dots


def shown(path: Path) -> str:
    """Return a path as people would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def stack_at(path: Path) -> StackAt:
    """Return the stack that a file is about, called as the rehearsal calls it."""
    return StackAt(directory=home(path), name=path.stem.removeprefix("Pulumi."), file=path)


def together(all_checked: Iterable[Checked]) -> Checked:
    """Put what was found into one; what several stacks say of a job file stands there once."""
    several = list(all_checked)
    return Checked(
        mistakes=tuple(dict.fromkeys(line for one in several for line in one.mistakes)),
        warnings=tuple(dict.fromkeys(line for one in several for line in one.warnings)),
        notes=tuple(dict.fromkeys(line for one in several for line in one.notes)),
    )


def _renamed(lines: Iterable[str], old: str, new: str) -> Iterator[str]:
    """Change what lines begin with."""
    for line in lines:
        yield new + line.removeprefix(old) if line.startswith(old) else line
