"""What a fault is, and how one is played."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rehearsal.cloud import Played
from rehearsal.stage import ORDINARY, SUCCEEDS, Facts, Job, Outcome, Stage

ALARM = timedelta(minutes=15)
"""In which an alarm goes off, or is over: its period is five minutes."""


@contextmanager
def nothing_broken(_: Stage) -> Generator[None]:
    """Leave the stack as it is: the fault is in the run itself."""
    yield


def to_every_stack(_: Stage) -> str | None:
    """Let a fault apply everywhere."""


def one_run(stage: Stage, fault: "Fault") -> Facts:
    """Trigger one run, wait for its end and for the message about it."""
    job = stage.job
    run = stage.trigger(job, attempts=fault.attempts(job), then=fault.then, given=fault.given)
    stage.finish()
    return stage.facts(run)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong, and all that should come of it.

    What ``broken`` does to the stack is undone when its block ends, so that faults can be played
    one after another, in any order, on one deployed stack.
    """

    name: str
    """By which ``--only`` plays it: lower case, hyphens."""
    says: str
    """What goes wrong, as a person on call would say it; no full stop."""
    expects: Callable[[Job], Facts]
    """What should come of it; that the trigger is ``started`` need not be said.

    An expected ``reason`` is words that the reason must hold.
    """
    attempts: Callable[[Job], Sequence[Played]] = lambda _: ()
    """How the first attempts of the run go."""
    then: Played = SUCCEEDS
    """How any further attempt goes."""
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The run's own input."""
    broken: Callable[[Stage], AbstractContextManager[None]] = nothing_broken
    """Breaks something in the deployed stack for as long as its block lasts."""
    act: Callable[[Stage, "Fault"], Facts] = one_run
    """Lets it happen and says what happened."""
    unless: Callable[[Stage], str | None] = to_every_stack
    """Says why the fault does not apply to a stack, if it does not."""


def play(stage: Stage, fault: Fault) -> Outcome:
    """Let a fault happen to the stack's job, put the stack right again, and say what came of it."""
    at = stage.aws.clock.now()
    reason = fault.unless(stage) if stage.jobs else "there is no job whose program is here"
    if reason is not None:
        return Outcome(
            at=at, name=fault.name, what=fault.says, expected={}, happened={}, left_out=reason
        )
    expected = {**ORDINARY, **fault.expects(stage.job)}
    unheard = len(stage.aws.unheard)
    try:
        happened = _happened(stage, fault, at, alarms="alarm" in expected)
        happened = {**happened, "unheard": len(stage.aws.unheard) - unheard}
    except Exception as error:
        happened = {"because": f"{type(error).__name__}: {error}"}
    if "reason" in expected and expected["reason"] in (happened.get("because") or ""):
        happened = {**happened, "reason": expected["reason"]}
    return stage.explained(
        Outcome(at=at, name=fault.name, what=fault.says, expected=expected, happened=happened)
    )


def _happened(stage: Stage, fault: Fault, at: datetime, *, alarms: bool) -> Facts:
    tasks = stage.running_tasks()
    with fault.broken(stage):
        facts = fault.act(stage, fault)
        facts = {**facts, "tasks left": len(stage.running_tasks() - tasks)}
        if alarms:
            stage.pass_time(ALARM)
            facts = {**facts, "alarm": stage.alarms(at)}
    if alarms:  # until they are over: they would not go off a second time
        stage.empty_dead_letters()
        stage.pass_time(ALARM)
    return facts


# -- what is expected, in the words of the facts


def succeeded(*, attempts: int = 1) -> Facts:
    """Expect a run that succeeds at last."""
    return {"run": "succeeded", "attempts": attempts, "message to": "success"}


def not_started(reason: str, *, attempts: int = 1) -> Facts:
    """Expect a run whose program never ran, with these words in the reason that people read."""
    return failed("not started", attempts=attempts, reason=reason)


def failed(
    run: str,
    *,
    attempts: int = 1,
    exit_code: int | None = None,
    error: str | None = None,
    reason: str | None = None,
) -> Facts:
    """Expect a run that ends badly, with one message about it."""
    said = {"exit code": exit_code, "attempts": attempts, "error": error, "reason": reason}
    return {
        "run": run,
        **{fact: value for fact, value in said.items() if value is not None},
        "message to": "failure",
    }
