"""Networks: VPCs, subnets, routes, internet gateways and flow logs."""

from typing import Any

from rehearsal.provider.registry import (
    Call,
    Found,
    Tagging,
    answers,
    creates,
    deletes,
    known,
    one_of,
    reads,
    updates,
)

FLOW_LOG_INTERVALS = (60, 600)
"""Seconds over which flow logs aggregate (CreateFlowLogs, MaxAggregationInterval)."""

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
ROUTE = "aws:ec2/route:Route"
INTERNET_GATEWAY = "aws:ec2/internetGateway:InternetGateway"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"

_WAYS = {"GatewayId": "gatewayId", "NatGatewayId": "natGatewayId"}
"""Where a route may lead."""


def of(**values: str) -> list[dict[str, Any]]:
    """Return filters for a Describe call: ``of(vpc_id="vpc-1")``."""
    return [{"Name": key.replace("_", "-"), "Values": [value]} for key, value in values.items()]


def tag_specifications(call: Call, kind: str) -> list[dict[str, Any]]:
    """Return the tags as EC2's Create calls take them."""
    return [{"ResourceType": kind, "Tags": call.tag_list()}] if call.tags else []


def refuse_in_use(resource: str, users: list[str]) -> None:
    """Refuse to delete what others need, as EC2 does and moto often does not.

    Raises:
        ValueError: there are users.
    """
    if users:
        raise ValueError(
            f"{resource} has dependencies and cannot be deleted (DependencyViolation): "
            + ", ".join(sorted(users))
        )


