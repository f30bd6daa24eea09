"""``python -m rehearsal serve`` as a process of its own, in a copy of the project."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.deploying import ROOT

PROGRAM = ("definitions", "components", "stacks", "rehearsal", "ops", "app")
READY = "What happens meanwhile"


def copy_project(to: Path) -> Path:
    """Copy the program and what serves it; the virtual environment is shared."""
    for folder in PROGRAM:
        shutil.copytree(ROOT / folder, to / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        shutil.copy(ROOT / file, to)
    (to / ".venv").symlink_to(sys.prefix)
    return to


def free_ports() -> int:
    """Return the first of three consecutive ports that are free."""
    for first in range(17_500 + os.getpid() % 1_000 * 3, 65_000, 3):
        with ExitStack() as stack:
            try:
                for port in range(first, first + 3):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return first
    raise RuntimeError("no three consecutive ports are free")


class Server:
    """A server that listens, unless it refused to; leaving the context ends it as Ctrl-C does."""

    def __init__(self, project: Path, *arguments: str) -> None:
        self.project = project
        self.port = free_ports()
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "rehearsal", "serve", "--port", str(self.port), *arguments],
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "COLUMNS": "200"},
        )
        self.said = self.wait_for(READY)
        """Its lines until all listened."""

    def wait_for(self, text: str) -> list[str]:
        """Read lines until one has this text, and return them."""
        lines: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            lines.append(line.rstrip("\n"))
            if text in line:
                return lines
        raise AssertionError(f"the server ended without saying {text!r}: {lines}")

    def environment(self, env_file: str = ".rehearsal/env", **before: str) -> dict[str, str]:
        """Return what a shell has that had ``before`` and sourced the exports."""
        shell = subprocess.run(  # noqa: S603 - our own file
            ["/bin/sh", "-c", '. "$1" && env -0', "sh", str(self.project / env_file)],
            env={**os.environ, **before},
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(variable.split("=", 1) for variable in shell.stdout.split("\0") if variable)

    def end(self, by: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(by)
        assert self.process.stdout is not None
        self.said += self.process.stdout.read().splitlines()
        self.process.stdout.close()
        return self.process.wait(30)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end()
