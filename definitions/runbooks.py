"""Where people read what to do: a page for each way a run ends badly, a section for each alarm.

Messages and alarms name these pages, so their names are made here. A stack may say where it shows
them (``notify.runbooks``); without that, the path of the file in this project is named.
"""

FOLDER = "docs/runbooks"
"""Where the pages are in this project."""

CLASSES = (
    "failed",
    "not started",
    "spot reclaimed",
    "out of memory",
    "timed out",
    "heartbeat lost",
    "worker lost",
    "stopped",
    "replaced",
    "missing",
    "late",
)
"""All that can become of a run but success, in the words of the messages."""

ALARMS = (
    "dead-letters",
    "dispatcher-failed",
    "notifier-failed",
    "rule-failed",
    "triggers-dropped",
    "triggers-lost",
    "watcher-failed",
)
"""The alarms that a stack may have, by their names without the stack's prefix."""


def folder(base: str | None = None) -> str:
    """Return what the pages are under: the address where a stack shows them, or their folder."""
    return FOLDER if base is None else base.rstrip("/")


def of_class(what: str, base: str | None = None) -> str:
    """Return the page about a class of end; ``base`` is the address that the pages are under."""
    return f"{folder(base)}/{what.replace(' ', '-')}.md"


def of_alarm(alarm: str, base: str | None = None) -> str:
    """Return the section about an alarm, by its name without the stack's prefix."""
    return f"{folder(base)}/alarms.md#{alarm}"
