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


# -- EventBridge hears of objects


def told(account: Account) -> list[dict[str, Any]]:
    return [event for event in account.aws.events.events if event["source"] == "aws.s3"]


def listen(account: Account, name: str) -> Any:
    s3: Any = account.aws.client("s3")
    s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": account.aws.region}
    )
    configuration = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=configuration)
    return s3


def test_event_bridge_hears_of_objects_as_s3_tells_it(account: Account) -> None:
    s3 = listen(account, "heard")
    key = 'in/a "b" & é.csv'
    s3.put_object(Bucket="heard", Key=key, Body=b"12345")
    s3.copy_object(Bucket="heard", Key="copy", CopySource={"Bucket": "heard", "Key": key})
    s3.delete_object(Bucket="heard", Key=key)
    created, copied, deleted = told(account)
    assert created["detail-type"] == "Object Created"
    assert created["resources"] == ["arn:aws:s3:::heard"]
    assert (created["account"], created["region"]) == ("123456789012", "eu-west-1")
    detail = created["detail"]
    assert detail["bucket"] == {"name": "heard"}
    assert (detail["object"]["key"], detail["object"]["size"]) == (key, 5)
    assert detail["object"]["etag"] == "827ccb0eea8a706c4c34a16891f84e7b"
    assert "version-id" not in detail["object"], "the bucket keeps none"
    assert detail["reason"] == "PutObject"
    assert copied["detail"]["reason"] == "CopyObject"
    assert (deleted["detail-type"], deleted["detail"]["reason"]) == (
        "Object Deleted",
        "DeleteObject",
    )
    ids = {event["id"] for event in (created, copied, deleted)}
    assert len(ids) == 3
    assert copied["detail"]["object"]["sequencer"] > detail["object"]["sequencer"]


def test_a_bucket_that_does_not_tell_event_bridge_is_not_heard(account: Account) -> None:
    s3 = listen(account, "quiet")
    assert (
        s3.get_bucket_notification_configuration(Bucket="quiet")["EventBridgeConfiguration"] == {}
    )
    s3.put_bucket_notification_configuration(Bucket="quiet", NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(
        Bucket="quiet"
    )
    s3.put_object(Bucket="quiet", Key="a", Body=b"a")
    assert told(account) == []


def test_a_versioned_object_has_its_version_in_the_event(account: Account) -> None:
    s3 = listen(account, "versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="versioned", Key="a", Body=b"a")["VersionId"]
    (event,) = told(account)
    assert event["detail"]["object"]["version-id"] == version
