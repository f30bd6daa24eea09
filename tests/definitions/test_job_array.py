"""What a job's machine makes of an array of elements."""

import json
import re
from typing import Any

import pytest
from statelint.linter import Linter

from definitions import job_array
from definitions.job_array import JobArray, elements_bytes, is_inline, longest_history
from definitions.job_machine import RetryBudgets
from tests.definitions.playing import CONTEXT, Caught, evaluate, play
from tests.definitions.test_job_machine import (
    CAPACITY,
    DONE,
    ENDINGS,
    STREAM,
    cause,
    ended,
    machine,
    not_started,
)

BOTH = pytest.mark.parametrize("inline", [True, False], ids=["inline", "distributed"])


def array(size: int = 3, *, inline: bool = True, **changed: Any) -> dict[str, Any]:
    """Make the machine of an array; a distributed one has as many elements as it takes."""
    retries = changed.pop("retries", RetryBudgets())
    if not inline:
        size += job_array.MAX_INLINE
    return machine(array=JobArray(size=size, **changed), retries=retries)


def environment(request: dict[str, Any]) -> dict[str, str]:
    (override,) = request["Overrides"]["ContainerOverrides"]
    return {pair["Name"]: pair["Value"] for pair in override["Environment"]}


@BOTH
def test_each_element_is_told_which_one_of_how_many_it_is(inline: bool) -> None:
    made = array(inline=inline)
    size = made["States"]["Elements"]["ItemSelector"]["size"]
    end = play(made, {"scheduledTime": "2026-11-22T03:30:00Z"}, [DONE] * size)
    assert end.status == "SUCCEEDED"
    assert [environment(request)["JOB_ARRAY_INDEX"] for request in end.requests] == [
        str(index) for index in range(size)
    ]
    first = environment(end.requests[0])
    assert first["JOB_ARRAY_SIZE"] == str(size)
    assert "JOB_ARRAY_ITEM" not in first
    assert first["JOB_RUN_ID"] == "run-1", "the run's, also in an execution of its own"
    assert first["JOB_SCHEDULED_TIME"] == "2026-11-22T03:30:00Z"
    assert first["LEVEL"] == "info"


@BOTH
def test_elements_see_what_a_run_brings_but_for_what_is_the_runs_own(inline: bool) -> None:
    given = {"command": ["true"], "taskDefinition": "family:7", "notify": "all", "indexes": [1]}
    end = play(array(inline=inline), given, [DONE])
    assert end.requests[0]["TaskDefinition"] == "family:7"
    assert end.requests[0]["Overrides"]["ContainerOverrides"][0]["Command"] == ["true"]
    selected = array(inline=inline)["States"]["Elements"]["ItemSelector"]
    context = {"Execution": {**CONTEXT["Execution"], "Input": given}, "Map": {"Item": {"Value": 1}}}
    inside = evaluate(selected, {"context": context}, {})
    assert inside["notify"] == "none", "nobody is told of an element, whoever hears of its end"
    assert set(inside["given"]) == {"command", "taskDefinition"}


@pytest.mark.parametrize("given", [{}, [], "text", None, 3], ids=repr)
def test_missing_input_never_breaks_a_run(given: Any) -> None:
    end = play(array(), given, [DONE] * 3)
    assert (end.status, len(end.requests)) == ("SUCCEEDED", 3)
    assert environment(end.requests[0])["JOB_SCHEDULED_TIME"] == "2026-11-22T03:30:05.120Z"


def test_each_element_gets_its_item_as_it_was_written() -> None:
    items = ("eu  west", '{"k":"v"}', "{% $now() %}")
    end = play(array(items=items), {}, [DONE] * 3)
    assert [environment(request)["JOB_ARRAY_ITEM"] for request in end.requests] == list(items)


def test_a_run_may_be_for_some_elements_only() -> None:
    end = play(array(items=("a", "b", "c")), {"indexes": [2, 0, 7, -1, 0.5, "1"]}, [DONE] * 2)
    assert [
        (environment(request)["JOB_ARRAY_INDEX"], environment(request)["JOB_ARRAY_ITEM"])
        for request in end.requests
    ] == [("2", "c"), ("0", "a")]
    assert environment(end.requests[0])["JOB_ARRAY_SIZE"] == "3"
    assert end.output["elements"] == 2


