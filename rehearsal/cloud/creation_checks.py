"""What services look at when something is made or changed, whoever does it, administrators too."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from rehearsal.cloud import permissions
from rehearsal.cloud.permissions import Request
from rehearsal.cloud.refusals import answer
from rehearsal.cloud.scheduler_api import is_schedule

if TYPE_CHECKING:
    from rehearsal.cloud.iam import Iam

LOG_DELIVERY_ACTIONS = (
    "CreateLogDelivery",
    "GetLogDelivery",
    "UpdateLogDelivery",
    "DeleteLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "DescribeResourcePolicies",
    "DescribeLogGroups",
)
"""What a machine that logs must be able to do (Step Functions guide, "Logging using CloudWatch
Logs"). Which of them CreateStateMachine really tries, no page says."""
LOG_KEY_ACTIONS = (
    "Encrypt",
    "Decrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "DescribeKey",
)
"""What CloudWatch Logs does with a key (CloudWatch Logs guide, "Encrypt log data"). Which of them
it tries when a group gets a key, no page says."""

_MANAGED_RULES = {
    "arn:aws:states:::ecs:runTask.sync": "StepFunctionsGetEventsForECSTaskRule",
    "arn:aws:states:::states:startExecution.sync": (
        "StepFunctionsGetEventsForStepFunctionsExecutionRule"
    ),
    "arn:aws:states:::states:startExecution.sync:2": (
        "StepFunctionsGetEventsForStepFunctionsExecutionRule"
    ),
    "arn:aws:states:::batch:submitJob.sync": "StepFunctionsGetEventsForBatchJobsRule",
}
"""Rule by which Step Functions hears of the end of what a task started."""


def check_machine(iam: "Iam", response: Any, request: Request) -> None:
    """Look at a machine's role as Step Functions does: trust, managed rules, log deliveries."""
    parameters, existing = request.parameters, None
    if request.operation == "UpdateStateMachine":
        backends: Any = stepfunctions_parser_backends[request.account]
        arn = parameters["stateMachineArn"]
        machines: Any = backends[request.region].state_machines
        existing = next((machine for machine in machines if machine.arn == arn), None)
        if existing is None:
            return  # refused as unknown by Step Functions itself
    else:
        arn = request.arn(f"stateMachine:{parameters['name']}")
    role = parameters.get("roleArn") or getattr(existing, "roleArn", "")
    definition = parameters.get("definition") or getattr(existing, "definition", "")
    logging: Any = (
        parameters.get("loggingConfiguration")
        or getattr(existing, "loggingConfiguration", None)
        or {}
    )
    try:
        iam.assume(role=role, service="states.amazonaws.com", source_arn=arn)
    except ClientError:
        answer(
            response,
            "AccessDeniedException",
            "Neither the global service principal states.amazonaws.com, nor the regional one is "
            "authorized to assume the provided role.",
            400,
        )
    try:
        for rule in sorted({rule for task, rule in _MANAGED_RULES.items() if task in definition}):
            for action in ("PutTargets", "PutRule", "DescribeRule"):
                iam.allow_role(
                    role=role,
                    action=f"events:{action}",
                    resource=request.arn(f"rule/{rule}", "events"),
                    context=permissions.rule_context(request),
                )
    except ClientError:
        refusal = f"'{role}' is not authorized to create managed-rule."
        answer(response, "AccessDeniedException", refusal, 400)
    if logging.get("level", "OFF") == "OFF":
        return
    try:
        for action in LOG_DELIVERY_ACTIONS:
            iam.allow_role(role=role, action=f"logs:{action}", resource=permissions.ANY)
    except ClientError:
        answer(
            response,
            "AccessDeniedException",
            "The state machine IAM Role is not authorized to access the Log Destination",
            400,
        )


def check_schedule(iam: "Iam", response: Any, request: Request) -> None:
    """Look at the trust of a schedule's role as Scheduler does."""
    if not is_schedule(request.parameters.get("ScheduleExpression", "")):
        return  # which is refused first (recorded)
    group = request.parameters.get("GroupName") or "default"
    try:
        iam.assume(
            role=request.parameters["Target"]["RoleArn"],
            service="scheduler.amazonaws.com",
            source_arn=request.arn(f"schedule-group/{group}"),
        )
    except ClientError:
        answer(
            response,
            "ValidationException",
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the "
            "role.",
            400,
        )


def check_log_key(iam: "Iam", response: Any, request: Request) -> None:
    """Look whether CloudWatch Logs may use the key that a log group gets."""
    key, group = request.parameters.get("kmsKeyId"), request.parameters.get("logGroupName")
    if not key:
        return
    arn = request.arn(f"log-group:{group}")
    try:
        for action in LOG_KEY_ACTIONS:
            iam.allow_service(
                principal=f"logs.{request.region}.amazonaws.com",
                action=f"kms:{action}",
                resource=permissions.key_arn(request, key),
                context={"kms:EncryptionContext:aws:logs:arn": arn},
            )
    except ClientError:
        answer(
            response,
            "InvalidParameterException",
            "The specified KMS key does not exist or is not allowed to be used with "
            f"LogGroup '{arn}'",
            400,
        )


CHECKS = {
    "states:CreateStateMachine": check_machine,
    "states:UpdateStateMachine": check_machine,
    "scheduler:CreateSchedule": check_schedule,
    "scheduler:UpdateSchedule": check_schedule,
    "logs:CreateLogGroup": check_log_key,
    "logs:AssociateKmsKey": check_log_key,
}
