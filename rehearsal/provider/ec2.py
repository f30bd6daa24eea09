"""Networks: VPCs, subnets, routes, security groups, endpoints and flow logs."""

from functools import cache
from typing import Any

import botocore.loaders  # pyright: ignore[reportMissingTypeStubs] - there are none

from rehearsal.provider.documents import check_resource_policy
from rehearsal.provider.registry import Arguments, Call, Made, answers, creates, known, one_of

EVERY_PROTOCOL = "-1"
ANYWHERE = "0.0.0.0/0"
FLOW_LOG_INTERVALS = (60, 600)
"""Seconds over which flow logs aggregate (CreateFlowLogs, MaxAggregationInterval)."""

_ENDPOINTS_OF_THEIR_OWN_NAME = frozenset(
    {"ecr.api", "ecr.dkr", "ecs-agent", "ecs-telemetry", "sync-states"}
)
"""Endpoint services that are not named like a service's host (AWS PrivateLink guide)."""


@answers("aws:index/getCallerIdentity:getCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    """Answer who deploys."""
    identity = call.client("sts").get_caller_identity()
    return {
        "accountId": identity["Account"],
        "arn": identity["Arn"],
        "userId": identity["UserId"],
        "id": identity["Account"],
    }


@answers("aws:index/getAvailabilityZones:getAvailabilityZones")
def get_availability_zones(call: Call) -> dict[str, Any]:
    """Answer which zones the region has; ``state`` and filters leave none out of moto's."""
    state = call.args.get("state", "available")
    filters = [
        {"Name": part.need("name"), "Values": part.need("values")}
        for part in call.args.parts("filters")
    ]
    zones = call.client("ec2").describe_availability_zones(
        Filters=[{"Name": "state", "Values": [state]}, *filters]
    )["AvailabilityZones"]
    return {
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName", call.region) for zone in zones}),
        "id": call.region,
    }


@creates("aws:ec2/vpc:Vpc", tagged=True)
def vpc(call: Call) -> Made:
    """Make a VPC; DNS support is on unless refused, DNS hostnames off unless asked for."""
    ec2, args = call.client("ec2"), call.args
    made = ec2.create_vpc(
        CidrBlock=args.need("cidrBlock"),
        TagSpecifications=_tags(call, "vpc"),
        **args.some(InstanceTenancy="instanceTenancy"),
    )["Vpc"]
    vpc_id: str = made["VpcId"]
    support, hostnames = args.get("enableDnsSupport", True), args.get("enableDnsHostnames", False)
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": support})
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": hostnames})
    in_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    main_table = ec2.describe_route_tables(Filters=in_vpc)["RouteTables"][0]["RouteTableId"]
    acl = ec2.describe_network_acls(Filters=in_vpc)["NetworkAcls"][0]["NetworkAclId"]
    return vpc_id, {
        "arn": call.arn("ec2", f"vpc/{vpc_id}"),
        "enableDnsSupport": support,
        "enableDnsHostnames": hostnames,
        "defaultSecurityGroupId": _default_group(ec2, vpc_id)["GroupId"],
        "defaultRouteTableId": main_table,
        "mainRouteTableId": main_table,
        "defaultNetworkAclId": acl,
        "ownerId": call.account,
    }


@creates("aws:ec2/subnet:Subnet", tagged=True)
def subnet(call: Call) -> Made:
    """Make a subnet."""
    ec2, args = call.client("ec2"), call.args
    made = ec2.create_subnet(
        VpcId=args.need("vpcId"),
        CidrBlock=args.need("cidrBlock"),
        TagSpecifications=_tags(call, "subnet"),
        **args.some(AvailabilityZone="availabilityZone", AvailabilityZoneId="availabilityZoneId"),
    )["Subnet"]
    public = args.get("mapPublicIpOnLaunch", False)
    ec2.modify_subnet_attribute(SubnetId=made["SubnetId"], MapPublicIpOnLaunch={"Value": public})
    return made["SubnetId"], {
        "arn": call.arn("ec2", f"subnet/{made['SubnetId']}"),
        "availabilityZone": made["AvailabilityZone"],
        "availabilityZoneId": made["AvailabilityZoneId"],
        "mapPublicIpOnLaunch": public,
        "ownerId": call.account,
    }


@creates("aws:ec2/routeTable:RouteTable", tagged=True)
def route_table(call: Call) -> Made:
    """Make a route table without routes of its own: ``Route`` resources add them."""
    made = call.client("ec2").create_route_table(
        VpcId=call.args.need("vpcId"), TagSpecifications=_tags(call, "route-table")
    )["RouteTable"]["RouteTableId"]
    arn = call.arn("ec2", f"route-table/{made}")
    return made, {"arn": arn, "ownerId": call.account}


@creates("aws:ec2/routeTableAssociation:RouteTableAssociation")
def route_table_association(call: Call) -> Made:
    """Give a subnet its route table."""
    made = call.client("ec2").associate_route_table(
        RouteTableId=call.args.need("routeTableId"), SubnetId=call.args.need("subnetId")
    )
    return made["AssociationId"], {}


@creates("aws:ec2/route:Route")
def route(call: Call) -> Made:
    """Add a route through an internet gateway or a NAT gateway."""
    args = call.args
    table, destination = args.need("routeTableId"), args.need("destinationCidrBlock")
    way = args.some(GatewayId="gatewayId", NatGatewayId="natGatewayId")
    if len(way) != 1:
        raise ValueError("give one of 'gatewayId' and 'natGatewayId'")
    call.client("ec2").create_route(RouteTableId=table, DestinationCidrBlock=destination, **way)
    return f"r-{table}-{destination}", {"origin": "CreateRoute", "state": "active"}


@creates("aws:ec2/internetGateway:InternetGateway", tagged=True)
def internet_gateway(call: Call) -> Made:
    """Make an internet gateway and attach it."""
    ec2, vpc_id = call.client("ec2"), call.args.get("vpcId")
    made = ec2.create_internet_gateway(TagSpecifications=_tags(call, "internet-gateway"))
    gateway: str = made["InternetGateway"]["InternetGatewayId"]
    if vpc_id:
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc_id)
    return gateway, {
        "arn": call.arn("ec2", f"internet-gateway/{gateway}"),
        "ownerId": call.account,
    }


