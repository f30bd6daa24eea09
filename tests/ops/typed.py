"""Command lines, typed as a person types them: each is a process of its own."""

import array
import atexit
import json
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

from tests.deploying import ROOT
from tests.ops.zygote import ANSWER

_PATIENCE_SECONDS = 60
"""After which something that is waited for will never come."""


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)

    @property
    def errors(self) -> list[str]:
        """The lines of what went wrong."""
        return self.err.splitlines()


class Running:
    """A command that may not have ended yet."""

    def __init__(self, pid: int, answers: socket.socket, out: IO[bytes], err: IO[bytes]) -> None:
        self.pid = pid
        self._answers = answers
        self._streams = {"out": out, "err": err}
        self._said = {"out": b"", "err": b""}

    def wait_for(self, text: str, stream: str = "out") -> str:
        """Read until a stream has said this; return all that it has said."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while text not in (said := self._said[stream].decode(errors="replace")):
            if not self._read(until - time.monotonic()):
                raise AssertionError(f"the command never said {text!r}, but {self._said}")
        return said

    def press(self, by: signal.Signals = signal.SIGINT) -> None:
        """Send what Ctrl-C sends."""
        os.kill(self.pid, by)

    def end(self) -> Said:
        """Wait for the end."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while self._streams and self._read(until - time.monotonic()):
            pass
        (code,) = ANSWER.unpack(self._answers.recv(ANSWER.size))
        self._answers.close()
        said = {name: text.decode() for name, text in self._said.items()}
        return Said(code, said["out"], said["err"])

    def _read(self, seconds: float) -> bool:
        """Read what there is from some stream; whether any is still open, and time is left."""
        ready, _, _ = select.select(list(self._streams.values()), [], [], max(seconds, 0))
        for name, stream in list(self._streams.items()):
            if stream in ready:
                try:
                    text = os.read(stream.fileno(), 1 << 16)
                except OSError:  # a terminal whose other side is gone
                    text = b""
                self._said[name] += text
                if not text:
                    stream.close()
                    del self._streams[name]
        return bool(ready)


@dataclass(frozen=True)
class Keyboard:
    """Types ``python -m ops …`` somewhere, with some environment."""

    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    def __call__(
        self, *arguments: str, stdin: str = "", terminal: bool = False, **more: str
    ) -> Said:
        """Type a command line and wait for its end; ``more`` are environment variables."""
        return self.start(*arguments, stdin=stdin, terminal=terminal, **more).end()

    def start(
        self, *arguments: str, stdin: str = "", terminal: bool = False, **more: str
    ) -> Running:
        """Type a command line; ``terminal``: standard streams are one, 100 columns wide."""
        usual = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        request = {
            "arguments": arguments,
            "directory": str(self.directory),
            "environment": {**usual, "COLUMNS": "100", **self.environment, **more},
        }
        read_in, write_in = os.pipe()
        os.write(write_in, stdin.encode())
        os.close(write_in)
        if terminal:
            request["environment"].setdefault("TERM", "xterm-256color")
            read_out, write_out = pty.openpty()
            read_err, write_err = os.pipe()
            os.close(read_in)
            read_in = os.dup(write_out)
            os.write(read_out, stdin.encode())
        else:
            (read_out, write_out), (read_err, write_err) = os.pipe(), os.pipe()
        if terminal:
            os.close(write_err)
            write_err = os.dup(write_out)
        answers = socket.socket(socket.AF_UNIX)
        answers.connect(zygote())
        streams = array.array("i", [read_in, write_out, write_err])
        answers.sendmsg(
            [json.dumps(request).encode() + b"\n"],
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)],
        )
        (pid,) = ANSWER.unpack(answers.recv(ANSWER.size))
        for stream in streams:
            os.close(stream)
        return Running(pid, answers, os.fdopen(read_out, "rb", 0), os.fdopen(read_err, "rb", 0))


@cache
def zygote() -> str:
    """Start the process that forks; it ends with this one, whose socket is its standard input."""
    folder = tempfile.mkdtemp(prefix="ops-")
    address = f"{folder}/zygote"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.ops.zygote", str(listening.fileno())],
        cwd=ROOT,
        pass_fds=[listening.fileno()],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    listening.close()
    atexit.register(_end, process, folder)
    return address


def _end(process: "subprocess.Popen[bytes]", folder: str) -> None:
    process.kill()
    process.wait()
    shutil.rmtree(folder)
