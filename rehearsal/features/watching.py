"""Runs that are missing and runs that take too long are told of; graphs have data."""

import json
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rehearsal.cloud import Played
from rehearsal.cloud.metric_search import found_by
from rehearsal.cloud.scheduler import next_time
from rehearsal.faults.breaking import denied
from rehearsal.scenario import Scenario
from rehearsal.stage import (
    DEAD_LETTER,
    SUCCEEDS,
    UNTOLD,
    Facts,
    Job,
    Stage,
    execution_arn,
)

FAILS = Played(exit_code=3)
SAID_OF_A_FAILURE = "failed, exit code 3: Essential container in task exited"
_OF_AN_ARRAY = re.compile(r"failed: (\d+) of \1 elements failed: 0 \(failed, exit code 3\).*")
WEEK = timedelta(days=7)
A_MOMENT = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class _Watch:
    """A schedule whose runs have to succeed in time."""

    job: Job
    schedule: dict[str, Any]
    within: timedelta
    every: timedelta
    """Step of a rate, else zero."""

    @property
    def name(self) -> str:
        """Name of the second schedule, which starts the watcher."""
        return f"{self.schedule['Name']}--watch"

    def due_after(self, stage: Stage, instant: datetime) -> datetime:
        """Return when a run is due next that no calendar leaves out."""
        due = self.next_due(stage, instant)
        assert due is not None  # noqa: S101 - _watches() leaves out what is over
        return due

    def next_due(self, stage: Stage, instant: datetime) -> datetime | None:
        """Return the same; ``None`` if there is no such time."""
        due = self._fires_after(instant)
        while due is not None and stage.off_because(self.job, due):
            due = self._fires_after(due)
        return due

    def _fires_after(self, instant: datetime) -> datetime | None:
        expression = self.schedule["ScheduleExpression"]
        zone = self.schedule["ScheduleExpressionTimezone"]
        return next_time(expression, zone, instant, self.schedule["CreationDate"])


def _watches(stage: Stage) -> Iterator[_Watch]:
    scheduler: Any = stage.aws.client("scheduler")
    end_with_their_tasks = (job for job in stage.jobs if not job.heartbeat_seconds)
    for job in sorted(end_with_their_tasks, key=lambda job: not job.is_plain):
        for schedule in job.schedules:
            try:
                found = scheduler.get_schedule(
                    GroupName=schedule["GroupName"], Name=f"{schedule['Name']}--watch"
                )
            except scheduler.exceptions.ResourceNotFoundException:
                continue
            asked = json.loads(found["Target"]["Input"])
            watch = _Watch(
                job=job,
                schedule=schedule,
                within=timedelta(seconds=asked["withinSeconds"]),
                every=timedelta(seconds=asked.get("everySeconds", 0)),
            )
            if watch.next_due(stage, stage.aws.clock.now() + 2 * A_MOMENT) is not None:
                yield watch


Fits = Callable[[Stage, _Watch], bool]


def _of_a_clock(_: Stage, watch: _Watch) -> bool:
    return not watch.every and watch.schedule["ScheduleExpression"].startswith("cron(")


def _of_a_rate(_: Stage, watch: _Watch) -> bool:
    return bool(watch.every)


def _of_a_week(stage: Stage, watch: _Watch) -> bool:
    if not _of_a_clock(stage, watch):
        return False
    first = watch.due_after(stage, stage.aws.clock.now())
    second = watch.next_due(stage, first)
    return second is not None and second - first >= WEEK


def _of_long_runs(stage: Stage, watch: _Watch) -> bool:
    """Whether a run may still go when it should have succeeded."""
    longest = timedelta(seconds=watch.job.timeout_seconds)
    return _of_a_clock(stage, watch) and longest > watch.within + 2 * A_MOMENT


def _of_long_runs_alone(stage: Stage, watch: _Watch) -> bool:
    return _of_long_runs(stage, watch) and watch.job.trigger["overlap"] == "forbid"


