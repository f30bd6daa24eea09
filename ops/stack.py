"""The stack that a command is about: what its stack file says, and how to reach it on AWS."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from definitions.dispatcher_machine import trigger
from definitions.names import Names
from definitions.watcher_machine import warned
from ops.aws import Aws
from ops.errors import OpsError
from stacks.reading import SettingsError, read_settings
from stacks.settings import Settings
from stacks.settings.flows import FlowSettings
from stacks.settings.jobs import JobSettings
from stacks.settings.workers import WorkerSettings
from stacks.stack_file import StackFile, StackFileError, read_stack_file
from stacks.wording import instead

NOW = "REHEARSAL_NOW"
"""Environment variable by which a rehearsal, whose clock is its own, says what time it is there."""


def project() -> Path:
    """Return the nearest directory with a Pulumi.yaml, from here upwards, as the CLI does.

    Raises:
        OpsError: there is none.
    """
    here = Path.cwd()
    for directory in (here, *here.parents):
        if (directory / "Pulumi.yaml").is_file():
            return directory
    raise OpsError(f"there is no Pulumi.yaml in {here} or above: change to the project's directory")


def now() -> datetime:
    """Return the present, with its zone."""
    rehearsed = os.environ.get(NOW)
    return datetime.fromisoformat(rehearsed) if rehearsed else datetime.now(tz=UTC)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What can be run: a job, a flow or a worker of the stack file."""

    name: str
    kind: str
    """``job``, ``flow`` or ``worker``."""
    settings: JobSettings | FlowSettings | WorkerSettings

    def trigger(self, *, scheduled_time: str | None = None, **run_input: Any) -> dict[str, Any]:
        """Make what the dispatcher is handed to start it by hand, as its schedule would.

        ``run_input`` goes over the run's own input. Calendars are not asked.
        """
        settings = self.settings
        late = settings.warn_after_seconds if isinstance(settings, JobSettings) else None
        given: dict[str, Any] = {
            "notify": settings.notify.in_trigger(),
            **warned(late),
            **run_input,
        }
        return trigger(
            job=self.name,
            container=None if isinstance(settings, FlowSettings) else settings.container,
            overlap=settings.overlap,
            scheduled_time=scheduled_time,
            **given,
        )


class Stack:
    """One stack by its name. Nothing is read, and nobody asked, before it is needed."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.directory = directory
        """Where Pulumi.yaml is."""

    @cached_property
    def file(self) -> StackFile:
        """The stack file as the Pulumi CLI would hand it over.

        Raises:
            OpsError: there is none, or the CLI would refuse it.
        """
        try:
            return read_stack_file(self.directory, self.name)
        except StackFileError as error:
            raise OpsError(str(error)) from None

    @cached_property
    def settings(self) -> Settings:
        """What the stack file says.

        Raises:
            OpsError: the lines of a deploy that would be refused.
        """
        try:
            return read_settings(
                self.file.config,
                project=self.file.project,
                stack=self.name,
                directory=self.directory,
                now=now(),
            )
        except SettingsError as error:
            raise OpsError(*error.lines) from None

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """All that can be run, by name: jobs, then flows, then workers."""
        return {entry.name: entry for entry in self._entries()}

    def entry(self, name: str) -> Entry:
        """Return what has this name.

        Raises:
            OpsError: nothing has it; the nearest name is offered.
        """
        if name not in self.entries:
            raise OpsError(f"stack {self.name} has no job {name!r}: {instead(name, self.entries)}")
        return self.entries[name]

    @cached_property
    def aws(self) -> Aws:
        """AWS, as whoever is signed in.

        Raises:
            OpsError: nobody is signed in, or AWS is not reached.
        """
        return Aws(region=self.settings.region, profile=self.settings.profile)

    @cached_property
    def names(self) -> Names:
        """Every physical name of the stack, in the account that one is signed in to."""
        return Names(
            project=self.file.project,
            stack=self.name,
            region=self.settings.region,
            account=self.aws.account,
        )

    def _entries(self) -> Iterator[Entry]:
        kinds = {
            "job": self.settings.jobs,
            "flow": self.settings.flows,
            "worker": self.settings.workers,
        }
        for kind, entries in kinds.items():
            for name, settings in entries.items():
                yield Entry(name=name, kind=kind, settings=settings)
