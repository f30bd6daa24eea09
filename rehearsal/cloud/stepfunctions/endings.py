# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""What a task state started: how it is waited for, ends, and is stopped."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.callbacks import outcome_of
from rehearsal.cloud.stepfunctions.errors import task_failure
from rehearsal.cloud.stepfunctions.interpreter import (
    FailureEventException,
    HeartbeatTimedOut,
    StatesErrorName,
    StatesErrorNameType,
    StateTaskService,
    StateTaskServiceEcs,
    StateTaskServiceSfn,
    callback_service,
)
from rehearsal.cloud.stepfunctions.texts import compact

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put the repairs of this module in place."""
    give_every_attempt_a_token(repairs)
    end_an_abandoned_task_quietly(repairs)
    wait_for_what_was_started(repairs, aws)
    understand_the_end_of_a_task(repairs, aws)


def give_every_attempt_a_token(repairs: Repairs) -> None:
    """Moto reuses the ended attempt's token, so a retried task times out at once."""
    evaluate = StateTaskService._eval_execution

    def with_token(self: Any, env: Any) -> None:
        data = env.states.context_object.context_object_data
        if self._is_integration_pattern() and data["State"].get("RetryCount", 0) > 0:
            env.callback_pool_manager.add(env.states.context_object.update_task_token())
        evaluate(self, env)

    repairs.put(callback_service.StateTaskServiceCallback, "_eval_execution", with_token)


def end_an_abandoned_task_quietly(repairs: Repairs) -> None:
    """Moto writes TaskSucceeded into the history of a task that timed out or was aborted."""
    after = StateTaskService._after_eval_execution

    def unless_abandoned(self: Any, env: Any, **more: Any) -> None:
        if env.is_running():
            after(self, env=env, **more)

    repairs.put(StateTaskService, "_after_eval_execution", unless_abandoned)


@dataclass(frozen=True, kw_only=True)
class _Started:
    """Something that a ``.sync`` task started and waits for."""

    arn: str
    result: Callable[[], Any]
    stop: Callable[[], Any]


def wait_for_what_was_started(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto asks every half second whether a .sync task has ended, and leaves it running."""

    def eval_sync(
        _: Any, env: Any, sync_resolver: _Started, callback_endpoint: Any, **more: Any
    ) -> Any:
        ended = aws.end_of(sync_resolver.arn)
        outcome = outcome_of(
            aws.clock, env, callback_endpoint, more["heartbeat_endpoint"], also=[ended]
        )
        if isinstance(outcome, HeartbeatTimedOut) and not ended.is_set():
            sync_resolver.stop()
        if outcome is not None:
            return outcome
        if env.is_running():
            return sync_resolver.result()
        if not ended.is_set():  # by a timeout or StopExecution
            sync_resolver.stop()
        return None

    def of_execution(resolver: Callable[..., Any]) -> Callable[..., _Started]:
        def build(self: Any, env: Any, resource_runtime_part: Any, **more: Any) -> _Started:
            arn = env.stack[-1]["ExecutionArn"]
            role = more["state_credentials"].role_arn
            client = aws.client("stepfunctions", resource_runtime_part.region, role=role)
            result = resolver(self, env, resource_runtime_part, **more)
            return _Started(
                arn=arn,
                result=result,
                stop=lambda: client.stop_execution(executionArn=arn),
            )

        return build

    repairs.put(callback_service.StateTaskServiceCallback, "_eval_sync", eval_sync)
    for name in ("_build_sync_resolver", "_build_sync2_resolver"):
        repairs.put(StateTaskServiceSfn, name, of_execution(vars(StateTaskServiceSfn)[name]))


def understand_the_end_of_a_task(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto takes every ended task for a success, whatever its exit code."""

    def build(
        self: Any, env: Any, resource_runtime_part: Any, state_credentials: Any, **_: Any
    ) -> _Started:
        ecs = aws.client("ecs", resource_runtime_part.region, role=state_credentials.role_arn)
        task = env.stack.pop()["Tasks"][0]
        arn, cluster = task["TaskArn"], task["ClusterArn"]

        def result() -> Any:
            answer = ecs.describe_tasks(cluster=cluster, tasks=[arn], include=["TAGS"])
            self._normalise_response(response=answer, service_action_name="describe_tasks")
            ended = answer["Tasks"][0]
            if ended["StopCode"] == "EssentialContainerExited" and not any(
                container.get("ExitCode") for container in ended["Containers"]
            ):
                return ended
            cause = compact(ended)
            name = StatesErrorNameType.StatesTaskFailed
            raise FailureEventException(
                task_failure(self, env, name.to_name(), cause, StatesErrorName(typ=name))
            )

        return _Started(
            arn=arn,
            result=result,
            stop=lambda: ecs.stop_task(
                cluster=cluster, task=arn, reason="Task stopped by AWS Step Functions"
            ),
        )

    repairs.put(StateTaskServiceEcs, "_build_sync_resolver", build)
