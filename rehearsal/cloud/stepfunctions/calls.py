# Moto's interpreter keeps what has to be repaired in private members:
# pyright: reportPrivateUsage=false
"""Calls of tasks to other services: by whom, in which spelling, with what answer."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask

from rehearsal.cloud import strict
from rehearsal.cloud.repairs import Repairs, text_of
from rehearsal.cloud.stepfunctions.interpreter import (
    StateTaskService,
    StateTaskServiceAwsSdk,
    boto_client,
)
from rehearsal.cloud.stepfunctions.texts import milliseconds

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put the repairs of this module in place."""
    call_with_the_machines_role(repairs, aws)
    spell_requests_and_responses(repairs)


def call_with_the_machines_role(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto calls with made-up credentials, so no permission could ever be checked."""

    def client_for(region: str, service: str, state_credentials: Any) -> Any:
        return aws.client(service, region, role=state_credentials.role_arn)

    credentials = StateTask._eval_state_credentials  # noqa: SLF001 - where every task passes

    def trusted_credentials(self: Any, env: Any) -> Any:
        details = env.aws_execution_details  # every task of a machine comes by here
        aws.iam.machine_uses(details.role_arn, details.region)
        return credentials(self, env)

    repairs.put(StateTask, "_eval_state_credentials", trusted_credentials)
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
        spell = text_of if isinstance(self, StateTaskServiceAwsSdk) else milliseconds
        _replace_dates(response, spell)

    repairs.put(StateTaskService, "_normalise_parameters", normalise_parameters)
    repairs.put(StateTaskService, "_normalise_response", normalise_response)


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
