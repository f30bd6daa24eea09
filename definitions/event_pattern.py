"""Event patterns: what EventBridge (and SNS, in filter policies) refuses, and what they match.

Both use the same open library, event-ruler; its compiler is followed step by step, because its
refusals say where it stopped. Recorded answers of AWS agree with it.
"""

import ipaddress
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar, cast

from definitions.json_tokens import Kind, TokenError, Tokens

MAX_COMPLEXITY = 10
"""Beginnings of wildcard patterns that one text may match at once: seen refused from here on."""

_Value = TypeVar("_Value", str, str | Decimal)

_OR = "$or"
_OPERATORS = ("exactly", "prefix", "suffix", "equals-ignore-case", "anything-but", "exists")
_MORE_OPERATORS = ("wildcard", "numeric", "cidr", "regex", "=", "<", "<=", ">", ">=")
_DATES = ("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range")
_NEGATIONS = ("not-wildcard", "not-equals-ignore-case", "ip-address-not-in-range")
_RESERVED_IN_OR = {*_OPERATORS, *_MORE_OPERATORS, *_DATES, *_NEGATIONS, "ip-address-in-range"}
"""Names that no member of an ``$or`` may have: a slip of an operator would pass as a path."""

_ADDRESS = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-fA-F:]*:[0-9a-fA-F:]*")
_ONE_KEY = "Only one key allowed in match expression"
_ONLY_STRINGS = (
    "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
)
_WILDCARD_STRING = "wildcard match pattern must be a string"
_AFFIX_STRING = "prefix/suffix match pattern must be a string"


class PatternError(ValueError):
    """AWS refuses the pattern; the text is the reason that it gives."""


@dataclass(frozen=True, kw_only=True)
class Test:
    """What one entry of a pattern's list asks of a value."""

    holds: Callable[[Any], bool]
    of_absence: bool = False
    """``{"exists": false}``: holds where there is no value."""
    wildcards: tuple[str, ...] = ()


Rule = list[dict[str, list[Test]]]
"""Ways to match, of which ``$or`` makes several: all the tests by path, joined by dots."""


def compile_pattern(source: str) -> Rule:
    """Read a pattern.

    Raises:
        PatternError: with AWS's own reason.
    """
    try:
        return _compile(Tokens(source))
    except TokenError as error:
        raise PatternError(str(error)) from None


def matches(rule: Rule, event: dict[str, Any]) -> bool:
    """Tell whether an event (parsed JSON) matches one of the ways.

    The values that match must come from the same element where they lie in one array of objects.
    """
    leaves = _leaves(event)
    return any(_all_hold(list(way.items()), leaves, {}) for way in rule)


# -- the event

_Place = dict[int, int]
"""Which element of each array around it a value lies in."""


def _leaves(event: dict[str, Any]) -> dict[str, list[tuple[Any, _Place]]]:
    found: dict[str, list[tuple[Any, _Place]]] = {}
    arrays = itertools.count()

    def walk(value: Any, path: str, place: _Place) -> None:
        if isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            for name, member in members.items():
                walk(member, f"{path}.{name}" if path else name, place)
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            array = next(arrays)
            for index, item in enumerate(items):
                inside = place | {array: index} if isinstance(item, dict | list) else place
                walk(item, path, inside)
        else:
            found.setdefault(path, []).append((value, place))

    walk(event, "", {})
    return found


def _all_hold(
    tests: list[tuple[str, list[Test]]],
    leaves: dict[str, list[tuple[Any, _Place]]],
    place: _Place,
) -> bool:
    if not tests:
        return True
    (path, wanted), *rest = tests
    if path not in leaves:
        return any(test.of_absence for test in wanted) and _all_hold(rest, leaves, place)
    for value, here in leaves[path]:
        together = all(place.get(array, index) == index for array, index in here.items())
        holds = any(not test.of_absence and test.holds(value) for test in wanted)
        if together and holds and _all_hold(rest, leaves, place | here):
            return True
    return False


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return Decimal(str(value))


