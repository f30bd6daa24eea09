"""``network:``: the VPC that the containers run in."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from definitions import subnets
from stacks.settings.base import MODEL
from stacks.wording import shown


def _offered_mode(mode: object) -> object:
    """Tell the modes to come from mistyped ones."""
    if mode in ("nat", "existing"):
        raise ValueError(f"{shown(mode)} is not offered yet: write endpoints or public")
    return mode


def _plannable(cidr: str) -> str:
    """Check that subnets for all zones fit, so that zones can be added later."""
    subnets.plan_subnets(cidr, zones=subnets.MAX_ZONES)
    return cidr


Mode = Annotated[Literal["endpoints", "public"], BeforeValidator(_offered_mode)]
Cidr = Annotated[str, AfterValidator(_plannable)]


class NetworkSettings(BaseModel):
    """Where the containers run."""

    model_config = MODEL

    mode: Mode = Field(
        description="`endpoints`: private subnets without any way to the internet, AWS is reached "
        "through VPC endpoints. `public`: public subnets and addresses, nothing to pay while idle.",
        examples=["endpoints", "public"],
    )
    cidr: Cidr = Field(
        default="10.40.0.0/16",
        description="The VPC's address range, /16 to /24, from a private range.",
        examples=["10.40.0.0/16"],
    )
    availability_zones: int = Field(
        default=2,
        ge=1,
        le=subnets.MAX_ZONES,
        description="How many availability zones are used. Each one costs its own endpoints.",
        examples=[1],
    )
