"""What is played on a deployed stack, and all that should come of it: features and faults."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
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
    """Leave the stack as it is: what happens is in the run itself."""
    yield


def to_every_stack(_: Stage) -> str | None:
    """Let a scenario apply everywhere."""


def one_run(stage: Stage, scenario: "Scenario") -> Facts:
    """Trigger one run, wait for its end and for the message about it."""
    job = stage.job
    run = stage.trigger(
        job, attempts=scenario.attempts(job), then=scenario.then, given=scenario.given
    )
    stage.finish()
    return stage.facts(run)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One thing that happens to a stack, and all that should come of it.

    What ``broken`` does to the stack is undone when its block ends, so that scenarios can be
    played one after another, in any order, on one deployed stack.
    """

    name: str
    """By which ``--only`` plays it: lower case, hyphens."""
    says: str
    """What happens, as a person on call would say it; no full stop."""
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
    act: Callable[[Stage, "Scenario"], Facts] = one_run
    """Lets it happen and says what happened."""
    unless: Callable[[Stage], str | None] = to_every_stack
    """Says why the scenario does not apply to a stack, if it does not."""


def play(stage: Stage, scenario: Scenario) -> Outcome:
    """Let a scenario happen to the stack, put the stack right again, and say what came of it."""
    at = stage.aws.clock.now()
    reason = _does_not_apply(stage, scenario)
    if reason is not None:
        return Outcome(
            at=at, name=scenario.name, what=scenario.says, expected={}, happened={}, left_out=reason
        )
    expected = {**ORDINARY, **scenario.expects(stage.job)}
    unheard = len(stage.aws.unheard)
    try:
        happened = _happened(stage, scenario, at, alarms="alarm" in expected)
        happened = {**happened, "unheard": len(stage.aws.unheard) - unheard}
    except Exception as error:
        happened = {"because": f"{type(error).__name__}: {error}"}
    if "reason" in expected and expected["reason"] in (happened.get("because") or ""):
        happened = {**happened, "reason": expected["reason"]}
    return stage.explained(
        Outcome(at=at, name=scenario.name, what=scenario.says, expected=expected, happened=happened)
    )


def _does_not_apply(stage: Stage, scenario: Scenario) -> str | None:
    if not stage.jobs:
        return "there is no job whose program is here"
    if scenario.act is one_run and not stage.job.ends_with_its_task:
        return "every job is an array or reports its progress: no run ends as one task does"
    return scenario.unless(stage)


def play_all(stage: Stage, scenarios: Iterable[Scenario]) -> Iterator[Outcome]:
    """Play scenarios one after another, while the stack's own schedules are paused."""
    with stage.schedules_paused():
        for scenario in scenarios:
            yield play(stage, scenario)


def _happened(stage: Stage, scenario: Scenario, at: datetime, *, alarms: bool) -> Facts:
    tasks = stage.running_tasks()
    with scenario.broken(stage):
        facts = scenario.act(stage, scenario)
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
