"""IAM's own calls, refused as AWS was recorded to do."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import EmptyResult
from moto.iam import models
from moto.iam.responses import IamResponse

from rehearsal.cloud.repairs import Refusal, Repairs, check_requests

MAX_INLINE_POLICY = {"role": 10_240, "group": 5_120, "user": 2_048}
"""Characters of all inline policies of one, blanks not counted (IAM quotas)."""
MAX_MANAGED_POLICY = 6_144
"""Characters, blanks not counted (IAM quotas)."""

_TAKING_A_SUFFIX = frozenset(
    {"autoscaling.amazonaws.com", "connect.amazonaws.com", "lexv2.amazonaws.com"}
)
"""Services whose role may have a suffix; the others refuse it."""
_LINKED_ROLES = {"batch": "Batch", "ecs": "ECS"}
"""How the roles of services are spelled that moto does not know."""
_WITH_CREDENTIALS = (
    "codecommit.amazonaws.com",
    "cassandra.amazonaws.com",
    "bedrock.amazonaws.com",
)
"""Services with credentials of their own (CreateServiceSpecificCredential)."""


def repair(repairs: Repairs) -> None:
    """Moto takes trust policies that are no JSON, policies of any size, and any linked role."""
    checks: dict[str, Callable[[Any, dict[str, Any]], None]] = {
        "attach_role_policy": _check_policy_arn,
        "attach_user_policy": _check_policy_arn,
        "create_policy": _check_managed_policy,
        "create_policy_version": _check_managed_policy,
        "create_role": _check_role,
        "create_service_linked_role": _check_linked_role,
        "put_group_policy": _check_inline_policy("group"),
        "put_role_policy": _check_inline_policy("role"),
        "put_user_policy": _check_inline_policy("user"),
        "update_assume_role_policy": _check_trust,
    }
    check_requests(repairs, IamResponse, checks)

    spelled = models.SERVICE_NAME_CONVERSION | _LINKED_ROLES
    repairs.put(models, "SERVICE_NAME_CONVERSION", spelled)

    def create_service_specific_credential(self: Any) -> Any:
        user, service = self.params["UserName"], self.params["ServiceName"]
        if user not in self.backend.users:
            raise Refusal("NoSuchEntity", f"The user with name {user} cannot be found.")
        if service not in _WITH_CREDENTIALS:
            raise Refusal(
                "NoSuchEntity",
                f"No such service {service} is supported for Service Specific Credentials",
            )
        raise NotImplementedError("credentials of a service are not rehearsed")

    repairs.add(
        IamResponse, "create_service_specific_credential", create_service_specific_credential
    )
    _clients_of_a_provider_change(repairs)


def _clients_of_a_provider_change(repairs: Repairs) -> None:
    """Moto cannot change for whom the tokens of an identity provider must be."""

    def clients(self: Any) -> list[str]:
        provider = self.backend.get_open_id_connect_provider(
            self.params["OpenIDConnectProviderArn"]
        )
        found: list[str] = provider.client_id_list
        return found

    def add_client_id(self: Any) -> Any:
        known, client = clients(self), self.params["ClientID"]
        if client not in known:
            known.append(client)
        return EmptyResult()

    def remove_client_id(self: Any) -> Any:
        known, client = clients(self), self.params["ClientID"]
        if client in known:
            known.remove(client)
        return EmptyResult()

    repairs.add(IamResponse, "add_client_id_to_open_id_connect_provider", add_client_id)
    repairs.add(IamResponse, "remove_client_id_from_open_id_connect_provider", remove_client_id)


def _check_role(_backend: Any, given: dict[str, Any]) -> None:
    _check_trust_document(given["AssumeRolePolicyDocument"])


def _check_trust(_backend: Any, given: dict[str, Any]) -> None:
    _check_trust_document(given["PolicyDocument"])


def _check_trust_document(text: str) -> None:
    document = _parsed(text)
    statements: Any = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        if "Resource" in statement or "NotResource" in statement:
            raise Refusal("MalformedPolicyDocument", "Has prohibited field Resource")
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise Refusal("MalformedPolicyDocument", "Missing required field Principal")
        actions: Any = statement.get("Action", [])
        for action in [actions] if isinstance(actions, str) else actions:
            if not action.lower().startswith("sts:") and action != "*":
                raise Refusal(
                    "MalformedPolicyDocument",
                    "AssumeRole policy may only specify STS AssumeRole actions.",
                )


def _parsed(text: str) -> dict[str, Any]:
    try:
        document: Any = json.loads(text)
    except ValueError:
        raise Refusal("MalformedPolicyDocument", "This policy contains invalid Json") from None
    if not isinstance(document, dict):
        raise Refusal("MalformedPolicyDocument", "Syntax errors in policy.")
    return document


def _size(document: str) -> int:
    return len(re.sub(r"\s", "", document))


def _check_inline_policy(kind: str) -> Callable[[Any, dict[str, Any]], None]:
    def check(backend: Any, given: dict[str, Any]) -> None:
        _parsed(given["PolicyDocument"])
        name: str = given[f"{kind.capitalize()}Name"]
        owner: Any = _owner(backend, kind, name)
        others = dict(owner.policies) if owner is not None else {}
        others[given["PolicyName"]] = given["PolicyDocument"]
        if sum(map(_size, others.values())) > MAX_INLINE_POLICY[kind]:
            raise Refusal(
                "LimitExceeded",
                f"Maximum policy size of {MAX_INLINE_POLICY[kind]} bytes exceeded for {kind} "
                f"{name}",
            )

    return check


def _owner(backend: Any, kind: str, name: str) -> Any:
    if kind == "role":
        return next((role for role in backend.roles.values() if role.name == name), None)
    return (backend.users if kind == "user" else backend.groups).get(name)


def _check_managed_policy(_backend: Any, given: dict[str, Any]) -> None:
    _parsed(given["PolicyDocument"])
    if _size(given["PolicyDocument"]) > MAX_MANAGED_POLICY:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for PolicySize: {MAX_MANAGED_POLICY}")


def _check_policy_arn(backend: Any, given: dict[str, Any]) -> None:
    arn = given["PolicyArn"]
    if not arn.startswith("arn:"):
        raise Refusal("ValidationError", "Invalid ARN:  Could not be parsed!")
    if arn not in backend.managed_policies:
        raise Refusal("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")


def _check_linked_role(backend: Any, given: dict[str, Any]) -> None:
    service, suffix = given["AWSServiceName"], given.get("CustomSuffix")
    if suffix and service not in _TAKING_A_SUFFIX:
        raise Refusal("InvalidInput", f"Custom suffix is not allowed for {service}")
    before = {role.name for role in backend.roles.values() if f"/{service}/" in (role.path or "")}
    taken = [name for name in before if not suffix or name.endswith(f"_{suffix}")]
    if taken:
        raise Refusal(
            "InvalidInput",
            f"Service role name {taken[0]} has been taken in this account, please try a different "
            "suffix.",
        )
