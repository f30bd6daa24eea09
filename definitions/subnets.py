"""The address plan of a stack's VPC."""

import ipaddress
from dataclasses import dataclass

MAX_ZONES = 4
LARGEST_VPC_PREFIX = 16
SMALLEST_VPC_PREFIX = 24
WAY_OUT_SUBNET_PREFIX = 27
_EIGHTHS_BITS = 3

PRIVATE_RANGES = (
    ipaddress.IPv4Network("10.0.0.0/8"),
    ipaddress.IPv4Network("172.16.0.0/12"),
    ipaddress.IPv4Network("192.168.0.0/16"),
    ipaddress.IPv4Network("100.64.0.0/10"),
)
"""RFC 1918, and RFC 6598's shared range, which AWS lets a VPC use too."""


@dataclass(frozen=True, kw_only=True)
class SubnetPlan:
    """CIDR blocks, one a zone, in the order of the zones."""

    tasks: tuple[str, ...]
    """Where the containers run: an eighth of the VPC each."""
    ways_out: tuple[str, ...]
    """Where the interface endpoints stand, or the NAT gateways: a /27 each, which holds 27."""


def plan_subnets(cidr: str, zones: int) -> SubnetPlan:
    """Divide a VPC's addresses so that adding a zone never renumbers the others.

    The VPC is cut into eighths: the first four are for the tasks of zones one to four, the last
    four hold the ways out. The plan has a place for four zones whether they are used or not.

    Args:
        cidr: the VPC, /16 to /24, from a private range.
        zones: how many availability zones are in use, one to four.

    Raises:
        ValueError: one line with the rule and what to write.
    """
    vpc = _vpc(cidr)
    if not 1 <= zones <= MAX_ZONES:
        raise ValueError(f"{zones} zones cannot be had: write 1 to {MAX_ZONES}")
    eighths = list(vpc.subnets(prefixlen_diff=_EIGHTHS_BITS))
    return SubnetPlan(
        tasks=tuple(str(eighths[zone]) for zone in range(zones)),
        ways_out=tuple(
            str(next(eighths[MAX_ZONES + zone].subnets(new_prefix=WAY_OUT_SUBNET_PREFIX)))
            for zone in range(zones)
        ),
    )


def _vpc(cidr: str) -> ipaddress.IPv4Network:
    """Read and check the VPC's own range."""
    try:
        interface = ipaddress.IPv4Interface(cidr)
    except ValueError:
        raise ValueError(f'"{cidr}" is not an IPv4 range: write one like 10.40.0.0/16') from None
    vpc = interface.network
    address, slash, length = cidr.partition("/")
    if not slash:
        raise ValueError(f'"{cidr}" has no prefix length: write {address}/{LARGEST_VPC_PREFIX}')
    if not length.isdigit():
        raise ValueError(f'"{cidr}" is not a prefix length: write {vpc}')
    if vpc.prefixlen < LARGEST_VPC_PREFIX:
        largest = ipaddress.IPv4Network((interface.ip, LARGEST_VPC_PREFIX), strict=False)
        raise ValueError(
            f'"{cidr}" is too large, AWS allows a VPC of /{LARGEST_VPC_PREFIX} at most: '
            f"write {largest}"
        )
    if vpc.prefixlen > SMALLEST_VPC_PREFIX:
        smallest = vpc.supernet(new_prefix=SMALLEST_VPC_PREFIX)
        raise ValueError(
            f'"{cidr}" is too small for four zones: write a /{SMALLEST_VPC_PREFIX} or larger, '
            f"such as {smallest}"
        )
    if interface.ip != vpc.network_address:
        raise ValueError(f'"{cidr}" is not a network address: write {vpc}')
    if not any(vpc.subnet_of(private) for private in PRIVATE_RANGES):
        raise ValueError(
            f'"{cidr}" is not in a private range: write one from '
            f"{', '.join(str(private) for private in PRIVATE_RANGES)}"
        )
    return vpc
