"""Rehearse one stack in this process and print what it took, as one line of JSON.

    PULUMI_CONFIG='{"fargate-batch:jobs": …}' python -m benchmarks.rehearse

Deploys the program to the embedded AWS and lets an hour of virtual time pass, in which every job
runs once. Containers are given their result at once: what is measured is the embedded AWS.
"""

import gc

gc.set_threshold(200_000, 50, 100)  # as `python -m rehearsal` does

# ruff: noqa: E402 - see above
import json
import os
import resource
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.measured import PROJECT, REGION, STACK, Rehearsed
from rehearsal.cloud import Attempt, EmbeddedAws, Played
from rehearsal.engine import deploy
from rehearsal.provider import AwsProvider
from stacks.stack_file import StackFile

START = datetime(2026, 11, 23, 0, 5, 17, tzinfo=UTC)


def end_well(_: Attempt) -> Played:
    """Let every container end with exit code 0 and without a process."""
    return Played(seconds=10, killed=(0, "the benchmark gives the result"))


def main() -> None:
    """Rehearse the stack that PULUMI_CONFIG describes; print the measures."""
    stack_file = StackFile(
        project=PROJECT,
        stack=STACK,
        config=json.loads(os.environ["PULUMI_CONFIG"]),
        secret_keys=[],
    )
    with EmbeddedAws(region=REGION, start=START) as aws:
        aws.play = end_well
        began = time.perf_counter()
        deployment = deploy(Path(), stack_file, AwsProvider(aws))
        deployed = time.perf_counter()
        aws.clock.run_until(START + timedelta(hours=1))
        lived = time.perf_counter()
        states = aws.client("stepfunctions")
        ends = [
            run["status"]
            for machine in deployment.outputs["jobMachineArns"].values()
            for run in states.list_executions(stateMachineArn=machine)["executions"]
        ]
    measured = Rehearsed(
        deploy_seconds=deployed - began,
        hour_seconds=lived - deployed,
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,  # Linux: KiB
        resources=len(deployment.resources),
        runs=len(ends),
        succeeded=ends.count("SUCCEEDED"),
    )
    sys.stdout.write(json.dumps(asdict(measured)) + "\n")


if __name__ == "__main__":
    main()
