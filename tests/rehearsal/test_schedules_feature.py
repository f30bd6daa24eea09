"""The example of schedules, deployed, and deployed again when time has passed or people acted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from definitions.schedules import spread
from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import deploy, refresh
from rehearsal.provider import AwsProvider
from rehearsal.stage import Stage, deployed_again
from stacks.stack_file import read_stack_file
from tests.deploying import ROOT
from tests.rehearsal.living_stack import START

STACK = read_stack_file(ROOT, "schedules", ROOT / "examples" / "schedules.yaml")
GROUP = "fargate-batch-schedules"


class Living:
    """The stack, and what Pulumi knows of it."""

    def __init__(self, cloud: EmbeddedAws) -> None:
        self.cloud = cloud
        self.state = deploy(ROOT, STACK, AwsProvider(cloud), now=START)

    def up(self, now: datetime, *, refreshed: bool = False) -> list[tuple[str, str]]:
        """Deploy again; return actions and names."""
        provider = AwsProvider(self.cloud)
        before = refresh(self.state, STACK, provider) if refreshed else self.state
        self.state = deploy(ROOT, STACK, provider, before=before, now=now)
        return [(step.action, step.name) for step in self.state.steps]

    def schedule(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud.client("scheduler").get_schedule(
            GroupName=GROUP, Name=name
        )
        return found

    def set_state(self, name: str, state: str) -> None:
        """Do what the console does: say all of it again, and ENABLED or DISABLED."""
        now = self.schedule(name)
        for key in ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"):
            del now[key]
        self.cloud.client("scheduler").update_schedule(**{**now, "State": state})


@pytest.fixture(scope="module")
def stack() -> Iterator[Living]:
    with EmbeddedAws(region=STACK.config["aws:region"], start=START) as cloud:
        yield Living(cloud)


def test_each_schedule_is_one_of_scheduler(stack: Living) -> None:
    listed = stack.cloud.client("scheduler").list_schedules(GroupName=GROUP)["Schedules"]
    names = [found["Name"] for found in listed]
    assert {name: stack.schedule(name)["ScheduleExpression"] for name in names} == {
        "report": "cron(0 2 1 * ? *)",
        "report--2": "cron(0 2 ? * MON *)",
        "tidy": spread("cron(0 1 * * ? *)", "tidy"),
        "season": "rate(6 hours)",
        "christmas": "at(2026-12-24T18:00:00)",
    }
    season = stack.schedule("season")
    assert season["StartDate"] == datetime(2026, 11, 23, 1, tzinfo=UTC)
    assert season["EndDate"] == datetime(2027, 3, 31, 21, 59, 59, tzinfo=UTC)


def test_what_is_over_has_no_schedule_any_more(stack: Living) -> None:
    """18:00 in Berlin is 17:00, and a start is tried for an hour."""
    over = datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert ("delete", "job-christmas-schedule") in stack.up(over)
    line = '"at(2026-12-24T18:00:00)" is over and never comes again: remove it'
    assert stack.state.warnings[-1] == f"Pulumi.schedules.yaml: jobs.christmas.schedule: {line}"
    assert ("delete", "job-season-schedule") in stack.up(datetime(2027, 4, 2, tzinfo=UTC))


def test_a_rate_whose_start_has_come_goes_on_in_step(stack: Living) -> None:
    stack.up(START)
    stack.cloud.clock.run_until(START + timedelta(days=2))
    assert stack.up(stack.cloud.clock.now()) == [("update", "job-season-schedule")]
    assert stack.schedule("season")["StartDate"] == datetime(2026, 11, 25, 1, tzinfo=UTC)


def test_a_pause_outlives_an_update_if_pulumi_has_seen_it(stack: Living) -> None:
    """What is updated is the season's start, which comes every six hours; and nothing else is."""
    now, updated = stack.cloud.clock.now(), [("update", "job-season-schedule")]
    stack.set_state("season", "DISABLED")
    assert stack.up(now + timedelta(hours=7), refreshed=True) == updated
    assert stack.schedule("season")["State"] == "DISABLED"
    stack.set_state("season", "ENABLED")
    assert stack.up(now + timedelta(hours=14), refreshed=True) == updated
    assert stack.schedule("season")["State"] == "ENABLED"
    stack.set_state("season", "DISABLED")
    assert stack.up(now + timedelta(hours=21)) == updated
    assert stack.schedule("season")["State"] == "ENABLED"


def test_a_schedule_that_was_taken_away_meanwhile_is_not_put_back_after_a_pause(
    stack: Living,
) -> None:
    stack.up(stack.cloud.clock.now())
    up = deployed_again(ROOT, STACK, stack.cloud, stack.state)
    with Stage(stack.cloud, stack.state.outputs, up).schedules_paused():
        assert stack.schedule("tidy")["State"] == "DISABLED"
        stack.up(datetime(2026, 12, 24, 18, tzinfo=UTC))
    assert stack.schedule("tidy")["State"] == "ENABLED"
    listed = stack.cloud.client("scheduler").list_schedules(GroupName=GROUP)["Schedules"]
    assert "christmas" not in [found["Name"] for found in listed]
