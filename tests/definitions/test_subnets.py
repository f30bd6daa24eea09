import ipaddress
import re
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions.subnets import plan_subnets


def test_a_stack_in_one_zone_has_an_eighth_for_tasks_and_a_27_for_endpoints() -> None:
    plan = plan_subnets("10.40.0.0/16", 1)
    assert plan.tasks == ("10.40.0.0/19",)
    assert plan.ways_out == ("10.40.128.0/27",)


def test_four_zones_fill_the_plan() -> None:
    plan = plan_subnets("192.168.7.0/24", 4)
    assert plan.tasks == (
        "192.168.7.0/27",
        "192.168.7.32/27",
        "192.168.7.64/27",
        "192.168.7.96/27",
    )
    assert plan.ways_out == (
        "192.168.7.128/27",
        "192.168.7.160/27",
        "192.168.7.192/27",
        "192.168.7.224/27",
    )


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(16, 24), st.integers(0, 2**24 - 1))
def test_another_zone_never_renumbers_nor_overlaps(prefix: int, offset: int) -> None:
    address = ipaddress.IPv4Address("10.0.0.0") + offset
    vpc = ipaddress.IPv4Network((address, prefix), strict=False)
    plans = [plan_subnets(str(vpc), zones) for zones in range(1, 5)]
    for fewer, more in pairwise(plans):
        assert more.tasks[:-1] == fewer.tasks
        assert more.ways_out[:-1] == fewer.ways_out
    blocks = [ipaddress.IPv4Network(block) for block in plans[-1].tasks + plans[-1].ways_out]
    assert all(block.subnet_of(vpc) for block in blocks)
    assert not any(one.overlaps(other) for one, other in combinations(blocks, 2))


@pytest.mark.parametrize("cidr", ["172.31.0.0/16", "100.127.0.0/18", "192.168.0.0/16"])
def test_every_private_range_will_do(cidr: str) -> None:
    assert len(plan_subnets(cidr, 2).tasks) == 2


@pytest.mark.parametrize(
    ("cidr", "zones", "message"),
    [
        (
            "10.0.0.0/15",
            2,
            '"10.0.0.0/15" is too large, AWS allows a VPC of /16 at most: write 10.0.0.0/16',
        ),
        (
            "10.1.2.0/8",
            2,
            '"10.1.2.0/8" is too large, AWS allows a VPC of /16 at most: write 10.1.0.0/16',
        ),
        (
            "10.0.0.0/25",
            2,
            '"10.0.0.0/25" is too small for four zones: write a /24 or larger, such as 10.0.0.0/24',
        ),
        ("10.40.1.0/16", 2, '"10.40.1.0/16" is not a network address: write 10.40.0.0/16'),
        (
            "8.8.0.0/16",
            2,
            '"8.8.0.0/16" is not in a private range: write one from 10.0.0.0/8, 172.16.0.0/12, '
            "192.168.0.0/16, 100.64.0.0/10",
        ),
        (
            "172.32.0.0/16",
            2,
            '"172.32.0.0/16" is not in a private range: write one from 10.0.0.0/8, 172.16.0.0/12, '
            "192.168.0.0/16, 100.64.0.0/10",
        ),
        ("10.40.0.0", 2, '"10.40.0.0" has no prefix length: write 10.40.0.0/16'),
        ("10.40", 2, '"10.40" is not an IPv4 range: write one like 10.40.0.0/16'),
        ("fd00::/48", 2, '"fd00::/48" is not an IPv4 range: write one like 10.40.0.0/16'),
        (
            "10.0.0.0/255.255.0.0",
            2,
            '"10.0.0.0/255.255.0.0" is not a prefix length: write 10.0.0.0/16',
        ),
        ("10.40.0.0/16", 0, "0 zones cannot be had: write 1 to 4"),
        ("10.40.0.0/16", 5, "5 zones cannot be had: write 1 to 4"),
    ],
)
def test_a_range_that_will_not_do_is_told_what_to_write(
    cidr: str, zones: int, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        plan_subnets(cidr, zones)
