"""Some ordinary hours in the life of a deployed stack, and what must come of them."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from definitions import schedules
from rehearsal.stage import NOBODY, Outcome, Stage, Started, run_name


def live(stage: Stage, hours: int) -> Iterator[Outcome]:
    """Let the schedules fire for some hours; the first trigger of the first job comes twice.

    What a window lets come later is waited for.
    """
    begin = stage.aws.clock.now()
    end = begin + timedelta(hours=hours)
    scheduled = stage.scheduled
    expected = {job.name: _fires(job, begin, end) for job in scheduled}
    twice = next((job for job in scheduled if _starts(stage, job, expected[job.name])), None)
    if twice is not None:
        _, name = min(expected[twice.name])
        stage.aws.schedules.deliver_twice(stage.exports["scheduleGroup"], name)
    stage.aws.clock.run_until(end + max(map(_longest_window, scheduled), default=timedelta()))
    for job in scheduled:
        times = {when for when, _ in expected[job.name]}
        yield stage.explained(_ordinary(stage, job, begin, end, times))
    if twice is not None:
        _let_messages_arrive(stage)
        yield _came_twice(stage, twice, expected[twice.name])


def _ordinary(
    stage: Stage, job: Started, begin: datetime, end: datetime, times: set[datetime]
) -> Outcome:
    off = {run_name(job, when) for when in times if stage.off_because(job, when)}
    runs = {run_name(job, when) for when in times} - off
    first, last = run_name(job, begin), run_name(job, end)
    ends = [
        stage.aws.wait_for(run["executionArn"])
        for run in list(stage.executions(job.machine_arn))  # waiting makes more of them
        if first <= run["name"] < last and _is_scheduled(run["name"], job)
    ]
    failed = [run for run in ends if run["status"] != "SUCCEEDED"]
    strange = sorted({run["name"] for run in ends} ^ runs)
    return Outcome(
        at=begin,
        what=f"{job.name}: its schedule fires",
        expected={
            "runs": len(runs),
            "succeeded": len(runs),
            **({"skipped": len(off)} if off else {}),
        },
        happened={
            "runs": len(ends),
            "succeeded": len(ends) - len(failed),
            "skipped": sum(stage.skipped_because(run) is not None for run in off),
            "because": stage.why(failed[0]) if failed else ", ".join(strange) or None,
        },
    )


def _let_messages_arrive(stage: Stage) -> None:
    """Wait for what is being told: the hours may be over just when a run is."""
    stage.aws.clock.settle()
    for told in list(stage.executions(stage.notifier_arn, "RUNNING")):
        stage.aws.wait_for(told["executionArn"])


def _starts(stage: Stage, job: Started, fires: set[tuple[datetime, str]]) -> bool:
    """Return whether a job has a first time to run, and calendars do not leave it out."""
    return bool(fires) and not stage.off_because(job, min(fires)[0])


def _is_scheduled(run: str, job: Started) -> bool:
    """Tell a run of its own schedule from one that a flow started."""
    return re.fullmatch(rf"{job.name}-\d{{4}}-\d\d-\d\dT\d{{6}}Z", run) is not None


def _came_twice(stage: Stage, job: Started, fires: set[tuple[datetime, str]]) -> Outcome:
    when, _ = min(fires)
    run = run_name(job, when)
    duplicates = sum(other == when for other, _ in fires)  # each schedule of this time has one
    return Outcome(
        at=when,
        what="A trigger is delivered twice",
        expected={
            "trigger": " + ".join(["started", *["duplicate"] * duplicates]),
            "runs": 1,
            "message to": stage.expected_to_hear(job) if job.tells_of_success else NOBODY,
        },
        happened={
            "trigger": stage.fate(run),
            "runs": sum(found["name"] == run for found in stage.executions(job.machine_arn)),
            "message to": stage.told(run),
        },
    )


def _longest_window(job: Started) -> timedelta:
    windows = (schedule["FlexibleTimeWindow"] for schedule in job.schedules)
    return timedelta(minutes=max(window.get("MaximumWindowInMinutes", 0) for window in windows))


def _fires(job: Started, begin: datetime, end: datetime) -> set[tuple[datetime, str]]:
    """Say when each of a job's schedules should fire, and its name."""
    return {
        (when, schedule["Name"])
        for schedule in job.schedules
        for when in _fires_of(schedule, begin, end)
    }


def _fires_of(schedule: dict[str, Any], begin: datetime, end: datetime) -> Iterator[datetime]:
    """Say when a schedule should fire, by another calculator than the embedded AWS's."""
    if schedule["State"] != "ENABLED":
        return iter(())
    start: datetime | None = schedule.get("StartDate")
    last: datetime | None = schedule.get("EndDate")
    if start is not None:
        begin = max(begin, start)
    if last is not None:
        end = min(end, last + timedelta(seconds=1))
    zone = ZoneInfo(schedule["ScheduleExpressionTimezone"])
    expression = schedules.parse(schedule["ScheduleExpression"])
    return expression.fires(begin, end, zone, start or schedule["CreationDate"])
