"""What a stack file may say of a job's array, capacity and end."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from stacks.settings.arrays import ArraySettings, Tolerance
from tests.program.test_settings import directory, job, lines, read

__all__ = ["directory"]  # a fixture


def array(**keys: object) -> dict[str, object]:
    return job(array=keys)


def test_an_array_has_a_size_or_items(directory: Path) -> None:
    sized = read(directory, array(size=20)).jobs["nightly"].array
    assert sized
    assert (sized.elements, sized.max_concurrency) == (20, 40)
    assert sized.tolerate_failures == Tolerance(count=0)
    listed = read(directory, array(items=["a", {"k": "é", "n": [1]}])).jobs["nightly"].array
    assert listed
    assert (listed.elements, listed.items) == (2, ("a", '{"k":"é","n":[1]}'))


@pytest.mark.parametrize(
    ("written", "tolerance"),
    [
        (3, Tolerance(count=3)),
        ("10%", Tolerance(percentage=10)),
        ("0%", Tolerance(percentage=0)),
        ("100%", Tolerance(percentage=100)),
    ],
)
def test_a_number_or_a_share_of_failures_is_tolerated(
    directory: Path, written: object, tolerance: Tolerance
) -> None:
    made = read(directory, array(size=20, tolerateFailures=written)).jobs["nightly"].array
    assert made
    assert made.tolerate_failures == tolerance


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({}, ": has neither size nor items: write size: 20"),
        ({"size": 2, "items": ["a", "b"]}, ": has both size and items: keep one"),
        ({"size": 1}, ".size: 1 is too small: write at least 2"),
        ({"size": 10_001}, ".size: 10001 is too large: write at most 10000"),
        ({"size": 2, "maxConcurrency": 0}, ".maxConcurrency: 0 is too small: write at least 1"),
        ({"items": ["a"]}, ".items: has 1 entries: write 2 to 10,000"),
        (
            {"items": ["a", 3]},
            '.items[1]: 3 is a number: write a text or a map: "3"',
        ),
        (
            {"items": ["a", "b" * 7_440]},
            ": command, environment and the longest item have 7,533 characters and may have 7,500: "
            "put long items into a bucket",
        ),
        (
            {"size": 20, "tolerateFailures": "10"},
            '.tolerateFailures: "10" is neither a number nor a percentage: write 3 or 10%',
        ),
        (
            {"size": 20, "tolerateFailures": "101%"},
            '.tolerateFailures: "101%" is neither a number nor a percentage: write 3 or 10%',
        ),
        (
            {"size": 20, "tolerateFailures": 21},
            ": tolerates 21 failures of 20 elements: write at most that",
        ),
        ({"size": 20, "parallel": 3}, ".parallel: is not a key here: "),
    ],
)
def test_a_wrong_array_is_refused(directory: Path, keys: dict[str, object], line: str) -> None:
    (found,) = lines(directory, array(**keys))
    assert found.startswith(f"jobs.nightly.array{line}")


def test_more_items_than_a_state_is_given_are_refused() -> None:
    """From job files: the CLI hands over less than that."""
    ArraySettings.model_validate({"items": ["a" * 100] * 2_000})
    with pytest.raises(ValidationError, match=r"comes to .* and Step Functions takes 262,144"):
        ArraySettings.model_validate({"items": ["a" * 100] * 2_500})


@pytest.mark.parametrize("name", ["JOB_ARRAY_INDEX", "JOB_ARRAY_SIZE", "JOB_ARRAY_ITEM"])
def test_what_an_element_is_told_cannot_be_said_otherwise(directory: Path, name: str) -> None:
    (line,) = lines(directory, job(environment={name: "1"}))
    assert line.endswith("is set by every run itself: take another name")


def test_a_job_runs_on_demand_and_has_two_minutes_to_stop_unless_it_says_otherwise(
    directory: Path,
) -> None:
    settings = read(directory, job())
    assert settings.jobs["nightly"].capacity == "onDemand"
    assert settings.containers["default"].stop_timeout_seconds == 120
    containers = {"default": {"build": "app", "stopTimeout": "30s"}}
    said = read(directory, {**job(capacity="spot"), "containers": containers})
    assert said.jobs["nightly"].capacity == "spot"
    assert said.containers["default"].stop_timeout_seconds == 30


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        (
            job(capacity="cheap"),
            'jobs.nightly.capacity: "cheap" is not one of the choices: write onDemand, spot or '
            "spotThenOnDemand",
        ),
        (
            {"containers": {"default": {"build": "app", "stopTimeout": "1s"}}},
            "containers.default.stopTimeout: 1s is too short: write 2s",
        ),
        (
            {"containers": {"default": {"build": "app", "stopTimeout": "5m"}}},
            "containers.default.stopTimeout: 5m is too long: write 2m",
        ),
    ],
)
def test_a_wrong_capacity_or_stop_timeout_is_refused(
    directory: Path, sections: dict[str, object], line: str
) -> None:
    assert lines(directory, sections) == (line,)


def test_a_job_may_have_to_tell_of_its_progress(directory: Path) -> None:
    assert read(directory, job()).jobs["nightly"].progress is None
    told = read(directory, job(progress={"heartbeat": "5m"})).jobs["nightly"].progress
    assert told
    assert told.heartbeat_seconds == 300


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"progress": {}}, ".progress.heartbeat: missing: write heartbeat: 5m"),
        ({"progress": {"heartbeat": "30s"}}, ".progress.heartbeat: 30s is too short: write 1m"),
        (
            {"progress": {"heartbeat": "15m"}, "timeout": "15m"},
            ".progress: a heartbeat of 15m is not less than the timeout of 15m: write a shorter "
            "one",
        ),
        (
            {"progress": {"heartbeat": "5m"}, "environment": {"LONG": "x" * 5_500}},
            ".progress: command, environment and the token have 7,668 characters and may have "
            "7,500: move some of them to the container's environment",
        ),
        (
            {"environment": {"JOB_TASK_TOKEN": "mine"}},
            ".environment.JOB_TASK_TOKEN: is set by every run itself: take another name",
        ),
    ],
)
def test_wrong_progress_is_refused(directory: Path, keys: dict[str, object], line: str) -> None:
    assert lines(directory, job(**keys)) == (f"jobs.nightly{line}",)


def test_programs_that_answer_by_a_token_are_known_by_their_container(directory: Path) -> None:
    worker = {"command": ["python", "-m", "sum_files"]}
    assert not read(directory, job()).tells_progress("default")
    assert read(directory, job(progress={"heartbeat": "5m"})).tells_progress("default")
    answers = read(directory, {**job(), "workers": {"sum-files": worker}})
    assert answers.tells_progress("default")
    assert not answers.tells_progress("other")
