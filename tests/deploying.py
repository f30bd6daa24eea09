"""Run a Pulumi program against mocks to its end and keep everything it registered."""

import asyncio
import json
import runpy
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks, resource, rpc
from pulumi.runtime.proto.source_pb2 import StackTrace

ROOT = Path(__file__).parent.parent
STACKS = ("dev", "prod")
PROJECT = "fargate-batch"
ACCOUNT = "123456789012"
REGION = "ap-northeast-1"

# No test asks where in the program a resource is made, which takes a quarter of a deployment.
resource._get_stack_trace = StackTrace  # noqa: SLF001 - there is no other switch

SECRET = rpc._special_sig_key  # noqa: SLF001 - the SDK names it nowhere public

CALLS: dict[str, dict[str, Any]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT, "id": ACCOUNT},
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
        "id": REGION,
        "names": [f"{REGION}d", f"{REGION}a", f"{REGION}c"],
    },
}
REMOTE_OUTPUTS = {"awsx:ecr:Image": {"imageUri": f"{ACCOUNT}.dkr.ecr/app@sha256:{'0' * 64}"}}


@dataclass(frozen=True)
class Registered:
    """One registration, as the engine would have received it."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: Mapping[str, Any]
    remote: bool
    request: Any = field(repr=False)

    @property
    def is_component(self) -> bool:
        return not self.request.custom and not self.remote


class Cloud(pulumi.runtime.Mocks):
    """Answers for the provider: an id and an ARN, and only what it was taught.

    In a preview it answers as the engine does before a first update: nothing computed is known.
    """

    def __init__(
        self, calls: Mapping[str, Any] = CALLS, remote_outputs: Mapping[str, Any] = REMOTE_OUTPUTS
    ) -> None:
        self.calls, self.remote_outputs = calls, remote_outputs
        self.called: list[str] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if pulumi.runtime.is_dry_run():
            return "", {} if args.typ.startswith("awsx:") else dict(args.inputs)
        if args.typ.startswith("awsx:"):
            if args.typ not in self.remote_outputs:
                raise LookupError(f"the mock cloud was not taught the outputs of {args.typ}")
            return "", dict(self.remote_outputs[args.typ])
        kind = args.typ.rpartition(":")[2]
        computed = {
            "arn": f"arn:aws:mock:{REGION}:{ACCOUNT}:{kind}/{args.name}",
            "url": f"https://mock/{args.name}",
            "prefixListId": f"pl-{args.name}",
            "keyId": f"key-{args.name}",
            "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{args.inputs.get('name')}",
        }
        return f"{args.name}-id", {**computed, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]
        self.called.append(args.token)
        if args.token not in self.calls:
            raise LookupError(f"the mock cloud was not taught {args.token}")
        return self.calls[args.token]


class Deployment(mocks.MockMonitor):
    """The mock engine, keeping parents, options and component outputs too."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.registered: dict[str, Registered] = {}
        self.outputs: dict[str, Any] = {}
        self.exports: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the monitor's name
        if request.type != "pulumi:pulumi:Stack":
            urn = self.make_urn(request.parent, request.type, request.name)
            if urn in self.registered:
                raise AssertionError(f"registered twice: {urn}")
            self.registered[urn] = Registered(
                urn,
                request.type,
                request.name,
                request.parent,
                plain(rpc.deserialize_properties(request.object)),
                request.remote,
                request,
            )
        return super().RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the monitor's name
        self.outputs[request.urn] = plain(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)

    def all(self, kind: type[pulumi.Resource]) -> list[Registered]:
        return [made for made in self.registered.values() if made.type == kind.pulumi_type]

    def one(self, kind: type[pulumi.Resource], name: str | None = None) -> Registered:
        (found,) = [made for made in self.all(kind) if name in (None, made.name)]
        return found

    def custom(self) -> dict[str, Registered]:
        """Resources that AWS has, by URN: no components, no provider."""
        return {
            urn: made
            for urn, made in self.registered.items()
            if not made.is_component and not made.type.startswith("pulumi:")
        }


def deploy(
    program: Callable[[], Any],
    *,
    cloud: Cloud | None = None,
    preview: bool = False,
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    secret_keys: list[str] | None = None,
) -> Deployment:
    """Run ``program`` to its end, its applies included; re-raise what any of it raised."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # the first failure is re-raised below
    worker = asyncio.new_event_loop()
    engine = ThreadPoolExecutor(1, initializer=asyncio.set_event_loop, initargs=(worker,))
    loop.set_default_executor(engine)
    asyncio.set_event_loop(loop)
    deployment = Deployment(cloud or Cloud())
    pulumi.runtime.reset_options()
    pulumi.runtime.set_all_config(dict(config or {}), secret_keys or [])
    pulumi.runtime.set_mocks(
        deployment.mocks, monitor=deployment, project=PROJECT, stack=stack, preview=preview
    )

    @pulumi.runtime.test
    def run() -> pulumi.Output[Any]:
        program()
        exports = pulumi.runtime.get_root_resource().outputs
        return pulumi.Output.from_input(exports).apply(deployment.exports.update)

    try:
        run()
    finally:
        pulumi.runtime.reset_options()
        pulumi.runtime.set_all_config({}, [])
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        worker.close()
        asyncio.set_event_loop(None)
    return deployment


def stack_config(stack: str, **changed: Any) -> dict[str, str]:
    """A stack file as the CLI hands it over: every value text, objects as JSON."""
    given = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    given |= {f"{PROJECT}:{key}": value for key, value in changed.items()}
    return {key: text if isinstance(text, str) else json.dumps(text) for key, text in given.items()}


def deploy_stack(
    stack: str, *, preview: bool = False, cloud: Cloud | None = None, **changed: Any
) -> Deployment:
    """The real program with a real stack file, some of whose keys may be changed."""
    return deploy(
        lambda: runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__"),
        stack=stack,
        preview=preview,
        cloud=cloud,
        config=stack_config(stack, **changed),
    )


def plain(value: Any) -> Any:
    """Unwrap secrets so that a test compares values, not envelopes."""
    if isinstance(value, dict):
        if SECRET in value:
            return plain(value["value"])
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value
