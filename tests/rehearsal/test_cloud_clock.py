"""Virtual time: order, hand-over, and nothing left behind."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from rehearsal.cloud.clock import ClockThread, LatchedEvent, VirtualClock, VirtualEvent

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    made = VirtualClock(START)
    yield made
    made.close()


def run(clock: VirtualClock, work: Callable[[], None], name: str) -> ClockThread:
    thread = ClockThread(clock, target=work, name=name)
    thread.start()
    return thread


def test_time_moves_from_deadline_to_deadline(clock: VirtualClock) -> None:
    seen: list[datetime] = []
    clock.at(START + 2 * MINUTE, lambda: seen.append(clock.now()))
    clock.at(START + MINUTE, lambda: seen.append(clock.now()))
    clock.run_until(START + 5 * MINUTE)
    assert seen == [START + MINUTE, START + 2 * MINUTE]
    assert clock.now() == START + 5 * MINUTE


def test_what_is_due_later_waits(clock: VirtualClock) -> None:
    seen: list[str] = []
    clock.at(START + 10 * MINUTE, lambda: seen.append("late"))
    clock.run_until(START + 5 * MINUTE)
    assert seen == []


def test_one_instant_goes_by_name(clock: VirtualClock) -> None:
    seen: list[str] = []
    for name in ("c", "a", "b"):
        clock.at(START, lambda name=name: seen.append(name), name)
    clock.settle()
    assert seen == ["a", "b", "c"]


def test_a_cancelled_deadline_does_not_happen(clock: VirtualClock) -> None:
    seen: list[str] = []
    clock.at(START, lambda: seen.append("never")).cancel()
    clock.settle()
    assert seen == []


def test_a_year_with_nothing_to_do_has_no_steps(clock: VirtualClock) -> None:
    clock.run_until(START + timedelta(days=365))
    assert clock.now() == START + timedelta(days=365)


def test_waiting_threads_wake_at_their_instants(clock: VirtualClock) -> None:
    seen: list[tuple[str, datetime]] = []

    def sleep(minutes: int) -> None:
        for _ in range(3):
            clock.wait(minutes * 60)
            seen.append((threading.current_thread().name, clock.now()))

    run(clock, lambda: sleep(2), "two")
    run(clock, lambda: sleep(3), "three")
    clock.run_until(START + 10 * MINUTE)
    assert seen == [
        ("two", START + 2 * MINUTE),
        ("three", START + 3 * MINUTE),
        ("two", START + 4 * MINUTE),
        ("three", START + 6 * MINUTE),
        ("two", START + 6 * MINUTE),
        ("three", START + 9 * MINUTE),
    ]


def test_time_stands_still_while_a_thread_works(clock: VirtualClock) -> None:
    at_work, go_on = threading.Event(), threading.Event()
    seen: list[datetime] = []

    def work() -> None:
        at_work.set()
        go_on.wait()
        seen.append(clock.now())

    run(clock, work, "worker")
    at_work.wait()
    driver = threading.Thread(target=clock.run_until, args=(START + MINUTE,))
    driver.start()
    go_on.set()
    driver.join()
    assert seen == [START]
    assert clock.now() == START + MINUTE


def test_a_woken_thread_acts_before_time_moves(clock: VirtualClock) -> None:
    """The hand-over: between set() and the waiter's first step nobody else is busy."""
    for _ in range(200):
        event = VirtualEvent(clock)
        seen: list[datetime] = []

        def wait(event: VirtualEvent = event, seen: list[datetime] = seen) -> None:
            event.wait()
            seen.append(clock.now())

        run(clock, wait, "waiter")
        clock.settle()
        now = clock.now()
        run(clock, event.set, "setter")
        clock.run_until(now + MINUTE)
        assert seen == [now]


def test_a_wait_ends_with_its_timeout(clock: VirtualClock) -> None:
    answers: list[bool] = []
    run(clock, lambda: answers.append(VirtualEvent(clock).wait(60)), "waiter")
    clock.run_until(START + MINUTE)
    assert answers == [False]


def test_an_event_that_is_set_in_time_beats_its_timeout(clock: VirtualClock) -> None:
    event, answers = VirtualEvent(clock), list[bool]()
    run(clock, lambda: answers.append(event.wait(60)), "waiter")
    clock.at(START + MINUTE / 2, event.set)
    clock.run_until(START + 2 * MINUTE)
    assert answers == [True]


