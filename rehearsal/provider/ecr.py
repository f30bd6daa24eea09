"""Image repositories and how long they keep images."""

from typing import Any

from rehearsal.provider.kms import check_key
from rehearsal.provider.registry import (
    Call,
    Made,
    creates,
    json_object,
    known,
    objects,
    one_of,
)

_MUTABILITIES = ("MUTABLE", "IMMUTABLE")
_SELECTION = frozenset(
    {"tagStatus", "tagPrefixList", "tagPatternList", "countType", "countUnit", "countNumber"}
)


@creates("aws:ecr/repository:Repository", tagged=True)
def repository(call: Call) -> Made:
    """Make a repository."""
    args, name = call.args, call.physical_name()
    mutability = one_of(
        "imageTagMutability", args.get("imageTagMutability", "MUTABLE"), _MUTABILITIES
    )
    scanning = args.part("imageScanningConfiguration")
    encryption: dict[str, Any] = {}
    for part in args.parts("encryptionConfigurations"):
        kind = one_of("encryptionType", part.get("encryptionType", "AES256"), ("AES256", "KMS"))
        encryption = known({"encryptionType": kind, "kmsKey": part.get("kmsKey")})
        if "kmsKey" in encryption:
            check_key(call, "kmsKey", encryption["kmsKey"])
    args.get("forceDelete")
    made = call.client("ecr").create_repository(
        repositoryName=name,
        imageTagMutability=mutability,
        **known(
            {
                "imageScanningConfiguration": scanning
                and {"scanOnPush": bool(scanning.need("scanOnPush"))},
                "encryptionConfiguration": encryption,
                "tags": call.tag_list(),
            }
        ),
    )["repository"]
    return name, {
        "arn": made["repositoryArn"],
        "name": name,
        "registryId": made["registryId"],
        "repositoryUrl": made["repositoryUri"],
        "imageTagMutability": mutability,
    }


@creates("aws:ecr/lifecyclePolicy:LifecyclePolicy")
def lifecycle_policy(call: Call) -> Made:
    """Say which images of a repository expire."""
    owner, policy = call.args.need("repository"), call.args.need("policy")
    _check_lifecycle(json_object("policy", policy))
    made = call.client("ecr").put_lifecycle_policy(repositoryName=owner, lifecyclePolicyText=policy)
    return owner, {"registryId": made["registryId"]}


def _check_lifecycle(document: dict[str, Any]) -> None:
    """Refuse rules that ECR refuses (lifecycle policy parameters, ECR user guide)."""
    rules = objects(document.get("rules") or [])
    if not rules or document.keys() != {"rules"}:
        raise ValueError("policy: a lifecycle policy is {'rules': [...]} with a rule at least")
    priorities = [rule.get("rulePriority") for rule in rules]
    if not all(isinstance(number, int) and number >= 1 for number in priorities):
        raise ValueError("policy: a rule's rulePriority is no whole number from 1")
    if len(set(priorities)) < len(priorities):
        raise ValueError("policy: two rules have the same rulePriority")
    last = max(rules, key=lambda rule: rule["rulePriority"])
    for rule in rules:
        _check_selection(rule, is_last=rule is last)


def _check_selection(rule: dict[str, Any], *, is_last: bool) -> None:
    where = f"policy: rule {rule['rulePriority']}"
    if rule.get("action") != {"type": "expire"}:
        raise ValueError(f"{where}: its action is not {{'type': 'expire'}}")
    if strange := rule.keys() - {"rulePriority", "description", "selection", "action"}:
        raise ValueError(f"{where}: {min(strange)} is no part of a rule")
    (selection,) = objects(rule.get("selection") or {})
    if strange := selection.keys() - _SELECTION:
        raise ValueError(f"{where}: {min(strange)} is no part of a selection")
    status, count = selection.get("tagStatus"), selection.get("countType")
    one_of(f"{where}: tagStatus", status or "", ("tagged", "untagged", "any"))
    one_of(f"{where}: countType", count or "", ("imageCountMoreThan", "sinceImagePushed"))
    lists = [key for key in ("tagPrefixList", "tagPatternList") if selection.get(key)]
    if (status == "tagged") != (len(lists) == 1):
        raise ValueError(f"{where}: a tagPrefixList or tagPatternList belongs to tagged, only")
    if (count == "sinceImagePushed") != (selection.get("countUnit") == "days"):
        raise ValueError(f"{where}: countUnit days belongs to sinceImagePushed, only")
    number = selection.get("countNumber")
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"{where}: countNumber is no whole number from 1")
    if status == "any" and not is_last:
        raise ValueError(f"{where}: a rule for any tag must have the highest rulePriority")