def _watch(stage: Stage, fits: Fits) -> _Watch | None:
    return next((watch for watch in _watches(stage) if fits(stage, watch)), None)


def _unless(fits: Fits) -> Callable[[Stage], str | None]:
    return lambda stage: (
        None if _watch(stage, fits) else "no job of this kind has expectSuccessWithin"
    )


@contextmanager
def _awake(stage: Stage, watch: _Watch) -> Generator[None]:
    """Let a job's own schedules fire, which are paused while scenarios are played."""
    stage.set_schedules(watch.job, State="ENABLED")
    try:
        yield
    finally:
        stage.set_schedules(watch.job, State="DISABLED")


@contextmanager
def _gone(stage: Stage, watch: _Watch) -> Generator[None]:
    """Delete a schedule by hand, and make it again."""
    scheduler: Any = stage.aws.client("scheduler")
    schedule = {
        key: value
        for key, value in watch.schedule.items()
        if key not in ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata")
    }
    scheduler.delete_schedule(GroupName=schedule["GroupName"], Name=schedule["Name"])
    try:
        yield
    finally:
        scheduler.create_schedule(**{**schedule, "State": "DISABLED"})


Meanwhile = Callable[[Stage, _Watch, str], None]
"""What happens when a run is due and before it has to have succeeded."""


def _nothing(_: Stage, __: _Watch, ___: str) -> None:
    """Let the run go."""


def _let_be_due(
    fits: Fits,
    *,
    then: Callable[[_Watch], Played] = lambda _: SUCCEEDS,
    before: Meanwhile = _nothing,
    after: Meanwhile = _nothing,
    while_: Callable[[Stage, _Watch], AbstractContextManager[None]] = _awake,
) -> Callable[[Stage, Scenario], Facts]:
    """Wait until a run is due, and until it has to have succeeded.

    ``before`` happens a moment before it is due, ``after`` a moment after; ``while_`` lasts.
    """

    def act(stage: Stage, _: Scenario) -> Facts:
        watch = _watch(stage, fits)
        assert watch is not None  # noqa: S101 - `unless` has looked
        clock, job = stage.aws.clock, watch.job
        with while_(stage, watch):
            due = watch.due_after(stage, clock.now() + 2 * A_MOMENT)
            run = f"{job.name}-{due:%Y-%m-%dT%H%M%SZ}"
            stage.goes(run, then(watch))
            clock.run_until(due - A_MOMENT)
            before(stage, watch, run)
            clock.run_until(due + A_MOMENT)
            after(stage, watch, run)
            clock.run_until(due + watch.within + watch.every + A_MOMENT)
            said = stage.watched(run, "missing")
        stage.finish()
        ended = stage.end(execution_arn(job.machine_arn, run))
        # Which run and since when is different in every stack.
        short = re.sub(r", since \S+|: arn:\S+|(?<=its schedule )\S+ ", "", said)
        short = _OF_AN_ARRAY.sub(SAID_OF_A_FAILURE, short)
        return {"trigger": stage.fate(run), "run": ended["run"], "watcher": short}

    return act


def _no_run_of_a_rate_succeeds(stage: Stage, _: Scenario) -> Facts:
    """Let two runs fail: of the one, nobody can say at which time it is due."""
    watch = _watch(stage, _of_a_rate)
    assert watch is not None  # noqa: S101 - `unless` has looked
    clock, job = stage.aws.clock, watch.job
    with _awake(stage, watch):
        first = watch.due_after(stage, clock.now())
        second = watch.due_after(stage, first)
        run, latest = (f"{job.name}-{due:%Y-%m-%dT%H%M%SZ}" for due in (first, second))
        stage.goes(run, FAILS)
        stage.goes(latest, FAILS)
        clock.run_until(second + watch.within + A_MOMENT)
        said = stage.watched(latest, "missing")
    stage.finish()
    ended = stage.end(execution_arn(job.machine_arn, latest))
    return {"trigger": stage.fate(latest), "run": ended["run"], "watcher": said}


