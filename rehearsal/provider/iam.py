"""Roles, their inline policies, managed policies, and providers of identities."""

import json
import re
from typing import Any
from urllib.parse import unquote

from rehearsal.provider.documents import check_identity_policy, check_trust_policy, trusts
from rehearsal.provider.registry import (
    NAME,
    Arguments,
    Call,
    Found,
    creates,
    deletes,
    known,
    reads,
    tagging,
    updates,
    within,
)

MAX_ROLE_NAME = 64
MAX_INLINE_CHARACTERS = 10_240
"""Characters of all inline policies of a role, white space apart (IAM quotas)."""
MAX_MANAGED_CHARACTERS = 6_144
"""Characters of a managed policy, white space apart (IAM quotas)."""
MAX_VERSIONS = 5
"""Versions of a managed policy (IAM quotas)."""
MAX_TRUST_CHARACTERS = 2_048
"""Characters of a trust policy, white space apart; the default quota, which may be raised."""
SESSION_SECONDS = (3_600, 43_200)
"""Shortest and longest session of a role."""

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)


ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
POLICY = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
OIDC_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"


@creates(
    ROLE,
    replaces=NAME | {"path"},
    only_later={"forceDetachPolicies"},
    tags=tagging("iam", "RoleName", of="id", kind="role", lists="list_role_tags"),
)
def create_role(call: Call) -> str:
    """Make a role, with its trust policy and name checked as IAM does."""
    args, iam, name = call.args, call.client("iam"), call.physical_name()
    if len(name) > MAX_ROLE_NAME:
        raise ValueError(f"name {name!r} has {len(name)} characters, a role's {MAX_ROLE_NAME}")
    if not _NAME.fullmatch(name):
        raise ValueError(f"name {name!r} has characters other than letters, digits and +=,.@-_")
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=_trust(args),
        MaxSessionDuration=_session(args),
        **known({"Tags": call.tag_list()}),
        **args.some(
            Path="path", Description="description", PermissionsBoundary="permissionsBoundary"
        ),
    )
    call.id = name
    for arn in args.get("managedPolicyArns", []):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return name


