"""A network that exists already is looked at before anything is deployed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import ProgramRefused, deploy
from rehearsal.existing_network import make_existing_network
from rehearsal.provider import AwsProvider
from stacks.stack_file import StackFile, read_stack_file
from tests.deploying import ROOT
from tests.rehearsal.living_stack import START

EXAMPLE = read_stack_file(ROOT, "existing-network", ROOT / "examples/existing-network.yaml")
NETWORK = json.loads(EXAMPLE.config["fargate-batch:network"])


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(region=EXAMPLE.config["aws:region"], start=START) as aws:
        make_existing_network(aws, EXAMPLE)
        yield aws


def refused(cloud: EmbeddedAws, **changed: Any) -> list[str]:
    """The lines with which the example is refused, its network changed."""
    network = json.dumps(NETWORK | changed)
    stack_file: StackFile = replace(
        EXAMPLE, config={**EXAMPLE.config, "fargate-batch:network": network}
    )
    with pytest.raises(ProgramRefused) as refusal:
        deploy(ROOT, stack_file, AwsProvider(cloud))
    assert cloud.client("kms").list_keys()["Keys"] == [], "not even the key is made"
    return [line.partition(": ")[2] for line in refusal.value.lines]


def test_ids_that_name_nothing_are_all_told_together(cloud: EmbeddedAws) -> None:
    gone, other = "subnet-0ccccccccccccccc1", "sg-0ccccccccccccccc1"
    subnets = [*NETWORK["subnetIds"], gone]
    nothing = "is not in eu-central-1, or not in this account: write one that is"
    assert refused(cloud, subnetIds=subnets, securityGroupIds=[other]) == [
        f"network.subnetIds[2]: {gone} {nothing}",
        f"network.securityGroupIds[0]: {other} {nothing}",
    ]


def test_another_vpc_than_the_written_one_is_told(cloud: EmbeddedAws) -> None:
    ec2 = cloud.client("ec2")
    (subnet,) = ec2.describe_subnets(SubnetIds=NETWORK["subnetIds"][:1])["Subnets"]
    lines = refused(cloud, vpcId="vpc-0ddddddddddddddd1")
    assert len(lines) == 3
    assert f"is in {subnet['VpcId']}, not in vpc-0ddddddddddddddd1" in lines[0]


def test_without_a_way_out_the_missing_endpoints_are_named(cloud: EmbeddedAws) -> None:
    ec2 = cloud.client("ec2")
    first, second = NETWORK["subnetIds"]
    of_subnet = [{"Name": "association.subnet-id", "Values": [first]}]
    (table,) = ec2.describe_route_tables(Filters=of_subnet)["RouteTables"]
    (out,) = [one for one in table["Routes"] if "NatGatewayId" in one]
    (subnet,) = ec2.describe_subnets(SubnetIds=[first])["Subnets"]
    ec2.create_vpc_endpoint(
        VpcId=subnet["VpcId"],
        ServiceName="com.amazonaws.eu-central-1.logs",
        VpcEndpointType="Interface",
        SubnetIds=[first],
        PrivateDnsEnabled=True,
    )
    which = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    ec2.delete_route(**which)
    try:
        assert refused(cloud) == [
            f"network.subnetIds: {first}, {second}: {subnet['VpcId']} has no endpoint of {service}"
            ": add it, or a default route to a NAT gateway"
            for service in ("ecr.api", "ecr.dkr")
        ], "logs and s3 have one"
    finally:
        ec2.create_route(**which, NatGatewayId=out["NatGatewayId"])
