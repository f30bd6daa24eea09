"""A small Pulumi engine in this process: runs the unchanged program and drives a provider.

It stands where the Pulumi CLI stands: the program's SDK registers resources with a monitor, and the
monitor hands each one, resolved and without secret wrappings, to the provider. A deployment is the
state that the next one starts from: what is new is created, what changed is updated or replaced,
and what is no longer registered is deleted once everything else is done.
"""

import asyncio
import contextvars
import gc
import logging
import os
import runpy
import sys
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol

import pulumi
import pulumi.runtime
from google.protobuf import empty_pb2
from pulumi.runtime import mocks
from pulumi.runtime import resource as registering
from pulumi.runtime.proto import provider_pb2, resource_pb2
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.stack import run_in_stack

from rehearsal import wire
from stacks.stack_file import StackFile


@dataclass(frozen=True)
class Diff:
    """How new inputs differ from old ones: names of properties, as the SDK's wire has them."""

    changed: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    """Those of them that need another resource."""
    delete_before_replace: bool = False
    """Whether the other one can be made only once this one is gone."""


_SAME = Diff()
_UNKNOWN = "[unknown until it is made]"
"""Stands for an output of something that will be replaced."""
_UNKNOWN_OPTIONS = {
    # Member of the request: the option's name.
    "importId": "import",
    "replaceOnChanges": "replace_on_changes",
    "deletedWith": "deleted_with",
}
NOW = "rehearsal:now"
"""The configuration in which a program is told what time it is where it is deployed."""
_STACK_TYPE = "pulumi:pulumi:Stack"
_PROVIDER_TYPE_PREFIX = "pulumi:providers:"
_OWN_PACKAGE = __name__.partition(".")[0]
_LOOK_WHERE = "_get_stack_trace"
"""The SDK's function that finds where a resource is made; there is no other switch."""


