"""Evaluate one Pulumi program in this process and print what it took, as one line of JSON.

    PULUMI_CONFIG='{"fargate-batch:jobs": …}' python -m benchmarks.evaluate __main__.py

The program runs as under the language host: inside the event loop (``run_in_stack``), with its
configuration in PULUMI_CONFIG. A program that is imported outside of the loop, as most unit tests
do it, hides what a data source costs. The engine and the provider are mocks, which answer at once:
what is measured is the program and the SDK, and a real engine adds its time for each resource.
"""

import time

BEGAN = time.perf_counter()  # imports count: before the first one that takes long

# ruff: noqa: E402 - see above
import asyncio
import json
import resource
import runpy
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pulumi.runtime import mocks
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import run_in_stack

from benchmarks.measured import PROJECT, REGION, STACK, Measured

ACCOUNT = "123456789012"


class Cloud(mocks.Mocks):
    """Answers as AWS would, as far as the two programs look at the answer."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Return the inputs and what AWS adds to them."""
        arn = f"arn:aws:mock:{REGION}:{ACCOUNT}:{args.name}"
        if args.typ == "awsx:ecr:Image":
            return None, {"imageUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/app@sha256:0"}
        made = {
            "arn": arn,
            "arnWithoutRevision": arn,
            "name": args.name,
            "url": f"https://{args.name}",
            "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{args.name}",
        }
        request: Any = args  # the SDK says dict, and not of what
        return f"{args.name}-id", made | request.inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Answer a data source, with no failed check."""
        return CALLS[args.token], []


CALLS: dict[str, dict[str, Any]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
        "names": [f"{REGION}a", f"{REGION}c", f"{REGION}d"]
    },
    "aws:iam/getPolicyDocument:getPolicyDocument": {
        "json": '{"Version": "2012-10-17", "Statement": []}'
    },
}


class Counter(mocks.MockMonitor):
    """Counts what is registered, and how far down the chain of dependencies it is."""

    def __init__(self) -> None:
        super().__init__(Cloud())
        self.depths: dict[str, int] = {}
        self.custom = self.components = self.invokes = 0

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - named by gRPC
        """Register as the mocks do, then count."""
        base: Any = super()  # the SDK's own types are incomplete
        response = base.RegisterResource(request)
        if request.type == "pulumi:pulumi:Stack":
            return response
        provider = request.provider.rpartition("::")[0]  # urn::id
        waits_for = (*request.dependencies, request.parent, provider)
        above = max((self.depths.get(urn, 0) for urn in waits_for), default=0)
        if request.custom:
            self.custom += 1
        else:
            self.components += 1
        self.depths[response.urn] = above + bool(request.custom)
        return response

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - named by gRPC
        """Answer as the mocks do, and count."""
        self.invokes += 1
        base: Any = super()
        return base.Invoke(request)


async def evaluate(program: Path, monitor: Counter) -> None:
    """Run the program to its end, every resource registered.

    Raises:
        Exception: whatever the program raised.
    """
    mocks.set_mocks(monitor.mocks, project=PROJECT, stack=STACK, preview=False, monitor=monitor)
    set_root_resource(None)  # pyright: ignore[reportArgumentType] - as a new process has it
    await run_in_stack(lambda: _run(program))


def _run(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def main() -> None:
    """Evaluate the program that the command line names; print the measures."""
    program = Path(sys.argv[1])
    monitor = Counter()
    asyncio.run(evaluate(program, monitor))
    seconds = time.perf_counter() - BEGAN
    measured = Measured(
        seconds=seconds,
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,  # Linux: KiB
        custom=monitor.custom,
        components=monitor.components,
        invokes=monitor.invokes,
        depth=max(monitor.depths.values()),
    )
    sys.stdout.write(json.dumps(asdict(measured)) + "\n")


if __name__ == "__main__":
    main()