def _run_goes_already(stage: Stage, watch: _Watch, run: str) -> None:
    """Start a run by hand that is still going when the one that is due should have succeeded."""
    del run
    name = f"by-hand-{stage.aws.clock.now():%H%M%S}"
    stage.goes(name, _too_long(watch))
    by_hand = {key: said for key, said in watch.job.trigger.items() if key != "scheduledTime"}
    stage.dispatch({**by_hand, "run": name})


def _pause(stage: Stage, watch: _Watch, run: str) -> None:
    del run
    stage.set_schedules(watch.job, State="DISABLED")


def _watch_twice(stage: Stage, watch: _Watch, run: str) -> None:
    del run
    stage.aws.schedules.deliver_twice(watch.schedule["GroupName"], watch.name)


def _too_long(watch: _Watch) -> Played:
    return Played(exit_code=0, seconds=(watch.within + 2 * A_MOMENT).total_seconds())


@contextmanager
def _triggers_refused(stage: Stage) -> Generator[None]:
    """Let the dispatcher refuse all triggers of schedules, but not the watcher."""
    kept = stage.aws.schedules.refuse
    stage.aws.schedules.refuse = lambda name, _: (
        None if name.endswith("--watch") else "AccessDeniedException"
    )
    try:
        yield
    finally:
        stage.aws.schedules.refuse = kept


# -- runs that take too long


def _warned_job(stage: Stage) -> Job | None:
    asked = (
        job
        for job in stage.jobs
        if "warnAfterSeconds" in job.trigger.get("input", {}) and not job.heartbeat_seconds
    )
    return next(asked, None)


def _nobody_warned(stage: Stage) -> str | None:
    return None if _warned_job(stage) else "no job has warnAfter"


def _takes(longer: timedelta) -> Callable[[Stage, Scenario], Facts]:
    """Let a run take so much longer than the time after which people are warned.

    The event of its start comes twice, as EventBridge may deliver it.
    """

    def act(stage: Stage, _: Scenario) -> Facts:
        job = _warned_job(stage)
        assert job is not None  # noqa: S101 - `unless` has looked
        after = timedelta(seconds=job.trigger["input"]["warnAfterSeconds"])
        run = stage.trigger(job, then=Played(exit_code=0, seconds=(after + longer).total_seconds()))
        stage.pass_time(timedelta())
        for event in [event for event in stage.aws.events.events if _begins(event, run)]:
            stage.states.start_execution(stateMachineArn=stage.watcher_arn, input=json.dumps(event))
        stage.finish()
        facts = stage.end(execution_arn(job.machine_arn, run))
        said = stage.watched(run, "late").replace(f"{job.name} ", "")
        return {
            **facts,
            "trigger": stage.fate(run),
            "watches": sum(_is_about(stage, watch, run) for watch in _started_watchers(stage)),
            "watcher": re.sub(r" after .*", "", said),
        }

    return act


def _starts(stage: Stage, _: Scenario) -> Facts:
    """Run a job of whose long runs people want to be warned."""
    job = _warned_job(stage)
    assert job is not None  # noqa: S101 - `unless` has looked
    run = stage.trigger(job)
    stage.finish()
    return {**stage.end(execution_arn(job.machine_arn, run)), "trigger": stage.fate(run)}


def _started_watchers(stage: Stage) -> Iterator[dict[str, Any]]:
    return stage.executions(stage.watcher_arn or "")


def _is_about(stage: Stage, watch: dict[str, Any], run: str) -> bool:
    """Tell whether an execution of the watcher came of the event of a run's start."""
    found = stage.states.describe_execution(executionArn=watch["executionArn"])
    event = json.loads(found["input"])
    return "detail" in event and _begins(event, run)


