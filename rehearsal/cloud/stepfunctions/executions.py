# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""Executions by the API: names, stops, descriptions, and the events that tell of them."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import copy
import json
import random
import re
import threading
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult

from rehearsal.cloud.clock import VirtualClock
from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.interpreter import (
    Environment,
    EventManager,
    HistoryEventType,
    ProgramStopped,
    StateMachineType,
    StepFunctionResponse,
    StepFunctionsParserBackend,
    execution_module,
)
from rehearsal.cloud.stepfunctions.machines import page
from rehearsal.cloud.stepfunctions.refusals import refusal
from rehearsal.cloud.stepfunctions.texts import compact, milliseconds

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

NAME_IS_TAKEN_FOR = timedelta(days=90)
"""How long a closed execution keeps its name (StartExecution, API reference)."""
REDRIVABLE_FOR = timedelta(days=14)
"""How long after its end an execution can be redriven (RedriveExecution, API reference)."""
EXPRESS_SECONDS = 300
"""Longest an EXPRESS execution takes (Step Functions quotas)."""
INPUT_BYTES = 262_144
"""Longest input of an execution, in UTF-8 (Step Functions quotas)."""
MOST_EVENTS = 25_000
"""Events of the longest history, the last of which says that it failed (Step Functions quotas)."""
EVENT_DATA_BYTES = 248 * 1_024
"""Above this, a status event leaves input and output out (Step Functions Developer Guide)."""


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put the repairs of this module in place."""
    start_executions_as_aws_does(repairs, aws)
    stop_with_error_and_cause(repairs, aws.clock)
    describe_executions_in_full(repairs, aws)
    tell_of_status_changes(repairs, aws)
    fail_at_the_longest_history(repairs)


def start_executions_as_aws_does(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto calls a run without a name "None", keeps names for ever, and gives one twice.

    It starts no version and no alias, copies the machine with every run, and takes any input.
    """
    # Two dispatchers at one instant would both find a name free.
    one_at_a_time = threading.RLock()

    def start_execution(
        self: Any, state_machine_arn: str, name: str | None = None, execution_input: str = "{}"
    ) -> Any:
        _refuse_input(execution_input)
        if name is not None:
            self._validate_name(name)
        started = _resolved(self, state_machine_arn)
        with one_at_a_time:
            name = name or str(uuid.uuid4())
            same = _of_the_same_name(started.machine, name, execution_input, aws.clock.now())
            if same is not None:
                return same
            execution = _new_execution(self, started, name, execution_input, aws.clock.now())
            started.machine.executions.append(execution)
            execution.start()
        return execution

    def start_sync_execution(self: Any) -> ActionResult:
        get = self._get_param
        backend = self.stepfunction_backend
        if _resolved(backend, get("stateMachineArn")).machine.type != "EXPRESS":
            raise refusal(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
            )
        execution = start_execution(
            backend, get("stateMachineArn"), get("name"), get("input") or "{}"
        )
        if not aws.clock.let_happen(aws.end_of(execution.exec_arn), EXPRESS_SECONDS):
            execution.exec_worker.env.set_timed_out()
            aws.clock.let_happen(aws.end_of(execution.exec_arn), 1)
        return ActionResult(_synchronous(execution))

    repairs.put(StepFunctionsParserBackend, "start_execution", start_execution)
    repairs.add(StepFunctionResponse, "start_sync_execution", start_sync_execution)


@dataclass(frozen=True, kw_only=True)
class _Started:
    """What StartExecution was told to start."""

    machine: Any
    source: Any
    """The machine or its version: where definition and role come from."""
    version_arn: str | None = None
    alias_arn: str | None = None


def _resolved(backend: Any, arn: str) -> _Started:
    """Find what an ARN names: a machine, one of its versions, or an alias of versions."""
    backend._validate_machine_arn(arn)
    machines = {machine.arn: machine for machine in backend.state_machines}
    if arn in machines:
        return _Started(machine=machines[arn], source=machines[arn])
    base, _, qualifier = arn.rpartition(":")
    machine = machines.get(base)
    alias = machine.aliases.get(qualifier) if machine else None
    version_arn = _routed(alias) if alias else arn
    for version in machine.versions.values() if machine else ():
        if version.arn == version_arn:
            alias_arn = arn if alias else None
            return _Started(
                machine=machine, source=version, version_arn=version_arn, alias_arn=alias_arn
            )
    raise refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


_dice = random.Random(0)  # noqa: S311 - spreads executions over the versions of an alias


