"""A terminal of 100 columns in which commands are typed, and what stands in it afterwards.

Each command is a process of its own with that terminal for its standard streams, forked from one
that has imported everything: it starts in some 30 ms instead of 800.
"""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path

COLUMNS = 100
_ROWS = 40

_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(["__main__", "ops.app", "ops.aws", "handbook.terminal"])

_CONTROL = re.compile(r"(\r?\n|\r|\x1b\[2K|\x1b\[1A|\x1b\[\?25[lh])")
"""What moves the cursor or erases: a line that is rewritten while a command works, by rich."""


def typed(
    arguments: Sequence[str], directory: Path, environment: Mapping[str, str]
) -> tuple[int, str]:
    """Type ``python -m ops`` with these arguments; return its exit code and what stands there.

    Colours are left in it, as a terminal is told them.
    """
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, COLUMNS, 0, 0))
    process = _FORKS.Process(
        target=_run,
        args=(
            tuple(arguments),
            str(directory),
            {"TERM": "xterm-256color", **environment},
            os.ttyname(there),
        ),
    )
    process.start()
    written = b""
    ended = False
    while not ended:
        ended = process.sentinel in select.select([here, process.sentinel], [], [])[0]
        while select.select([here], [], [], 0)[0]:
            written += os.read(here, 1 << 16)
    process.join()
    os.close(there)
    os.close(here)
    return process.exitcode or 0, seen(written.decode())


def seen(written: str) -> str:
    """Return what stands in a terminal when all of this was written: what was erased does not."""
    lines = [""]
    for part in _CONTROL.split(written):
        if part in ("\n", "\r\n"):
            lines.append("")
        elif part == "\x1b[2K":
            lines[-1] = ""
        elif part == "\x1b[1A":
            lines.pop()
        elif not _CONTROL.fullmatch(part):
            lines[-1] += part
    return "\n".join(lines)


def _run(
    arguments: Sequence[str], directory: str, environment: Mapping[str, str], terminal: str
) -> None:
    """Be the process that was typed."""
    os.setsid()
    stream = os.open(terminal, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(stream, number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
        for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    from ops.app import main

    code = main(list(arguments))
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