def _begins(event: dict[str, Any], run: str) -> bool:
    detail = event["detail"]
    return detail.get("name") == run and detail.get("status") == "RUNNING"


def _of_watcher(stage: Stage) -> str:
    return stage.role_of(stage.watcher_arn or "")


def _of_started_rule(stage: Stage) -> str:
    """Role with which EventBridge starts the watcher."""
    events: Any = stage.aws.client("events")
    (rule,) = events.list_rule_names_by_target(TargetArn=stage.watcher_arn)["RuleNames"]
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    return target["RoleArn"]


# -- the dashboard


def _body(stage: Stage) -> str | None:
    cloudwatch: Any = stage.aws.client("cloudwatch")
    name = stage.exports["scheduleGroup"]
    listed = cloudwatch.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]
    if name not in [entry["DashboardName"] for entry in listed]:
        return None
    return cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]


def _no_dashboard(stage: Stage) -> str | None:
    return None if _body(stage) else "the stack has no dashboard"


def _everything_once(stage: Stage, _: Scenario) -> Facts:
    """Let every kind of end come once, and a trigger that is refused; then look at the graphs."""
    job = stage.job
    stage.trigger(job, then=Played(exit_code=0, seconds=120))
    stage.trigger(job, overlap="forbid")  # skipped: the other one goes
    stage.trigger(job, then=FAILS)
    stopped = stage.trigger(job)
    stage.states.stop_execution(executionArn=execution_arn(job.machine_arn, stopped))
    with _triggers_refused(stage):
        stage.trigger(job)
    stage.finish()
    body = _body(stage)
    assert body is not None  # noqa: S101 - `unless` has looked
    metrics = stage.aws.alarms.metrics(stage.aws.region)
    empty = [
        line
        for widget in json.loads(body)["widgets"]
        for line in widget["properties"].get("metrics", [])
        if not _has_data(line, metrics)
    ]
    return {"trigger": "started", "graphs without data": ", ".join(map(_named, empty)) or "none"}


def _has_data(line: list[Any], metrics: list[Any]) -> bool:
    """Tell whether a line of a graph shows anything; one that is made of others does if they do."""
    if "expression" in line[-1]:
        expression: str = line[-1]["expression"]
        return "SEARCH" not in expression or bool(found_by(expression, metrics))
    namespace, name, *dimensions = (part for part in line if isinstance(part, str))
    named = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
    return (namespace, name, named) in metrics


def _named(line: list[Any]) -> str:
    return str(line[-1].get("label", line[-1].get("id")))


def _unscheduled(stage: Stage) -> str | None:
    return _no_dashboard(stage) or (
        f"job {stage.job.name} has no schedule" if stage.job.schedule is None else None
    )


