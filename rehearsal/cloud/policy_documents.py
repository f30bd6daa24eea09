"""Where policy documents stand in the account: to find, read and replace them.

Whoever proves that each part of a policy is needed takes one away and puts it back with these.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from dataclasses import dataclass
from typing import Any, Literal

from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

_ARN_COLONS = 5
_GONE = ("PendingDeletion",)
"""State of a key that nobody can use any more."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """Where a policy document stands in the account."""

    kind: Literal[
        "role",
        "managed policy",
        "boundary",
        "trust",
        "session",
        "user",
        "group",
        "topic",
        "queue",
        "bucket",
        "key",
        "repository",
        "secret",
        "endpoint",
        "logs",
    ]
    owner: str
    """Name of the role, user or bucket; ARN of the policy, topic, queue, key, repository, secret;
    id of the endpoint."""
    policy: str = ""
    """Name of an inline policy."""
    region: str = ""
    """Of an endpoint, whose id does not say it."""

    def __str__(self) -> str:
        """Return the words for an explanation."""
        if self.policy:
            return f"policy {self.policy} of {self.kind} {self.owner}"
        if self.kind == "trust":
            return f"the trust policy of role {self.owner}"
        return f"the policy of {self.kind} {self.owner}"


class PolicyDocuments:
    """The policy documents of an account."""

    def __init__(self, account: str) -> None:
        self._account = account

    def all(self) -> list[Document]:
        """Return where every policy document of the account stands."""
        account = self._account
        iam: Any = iam_backends[account]["aws"]
        found = [
            document
            for role in iam.roles.values()
            for document in (
                Document(kind="trust", owner=role.name),
                *(Document(kind="role", owner=role.name, policy=name) for name in role.policies),
            )
        ]
        boundaries = {role.permissions_boundary_arn for role in iam.roles.values()}
        found += [
            Document(kind="boundary" if arn in boundaries else "managed policy", owner=arn)
            for arn in iam.managed_policies
            if arn.startswith(f"arn:aws:iam::{account}:")
        ]
        found += [
            Document(kind="bucket", owner=bucket.name)
            for bucket in s3_backends[account]["aws"].buckets.values()
            if bucket.policy
        ]
        for region in list(ec2_backends[account]):
            found += self._regional(region)
        return [document for document in found if self.read(document)]

    def _regional(self, region: str) -> list[Document]:
        account = self._account
        ec2: Any = ec2_backends[account][region]
        topics: Any = sns_backends[account][region].topics
        queues: Any = sqs_backends[account][region].queues.values()
        keys: Any = kms_backends[account][region].keys.values()
        repositories: Any = ecr_backends[account][region].repositories.values()
        log_policies: Any = logs_backends[account][region].resource_policies
        secrets: Any = secretsmanager_backends[account][region].secrets.values()
        return [
            *(Document(kind="topic", owner=arn) for arn in topics),
            *(Document(kind="queue", owner=queue.queue_arn) for queue in queues),
            *(Document(kind="key", owner=key.arn) for key in keys if key.key_state not in _GONE),
            *(Document(kind="repository", owner=repository.arn) for repository in repositories),
            *(Document(kind="secret", owner=secret.arn) for secret in secrets),
            *(Document(kind="logs", owner=name, region=region) for name in log_policies),
            *(
                Document(kind="endpoint", owner=endpoint.id, region=region)
                for endpoint in ec2.vpc_end_points.values()
            ),
        ]

    def read(self, document: Document) -> str:
        """Return a document's text; empty if there is none."""
        holder, name = self._holder(document)
        if holder is None:
            return ""
        text: Any = holder.get(name) if isinstance(holder, dict) else getattr(holder, name)
        return text.decode() if isinstance(text, bytes) else text or ""

    def write(self, document: Document, text: str) -> None:
        """Put a text in a document's place at once, unchecked and by nobody's leave."""
        holder, name = self._holder(document)
        if isinstance(holder, dict):
            holder[name] = text
        elif document.kind == "bucket":
            holder.policy = text.encode()
        else:
            setattr(holder, name, text)

    def _holder(self, document: Document) -> tuple[Any, str]:
        """Return the object of moto's, or the dictionary, that holds a document, and its name."""
        account, owner = self._account, document.owner
        iam: Any = iam_backends[account]["aws"]
        region = document.region or region_of(owner)
        match document.kind:
            case "role":
                role = find_role(account, owner)
                return (role.policies if role else None), document.policy
            case "trust":
                return find_role(account, owner), "assume_role_policy_document"
            case "managed policy" | "boundary":
                policy = iam.managed_policies.get(owner)
                return default_version(policy), "document"
            case "user":
                user = iam.users.get(owner)
                return (user.policies if user else None), document.policy
            case "group":
                group = iam.groups.get(owner)
                return (group.policies if group else None), document.policy
            case "bucket":
                buckets: Any = s3_backends[account]["aws"].buckets
                return buckets.get(owner), "policy"
            case "topic":
                return sns_backends[account][region].topics.get(owner), "policy"
            case "queue":
                queues: Any = sqs_backends[account][region].queues
                return queues.get(owner.rsplit(":", 1)[-1]), "policy"
            case "key":
                return kms_backends[account][region].keys.get(owner.rsplit("/", 1)[-1]), "policy"
            case "repository":
                repositories: Any = ecr_backends[account][region].repositories
                return repositories.get(owner.split(":repository/")[-1]), "policy"
            case "secret":
                secrets: Any = secretsmanager_backends[account][region].secrets
                return secrets.get(owner), "policy"
            case "endpoint":
                ec2: Any = ec2_backends[account][region]
                return ec2.vpc_end_points.get(owner), "policy_document"
            case "logs":
                policies: Any = logs_backends[account][region].resource_policies
                return policies.get(owner), "policy_document"
            case "session":
                return None, ""


def documents_of(action: str, arn: str, account: str) -> list[Document]:
    """Return where the policies of a resource itself may stand."""
    if arn.count(":") < _ARN_COLONS:
        return []
    _, _, service, region, _, rest = arn.split(":", _ARN_COLONS)
    match service:
        case "iam" if action.startswith("sts:AssumeRole"):
            return [Document(kind="trust", owner=rest.rsplit("/", 1)[-1])]
        case "s3":
            return [Document(kind="bucket", owner=rest.partition("/")[0])]
        case "sns":
            return [Document(kind="topic", owner=arn)]
        case "sqs":
            return [Document(kind="queue", owner=arn)]
        case "kms":
            return [Document(kind="key", owner=arn)]
        case "ecr":
            return [Document(kind="repository", owner=arn)]
        case "secretsmanager":
            return [Document(kind="secret", owner=arn)]
        case "logs":  # one policy may name many groups
            policies: Any = logs_backends[account][region].resource_policies
            return [Document(kind="logs", owner=name, region=region) for name in policies]
        case _:
            return []


def find_role(account: str, name: str) -> Any:
    """Return moto's role of a name, or ``None``."""
    iam: Any = iam_backends[account]["aws"]
    return next((role for role in list(iam.roles.values()) if role.name == name), None)


def default_version(policy: Any) -> Any:
    """Return the version of a managed policy that counts."""
    if policy is None:
        return None
    return next(one for one in policy.versions if one.version_id == policy.default_version_id)


def region_of(arn: str) -> str:
    """Return the region that an ARN names; empty if it names none."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else ""
