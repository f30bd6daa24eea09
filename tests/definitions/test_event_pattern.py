"""Event patterns: what they match and why they are refused."""

import json
from typing import Any

import pytest

from definitions.event_pattern import PatternError, compile_pattern, matches


def holds(tests: list[Any], value: Any) -> bool:
    return matches(compile_pattern(json.dumps({"x": tests})), {"x": value})


@pytest.mark.parametrize(
    ("tests", "yes", "no"),
    [
        (["a", "b"], ["a", "b", ["z", "b"]], ["c", ["c"], 1, None]),
        ([300], [300, 300.0, 3e2], ["300", 301]),
        ([True, None], [True, None], [False, "true", 1]),
        ([{"prefix": "ab"}], ["abc", "ab"], ["a", "cab", 1]),
        ([{"prefix": ""}], ["", "a"], [1, None]),
        ([{"prefix": {"equals-ignore-case": "AB"}}], ["abc"], ["cab"]),
        ([{"suffix": ".png"}], ["a.png"], ["a.PNG"]),
        ([{"suffix": {"equals-ignore-case": ".png"}}], ["a.PNG"], ["a.jpg"]),
        ([{"equals-ignore-case": "Ab"}], ["aB"], ["abc"]),
        ([{"wildcard": "a*c"}], ["ac", "abbc", "a\nc"], ["acd"]),
        ([{"wildcard": r"a\*c"}], ["a*c"], ["abc"]),
        ([{"wildcard": ""}], [""], ["a"]),
        ([{"numeric": [">", 0, "<=", 5]}], [1, 5, 0.5], [0, 6, "1", True]),
        ([{"numeric": ["=", 3]}], [3.0], [4]),
        ([{"numeric": [">=", 3]}], [3, 9], [2]),
        ([{"numeric": ["<", 3]}], [2], [3]),
        ([{"anything-but": "a"}], ["b", 1, None], ["a"]),
        ([{"anything-but": [1, 2]}], [3, "1"], [1, 2.0]),
        ([{"anything-but": {"prefix": ["a", "b"]}}], ["c", 1], ["ax", "bx"]),
        ([{"anything-but": {"suffix": "x"}}], ["c"], ["ax"]),
        ([{"anything-but": {"wildcard": "*a*"}}], ["c"], ["bab"]),
        ([{"anything-but": {"equals-ignore-case": ["a"]}}], ["b"], ["A"]),
        ([{"exists": True}], ["a", None, 0], [{}, []]),
        ([{"cidr": "10.0.0.0/24"}], ["10.0.0.255"], ["10.0.1.0", "x", 10]),
        ([{"cidr": "2001:db8::/32"}], ["2001:db8:0::1"], ["10.0.0.1"]),
        (["2001:db8::1"], ["2001:0db8:0::0001"], ["2001:db8::2"]),
    ],
)
def test_a_value_matches(tests: list[Any], yes: list[Any], no: list[Any]) -> None:
    assert [value for value in yes if not holds(tests, value)] == []
    assert [value for value in no if holds(tests, value)] == []


def test_what_is_missing_matches_only_its_absence() -> None:
    assert matches(compile_pattern('{"x":[{"exists":false}]}'), {"y": 1})
    assert not matches(compile_pattern('{"x":[{"exists":false}]}'), {"x": None})
    assert not matches(compile_pattern('{"x":[{"anything-but":"a"}]}'), {"y": 1})


def test_all_paths_must_match_and_one_way_of_an_or() -> None:
    rule = compile_pattern('{"a":["1"],"$or":[{"b":["2"]},{"c":{"d":["3"]}}]}')
    assert matches(rule, {"a": "1", "b": "2"})
    assert matches(rule, {"a": "1", "c": {"d": "3"}})
    assert not matches(rule, {"a": "1", "c": {"d": "4"}})
    assert not matches(rule, {"b": "2"})


def test_values_of_an_array_of_objects_come_from_one_of_them() -> None:
    rule = compile_pattern('{"tags":{"key":["team"],"value":["batch"]}}')
    assert matches(rule, {"tags": [{"key": "a"}, {"key": "team", "value": "batch"}]})
    assert not matches(
        rule, {"tags": [{"key": "team", "value": "x"}, {"key": "y", "value": "batch"}]}
    )


