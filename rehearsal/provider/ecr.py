"""Image repositories and how long they keep images."""

from typing import Any

from rehearsal.provider.kms import check_key
from rehearsal.provider.registry import (
    Arguments,
    Call,
    Found,
    creates,
    deletes,
    json_object,
    known,
    objects,
    one_of,
    reads,
    tagging,
    updates,
)

_MUTABILITIES = ("MUTABLE", "IMMUTABLE")
_SELECTION = frozenset(
    {"tagStatus", "tagPrefixList", "tagPatternList", "countType", "countUnit", "countNumber"}
)


REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE_POLICY = "aws:ecr/lifecyclePolicy:LifecyclePolicy"


@creates(
    REPOSITORY,
    replaces={"encryptionConfigurations", "name"},
    only_later={"forceDelete"},
    tags=tagging("ecr", "resourceArn"),
)
def create_repository(call: Call) -> str:
    """Make a repository."""
    args, name = call.args, call.physical_name()
    encryption: dict[str, Any] = {}
    for part in args.parts("encryptionConfigurations"):
        kind = one_of("encryptionType", part.get("encryptionType", "AES256"), ("AES256", "KMS"))
        encryption = known({"encryptionType": kind, "kmsKey": part.get("kmsKey")})
        if "kmsKey" in encryption:
            check_key(call, "kmsKey", encryption["kmsKey"])
    call.client("ecr").create_repository(
        repositoryName=name,
        imageTagMutability=_mutability(args),
        imageScanningConfiguration=_scanning(args),
        **known({"encryptionConfiguration": encryption, "tags": call.tag_list()}),
    )
    return name


@reads(REPOSITORY)
def read_repository(call: Call) -> Found:
    """Look at a repository."""
    answer = call.client("ecr").describe_repositories(repositoryNames=[call.id])
    (found,) = answer["repositories"]
    scanning = found.get("imageScanningConfiguration", {})
    encryption = found.get("encryptionConfiguration", {"encryptionType": "AES256"})
    return {
        "imageTagMutability": found["imageTagMutability"],
        "imageScanningConfiguration": {"scanOnPush": scanning.get("scanOnPush", False)},
        "encryptionConfigurations": [encryption],
    }, {
        "arn": found["repositoryArn"],
        "name": call.id,
        "registryId": found["registryId"],
        "repositoryUrl": found["repositoryUri"],
    }


@updates(REPOSITORY)
def update_repository(call: Call) -> None:
    """Change whether tags can move and whether images are scanned."""
    ecr = call.client("ecr")
    ecr.put_image_tag_mutability(repositoryName=call.id, imageTagMutability=_mutability(call.args))
    ecr.put_image_scanning_configuration(
        repositoryName=call.id, imageScanningConfiguration=_scanning(call.args)
    )


@deletes(REPOSITORY)
def delete_repository(call: Call) -> None:
    """Delete a repository; ECR refuses that while it has images, unless forced."""
    force = call.args.get("forceDelete", False)
    call.client("ecr").delete_repository(repositoryName=call.id, force=force)


# A second policy for the same repository takes the first one's place, and whoever deletes the
# first one afterwards deletes it: hence delete_first, which the real provider sets too.
@creates(LIFECYCLE_POLICY, replaces={"policy", "repository"}, delete_first=True)
def create_lifecycle_policy(call: Call) -> str:
    """Say which images of a repository expire."""
    owner, policy = call.args.need("repository"), call.args.need("policy")
    _check_lifecycle(json_object("policy", policy))
    call.client("ecr").put_lifecycle_policy(repositoryName=owner, lifecyclePolicyText=policy)
    return owner


@reads(LIFECYCLE_POLICY)
def read_lifecycle_policy(call: Call) -> Found:
    """Look at which images of a repository expire."""
    found = call.client("ecr").get_lifecycle_policy(repositoryName=call.id)
    return {"policy": found["lifecyclePolicyText"]}, {
        "registryId": found["registryId"],
        "repository": call.id,
    }


@deletes(LIFECYCLE_POLICY)
def delete_lifecycle_policy(call: Call) -> None:
    """Keep all images of a repository."""
    call.client("ecr").delete_lifecycle_policy(repositoryName=call.id)


def _mutability(args: Arguments) -> str:
    given = args.get("imageTagMutability", _MUTABILITIES[0])
    return one_of("imageTagMutability", given, _MUTABILITIES)


def _scanning(args: Arguments) -> dict[str, bool]:
    part = args.part("imageScanningConfiguration")
    return {"scanOnPush": bool(part and part.need("scanOnPush"))}


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
