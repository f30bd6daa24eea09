"""Flows: jobs that wait for one another, a failed step, and what a redrive does."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.cloud import Played
from rehearsal.scenario import Scenario
from rehearsal.stage import SUCCEEDS, Facts, Flow, Stage, execution_arn

BROKEN = Played(exit_code=65)
AGAIN = "-r1"
"""Behind the names of the runs that a flow's first redrive starts."""
LONG = Played(exit_code=0, seconds=1_800)

Machine = Mapping[str, Any]


def _without(found: Callable[[Machine], list[str]], missing: str) -> Callable[[Stage], str | None]:
    """Say that a scenario does not apply where no flow has such a step."""

    def unless(stage: Stage) -> str | None:
        return None if any(found(flow.definition) for flow in stage.flows) else missing

    return unless


def _one_with(stage: Stage, found: Callable[[Machine], list[str]]) -> tuple[Flow, str]:
    """Return the first flow that has such a step, and the first of its steps."""
    return next((flow, steps[0]) for flow in stage.flows if (steps := found(flow.definition)))


def _states(machine: Machine) -> Iterator[tuple[str, Machine]]:
    for name, state in machine["States"].items():
        yield name, state
        for branch in state.get("Branches", ()):
            yield from _states(branch)


def _all(machine: Machine) -> list[str]:
    return [name for name, state in _states(machine) if state["Type"] == "Task"]


def _that_stop_the_flow(machine: Machine) -> list[str]:
    """Steps that something comes after and that nothing runs beside; else any that stops it."""
    alone = [
        name
        for name, state in machine["States"].items()
        if state["Type"] == "Task" and "Catch" not in state and state["Next"] != "Done"
    ]
    return alone or [
        name for name, state in _states(machine) if state["Type"] == "Task" and "Catch" not in state
    ]


def _beside_others(machine: Machine) -> list[str]:
    """First steps of branches that stop the flow, and with it the other branches."""
    return [
        branch["StartAt"]
        for _, state in _states(machine)
        for branch in state.get("Branches", ())
        if "Catch" not in branch["States"][branch["StartAt"]]
        and branch["States"][branch["StartAt"]]["Type"] == "Task"
    ]


def _that_do_not_stop_it(machine: Machine) -> list[str]:
    return [name for name, state in _states(machine) if "Catch" in state]


def _waits(machine: Machine, before: set[str], found: dict[str, set[str]]) -> set[str]:
    """Collect for which steps each step waits; return for which the end of the machine does."""
    name: str | None = machine["StartAt"]
    while name is not None:
        state = machine["States"][name]
        if state["Type"] == "Task":
            found[name], before = before, {name}
        elif state["Type"] == "Parallel":
            branches = [_waits(branch, before, found) for branch in state["Branches"]]
            before = set[str]().union(*branches)
        name = state.get("Next")
    return before


def _runs(stage: Stage, flow: Flow, run: str) -> dict[str, dict[str, Any]]:
    """Return the runs that a flow's run has started, by what their names have behind its own."""
    machines = {job.name: job.machine_arn for job in stage.jobs}
    return {
        found["name"].removeprefix(f"{run}-"): found
        for job in flow.jobs
        for found in stage.executions(machines[job])
        if found["name"].startswith(f"{run}-")
    }


def _ended(runs: Mapping[str, Mapping[str, Any]], status: str) -> set[str]:
    return {step for step, run in runs.items() if run["status"] == status}


def _steps_tell(stage: Stage, run: str, steps: Mapping[str, Any]) -> str:
    told = {stage.told(f"{run}-{step}") for step in steps} - {"nobody"}
    return " + ".join(sorted(told)) or "nobody"


def _retries(machine: Machine) -> dict[str, int]:
    """Return how often the flow itself starts each of its failed steps again."""
    return {
        name: sum(
            retry["MaxAttempts"]
            for retry in state["Retry"]
            if "States.TaskFailed" in retry["ErrorEquals"]
        )
        for name, state in _states(machine)
        if state["Type"] == "Task"
    }


def _that_are_retried(machine: Machine) -> list[str]:
    return [step for step, times in _retries(machine).items() if times]


def _start(stage: Stage, flow: Flow, steps: Mapping[str, Played] | None = None) -> str:
    """Trigger a flow; all its steps succeed but for those that are named, in all their retries."""
    fates: dict[str, Played] = {}
    for step, times in _retries(flow.definition).items():
        for number in range(times + 1):
            retry = f"-t{number}" if number else ""
            fates |= {f"{step}{retry}": (steps or {}).get(step, SUCCEEDS)}
            fates |= {f"{step}{AGAIN}{retry}": SUCCEEDS}
    return stage.trigger(flow, then=SUCCEEDS, steps={**fates, **(steps or {})})


def _in_order(stage: Stage, _: Scenario) -> Facts:
    flow, _first = _one_with(stage, _all)
    run = _start(stage, flow)
    stage.finish()
    runs, waits = _runs(stage, flow, run), dict[str, set[str]]()
    _waits(flow.definition, set(), waits)
    early = [
        f"{step} began before {one} ended"
        for step, before in waits.items()
        for one in before
        if runs[step]["startDate"] < runs[one]["stopDate"]
    ]
    return {
        **stage.facts(run, flow),
        "steps": "all" if _ended(runs, "SUCCEEDED") == set(flow.jobs) else ", ".join(runs),
        "order": ", ".join(early) or "kept",
        "steps tell": _steps_tell(stage, run, runs),
    }


