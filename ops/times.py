"""Times and durations as people read them, and as they type them."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from definitions import durations
from definitions.timetable import moment
from ops.errors import OpsError

_NAMED_DAYS = 6
"""From today, within which a day of the week says which day it is."""
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_MAY_GO_WITH = {"d": "h", "h": "min", "min": "s"}


def took(duration: timedelta) -> str:
    """Say how long something is, in its two largest units: ``2 h 5 min``."""
    rest = max(int(duration.total_seconds()), 0)
    words: list[str] = []
    expected: str | None = None
    for unit, seconds in _UNITS:
        count, rest = divmod(rest, seconds)
        if words:
            return " ".join([*words, f"{count} {unit}"]) if count and unit == expected else words[0]
        if count:
            words, expected = [f"{count} {unit}"], _MAY_GO_WITH.get(unit)
    return words[0] if words else "0 s"


def relative(instant: datetime, now: datetime) -> str:
    """Say how far away an instant is, in one unit: ``in 12 min``, ``3 h ago``."""
    distance = abs(int((instant - now).total_seconds()))
    if not distance:
        return "now"
    unit, seconds = next(one for one in _UNITS if distance >= one[1])
    words = f"{distance // seconds} {unit}"
    return f"in {words}" if instant > now else f"{words} ago"


def local(instant: datetime, zone: ZoneInfo, today: date) -> str:
    """Write an instant by a zone's clocks: ``Tue 09:30``, or ``24 Dec 09:30`` beyond a week."""
    wall = instant.astimezone(zone)
    if abs((wall.date() - today).days) <= _NAMED_DAYS:
        return f"{wall:%a %H:%M}"
    year = f" {wall.year}" if wall.year != today.year else ""
    return f"{wall.day} {wall:%b}{year} {wall:%H:%M}"


def typed(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Read what somebody types for a time of the past.

    Args:
        text: ``90s``, ``15m``, ``2h`` or ``7d`` for so long ago; ``2026-12-24`` or
            ``2026-12-24T18:00:00`` by the clocks of a zone; the latter with ``Z`` for UTC.
        zone: whose clocks.
        now: the present.

    Raises:
        OpsError: it is none of them.
    """
    if re.fullmatch(r"\d+[smhd]", text, re.ASCII):
        return now - timedelta(seconds=durations.seconds(text))
    whole = f"{text}:00" if re.fullmatch(r".*T\d\d:\d\d", text) else text
    try:
        if whole.endswith("Z"):
            return moment(whole.removesuffix("Z"), ZoneInfo("UTC"))
        return moment(whole, zone)
    except ValueError:
        raise OpsError(
            f"{text!r} is no time: write 7d, 12h, 2026-12-24 or 2026-12-24T18:00"
        ) from None


def instant(text: str, zone: str, *, last: bool = False) -> datetime:
    """Return the instant that somebody names.

    Args:
        text: ``2026-12-24T18:00`` by the clocks of a zone, or with Z or an offset; or a date.
        zone: whose clocks.
        last: of a date, take its end instead of its beginning.

    Raises:
        OpsError: it is no time, or the zone's clocks jump over it.
    """
    try:
        wall = datetime.fromisoformat(text)
        if wall.tzinfo:
            return wall.astimezone(UTC)
        if re.fullmatch(r"[-\d]+", text):
            return moment(wall.date().isoformat(), ZoneInfo(zone), last=last)
        return moment(f"{wall:%Y-%m-%dT%H:%M:%S}", ZoneInfo(zone))
    except ValueError as error:
        never = f": clocks of {zone} jump over it" if "never comes" in str(error) else ""
        raise OpsError(
            f"{text!r} is no time{never}: write 2026-12-24T18:00, or …Z for UTC"
        ) from None
