"""The calendar as a picture: SVG that needs nothing else, in light and in dark.

Above, how many runs start in each hour; below, a row for each job.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from itertools import pairwise

from ops.coming import Coming, Load, timeout_of
from ops.times import took

_WIDTH = 1_080
_LEFT, _RIGHT = 190, 28
_CHART_TOP, _CHART_HEIGHT = 104, 120
_ROWS_TOP = _CHART_TOP + _CHART_HEIGHT + 34
_ROW_HEIGHT = 24
_LEGEND_HEIGHT = 62
_LONGEST_NAME = 24
"""Characters of a name that fit beside its row; the whole one is its tooltip."""
_NARROWEST_DAY = 62
"""Pixels of a day beneath which its label is the day of the month alone."""
_LABELLED_HOURS = (6, 12, 18)

_STYLE = """
text { font-family: system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif;
  font-size: 12px; fill: #475569 }
.title { font-size: 18px; font-weight: 600; fill: #0f172a }
.name { fill: #0f172a }
.page { fill: #ffffff }
.stripe { fill: #f1f5f9 }
.weekend { fill: #e2e8f0; opacity: .45 }
.line { stroke: #cbd5e1; fill: none }
.hour { stroke: #e2e8f0; fill: none }
.bar { fill: #2563eb }
.may { fill: #bfdbfe }
.over { fill: #fda4af }
.start { stroke: #2563eb; stroke-width: 1.6; fill: none }
.together { stroke: #ea580c; stroke-width: 1.6; fill: none }
.left { stroke: #64748b; stroke-width: 1.6; fill: none }
@media (prefers-color-scheme: dark) {
  text { fill: #94a3b8 }
  .title, .name { fill: #f1f5f9 }
  .page { fill: #0f172a }
  .stripe { fill: #1e293b }
  .weekend { fill: #334155 }
  .line { stroke: #475569 }
  .hour { stroke: #1e293b }
  .bar { fill: #60a5fa }
  .may { fill: #1e40af }
  .over { fill: #9f1239 }
  .start { stroke: #93c5fd }
  .together { stroke: #fb923c }
  .left { stroke: #94a3b8 }
}
"""


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """Where an instant is, from left to right."""

    load: Load

    def x(self, instant: datetime) -> float:
        part = (instant - self.load.begin) / (self.load.end - self.load.begin)
        return round(_LEFT + part * (_WIDTH - _LEFT - _RIGHT), 1)


def svg(load: Load, stack: str) -> str:
    """Draw what starts when; ``stack`` is how people call it."""
    scale = _Scale(load=load)
    rows = _rows(load)
    height = _ROWS_TOP + len(rows) * _ROW_HEIGHT + _LEGEND_HEIGHT
    together = {minute for minute, names in load.by_minute().items() if len(set(names)) > 1}
    shares = {
        (name, minute)
        for minute, names in load.by_minute().items()
        if minute in together
        for name in names
    }
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">What starts when: {escape(stack)}</title>',
        f'<desc id="desc">{escape(_described(load, rows))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{height}" rx="8"/>',
        _text(24, 38, f"What starts when: {stack}", "title"),
        _text(24, 60, _summary(load)),
        *_stripes(len(rows)),
        *_days(scale, rows_bottom=_ROWS_TOP + len(rows) * _ROW_HEIGHT),
        *_chart(scale),
        *(
            part
            for number, (name, comes) in enumerate(rows.items())
            for part in _row(scale, number, name, comes, shares)
        ),
        *_legend(height - _LEGEND_HEIGHT + 34),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def png(picture: str) -> bytes:
    """Draw an SVG as it is in light, twice as large, for where only pixels go."""
    import resvg_py  # a library of Rust: only who wants pixels waits for it

    return bytes(resvg_py.svg_to_bytes(svg_string=picture, zoom=2))


def _rows(load: Load) -> Mapping[str, list[Coming]]:
    """Return what comes by the job, in the order of the stack file."""
    rows: dict[str, list[Coming]] = {}
    for one in load.comes:
        rows.setdefault(one.entry.name, []).append(one)
    return dict(sorted(rows.items()))


def _summary(load: Load) -> str:
    last = load.end - timedelta(days=1)
    first = f"{load.begin:%a %-d %b} to " if last > load.begin else ""
    said = [f"{first}{last:%a %-d %b %Y}, {load.zone}"]
    starts = len(load.starts)
    said.append(f"{starts:,} {'start' if starts == 1 else 'starts'}")
    if left_out := len(load.comes) - starts:
        said.append(f"{left_out:,} left out")
    minutes = load.by_minute()
    busiest = max(minutes, key=lambda minute: len(minutes[minute]), default=None)
    if busiest and len(minutes[busiest]) > 1:
        at = busiest.astimezone(load.zone)
        said.append(f"most in one minute: {len(minutes[busiest])}, {at:%a %H:%M}")
    return " · ".join(said)


def _described(load: Load, rows: Mapping[str, Sequence[Coming]]) -> str:
    each = (f"{name}: {sum(one.runs for one in comes)}" for name, comes in rows.items())
    return f"{_summary(load)}. Starts of each job: {', '.join(each) or 'none'}."


def _days(scale: _Scale, *, rows_bottom: int) -> Iterator[str]:
    """Draw the days, with their names and, where there is room, some hours."""
    load = scale.load
    day = load.begin
    while day < load.end:
        next_day = datetime.combine(day.date() + timedelta(days=1), datetime.min.time(), load.zone)
        left, right = scale.x(day), scale.x(next_day)
        if day.weekday() >= 5:  # Saturday, Sunday
            yield _rect(left, _CHART_TOP, right - left, rows_bottom - _CHART_TOP, "weekend")
        label = f"{day:%a %-d %b}" if right - left >= _NARROWEST_DAY else f"{day:%-d}"
        yield _text((left + right) / 2, _CHART_TOP - 10, label, anchor="middle")
        for hour in _LABELLED_HOURS:
            x = scale.x(day.replace(hour=hour))
            yield _path("hour", f"M{x} {_CHART_TOP}V{rows_bottom}")
            if right - left >= 3 * _NARROWEST_DAY:
                yield _text(x, _CHART_TOP + _CHART_HEIGHT + 16, f"{hour}:00", anchor="middle")
        yield _path("line", f"M{left} {_CHART_TOP}V{rows_bottom}")
        day = next_day
    yield _path("line", f"M{scale.x(load.end)} {_CHART_TOP}V{rows_bottom}")


def _stripes(rows: int) -> Iterator[str]:
    """Draw what leads the eye along a row, under all else."""
    for number in range(0, rows, 2):
        yield _rect(16, _ROWS_TOP + number * _ROW_HEIGHT, _WIDTH - 32, _ROW_HEIGHT, "stripe")


def _chart(scale: _Scale) -> Iterator[str]:
    """Draw how many start in each hour."""
    hours = scale.load.by_hour()
    most = max(hours.values(), default=0) or 1
    bottom = _CHART_TOP + _CHART_HEIGHT
    yield _text(_LEFT - 12, _CHART_TOP + 4, f"{most:,}", anchor="end")
    yield _text(24, _CHART_TOP + 4, "starts an hour")
    yield _text(_LEFT - 12, bottom + 4, "0", anchor="end")
    yield _path("line", f"M{_LEFT} {bottom}H{_WIDTH - _RIGHT}")
    for hour, count in hours.items():
        if count:
            left, right = scale.x(hour), scale.x(hour + timedelta(hours=1))
            tall = max(round(count / most * _CHART_HEIGHT, 1), 1)
            gap = 1 if right - left > 4 else 0
            yield _rect(left + gap / 2, bottom - tall, right - left - gap, tall, "bar")


def _row(
    scale: _Scale,
    number: int,
    name: str,
    comes: Sequence[Coming],
    shares: set[tuple[str, datetime]],
) -> Iterator[str]:
    top = _ROWS_TOP + number * _ROW_HEIGHT
    entry = comes[0].entry
    starts = [one for one in comes if one.runs]
    longest = timeout_of(entry)
    said = [f"{name}: {len(starts):,} starts", ", ".join(entry.settings.schedule)]
    said.append(entry.settings.timezone)
    if longest:
        said.append(f"timeout {took(longest)}")
    yield f"<g><title>{escape(', '.join(said))}</title>"
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    yield _text(24, top + 16, short, "name")
    if longest:
        yield from _bands(scale, top, starts, longest)
    for kind, chosen in (
        ("left", [one for one in comes if not one.runs]),
        ("start", [one for one in starts if not _is_shared(one, shares)]),
        ("together", [one for one in starts if _is_shared(one, shares)]),
    ):
        upper, lower = (top + 8, top + 16) if kind == "left" else (top + 4, top + 20)
        marks = dict.fromkeys(scale.x(one.instant) for one in chosen)
        if marks:
            yield _path(kind, "".join(f"M{x} {upper}V{lower}" for x in marks))
    yield "</g>"


def _is_shared(one: Coming, shares: set[tuple[str, datetime]]) -> bool:
    return (one.entry.name, one.instant.replace(second=0, microsecond=0)) in shares


def _bands(scale: _Scale, top: int, starts: Sequence[Coming], longest: timedelta) -> Iterator[str]:
    """Draw until when runs may still go, and where that reaches over the next start."""
    end = scale.load.end
    may = [(one.instant, min(one.instant + longest, end)) for one in starts]
    over = [
        (later.instant, min(earlier.instant + longest, end))
        for earlier, later in pairwise(starts)
        if later.instant < earlier.instant + longest
    ]
    for kind, spans in (("may", may), ("over", over)):
        for begin, stop in _joined(spans):
            left, right = scale.x(begin), scale.x(stop)
            yield _rect(left, top + 6, round(right - left, 1), _ROW_HEIGHT - 12, kind)


def _joined(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Join spans that touch; they come in order."""
    joined: list[tuple[datetime, datetime]] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def _legend(y: int) -> Iterator[str]:
    x = 24
    for kind, words in (
        ("start", "a run starts"),
        ("together", "with others in the same minute"),
        ("left", "left out (calendar, clocks)"),
        ("may", "may still run (timeout)"),
        ("over", "may still run at its next start"),
    ):
        if kind in ("may", "over"):
            yield _rect(x, y - 10, 16, 12, kind)
        else:
            yield _path(kind, f"M{x + 8} {y - 12}V{y + 4}")
        yield _text(x + 24, y, words)
        x += 42 + round(6.3 * len(words))


def _text(x: float, y: float, words: str, kind: str = "", *, anchor: str = "") -> str:
    attributes = (f' class="{kind}"' if kind else "") + (
        f' text-anchor="{anchor}"' if anchor else ""
    )
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{escape(words)}</text>'


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"/>'


def _path(kind: str, drawn: str) -> str:
    return f'<path class="{kind}" d="{drawn}"/>'
