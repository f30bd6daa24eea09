# Moto's interpreter keeps what has to be repaired in private members:
# pyright: reportPrivateUsage=false
"""Definitions: how they are read."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import functools
import json
from typing import Any

from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.interpreter import (
    AmazonStateLanguageParser,
    Preprocessor,
    preprocessor,
)


def repair(repairs: Repairs) -> None:
    """Put the repairs of this module in place."""
    read_each_definition_alone(repairs)
    read_texts_as_json(repairs)
    parse_a_definition_once(repairs)


def parse_a_definition_once(repairs: Repairs) -> None:
    """Moto parses the definition for every execution: 25 ms that a thousand runs would feel."""
    parse = functools.lru_cache(maxsize=None)(AmazonStateLanguageParser.parse)
    repairs.put(AmazonStateLanguageParser, "parse", staticmethod(parse))


def read_each_definition_alone(repairs: Repairs) -> None:
    """Moto keeps the query language for the whole process: a refused machine spoils the next."""
    initialise = Preprocessor.__init__

    def afresh(self: Any, *args: Any, **more: Any) -> None:
        initialise(self, *args, **more)
        self._query_language_per_scope = []

    repairs.put(Preprocessor, "__init__", afresh)


def read_texts_as_json(repairs: Repairs) -> None:
    r"""Moto leaves the backslashes of escapes in variables, and reads others as Python does."""

    def text_of(parser_rule_context: Any) -> Any:
        return json.loads(parser_rule_context.getText(), strict=False)

    repairs.put(Preprocessor, "_inner_string_of", staticmethod(text_of))
    repairs.put(preprocessor, "from_string_literal", text_of)
