"""``notify:``: who hears of the runs' ends."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from stacks.settings.base import MODEL, ListOf
from stacks.wording import shown

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def _email(value: str) -> str:
    """Check an e-mail address as far as a typing mistake goes."""
    if not _EMAIL.fullmatch(value):
        raise ValueError(f"{shown(value)} is not an e-mail address: write name@example.com")
    return value


def _slack_id(letters: str, what: str, where: str) -> Callable[[str], str]:
    """Return a check of one of Slack's ids, which are not the names that people see."""
    pattern = re.compile(rf"[{letters}][0-9A-Z]{{2,}}")

    def check(value: str) -> str:
        if pattern.fullmatch(value):
            return value
        if pattern.fullmatch(value.upper()):
            raise ValueError(f"{shown(value)} is not in upper case: write {value.upper()}")
        first = " or ".join(f"{letter}…" for letter in letters)
        raise ValueError(f"{shown(value)} is not a {what}'s id ({first}): {where}")

    return check


_WHERE_A_WORKSPACE_ID_IS = "open Slack in a browser and take the part after app.slack.com/client/"
_WHERE_A_CHANNEL_ID_IS = "open the channel's details in Slack and copy the channel ID at the bottom"

Email = Annotated[str, AfterValidator(_email)]
WorkspaceId = Annotated[str, AfterValidator(_slack_id("T", "workspace", _WHERE_A_WORKSPACE_ID_IS))]
ChannelId = Annotated[str, AfterValidator(_slack_id("CG", "channel", _WHERE_A_CHANNEL_ID_IS))]


class SlackSettings(BaseModel):
    """A Slack workspace and its two channels."""

    model_config = MODEL

    workspace_id: WorkspaceId = Field(description="The workspace's id.", examples=["T0123ABCD"])
    success_channel_id: ChannelId = Field(
        description="The channel for runs that succeeded.", examples=["C0AAAAAAA"]
    )
    failure_channel_id: ChannelId = Field(
        description="The channel for runs that failed, and for alarms.", examples=["C0BBBBBBB"]
    )


class NotifySettings(BaseModel):
    """Who hears of the runs' ends."""

    model_config = MODEL

    slack: SlackSettings | None = Field(
        default=None,
        description="Messages in Slack.",
        examples=[
            {
                "workspaceId": "T0123ABCD",
                "successChannelId": "C0AAAAAAA",
                "failureChannelId": "C0BBBBBBB",
            }
        ],
    )
    emails: ListOf[Email] = Field(
        default=(),
        description="Addresses that hear what the channels hear; each must confirm, once a topic.",
        examples=[["batch-oncall@example.com"]],
    )
