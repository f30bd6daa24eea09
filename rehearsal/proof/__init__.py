"""The proof of least privilege: take away one grant at a time, and see who notices."""

from rehearsal.proof.lives import lives
from rehearsal.proof.proof import (
    Baseline,
    Candidate,
    Found,
    Happening,
    ProofError,
    Prover,
    rehearsed,
    verdicts,
)
from rehearsal.proof.scenarios import scenarios

__all__ = [
    "Baseline",
    "Candidate",
    "Found",
    "Happening",
    "ProofError",
    "Prover",
    "lives",
    "rehearsed",
    "scenarios",
    "verdicts",
]
