# Moto's interpreter keeps what has to be repaired in private members:
# pyright: reportPrivateUsage=false
"""Definitions: read once."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import functools

from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.interpreter import AmazonStateLanguageParser


def repair(repairs: Repairs) -> None:
    """Put the repairs of this module in place."""
    parse_a_definition_once(repairs)


def parse_a_definition_once(repairs: Repairs) -> None:
    """Moto parses the definition for every execution: 25 ms that a thousand runs would feel."""
    parse = functools.lru_cache(maxsize=None)(AmazonStateLanguageParser.parse)
    repairs.put(AmazonStateLanguageParser, "parse", staticmethod(parse))
