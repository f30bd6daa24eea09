import json
from typing import Any

import pulumi_aws as aws
import pytest

from components.private_vpc import PrivateVpcWithEndpoints, PrivateVpcWithEndpointsArgs
from tests.components.naming import KEY_ARN, NAMES
from tests.deploying import Deployment, deploy

GIVEN: dict[str, Any] = {
    "names": NAMES,
    "cidr": "10.40.0.0/16",
    "zones": ["ap-northeast-1a", "ap-northeast-1c"],
    "services": ["ecr.api", "ecr.dkr", "logs", "s3"],
    "log_retention_days": 30,
    "key_arn": KEY_ARN,
}


def vpc(**changed: Any) -> Deployment:
    return deploy(
        lambda: PrivateVpcWithEndpoints("net", PrivateVpcWithEndpointsArgs(**(GIVEN | changed)))
    )


def test_a_private_vpc_has_no_way_out() -> None:
    made = vpc()
    assert made.all(aws.ec2.InternetGateway) == []
    assert made.all(aws.ec2.NatGateway) == []
    assert made.all(aws.ec2.Route) == [], "tasks must only reach endpoints"


def test_names_of_endpoints_resolve_inside() -> None:
    network = vpc().one(aws.ec2.Vpc).inputs
    assert (network["enableDnsSupport"], network["enableDnsHostnames"]) == (True, True)


def test_each_service_has_one_interface_endpoint_with_private_dns_in_every_zone() -> None:
    made = vpc(services=["logs", "ecr.api", "logs"])
    interfaces = [
        e.inputs
        for e in made.all(aws.ec2.VpcEndpoint)
        if e.inputs["vpcEndpointType"] == "Interface"
    ]
    assert [e["serviceName"] for e in interfaces] == [
        "com.amazonaws.ap-northeast-1.ecr.api",
        "com.amazonaws.ap-northeast-1.logs",
    ]
    for endpoint in interfaces:
        assert endpoint["privateDnsEnabled"] is True
        assert endpoint["subnetIds"] == [
            "net-endpoints-ap-northeast-1a-id",
            "net-endpoints-ap-northeast-1c-id",
        ]
        assert endpoint["securityGroupIds"] == ["net-endpoint-group-id"]


def test_the_s3_gateway_is_on_the_table_of_every_task_subnet() -> None:
    made = vpc()
    (gateway,) = [
        e for e in made.all(aws.ec2.VpcEndpoint) if e.inputs["vpcEndpointType"] == "Gateway"
    ]
    assert gateway.inputs["serviceName"] == "com.amazonaws.ap-northeast-1.s3"
    (table,) = gateway.inputs["routeTableIds"]
    associations = made.all(aws.ec2.RouteTableAssociation)
    assert {a.inputs["routeTableId"] for a in associations} == {table}
    assert {a.inputs["subnetId"] for a in associations} == {
        "net-tasks-ap-northeast-1a-id",
        "net-tasks-ap-northeast-1c-id",
    }


def test_every_endpoint_has_a_policy_that_admits_this_account_only() -> None:
    for endpoint in vpc().all(aws.ec2.VpcEndpoint):
        first = json.loads(endpoint.inputs["policy"])["Statement"][0]
        assert first["Condition"]["StringEquals"]["aws:PrincipalAccount"] == "123456789012"


def test_programs_that_do_not_call_s3_are_not_let_through_to_it() -> None:
    made = vpc(services=["ecr.api"]).all(aws.ec2.VpcEndpoint)
    (s3,) = [e.inputs for e in made if e.inputs["serviceName"].endswith(".s3")]
    (only,) = json.loads(s3["policy"])["Statement"]
    assert only["Sid"] == "ImageLayers"


def test_tables_are_reached_by_a_route_as_s3_is() -> None:
    made = vpc(services=["ecr.api", "dynamodb"])
    endpoints = {e.name: e.inputs for e in made.all(aws.ec2.VpcEndpoint)}
    assert set(endpoints) == {"net-s3", "net-dynamodb", "net-ecr.api"}
    gateway = endpoints["net-dynamodb"]
    assert gateway["vpcEndpointType"] == "Gateway"
    assert gateway["routeTableIds"] == endpoints["net-s3"]["routeTableIds"]
    (admitted,) = json.loads(gateway["policy"])["Statement"]
    assert admitted["Sid"] == "OnlyThisAccount"
    out = {r.name: r.inputs for r in made.all(aws.vpc.SecurityGroupEgressRule)}
    assert out["net-to-dynamodb"]["prefixListId"] == "pl-net-dynamodb"


def test_tasks_call_endpoints_and_s3_on_443_and_nobody_calls_tasks() -> None:
    made = vpc()
    (into,) = made.all(aws.vpc.SecurityGroupIngressRule)
    assert into.inputs["securityGroupId"] == "net-endpoint-group-id"
    assert into.inputs["referencedSecurityGroupId"] == "net-task-group-id"
    out = {r.name: r.inputs for r in made.all(aws.vpc.SecurityGroupEgressRule)}
    assert out["net-to-endpoints"]["referencedSecurityGroupId"] == "net-endpoint-group-id"
    assert out["net-to-s3"]["prefixListId"] == "pl-net-s3"
    for rule in (into.inputs, *out.values()):
        assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 443, 443)
        assert "cidrIpv4" not in rule
    for group in made.all(aws.ec2.SecurityGroup):
        assert not {"ingress", "egress"} & set(group.inputs), "inline rules would win"


def test_the_default_group_admits_nobody_and_refusals_are_logged() -> None:
    made = vpc()
    group = made.one(aws.ec2.DefaultSecurityGroup).inputs
    assert not {"ingress", "egress"} & set(group), "without rules it takes away AWS's own"
    log = made.one(aws.ec2.FlowLog).inputs
    assert log["trafficType"] == "REJECT"
    assert made.one(aws.cloudwatch.LogGroup).inputs["retentionInDays"] == 30


def test_task_and_endpoint_subnets_do_not_share_addresses() -> None:
    blocks = {s.name: s.inputs["cidrBlock"] for s in vpc().all(aws.ec2.Subnet)}
    assert blocks == {
        "net-tasks-ap-northeast-1a": "10.40.0.0/19",
        "net-endpoints-ap-northeast-1a": "10.40.128.0/27",
        "net-tasks-ap-northeast-1c": "10.40.32.0/19",
        "net-endpoints-ap-northeast-1c": "10.40.160.0/27",
    }, "another layout would replace subnets that are in use"


def test_a_job_learns_where_to_run_and_what_to_wait_for() -> None:
    seen: dict[str, Any] = {}

    def program() -> None:
        tasks = PrivateVpcWithEndpoints("net", PrivateVpcWithEndpointsArgs(**GIVEN)).tasks
        seen["public"] = tasks.assign_public_ip
        for position, made in enumerate(tasks.ready):
            made.apply(lambda identity, at=position: seen.update({f"ready {at}": identity}))

    deploy(program)
    ready = {identity for key, identity in seen.items() if key.startswith("ready")}
    assert seen["public"] is False
    assert {"net-s3-id", "net-ecr.api-id", "net-ecr.dkr-id", "net-logs-id"} <= ready
    assert {"net-tasks-in-id", "net-to-endpoints-id", "net-to-s3-id"} <= ready
    assert "net-tasks-ap-northeast-1a-routes-id" in ready


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"services": []}, "services: .*name at least one"), ({"cidr": "10.40.0.0/28"}, "/24")],
)
def test_bad_arguments_are_refused_before_anything_is_registered(
    changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PrivateVpcWithEndpointsArgs(**(GIVEN | changed))
