"""A signal ends the program between two lines, never inside one."""

import signal
from collections.abc import Iterator

import pytest
from list_files.stopping import SIGNALS, Stopped, listen, undisturbed


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_waits_until_the_block_is_done() -> None:
    listen()
    done: list[str] = []

    def two_steps() -> None:
        with undisturbed():
            signal.raise_signal(signal.SIGTERM)
            done.append("first")
            done.append("second")
        done.append("after")

    with pytest.raises(Stopped) as stop:
        two_steps()
    assert done == ["first", "second"]
    assert (stop.value.signal_name, stop.value.exit_code) == ("SIGTERM", 143)


def test_a_second_signal_does_not_cut_the_farewell_short() -> None:
    listen()
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)


def test_a_client_that_tries_again_after_a_failure_does_not_take_a_stop_for_one() -> None:
    assert not issubclass(Stopped, Exception)
