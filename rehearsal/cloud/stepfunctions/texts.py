"""How Step Functions spells values in texts."""

import json
from datetime import datetime
from typing import Any


def compact(value: Any) -> str:
    """Write JSON as Step Functions does, without spaces."""
    return json.dumps(value, separators=(",", ":"))


def milliseconds(instant: datetime) -> int:
    """Write an instant as optimized integrations and events do."""
    return round(instant.timestamp() * 1_000)
