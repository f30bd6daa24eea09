"""Deployed stacks, and keyboards of those who operate them."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rehearsal.at_once import runs_end_at_once
from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import deploy
from rehearsal.operator import operator_credentials
from rehearsal.provider import AwsProvider
from rehearsal.stage import Stage, deployed_again
from stacks.stack_file import read_stack_file
from tests.deploying import ROOT
from tests.ops.typed import Keyboard, Said
from tests.serving import Server, copy_project

SHOP = Path(__file__).parent / "shop"
START = datetime(2026, 11, 24, 0, 5, 17, tzinfo=UTC)
"""A Tuesday, five past nine in Tokyo."""


@dataclass(frozen=True)
class Account:
    """The shop's stack, deployed; its clock stands still unless something runs."""

    aws: EmbeddedAws
    stage: Stage
    directory: Path
    """Of its stack file, which commands may read and tests change."""
    lives: threading.Lock
    """Held by whoever moves time."""

    @property
    def keyboard(self) -> Keyboard:
        """Where the operator types, now."""
        credentials = operator_credentials(self.aws, "shop", "dev")
        return Keyboard(
            self.directory,
            {
                "REHEARSAL_NOW": self.aws.clock.now().isoformat(),
                "AWS_ENDPOINT_URL": self.aws.endpoint,
                "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
                "AWS_SESSION_TOKEN": credentials["SessionToken"],
                "AWS_EC2_METADATA_DISABLED": "true",
                "NO_PROXY": "127.0.0.1",
            },
        )

    def ops(self, *arguments: str, **more: Any) -> Said:
        """Type a command line as the operator."""
        return self.keyboard(*arguments, **more)

    def live(self, **time: float) -> None:
        """Let time pass, and schedules fire."""
        with self.lives:
            self.aws.clock.run_until(self.aws.clock.now() + timedelta(**time))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shop's project: for commands that need no AWS."""
    directory = tmp_path_factory.mktemp("shop")
    shutil.copytree(SHOP, directory, dirs_exist_ok=True)
    (directory / "app").symlink_to(ROOT / "app")
    return directory


@pytest.fixture(scope="module")
def offline(shop: Path) -> Keyboard:
    """Where somebody types who is not signed in."""
    return Keyboard(shop, {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null"})


@pytest.fixture(scope="module")
def account(shop: Path) -> Iterator[Account]:
    """The shop's stack after two hours: ``hourly`` has succeeded twice, ``broken`` has failed."""
    stack_file = read_stack_file(shop, "dev")
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        deployment = deploy(ROOT, stack_file, AwsProvider(aws), now=START)
        stage = Stage(aws, deployment.outputs, deployed_again(ROOT, stack_file, aws, deployment))
        stage.prepare()
        aws.clock.run_until(START + timedelta(hours=2))
        lives = threading.Lock()
        with runs_end_at_once(aws, lives):
            yield Account(aws, stage, shop, lives)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyboard]:
    """Where the operator of ``dev`` types beside ``rehearsal serve --deployed``, in real time."""
    project = copy_project(tmp_path_factory.mktemp("live"))
    with Server(project, "--deployed") as server:
        yield Keyboard(project, server.environment())
