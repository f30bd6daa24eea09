"""AWS's list prices, in USD and before free tiers, of what a stack consists of.

By hand, from the pages in ``SOURCES`` and the price lists behind them
(https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/index.json). A price that was not looked up
in its region is named there by ``taken_from_elsewhere``; a region without an entry has no prices.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

AS_OF = "2026-11-22"
"""When the table was last gone through."""

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "Fargate": "https://aws.amazon.com/fargate/pricing/",
        "endpoints": "https://aws.amazon.com/privatelink/pricing/",
        "NAT gateways, public addresses": "https://aws.amazon.com/vpc/pricing/",
        "Step Functions": "https://aws.amazon.com/step-functions/pricing/",
        "Scheduler": "https://aws.amazon.com/eventbridge/pricing/",
        "logs, alarms, dashboards, Container Insights": (
            "https://aws.amazon.com/cloudwatch/pricing/"
        ),
        "keys": "https://aws.amazon.com/kms/pricing/",
        "secrets": "https://aws.amazon.com/secrets-manager/pricing/",
    }
)

# The same in every region of the table.
KEY_MONTH = 1.00
SECRET_MONTH = 0.40
ALARM_METRIC_MONTH = 0.10
DASHBOARD_MONTH = 3.00
CUSTOM_METRIC_MONTH = 0.30
PUBLIC_ADDRESS_HOUR = 0.005
STATE_TRANSITION = 0.025 / 1_000
ENDPOINT_GB = 0.01

SPOT_SHARE = 0.3
"""Of the price on demand that Spot costs: about, for it changes and differs by region."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What differs from region to region."""

    endpoint_hour: float
    """Of an interface endpoint, for each zone."""
    nat_hour: float
    """Of a NAT gateway without its address."""
    nat_gb: float
    """Of what goes through it, in either direction."""
    x86_64: tuple[float, float]
    """Fargate, Linux: an hour of a vCPU and of a GB of memory."""
    arm64: tuple[float, float]
    """The same on Graviton."""
    storage_gb_hour: float
    """Fargate: beyond the 20 GB that each task has."""
    log_gb: float
    """CloudWatch Logs, ingested."""
    million_triggers: float
    """EventBridge Scheduler."""
    taken_from_elsewhere: tuple[str, ...] = ()
    """What was not looked up in this region: taken from one that has the same other prices."""


_SCHEDULER, _STORAGE = "Scheduler", "task storage over 20 GB"
_NORTH_AMERICA = Prices(
    endpoint_hour=0.010,
    nat_hour=0.045,
    nat_gb=0.045,
    x86_64=(0.04048, 0.004445),
    arm64=(0.03238, 0.00356),
    storage_gb_hour=0.000111,
    log_gb=0.50,
    million_triggers=1.00,
)

PRICES: Mapping[str, Prices] = MappingProxyType(
    {
        "us-east-1": _NORTH_AMERICA,
        "us-east-2": _NORTH_AMERICA,
        "us-west-2": _NORTH_AMERICA,
        "eu-west-1": Prices(
            endpoint_hour=0.011,
            nat_hour=0.048,
            nat_gb=0.048,
            x86_64=(0.04048, 0.004445),
            arm64=(0.03238, 0.00356),
            storage_gb_hour=0.000122,
            log_gb=0.57,
            million_triggers=1.00,
            taken_from_elsewhere=(_STORAGE, _SCHEDULER),
        ),
        "eu-central-1": Prices(
            endpoint_hour=0.012,
            nat_hour=0.052,
            nat_gb=0.052,
            x86_64=(0.04656, 0.00511),
            arm64=(0.03725, 0.00409),
            storage_gb_hour=0.000132,
            log_gb=0.63,
            million_triggers=1.25,
            taken_from_elsewhere=(_STORAGE, _SCHEDULER),
        ),
        "ap-northeast-1": Prices(
            endpoint_hour=0.014,
            nat_hour=0.062,
            nat_gb=0.062,
            x86_64=(0.05056, 0.00553),
            arm64=(0.04045, 0.00442),
            storage_gb_hour=0.000133,
            log_gb=0.76,
            million_triggers=1.25,
        ),
        "ap-southeast-1": Prices(
            endpoint_hour=0.013,
            nat_hour=0.059,
            nat_gb=0.059,
            x86_64=(0.05056, 0.00553),
            arm64=(0.04045, 0.00442),
            storage_gb_hour=0.000133,
            log_gb=0.70,
            million_triggers=1.25,
            taken_from_elsewhere=(_STORAGE, _SCHEDULER),
        ),
        "ap-southeast-2": Prices(
            endpoint_hour=0.013,
            nat_hour=0.059,
            nat_gb=0.059,
            x86_64=(0.04856, 0.00532),
            arm64=(0.03885, 0.00426),
            storage_gb_hour=0.000133,
            log_gb=0.67,
            million_triggers=1.25,
            taken_from_elsewhere=(_STORAGE, _SCHEDULER),
        ),
    }
)
