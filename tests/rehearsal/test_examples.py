"""Every example deploys, and everything that it asks for works."""

from pathlib import Path

import pytest

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import deploy
from rehearsal.existing_network import make_existing_network
from rehearsal.features import asked_for
from rehearsal.provider import AwsProvider
from rehearsal.scenario import play_all
from rehearsal.stack_file import read_stack_file
from rehearsal.stage import SUCCEEDS, Stage, deployed_again
from tests.deploying import ROOT
from tests.rehearsal.living_stack import START

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_works(example: Path) -> None:
    stack_file = read_stack_file(ROOT, example.stem, example)
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        make_existing_network(aws, stack_file)
        deployment = deploy(ROOT, stack_file, AwsProvider(aws), now=START)
        up = deployed_again(ROOT, stack_file, aws, deployment)
        stage = Stage(aws, deployment.outputs, up)
        stage.prepare()
        run = stage.trigger(stage.job, then=SUCCEEDS)
        stage.finish()
        assert stage.facts(run)["run"] == "succeeded"
        for outcome in play_all(stage, asked_for(stage)):
            assert outcome.passed, f"{outcome.what}: {outcome.expected}, was {outcome.happened}"
