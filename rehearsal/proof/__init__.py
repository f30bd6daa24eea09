"""The proof of least privilege: take away one grant at a time, and see who notices."""

from rehearsal.proof.proof import Candidate, Found, ProofError, Prover, Scenario, verdicts
from rehearsal.proof.scenarios import scenarios

__all__ = ["Candidate", "Found", "ProofError", "Prover", "Scenario", "scenarios", "verdicts"]
