"""A shell in a copy of the project, into which a page's commands are typed one by one.

``python -m ops`` is a process forked from one that has imported everything (tests/ops/zygote.py):
a page types many of them. Everything else is what the reader has.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from stacks.job_files import parse
from tests.deploying import ROOT
from tests.docs.pages import Written
from tests.ops.typed import zygote

_MARK = "[this was a command]"
_PATIENCE_SECONDS = 120
"""After which a command will never end."""
_PROGRAM = (
    "app",
    "components",
    "definitions",
    "docs",
    "examples",
    "handbook",
    "ops",
    "rehearsal",
    "stacks",
)

_TYPES = f"""#!{sys.executable} -IS
import array, json, os, socket, struct, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect({{address!r}})
request = {{{{"arguments": sys.argv[1:], "directory": os.getcwd()}}}}
request["environment"] = dict(os.environ)
streams = array.array("i", [0, 1, 2])
connection.sendmsg(
    [json.dumps(request).encode() + b"\\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)]
)
connection.recv(4)
sys.exit(struct.unpack("!i", connection.recv(4))[0])
"""
_PYTHON = f"""#!/bin/sh
if [ "$1" = -m ] && [ "$2" = ops ]; then shift 2; exec {{types}} "$@"; fi
exec {sys.executable} "$@"
"""
_MAKE = f"""#!/bin/sh
exec {shutil.which("make")} --no-print-directory INSTALLED=.venv "$@"
"""
"""All that a target would install is there."""


def copy(to: Path) -> Path:
    """Copy the project as a clone of it is, with the virtual environment in place."""
    for folder in _PROGRAM:
        shutil.copytree(ROOT / folder, to / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.iterdir():
        if file.is_file() and file.name != ".git":
            shutil.copy(file, to)
    _make_environment(to / ".venv" / "bin")
    return to


def _make_environment(folder: Path) -> None:
    folder.mkdir(parents=True)
    types = folder / "typed"
    scripts = {
        "typed": _TYPES.format(address=zygote()),
        "python": _PYTHON.format(types=types),
        "make": _MAKE,
    }
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "activate").write_text(f'PATH="{folder}:$PATH"\n')


def write(project: Path, written: Written) -> None:
    """Do what a page says of a file; what it shows of a stack file is put into it."""
    assert written.file is not None
    file = project / written.file
    file.parent.mkdir(parents=True, exist_ok=True)
    if not (file.name.startswith("Pulumi.") and file.exists()):
        file.write_text(written.text)
        return
    whole = cast("Any", parse(file.read_text()))
    whole["config"] = _merged(whole["config"], cast("Any", parse(written.text)))
    file.write_text(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True))


def _merged(one: Any, other: Any, *, key: str = "") -> Any:
    """Put one map over another, key by key; a network is another one as a whole."""
    if not (isinstance(one, dict) and isinstance(other, dict)) or key.endswith(":network"):
        return cast("Any", other)
    old, new = cast("dict[str, Any]", one), cast("dict[str, Any]", other)
    return {**old, **{name: _merged(old.get(name), new[name], key=name) for name in new}}


class Shell:
    """Types commands, which see what those before them did to directory and variables."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        usual = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        self._bash = subprocess.Popen(
            ["/bin/bash", "--norc"],
            cwd=directory,
            env={
                **usual,
                # make is found as ours even where the page activates nothing
                "PATH": f"{directory / '.venv' / 'bin'}:{os.environ['PATH']}",
                "COLUMNS": "100",
                "PYTHONDONTWRITEBYTECODE": "1",
                **environment,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def type(self, command: str, **variables: str) -> tuple[int, str]:
        """Type a command; return its exit code and all that it said."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        exports = "".join(f"export {name}='{value}'\n" for name, value in variables.items())
        self._bash.stdin.write(
            f"{exports}(exit ${{code:-0}})\n"
            f"{{\n{command}\n}} < /dev/null\ncode=$?\nprintf '\\n{_MARK} %s\\n' \"$code\"\n"
        )
        self._bash.stdin.flush()
        said: list[str] = []
        impatient = threading.Timer(_PATIENCE_SECONDS, self._bash.kill)
        impatient.start()
        try:
            for line in self._bash.stdout:
                if line.startswith(_MARK):
                    return int(line.split()[-1]), "".join(said)
                said.append(line)
        finally:
            impatient.cancel()
        raise AssertionError(f"the shell ended, or did not end {command!r}: {''.join(said)}")

    def end(self) -> None:
        """Leave the shell."""
        assert self._bash.stdin is not None
        self._bash.stdin.close()
        assert self._bash.stdout is not None
        self._bash.stdout.close()
        self._bash.wait()
