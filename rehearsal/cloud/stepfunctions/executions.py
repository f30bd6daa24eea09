# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""Executions by the API: names, stops, descriptions, and the events that tell of them."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
import threading
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult

from rehearsal.cloud.clock import VirtualClock
from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.interpreter import (
    ExecutionAlreadyExists,
    ProgramStopped,
    StepFunctionResponse,
    StepFunctionsParserBackend,
    execution_module,
    models,
)
from rehearsal.cloud.stepfunctions.texts import compact, milliseconds

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

NAME_IS_TAKEN_FOR = timedelta(days=90)
"""How long a closed execution keeps its name (StartExecution, API reference)."""
EVENT_DATA_BYTES = 248 * 1_024
"""Above this, a status event leaves input and output out (Step Functions Developer Guide)."""


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put the repairs of this module in place."""
    name_executions_once(repairs, aws.clock)
    stop_with_error_and_cause(repairs, aws.clock)
    describe_executions_in_full(repairs)
    tell_of_status_changes(repairs, aws)


def name_executions_once(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto calls a run without a name "None", keeps names for ever, and gives one twice."""
    start = StepFunctionsParserBackend.start_execution
    find = StepFunctionsParserBackend.list_executions
    # Moto looks for a name first and takes it later, and lists executions before they have a
    # status: two dispatchers at one instant would meet there.
    one_at_a_time = threading.RLock()

    def start_with_name(
        self: Any, state_machine_arn: str, name: str | None = None, *rest: Any, **more: Any
    ) -> Any:
        with one_at_a_time:
            return start(self, state_machine_arn, name or str(uuid.uuid4()), *rest, **more)

    def list_executions(self: Any, *args: Any, **more: Any) -> Any:
        with one_at_a_time:
            return find(self, *args, **more)

    def of_the_same_name(self: Any, name: str, execution_input: str | None) -> Any:
        for execution in self.executions:
            if execution.name != name:
                continue
            if execution.status == "RUNNING":
                if json.loads(execution_input or "{}") == execution.input_data:
                    return execution
            elif clock.now() - execution.stop_date >= NAME_IS_TAKEN_FOR:
                continue
            raise ExecutionAlreadyExists(f"Execution Already Exists: '{execution.execution_arn}'")
        return None

    repairs.put(StepFunctionsParserBackend, "start_execution", start_with_name)
    repairs.put(StepFunctionsParserBackend, "list_executions", list_executions)
    repairs.put(models.StateMachine, "_handle_name_input_idempotency", of_the_same_name)


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


def describe_executions_in_full(repairs: Repairs) -> None:
    """Moto leaves out when a run timed out and whether it may be redriven.

    And it gives an output that is text without its quotes, which is no JSON.
    """
    describe = StepFunctionResponse.describe_execution
    list_all = StepFunctionResponse.list_executions

    def describe_execution(self: Any) -> ActionResult:
        answer: Any = describe(self).result
        execution = self.stepfunction_backend.describe_execution(answer["executionArn"])
        included = {"included": True}
        answer |= {"stopDate": execution.stop_date, "inputDetails": included}
        answer |= _redrive(execution.status)
        if "output" in answer:
            answer["output"] = compact(execution.output)
            answer["outputDetails"] = included
        return ActionResult(answer)

    def list_executions(self: Any) -> ActionResult:
        answer: Any = list_all(self).result
        for item in answer["executions"]:
            execution = self.stepfunction_backend.describe_execution(item["executionArn"])
            item["stopDate"] = execution.stop_date
        return ActionResult(answer)

    repairs.put(StepFunctionResponse, "describe_execution", describe_execution)
    repairs.put(StepFunctionResponse, "list_executions", list_executions)


def _redrive(status: str) -> dict[str, Any]:
    if status in ("RUNNING", "SUCCEEDED"):
        return {
            "redriveCount": 0,
            "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": f"Execution is {status} and cannot be redriven",
        }
    return {"redriveCount": 0, "redriveStatus": "REDRIVABLE", "redriveStatusReason": None}


def tell_of_status_changes(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto starts and ends executions without an event, and nobody who waits hears of it."""
    start = execution_module.Execution.start
    terminated = execution_module.BaseExecutionWorkerCommunication.terminated

    def tell(execution: Any, status: str) -> None:
        aws.events.publish(
            source="aws.states",
            detail_type="Step Functions Execution Status Change",
            resources=[execution.exec_arn],
            detail=status_change(execution, status),
            region=execution.region_name,
        )

    def start_and_tell(self: Any) -> None:
        tell(self, "RUNNING")  # before it may have ended
        start(self)

    def end_and_tell(self: Any) -> None:
        terminated(self)
        tell(self.execution, self.execution.status)
        aws.end_of(self.execution.exec_arn).set()

    repairs.put(execution_module.Execution, "start", start_and_tell)
    repairs.put(execution_module.BaseExecutionWorkerCommunication, "terminated", end_and_tell)


def status_change(execution: Any, status: str) -> dict[str, Any]:
    """Return the detail of a status change event: dates in ms, input and output as JSON text."""
    ended = status == "SUCCEEDED"
    given = compact(execution.input_data)
    result = compact(execution.output) if ended else None
    included = len(given.encode()) + len((result or "").encode()) <= EVENT_DATA_BYTES
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": status,
        "startDate": milliseconds(execution.start_date),
        "stopDate": milliseconds(execution.stop_date) if execution.stop_date else None,
        "input": given if included else None,
        "output": result if included else None,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        **_redrive(status),
        "redriveDate": None,
        "inputDetails": {"included": included},
        "outputDetails": {"included": included} if ended else None,
        "error": execution.error,
        "cause": execution.cause,
    }
