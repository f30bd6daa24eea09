"""A small Pulumi engine in this process: runs the unchanged program and drives a provider.

It stands where the Pulumi CLI stands: the program's SDK registers resources with a monitor, and the
monitor hands each one, resolved and without secret wrappings, to the provider. Only creation is
here; what a second deployment needs (the same URNs with inputs, outputs and dependencies) is kept.
"""

import asyncio
import contextvars
import gc
import logging
import os
import runpy
import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pulumi
import pulumi.runtime
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_in_stack

from rehearsal.stack_file import StackFile

MASK = "[secret]"
"""What a person sees in the place of a secret."""

# How a wrapped value travels; the SDK gives these words no public name.
_SIGNATURE: str = rpc._special_sig_key  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - see above
_SECRET: str = rpc._special_secret_sig  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - see above

_STACK_TYPE = "pulumi:pulumi:Stack"
_PROVIDER_TYPE_PREFIX = "pulumi:providers:"
_OWN_PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True)
class Diff:
    """How new inputs differ from old ones: names of properties, as the SDK's wire has them."""

    changed: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    """Those of them that need another resource."""
    delete_before_replace: bool = False
    """Whether the other one can be made only once this one is gone."""


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
        """Answer a function call such as ``aws:index/getCallerIdentity:getCallerIdentity``."""
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


@dataclass(frozen=True)
class Failure:
    """A resource that could not be made, and why, in one line without secrets."""

    urn: str
    type: str
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.type} {self.name}: {self.reason}"


@dataclass(frozen=True)
class Deployment:
    """What a run of the program made."""

    outputs: dict[str, Any] = field(repr=False)
    """The stack's exports, secrets in clear: never print them."""
    masked_outputs: dict[str, Any]
    """The stack's exports for people to see."""
    resources: dict[str, Resource]
    """By URN, in the order in which they were made."""
    warnings: list[str]
    """What the program told ``pulumi.log.warn``."""
    failures: list[Failure]
    """In the order in which they happened; empty unless it comes with ``DeployFailed``."""
    seconds: float


