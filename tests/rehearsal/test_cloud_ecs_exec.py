"""Shells in running tasks: what has to be so for one."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud import Played
from tests.rehearsal.conftest import Account

NOT_RUNNING = "execute command was not enabled when the task was run or the execute command agent"


@pytest.fixture
def playing(account: Account) -> Account:
    account.aws.play = lambda _: Played(exit_code=0, seconds=600)
    return account


def running(account: Account, **parameters: Any) -> str:
    (task,) = account.run_task(**parameters)["tasks"]
    account.aws.clock.settle()
    arn: str = task["taskArn"]
    return arn


def opened(account: Account, task: str) -> dict[str, Any]:
    answer: dict[str, Any] = account.aws.client("ecs").execute_command(
        cluster="batch", task=task, command="/bin/sh", interactive=True
    )
    return answer


def test_a_shell_is_opened_in_a_task_that_was_asked_to_let_people_in(playing: Account) -> None:
    playing.task_definition()
    task = running(playing, enableExecuteCommand=True)
    assert playing.task(task)["enableExecuteCommand"] is True
    answer = opened(playing, task)
    assert answer["session"]["sessionId"].startswith("ecs-execute-command-")
    assert (answer["taskArn"], answer["containerName"]) == (task, "main")


def test_other_tasks_let_nobody_in(playing: Account) -> None:
    playing.task_definition()
    with pytest.raises(ClientError, match=NOT_RUNNING):
        opened(playing, running(playing))


def test_the_agent_needs_a_root_file_system_that_it_can_write_to(playing: Account) -> None:
    playing.task_definition(readonlyRootFilesystem=True)
    task = running(playing, enableExecuteCommand=True)
    (agent,) = playing.task(task)["containers"][0]["managedAgents"]
    assert (agent["lastStatus"], agent["reason"]) == (
        "STOPPED",
        "the root file system of the container is read-only",
    )
    with pytest.raises(ClientError, match=NOT_RUNNING):
        opened(playing, task)


def test_a_task_that_has_ended_lets_nobody_in(playing: Account) -> None:
    playing.task_definition()
    task = playing.ended_task(enableExecuteCommand=True)["taskArn"]
    with pytest.raises(ClientError, match="The referenced task was not found"):
        opened(playing, task)
