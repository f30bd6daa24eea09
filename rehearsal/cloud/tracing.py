"""X-Ray: executions of machines that trace leave a trace, if the machine's role lets them."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.backend import execution as execution_module

from rehearsal.cloud.permissions import ANY
from rehearsal.cloud.repairs import Repairs

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

ACTIONS = ("GetSamplingRules", "GetSamplingTargets", "PutTraceSegments", "PutTelemetryRecords")
"""What a machine that traces does (Step Functions guide, "IAM policies for X-Ray")."""


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto keeps the setting and traces nothing."""
    terminated = execution_module.BaseExecutionWorkerCommunication.terminated

    def end_and_trace(self: Any) -> None:
        _trace(aws, self.execution)
        terminated(self)

    repairs.put(execution_module.BaseExecutionWorkerCommunication, "terminated", end_and_trace)


def _trace(aws: "EmbeddedAws", execution: Any) -> None:
    machine = execution.state_machine
    if not machine.tracingConfiguration.get("enabled"):
        return
    try:
        for action in ACTIONS:
            aws.iam.allow_role(role=machine.roleArn, action=f"xray:{action}", resource=ANY)
    except ClientError as error:
        aws.unheard.append(f"no trace of {execution.exec_arn}: {error}")
        return
    aws.traces.append(execution.exec_arn)
