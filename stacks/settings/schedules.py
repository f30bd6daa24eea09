"""When a job runs: its schedule and the time zone of it."""

from typing import Annotated, cast

from pydantic import AfterValidator, BeforeValidator

from definitions import schedules


def _expression(schedule: object) -> object:
    """Check a cron() or rate()."""
    if isinstance(schedule, list):
        # [cron(5,35 * * * ? *)] is divided at the comma.
        parts = [str(part) for part in cast("list[object]", schedule)]
        raise ValueError(f"is a list: write {','.join(parts)} without brackets")
    if isinstance(schedule, str):
        schedules.parse(schedule)
    return schedule


def _zone(timezone: str) -> str:
    """Check that there is such a time zone."""
    schedules.check_zone(timezone)
    return timezone


Schedule = Annotated[str, BeforeValidator(_expression)]
Timezone = Annotated[str, AfterValidator(_zone)]
