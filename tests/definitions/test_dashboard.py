"""The dashboard is what CloudWatch takes, and does not grow with the jobs."""

import json
import re
from typing import Any

from definitions.dashboard import MAX_SEARCH_CHARACTERS, OWN_MACHINES, dashboard
from definitions.names import Names

NAMES = Names(project="fargate-batch", stack="dev", region="eu-west-1", account="123456789012")
LONGEST = Names(project="p" * 25, stack="s" * 25, region="ap-southeast-2", account="123456789012")


def widgets(names: Names = NAMES) -> list[dict[str, Any]]:
    body = dashboard(names, alarm_arns=["arn:alarm"], attempts_rule="attempts")
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def lines() -> list[Any]:
    return [line for widget in widgets() for line in widget["properties"].get("metrics", [])]


def test_widgets_fill_the_grid_and_do_not_overlap() -> None:
    cells = [
        (x, y)
        for widget in widgets()
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))


def test_it_shows_text_alarms_and_graphs() -> None:
    assert {widget["type"] for widget in widgets()} == {"text", "alarm", "metric"}
    (alarms,) = (widget for widget in widgets() if widget["type"] == "alarm")
    assert alarms["properties"]["alarms"] == ["arn:alarm"]
    graphs = [widget["properties"] for widget in widgets() if widget["type"] == "metric"]
    assert all(graph["region"] == "eu-west-1" and graph["view"] for graph in graphs)


def test_a_metric_is_a_namespace_a_name_dimensions_and_options() -> None:
    for line in lines():
        *named, options = line
        assert isinstance(options, dict)
        if "expression" in options:
            assert named == []
        else:
            assert len(named) == 4, "one dimension: its name and its value"
            assert options["stat"] in ("Sum", "Maximum")


def test_every_metric_that_an_expression_names_is_there() -> None:
    ids = [line[-1]["id"] for line in lines() if "id" in line[-1]]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9_]*", each) for each in ids)
    (share,) = (line[-1] for line in lines() if line[-1].get("label") == "attempts a run")
    assert set(share["expression"].split(" / ")) <= set(ids)


def searches(names: Names) -> list[str]:
    body = dashboard(names, alarm_arns=[], attempts_rule="attempts")
    return [text for widget in re.findall(r"SEARCH\('(.*?)', '", body) for text in [widget]]


def test_searches_leave_out_what_is_no_run() -> None:
    for search in searches(NAMES):
        assert search.count("NOT ") == len(OWN_MACHINES)
        assert "StateMachineArn=fargate-batch-dev" in search


def test_a_search_is_as_long_as_cloudwatch_takes_whatever_the_names() -> None:
    assert max(map(len, searches(LONGEST))) <= MAX_SEARCH_CHARACTERS


def test_the_ten_slowest_are_sorted_by_cloudwatch() -> None:
    (slowest,) = (line[0]["expression"] for line in lines() if line[-1].get("id") == "slowest")
    assert re.fullmatch(
        r"SORT\(SEARCH\('.*'\) / 1000, MAX, DESC, 10\)|SORT\(SEARCH\(.*\) / 1000, "
        r"MAX, DESC, 10\)",
        slowest,
    )
