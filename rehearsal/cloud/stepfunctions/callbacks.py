# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""Task tokens: who waits for an answer, how long, and what the one who answers is told."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult

from rehearsal.cloud.clock import VirtualClock, VirtualEvent
from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.interpreter import (
    HeartbeatTimedOut,
    StepFunctionResponse,
    callback,
    callback_service,
)
from rehearsal.cloud.stepfunctions.refusals import refusal

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put the repairs of this module in place."""
    wait_no_longer_than_the_task(repairs, aws.clock)
    answer_those_who_answer(repairs)


def outcome_of(
    clock: VirtualClock,
    env: Any,
    endpoint: Any,
    heartbeat: Any,
    also: Sequence[VirtualEvent] = (),
) -> Any:
    """Wait for the answer to a token, a missed heartbeat, the task's end, or an event of ``also``.

    Returns nothing when it was neither of the first two.
    """
    beats: list[VirtualEvent] = [] if heartbeat is None else [heartbeat._next_heartbeat_event]
    seconds = None if heartbeat is None else heartbeat._heartbeat_seconds
    while True:
        heard = clock.wait_any(
            [endpoint._notify_event, env.program_state_event, *also, *beats], seconds
        )
        if endpoint.get_outcome() is not None:
            return endpoint.get_outcome()
        if not env.is_running() or any(event.is_set() for event in also):
            return None
        if not heard:
            return HeartbeatTimedOut()
        for beat in beats:
            beat.clear()


def wait_no_longer_than_the_task(repairs: Repairs, clock: VirtualClock) -> None:
    """Moto goes on waiting for a token when its execution was stopped long ago."""

    def wait_for_task_token(
        _: Any, env: Any, callback_endpoint: Any, heartbeat_endpoint: Any, **__: Any
    ) -> Any:
        return outcome_of(clock, env, callback_endpoint, heartbeat_endpoint)

    repairs.put(
        callback_service.StateTaskServiceCallback, "_eval_wait_for_task_token", wait_for_task_token
    )


def answer_those_who_answer(repairs: Repairs) -> None:
    """Moto loses the cause of a failure, takes any output, and looks through all executions."""
    endpoints: dict[str, Any] = {}
    add = callback.CallbackPoolManager.add
    add_activity = callback.CallbackPoolManager.add_activity_task
    interrupt = callback.CallbackEndpoint.interrupt_all

    def remember(self: Any, callback_id: str) -> Any:
        endpoints[callback_id] = add(self, callback_id)
        return endpoints[callback_id]

    def remember_activity(self: Any, callback_id: str, **more: Any) -> Any:
        endpoints[callback_id] = add_activity(self, callback_id, **more)
        return endpoints[callback_id]

    def forget(self: Any) -> None:
        interrupt(self)
        self.report(callback.CallbackConsumerTimeout())

    def endpoint(request: Any) -> Any:
        found = endpoints.get(request._get_param("taskToken"))
        if found is None:
            raise refusal("InvalidToken", "Invalid Token: 'Invalid token'")
        if found.consumer_error is not None or found.get_outcome() is not None:
            raise refusal("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return found

    def send_task_success(self: Any) -> ActionResult:
        waiting, output = endpoint(self), self._get_param("output")
        try:
            json.loads(output)
        except ValueError as error:
            raise refusal("InvalidOutput", "Invalid Output: 'Invalid output'") from error
        waiting.notify(callback.CallbackOutcomeSuccess(waiting.callback_id, output))
        return EmptyResult()

    def send_task_failure(self: Any) -> ActionResult:
        waiting = endpoint(self)
        error, cause = self._get_param("error"), self._get_param("cause")
        waiting.notify(callback.CallbackOutcomeFailure(waiting.callback_id, error, cause))
        return EmptyResult()

    def send_task_heartbeat(self: Any) -> ActionResult:
        endpoint(self).notify_heartbeat()
        return EmptyResult()

    repairs.put(callback.CallbackPoolManager, "add", remember)
    repairs.put(callback.CallbackPoolManager, "add_activity_task", remember_activity)
    repairs.put(callback.CallbackEndpoint, "interrupt_all", forget)
    repairs.put(StepFunctionResponse, "send_task_success", send_task_success)
    repairs.put(StepFunctionResponse, "send_task_failure", send_task_failure)
    repairs.put(StepFunctionResponse, "send_task_heartbeat", send_task_heartbeat)
