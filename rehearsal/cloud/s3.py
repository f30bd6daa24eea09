"""S3: bucket policies refuse no more than they say."""

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

from rehearsal.cloud.repairs import Repairs


def repair(repairs: Repairs) -> None:
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
