"""Render the page's facts as HTML: what the template needs beyond them, and nothing else.

The page has no script, loads nothing, and says so to the browser (its content security policy):
whatever a program wrote into a log or a message is text in it.
"""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rehearsal.page.facts import (
    Chapter,
    Grant,
    Life,
    MailCard,
    PageFacts,
    Phase,
    Run,
    SlackCard,
    WebhookCard,
)
from rehearsal.report import readable_line
from rehearsal.stage import ORDINARY, Outcome

FILE = "index.html"
MOST_RUNS = 150
"""Runs of a chapter that are drawn one by one, beside the line that shows them all."""
MOST_CARDS = 60
"""Different messages that are shown of each kind."""
NOT_REHEARSED = (
    "No image is built or pulled: the program runs from its build directory as a process of this "
    "machine, with its Python, without limits of processor and memory and without a read-only "
    "file system.",
    "The services are moto's with repairs, and permissions and connections are decided by the "
    "rules that AWS documents: AWS itself may refuse what passed here.",
    "How long AWS takes, what it costs and most of its quotas are not AWS's.",
    "Nothing was sent: the messages are drawn here as Slack and a mailbox would show them.",
    "Secrets of the stack file are not decrypted: a placeholder stands in their place, and no "
    "secret's value is on this page.",
)
"""What a reader must not conclude from the page."""
_TICKS_SECONDS = (10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
_MOST_TICKS = 12
_HERE = Path(__file__).parent

# Slack's markdown as Amazon Q Developer passes it on ("Custom notifications"): code, links, bold.
_SLACK = re.compile(
    r"`(?P<code>[^`\n]+)`|<(?P<address>https?://[^|>\s]+)\|(?P<name>[^>]*)>|\*(?P<bold>[^*\n]+)\*"
)
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")


class PageError(ValueError):
    """The page cannot be written; one line."""


def make_directory(directory: Path) -> None:
    """Make the directory of a page, before the work that it is to show.

    Raises:
        PageError: it cannot be made, or nothing can be written there.
    """
    with _said_in_one_line(directory):
        directory.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=directory):
            pass


def write_page(directory: Path, facts: PageFacts) -> Path:
    """Write ``index.html`` into a directory that :func:`make_directory` made; return its path.

    Raises:
        PageError: it cannot be written.
    """
    path = directory / FILE
    with _said_in_one_line(directory):
        path.write_text(render(facts), encoding="utf-8")
    return path


