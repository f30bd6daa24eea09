"""Waiting: how often somebody looks, and a network that is lost meanwhile."""

# botocore has no types:
# pyright: reportMissingTypeStubs=false

import itertools

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from ops import waiting


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which takes any time."""
    made: list[float] = []
    monkeypatch.setattr(waiting.time, "sleep", made.append)
    return made


def test_pauses_grow_and_stay_short(pauses: list[float]) -> None:
    for _ in itertools.islice(waiting.rounds(), 7):
        pass
    assert pauses == [0.3, 0.6, 1.2, 2.4, 3.0, 3.0]


def test_a_lost_network_is_told_once_and_asked_again(
    pauses: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    lost = EndpointConnectionError(endpoint_url="https://states")
    answers = iter([lost, lost, "found"])

    def ask() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    assert waiting.reached(ask) == "found"
    assert len(pauses) == 2
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("AWS is not reached: ")
    assert first.endswith("; trying again")
    assert last == "AWS is reached again"


def test_what_will_not_heal_is_not_asked_again(pauses: list[float]) -> None:
    def ask() -> None:
        raise NoCredentialsError

    with pytest.raises(NoCredentialsError):
        waiting.reached(ask)
    assert pauses == []