@creates("aws:ec2/securityGroup:SecurityGroup", tagged=True)
def security_group(call: Call) -> Made:
    """Make a security group with the rules given inline, and no other.

    AWS lets a new group call everybody; the provider takes that rule away, so nothing leaves
    unless a rule says so.
    """
    ec2, args, name = call.client("ec2"), call.args, call.physical_name()
    if name.startswith("sg-"):
        raise ValueError(f"name is {name!r}, but the name of a group may not begin with sg-")
    description = args.get("description", "Managed by Pulumi")
    group: str = ec2.create_security_group(
        GroupName=name,
        Description=description,
        VpcId=args.need("vpcId"),
        TagSpecifications=_tags(call, "security-group"),
    )["GroupId"]
    args.get("revokeRulesOnDelete")
    _replace_rules(ec2, group, args)
    return group, {
        "arn": call.arn("ec2", f"security-group/{group}"),
        "name": name,
        "description": description,
        "ownerId": call.account,
    }


@creates("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", tagged=True)
def default_security_group(call: Call) -> Made:
    """Adopt a VPC's default group; it keeps the rules given here and loses all others."""
    ec2, args = call.client("ec2"), call.args
    group = _default_group(ec2, args.need("vpcId"))
    group_id: str = group["GroupId"]
    args.get("revokeRulesOnDelete")
    if group["IpPermissions"]:
        ec2.revoke_security_group_ingress(
            GroupId=group_id, IpPermissions=_permissions(group["IpPermissions"])
        )
    _replace_rules(ec2, group_id, args)
    if call.tags:
        ec2.create_tags(Resources=[group_id], Tags=call.tag_list())
    return group_id, {
        "arn": call.arn("ec2", f"security-group/{group_id}"),
        "name": group["GroupName"],
        "description": group["Description"],
        "ownerId": call.account,
    }


@creates("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", tagged=True)
def security_group_ingress_rule(call: Call) -> Made:
    """Let somebody in."""
    return _single_rule(call, "authorize_security_group_ingress")


@creates("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", tagged=True)
def security_group_egress_rule(call: Call) -> Made:
    """Let a group's members call somebody."""
    return _single_rule(call, "authorize_security_group_egress")


