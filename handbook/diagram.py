"""Diagrams of the pages as SVG: the part of Mermaid's flowcharts that the pages use.

GitHub and many editors draw Mermaid themselves. The site would have to fetch Mermaid's script from
elsewhere; it shows these pictures instead, which hold no script and follow the page's colours.

A line is ``a --> b``, ``a -->|text| b``, ``a -.-> b`` (dotted) or a chain of them; a box is
``a["text"]``, a rounded one ``a("text")``, and ``<br>`` breaks its text. Anything else is refused.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

_BOX = re.compile(r'(\w+)(?:\["?([^"\]]*)"?\]|\("?([^")]*)"?\))?')
_ARROW = re.compile(r'\s*(-->|-\.->)(?:\|"?([^"|]*)"?\|)?\s*')
_HEAD = re.compile(r"flowchart (LR|TB)")

_LETTER, _LINE, _PADDING = 7.3, 18, 12
"""Of the text, in pixels: the width of a letter, the height of a line, the room around it."""
_SMALL_LETTER, _SMALL_LINE = 6.2, 14
"""Of the text on arrows."""
_BESIDE = 26
"""Pixels between two boxes of one rank."""
_ROUNDS = 8
"""How often ranks are sorted by their neighbours; after a few nothing changes any more."""


class DiagramError(ValueError):
    """A line that cannot be drawn."""


@dataclass(kw_only=True)
class _Box:
    """A box, or (without text) a bend of an arrow that passes a rank."""

    text: Sequence[str] = ()
    rounded: bool = False
    rank: int = 0
    at: float = 0.0
    """The middle, across the ranks."""
    begin: float = 0.0
    """The near edge, along the ranks."""

    @property
    def width(self) -> float:
        return max(map(len, self.text)) * _LETTER + 2 * _PADDING if self.text else 0.0

    @property
    def height(self) -> float:
        return len(self.text) * _LINE + 2 * _PADDING - 6 if self.text else 0.0


@dataclass(frozen=True)
class _Arrow:
    start: str
    end: str
    dotted: bool
    text: Sequence[str]


@dataclass(kw_only=True)
class _Drawing:
    across: bool
    """Whether ranks stand side by side (``LR``), not one below the other (``TB``)."""
    boxes: dict[str, _Box] = field(default_factory=dict[str, _Box])
    arrows: list[_Arrow] = field(default_factory=list[_Arrow])
    ways: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    """What each arrow passes, by its number: its start, its bends, its end."""

    def length(self, box: _Box) -> float:
        """Return how much room a box takes along the ranks."""
        return box.width if self.across else box.height

    def breadth(self, box: _Box) -> float:
        """Return how much room a box takes across them."""
        return box.height if self.across else box.width


def svg(text: str) -> str:
    """Draw a flowchart.

    Raises:
        DiagramError: a line is none of those that are known here, or the arrows form a ring.
    """
    drawing = _read(text)
    _rank(drawing)
    _bend(drawing)
    _order(drawing)
    _place(drawing)
    return _written(drawing)


def _read(text: str) -> _Drawing:
    first, *lines = [line.strip() for line in text.strip().splitlines()]
    head = _HEAD.fullmatch(first)
    if head is None:
        raise DiagramError(f"a diagram begins with flowchart LR or flowchart TB, not {first!r}")
    drawing = _Drawing(across=head[1] == "LR")
    for line in filter(None, lines):
        _read_line(drawing, line)
    return drawing


def _read_line(drawing: _Drawing, line: str) -> None:
    box, at = _read_box(drawing, line, 0)
    while at < len(line):
        arrow = _ARROW.match(line, at)
        if arrow is None:
            raise DiagramError(f"{line!r}: what is this from column {at + 1} on?")
        end, at = _read_box(drawing, line, arrow.end())
        text = _lines(arrow[2]) if arrow[2] else ()
        drawing.arrows.append(_Arrow(box, end, dotted=arrow[1] == "-.->", text=text))
        box = end


def _read_box(drawing: _Drawing, line: str, at: int) -> tuple[str, int]:
    found = _BOX.match(line, at)
    if found is None:
        raise DiagramError(f"{line!r}: no box at column {at + 1}")
    name, square, rounded = found.groups()
    text = square if square is not None else rounded
    if name not in drawing.boxes:
        drawing.boxes[name] = _Box(text=(name,))
    if text is not None:
        drawing.boxes[name].text = _lines(text)
        drawing.boxes[name].rounded = rounded is not None
    return name, found.end()


def _lines(text: str) -> list[str]:
    return text.split("<br>")


def _rank(drawing: _Drawing) -> None:
    """Let each box stand after all that point at it."""
    for _ in drawing.boxes:
        moved = False
        for arrow in drawing.arrows:
            start, end = drawing.boxes[arrow.start], drawing.boxes[arrow.end]
            if end.rank <= start.rank:
                end.rank, moved = start.rank + 1, True
        if not moved:
            return
    raise DiagramError("the arrows form a ring")


def _bend(drawing: _Drawing) -> None:
    """Give arrows that pass a rank a place of their own there."""
    for number, arrow in enumerate(drawing.arrows):
        way = [arrow.start]
        for rank in range(drawing.boxes[arrow.start].rank + 1, drawing.boxes[arrow.end].rank):
            bend = f"{number}@{rank}"
            drawing.boxes[bend] = _Box(rank=rank)
            way.append(bend)
        drawing.ways[number] = [*way, arrow.end]


def _ranks(drawing: _Drawing) -> list[list[str]]:
    ranks: list[list[str]] = [[] for _ in range(1 + max(b.rank for b in drawing.boxes.values()))]
    for name, box in drawing.boxes.items():
        ranks[box.rank].append(name)
    return ranks


def _steps(drawing: _Drawing) -> Iterator[tuple[str, str]]:
    """Return each arrow's way as steps from one rank to the next."""
    for way in drawing.ways.values():
        yield from pairwise(way)


