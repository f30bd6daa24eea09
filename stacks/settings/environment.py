"""Environment variables, of containers and of jobs."""

import re
from typing import Annotated

from pydantic import AfterValidator

from stacks.settings.base import Text

OWN_VARIABLES = (
    "JOB_NAME",
    "JOB_RUN_ID",
    "JOB_ATTEMPT",
    "JOB_SCHEDULED_TIME",
    "JOB_ARRAY_INDEX",
    "JOB_ARRAY_SIZE",
    "JOB_ARRAY_ITEM",
    "JOB_TASK_TOKEN",
)
"""The environment variables that every run sets itself."""

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

Environment = dict[VariableName, Text]
