"""What a stack costs: arithmetic on prices, in USD. A month has 730 hours, as in AWS's calculator.

Transitions are counted as the machines make them for a run that succeeds at its first attempt.
"""

from definitions.prices import (
    CUSTOM_METRIC_MONTH,
    PUBLIC_ADDRESS_HOUR,
    SPOT_SHARE,
    Prices,
)
from definitions.sizes import MIB_PER_GIB

HOURS_A_MONTH = 730
MINUTES_AN_HOUR = 60
LEAST_MINUTES = 1
"""Fargate bills by the second, from the pull of the image on, and at least a minute."""

FREE_STORAGE_GB = 20
CPU_UNITS_A_VCPU = 1_024
METRICS_OF_A_CONTAINER = 10
"""That Container Insights keep of a task definition, about."""
INSIGHTS_MONTH = METRICS_OF_A_CONTAINER * CUSTOM_METRIC_MONTH

ALARM_METRICS = 10
"""Of the alarms that every stack has."""
ALARM_METRICS_OF_WATCHER = 3
ALARM_METRICS_OF_LATE = 1

TRANSITIONS_TO_START = 2
TRANSITIONS_TO_LOOK_FOR_OLDER = 2
"""More, unless the overlap is ``allow``."""
TRANSITIONS_OF_CALENDAR = 1
TRANSITIONS_OF_A_SKIP = 5
"""Of a trigger that a calendar keeps from starting a run, all in all."""
TRANSITIONS_OF_A_TASK = 2
TRANSITIONS_OF_AN_ARRAY = 3
"""Beside its elements."""
TRANSITIONS_OF_A_WORKER = 4
TRANSITIONS_NOT_TOLD = 2
"""Of the notifier, which hears of every end."""
TRANSITIONS_TOLD = 5
TRANSITIONS_OF_LOOKING_BACK = 2
"""More, of a job that wants to hear of its recovery."""
TRANSITIONS_EXPECTED = 7
"""Of the watcher, for each run whose success is due by a time."""
TRANSITIONS_WATCHED = 6
"""Of the watcher, for each run that people are warned of while it takes long."""


def task_hour(
    prices: Prices,
    *,
    cpu_units: int,
    memory_mib: int,
    architecture: str,
    storage_gb: int | None = None,
    spot: bool = False,
    public_address: bool = False,
) -> float:
    """Return what an hour of a task costs.

    Args:
        prices: of its region.
        cpu_units: 1,024 are one vCPU.
        memory_mib: its memory.
        architecture: ``arm64`` or ``x86_64``.
        storage_gb: its ephemeral storage, if more than every task has.
        spot: it runs on spare capacity. Its storage has no discount.
        public_address: it has an address on the internet.
    """
    vcpu_hour, memory_gb_hour = prices.arm64 if architecture == "arm64" else prices.x86_64
    compute = cpu_units / CPU_UNITS_A_VCPU * vcpu_hour + memory_mib / MIB_PER_GIB * memory_gb_hour
    storage = max(0, (storage_gb or 0) - FREE_STORAGE_GB) * prices.storage_gb_hour
    address = PUBLIC_ADDRESS_HOUR if public_address else 0
    return compute * (SPOT_SHARE if spot else 1) + storage + address


def billed_hours(minutes: float) -> float:
    """Return how many hours of a task are paid that takes so many minutes."""
    return max(minutes, LEAST_MINUTES) / MINUTES_AN_HOUR


def endpoints_month(prices: Prices, *, services: int, zones: int) -> float:
    """Return what interface endpoints cost, without what goes through them."""
    return services * zones * prices.endpoint_hour * HOURS_A_MONTH


def nat_month(prices: Prices, *, gateways: int) -> float:
    """Return what NAT gateways with their addresses cost, without what goes through them."""
    return gateways * (prices.nat_hour + PUBLIC_ADDRESS_HOUR) * HOURS_A_MONTH


def break_even_gb(cheap_month: float, cheap_gb: float, dear_month: float, dear_gb: float) -> float:
    """Return from how many GB a month on the one that is cheaper while idle costs more.

    Infinite if its GB cost no more than the other's.
    """
    if cheap_gb <= dear_gb:
        return float("inf")
    return (dear_month - cheap_month) / (cheap_gb - dear_gb)
