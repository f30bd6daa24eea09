"""Features that meet in one stack: scenarios are played on what they fit, and come out right."""

from collections.abc import Iterator

import pytest

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import deploy
from rehearsal.faults import FAULTS
from rehearsal.features import FEATURES, asked_for
from rehearsal.provider import AwsProvider
from rehearsal.scenario import play, play_all
from rehearsal.stage import Stage, deployed_again
from stacks.stack_file import read_stack_file
from tests.deploying import ROOT
from tests.rehearsal.living_stack import START


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    file = ROOT / "tests" / "rehearsal" / "combinations" / "stack.yaml"
    stack_file = read_stack_file(ROOT, "combined", file)
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        deployment = deploy(ROOT, stack_file, AwsProvider(aws), now=START)
        up = deployed_again(ROOT, stack_file, aws, deployment)
        stage = Stage(aws, deployment.outputs, up)
        stage.prepare()
        yield stage


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("schedules-at-once", id="all schedules of a job fire on a day that counts"),
        pytest.param("no-success-in-a-week", id="a week's run fails that no calendar leaves out"),
        pytest.param("no-success-in-time", id="an array fails, and is watched"),
        pytest.param("grants-buckets", id="programs stand where an array's tasks do"),
    ],
)
def test_scenarios_meet_calendars_and_arrays(name: str, stage: Stage) -> None:
    (outcome,) = play_all(stage, [FEATURES[name]])
    assert outcome.passed, f"{outcome.expected}, was {outcome.happened}"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("pause-kept", id="its job would have to be changed in another file"),
        pytest.param("spot-again", id="its job ends by its own word only"),
        pytest.param("run-late", id="the job that is warned of does, too"),
        pytest.param("network-nat", id="an array's tasks are in public subnets, too"),
    ],
)
def test_what_no_job_fits_is_not_played(name: str, stage: Stage) -> None:
    assert FEATURES[name] not in asked_for(stage)


def test_a_fault_of_one_task_is_not_played_on_an_array(stage: Stage) -> None:
    outcome = play(stage, FAULTS["exit-code-1"])
    assert "no run ends as one task does" in (outcome.left_out or "")


def test_a_stack_without_jobs_asks_for_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "jobs", [])
    assert asked_for(stage) == []
