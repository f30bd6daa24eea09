from typing import Any

import pulumi_aws as aws

from components.public_vpc import PublicVpc, PublicVpcArgs
from tests.components.naming import KEY_ARN, NAMES
from tests.deploying import Deployment, deploy

GIVEN: dict[str, Any] = {
    "names": NAMES,
    "cidr": "10.40.0.0/16",
    "zones": ["ap-northeast-1a"],
    "log_retention_days": 30,
    "key_arn": KEY_ARN,
}


def vpc() -> Deployment:
    return deploy(lambda: PublicVpc("net", PublicVpcArgs(**GIVEN)))


def test_an_idle_public_network_costs_nothing() -> None:
    made = vpc()
    assert made.all(aws.ec2.VpcEndpoint) == []
    assert made.all(aws.ec2.NatGateway) == []
    assert made.all(aws.ec2.Eip) == []


def test_tasks_go_out_through_the_gateway_and_nothing_comes_in() -> None:
    made = vpc()
    route = made.one(aws.ec2.Route).inputs
    assert (route["destinationCidrBlock"], route["gatewayId"]) == ("0.0.0.0/0", "net-gateway-id")
    assert made.all(aws.vpc.SecurityGroupIngressRule) == []
    out = made.one(aws.vpc.SecurityGroupEgressRule).inputs
    assert (out["ipProtocol"], out["fromPort"], out["toPort"]) == ("tcp", 443, 443)


def test_only_tasks_get_public_addresses() -> None:
    (subnet,) = vpc().all(aws.ec2.Subnet)
    assert not subnet.inputs.get("mapPublicIpOnLaunch")


def test_a_job_learns_that_it_needs_a_public_address_and_waits_for_the_way_out() -> None:
    seen: dict[str, Any] = {}

    def program() -> None:
        tasks = PublicVpc("net", PublicVpcArgs(**GIVEN)).tasks
        seen["public"] = tasks.assign_public_ip
        for position, made in enumerate(tasks.ready):
            made.apply(lambda identity, at=position: seen.update({at: identity}))

    deploy(program)
    assert seen.pop("public") is True
    assert set(seen.values()) == {
        "net-way-out-id",
        "net-tasks-ap-northeast-1a-routes-id",
        "net-to-anywhere-id",
    }
