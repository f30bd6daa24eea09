"""Security groups and their rules."""

import json
from typing import Any

from rehearsal.provider.ec2 import EC2_TAGS, of, refuse_in_use, tag_specifications
from rehearsal.provider.registry import (
    NAME,
    Arguments,
    Call,
    Found,
    creates,
    deletes,
    known,
    reads,
    updates,
)

GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"

_DIRECTIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
"""Arguments with inline rules, and where DescribeSecurityGroups has them."""
_SOURCES = {
    # Member of a permission: what names the source in it, argument of a single rule.
    "IpRanges": ("CidrIp", "cidrIpv4"),
    "Ipv6Ranges": ("CidrIpv6", "cidrIpv6"),
    "UserIdGroupPairs": ("GroupId", "referencedSecurityGroupId"),
    "PrefixListIds": ("PrefixListId", "prefixListId"),
}


@creates(
    GROUP,
    replaces=NAME | {"description", "vpcId"},
    only_later={"revokeRulesOnDelete"},
    tags=EC2_TAGS,
)
def create_group(call: Call) -> str:
    """Make a security group with the rules given inline, and no other.

    AWS lets a new group call everybody; the provider takes that rule away, so nothing leaves
    unless a rule says so.
    """
    ec2, args, name = call.client("ec2"), call.args, call.physical_name()
    if name.startswith("sg-"):
        raise ValueError(f"name is {name!r}, but the name of a group may not begin with sg-")
    call.id = ec2.create_security_group(
        GroupName=name,
        Description=args.get("description", "Managed by Pulumi"),
        VpcId=args.need("vpcId"),
        TagSpecifications=tag_specifications(call, "security-group"),
    )["GroupId"]
    _put_rules(call, list(_DIRECTIONS))
    return call.id


@reads(GROUP)
def read_group(call: Call) -> Found:
    """Look at a group; rules are its own where it was given some, else those of others."""
    found = _described(call)
    rules = {key: _inline(found[member], call.id) for key, member in _DIRECTIONS.items()}
    given = {key for key in rules if call.args.get(key) is not None}
    return {
        "vpcId": found["VpcId"],
        "description": found["Description"],
        **{key: rules[key] for key in given},
    }, {
        **{key: rules[key] for key in rules.keys() - given},
        "arn": call.arn("ec2", f"security-group/{call.id}"),
        "name": found["GroupName"],
        "ownerId": call.account,
    }


@updates(GROUP)
def update_group(call: Call) -> None:
    """Change the inline rules, where there are or were some."""
    _put_rules(call, [key for key in _DIRECTIONS if call.args.get(key) is not None])


@deletes(GROUP)
def delete_group(call: Call) -> None:
    """Delete a group that no interface has and no other group names."""
    ec2 = call.client("ec2")
    _described(call)
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    groups = ec2.describe_security_groups()["SecurityGroups"]
    interfaces = ec2.describe_network_interfaces(Filters=of(group_id=call.id))
    refuse_in_use(
        call.id,
        [
            *(each["NetworkInterfaceId"] for each in interfaces["NetworkInterfaces"]),
            *(
                each["VpcEndpointId"]
                for each in endpoints
                if each["State"] != "deleted"
                and call.id in [group["GroupId"] for group in each.get("Groups", [])]
            ),
            *(
                other["GroupId"]
                for other in groups
                if other["GroupId"] != call.id and _names(other, call.id)
            ),
        ],
    )
    ec2.delete_security_group(GroupId=call.id)


@creates(DEFAULT_GROUP, replaces={"vpcId"}, only_later={"revokeRulesOnDelete"}, tags=EC2_TAGS)
def create_default_group(call: Call) -> str:
    """Adopt a VPC's default group; it keeps the rules given here and loses all others."""
    ec2, vpc = call.client("ec2"), call.args.need("vpcId")
    found = ec2.describe_security_groups(Filters=of(vpc_id=vpc, group_name="default"))
    if not found["SecurityGroups"]:
        raise ValueError(f"there is no VPC {vpc}")
    call.id = found["SecurityGroups"][0]["GroupId"]
    if call.tags:  # first, as the provider does: who deploys may be held to what has them
        ec2.create_tags(Resources=[call.id], Tags=call.tag_list())
    update_default_group(call)
    return call.id


