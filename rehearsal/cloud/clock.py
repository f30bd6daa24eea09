"""Virtual time over real threads: what waits for hours on AWS takes milliseconds here.

Moto runs an execution in real threads, which block. The clock counts the threads that are doing
something ("busy") and moves to the next deadline only when none is. A thread that waits hands its
count back; whoever wakes it, the clock or another thread, counts it again *before* it runs, so
there is no instant at which work is pending and nobody is busy. Nothing ever polls.

One thread, the caller of :meth:`VirtualClock.run_until`, moves time. It wakes one waiter or calls
one callback at a time and waits for quiet in between; deadlines of one instant go by name. So the
order of events is the same in every run, as far as the work itself is.

The caller of :meth:`VirtualClock.follow` does the same at the pace of the machine's own clock.
"""

import heapq
import itertools
import os
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

LOOKS_AGAIN_AFTER_SECONDS = 1.0
"""How late a clock that follows the machine's can notice that somebody set it, or that it slept."""

_thread = threading.local()


class ClockClosed(BaseException):
    """The clock was closed under a waiting thread, which ends by it.

    A ``BaseException``: moto catches every ``Exception`` and would carry on.
    """


class _Waiter:
    def __init__(self, name: str, *, counted: bool) -> None:
        self.name = name
        self.counted = counted
        self.woken = threading.Event()
        self.timed_out = False


