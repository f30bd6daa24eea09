"""Times to come, as people type them."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from definitions import durations
from definitions.timetable import moment
from ops.errors import OpsError

_TO_THE_MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)
_FORMS = "write 2h, 2026-12-24 or 2026-12-24T18:00"


def coming(option: str, text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the instant that a text means, in UTC.

    Args:
        option: what it was typed for, as ``--until``.
        text: ``90s``, ``15m``, ``2h`` or ``7d`` from now; ``2026-12-24`` or ``2026-12-24T18:00`` by
            the clocks of a zone, with a Z behind by UTC's.
        zone: whose clocks.
        now: the present.

    Raises:
        OpsError: it is none of them, or past.
    """
    if re.fullmatch(r"\d+[smhd]", text, re.ASCII):
        found = now + timedelta(seconds=durations.seconds(text))
    else:
        wall = text.removesuffix("Z")
        whole = f"{wall}:00" if _TO_THE_MINUTE.fullmatch(wall) else wall
        try:
            found = moment(whole, ZoneInfo("UTC") if text.endswith("Z") else zone)
        except ValueError as error:
            reason = str(error)
            if "not a date" in reason:
                reason = f"{text!r} is no time: {_FORMS}"
            raise OpsError(f"{option} {reason}") from None
    if found <= now:
        raise OpsError(f"{option} {text} is past: write a time to come")
    return found


def clocks(instant: datetime, zone: str) -> str:
    """Write an instant by the clocks of a zone: ``2026-11-24 18:00 Asia/Tokyo``."""
    wall = instant.astimezone(ZoneInfo(zone))
    return f"{wall:%Y-%m-%d %H:%M}{f':{wall:%S}' if wall.second else ''} {zone}"
