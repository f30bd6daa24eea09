"""Takes one grant after another away from a deployed stack and looks who notices.

A grant is an action, a resource or a condition of a policy statement, a statement that denies, an
endpoint, a rule of a security group. First every scenario is played once with everything in place,
and what its calls and connections rested on is kept. Then each grant is taken away alone, and the
scenarios that rested on it are played until one comes out otherwise. What nobody notices is
surplus.

A condition keeps somebody out, and no scenario of the stack's own fails without it. So a call that
met it is made once more by a stranger: it must be refused, and must pass without the condition.
"""

import fnmatch
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from definitions.surplus import EXPLAINED, Explained
from rehearsal.cloud import EmbeddedAws
from rehearsal.cloud.network import Support
from rehearsal.cloud.policy_documents import Document
from rehearsal.cloud.policy_evaluation import Asked, Grant
from rehearsal.proof.network import Post, network_posts, taken_down
from rehearsal.proof.parts import Part, parts_of, without
from rehearsal.proof.strangers import stranger
from rehearsal.stage import Outcome

STRANGER = "a stranger's call"
"""Who notices that a condition is gone."""


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Something that happens to the deployed stack and leaves it as it was."""

    name: str
    play: Callable[[], Outcome]
    whole: bool = False
    """Whether it fails as soon as one of its calls is refused. Then it is played once: without a
    grant, the calls that rested on it are decided about again."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What came of taking one grant away."""

    where: str
    what: str
    noticed_by: str | None = None
    """Name of the scenario that came out otherwise, or :data:`STRANGER`; ``None``: surplus."""
    how: str = ""
    """What was otherwise, in words."""
    reason: str | None = None
    """Why a surplus grant is there all the same."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the grant is needed, or its surplus explained."""
        return self.noticed_by is not None or self.reason is not None


@dataclass(kw_only=True)
class Baseline:
    """A scenario, and what it rests on with everything in place."""

    scenario: Happening
    grants: dict[Grant, Asked] = field(repr=False)
    supports: set[Support] = field(repr=False)


class ProofError(Exception):
    """There is nothing to prove by, or nothing to prove; one line."""


def rehearsed(aws: EmbeddedAws, scenario: Happening) -> tuple[Outcome, Baseline]:
    """Play a scenario with everything in place, and keep what it rests on.

    Raises:
        ProofError: it does not come out as it should even so.
    """
    aws.iam.used.clear()
    aws.network.used.clear()
    outcome = scenario.play()
    if not outcome.passed:
        raise ProofError(
            f"{scenario.name} does not come out as it should with every grant in place: "
            f"{_otherwise(outcome)}"
        )
    baseline = Baseline(
        scenario=scenario, grants=dict(aws.iam.used), supports=set(aws.network.used)
    )
    return outcome, baseline


