"""Virtual time: order, hand-over, and nothing left behind."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo

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


class Following:
    """A clock that follows the machine's, in a thread of its own."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.errors: list[BaseException] = []
        self.idle = threading.Event()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        self.clock.follow(self._ends.is_set, self.errors.append, self.idle.set)

    def end(self) -> None:
        self._ends.set()
        self.clock.soon(lambda: None)
        self.join()

    def join(self) -> None:
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def following(clock: VirtualClock) -> Iterator[Following]:
    made = Following(clock)
    yield made
    made.end()


def test_a_clock_that_follows_shows_the_machines_time(following: Following) -> None:
    assert following.idle.wait(10)
    before = datetime.now(UTC)
    assert before <= following.clock.now() <= datetime.now(UTC)


def test_a_clock_that_follows_does_not_go_back_when_the_machines_does(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert following.idle.wait(10)
    shown = following.clock.now()

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) - MINUTE

    monkeypatch.setattr("rehearsal.cloud.clock.datetime", Earlier)
    assert following.clock.now() >= shown


def test_what_is_due_soon_happens_while_following_and_not_before_its_time(
    following: Following,
) -> None:
    assert following.idle.wait(10)
    clock, happened = following.clock, threading.Event()
    due = clock.now() + timedelta(milliseconds=20)
    seen: list[datetime] = []

    def act() -> None:
        seen.append(clock.now())
        happened.set()

    clock.at(due, act)
    assert happened.wait(10)
    assert seen[0] >= due


def test_a_thread_waits_in_real_time_while_following(following: Following) -> None:
    assert following.idle.wait(10)
    clock, ended = following.clock, threading.Event()
    seen: list[timedelta] = []

    def work() -> None:
        began = clock.now()
        clock.wait(0.02)
        seen.append(clock.now() - began)
        ended.set()

    run(clock, work, "execution")
    assert ended.wait(10)
    assert seen[0] >= timedelta(seconds=0.02)


def test_an_error_is_told_and_the_clock_follows_on(following: Following) -> None:
    def fail(text: str) -> None:
        raise ValueError(text)

    clock, happened = following.clock, threading.Event()
    run(clock, lambda: fail("thread"), "execution").join()
    clock.soon(lambda: fail("action"))
    clock.soon(happened.set)
    assert happened.wait(10)
    assert {str(error) for error in following.errors} == {"thread", "action"}


def test_a_closed_clock_follows_no_more(clock: VirtualClock) -> None:
    following = Following(clock)
    assert following.idle.wait(10)
    clock.close()
    following.join()


def test_a_thread_that_never_rests_cannot_keep_a_clock_from_ending(clock: VirtualClock) -> None:
    following, rest = Following(clock), threading.Event()
    run(clock, lambda: bool(rest.wait(10)), "execution")
    following.end()
    rest.set()
