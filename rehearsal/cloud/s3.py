"""S3: bucket policies refuse no more than they say, and objects are encrypted."""

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, FakeKey
from moto.s3.responses import S3Response

from rehearsal.cloud.repairs import Repairs


def repair(repairs: Repairs) -> None:
    """Put the repairs of this module in place."""
    leave_conditions_alone(repairs)
    encrypt_every_object(repairs)


def leave_conditions_alone(repairs: Repairs) -> None:
    """Moto ignores conditions: "nobody without TLS" would refuse everybody.

    Statements with a condition are left out here; nothing else is enforced of IAM either.
    """

    def get_permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        policy["Statement"] = [s for s in policy["Statement"] if "Condition" not in s]
        return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)

    repairs.put(FakeBucket, "get_permission", get_permission)


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
