"""Whoever operates a deployed stack: one who may do what ``python -m ops`` needs, and no more."""

import json
from typing import Any

from definitions.names import Names
from definitions.policies.people import operator_policy
from rehearsal.cloud import EmbeddedAws

ROLE = "rehearsal-operator"
"""Stands where a team's own role is; the rehearsal makes it, whatever the stack file says."""


def operator_credentials(aws: EmbeddedAws, project: str, stack: str) -> dict[str, str]:
    """Make that role for a deployed stack, unless it is there, and return credentials of it."""
    names = Names(project=project, stack=stack, region=aws.region, account=aws.account)
    iam: Any = aws.client("iam")
    roles = iam.list_roles()["Roles"]
    if ROLE not in {role["RoleName"] for role in roles}:
        person = {"AWS": f"arn:aws:iam::{aws.account}:root"}
        trust = {"Effect": "Allow", "Principal": person, "Action": "sts:AssumeRole"}
        iam.create_role(
            RoleName=ROLE,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        iam.put_role_policy(
            RoleName=ROLE, PolicyName="operate", PolicyDocument=operator_policy(names)
        )
    return aws.credentials(names.role_arn(ROLE), "operator")
