# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""Time: what waits in moto's interpreter waits on the virtual clock."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import copy
import functools
import random
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.clock import ClockThread, LatchedEvent, VirtualClock, VirtualEvent
from rehearsal.cloud.repairs import Repairs, text_of
from rehearsal.cloud.stepfunctions.checks import instant
from rehearsal.cloud.stepfunctions.interpreter import (
    EvalComponent,
    EvalTimeoutError,
    EventDetails,
    ExecutionState,
    FailureEvent,
    FailureEventException,
    HistoryEventType,
    Program,
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
    StatesErrorName,
    StatesErrorNameType,
    StringJSONata,
    Timestamp,
    WaitFunction,
    branch_worker,
    branches_decl,
    callback,
    environment,
    execution_module,
    execution_worker,
    inline_iteration_component,
    jitter_strategy_decl,
    job,
    retrier_decl,
    state,
)

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put the repairs of this module in place."""
    run_threads_on_the_clock(repairs, aws.clock)
    end_programs_and_states_in_time(repairs, aws.clock)
    keep_the_end_of_a_program(repairs, aws.clock)
    wait_on_the_clock(repairs)
    tell_dates_as_text(repairs, aws.clock)
    wait_until_anyinstant(repairs, aws.clock)


def run_threads_on_the_clock(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto waits in real time: with the machine's own threads and events.

    And branches and items that start at one instant would write their history in any order.
    """

    class InTurn(ClockThread):
        """A thread that starts when those before it wait or have ended."""

        def start(self) -> None:
            clock.soon(super().start, self.name)

    def thread(*, target: Callable[..., Any], args: tuple[Any, ...] = (), **_: Any) -> ClockThread:
        return InTurn(clock, target=target, args=args)

    def start(self: Any) -> None:
        name = self._evaluation_details.execution_details.arn
        ClockThread(clock, target=self._execution_logic, name=name).start()

    event = functools.partial(VirtualEvent, clock)
    threads = SimpleNamespace(
        Thread=thread, Event=event, Lock=threading.Lock, RLock=threading.RLock
    )
    repairs.put(execution_worker.ExecutionWorker, "start", start)
    repairs.put(callback, "Event", event)
    for module in (job, branches_decl, branch_worker, inline_iteration_component):
        repairs.put(module, "threading", threads)


