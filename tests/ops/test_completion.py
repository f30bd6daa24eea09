"""What a shell offers while a command is typed."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploying import ROOT
from tests.ops.typed import Keyboard


def _offered(keyboard: Keyboard, *typed: str) -> list[str]:
    said = keyboard(*typed, OPS_COMPLETE="1")
    assert (said.code, said.err) == (0, "")
    return [line.partition("\t")[0] for line in said.out.splitlines()]


def test_commands_are_offered_with_what_they_do(offline: Keyboard) -> None:
    assert "list\tList jobs" in offline("li", OPS_COMPLETE="1").out


def test_stacks_are_offered_behind_their_option_wherever_it_stands(offline: Keyboard) -> None:
    assert _offered(offline, "-s", "") == ["dev"]
    assert _offered(offline, "list", "--stack", "d") == ["dev"]
    assert _offered(offline, "--stack=d") == ["dev"]


def test_options_are_offered_behind_a_hyphen(offline: Keyboard) -> None:
    assert "--json" in _offered(offline, "list", "-")


def test_nothing_is_offered_outside_of_a_project(tmp_path: Path) -> None:
    assert _offered(Keyboard(tmp_path), "-s", "") == []


def test_a_real_bash_completes_in_a_subdirectory_of_the_project() -> None:
    """What a person sees who presses Tab: typed into a terminal of its own."""
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - it becomes bash
        os.chdir(ROOT / "docs")
        os.environ["PS1"] = "ready> "
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])  # noqa: S606, S607 - bash by its name
    try:
        # Quotes tell what is printed from what is typed, however the shell breaks its lines.
        script = f'eval "$(cd {ROOT}; {sys.executable} -m ops completion bash)"; echo are o""ff\n'
        os.write(terminal, script.encode())
        _read_until(terminal, "are off")
        os.write(terminal, b"ops comp\tfi\t\n")
        said = _read_until(terminal, "__ops_words")
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    assert "ops completion fish" in said


def _read_until(terminal: int, text: str) -> str:
    said = ""
    while text not in said:
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, f"the shell never said {text!r}, but {said!r}"
        said += os.read(terminal, 4_096).decode()
    return said


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_function_that_calls_this_python(shell: str) -> None:
    said = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "ops", "completion", shell],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"PYTHONPATH={ROOT} {sys.executable} -m ops" in said