@reads(ROLE)
def read_role(call: Call) -> Found:
    """Look at a role; policies that others attached to it are theirs."""
    iam = call.client("iam")
    found = iam.get_role(RoleName=call.id)["Role"]
    policies = iam.list_attached_role_policies(RoleName=call.id)["AttachedPolicies"]
    attached = {"managedPolicyArns": [policy["PolicyArn"] for policy in policies]}
    ours = "managedPolicyArns" in call.outputs or call.args.get("managedPolicyArns")
    return {
        "assumeRolePolicy": json.dumps(_trust_document(found)),
        "description": found.get("Description") or None,
        "maxSessionDuration": found["MaxSessionDuration"],
        "path": found["Path"],
        "permissionsBoundary": found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        **(attached if ours else {}),
    }, {
        "arn": found["Arn"],
        "name": call.id,
        "uniqueId": found["RoleId"],
        "createDate": found["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@updates(ROLE)
def update_role(call: Call) -> None:
    """Change what is not a role's name or path."""
    args, iam = call.args, call.client("iam")
    iam.update_assume_role_policy(RoleName=call.id, PolicyDocument=_trust(args))
    iam.update_role(
        RoleName=call.id,
        Description=args.get("description", ""),
        MaxSessionDuration=_session(args),
    )
    boundary, standing = args.get("permissionsBoundary"), call.outputs.get("permissionsBoundary")
    if boundary and boundary != standing:
        iam.put_role_permissions_boundary(RoleName=call.id, PermissionsBoundary=boundary)
    elif standing and not boundary:
        iam.delete_role_permissions_boundary(RoleName=call.id)
    wanted, attached = args.get("managedPolicyArns", []), call.outputs.get("managedPolicyArns", [])
    for arn in [arn for arn in wanted if arn not in attached]:
        iam.attach_role_policy(RoleName=call.id, PolicyArn=arn)
    for arn in [arn for arn in attached if arn not in wanted]:
        iam.detach_role_policy(RoleName=call.id, PolicyArn=arn)


@deletes(ROLE)
def delete_role(call: Call) -> None:
    """Delete a role; IAM refuses that while it has policies that are not its own arguments."""
    args, iam = call.args, call.client("iam")
    detached = args.get("managedPolicyArns", [])
    if args.get("forceDetachPolicies"):
        found = iam.list_attached_role_policies(RoleName=call.id)["AttachedPolicies"]
        detached = [policy["PolicyArn"] for policy in found]
        for name in iam.list_role_policies(RoleName=call.id)["PolicyNames"]:
            iam.delete_role_policy(RoleName=call.id, PolicyName=name)
    for arn in detached:
        iam.detach_role_policy(RoleName=call.id, PolicyArn=arn)
    iam.delete_role(RoleName=call.id)


@creates(ROLE_POLICY, replaces=NAME | {"role"})
def create_role_policy(call: Call) -> str:
    """Give a role an inline policy; all of a role's may have 10,240 characters."""
    call.id = f"{call.args.need('role')}:{call.physical_name()}"
    update_role_policy(call)
    return call.id


@reads(ROLE_POLICY)
def read_role_policy(call: Call) -> Found:
    """Look at an inline policy."""
    owner, _, name = call.id.partition(":")
    found = call.client("iam").get_role_policy(RoleName=owner, PolicyName=name)
    return {"policy": json.dumps(found["PolicyDocument"])}, {"name": name, "role": owner}


@updates(ROLE_POLICY)
def update_role_policy(call: Call) -> None:
    """Put another document in the place of an inline policy."""
    iam, policy = call.client("iam"), call.args.need("policy")
    owner, _, name = call.id.partition(":")
    check_identity_policy("policy", policy)
    others = [
        json.dumps(iam.get_role_policy(RoleName=owner, PolicyName=other)["PolicyDocument"])
        for other in iam.list_role_policies(RoleName=owner)["PolicyNames"]
        if other != name
    ]
    _check_size("policy", "".join([policy, *others]), MAX_INLINE_CHARACTERS)
    iam.put_role_policy(RoleName=owner, PolicyName=name, PolicyDocument=policy)


@deletes(ROLE_POLICY)
def delete_role_policy(call: Call) -> None:
    """Take an inline policy from its role."""
    owner, _, name = call.id.partition(":")
    call.client("iam").delete_role_policy(RoleName=owner, PolicyName=name)


@creates(
    POLICY,
    replaces=NAME | {"description", "path"},
    tags=tagging("iam", "PolicyArn", of="id", kind="policy", lists="list_policy_tags"),
)
def create_policy(call: Call) -> str:
    """Make a managed policy; it may have 6,144 characters."""
    args, name = call.args, call.physical_name()
    made = call.client("iam").create_policy(
        PolicyName=name,
        PolicyDocument=_managed(args),
        **known({"Tags": call.tag_list()}),
        **args.some(Path="path", Description="description"),
    )["Policy"]
    arn: str = made["Arn"]
    return arn


@reads(POLICY)
def read_policy(call: Call) -> Found:
    """Look at a managed policy as its default version has it."""
    iam = call.client("iam")
    found = iam.get_policy(PolicyArn=call.id)["Policy"]
    version = iam.get_policy_version(PolicyArn=call.id, VersionId=found["DefaultVersionId"])
    return {
        "policy": _text(version["PolicyVersion"]["Document"]),
        "description": found.get("Description") or None,
        "path": found["Path"],
    }, {"arn": call.id, "name": found["PolicyName"], "policyId": found["PolicyId"]}


@updates(POLICY)
def update_policy(call: Call) -> None:
    """Make a version the default one; of five, the oldest other one goes first, as IAM demands."""
    iam, document = call.client("iam"), _managed(call.args)
    versions = iam.list_policy_versions(PolicyArn=call.id)["Versions"]
    others = [version for version in versions if not version["IsDefaultVersion"]]
    if len(versions) >= MAX_VERSIONS:
        oldest = min(others, key=lambda version: version["CreateDate"])
        iam.delete_policy_version(PolicyArn=call.id, VersionId=oldest["VersionId"])
    iam.create_policy_version(PolicyArn=call.id, PolicyDocument=document, SetAsDefault=True)


@deletes(POLICY)
def delete_policy(call: Call) -> None:
    """Delete a policy with its versions; IAM refuses that while a role has it."""
    iam = call.client("iam")
    for version in iam.list_policy_versions(PolicyArn=call.id)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=call.id, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=call.id)


@creates(ATTACHMENT, replaces={"policyArn", "role"})
def create_attachment(call: Call) -> str:
    """Give a role a managed policy."""
    role, arn = call.args.need("role"), call.args.need("policyArn")
    call.client("iam").attach_role_policy(RoleName=role, PolicyArn=arn)
    return f"{role}-{arn}"


@reads(ATTACHMENT)
def read_attachment(call: Call) -> Found | None:
    """Look whether a role has a policy still."""
    role, arn = call.args.need("role"), call.args.need("policyArn")
    found = call.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    if arn not in [policy["PolicyArn"] for policy in found]:
        return None
    return {"role": role, "policyArn": arn}, {}


@deletes(ATTACHMENT)
def delete_attachment(call: Call) -> None:
    """Take a managed policy from a role."""
    role, arn = call.args.need("role"), call.args.need("policyArn")
    call.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


@creates(
    OIDC_PROVIDER,
    replaces={"url"},
    unique="url",
    tags=tagging(
        *("iam", "OpenIDConnectProviderArn"),
        of="id",
        kind="open_id_connect_provider",
        lists="list_open_id_connect_provider_tags",
    ),
)
def create_oidc_provider(call: Call) -> str:
    """Have the account trust somebody's tokens; one provider a URL."""
    args, url = call.args, call.args.need("url")
    if not url.startswith("https://"):
        raise ValueError(f"url is {url!r}: it begins with https://")
    made = call.client("iam").create_open_id_connect_provider(
        Url=url,
        ClientIDList=args.get("clientIdLists", []),
        **args.some(ThumbprintList="thumbprintLists"),
        **known({"Tags": call.tag_list()}),
    )
    arn: str = made["OpenIDConnectProviderArn"]
    return arn


@reads(OIDC_PROVIDER)
def read_oidc_provider(call: Call) -> Found:
    """Look at whose tokens are trusted, and for whom they must be."""
    found = call.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=call.id)
    thumbprints = found.get("ThumbprintList", [])
    given = call.args.get("thumbprintLists") is not None
    return {
        "clientIdLists": found["ClientIDList"],
        **({"thumbprintLists": thumbprints} if given else {}),
    }, {"arn": call.id, **({} if given else {"thumbprintLists": thumbprints})}


