"""What is played to see whether a grant is missed: features, faults, and a deploy."""

import json
from collections.abc import Iterator
from functools import partial

from rehearsal.engine import DeployFailed
from rehearsal.faults import FAULTS
from rehearsal.features import asked_for
from rehearsal.proof.operating import operations
from rehearsal.proof.proof import Happening
from rehearsal.scenario import play
from rehearsal.stage import Facts, Outcome, Stage, as_it_was
from stacks.stack_file import section_of

ADDED = "added-by-the-proof"
"""Name of a container and of a job."""


def scenarios(stage: Stage) -> Iterator[Happening]:
    """Return everything that can be played on a deployed stack."""
    for scenario in (*asked_for(stage), *FAULTS.values()):
        yield Happening(name=scenario.name, play=partial(play, stage, scenario))
    yield Happening(name="deploy", play=partial(_deploy, stage))
    yield from operations(stage)


def _deploy(stage: Stage) -> Outcome:
    """Deploy one container and one job more, and every machine anew; then as it was.

    What AWS checks only when something is made - whether a machine may deliver its logs, whether
    CloudWatch Logs may use the key - rests on grants that no run touches.
    """
    at = stage.aws.clock.now()
    happened: Facts = {"deploy": "done"}
    try:
        stage.up(_with_more)
        own = [stage.dispatcher_arn, stage.skipped_arn, stage.notifier_arn, stage.watcher_arn]
        flows = [flow.machine_arn for flow in stage.flows]
        for machine in filter(None, [*own, *flows]):
            found = stage.states.describe_state_machine(stateMachineArn=machine)
            stage.states.update_state_machine(
                stateMachineArn=machine, definition=found["definition"]
            )
    except DeployFailed as failed:
        happened = {"deploy": str(failed.failures[0])}
    except stage.states.exceptions.ClientError as refused:
        happened = {"deploy": str(refused)}
    stage.up(as_it_was)
    return Outcome(
        at=at,
        name="deploy",
        what="A deploy adds a container and a job and changes every machine",
        expected={"deploy": "done"},
        happened=happened,
    )


def _with_more(config: dict[str, str]) -> None:
    """Add a container like the first one, and a job that runs in it."""
    containers_key, containers = section_of(config, "containers")
    jobs_key, jobs = section_of(config, "jobs")
    containers[ADDED] = next(iter(containers.values()))
    jobs[ADDED] = {
        "container": ADDED,
        "command": ["true"],
        "schedule": "cron(0 0 1 1 ? 2099)",
    }
    config |= {containers_key: json.dumps(containers), jobs_key: json.dumps(jobs)}
