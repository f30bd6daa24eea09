"""Each fault comes out as it should on a deployed stack, and not when that is broken."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import deploy
from rehearsal.faults import FAULTS
from rehearsal.faults.breaking import denied, of_schedules
from rehearsal.provider import AwsProvider
from rehearsal.scenario import Scenario, not_started, play
from rehearsal.stage import Facts, Job, Stage, deployed_again
from stacks.stack_file import read_stack_file
from tests.deploying import ROOT

START = datetime(2026, 11, 23, 0, 5, 17, tzinfo=UTC)
ON_EXAMPLES = {
    "containers": ("parameter-missing", "parameter-denied"),
    "nat": ("nat-gateways-deleted",),
    "notify": ("webhook-down-for-a-while", "webhook-down", "webhook-refuses", "channel-denied"),
}
"""The faults that break what prod has not: test_examples.py plays them where they apply."""
ON_PROD = [name for name in FAULTS if not any(name in names for names in ON_EXAMPLES.values())]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The prod stack, to which nearly every fault applies: deployed once, its schedules paused."""
    stack_file = read_stack_file(ROOT, "prod")
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        deployment = deploy(ROOT, stack_file, AwsProvider(aws))
        up = deployed_again(ROOT, stack_file, aws, deployment)
        deployed = Stage(aws, deployment.outputs, up)
        deployed.prepare()
        with deployed.schedules_paused():
            yield deployed


@pytest.mark.parametrize("name", ON_PROD)
def test_a_fault_comes_out_as_it_should(stage: Stage, name: str) -> None:
    outcome = play(stage, FAULTS[name])
    assert outcome.left_out is None
    assert outcome.passed, f"should be {outcome.expected}, was {outcome.happened}"


@contextmanager
def edited(stage: Stage, machine: str, before: str, after: str) -> Generator[None]:
    """Break a deployed state machine as a slip in its definition would."""
    arn = {
        "job": stage.job.machine_arn,
        "dispatcher": stage.dispatcher_arn,
        "notifier": stage.notifier_arn,
    }[machine]
    kept = stage.states.describe_state_machine(stateMachineArn=arn)["definition"]
    assert before in kept
    stage.states.update_state_machine(stateMachineArn=arn, definition=kept.replace(before, after))
    try:
        yield
    finally:
        stage.states.update_state_machine(stateMachineArn=arn, definition=kept)


@pytest.mark.parametrize(
    ("machine", "before", "after", "fault", "seen"),
    [
        ("job", "$passing ? 'start' : 'never'", "'start'", "image-missing", {"attempts": 6}),
        ("job", "'spot reclaimed', 'spot'", "'spot', 'never'", "spot-reclaimed", {"run": "spot"}),
        (
            "job",
            "$count($exitCodes) = 0 or $code in $exitCodes",
            "true",
            "exit-code-not-to-retry",
            {"attempts": 2},
        ),
        (
            "job",
            '"TimeoutSeconds": 900',
            '"TimeoutSeconds": 9000',
            "timeout",
            {"run": "succeeded"},
        ),
        ("job", "$contains($text, 'outofmemory')", "false", "out-of-memory", {"run": "failed"}),
        (
            "job",
            "'stopped', 'never'",
            "'stopped', 'start'",
            "task-stopped-by-hand",
            {"attempts": 2},
        ),
        (
            "job",
            "$contains($text, 'network interface')",
            "false",
            "network-interface-limit",
            {"run": "not started"},
        ),
        (
            "dispatcher",
            "$replace($states.input.scheduledTime, ':', '')",
            "$states.context.Execution.Name",
            "double-fire",
            {"trigger": "lost", "run": "none"},
        ),
        (
            "dispatcher",
            "ExecutionAlreadyExistsException",
            "AnotherException",
            "late-double-fire",
            {"trigger": "started + dispatcher failed"},
        ),
        (
            "dispatcher",
            '"Default": "Record skipped"',
            '"Default": "Start"',
            "overlap-forbid",
            {"newer trigger": "started"},
        ),
        (
            "dispatcher",
            "$states.input.overlap = 'replace'",
            "false",
            "overlap-replace",
            {"older run": "succeeded", "newer run": "none"},
        ),
        (
            "dispatcher",
            "$states.input.overlap = 'allow'",
            "false",
            "overlap-allow",
            {"newer trigger": "skipped"},
        ),
        ("notifier", "$on = 'none' and", "true or", "exit-code-1", {"message to": "nobody"}),
        (
            "notifier",
            "'topic': $good or",
            "'topic': $not($good) or",
            "nothing-at-all",
            {"message to": "failure"},
        ),
    ],
)
def test_a_slip_in_a_state_machine_is_found_out(
    stage: Stage, machine: str, before: str, after: str, fault: str, seen: dict[str, object]
) -> None:
    with edited(stage, machine, before, after):
        outcome = play(stage, FAULTS[fault])
    assert not outcome.passed
    assert {fact: outcome.happened[fact] for fact in seen} == seen