def _routed(alias: Any) -> str:
    """Return the version of an alias that this execution is routed to."""
    routes = alias.routing_configuration
    (route,) = _dice.choices(routes, weights=[route["weight"] for route in routes])
    return route["stateMachineVersionArn"]


def _of_the_same_name(machine: Any, name: str, given: str, now: datetime) -> Any:
    """Return the execution that goes on under this name with this input, or nothing.

    Raises:
        JsonRESTError: ExecutionAlreadyExists, when the name is taken otherwise.
    """
    if machine.type == "EXPRESS":
        return None
    for execution in reversed(machine.executions):
        if execution.name != name:
            continue
        if execution.status == "RUNNING":
            if json.loads(given) == execution.input_data:
                return execution
        elif now - execution.stop_date >= NAME_IS_TAKEN_FOR:
            continue
        raise refusal(
            "ExecutionAlreadyExists", f"Execution Already Exists: '{execution.execution_arn}'"
        )
    return None


def _new_execution(backend: Any, started: _Started, name: str, given: str, now: datetime) -> Any:
    kind: str = started.machine.type
    named = f"execution:{started.machine.name}:{name}"
    if kind == "EXPRESS":
        named = f"express:{started.machine.name}:{name}:{uuid.uuid4()}"
    snapshot = copy.copy(started.source)  # an update leaves running executions alone
    snapshot.arn = started.machine.arn
    execution: Any = execution_module.Execution(
        name=name,
        sm_type=StateMachineType(kind),
        role_arn=snapshot.roleArn,
        exec_arn=f"arn:aws:states:{backend.region_name}:{backend.account_id}:{named}",
        account_id=backend.account_id,
        region_name=backend.region_name,
        state_machine=snapshot,
        start_date=now,
        cloud_watch_logging_session=None,
        input_data=given,
        activity_store={},
    )
    execution.version_arn, execution.alias_arn = started.version_arn, started.alias_arn
    execution.redrive_count, execution.redrive_date = 0, None
    execution.map_run_arn = None
    return execution


def element_of(
    backend: Any,
    *,
    run: Any,
    machine_arn: str,
    map_run_arn: str,
    label: str,
    definition: str,
    given: Any,
    name: str,
    now: datetime,
) -> Any:
    """Make the execution of one item of a run's distributed Map; it is still to be started.

    The run may be such an item itself: its machine is then ``<machine>/<label>``.
    """
    whole = machine_arn.partition("/")[0]
    machine = next(machine for machine in backend.state_machines if machine.arn == whole)
    inside = copy.copy(machine)
    inside.definition, inside.name = definition, f"{machine_arn.rpartition(':')[2]}/{label}"
    inside.roleArn = run["RoleArn"]
    started = _Started(machine=inside, source=inside)
    execution = _new_execution(backend, started, name, json.dumps(given), now)
    execution.state_machine.arn = f"{machine_arn}/{label}"
    execution.map_run_arn = map_run_arn
    machine.executions.append(execution)
    return execution


def _refuse_input(text: str) -> None:
    """Refuse an input that is no JSON, in the words of AWS's parser (Jackson), or is too long.

    An input of more than 262,144 characters, the model refuses before; the words with which AWS
    refuses fewer of more bytes are not known.
    """
    if len(text.encode()) > INPUT_BYTES:
        raise refusal(
            "InvalidExecutionInput",
            f"Invalid State Machine Execution Input: 'Input is longer than {INPUT_BYTES} bytes'",
        )
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        wrong = "Invalid execution input."
        rest = text[error.pos :]
        if error.msg.startswith("Expecting property name"):
            wrong = (
                f"Unexpected character ('{rest[0]}' (code {ord(rest[0])})): was expecting "
                "double-quote to start field name"
            )
        elif error.msg == "Expecting value" and rest:
            token = re.match(r"\w*", rest)
            wrong = (
                f"Unrecognized token '{token[0] if token else ''}': was expecting (JSON String, "
                "Number, Array, Object or token 'null', 'true' or 'false')"
            )
        raise refusal(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{wrong}'"
        ) from error


def _synchronous(execution: Any) -> dict[str, Any]:
    """Return how an EXPRESS execution ended, as StartSyncExecution answers it."""
    included = {"included": True}
    answer: dict[str, Any] = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date,
        "status": execution.status if execution.status != "ABORTED" else "FAILED",
        "input": execution.execution_input,
        "inputDetails": included,
        "billingDetails": {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100},
    }
    if execution.status == "SUCCEEDED":
        answer |= {"output": compact(execution.output), "outputDetails": included}
    return answer | _said(execution)


def _said(execution: Any) -> dict[str, Any]:
    told = {"error": execution.error, "cause": execution.cause}
    return {name: value for name, value in told.items() if value is not None}


