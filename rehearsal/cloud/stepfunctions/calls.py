# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""Calls of tasks to other services: by whom, in which spelling, with what answer."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import re
import sys
import uuid
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError, UnknownServiceError
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask

from rehearsal.cloud import strict
from rehearsal.cloud.repairs import Repairs, text_of
from rehearsal.cloud.stepfunctions.errors import task_failure
from rehearsal.cloud.stepfunctions.interpreter import (
    FailureEventException,
    StateTaskService,
    StateTaskServiceAwsSdk,
    StateTaskServiceDynamoDB,
    StateTaskServiceEcs,
    StateTaskServiceEvents,
    StateTaskServiceSfn,
    StateTaskServiceSns,
    StateTaskServiceSqs,
    boto_client,
)
from rehearsal.cloud.stepfunctions.texts import compact, milliseconds

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

OPTIMIZED = (
    StateTaskServiceDynamoDB,
    StateTaskServiceEcs,
    StateTaskServiceEvents,
    StateTaskServiceSfn,
    StateTaskServiceSns,
    StateTaskServiceSqs,
)
"""Integrations whose answers say how they came."""


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put the repairs of this module in place."""
    call_with_the_machines_role(repairs, aws)
    know_eventbridge_by_its_name(repairs)
    spell_requests_and_responses(repairs)
    answer_in_full(repairs, aws)


def call_with_the_machines_role(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto calls with made-up credentials, so no permission could ever be checked."""

    def client_for(region: str, service: str, state_credentials: Any) -> Any:
        return aws.client(service, region, role=state_credentials.role_arn)

    credentials = StateTask._eval_state_credentials

    def trusted_credentials(self: Any, env: Any) -> Any:
        details = env.aws_execution_details  # every task of a machine comes by here
        aws.iam.machine_uses(details.role_arn, details.region)
        return credentials(self, env)

    repairs.put(StateTask, "_eval_state_credentials", trusted_credentials)
    original = boto_client.boto_client_for
    for name, module in list(sys.modules.items()):
        # Only moto's: to ask a module of pulumi_aws for any name is to load all of it, in 7 s.
        if name.startswith("moto.") and getattr(module, "boto_client_for", None) is original:
            repairs.put(module, "boto_client_for", client_for)


def know_eventbridge_by_its_name(repairs: Repairs) -> None:
    """Moto knows no service ``eventbridge``, as ``aws-sdk:eventbridge:enableRule`` has it."""
    names = StateTaskService._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES
    repairs.put(
        StateTaskService,
        "_SERVICE_NAME_SFN_TO_BOTO_OVERRIDES",
        {**names, "eventbridge": "events"},
    )


