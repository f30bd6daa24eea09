"""What a server prints: what to type, and then what happens, line by line."""

import shlex
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape

from definitions.notices import title_of
from rehearsal.cloud import EmbeddedAws

_Thing = TypeVar("_Thing")

_ENDS = "Step Functions Execution Status Change"


class Live:
    """Prints what to type, and then a line whenever something happens."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._seen: Counter[str] = Counter()

    def serving(self, stack: str, region: str, endpoint: str, env_file: Path) -> None:
        """Say that everything listens, and how to come here."""
        with suppress(ValueError):
            env_file = env_file.relative_to(Path.cwd())
        for line in (
            f"[bold]An empty AWS listens[/] on {endpoint}, beside it the Pulumi CLI's plugins.",
            f"Its time is this machine's; the stack's region is {escape(region)}.",
            "",
            "In another shell of this directory, with the Pulumi CLI on the PATH:",
            "",
            f"    [cyan]source {escape(shlex.quote(str(env_file)))}[/]",
            f"    [cyan]pulumi stack select --create {escape(stack)}[/]",
            "    [cyan]pulumi up[/]",
            "",
            "From that shell the AWS CLI and the SDKs come here, too; nothing reaches real AWS.",
            "Ctrl-C ends it. What happens meanwhile (times are UTC):",
        ):
            self._console.print(line)

    def serving_deployed(self, stack: str, region: str, endpoint: str, env_file: Path) -> None:
        """Say that everything listens, and what there is to do."""
        with suppress(ValueError):
            env_file = env_file.relative_to(Path.cwd())
        for line in (
            f"[bold]Stack {escape(stack)} is deployed[/] to an AWS on {endpoint}, and has lived "
            "some hours.",
            f"From now on its time is this machine's; its region is {escape(region)}.",
            "",
            "In another shell of this directory:",
            "",
            f"    [cyan]source {escape(shlex.quote(str(env_file)))}[/]",
            "    [cyan].venv/bin/python -m ops list[/]",
            "",
            "That shell is the stack's operator; nothing of it reaches real AWS.",
            "Ctrl-C ends it. What happens meanwhile (times are UTC):",
        ):
            self._console.print(line)

    def forget(self, aws: EmbeddedAws) -> None:
        """Leave out what has happened so far."""
        for kind, things in self._things(aws).items():
            self._seen[kind] = len(things)

    def ended(self) -> None:
        """Say the last word."""
        self._console.print("Ended; the AWS is gone with all that was in it.")

    def look(self, aws: EmbeddedAws) -> None:
        """Print what happened since the last look."""
        for event in self._new("events", aws.events.events):
            detail = event["detail"]
            if event["detail-type"] == _ENDS and detail["status"] != "RUNNING":
                machine = detail["stateMachineArn"].rpartition(":")[2]
                colour = "green" if detail["status"] == "SUCCEEDED" else "red"
                self._line(
                    event["time"][11:19],
                    f"{escape(machine)} · {escape(detail['name'])} "
                    f"[{colour}]{detail['status'].lower()}[/]",
                )
        for message in self._new("slack", aws.slack):
            said = message.dropped or message.notification["content"].get("title", "")
            dropped = "dropped: " if message.dropped else ""
            self._line(
                f"{message.time:%H:%M:%S}",
                f"[magenta]Slack {escape(message.channel_id)}[/] {escape(dropped + said)}",
            )
        for mail in self._new("mail", aws.mail):
            self._line(
                f"{mail.time:%H:%M:%S}", f"[blue]Mail {escape(mail.to)}[/] {escape(mail.subject)}"
            )

        for call in self._new("webhooks", aws.webhooks.calls):
            said = title_of(call.message) if call.taken else f"answered {call.status}"
            self._line(
                f"{call.time:%H:%M:%S}",
                f"[cyan]Webhook {escape(call.destination)}[/] {escape(said)}",
            )

    def failed(self, line: str) -> None:
        """Say what went wrong in the rehearsal itself."""
        self._line(f"{datetime.now(UTC):%H:%M:%S}", f"[red]error:[/] {escape(line)}")

    @staticmethod
    def _things(aws: EmbeddedAws) -> dict[str, list[Any]]:
        return {
            "events": aws.events.events,
            "slack": aws.slack,
            "mail": aws.mail,
            "webhooks": aws.webhooks.calls,
        }

    def _new(self, kind: str, things: list[_Thing]) -> list[_Thing]:
        found = things[self._seen[kind] :]
        self._seen[kind] += len(found)
        return found

    def _line(self, time: str, text: str) -> None:
        self._console.print(f"[dim]{time}[/] {text}")