def _step_fails(stage: Stage, _: Scenario) -> Facts:
    flow, step = _one_with(stage, _that_stop_the_flow)
    run = _start(stage, flow, {step: BROKEN})
    stage.finish()
    runs, waits = _runs(stage, flow, run), dict[str, set[str]]()
    _waits(flow.definition, set(), waits)
    later = [job for job, before in waits.items() if step in before and job in runs]
    return {
        **stage.facts(run, flow),
        "what comes after": ", ".join(later) or "did not run",
        "steps tell": _steps_tell(stage, run, runs),
        "message names": "the job" if _says(stage, run, f"{step} failed") else "nothing",
    }


def _says(stage: Stage, run: str, words: str) -> bool:
    return any(f"Reason: {words} " in str(message.notification) for message in stage.messages(run))


def _retried(stage: Stage, _: Scenario) -> Facts:
    flow, step = _one_with(stage, _that_are_retried)
    run = _start(stage, flow, {step: BROKEN, f"{step}-t1": SUCCEEDS})
    stage.finish()
    runs = _runs(stage, flow, run)
    return {
        **stage.facts(run, flow),
        "first": runs[step]["status"].lower(),
        "second": runs[f"{step}-t1"]["status"].lower(),
    }


def _redriven(stage: Stage, _: Scenario) -> Facts:
    flow, step = _one_with(stage, _that_stop_the_flow)
    run = _start(stage, flow, {step: BROKEN})
    stage.finish()
    before = _runs(stage, flow, run)
    stage.states.redrive_execution(executionArn=execution_arn(flow.machine_arn, run))
    stage.finish()
    anew = _runs(stage, flow, run).keys() - before.keys()
    missing = set(flow.jobs) - _ended(before, "SUCCEEDED")
    return {
        **stage.facts(run, flow),
        "runs anew": "what had not succeeded"
        if anew == {f"{job}{AGAIN}" for job in missing}
        else ", ".join(sorted(anew)),
    }


def _branch_fails(stage: Stage, _: Scenario) -> Facts:
    flow, step = _one_with(stage, _beside_others)
    others = {job: LONG for job in flow.jobs if job != step}
    run = _start(stage, flow, {**others, step: BROKEN})
    stage.finish()
    runs = _runs(stage, flow, run)
    return {
        **stage.facts(run, flow),
        "beside it": "stopped" if _ended(runs, "ABORTED") else "went on",
    }


def _goes_on(stage: Stage, _: Scenario) -> Facts:
    flow, step = _one_with(stage, _that_do_not_stop_it)
    run = _start(stage, flow, {step: BROKEN})
    stage.finish()
    runs = _runs(stage, flow, run)
    others = set(flow.jobs) - {step}
    return {
        **stage.facts(run, flow),
        "all others": "succeeded" if _ended(runs, "SUCCEEDED") == others else ", ".join(runs),
        "step": runs[step]["status"].lower(),
        "said": "which failed" if _says(stage, run, f"{step} failed,") else "nothing",
    }


_NO_FLOW = "no flow is deployed whose programs are here"

FEATURES = (
    Scenario(
        name="flow-in-order",
        says="A flow runs: each job when all that it comes after have ended, and one message",
        unless=_without(_all, _NO_FLOW),
        act=_in_order,
        expects=lambda _: {
            "run": "succeeded",
            "steps": "all",
            "order": "kept",
            "steps tell": "nobody",
            "message to": "success",
        },
    ),
    Scenario(
        name="flow-step-fails",
        says="A job of a flow fails: what comes after it does not run, and one message says why",
        unless=_without(_that_stop_the_flow, _NO_FLOW),
        act=_step_fails,
        expects=lambda _: {
            "run": "failed",
            "error": "States.TaskFailed",
            "what comes after": "did not run",
            "message names": "the job",
            "steps tell": "nobody",
            "message to": "failure",
        },
    ),
    Scenario(
        name="flow-step-retried",
        says="A job of a flow fails and its flow starts it again, as its retry says",
        unless=_without(_that_are_retried, "no flow is deployed that tries a job again"),
        act=_retried,
        expects=lambda _: {
            "run": "succeeded",
            "first": "failed",
            "second": "succeeded",
            "message to": "success",
        },
    ),
    Scenario(
        name="flow-redriven",
        says="Somebody redrives the failed flow: it goes on from the job that failed, to its end",
        unless=_without(_that_stop_the_flow, _NO_FLOW),
        act=_redriven,
        expects=lambda _: {
            "run": "succeeded",
            "runs anew": "what had not succeeded",
            "message to": "failure + success",
        },
    ),
    Scenario(
        name="flow-branch-fails",
        says="A job fails while others run beside it: Step Functions stops them and their tasks",
        unless=_without(_beside_others, "no flow is deployed in which jobs run side by side"),
        act=_branch_fails,
        expects=lambda _: {"run": "failed", "beside it": "stopped", "message to": "failure"},
    ),
    Scenario(
        name="flow-goes-on",
        says="A job with onFailure: continue fails: the rest of the flow runs, and says so",
        unless=_without(_that_do_not_stop_it, "no flow is deployed that goes on past a failure"),
        act=_goes_on,
        expects=lambda _: {
            "run": "succeeded",
            "step": "failed",
            "all others": "succeeded",
            "said": "which failed",
            "message to": "success",
        },
    ),
)
