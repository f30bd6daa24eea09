"""Being told to stop: SIGTERM from ECS, 30 seconds before SIGKILL, or Ctrl-C."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

SIGNALS = {signal.SIGTERM, signal.SIGINT}


class Stopped(BaseException):
    """The process was told to stop.

    Not an Exception: nothing on the way up, such as a client that tries again, may take it for a
    failure of its own.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_name = signal.Signals(signal_number).name
        self.exit_code = 128 + signal_number  # as a shell reports it


def listen() -> None:
    """Raise Stopped in the main thread at the first signal, even while it waits for S3.

    To be called before anything slow: in a container the program is process 1, and process 1
    does not hear a signal that it has no handler for.
    """
    for number in SIGNALS:
        signal.signal(number, _raise_stopped)


def _raise_stopped(signal_number: int, _frame: FrameType | None) -> NoReturn:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # a second one must not cut the farewell short
    raise Stopped(signal_number)


@contextmanager
def undisturbed() -> Generator[None]:
    """Put a signal off until the block is done, so that lines and counts agree."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