@contextmanager
def _said_in_one_line(directory: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise PageError(f"--report {directory}: {error.strerror}") from None


def render(facts: PageFacts) -> str:
    """Return the page."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        slack=slack_markup,
        addresses=with_addresses,
        clock=_clock,
        long=_long,
        readable=readable_line,
    )
    return environment.get_template("page.html").render(
        facts=facts,
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        time_line=time_line,
        shown_runs=_shown_runs,
        slack_cards=_alike([card for chapter in facts.chapters for card in _slack(chapter)]),
        mail_cards=_alike([card for chapter in facts.chapters for card in _mail(chapter)]),
        webhook_cards=_alike([card for chapter in facts.chapters for card in _webhooks(chapter)]),
        grants=_by_place(facts.proof or ()),
        differing=_differing,
        wanted=_wanted,
        ends=_ends,
        total_seconds=sum(took.seconds for took in facts.took),
        number=_number,
        not_rehearsed=NOT_REHEARSED,
    )


# -- the time line

_At = Callable[[datetime], float]
"""Says where on a line an instant is."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Something on a line, in per cent of its length; ``width`` is 0 for an instant."""

    left: float
    width: float
    kind: str
    """The class that it is drawn by."""
    says: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A job's line: lanes, so that runs side by side are seen as such, and what was told."""

    name: str
    lanes: tuple[tuple[Mark, ...], ...]
    events: tuple[Mark, ...]


@dataclass(frozen=True, kw_only=True)
class TimeLine:
    """A stretch of time with a row for each job that did something in it."""

    ticks: tuple[tuple[float, str], ...]
    rows: tuple[Row, ...]
    silent: tuple[str, ...]
    """The jobs that did nothing in it."""
    hours: float


def time_line(life: Life) -> TimeLine:
    """Place what happened on lines of the same length."""
    begin = life.begin
    end = max([life.end, *(run.end for run in life.runs), begin + timedelta(seconds=1)])
    length = (end - begin).total_seconds()

    def at(when: datetime) -> float:
        return round(100 * (when - begin).total_seconds() / length, 3)

    rows: list[Row] = []
    for job in life.jobs:
        runs = [run for run in life.runs if run.job == job]
        events = [
            *(
                Mark(
                    left=at(turned.at),
                    width=0,
                    kind="turned",
                    says=f"{_clock(turned.at)} trigger: {turned.result}",
                )
                for turned in life.turned
                if turned.job == job
            ),
            *_told((card for card in life.slack if card.job == job), at),
        ]
        if runs or events:
            lanes = tuple(
                tuple(_mark(run, phase, at) for run in lane for phase in run.phases)
                for lane in _lanes(runs)
            )
            rows.append(Row(name=job, lanes=lanes, events=tuple(events)))
    for alarm in sorted({card.alarm for card in life.slack if card.alarm}):
        calls = [card for card in life.slack if card.alarm == alarm]
        rows.append(Row(name=f"alarm {alarm}", lanes=(), events=tuple(_told(calls, at))))
    named = {row.name for row in rows}
    return TimeLine(
        ticks=tuple((at(tick), label) for tick, label in _ticks(begin, end)),
        rows=tuple(rows),
        silent=tuple(job for job in life.jobs if job not in named),
        hours=length / 3600,
    )


def _mark(run: Run, phase: Phase, at: _At) -> Mark:
    kind = ("good" if phase.good else "bad") if phase.attempt else "wait"
    what = f"attempt {phase.attempt}" if phase.attempt else "waits"
    said = ", ".join(
        part
        for part in (what, _long((phase.end - phase.begin).total_seconds()), phase.ended)
        if part
    )
    return Mark(
        left=at(phase.begin),
        width=round(at(phase.end) - at(phase.begin), 3),
        kind=kind,
        says=f"{run.name}\n{_clock(phase.begin)} {said}",
    )


def _told(cards: Iterable[SlackCard], at: _At) -> Iterator[Mark]:
    for card in cards:
        yield Mark(
            left=at(card.at),
            width=0,
            kind="told-good" if card.good else "told-bad",
            says=f"{_clock(card.at)} {card.channel}: {card.title}",
        )


def _lanes(runs: Iterable[Run]) -> list[list[Run]]:
    """Put runs that overlap into different lanes, each into the first that is free."""
    lanes: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: run.begin):
        for lane in lanes:
            if lane[-1].end <= run.begin:
                lane.append(run)
                break
        else:
            lanes.append([run])
    return lanes