def test_one_of_several_events_is_enough(clock: VirtualClock) -> None:
    first, second, answers = VirtualEvent(clock), VirtualEvent(clock), list[bool]()
    run(clock, lambda: answers.append(clock.wait_any([first, second], 60)), "waiter")
    clock.at(START, second.set)
    clock.settle()
    assert answers == [True]


def test_a_latched_event_stays_set(clock: VirtualClock) -> None:
    event = LatchedEvent(clock)
    event.set()
    event.clear()
    assert event.wait(60)


def test_an_event_that_was_cleared_is_waited_for_again(clock: VirtualClock) -> None:
    event, answers = VirtualEvent(clock), list[bool]()
    event.set()
    event.clear()
    run(clock, lambda: answers.append(event.wait(60)), "waiter")
    clock.run_until(START + MINUTE)
    assert answers == [False]


def test_join_waits_in_virtual_time(clock: VirtualClock) -> None:
    alive: list[bool] = []

    def parent() -> None:
        child = run(clock, lambda: clock.wait(3_600), "child")
        child.join(60)
        alive.append(child.is_alive())
        child.join()
        alive.append(child.is_alive())

    run(clock, parent, "parent")
    clock.run_until(START + timedelta(hours=2))
    assert alive == [True, False]


def test_threads_without_a_name_go_by_the_name_of_their_maker(clock: VirtualClock) -> None:
    seen: list[str] = []

    def parent() -> None:
        target: Callable[[], None] = lambda: seen.append(threading.current_thread().name)  # noqa: E731 - short
        ClockThread(clock, target=target).start()

    run(clock, parent, "execution 1")
    clock.settle()
    assert seen == ["execution 1"]


def test_time_stands_still_while_a_process_runs(clock: VirtualClock) -> None:
    clock.process_started()
    moved = threading.Event()
    clock.at(START + MINUTE, moved.set)
    driver = threading.Thread(target=clock.run_until, args=(START + MINUTE,))
    driver.start()
    assert not moved.is_set()
    assert clock.now() == START
    clock.process_ended()
    driver.join()
    assert moved.is_set()


def test_what_is_due_now_goes_on_beside_a_process(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_process_limit", 2)
    seen: list[str] = []
    clock.process_started()
    clock.at(START, lambda: (seen.append("second process"), clock.process_ended()))
    clock.settle()
    assert seen == ["second process"]


def test_no_more_processes_at_once_than_the_machine_can_run(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_process_limit", 1)
    clock.process_started()
    started = threading.Event()
    clock.at(START, started.set)
    driver = threading.Thread(target=clock.settle)
    driver.start()
    assert not started.is_set()
    clock.process_ended()
    driver.join()
    assert started.is_set()


def test_run_until_stops_when_all_is_done(clock: VirtualClock) -> None:
    event = LatchedEvent(clock)
    clock.at(START + MINUTE, event.set)
    clock.run_until(START + timedelta(days=1), event.is_set)
    assert clock.now() == START + MINUTE


def test_an_error_in_a_thread_reaches_whoever_moves_time(clock: VirtualClock) -> None:
    def fail() -> None:
        raise ValueError("broken")

    run(clock, fail, "failing")
    with pytest.raises(ValueError, match="broken"):
        clock.settle()


def test_an_error_in_a_callback_reaches_whoever_moves_time(clock: VirtualClock) -> None:
    clock.at(START, lambda: int("x"))
    with pytest.raises(ValueError, match="invalid literal"):
        clock.settle()


def test_the_thread_that_moves_time_cannot_wait(clock: VirtualClock) -> None:
    clock.at(START, lambda: clock.wait(1))
    with pytest.raises(RuntimeError, match="nobody would move time"):
        clock.settle()


def test_closing_ends_every_waiting_thread() -> None:
    clock = VirtualClock(START)

    def wait_in_vain() -> None:
        with suppress(Exception):  # as moto does: it must not stop the end
            clock.wait(3_600)

    threads = [run(clock, wait_in_vain, f"waiting {number}") for number in range(5)]
    clock.settle()
    clock.close()
    assert not [thread for thread in threads if threading.Thread.is_alive(thread)]