def test_an_element_is_tried_again_as_a_plain_job_is() -> None:
    made = array(retries=RetryBudgets(app=(60,)))
    end = play(made, {}, [ended(1), DONE, DONE, Caught("ECS.AmazonECSException", CAPACITY), DONE])
    assert (end.status, end.waits) == ("SUCCEEDED", [60, 30])
    assert [item.states for item in end.items] == [
        ["Prepare", "Run", "Again?", "Wait", "Run"],
        ["Prepare", "Run"],
        ["Prepare", "Run", "Again?", "Wait", "Run"],
    ]
    assert [environment(request)["JOB_ATTEMPT"] for request in end.requests] == list("12112")


@BOTH
def test_a_run_fails_when_an_element_did_and_says_which_and_how(inline: bool) -> None:
    made = array(inline=inline)
    more = [] if inline else [DONE] * job_array.MAX_INLINE
    pull = not_started("CannotPullContainerError: not found")
    end = play(made, {}, [pull, DONE, ended(3), *more])
    assert (end.status, end.error) == ("FAILED", job_array.JOB_ELEMENTS_FAILED)
    size = 3 + len(more)
    assert cause(end) == {
        "class": "failed",
        "elements": size,
        "failed": 2,
        "reason": f"2 of {size} elements failed: 0 (not started), 2 (failed, exit code 3)",
        "logGroup": "/fargate-batch/dev/default",
        "logStream": STREAM,
    }


def test_many_failures_are_counted_and_the_first_are_named() -> None:
    end = play(array(25), {}, [ended(1)] * 25)
    assert cause(end)["reason"].startswith("25 of 25 elements failed: 0 (failed, exit code 1), 1 (")
    assert cause(end)["reason"].endswith("9 (failed, exit code 1), 15 more")


@pytest.mark.parametrize(
    ("tolerance", "failures", "status"),
    [
        ({}, 1, "FAILED"),
        ({"tolerated_count": 1}, 1, "SUCCEEDED"),
        ({"tolerated_count": 1}, 2, "FAILED"),
        ({"tolerated_percentage": 25}, 2, "SUCCEEDED"),
        ({"tolerated_percentage": 25}, 3, "FAILED"),
    ],
)
def test_as_many_as_are_tolerated_may_fail(
    tolerance: dict[str, int], failures: int, status: str
) -> None:
    end = play(array(8, **tolerance), {}, [ended(1)] * failures + [DONE] * (8 - failures))
    assert end.status == status
    said = end.output if status == "SUCCEEDED" else cause(end)
    assert said["failed"] == failures
    assert said["class"] == ("succeeded" if status == "SUCCEEDED" else "failed")
    assert f"{failures} of 8 elements failed" in said["reason"], "tolerated is not unheard of"


def test_a_run_without_a_failure_gives_no_reason() -> None:
    end = play(array(), {}, [DONE] * 3)
    assert end.output == {
        "class": "succeeded",
        "elements": 3,
        "failed": 0,
        "logGroup": "/fargate-batch/dev/default",
    }


@pytest.mark.parametrize("lost", [[], [None], [{"Error": "States.Runtime"}]], ids=repr)
def test_an_element_that_gave_no_verdict_failed(lost: list[Any]) -> None:
    """A person stopped it, or Step Functions itself failed; no page says what stands for it."""
    summary = array(inline=False)["States"]["Elements"]["Output"]
    states = {"result": [0] * 42 + lost, "context": {"Execution": {"Input": {}}}}
    said = evaluate(summary, states, {})
    assert said["failed"] == 1
    assert said["reason"] == "1 of 43 elements failed: 1 without a verdict"


@pytest.mark.parametrize(("said", "kind"), [(case[0], case[2]) for case in ENDINGS], ids=str)
def test_every_class_of_failure_has_a_verdict(said: Caught, kind: str) -> None:
    end = play(array(2, retries=RetryBudgets(start=())), {}, [said, said, said, said])
    assert f"0 ({kind}" in cause(end)["reason"]


# -- sizes


