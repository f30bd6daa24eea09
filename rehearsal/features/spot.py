"""Spot: tasks that AWS takes back, and what becomes of their runs."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from rehearsal.cloud import Attempt, Played
from rehearsal.scenario import Scenario, succeeded
from rehearsal.stage import SUCCEEDS, Facts, Job, Stage, execution_arn, own_words

SPOT, ON_DEMAND = "FARGATE_SPOT", "FARGATE"
SECONDS = 60
TAKEN = Played(
    seconds=SECONDS, taken=("SpotInterruption", "Your Spot Task was interrupted."), listens=True
)
NO_CAPACITY = Played(refused="Capacity is unavailable at this time")
LAST_WORDS = "Told to stop by SIGTERM"
WORKS_ON = """
import time
from list_files import lines, stopping
stopping.listen()
try:
    lines.write("INFO", "At work.")
    time.sleep(600)
except stopping.Stopped as stop:
    lines.write("WARNING", "Told to stop by " + stop.signal_name)
    raise SystemExit(stop.exit_code)
"""
"""A program that is at work when it is told to stop, as the sample program hears of that."""

_GOES: Mapping[str, Callable[[Job], bool]] = {
    "spot": lambda job: job.prefers_spot and not job.leaves_spot,
    "spotThenOnDemand": lambda job: job.leaves_spot,
    "onDemand": lambda job: not job.prefers_spot,
}


def _job(stage: Stage, capacity: str) -> Job | None:
    """Return a job with this capacity whose run is one task, and ends as that task does."""
    fits = _GOES[capacity]
    return next((job for job in stage.jobs if job.ends_with_its_task and fits(job)), None)


def _unless(capacity: str) -> Callable[[Stage], str | None]:
    def unless(stage: Stage) -> str | None:
        if not any(job.prefers_spot for job in stage.jobs):
            return "no job runs on Spot"
        return None if _job(stage, capacity) else f"no job has capacity {capacity}"

    return unless


def _run(capacity: str, *attempts: Played) -> Callable[[Stage, Scenario], Facts]:
    """Let a job with this capacity run, its first attempts as said; say where they ran."""

    def act(stage: Stage, _: Scenario) -> Facts:
        job = _job(stage, capacity)
        assert job is not None  # noqa: S101 - else it does not apply
        ran: list[tuple[str, datetime]] = []
        usual = stage.aws.fargate.play

        def play(attempt: Attempt) -> Played:
            if attempt.job == job.name:
                ran.append((attempt.capacity, stage.aws.clock.now()))
            return usual(attempt)

        stage.aws.fargate.play = play
        try:
            given = {"command": ["python", "-c", WORKS_ON]}
            run = stage.trigger(job, attempts=attempts, then=SUCCEEDS, given=given)
            stage.finish()
        finally:
            stage.aws.fargate.play = usual
        arn = execution_arn(job.machine_arn, run)
        said = own_words(stage.states.describe_execution(executionArn=arn))
        between = [later - sooner for (_, sooner), (_, later) in pairwise(ran)]
        return {
            "trigger": stage.fate(run),
            **stage.end(arn),
            "ran on": " + ".join(where for where, _ in ran),
            "goes on after": sum(time.total_seconds() for time in between),
            "last words": _heard(stage, said, run),
        }

    return act


def _heard(stage: Stage, said: Mapping[str, Any], run: str) -> str:
    """Return how often a run's program wrote that it was told to stop."""
    logs: Any = stage.aws.client("logs")
    found = logs.filter_log_events(logGroupName=said["logGroup"])["events"]
    lines = [event["message"] for event in found if run in event["message"]]
    return f"{sum(LAST_WORDS in line for line in lines)} times"


FEATURES = (
    Scenario(
        name="spot-left",
        says="AWS takes a task on Spot back: its program hears it, and the run goes on on demand",
        act=_run("spotThenOnDemand", TAKEN),
        unless=_unless("spotThenOnDemand"),
        expects=lambda _: {
            **succeeded(attempts=2),
            "ran on": f"{SPOT} + {ON_DEMAND}",
            "goes on after": SECONDS,
            "last words": "1 times",
        },
    ),
    Scenario(
        name="spot-has-none",
        says="There is no Spot capacity, and the run goes on on demand at once",
        act=_run("spotThenOnDemand", NO_CAPACITY),
        unless=_unless("spotThenOnDemand"),
        expects=lambda _: {
            **succeeded(attempts=2),
            "ran on": f"{SPOT} + {ON_DEMAND}",
            "goes on after": 0,
        },
    ),
    Scenario(
        name="spot-again",
        says="AWS takes a task on Spot back two times, and the run goes on on Spot",
        act=_run("spot", TAKEN, TAKEN),
        unless=_unless("spot"),
        expects=lambda _: {
            **succeeded(attempts=3),
            "ran on": f"{SPOT} + {SPOT} + {SPOT}",
            "goes on after": 2 * SECONDS,
            "last words": "2 times",
        },
    ),
    Scenario(
        name="spot-not-asked-for",
        says="A job that did not ask for Spot runs beside those that did, on demand",
        act=_run("onDemand"),
        unless=_unless("onDemand"),
        expects=lambda _: {**succeeded(), "ran on": ON_DEMAND},
    ),
)