@creates("aws:ec2/vpcEndpoint:VpcEndpoint", tagged=True)
def vpc_endpoint(call: Call) -> Made:
    """Make a gateway or an interface endpoint, checked as AWS does and moto does not."""
    ec2, args = call.client("ec2"), call.args
    vpc_id, service = args.need("vpcId"), args.need("serviceName")
    kind = one_of("vpcEndpointType", args.get("vpcEndpointType", "Gateway"), _ENDPOINT_KINDS)
    policy, groups = args.get("policy"), args.get("securityGroupIds", [])
    subnets, tables = args.get("subnetIds", []), args.get("routeTableIds", [])
    private_dns = args.get("privateDnsEnabled", False)
    _check_endpoint_service(call.region, service)
    if policy is not None:
        check_resource_policy("policy", policy, "*")
    if kind == "Interface":
        _check_interface_endpoint(ec2, vpc_id, service, subnets, groups, private_dns=private_dns)
    elif subnets or groups or private_dns:
        raise ValueError("a gateway endpoint has no subnets, security groups or private names")
    made = ec2.create_vpc_endpoint(
        PrivateDnsEnabled=private_dns,
        **known(
            {
                "VpcId": vpc_id,
                "ServiceName": service,
                "VpcEndpointType": kind,
                "PolicyDocument": policy,
                "SecurityGroupIds": groups,
                "SubnetIds": subnets,
                "RouteTableIds": tables,
                "TagSpecifications": _tags(call, "vpc-endpoint"),
            }
        ),
    )["VpcEndpoint"]
    endpoint: str = made["VpcEndpointId"]
    outputs: dict[str, Any] = {
        "arn": call.arn("ec2", f"vpc-endpoint/{endpoint}"),
        "vpcEndpointType": kind,
        "policy": policy or made["PolicyDocument"],
        "privateDnsEnabled": private_dns,
        "state": "available",
        "networkInterfaceIds": made["NetworkInterfaceIds"],
        "dnsEntries": [
            {"dnsName": entry["DnsName"], "hostedZoneId": entry["HostedZoneId"]}
            for entry in made["DnsEntries"]
        ],
        "cidrBlocks": [],
        "requesterManaged": False,
        "ownerId": call.account,
    }
    if kind == "Gateway":
        (prefixes,) = ec2.describe_prefix_lists(
            Filters=[{"Name": "prefix-list-name", "Values": [service]}]
        )["PrefixLists"]
        outputs["prefixListId"] = prefixes["PrefixListId"]
        outputs["cidrBlocks"] = prefixes.get("Cidrs", [])
    return endpoint, outputs


@creates("aws:ec2/flowLog:FlowLog", tagged=True)
def flow_log(call: Call) -> Made:
    """Log a VPC's traffic to a log group or a bucket."""
    args = call.args
    kind = one_of(
        "logDestinationType",
        args.get("logDestinationType", "cloud-watch-logs"),
        ("cloud-watch-logs", "s3", "kinesis-data-firehose"),
    )
    destination, role = args.need("logDestination"), args.get("iamRoleArn")
    traffic = one_of("trafficType", args.need("trafficType"), ("ACCEPT", "ALL", "REJECT"))
    interval = one_of(
        "maxAggregationInterval", args.get("maxAggregationInterval", 600), FLOW_LOG_INTERVALS
    )
    if kind == "cloud-watch-logs" and not role:
        raise ValueError("argument 'iamRoleArn' is missing: who writes to the log group?")
    answer = call.client("ec2").create_flow_logs(
        ResourceIds=[args.need("vpcId")],
        ResourceType="VPC",
        **known(
            {
                "TrafficType": traffic,
                "LogDestinationType": kind,
                "LogDestination": destination,
                "DeliverLogsPermissionArn": role,
                "MaxAggregationInterval": interval,
                "LogFormat": args.get("logFormat"),
                "TagSpecifications": _tags(call, "vpc-flow-log"),
            }
        ),
    )
    if refused := answer["Unsuccessful"]:
        raise ValueError(refused[0]["Error"]["Message"])
    made: str = answer["FlowLogIds"][0]
    return made, {
        "arn": call.arn("ec2", f"vpc-flow-log/{made}"),
        "logDestinationType": kind,
        "maxAggregationInterval": interval,
    }


_ENDPOINT_KINDS = ("Gateway", "Interface")


def _tags(call: Call, kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": call.tag_list()}] if call.tags else []


def _default_group(ec2: Any, vpc_id: str) -> dict[str, Any]:
    groups = ec2.describe_security_groups(
        Filters=[
            {"Name": "vpc-id", "Values": [vpc_id]},
            {"Name": "group-name", "Values": ["default"]},
        ]
    )["SecurityGroups"]
    if not groups:
        raise ValueError(f"there is no VPC {vpc_id}")
    return groups[0]


def _replace_rules(ec2: Any, group: str, args: Arguments) -> None:
    """Take the rule away that lets a new group call everybody, and add those given inline."""
    ec2.revoke_security_group_egress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": EVERY_PROTOCOL, "IpRanges": [{"CidrIp": ANYWHERE}]}],
    )
    for key, authorize in (
        ("ingress", ec2.authorize_security_group_ingress),
        ("egress", ec2.authorize_security_group_egress),
    ):
        if permissions := [_inline_rule(rule, group) for rule in args.parts(key)]:
            authorize(GroupId=group, IpPermissions=permissions)


