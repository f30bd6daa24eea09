"""What all of a stack's state machines have in common."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws


def standard_machine(
    resource_name: str,
    *,
    name: str,
    role_arn: pulumi.Input[str],
    definition: pulumi.Input[str],
    log_destination: pulumi.Input[str],
    tracing: bool,
    opts: pulumi.ResourceOptions,
    tags: Mapping[str, str] | None = None,
) -> aws.sfn.StateMachine:
    """Register a Standard state machine: only those have status events and redrive.

    It logs what went wrong, without the data, which may hold what a log should not.
    """
    return aws.sfn.StateMachine(
        resource_name,
        name=name,
        type="STANDARD",
        role_arn=role_arn,
        definition=definition,
        logging_configuration={
            "level": "ERROR",
            "include_execution_data": False,
            "log_destination": log_destination,
        },
        tracing_configuration={"enabled": tracing},
        tags=tags,
        opts=opts,
    )
