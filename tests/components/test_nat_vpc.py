"""Private subnets whose way out is NAT: one for all zones, or one each."""

from typing import Any

import pulumi_aws as aws
import pytest

from components.nat_vpc import PrivateVpcWithNat, PrivateVpcWithNatArgs
from tests.components.naming import NAMES
from tests.deploying import Deployment, deploy

GIVEN: dict[str, Any] = {
    "names": NAMES,
    "cidr": "10.40.0.0/16",
    "zones": ["ap-northeast-1a", "ap-northeast-1c"],
    "gateway_each": True,
    "log_retention_days": 30,
    "key_arn": "arn:key",
}


def vpc(**changes: Any) -> Deployment:
    return deploy(lambda: PrivateVpcWithNat("net", PrivateVpcWithNatArgs(**(GIVEN | changes))))


def ways_out(made: Deployment) -> dict[str, tuple[str, str]]:
    """Each route to the internet: its table, and what it leads to."""
    return {
        route.name: (
            route.inputs["routeTableId"],
            route.inputs.get("natGatewayId") or route.inputs["gatewayId"],
        )
        for route in made.all(aws.ec2.Route)
    }


def table_of(made: Deployment) -> dict[str, str]:
    """The route table of each subnet."""
    return {
        each.inputs["subnetId"]: each.inputs["routeTableId"]
        for each in made.all(aws.ec2.RouteTableAssociation)
    }


def test_each_zone_has_its_own_way_out_through_a_gateway_in_that_zone() -> None:
    made = vpc()
    assert ways_out(made) == {
        "net-public-way-out": ("net-public-routes-id", "net-gateway-id"),
        "net-way-out-ap-northeast-1a": (
            "net-routes-ap-northeast-1a-id",
            "net-nat-ap-northeast-1a-id",
        ),
        "net-way-out-ap-northeast-1c": (
            "net-routes-ap-northeast-1c-id",
            "net-nat-ap-northeast-1c-id",
        ),
    }
    assert table_of(made) == {
        "net-tasks-ap-northeast-1a-id": "net-routes-ap-northeast-1a-id",
        "net-tasks-ap-northeast-1c-id": "net-routes-ap-northeast-1c-id",
        "net-public-ap-northeast-1a-id": "net-public-routes-id",
        "net-public-ap-northeast-1c-id": "net-public-routes-id",
    }
    zone_of = {f"{s.name}-id": s.inputs["availabilityZone"] for s in made.all(aws.ec2.Subnet)}
    gateways = {g.name: zone_of[g.inputs["subnetId"]] for g in made.all(aws.ec2.NatGateway)}
    assert all(name == f"net-nat-{zone}" for name, zone in gateways.items())


def test_one_gateway_serves_all_zones() -> None:
    made = vpc(gateway_each=False)
    assert ways_out(made) == {
        "net-public-way-out": ("net-public-routes-id", "net-gateway-id"),
        "net-way-out-ap-northeast-1a": ("net-routes-id", "net-nat-ap-northeast-1a-id"),
    }
    tasks = {subnet: table for subnet, table in table_of(made).items() if "tasks" in subnet}
    assert set(tasks.values()) == {"net-routes-id"}
    assert len(tasks) == 2
    assert len(made.all(aws.ec2.Eip)) == 1


def test_a_gateway_waits_for_the_internet_gateway_and_its_route() -> None:
    made = vpc(zones=["ap-northeast-1a"])
    waits = made.one(aws.ec2.NatGateway).request.dependencies
    assert {
        next(one.name for one in made.custom().values() if one.urn == urn) for urn in waits
    } >= {"net-gateway", "net-public-way-out", "net-public-ap-northeast-1a-routes"}


@pytest.mark.parametrize("each", [True, False])
def test_image_layers_do_not_go_through_nat(each: bool) -> None:
    made = vpc(gateway_each=each)
    (s3,) = made.all(aws.ec2.VpcEndpoint)
    assert s3.inputs["vpcEndpointType"] == "Gateway"
    tasks = {table for subnet, table in table_of(made).items() if "tasks" in subnet}
    assert set(s3.inputs["routeTableIds"]) == tasks


def test_nobody_calls_tasks_and_they_call_out_over_https_only() -> None:
    made = vpc()
    assert not made.all(aws.vpc.SecurityGroupIngressRule)
    out = made.one(aws.vpc.SecurityGroupEgressRule).inputs
    assert (out["ipProtocol"], out["fromPort"], out["toPort"]) == ("tcp", 443, 443)


def test_no_subnet_overlaps_another() -> None:
    blocks = [s.inputs["cidrBlock"] for s in vpc().all(aws.ec2.Subnet)]
    assert len(set(blocks)) == len(blocks) == 4


def test_a_job_waits_for_its_way_out() -> None:
    seen: dict[str, Any] = {}

    def program() -> None:
        tasks = PrivateVpcWithNat("net", PrivateVpcWithNatArgs(**GIVEN)).tasks
        seen["public"] = tasks.assign_public_ip
        for position, made in enumerate(tasks.ready):
            made.apply(lambda identity, at=position: seen.update({at: identity}))

    deploy(program)
    assert seen.pop("public") is False
    assert {"net-way-out-ap-northeast-1a-id", "net-to-anywhere-id", "net-s3-id"} <= set(
        seen.values()
    )
