"""The network that tasks start in: one of the three that are made, if it is not there already."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.nat_vpc import PrivateVpcWithNat, PrivateVpcWithNatArgs
from components.private_vpc import PrivateVpcWithEndpoints, PrivateVpcWithEndpointsArgs
from components.public_vpc import PublicVpc, PublicVpcArgs
from components.stack_key import StackKey
from components.task_network import TaskNetwork
from definitions.grants import Kind
from definitions.names import Names
from stacks.settings import Settings
from stacks.settings.storage import ParameterReference

_SERVICE_OF_GRANT: Mapping[Kind, str] = {
    "bucket": "s3",
    "queue": "sqs",
    "topic": "sns",
    "table": "dynamodb",
    "secret": "secretsmanager",
    "job": "states",
}
"""The service that a program calls for what it was granted."""


def called_services(settings: Settings) -> list[str]:
    """Name the services that the containers reach: exactly those, for each endpoint costs."""
    services = {"ecr.api", "ecr.dkr", "logs"}
    for container in settings.containers.values():
        for source in container.secrets.values():
            services.add("ssm" if isinstance(source, ParameterReference) else "secretsmanager")
        services.update(_SERVICE_OF_GRANT[grant.kind] for grant in container.granted)
        if container.debug:
            services.add("ssmmessages")
    if settings.workers or any(job.progress for job in settings.jobs.values()):
        services.add("states")
    return sorted(services)


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
