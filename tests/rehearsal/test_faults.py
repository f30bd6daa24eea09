"""Each fault comes out as it should on the dev stack, and not when what it is about is broken."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import deploy
from rehearsal.faults import FAULTS, play, play_all
from rehearsal.provider import AwsProvider
from rehearsal.stack_file import read_stack_file
from rehearsal.stage import Stage
from tests.deploying import ROOT

START = datetime(2026, 11, 23, 0, 5, 17, tzinfo=UTC)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The dev stack, deployed once, its own schedules paused."""
    stack_file = read_stack_file(ROOT, "dev")
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        deployed = Stage(aws, deploy(ROOT, stack_file, AwsProvider(aws)).outputs)
        deployed.prepare()
        with deployed.schedules_paused():
            yield deployed


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_comes_out_as_it_should(stage: Stage, name: str) -> None:
    outcome = play(stage, FAULTS[name])
    assert outcome.left_out is None
    assert outcome.passed, f"should be {outcome.expected}, was {outcome.happened}"
