# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""Definitions: how they are read."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import functools
import json
import re
from typing import Any

from antlr4 import CommonTokenStream, InputStream
from antlr4.atn.PredictionMode import PredictionMode
from antlr4.Token import CommonToken, Token

from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.interpreter import (
    AmazonStateLanguageParser,
    ASLLexer,
    ASLParser,
    Preprocessor,
    QueryLanguage,
    preprocessor,
)


def repair(repairs: Repairs) -> None:
    """Put the repairs of this module in place."""
    read_each_definition_alone(repairs)
    take_jsonpath_inside_of_jsonata(repairs)
    read_texts_as_json(repairs)
    parse_a_definition_once(repairs)


def parse_a_definition_once(repairs: Repairs) -> None:
    """Moto parses the definition for every execution, and slowly: 40 ms for each of a thousand.

    Definitions are made of the same words, which are told apart once; and they need no second look
    unless they are wrong.
    """
    thorough = AmazonStateLanguageParser.parse
    words: dict[str, int] = {}

    @functools.cache
    def parse(definition: str) -> Any:
        stream = CommonTokenStream(ASLLexer(InputStream("")))
        stream.tokens, stream.fetchedEOF = _tokens(definition, words), True
        parser = ASLParser(stream)
        parser.removeErrorListeners()
        parser._interp.predictionMode = PredictionMode.SLL
        tree = parser.state_machine()
        if parser.getNumberOfSyntaxErrors():
            return thorough(definition)
        return Preprocessor().visit(tree), tree

    repairs.put(AmazonStateLanguageParser, "parse", staticmethod(parse))


_WORD = re.compile(r'"(?:\\.|[^"\\])*"|[^\s"{}\[\]:,]+|[{}\[\]:,]', re.DOTALL)


def _tokens(definition: str, words: dict[str, int]) -> list[Token]:
    """Split a definition into moto's tokens; ``words`` are those that its lexer told apart."""
    tokens: list[Token] = []
    for found in _WORD.finditer(definition):
        word = found[0]
        if word not in words:
            lexer: Any = ASLLexer(InputStream(word))
            words[word] = lexer.nextToken().type
        tokens.append(_token(words[word], word, found.start()))
    tokens.append(_token(Token.EOF, "<EOF>", len(definition)))
    for at, token in enumerate(tokens):
        token.tokenIndex = at
    return tokens


def _token(kind: int, text: str, start: int) -> CommonToken:
    token = CommonToken(type=kind, start=start, stop=start + len(text) - 1)
    token.text = text
    return token


def read_each_definition_alone(repairs: Repairs) -> None:
    """Moto keeps the query language for the whole process: a refused machine spoils the next."""
    initialise = Preprocessor.__init__

    def afresh(self: Any, *args: Any, **more: Any) -> None:
        initialise(self, *args, **more)
        self._query_language_per_scope = []

    repairs.put(Preprocessor, "__init__", afresh)


def take_jsonpath_inside_of_jsonata(repairs: Repairs) -> None:
    """Moto refuses JSONPath in a state of a JSONata state; AWS only in a machine of JSONata."""
    open_scope = Preprocessor._open_query_language_scope

    def open_any_scope(self: Any, parse_tree: Any) -> None:
        try:
            open_scope(self, parse_tree)
        except ValueError:  # checks.py has refused what AWS refuses
            self._query_language_per_scope.append(QueryLanguage())

    repairs.put(Preprocessor, "_open_query_language_scope", open_any_scope)


def read_texts_as_json(repairs: Repairs) -> None:
    r"""Moto leaves the backslashes of escapes in variables, and reads others as Python does."""

    def text_of(parser_rule_context: Any) -> Any:
        return json.loads(parser_rule_context.getText(), strict=False)

    repairs.put(Preprocessor, "_inner_string_of", staticmethod(text_of))
    repairs.put(preprocessor, "from_string_literal", text_of)
