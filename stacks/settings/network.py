"""``network:``: the VPC that the containers run in."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic.alias_generators import to_camel

from definitions import subnets
from stacks.settings.base import MODEL, EntryError, ListOf, like
from stacks.wording import shown

MAX_SUBNETS, MAX_SECURITY_GROUPS = 16, 5
"""What a task may have (ECS, AwsVpcConfiguration)."""

_OWN = ("endpoints", "nat", "public")
_MODES_OF = {
    "cidr": _OWN,
    "availability_zones": _OWN,
    "nat_gateways": ("nat",),
    "vpc_id": ("existing",),
    "subnet_ids": ("existing",),
    "security_group_ids": ("existing",),
    "assign_public_ip": ("existing",),
}
"""The keys that say something in certain modes only."""


def _plannable(cidr: str) -> str:
    """Check that subnets for all zones fit, so that zones can be added later."""
    subnets.plan_subnets(cidr, zones=subnets.MAX_ZONES)
    return cidr


_ID = "-([0-9a-f]{8}|[0-9a-f]{17})"


def _id_of(kind: str) -> Callable[[str], str]:
    """Return a check of the form of an id that EC2 made."""

    def check(text: str) -> str:
        if not re.fullmatch(kind + _ID, text):
            raise ValueError(f"{shown(text)} is not an id: write one like {kind}-0123456789abcdef0")
        return text

    return check


def _like_id_of(kind: str) -> WithJsonSchema:
    """Say for editors what such an id looks like."""
    return like(f"^{kind}{_ID}$", f"an id like {kind}-0123456789abcdef0")


Mode = Literal["endpoints", "nat", "public", "existing"]
Cidr = Annotated[
    str,
    AfterValidator(_plannable),
    like("^[0-9]{1,3}([.][0-9]{1,3}){3}/[0-9]{1,2}$", "a range like 10.40.0.0/16"),
]
VpcId = Annotated[str, AfterValidator(_id_of("vpc")), _like_id_of("vpc")]
SubnetId = Annotated[str, AfterValidator(_id_of("subnet")), _like_id_of("subnet")]
SecurityGroupId = Annotated[str, AfterValidator(_id_of("sg")), _like_id_of("sg")]


class NetworkSettings(BaseModel):
    """Where the containers run."""

    model_config = MODEL

    mode: Mode = Field(
        description="`endpoints`: private subnets without any way to the internet, AWS is reached "
        "through VPC endpoints. `nat`: private subnets that call the internet through NAT "
        "gateways. `public`: public subnets and addresses, nothing to pay while idle. `existing`: "
        "subnets that you have.",
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
    nat_gateways: Literal["one", "onePerZone"] = Field(
        default="one",
        description="In mode `nat`: `one` for all zones, whose zone takes the way out of all with "
        "it, or `onePerZone`.",
        examples=["onePerZone"],
    )
    vpc_id: VpcId | None = Field(
        default=None,
        description="In mode `existing`: the VPC that the subnets must be in.",
        examples=["vpc-0123456789abcdef0"],
    )
    subnet_ids: Annotated[ListOf[SubnetId], Field(max_length=MAX_SUBNETS)] = Field(
        default=(),
        description="In mode `existing`: the subnets that tasks start in, best in several zones.",
        examples=[["subnet-0123456789abcdef0"]],
    )
    security_group_ids: Annotated[
        ListOf[SecurityGroupId], Field(max_length=MAX_SECURITY_GROUPS)
    ] = Field(
        default=(),
        description="In mode `existing`: the security groups of tasks. They must let HTTPS out.",
        examples=[["sg-0123456789abcdef0"]],
    )
    assign_public_ip: bool = Field(
        default=False,
        validate_default=True,
        description="In mode `existing`: whether tasks get a public address, which they need where "
        "the way out is an internet gateway.",
        examples=[True],
    )

    @field_validator("assign_public_ip")
    @classmethod
    def _names_a_network(cls, assign_public_ip: bool, info: ValidationInfo) -> bool:
        for key, example in (("subnet_ids", "subnet"), ("security_group_ids", "sg")):
            if info.data.get("mode") == "existing" and info.data.get(key) == ():
                name = to_camel(key)
                raise EntryError(f"has no {name}: write {name}: [{example}-0123456789abcdef0]")
        return assign_public_ip

    @field_validator(*_MODES_OF, mode="before")
    @classmethod
    def _says_something(cls, value: Any, info: ValidationInfo) -> Any:
        key = str(info.field_name)
        mode, modes = info.data.get("mode"), _MODES_OF[key]
        if mode is not None and mode not in modes and value != cls.model_fields[key].default:
            raise ValueError(f"says nothing in mode {mode}: remove it, or write mode: {modes[0]}")
        return value