def _address(text: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if not isinstance(text, str) or not _ADDRESS.fullmatch(text):
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


# -- the pattern


def _compile(tokens: Tokens) -> Rule:
    if tokens.next() != "{":
        tokens.refuse("Filter is not an object")
    rule: Rule = []
    _object(rule, "", tokens, in_or=False)
    for tests in {id(tests): tests for way in rule for tests in way.values()}.values():
        if _complexity([wildcard for test in tests for wildcard in test.wildcards]) >= (
            MAX_COMPLEXITY
        ):
            raise PatternError(
                "Rule is too complex - try using fewer wildcard characters or fewer repeating "
                "character sequences after a wildcard character"
            )
    return rule


def _object(rule: Rule, path: str, tokens: Tokens, *, in_or: bool) -> None:
    empty = True
    while tokens.next() != "}":
        empty = False
        name = tokens.name()
        if name == _OR:
            _alternatives(rule, path, tokens)
            continue
        if in_or and name in _RESERVED_IN_OR:
            tokens.refuse(f"{name} is Ruler reserved fieldName which cannot be used inside {_OR}.")
        below = f"{path}.{name}" if path else name
        kind = tokens.next()
        if kind == "{":
            _object(rule, below, tokens, in_or=in_or)
        elif kind == "[":
            tests = _tests(tokens)
            if not rule:
                rule.append({})
            for way in rule:
                way[below] = tests
        else:
            tokens.refuse(f'"{name}" must be an object or an array')
    if empty:
        tokens.refuse("Empty objects are not allowed")


def _alternatives(rule: Rule, path: str, tokens: Tokens) -> None:
    before = [dict(way) for way in rule] or [{}]
    rule.clear()
    if tokens.next() != "[":
        tokens.refuse(f"It must be an Array followed with {_OR}.")
    objects = 0
    while (kind := tokens.next()) != "]":
        if kind != "{":
            tokens.refuse(f"Only JSON object is allowed in array of {_OR} relationship.")
        objects += 1
        ways: Rule = [dict(way) for way in before]
        _object(ways, path, tokens, in_or=True)
        rule.extend(ways)
    if objects < 2:
        tokens.refuse(f"There must have at least 2 Objects in {_OR} relationship.")


def _tests(tokens: Tokens) -> list[Test]:
    tests: list[Test] = []
    while (kind := tokens.next()) != "]":
        if kind == "{":
            tests.append(_expression(tokens))
        elif kind == "text":
            tests.append(_equal_text(tokens.text()))
        elif kind == "number":
            tests.append(_in_range(low=Decimal(tokens.text()), high=Decimal(tokens.text())))
        elif kind in ("true", "false", "null"):
            tests.append(_equal_literal({"true": True, "false": False, "null": None}[kind]))
        else:
            tokens.refuse("Match value must be String, number, true, false, or null")
    if not tests:
        tokens.refuse("Empty arrays are not allowed")
    return tests


def _expression(tokens: Tokens) -> Test:
    if tokens.next() != "name":
        tokens.refuse("Match expression name not found")
    name = tokens.name()
    readers: dict[str, Callable[[Tokens], Test]] = {
        "exactly": _exactly,
        "prefix": _prefix,
        "suffix": _suffix,
        "numeric": _numeric,
        "anything-but": _anything_but,
        "exists": _exists,
        "cidr": _cidr,
        "equals-ignore-case": _equals_ignore_case,
        "wildcard": _wildcard,
    }
    if name not in readers:
        tokens.refuse(f"Unrecognized match type {name}")
    return readers[name](tokens)


def _string(tokens: Tokens, operator: str) -> str:
    if tokens.next() != "text":
        tokens.refuse(f"{operator} match pattern must be a string")
    return tokens.text()


def _close(tokens: Tokens, otherwise: str = _ONE_KEY) -> None:
    if tokens.next() != "}":
        tokens.refuse(otherwise)


def _exactly(tokens: Tokens) -> Test:
    text = _string(tokens, "exact")
    _close(tokens)
    return Test(holds=lambda value: value == text)


def _prefix(tokens: Tokens) -> Test:
    return _affix(tokens, "Prefix", str.startswith)


def _suffix(tokens: Tokens) -> Test:
    return _affix(tokens, "Suffix", str.endswith)


def _affix(tokens: Tokens, title: str, found: Callable[[str, str], bool]) -> Test:
    kind = tokens.next()
    if kind == "{":
        if tokens.next() != "name":
            tokens.refuse(f"{title} expression name not found")
        if tokens.name() != "equals-ignore-case":
            tokens.refuse(f"Unsupported {title.lower()} pattern: {tokens.name()}")
        folded = _string(tokens, "equals-ignore-case").lower()
        _close(tokens)
        _close(tokens)
        return _on_text(lambda text: found(text.lower(), folded))
    if kind != "text":
        tokens.refuse(f"{title.lower()} match pattern must be a string")
    affix = tokens.text()
    _close(tokens)
    return _on_text(lambda text: found(text, affix))


def _exists(tokens: Tokens) -> Test:
    kind = tokens.next()
    if kind not in ("true", "false"):
        tokens.refuse("exists match pattern must be either true or false.")
    _close(tokens)
    return Test(holds=lambda _: True, of_absence=kind == "false")


def _equals_ignore_case(tokens: Tokens) -> Test:
    folded = _string(tokens, "equals-ignore-case").lower()
    _close(tokens)
    return _on_text(lambda text: text.lower() == folded)


def _wildcard(tokens: Tokens) -> Test:
    if tokens.next() != "text":
        tokens.refuse(_WILDCARD_STRING)
    pattern = tokens.text()
    _check_wildcard(tokens, pattern)
    _close(tokens)
    expression = _wildcard_expression(pattern)
    return Test(
        holds=lambda value: isinstance(value, str) and expression.fullmatch(value) is not None,
        wildcards=(pattern,),
    )


def _cidr(tokens: Tokens) -> Test:
    if tokens.next() != "text":
        tokens.refuse("prefix match pattern must be a string")
    network = _network(tokens.text())
    _close(tokens)

    def holds(value: Any) -> bool:
        address = _address(value)
        return address is not None and address.version == network.version and address in network

    return Test(holds=holds)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    parts = text.rstrip("/").split("/")
    if len(parts) != 2:
        raise PatternError("Malformed CIDR, one '/' required")
    try:
        bits = int(parts[1])
    except ValueError:
        raise PatternError("Malformed CIDR, mask bits must be an integer") from None
    if bits < 0:
        raise PatternError("Malformed CIDR, mask bits must not be negative")
    address = _address(parts[0])
    if address is None:
        raise PatternError(f"Nonstandard IP address: {parts[0]}")
    if bits >= address.max_prefixlen:
        raise PatternError(f"IPv{address.version} mask bits must be < {address.max_prefixlen}")
    return ipaddress.ip_network(f"{address}/{bits}", strict=False)


def _numeric(tokens: Tokens) -> Test:
    if tokens.next() != "[":
        tokens.refuse("Value of numeric must be an array.")
    test = _range(tokens)
    _close(tokens, "Too many elements in numeric expression")
    return test


def _range(tokens: Tokens) -> Test:
    if tokens.next() != "text":
        tokens.refuse(f"Invalid member in numeric match: {tokens.text()}")
    operator = tokens.text()
    kind = tokens.next()
    if operator not in ("=", "<", "<=", ">", ">="):
        tokens.refuse(f"Unrecognized numeric range operator: {operator}")
    if kind != "number":
        tokens.refuse(f"Value of {'equals' if operator == '=' else operator} must be numeric")
    bound = Decimal(tokens.text())
    kind = tokens.next()
    if operator in ("=", "<", "<=") and kind != "]":
        tokens.refuse("Too many elements in numeric expression")
    if operator == "=":
        return _in_range(low=bound, high=bound)
    if operator in ("<", "<="):
        return _in_range(high=bound, open_high=operator == "<")
    if kind == "]":
        return _in_range(low=bound, open_low=operator == ">")
    if kind != "text":
        tokens.refuse(f"Bad value in numeric range: {tokens.text()}")
    upper = tokens.text()
    if upper not in ("<", "<="):
        tokens.refuse(f"Bad numeric range operator: {upper}")
    if tokens.next() != "number":
        tokens.refuse(f"Value of {upper} must be numeric")
    top = Decimal(tokens.text())
    if tokens.next() != "]":
        tokens.refuse("Too many terms in numeric range expression")
    if bound >= top:
        tokens.refuse("Bottom must be less than top")
    return _in_range(low=bound, open_low=operator == ">", high=top, open_high=upper == "<")


def _anything_but(tokens: Tokens) -> Test:
    kind = tokens.next()
    operator = ""
    if kind == "{":
        if tokens.next() != "name":
            tokens.refuse("Anything-But expression name not found")
        operator = tokens.name()
        if operator not in ("equals-ignore-case", "prefix", "suffix", "wildcard"):
            tokens.refuse(f"Unsupported anything-but pattern: {operator}")
        kind = tokens.next()
    if kind not in ("[", "text", "number"):
        tokens.refuse("Value of anything-but must be an array or single string/number value.")
    test = _anything_but_texts(tokens, operator) if operator else _anything_but_values(tokens)
    _close(tokens, "Too many elements in numeric expression")
    if operator:
        _close(tokens, "Too many elements in numeric expression")
    return test


def _anything_but_values(tokens: Tokens) -> Test:
    def read(kind: Kind) -> str | Decimal:
        if kind not in ("text", "number"):
            tokens.refuse("Inside anything but list, start|null|boolean is not supported.")
        return tokens.text() if kind == "text" else Decimal(tokens.text())

    values = _values(tokens, read)
    if len({type(value) for value in values}) != 1:
        tokens.refuse(
            "Inside anything but list, either all values are number or string, mixed type is not "
            "supported"
        )

    def holds(value: Any) -> bool:
        number = _number(value)
        return (value if number is None else number) not in values

    return Test(holds=holds)


def _anything_but_texts(tokens: Tokens, operator: str) -> Test:
    reasons = {"equals-ignore-case": _ONLY_STRINGS, "wildcard": _WILDCARD_STRING}

    def read(kind: Kind) -> str:
        if kind != "text":
            tokens.refuse(reasons.get(operator, _AFFIX_STRING))
        if operator in ("prefix", "suffix") and not tokens.text():
            tokens.refuse("Null prefix/suffix not allowed")
        return tokens.text()

    texts = _values(tokens, read)
    if operator == "wildcard":
        for text in texts:
            _check_wildcard(tokens, text)
    unwanted: dict[str, Callable[[str], bool]] = {
        "equals-ignore-case": lambda text: text.lower() in [wanted.lower() for wanted in texts],
        "prefix": lambda text: text.startswith(tuple(texts)),
        "suffix": lambda text: text.endswith(tuple(texts)),
        "wildcard": lambda text: any(
            _wildcard_expression(wanted).fullmatch(text) for wanted in texts
        ),
    }
    return Test(
        holds=lambda value: not (isinstance(value, str) and unwanted[operator](value)),
        wildcards=tuple(texts) if operator == "wildcard" else (),
    )


def _values(tokens: Tokens, read: Callable[[Kind], _Value]) -> list[_Value]:
    """Read a list, or the one value that stands for it."""
    if tokens.kind != "[":
        return [read(tokens.kind)]
    values: list[_Value] = []
    try:
        while (kind := tokens.next()) != "]":
            values.append(read(kind))
    except TokenError as error:
        tokens.refuse(str(error))  # as the library does: the place is named twice
    return values


def _equal_text(wanted: str) -> Test:
    address = _address(wanted)
    if address is not None:
        return Test(holds=lambda value: _address(value) == address)
    return Test(holds=lambda value: value == wanted)


def _equal_literal(wanted: bool | None) -> Test:
    return Test(holds=lambda value: value is wanted)


def _on_text(found: Callable[[str], bool]) -> Test:
    return Test(holds=lambda value: isinstance(value, str) and found(value))


def _in_range(
    *,
    low: Decimal | None = None,
    high: Decimal | None = None,
    open_low: bool = False,
    open_high: bool = False,
) -> Test:
    def holds(value: Any) -> bool:
        number = _number(value)
        if number is None:
            return False
        above = low is None or number > low or (number == low and not open_low)
        below = high is None or number < high or (number == high and not open_high)
        return above and below

    return Test(holds=holds)


# -- wildcards


def _wildcard_parts(pattern: str) -> list[str | None]:
    """Return the characters; ``None`` stands for any number of any characters.

    Raises:
        ValueError: with the library's words; positions count the quote before the text.
    """
    parts: list[str | None] = []
    at = 0
    while at < len(pattern):
        char, following = pattern[at], pattern[at + 1 : at + 2]
        if char == "*" and following == "*":
            raise ValueError(f"Consecutive wildcard characters at pos {at + 1}")
        if char == "\\" and following not in ("*", "\\"):
            raise ValueError(f"Invalid escape character at pos {at + 1}")
        parts.append(None if char == "*" else following if char == "\\" else char)
        at += 2 if char == "\\" else 1
    return parts


def _check_wildcard(tokens: Tokens, pattern: str) -> None:
    try:
        _wildcard_parts(pattern)
    except ValueError as error:
        tokens.refuse(str(error))


def _wildcard_expression(pattern: str) -> re.Pattern[str]:
    parts = [".*" if part is None else re.escape(part) for part in _wildcard_parts(pattern)]
    return re.compile("".join(parts), re.DOTALL)


_MAX_STEPS = 500
"""Sets of places looked at; what needs more is complex enough to have shown it by then."""


def _complexity(patterns: list[str]) -> int:
    """Return how many beginnings of the patterns the worst text matches at once."""
    parts = [_wildcard_parts(pattern) for pattern in patterns]
    alphabet = {part for characters in parts for part in characters if part} | {""}

    def reached(places: set[tuple[int, int]]) -> frozenset[tuple[int, int]]:
        after_stars = {
            (which, at + 1)
            for which, at in places
            if at < len(parts[which]) and parts[which][at] is None
        }
        return frozenset(places | after_stars)

    def step(places: frozenset[tuple[int, int]], char: str) -> frozenset[tuple[int, int]]:
        onward = {
            (which, at + 1)
            for which, at in places
            if at < len(parts[which]) and parts[which][at] == char
        }
        stay = {(which, at) for which, at in places if at and parts[which][at - 1] is None}
        return reached(onward | stay)

    start = reached({(which, 0) for which in range(len(parts))})
    worst, seen, todo = 0, {start}, [start]
    while todo and len(seen) < _MAX_STEPS and worst < MAX_COMPLEXITY:
        places = todo.pop()
        for char in sorted(alphabet):
            following = step(places, char)
            worst = max(worst, sum(1 for _, at in following if at))
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return worst
