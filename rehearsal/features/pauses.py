"""What people do to schedules beside Pulumi: pauses that end by themselves, and further ones."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from definitions.pauses import end_of_pause
from rehearsal.scenario import Scenario
from rehearsal.stage import SUCCEEDS, Facts, Stage, run_name

_SOON = timedelta(minutes=2)


def _once(stage: Stage, at: datetime, given: Mapping[str, Any]) -> None:
    """Hand this to the dispatcher at some time, by a schedule as people add them."""
    prefix: str = stage.exports["scheduleGroup"]
    scheduler: Any = stage.aws.client("scheduler")
    scheduler.create_schedule(
        Name="added",
        GroupName=f"{prefix}--adhoc",
        ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
        ScheduleExpressionTimezone="UTC",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": stage.dispatcher_arn,
            "RoleArn": f"arn:aws:iam::{stage.aws.account}:role/{prefix}-scheduler",
            "Input": json.dumps(given),
        },
    )
    stage.pass_time(at - stage.aws.clock.now())


def _ad_hoc(stage: Stage, _: Scenario) -> Facts:
    job = stage.job
    at = (stage.aws.clock.now() + _SOON).replace(microsecond=0)
    run = run_name(job, at)
    stage.goes(run, SUCCEEDS)
    given = {key: value for key, value in job.trigger.items() if key != "calendar"}
    _once(stage, at, {**given, "scheduledTime": "<aws.scheduler.scheduled-time>"})
    stage.finish()
    return stage.facts(run)


def _pause_ends(stage: Stage, _: Scenario) -> Facts:
    """End a pause of everything, for that is what the schedules of the stack have now."""
    at = (stage.aws.clock.now() + _SOON).replace(microsecond=0)
    schedules = [schedule for one in stage.scheduled for schedule in one.schedules]
    given = end_of_pause(
        "everything",
        schedules={
            schedule["Name"]: f"{at:%Y-%m-%dT%H:%M:%SZ}"
            if schedule["ScheduleExpression"].startswith("rate(")
            else None
            for schedule in schedules
        },
        rules=[rule["Name"] for rule in stage.event_rules()],
        pipes=[pipe["Name"] for pipe in stage.event_pipes()],
    )
    _once(stage, at, given)
    stage.aws.clock.settle()
    on = {schedule["Name"]: _state(stage, schedule["Name"]) == "ENABLED" for schedule in schedules}
    on |= {rule["Name"]: rule["State"] == "ENABLED" for rule in stage.event_rules()}
    on |= {pipe["Name"]: pipe["DesiredState"] == "RUNNING" for pipe in stage.event_pipes()}
    _pause_again(stage)
    stage.finish()
    return {
        "trigger": "none",
        "still paused": ", ".join(name for name, is_on in on.items() if not is_on) or "nothing",
    }


def _state(stage: Stage, name: str) -> str:
    scheduler: Any = stage.aws.client("scheduler")
    return scheduler.get_schedule(GroupName=stage.exports["scheduleGroup"], Name=name)["State"]


def _pause_again(stage: Stage) -> None:
    for one in stage.scheduled:
        stage.set_schedules(one, State="DISABLED")
    for rule in stage.event_rules():
        stage.aws.client("events").disable_rule(Name=rule["Name"])
    for pipe in stage.event_pipes():
        stage.aws.client("pipes").stop_pipe(Name=pipe["Name"])


def _can_be_paused(stage: Stage) -> str | None:
    if stage.scheduled or stage.event_rules() or stage.event_pipes():
        return None
    return "nothing runs by itself"


FEATURES = (
    Scenario(
        name="ad-hoc-schedule",
        says="A schedule that somebody added starts a run",
        act=_ad_hoc,
        expects=lambda _: {"run": "succeeded"},
    ),
    Scenario(
        name="pause-ends",
        says="A pause is over at its time",
        unless=_can_be_paused,
        act=_pause_ends,
        expects=lambda _: {"trigger": "none", "still paused": "nothing"},
    ),
)
