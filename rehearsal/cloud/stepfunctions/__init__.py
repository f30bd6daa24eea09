"""Step Functions: moto's interpreter in virtual time, mended where it differs from AWS.

Each repair is one function whose first line says what is wrong without it. They stand in modules
named by what they mend, replace members of moto's classes and are taken back on exit.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions import (
    activities,
    callbacks,
    calls,
    definitions,
    endings,
    errors,
    executions,
    expressions,
    machines,
    maps,
    redrive,
    state_tests,
    templates,
    timing,
)
from rehearsal.cloud.stepfunctions.interpreter import TMP_THREADS

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws


def repair(repairs: Repairs, aws: "EmbeddedAws") -> None:
    """Put every repair of this package in place."""
    expressions.repair(repairs, aws.clock)
    timing.repair(repairs, aws)
    definitions.repair(repairs)
    templates.repair(repairs)
    calls.repair(repairs, aws)
    errors.repair(repairs)
    callbacks.repair(repairs, aws)
    activities.repair(repairs, aws)
    endings.repair(repairs, aws)
    maps.repair(repairs, aws)
    machines.repair(repairs, aws)
    state_tests.repair(repairs, aws)
    executions.repair(repairs, aws)
    redrive.repair(repairs, aws)


def silence() -> Callable[[], None]:
    """Keep moto from logging a machine's own Fail as its error; return what takes that back."""
    logger = logging.getLogger("moto.stepfunctions")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    return lambda: logger.setLevel(level)


def forget_threads() -> None:
    """Empty moto's global list of threads, which would keep every execution alive."""
    TMP_THREADS.clear()
