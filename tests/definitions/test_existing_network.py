"""A network that exists is one in which tasks could start, or its lines say what is missing."""

from typing import Any

import pytest

from definitions.existing_network import SeenEndpoint, SeenSubnet, place_mistakes, reach_mistakes

CALLED = ("ecr.api", "logs", "s3")


def place(**changed: Any) -> list[str]:
    given: dict[str, Any] = {
        "region": "eu-central-1",
        "vpc_id": None,
        "subnet_ids": ["subnet-1", "subnet-2"],
        "security_group_ids": ["sg-1"],
        "vpc_of_subnet": {"subnet-1": "vpc-1", "subnet-2": "vpc-1"},
        "vpc_of_group": {"sg-1": "vpc-1"},
    }
    return list(place_mistakes(**(given | changed)))


def test_subnets_and_groups_of_one_vpc_are_fine() -> None:
    assert place() == []
    assert place(vpc_id="vpc-1") == []


def test_what_is_not_there_is_named() -> None:
    assert place(vpc_of_subnet={"subnet-2": "vpc-1"}, vpc_of_group={}) == [
        "network.subnetIds[0]: subnet-1 is not in eu-central-1, or not in this account: write one "
        "that is",
        "network.securityGroupIds[0]: sg-1 is not in eu-central-1, or not in this account: write "
        "one that is",
    ]


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (
            {"vpc_of_subnet": {"subnet-1": "vpc-1", "subnet-2": "vpc-2"}},
            "network.subnetIds[1]: subnet-2 is in vpc-2, not in vpc-1: take all from one VPC",
        ),
        (
            {"vpc_of_group": {"sg-1": "vpc-2"}},
            "network.securityGroupIds[0]: sg-1 is in vpc-2, not in vpc-1: take all from one VPC",
        ),
        (
            {"vpc_id": "vpc-2", "subnet_ids": ["subnet-1"], "security_group_ids": []},
            "network.subnetIds[0]: subnet-1 is in vpc-1, not in vpc-2: take all from one VPC",
        ),
    ],
)
def test_all_are_in_one_vpc(changed: dict[str, Any], line: str) -> None:
    assert place(**changed) == [line]


def reach(
    ways_out: tuple[str, ...],
    endpoints: dict[str, SeenEndpoint] | None = None,
    *,
    public: bool = False,
) -> list[str]:
    """What is said of subnets with these ways out, each with a route table of its own."""
    subnets = {
        f"subnet-{n}": SeenSubnet(vpc_id="vpc-1", table_id=f"rtb-{n}", way_out=way)
        for n, way in enumerate(ways_out, 1)
    }
    found = {service: (endpoints or {}).get(service) for service in CALLED}
    return list(reach_mistakes(subnets, found, public_addresses=public))


@pytest.mark.parametrize("way", ["nat-1", "tgw-1", "eni-1", "pcx-1", "vpce-1", "vgw-1"])
def test_a_default_route_is_a_way_to_everything(way: str) -> None:
    assert reach((way, way)) == []


def test_an_internet_gateway_is_a_way_for_public_addresses_only() -> None:
    assert reach(("igw-1",), public=True) == []
    assert reach(("igw-1",)) == [
        f"network.subnetIds: subnet-1: vpc-1 has no endpoint of {service}: add it, or write "
        "assignPublicIp: true, because the way out is an internet gateway"
        for service in CALLED
    ]


def test_subnets_without_a_way_out_need_each_endpoint() -> None:
    assert reach(("nat-1", "", "")) == [
        f"network.subnetIds: subnet-2, subnet-3: vpc-1 has no endpoint of {service}: add it, or a "
        "default route to a NAT gateway"
        for service in CALLED
    ]


INTERFACE = SeenEndpoint(private_names=True, table_ids=())
ROUTED = SeenEndpoint(private_names=False, table_ids=("rtb-1", "rtb-2"))


def test_endpoints_do_in_the_place_of_a_way_out() -> None:
    assert reach(("", ""), {"ecr.api": INTERFACE, "logs": INTERFACE, "s3": ROUTED}) == []


def test_an_endpoint_counts_by_its_private_names_or_by_its_routes() -> None:
    nameless = SeenEndpoint(private_names=False, table_ids=())
    elsewhere = SeenEndpoint(private_names=False, table_ids=("rtb-1",))
    assert reach(("", ""), {"ecr.api": INTERFACE, "logs": nameless, "s3": elsewhere}) == [
        "network.subnetIds: subnet-1, subnet-2: the endpoint of logs has private DNS off: add it, "
        "or a default route to a NAT gateway",
        "network.subnetIds: subnet-2: no route of theirs leads to the endpoint of s3: add it, or a "
        "default route to a NAT gateway",
    ]