def _order(drawing: _Drawing) -> None:
    """Sort each rank by its neighbours, to and fro, and put its boxes where they are."""
    before: dict[str, list[str]] = {name: [] for name in drawing.boxes}
    after: dict[str, list[str]] = {name: [] for name in drawing.boxes}
    for start, end in _steps(drawing):
        after[start].append(end)
        before[end].append(start)
    ranks = _ranks(drawing)
    for rank in ranks:
        _settle(drawing, rank, {})
    for sweep in range(_ROUNDS):
        neighbours = before if sweep % 2 == 0 else after
        for rank in ranks if sweep % 2 == 0 else ranks[::-1]:
            wanted = {
                name: sum(drawing.boxes[other].at for other in neighbours[name])
                / len(neighbours[name])
                for name in rank
                if neighbours[name]
            }
            rank.sort(key=lambda name: wanted.get(name, drawing.boxes[name].at))
            _settle(drawing, rank, wanted)
    least = min(box.at - drawing.breadth(box) / 2 for box in drawing.boxes.values())
    for box in drawing.boxes.values():
        box.at -= least


def _settle(drawing: _Drawing, rank: Sequence[str], wanted: dict[str, float]) -> None:
    """Put boxes as near to where they want to be as their order and size allow."""
    aims = [wanted.get(name, drawing.boxes[name].at) for name in rank]
    room = [
        max(drawing.breadth(drawing.boxes[name]), _said(drawing, name)) + _BESIDE for name in rank
    ]
    ends = aims[:1]
    for number in range(1, len(rank)):
        apart = (room[number - 1] + room[number]) / 2
        ends.append(max(aims[number], ends[-1] + apart))
    shift = sum(a - e for a, e in zip(aims, ends, strict=True)) / len(rank)
    for name, end in zip(rank, ends, strict=True):
        drawing.boxes[name].at = end + shift


def _holder(drawing: _Drawing, number: int) -> str:
    """Return the box beside which an arrow's text stands: of the two the one with fewer arrows."""
    start, end = drawing.ways[number][:2]
    leaving = sum(arrow.start == start for arrow in drawing.arrows)
    return end if leaving > 1 else start


def _said(drawing: _Drawing, name: str) -> float:
    """Return how much room the texts of arrows take across the ranks, beside a box."""
    texts = [
        arrow.text
        for number, arrow in enumerate(drawing.arrows)
        if arrow.text and _holder(drawing, number) == name
    ]
    if drawing.across:
        return max((len(text) * _SMALL_LINE for text in texts), default=0.0)
    return max((len(line) * _SMALL_LETTER for text in texts for line in text), default=0.0)