def _inline_rule(rule: Arguments, group: str) -> dict[str, Any]:
    words = rule.some(Description="description")
    groups: list[str] = [*rule.get("securityGroups", []), *([group] if rule.get("self") else [])]
    return known(
        {
            "IpProtocol": str(rule.need("protocol")),
            "FromPort": rule.need("fromPort"),
            "ToPort": rule.need("toPort"),
            "IpRanges": [{"CidrIp": cidr, **words} for cidr in rule.get("cidrBlocks", [])],
            "UserIdGroupPairs": [{"GroupId": other, **words} for other in groups],
            "PrefixListIds": [
                {"PrefixListId": prefixes, **words} for prefixes in rule.get("prefixListIds", [])
            ],
        }
    )


def _permissions(described: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return described permissions in the form that revoking takes."""
    return [
        known(
            {
                **permission,
                "UserIdGroupPairs": [
                    {"GroupId": pair["GroupId"]} for pair in permission["UserIdGroupPairs"]
                ],
            }
        )
        for permission in described
    ]


def _single_rule(call: Call, authorize: str) -> Made:
    args = call.args
    words = args.some(Description="description")
    sources = {
        "IpRanges": ("CidrIp", args.get("cidrIpv4")),
        "Ipv6Ranges": ("CidrIpv6", args.get("cidrIpv6")),
        "UserIdGroupPairs": ("GroupId", args.get("referencedSecurityGroupId")),
        "PrefixListIds": ("PrefixListId", args.get("prefixListId")),
    }
    given = {kind: [{key: value, **words}] for kind, (key, value) in sources.items() if value}
    if len(given) != 1:
        raise ValueError(
            "give exactly one of 'cidrIpv4', 'cidrIpv6', 'prefixListId', "
            "'referencedSecurityGroupId'"
        )
    protocol = str(args.need("ipProtocol"))
    ports = args.some(FromPort="fromPort", ToPort="toPort")
    if protocol in ("tcp", "udp") and len(ports) != 2:
        raise ValueError(f"'fromPort' and 'toPort' are needed with {protocol}")
    rule = getattr(call.client("ec2"), authorize)(
        GroupId=args.need("securityGroupId"),
        IpPermissions=[{"IpProtocol": protocol, **ports, **given}],
        **known({"TagSpecifications": _tags(call, "security-group-rule")}),
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    arn = call.arn("ec2", f"security-group-rule/{rule}")
    return rule, {"arn": arn, "securityGroupRuleId": rule}


@cache
def _endpoint_services() -> frozenset[str]:
    """Return the last parts of endpoint service names: botocore's host names and a few others."""
    loaders: Any = botocore.loaders
    partitions = loaders.create_loader().load_data("endpoints")["partitions"]
    aws = next(partition for partition in partitions if partition["partition"] == "aws")
    return frozenset(aws["services"]) | _ENDPOINTS_OF_THEIR_OWN_NAME


def _check_endpoint_service(region: str, service: str) -> None:
    prefix = f"com.amazonaws.{region}."
    if service.removeprefix(prefix) not in _endpoint_services():
        raise ValueError(
            f"serviceName is {service!r}, but AWS knows no such endpoint service ({prefix}...)"
        )


def _check_interface_endpoint(
    ec2: Any,
    vpc_id: str,
    service: str,
    subnets: list[str],
    groups: list[str],
    *,
    private_dns: bool,
) -> None:
    """Refuse what AWS refuses of an interface endpoint.

    Raises:
        ValueError: an unknown or foreign group, two subnets in one zone, private names without the
            VPC's DNS settings or where another endpoint has them.
        botocore.exceptions.ClientError: an unknown group or subnet.
    """
    if groups:
        found = ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"]
        for group in found:
            if group["VpcId"] != vpc_id:
                raise ValueError(f"security group {group['GroupId']} is not in {vpc_id}")
    if subnets:
        zones: dict[str, str] = {}
        for described in ec2.describe_subnets(SubnetIds=subnets)["Subnets"]:
            zone = described["AvailabilityZone"]
            if described["VpcId"] != vpc_id:
                raise ValueError(f"subnet {described['SubnetId']} is not in {vpc_id}")
            if zone in zones:
                raise ValueError(
                    f"subnets {zones[zone]} and {described['SubnetId']} are both in {zone}: "
                    "an endpoint takes one a zone"
                )
            zones[zone] = described["SubnetId"]
    if not private_dns:
        return
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute=attribute)
        if not answer[attribute[:1].upper() + attribute[1:]]["Value"]:
            raise ValueError(f"privateDnsEnabled needs {attribute} of {vpc_id}")
    others = ec2.describe_vpc_endpoints(
        Filters=[
            {"Name": "vpc-id", "Values": [vpc_id]},
            {"Name": "service-name", "Values": [service]},
        ]
    )["VpcEndpoints"]
    if any(other["PrivateDnsEnabled"] for other in others if other["VpcEndpointType"] != "Gateway"):
        raise ValueError(f"another endpoint of {vpc_id} has the private names of {service}")