def test_a_run_that_is_told_of_twice_is_found_out(stage: Stage) -> None:
    events = stage.aws.client("events")
    (target,) = events.list_targets_by_rule(Rule=stage.ended_rule)["Targets"]
    events.put_targets(Rule=stage.ended_rule, Targets=[target | {"Id": "again"}])
    try:
        outcome = play(stage, FAULTS["exit-code-1"])
    finally:
        events.remove_targets(Rule=stage.ended_rule, Ids=["again"])
    assert not outcome.passed
    assert outcome.happened["message to"] == "failure + failure"


def test_a_trigger_that_is_lost_is_found_out(stage: Stage) -> None:
    with denied(of_schedules, "sqs:SendMessage")(stage):
        outcome = play(stage, FAULTS["trigger-denied"])
    assert not outcome.passed
    assert outcome.happened["trigger"] == "lost"
    assert outcome.happened["alarm"] == "triggers-dropped + triggers-lost"


def test_an_alarm_that_tells_nobody_is_found_out(stage: Stage) -> None:
    cloudwatch = stage.aws.client("cloudwatch")
    alarm = f"{stage.exports['scheduleGroup']}-dispatcher-failed"
    cloudwatch.disable_alarm_actions(AlarmNames=[alarm])
    try:
        outcome = play(stage, FAULTS["job-unknown"])
    finally:
        cloudwatch.enable_alarm_actions(AlarmNames=[alarm])
    assert not outcome.passed
    assert outcome.happened["alarm"] == "none"


def test_a_revision_that_is_not_kept_is_found_out(stage: Stage) -> None:
    """As a task definition that is deregistered when it is replaced would be."""
    up = stage.up
    assert up is not None
    kept = stage.task_definition(stage.job)["taskDefinitionArn"]

    def deregistering(change: Callable[[dict[str, str]], None]) -> None:
        up(change)
        stage.aws.client("ecs").deregister_task_definition(taskDefinition=kept)

    stage.up = deregistering  # pyright: ignore[reportAttributeAccessIssue] - called as it is
    try:
        outcome = play(stage, FAULTS["up-in-the-middle"])
    finally:
        stage.up = up
    assert not outcome.passed


def test_a_run_that_ends_for_another_reason_is_found_out(stage: Stage) -> None:
    def expects(_: Job) -> Facts:
        return not_started("AccessDenied")

    outcome = play(stage, replace(FAULTS["secret-missing"], expects=expects))
    assert not outcome.passed
    assert outcome.happened["run"] == "not started"


def test_a_fault_that_cannot_be_played_says_why_and_the_next_one_is_played(stage: Stage) -> None:
    def act(_stage: Stage, _fault: Scenario) -> dict[str, str]:
        raise TimeoutError("it goes on")

    outcome = play(stage, replace(FAULTS["exit-code-1"], act=act))
    assert not outcome.passed
    assert outcome.happened == {"because": "TimeoutError: it goes on"}
    assert play(stage, FAULTS["exit-code-1"]).passed


def test_a_fault_does_not_apply_where_there_is_no_job(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "jobs", [])
    outcome = play(stage, FAULTS["exit-code-1"])
    assert outcome.left_out == "there is no job whose program is here"
    assert outcome.happened == {}


def test_the_stacks_own_schedules_are_paused_and_go_on_as_they_were(stage: Stage) -> None:
    scheduler = stage.aws.client("scheduler")
    where = {"Name": stage.job.name, "GroupName": stage.exports["scheduleGroup"]}
    with stage.schedules_paused():
        assert scheduler.get_schedule(**where)["State"] == "DISABLED"
    after = scheduler.get_schedule(**where)
    assert stage.job.schedule is not None
    assert {**after, "LastModificationDate": 0, "ResponseMetadata": 0} == {
        **stage.job.schedule,
        "LastModificationDate": 0,
        "ResponseMetadata": 0,
    }
    stage.set_schedules(stage.job, State="DISABLED")
