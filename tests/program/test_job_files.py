"""Jobs in files of their own: what they become, and where a mistake stands."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stacks.reading import SettingsError
from stacks.settings import Settings
from tests.program.reading import read_settings

COMMAND = "command: [python, -m, list_files]"


def read(directory: Path, patterns: object = "jobs/*.yaml", **sections: object) -> Settings:
    files = [patterns] if isinstance(patterns, str) else patterns
    written = {"network": {"mode": "public"}, "jobFiles": files, **sections}
    config = {f"fargate-batch:{key}": json.dumps(value) for key, value in written.items()}
    (directory / "app").mkdir(exist_ok=True)
    (directory / "app" / "Dockerfile").touch()
    return read_settings(
        {"aws:region": "ap-northeast-1", **config},
        project="fargate-batch",
        stack="dev",
        directory=directory,
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )


def lines(directory: Path, patterns: object = "jobs/*.yaml", **sections: object) -> list[str]:
    with pytest.raises(SettingsError) as refusal:
        read(directory, patterns, **sections)
    return list(refusal.value.lines)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "jobs").mkdir()
    return tmp_path


def write(directory: Path, text: str, name: str = "data.yaml") -> None:
    (directory / "jobs" / name).write_text(text)


def test_jobs_come_from_all_files_and_from_the_stack_file(directory: Path) -> None:
    write(directory, f"jobs:\n  orders:\n    {COMMAND}\n", "a.yaml")
    write(directory, f"jobs:\n  refunds:\n    {COMMAND}\n", "b.yaml")
    settings = read(directory, jobs={"own": {"command": ["true"]}})
    assert list(settings.jobs) == ["own", "orders", "refunds"]
    assert settings.jobs["orders"].command == ("python", "-m", "list_files")


def test_a_job_goes_over_the_defaults_of_its_file_and_maps_entry_by_entry(directory: Path) -> None:
    write(
        directory,
        f"""
defaults:
  timezone: Asia/Tokyo
  timeout: 5m
  environment: {{LEVEL: info, ZONE: jp}}
jobs:
  orders:
    {COMMAND}
    timeout: 15m
    environment: {{LEVEL: debug}}
""",
    )
    job = read(directory).jobs["orders"]
    assert (job.timezone, job.timeout_seconds) == ("Asia/Tokyo", 900)
    assert job.environment == {"LEVEL": "debug", "ZONE": "jp"}


def test_an_event_of_a_job_takes_the_place_of_the_one_in_the_defaults(directory: Path) -> None:
    write(
        directory,
        f"""
defaults:
  on: {{message: {{queue: orders}}}}
jobs:
  orders:
    {COMMAND}
  report:
    {COMMAND}
    on: {{jobEnded: {{job: orders}}}}
