"""What of a network can be taken away alone: endpoints and rules of security groups."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from moto.ec2.models import ec2_backends

from rehearsal.cloud import EmbeddedAws


@dataclass(frozen=True, kw_only=True)
class Post:
    """An endpoint, or a rule of a security group."""

    kind: Literal["endpoint", "ingress_rules", "egress_rules"]
    id: str
    owner: str
    """Id of the rule's group; empty for an endpoint."""
    where: str
    what: str


def network_posts(aws: EmbeddedAws) -> Iterator[Post]:
    """Return the endpoints and the rules of every group that the stack made."""
    ec2 = _ec2(aws)
    for endpoint in ec2.vpc_end_points.values():
        yield Post(
            kind="endpoint",
            id=endpoint.id,
            owner="",
            where=f"VPC {endpoint.vpc_id}",
            what=f"endpoint {endpoint.service_name}",
        )
    made = [group for vpc in ec2.groups.values() for group in vpc.values() if group.tags]
    for group in made:
        for kind in ("ingress_rules", "egress_rules"):
            for rule in getattr(group, kind):
                yield Post(
                    kind=kind,
                    id=rule.id,
                    owner=group.id,
                    where=f"security group {group.name}",
                    what=f"{kind.partition('_')[0]} {_words(rule)}",
                )


@contextmanager
def taken_down(aws: EmbeddedAws, post: Post) -> Generator[None]:
    """Let an endpoint or a rule be gone for as long as the block lasts."""
    ec2 = _ec2(aws)
    if post.kind == "endpoint":
        before = dict(ec2.vpc_end_points)
        del ec2.vpc_end_points[post.id]
        try:
            yield
        finally:
            ec2.vpc_end_points.clear()
            ec2.vpc_end_points.update(before)
        return
    rules = getattr(ec2.get_security_group_from_id(post.owner), post.kind)
    before_rules = list(rules)
    rules[:] = [rule for rule in rules if rule.id != post.id]
    try:
        yield
    finally:
        rules[:] = before_rules


def _ec2(aws: EmbeddedAws) -> Any:
    return ec2_backends[aws.account][aws.region]


def _words(rule: Any) -> str:
    peer = rule.ip_range.get("CidrIp") or rule.prefix_list_id or rule.source_group.get("GroupId")
    ports = "" if rule.ip_protocol == "-1" else f" {rule.ip_protocol} {rule.from_port}"
    return f"{peer}{ports}"
