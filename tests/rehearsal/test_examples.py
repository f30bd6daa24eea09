"""Every example deploys, everything that it asks for works, and some things go wrong on it."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from ops.drift import dispatcher, events, machines, schedules
from ops.stack import NOW, Stack
from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import deploy
from rehearsal.existing_network import make_existing_network
from rehearsal.faults import FAULTS
from rehearsal.features import asked_for
from rehearsal.provider import AwsProvider
from rehearsal.scenario import play_all
from rehearsal.stage import SUCCEEDS, Stage, deployed_again
from stacks.stack_file import StackFile, read_stack_file
from tests.deploying import ROOT
from tests.rehearsal.living_stack import START
from tests.rehearsal.test_faults import ON_EXAMPLES

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
EVERYTHING = "everything"
"""Plays each feature once more, which takes half a minute: `make prove` does that."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_works(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NOW, START.isoformat())
    stack_file = read_stack_file(ROOT, example.stem, example)
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        make_existing_network(aws, stack_file)
        deployment = deploy(ROOT, stack_file, AwsProvider(aws), now=START)
        up = deployed_again(ROOT, stack_file, aws, deployment)
        stage = Stage(aws, deployment.outputs, up)
        stage.prepare()
        assert drift(aws, stack_file) == []
        run = stage.trigger(stage.job, then=SUCCEEDS)
        stage.finish()
        assert stage.facts(run)["run"] == "succeeded"
        faults = [FAULTS[name] for name in ON_EXAMPLES.get(example.stem, ())]
        features = [] if example.stem == EVERYTHING else asked_for(stage)
        for outcome in play_all(stage, [*features, *faults]):
            assert outcome.left_out is None
            assert outcome.passed, f"{outcome.what}: {outcome.expected}, was {outcome.happened}"


def drift(aws: EmbeddedAws, stack_file: StackFile) -> list[str]:
    """What ``doctor`` says of machines, schedules and events: a deploy makes what it expects."""
    stack = Stack(stack_file.stack, ROOT)
    vars(stack).update(
        file=stack_file,
        aws=SimpleNamespace(
            account=aws.account, client=aws.client, states=aws.client("stepfunctions")
        ),
    )
    return [
        f"{finding.where} {finding.what}"
        for check in (machines, dispatcher, schedules, events)
        for finding in check(stack, START)
    ]


def test_each_example_on_which_something_goes_wrong_is_there() -> None:
    assert set(ON_EXAMPLES) <= {example.stem for example in EXAMPLES}
