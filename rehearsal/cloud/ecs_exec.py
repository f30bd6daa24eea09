"""ECS Exec: whether a person could open a shell in a running task.

No shell is opened. What has to be so for one is checked, when the task starts and when somebody
asks: the agent's way to Systems Manager, the task role's rights, a root file system that the agent
can write to (Amazon ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec").
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.responses import EC2ContainerServiceResponse

from rehearsal.cloud.network import Place, UnreachableError, as_agent
from rehearsal.cloud.repairs import Repairs

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

SERVICE = "ssmmessages"
"""Of Systems Manager: what the agent and the shell of a person meet at."""
_AGENT = "ExecuteCommandAgent"
_NOT_RUNNING = (
    "The execute command failed because execute command was not enabled when the task was run or "
    "the execute command agent isn't running. Wait and try again or run a new task with execute "
    "command enabled and try again."
)
_NOT_CONNECTED = "The execute command failed due to an internal error. Try again later."


def managed_agents(
    aws: "EmbeddedAws", place: Place, definition: Any, now: datetime
) -> list[dict[str, Any]]:
    """Start the agent in a task that was asked to have one; return what DescribeTasks says."""
    (container,) = definition.container_definitions
    reason = (
        "the root file system of the container is read-only"
        if container.get("readonlyRootFilesystem")
        else _refusal(aws, place, definition.task_role_arn, "ControlChannel")
    )
    if reason is not None:
        return [{"name": _AGENT, "lastStatus": "STOPPED", "reason": reason}]
    return [{"name": _AGENT, "lastStatus": "RUNNING", "lastStartedAt": now}]


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto has no ExecuteCommand."""

    def execute_command(self: Any) -> ActionResult:
        task_id: str = self._get_param("task").rsplit("/", 1)[-1]
        cluster: str = self._get_param("cluster", "default")
        (task,) = self.ecs_backend.describe_tasks(cluster, [task_id]) or (None,)
        if task is None or task.last_status != "RUNNING":
            raise InvalidParameterException("The referenced task was not found.")
        (container,) = task.containers
        agents = [agent["lastStatus"] for agent in container.managed_agents]
        if not task.enable_execute_command or agents != ["RUNNING"]:
            raise InvalidParameterException(_NOT_RUNNING)
        definition = self.ecs_backend.describe_task_definition(task.task_definition_arn)
        if _refusal(aws, aws.fargate.place_of(task.id), definition.task_role_arn, "DataChannel"):
            raise JsonRESTError("TargetNotConnectedException", _NOT_CONNECTED)
        session = f"ecs-execute-command-{uuid.uuid4().hex[:17]}"
        stream = f"wss://{SERVICE}.{self.region}.amazonaws.com/v1/data-channel/{session}"
        return ActionResult(
            {
                "clusterArn": task.cluster_arn,
                "containerArn": container.container_arn,
                "containerName": container.name,
                "interactive": True,
                "session": {"sessionId": session, "streamUrl": stream, "tokenValue": "token"},
                "taskArn": task.task_arn,
            }
        )

    repairs.add(EC2ContainerServiceResponse, "execute_command", execute_command)


def _refusal(aws: "EmbeddedAws", place: Place, role: str, channel: str) -> str | None:
    """Say why the agent cannot have a channel; ``None``: it has one."""
    try:
        with as_agent(place):
            for action in ("Create", "Open"):
                aws.iam.allow_role(role=role, action=f"{SERVICE}:{action}{channel}", resource="*")
    except (ClientError, UnreachableError) as error:
        return str(error)
    return None