@updates(OIDC_PROVIDER)
def update_oidc_provider(call: Call) -> None:
    """Change for whom tokens must be, and by which certificates their issuer is known."""
    iam, wanted = call.client("iam"), call.args.get("clientIdLists", [])
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=call.id)["ClientIDList"]
    for client in [client for client in wanted if client not in found]:
        iam.add_client_id_to_open_id_connect_provider(
            OpenIDConnectProviderArn=call.id, ClientID=client
        )
    for client in [client for client in found if client not in wanted]:
        iam.remove_client_id_from_open_id_connect_provider(
            OpenIDConnectProviderArn=call.id, ClientID=client
        )
    if thumbprints := call.args.get("thumbprintLists"):
        iam.update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=call.id, ThumbprintList=thumbprints
        )


@deletes(OIDC_PROVIDER)
def delete_oidc_provider(call: Call) -> None:
    """Trust somebody's tokens no longer."""
    call.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=call.id)


def _managed(args: Arguments) -> str:
    policy: str = args.need("policy")
    check_identity_policy("policy", policy)
    _check_size("policy", policy, MAX_MANAGED_CHARACTERS)
    return policy


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


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
    if found["Arn"] != arn:
        raise ValueError(f"{key}: there is no role {arn}, only {found['Arn']}")
    if not trusts(_trust_document(found), service):
        raise ValueError(f"{key}: {service} may not assume {arn}; see its trust policy")


def _trust(args: Arguments) -> str:
    trust: str = args.need("assumeRolePolicy")
    check_trust_policy(trust)
    _check_size("assumeRolePolicy", trust, MAX_TRUST_CHARACTERS)
    return trust


def _trust_document(role: dict[str, Any]) -> dict[str, Any]:
    trust = role["AssumeRolePolicyDocument"]
    return json.loads(unquote(trust)) if isinstance(trust, str) else trust


def _session(args: Arguments) -> int:
    session: int = args.get("maxSessionDuration", SESSION_SECONDS[0])
    within("maxSessionDuration", session, *SESSION_SECONDS)
    return session


def _check_size(key: str, text: str, most: int) -> None:
    size = len("".join(text.split()))
    if size > most:
        raise ValueError(f"{key} has {size:,} characters without white space, AWS takes {most:,}")
