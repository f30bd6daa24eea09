"""When a schedule fires, by other people's arithmetic: aws-croniter, and a zone's offsets."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from aws_croniter import AwsCroniter

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "America/Santiago",  # clocks jump over midnight, and the hour before it comes twice
    "Africa/Casablanca",  # summer time all year, but for a month
    "Asia/Tokyo",  # never
)
_MORE_THAN_ANY_OFFSET = timedelta(hours=26)


def cron_fires(fields: str, start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return when the fields of a cron() fire from a start (included) to an end (not included)."""
    walls = _wall_times(fields, start.astimezone(UTC) - _MORE_THAN_ANY_OFFSET)
    fires: list[datetime] = []
    for wall in walls:
        if wall - _MORE_THAN_ANY_OFFSET >= end:
            break
        if (first := first_instant(wall.replace(tzinfo=None), zone)) and start <= first < end:
            fires.append(first)
    return fires


def _wall_times(fields: str, start: datetime) -> Iterator[datetime]:
    """Yield what the cron means on a clock that nobody ever changes."""
    cron = AwsCroniter(fields)
    for _ in count():
        # It searches ten months at most without finding one.
        found = [time for time in cron.get_next(start, n=500) if time is not None]
        if not found:
            return
        yield from found
        start = found[-1]


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when the zone's clocks first show a naive time, or None if they never do.

    It asks what clocks show at an instant only, never at which instant they show something.
    """
    utc = wall.replace(tzinfo=UTC)
    offsets = {_offset(utc + sign * _MORE_THAN_ANY_OFFSET, zone) for sign in (-1, 1)}
    return min(
        (utc - offset for offset in offsets if _offset(utc - offset, zone) == offset), default=None
    )


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return offset
