"""``notify:``, of a stack and of a job: who hears of the runs' ends."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from definitions.notices import Outcomes, WebhookFormat, job_notice
from stacks.settings.base import MODEL, EntryError, ListOf, like, surroundings_in
from stacks.wording import MASK, instead, shown

MAX_URL_CHARACTERS = 2_048
"""CreateApiDestination, InvocationEndpoint."""

MAX_RUNBOOKS_CHARACTERS = 250
"""Of an address in the description of an alarm, which may have 1,024 (PutMetricAlarm)."""

_RUNBOOKS_FORM = r"https://[-.~_:@%/A-Za-z0-9]+"
_RUNBOOKS = re.compile(_RUNBOOKS_FORM)
_EMAIL_FORM = r"[^@\s]+@[^@\s]+\.[^@\s.]+"
_EMAIL = re.compile(_EMAIL_FORM)
# CreateApiDestination takes a star too: for parameters of the path, which a rule would fill in.
_URL = re.compile(r"https://[-()_.!~';/?:@&=+$,%A-Za-z0-9]+")
# CreateConnectionApiKeyAuthRequestParameters.
_HEADER = re.compile(r"[ \t]*[^\x00-\x1F:\x7F]+[ \t]*")


def _email(value: str) -> str:
    """Check an e-mail address as far as a typing mistake goes."""
    if not _EMAIL.fullmatch(value):
        raise ValueError(f"{shown(value)} is not an e-mail address: write name@example.com")
    return value


_SLACK_ID = "[0-9A-Z]{2,}"
"""What follows the letter that says what it is of."""


def _slack_id(letters: str, what: str, where: str) -> Callable[[str], str]:
    """Return a check of one of Slack's ids, which are not the names that people see."""
    pattern = re.compile(f"[{letters}]{_SLACK_ID}")

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

Email = Annotated[str, AfterValidator(_email), like(f"^{_EMAIL_FORM}$", "name@example.com")]
WorkspaceId = Annotated[
    str,
    AfterValidator(_slack_id("T", "workspace", _WHERE_A_WORKSPACE_ID_IS)),
    like(f"^T{_SLACK_ID}$", "the workspace's id, T…"),
]
ChannelId = Annotated[
    str,
    AfterValidator(_slack_id("CG", "channel", _WHERE_A_CHANNEL_ID_IS)),
    like(f"^[CG]{_SLACK_ID}$", "the channel's id, C…"),
]


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


# -- channels


def _https(url: SecretStr) -> SecretStr:
    """Check a webhook's address, which may be a secret as a whole."""
    text = url.get_secret_value()
    if not _URL.fullmatch(text):
        raise ValueError(f"{MASK} is not an address that EventBridge calls: write https://…")
    if len(text) > MAX_URL_CHARACTERS:
        raise ValueError(
            f"{MASK} has {len(text):,} characters: EventBridge takes {MAX_URL_CHARACTERS:,}"
        )
    return url


def _not_empty(secret: SecretStr) -> SecretStr:
    """Check that there is something to send."""
    if not secret.get_secret_value():
        raise ValueError("is empty: write a text")
    return secret


def _header(name: str) -> str:
    """Check the name of a header."""
    if not _HEADER.fullmatch(name):
        raise ValueError(f"{shown(name)} is not a header's name: write one such as X-Api-Key")
    return name


_Secret = Annotated[SecretStr, AfterValidator(_not_empty)]


class ApiKeySettings(BaseModel):
    """A header that proves who calls a webhook."""

    model_config = MODEL

    header: Annotated[str, AfterValidator(_header)] = Field(
        description="The header's name.", examples=["X-Api-Key"]
    )
    value: _Secret = Field(
        description="Its value; set it with `pulumi config set --secret --path`.", examples=["…"]
    )


class BasicSettings(BaseModel):
    """A user's name and password that prove who calls a webhook."""

    model_config = MODEL

    username: str = Field(min_length=1, description="The user.", examples=["batch"])
    password: _Secret = Field(
        description="The password; set it with `pulumi config set --secret --path`.",
        examples=["…"],
    )


