# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""Errors: how they are named, and which of them are caught."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import functools
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
    HistoryEventType,
    StatesErrorName,
    StatesErrorNameType,
    StateTaskServiceEcs,
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
    return task_failure(task, env, f"{spelling.prefix}.{name}", cause)


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
    runtime = StatesErrorName(typ=StatesErrorNameType.StatesRuntime)

    def never_runtime(self: Any, env: Any) -> None:
        if env.stack[-1] == runtime:
            env.stack[-1] = False
        else:
            evaluate(self, env)

    repairs.put(ErrorEqualsDecl, "_eval_body", never_runtime)
