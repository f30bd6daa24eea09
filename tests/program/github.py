"""What GitHub runs: the workflows, and a place where their shell can be played."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.deploying import ROOT

_PATIENCE_SECONDS = 60
"""After which a step will never end."""

GITHUB = ROOT / ".github"
FILES = sorted((GITHUB / "workflows").glob("*.yml"))
WORKFLOWS: Mapping[str, Any] = {
    # As text: YAML 1.1 takes the key `on` for true.
    path.stem: yaml.load(path.read_text(), yaml.BaseLoader)  # noqa: S506 - makes texts only
    for path in FILES
}


@dataclass(frozen=True)
class Shell:
    """A step's piece of shell."""

    workflow: str
    job: str
    step: str
    run: str


def shells() -> Iterator[Shell]:
    for file, workflow in WORKFLOWS.items():
        for name, job in workflow["jobs"].items():
            for step in job.get("steps", []):
                if "run" in step:
                    yield Shell(file, name, step.get("name", step["run"]), step["run"])


def shell(workflow: str, step: str) -> str:
    (found,) = {one.run for one in shells() if (one.workflow, one.step) == (workflow, step)}
    return found


@dataclass(frozen=True)
class Runner:
    """A directory as a step finds it, with programs that write down how they were called."""

    directory: Path

    def program(self, name: str, script: str) -> None:
        """Put a program there, a piece of bash that is to answer like the real one."""
        path = self.directory / (name if "/" in name else f"bin/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"#!/usr/bin/env bash\n"
            f"{{ printf '%s\\037' {name.rpartition('/')[2]} \"$@\"; printf '\\036'; }}"
            f" >> {self.directory}/calls\n{script}\n"
        )
        path.chmod(0o755)

    def run(self, script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a step as GitHub does where the shell is bash."""
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
        return subprocess.run(  # noqa: S603 - our own steps
            [*shell, script],
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            env={
                "PATH": f"{self.directory}/bin:{os.environ['PATH']}",
                "RUNNER_TEMP": str(self.directory / "temp"),
                "GITHUB_STEP_SUMMARY": str(self.directory / "summary.md"),
                "GITHUB_OUTPUT": str(self.directory / "output"),
                **environment,
            },
        )

    @property
    def calls(self) -> list[list[str]]:
        """Every call, with its arguments."""
        path = self.directory / "calls"
        said = path.read_text() if path.exists() else ""
        return [call.split("\037")[:-1] for call in said.split("\036")[:-1]]

    @property
    def summary(self) -> str:
        return (self.directory / "summary.md").read_text()
