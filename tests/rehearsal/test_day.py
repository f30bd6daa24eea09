"""What is right in a stack is told as right, whatever minute its jobs run in and however short."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rehearsal.cloud import EmbeddedAws
from rehearsal.day import live
from rehearsal.engine import deploy
from rehearsal.faults import FAULTS
from rehearsal.provider import AwsProvider
from rehearsal.scenario import play
from rehearsal.stage import Stage, deployed_again
from stacks.stack_file import read_stack_file
from tests.deploying import ROOT
from tests.rehearsal.living_stack import START

STACK = """
config:
  aws:region: ap-northeast-1
  fargate-batch:network: {mode: public, availabilityZones: 1}
  fargate-batch:containers:
    default: {build: app}
  fargate-batch:jobs:
    hourly:
      schedule: cron(5 * * * ? *)
      command: [python, -c, "print('good morning')"]
      timeout: 5m
      notify: all
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    file = tmp_path_factory.mktemp("short") / "short.yaml"
    file.write_text(STACK)
    stack_file = read_stack_file(ROOT, "short", file)
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        deployment = deploy(ROOT, stack_file, AwsProvider(aws), now=START)
        stage = Stage(aws, deployment.outputs, deployed_again(ROOT, stack_file, aws, deployment))
        stage.prepare()
        yield stage


def test_a_run_that_is_over_when_the_hours_are_has_been_told(stage: Stage) -> None:
    assert f"{stage.aws.clock.now():%M:%S}" == "05:17"  # the hour ends just after minute 5
    ordinary, twice = live(stage, 1)
    assert ordinary.passed
    assert twice.expected["message to"] == "success"
    assert twice.passed, f"should be {twice.expected}, was {twice.happened}"


@pytest.mark.parametrize(
    "fault",
    [
        "overlap-forbid",
        "overlap-allow",
        "overlap-replace",
        "task-stopped-by-hand",
        "run-stopped-by-hand",
    ],
)
def test_what_goes_on_ends_within_a_short_timeout(stage: Stage, fault: str) -> None:
    with stage.schedules_paused():
        outcome = play(stage, FAULTS[fault])
    assert outcome.passed, f"should be {outcome.expected}, was {outcome.happened}"


def test_a_run_of_a_minute_is_met_by_none(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "jobs", [replace(stage.job, timeout_seconds=60)])
    outcome = play(stage, FAULTS["overlap-forbid"])
    assert outcome.left_out == "job hourly may not take long enough to be met by its next run"