def spell_requests_and_responses(repairs: Repairs) -> None:
    """Moto hands PascalCase members to services that spell camelCase, ECS and its own API."""

    def normalise_parameters(
        self: Any,
        parameters: dict[str, Any],
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        shape = _model(self, boto_service_name, service_action_name).input_shape
        if shape is not None:
            spelled = _request(shape, parameters)
            parameters.clear()
            parameters.update(spelled)

    def normalise_response(
        self: Any,
        response: Any,
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        shape = _model(self, boto_service_name, service_action_name).output_shape
        if shape is None or not isinstance(response, dict):
            return
        spell = text_of if isinstance(self, StateTaskServiceAwsSdk) else milliseconds
        spelled = _answer(shape, response, spell)
        response.clear()
        response.update(spelled)

    def normalise_response_of_sqs(self: Any, response: Any, *_: Any, **__: Any) -> None:
        normalise_response(self, response)
        members = {re.sub("^Md5Of", "MD5Of", name): value for name, value in response.items()}
        response.clear()
        response.update(sorted(members.items()))

    repairs.put(StateTaskServiceSqs, "_normalise_response", normalise_response_of_sqs)
    repairs.put(StateTaskService, "_normalise_parameters", normalise_parameters)
    repairs.put(StateTaskService, "_normalise_response", normalise_response)


def answer_in_full(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto's answers say nothing of how they came, and RunTask's failures are dropped.

    What a service would refuse because a member is missing or wrong never reaches it either:
    botocore refuses first, and moto makes States.Runtime of that.
    """

    def call(
        self: Any,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> None:
        if isinstance(self, StateTaskServiceEvents):
            self._normalised_request_parameters(env=env, parameters=normalised_parameters)
        service = self._get_boto_service_name()
        client = aws.client(service, resource_runtime_part.region, role=state_credentials.role_arn)
        _refuse_missing(_model(self).input_shape, normalised_parameters, service)
        if service == "dynamodb":
            _refuse_table_name(normalised_parameters.get("TableName", ""))
        try:
            answer = getattr(client, self._get_boto_service_action())(**normalised_parameters)
        except ParamValidationError as error:
            raise _refused("ValidationException", str(error).splitlines()[-1]) from error
        metadata = answer.pop("ResponseMetadata")
        if "ReturnConsumedCapacity" not in normalised_parameters:
            answer.pop("ConsumedCapacity", None)  # moto's DynamoDB tells it unasked
        if "ChecksumMode" not in normalised_parameters and "Body" in answer:
            # Our client asks S3 for it, theirs does not.
            answer = {key: answer[key] for key in answer if not key.startswith("Checksum")}
        if isinstance(self, OPTIMIZED):
            _fail_by_what_is_inside(self, env, answer)
            answer |= _how_it_came(metadata)
        env.stack.append(answer)

    for service_class in (*OPTIMIZED, StateTaskServiceAwsSdk):
        repairs.put(service_class, "_eval_service_task", call)


def _fail_by_what_is_inside(task: Any, env: Any, answer: dict[str, Any]) -> None:
    """Fail the task by an answer that was no refusal, and yet is none."""
    if answer.get("failures") and isinstance(task, StateTaskServiceEcs):
        reason = answer["failures"][0]["reason"]
        raise FailureEventException(task_failure(task, env, "ECS.AmazonECSException", reason))
    if answer.get("FailedEntryCount"):
        cause = compact({key: answer[key] for key in sorted(answer)})
        raise FailureEventException(task_failure(task, env, "EventBridge.FailedEntry", cause))


def _how_it_came(metadata: dict[str, Any]) -> dict[str, Any]:
    request_id = metadata.get("RequestId") or str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": metadata["HTTPStatusCode"],
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }


def _refuse_missing(shape: Any, parameters: dict[str, Any], service: str) -> None:
    missing = [name for name in shape.required_members if name not in parameters] if shape else []
    if not missing:
        return
    name = missing[0]
    if service in ("sns", "sqs"):
        raise _refused("MissingParameter", f"The request must contain the parameter {name}.")
    raise _refused(
        "ValidationException",
        f"{len(missing)} validation error{'s' if len(missing) > 1 else ''} detected: "
        f"Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: "
        "Member must not be null",
    )


def _refuse_table_name(name: str) -> None:
    """Refuse what is no name of a table, as DynamoDB does and moto's does not."""
    pattern = "[a-zA-Z0-9_.-]+"
    if not re.fullmatch(f"{pattern}|arn:.*", name):
        raise _refused(
            "ValidationException",
            f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy "
            f"constraint: Member must satisfy regular expression pattern: {pattern}",
        )


def _refused(code: str, message: str) -> ClientError:
    metadata: Any = {"HTTPStatusCode": 400, "RequestId": str(uuid.uuid4())}
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, "a task"
    )


def _model(task: Any, service: str | None = None, action: str | None = None) -> Any:
    return _operation(task._get_boto_service_name(service), task._get_boto_service_action(action))


@cache
def _operation(service: str, action: str) -> Any:
    """Return the model of an operation by its name in Python.

    Raises:
        ValueError: the service has none of that name.
    """
    model = strict.service_model(service)
    for name in model.operation_names:
        if xform_name(name) == action:
            return model.operation_model(name)
    raise ValueError(f"{service} has no operation {action}")


def answer_shape(resource: str) -> Any:
    """Return the model of what a task's service answers, or nothing when it is not known."""
    parts = resource.split(":")
    service, action = (parts[-2], parts[-1].partition(".")[0])
    service = {"sfn": "stepfunctions", "states": "stepfunctions"}.get(service, service)
    try:
        return _operation(service, xform_name(action)).output_shape
    except (ValueError, UnknownServiceError):
        return None


@cache
def spelled(member: str) -> str:
    """Spell a member as Step Functions does: ``taskArn`` and ``ARN`` become TaskArn and Arn.

    It goes by the names of the AWS SDK for Java, where only the first word loses its capitals.
    """
    if member[:1].islower():
        return member[:1].upper() + member[1:]
    first = re.match(r"[A-Z]+(?=[A-Z][a-z]|[^A-Za-z]|$)", member)
    return first[0].capitalize() + member[first.end() :] if first else member


def _request(shape: Any, value: Any) -> Any:
    """Return what the service gets: its own spelling, text for what is not, nothing for null."""
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {spelled(name).lower(): name for name in shape.members}
        members = {names.get(spelled(key).lower(), key): item for key, item in value.items()}
        return {
            name: _request(shape.members[name], item) if name in shape.members else item
            for name, item in members.items()
            if item is not None
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_request(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _request(shape.value, item) for key, item in value.items()}
    if shape.type_name == "string" and not isinstance(value, str):
        return compact(value)
    if shape.type_name == "blob" and not isinstance(value, bytes):
        return compact(value).encode()
    return value


def _answer(shape: Any, value: Any, spell: Callable[[datetime], Any]) -> Any:
    """Return what the machine gets: PascalCase members by name, dates and bodies as texts."""
    if isinstance(value, datetime):
        return spell(value)
    if shape is not None and shape.type_name == "structure" and isinstance(value, dict):
        return {
            spelled(name): _answer(shape.members.get(name), value[name], spell)
            for name in sorted(value)
        }
    if shape is not None and shape.type_name == "list" and isinstance(value, list):
        return [_answer(shape.member, item, spell) for item in value]
    if shape is not None and shape.type_name == "map" and isinstance(value, dict):
        return {key: _answer(shape.value, item, spell) for key, item in value.items()}
    if hasattr(value, "read"):
        return value.read().decode(errors="replace")
    return value.decode(errors="replace") if isinstance(value, bytes) else value
