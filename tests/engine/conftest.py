"""A stack's life under the real CLI, lived once and recorded, whatever worker asks for it."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.rehearsal.leftovers import leftovers
from tests.serving import Server, copy_project

TOKEN = "token-that-nobody-may-read"
SCHEDULE = "cron(30 * * * ? *)"
JOBS = "  fargate-batch:jobs:\n"
KEEP_PAUSED = f"  fargate-batch:keepPaused: true\n{JOBS}"
SCHEDULES = "**aws:scheduler/schedule:Schedule**"
"""As docs/features/pauses.md names them for a refresh of schedules alone."""
ADDED = """
    added:
      schedule: cron(0 3 * * ? *)
      command: [python, -m, list_files]
      timeout: 5m
"""
HANGS = """
import socket, time
connection = socket.create_connection(("127.0.0.1", {port}))
connection.sendall(b"running")
time.sleep(600)
"""

Life = dict[str, Any]
"""What the CLI printed at each step, and what was found in the embedded AWS."""


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Live it, or read what another worker recorded."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    recorded = shared / "life.json"
    with (shared / "life.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not recorded.exists():
            recorded.write_text(json.dumps(_live(copy_project(shared / "project"))))
    found: Life = json.loads(recorded.read_text())
    return found


def _live(project: Path) -> Life:
    with Server(project) as server:
        shell = server.environment()
        pulumi = _pulumi(project, shell)
        stack_file = project / "Pulumi.dev.yaml"
        life: Life = {}

        life["select"] = pulumi("stack", "select", "--create", "dev")
        pulumi("config", "set", "--secret", "--path", _TOKEN_PATH, TOKEN)
        life["up"] = pulumi("up", "--yes")
        life["again"] = pulumi("up", "--yes", "--skip-preview")
        settings = stack_file.read_text()

        stack_file.write_text(settings.replace(SCHEDULE, "cron(31 * * * ? *)"))
        life["changed schedule"] = pulumi("preview", "--diff")
        stack_file.write_text(settings.replace("    list-files:\n", f"{ADDED}    list-files:\n", 1))
        life["added job"] = pulumi("up", "--yes", "--skip-preview")
        _drift(shell)
        life["refresh"] = pulumi("refresh", "--yes", "--skip-preview", "--diff")
        stack_file.write_text(settings)
        life["removed job"] = pulumi("up", "--yes", "--skip-preview")

        keeping = settings.replace(JOBS, KEEP_PAUSED)
        _set_state(shell, "DISABLED")
        stack_file.write_text(keeping.replace(SCHEDULE, "cron(32 * * * ? *)"))
        life["up while paused"] = pulumi("up", "--yes", "--skip-preview", "--refresh")
        life["paused"] = _schedule(shell)["State"]
        _set_state(shell, "ENABLED")
        stack_file.write_text(keeping.replace(SCHEDULE, "cron(33 * * * ? *)"))
        pulumi("refresh", "--yes", "--skip-preview", "--target", SCHEDULES)
        life["up when resumed"] = pulumi("up", "--yes", "--skip-preview")
        life["resumed"] = _schedule(shell)["State"]
        stack_file.write_text(settings)

        _start(shell, "dev", {"job": "list-files"})
        life["run"] = server.wait_for("fargate-batch-dev--list-files ")[-1]
        life["export"] = pulumi("stack", "export")
        life["export in clear"] = pulumi("stack", "export", "--show-secrets")
        life["outputs"] = pulumi("stack", "output", "--json")
        life["destroy"] = pulumi("destroy", "--yes", "--skip-preview")
        life["left"] = leftovers(_Cloud(shell), shell["AWS_REGION"])

        pulumi("stack", "select", "--create", "prod")
        life["prod"] = pulumi("up", "-s", "prod", "--yes", "--skip-preview")
        life["hanging"] = _end_while_a_job_runs(server, shell)
        life["said"] = server.said
    return life


_TOKEN_PATH = "fargate-batch:secrets.sample.values.API_TOKEN"


def _pulumi(project: Path, shell: dict[str, str]) -> Callable[..., str]:
    command = shutil.which("pulumi")
    assert command

    def run(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - the CLI that this is about
            [command, *arguments, "--non-interactive"],
            cwd=project,
            env=shell,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"pulumi {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


def _client(shell: dict[str, str], service: str) -> Any:
    return boto3.Session().client(
        service,
        endpoint_url=shell["AWS_ENDPOINT_URL"],
        region_name=shell["AWS_REGION"],
        aws_access_key_id=shell["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=shell["AWS_SECRET_ACCESS_KEY"],
    )


class _Cloud:
    """The embedded AWS over HTTP, which does not know Chatbot."""

    def __init__(self, shell: dict[str, str]) -> None:
        self._shell = shell
        self.chatbot = self

    def client(self, service: str, _region: str) -> Any:
        return _client(self._shell, service)

    def describe_slack_channel_configurations(self) -> dict[str, list[Any]]:
        return {"SlackChannelConfigurations": []}


_PLACE = {"GroupName": "fargate-batch-dev", "Name": "list-files"}


def _schedule(shell: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = _client(shell, "scheduler").get_schedule(**_PLACE)
    return found


def _set_state(shell: dict[str, str], state: str) -> None:
    """Pause or resume a schedule by hand."""
    now = _schedule(shell)
    for key in ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"):
        del now[key]
    _client(shell, "scheduler").update_schedule(**now | {"State": state})


def _drift(shell: dict[str, str]) -> None:
    """Change one schedule and delete one alarm by hand."""
    now = _schedule(shell)
    _client(shell, "scheduler").update_schedule(
        **_PLACE,
        ScheduleExpression="rate(5 days)",
        State="ENABLED",
        Target=now["Target"],
        FlexibleTimeWindow=now["FlexibleTimeWindow"],
    )
    alarms = _client(shell, "cloudwatch")
    names = [alarm["AlarmName"] for alarm in alarms.describe_alarms()["MetricAlarms"]]
    alarms.delete_alarms(AlarmNames=[name for name in names if name.endswith("dispatcher-failed")])


def _start(shell: dict[str, str], stack: str, trigger: dict[str, Any]) -> None:
    """Start a job by hand, as a person does."""
    prefix = f"arn:aws:states:{shell['AWS_REGION']}:123456789012:stateMachine:fargate-batch"
    _client(shell, "stepfunctions").start_execution(
        stateMachineArn=f"{prefix}-{stack}-dispatcher", input=json.dumps(trigger)
    )


def _end_while_a_job_runs(server: Server, shell: dict[str, str]) -> Life:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        program = HANGS.format(port=listening.getsockname()[1])
        command = ["python", "-c", program]
        _start(shell, "prod", {"job": "list-files", "input": {"command": command}})
        listening.settimeout(60)
        with listening.accept()[0] as connection:
            connection.settimeout(60)
            said = connection.recv(100).decode()
            code = server.end()
            return {"said": said, "code": code, "afterwards": connection.recv(100).decode()}