class Deadline:
    """Something that is due at an instant; ``cancel`` it when it no longer matters."""

    def __init__(self, when: datetime, action: Callable[[], None]) -> None:
        self.when = when
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Take it off the clock; harmless when it has passed."""
        self.action = None


class VirtualClock:
    """Discrete-event time that starts at ``start`` and moves only while somebody drives it."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._order = itertools.count()
        self._deadlines: list[tuple[datetime, str, int, Deadline]] = []
        self._waiters: set[_Waiter] = set()
        self._threads: set[threading.Thread] = set()
        self._busy = 0
        self._processes = 0
        self._process_limit = os.cpu_count() or 1
        self._errors: list[BaseException] = []
        self._closed = False
        self._driver: threading.Thread | None = None
        self._follows = False

    def now(self) -> datetime:
        """Return the present instant, in UTC; it never goes back."""
        with self._lock:
            if self._follows:
                self._now = max(self._now, datetime.now(UTC))
            return self._now

    def at(self, when: datetime, action: Callable[[], None], name: str = "") -> Deadline:
        """Call ``action`` in the clock's thread at ``when``; at once if that has passed.

        ``name`` decides the order within one instant. An error of the action ends
        :meth:`run_until`.
        """
        with self._lock:
            deadline = Deadline(max(when.astimezone(UTC), self.now()), action)
            entry = (deadline.when, name, next(self._order), deadline)
            heapq.heappush(self._deadlines, entry)
            self._changed.notify_all()
            return deadline

    def soon(self, action: Callable[[], None], name: str = "") -> Deadline:
        """Call ``action`` in the clock's thread at the present instant, when all is quiet."""
        return self.at(self.now(), action, name)

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` of virtual time pass in this thread."""
        self.wait_any([], seconds)

    def wait_any(
        self, events: Iterable["VirtualEvent"], timeout_seconds: float | None = None
    ) -> bool:
        """Wait until one of the events is set; false when the time ran out first."""
        with self._lock:
            if any(event.is_set() for event in events):
                return True
            self._refuse_if_closed()
            if threading.current_thread() is self._driver:
                raise RuntimeError("the clock's own thread cannot wait: nobody would move time")
            waiter = _Waiter(
                threading.current_thread().name, counted=getattr(_thread, "counted", False)
            )
            deadline = None
            if timeout_seconds is not None:
                deadline = self.at(
                    self._later(timeout_seconds), lambda: self._run_out(waiter), waiter.name
                )
            self._waiters.add(waiter)
            for event in events:
                event.waiters.add(waiter)
            if waiter.counted:
                self._leave()
        waiter.woken.wait()
        with self._lock:
            for event in events:
                event.waiters.discard(waiter)
            if deadline is not None:
                deadline.cancel()
            self._refuse_if_closed()
        return not waiter.timed_out

    def wake(self, waiter: _Waiter) -> None:
        """Let a waiter go on; it is busy from here on, not from when it is scheduled."""
        with self._lock:
            if waiter not in self._waiters:
                return
            self._waiters.discard(waiter)
            if waiter.counted:
                self._busy += 1
            waiter.woken.set()

    def run_until(self, instant: datetime, done: Callable[[], bool] = lambda: False) -> None:
        """Move time to ``instant``, doing everything that is due on the way.

        Stops earlier when ``done()`` is true, which is asked whenever all is quiet. Raises what a
        callback or a thread of the clock raised.
        """
        instant = instant.astimezone(UTC)
        with self._driving():
            while not self._pause() and not done():
                if not self._step(instant):
                    break

    def follow(
        self,
        done: Callable[[], bool],
        failed: Callable[[BaseException], None],
        idle: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep to the machine's own clock and do everything when it is due, until ``done()``.

        ``done`` is asked whenever something happens: to end from another thread, let it become true
        and call :meth:`soon`. ``failed`` is told what a callback or a thread of the clock raised,
        and time goes on. ``idle`` is called whenever nothing is left to do at the present instant.
        """
        with self._driving():
            self._follows = True
            try:
                while True:
                    self._wait_for_quiet(done)
                    if self._closed or done():
                        return
                    for error in self._take_errors():
                        failed(error)
                    action = self._take_due()
                    if action is None:
                        idle()
                        self._wait_for_the_next(done)
                        continue
                    try:
                        action()
                    except Exception as error:
                        failed(error)
            finally:
                self._follows = False

    def is_moving(self) -> bool:
        """Tell whether some thread moves time now, so that waiting for it makes sense."""
        return self._driver is not None

    def is_held(self) -> bool:
        """Tell whether a process keeps time where it is, so that waiting for it makes no sense."""
        return self._processes > 0 and not self._follows

    def let_happen(self, event: "VirtualEvent", within_seconds: float) -> bool:
        """Wait for an event, and move time meanwhile if nobody else does; tell whether it came."""
        if counted() or self.is_moving():
            return self.wait_any([event], within_seconds)
        self.run_until(self._later(within_seconds), event.is_set)
        return event.is_set()

    def settle(self) -> None:
        """Do everything that is due at the present instant."""
        self.run_until(self._now)

    def process_started(self) -> None:
        """Count a child process: time stands still while it runs."""
        with self._lock:
            self._processes += 1

    def process_ended(self) -> None:
        """Take back :meth:`process_started`."""
        with self._lock:
            self._processes -= 1
            self._changed.notify_all()

    def thread_started(self, thread: threading.Thread) -> None:
        """Count a thread as busy, before it runs."""
        with self._lock:
            self._refuse_if_closed()
            self._threads.add(thread)
            self._busy += 1

    def thread_ended(self, thread: threading.Thread, error: BaseException | None) -> None:
        """Take back :meth:`thread_started`; an error is raised again by :meth:`run_until`."""
        with self._lock:
            self._threads.discard(thread)
            if error is not None:
                self._errors.append(error)
            self._leave()

    def close(self) -> None:
        """Release every waiting thread with :class:`ClockClosed` and wait for its end.

        Raises:
            RuntimeError: a thread did not end within ten real seconds.
        """
        with self._lock:
            self._closed = True
            self._changed.notify_all()
            threads = list(self._threads)
            for waiter in list(self._waiters):
                self.wake(waiter)
        for thread in threads:
            with suppress(RuntimeError):  # not started yet, and now refused
                threading.Thread.join(thread, timeout=10)
            if threading.Thread.is_alive(thread):
                raise RuntimeError(f"{thread.name} did not end with the clock")

    @contextmanager
    def _driving(self) -> Generator[None]:
        """Make the present thread the one that moves time."""
        with self._lock:
            if self._driver is not None:
                raise RuntimeError("the clock is running already")
            self._driver = threading.current_thread()
        try:
            yield
        finally:
            self._driver = None

    def _later(self, seconds: float) -> datetime:
        try:
            return self.now() + timedelta(seconds=seconds)
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ClockClosed

    def _leave(self) -> None:
        self._busy -= 1
        self._changed.notify_all()

    def _run_out(self, waiter: _Waiter) -> None:
        waiter.timed_out = True
        self.wake(waiter)

    def _pause(self) -> bool:
        """Wait for quiet; true when the clock was closed meanwhile."""
        self._wait_for_quiet(lambda: False)
        errors = self._take_errors()
        if errors:
            raise errors[0]
        return self._closed

    def _wait_for_quiet(self, done: Callable[[], bool]) -> None:
        with self._lock:
            self._changed.wait_for(lambda: self._busy == 0 or self._closed or done())

    def _take_errors(self) -> list[BaseException]:
        with self._lock:
            errors, self._errors = self._errors, []
            return errors

    def _next_due(self) -> datetime | None:
        """Return when the next deadline is due that nobody cancelled; called with the lock."""
        while self._deadlines and self._deadlines[0][3].action is None:
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    def _take_due(self) -> Callable[[], None] | None:
        """Take the next action that is due by now off the clock."""
        with self._lock:
            due = self._next_due()
            if due is None or due > self.now():
                return None
            return heapq.heappop(self._deadlines)[3].action

    def _wait_for_the_next(self, done: Callable[[], bool]) -> None:
        """Wait until a deadline is due or something happens; not long, for clocks are set."""
        with self._lock:
            if self._busy or self._errors or self._closed or done():
                return
            seconds = LOOKS_AGAIN_AFTER_SECONDS
            if (due := self._next_due()) is not None:
                seconds = min(seconds, (due - self.now()).total_seconds())
            self._changed.wait(max(seconds, 0))

    def _step(self, instant: datetime) -> bool:
        """Do the next thing that is due by ``instant``; false when there is none left."""
        with self._lock:
            if self._busy:
                return True
            due = self._next_due()
            # Processes run side by side, but only within one instant.
            limit = self._process_limit if due == self._now else 1
            if self._processes >= limit:
                self._changed.wait()
                return not self._closed
            if due is None or due > instant:
                self._now = max(self._now, instant)
                return False
            deadline = heapq.heappop(self._deadlines)[3]
            self._now = due
            action = deadline.action
        if action is not None:
            action()
        return True


class VirtualEvent:
    """``threading.Event`` on a virtual clock: timeouts are virtual seconds."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._set = False
        self.waiters: set[_Waiter] = set()

    def is_set(self) -> bool:
        """Tell whether the event is set."""
        return self._set

    def set(self) -> None:
        """Set the event; its waiters are busy before this returns."""
        with self._clock._lock:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - one lock for the clock and its events
            self._set = True
            for waiter in sorted(self.waiters, key=lambda waiter: waiter.name):
                self._clock.wake(waiter)

    def clear(self) -> None:
        """Unset the event."""
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the event is set; false when ``timeout`` virtual seconds ran out first."""
        return self._clock.wait_any([self], timeout)


class LatchedEvent(VirtualEvent):
    """An event that stays set, for ends: nobody can come too late to hear of it."""

    def clear(self) -> None:
        """Do nothing."""


class ClockThread(threading.Thread):
    """A thread that the clock counts as busy whenever it does not wait.

    Without a name it bears that of the thread that made it, so what an execution does at one
    instant is ordered by the execution's name.
    """

    def __init__(
        self,
        clock: VirtualClock,
        *,
        target: Callable[..., Any],
        args: tuple[Any, ...] = (),
        name: str | None = None,
    ) -> None:
        inherited = threading.current_thread().name if counted() else None
        super().__init__(target=target, args=args, name=name or inherited, daemon=True)
        self._clock = clock
        self._ended = LatchedEvent(clock)

    def start(self) -> None:
        """Start the thread, busy from now on."""
        self._clock.thread_started(self)
        super().start()

    def run(self) -> None:
        """Run the target; hand an error to whoever moves the clock."""
        _thread.counted = True
        error: BaseException | None = None
        try:
            super().run()
        except ClockClosed:
            pass
        except Exception as raised:
            error = raised
        finally:
            self._ended.set()
            self._clock.thread_ended(self, error)

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end of the thread's work, ``timeout`` virtual seconds at most."""
        self._ended.wait(timeout)

    @property
    def ended(self) -> "LatchedEvent":
        """What is set when the thread's work has ended."""
        return self._ended

    def is_alive(self) -> bool:
        """Tell whether the thread's work goes on; the thread itself lives a moment longer."""
        return not self._ended.is_set()


def counted() -> bool:
    """Tell whether the present thread is one that a clock counts."""
    return getattr(_thread, "counted", False)
