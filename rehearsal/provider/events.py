"""EventBridge rules and their targets."""

import re
from typing import Any

from rehearsal.provider.iam import check_role
from rehearsal.provider.registry import Arguments, Call, Made, creates, json_object, known, one_of
from rehearsal.provider.registry import within as in_range

MAX_TARGETS = 5
"""Targets of a rule (EventBridge quotas)."""
MAX_PATTERN_CHARACTERS = 4_096

_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
_STATES = ("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")


@creates("aws:cloudwatch/eventRule:EventRule", tagged=True)
def event_rule(call: Call) -> Made:
    """Make a rule that matches events; schedules are the Scheduler's affair."""
    args, name = call.args, call.physical_name()
    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}: letters, digits and .-_, at most 64")
    pattern = args.need("eventPattern")
    json_object("eventPattern", pattern)
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise ValueError(
            f"eventPattern has {len(pattern):,} characters, AWS takes {MAX_PATTERN_CHARACTERS:,}"
        )
    state = one_of("state", args.get("state", "ENABLED"), _STATES)
    args.get("forceDestroy")
    arn: str = call.client("events").put_rule(
        Name=name,
        EventPattern=pattern,
        State=state,
        **known({"Tags": call.tag_list()}),
        **args.some(Description="description", EventBusName="eventBusName", RoleArn="roleArn"),
    )["RuleArn"]
    return name, {"arn": arn, "name": name, "state": state}


@creates("aws:cloudwatch/eventTarget:EventTarget")
def event_target(call: Call) -> Made:
    """Send a rule's events somewhere."""
    args, events = call.args, call.client("events")
    rule, arn, role = args.need("rule"), args.need("arn"), args.get("roleArn")
    target_id = args.get("targetId") or f"{call.name}-target"
    if not arn.startswith("arn:"):
        raise ValueError(f"arn is {arn!r}, which is no ARN")
    if ":states:" in arn and not role:
        raise ValueError(f"argument 'roleArn' is missing: a rule needs one for {arn}")
    if role:
        check_role(call, "roleArn", role, "events.amazonaws.com")
    bus = args.some(EventBusName="eventBusName")
    others = events.list_targets_by_rule(Rule=rule, **bus)["Targets"]
    if len(others) >= MAX_TARGETS:
        raise ValueError(f"rule {rule} has {MAX_TARGETS} targets, and EventBridge takes no more")
    dead_letters, retries = args.part("deadLetterConfig"), args.part("retryPolicy")
    answer = events.put_targets(
        Rule=rule,
        **bus,
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
    return f"{rule}-{target_id}", {"targetId": target_id}


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
