"""The rules and pipes that hand triggers to the dispatcher, one for each event of a job."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from definitions.events import input_transformer
from definitions.names import Names

MOST_DELIVERIES = 185
"""EventBridge's own maximum: what ends the attempts is the start deadline."""


def trigger_rules(
    name: str,
    *,
    names: Names,
    starts: str,
    patterns: Sequence[Mapping[str, Any]],
    enabled: bool,
    start_deadline_seconds: int,
    role_arn: pulumi.Input[str],
    trigger: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> None:
    """Make a rule and its target for each pattern: ``<name>``, ``<name>-2`` and so on.

    Args:
        name: of the rules; the targets have ``-target`` behind it.
        names: the stack's.
        starts: the name that a user gave to what is started.
        patterns: whose events start it.
        enabled: whether they do.
        start_deadline_seconds: how late a trigger may still be delivered, 60 to 86,400.
        role_arn: of the rules.
        trigger: what the dispatcher is to start, without the event.
        opts: parent, and what must be there before anything is delivered.
    """
    paths, template = input_transformer(trigger)
    for number, pattern in enumerate(patterns, 1):
        numbered = name if number == 1 else f"{name}-{number}"
        rule = aws.cloudwatch.EventRule(
            numbered,
            name=names.event_source(starts, number),
            description=f"Starts {names.chosen(starts)}",
            event_pattern=json.dumps(pattern),
            state="ENABLED" if enabled else "DISABLED",
            opts=opts,
        )
        aws.cloudwatch.EventTarget(
            f"{numbered}-target",
            rule=rule.name,
            target_id="dispatcher",
            arn=names.machine_arn(names.of("dispatcher")),
            role_arn=role_arn,
            input_transformer={"input_paths": paths, "input_template": template},
            retry_policy={
                "maximum_event_age_in_seconds": start_deadline_seconds,
                "maximum_retry_attempts": MOST_DELIVERIES,
            },
            dead_letter_config={"arn": names.dead_letter_queue_arn},
            opts=opts,
        )


def trigger_pipes(
    name: str,
    *,
    names: Names,
    starts: str,
    queues: Sequence[str],
    enabled: bool,
    role_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Make a pipe for each queue: ``<name>``, ``<name>-2`` and so on.

    It hands every message over as it is, for the dispatcher knows the queue's trigger. While a
    pipe is stopped, its messages wait.

    Args:
        name: of the resources.
        names: the stack's.
        starts: the name that a user gave to what is started.
        queues: names of the queues whose messages start it.
        enabled: whether they do.
        role_arn: of the pipes.
        opts: parent, and what must be there before anything is delivered.
    """
    for number, queue in enumerate(queues, 1):
        aws.pipes.Pipe(
            name if number == 1 else f"{name}-{number}",
            name=names.event_source(starts, number),
            description=f"Starts {names.chosen(starts)}",
            source=names.queue_arn(queue),
            source_parameters={"sqs_queue_parameters": {"batch_size": 1}},
            target=names.machine_arn(names.of("dispatcher")),
            target_parameters={
                "step_function_state_machine_parameters": {"invocation_type": "FIRE_AND_FORGET"}
            },
            desired_state="RUNNING" if enabled else "STOPPED",
            role_arn=role_arn,
            opts=opts,
        )
