"""What a stack file can ask for beyond a plain job, shown working: a file a feature.

Each module has ``FEATURES``, a tuple of :class:`Scenario`, whose ``unless`` says why one does not
apply to a stack that does not ask for it.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from rehearsal.scenario import Scenario
from rehearsal.stage import Stage


def _found() -> Iterator[Scenario]:
    for module in sorted(found.name for found in iter_modules(__path__)):
        yield from import_module(f"{__name__}.{module}").FEATURES


FEATURES: dict[str, Scenario] = {feature.name: feature for feature in _found()}
"""By name, in the order in which they are played."""


def asked_for(stage: Stage) -> list[Scenario]:
    """Return the features that a deployed stack asks for: none where no job's program is here."""
    if not stage.jobs:
        return []
    return [feature for feature in FEATURES.values() if feature.unless(stage) is None]
