"""S3: objects are encrypted, and EventBridge hears of them where a bucket tells it."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import itertools
import uuid
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.s3 import notifications
from moto.s3.models import FakeBucket, FakeKey
from moto.s3.responses import S3Response

from rehearsal.cloud.repairs import Repairs

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

_DETAIL_TYPES = {"ObjectCreated": "Object Created", "ObjectRemoved": "Object Deleted"}
_REASONS = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
    "Delete": "DeleteObject",
    "DeleteMarkerCreated": "DeleteObject",
}
"""``reason`` of an event (S3 User Guide, "EventBridge event message structure")."""


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put the repairs of this module in place."""
    encrypt_every_object(repairs)
    tell_event_bridge(repairs, aws)
    say_that_event_bridge_is_told(repairs)


def tell_event_bridge(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto hands the same event, id and all, to every target itself, whatever a rule asks for.

    Of events that are neither creation nor deletion nothing is told here.
    """
    sequence = itertools.count(1)

    def send(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
        kind, what = event_name.removeprefix("s3:").split(":")
        if kind not in _DETAIL_TYPES:
            return
        created = kind == "ObjectCreated"
        thing = {
            "key": key.name,
            "size": key.size if created else None,
            "etag": key.etag.strip('"') if created else None,
            "version-id": key.version_id if bucket.is_versioned else None,
            "sequencer": f"{next(sequence):018X}",
        }
        aws.events.publish(
            source="aws.s3",
            detail_type=_DETAIL_TYPES[kind],
            resources=[bucket.arn],
            detail={
                "version": "0",
                "bucket": {"name": bucket.name},
                "object": {name: value for name, value in thing.items() if value is not None},
                "request-id": uuid.uuid4().hex[:16].upper(),
                "requester": account_id,
                "source-ip-address": "127.0.0.1",
                "reason": _REASONS[what],
            },
            region=bucket.region_name,
        )

    repairs.put(notifications, "_send_event_bridge_message", send)


def say_that_event_bridge_is_told(repairs: Repairs) -> None:
    """Moto keeps that a bucket tells EventBridge, and does not say so."""
    otherwise = S3Response.get_bucket_notification

    def get_bucket_notification(self: Any) -> Any:
        bucket: FakeBucket = self.backend.get_bucket(self.bucket_name)
        told = bucket.notification_configuration
        if told is None or told.event_bridge is None:
            return otherwise(self)
        if told.topic or told.queue or told.cloud_function:
            raise NotImplementedError("notifications beside EventBridge's are not rehearsed")
        self.data["Action"] = "GetBucketNotificationConfiguration"
        return self.serialized(ActionResult({"EventBridgeConfiguration": {}}))

    repairs.put(S3Response, "get_bucket_notification", get_bucket_notification)


def encrypt_every_object(repairs: Repairs) -> None:
    """Moto encrypts only what it is told to, AWS every object (since 2023).

    And it leaves out of PutObject's answer what kind of checksum it gives.
    """
    initialise = FakeKey.__init__
    checksum_of = S3Response._get_checksum  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - moto's own method

    def encrypted(self: Any, *args: Any, **more: Any) -> None:
        initialise(self, *args, **more)
        self.encryption = self.encryption or "AES256"

    def with_type(self: Any, response_headers: dict[str, Any]) -> Any:
        algorithm, value = checksum_of(self, response_headers)
        if algorithm:
            response_headers["x-amz-checksum-type"] = "FULL_OBJECT"
        return algorithm, value

    repairs.put(FakeKey, "__init__", encrypted)
    repairs.put(S3Response, "_get_checksum", with_type)
