"""Faults of the network: the task starts and cannot reach what it needs."""

import json
from collections.abc import Callable, Generator, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from moto.ec2.models import ec2_backends

from rehearsal.faults.breaking import Break
from rehearsal.scenario import Scenario, not_started
from rehearsal.stage import Stage

NARROW = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "ecr:GetAuthorizationToken",
            "Resource": "*",
        }
    ],
}
"""An endpoint policy that lets a task log in to ECR and pull nothing."""


def _endpoint(stage: Stage, service: str) -> dict[str, Any] | None:
    ec2: Any = stage.aws.client("ec2")
    name = f"com.amazonaws.{stage.aws.region}.{service}"
    only = [{"Name": "service-name", "Values": [name]}]
    found = ec2.describe_vpc_endpoints(Filters=only)["VpcEndpoints"]
    return found[0] if found else None


def _unless_endpoint(service: str) -> Callable[[Stage], str | None]:
    return lambda stage: (
        None if _endpoint(stage, service) else f"the network has no endpoint of {service}"
    )


def _without_endpoint(service: str) -> Break:
    """Take an endpoint away, and put the same one back: a new one would have another id."""

    @contextmanager
    def broken(stage: Stage) -> Generator[None]:
        endpoint: Any = _endpoint(stage, service)
        endpoints: MutableMapping[str, Any] = _network(stage).vpc_end_points
        taken = endpoints.pop(endpoint["VpcEndpointId"])
        try:
            yield
        finally:
            endpoints[endpoint["VpcEndpointId"]] = taken

    return broken


@contextmanager
def _narrow_policy(stage: Stage) -> Generator[None]:
    ec2: Any = stage.aws.client("ec2")
    endpoint: Any = _endpoint(stage, "ecr.dkr")
    which = {"VpcEndpointId": endpoint["VpcEndpointId"]}
    ec2.modify_vpc_endpoint(**which, PolicyDocument=json.dumps(NARROW))
    try:
        yield
    finally:
        ec2.modify_vpc_endpoint(**which, PolicyDocument=endpoint["PolicyDocument"])


@contextmanager
def _nothing_goes_out(stage: Stage) -> Generator[None]:
    """Take the rules out of the tasks' security group, and put the same ones back."""
    groups = [_network(stage).get_security_group_from_id(group) for group in _placement(stage)]
    kept = [list(group.egress_rules) for group in groups]
    for group in groups:
        group.egress_rules.clear()
    try:
        yield
    finally:
        for group, rules in zip(groups, kept, strict=True):
            group.egress_rules.extend(rules)


def _placement(stage: Stage) -> Iterator[str]:
    """Name the security groups of the job's tasks."""
    yield from stage.placement(stage.job)["SecurityGroups"]


def _nat_gateways(stage: Stage) -> list[Any]:
    """Return the NAT gateways beside the job's subnets."""
    network, subnets = _network(stage), stage.placement(stage.job)["Subnets"]
    vpcs = {network.get_subnet(subnet).vpc_id for subnet in subnets}
    return [nat for nat in network.nat_gateways.values() if nat.vpc_id in vpcs]


@contextmanager
def _without_nat_gateways(stage: Stage) -> Generator[None]:
    """Delete the NAT gateways, and put the same ones back: new ones would have other ids."""
    gateways = _nat_gateways(stage)
    for gateway in gateways:
        gateway.state = "deleted"
    try:
        yield
    finally:
        for gateway in gateways:
            gateway.state = "available"


def _no_nat_gateway(stage: Stage) -> str | None:
    return None if _nat_gateways(stage) else "the network has no NAT gateway"


def _network(stage: Stage) -> Any:
    return ec2_backends[stage.aws.account][stage.aws.region]


FAULTS = (
    Scenario(
        name="endpoint-missing",
        says="Somebody deleted the endpoint by which tasks reach ECR",
        broken=_without_endpoint("ecr.api"),
        unless=_unless_endpoint("ecr.api"),
        expects=lambda _: not_started("connection issue"),
    ),
    Scenario(
        name="log-endpoint-missing",
        says="Somebody deleted the endpoint by which tasks reach CloudWatch Logs",
        broken=_without_endpoint("logs"),
        unless=_unless_endpoint("logs"),
        expects=lambda _: not_started("i/o timeout"),
    ),
    Scenario(
        name="endpoint-policy-too-narrow",
        says="Somebody narrowed the policy of ECR's endpoint: tasks log in and pull nothing",
        broken=_narrow_policy,
        unless=_unless_endpoint("ecr.api"),
        expects=lambda _: not_started("AccessDeniedException"),
    ),
    Scenario(
        name="nat-gateways-deleted",
        says="Somebody deleted the NAT gateways by which tasks reach ECR",
        broken=_without_nat_gateways,
        unless=_no_nat_gateway,
        expects=lambda _: not_started("connection issue"),
    ),
    Scenario(
        name="security-group-closed",
        says="Somebody removed the rules by which tasks call out",
        broken=_nothing_goes_out,
        expects=lambda _: not_started("connection issue"),
    ),
)
