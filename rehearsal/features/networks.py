"""Networks with NAT: from each of a job's subnets, tasks reach what they need and the internet."""

from typing import Any

from rehearsal.cloud.network import Place
from rehearsal.scenario import Scenario, succeeded
from rehearsal.stage import Facts, Stage

_WAYS = ("endpoint", "NAT gateway", "internet gateway")
"""What a connection may go through to leave a subnet; NAT goes on to an internet gateway."""


def _ways(stage: Stage, _: Scenario) -> Facts:
    """Look from each subnet, as a task in it would, and let one run go through."""
    run = stage.trigger(stage.job)
    stage.finish()
    return {
        **stage.facts(run),
        "ECR": _through(stage, "ecr.api"),
        "logs": _through(stage, "logs"),
        "S3": _through(stage, "s3"),
        "the internet": _through(stage, None),
    }


def _through(stage: Stage, service: str | None) -> str:
    """Say what connections from the job's subnets go through."""
    found: set[str] = set()
    for place in _places(stage):
        kinds = {support.kind for support in stage.aws.network.reach(place, service).supports}
        found.add(next(way for way in _WAYS if way in kinds))
    return " + ".join(sorted(found))


def _places(stage: Stage) -> list[Place]:
    placement = stage.placement(stage.job)
    return [
        Place(
            region=stage.aws.region,
            subnet_id=subnet,
            group_ids=tuple(placement["SecurityGroups"]),
            public_address=placement["AssignPublicIp"] == "ENABLED",
            task_id="none",
        )
        for subnet in placement["Subnets"]
    ]


def _no_nat(stage: Stage) -> str | None:
    ec2: Any = stage.aws.client("ec2")
    subnets = ec2.describe_subnets(SubnetIds=stage.placement(stage.job)["Subnets"])["Subnets"]
    in_vpc = [{"Name": "vpc-id", "Values": [subnets[0]["VpcId"]]}]
    return None if ec2.describe_nat_gateways(Filter=in_vpc)["NatGateways"] else "no NAT gateway"


FEATURES = (
    Scenario(
        name="network-nat",
        says="Tasks in each subnet reach AWS, and the internet through a NAT gateway",
        act=_ways,
        unless=_no_nat,
        expects=lambda _: {
            **succeeded(),
            "ECR": "NAT gateway",
            "logs": "NAT gateway",
            "S3": "endpoint",
            "the internet": "NAT gateway",
        },
    ),
)
