"""Roles and their inline policies."""

import json
import re
from typing import Any
from urllib.parse import unquote

from rehearsal.provider.documents import check_trust_policy, statements, trusts
from rehearsal.provider.registry import Call, Made, creates, known, within

MAX_ROLE_NAME = 64
MAX_INLINE_CHARACTERS = 10_240
"""Characters of all inline policies of a role, white space apart (IAM quotas)."""
MAX_TRUST_CHARACTERS = 2_048
"""Characters of a trust policy, white space apart; the default quota, which may be raised."""
SESSION_SECONDS = (3_600, 43_200)
"""Shortest and longest session of a role."""

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)


@creates("aws:iam/role:Role", tagged=True)
def role(call: Call) -> Made:
    """Make a role, with its trust policy and name checked as IAM does."""
    args, iam = call.args, call.client("iam")
    name, trust = call.physical_name(), args.need("assumeRolePolicy")
    if len(name) > MAX_ROLE_NAME:
        raise ValueError(f"name {name!r} has {len(name)} characters, a role's {MAX_ROLE_NAME}")
    if not _NAME.fullmatch(name):
        raise ValueError(f"name {name!r} has characters other than letters, digits and +=,.@-_")
    check_trust_policy(trust)
    _check_size("assumeRolePolicy", trust, MAX_TRUST_CHARACTERS)
    session = args.get("maxSessionDuration", SESSION_SECONDS[0])
    within("maxSessionDuration", session, *SESSION_SECONDS)
    args.get("forceDetachPolicies")
    made = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=trust,
        MaxSessionDuration=session,
        **known({"Tags": call.tag_list()}),
        **args.some(
            Path="path", Description="description", PermissionsBoundary="permissionsBoundary"
        ),
    )["Role"]
    attached = args.get("managedPolicyArns", [])
    for arn in attached:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return name, {
        "arn": made["Arn"],
        "name": name,
        "path": made["Path"],
        "uniqueId": made["RoleId"],
        "maxSessionDuration": session,
        "managedPolicyArns": attached,
        "createDate": made["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@creates("aws:iam/rolePolicy:RolePolicy")
def role_policy(call: Call) -> Made:
    """Give a role an inline policy; all of a role's may have 10,240 characters."""
    args, iam, name = call.args, call.client("iam"), call.physical_name()
    owner, policy = args.need("role"), args.need("policy")
    if any("Principal" in statement for statement in statements("policy", policy)):
        raise ValueError("policy: a role's policy has no Principal")
    others = [
        json.dumps(iam.get_role_policy(RoleName=owner, PolicyName=other)["PolicyDocument"])
        for other in iam.list_role_policies(RoleName=owner)["PolicyNames"]
    ]
    _check_size("policy", "".join([policy, *others]), MAX_INLINE_CHARACTERS)
    iam.put_role_policy(RoleName=owner, PolicyName=name, PolicyDocument=policy)
    return f"{owner}:{name}", {"name": name, "role": owner}


def check_role(call: Call, key: str, arn: str, service: str) -> None:
    """Refuse a role that does not exist or that ``service`` may not assume.

    Raises:
        ValueError: a line that names the argument and the role.
    """
    iam: Any = call.client("iam")
    name = arn.rpartition("/")[2]
    try:
        found = iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        raise ValueError(f"{key}: there is no role {arn}") from None
    trust = found["AssumeRolePolicyDocument"]
    document = json.loads(unquote(trust)) if isinstance(trust, str) else trust
    if found["Arn"] != arn:
        raise ValueError(f"{key}: there is no role {arn}, only {found['Arn']}")
    if not trusts(document, service):
        raise ValueError(f"{key}: {service} may not assume {arn}; see its trust policy")


def _check_size(key: str, text: str, most: int) -> None:
    size = len("".join(text.split()))
    if size > most:
        raise ValueError(f"{key} has {size:,} characters without white space, AWS takes {most:,}")
