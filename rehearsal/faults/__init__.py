"""Everything that goes wrong with a batch system, one fault at a time.

To add one, write a :class:`Scenario` into the file of what fails.
"""

from rehearsal.faults import network, running, starting, telling, triggering
from rehearsal.scenario import Scenario

FAULTS: dict[str, Scenario] = {
    fault.name: fault
    for part in (triggering, starting, network, running, telling)
    for fault in part.FAULTS
}
"""By name, in the order in which they are played: from the trigger to the message."""
