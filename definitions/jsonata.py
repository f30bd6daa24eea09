"""JSONata, the language of expressions in the state machines."""

import json
from typing import Any


def expression(text: str) -> str:
    """Wrap an expression as Step Functions wants it; line breaks are for the reader only."""
    return "{% " + " ".join(text.split()) + " %}"


def literal(value: Any) -> str:
    """Spell a JSON value inside an expression, so that no space of its texts is lost there."""
    return json.dumps(value, separators=(",", ":")).replace("  ", " \\u0020")
