"""A flow's machine: what each step is given, what stops the flow and what it goes on past."""

from typing import Any

import pytest
from statelint.linter import Linter

from definitions.flow_machine import FlowStep, flow_machine
from tests.definitions.playing import CONTEXT, evaluate

MACHINES = "arn:aws:states:eu-west-1:123456789012:stateMachine:fargate-batch-dev--"
RUN = "nightly-2026-11-22T033000Z"
AT = "2026-11-22T03:30:00Z"


class StepFailedError(Exception):
    """A step whose run ended badly, and nothing catches it."""


class Flow:
    """Plays a flow's machine: parallel branches one after another, each step by its fate."""

    def __init__(
        self,
        steps: dict[str, FlowStep],
        given: Any = None,
        failing: tuple[str, ...] = (),
        context: dict[str, Any] | None = None,
    ) -> None:
        self.machine = flow_machine(flow="nightly", steps=steps, job_machines_arn=MACHINES)
        self.failing = failing
        execution = {**CONTEXT["Execution"], "Name": RUN, "Input": given or {}, "RedriveCount": 0}
        self.context = {"Execution": execution, "State": {"RetryCount": 0}, **(context or {})}
        self.requests: dict[str, Any] = {}

    def play(self) -> Any:
        return self._play(self.machine, self.context["Execution"]["Input"])

    def _play(self, machine: dict[str, Any], data: Any) -> Any:
        name = machine["StartAt"]
        while True:
            state = machine["States"][name]
            states: dict[str, Any] = {"input": data, "context": self.context}
            follower = state.get("Next")
            match state["Type"]:
                case "Task":
                    arguments = evaluate(state["Arguments"], states, {})
                    job = arguments["StateMachineArn"].removeprefix(MACHINES)
                    self.requests[job] = arguments
                    output = state["Output"]
                    if job in self.failing:
                        if "Catch" not in state:
                            raise StepFailedError(job)
                        (catch,) = state["Catch"]
                        output, follower = catch["Output"], catch["Next"]
                    data = evaluate(output, states, {})
                case "Parallel":
                    states["result"] = [self._play(branch, data) for branch in state["Branches"]]
                    data = evaluate(state["Output"], states, {})
                case "Pass" | "Succeed":
                    data = evaluate(state["Output"], states, {})
                case other:
                    raise AssertionError(f"a flow has no {other}")
            if follower is None:
                return data
            name = follower


def step(*after: str, **more: Any) -> FlowStep:
    return FlowStep(container="default", after=after, **more)


NIGHTLY = {"extract": step(), "load": step("extract"), "count": step("extract")}


def test_a_step_starts_the_jobs_own_machine_and_waits_for_it() -> None:
    machine = flow_machine(flow="nightly", steps=NIGHTLY, job_machines_arn=MACHINES)
    extract = machine["States"]["extract"]
    assert extract["Resource"] == "arn:aws:states:::states:startExecution.sync:2"
    assert extract["Arguments"]["StateMachineArn"] == f"{MACHINES}extract"


def test_a_step_gets_its_task_definition_and_what_the_flow_was_started_with() -> None:
    large = FlowStep(container="large", given={"command": ["x"], "notify": "none"})
    given = {
        "taskDefinitions": {"default": "default:7", "large": "large:9"},
        "scheduledTime": AT,
        "notify": "all",
        "eventId": "e-1",
    }
    flow = Flow({"extract": large}, given)
    flow.play()
    assert flow.requests["extract"]["Input"] == {
        "command": ["x"],
        "notify": "none",
        "taskDefinition": "large:9",
        "scheduledTime": AT,
        "environment": {},
        "eventId": "e-1",
        "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": CONTEXT["Execution"]["Id"],
    }


