"""Faults between the clock and the run: triggers that come twice or never."""

from collections.abc import Callable
from datetime import timedelta

from rehearsal.cloud import Played
from rehearsal.faults.model import Fault, succeeded
from rehearsal.stage import NOBODY, Facts, Stage

LONG = Played(exit_code=0, seconds=600)


def _comes_twice(stage: Stage, _: Fault) -> Facts:
    run = stage.trigger(stage.job, overlap="forbid", times=2)
    stage.finish()
    return {"trigger": stage.fate(run), **stage.end(stage.job, run)}


def _comes_again_late(stage: Stage, _: Fault) -> Facts:
    run = stage.trigger(stage.job)
    stage.finish()
    stage.pass_time(timedelta(hours=1))
    stage.dispatch(stage.last_trigger)
    stage.finish()
    return {"trigger": stage.fate(run), **stage.end(stage.job, run)}


def _overlap(policy: str) -> Callable[[Stage, Fault], Facts]:
    def act(stage: Stage, _: Fault) -> Facts:
        older = stage.trigger(stage.job, overlap=policy, then=LONG)
        newer = stage.trigger(stage.job, overlap=policy)
        stage.finish()
        ends = [stage.end(stage.job, run) for run in (older, newer)]
        told = [end["message to"] for end in ends if end["message to"] != NOBODY]
        return {
            "trigger": stage.fate(older),
            "newer trigger": stage.fate(newer),
            "older run": ends[0]["run"],
            "newer run": ends[1]["run"],
            "messages to": " + ".join(told),
        }

    return act


def _never_fires(stage: Stage, _: Fault) -> Facts:
    """Let a day pass while the schedule is disabled, as all are while faults are played."""
    before = sum(1 for _ in stage.executions(stage.dispatcher_arn))
    stage.pass_time(timedelta(days=1))
    started = sum(1 for _ in stage.executions(stage.dispatcher_arn)) - before
    return {"trigger": "came" if started else "never came", "message to": NOBODY}


def _unscheduled(stage: Stage) -> str | None:
    return f"job {stage.job.name} has no schedule" if stage.job.schedule is None else None


FAULTS = (
    Fault(
        name="double-fire",
        says="The trigger is delivered twice at once",
        act=_comes_twice,
        expects=lambda _: {"trigger": "started + duplicate", **succeeded()},
    ),
    Fault(
        name="late-double-fire",
        says="The trigger is delivered again an hour after its run ended",
        act=_comes_again_late,
        expects=lambda _: {"trigger": "started + duplicate", **succeeded()},
    ),
    Fault(
        name="overlap-forbid",
        says="A run meets an older one, overlap: forbid",
        act=_overlap("forbid"),
        expects=lambda _: {
            "newer trigger": "skipped",
            "older run": "succeeded",
            "newer run": "none",
            "messages to": "success",
        },
    ),
    Fault(
        name="overlap-allow",
        says="A run meets an older one, overlap: allow",
        act=_overlap("allow"),
        expects=lambda _: {
            "newer trigger": "started",
            "older run": "succeeded",
            "newer run": "succeeded",
            "messages to": "success + success",
        },
    ),
    Fault(
        name="overlap-replace",
        says="A run meets an older one, overlap: replace",
        act=_overlap("replace"),
        expects=lambda _: {
            "newer trigger": "started",
            "older run": "replaced",
            "newer run": "succeeded",
            "messages to": "success + success",
        },
    ),
    Fault(
        name="schedule-disabled",
        says="Somebody disabled the schedule: nothing runs for a day, and nothing notices",
        act=_never_fires,
        unless=_unscheduled,
        expects=lambda _: {"trigger": "never came", "message to": NOBODY},
    ),
)
