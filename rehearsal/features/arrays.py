"""Fan-out: a run of several tasks, each an element of the job's array."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from definitions.job_array import JOB_ELEMENTS_FAILED
from rehearsal.cloud import Attempt, Played
from rehearsal.scenario import Scenario
from rehearsal.stage import SUCCEEDS, Facts, Job, Stage, execution_arn

EXIT_CODE = 3
FAILS = Played(exit_code=EXIT_CODE)
LASTS = Played(exit_code=0, seconds=timedelta(hours=1).total_seconds())
NO_CAPACITY = Played(refused="Capacity is unavailable at this time")
BY_HAND = "It is the wrong day for this"
RIGHT = "as they should"
_MODES = {"array": "INLINE", "wide-array": "DISTRIBUTED"}
"""How the scenarios' names begin, and the Map that they are about."""


def _size(job: Job) -> int:
    return job.array["ItemSelector"]["size"] if job.array else 0


def _tolerated(job: Job) -> int:
    """Return how many elements of a run may fail."""
    condition = job.definition["States"]["Enough?"]["Choices"][0]["Condition"]
    if share := re.search(r"elements \* (\d+)", condition):
        return _size(job) * int(share[1]) // 100
    return int(condition.split()[-2])


def _array(stage: Stage, mode: str) -> Job | None:
    """Return a job with an array in a Map of this mode, whose elements end as their tasks do."""
    found = (
        job
        for job in stage.jobs
        if job.array
        and not job.heartbeat_seconds
        and job.array["ItemProcessor"]["ProcessorConfig"]["Mode"] == mode
    )
    return next(found, None)


@dataclass
class _Ran:
    """What became of the elements of a run."""

    attempts: Counter[int] = field(default_factory=Counter[int])
    """By index."""
    messages: int = 0


_Goes = Callable[[Job, int, int], Played]
"""How an attempt goes, by its job, the element's index and the attempt's number."""


def _run(
    stage: Stage, job: Job, goes: _Goes, given: Facts, meanwhile: Callable[[Stage, Job, str], Any]
) -> tuple[Facts, _Ran]:
    ran, usual, told = _Ran(), stage.aws.fargate.play, len(stage.aws.slack)

    def play(attempt: Attempt) -> Played:
        if attempt.job != job.name:
            return usual(attempt)
        index = int(attempt.environment["JOB_ARRAY_INDEX"])
        ran.attempts[index] += 1
        return goes(job, index, attempt.attempt)

    stage.aws.fargate.play = play
    try:
        run = stage.trigger(job, given=given)
        meanwhile(stage, job, run)
        stage.finish()
    finally:
        stage.aws.fargate.play = usual
    ran.messages = len(stage.aws.slack) - told
    ended = stage.end(execution_arn(job.machine_arn, run))
    return {"trigger": stage.fate(run), **ended}, ran


def _nothing(_stage: Stage, _job: Job, _run: str) -> None:
    return None


def _stop(stage: Stage, job: Job, run: str) -> None:
    stage.pass_time(timedelta(minutes=10))
    arn = execution_arn(job.machine_arn, run)
    stage.states.stop_execution(executionArn=arn, cause=BY_HAND)


def _scenarios(
    name: str,
    says: str,
    *,
    goes: _Goes,
    attempts: Callable[[Job], Counter[int]],
    expects: Facts,
    given: Facts | None = None,
    meanwhile: Callable[[Stage, Job, str], Any] = _nothing,
) -> Iterator[Scenario]:
    """Make a scenario for each kind of Map; ``attempts`` are those expected, by element."""
    for kind, mode in _MODES.items():

        def act(stage: Stage, _: Scenario, mode: str = mode) -> Facts:
            job = _array(stage, mode)
            assert job is not None  # noqa: S101 - else it does not apply
            facts, ran = _run(stage, job, goes, given or {}, meanwhile)
            strange = {
                index: ran.attempts[index]
                for index in range(_size(job))
                if ran.attempts[index] != attempts(job)[index]
            }
            return {**facts, "elements": strange or RIGHT, "messages": ran.messages}

        def unless(stage: Stage, mode: str = mode, kind: str = kind) -> str | None:
            if _array(stage, mode) is not None:
                return None
            return f"no job has an array of {'at most' if kind == 'array' else 'more than'} 40"

        yield Scenario(
            name=f"{kind}-{name}",
            says=f"{says}{'' if kind == 'array' else ' (beyond 40 elements)'}",
            act=act,
            unless=unless,
            expects=lambda _: {"elements": RIGHT, "messages": 1, **expects},
        )


def _once(job: Job) -> Counter[int]:
    return Counter(range(_size(job)))


def _retried(job: Job, failing: int) -> Counter[int]:
    """Count the attempts when the first elements fail in all that they have."""
    tries = len(job.waits["app"]) if not job.exit_codes or EXIT_CODE in job.exit_codes else 0
    return _once(job) + Counter(dict.fromkeys(range(failing), tries))


def _as_many_as_tolerated(job: Job, index: int, attempt: int) -> Played:
    if index < _tolerated(job):
        return FAILS
    return NO_CAPACITY if index == _size(job) - 1 and attempt == 1 else SUCCEEDS


FEATURES = (
    *_scenarios(
        "tolerates",
        "As many elements of an array fail as the job tolerates, and another one finds no capacity "
        "at first",
        goes=_as_many_as_tolerated,
        attempts=lambda job: _retried(job, _tolerated(job)) + Counter([_size(job) - 1]),
        expects={"run": "succeeded", "message to": "success"},
    ),
    *_scenarios(
        "fails",
        "One more element of an array fails than the job tolerates, and the others still run",
        goes=lambda job, index, _: FAILS if index <= _tolerated(job) else SUCCEEDS,
        attempts=lambda job: _retried(job, _tolerated(job) + 1),
        expects={
            "run": "failed",
            "error": JOB_ELEMENTS_FAILED,
            "reason": f"failed: 0 (failed, exit code {EXIT_CODE})",
            "message to": "failure",
        },
    ),
    *_scenarios(
        "some",
        "Somebody runs two elements of an array again, by their indexes",
        goes=lambda _job, _index, _attempt: SUCCEEDS,
        given={"indexes": [0, 1]},
        attempts=lambda _: Counter([0, 1]),
        expects={"run": "succeeded", "message to": "success"},
    ),
    *_scenarios(
        "stopped",
        "Somebody stops the run of an array, and with it all of its tasks",
        goes=lambda _job, _index, _attempt: LASTS,
        attempts=lambda job: Counter(range(job.array["MaxConcurrency"] if job.array else 0)),
        meanwhile=_stop,
        expects={"run": "stopped", "message to": "failure"},
    ),
)
