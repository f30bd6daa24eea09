"""Some ordinary hours in the life of a deployed stack, and what must come of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from definitions import schedules
from rehearsal.stage import NOBODY, Job, Outcome, Stage, run_name


def live(stage: Stage, hours: int) -> Iterator[Outcome]:
    """Let the schedules fire for some hours; the first trigger of the first job comes twice."""
    begin = stage.aws.clock.now()
    end = begin + timedelta(hours=hours)
    scheduled = [job for job in stage.jobs if job.schedule is not None]
    expected = {job.name: list(_fires(job, begin, end)) for job in scheduled}
    twice = next((job for job in scheduled if _starts(stage, job, expected[job.name][:1])), None)
    if twice is not None:
        stage.aws.schedules.deliver_twice(stage.exports["scheduleGroup"], twice.name)
    stage.aws.clock.run_until(end)
    for job in scheduled:
        yield stage.explained(_ordinary(stage, job, begin, end, expected[job.name]))
    if twice is not None:
        yield _came_twice(stage, twice, expected[twice.name][0])


def _ordinary(
    stage: Stage, job: Job, begin: datetime, end: datetime, fires: list[datetime]
) -> Outcome:
    left_out = [at for at in fires if stage.off_because(job, at)]
    due = len(fires) - len(left_out)
    ends = [
        stage.aws.wait_for(run["executionArn"])
        for run in list(stage.executions(job.machine_arn))  # waiting makes more of them
        if run["startDate"] < end
    ]
    failed = [run for run in ends if run["status"] != "SUCCEEDED"]
    return Outcome(
        at=begin,
        what=f"{job.name}: its schedule fires",
        expected={
            "runs": due,
            "succeeded": due,
            **({"skipped": len(left_out)} if left_out else {}),
        },
        happened={
            "runs": len(ends),
            "succeeded": len(ends) - len(failed),
            "skipped": sum(stage.skipped_because(run_name(job, at)) is not None for at in left_out),
            "because": stage.why(failed[0]) if failed else None,
        },
    )


def _starts(stage: Stage, job: Job, first: list[datetime]) -> bool:
    """Return whether there is a first time to run, and calendars do not leave it out."""
    return any(not stage.off_because(job, at) for at in first)


def _came_twice(stage: Stage, job: Job, when: datetime) -> Outcome:
    run = run_name(job, when)
    return Outcome(
        at=when,
        what="A trigger is delivered twice",
        expected={
            "trigger": "started + duplicate",
            "runs": 1,
            "message to": "success" if job.tells_of_success else NOBODY,
        },
        happened={
            "trigger": stage.fate(run),
            "runs": sum(found["name"] == run for found in stage.executions(job.machine_arn)),
            "message to": stage.told(run),
        },
    )


def _fires(job: Job, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Say when a schedule should fire, by another calculator than the embedded AWS's."""
    if job.schedule is None or job.schedule["State"] != "ENABLED":
        return iter(())
    zone = ZoneInfo(job.schedule["ScheduleExpressionTimezone"])
    expression = schedules.parse(job.schedule["ScheduleExpression"])
    return expression.fires(begin, end, zone, job.schedule["CreationDate"])