FEATURES = (
    Scenario(
        name="success-in-time",
        says="A run that has to succeed in time does",
        act=_let_be_due(_of_a_clock),
        unless=_unless(_of_a_clock),
        expects=lambda _: {"run": "succeeded", "watcher": UNTOLD},
    ),
    Scenario(
        name="no-success-in-time",
        says="A run that has to succeed in time fails, and is watched twice",
        act=_let_be_due(_of_a_clock, then=lambda _: FAILS, before=_watch_twice),
        unless=_unless(_of_a_clock),
        expects=lambda _: {"run": "failed", "watcher": SAID_OF_A_FAILURE},
    ),
    Scenario(
        name="no-success-in-a-week",
        says="A run that is due once a week fails",
        act=_let_be_due(_of_a_week, then=lambda _: FAILS),
        unless=_unless(_of_a_week),
        expects=lambda _: {"run": "failed", "watcher": SAID_OF_A_FAILURE},
    ),
    Scenario(
        name="no-end-in-time",
        says="A run still goes when it has to have succeeded",
        act=_let_be_due(_of_long_runs, then=_too_long),
        unless=_unless(_of_long_runs),
        expects=lambda _: {"run": "succeeded", "watcher": "still running"},
    ),
    Scenario(
        name="no-run-in-time",
        says="A run that has to succeed in time is skipped: an older one goes",
        act=_let_be_due(_of_long_runs_alone, before=_run_goes_already),
        unless=_unless(_of_long_runs_alone),
        expects=lambda _: {
            "trigger": "skipped",
            "run": "none",
            "watcher": "skipped: an older run is still going",
        },
    ),
    Scenario(
        name="no-trigger-in-time",
        says="The trigger of a run that has to succeed in time is refused",
        broken=_triggers_refused,
        act=_let_be_due(_of_a_clock),
        unless=_unless(_of_a_clock),
        expects=lambda _: {
            "trigger": DEAD_LETTER,
            "run": "none",
            "watcher": "never started: its trigger is in the dead letters "
            "(refused by the rehearsal)",
            "alarm": "dead-letters + triggers-dropped",
        },
    ),
    Scenario(
        name="schedule-gone",
        says="Somebody deleted the schedule of a run that has to succeed in time",
        act=_let_be_due(_of_a_clock, while_=_gone),
        unless=_unless(_of_a_clock),
        expects=lambda _: {
            "trigger": "lost",
            "run": "none",
            "watcher": "never started: its schedule is gone",
        },
    ),
    Scenario(
        name="paused-before",
        says="Somebody paused the schedule before a run was due",
        act=_let_be_due(_of_a_clock, before=_pause),
        unless=_unless(_of_a_clock),
        expects=lambda _: {"trigger": "lost", "run": "none", "watcher": UNTOLD},
    ),
    Scenario(
        name="paused-after",
        says="Somebody pauses the schedule after a run has failed",
        act=_let_be_due(_of_a_clock, then=lambda _: FAILS, after=_pause),
        unless=_unless(_of_a_clock),
        expects=lambda _: {"run": "failed", "watcher": UNTOLD},
    ),
    Scenario(
        name="no-success-of-a-rate",
        says="No run of a rate succeeds in its step",
        act=_no_run_of_a_rate_succeeds,
        unless=_unless(_of_a_rate),
        expects=lambda _: {"run": "failed", "watcher": SAID_OF_A_FAILURE},
    ),
    Scenario(
        name="run-late",
        says="A run takes too long; the event of its start comes twice",
        act=_takes(timedelta(minutes=10)),
        unless=_nobody_warned,
        expects=lambda _: {
            "run": "succeeded",
            "message to": "success",
            "watches": 2,
            "watcher": "still runs",
        },
    ),
    Scenario(
        name="run-not-late",
        says="A run ends just before people would be told that it takes too long",
        act=_takes(-timedelta(minutes=1)),
        unless=_nobody_warned,
        expects=lambda _: {"run": "succeeded", "message to": "success", "watcher": UNTOLD},
    ),
    Scenario(
        name="watcher-not-started",
        says="The role of the rule on the start of runs may not start the watcher any more",
        broken=denied(_of_started_rule, "states:StartExecution"),
        act=_starts,
        unless=_nobody_warned,
        expects=lambda _: {
            "run": "succeeded",
            "message to": "success",
            "alarm": "dead-letters + watcher-failed",
        },
    ),
    Scenario(
        name="watcher-denied",
        says="The watcher's role may not start the notifier any more",
        broken=denied(_of_watcher, "states:StartExecution"),
        act=_let_be_due(_of_a_clock, then=lambda _: FAILS),
        unless=_unless(_of_a_clock),
        expects=lambda _: {"run": "failed", "watcher": UNTOLD, "alarm": "watcher-failed"},
    ),
    Scenario(
        name="dashboard",
        says="Runs end in every way: each line of the dashboard has data",
        act=_everything_once,
        unless=_unscheduled,
        expects=lambda _: {
            "graphs without data": "none",
            "alarm": "dead-letters + triggers-dropped",
        },
    ),
)
