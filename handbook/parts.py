"""The parts of the pages that are made from the code, each between marks of its name.

``<!-- settings -->`` and ``<!-- /settings -->`` hold the table of settings, and so on; a flow's
picture has the marks of :mod:`stacks.flow_pictures`. What stands between is written anew by
``make generate``, and a test says when it is not what the code says.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from handbook.alarms import alarms
from handbook.commands import exit_codes, ops_commands, rehearsal_commands
from handbook.exports import exports
from handbook.roles import boundary, roles
from stacks import flow_pictures, settings_table

ROOT = Path(__file__).parent.parent

PARTS: Mapping[str, Callable[[], str]] = {
    "settings": settings_table.table,
    "ops": ops_commands,
    "exit-codes": exit_codes,
    "rehearsal": rehearsal_commands,
    "exports": exports,
    "roles": roles,
    "boundary": boundary,
    "alarms": alarms,
}
"""What stands between the marks of each name."""

_MARKED = re.compile(rf"(<!-- ({'|'.join(PARTS)}) -->)\n.*?(<!-- /\2 -->)", re.DOTALL)


def pages() -> list[Path]:
    """Return the pages of the site."""
    return sorted((ROOT / "docs").rglob("*.md"))


def generated(text: str) -> str:
    """Return a page with its generated parts as the code says now."""
    whole = _MARKED.sub(lambda part: f"{part[1]}\n\n{PARTS[part[2]]()}\n\n{part[3]}", text)
    return flow_pictures.with_pictures(whole, ROOT)
