# Moto's backend keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""State machines by the API: creation, change, versions, aliases, tags."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import base64
import functools
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult

from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.checks import Problem, problems
from rehearsal.cloud.stepfunctions.interpreter import (
    AmazonStateLanguageParser,
    StepFunctionResponse,
    StepFunctionsParserBackend,
    VariableReferencesStaticAnalyser,
    logs_backends,
    models,
)
from rehearsal.cloud.stepfunctions.refusals import refusal
from rehearsal.cloud.stepfunctions.registrations import Registration

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

PAGE = 100
"""How many items a page has unless it is told (API reference)."""


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put the repairs of this module in place."""
    name_what_is_no_arn(repairs)
    refuse_machines_as_aws_does(repairs, aws)
    tell_revisions(repairs, aws)
    publish_versions(repairs, aws)
    keep_aliases_apart(repairs)
    tag_machines_alone(repairs)
    validate_definitions(repairs)


def name_what_is_no_arn(repairs: Repairs) -> None:
    """Moto's words for a text that is no ARN are not those of AWS."""
    validate = StepFunctionsParserBackend._validate_arn

    def validate_arn(self: Any, arn: str, regex: Any, invalid_msg: str) -> None:
        if not arn.startswith("arn:"):
            raise refusal("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
        validate(self, arn, regex, invalid_msg)

    repairs.put(StepFunctionsParserBackend, "_validate_arn", validate_arn)


def refuse_machines_as_aws_does(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto takes definitions that AWS refuses, and a second machine of the same name.

    Its own refusals are in other words, and it forgets that a machine is EXPRESS.
    """
    create = models.StepFunctionBackend.create_state_machine

    def create_state_machine(self: Any, name: str, definition: str, **more: Any) -> Any:
        _count(aws, "CreateStateMachine")
        kind = more.get("sm_type") or "STANDARD"
        refuse_definition(definition, kind)
        refuse_logging(more.get("loggingConfiguration"), self)
        more["loggingConfiguration"] = _whole(more.get("loggingConfiguration"))
        taken = next((machine for machine in self.state_machines if machine.name == name), None)
        if taken is not None and (taken.definition, taken.roleArn, taken.type) != (
            definition,
            more["roleArn"],
            kind,
        ):
            raise refusal(
                "StateMachineAlreadyExists", f"State Machine Already Exists: '{taken.arn}'"
            )
        machine: Any = create(self, name=name, definition=definition, **more)
        machine.sm_type = machine.type
        return machine

    repairs.put(StepFunctionsParserBackend, "create_state_machine", create_state_machine)


def refuse_definition(definition: str, kind: str) -> None:
    """Refuse what AWS refuses to create.

    Raises:
        JsonRESTError: InvalidDefinition.
    """
    found = problems_of(definition, kind)
    if found:
        told = ", ".join(str(problem) for problem in found)
        raise refusal("InvalidDefinition", f"Invalid State Machine Definition: '{told}'")


def problems_of(definition: str, kind: str) -> list[Problem]:
    """Return for what AWS refuses a definition; at last, that moto cannot read it."""
    found = problems(definition, kind)
    if not found:
        try:
            AmazonStateLanguageParser.parse(definition)
        except Exception as error:  # moto's parser raises what comes
            found = [Problem(message=str(error))]
    return found


def refuse_logging(configuration: dict[str, Any] | None, backend: Any) -> None:
    """Refuse logging without exactly one log group that is there.

    Raises:
        JsonRESTError: InvalidLoggingConfiguration.
    """
    if not configuration or configuration.get("level", "OFF") == "OFF":
        return
    code, wrong = "InvalidLoggingConfiguration", "Invalid Logging Configuration: "
    destinations = configuration.get("destinations") or []
    if len(destinations) != 1:
        raise refusal(code, f"{wrong}Must specify exactly one Log Destination.")
    arn: str = destinations[0]["cloudWatchLogsLogGroup"]["logGroupArn"]
    if arn.split(":")[6] not in logs_backends[backend.account_id][backend.region_name].groups:
        raise refusal(code, f"{wrong}Log Destination not found.")


def _count(aws: "EmbeddedAws", operation: str) -> None:
    aws.registrations[Registration(operation=operation, at=aws.clock.now())] += 1


def _whole(configuration: dict[str, Any] | None) -> dict[str, Any]:
    return {"level": "OFF", "includeExecutionData": False, **(configuration or {})}


def tell_revisions(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto knows no revisions: what changed, and in which state of the machine."""
    describe = StepFunctionResponse._describe_state_machine

    def update_state_machine(self: Any) -> ActionResult:
        _count(aws, "UpdateStateMachine")
        backend, get = self.stepfunction_backend, self._get_param
        arn: str = get("stateMachineArn")
        machine = _machine(backend, arn)
        changes = {
            name: get(parameter)
            for name, parameter in {
                "definition": "definition",
                "roleArn": "roleArn",
                "loggingConfiguration": "loggingConfiguration",
                "tracingConfiguration": "tracingConfiguration",
                "encryptionConfiguration": "encryptionConfiguration",
            }.items()
            if get(parameter) is not None
        }
        if not changes:
            raise refusal(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, or the "
                "TracingConfiguration must be specified",
            )
        if "definition" in changes:
            refuse_definition(changes["definition"], machine.type)
        refuse_logging(changes.get("loggingConfiguration"), backend)
        if "loggingConfiguration" in changes:
            changes["loggingConfiguration"] = _whole(changes["loggingConfiguration"])
        if get("versionDescription") and not get("publish"):
            raise refusal(
                "ValidationException", "Version description can only be set when publish is true"
            )
        if any(getattr(machine, name) != value for name, value in changes.items()):
            machine.update(**changes)
            machine.revision_id = str(uuid.uuid4())
        answer = {"updateDate": aws.clock.now()} | _revision(machine)
        if get("publish"):
            answer["stateMachineVersionArn"] = _publish(machine, get("versionDescription")).arn
        return ActionResult(answer)

    def describe_with_revision(self: Any, state_machine_arn: str) -> ActionResult:
        answer: Any = describe(self, state_machine_arn).result
        machine = self.stepfunction_backend.describe_state_machine(state_machine_arn)
        return ActionResult(answer | _revision(machine) | _references(machine.definition))

    def describe_for_execution(self: Any) -> ActionResult:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        machine = execution.state_machine
        return ActionResult(
            {
                "stateMachineArn": machine.arn,
                "name": machine.name,
                "definition": machine.definition,
                "roleArn": machine.roleArn,
                "updateDate": machine.update_date,
                "loggingConfiguration": machine.loggingConfiguration,
                "tracingConfiguration": machine.tracingConfiguration,
                "encryptionConfiguration": machine.encryptionConfiguration,
            }
            | _revision(machine)
            | _references(machine.definition)
        )

    repairs.put(StepFunctionResponse, "update_state_machine", update_state_machine)
    repairs.put(StepFunctionResponse, "_describe_state_machine", describe_with_revision)
    repairs.put(
        StepFunctionResponse, "describe_state_machine_for_execution", describe_for_execution
    )


def publish_versions(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto makes a version of what did not change, and can neither list nor delete them."""

    def publish(self: Any, description: str | None) -> None:
        self.latest_version = _publish(self, description)

    def publish_state_machine_version(self: Any) -> ActionResult:
        machine = _machine(self.stepfunction_backend, self._get_param("stateMachineArn"))
        wanted = self._get_param("revisionId")
        current = getattr(machine, "revision_id", None)
        if wanted is not None and wanted != current:
            raise refusal(
                "ConflictException",
                f"Failed to publish the State Machine version for revision {wanted}. "
                f"The current State Machine revision is {current}.",
            )
        version = _publish(machine, self._get_param("description"))
        return ActionResult(
            {"creationDate": version.creation_date, "stateMachineVersionArn": version.arn}
        )

    def list_state_machine_versions(self: Any) -> ActionResult:
        machine = _machine(self.stepfunction_backend, self._get_param("stateMachineArn"))
        versions = [
            {"creationDate": version.creation_date, "stateMachineVersionArn": version.arn}
            for _, version in sorted(machine.versions.items(), reverse=True)
        ]
        return ActionResult(page(self, "stateMachineVersions", versions))

    def delete_state_machine_version(self: Any) -> ActionResult:
        arn: str = self._get_param("stateMachineVersionArn")
        machine = _find(self.stepfunction_backend, arn.rpartition(":")[0])
        number = arn.rpartition(":")[2]
        if machine is None or not number.isdigit() or int(number) not in machine.versions:
            return EmptyResult()
        naming = [
            alias.name
            for alias in machine.aliases.values()
            if arn in (route["stateMachineVersionArn"] for route in alias.routing_configuration)
        ]
        if naming:
            raise refusal(
                "ConflictException",
                "Version to be deleted must not be referenced by an alias. Current list of "
                f"aliases referencing this version: [{', '.join(naming)}]",
            )
        del machine.versions[int(number)]
        return EmptyResult()

    del aws
    repairs.put(models.StateMachine, "publish", publish)
    for operation in (
        publish_state_machine_version,
        list_state_machine_versions,
        delete_state_machine_version,
    ):
        repairs.add(StepFunctionResponse, operation.__name__, operation)


def keep_aliases_apart(repairs: Repairs) -> None:
    """Moto overwrites an alias of the same name, and refuses in other words than AWS."""
    create = StepFunctionsParserBackend.create_state_machine_alias
    describe = StepFunctionsParserBackend.describe_state_machine_alias

    def create_state_machine_alias(
        self: Any, name: str, routing_configuration: list[dict[str, Any]], description: str | None
    ) -> Any:
        routed: list[str] = [route["stateMachineVersionArn"] for route in routing_configuration]
        unversioned = [arn for arn in routed if not arn.rpartition(":")[2].isdigit()]
        if unversioned:
            raise refusal(
                "ValidationException",
                "Routing configuration must contain state machine version ARNs. Received: "
                f"[{', '.join(routed)}]",
            )
        machine = _machine(self, routed[0].rpartition(":")[0])
        taken = machine.aliases.get(name)
        if taken is None:
            return create(self, name, routing_configuration, description)
        if (taken.routing_configuration, taken.description) != (routing_configuration, description):
            raise refusal(
                "ConflictException",
                "Failed to create alias because an alias with the same name and a different "
                "routing configuration already exists.",
            )
        return taken

    def describe_state_machine_alias(self: Any, arn: str) -> Any:
        machine = _find(self, arn.rpartition(":")[0])
        if machine is None or arn.rpartition(":")[2] not in machine.aliases:
            raise refusal("ResourceNotFound", "Request references a resource that does not exist.")
        return describe(self, arn)

    def delete_state_machine_alias(self: Any, arn: str) -> None:
        machine = _find(self, arn.rpartition(":")[0])
        if machine is not None:
            machine.aliases.pop(arn.rpartition(":")[2], None)

    def list_state_machine_aliases(self: Any) -> ActionResult:
        machine = _machine(self.stepfunction_backend, self._get_param("stateMachineArn"))
        aliases = [
            {"creationDate": alias.creation_date, "stateMachineAliasArn": alias.arn}
            for alias in machine.aliases.values()
        ]
        return ActionResult(page(self, "stateMachineAliases", aliases))

    backend = StepFunctionsParserBackend
    repairs.put(backend, "create_state_machine_alias", create_state_machine_alias)
    repairs.put(backend, "describe_state_machine_alias", describe_state_machine_alias)
    repairs.put(backend, "delete_state_machine_alias", delete_state_machine_alias)
    repairs.put(StepFunctionResponse, "list_state_machine_aliases", list_state_machine_aliases)


def tag_machines_alone(repairs: Repairs) -> None:
    """Moto tags versions and what is not there."""
    tag = StepFunctionsParserBackend.tag_resource

    def tag_resource(self: Any, arn: str, tags: dict[str, str]) -> None:
        if _find(self, arn) is None and arn not in self.activities:
            raise refusal("ResourceNotFound", f"Resource not found: '{arn}'")
        tag(self, arn, tags)

    repairs.put(StepFunctionsParserBackend, "tag_resource", tag_resource)


def validate_definitions(repairs: Repairs) -> None:
    """Moto has no ValidateStateMachineDefinition."""

    def validate_state_machine_definition(self: Any) -> ActionResult:
        kind = self._get_param("type") or "STANDARD"
        found = problems_of(self._get_param("definition"), kind)
        return ActionResult(
            {
                "result": "FAIL" if found else "OK",
                "diagnostics": [
                    {"severity": "ERROR", "code": problem.code, "message": problem.message}
                    | ({"location": problem.location} if problem.location else {})
                    for problem in found
                ],
                "truncated": False,
            }
        )

    repairs.add(
        StepFunctionResponse,
        "validate_state_machine_definition",
        validate_state_machine_definition,
    )


def page(request: Any, member: str, items: Sequence[Any]) -> dict[str, Any]:
    """Return the page of a list that a request asks for, and the token of the next."""
    size = request._get_int_param("maxResults") or PAGE
    token = request._get_param("nextToken")
    first = int(base64.b64decode(token)) if token else 0
    answer: dict[str, Any] = {member: list(items[first : first + size])}
    if first + size < len(items):
        answer["nextToken"] = base64.b64encode(str(first + size).encode()).decode()
    return answer


def _find(backend: Any, arn: str) -> Any:
    return next((machine for machine in backend.state_machines if machine.arn == arn), None)


def _machine(backend: Any, arn: str) -> Any:
    """Return a state machine, of which ``arn`` names no version."""
    backend._validate_machine_arn(arn)
    machine = _find(backend, arn)
    if machine is None:
        raise refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return machine


def _publish(machine: Any, description: str | None) -> Any:
    """Return the version of the machine's present revision, made if there is none."""
    revision = getattr(machine, "revision_id", None)
    for version in machine.versions.values():
        if version.revision_id == revision:
            return version
    machine.latest_version_number += 1
    version: Any = models.StateMachineVersion(
        source=machine, version=machine.latest_version_number, description=description
    )
    version.revision_id = revision
    version.sm_type = machine.type
    machine.versions[machine.latest_version_number] = machine.latest_version = version
    return version


def _revision(machine: Any) -> dict[str, Any]:
    revision = getattr(machine, "revision_id", None)
    return {} if revision is None else {"revisionId": revision}


@functools.lru_cache(maxsize=2_048)
def _variable_references(definition: str) -> dict[str, Any]:
    found: Any = VariableReferencesStaticAnalyser.process_and_get(definition=definition)
    return {state: sorted(names) for state, names in found.items()}


def _references(definition: str) -> dict[str, Any]:
    found = _variable_references(definition)
    return {"variableReferences": found} if found else {}
