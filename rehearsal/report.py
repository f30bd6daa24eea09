"""What a rehearsal prints: progress while it works, then what should have happened and what did."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.status import Status
from rich.table import Table
from rich.text import Text

from rehearsal.cloud import Mail, SlackMessage, WebhookCall
from rehearsal.engine import Action, Resource
from rehearsal.plan import Change, Planned, summary
from rehearsal.proof import Candidate, Found
from rehearsal.stage import ORDINARY, Facts, Outcome

_KNOWN_ANYWAY = frozenset({"time", "job", "run", "attempt"})
"""Members of a structured log line that its panel's title and place say already."""
LONGEST_REASON = 300
"""Characters of the reason for another end than expected."""

_PLAN_COLOURS: dict[Action, str] = {
    "create": "green",
    "update": "yellow",
    "replace": "magenta",
    "delete": "red",
    "retain": "red",
}


class Report:
    """Prints to a terminal, or plainly where there is none."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._renamed: tuple[str, str] = ("", "")
        self._console = Console(highlight=False, soft_wrap=False)
        self._status: Status = self._console.status("")
        self._resources: Counter[str] = Counter()

    def begin(self, stack: str, region: str, start: datetime) -> None:
        """Say what is about to happen."""
        self.say(
            f"[bold]Rehearsing stack {escape(stack)}[/]: an AWS in this process stands in for "
            f"{escape(region)}; its clock starts at {start:%Y-%m-%d %H:%M} UTC."
        )
        if not self._quiet:
            self._status.start()

    def call(self, known: str, given: str) -> None:
        """Name the stack file as it was given: the program knows its stack by name only."""
        self._renamed = known, given

    def end(self) -> None:
        """Stop showing progress."""
        self._status.stop()

    def say(self, line: str) -> None:
        """Print a line of markup."""
        if not self._quiet:
            self._console.print(line)

    def doing(self, what: str) -> None:
        """Show what is being done, until the next thing is."""
        self._status.update(escape(what))

    def made(self, resource: Resource) -> None:
        """Count a resource as it is made."""
        if resource.type.startswith("aws"):
            service = resource.type.split(":")[1].partition("/")[0]
            self._resources[service] += 1
        self.doing(f"deploying: {sum(self._resources.values())} resources")

    def deployed(self, seconds: float, warnings: Iterable[str]) -> None:
        """Say what the stack consists of."""
        kinds = ", ".join(
            f"{number} {service}" for service, number in sorted(self._resources.items())
        )
        total = sum(self._resources.values())
        self.say(f"[green]Deployed[/] {total} resources in {seconds:.1f} s [dim]({kinds})[/]")
        self.warn(warnings)

    def deployed_again(self, planned: list[Planned], seconds: float) -> None:
        """Say what a second deployment of the same program did: nothing, if all is well."""
        if not planned:
            self.say(f"[green]Deployed again[/], unchanged: nothing to do, in {seconds:.1f} s")
            return
        self.plan("Deployed again, unchanged, and yet something changed", planned)

    def plan(self, title: str, planned: list[Planned]) -> None:
        """Show what a deployment changes, a line a resource and one a changed value."""
        self.say(f"\n[bold]{escape(title)}[/]: {summary(planned)}")
        for resource in planned:
            colour = _PLAN_COLOURS[resource.action]
            stays = " [dim](stays in AWS)[/]" if resource.action == "retain" else ""
            self.say(
                f"[{colour}]{resource.sign} {escape(resource.name)}[/] "
                f"[dim]{escape(resource.type)}[/]{stays}"
            )
            for change in resource.changes:
                self.say(f"    {_changed(change)}")

    def warn(self, lines: Iterable[str]) -> None:
        """Print what does not stop the rehearsal."""
        for line in lines:
            self.say(f"[yellow]warning:[/] {escape(self._named(line))}")

    def outcomes(
        self, title: str, outcomes: Iterable[Outcome], *, named: bool = False
    ) -> list[Outcome]:
        """Show outcomes as they come, then all of them as a table; return them.

        ``named`` ones are faults, each with its name in the place of its time and sentence.
        """
        collected: list[Outcome] = []
        self.doing(title)
        for outcome in outcomes:
            collected.append(outcome)
            self.doing(f"{title}: {len(collected)}, {outcome.what}")
        table = Table(
            title=title, title_justify="left", title_style="bold", box=None, pad_edge=False
        )
        columns = ("Fault",) if named else ("UTC", "What happens")
        for column in ("", *columns, "Should be", "Was"):
            table.add_column(column, overflow="fold")
        for outcome in collected:
            cells = [outcome.name] if named else [f"{outcome.at:%H:%M}", outcome.what]
            table.add_row(*_row(outcome, [escape(cell) for cell in cells]))
        if not self._quiet:
            self._console.print()
            self._console.print(table)
        return collected

    def progress(self, title: str, outcomes: Iterable[Outcome]) -> None:
        """Show outcomes as they come, and how many there were."""
        count = 0
        for outcome in outcomes:
            count += outcome.left_out is None
            self.doing(f"{title}: {outcome.name}")
        self.say(f"{title}, {count} scenarios come out as they should.")

    def grants(
        self, candidates: Sequence[Candidate], prove: Callable[[Candidate], Found]
    ) -> list[Found]:
        """Prove grants one by one; show a table of those that nobody missed; return all."""
        found: list[Found] = []
        for candidate in candidates:
            self.doing(f"{len(found) + 1} of {len(candidates)}: {candidate.what}")
            found.append(prove(candidate))
        reasons = Counter(one.reason for one in found if one.reason)
        surplus = [one for one in found if not one.passed]
        self.say(
            f"\n[bold]{len(found)} grants taken away one by one[/]: "
            f"{len(found) - reasons.total() - len(surplus)} missed, "
            f"{reasons.total()} not missed but explained, {len(surplus)} surplus"
        )
        table = Table.grid(padding=(0, 2))
        for one in surplus:
            table.add_row("[bold red]✗[/]", escape(one.where), escape(one.what), "nobody misses it")
        for reason, count in reasons.most_common():
            table.add_row("[dim]-[/]", f"{count} explained", escape(reason))
        if not self._quiet:
            self._console.print(table)
        return found

    def list_of(self, named: Iterable[tuple[str, str]]) -> None:
        """Print names, each with what it is."""
        table = Table.grid(padding=(0, 2))
        for name, what in named:
            table.add_row(name, what)
        self._console.print(table)

    def log(self, title: str, lines: Iterable[str]) -> None:
        """Show what a program wrote."""
        shown = Text(
            "\n".join(readable_line(line) for line in lines), overflow="ellipsis", no_wrap=True
        )
        self._panel(title, shown, "dim")

    def slack(self, message: SlackMessage) -> None:
        """Show a message as a channel does."""
        content = message.notification.get("content") or _of_alarm(message.notification)
        self._panel(
            f"Slack · {message.channel_id} · {message.time:%H:%M}",
            Group(
                Text(content["title"], style="bold"),
                Text.from_markup(_slack_markup(content["description"])),
                *(
                    Text.from_markup(f"• {_slack_markup(step)}")
                    for step in content.get("nextSteps", [])
                ),
            ),
            "magenta",
        )

    def mail(self, message: Mail) -> None:
        """Show a message as a mailbox does."""
        self._panel(
            f"Mail · {message.to} · {message.time:%H:%M}",
            Group(Text(message.subject, style="bold"), Text(message.text)),
            "blue",
        )

    def webhook(self, call: WebhookCall) -> None:
        """Show a message as a webhook is sent it."""
        self._panel(
            f"Webhook · {call.destination} · {call.host} · {call.time:%H:%M}",
            Text(json.dumps(call.message, indent=2, ensure_ascii=False)),
            "cyan",
        )

    def page(self, path: Path | None) -> None:
        """Say where the page is, if one was wanted."""
        if path is not None:
            self._console.print(f"Report: {escape(str(path))}", soft_wrap=True)

    def verdict(self, outcomes: list[Outcome], seconds: float) -> bool:
        """Say whether all came out as it should; that is what a quiet rehearsal prints too."""
        played = [outcome for outcome in outcomes if outcome.left_out is None]
        wrong = [outcome for outcome in played if not outcome.passed]
        for outcome in wrong if self._quiet else []:
            self._console.print(
                f"[red]✗[/] {escape(outcome.what)}: "
                f"should be {escape(_said(outcome.expected, outcome))}; "
                f"was {escape(_said(outcome.happened, outcome))}"
            )
        if not self._quiet:
            self._console.print()
        colour = "red" if wrong else "green"
        self._console.print(
            f"[{colour}]{len(played) - len(wrong)} of {len(played)} came out as they should[/] "
            f"[dim]in {seconds:.1f} s[/]"
        )
        return not wrong

    def failed(self, lines: Iterable[str]) -> None:
        """Print lines that end the rehearsal."""
        self._status.stop()
        for line in lines:
            self._console.print(f"[red]error:[/] {escape(self._named(line))}", soft_wrap=True)

    def _named(self, line: str) -> str:
        known, given = self._renamed
        return line.replace(f"{known}:", f"{given}:") if known else line

    def _panel(self, title: str, content: Any, colour: str) -> None:
        if not self._quiet:
            self._console.print(
                Panel(content, title=escape(title), title_align="left", border_style=colour)
            )


def _changed(change: Change) -> str:
    """Say a change in markup: ``path: old → new``, or only what is there."""
    because = " [yellow](replaces it)[/]" if change.replaces else ""
    old, new = (escape(value) if value is not None else None for value in (change.old, change.new))
    if old is None:
        said = f"[green]+ {new}[/]"
    elif new is None:
        said = f"[red]- {old}[/]"
    else:
        said = f"[red]{old}[/] → [green]{new}[/]"
    return f"{escape(change.path)}: {said}{because}"


def _row(outcome: Outcome, cells: list[str]) -> list[str]:
    """Make a row: a sign, the given cells, what should have come of it, what did."""
    if outcome.left_out is not None:
        return ["[dim]-[/]", *cells, f"[dim]does not apply: {escape(outcome.left_out)}[/]", ""]
    should_be = escape(_said(outcome.expected, outcome))
    if outcome.passed:
        return ["[green]✓[/]", *cells, should_be, "[dim]the same[/]"]
    was = escape(_said(outcome.happened, outcome))
    return ["[bold red]✗[/]", *cells, should_be, f"[red]{was}[/]"]


def _said(facts: Facts, outcome: Outcome) -> str:
    """Say the facts that were expected of an outcome; if it went another way, why."""
    said = [
        f"{fact} {facts.get(fact, 'unknown')}"
        for fact, value in outcome.expected.items()
        if not (value == facts.get(fact) == ORDINARY.get(fact))
    ]
    because = facts.get("because")
    if because:
        said.append(f"because: {readable_line(because)[:LONGEST_REASON]}")
    return ", ".join(said)


def readable_line(line: str) -> str:
    """Show a structured log line as a log viewer does: level, message, the rest."""
    try:
        said: Any = json.loads(line)
    except ValueError:
        return line
    if not isinstance(said, dict) or "message" not in said:
        return line
    members = cast("dict[str, Any]", said)
    level, message = members.pop("level", ""), members.pop("message")
    rest = (f"{key}={value}" for key, value in members.items() if key not in _KNOWN_ANYWAY)
    return " ".join([f"{level:<7}", str(message), *rest])


def _of_alarm(notification: dict[str, Any]) -> dict[str, Any]:
    """Say of an alarm what a custom notification says of a run."""
    name, state = notification["AlarmName"], notification["NewStateValue"]
    return {"title": f"{name}: {state}", "description": notification["AlarmDescription"] or ""}


def _slack_markup(text: str) -> str:
    """Turn Slack's markdown into rich's: bold, code and links, whose addresses are cut."""
    shown: list[str] = []
    for part in text.replace("<", "\0<").replace(">", ">\0").split("\0"):
        if part.startswith("<http") and "|" in part:
            address, _, name = part[1:-1].partition("|")
            shown.append(f"[link={address}][underline]{escape(name)}[/underline][/link]")
        else:
            shown.append(_bold_and_code(part))
    return "".join(shown)


def _bold_and_code(text: str) -> str:
    pieces = text.split("`")
    return "".join(
        f"[cyan]{escape(piece)}[/]" if at % 2 else _bold(piece) for at, piece in enumerate(pieces)
    )


def _bold(text: str) -> str:
    pieces = text.split("*")
    return "".join(
        f"[bold]{escape(piece)}[/]" if at % 2 and at < len(pieces) - 1 else escape(piece)
        for at, piece in enumerate(pieces)
    )
