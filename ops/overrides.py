"""What a run may be told over its job: variables, size, command."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from definitions.sizes import check_size
from ops.errors import OpsError
from ops.stack import Entry, Stack
from stacks.settings.base import EntryError
from stacks.settings.environment import VariableName
from stacks.settings.flows import FlowSettings
from stacks.settings.jobs import JobSettings, check_overrides

Env = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="KEY=VALUE", help="An environment variable; may be repeated."),
]
Cpu = Annotated[int | None, typer.Option("--cpu", metavar="UNITS", help="1024 are one vCPU.")]
Memory = Annotated[int | None, typer.Option("--memory", metavar="MIB", help="Memory in MiB.")]
Command = Annotated[
    list[str] | None,
    typer.Argument(metavar="-- COMMAND", help="Instead of the job's own, behind --."),
]
_NAME = TypeAdapter[str](VariableName)


def overrides(
    stack: Stack,
    entry: Entry,
    *,
    env: Sequence[str] | None,
    cpu_units: int | None,
    memory_mib: int | None,
    command: Sequence[str] | None,
) -> dict[str, Any]:
    """Return the members of a run's own input that say this; none for what is not said.

    Raises:
        OpsError: something in it is wrong, or what is run takes none.
    """
    job = entry.settings
    if not (env or cpu_units or memory_mib or command):
        return {}
    environment = _environment(env or ())
    if isinstance(job, FlowSettings):
        if cpu_units or memory_mib or command:
            raise OpsError(
                f"flow {entry.name} takes --env alone: size and command are those of its jobs"
            )
        return {"environment": environment}
    container = stack.settings.containers[job.container]
    own_cpu, own_memory = (
        (job.cpu_units, job.memory_mib) if isinstance(job, JobSettings) else (None, None)
    )
    try:
        check_overrides(
            command or job.command, {**job.environment, **environment}, container.secrets
        )
        if cpu_units or memory_mib:
            check_size(
                cpu_units or own_cpu or container.cpu_units,
                memory_mib or own_memory or container.memory_mib,
            )
    except (EntryError, ValueError) as error:
        raise OpsError(_typed(str(error))) from None
    said = {
        "environment": environment,
        "cpuUnits": cpu_units,
        "memoryMib": memory_mib,
        "command": command,
    }
    return {key: value for key, value in said.items() if value}


def shown(run_input: Mapping[str, Any]) -> str:
    """Say what of a run's own input goes over its job, as it was typed; empty if nothing does."""
    environment: Mapping[str, str] = run_input.get("environment", {})
    words = [f"{name}={value}" for name, value in environment.items()]
    words += [f"cpu {run_input['cpuUnits']}"] if "cpuUnits" in run_input else []
    words += [f"memory {run_input['memoryMib']}"] if "memoryMib" in run_input else []
    words += ["--", *run_input["command"]] if "command" in run_input else []
    return " ".join(words)


def _environment(env: Sequence[str]) -> dict[str, str]:
    environment: dict[str, str] = {}
    for text in env:
        name, equals, value = text.partition("=")
        if not equals:
            raise OpsError(f"--env {text!r} has no value: write {name}=VALUE")
        try:
            environment[_NAME.validate_python(name)] = value
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise OpsError(f"--env {name!r} {reason}") from None
    return environment


def _typed(reason: str) -> str:
    """Say it in the words of the options, not of the stack file."""
    return reason.replace("memoryMib", "--memory").replace("cpuUnits", "--cpu")
