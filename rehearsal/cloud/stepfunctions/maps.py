# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""Map states."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.executions import element_of
from rehearsal.cloud.stepfunctions.interpreter import (
    CustomErrorName,
    DistributedItemProcessorWorker,
    DistributedIterationComponent,
    EventDetails,
    FailureEvent,
    FailureEventException,
    HistoryEventType,
    StatesErrorName,
    StatesErrorNameType,
    state_map,
    stepfunctions_parser_backends,
)
from rehearsal.cloud.stepfunctions.texts import compact

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put the repairs of this module in place."""
    quote_what_is_no_list(repairs)
    give_each_item_an_execution(repairs, aws)
    tolerate_no_more_than_is_said(repairs)


def quote_what_is_no_list(repairs: Repairs) -> None:
    """Moto tells the Python type of an input that is no list, AWS the value."""

    def failure_event(*, env: Any, event_details: Any, **more: Any) -> FailureEvent:
        details = event_details.get("evaluationFailedEventDetails", {})
        if details.get("cause", "").startswith("Map state input must be an array but was: "):
            given = compact(env.states.get_input())
            details["cause"] = f"Map state input must be an array but was: {given}"
        return FailureEvent(env=env, event_details=event_details, **more)

    repairs.put(state_map, "FailureEvent", failure_event)


def give_each_item_an_execution(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Moto runs the items of a distributed Map inside of the run, with its variables and history.

    On AWS each is an execution of ``<machine>/<label>``, which the machine's role must be allowed
    to start, describe and stop (Step Functions guide, "IAM policies for using Distributed Map");
    with which words a run fails whose role may not, no page says.
    """

    def eval_job(self: Any, env: Any, job: Any) -> None:
        if not env.is_running():  # the run was stopped: what has not begun never will
            return
        record, role = self._map_run_record, env.aws_execution_details.role_arn
        counters = record.item_counter, record.execution_counter
        for counter in counters:
            counter.total.count()
            counter.running.count()
        data = env.states.context_object.context_object_data
        data["Map"] = {"Item": {"Index": job.job_index, "Value": job.job_input}}
        env.states.reset(job.job_input)
        env.stack.append(env.states.get_input())
        self._eval_input(env_frame=env)
        region = env.aws_execution_details.region
        child = element_of(
            stepfunctions_parser_backends[aws.account][region],
            run=data["Execution"],
            machine_arn=data["StateMachine"]["Id"],
            map_run_arn=record.map_run_arn,
            label=record.map_state_machine_arn.rpartition("/")[2],
            definition=_processor(aws, region, data),
            given=env.states.get_input(),
            name=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{record.map_run_arn} {job.job_index}")),
            now=aws.clock.now(),
        )
        arn, machine = child.exec_arn, data["StateMachine"]["Id"]
        try:
            aws.iam.allow_role(role=role, action="states:StartExecution", resource=machine)
            child.start()
            aws.clock.wait_any([aws.end_of(arn), env.program_state_event])
            if not aws.end_of(arn).is_set():
                aws.client("stepfunctions", region, role=role).stop_execution(executionArn=arn)
                return
            aws.iam.allow_role(role=role, action="states:DescribeExecution", resource=arn)
        except ClientError as error:
            job.job_output = FailureEventException(_denied(env, error))
            return
        finally:
            for counter in counters:
                counter.running.offset(-1)
        job.job_output = child.output if child.status == "SUCCEEDED" else None
        for counter in counters:
            getattr(counter, _COUNTED[child.status]).count()
            if child.status == "SUCCEEDED":
                counter.results_written.count()

    repairs.put(DistributedItemProcessorWorker, "_eval_job", eval_job)


_COUNTED = {
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "ABORTED": "aborted",
    "TIMED_OUT": "timed_out",
}


def _processor(aws: "EmbeddedAws", region: str, data: Any) -> str:
    """Return what is inside of the Map state that a run is in, as a definition of its own."""
    backend = stepfunctions_parser_backends[aws.account][region]
    run: Any = backend.describe_execution(data["Execution"]["Id"])
    whole: Any = json.loads(run.state_machine.definition)
    (state,) = (
        states[data["State"]["Name"]]
        for states in _all_states(whole)
        if data["State"]["Name"] in states
    )
    inside = {key: value for key, value in state["ItemProcessor"].items() if key != _CONFIG}
    language = {key: whole[key] for key in ("QueryLanguage",) if key in whole}
    return json.dumps(language | inside)


_CONFIG = "ProcessorConfig"


def _all_states(program: Any) -> Iterator[dict[str, Any]]:
    """Return the states of a program and of the programs inside of it."""
    yield program["States"]
    for state in program["States"].values():
        for inner in [*state.get("Branches", []), state.get("ItemProcessor")]:
            if inner is not None:
                yield from _all_states(inner)


def _denied(env: Any, error: ClientError) -> FailureEvent:
    said: Any = error.response["Error"]
    name = "StepFunctions.AccessDeniedException"
    details: Any = {"error": name, "cause": said["Message"]}
    return FailureEvent(
        env=env,
        error_name=CustomErrorName(name),
        event_type=HistoryEventType.MapRunFailed,
        event_details=EventDetails(executionFailedEventDetails=details),  # pyright: ignore[reportCallIssue] - the others may be missing
    )


def tolerate_no_more_than_is_said(repairs: Repairs) -> None:
    """Moto tolerates every failure of a distributed Map.

    AWS stops the other items at once; here they go on to their end.
    """
    map_run = DistributedIterationComponent._map_run

    def within_the_threshold(self: Any, env: Any, eval_input: Any) -> None:
        map_run(self, env, eval_input)
        counter = eval_input.map_run_record.item_counter
        failed = sum(one.get() for one in (counter.failed, counter.timed_out, counter.aborted))
        share = 100 * failed / max(counter.total.get(), 1)
        few = failed <= eval_input.tolerated_failure_count
        if not failed or few or share <= eval_input.tolerated_failure_percentage:
            return
        name = StatesErrorNameType.StatesExceedToleratedFailureThreshold
        details: Any = {
            "error": name.to_name(),
            "cause": "The specified tolerated failure threshold was exceeded",
        }
        raise FailureEventException(
            FailureEvent(
                env=env,
                error_name=StatesErrorName(typ=name),
                event_type=HistoryEventType.MapRunFailed,
                event_details=EventDetails(executionFailedEventDetails=details),  # pyright: ignore[reportCallIssue] - the others may be missing
            )
        )

    repairs.put(DistributedIterationComponent, "_map_run", within_the_threshold)
