"""What all commands share: where they are typed, how they fail, and how they end."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploying import ROOT
from tests.ops.typed import Keyboard


def test_the_module_is_a_command_of_its_own() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "ops", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Exit codes" in ended.stdout


def test_a_stack_that_is_not_there_is_one_line_with_those_that_are(offline: Keyboard) -> None:
    said = offline("-s", "prd", "list")
    assert (said.code, said.out) == (2, "")
    assert said.errors == [
        "error: there is no stack 'prd': Pulumi.prd.yaml is missing; known are dev"
    ]


def test_nobody_signed_in_is_one_line(offline: Keyboard) -> None:
    said = offline("list")
    assert said.code == 3
    assert len(said.errors) == 1
    assert said.errors[0].startswith("error: nobody is signed in to AWS: sign in")


def test_an_unknown_command_offers_the_nearest(offline: Keyboard) -> None:
    said = offline("lst")
    assert said.code == 2
    assert said.errors == ["error: No such command 'lst'. Did you mean 'list'? (--help shows how)"]


@pytest.mark.parametrize("stack", [("-s", "prd"), ("--stack", "prd"), ("--stack=prd",)])
def test_the_stack_may_stand_behind_the_command(offline: Keyboard, stack: tuple[str, ...]) -> None:
    assert "no stack 'prd'" in offline("list", *stack).err


def test_outside_of_a_project_there_is_one_line(tmp_path: Path) -> None:
    said = Keyboard(tmp_path)("list")
    assert said.code == 2
    assert said.errors[0].startswith("error: there is no Pulumi.yaml in")