""",
    )
    settings = read(directory, queues={"orders": {}})
    (ended,) = settings.jobs["report"].on
    assert (ended.message, ended.job_ended is not None) == (None, True)


def test_defaults_hold_in_their_own_file_only(directory: Path) -> None:
    write(directory, f"defaults: {{timeout: 5m}}\njobs:\n  a:\n    {COMMAND}\n", "a.yaml")
    write(directory, f"jobs:\n  b:\n    {COMMAND}\n", "b.yaml")
    assert read(directory).jobs["b"].timeout_seconds == 3_600


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "2026-12-24", "1:30", "0o17x"])
def test_a_word_is_text_as_in_a_stack_file(directory: Path, word: str) -> None:
    write(directory, f"jobs:\n  a:\n    {COMMAND}\n    environment: {{WORD: {word}}}\n")
    assert read(directory).jobs["a"].environment == {"WORD": word}


def test_an_anchor_can_be_merged(directory: Path) -> None:
    write(
        directory,
        f"jobs:\n  a: &a\n    {COMMAND}\n    timeout: 5m\n  b:\n    <<: *a\n    timeout: 6m\n",
    )
    assert read(directory).jobs["b"].timeout_seconds == 360


def test_a_mistake_is_told_with_file_and_line(directory: Path) -> None:
    write(
        directory,
        f"jobs:\n  a:\n    {COMMAND}\n    tiemout: 5m\n  b:\n    {COMMAND}\n\n    timeout: 0s\n",
    )
    assert lines(directory) == [
        "jobs/data.yaml:4: jobs.a.tiemout: is not a key here: write timeout",
        "jobs/data.yaml:8: jobs.b.timeout: 0s is too short: write 1s",
    ]


def test_a_mistake_inside_a_list_is_told_with_its_line(directory: Path) -> None:
    write(directory, "jobs:\n  a:\n    command:\n      - python\n      - 5\n")
    assert lines(directory) == ['jobs/data.yaml:5: jobs.a.command[1]: 5 is a number: quote it: "5"']


def test_a_missing_key_is_told_with_the_line_of_its_job(directory: Path) -> None:
    write(directory, "jobs:\n  a:\n    timeout: 5m\n")
    (line,) = lines(directory)
    assert line.startswith("jobs/data.yaml:2: jobs.a.command: missing")


def test_a_mistake_in_the_defaults_is_told_once_and_there(directory: Path) -> None:
    write(
        directory,
        f"defaults:\n  timeout: 0s\njobs:\n  a:\n    {COMMAND}\n  b:\n    {COMMAND}\n",
    )
    assert lines(directory) == ["jobs/data.yaml:2: defaults.timeout: 0s is too short: write 1s"]


def test_a_job_in_two_files_is_told_with_both_places(directory: Path) -> None:
    write(directory, f"jobs:\n  a:\n    {COMMAND}\n", "one.yaml")
    write(directory, f"jobs:\n  b:\n    {COMMAND}\n  a:\n    {COMMAND}\n", "two.yaml")
    assert lines(directory) == [
        "jobs/two.yaml:4: jobs.a: stands in jobs/one.yaml:2 too: rename one"
    ]


def test_a_job_in_a_file_and_in_the_stack_file_is_told_with_both_places(directory: Path) -> None:
    write(directory, f"jobs:\n  a:\n    {COMMAND}\n")
    assert lines(directory, jobs={"a": {"command": ["true"]}}) == [
        "jobs/data.yaml:2: jobs.a: stands in Pulumi.dev.yaml too: rename one"
    ]


def test_a_job_twice_in_one_file_is_refused(directory: Path) -> None:
    write(directory, f"jobs:\n  a:\n    {COMMAND}\n  a:\n    {COMMAND}\n")
    assert lines(directory) == ["jobs/data.yaml:4: is not YAML: a stands twice"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("jobs: [a\n", "jobs/data.yaml:2: is not YAML: did not find expected ',' or ']'"),
        ("- a\n", "jobs/data.yaml:1: is a list: write jobs: and a job below it"),
        ("", "jobs/data.yaml:1: is empty: write jobs: and a job below it"),
        ("defaults: {}\n", "jobs/data.yaml:1: jobs: missing: write jobs: and a job below it"),
        ("jobs:\n  a: {}\njob: 1\n", "jobs/data.yaml:3: job: is not a key here: write jobs"),
        ("\njobs: many\n", "jobs/data.yaml:2: jobs: is text: write a map"),
        ("? [a]\n: b\n", "jobs/data.yaml:1: is not YAML: a key is not a text"),
        ("jobs: \x00\n", "jobs/data.yaml: is not YAML: "),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_jobs_is_told(directory: Path, text: str, line: str) -> None:
    write(directory, text)
    (told,) = lines(directory)
    assert told.startswith(line)


@pytest.mark.parametrize("pattern", ["jobs/*.yml", "", "jobs", "/"])
def test_a_pattern_without_a_file_is_told(directory: Path, pattern: str) -> None:
    assert lines(directory, [pattern]) == [
        f'Pulumi.dev.yaml: jobFiles[0]: "{pattern}" names no file: write a path from Pulumi.yaml, '
        "such as jobs/*.yaml"
    ]


def test_a_file_outside_of_the_program_is_found(directory: Path, tmp_path: Path) -> None:
    write(directory, f"jobs:\n  a:\n    {COMMAND}\n")
    program = tmp_path / "program"
    program.mkdir()
    assert list(read(program, "../jobs/*.yaml").jobs) == ["a"]
    assert list(read(program, str(tmp_path / "jobs" / "data.yaml")).jobs) == ["a"]


def test_a_file_that_two_patterns_name_is_read_once(directory: Path) -> None:
    write(directory, f"jobs:\n  a:\n    {COMMAND}\n")
    assert list(read(directory, ["jobs/*.yaml", "jobs/data.yaml"]).jobs) == ["a"]


def test_a_warning_about_a_job_of_a_file_names_the_file(directory: Path) -> None:
    write(directory, f"jobs:\n  a:\n    {COMMAND}\n    schedule: cron(0 0 1 1 ? 2020)\n")
    (warning,) = read(directory).warnings
    assert warning.startswith('jobs/data.yaml:4: jobs.a.schedule: "cron(0 0 1 1 ? 2020)"')


def test_all_mistakes_of_all_files_are_told_together(directory: Path) -> None:
    write(directory, "jobs:\n  a:\n    timeout: 5m\n", "one.yaml")
    write(directory, "nothing", "two.yaml")
    told = lines(directory, jobs={"b": {}})
    assert [line.partition(":")[0] for line in told] == [
        "jobs/two.yaml",
        "Pulumi.dev.yaml",
        "jobs/one.yaml",
    ]
