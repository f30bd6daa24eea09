"""What the measuring process hands to the one that prints. Imports nothing that takes time."""

from dataclasses import dataclass

PROJECT = "fargate-batch"
STACK = "bench"
REGION = "ap-northeast-1"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one evaluation took and made."""

    seconds: float
    """From the first import to the end of the program."""
    peak_mib: float
    custom: int
    """Resources that a provider makes, providers included."""
    components: int
    """Resources that only hold others, and those that the provider makes of several."""
    invokes: int
    """Calls of data sources."""
    depth: int
    """Custom resources on the longest chain in which each waits for the one before."""


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """What an hour of a stack in the embedded AWS took."""

    deploy_seconds: float
    hour_seconds: float
    """Real seconds for one virtual hour in which every job runs once."""
    peak_mib: float
    resources: int
    """Registered resources, components included."""
    runs: int
    succeeded: int
