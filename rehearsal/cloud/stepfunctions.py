# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""Step Functions: moto's interpreter in virtual time, mended where it differs from AWS.

Each repair is one function of this module whose first line says what is wrong without it. They
replace members of moto's classes and are taken back on exit.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import functools
import json
import logging
import random
import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError
from moto.core.responses import ActionResult
from moto.stepfunctions import models
from moto.stepfunctions.exceptions import ExecutionAlreadyExists
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import (
    ErrorEqualsDecl,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl, retrier_decl
from moto.stepfunctions.parser.asl.component.program import program
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
    inline_iteration_component,
    job,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import (
    branch_worker,
    branches_decl,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as callback_service,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501 - moto's own name
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (  # noqa: E501 - moto's own name
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_ecs import (  # noqa: E501 - moto's own name
    StateTaskServiceEcs,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (  # noqa: E501 - moto's own name
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sns import (  # noqa: E501 - moto's own name
    StateTaskServiceSns,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sqs import (  # noqa: E501 - moto's own name
    StateTaskServiceSqs,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)
from moto.stepfunctions.parser.asl.eval import environment
from moto.stepfunctions.parser.asl.eval.callback import callback
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped, ProgramTimedOut
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.backend import execution as execution_module
from moto.stepfunctions.parser.backend import execution_worker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.parser.utils import TMP_THREADS
from moto.stepfunctions.responses import StepFunctionResponse

from rehearsal.cloud import jsonata, strict
from rehearsal.cloud.clock import ClockThread, LatchedEvent, VirtualClock, VirtualEvent
from rehearsal.cloud.repairs import Repairs, text_of

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

NAME_IS_TAKEN_FOR = timedelta(days=90)
"""How long a closed execution keeps its name (StartExecution, API reference)."""
EVENT_DATA_BYTES = 248 * 1_024
"""Above this, a status event leaves input and output out (Step Functions Developer Guide)."""


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put every repair of this module, and JSONata, in place."""
    jsonata.repair(repairs, aws.clock)
    run_threads_on_the_clock(repairs, aws.clock)
    keep_the_end_of_a_program(repairs, aws.clock)
    wait_on_the_clock(repairs)
    parse_a_definition_once(repairs)
    tell_dates_as_text(repairs, aws.clock)
    call_with_the_machines_role(repairs, aws)
    spell_requests_and_responses(repairs)
    name_errors_as_aws_does(repairs)
    leave_runtime_errors_uncaught(repairs)
    give_every_attempt_a_token(repairs)
    end_an_abandoned_task_quietly(repairs)
    submit_tasks_to_ecs(repairs, aws)
    wait_for_what_was_started(repairs, aws)
    understand_the_end_of_a_task(repairs, aws)
    name_executions_once(repairs, aws.clock)
    stop_with_error_and_cause(repairs, aws.clock)
    describe_executions_in_full(repairs)
    tell_of_status_changes(repairs, aws)


def silence() -> Callable[[], None]:
    """Keep moto from logging a machine's own Fail as its error; return what takes that back."""
    logger = logging.getLogger("moto.stepfunctions")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    return lambda: logger.setLevel(level)


def forget_threads() -> None:
    """Empty moto's global list of threads, which would keep every execution alive."""
    TMP_THREADS.clear()


# Time


def run_threads_on_the_clock(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto waits in real time: with the machine's own threads and events."""

    def thread(*, target: Callable[..., Any], args: tuple[Any, ...] = (), **_: Any) -> ClockThread:
        return ClockThread(clock, target=target, args=args)

    def start(self: Any) -> None:
        name = self._evaluation_details.execution_details.arn
        ClockThread(clock, target=self._execution_logic, name=name).start()

    event = functools.partial(VirtualEvent, clock)
    threads = SimpleNamespace(
        Thread=thread, Event=event, Lock=threading.Lock, RLock=threading.RLock
    )
    repairs.put(execution_worker.ExecutionWorker, "start", start)
    repairs.put(execute_state, "threading", threads)
    repairs.put(execute_state, "Thread", thread)
    repairs.put(callback, "Event", event)
    for module in (program, job, branches_decl, branch_worker, inline_iteration_component):
        repairs.put(module, "threading", threads)


def keep_the_end_of_a_program(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto's signal of a program's end is lost on whoever looks a moment later.

    And an error that follows a stop or a timeout would turn ABORTED into FAILED.
    """
    set_error = environment.Environment.set_error

    def keep_stopped(self: Any, error: Any) -> None:
        if not isinstance(self._program_state, ProgramStopped | ProgramTimedOut):
            set_error(self, error)

    repairs.put(environment.Environment, "set_error", keep_stopped)
    repairs.put(
        environment,
        "threading",
        SimpleNamespace(RLock=threading.RLock, Event=functools.partial(LatchedEvent, clock)),
    )


def wait_on_the_clock(repairs: Repairs) -> None:
    """Wait states and retry delays would take real time, and jitter differ in every run."""
    evaluate = retrier_decl.RetrierDecl._eval_body
    retrying = threading.local()

    def wait_interval(_: Any, env: Any, wait_seconds: float) -> None:
        env.program_state_event.wait(max(wait_seconds, 0))

    def remember_whose_delay_it_is(self: Any, env: Any) -> None:
        retrying.env = env
        evaluate(self, env)

    def sleep(seconds: float) -> None:
        retrying.env.program_state_event.wait(seconds)

    repairs.put(WaitFunction, "_wait_interval", wait_interval)
    repairs.put(retrier_decl.RetrierDecl, "_eval_body", remember_whose_delay_it_is)
    repairs.put(retrier_decl, "time", SimpleNamespace(sleep=sleep))
    repairs.put(jitter_strategy_decl, "random", random.Random(0))  # noqa: S311 - spreads delays


def parse_a_definition_once(repairs: Repairs) -> None:
    """Moto parses the definition for every execution: 25 ms that a thousand runs would feel."""
    parse = functools.lru_cache(maxsize=None)(AmazonStateLanguageParser.parse)
    repairs.put(AmazonStateLanguageParser, "parse", staticmethod(parse))


def tell_dates_as_text(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto puts a datetime into the context object, which breaks every output with it."""
    details = execution_module.Execution.get_start_execution_details

    def with_text(self: Any) -> Any:
        started: Any = details(self)
        started.start_time = text_of(self.start_date)
        return started

    def state_data(**members: Any) -> dict[str, Any]:
        return {**members, "EnteredTime": text_of(clock.now())}

    repairs.put(execution_module.Execution, "get_start_execution_details", with_text)
    repairs.put(state, "StateData", state_data)


# Calls to other services


def call_with_the_machines_role(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto calls with made-up credentials, so no permission could ever be checked."""

    def client_for(region: str, service: str, state_credentials: Any) -> Any:
        aws.iam.machine_uses(state_credentials.role_arn, region)
        return aws.client(service, region, role=state_credentials.role_arn)

    original = boto_client.boto_client_for
    for module in list(sys.modules.values()):
        if getattr(module, "boto_client_for", None) is original:
            repairs.put(module, "boto_client_for", client_for)


def spell_requests_and_responses(repairs: Repairs) -> None:
    """Moto hands PascalCase members to services that spell camelCase, ECS and its own API."""

    def model(self: Any, service: str | None, action: str | None) -> Any:
        client_model = strict.service_model(self._get_boto_service_name(service))
        wanted = self._get_boto_service_action(action)
        return next(
            client_model.operation_model(name)
            for name in client_model.operation_names
            if xform_name(name) == wanted
        )

    def normalise_parameters(
        self: Any,
        parameters: dict[str, Any],
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        shape = model(self, boto_service_name, service_action_name).input_shape
        if shape is not None:
            self._to_boto_request(parameters, shape)

    def normalise_response(
        self: Any,
        response: Any,
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        shape = model(self, boto_service_name, service_action_name).output_shape
        if shape is not None:
            self._from_boto_response(response, shape)
        spell = text_of if isinstance(self, StateTaskServiceAwsSdk) else _milliseconds
        _replace_dates(response, spell)

    repairs.put(StateTaskService, "_normalise_parameters", normalise_parameters)
    repairs.put(StateTaskService, "_normalise_response", normalise_response)


def _milliseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1_000)


def _replace_dates(value: Any, spell: Callable[[datetime], Any]) -> None:
    members = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    for key, member in members:
        if isinstance(member, datetime):
            value[key] = spell(member)
        else:
            _replace_dates(member, spell)


@dataclass(frozen=True, kw_only=True)
class _ErrorNames:
    """How an optimized integration names what its service refuses."""

    prefix: str
    service: str
    base: str


def name_errors_as_aws_does(repairs: Repairs) -> None:
    """Moto gives ECS errors as States.Runtime and doubles or forgets the word Exception."""
    names = {
        StateTaskServiceEcs: _ErrorNames(
            prefix="ECS", service="AmazonECS", base="AmazonECSException"
        ),
        StateTaskServiceSfn: _ErrorNames(
            prefix="StepFunctions", service="AWSStepFunctions", base="AWSStepFunctionsException"
        ),
        StateTaskServiceSns: _ErrorNames(
            prefix="SNS", service="AmazonSNS", base="AmazonSNSException"
        ),
        StateTaskServiceSqs: _ErrorNames(
            prefix="SQS", service="AmazonSQS", base="AmazonSQSException"
        ),
    }
    otherwise = callback_service.StateTaskServiceCallback._from_error
    for service_class, spelling in names.items():

        def from_error(
            self: Any, env: Any, ex: Exception, spelling: _ErrorNames = spelling
        ) -> FailureEvent:
            if isinstance(ex, ClientError):
                return _service_failure(self, env, ex, spelling)
            return otherwise(self, env, ex)

        repairs.put(service_class, "_from_error", from_error)


def _service_failure(
    task: Any, env: Any, error: ClientError, spelling: _ErrorNames
) -> FailureEvent:
    answer: Any = error.response
    code: str = answer["Error"]["Code"]
    name = code if code.endswith("Exception") else f"{code}Exception"
    if name not in _error_names(task._get_boto_service_name()):
        name = spelling.base
    metadata = answer["ResponseMetadata"]
    cause = (
        f"{answer['Error']['Message']} (Service: {spelling.service}; "
        f"Status Code: {metadata['HTTPStatusCode']}; Error Code: {code}; "
        f"Request ID: {metadata.get('RequestId', 'none')}; Proxy: null)"
    )
    return _task_failure(task, env, f"{spelling.prefix}.{name}", cause)


@functools.cache
def _error_names(service: str) -> frozenset[str]:
    """Return the exceptions that the service's model declares, as the Java SDK spells them."""
    declared = strict.service_model(service)
    codes = {shape.error_code for shape in declared.error_shapes} | {
        shape.name for shape in declared.error_shapes
    }
    return frozenset(code if code.endswith("Exception") else f"{code}Exception" for code in codes)


def _task_failure(
    task: Any, env: Any, error: str, cause: str, error_name: Any = None
) -> FailureEvent:
    return FailureEvent(
        env=env,
        error_name=error_name or CustomErrorName(error),
        event_type=HistoryEventType.TaskFailed,
        event_details=EventDetails(  # pyright: ignore[reportCallIssue] - the others may be missing
            taskFailedEventDetails=TaskFailedEventDetails(
                error=error,
                cause=cause,
                resource=task._get_sfn_resource(),
                resourceType=task._get_sfn_resource_type(),
            )
        ),
    )


def leave_runtime_errors_uncaught(repairs: Repairs) -> None:
    """Moto catches States.Runtime; on AWS nothing does, not even its own name."""
    evaluate = ErrorEqualsDecl._eval_body
    runtime = StatesErrorName(typ=StatesErrorNameType.StatesRuntime)

    def never_runtime(self: Any, env: Any) -> None:
        if env.stack[-1] == runtime:
            env.stack[-1] = False
        else:
            evaluate(self, env)

    repairs.put(ErrorEqualsDecl, "_eval_body", never_runtime)


def give_every_attempt_a_token(repairs: Repairs) -> None:
    """Moto reuses the ended attempt's token, so a retried task times out at once."""
    evaluate = StateTaskService._eval_execution

    def with_token(self: Any, env: Any) -> None:
        data = env.states.context_object.context_object_data
        if self._is_integration_pattern() and data["State"].get("RetryCount", 0) > 0:
            env.callback_pool_manager.add(env.states.context_object.update_task_token())
        evaluate(self, env)

    repairs.put(callback_service.StateTaskServiceCallback, "_eval_execution", with_token)


def end_an_abandoned_task_quietly(repairs: Repairs) -> None:
    """Moto writes TaskSucceeded into the history of a task that timed out or was aborted."""
    after = StateTaskService._after_eval_execution

    def unless_abandoned(self: Any, env: Any, **more: Any) -> None:
        if env.is_running():
            after(self, env=env, **more)

    repairs.put(StateTaskService, "_after_eval_execution", unless_abandoned)


def submit_tasks_to_ecs(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto drops the failures that RunTask answers with and reads a task that is not there."""

    def run_task(
        self: Any,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> None:
        ecs = aws.client("ecs", resource_runtime_part.region, role=state_credentials.role_arn)
        answer = ecs.run_task(**normalised_parameters)
        answer.pop("ResponseMetadata")
        if answer["failures"]:
            reason = answer["failures"][0]["reason"]
            raise FailureEventException(_task_failure(self, env, "ECS.AmazonECSException", reason))
        env.stack.append(answer)

    repairs.put(StateTaskServiceEcs, "_eval_service_task", run_task)


@dataclass(frozen=True, kw_only=True)
class _Started:
    """Something that a ``.sync`` task started and waits for."""

    arn: str
    result: Callable[[], Any]
    stop: Callable[[], Any]


def wait_for_what_was_started(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto asks every half second whether a .sync task has ended, and leaves it running."""

    def eval_sync(
        _: Any, env: Any, sync_resolver: _Started, callback_endpoint: Any, **more: Any
    ) -> Any:
        if more["heartbeat_endpoint"] is not None:
            raise NotImplementedError("HeartbeatSeconds of a .sync task is not rehearsed")
        ended = aws.end_of(sync_resolver.arn)
        aws.clock.wait_any([ended, env.program_state_event, callback_endpoint._notify_event])
        if callback_endpoint.get_outcome() is not None:
            return callback_endpoint.get_outcome()
        if env.is_running():
            return sync_resolver.result()
        if not ended.is_set():  # by a timeout or StopExecution
            sync_resolver.stop()
        return None

    def of_execution(resolver: Callable[..., Any]) -> Callable[..., _Started]:
        def build(self: Any, env: Any, resource_runtime_part: Any, **more: Any) -> _Started:
            arn = env.stack[-1]["ExecutionArn"]
            role = more["state_credentials"].role_arn
            client = aws.client("stepfunctions", resource_runtime_part.region, role=role)
            result = resolver(self, env, resource_runtime_part, **more)
            return _Started(
                arn=arn,
                result=result,
                stop=lambda: client.stop_execution(executionArn=arn),
            )

        return build

    repairs.put(callback_service.StateTaskServiceCallback, "_eval_sync", eval_sync)
    for name in ("_build_sync_resolver", "_build_sync2_resolver"):
        repairs.put(StateTaskServiceSfn, name, of_execution(vars(StateTaskServiceSfn)[name]))


def understand_the_end_of_a_task(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto takes every ended task for a success, whatever its exit code."""

    def build(
        self: Any, env: Any, resource_runtime_part: Any, state_credentials: Any, **_: Any
    ) -> _Started:
        ecs = aws.client("ecs", resource_runtime_part.region, role=state_credentials.role_arn)
        task = env.stack.pop()["Tasks"][0]
        arn, cluster = task["TaskArn"], task["ClusterArn"]

        def result() -> Any:
            answer = ecs.describe_tasks(cluster=cluster, tasks=[arn], include=["TAGS"])
            self._normalise_response(response=answer, service_action_name="describe_tasks")
            ended = answer["Tasks"][0]
            if ended["StopCode"] == "EssentialContainerExited" and not any(
                container.get("ExitCode") for container in ended["Containers"]
            ):
                return ended
            cause = _compact(ended)
            name = StatesErrorNameType.StatesTaskFailed
            raise FailureEventException(
                _task_failure(self, env, name.to_name(), cause, StatesErrorName(typ=name))
            )

        return _Started(
            arn=arn,
            result=result,
            stop=lambda: ecs.stop_task(
                cluster=cluster, task=arn, reason="Task stopped by AWS Step Functions"
            ),
        )

    repairs.put(StateTaskServiceEcs, "_build_sync_resolver", build)


# The API


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
            answer["output"] = _compact(execution.output)
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


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


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
    given = _compact(execution.input_data)
    result = _compact(execution.output) if ended else None
    included = len(given.encode()) + len((result or "").encode()) <= EVENT_DATA_BYTES
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": status,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date) if execution.stop_date else None,
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
