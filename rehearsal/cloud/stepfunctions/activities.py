# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""Activities: tasks that workers fetch."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult

from rehearsal.cloud.clock import VirtualEvent, counted
from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.callbacks import outcome_of
from rehearsal.cloud.stepfunctions.interpreter import (
    Activity,
    EventDetails,
    FailureEvent,
    FailureEventException,
    HeartbeatTimedOut,
    HistoryEventType,
    StatesErrorName,
    StatesErrorNameType,
    StateTaskActivity,
    StepFunctionResponse,
    StepFunctionsParserBackend,
    callback,
    stepfunctions_parser_backends,
)
from rehearsal.cloud.stepfunctions.refusals import refusal
from rehearsal.cloud.stepfunctions.texts import compact

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

POLL_SECONDS = 60
"""How long GetActivityTask waits for a task (API reference)."""
_OWN_KEY = {"type": "AWS_OWNED_KEY"}


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put the repairs of this module in place."""
    hand_tasks_to_workers(repairs, aws)


class _Queue:
    """The tasks of one activity that no worker has fetched yet."""

    def __init__(self, aws: "EmbeddedAws") -> None:
        self._tasks: deque[Any] = deque()
        self._aws = aws
        self._arrived = VirtualEvent(aws.clock)

    def put(self, task: Any) -> None:
        """Add a task and wake the workers that wait for one."""
        self._tasks.append(task)
        self._arrived.set()

    def fetch(self) -> Any:
        """Return the next task that is still wanted, after a minute at most; else nothing.

        Whoever asks while time stands still gets an answer at once: it would wait for ever. So does
        a worker that is a process of a rehearsal.
        """
        deadline = self._aws.clock.now().timestamp() + POLL_SECONDS
        while True:
            while self._tasks:
                task = self._tasks.popleft()
                if task.consumer_error is None:
                    return task
            self._arrived.clear()
            left = deadline - self._aws.clock.now().timestamp()
            clock = self._aws.clock
            waits = counted() or (clock.is_moving() and not clock.is_held())
            if not waits or left <= 0 or not self._arrived.wait(left):
                return None


def hand_tasks_to_workers(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto has no GetActivityTask, and its activity tasks break before they wait.

    It makes an activity only once, where AWS answers the same again, and does not say whose key
    encrypts it.
    """
    queues: dict[str, _Queue] = defaultdict(lambda: _Queue(aws))
    create: Any = StepFunctionsParserBackend.create_activity

    def eval_execution(self: Any, env: Any) -> None:
        given = compact(self._eval_parameters(env))
        endpoint = _schedule(self, env, given, aws.account)
        queues[self.resource.resource_arn].put(endpoint)
        try:
            started = endpoint.get_activity_task_start_endpoint()
            aws.clock.wait_any([started._next_activity_task_start_event, env.program_state_event])
            if not env.is_running():
                return
            _tell(env, "ActivityStarted", _known(workerName=started._outcome.worker_name))
            heartbeat = None
            if self.heartbeat:
                heartbeat = endpoint.setup_heartbeat_endpoint(_seconds(self.heartbeat, env))
            _finish(env, outcome_of(aws.clock, env, endpoint, heartbeat))
        finally:
            endpoint.interrupt_all()

    def get_activity_task(self: Any) -> ActionResult:
        activity = self.stepfunction_backend.describe_activity(self._get_param("activityArn"))
        task = queues[activity.arn].fetch()
        if task is None:
            return ActionResult({})
        task.notify_activity_task_start(self._get_param("workerName"))
        return ActionResult({"taskToken": task.callback_id, "input": task.get_activity_input()})

    def create_activity(self: Any, name: str, **more: Any) -> Any:
        same = next((one for one in self.activities.values() if one.name == name), None)
        made: Any = create(self, name, **more) if same is None else same
        made.encryption_configuration = made.encryption_configuration or _OWN_KEY
        return made

    def describe_activity(self: Any, activity_arn: str) -> Any:
        self._validate_activity_arn(activity_arn)
        if activity_arn not in self.activities:
            raise refusal("ActivityDoesNotExist", f"Activity Does Not Exist: '{activity_arn}'")
        return self.activities[activity_arn]

    repairs.put(StepFunctionsParserBackend, "create_activity", create_activity)
    repairs.put(StepFunctionsParserBackend, "describe_activity", describe_activity)
    repairs.put(StateTaskActivity, "_eval_execution", eval_execution)
    repairs.add(StepFunctionResponse, "get_activity_task", get_activity_task)


def _schedule(task: Any, env: Any, given: str, account: str) -> Any:
    arn: str = task.resource.resource_arn
    if arn not in stepfunctions_parser_backends[account][arn.split(":")[3]].activities:
        raise FailureEventException(_missing(env, arn))
    token = env.states.context_object.update_task_token()
    details: dict[str, Any] = {
        "resource": arn,
        "input": given,
        "inputDetails": {"truncated": False},
    }
    if not task.timeout.is_default_value():
        details["timeoutInSeconds"] = _seconds(task.timeout, env)
    if task.heartbeat:
        details["heartbeatInSeconds"] = _seconds(task.heartbeat, env)
    _tell(env, "ActivityScheduled", details)
    env.activity_store.setdefault(arn, Activity(arn=arn, name=arn.rsplit(":", 1)[-1]))
    return env.callback_pool_manager.add_activity_task(
        callback_id=token, activity_arn=arn, activity_input=given
    )


def _finish(env: Any, outcome: Any) -> None:
    if outcome is None:  # the task's time ran out, or the execution ended
        return
    if isinstance(outcome, HeartbeatTimedOut):
        raise callback.HeartbeatTimeoutError
    if isinstance(outcome, callback.CallbackOutcomeFailure):
        raise callback.CallbackOutcomeFailureError(outcome)
    env.stack.append(json.loads(outcome.output))
    details = {"output": outcome.output, "outputDetails": {"truncated": False}}
    _tell(env, "ActivitySucceeded", details)


def _missing(env: Any, arn: str) -> FailureEvent:
    name = StatesErrorNameType.StatesRuntime
    return FailureEvent(
        env=env,
        error_name=StatesErrorName(typ=name),
        event_type=HistoryEventType.ActivityScheduleFailed,
        event_details=EventDetails(
            activityScheduleFailedEventDetails={  # pyright: ignore[reportCallIssue] - the others may be missing
                "error": name.to_name(),
                "cause": f"The activity {arn} does not exist.",
            }
        ),
    )


def _tell(env: Any, event: str, details: dict[str, Any]) -> None:
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=HistoryEventType[event],
        event_details={f"{event[0].lower()}{event[1:]}EventDetails": details},
    )


def _seconds(declared: Any, env: Any) -> int:
    declared.eval(env=env)
    return env.stack.pop()


def _known(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