def _place(drawing: _Drawing) -> None:
    """Put the ranks one after another, with room for what stands on the arrows between."""
    begin = 0.0
    for number, rank in enumerate(_ranks(drawing)):
        length = max(drawing.length(drawing.boxes[name]) for name in rank)
        for name in rank:
            box = drawing.boxes[name]
            box.begin = begin + (length - drawing.length(box)) / 2
        begin += length + _gap(drawing, number)


def _gap(drawing: _Drawing, rank: int) -> float:
    """Return the room between a rank and the next."""
    said = [
        arrow.text
        for arrow in drawing.arrows
        if drawing.boxes[arrow.start].rank == rank and arrow.text
    ]
    if not drawing.across:
        return 42 + _SMALL_LINE * 1.4 * max(map(len, said), default=0)
    return 46 + max((len(line) * _SMALL_LETTER for text in said for line in text), default=0)


def _written(drawing: _Drawing) -> str:
    real = [box for box in drawing.boxes.values() if box.text]
    along = max(box.begin + drawing.length(box) for box in real) + 4
    wide = max(box.at + drawing.breadth(box) / 2 for box in drawing.boxes.values()) + 4
    width, height = (along, wide) if drawing.across else (wide, along)
    words = ", ".join(" ".join(box.text) for box in real)
    parts = [
        f'<svg class="diagram" viewBox="-4 -4 {width + 4:.0f} {height + 4:.0f}" role="img" '
        f'aria-label="{escape(f"Diagram: {words}")}" '
        f'style="max-width: {width + 4:.0f}px" xmlns="http://www.w3.org/2000/svg">',
        *(_arrow(drawing, number) for number in range(len(drawing.arrows))),
        *(_box(drawing, box) for box in real),
        "</svg>",
    ]
    return "".join(parts)


def _point(drawing: _Drawing, along: float, at: float) -> tuple[float, float]:
    return (along, at) if drawing.across else (at, along)


def _arrow(drawing: _Drawing, number: int) -> str:
    arrow, way = drawing.arrows[number], [drawing.boxes[name] for name in drawing.ways[number]]
    start = (way[0].begin + drawing.length(way[0]), way[0].at)
    path = f"M{_pair(drawing, start)}"
    for last, box in pairwise(way):
        at, end = (last.begin + drawing.length(last), last.at), (box.begin, box.at)
        half = (at[0] + end[0]) / 2
        bends = [(half, at[1]), (half, end[1]), end]
        path += f" C{' '.join(_pair(drawing, bend) for bend in bends)}"
    tip = (way[-1].begin, way[-1].at)
    wings = [(tip[0] - 8, tip[1] - 4.5), tip, (tip[0] - 8, tip[1] + 4.5)]
    dotted = " dotted" if arrow.dotted else ""
    head = " ".join(_pair(drawing, wing) for wing in wings)
    near = 0.68 if _holder(drawing, number) == drawing.ways[number][1] else 0.32
    where = _on_curve(start, (way[1].begin, way[1].at), near)
    return (
        f'<path class="arrow{dotted}" d="{path}"/><polygon class="tip" points="{head}"/>'
        + _text(_point(drawing, *where), arrow.text, "said")
    )


def _on_curve(
    start: tuple[float, float], end: tuple[float, float], at: float
) -> tuple[float, float]:
    """Return the point of a step's curve, of which ``at`` is the part that lies behind."""
    early, late = (1 - at) ** 3 + 3 * at * (1 - at) ** 2, 3 * at**2 * (1 - at) + at**3
    half = 1.5 * at * (1 - at)
    along = start[0] + (end[0] - start[0]) * (half + at**3)
    return along, start[1] * early + end[1] * late


def _pair(drawing: _Drawing, point: tuple[float, float]) -> str:
    x, y = _point(drawing, *point)
    return f"{x:.1f},{y:.1f}"


def _box(drawing: _Drawing, box: _Box) -> str:
    x, y = _point(drawing, box.begin, box.at - drawing.breadth(box) / 2)
    radius = box.height / 2 if box.rounded else 4
    return (
        f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="{radius:.1f}"/>'
        + _text((x + box.width / 2, y + box.height / 2), box.text, "name")
    )


def _text(middle: tuple[float, float], lines: Sequence[str], kind: str) -> str:
    """Write lines around a point."""
    x, y = middle
    step = _LINE if kind == "name" else _SMALL_LINE
    top = y - (len(lines) - 1) * step / 2
    return "".join(
        f'<text class="{kind}" x="{x:.1f}" y="{top + number * step:.1f}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
