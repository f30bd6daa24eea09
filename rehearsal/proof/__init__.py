"""The proof of least privilege: take away one grant at a time, and see who notices."""

from rehearsal.proof.proof import BrokenScenarioError, Candidate, Found, Prover, outdated
from rehearsal.proof.scenarios import scenarios

__all__ = ["BrokenScenarioError", "Candidate", "Found", "Prover", "outdated", "scenarios"]
