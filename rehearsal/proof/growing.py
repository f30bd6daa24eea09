"""A deploy as a scenario: the stack gets one container and one job more, and loses them again.

What AWS checks only when something is made - whether a machine may deliver its logs, whether
CloudWatch Logs may use the key - rests on grants that no run touches.
"""

import json
from dataclasses import replace
from pathlib import Path

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import DeployFailed, Deployment, deploy
from rehearsal.provider import AwsProvider
from rehearsal.stack_file import StackFile
from rehearsal.stage import Facts, Outcome

ADDED = "added-by-the-proof"
"""Name of the container and of the job."""


class Growth:
    """Deploys a stack with more, and then as it was."""

    def __init__(
        self, aws: EmbeddedAws, project: Path, stack_file: StackFile, deployment: Deployment
    ) -> None:
        self._aws = aws
        self._project = project
        self._stack_file = stack_file
        self._grown = _grown(stack_file)
        self._deployment = deployment

    def play(self) -> Outcome:
        """Deploy both; what fails is what comes out otherwise."""
        at = self._aws.clock.now()
        happened: Facts = {"deploy": "done"}
        try:
            deployment = self._deploy(self._grown, self._deployment)
        except DeployFailed as failed:
            deployment = failed.deployment
            happened = {"deploy": str(failed.failures[0])}
        self._deployment = self._deploy(self._stack_file, deployment)
        return Outcome(
            at=at,
            name="deploy",
            what="A deploy adds a container and a job, and the next one removes them",
            expected={"deploy": "done"},
            happened=happened,
        )

    def _deploy(self, stack_file: StackFile, before: Deployment) -> Deployment:
        return deploy(self._project, stack_file, AwsProvider(self._aws), before=before)


def _grown(stack_file: StackFile) -> StackFile:
    """Return the configuration with a container like the first one, and a job that runs in it."""
    containers_key, jobs_key = (f"{stack_file.project}:{part}" for part in ("containers", "jobs"))
    containers, jobs = (
        json.loads(stack_file.config.get(key, "{}")) for key in (containers_key, jobs_key)
    )
    containers[ADDED] = next(iter(containers.values()))
    jobs[ADDED] = {
        "container": ADDED,
        "command": ["true"],
        "schedule": "cron(0 0 1 1 ? 2099)",
    }
    more = {containers_key: json.dumps(containers), jobs_key: json.dumps(jobs)}
    return replace(stack_file, config={**stack_file.config, **more})
