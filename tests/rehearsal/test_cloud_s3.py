"""Bucket policies refuse no more than they say."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import Account


@pytest.fixture
def bucket(account: Account) -> str:
    account.aws.client("s3").create_bucket(
        Bucket="files", CreateBucketConfiguration={"LocationConstraint": account.aws.region}
    )
    return "files"


def deny(account: Account, bucket: str, **more: Any) -> None:
    statement = {
        "Sid": "Refuse",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement | more]}
    account.aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def test_who_comes_over_tls_is_not_refused_for_want_of_it(account: Account, bucket: str) -> None:
    deny(account, bucket, Condition={"Bool": {"aws:SecureTransport": "false"}})
    account.aws.client("s3").put_object(Bucket=bucket, Key="a", Body=b"1")
    assert account.aws.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_a_refusal_of_everybody_still_refuses(account: Account, bucket: str) -> None:
    deny(account, bucket)
    with pytest.raises(
        ClientError, match=r"AccessDenied.*with an explicit deny in a resource-based policy"
    ):
        account.aws.client("s3").put_object(Bucket=bucket, Key="a", Body=b"1")
