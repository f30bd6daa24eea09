"""Graphs of jobs become sequences and parallel branches that say the same."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions import flows
from definitions.flows import AtOnce, InTurn, Net, arranged

Graph = dict[str, set[str]]


def times(net: Net, takes: dict[str, int], at: int, begins: dict[str, int]) -> int:
    """Play an arranged flow: note when each job begins, return when all has ended."""
    if isinstance(net, str):
        assert net not in begins, f"{net} runs twice"
        begins[net] = at
        return at + takes[net]
    if isinstance(net, AtOnce):
        return max(times(part, takes, at, begins) for part in net.parts)
    for part in net.parts:
        at = times(part, takes, at, begins)
    return at


def begins(graph: Graph, takes: dict[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    times(arranged(graph), takes, 0, found)
    return found


def earliest(graph: Graph, takes: dict[str, int]) -> dict[str, int]:
    """The oracle: each job begins when the last of those that it comes after has ended."""
    found: dict[str, int] = {}
    while len(found) < len(graph):
        for job, after in graph.items():
            if job not in found and after <= found.keys():
                found[job] = max((found[one] + takes[one] for one in after), default=0)
    return found


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any graph without a cycle, its jobs in any order."""
    jobs = [f"job-{number}" for number in range(draw(st.integers(1, 9)))]
    graph = {
        job: set(draw(st.lists(st.sampled_from(jobs[:at]), max_size=3))) if at else set[str]()
        for at, job in enumerate(jobs)
    }
    return {job: graph[job] for job in draw(st.permutations(jobs))}


@st.composite
def series_parallel_graphs(draw: st.DrawFn) -> Graph:
    """Put together from single jobs, two graphs at a time: beside or behind one another."""
    parts: list[Graph] = [{f"job-{number}": set()} for number in range(draw(st.integers(1, 12)))]
    while len(parts) > 1:
        first = parts.pop(draw(st.integers(0, len(parts) - 1)))
        second = parts.pop(draw(st.integers(0, len(parts) - 1)))
        if draw(st.booleans()):
            second = {job: after or set(first) for job, after in second.items()}
        parts.append({**first, **second})
    (graph,) = parts
    return {job: graph[job] for job in draw(st.permutations(list(graph)))}


def durations_of(graph: Graph) -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries({job: st.integers(1, 100) for job in graph})


@given(st.data())
def test_every_job_runs_once_and_after_all_that_it_comes_after(data: st.DataObject) -> None:
    graph = data.draw(graphs())
    takes = data.draw(durations_of(graph))
    found = begins(graph, takes)
    assert found.keys() == graph.keys()
    for job, after in graph.items():
        assert all(found[job] >= found[one] + takes[one] for one in after), job


@given(st.data())
def test_nothing_waits_for_what_it_need_not_in_a_series_parallel_graph(data: st.DataObject) -> None:
    graph = data.draw(series_parallel_graphs())
    takes = data.draw(durations_of(graph))
    assert begins(graph, takes) == earliest(graph, takes)


@given(graphs())
def test_the_picture_has_a_dotted_arrow_only_for_a_wait_that_nobody_asked_for(graph: Graph) -> None:
    takes = dict.fromkeys(graph, 1)
    drawn = flows.mermaid(graph)
    if "-.->" not in drawn:
        assert begins(graph, takes) == earliest(graph, takes)
    wanted = {(one, job) for job, after in graph.items() for one in after}
    assert wanted <= set(_reachable(flows.waits(arranged(graph))))


def _reachable(waits: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    for job in waits:
        seen: set[str] = set()
        border = set(waits[job])
        while border:
            seen |= border
            border = set[str]().union(*(waits[one] for one in border)) - seen
        yield from ((one, job) for one in seen)


def test_a_chain_is_a_sequence_and_independent_jobs_are_branches() -> None:
    assert arranged({"a": (), "b": ("a",), "c": ("b",)}) == InTurn(("a", "b", "c"))
    assert arranged({"a": (), "b": ()}) == AtOnce(("a", "b"))
    assert arranged({"alone": ()}) == "alone"


def test_a_branch_does_not_wait_for_the_other() -> None:
    diamond = {"a": (), "b": ("a",), "c": ("b",), "d": ("a",), "e": ("c", "d")}
    assert arranged(diamond) == InTurn(("a", AtOnce((InTurn(("b", "c")), "d")), "e"))


def test_an_arrow_that_others_imply_changes_nothing() -> None:
    chain = InTurn(("a", "b", "c"))
    assert arranged({"a": (), "b": ("a",), "c": ("a", "b")}) == chain


N = {"a": (), "b": (), "c": ("a",), "d": ("a", "b")}


def test_where_a_graph_is_no_nest_of_branches_it_goes_level_by_level() -> None:
    assert arranged(N) == InTurn((AtOnce(("a", "b")), AtOnce(("c", "d"))))


def test_only_the_part_that_is_none_goes_level_by_level() -> None:
    around = {"first": (), **{job: (*after, "first") for job, after in N.items()}}
    aside = {**around, "aside": ("first",), "last": ("aside", "c", "d")}
    levels = InTurn((AtOnce(("a", "b")), AtOnce(("c", "d"))))
    assert arranged(aside) == InTurn(("first", AtOnce((levels, "aside")), "last"))


@pytest.mark.parametrize(
    "graph",
    [{"a": ("c",), "b": ("a",), "c": ("b",)}, {"x": (), "a": ("c", "x"), "b": ("a",), "c": ("b",)}],
)
def test_a_cycle_is_spelled_out_in_the_order_of_running(graph: dict[str, tuple[str, ...]]) -> None:
    assert flows.cycle(graph) == ["a", "b", "c", "a"]


def test_a_job_after_itself_is_a_cycle() -> None:
    assert flows.cycle({"a": ("a",)}) == ["a", "a"]


def test_jobs_behind_a_cycle_are_not_part_of_it() -> None:
    assert flows.cycle({"z": ("a",), "a": ("b",), "b": ("a",)}) == ["a", "b", "a"]


@given(graphs())
def test_a_graph_without_a_cycle_has_none(graph: Graph) -> None:
    assert flows.cycle(graph) is None


def test_the_picture_draws_what_waits_for_what() -> None:
    picture = flows.mermaid(N, goes_on=["c"])
    assert picture.splitlines() == [
        "flowchart LR",
        '  job1["a"]',
        '  job2["b"]',
        '  job3("c")',
        '  job4["d"]',
        "  job1 --> job3",
        "  job2 -.-> job3",
        "  job1 --> job4",
        "  job2 --> job4",
    ]
