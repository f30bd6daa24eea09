"""Who hears of what: a job's own channels, recoveries, webhooks."""

import json
from collections.abc import Callable
from datetime import timedelta

from rehearsal.cloud import Played
from rehearsal.scenario import Scenario
from rehearsal.stage import NOBODY, SUCCEEDS, Facts, Job, Stage, execution_arn

FAILS = Played(exit_code=1)

_WEBHOOKS_CALLED = timedelta(seconds=5)
"""In which all webhooks of a message are called, each at its own rate."""


def _job_that_says(stage: Stage, key: str) -> Job | None:
    """Return the first job whose ``notify`` has a key."""
    return next((job for job in stage.jobs if job.notify.get(key)), None)


def _no_job_says(key: str) -> Callable[[Stage], str | None]:
    return lambda stage: None if _job_that_says(stage, key) else f"no job says notify.{key}"


def _run(stage: Stage, job: Job, then: Played, notify: Facts) -> str:
    """Let a job run once and return the run's name; every attempt goes alike."""
    run = stage.trigger(job, then=then, given={"notify": notify})
    stage.finish()
    stage.pass_time(_WEBHOOKS_CALLED)
    return run


def _channels_hear(stage: Stage, _: Scenario) -> Facts:
    job = _job_that_says(stage, "channels")
    assert job is not None  # noqa: S101 - the scenario applies
    run = _run(stage, job, FAILS, job.notify)
    ended = stage.end(execution_arn(job.machine_arn, run))
    own = ended["message to"] == stage.expected_to_hear(job, "failure")
    return {
        **ended,
        "trigger": stage.fate(run),
        "message to": "its channels" if own else ended["message to"],
    }


def _recovery_is_told_once(stage: Stage, _: Scenario) -> Facts:
    job = _job_that_says(stage, "onRecovery")
    assert job is not None  # noqa: S101 - the scenario applies
    failed, recovered, succeeded = (
        _run(stage, job, then, {**job.notify, "on": "failure"})
        for then in (FAILS, SUCCEEDS, SUCCEEDS)
    )
    return {
        "trigger": stage.fate(recovered),
        "failure": _as_expected(stage, job, failed, "failure"),
        "recovery": _as_expected(stage, job, recovered, "success"),
        "since when": "said" if "It had failed since" in _said(stage, recovered) else "not said",
        "next success": stage.told(succeeded),
    }


def _as_expected(stage: Stage, job: Job, run: str, outcome: str) -> str:
    told = stage.told(run)
    return "told" if told == stage.expected_to_hear(job, outcome) else told


def _said(stage: Stage, run: str) -> str:
    """Return all that anybody was told of a run, as JSON."""
    slack = [message.notification for message in stage.messages(run)]
    return json.dumps([*slack, *(call.message for call in stage.calls(run))])


def _nothing_to_compare(stage: Stage) -> str | None:
    if not stage.webhooks:
        return "there is no webhook"
    return None if stage.channels else "there is no channel with a topic beside webhooks"


def _webhooks_say_the_same(stage: Stage, _: Scenario) -> Facts:
    everybody = sorted([stage.channels[0], *stage.webhooks.values()])
    run = _run(stage, stage.job, FAILS, {"on": "all", "channels": everybody})
    (slack,) = stage.messages(run)
    lines = slack.notification["content"]["description"].splitlines()[1:-1]  # less name and links
    bodies = [json.dumps(call.message) for call in stage.calls(run)]
    missing = [line for line in lines if any(json.dumps(line)[1:-1] not in b for b in bodies)]
    told = stage.told(run)
    return {
        "trigger": stage.fate(run),
        "message to": "all of them" if told == " + ".join(everybody) else told,
        "missing in a webhook": len(missing),
        "because": "; ".join(missing),
    }


FEATURES = (
    Scenario(
        name="own-channels",
        says="A job that names its channels fails: they hear of it, and nobody else",
        act=_channels_hear,
        unless=_no_job_says("channels"),
        expects=lambda _: {"run": "failed", "message to": "its channels"},
    ),
    Scenario(
        name="recovery-told-once",
        says="A job fails, then succeeds twice: its recovery is told, and no other success",
        act=_recovery_is_told_once,
        unless=_no_job_says("onRecovery"),
        expects=lambda _: {
            "failure": "told",
            "recovery": "told",
            "since when": "said",
            "next success": NOBODY,
        },
    ),
    Scenario(
        name="webhooks-say-the-same",
        says="One failure goes to a channel and to every webhook, in each one's own form",
        act=_webhooks_say_the_same,
        unless=_nothing_to_compare,
        expects=lambda _: {"message to": "all of them", "missing in a webhook": 0},
    ),
)