def test_the_history_of_the_largest_inline_run_stays_below_its_limit() -> None:
    """40 elements that use every budget that a stack file may write, and the limit decides."""
    usual = 1 + sum(map(len, machine()["States"]["Prepare"]["Assign"]["waits"].values()))
    assert longest_history(40, usual) < 10_000
    most = next(attempts for attempts in range(1, 1_000) if not is_inline(40, attempts))
    assert most > 2 * usual
    assert longest_history(40, most - 1) <= 25_000 < longest_history(40, most)


def test_beyond_forty_elements_or_the_longest_history_each_is_an_execution_of_its_own() -> None:
    def mode(made: dict[str, Any]) -> str:
        return made["States"]["Elements"]["ItemProcessor"]["ProcessorConfig"]["Mode"]

    assert mode(array(40)) == "INLINE"
    assert mode(array(41)) == "DISTRIBUTED"
    stubborn = RetryBudgets(app=(0,) * 20, memory=(0,) * 20, timeout=(0,) * 20)
    assert mode(array(40, retries=stubborn)) == "DISTRIBUTED"
    distributed = array(41)["States"]["Elements"]
    assert distributed["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] == "STANDARD", (
        "an express execution cannot wait for a task"
    )
    assert distributed["ToleratedFailureCount"] == 41, "no element ends the others"
    assert len(distributed["Label"]) <= 40


@pytest.mark.parametrize("size", [job_array.MAX_ELEMENTS_WITH_LOG, job_array.MAX_ELEMENTS])
def test_the_verdicts_of_all_elements_fit_into_one_output_whatever_becomes_of_them(
    size: int,
) -> None:
    failed = array(size)["States"]["Elements"]["ItemProcessor"]["States"]["Failed"]
    verdict = evaluate(
        failed["Output"],
        {},
        {
            "index": size - 1,
            "failure": {
                "cause": {
                    "class": "failed",
                    "exitCode": 255,
                    "logStream": f"run/main/{'0' * 32}",
                }
            },
        },
    )
    assert size * len(json.dumps(verdict) + ",") < job_array.MAX_DATA_BYTES
    assert ("0" * 32 in verdict) is (size <= job_array.MAX_ELEMENTS_WITH_LOG)


def test_ten_thousand_elements_are_judged() -> None:
    made = array(10_000, tolerated_percentage=10)
    elements = made["States"]["Elements"]
    context = {"Execution": {"Input": {}}}
    items = evaluate(elements["Items"], {"context": context}, {})
    assert len(items) == 10_000
    assert len(json.dumps(items, separators=(",", ":"))) < job_array.MAX_DATA_BYTES
    verdicts = ["1 6 1 -"] * 1_001 + [0] * 8_999
    said = evaluate(elements["Output"], {"result": verdicts, "context": context}, {})
    assert said["failed"] == 1_001
    condition = made["States"]["Enough?"]["Choices"][0]["Condition"]
    assert evaluate(condition, {"input": said}, {}) is True
    assert evaluate(condition, {"input": {**said, "failed": 1_000}}, {}) is False


def test_what_a_map_is_given_is_measured_as_it_is_given() -> None:
    items = ("a", "é", '{"a":1}')
    given = evaluate(
        array(3, items=items)["States"]["Elements"]["Items"],
        {"context": {"Execution": {"Input": {}}}},
        {},
    )
    written = json.dumps(given, separators=(",", ":"), ensure_ascii=False)
    assert elements_bytes(items) == len(written.encode())


def test_no_more_run_at_once_than_there_are() -> None:
    assert array(3)["States"]["Elements"]["MaxConcurrency"] == 3
    assert array(30, max_concurrency=5)["States"]["Elements"]["MaxConcurrency"] == 5


def test_an_array_has_the_very_states_of_a_plain_job_inside() -> None:
    inside = array()["States"]["Elements"]["ItemProcessor"]["States"]
    plain = machine()["States"]
    assert [name for name in plain if plain[name] != inside[name]] == ["Prepare", "Run", "Failed"]
    assert {key for key in plain["Run"] if plain["Run"][key] != inside["Run"][key]} == {"Output"}


@BOTH
def test_statelint_accepts_the_machine_but_for_what_it_does_not_know(inline: bool) -> None:
    complaints = Linter.validate(array(inline=inline))
    unknown = re.compile('Wait.Seconds|Field "Label"')
    assert [said for said in complaints if not unknown.search(said)] == []
