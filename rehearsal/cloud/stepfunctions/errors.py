# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""Errors: how they are named, and which of them are caught."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloud import strict
from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.interpreter import (
    CustomErrorName,
    ErrorEqualsDecl,
    EventDetails,
    FailureEvent,
    FailureEventException,
    HistoryEventType,
    StatesErrorNameType,
    StateTask,
    StateTaskServiceAwsSdk,
    StateTaskServiceDynamoDB,
    StateTaskServiceEcs,
    StateTaskServiceEvents,
    StateTaskServiceSfn,
    StateTaskServiceSns,
    StateTaskServiceSqs,
    TaskFailedEventDetails,
    callback_service,
)


def repair(repairs: Repairs) -> None:
    """Put the repairs of this module in place."""
    name_errors_as_aws_does(repairs)
    leave_runtime_errors_uncaught(repairs)
    keep_an_error_that_was_not_said(repairs)


@dataclass(frozen=True, kw_only=True)
class _ErrorNames:
    """How an optimized integration names what its service refuses."""

    prefix: str
    service: str

    @property
    def base(self) -> str:
        """The exception for codes that the service's model does not declare."""
        return f"Amazon{self.prefix}Exception"


_OPTIMIZED = {
    StateTaskServiceDynamoDB: _ErrorNames(prefix="DynamoDB", service="AmazonDynamoDBv2"),
    StateTaskServiceEcs: _ErrorNames(prefix="ECS", service="AmazonECS"),
    StateTaskServiceEvents: _ErrorNames(prefix="EventBridge", service="AmazonEventBridge"),
    StateTaskServiceSfn: _ErrorNames(prefix="StepFunctions", service="AWSStepFunctions"),
    StateTaskServiceSns: _ErrorNames(prefix="SNS", service="AmazonSNS"),
    StateTaskServiceSqs: _ErrorNames(prefix="SQS", service="AmazonSQS"),
}


def name_errors_as_aws_does(repairs: Repairs) -> None:
    """Moto gives ECS errors as States.Runtime, says ``s3.`` for ``S3.`` and forgets Exception."""
    of_callbacks = callback_service.StateTaskServiceCallback._from_error

    def from_error_of(service_class: Any, failure: Callable[..., FailureEvent]) -> Any:
        is_callback = issubclass(service_class, callback_service.StateTaskServiceCallback)
        otherwise = of_callbacks if is_callback else StateTask._from_error

        def from_error(self: Any, env: Any, ex: Exception) -> FailureEvent:
            return (
                failure(self, env, ex) if isinstance(ex, ClientError) else otherwise(self, env, ex)
            )

        return from_error

    for service_class, spelling in _OPTIMIZED.items():
        failure = functools.partial(_optimized_failure, spelling)
        repairs.put(service_class, "_from_error", from_error_of(service_class, failure))
    sdk = StateTaskServiceAwsSdk
    repairs.put(sdk, "_from_error", from_error_of(sdk, _sdk_failure))


def _optimized_failure(
    spelling: _ErrorNames, task: Any, env: Any, error: ClientError
) -> FailureEvent:
    said: Any = error.response["Error"]
    metadata: Any = error.response["ResponseMetadata"]
    name = _exception(task, said["Code"]) or spelling.base
    cause = (
        f"{said['Message']} (Service: {spelling.service}; "
        f"Status Code: {metadata['HTTPStatusCode']}; Error Code: {said['Code']}; "
        f"Request ID: {metadata.get('RequestId', 'none')}; Proxy: null)"
    )
    return task_failure(task, env, f"{spelling.prefix}.{name}", cause)


def _sdk_failure(task: Any, env: Any, error: ClientError) -> FailureEvent:
    said: Any = error.response["Error"]
    metadata: Any = error.response["ResponseMetadata"]
    service = _java_name(strict.service_model(task._get_boto_service_name()).service_id)
    name = _exception(task, said["Code"]) or f"{service}Exception"
    request = f"Request ID: {metadata.get('RequestId', 'none')}"
    if service == "S3":
        request += f", Extended Request ID: {metadata.get('HostId', 'none')}"
    cause = (
        f"{said['Message']} (Service: {service}, Status Code: {metadata['HTTPStatusCode']}, "
        f"{request}) (SDK Attempt Count: 1)"
    )
    return task_failure(task, env, f"{service}.{name}", cause)


@functools.cache
def _java_name(service_id: str) -> str:
    """Name a service as the AWS SDK for Java does: ``SFN`` is Sfn, ``DynamoDB`` is DynamoDb."""
    words = re.findall(r"[A-Z]+(?![a-z])\d*|[A-Z][a-z]*\d*", service_id)
    return "".join(word.capitalize() for word in words)


def _exception(task: Any, code: str) -> str | None:
    """Return the exception that the service's model declares for an error code."""
    name = code if code.endswith("Exception") else f"{code}Exception"
    return name if name in _error_names(task._get_boto_service_name()) else None


@functools.cache
def _error_names(service: str) -> frozenset[str]:
    """Return the exceptions that the service's model declares, as the Java SDK spells them."""
    declared = strict.service_model(service)
    codes = {shape.error_code for shape in declared.error_shapes} | {
        shape.name for shape in declared.error_shapes
    }
    return frozenset(code if code.endswith("Exception") else f"{code}Exception" for code in codes)


def task_failure(
    task: Any, env: Any, error: str, cause: str, error_name: Any = None
) -> FailureEvent:
    """Return the failure of a task state, as its history tells it."""
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
    runtime = StatesErrorNameType.StatesRuntime.to_name()

    def never_runtime(self: Any, env: Any) -> None:
        name = env.stack[-1]
        if name is not None and name.error_name == runtime:
            env.stack[-1] = False
        else:
            evaluate(self, env)

    repairs.put(ErrorEqualsDecl, "_eval_body", never_runtime)


def keep_an_error_that_was_not_said(repairs: Repairs) -> None:
    """Moto's Parallel and Map make an empty text of a failure that came without error."""
    details = FailureEventException.get_execution_failed_event_details

    def with_nulls(self: Any) -> Any:
        told: Any = details(self)
        if self.failure_event.event_type == HistoryEventType.TaskFailed:
            error, cause = self.extract_error_cause_pair()
            told |= {} if error else {"error": None}
            told |= {} if cause else {"cause": None}
        return told

    repairs.put(FailureEventException, "get_execution_failed_event_details", with_nulls)
