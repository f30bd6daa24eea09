"""What a failure of Step Functions means to the person who reads the log.

What goes wrong with the bucket, ``list_files.failures`` knows.
"""

from http import HTTPStatus
from typing import Any

from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs] - it has none
    ClientError,
    ConnectionError,  # noqa: A004 - botocore calls it so
    HTTPClientError,
)
from list_files import failures
from list_files.failures import ACCESS, CONFIGURATION, OTHER, UNAVAILABLE, Failure

from sum_files.worker import nobody_waits

NO_ACTIVITY_NAMED = Failure(
    CONFIGURATION,
    "The variable JOB_ACTIVITY_ARN is not set.",
    "Run the program as a worker: workers: {sum-files: {command: [python, -m, sum_files]}}.",
)
NO_TASK = Failure(
    UNAVAILABLE,
    "There was no task to work on.",
    "Start the worker's state machine: it starts the container, too.",
)


def explain(error: Exception, activity_arn: str) -> Failure:
    """Return what an error means that came up in speaking with Step Functions."""
    if nobody_waits(error):
        return Failure(
            OTHER,
            "Nobody waits for the answer any more: the run has ended.",
            "Read the run: it was stopped, or the work took longer than its timeout.",
        )
    match error:
        case ClientError():
            return _refused(error, activity_arn)
        case ConnectionError() | HTTPClientError():
            return Failure(
                UNAVAILABLE,
                f"Step Functions was not reached: {' '.join(str(error).split())}",
                "In a private network: check the interface endpoint for states, and that the "
                "security group lets port 443 out.",
            )
        case _:
            return failures.explain(error, "")


def _refused(error: Any, activity_arn: str) -> Failure:
    """Return what an error that Step Functions itself answered means."""
    response: dict[str, Any] = error.response  # botocore has no types
    code: str = response["Error"]["Code"]
    status: int = response["ResponseMetadata"]["HTTPStatusCode"]
    if code == "ActivityDoesNotExist":
        return Failure(
            CONFIGURATION,
            f"There is no activity {activity_arn}.",
            "Deploy the stack again: the worker's activity was deleted.",
        )
    if code == "AccessDeniedException" or status == HTTPStatus.FORBIDDEN:
        return Failure(
            ACCESS,
            f"{error.operation_name} was refused: {code}",
            "The program runs in a container that no worker of the stack has: see workers.",
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code == "ThrottlingException":
        return Failure(
            UNAVAILABLE,
            f"Step Functions did not answer {error.operation_name}, also not when asked again: "
            f"{code}",
            "Run the worker again later.",
        )
    return Failure(
        OTHER,
        f"{error.operation_name} failed: {code}, {response['Error'].get('Message')}",
        "Look the error up in the Step Functions API Reference.",
    )
