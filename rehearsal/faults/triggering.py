"""Faults between the clock and the run: triggers that come twice or never."""

from collections.abc import Callable
from datetime import timedelta

from rehearsal.faults.breaking import denied, held, of_dispatcher, of_schedules
from rehearsal.scenario import Scenario, succeeded
from rehearsal.stage import BETWEEN, DEAD_LETTER, NOBODY, Facts, Stage


def _comes_twice(stage: Stage, _: Scenario) -> Facts:
    run = stage.trigger(stage.job, overlap="forbid", times=2)
    stage.finish()
    return stage.facts(run)


def _comes_again_late(stage: Stage, _: Scenario) -> Facts:
    run = stage.trigger(stage.job)
    stage.finish()
    stage.pass_time(timedelta(hours=1))
    stage.dispatch(stage.last_trigger)
    stage.finish()
    return stage.facts(run)


def _overlap(policy: str) -> Callable[[Stage, Scenario], Facts]:
    def act(stage: Stage, _: Scenario) -> Facts:
        older = stage.trigger(stage.job, overlap=policy, then=stage.job.going_on)
        newer = stage.trigger(stage.job, overlap=policy)
        stage.finish()
        first, second = stage.facts(older), stage.facts(newer)
        told = [facts["message to"] for facts in (first, second) if facts["message to"] != NOBODY]
        return {
            "trigger": first["trigger"],
            "newer trigger": second["trigger"],
            "older run": first["run"],
            "newer run": second["run"],
            "messages to": " + ".join(told),
        }

    return act


def _unknown_job(stage: Stage, _: Scenario) -> Facts:
    scheduled = f"{stage.aws.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    stage.dispatch({"job": "no-such-job", "scheduledTime": scheduled})
    stage.finish()
    return {"trigger": stage.fate(f"no-such-job-{scheduled.replace(':', '')}")}


def _never_fires(stage: Stage, _: Scenario) -> Facts:
    """Let a day pass while the schedule is disabled, as all are while faults are played."""
    before = sum(1 for _ in stage.executions(stage.dispatcher_arn))
    stage.pass_time(timedelta(days=1))
    started = sum(1 for _ in stage.executions(stage.dispatcher_arn)) - before
    return {"trigger": "came" if started else "never came", "message to": NOBODY}


def _stopped(stage: Stage, _: Scenario) -> Facts:
    """Let somebody stop the dispatcher, which is held, before it has done anything."""
    run = stage.trigger(stage.job)
    for going in stage.executions(stage.dispatcher_arn, "RUNNING"):
        stage.states.stop_execution(executionArn=going["executionArn"])
    stage.finish()
    return stage.facts(run)


def _nothing_came(how: str) -> Facts:
    return {
        "trigger": f"dispatcher {how}",
        "run": "none",
        "message to": NOBODY,
        "alarm": "dispatcher-failed",
    }


def _unscheduled(stage: Stage) -> str | None:
    return f"job {stage.job.name} has no schedule" if stage.job.schedule is None else None


def _over_before_the_next(stage: Stage) -> str | None:
    lasts = stage.job.going_on.seconds or 0
    if lasts > BETWEEN.total_seconds():
        return None
    return f"job {stage.job.name} may not take long enough to be met by its next run"


FAULTS = (
    Scenario(
        name="double-fire",
        says="The trigger is delivered twice at once",
        act=_comes_twice,
        expects=lambda _: {"trigger": "started + duplicate", **succeeded()},
    ),
    Scenario(
        name="late-double-fire",
        says="The trigger is delivered again an hour after its run ended",
        act=_comes_again_late,
        expects=lambda _: {"trigger": "started + duplicate", **succeeded()},
    ),
    Scenario(
        name="overlap-forbid",
        says="A run meets an older one, overlap: forbid",
        act=_overlap("forbid"),
        unless=_over_before_the_next,
        expects=lambda _: {
            "newer trigger": "skipped",
            "older run": "succeeded",
            "newer run": "none",
            "messages to": "success",
        },
    ),
    Scenario(
        name="overlap-allow",
        says="A run meets an older one, overlap: allow",
        act=_overlap("allow"),
        unless=_over_before_the_next,
        expects=lambda _: {
            "newer trigger": "started",
            "older run": "succeeded",
            "newer run": "succeeded",
            "messages to": "success + success",
        },
    ),
    Scenario(
        name="overlap-replace",
        says="A run meets an older one, overlap: replace",
        act=_overlap("replace"),
        unless=_over_before_the_next,
        expects=lambda _: {
            "newer trigger": "started",
            "older run": "replaced",
            "newer run": "succeeded",
            "messages to": "success + success",
        },
    ),
    Scenario(
        name="trigger-denied",
        says="The role of the schedules may not start the dispatcher any more",
        broken=denied(of_schedules, "states:StartExecution"),
        unless=_unscheduled,
        expects=lambda _: {
            "trigger": DEAD_LETTER,
            "run": "none",
            "message to": NOBODY,
            "alarm": "dead-letters + triggers-dropped",
        },
    ),
    Scenario(
        name="dead-letter-denied",
        says="The role of the schedules may neither start the dispatcher nor keep the trigger",
        broken=denied(of_schedules, "states:StartExecution", "sqs:SendMessage"),
        unless=_unscheduled,
        expects=lambda _: {
            "trigger": "lost",
            "run": "none",
            "message to": NOBODY,
            "alarm": "triggers-dropped + triggers-lost",
        },
    ),
    Scenario(
        name="dispatcher-denied",
        says="The dispatcher's role may not start runs any more",
        broken=denied(of_dispatcher, "states:StartExecution"),
        expects=lambda _: _nothing_came("failed"),
    ),
    Scenario(
        name="dispatcher-hangs",
        says="The dispatcher does not come to an end, and is timed out",
        broken=held(lambda stage: stage.dispatcher_arn),
        expects=lambda _: _nothing_came("timed_out"),
    ),
    Scenario(
        name="dispatcher-stopped",
        says="Somebody stops the dispatcher before it has started the run",
        broken=held(lambda stage: stage.dispatcher_arn),
        act=_stopped,
        expects=lambda _: _nothing_came("aborted"),
    ),
    Scenario(
        name="job-unknown",
        says="Somebody starts a job that there is not",
        act=_unknown_job,
        expects=lambda _: {"trigger": "dispatcher failed", "alarm": "dispatcher-failed"},
    ),
    Scenario(
        name="schedule-disabled",
        says="Somebody disabled the schedule: nothing runs for a day, and nothing notices",
        act=_never_fires,
        unless=_unscheduled,
        expects=lambda _: {"trigger": "never came", "message to": NOBODY, "alarm": "none"},
    ),
)
