"""JSON read token by token, as the Java library does that EventBridge and SNS read patterns with.

Their refusals name the place up to which that reader had come, so it is followed here: a name is
read together with the first token of its value, a text only once somebody looks at it.
Source: Jackson's ReaderBasedJsonParser, and the places that AWS was recorded to name.
"""

import json
import re
from typing import Literal, NoReturn

Kind = Literal["{", "}", "[", "]", "name", "text", "number", "true", "false", "null", "end"]

MAX_QUOTED = 500
"""Characters of the source that an error quotes."""

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_TEXT = re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL)
_WORD = re.compile(r"[\w$]*")
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


class TokenError(ValueError):
    """The text is no JSON, or not the JSON that was expected; says where."""


class Tokens:
    """The tokens of a text, one after another."""

    def __init__(self, source: str, *, quoting: bool = True) -> None:
        self.kind: Kind = "end"
        """Of the present token."""
        self._source = source
        self._quoting = quoting
        self._at = 0
        self._open: list[str] = []
        """The objects and arrays around the present place, the innermost last."""
        self._first = True
        self._text = ""
        self._name = ""
        self._unread = False
        """Whether the present token is a text of which only the first quote was read."""
        self._pending: Kind | None = None
        """The first token of a value, read with its name."""

    def next(self) -> Kind:
        """Go to the next token and return what it is.

        Raises:
            TokenError: the text is no JSON from there on.
        """
        if self._pending is not None:
            self.kind, self._pending = self._pending, None
        else:
            self.text()  # a text that nobody looked at is passed over
            self.kind = self._read()
        if self.kind in ("{", "["):
            self._open.append(self.kind)
            self._first = True
        elif self.kind in ("}", "]"):
            self._open.pop()
            self._first = False
        elif self.kind != "name":
            self._first = False
        return self.kind

    def name(self) -> str:
        """Return the name that was read last."""
        return self._name

    def text(self) -> str:
        """Return the present token as text: a text without its quotes, a number as written."""
        if self._unread:
            self._unread = False
            self._text = self._finish_text()
        return self._name if self.kind == "name" else self._text

    def refuse(self, message: str) -> NoReturn:
        """Raise an error that names the present place.

        Raises:
            TokenError: always.
        """
        raise TokenError(f"{message}\n{self._place(self._at)}")

    def _read(self) -> Kind:
        self._skip_blanks()
        if not self._open:
            return self._value() if self._first else "end"
        if self._peek() == ("}" if self._open[-1] == "{" else "]"):
            self._text = self._peek()
            self._at += 1
            return "}" if self._open[-1] == "{" else "]"
        if not self._first:
            entries = "Object" if self._open[-1] == "{" else "Array"
            self._expect(",", f"was expecting comma to separate {entries} entries")
            self._skip_blanks()
        return self._named() if self._open[-1] == "{" else self._value()

    def _named(self) -> Kind:
        self._expect('"', "was expecting double-quote to start field name")
        self._name = self._finish_text()
        self._skip_blanks()
        self._expect(":", "was expecting a colon to separate field name and value")
        self._skip_blanks()
        self._pending = self._value()
        return "name"

    def _value(self) -> Kind:
        char = self._peek()
        if char == '"':
            self._at += 1
            self._unread = True
            return "text"
        if char in ("{", "["):
            self._text = char
            self._at += 1
            return "{" if char == "{" else "["
        if number := _NUMBER.match(self._source, self._at):
            self._text = number[0]
            self._at = number.end()
            return "number"
        return self._literal(char)

    def _literal(self, char: str) -> Kind:
        word = _WORD.match(self._source, self._at)
        token = word[0] if word else ""
        literal: dict[str, Kind] = {"true": "true", "false": "false", "null": "null"}
        if token in literal:
            self._text = token
            self._at += len(token)
            return literal[token]
        if not token or token[0].isdigit():
            return self._unexpected(char, f"expected a valid value {_VALUES}")
        self._at += len(token)
        return self.refuse(f"Unrecognized token '{token}': was expecting {_VALUES}")

    def _expect(self, char: str, otherwise: str) -> None:
        if self._peek() != char:
            self._unexpected(self._peek(), otherwise)
        self._at += 1

    def _unexpected(self, char: str, otherwise: str) -> NoReturn:
        self.refuse(f"Unexpected character ('{char}' (code {ord(char)})): {otherwise}")

    def _peek(self) -> str:
        if self._at >= len(self._source):
            self._cut_short()
        return self._source[self._at]

    def _cut_short(self) -> NoReturn:
        if not self._open:
            self.refuse("No content to map due to end-of-input")
        kind = "Object" if self._open[-1] == "{" else "Array"
        start = self._place(0).strip().removesuffix("]")
        self.refuse(
            f"Unexpected end-of-input: expected close marker for {kind} (start marker {start}])"
        )

    def _skip_blanks(self) -> None:
        while self._at < len(self._source) and self._source[self._at] in " \t\r\n":
            self._at += 1

    def _finish_text(self) -> str:
        rest = _TEXT.match(self._source, self._at)
        if rest is None:
            self._at = len(self._source)
            self.refuse("Unexpected end-of-input: was expecting closing quote for a string value")
        self._at = rest.end()
        text: str = json.loads(f'"{rest[0]}', strict=False)
        return text

    def _place(self, at: int) -> str:
        line = self._source.count("\n", 0, at) + 1
        column = at - (self._source.rfind("\n", 0, at) + 1) + 1
        quoted = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
        if self._quoting:
            quoted = f'(String)"{self._source[:MAX_QUOTED]}"'
            if len(self._source) > MAX_QUOTED:
                quoted += f"[truncated {len(self._source) - MAX_QUOTED} chars]"
        return f" at [Source: {quoted}; line: {line}, column: {column}]"


def read_all(source: str, *, quoting: bool = True) -> None:
    """Read a text to its end, to see whether it is JSON.

    Raises:
        TokenError: it is not.
    """
    tokens = Tokens(source, quoting=quoting)
    while tokens.next() != "end":
        pass
