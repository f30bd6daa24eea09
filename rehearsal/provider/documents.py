"""What AWS asks of policy documents, which moto takes as they come."""

import functools
import warnings
from typing import Any

from rehearsal.provider.registry import json_object, objects, texts

with warnings.catch_warnings():  # it leaves a file open and uses pkg_resources
    warnings.simplefilter("ignore")
    import parliament  # pyright: ignore[reportMissingTypeStubs] - there are none

_GRANTS_NOTHING = frozenset(
    {
        "UNKNOWN_PREFIX",
        "UNKNOWN_ACTION",
        "UNKNOWN_CONDITION_FOR_ACTION",
        "UNKNOWN_OPERATOR",
        "MISMATCHED_TYPE",
    }
)
"""What parliament finds and IAM takes without a word, although the statement then never applies."""
_PRINCIPAL_KINDS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


def check_resource_policy(key: str, text: str, vendor: str) -> None:
    """Refuse a resource's policy that AWS would refuse.

    Args:
        key: the argument, for the message.
        text: the policy.
        vendor: the service that its actions must belong to: ``sqs``, ``sns``, ``s3`` ...; ``*``
            where any may be named, as in the policy of a VPC endpoint.

    Raises:
        ValueError: it is not JSON, a statement lacks something, or names another service's action.
    """
    for statement in statements(key, text):
        if not statement.get("Principal") and not statement.get("NotPrincipal"):
            raise ValueError(f"{key}: a statement has no Principal")
        _check_principals(key, statement)
        for action in texts(statement.get("Action") or statement.get("NotAction")):
            own = action == "*" or action.lower().startswith(f"{vendor}:")
            if vendor != "*" and not own:
                raise ValueError(f"{key}: action {action} is not one of {vendor}")


@functools.lru_cache(maxsize=256)  # the same for many roles, and it takes its time
def check_identity_policy(key: str, text: str) -> None:
    """Refuse a role's policy with a slip of the pen by which it grants nothing.

    Raises:
        ValueError: it is not JSON, a statement lacks something or has a Principal, or names what
            is not there.
    """
    if any("Principal" in statement for statement in statements(key, text)):
        raise ValueError(f"{key}: a role's policy has no Principal")
    analysis: Any = parliament.analyze_policy_string(text)  # pyright: ignore[reportUnknownMemberType] - it has no types
    for finding in analysis.findings:
        if finding.issue in _GRANTS_NOTHING:
            what = str(finding.issue).lower().replace("_", " ")
            raise ValueError(
                f"{key}: {what}: {finding.detail}; IAM takes it, and it grants nothing"
            )


def check_trust_policy(text: str) -> None:
    """Refuse a role's trust policy that IAM would refuse (``MalformedPolicyDocument``).

    Raises:
        ValueError: it is not JSON, has no Principal, a Resource, or an action that is not of STS.
    """
    key = "assumeRolePolicy"
    for statement in statements(key, text):
        if not statement.get("Principal"):
            raise ValueError(f"{key}: a statement has no Principal")
        _check_principals(key, statement)
        if "Resource" in statement or "NotResource" in statement:
            raise ValueError(f"{key}: a trust policy has no Resource")
        for action in texts(statement.get("Action")):
            if not action.startswith("sts:"):
                raise ValueError(f"{key}: action {action} is not one of sts")


def statements(key: str, text: str) -> list[dict[str, Any]]:
    """Return a policy's statements, each with an effect and an action.

    Raises:
        ValueError: it is not JSON, or has no such statements.
    """
    document = json_object(key, text)
    found = objects(document.get("Statement") or [])
    if not found:
        raise ValueError(f"{key}: no Statement")
    for statement in found:
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise ValueError(f"{key}: a statement's Effect is neither Allow nor Deny")
        if not statement.get("Action") and not statement.get("NotAction"):
            raise ValueError(f"{key}: a statement has no Action")
    return found


def services(statement: dict[str, Any]) -> list[str]:
    """Return the service principals that a statement names."""
    principal = statement.get("Principal")
    return [service for part in objects(principal) for service in texts(part.get("Service"))]


def trusts(trust_policy: dict[str, Any], service: str) -> bool:
    """Return whether a service may assume the role of this trust policy, conditions apart."""
    return any(
        statement.get("Effect") == "Allow" and service in services(statement)
        for statement in objects(trust_policy.get("Statement") or [])
    )


def _check_principals(key: str, statement: dict[str, Any]) -> None:
    for principal in objects(statement.get("Principal")):
        for kind in principal:
            if kind not in _PRINCIPAL_KINDS:
                raise ValueError(f"{key}: {kind} is no kind of Principal")
    for service in services(statement):
        if not service.endswith(".amazonaws.com"):
            raise ValueError(f"{key}: {service} is no service principal (x.amazonaws.com)")
