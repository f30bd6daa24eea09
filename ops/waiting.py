"""Waiting in real time, for AWS to get on or to be reached again."""

# botocore has no types:
# pyright: reportMissingTypeStubs=false

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from botocore import exceptions

from ops.aws import explained
from ops.output import say

FIRST_SECONDS = 0.3
LONGEST_SECONDS = 3.0
"""Of a pause between two looks; each is twice the one before it."""

_NO_NETWORK = (exceptions.ConnectionError, exceptions.HTTPClientError)

_Answer = TypeVar("_Answer")


def rounds() -> Iterator[None]:
    """Yield at once, and again after each pause, for as long as somebody asks."""
    pause = FIRST_SECONDS
    while True:
        yield
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_SECONDS)


def reached(ask: Callable[[], _Answer]) -> _Answer:
    """Ask AWS something that may be asked twice, for as long as the network is lost."""
    lost = False
    for _ in rounds():
        try:
            answer = ask()
        except _NO_NETWORK as error:
            if not lost:
                say(f"{explained(error)}; trying again")
            lost = True
        else:
            if lost:
                say("AWS is reached again")
            return answer
    raise AssertionError("rounds never end")
