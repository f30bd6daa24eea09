"""What people and workflows do with a deployed stack by ``python -m ops``, as the calls it makes.

Each command of ``ops`` is here with the calls that it may make, so that every right of those who
operate is missed by somebody. A command leaves the stack as it was.
"""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloud import AsRole
from rehearsal.proof.proof import Happening
from rehearsal.stage import Outcome, Stage

Clients = Callable[[str], Any]
"""Returns a boto3 client of whoever operates, by the name of its service."""


def _list(stage: Stage, client: Clients) -> None:
    states = client("stepfunctions")
    for one in stage.all:
        for run in states.list_executions(stateMachineArn=one.machine_arn)["executions"]:
            states.describe_execution(executionArn=run["executionArn"])


COMMANDS: Mapping[str, Callable[[Stage, Clients], None]] = {"list": _list}
"""By name. Each is played by whoever may operate; a refusal is a right that is missing."""


def operations(stage: Stage) -> Iterator[Happening]:
    """Return the commands of a stack that has roles to operate it: by people, and by workflows."""
    people: str | None = stage.exports.get("operatorRoleArn")
    workflows: str | None = stage.exports.get("githubRoleArns", {}).get("operate")
    if people:
        yield Happening(name="become-operator", play=partial(_become, stage, people), whole=True)
    for who, role in (("people", people), ("workflows", workflows)):
        if role is None:
            continue
        for name, command in COMMANDS.items():
            play = partial(_operate, stage, f"{who} {name}", role, command)
            yield Happening(name=f"{who}-{name}", play=play, whole=True)


def _become(stage: Stage, role: str) -> Outcome:
    """Assume the role, as each of those whom the stack file names."""

    def become(stage: Stage, _: Clients) -> None:
        for arn in stage.section("access")["operators"]:
            AsRole(stage.aws, arn).client("sts").assume_role(RoleArn=role, RoleSessionName="me")

    return _operate(stage, "people become operators", role, become)


def _operate(
    stage: Stage, what: str, role: str, command: Callable[[Stage, Clients], None]
) -> Outcome:
    said = "done"
    try:
        command(stage, AsRole(stage.aws, role).client)
    except ClientError as refused:
        said = str(refused)
    return Outcome(
        at=stage.aws.clock.now(),
        what=what,
        expected={"command": "done"},
        happened={"command": said},
    )
