"""Going on with a run where it ended."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from datetime import timedelta

from botocore.exceptions import ClientError

from ops.aws import code_of
from ops.errors import Exit, OpsError
from ops.runs import Run, described
from ops.stack import Stack, now
from ops.waiting import reached

REDRIVABLE_FOR = timedelta(days=14)
"""After the end of a run (RedriveExecution, API reference)."""
_NOT_REDRIVABLE = "ExecutionNotRedrivable"


def redrive(stack: Stack, run: Run) -> Run:
    """Let a run go on where it ended, and return it as it goes on.

    Raises:
        OpsError: it is still going, has succeeded, ended too long ago, or would only fail again.
    """
    if why := _why_not(stack, run):
        raise OpsError(f"{run.name} {why}", code=Exit.NOT_WELL)
    try:
        stack.aws.states.redrive_execution(executionArn=run.arn)
    except ClientError as error:
        if code_of(error) != _NOT_REDRIVABLE:
            raise
        said = error.response.get("Error", {}).get("Message", "")
        raise OpsError(
            f"{run.name} cannot be redriven: {said}; retry it", code=Exit.NOT_WELL
        ) from None
    return reached(lambda: described(stack, run.of, run.name)) or run


def _why_not(stack: Stack, run: Run) -> str:
    if run.status == "RUNNING":
        return "is still going"
    if run.status == "SUCCEEDED":
        return "has succeeded: to run it again, retry it"
    if run.ended and now() - run.ended > REDRIVABLE_FOR:
        return f"ended on {run.ended:%Y-%m-%d}, and AWS redrives for 14 days: retry it"
    # Its machine ends by a state that says so, and would go on from there: to the same end.
    if run.status == "FAILED" and stack.entries[run.of].kind != "flow":
        return f"{run.outcome} after all its attempts, and would again at once: retry it"
    return ""
