"""Calendars: a run on a day that they leave out is skipped, and listed with the reason."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rehearsal.scenario import Scenario
from rehearsal.stage import NOBODY, Facts, Job, Stage, execution_arn

_DAYS_AHEAD = 500
"""How far ahead a day off is looked for: a yearly one is among them."""
_SECOND = timedelta(seconds=1)


def _day_begins_off(stage: Stage, _: Scenario) -> Facts:
    """Trigger a run for the last second before a day off and, twice, one for its first second."""
    found = _job_and_day_off(stage)
    assert found is not None  # noqa: S101 - the scenario applies only where there is one
    job, off = found
    midnight = datetime.combine(off, time(), ZoneInfo(job.trigger["calendar"]["zone"]))
    run_before = stage.trigger_for(job, midnight - _SECOND)
    stage.finish()
    run_off = stage.trigger_for(job, midnight, times=2)
    stage.finish()
    listed = stage.skipped_because(run_off)
    return {
        "trigger": stage.fate(run_off),
        "listed": "with the reason" if listed == stage.off_because(job, midnight) else listed,
        "run": stage.end(execution_arn(job.machine_arn, run_off))["run"],
        "message to": stage.told(run_off),
        "run of the second before": stage.end(execution_arn(job.machine_arn, run_before))["run"],
    }


def _job_and_day_off(stage: Stage) -> tuple[Job, date] | None:
    """Find a job that asks a calendar, and a day off after one that is not."""
    today = stage.aws.clock.now().date()
    for job in stage.jobs:
        if "calendar" not in job.trigger:
            continue
        noon = datetime.combine(today, time(12), ZoneInfo(job.trigger["calendar"]["zone"]))
        for day in (noon + timedelta(days=number) for number in range(1, _DAYS_AHEAD)):
            if stage.off_because(job, day) and not stage.off_because(job, day - timedelta(days=1)):
                return job, day.date()
    return None


def _no_day_off(stage: Stage) -> str | None:
    found = _job_and_day_off(stage)
    return None if found else f"no job's calendar has a day off in the next {_DAYS_AHEAD} days"


FEATURES = (
    Scenario(
        name="calendar-day-off",
        says="A schedule fires at the last second before a day off, and twice at its first second",
        act=_day_begins_off,
        unless=_no_day_off,
        expects=lambda _: {
            "trigger": "skipped + skipped",
            "listed": "with the reason",
            "run": "none",
            "message to": NOBODY,
            "run of the second before": "succeeded",
        },
    ),
)
