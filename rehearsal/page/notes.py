"""Take notes while a rehearsal goes on, and write its page at the end."""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from rehearsal.engine import Deployment
from rehearsal.page.collect import Part, chapters, deployed_facts
from rehearsal.page.facts import Grant, PageFacts, Took
from rehearsal.page.render import make_directory, write_page
from rehearsal.stage import Outcome, Stage


class Notes:
    """What a command notes for its page; nothing is written without a directory."""

    def __init__(self, command: str, directory: Path | None, began: float) -> None:
        self._command = f"python -m rehearsal {command}"
        self._directory = directory
        self._last_lap = began
        """Of ``time.monotonic``."""
        self._took: list[Took] = []
        self._day: list[Part] = []
        self._faults: list[Part] = []
        self._proof: tuple[Grant, ...] | None = None

    def open(self) -> None:
        """Make the directory, before the work that the page is to show.

        Raises:
            PageError: nothing can be written there.
        """
        if self._directory is not None:
            make_directory(self._directory)

    def lap(self, what: str) -> None:
        """Note ``what`` as what was done since the last lap."""
        now = time.monotonic()
        self._took.append(Took(what=what, seconds=now - self._last_lap))
        self._last_lap = now

    def lived(self, title: str, begin: datetime, outcomes: Sequence[Outcome]) -> None:
        """Note a part of the day, which began at ``begin`` and has just ended."""
        self._day.append(Part(title=title, begin=begin, outcomes=outcomes))
        self.lap(title)

    def played(self, outcomes: Sequence[Outcome]) -> None:
        """Note faults that were played one after another."""
        self._faults += [
            Part(title=outcome.name, about=outcome.what, begin=outcome.at, outcomes=[outcome])
            for outcome in outcomes
        ]
        self.lap("faults")

    def proved(self, grants: Iterable[Grant]) -> None:
        """Note what was taken away, and who noticed."""
        self._proof = tuple(grants)
        self.lap("proof of least privilege")

    def write(self, stack: str, stage: Stage, deployment: Deployment) -> Path | None:
        """Write the page while the embedded AWS is still open; return its path."""
        if self._directory is None:
            return None
        told = chapters([*self._day, *self._faults], stage.aws, deployment)
        self.lap("collect what this page shows")
        return write_page(
            self._directory,
            PageFacts(
                command=self._command,
                stack=stack,
                region=stage.aws.region,
                deployed=deployed_facts(deployment),
                warnings=(*deployment.warnings, *stage.left_out),
                day=told[: len(self._day)],
                faults=told[len(self._day) :],
                proof=self._proof,
                took=tuple(self._took),
            ),
        )

    def write_failures(self, stack: str, failures: Iterable[str]) -> Path | None:
        """Write the page of a stack that could not be deployed; return its path."""
        if self._directory is None:
            return None
        facts = PageFacts(command=self._command, stack=stack, failures=tuple(failures))
        return write_page(self._directory, facts)
