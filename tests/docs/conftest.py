"""What pages find: a copy of the project, and for some of them a stack that is deployed."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rehearsal.at_once import runs_end_at_once
from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import deploy
from rehearsal.operator import operator_credentials
from rehearsal.provider import AwsProvider
from rehearsal.stage import Stage, deployed_again
from stacks.stack_file import read_stack_file
from tests.deploying import ROOT
from tests.docs.shell import copy

START = datetime(2026, 11, 24, 0, 5, 17, tzinfo=UTC)
"""A Tuesday, five past nine in Tokyo."""

Environment = Callable[[], Mapping[str, str]]
"""What a shell has to have beside the usual variables, at this moment."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, as a fresh clone."""
    return copy(tmp_path / "fargate-batch")


@pytest.fixture(scope="module")
def served() -> Iterator[Environment]:
    """What `python -m rehearsal serve dev --deployed` serves, in time that waits for nobody."""
    stack_file = read_stack_file(ROOT, "dev")
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        deployment = deploy(ROOT, stack_file, AwsProvider(aws), now=START)
        stage = Stage(aws, deployment.outputs, deployed_again(ROOT, stack_file, aws, deployment))
        stage.prepare()
        aws.clock.run_until(START + timedelta(hours=3))
        credentials = operator_credentials(aws, stack_file.project, stack_file.stack)
        fixed = {
            "OPS_STACK": "dev",
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        with runs_end_at_once(aws, threading.Lock()):
            yield lambda: {**fixed, "REHEARSAL_NOW": aws.clock.now().isoformat()}