class Provider(Protocol):
    """What makes resources; methods are named as in Pulumi's ResourceProvider protocol."""

    def configure(self, variables: dict[str, Any]) -> "Provider":
        """Return this provider with a region, default tags and so on of its own."""
        ...

    def check(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the inputs as the provider keeps them, or raise."""
        ...

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make the resource; return its id and outputs, or raise."""
        ...

    def diff(
        self,
        type_: str,
        id_: str,
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
        inputs: dict[str, Any],
    ) -> Diff:
        """Compare checked inputs with those of the last deployment."""
        ...

    def read(
        self, type_: str, id_: str, inputs: dict[str, Any], outputs: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return inputs and outputs as they are now; None when it is gone."""
        ...

    def update(
        self,
        type_: str,
        id_: str,
        inputs: dict[str, Any],
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
    ) -> dict[str, Any]:
        """Change the resource in place; return its outputs, or raise."""
        ...

    def delete(self, type_: str, id_: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Delete the resource, or raise; one that is gone already is fine."""
        ...

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        """Answer a function call such as ``aws:index/getCallerIdentity:getCallerIdentity``.

        A ``ValueError`` is the answer that there is none: the program may expect it.
        """
        ...


@dataclass(frozen=True)
class Resource:
    """One registered resource. Inputs and outputs are plain: never print them."""

    urn: str
    type: str
    name: str
    parent: str
    """URN of the component (or the stack) that it belongs to."""
    dependencies: frozenset[str]
    """URNs that must exist before it; its parent is one of them."""
    custom: bool
    """Whether a provider made it; a component is only a name for its children."""
    id: str = ""
    inputs: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    outputs: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    seconds: float = 0.0
    provider: str = ""
    """URN and id of the provider that made it; empty for the stack's default one."""
    needed_for: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Which URNs each of its inputs came from."""
    secret: frozenset[str] = frozenset()
    """Names of the inputs that hold a secret."""
    protect: bool = False
    retain: bool = False
    """Whether it stays in AWS when it is deleted from the stack."""


@dataclass(frozen=True)
class Failure:
    """A resource that could not be made or deleted, and why, in one line without secrets."""

    urn: str
    type: str
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.type} {self.name}: {self.reason}"


Action = Literal["create", "update", "replace", "delete", "retain"]


@dataclass(frozen=True)
class Step:
    """What a deployment did about one resource. Inputs are plain: never print them as they are."""

    action: Action
    type: str
    name: str
    parent: str
    """URN of the component (or the stack) that it belongs to."""
    changed: tuple[str, ...] = ()
    """Names of the inputs that differ; empty where there is nothing to compare with."""
    replaces: tuple[str, ...] = ()
    """Those of them for which it was replaced."""
    old: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    new: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    secret: frozenset[str] = frozenset()
    """Names of the inputs that nobody may see."""


@dataclass(frozen=True)
class Deployment:
    """What a run of the program made, and with it the state that the next one starts from."""

    outputs: dict[str, Any] = field(repr=False)
    """The stack's exports, secrets in clear: never print them."""
    masked_outputs: dict[str, Any]
    """The stack's exports for people to see."""
    resources: dict[str, Resource]
    """By URN, in the order in which they were registered; what failed to change is as it was."""
    steps: list[Step]
    """What was done, in that order; nothing where nothing changed."""
    replaced: list[Resource] = field(repr=False)
    """Replaced, but not deleted yet because something failed."""
    warnings: list[str]
    """What the program told ``pulumi.log.warn``."""
    failures: list[Failure]
    """In the order in which they happened; empty unless it comes with ``DeployFailed``."""
    seconds: float


class DeployFailed(Exception):  # noqa: N818 - reads as what happened, as in the CLI's own words
    """Some resources could not be made or deleted; a line for each."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.failures = deployment.failures
        super().__init__("\n".join(str(failure) for failure in deployment.failures))


class ProgramRefused(Exception):  # noqa: N818 - likewise
    """The program itself refused to run (``pulumi.RunError``), with its words."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        super().__init__(text)


def deploy(
    project_dir: Path,
    stack_file: StackFile,
    provider: Provider,
    on_resource: Callable[[Resource], None] | None = None,
    *,
    before: Deployment | None = None,
    now: datetime | None = None,
) -> Deployment:
    """Run ``project_dir/__main__.py`` and bring what ``before`` left to what it registers.

    A resource that fails takes those that need it with it; the rest goes on, but then nothing is
    deleted. ``on_resource`` is called with each resource that is there, from another thread.
    ``now`` is what time it is for the program, if not what this machine's clock says.

    Raises:
        DeployFailed: a line for each resource that could not be made or deleted.
        ProgramRefused: the program raised ``pulumi.RunError``.
        Exception: whatever else the program raised.
    """
    project_dir = project_dir.resolve()
    config = stack_file.config | ({NOW: now.isoformat()} if now else {})
    monitor = _Monitor(stack_file, _default(provider, stack_file), on_resource, before)
    warnings = _Warnings()
    began = time.monotonic()

    def run() -> None:
        # No preview, and all settings of the SDK in this context alone: they end with it.
        pulumi.runtime.configure(
            pulumi.runtime.Settings(
                project=stack_file.project,
                stack=stack_file.stack,
                root_directory=str(project_dir),
                organization="rehearsal",
                monitor=monitor,  # pyright: ignore[reportArgumentType] - anything that answers like it
                engine=mocks.MockEngine(warnings.logger),  # pyright: ignore[reportArgumentType] - likewise
                dry_run=False,
            )
        )
        pulumi.runtime.set_all_config(dict(config), stack_file.secret_keys)
        with asyncio.Runner(loop_factory=_quiet_loop) as runner:
            runner.run(run_in_stack(lambda: _run_program(project_dir)))

    try:
        with _as_its_own_process(project_dir):
            contextvars.Context().run(run)
    except pulumi.RunError as refusal:
        raise ProgramRefused(str(refusal)) from None
    monitor.delete_the_rest()
    return _concluded(monitor, warnings.lines, began)


def refresh(before: Deployment, stack_file: StackFile, provider: Provider) -> Deployment:
    """Bring a state to what AWS has by now, as ``pulumi refresh`` does; AWS stays as it is."""
    default = _default(provider, stack_file)
    providers: dict[str, Provider] = {}
    resources: dict[str, Resource] = {}
    for urn, resource in before.resources.items():
        if not _is_in_aws(resource):
            if resource.type.startswith(_PROVIDER_TYPE_PREFIX):
                providers[f"{urn}::{resource.id}"] = default.configure(resource.inputs)
            resources[urn] = resource
            continue
        reader = providers.get(resource.provider, default)
        found = reader.read(resource.type, resource.id, resource.inputs, resource.outputs)
        if found is not None:
            resources[urn] = replace(resource, inputs=found[0], outputs=found[1])
    return replace(before, resources=resources, steps=[])


def destroy(before: Deployment, stack_file: StackFile, provider: Provider) -> Deployment:
    """Delete all that ``before`` left, in reverse order.

    Raises:
        DeployFailed: a line for each resource that could not be deleted.
    """
    began = time.monotonic()
    monitor = _Monitor(stack_file, _default(provider, stack_file), None, before)
    monitor.delete_the_rest()
    return _concluded(monitor, [], began)


def _default(provider: Provider, stack_file: StackFile) -> Provider:
    """Return the provider of resources that name none: it has the stack's ``aws:`` settings."""
    return provider.configure(
        {
            key.removeprefix("aws:"): value
            for key, value in stack_file.config.items()
            if key.startswith("aws:")
        }
    )


def _concluded(monitor: "_Monitor", warnings: list[str], began: float) -> Deployment:
    deployment = Deployment(
        outputs=wire.plain(monitor.exports),
        masked_outputs=wire.masked(monitor.exports),
        resources={**monitor.made, **monitor.before},
        steps=monitor.steps,
        replaced=monitor.replaced,
        warnings=warnings,
        failures=monitor.failures,
        seconds=time.monotonic() - began,
    )
    if deployment.failures:
        raise DeployFailed(deployment)
    return deployment


class _Monitor(mocks.MockMonitor):
    """Receives what the program registers and has the provider make it.

    The mock monitor of the SDK answers the rest: features, hooks, shutdown.
    """

    def __init__(
        self,
        stack_file: StackFile,
        provider: Provider,
        on_resource: Callable[[Resource], None] | None,
        before: Deployment | None,
    ) -> None:
        super().__init__(mocks=None)  # pyright: ignore[reportArgumentType] - every use is overridden
        self._project, self._stack = stack_file.project, stack_file.stack
        self._default_provider = provider
        self._providers: dict[str, Provider] = {}
        self._on_resource = on_resource
        self._registered: set[str] = set()
        self.made: dict[str, Resource] = {}
        self.before: dict[str, Resource] = dict(before.resources) if before else {}
        """What is there and not registered yet, or could not be changed."""
        self.replaced: list[Resource] = list(before.replaced) if before else []
        self._deleted_first: dict[str, Resource] = {}
        """What had to go so that something that it needs could be replaced."""
        self.steps: list[Step] = []
        self.failures: list[Failure] = []
        self.exports: dict[str, Any] = {}
        for resource in self.before.values():
            if resource.type.startswith(_PROVIDER_TYPE_PREFIX):
                reference = f"{resource.urn}::{resource.id}"
                self._providers[reference] = provider.configure(resource.inputs)

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return a URN as the engine makes it: the stack's own type is no part of a child's."""
        kind = parent.split("::")[2] if parent else _STACK_TYPE
        qualified = type_ if kind == _STACK_TYPE else f"{kind}${type_}"
        return f"urn:pulumi:{self._stack}::{self._project}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - named by gRPC
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == _STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        wrapped = wire.from_struct(request.object)
        secret = {key for key, value in wrapped.items() if wire.has_secret(value)}
        try:
            resource = self._settle(urn, request, wire.plain(wrapped), frozenset(secret))
        except Exception as error:
            self._fail(urn, request.type, request.name, error, wrapped)
            return resource_pb2.RegisterResourceResponse(urn=urn, result=resource_pb2.Result.FAIL)
        self.made[urn] = resource
        self.before.pop(urn, None)
        if self._on_resource:
            self._on_resource(resource)
        secret |= set(request.additionalSecretOutputs)
        outputs = {
            key: wire.secret(value) if key in secret else value
            for key, value in resource.outputs.items()
        }
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=resource.id if resource.custom else "", object=wire.to_struct(outputs)
        )

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 - named by gRPC
        urn = self.make_urn(request.parent, request.type, request.name)
        error = NotImplementedError(
            "reading an existing resource (.get) is not known to the rehearsal"
        )
        self._fail(urn, request.type, request.name, error, {})
        return resource_pb2.ReadResourceResponse(urn=urn, result=resource_pb2.Result.FAIL)

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - named by gRPC
        provider = self._provider(request.provider)
        response: Any = resource_pb2.ResourceInvokeResponse  # its field is named by a keyword
        try:
            answer = provider.invoke(request.tok, wire.plain(wire.from_struct(request.args)))
        except ValueError as error:  # what AWS says, which the program may expect
            failure: Any = provider_pb2.CheckFailure(reason=str(error))
            return response(failures=[failure])
        return response(**{"return": wire.to_struct(answer)})

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - named by gRPC
        if request.urn.split("::")[2] == _STACK_TYPE:
            self.exports = wire.from_struct(request.outputs)
        return empty_pb2.Empty()

    def delete_the_rest(self) -> None:
        """Delete what was replaced or is no longer registered, what needs others first.

        After a failure nobody knows what would have been registered: then all that stays.
        """
        if self.failures:
            return
        gone, self.replaced = [*self.replaced, *self.before.values()], []
        stuck: list[Resource] = []
        for resource in _dependents_first(gone):
            registered = resource.urn in self.made
            needing = [other.name for other in stuck if resource.urn in other.dependencies]
            if needing and not _is_in_aws(resource):
                continue  # a component or a provider stays with what it has
            try:
                self._delete(resource, needing, replaced=registered)
            except Exception as error:
                stuck.append(resource)
                if registered:
                    self.replaced.append(resource)
                self._fail(resource.urn, resource.type, resource.name, error, {})

    def _settle(
        self, urn: str, request: Any, inputs: dict[str, Any], secret: frozenset[str]
    ) -> Resource:
        """Create, update or replace a resource, or leave it as it is."""
        if urn in self._registered:
            raise ValueError(f"registered twice: give one of the two another name ({urn})")
        self._registered.add(urn)
        needed_for = {
            key: frozenset(of_property.urns)
            for key, of_property in request.propertyDependencies.items()
        }
        parent = frozenset([request.parent] if request.parent else [])
        dependencies = parent.union(request.dependencies, *needed_for.values())
        failed = [failure.name for failure in self.failures if failure.urn in dependencies]
        if failed:
            raise _Skipped(f"skipped, because it needs {', '.join(failed)}, which failed")
        for option, name in _UNKNOWN_OPTIONS.items():
            if getattr(request, option):
                raise NotImplementedError(
                    f"{name} is not known to the rehearsal: leave the option out"
                )
        wanted = Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            dependencies=dependencies,
            custom=bool(request.custom),
            inputs=inputs,
            outputs=inputs,
            provider=request.provider or request.providers.get("aws", ""),
            needed_for=needed_for,
            secret=secret,
            protect=bool(request.protect),
            retain=bool(request.retainOnDelete),
        )
        began = time.monotonic()
        if request.type.startswith(_PROVIDER_TYPE_PREFIX):
            settled = self._configure(wanted)
        elif request.custom or request.remote:
            settled = self._make(wanted, request)
        else:
            settled = wanted
        return replace(settled, seconds=time.monotonic() - began)

    def _configure(self, wanted: Resource) -> Resource:
        self._providers[f"{wanted.urn}::{wanted.name}"] = self._default_provider.configure(
            wanted.inputs
        )
        return replace(wanted, id=wanted.name)

    def _make(self, wanted: Resource, request: Any) -> Resource:
        provider, type_ = self._provider(wanted.provider), wanted.type
        old = self.before.get(wanted.urn) or self._under_an_alias(wanted, request)
        inputs = dict(wanted.inputs)
        for key in request.ignoreChanges if old else ():
            inputs.pop(key, None)
            inputs |= {key: old.inputs[key]} if old and key in old.inputs else {}
        wanted = replace(wanted, inputs=provider.check(type_, inputs))
        earlier = old or self._deleted_first.get(wanted.urn)
        if earlier is None:
            made = self._create(wanted)
            self._record("create", made)
            return made
        diff = provider.diff(type_, earlier.id, earlier.inputs, earlier.outputs, wanted.inputs)
        if old is None:
            made = self._create(wanted)
            self._record("replace", made, earlier, diff)
            return made
        if not diff.changed:
            return replace(wanted, id=old.id, inputs=old.inputs, outputs=old.outputs)
        if not diff.replaces:
            outputs = provider.update(type_, old.id, wanted.inputs, old.inputs, old.outputs)
            made = replace(wanted, id=old.id, outputs=self._outputs(wanted, outputs))
            self._record("update", made, old, diff)
            return made
        if old.protect:
            raise ValueError(f"protected, but {' and '.join(diff.replaces)} would replace it")
        delete_first = diff.delete_before_replace
        if request.deleteBeforeReplaceDefined:
            delete_first = bool(request.deleteBeforeReplace)
        if delete_first:
            self._delete_first(old)
            made = self._create(wanted)
        else:
            made = self._create(wanted)
            self.replaced.append(old)
        self._record("replace", made, old, diff)
        return made

    def _under_an_alias(self, wanted: Resource, request: Any) -> Resource | None:
        """Find what is there under a former name, type or parent, and move it to its new URN."""
        specs = [alias.spec for alias in request.aliases if alias.HasField("spec")]
        former = [
            *request.aliasURNs,
            *(alias.urn for alias in request.aliases if alias.urn),
            *(
                self.make_urn(
                    "" if spec.noParent else spec.parentUrn or wanted.parent,
                    spec.type or wanted.type,
                    spec.name or wanted.name,
                )
                for spec in specs
            ),
        ]
        found = next((self.before.pop(urn) for urn in former if urn in self.before), None)
        if found is None:
            return None
        moved = replace(found, urn=wanted.urn)
        self.before = {
            urn: replace(
                other,
                dependencies=frozenset(
                    moved.urn if need == found.urn else need for need in other.dependencies
                ),
            )
            for urn, other in self.before.items()
        } | {moved.urn: moved}
        return moved

    def _create(self, wanted: Resource) -> Resource:
        made, outputs = self._provider(wanted.provider).create(
            wanted.type, wanted.name, wanted.inputs
        )
        return replace(wanted, id=made, outputs=self._outputs(wanted, outputs))

    @staticmethod
    def _outputs(wanted: Resource, outputs: dict[str, Any]) -> dict[str, Any]:
        # A remote component has outputs only; inputs of the same name may have other types.
        return {**wanted.inputs, **outputs} if wanted.custom else outputs

    def _delete_first(self, old: Resource) -> None:
        """Delete a resource before its replacement is made, and with it whom that replaces too."""
        going = {old.urn: old}
        for resource in reversed(_dependents_first(self.before.values())):
            touched = {
                key for key, urns in resource.needed_for.items() if not urns.isdisjoint(going)
            }
            if touched and (resource.custom or resource.outputs):
                unknown = resource.inputs | dict.fromkeys(touched, _UNKNOWN)
                diff = self._provider(resource.provider).diff(
                    resource.type, resource.id, resource.inputs, resource.outputs, unknown
                )
                if diff.replaces:
                    going[resource.urn] = resource
        for resource in _dependents_first(going.values()):
            self._delete(resource, [], replaced=True)
            self._deleted_first[resource.urn] = resource

    def _delete(self, resource: Resource, needing: list[str], *, replaced: bool) -> None:
        """Delete a resource from AWS, unless it is to stay there, and from the state."""
        if needing:
            raise _Skipped(f"not deleted, because {', '.join(needing)} needs it and is still there")
        if resource.protect:
            raise ValueError("protected, and so not deleted")
        made = _is_in_aws(resource)
        if made and not resource.retain:
            self._provider(resource.provider).delete(
                resource.type, resource.id, resource.inputs, resource.outputs
            )
        self.before.pop(resource.urn, None)
        if made and not replaced:
            self._record("retain" if resource.retain else "delete", resource)

    def _record(
        self, action: Action, resource: Resource, old: Resource | None = None, diff: Diff = _SAME
    ) -> None:
        self.steps.append(
            Step(
                action=action,
                type=resource.type,
                name=resource.name,
                parent=resource.parent,
                changed=diff.changed,
                replaces=diff.replaces,
                old=old.inputs if old else {},
                new=resource.inputs,
                secret=resource.secret | (old.secret if old else frozenset[str]()),
            )
        )

    def _provider(self, reference: str) -> Provider:
        """Return the provider that ``urn::id`` names, or the default one."""
        return self._providers.get(reference, self._default_provider)

    def _fail(
        self, urn: str, type_: str, name: str, error: Exception, wrapped: dict[str, Any]
    ) -> None:
        reason = wire.reason(error, wire.secrets(wrapped))
        self.failures.append(Failure(urn, type_, name, reason))


def _dependents_first(resources: Iterable[Resource]) -> list[Resource]:
    """Return resources so that whoever needs another one comes before it."""
    by_urn: dict[str, list[Resource]] = {}
    for resource in resources:
        by_urn.setdefault(resource.urn, []).append(resource)
    graph = {
        urn: sorted(
            {need for each in alike for need in each.dependencies if need in by_urn and need != urn}
        )
        for urn, alike in by_urn.items()
    }
    order = [each for urn in TopologicalSorter(graph).static_order() for each in by_urn[urn]]
    return order[::-1]


def _is_in_aws(resource: Resource) -> bool:
    return bool(resource.id) and not resource.type.startswith(_PROVIDER_TYPE_PREFIX)


class _Skipped(Exception):  # noqa: N818 - no error of its own
    """A resource whose dependency failed."""


class _Warnings(logging.Handler):
    """Collects what the program logs as a warning, apart from Python's own logging."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.logger = logging.Logger("program")
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _quiet_loop() -> asyncio.AbstractEventLoop:
    """Return a loop with one thread for what the monitor does.

    After a failure many futures of the SDK end with an exception that nobody asks for; the loop's
    handler would print each. The first one is raised to us anyway.
    """
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(_say_nothing)
    loop.set_default_executor(ThreadPoolExecutor(1, "engine"))
    return loop


def _say_nothing(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    """Take the place of a loop's exception handler."""


def _run_program(project_dir: Path) -> None:
    """Run the program as Pulumi's language host does."""
    runpy.run_path(str(project_dir / "__main__.py"), run_name="__main__")


@contextmanager
def _as_its_own_process(project_dir: Path) -> Generator[None]:
    """Give the program what a fresh process in its directory would have, and take it back.

    Its own modules are imported anew, so that a changed program is read as it is now and one
    project never gets another's. Installed packages stay: importing pulumi_aws takes seconds.
    """
    names = _own_modules(project_dir)
    before = _take_modules(names)
    directory, thresholds, write_bytecode = Path.cwd(), gc.get_threshold(), sys.dont_write_bytecode
    look_where = getattr(registering, _LOOK_WHERE)
    sys.path.insert(0, str(project_dir))
    sys.dont_write_bytecode = True  # a change within one second would find the old bytecode
    # Where in the program each resource is made: a quarter of its time, and nobody asks.
    setattr(registering, _LOOK_WHERE, StackTrace)
    os.chdir(project_dir)
    try:
        yield
    finally:
        os.chdir(directory)
        sys.dont_write_bytecode = write_bytecode
        setattr(registering, _LOOK_WHERE, look_where)
        sys.path.remove(str(project_dir))
        gc.set_threshold(*thresholds)  # a program may set its own
        _take_modules(names)
        sys.modules.update(before)


def _own_modules(project_dir: Path) -> set[str]:
    """Return the names of the packages and modules beside ``__main__.py``, the rehearsal's apart.

    The rehearsal may live in the same project; the program never imports it, and its classes must
    stay the ones that this process already has.
    """
    packages = {path.parent.name for path in project_dir.glob("*/*.py")}
    modules = {path.stem for path in project_dir.glob("*.py")}
    return (packages | modules) - {_OWN_PACKAGE, "__main__"}


def _take_modules(names: set[str]) -> dict[str, ModuleType]:
    """Remove the modules under these names from ``sys.modules`` and return them."""
    taken = [name for name in sys.modules if name.partition(".")[0] in names]
    return {name: sys.modules.pop(name) for name in taken}
