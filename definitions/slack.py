"""Which Slack channels hear of which topics: the configurations of Chatbot."""

from collections.abc import Mapping
from dataclasses import dataclass

from definitions.names import Names

CHATBOT_REGION = "us-east-2"
"""Chatbot is a global service whose API answers in a few regions only; topics may be anywhere."""
OWN = ("success", "failure")
"""What tells the stack's own two channels."""


@dataclass(frozen=True, kw_only=True)
class ChannelConfiguration:
    """One channel, configured once for all that it is told."""

    role: str
    """What it is in the stack: ``slack``, ``slack-success`` or ``slack-to-<channel>``."""
    name: str
    """As AWS has it."""
    channel_id: str
    """``C…``."""
    told: tuple[str, ...]
    """Of what: ``success``, ``failure`` and ``to-<channel>``."""


def configurations(names: Names, channels: Mapping[str, str | None]) -> list[ChannelConfiguration]:
    """Arrange channels by what tells them; an account can configure a channel of Slack once.

    ``channels`` are ids by what tells them, ``None`` where that is not told in Slack.
    """
    shared: dict[str, list[str]] = {}
    for told, channel_id in channels.items():
        if channel_id is not None:
            shared.setdefault(channel_id, []).append(told)
    return [_configuration(names, channel_id, told) for channel_id, told in shared.items()]


def _configuration(names: Names, channel_id: str, told: list[str]) -> ChannelConfiguration:
    role = "slack" if {*OWN} <= {*told} else f"slack-{told[0]}"
    own, _, channel = told[0].partition("to-")
    return ChannelConfiguration(
        role=role,
        name=names.of(role) if own else names.channel(channel),
        channel_id=channel_id,
        told=tuple(told),
    )
