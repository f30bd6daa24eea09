"""EventBridge rules and their targets."""

import re
from typing import Any

from rehearsal.provider.iam import check_role
from rehearsal.provider.registry import (
    NAME,
    Arguments,
    Call,
    Found,
    creates,
    deletes,
    json_object,
    known,
    one_of,
    reads,
    tagging,
    updates,
)
from rehearsal.provider.registry import within as in_range

MAX_TARGETS = 5
"""Targets of a rule (EventBridge quotas)."""
MAX_PATTERN_CHARACTERS = 2_048

_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
_STATES = ("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")


RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"


@updates(RULE)
@creates(
    RULE,
    replaces=NAME | {"eventBusName"},
    only_later={"forceDestroy"},
    tags=tagging("events", "ResourceARN"),
)
def put_rule(call: Call) -> str:
    """Make a rule that matches events, or change it; schedules are the Scheduler's affair."""
    args, name = call.args, call.id or call.physical_name()
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}: letters, digits and .-_, at most 64")
    pattern = args.need("eventPattern")
    json_object("eventPattern", pattern)
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise ValueError(
            f"eventPattern has {len(pattern):,} characters, AWS takes {MAX_PATTERN_CHARACTERS:,}"
        )
    call.client("events").put_rule(
        Name=name,
        EventPattern=pattern,
        State=one_of("state", args.get("state", "ENABLED"), _STATES),
        **known({"Tags": [] if call.id else call.tag_list()}),
        **args.some(Description="description", RoleArn="roleArn"),
        **_bus(args),
    )
    return name


@reads(RULE)
def read_rule(call: Call) -> Found:
    """Look at a rule."""
    found = call.client("events").describe_rule(Name=call.id, **_bus(call.args))
    return {
        "eventPattern": found.get("EventPattern"),
        "state": found["State"],
        "description": found.get("Description") or None,
        "roleArn": found.get("RoleArn"),
    }, {"arn": found["Arn"], "name": call.id}


@deletes(RULE)
def delete_rule(call: Call) -> None:
    """Delete a rule; EventBridge refuses that while it has targets."""
    call.client("events").delete_rule(Name=call.id, **_bus(call.args))


@updates(TARGET)
@creates(TARGET, replaces={"eventBusName", "rule", "targetId"}, only_later={"forceDestroy"})
def put_target(call: Call) -> str:
    """Send a rule's events somewhere, or somewhere else."""
    args, events = call.args, call.client("events")
    rule, arn, role = args.need("rule"), args.need("arn"), args.get("roleArn")
    target_id = args.get("targetId") or call.outputs.get("targetId") or f"{call.name}-target"
    if not arn.startswith("arn:"):
        raise ValueError(f"arn is {arn!r}, which is no ARN")
    if (":states:" in arn or ":api-destination/" in arn) and not role:
        raise ValueError(f"argument 'roleArn' is missing: a rule needs one for {arn}")
    if role:
        check_role(call, "roleArn", role, "events.amazonaws.com")
    targets = events.list_targets_by_rule(Rule=rule, **_bus(args))["Targets"]
    if len([other for other in targets if other["Id"] != target_id]) >= MAX_TARGETS:
        raise ValueError(f"rule {rule} has {MAX_TARGETS} targets, and EventBridge takes no more")
    dead_letters, retries = args.part("deadLetterConfig"), args.part("retryPolicy")
    answer = events.put_targets(
        Rule=rule,
        **_bus(args),
        Targets=[
            known(
                {
                    "Id": target_id,
                    "Arn": arn,
                    "RoleArn": role,
                    **_input(args),
                    "DeadLetterConfig": dead_letters and {"Arn": dead_letters.need("arn")},
                    "RetryPolicy": retries and _retry_policy(retries),
                }
            )
        ],
    )
    if answer["FailedEntryCount"]:
        raise ValueError(answer["FailedEntries"][0]["ErrorMessage"])
    call.outputs["targetId"] = target_id
    return f"{rule}-{target_id}"


@reads(TARGET)
def read_target(call: Call) -> Found | None:
    """Look at where a rule's events go."""
    rule, target_id = call.args.need("rule"), call.outputs["targetId"]
    targets = call.client("events").list_targets_by_rule(Rule=rule, **_bus(call.args))["Targets"]
    found = next((target for target in targets if target["Id"] == target_id), None)
    if found is None:
        return None
    dead_letters, retries = found.get("DeadLetterConfig"), found.get("RetryPolicy")
    transformer = found.get("InputTransformer")
    return {
        "arn": found["Arn"],
        "roleArn": found.get("RoleArn"),
        "input": found.get("Input"),
        "inputPath": found.get("InputPath"),
        "inputTransformer": transformer
        and {
            "inputTemplate": transformer["InputTemplate"],
            "inputPaths": transformer.get("InputPathsMap", {}),
        },
        "deadLetterConfig": dead_letters and {"arn": dead_letters["Arn"]},
        "retryPolicy": retries
        and {
            "maximumEventAgeInSeconds": retries["MaximumEventAgeInSeconds"],
            "maximumRetryAttempts": retries["MaximumRetryAttempts"],
        },
    }, {"targetId": target_id}


@deletes(TARGET)
def delete_target(call: Call) -> None:
    """Send a rule's events there no longer."""
    call.client("events").remove_targets(
        Rule=call.args.need("rule"), Ids=[call.outputs["targetId"]], **_bus(call.args)
    )


def _bus(args: Arguments) -> dict[str, str]:
    return args.some(EventBusName="eventBusName")


def _input(args: Arguments) -> dict[str, Any]:
    transformer = args.part("inputTransformer")
    given = args.some(Input="input", InputPath="inputPath")
    if transformer:
        given["InputTransformer"] = {
            "InputTemplate": transformer.need("inputTemplate"),
            **transformer.some(InputPathsMap="inputPaths"),
        }
    if len(given) > 1:
        raise ValueError("give one of 'input', 'inputPath' and 'inputTransformer'")
    return given


def _retry_policy(part: Arguments) -> dict[str, Any]:
    attempts, age = part.get("maximumRetryAttempts", 185), part.get("maximumEventAgeInSeconds")
    in_range("maximumRetryAttempts", attempts, 0, 185)
    in_range("maximumEventAgeInSeconds", age, 60, 86_400)
    return {"MaximumRetryAttempts": attempts, "MaximumEventAgeInSeconds": age or 86_400}
