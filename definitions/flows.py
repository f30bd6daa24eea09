"""Flows: jobs that wait for one another, arranged as sequences and parallel branches.

A state machine knows sequences and parallel branches, nested as one likes. They say exactly what
``after:`` says where the graph is series-parallel, which means: where nobody drew an N (c after a,
d after a and b). Where somebody did, a job waits for more than it asked for; :func:`mermaid` draws
that, too.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

After = Mapping[str, Collection[str]]
"""Every job of a flow with the jobs that it comes after."""


@dataclass(frozen=True)
class InTurn:
    """Parts of a flow, each of which begins when all of the one before has ended."""

    parts: "tuple[Net, ...]"


@dataclass(frozen=True)
class AtOnce:
    """Parts of a flow that know nothing of one another; it ends when the last of them has."""

    parts: "tuple[Net, ...]"


Net = str | InTurn | AtOnce
"""A job, or parts of a flow put together."""


def cycle(after: After) -> list[str] | None:
    """Return jobs that wait for one another in a ring, the first again at the end, or nothing."""
    left = {job: set(before) for job, before in after.items()}
    while free := [job for job, before in left.items() if not before & left.keys()]:
        for job in free:
            del left[job]
    if not left:
        return None
    # Whoever is left waits for somebody who is left, so going back must come to a job once more.
    way = [next(iter(left))]
    while way[-1] not in way[:-1]:
        way.append(next(job for job in after[way[-1]] if job in left))
    return way[way.index(way[-1]) :][::-1]


def arranged(after: After) -> Net:
    """Arrange a flow so that each job begins when all that it comes after have ended.

    In a series-parallel graph none begins later than it could. In any other, the smallest part
    that is not goes level by level: what waits for nothing in it, then the rest.

    ``after`` names jobs of the flow only and has no cycle.
    """
    return _arranged(list(after), _ancestors(after))


def _ancestors(after: After) -> dict[str, set[str]]:
    """Return all that each job comes after, at whatever distance."""
    found: dict[str, set[str]] = {}
    left = dict(after)
    while left:
        for job in [job for job, before in left.items() if found.keys() >= set(before)]:
            before = left.pop(job)
            found[job] = set(before).union(*(found[one] for one in before))
    return found


def _arranged(jobs: Sequence[str], ancestors: Mapping[str, set[str]]) -> Net:
    if len(jobs) == 1:
        return jobs[0]
    related = {
        job: {other for other in jobs if other in ancestors[job] or job in ancestors[other]}
        for job in jobs
    }
    branches = _connected(jobs, related)
    if len(branches) > 1:
        return AtOnce(tuple(_arranged(branch, ancestors) for branch in branches))
    unrelated = {job: set(jobs) - related[job] for job in jobs}
    # Of two stages, all of one come after all of the other, so any two of their jobs tell which.
    stages = sorted(
        _connected(jobs, unrelated), key=lambda stage: len(ancestors[stage[0]] & set(jobs))
    )
    if len(stages) == 1:
        first = [job for job in jobs if not ancestors[job] & set(jobs)]
        stages = [first, [job for job in jobs if job not in first]]
    return InTurn(tuple(_in_turn(stages, ancestors)))


def _in_turn(stages: Sequence[Sequence[str]], ancestors: Mapping[str, set[str]]) -> Iterator[Net]:
    for stage in stages:
        net = _arranged(stage, ancestors)
        yield from net.parts if isinstance(net, InTurn) else (net,)


def _connected(jobs: Sequence[str], neighbours: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the jobs in groups that nothing connects, all in the order of ``jobs``."""
    groups: list[list[str]] = []
    left = list(jobs)
    while left:
        reached, border = {left[0]}, {left[0]}
        while border:
            border = set[str]().union(*(neighbours[job] for job in border)) - reached
            reached |= border
        groups.append([job for job in left if job in reached])
        left = [job for job in left if job not in reached]
    return groups


def waits(net: Net) -> dict[str, set[str]]:
    """Return for which jobs each job of an arranged flow waits, those just before it only."""
    found: dict[str, set[str]] = {}
    _add_waits(net, set(), found)
    return found


def _add_waits(net: Net, before: set[str], found: dict[str, set[str]]) -> set[str]:
    """Add the waits of a part that follows ``before``; return what its follower waits for."""
    if isinstance(net, str):
        found[net] = before
        return {net}
    if isinstance(net, AtOnce):
        return set[str]().union(*(_add_waits(part, before, found) for part in net.parts))
    for part in net.parts:
        before = _add_waits(part, before, found)
    return before


def mermaid(after: After, goes_on: Collection[str] = ()) -> str:
    """Draw a flow as Mermaid text: what really waits for what.

    An arrow with dots is a wait that nobody asked for, in a graph that is not series-parallel.
    Jobs of ``goes_on`` do not stop the flow when they fail: they are rounded.
    """
    ancestors = _ancestors(after)
    drawn = waits(arranged(after))
    node = {job: f"job{number}" for number, job in enumerate(after, 1)}  # "end" could not be one
    nodes = [
        f'  {node[job]}("{job}")' if job in goes_on else f'  {node[job]}["{job}"]' for job in after
    ]
    arrows = [
        f"  {node[one]} {'-->' if one in ancestors[job] else '-.->'} {node[job]}"
        for job in after
        for one in after
        if one in drawn[job]
    ]
    return "\n".join(["flowchart LR", *nodes, *arrows])
