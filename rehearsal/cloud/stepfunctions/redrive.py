# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""RedriveExecution: an execution goes on where it ended, with the input it had there.

Of a Parallel state, or an inline Map, only what did not succeed runs again; a distributed Map runs
again as a whole.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult

from rehearsal.cloud.clock import ClockThread
from rehearsal.cloud.repairs import Repairs, text_of
from rehearsal.cloud.stepfunctions.executions import why_not_redrivable
from rehearsal.cloud.stepfunctions.interpreter import (
    CommonStateField,
    Environment,
    ExecutionStatus,
    Program,
    ProgramEnded,
    StepFunctionResponse,
)
from rehearsal.cloud.stepfunctions.refusals import refusal

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put the repairs of this module in place."""
    remember_where_programs_are(repairs)
    go_on_where_a_program_was(repairs)
    redrive_executions(repairs, aws)


@dataclass(frozen=True, kw_only=True)
class _Position:
    """The state in which a program is, and what it entered it with."""

    state: str
    given: Any
    variables: dict[str, Any]


def remember_where_programs_are(repairs: Repairs) -> None:
    """Moto forgets in which state a program failed, and what its branches had reached."""
    open_frame, open_inner_frame = Environment.open_frame, Environment.open_inner_frame
    evaluate = CommonStateField._eval_body

    def frame_of(self: Any, *args: Any) -> Any:
        frame: Any = open_frame(self, *args)
        frame.parent = self
        return frame

    def inner_frame_of(self: Any, *args: Any) -> Any:
        frame: Any = open_inner_frame(self, *args)
        frame.parent = self
        return frame

    def enter(self: Any, env: Any) -> None:
        if env.position is not None:  # one state further than where it went on
            env.before = None
        env.position = _Position(
            state=self.name,
            given=env.states._states_data["input"],
            variables=dict(env.variable_store._inner_scope),
        )
        env.children = {}
        evaluate(self, env)

    for name in ("parent", "position", "before"):
        repairs.add(Environment, name, None)
    repairs.put(Environment, "open_frame", frame_of)
    repairs.put(Environment, "open_inner_frame", inner_frame_of)
    repairs.put(CommonStateField, "_eval_body", enter)


def go_on_where_a_program_was(repairs: Repairs) -> None:
    """Moto starts every program at its first state."""
    evaluate: Any = Program.eval  # ours by now: it takes a state to start at

    def go_on(self: Any, env: Any) -> None:
        owner = env.parent
        while owner is not None and owner.position is None:
            owner = owner.parent
        if owner is not None:  # a branch or an iteration, by first state and item
            data = env.states.context_object.context_object_data
            key = (self.start_at.start_at_name, data.get("Map", {}).get("Item", {}).get("Index"))
            env.before = owner.before.children.pop(key, None) if owner.before else None
            owner.children[key] = env
        was = env.before
        if was is not None and isinstance(was._program_state, ProgramEnded):
            env.next_state_name = self.start_at.start_at_name
            env.states.reset(input_value=was.states.get_input())
            env.set_ended()
        elif was is not None and was.position is not None:
            env.states.reset(input_value=was.position.given)
            env.variable_store._inner_scope.update(was.position.variables)
            evaluate(self, env, was.position.state)
        else:
            evaluate(self, env)

    repairs.put(Program, "eval", go_on)


def redrive_executions(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto has no RedriveExecution."""

    def redrive_execution(self: Any) -> ActionResult:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        token = self._get_param("clientToken")
        if token is None or token != getattr(execution, "redrive_token", None):
            reason = why_not_redrivable(execution, aws.clock.now())
            if reason is not None:
                raise refusal("ExecutionNotRedrivable", reason)
            execution.redrive_token = token
            _redrive(aws, execution)
        return ActionResult({"redriveDate": execution.redrive_date})

    repairs.add(StepFunctionResponse, "redrive_execution", redrive_execution)


def _redrive(aws: "EmbeddedAws", execution: Any) -> None:
    was = execution.exec_worker.env
    worker = execution._get_start_execution_worker()
    env = worker.env = worker._get_evaluation_environment()
    execution.exec_worker = worker
    execution.exec_status = ExecutionStatus.RUNNING
    execution.stop_date = execution.error = execution.cause = None
    execution.redrive_count += 1
    execution.redrive_date = aws.clock.now()
    env.before = was
    env.event_manager = was.event_manager
    env.event_manager.program = env
    env.states.context_object.context_object_data["Execution"] |= {
        "RedriveCount": execution.redrive_count,
        "RedriveTime": text_of(execution.redrive_date),
    }
    env.event_history_context.integrate(was.event_history_context)
    aws.forget_end(execution.exec_arn)

    def run() -> None:
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type="ExecutionRedriven",
            event_details={
                "executionRedrivenEventDetails": {"redriveCount": execution.redrive_count}
            },
        )
        worker._get_evaluation_entrypoint().eval(env)
        worker._execution_communication.terminated()

    thread = ClockThread(aws.clock, target=run, name=execution.exec_arn)
    execution.tell_running()
    thread.start()
