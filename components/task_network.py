"""What a network gives to a job, whichever way it is built."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class TaskNetwork:
    """The four things a task needs to know of its network."""

    subnet_ids: list[pulumi.Output[str]]
    """Subnets that tasks start in, one a zone."""
    security_group_id: pulumi.Output[str]
    """Security group of every task."""
    assign_public_ip: bool
    """Whether a task gets a public address: without one it reaches endpoints only."""
    ready: list[pulumi.Output[str]]
    """Ids of what must exist before a task can pull its image: routes, endpoints, rules."""