def end_programs_and_states_in_time(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto runs each program and each attempt of a state in a thread, to leave it when it is late.

    What waits in them hears of its end, so a deadline is enough: three threads of a run are one.
    """

    def eval_program(self: Any, env: Any, state: str | None = None) -> None:
        env.next_state_name = state or self.start_at.start_at_name
        with _deadline(clock, self.timeout_seconds, env.set_timed_out):
            EvalComponent.eval(self, env)

    def evaluate_with_timeout(self: Any, env: Any) -> None:
        frame: Any = env.open_frame()
        frame.states.reset(input_value=env.states.get_input())
        frame.stack = copy.deepcopy(env.stack)
        self.timeout.eval(env=env)
        seconds = env.stack.pop()
        late: list[bool] = []

        def leave() -> None:
            late.append(True)
            frame.set_ended()

        limit = None if self.timeout.is_default_value() else seconds
        try:
            with _deadline(clock, limit, leave):
                self._eval_execution(frame)
        except Exception:
            if not late:  # else it is what leaving it brought about
                raise
        finally:
            frame.set_ended()
            env.close_frame(frame)
        if late:
            raise EvalTimeoutError
        if not env.is_running():
            env.stack.append(None)
            return
        _take_result(self, env, frame.stack.pop())

    repairs.put(Program, "eval", eval_program)
    repairs.put(ExecutionState, "_evaluate_with_timeout", evaluate_with_timeout)


@contextmanager
def _deadline(clock: VirtualClock, limit: Any, leave: Callable[[], None]) -> Generator[None]:
    """Call ``leave`` unless the block ends within ``limit``: seconds, or moto's TimeoutSeconds."""
    if limit is None:
        yield
        return
    seconds = getattr(limit, "timeout_seconds", limit)
    name = threading.current_thread().name
    deadline = clock.at(clock.now() + timedelta(seconds=seconds), leave, name)
    try:
        yield
    finally:
        deadline.cancel()


def _take_result(state: Any, env: Any, result: Any) -> None:
    """Make the output of an attempt the state's, as moto does behind its thread."""
    env.stack.append(result)
    if not state._is_language_query_jsonpath():
        env.states.set_result(result)
    if state.assign_decl:
        state.assign_decl.eval(env=env)
    if state.result_selector:
        state.result_selector.eval(env=env)
    if state.result_path:
        state.result_path.eval(env)
    else:
        env.states.reset(input_value=env.stack.pop())


def keep_the_end_of_a_program(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto's signal of a program's end is lost on whoever looks a moment later.

    And an error that follows a stop or a timeout would turn ABORTED into FAILED, one that follows
    an error would hide it.
    """
    set_error = environment.Environment.set_error

    def keep_stopped(self: Any, error: Any) -> None:
        ended = ProgramStopped | ProgramTimedOut | ProgramError
        if not isinstance(self._program_state, ended):
            set_error(self, error)

    repairs.put(environment.Environment, "set_error", keep_stopped)
    repairs.put(
        environment,
        "threading",
        SimpleNamespace(RLock=threading.RLock, Event=functools.partial(LatchedEvent, clock)),
    )


def wait_on_the_clock(repairs: Repairs) -> None:
    """Wait states and retry delays would take real time, and jitter differ in every run."""
    evaluate = retrier_decl.RetrierDecl._eval_body
    retrying = threading.local()

    def wait_interval(_: Any, env: Any, wait_seconds: float) -> None:
        env.program_state_event.wait(max(wait_seconds, 0))

    def remember_whose_delay_it_is(self: Any, env: Any) -> None:
        retrying.env = env
        evaluate(self, env)

    def sleep(seconds: float) -> None:
        retrying.env.program_state_event.wait(seconds)

    repairs.put(WaitFunction, "_wait_interval", wait_interval)
    repairs.put(retrier_decl.RetrierDecl, "_eval_body", remember_whose_delay_it_is)
    repairs.put(retrier_decl, "time", SimpleNamespace(sleep=sleep))
    repairs.put(jitter_strategy_decl, "random", random.Random(0))  # noqa: S311 - spreads delays


def tell_dates_as_text(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto puts a datetime into the context object, which breaks every output with it.

    And it does not say how often the execution was redriven.
    """
    details = execution_module.Execution.get_start_execution_details

    def with_text(self: Any) -> Any:
        started: Any = details(self)
        started.start_time = text_of(self.start_date)
        return started

    def execution_data(**members: Any) -> dict[str, Any]:
        ordered = ("Id", "Input", "StartTime", "Name", "RoleArn")
        redriven = {} if ":express:" in members["Id"] else {"RedriveCount": 0}
        return {name: members[name] for name in ordered} | redriven

    def state_data(**members: Any) -> dict[str, Any]:
        return {"Name": members["Name"], "EnteredTime": text_of(clock.now())}

    repairs.put(execution_module.Execution, "get_start_execution_details", with_text)
    repairs.put(execution_worker, "ExecutionData", execution_data)
    repairs.put(state, "StateData", state_data)


def wait_until_anyinstant(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto takes UTC timestamps alone, and calls others States.Runtime in JSONata as well."""

    def seconds_until(self: Any, env: Any) -> float:
        self.string.eval(env=env)
        text = env.stack.pop()
        until = instant(text)
        if until is None and isinstance(self.string, StringJSONata):
            raise FailureEventException(_no_timestamp(env, text))
        if until is None:
            raise FailureEventException(self._create_failure_event(env, text))
        return (until - clock.now()).total_seconds()

    repairs.put(Timestamp, "_get_wait_seconds", seconds_until)
    repairs.put(Timestamp, "_from_timestamp_string", staticmethod(instant))


def _no_timestamp(env: Any, text: Any) -> FailureEvent:
    name = StatesErrorNameType.StatesQueryEvaluationError
    details = {
        "error": name.to_name(),
        "cause": "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time "
        f"format string: {text}",
        "location": "Timestamp",
    }
    return FailureEvent(
        env=env,
        error_name=StatesErrorName(typ=name),
        event_type=HistoryEventType.EvaluationFailed,
        event_details=EventDetails(evaluationFailedEventDetails=details),  # pyright: ignore[reportCallIssue, reportArgumentType] - the others may be missing
    )
