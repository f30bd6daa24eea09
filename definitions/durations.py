"""Durations as people write them in a stack file: ``90s``, ``15m``, ``2h``, ``1d``."""

import re

SECONDS_PER_UNIT = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

FORM = "^[0-9]+[smhd]$"
"""What all durations look like, for a JSON Schema."""

_DURATION = re.compile(r"(\d+)([smhd])", re.ASCII)
_WITH_WORDS = re.compile(r"(\d+)\s*([a-z]+)", re.ASCII | re.IGNORECASE)
_UNIT_WORDS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
}
_UNIT_OF_WORD = {word: unit for unit, words in _UNIT_WORDS.items() for word in words}


def seconds(text: object) -> int:
    """Return the seconds that a duration such as ``15m`` stands for.

    Args:
        text: a whole number and one of the units s, m, h, d. Anything else that a stack file may
            hold is welcome too, and refused by name.

    Raises:
        ValueError: one line that says what to write instead.
    """
    if isinstance(text, int) and not isinstance(text, bool):
        raise ValueError(f"{text} has no unit: write {_suggest_units(text)}")
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not a duration: write 90s, 15m, 2h or 1d")
    if match := _DURATION.fullmatch(text):
        return int(match[1]) * SECONDS_PER_UNIT[match[2]]
    raise ValueError(f'"{text}" is not a duration: write {_remedy(text)}')


def text(duration_seconds: int) -> str:
    """Return the shortest way to write a number of seconds: 900 is ``15m``."""
    for unit in ("d", "h", "m"):
        if duration_seconds and duration_seconds % SECONDS_PER_UNIT[unit] == 0:
            return f"{duration_seconds // SECONDS_PER_UNIT[unit]}{unit}"
    return f"{duration_seconds}s"


def _remedy(wrong: str) -> str:
    """Return what the writer most likely meant."""
    wrong = wrong.strip()
    if wrong.isascii() and wrong.isdigit():
        return _suggest_units(int(wrong))
    match = _WITH_WORDS.fullmatch(wrong)
    if match and (unit := _UNIT_OF_WORD.get(match[2].lower())):
        return f"{int(match[1])}{unit}"
    return "a whole number and a unit: 90s, 15m, 2h or 1d"


def _suggest_units(number: int) -> str:
    """Return the ways to write a number: seconds that are whole minutes were meant as seconds."""
    if number <= 0:
        return "90s, 15m, 2h or 1d"
    shorter = text(number)
    return (
        f"{number}s, {number}m or {number}h"
        if shorter == f"{number}s"
        else f"{number}s or {shorter}"
    )
