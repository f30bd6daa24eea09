"""The proof of least privilege: take away one grant at a time, and see who notices."""

from rehearsal.proof.proof import Candidate, Found, Happening, ProofError, Prover, verdicts
from rehearsal.proof.scenarios import scenarios

__all__ = ["Candidate", "Found", "Happening", "ProofError", "Prover", "scenarios", "verdicts"]