@reads(DEFAULT_GROUP)
def read_default_group(call: Call) -> Found:
    """Look at a default group: a rule that it was not given is one too many."""
    found = _described(call)
    return {key: _inline(found[member], call.id) or None for key, member in _DIRECTIONS.items()}, {
        "arn": call.arn("ec2", f"security-group/{call.id}"),
        "name": found["GroupName"],
        "description": found["Description"],
        "ownerId": call.account,
    }


@updates(DEFAULT_GROUP)
def update_default_group(call: Call) -> None:
    """Give a default group these rules and no other."""
    _put_rules(call, list(_DIRECTIONS))


@deletes(DEFAULT_GROUP)
def delete_default_group(_: Call) -> None:
    """Leave a default group as it is: it goes with its VPC."""


@creates(INGRESS_RULE, replaces={"securityGroupId"}, tags=EC2_TAGS)
def create_ingress_rule(call: Call) -> str:
    """Let somebody in."""
    return _create_rule(call, "authorize_security_group_ingress")


@creates(EGRESS_RULE, replaces={"securityGroupId"}, tags=EC2_TAGS)
def create_egress_rule(call: Call) -> str:
    """Let a group's members call somebody."""
    return _create_rule(call, "authorize_security_group_egress")


@reads(INGRESS_RULE, EGRESS_RULE)
def read_rule(call: Call) -> Found | None:
    """Look at a rule."""
    answer = call.client("ec2").describe_security_group_rules(
        Filters=of(group_id=call.args.need("securityGroupId"))
    )
    rules = answer["SecurityGroupRules"]
    found = next((rule for rule in rules if rule["SecurityGroupRuleId"] == call.id), None)
    if found is None:
        return None
    return {
        "securityGroupId": found["GroupId"],
        "ipProtocol": found["IpProtocol"],
        "fromPort": found.get("FromPort"),
        "toPort": found.get("ToPort"),
        "description": found.get("Description") or None,
        "cidrIpv4": found.get("CidrIpv4"),
        "cidrIpv6": found.get("CidrIpv6"),
        "prefixListId": found.get("PrefixListId"),
        "referencedSecurityGroupId": found.get("ReferencedGroupInfo", {}).get("GroupId"),
    }, {
        "arn": call.arn("ec2", f"security-group-rule/{call.id}"),
        "securityGroupRuleId": call.id,
    }


@updates(INGRESS_RULE, EGRESS_RULE)
def update_rule(call: Call) -> None:
    """Change a rule; it keeps its id."""
    args = call.args
    protocol, ports, (_, source) = _rule(args)
    name = {"GroupId": "ReferencedGroupId", "CidrIp": "CidrIpv4"}.get(source[0], source[0])
    call.client("ec2").modify_security_group_rules(
        GroupId=args.need("securityGroupId"),
        SecurityGroupRules=[
            {
                "SecurityGroupRuleId": call.id,
                "SecurityGroupRule": {
                    "IpProtocol": protocol,
                    "Description": args.get("description", ""),
                    name: source[1],
                    **ports,
                },
            }
        ],
    )


@deletes(INGRESS_RULE)
def delete_ingress_rule(call: Call) -> None:
    """Let somebody in no longer."""
    if read_rule(call):
        call.client("ec2").revoke_security_group_ingress(
            GroupId=call.args.need("securityGroupId"), SecurityGroupRuleIds=[call.id]
        )


@deletes(EGRESS_RULE)
def delete_egress_rule(call: Call) -> None:
    """Let a group's members call somebody no longer."""
    if read_rule(call):
        call.client("ec2").revoke_security_group_egress(
            GroupId=call.args.need("securityGroupId"), SecurityGroupRuleIds=[call.id]
        )


def _described(call: Call) -> dict[str, Any]:
    (found,) = call.client("ec2").describe_security_groups(GroupIds=[call.id])["SecurityGroups"]
    return found


def _names(group: dict[str, Any], other: str) -> bool:
    """Return whether a rule of a group names another one."""
    return any(
        pair["GroupId"] == other
        for member in _DIRECTIONS.values()
        for permission in group[member]
        for pair in permission["UserIdGroupPairs"]
    )