class WebhookSettings(BaseModel):
    """An address that is called with each message."""

    model_config = MODEL

    url: Annotated[SecretStr, AfterValidator(_https)] = Field(
        description="The address, https. One that is a secret itself, as those of Teams are, is "
        "set with `pulumi config set --secret --path`.",
        examples=["https://example.com/hooks/batch"],
    )
    format: WebhookFormat = Field(
        default="generic",
        description="What is sent. `generic`: our own JSON. `teams`: a card for a workflow of "
        "Microsoft Teams. `pagerduty`: an event of PagerDuty, with one incident a job.",
        examples=["teams"],
    )
    routing_key: _Secret | None = Field(
        default=None,
        validate_default=True,
        description="PagerDuty's integration key (Events API v2); set it with `pulumi config set "
        "--secret --path`. With `format: pagerduty` only, which needs it.",
        examples=["…"],
    )
    api_key: ApiKeySettings | None = Field(
        default=None,
        description="A header that proves who calls.",
        examples=[{"header": "X-Api-Key", "value": "…"}],
    )
    basic: BasicSettings | None = Field(
        default=None,
        description="A user and password that prove who calls, in place of `apiKey`.",
        examples=[{"username": "batch", "password": "…"}],
    )

    @field_validator("routing_key")
    @classmethod
    def _belongs_to_the_format(
        cls, routing_key: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if "format" not in info.data:
            return routing_key
        if info.data["format"] == "pagerduty" and routing_key is None:
            raise EntryError("has no routingKey: write PagerDuty's integration key")
        if info.data["format"] != "pagerduty" and routing_key is not None:
            raise ValueError(f"is of no use to format {info.data['format']}: remove it")
        return routing_key

    @field_validator("basic")
    @classmethod
    def _is_the_one_proof(
        cls, basic: BasicSettings | None, info: ValidationInfo
    ) -> BasicSettings | None:
        if basic is not None and info.data.get("api_key") is not None:
            raise EntryError("has both apiKey and basic: keep one")
        return basic


def _address_or_map(value: object) -> object:
    """Take an address for a webhook that needs nothing more."""
    return {"url": value} if isinstance(value, str) else value


class ChannelSettings(BaseModel):
    """A named channel: one or several ways to the same people."""

    model_config = MODEL

    slack: ChannelId | None = Field(
        default=None,
        description="A channel of the workspace in `notify.slack`.",
        examples=["C0CCCCCCC"],
    )
    emails: ListOf[Email] = Field(
        default=(),
        description="Addresses; each must confirm once.",
        examples=[["data-team@example.com"]],
    )
    webhook: (
        Annotated[
            WebhookSettings,
            BeforeValidator(_address_or_map, json_schema_input_type=str | WebhookSettings),
        ]
        | None
    ) = Field(
        default=None,
        description="An address to call: alone, or as a map.",
        examples=["https://example.com/hooks/batch"],
    )

    @model_validator(mode="after")
    def _reaches_somebody(self) -> Self:
        if self.slack is None and self.webhook is None and not self.emails:
            raise ValueError("reaches nobody: write slack, emails or webhook")
        return self


def _runbooks(address: str) -> str:
    """Check an address that stands in messages, in front of a page's name."""
    if not _RUNBOOKS.fullmatch(address):
        raise ValueError(
            f"{shown(address)} is not an address that pages are under: write one such as "
            "https://github.com/our-company/batch/blob/main/docs/runbooks"
        )
    if len(address) > MAX_RUNBOOKS_CHARACTERS:
        raise ValueError(
            f"{shown(address)} has {len(address)} characters: write at most "
            f"{MAX_RUNBOOKS_CHARACTERS}, which the descriptions of alarms have room for"
        )
    return address


RunbooksAddress = Annotated[
    str, AfterValidator(_runbooks), like(f"^{_RUNBOOKS_FORM}$", "an address: https://…")
]


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
    channels: dict[str, ChannelSettings] = Field(
        default_factory=dict[str, ChannelSettings],
        description="Further channels, which jobs name to be told there and not in the two above.",
        examples=[{"data-team": {"slack": "C0CCCCCCC"}}],
    )
    runbooks: RunbooksAddress | None = Field(
        default=None,
        description="The address under which you show `docs/runbooks`: messages of bad ends link "
        "`failed.md` and the like there, alarms `alarms.md`. Without it they name the files.",
        examples=["https://github.com/our-company/batch/blob/main/docs/runbooks"],
    )

    @field_validator("channels")
    @classmethod
    def _workspace_is_known(
        cls, channels: dict[str, ChannelSettings], info: ValidationInfo
    ) -> dict[str, ChannelSettings]:
        in_slack = [name for name, channel in channels.items() if channel.slack]
        if in_slack and info.data.get("slack", ...) is None:
            raise ValueError(
                f"{', '.join(in_slack)} is in Slack, and notify.slack says no workspace: write "
                "slack: {workspaceId: …, successChannelId: …, failureChannelId: …} beside channels"
            )
        return channels


# -- what a job says


def _own_channel(name: str, info: ValidationInfo) -> str:
    """Check that the file has such a channel."""
    surroundings = surroundings_in(info)
    if surroundings and name not in surroundings.channels:
        remedy = instead(name, surroundings.channels)
        raise ValueError(f"{shown(name)} is not a channel of notify.channels: {remedy}")
    return name


class JobNotifySettings(BaseModel):
    """Which ends of a run are told, and where."""

    model_config = MODEL

    on: Outcomes = Field(
        default="failure", description="Which ends of a run are told.", examples=["all"]
    )
    channels: ListOf[Annotated[str, AfterValidator(_own_channel)]] = Field(
        default=(),
        description="The channels, of those in `notify.channels`, that are told in place of the "
        "stack's own two.",
        examples=[["data-team"]],
    )
    on_recovery: bool = Field(
        default=False,
        description="Whether the first success after a failure is told too, as a recovery.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _somebody_is_told(self) -> Self:
        if self.on == "none" and (self.channels or self.on_recovery):
            raise ValueError("has on: none, which tells nobody: remove channels and onRecovery")
        return self

    def in_trigger(self) -> str | dict[str, Any]:
        """Return what a trigger hands to the run, for the notifier to read."""
        return job_notice(self.on, channels=self.channels, on_recovery=self.on_recovery)


def _word_or_map(value: object) -> object:
    """Take a word for the map that says no more than it."""
    if not isinstance(value, str):
        return value
    words = get_args(Outcomes)
    if value not in words:
        *most, last = words
        raise ValueError(
            f"{shown(value)} is not one of the choices: write {', '.join(most)} or {last}"
        )
    return {"on": value}


JobNotify = Annotated[
    JobNotifySettings,
    BeforeValidator(_word_or_map, json_schema_input_type=Outcomes | JobNotifySettings),
]
"""A word, or a map: what a job or a flow says of whom to tell."""