def _ticks(begin: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
    """Choose round instants, a dozen at most."""
    length = (end - begin).total_seconds()
    step = next(
        (step for step in _TICKS_SECONDS if length / step <= _MOST_TICKS), _TICKS_SECONDS[-1]
    )
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = (begin - midnight).total_seconds()
    tick = midnight + timedelta(seconds=-(-passed // step) * step)
    days = end - begin > timedelta(days=1)
    while tick <= end:
        if days and tick.hour == tick.minute == 0:
            yield tick, f"{tick:%a %d}"
        else:
            yield tick, f"{tick:%H:%M:%S}" if step < 60 else f"{tick:%H:%M}"
        tick += timedelta(seconds=step)


def _shown_runs(life: Life) -> list[Run]:
    """Choose the runs that are drawn one by one: all, or those that are worth it."""
    if len(life.runs) <= MOST_RUNS:
        runs = life.runs
    else:
        runs = [run for run in life.runs if not run.plain][:MOST_RUNS]
    return sorted(runs, key=lambda run: (run.begin, run.job))


def _ends(run: Run) -> list[tuple[str, str]]:
    """Say how attempts ended, those together that ended alike one after another."""
    found: list[tuple[list[int], str]] = []
    for phase in run.phases:
        if phase.attempt and not phase.good:
            if found and found[-1][1] == phase.ended:
                found[-1][0].append(phase.attempt)
            else:
                found.append(([phase.attempt], phase.ended))
    return [(_attempts(numbers), ended) for numbers, ended in found]


def _attempts(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"attempt {numbers[0]}"
    return f"attempts {numbers[0]} to {numbers[-1]}"


# -- messages


Card = SlackCard | MailCard | WebhookCard


@dataclass(frozen=True, kw_only=True)
class Alike:
    """A message, and when others came that say the same of other runs."""

    card: Card
    again: tuple[datetime, ...]


def _slack(chapter: Chapter) -> Sequence[SlackCard]:
    return chapter.life.slack if chapter.life else ()


def _mail(chapter: Chapter) -> Sequence[MailCard]:
    return chapter.life.mail if chapter.life else ()


def _webhooks(chapter: Chapter) -> Sequence[WebhookCard]:
    return chapter.life.webhooks if chapter.life else ()


def _alike(cards: Sequence[Card]) -> list[Alike]:
    """Gather messages of one title: an hourly job tells the same each hour."""
    found: dict[tuple[str, ...], list[Card]] = {}
    for card in cards:
        match card:
            case SlackCard():
                key = (card.channel, card.title, card.dropped or "")
            case MailCard():
                key = (card.to, card.subject)
            case WebhookCard():
                key = (card.name, card.title, str(card.status))
        found.setdefault(key, []).append(card)
    return [
        Alike(card=first, again=tuple(card.at for card in others))
        for first, *others in found.values()
    ]


def slack_markup(text: str) -> Markup:
    """Turn Slack's markdown into HTML: bold, code, links; everything else is text."""
    shown, rest = Markup(), 0
    for found in _SLACK.finditer(text):
        shown += text[rest : found.start()]
        rest = found.end()
        if found["code"] is not None:
            shown += Markup("<code>{}</code>").format(found["code"])
        elif found["address"] is not None:
            shown += Markup('<a href="{}" rel="noreferrer">{}</a>').format(
                found["address"], found["name"]
            )
        else:
            shown += Markup("<b>{}</b>").format(found["bold"])
    return shown + text[rest:]


def with_addresses(text: str) -> Markup:
    """Turn the web addresses of a plain text into links, as a mail reader does."""
    shown, rest = Markup(), 0
    for found in _ADDRESS.finditer(text):
        shown += text[rest : found.start()]
        shown += Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(found[0])
        rest = found.end()
    return shown + text[rest:]


# -- words


def _clock(when: datetime) -> str:
    return f"{when:%H:%M:%S}"


def _long(seconds: float) -> str:
    """Say a duration as a person does."""
    if seconds < 1:
        return "0 s" if seconds == 0 else f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _wanted(outcome: Outcome) -> list[str]:
    """Name the facts that were expected, without those that are ordinary and were so."""
    return [
        fact
        for fact, value in outcome.expected.items()
        if not (value == outcome.happened.get(fact) == ORDINARY.get(fact))
    ]


def _differing(outcome: Outcome) -> list[str]:
    """Name the facts that were otherwise than they should be."""
    return [fact for fact, value in outcome.expected.items() if outcome.happened.get(fact) != value]


def _by_place(grants: Iterable[Grant]) -> dict[str, list[Grant]]:
    """Gather grants by the document that they stand in."""
    found: dict[str, list[Grant]] = {}
    for grant in grants:
        found.setdefault(grant.where, []).append(grant)
    return found