def _put_rules(call: Call, directions: list[str]) -> None:
    """Give a group the rules given inline, and take all others of these directions away."""
    ec2, found = call.client("ec2"), _described(call)
    for key in directions:
        wanted = _single([_permission(rule, call.id) for rule in call.args.parts(key)])
        standing = _single(found[_DIRECTIONS[key]])
        if gone := [rule for name, rule in standing.items() if name not in wanted]:
            revoke = getattr(ec2, f"revoke_security_group_{key}")
            revoke(GroupId=call.id, IpPermissions=gone)
        if added := [rule for name, rule in wanted.items() if name not in standing]:
            authorize = getattr(ec2, f"authorize_security_group_{key}")
            authorize(GroupId=call.id, IpPermissions=added)


def _permission(rule: Arguments, group: str) -> dict[str, Any]:
    words = rule.some(Description="description")
    groups: list[str] = [*rule.get("securityGroups", []), *([group] if rule.get("self") else [])]
    return {
        "IpProtocol": str(rule.need("protocol")),
        "FromPort": rule.need("fromPort"),
        "ToPort": rule.need("toPort"),
        "IpRanges": [{"CidrIp": cidr, **words} for cidr in rule.get("cidrBlocks", [])],
        "UserIdGroupPairs": [{"GroupId": other, **words} for other in groups],
        "PrefixListIds": [
            {"PrefixListId": prefixes, **words} for prefixes in rule.get("prefixListIds", [])
        ],
    }


def _single(permissions: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return permissions with one source each, by what they say."""
    singles: dict[str, dict[str, Any]] = {}
    for permission in permissions:
        ports = {key: permission.get(key) for key in ("FromPort", "ToPort")}
        if permission["IpProtocol"] == "-1":
            ports = {}  # every port, whatever was written
        for member, (name, _) in _SOURCES.items():
            for source in permission.get(member, []):
                given = known({key: source.get(key) for key in (name, "Description")})
                rule = {"IpProtocol": permission["IpProtocol"], **ports, member: [given]}
                singles[json.dumps(rule, sort_keys=True)] = rule
    return singles


def _inline(permissions: list[dict[str, Any]], group: str) -> list[dict[str, Any]]:
    """Return described permissions as inline rules."""
    return [
        known(
            {
                "protocol": permission["IpProtocol"],
                "cidrBlocks": [source["CidrIp"] for source in permission.get("IpRanges", [])],
                "prefixListIds": [
                    source["PrefixListId"] for source in permission.get("PrefixListIds", [])
                ],
                "securityGroups": [other for other in others if other != group],
                "self": group in others or None,
            }
        )
        | {"fromPort": permission.get("FromPort", 0), "toPort": permission.get("ToPort", 0)}
        for permission in permissions
        for others in [[pair["GroupId"] for pair in permission.get("UserIdGroupPairs", [])]]
    ]


def _rule(args: Arguments) -> tuple[str, dict[str, int], tuple[str, tuple[str, str]]]:
    """Return protocol, ports and source of a single rule."""
    given = {
        member: (name, args.get(key)) for member, (name, key) in _SOURCES.items() if args.get(key)
    }
    if len(given) != 1:
        raise ValueError(
            "give exactly one of 'cidrIpv4', 'cidrIpv6', 'prefixListId', "
            "'referencedSecurityGroupId'"
        )
    protocol = str(args.need("ipProtocol"))
    ports = args.some(FromPort="fromPort", ToPort="toPort")
    if protocol in ("tcp", "udp") and len(ports) != 2:
        raise ValueError(f"'fromPort' and 'toPort' are needed with {protocol}")
    return protocol, ports, next(iter(given.items()))


def _create_rule(call: Call, authorize: str) -> str:
    args = call.args
    protocol, ports, (member, (name, source)) = _rule(args)
    words = args.some(Description="description")
    answer = getattr(call.client("ec2"), authorize)(
        GroupId=args.need("securityGroupId"),
        IpPermissions=[{"IpProtocol": protocol, **ports, member: [{name: source, **words}]}],
        **known({"TagSpecifications": tag_specifications(call, "security-group-rule")}),
    )
    rule: str = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return rule
