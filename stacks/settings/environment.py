"""Environment variables, of containers and of jobs."""

import re
from typing import Annotated, cast

from pydantic import AfterValidator, PlainValidator, ValidationInfo

from stacks.settings.base import quoted_date
from stacks.settings.grants import Reference, reference
from stacks.wording import flow, kind, shown

OWN_VARIABLES = (
    *("JOB_NAME", "JOB_RUN_ID", "JOB_ATTEMPT", "JOB_SCHEDULED_TIME"),
    *("JOB_EVENT", "JOB_EVENT_ID"),
    *("JOB_ARRAY_INDEX", "JOB_ARRAY_SIZE", "JOB_ARRAY_ITEM"),
    *("JOB_TASK_TOKEN", "JOB_ACTIVITY_ARN", "JOB_HEARTBEAT_SECONDS"),
)
"""The environment variables that every run sets itself."""

NAME_FORM = f"^(?!AWS_|ECS_|({'|'.join(OWN_VARIABLES)})$)[A-Za-z_][A-Za-z0-9_]*$"
"""What the names of variables look like, for a JSON Schema."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _variable_name(name: str) -> str:
    """Check the name of an environment variable."""
    if not _VARIABLE.fullmatch(name):
        suggestion = re.sub(r"\W", "_", name, flags=re.ASCII)
        suggestion = f"_{suggestion}" if not suggestion or suggestion[0].isdigit() else suggestion
        raise ValueError(f"is not a name for an environment variable: write {suggestion}")
    if name.startswith(("AWS_", "ECS_")):
        raise ValueError("begins as those that AWS sets itself do: take another name")
    if name in OWN_VARIABLES:
        raise ValueError("is set by every run itself: take another name")
    return name


VariableName = Annotated[str, AfterValidator(_variable_name)]


def _value(value: object, info: ValidationInfo) -> str | Reference:
    """Check that it is a text, or refers to something of the stack."""
    if isinstance(value, str):
        return quoted_date(value)
    if isinstance(value, dict):
        return reference(cast("dict[str, object]", value), info)
    remedy = f'quote it: "{flow(value)}"' if isinstance(value, int | float) else "write text"
    raise ValueError(f"{shown(value)} is {kind(value)}: {remedy}")


Environment = dict[
    VariableName,
    Annotated[str | Reference, PlainValidator(_value, json_schema_input_type=str | dict[str, str])],
]
