"""When jobs run: several schedules for one, windows, and pauses by hand that stay."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from rehearsal.scenario import Scenario
from rehearsal.stage import Facts, Job, Stage, as_it_was, execution_arn

_SOON = timedelta(minutes=2)
_WINDOW_MINUTES = "MaximumWindowInMinutes"


def _job_whose(schedules: Callable[[Job], bool], what: str) -> Callable[[Stage], str | None]:
    """Return why a scenario does not apply: no job has such schedules."""

    def unless(stage: Stage) -> str | None:
        return None if any(map(schedules, stage.jobs)) else f"no job has {what}"

    return unless


def _has_several(job: Job) -> bool:
    """Whether several schedules start a job, none of which a calendar may skip."""
    return len(job.schedules) > 1 and "calendar" not in job.trigger


def _has_window(job: Job) -> bool:
    return any(_WINDOW_MINUTES in one["FlexibleTimeWindow"] for one in job.schedules)


def _once(stage: Stage, job: Job, wait: timedelta) -> str:
    """Let all schedules of a job fire for one time, soon; return the run that is for it."""
    at = (stage.aws.clock.now() + _SOON).replace(microsecond=0)
    while stage.off_because(job, at):
        at += timedelta(days=1)
    stage.set_schedules(
        job,
        ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
        ScheduleExpressionTimezone="UTC",
        State="ENABLED",
    )
    stage.aws.clock.run_until(at + wait)
    stage.set_schedules(job, State="DISABLED")
    stage.finish()
    return f"{job.name}-{at:%Y-%m-%dT%H%M%SZ}"


def _come_at_once(stage: Stage, _: Scenario) -> Facts:
    job = next(filter(_has_several, stage.jobs))
    run = _once(stage, job, timedelta(minutes=_window_minutes(job)))
    ended = stage.end(execution_arn(job.machine_arn, run))
    runs = sum(found["name"] == run for found in stage.executions(job.machine_arn))
    triggers = stage.fate(run).split(" + ")
    return {
        "trigger": triggers[0],
        "further triggers": " + ".join(sorted(set(triggers[1:]))),
        "runs": runs,
        "run": ended["run"],
    }


def _comes_within_its_window(stage: Stage, _: Scenario) -> Facts:
    job = next(filter(_has_window, stage.jobs))
    window = timedelta(minutes=_window_minutes(job))
    run = _once(stage, job, window)
    arn = execution_arn(job.machine_arn, run)
    found = stage.states.describe_execution(executionArn=arn)
    scheduled: str = json.loads(found["input"])["scheduledTime"]
    late = found["startDate"] - datetime.fromisoformat(scheduled)
    return {
        "trigger": stage.fate(run).split(" + ")[0],
        "run": stage.end(arn)["run"],
        "started": "within its window" if timedelta() < late <= window else f"{late} late",
        "scheduled time": "as written" if run.endswith(scheduled.replace(":", "")) else scheduled,
    }


def _window_minutes(job: Job) -> int:
    return max(one["FlexibleTimeWindow"].get(_WINDOW_MINUTES, 0) for one in job.schedules)


def _keeps_no_pauses(stage: Stage) -> str | None:
    if _pausable(stage) is None:
        return "no job of the stack file has a schedule"
    key = next((key for key in stage.up.config if key.endswith(":keepPaused")), "")
    return None if stage.up.config.get(key) == "true" else "keepPaused is not set"


def _pausable(stage: Stage) -> Job | None:
    """Return a job that can be paused, and changed: those of job files stand elsewhere."""
    written = stage.section("jobs")
    return next((job for job in stage.jobs if job.schedules and job.name in written), None)


def _pause_outlives_an_up(stage: Stage, _: Scenario) -> Facts:
    """Pause by hand, change something else; then resume by hand, and change it back."""
    job = _pausable(stage)
    assert job is not None  # noqa: S101 - `unless` has looked
    stage.set_schedules(job, State="DISABLED")
    changed = stage.up(lambda config: _another_deadline(config, job.name), refreshed=True)
    paused = _states(stage, job)
    stage.set_schedules(job, State="ENABLED")
    stage.up(as_it_was, refreshed=True)
    resumed = _states(stage, job)
    stage.set_schedules(job, State="DISABLED")
    return {
        "trigger": "none",
        "updated": any(step.name.startswith(f"job-{job.name}-schedule") for step in changed.steps),
        "paused, and after an up": paused,
        "resumed, and after an up": resumed,
    }


def _another_deadline(config: dict[str, str], job: str) -> None:
    key = next(key for key in config if key.endswith(":jobs"))
    jobs: dict[str, Any] = json.loads(config[key])
    jobs[job]["startDeadline"] = "59m"
    config[key] = json.dumps(jobs)


def _states(stage: Stage, job: Job) -> str:
    scheduler: Any = stage.aws.client("scheduler")
    found = (
        scheduler.get_schedule(GroupName=one["GroupName"], Name=one["Name"])
        for one in job.schedules
    )
    return " + ".join(sorted({one["State"] for one in found}))


FEATURES = (
    Scenario(
        name="schedules-at-once",
        says="All schedules of one job fire for the same time",
        unless=_job_whose(_has_several, "several schedules"),
        act=_come_at_once,
        expects=lambda _: {"further triggers": "duplicate", "runs": 1, "run": "succeeded"},
    ),
    Scenario(
        name="flexible-window",
        says="Scheduler takes its time within a job's window",
        unless=_job_whose(_has_window, "a flexible window"),
        act=_comes_within_its_window,
        expects=lambda _: {
            "run": "succeeded",
            "started": "within its window",
            "scheduled time": "as written",
        },
    ),
    Scenario(
        name="pause-kept",
        says="Somebody pauses a job by hand, later resumes it, and an up follows each time",
        unless=_keeps_no_pauses,
        act=_pause_outlives_an_up,
        expects=lambda _: {
            "trigger": "none",
            "updated": True,
            "paused, and after an up": "DISABLED",
            "resumed, and after an up": "ENABLED",
        },
    ),
)
