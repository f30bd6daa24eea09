"""Diagrams: what is drawn of the text, and what is refused."""

import re
from itertools import combinations

import pytest

from handbook.diagram import DiagramError, svg


def boxes(picture: str) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right and bottom of every box, by the first line of its text."""
    found = re.findall(
        r'<rect class="box" x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"[^>]*/>'
        r'<text class="name"[^>]*>([^<]*)<',
        picture,
    )
    return {
        name: (float(x), float(y), float(x) + float(wide), float(y) + float(high))
        for x, y, wide, high, name in found
    }


def test_an_arrow_leads_to_the_right_or_down() -> None:
    across = boxes(svg("flowchart LR\n  a --> b"))
    assert across["a"][2] < across["b"][0]
    down = boxes(svg("flowchart TB\n  a --> b"))
    assert down["a"][3] < down["b"][1]


def test_a_box_stands_behind_all_that_point_at_it() -> None:
    drawn = boxes(svg("flowchart LR\n  a --> c\n  a --> b --> c"))
    assert drawn["b"][2] < drawn["c"][0]


def test_no_two_boxes_overlap() -> None:
    lines = [f'  a --> b{number}["a box of some width {number}"]' for number in range(9)]
    drawn = boxes(svg("\n".join(["flowchart TB", *lines])))
    for one, other in combinations(drawn.values(), 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart


def test_an_arrow_that_passes_a_rank_goes_round_its_boxes() -> None:
    picture = svg("flowchart LR\n  a --> b --> c\n  a --> c")
    b = boxes(picture)["b"]
    (long_way,) = [
        path for path in re.findall(r'class="arrow" d="([^"]*)"', picture) if path.count("C") == 2
    ]
    bend = float(long_way.split(" C")[1].split()[-1].split(",")[1])
    assert not b[1] <= bend <= b[3]


@pytest.mark.parametrize(
    ("line", "has"),
    [
        ('a["Text &amp; more"]', "Text &amp;amp; more"),
        ('a["one<br>two"]', ">two</text>"),
        ("a -.-> b", 'class="arrow dotted"'),
        ('a -->|"said"| b', '<text class="said"'),
        ("a -->|said| b", ">said</text>"),
    ],
)
def test_what_a_line_says_is_drawn(line: str, has: str) -> None:
    assert has in svg(f"flowchart LR\n  {line}")


def test_a_rounded_box_is_rounder() -> None:
    picture = svg('flowchart LR\n  a["square"] --> b("round")')
    square, rounded = (float(radius) for radius in re.findall(r'rx="(\S+)"', picture))
    assert rounded > square


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pie", "a diagram begins with"),
        ("flowchart LR\n  a ==> b", "what is this from column 2 on"),
        ("flowchart LR\n  a --> b\n  b --> a", "the arrows form a ring"),
        ("flowchart LR\n  --> b", "no box at column 1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(text: str, says: str) -> None:
    with pytest.raises(DiagramError, match=says):
        svg(text)