def _list_tags(call: Call) -> dict[str, str]:
    found = call.client("ec2").describe_tags(Filters=of(resource_id=call.id))["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def _add_tags(call: Call, added: dict[str, str]) -> None:
    tags = [{"Key": key, "Value": text} for key, text in added.items()]
    call.client("ec2").create_tags(Resources=[call.id], Tags=tags)


def _remove_tags(call: Call, gone: list[str]) -> None:
    tags = [{"Key": key} for key in gone]
    call.client("ec2").delete_tags(Resources=[call.id], Tags=tags)


EC2_TAGS = Tagging(_list_tags, _add_tags, _remove_tags)
"""How all of EC2 is tagged."""


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


@creates(VPC, replaces={"cidrBlock", "instanceTenancy"}, tags=EC2_TAGS)
def create_vpc(call: Call) -> str:
    """Make a VPC; DNS support is on unless refused, DNS hostnames off unless asked for."""
    made = call.client("ec2").create_vpc(
        CidrBlock=call.args.need("cidrBlock"),
        TagSpecifications=tag_specifications(call, "vpc"),
        **call.args.some(InstanceTenancy="instanceTenancy"),
    )["Vpc"]
    call.id = made["VpcId"]
    update_vpc(call)
    return call.id


@reads(VPC)
def read_vpc(call: Call) -> Found:
    """Look at a VPC and what it was born with."""
    ec2 = call.client("ec2")
    (found,) = ec2.describe_vpcs(VpcIds=[call.id])["Vpcs"]
    in_vpc = of(vpc_id=call.id)
    main_table = ec2.describe_route_tables(
        Filters=[*in_vpc, {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"][0]["RouteTableId"]
    (acl,) = ec2.describe_network_acls(Filters=[*in_vpc, *of(default="true")])["NetworkAcls"]
    (group,) = ec2.describe_security_groups(Filters=[*in_vpc, *of(group_name="default")])[
        "SecurityGroups"
    ]
    return {
        "cidrBlock": found["CidrBlock"],
        "instanceTenancy": found["InstanceTenancy"],
        "enableDnsSupport": _dns(call, "enableDnsSupport"),
        "enableDnsHostnames": _dns(call, "enableDnsHostnames"),
    }, {
        "arn": call.arn("ec2", f"vpc/{call.id}"),
        "defaultSecurityGroupId": group["GroupId"],
        "defaultRouteTableId": main_table,
        "mainRouteTableId": main_table,
        "defaultNetworkAclId": acl["NetworkAclId"],
        "ownerId": call.account,
    }


@updates(VPC)
def update_vpc(call: Call) -> None:
    """Change a VPC's DNS settings."""
    ec2, args = call.client("ec2"), call.args
    support, hostnames = args.get("enableDnsSupport", True), args.get("enableDnsHostnames", False)
    ec2.modify_vpc_attribute(VpcId=call.id, EnableDnsSupport={"Value": support})
    ec2.modify_vpc_attribute(VpcId=call.id, EnableDnsHostnames={"Value": hostnames})


@deletes(VPC)
def delete_vpc(call: Call) -> None:
    """Delete an empty VPC with what it was born with."""
    ec2, in_vpc = call.client("ec2"), of(vpc_id=call.id)
    ec2.describe_vpcs(VpcIds=[call.id])
    gateways = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [call.id]}]
    )["InternetGateways"]
    groups = ec2.describe_security_groups(Filters=in_vpc)["SecurityGroups"]
    endpoints = ec2.describe_vpc_endpoints(Filters=in_vpc)["VpcEndpoints"]
    subnets = ec2.describe_subnets(Filters=in_vpc)["Subnets"]
    refuse_in_use(
        call.id,
        [
            *(gateway["InternetGatewayId"] for gateway in gateways),
            *(group["GroupId"] for group in groups if group["GroupName"] != "default"),
            *(each["VpcEndpointId"] for each in endpoints if each["State"] != "deleted"),
            *(subnet["SubnetId"] for subnet in subnets),
        ],
    )
    ec2.delete_vpc(VpcId=call.id)


@creates(
    SUBNET,
    replaces={"availabilityZone", "availabilityZoneId", "cidrBlock", "vpcId"},
    tags=EC2_TAGS,
)
def create_subnet(call: Call) -> str:
    """Make a subnet."""
    args = call.args
    made = call.client("ec2").create_subnet(
        VpcId=args.need("vpcId"),
        CidrBlock=args.need("cidrBlock"),
        TagSpecifications=tag_specifications(call, "subnet"),
        **args.some(AvailabilityZone="availabilityZone", AvailabilityZoneId="availabilityZoneId"),
    )["Subnet"]
    call.id = made["SubnetId"]
    update_subnet(call)
    return call.id


@reads(SUBNET)
def read_subnet(call: Call) -> Found:
    """Look at a subnet."""
    (found,) = call.client("ec2").describe_subnets(SubnetIds=[call.id])["Subnets"]
    return {
        "vpcId": found["VpcId"],
        "cidrBlock": found["CidrBlock"],
        "mapPublicIpOnLaunch": found["MapPublicIpOnLaunch"],
    }, {
        "availabilityZone": found["AvailabilityZone"],
        "availabilityZoneId": found["AvailabilityZoneId"],
        "arn": call.arn("ec2", f"subnet/{call.id}"),
        "ownerId": call.account,
    }


@updates(SUBNET)
def update_subnet(call: Call) -> None:
    """Change whether what starts in a subnet gets a public address."""
    public = call.args.get("mapPublicIpOnLaunch", False)
    call.client("ec2").modify_subnet_attribute(
        SubnetId=call.id, MapPublicIpOnLaunch={"Value": public}
    )


@deletes(SUBNET)
def delete_subnet(call: Call) -> None:
    """Delete a subnet in which nothing has an interface."""
    ec2 = call.client("ec2")
    found = ec2.describe_network_interfaces(Filters=of(subnet_id=call.id))["NetworkInterfaces"]
    refuse_in_use(call.id, [interface["NetworkInterfaceId"] for interface in found])
    ec2.delete_subnet(SubnetId=call.id)


@creates(ROUTE_TABLE, replaces={"vpcId"}, tags=EC2_TAGS)
def create_route_table(call: Call) -> str:
    """Make a route table without routes of its own: ``Route`` resources add them."""
    made = call.client("ec2").create_route_table(
        VpcId=call.args.need("vpcId"), TagSpecifications=tag_specifications(call, "route-table")
    )
    table: str = made["RouteTable"]["RouteTableId"]
    return table


@reads(ROUTE_TABLE)
def read_route_table(call: Call) -> Found:
    """Look at a route table."""
    (found,) = call.client("ec2").describe_route_tables(RouteTableIds=[call.id])["RouteTables"]
    arn = call.arn("ec2", f"route-table/{call.id}")
    return {"vpcId": found["VpcId"]}, {"arn": arn, "ownerId": call.account}


@deletes(ROUTE_TABLE)
def delete_route_table(call: Call) -> None:
    """Delete a route table; EC2 refuses that while a subnet has it."""
    call.client("ec2").delete_route_table(RouteTableId=call.id)


# EC2 gives an association another id when its table changes, and Pulumi keeps the first: hence an
# association is found by its subnet, which has one at most.
@creates(ASSOCIATION, replaces={"subnetId"})
def create_association(call: Call) -> str:
    """Give a subnet its route table."""
    table, subnet = call.args.need("routeTableId"), call.args.need("subnetId")
    if _association(call):
        raise ValueError(f"{subnet} has a route table already (Resource.AlreadyAssociated)")
    made = call.client("ec2").associate_route_table(RouteTableId=table, SubnetId=subnet)
    association: str = made["AssociationId"]
    return association


@reads(ASSOCIATION)
def read_association(call: Call) -> Found | None:
    """Look at which route table a subnet has."""
    found = _association(call)
    return ({"routeTableId": found["RouteTableId"]}, {}) if found else None


@updates(ASSOCIATION)
def update_association(call: Call) -> None:
    """Give a subnet another route table."""
    table = call.args.need("routeTableId")
    if (found := _association(call)) and found["RouteTableId"] != table:
        call.client("ec2").replace_route_table_association(
            AssociationId=found["RouteTableAssociationId"], RouteTableId=table
        )


@deletes(ASSOCIATION)
def delete_association(call: Call) -> None:
    """Leave a subnet to its VPC's main route table."""
    if found := _association(call):
        call.client("ec2").disassociate_route_table(AssociationId=found["RouteTableAssociationId"])


@creates(ROUTE, replaces={"destinationCidrBlock", "routeTableId"})
def create_route(call: Call) -> str:
    """Add a route through an internet gateway or a NAT gateway."""
    table, destination = _route(call)
    call.client("ec2").create_route(
        RouteTableId=table, DestinationCidrBlock=destination, **_way(call)
    )
    return f"r-{table}-{destination}"


@reads(ROUTE)
def read_route(call: Call) -> Found | None:
    """Look at where a route leads."""
    table, destination = _route(call)
    (found,) = call.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"]
    for route in found["Routes"]:
        if route.get("DestinationCidrBlock") == destination:
            ways = {key: route.get(member) for member, key in _WAYS.items()}
            return ways, {"origin": "CreateRoute", "state": route.get("State", "active")}
    return None


@updates(ROUTE)
def update_route(call: Call) -> None:
    """Lead a route elsewhere."""
    table, destination = _route(call)
    call.client("ec2").replace_route(
        RouteTableId=table, DestinationCidrBlock=destination, **_way(call)
    )


@deletes(ROUTE)
def delete_route(call: Call) -> None:
    """Take a route from its table."""
    table, destination = _route(call)
    if read_route(call):
        call.client("ec2").delete_route(RouteTableId=table, DestinationCidrBlock=destination)


@creates(INTERNET_GATEWAY, replaces=(), tags=EC2_TAGS)
def create_internet_gateway(call: Call) -> str:
    """Make an internet gateway and attach it."""
    made = call.client("ec2").create_internet_gateway(
        TagSpecifications=tag_specifications(call, "internet-gateway")
    )
    call.id = made["InternetGateway"]["InternetGatewayId"]
    update_internet_gateway(call)
    return call.id


@reads(INTERNET_GATEWAY)
def read_internet_gateway(call: Call) -> Found:
    """Look at which VPC a gateway is attached to."""
    attached = _attached(call)
    return {"vpcId": attached}, {
        "arn": call.arn("ec2", f"internet-gateway/{call.id}"),
        "ownerId": call.account,
    }


@updates(INTERNET_GATEWAY)
def update_internet_gateway(call: Call) -> None:
    """Attach a gateway to another VPC."""
    ec2, wanted, attached = call.client("ec2"), call.args.get("vpcId"), _attached(call)
    if attached and attached != wanted:
        ec2.detach_internet_gateway(InternetGatewayId=call.id, VpcId=attached)
    if wanted and attached != wanted:
        ec2.attach_internet_gateway(InternetGatewayId=call.id, VpcId=wanted)


@deletes(INTERNET_GATEWAY)
def delete_internet_gateway(call: Call) -> None:
    """Detach and delete a gateway."""
    ec2 = call.client("ec2")
    if attached := _attached(call):
        ec2.detach_internet_gateway(InternetGatewayId=call.id, VpcId=attached)
    ec2.delete_internet_gateway(InternetGatewayId=call.id)


@creates(
    FLOW_LOG,
    replaces={
        *("iamRoleArn", "logDestination", "logDestinationType", "logFormat"),
        *("maxAggregationInterval", "trafficType", "vpcId"),
    },
    tags=EC2_TAGS,
)
def create_flow_log(call: Call) -> str:
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
                "TagSpecifications": tag_specifications(call, "vpc-flow-log"),
            }
        ),
    )
    if refused := answer["Unsuccessful"]:
        raise ValueError(refused[0]["Error"]["Message"])
    made: str = answer["FlowLogIds"][0]
    return made