class DeployFailed(Exception):  # noqa: N818 - reads as what happened, as in the CLI's own words
    """Some resources could not be made; a line for each."""

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
) -> Deployment:
    """Run ``project_dir/__main__.py`` and make what it registers.

    A resource that fails takes those that need it with it; the rest goes on. ``on_resource`` is
    called with each resource as it is made, from another thread.

    Raises:
        DeployFailed: a line for each resource that could not be made.
        ProgramRefused: the program raised ``pulumi.RunError``.
        Exception: whatever else the program raised.
    """
    project_dir = project_dir.resolve()
    config = stack_file.config
    defaults = {
        key.removeprefix("aws:"): value for key, value in config.items() if key.startswith("aws:")
    }
    monitor = _Monitor(stack_file, provider.configure(defaults), on_resource)
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
    deployment = Deployment(
        outputs=_plain(monitor.exports),
        masked_outputs=_masked(monitor.exports),
        resources=monitor.made,
        warnings=warnings.lines,
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
    ) -> None:
        super().__init__(mocks=None)  # pyright: ignore[reportArgumentType] - every use is overridden
        self._project, self._stack = stack_file.project, stack_file.stack
        self._default_provider = provider
        self._providers: dict[str, Provider] = {}
        self._on_resource = on_resource
        self._registered: set[str] = set()
        self.made: dict[str, Resource] = {}
        self.failures: list[Failure] = []
        self.exports: dict[str, Any] = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return a URN as the engine makes it: the stack's own type is no part of a child's."""
        kind = parent.split("::")[2] if parent else _STACK_TYPE
        qualified = type_ if kind == _STACK_TYPE else f"{kind}${type_}"
        return f"urn:pulumi:{self._stack}::{self._project}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - named by gRPC
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == _STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        wrapped = _from_struct(request.object)
        try:
            resource = self._make(urn, request, _plain(wrapped))
        except Exception as error:
            self._fail(urn, request.type, request.name, error, wrapped)
            return resource_pb2.RegisterResourceResponse(urn=urn, result=resource_pb2.Result.FAIL)
        self.made[urn] = resource
        if self._on_resource:
            self._on_resource(resource)
        secret = {key for key, value in wrapped.items() if _has_secret(value)}
        secret |= set(request.additionalSecretOutputs)
        outputs = {
            key: {_SIGNATURE: _SECRET, "value": value} if key in secret else value
            for key, value in resource.outputs.items()
        }
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=resource.id, object=_to_struct(outputs)
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
        answer = provider.invoke(request.tok, _plain(_from_struct(request.args)))
        response: Any = resource_pb2.ResourceInvokeResponse  # its field is named by a keyword
        return response(**{"return": _to_struct(answer)})

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - named by gRPC
        if request.urn.split("::")[2] == _STACK_TYPE:
            self.exports = _from_struct(request.outputs)
        return empty_pb2.Empty()

    def _make(self, urn: str, request: Any, inputs: dict[str, Any]) -> Resource:
        if urn in self._registered:
            raise ValueError(f"registered twice: give one of the two another name ({urn})")
        self._registered.add(urn)
        dependencies = frozenset(
            (
                *request.dependencies,
                *(
                    needed
                    for of_property in request.propertyDependencies.values()
                    for needed in of_property.urns
                ),
                *((request.parent,) if request.parent else ()),
            )
        )
        failed = [failure.name for failure in self.failures if failure.urn in dependencies]
        if failed:
            raise _Skipped(f"skipped, because it needs {', '.join(failed)}, which failed")
        if request.importId:
            raise NotImplementedError("import is not known to the rehearsal: leave the option out")
        began = time.monotonic()
        made, outputs = "", inputs
        if request.type.startswith(_PROVIDER_TYPE_PREFIX):
            made = request.name
            self._providers[f"{urn}::{made}"] = self._default_provider.configure(inputs)
        elif request.custom or request.remote:
            provider = self._provider(request.provider or request.providers.get("aws", ""))
            inputs = provider.check(request.type, inputs)
            made, created = provider.create(request.type, request.name, inputs)
            # A remote component has outputs only; inputs of the same name may have other types.
            outputs = created if request.remote else {**inputs, **created}
        return Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            dependencies=dependencies,
            custom=bool(request.custom),
            id=made,
            inputs=inputs,
            outputs=outputs,
            seconds=time.monotonic() - began,
        )

    def _provider(self, reference: str) -> Provider:
        """Return the provider that ``urn::id`` names, or the default one."""
        return self._providers.get(reference, self._default_provider)

    def _fail(
        self, urn: str, type_: str, name: str, error: Exception, wrapped: dict[str, Any]
    ) -> None:
        reason = " ".join(str(error).split()) or type(error).__name__
        # What a person wrote wrong is a ValueError or an answer of AWS; the rest is worth its name.
        if isinstance(error, KeyError | TypeError | AttributeError | AssertionError):
            reason = f"{type(error).__name__}: {reason}"
        for secret in _secrets(wrapped):
            reason = reason.replace(secret, MASK)
        self.failures.append(Failure(urn, type_, name, reason))


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
    sys.path.insert(0, str(project_dir))
    sys.dont_write_bytecode = True  # a change within one second would find the old bytecode
    os.chdir(project_dir)
    try:
        yield
    finally:
        os.chdir(directory)
        sys.dont_write_bytecode = write_bytecode
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


def _from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return a request's values; whole numbers as integers, because Struct knows only floats."""
    values: dict[str, Any] = json_format.MessageToDict(struct)
    return _with_integers(values)


def _to_struct(values: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update({key: value for key, value in values.items() if value is not None})
    return struct


def _with_integers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return _mapped(value, _with_integers)


def _plain(value: Any) -> Any:
    """Take the secret wrappings off."""
    if _is_secret(value):
        return _plain(value["value"])
    return _mapped(value, _plain)


def _masked(value: Any) -> Any:
    """Put ``MASK`` in the place of each secret."""
    return MASK if _is_secret(value) else _mapped(value, _masked)


def _mapped(value: Any, function: Callable[[Any], Any]) -> Any:
    """Apply ``function`` to what a dictionary or list holds."""
    if isinstance(value, dict):
        return {key: function(item) for key, item in _items(value)}
    if isinstance(value, list):
        return [function(item) for item in _elements(value)]
    return value


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and _signature(value) == _SECRET


def _has_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_secret(value) or any(_has_secret(item) for _, item in _items(value))
    return isinstance(value, list) and any(_has_secret(item) for item in _elements(value))


def _secrets(value: Any) -> list[str]:
    """Return the texts that must not be shown, longest first."""
    found: list[str] = []

    def gather(part: Any, *, inside: bool) -> None:
        if _is_secret(part):
            gather(part["value"], inside=True)
        elif isinstance(part, dict):
            for _, item in _items(part):
                gather(item, inside=inside)
        elif isinstance(part, list):
            for item in _elements(part):
                gather(item, inside=inside)
        elif inside and isinstance(part, str) and part:
            found.append(part)

    gather(value, inside=False)
    return sorted(found, key=len, reverse=True)


def _signature(value: Any) -> Any:
    return value.get(_SIGNATURE)


def _items(value: Any) -> list[tuple[str, Any]]:
    """Return a dictionary's items, typed: what a request holds is only known at run time."""
    return list(value.items())


def _elements(value: Any) -> list[Any]:
    """Return a list's elements, typed likewise."""
    return list(value)
