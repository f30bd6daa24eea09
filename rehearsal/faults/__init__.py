"""Everything that goes wrong with a batch system, one fault at a time.

To add one, write a :class:`Fault` into the file of what fails.
"""

from collections.abc import Iterable, Iterator

from rehearsal.faults import network, running, starting, telling, triggering
from rehearsal.faults.model import Fault, play
from rehearsal.stage import Outcome, Stage

__all__ = ["FAULTS", "Fault", "play", "play_all"]

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for part in (triggering, starting, network, running, telling)
    for fault in part.FAULTS
}
"""By name, in the order in which they are played: from the trigger to the message."""


def play_all(stage: Stage, names: Iterable[str] = FAULTS) -> Iterator[Outcome]:
    """Play faults one after another, while the stack's own schedules are paused."""
    with stage.schedules_paused():
        for name in names:
            yield play(stage, FAULTS[name])
