"""A job more in a stack file or a job file, written as a person would begin it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ops import checking, writing
from ops.checking import Checked
from ops.errors import OpsError
from stacks.stack_file import project_name

OPTIONAL = (
    ("schedule: cron(0 3 * * ? *)", "every night at three; by hand only without it"),
    ("timezone: Asia/Tokyo", "of the schedule; UTC without it"),
    ("timeout: 15m", "how long one attempt may take; 1h without it"),
    ("retries: {app: [60, 120]}", "two more attempts, after 60 s and after 120 s"),
    ("overlap: replace", "stop an older run; forbid: skip this one, allow: both run"),
    ("notify: all", "tell of successes, too; failure, success or none"),
    ("environment: {LOG_LEVEL: debug}", "variables, over those of the container"),
)
"""Keys that people look for first, each with its meaning."""
ALL_KEYS = "# All keys: docs/reference/settings.md; an editor that knows the schema offers them."


@dataclass(frozen=True, kw_only=True)
class Added:
    """Where the job is now."""

    line: int
    stacks: tuple[str, ...]
    """Those that have it; none has it if the file is a job file that no stack names."""
    warnings: tuple[str, ...]
    """What a deploy will warn of."""


def job_lines(
    name: str, *, schedule: str | None, timezone: str | None, command: Sequence[str]
) -> list[str]:
    """Write a job's keys, and as comments those that it may have besides."""
    program = command or ("python", "-m", name.replace("-", "_"))
    words = ", ".join(writing.plain(word, in_brackets=True) for word in program)
    given = {"schedule": schedule, "timezone": timezone}
    lines = [f"command: [{words}]"]
    lines += [f"{key}: {writing.plain(text)}" for key, text in given.items() if text]
    optional = [pair for pair in OPTIONAL if not given.get(pair[0].partition(":")[0])]
    width = max(len(text) for text, _ in optional)
    lines += [f"# {text:<{width}}  # {meaning}" for text, meaning in optional]
    return [*lines, ALL_KEYS]


def add_job(file: Path, name: str, lines: Sequence[str]) -> Added:
    """Add a job to a stack file, or to a job file that may be yet to be made.

    Raises:
        OpsError: the file has the name already, or a deploy would refuse what it is, or would
            become.
    """
    if file.is_file() and (mistakes := checking.check([file]).mistakes):
        raise OpsError(*mistakes)
    directory = checking.home(file)
    of_jobs = not file.name.startswith("Pulumi.") and (
        not file.is_file() or checking.is_a_job_file(file)
    )
    before = file.read_bytes().decode() if file.is_file() else writing.header(file, directory)
    path = ("jobs",) if of_jobs else ("config", _key_of_jobs(before, directory))
    if line := writing.line_of(before, *path, name):
        raise OpsError(f"{checking.shown(file)}:{line}: {name} is there already: take another name")
    after = writing.with_entry(before, path, name, lines)
    with writing.draft(file, after) as draft:
        if of_jobs:
            stacks, checked = _checked_job_file(file, draft)
        else:
            stack = checking.stack_at(file)
            stacks, checked = (stack.name,), checking.check_stack(stack, file=draft)
        if checked.mistakes:
            raise OpsError(*checked.mistakes)
    return Added(
        line=writing.line_of(after, *path, name) or 1, stacks=stacks, warnings=checked.warnings
    )


def _checked_job_file(file: Path, draft: Path) -> tuple[tuple[str, ...], Checked]:
    """Check what a job file is to become, and return who names it."""
    naming = {
        stack: path
        for stack in checking.stacks_of(checking.home(file))
        if (path := checking.spelled(stack, file))
    }
    if not naming:
        return (), checking.check_job_file(file, draft=draft)
    found = [checking.check_stack(stack, drafts={path: draft}) for stack, path in naming.items()]
    return tuple(stack.name for stack in naming), checking.together(found)


def _key_of_jobs(text: str, directory: Path) -> str:
    """Return how a stack file writes the key of its jobs."""
    project = project_name(directory)
    keys = (f"{project}:jobs", "jobs", f"{project}:config:jobs")  # as the Pulumi CLI takes them
    return next((key for key in keys if writing.line_of(text, "config", key)), keys[0])