def test_dots_join_names_as_nesting_does() -> None:
    assert matches(compile_pattern('{"a.b":["1"]}'), {"a": {"b": "1"}})


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[1]", 'Filter is not an object\n at [Source: (String)"[1]"; line: 1, column: 2]'),
        ('{"a":1}', '"a" must be an object or an array\n'),
        ('{"a":[]}', "Empty arrays are not allowed\n"),
        ("{}", "Empty objects are not allowed\n"),
        ('{"a":[[1]]}', "Match value must be String, number, true, false, or null\n"),
        ('{"a":[{}]}', "Match expression name not found\n"),
        ('{"a":[{"Exists":true}]}', "Unrecognized match type Exists\n"),
        ('{"a":[{"exists":1}]}', "exists match pattern must be either true or false.\n"),
        ('{"a":[{"prefix":1}]}', "prefix match pattern must be a string\n"),
        ('{"a":[{"prefix":{"suffix":"a"}}]}', "Unsupported prefix pattern: suffix\n"),
        ('{"a":[{"prefix":"a","suffix":"b"}]}', "Only one key allowed in match expression\n"),
        ('{"a":[{"wildcard":"a**b"}]}', "Consecutive wildcard characters at pos 2\n"),
        ('{"a":[{"wildcard":"a\\\\b"}]}', "Invalid escape character at pos 2\n"),
        ('{"a":[{"numeric":1}]}', "Value of numeric must be an array.\n"),
        ('{"a":[{"numeric":["x",1]}]}', "Unrecognized numeric range operator: x\n"),
        ('{"a":[{"numeric":["=",1,2]}]}', "Too many elements in numeric expression\n"),
        ('{"a":[{"numeric":[">",3,"<",1]}]}', "Bottom must be less than top\n"),
        ('{"a":[{"anything-but":[1,"b"]}]}', "Inside anything but list, either all values are"),
        ('{"a":[{"anything-but":{"cidr":"x"}}]}', "Unsupported anything-but pattern: cidr\n"),
        ('{"a":[{"anything-but":null}]}', "Value of anything-but must be an array or single"),
        ('{"a":[{"cidr":"10.0.0.0"}]}', "Malformed CIDR, one '/' required"),
        ('{"a":[{"cidr":"10.0.0.0/32"}]}', "IPv4 mask bits must be < 32"),
        ('{"$or":{"a":[1]}}', "It must be an Array followed with $or.\n"),
        ('{"$or":[{"a":[1]}]}', "There must have at least 2 Objects in $or relationship.\n"),
        ('{"$or":[1,2]}', "Only JSON object is allowed in array of $or relationship.\n"),
        (
            '{"$or":[{"prefix":["a"]},{"b":["c"]}]}',
            "prefix is Ruler reserved fieldName which cannot be used inside $or.\n",
        ),
        ('{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon"),
        ('{"a":["b" "c"]}', "Unexpected character ('\"' (code 34)): was expecting comma"),
        ('{"a":[+1]}', "Unexpected character ('+' (code 43)): expected a valid value"),
        ('{"a":[nul]}', "Unrecognized token 'nul': was expecting"),
        ('{"a":["b', "Unexpected end-of-input: was expecting closing quote"),
        ('{"a":["b"', "Unexpected end-of-input: expected close marker for Array"),
    ],
)
def test_a_pattern_is_refused_with_the_words_of_aws(pattern: str, reason: str) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern(pattern)
    assert str(refused.value).startswith(reason)


def test_a_wrong_entry_of_a_list_is_placed_twice() -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern('{"a":[{"anything-but":["b",null]}]}')
    assert str(refused.value).count("line: 1, column: 32]") == 2


def test_lines_are_counted() -> None:
    with pytest.raises(PatternError, match=r"line: 3, column: 8]"):
        compile_pattern('{\n"a":\n{"b": 1}}')


def test_a_long_source_is_quoted_in_part() -> None:
    with pytest.raises(PatternError, match=r'x"\[truncated 108 chars\]; line: 1'):
        compile_pattern('{"a":"' + "x" * 600 + '"}')


@pytest.mark.parametrize(
    ("wildcards", "refused"),
    [
        (["*/data/*.a", "*/data/*.b"], False),
        (["*/data/*.a", "*/data/*.b", "*/data/*.c", "*/data/*.d"], True),
        (["*:*:*:*:*:event-bus/*"], True),
        (["a*aaaaaaaaaaa"], True),
        (["/Users/*/dir/dir/dir/doc.txt"], False),
    ],
)
def test_wildcards_that_could_match_in_too_many_ways(wildcards: list[str], refused: bool) -> None:
    pattern = json.dumps({"a": [{"wildcard": wildcard} for wildcard in wildcards]})
    if refused:
        with pytest.raises(PatternError, match="Rule is too complex"):
            compile_pattern(pattern)
    else:
        compile_pattern(pattern)