@reads(FLOW_LOG)
def read_flow_log(call: Call) -> Found | None:
    """Look at a flow log."""
    found = call.client("ec2").describe_flow_logs(FlowLogIds=[call.id])["FlowLogs"]
    if not found:
        return None
    return {
        "vpcId": found[0]["ResourceId"],
        "trafficType": found[0]["TrafficType"],
        "iamRoleArn": found[0].get("DeliverLogsPermissionArn"),
        "logFormat": found[0].get("LogFormat"),
    }, {
        "arn": call.arn("ec2", f"vpc-flow-log/{call.id}"),
        "logDestinationType": found[0]["LogDestinationType"],
        "maxAggregationInterval": int(found[0]["MaxAggregationInterval"]),
    }


@deletes(FLOW_LOG)
def delete_flow_log(call: Call) -> None:
    """Log no longer; what was logged stays."""
    call.client("ec2").delete_flow_logs(FlowLogIds=[call.id])


def _dns(call: Call, attribute: str) -> bool:
    answer = call.client("ec2").describe_vpc_attribute(VpcId=call.id, Attribute=attribute)
    value: bool = answer[attribute[:1].upper() + attribute[1:]]["Value"]
    return value


def _association(call: Call) -> dict[str, Any] | None:
    """Return what gives the subnet its route table."""
    subnet = call.args.need("subnetId")
    tables = call.client("ec2").describe_route_tables(
        Filters=[{"Name": "association.subnet-id", "Values": [subnet]}]
    )["RouteTables"]
    return next(
        (
            each
            for table in tables
            for each in table["Associations"]
            if each.get("SubnetId") == subnet
        ),
        None,
    )


def _route(call: Call) -> tuple[str, str]:
    return call.args.need("routeTableId"), call.args.need("destinationCidrBlock")


def _way(call: Call) -> dict[str, Any]:
    way = call.args.some(**_WAYS)
    if len(way) != 1:
        raise ValueError("give one of 'gatewayId' and 'natGatewayId'")
    return way


def _attached(call: Call) -> str | None:
    answer = call.client("ec2").describe_internet_gateways(InternetGatewayIds=[call.id])
    (found,) = answer["InternetGateways"]
    return next((each["VpcId"] for each in found["Attachments"]), None)
