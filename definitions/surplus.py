"""What the policies grant although no rehearsal misses it, and why they grant it all the same.

``python -m rehearsal prove`` takes every grant away once and fails on one that nobody misses,
unless it stands here. An entry whose grants are all missed fails too: it is out of date.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Explained:
    """Grants of one kind of document that no scenario of the rehearsal needs."""

    document: str
    """Where they stand, as the proof says it, with ``*`` for what depends on the stack."""
    grants: str
    """Which of them, as the proof says it, with ``*`` for any text."""
    reason: str


EXPLAINED: tuple[Explained, ...] = (
    Explained(
        document="policy * of role *-execution",
        grants="PullImage: action ecr:BatchCheckLayerAvailability",
        reason="no image layer is pulled in the rehearsal; the ECS guide asks for it in a task's "
        "execution role",
    ),
)
