"""What each failure means: a table of causes, and what the reader is told."""

import pytest
from botocore import exceptions
from list_files.failures import explain


def refused(code: str, status: int) -> exceptions.ClientError:
    return exceptions.ClientError(
        {
            "Error": {"Code": code, "Message": "said S3"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        "ListObjectsV2",
    )


@pytest.mark.parametrize(
    ("error", "exit_code", "says"),
    [
        (refused("NoSuchBucket", 404), 64, "There is no bucket 'files'."),
        (exceptions.ParamValidationError(report="bad"), 64, "cannot be the name of a bucket"),
        (refused("AccessDenied", 403), 77, "AccessDenied"),
        (refused("InvalidAccessKeyId", 403), 77, "InvalidAccessKeyId"),
        (exceptions.NoCredentialsError(), 77, "no usable AWS credentials"),
        (
            exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            77,
            "AWS_SECRET_ACCESS_KEY",
        ),
        (
            exceptions.CredentialRetrievalError(provider="container-role", error_msg="refused"),
            77,
            "container-role",
        ),
        (exceptions.EndpointConnectionError(endpoint_url="https://s3"), 69, "https://s3"),
        (exceptions.ConnectTimeoutError(endpoint_url="https://s3"), 69, "https://s3"),
        (exceptions.ReadTimeoutError(endpoint_url="https://s3"), 69, "https://s3"),
        (exceptions.ConnectionClosedError(endpoint_url="https://s3"), 69, "https://s3"),
        (refused("SlowDown", 503), 69, "SlowDown"),
        (refused("InternalError", 500), 69, "InternalError"),
        (refused("InvalidRequest", 400), 1, "InvalidRequest, said S3"),
        (ZeroDivisionError("by\nzero"), 1, "ZeroDivisionError at an unknown line: by zero"),
    ],
    ids=lambda value: None if isinstance(value, int | str) else type(value).__name__,
)
def test_a_cause_has_its_exit_code_and_is_named(
    error: Exception, exit_code: int, says: str
) -> None:
    failure = explain(error, "files")
    assert failure.exit_code == exit_code
    assert says in failure.reason
    assert "\n" not in failure.reason + failure.remedy
    assert failure.remedy.endswith(".")


def test_an_unforeseen_error_names_the_line_that_raised_it() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    line = caught.traceback[-1].lineno + 1
    reason = explain(caught.value, "files").reason
    assert reason == f"ZeroDivisionError at test_failures.py:{line}: division by zero"


def test_who_may_not_list_the_bucket_is_told_which_setting_grants_it() -> None:
    assert "grants: {<bucket>: read}" in explain(refused("AccessDenied", 403), "files").remedy
