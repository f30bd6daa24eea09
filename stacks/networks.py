"""The network that tasks start in: one of the three that are made, if it is not there already."""

import pulumi
import pulumi_aws as aws

from components.nat_vpc import PrivateVpcWithNat, PrivateVpcWithNatArgs
from components.private_vpc import PrivateVpcWithEndpoints, PrivateVpcWithEndpointsArgs
from components.public_vpc import PublicVpc, PublicVpcArgs
from components.stack_key import StackKey
from components.task_network import TaskNetwork
from definitions.names import Names
from stacks.settings import Settings


def chosen_zones(settings: Settings) -> list[str]:
    """Choose zones that every account has (no local zones), the same ones at each update."""
    available = aws.get_availability_zones(
        state="available",
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
    )
    zones, wanted = sorted(available.names), settings.network.availability_zones
    if len(zones) < wanted:
        raise pulumi.RunError(
            f"Pulumi.{settings.stack}.yaml: network.availabilityZones: {wanted}: "
            f"{settings.region} has {len(zones)}; write at most that"
        )
    return zones[:wanted]


def made_network(
    settings: Settings,
    names: Names,
    zones: list[str],
    services: list[str],
    key: StackKey,
    ours: pulumi.ResourceOptions,
) -> TaskNetwork:
    """Make the network of the mode that the settings name; any but ``existing``."""
    if settings.network.mode == "public":
        return PublicVpc(
            "network",
            PublicVpcArgs(
                names=names,
                cidr=settings.network.cidr,
                zones=zones,
                log_retention_days=settings.log_retention_days,
                key_arn=key.arn,
            ),
            ours,
        ).tasks
    if settings.network.mode == "nat":
        return PrivateVpcWithNat(
            "network",
            PrivateVpcWithNatArgs(
                names=names,
                cidr=settings.network.cidr,
                zones=zones,
                gateway_each=settings.network.nat_gateways == "onePerZone",
                log_retention_days=settings.log_retention_days,
                key_arn=key.arn,
            ),
            ours,
        ).tasks
    return PrivateVpcWithEndpoints(
        "network",
        PrivateVpcWithEndpointsArgs(
            names=names,
            cidr=settings.network.cidr,
            zones=zones,
            services=services,
            log_retention_days=settings.log_retention_days,
            key_arn=key.arn,
        ),
        ours,
    ).tasks