def test_the_environment_of_a_flows_run_goes_over_that_of_its_steps() -> None:
    own = {"DAY": "today", "LEVEL": "info"}
    given = {"environment": {"DAY": "2026-01-01"}}
    flow = Flow({"extract": step(given={"environment": own})}, given)
    flow.play()
    assert flow.requests["extract"]["Input"]["environment"] == {
        "DAY": "2026-01-01",
        "LEVEL": "info",
    }


def test_a_flow_started_by_hand_gives_all_steps_the_time_at_which_it_began() -> None:
    flow = Flow(NIGHTLY)
    flow.play()
    times = {request["Input"]["scheduledTime"] for request in flow.requests.values()}
    assert times == {CONTEXT["Execution"]["StartTime"]}
    assert "taskDefinition" not in flow.requests["load"]["Input"]


def test_a_flow_takes_any_input_of_a_person() -> None:
    assert Flow(NIGHTLY, "text").play()["class"] == "succeeded"


def name_of_extract(run: str = RUN, redrive: int = 0, retry: int = 0) -> str:
    execution = {"Name": run, "Input": {}, "RedriveCount": redrive, "StartTime": AT, "Id": "arn"}
    context = {"Execution": execution, "State": {"RetryCount": retry}}
    flow = Flow({"extract": step()}, context=context)
    flow.play()
    return flow.requests["extract"]["Name"]


def test_the_name_of_a_steps_run_is_new_with_each_redrive_and_retry() -> None:
    assert name_of_extract() == f"{RUN}-extract"
    assert name_of_extract(redrive=2) == f"{RUN}-extract-r2"
    assert name_of_extract(redrive=1, retry=3) == f"{RUN}-extract-r1-t3"


def test_the_name_of_a_steps_run_ends_with_the_job_however_long_the_flows_is() -> None:
    name = name_of_extract(run="x" * 80, redrive=1)
    assert (len(name), name[-13:]) == (80, "xx-extract-r1")


def test_a_failed_step_is_what_the_flow_fails_with() -> None:
    flow = Flow(NIGHTLY, failing=("extract",))
    with pytest.raises(StepFailedError, match="extract"):
        flow.play()
    assert flow.requests.keys() == {"extract"}


def test_a_flow_goes_on_past_a_job_that_may_fail_and_says_so() -> None:
    steps = {
        "extract": step(),
        "check": step("extract", goes_on=True),
        "scan": step("extract", goes_on=True),
        "report": step("check", "scan"),
    }
    flow = Flow(steps, failing=("check", "scan"))
    assert flow.play() == {
        "class": "succeeded",
        "failed": ["check", "scan"],
        "reason": "check, scan failed, and the flow went on",
    }
    assert "report" in flow.requests


def test_one_failure_is_told_once_however_many_branches_come_after_it() -> None:
    steps = {"a": step(goes_on=True), "b": step("a"), "c": step("a"), "d": step("b", "c")}
    assert Flow(steps, failing=("a",)).play()["failed"] == ["a"]


def test_a_flow_in_which_nothing_failed_says_nothing_of_failures() -> None:
    assert Flow(NIGHTLY).play() == {"class": "succeeded", "failed": []}


def test_a_step_is_started_again_as_often_as_it_says() -> None:
    steps = {"a": step(retries=2, retry_seconds=300), "b": step("a")}
    states = flow_machine(flow="nightly", steps=steps, job_machines_arn=MACHINES)["States"]
    assert states["a"]["Retry"][1:] == [
        {
            "ErrorEquals": ["States.TaskFailed"],
            "IntervalSeconds": 300,
            "BackoffRate": 1.0,
            "MaxAttempts": 2,
        }
    ]
    assert len(states["b"]["Retry"]) == 1  # that of a StartExecution that was throttled


def test_statelint_accepts_a_flow() -> None:
    steps = {**NIGHTLY, "check": step("load", goes_on=True, retries=1), "other": step()}
    machine = flow_machine(flow="nightly", steps=steps, job_machines_arn=MACHINES)
    assert Linter.validate(machine) == []