class Prover:
    """Proves the grants of one deployed stack."""

    def __init__(
        self,
        aws: EmbeddedAws,
        scenarios: Iterable[Happening],
        lived: Iterable[Baseline] = (),
    ) -> None:
        """``lived`` is what happened before the scenarios, and does not happen again."""
        self._aws = aws
        self._scenarios = list(scenarios)
        self._baselines = list(lived)

    def rehearse(self) -> Iterator[Outcome]:
        """Play every scenario that applies once, with everything in place.

        Raises:
            ProofError: one does not come out as it should even so.
        """
        for scenario in self._scenarios:
            outcome, baseline = rehearsed(self._aws, scenario)
            if outcome.left_out is None:
                self._baselines.append(baseline)
            yield outcome

    def grants(self, only: str = "") -> list["Candidate"]:
        """Return everything that can be taken away and whose description has ``only`` in it.

        Raises:
            ProofError: there is none.
        """
        documents = self._aws.iam.documents
        found = [
            Candidate(where=str(document), what=str(part), document=document, part=part)
            for document in documents.all()
            for part in parts_of(documents.read(document))
        ]
        found += [
            Candidate(where=post.where, what=post.what, post=post)
            for post in network_posts(self._aws)
        ]
        wanted = [one for one in found if only.lower() in f"{one.where} {one.what}".lower()]
        if not wanted:
            raise ProofError(
                f"nothing that the stack grants has {only!r} in its description: name an action, "
                "a role, a condition key, a service of an endpoint"
            )
        return wanted

    def prove(self, candidate: "Candidate") -> Found:
        """Take a grant away, look who notices, and put it back."""
        began = time.monotonic()
        noticed = self._noticed(candidate)
        return Found(
            where=candidate.where,
            what=candidate.what,
            noticed_by=noticed[0] if noticed else None,
            how=noticed[1] if noticed else "",
            reason=None if noticed else _reason(candidate.where, candidate.what),
            seconds=time.monotonic() - began,
        )

    def _noticed(self, candidate: "Candidate") -> tuple[str, str] | None:
        if candidate.document and candidate.part:
            if candidate.part.kind in ("condition", "statement"):
                return self._stranger_noticed(candidate.document, candidate.part)
            touched = [
                baseline
                for baseline in self._baselines
                if any(
                    _is_of(candidate.document, candidate.part, grant) for grant in baseline.grants
                )
            ]
        else:
            touched = [
                baseline
                for baseline in self._baselines
                if any(support.id == candidate.post_id for support in baseline.supports)
            ]
        for baseline in touched:
            if baseline.scenario.whole and (refused := self._refused(baseline, candidate)):
                return baseline.scenario.name, f"{refused} is refused"
        with self._without(candidate):
            for baseline in [one for one in touched if not one.scenario.whole]:
                outcome = baseline.scenario.play()
                if not outcome.passed:
                    return baseline.scenario.name, _otherwise(outcome)
        return None

    def _refused(self, baseline: Baseline, candidate: "Candidate") -> str | None:
        """Return a call of a scenario that is refused without a part of a document."""
        document, part = candidate.document, candidate.part
        if document is None or part is None:
            return None
        less = without(self._aws.iam.documents.read(document), part)
        for grant, asked in baseline.grants.items():
            if _is_of(document, part, grant) and not asked.decide(instead={document: less}).allowed:
                return f"{asked.call.action} on {asked.call.resource}"
        return None

    def _stranger_noticed(self, document: Document, part: Part) -> tuple[str, str] | None:
        """Ask as a stranger, with the part in place and without it."""
        less = without(self._aws.iam.documents.read(document), part)
        for grant, asked in self._asked(document, part):
            conditions = [part.name.split(" ", 1)] if part.name else grant.conditions
            for operator, key in conditions:
                strange = stranger(asked.call, operator, key)
                with_part = asked.decide(strange, {})
                if not with_part.allowed and asked.decide(strange, {document: less}).allowed:
                    value = ", ".join(strange.values(key)) or "none"
                    return STRANGER, f"{strange.action} with {key} {value} passes"
        return None

    def _asked(self, document: Document, part: Part) -> Iterator[tuple[Grant, Asked]]:
        for baseline in self._baselines:
            for grant, asked in baseline.grants.items():
                if grant.where == document and grant.statement == part.statement:
                    yield grant, asked

    @contextmanager
    def _without(self, candidate: "Candidate") -> Generator[None]:
        if candidate.post is not None:
            with taken_down(self._aws, candidate.post):
                yield
            return
        document, part = candidate.document, candidate.part
        if document is None or part is None:
            raise ValueError(f"{candidate} is neither in a document nor in the network")
        text = self._aws.iam.documents.read(document)
        self._aws.iam.documents.write(document, without(text, part))
        try:
            yield
        finally:
            self._aws.iam.documents.write(document, text)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A grant that can be taken away: a part of a document, or something of the network."""

    where: str
    what: str
    document: Document | None = None
    part: Part | None = None
    post: Post | None = None

    @property
    def post_id(self) -> str:
        """Id by which connections name what they rest on."""
        return self.post.id if self.post else ""


def _is_of(document: Document, part: Part, grant: Grant) -> bool:
    """Tell whether a decision rested on a part of a document."""
    if grant.where != document or grant.statement != part.statement or not grant.applied:
        return False
    return part.name in (grant.actions if part.kind == "action" else grant.resources)


def _otherwise(outcome: Outcome) -> str:
    """Say the first fact that is not as expected, or why there are none."""
    for fact, value in outcome.expected.items():
        if fact not in outcome.happened:
            return str(outcome.happened.get("because", f"{fact} unknown"))
        if outcome.happened[fact] != value:
            return f"{fact} {outcome.happened.get(fact)} instead of {value}"
    return ""


def verdicts(found: Sequence[Found], at: datetime) -> list[Outcome]:
    """Say what came of a proof in the words of outcomes: of each grant, and of explanations.

    An explanation whose grants were all missed explains nothing any more, and has failed.
    """
    return [
        Outcome(
            at=at,
            what=f"{one.where}: {one.what}",
            expected={"is": "explained" if one.reason else "needed"},
            happened={
                "is": "needed" if one.noticed_by else "explained" if one.reason else "surplus"
            },
        )
        for one in found
    ] + [
        Outcome(
            at=at,
            what=f"definitions/surplus.py: {entry.document}: {entry.grants}",
            expected={"explains": "a surplus grant"},
            happened={"explains": "only grants that somebody needs: remove it"},
        )
        for entry in EXPLAINED
        if (of_entry := [one for one in found if _explains(entry, one.where, one.what)])
        and all(one.noticed_by for one in of_entry)
    ]


def _reason(where: str, what: str) -> str | None:
    return next((entry.reason for entry in EXPLAINED if _explains(entry, where, what)), None)


def _explains(entry: Explained, where: str, what: str) -> bool:
    return fnmatch.fnmatchcase(where, entry.document) and fnmatch.fnmatchcase(what, entry.grants)
