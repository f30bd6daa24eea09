"""What a failure means to the person who reads the log: an exit code, the reason, the remedy."""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs] - it has none
    ClientError,
    ConnectionError,  # noqa: A004 - botocore calls it so
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

OTHER = 1
CONFIGURATION = 64
UNAVAILABLE = 69
ACCESS = 77

CORRECT_THE_NAME = (
    "Correct the value that S3_BUCKET_NAME gets; a changed secret is read when a task starts."
)


@dataclass(frozen=True)
class Failure:
    """Why the program ends, and what to do about it."""

    exit_code: int
    reason: str
    remedy: str


NO_BUCKET_NAMED = Failure(
    CONFIGURATION,
    "The variable S3_BUCKET_NAME is not set.",
    "Give it to the job's container: secrets: {S3_BUCKET_NAME: <secret>:<JSON key>}.",
)


def explain(error: Exception, bucket: str) -> Failure:
    """Return what an error means that came up while the bucket was listed."""
    match error:
        case ClientError():
            return _refused(error, bucket)
        case ParamValidationError():
            return Failure(
                CONFIGURATION, f"{bucket!r} cannot be the name of a bucket.", CORRECT_THE_NAME
            )
        case NoCredentialsError() | PartialCredentialsError() | CredentialRetrievalError():
            return Failure(
                ACCESS,
                f"There are no usable AWS credentials: {_one_line(error)}",
                "An ECS task gets them from its task role; elsewhere set AWS_PROFILE.",
            )
        case ConnectionError() | HTTPClientError():
            return Failure(
                UNAVAILABLE,
                f"S3 was not reached: {_one_line(error)}",
                "In a private network: check the S3 gateway endpoint, the route table of the job's "
                "subnets, and that the security group lets port 443 out.",
            )
        case _:
            return Failure(
                OTHER,
                f"{type(error).__name__} at {_place(error)}: {_one_line(error)}",
                "This is not foreseen: look at that line of the program.",
            )


def _refused(error: Any, bucket: str) -> Failure:
    """Return what an error that S3 itself answered means."""
    response: dict[str, Any] = error.response  # botocore has no types
    code: str = response["Error"]["Code"]
    status: int = response["ResponseMetadata"]["HTTPStatusCode"]
    if code == "NoSuchBucket":
        return Failure(CONFIGURATION, f"There is no bucket {bucket!r}.", CORRECT_THE_NAME)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Failure(
            ACCESS,
            f"Listing the bucket {bucket!r} was refused: {code}",
            "Grant it to the job's container, grants: {<bucket>: read}; a bucket in another "
            "account must allow it in its own policy as well.",
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failure(
            UNAVAILABLE,
            f"S3 could not list the bucket {bucket!r}, also not when asked again: {code}",
            "Run the job again later.",
        )
    return Failure(
        OTHER,
        f"S3 did not list the bucket {bucket!r}: {code}, {response['Error'].get('Message')}",
        "Look the error up under 'Error responses' in the Amazon S3 API Reference.",
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _place(error: Exception) -> str:
    """Return file and line of where the error was raised, in the place of a traceback."""
    trace = error.__traceback__
    if trace is None:
        return "an unknown line"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