def stop_with_error_and_cause(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto's StopExecution forgets error and cause and answers without a date."""

    def stop_execution(self: Any) -> ActionResult:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if execution.status == "RUNNING":
            execution.stop(clock.now(), self._get_param("error"), self._get_param("cause"))
        return ActionResult({"stopDate": execution.stop_date or clock.now()})

    reflect = execution_module.BaseExecutionWorkerCommunication._reflect_execution_status

    def reflect_error_and_cause(self: Any) -> None:
        reflect(self)
        ending = self.execution.exec_worker.env.program_state()
        if isinstance(ending, ProgramStopped):
            self.execution.error, self.execution.cause = ending.error, ending.cause

    repairs.put(StepFunctionResponse, "stop_execution", stop_execution)
    repairs.put(
        execution_module.BaseExecutionWorkerCommunication,
        "_reflect_execution_status",
        reflect_error_and_cause,
    )


def describe_executions_in_full(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto leaves out when a run timed out, its version, and whether it may be redriven.

    It lists no items of a distributed Map. And it gives an output that is text without its quotes,
    which is no JSON.
    """

    def describe_execution(self: Any) -> ActionResult:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        included = {"included": True}
        answer: dict[str, Any] = {
            "executionArn": execution.exec_arn,
            "stateMachineArn": execution.state_machine.arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": execution.start_date,
            "stopDate": execution.stop_date,
            "input": execution.execution_input,
            "inputDetails": included,
        }
        if execution.status == "SUCCEEDED":
            answer |= {"output": compact(execution.output), "outputDetails": included}
        now = aws.clock.now()
        return ActionResult(
            answer | _said(execution) | _qualified(execution) | redrivability(execution, now)
        )

    def list_executions(self: Any) -> ActionResult:
        get, backend = self._get_param, self.stepfunction_backend
        map_run: str | None = get("mapRunArn")
        found = (
            _items_of(backend, map_run) if map_run else _runs_of(backend, get("stateMachineArn"))
        )
        wanted = get("statusFilter")
        executions = [
            _listed(execution)
            for execution in sorted(found, key=_newest_first)
            if execution.exec_status is not None and wanted in (None, execution.status)
        ]
        return ActionResult(page(self, "executions", executions))

    def get_execution_history(self: Any) -> ActionResult:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        events = execution.to_history_output()["events"]
        if self._get_param("reverseOrder"):
            events.reverse()
        return ActionResult(page(self, "events", [_without_nulls(event) for event in events]))

    def machine_of(self: Any, execution_arn: str) -> Any:
        name, _, rest = execution_arn.rpartition(":")
        return find(self, f"{name.partition('/')[0]}:{rest}")

    find = StepFunctionsParserBackend._get_state_machine_for_execution
    repairs.put(StepFunctionsParserBackend, "_get_state_machine_for_execution", machine_of)
    repairs.put(StepFunctionResponse, "describe_execution", describe_execution)
    repairs.put(StepFunctionResponse, "list_executions", list_executions)
    repairs.put(StepFunctionResponse, "get_execution_history", get_execution_history)


def _runs_of(backend: Any, arn: str) -> list[Any]:
    """Return the executions of a machine, or of a version or alias of it, without its items."""
    machine = _resolved(backend, arn).machine
    return [
        execution
        for execution in machine.executions
        if execution.map_run_arn is None
        and arn in (machine.arn, execution.version_arn, execution.alias_arn)
    ]


def _items_of(backend: Any, map_run: str) -> list[Any]:
    """Return the executions of a distributed Map's items."""
    machines = backend.state_machines
    found = [one for machine in machines for one in machine.executions]
    return [execution for execution in found if execution.map_run_arn == map_run]


def _newest_first(execution: Any) -> float:
    return -execution.start_date.timestamp()


def _listed(execution: Any) -> dict[str, Any]:
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date,
        "redriveCount": execution.redrive_count,
        "redriveDate": execution.redrive_date,
    } | _qualified(execution)


def _qualified(execution: Any) -> dict[str, Any]:
    named = {
        "stateMachineVersionArn": execution.version_arn,
        "stateMachineAliasArn": execution.alias_arn,
    }
    return {name: arn for name, arn in named.items() if arn is not None}


def _without_nulls(event: Any) -> dict[str, Any]:
    return {
        name: {key: item for key, item in value.items() if item is not None}
        if isinstance(value, dict)
        else value
        for name, value in event.items()
    }


def redrivability(execution: Any, now: datetime) -> dict[str, Any]:
    """Return what the API says of an execution's redrives."""
    if execution.sm_type == "EXPRESS":
        return {}
    reason = why_not_redrivable(execution, now)
    told = {
        "redriveCount": execution.redrive_count,
        "redriveStatus": "REDRIVABLE" if reason is None else "NOT_REDRIVABLE",
        "redriveStatusReason": reason,
        "redriveDate": execution.redrive_date,
    }
    return {name: value for name, value in told.items() if value is not None}


def why_not_redrivable(execution: Any, now: datetime) -> str | None:
    """Return why an execution cannot be redriven, or nothing when it can."""
    if execution.status in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {execution.status} and cannot be redriven"
    if execution.exec_worker.env.event_manager.is_full:
        return "Execution history event limit exceeded"
    if now - execution.stop_date > REDRIVABLE_FOR:
        return "Execution's redrivable period exceeded"
    return None


def tell_of_status_changes(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto starts and ends executions without an event, and nobody who waits hears of it."""
    start = execution_module.Execution.start
    terminated = execution_module.BaseExecutionWorkerCommunication.terminated

    def tell(execution: Any, status: str) -> None:
        if execution.sm_type == "EXPRESS":
            return
        aws.events.publish(
            source="aws.states",
            detail_type="Step Functions Execution Status Change",
            resources=[execution.exec_arn],
            detail=status_change(execution, status, aws.clock.now()),
            region=execution.region_name,
        )

    def start_and_tell(self: Any) -> None:
        tell(self, "RUNNING")  # before it may have ended
        start(self)

    def end_and_tell(self: Any) -> None:
        terminated(self)
        tell(self.execution, self.execution.status)
        aws.end_of(self.execution.exec_arn).set()

    def tell_running(self: Any) -> None:
        tell(self, "RUNNING")

    repairs.add(execution_module.Execution, "tell_running", tell_running)
    repairs.put(execution_module.Execution, "start", start_and_tell)
    repairs.put(execution_module.BaseExecutionWorkerCommunication, "terminated", end_and_tell)


def fail_at_the_longest_history(repairs: Repairs) -> None:
    """Moto's histories grow for ever, where AWS makes a failure of the 25,000th event."""
    initialise: Any = Environment.__init__
    add: Any = EventManager.add_event

    def remember_program(self: Any, *args: Any, **more: Any) -> None:
        initialise(self, *args, **more)
        self.event_manager.program = self  # frames get the manager of their program after this

    def add_event(self: Any, context: Any, event_type: Any, *args: Any, **more: Any) -> int:
        if self.is_full and event_type != HistoryEventType.ExecutionFailed:
            return context.last_published_event_id
        event_id: int = add(self, context, event_type, *args, **more)
        program = self.program
        if event_id == MOST_EVENTS - 1 and program and program.is_standard_workflow():
            self.is_full = True
            program.event_history_context.source_event_id = event_id
            program.set_error(
                {
                    "error": "States.Runtime",
                    "cause": "The execution reached the maximum number of history events "
                    f"({MOST_EVENTS}).",
                }
            )
        return event_id

    repairs.add(EventManager, "program", None)  # the item of a distributed Map has none
    repairs.add(EventManager, "is_full", False)
    repairs.put(Environment, "__init__", remember_program)
    repairs.put(EventManager, "add_event", add_event)


def status_change(execution: Any, status: str, now: datetime) -> dict[str, Any]:
    """Return the detail of a status change event: dates in ms, input and output as JSON text."""
    ended = status == "SUCCEEDED"
    given = compact(execution.input_data)
    result = compact(execution.output) if ended else None
    included = len(given.encode()) + len((result or "").encode()) <= EVENT_DATA_BYTES
    running = f"Execution is {status} and cannot be redriven"
    reason = running if status in ("RUNNING", "SUCCEEDED") else why_not_redrivable(execution, now)
    redriven = execution.redrive_date
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": status,
        "startDate": milliseconds(execution.start_date),
        "stopDate": milliseconds(execution.stop_date) if execution.stop_date else None,
        "input": given if included else None,
        "output": result if included else None,
        "stateMachineVersionArn": execution.version_arn,
        "stateMachineAliasArn": execution.alias_arn,
        "redriveCount": execution.redrive_count,
        "redriveDate": milliseconds(redriven) if redriven else None,
        "redriveStatus": "REDRIVABLE" if reason is None else "NOT_REDRIVABLE",
        "redriveStatusReason": reason,
        "inputDetails": {"included": included},
        "outputDetails": {"included": included} if ended else None,
        "error": execution.error,
        "cause": execution.cause,
    }
