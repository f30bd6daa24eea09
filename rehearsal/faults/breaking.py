"""Ways to break something in a deployed stack, undone at the end of their block."""

import json
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from rehearsal.stage import Stage

Break = Callable[[Stage], AbstractContextManager[None]]


@contextmanager
def machine_changed(
    stage: Stage, arn: str, change: Callable[[dict[str, Any]], object]
) -> Generator[None]:
    """Let a state machine have another definition: ``change`` is given the old one to alter."""
    kept: str = stage.states.describe_state_machine(stateMachineArn=arn)["definition"]
    definition = json.loads(kept)
    change(definition)
    stage.states.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    try:
        yield
    finally:
        stage.states.update_state_machine(stateMachineArn=arn, definition=kept)


def held(machine_arn: Callable[[Stage], str]) -> Break:
    """Let a state machine wait before it does anything, as throttling without an end would."""

    @contextmanager
    def broken(stage: Stage) -> Generator[None]:
        def change(machine: dict[str, Any]) -> None:
            wait = {"Type": "Wait", "Seconds": 86_400, "Next": machine["StartAt"]}
            machine["States"]["Held"] = wait
            machine["StartAt"] = "Held"

        with machine_changed(stage, machine_arn(stage), change):
            yield

    return broken


def denied(role_arn: Callable[[Stage], str], *actions: str) -> Break:
    """Deny a role some actions, as somebody who tidies up permissions might."""

    @contextmanager
    def broken(stage: Stage) -> Generator[None]:
        iam: Any = stage.aws.client("iam")
        name = "deny-" + "-".join(actions).replace(":", ".")
        policy = {"RoleName": role_arn(stage).rpartition("/")[2], "PolicyName": name}
        statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))
        try:
            yield
        finally:
            iam.delete_role_policy(**policy)

    return broken


def together(*breaks: Break) -> Break:
    """Break several things at once."""

    @contextmanager
    def broken(stage: Stage) -> Generator[None]:
        with ExitStack() as stack:
            for each in breaks:
                stack.enter_context(each(stage))
            yield

    return broken


# -- whose permissions


def of_schedules(stage: Stage) -> str:
    """Role with which Scheduler starts the dispatcher."""
    schedule: Any = stage.job.schedule
    return schedule["Target"]["RoleArn"]


def of_dispatcher(stage: Stage) -> str:
    """Role of the dispatcher."""
    return stage.role_of(stage.dispatcher_arn)


def of_jobs(stage: Stage) -> str:
    """Role of the jobs' machines."""
    return stage.role_of(stage.job.machine_arn)


def of_notifier(stage: Stage) -> str:
    """Role of the notifier."""
    return stage.role_of(stage.notifier_arn)


def of_rule(stage: Stage) -> str:
    """Role with which EventBridge starts the notifier."""
    events: Any = stage.aws.client("events")
    (target,) = events.list_targets_by_rule(Rule=stage.ended_rule)["Targets"]
    return target["RoleArn"]


def of_start(stage: Stage) -> str:
    """Role with which Fargate pulls the image, reads secrets and writes logs."""
    return stage.task_definition(stage.job)["executionRoleArn"]
