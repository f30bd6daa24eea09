"""The real Pulumi CLI deploys the unchanged program to the embedded AWS, and takes it down."""

import json
import re

from tests.engine.conftest import SCHEDULE, TOKEN, Life


def resources(printed: str) -> dict[str, int]:
    """Return the CLI's own summary: what it did to how many resources."""
    summary = printed.rpartition("Resources:\n")[2].partition("Duration")[0]
    return {what: int(number) for number, what in re.findall(r"(\d+) ([a-z]+)", summary)}


def done(printed: str, what: str) -> set[str]:
    """Return the types of the AWS resources that were created, updated or deleted."""
    return set(re.findall(rf"(aws\w*:\w+:\w+) [\w-]+ {what}\b", printed))


def test_the_first_up_creates_the_whole_stack_image_included(life: Life) -> None:
    assert resources(life["up"])["created"] > 60
    assert "awsx:ecr:Image image-app-arm64-image creat" in life["up"]


def test_a_second_up_changes_nothing(life: Life) -> None:
    created = resources(life["up"])["created"]
    assert resources(life["again"]) == {"unchanged": created}


def test_a_changed_schedule_is_one_update_and_shows_as_one_line(life: Life) -> None:
    printed = life["changed schedule"]
    assert "~ 1 to update" in printed
    assert f'~ scheduleExpression: "{SCHEDULE}" => "cron(31 * * * ? *)"' in printed


def test_a_job_is_added_and_removed_as_two_resources(life: Life) -> None:
    both = {"aws:sfn:StateMachine", "aws:scheduler:Schedule"}
    assert done(life["added job"], "created") == both
    assert done(life["added job"], "(?:updated|replaced|deleted)") == set()
    assert done(life["removed job"], "deleted") == both


def test_refresh_finds_what_was_changed_by_hand_and_the_next_up_mends_it(life: Life) -> None:
    changed = rf'~ scheduleExpression\s*: "{re.escape(SCHEDULE)}" => "rate\(5 days\)"'
    assert re.search(changed, life["refresh"])
    assert "- aws:cloudwatch/metricAlarm:MetricAlarm: (delete)" in life["refresh"]
    assert done(life["removed job"], "created") == {"aws:cloudwatch:MetricAlarm"}
    assert done(life["removed job"], "updated") == {"aws:scheduler:Schedule"}


def test_a_pause_by_hand_outlives_an_up_that_changes_the_schedule(life: Life) -> None:
    assert done(life["up while paused"], "updated") == {"aws:scheduler:Schedule"}
    assert life["paused"] == "DISABLED"


def test_what_was_resumed_by_hand_stays_so_if_schedules_alone_are_refreshed(life: Life) -> None:
    assert done(life["up when resumed"], "updated") == {"aws:scheduler:Schedule"}
    assert life["resumed"] == "ENABLED"


def test_a_job_runs_in_the_deployed_stack(life: Life) -> None:
    assert life["run"].endswith(" succeeded")


def test_no_secret_stands_in_clear_in_the_state(life: Life) -> None:
    assert TOKEN not in life["export"]
    assert TOKEN in life["export in clear"]
    assert TOKEN not in "".join(life["said"])


def test_the_exports_are_those_of_the_program(life: Life) -> None:
    assert json.loads(life["outputs"])["dispatcherArn"].endswith(":fargate-batch-dev-dispatcher")


def test_destroy_leaves_what_runs_may_still_wait_for_and_nothing_else(life: Life) -> None:
    assert resources(life["destroy"])["deleted"] == resources(life["up"])["created"]
    (revision,) = life["left"]  # the program's own wish: skip_destroy
    assert ":task-definition/fargate-batch-dev--default:" in revision


def test_the_other_stack_deploys_as_well(life: Life) -> None:
    assert resources(life["prod"])["created"] > 60


def test_the_end_of_the_server_ends_its_jobs(life: Life) -> None:
    assert life["hanging"] == {"said": "running", "code": 0, "afterwards": ""}
