"""What the page shows: plain facts, without clients, secrets or HTML."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from rehearsal.stage import Outcome

# -- what was deployed


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """A subnet and what lives in it."""

    name: str
    cidr: str
    zone: str


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A VPC endpoint."""

    service: str
    """Without the region: ``ecr.api``."""
    kind: str
    """``Interface`` or ``Gateway``."""


@dataclass(frozen=True, kw_only=True)
class GroupRule:
    """A rule of a security group."""

    group: str
    direction: str
    """``in`` or ``out``."""
    ports: str
    peer: str
    """Who may connect, or be connected to."""
    description: str


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a job is triggered."""

    job: str
    expression: str
    timezone: str


@dataclass(frozen=True, kw_only=True)
class Container:
    """A task definition."""

    name: str
    cpu_units: str
    memory_mib: str
    architecture: str
    variables: tuple[str, ...]
    """Names of its environment variables that secrets fill; never their values."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """An SNS topic and who hears of it."""

    name: str
    channels: tuple[str, ...]
    addresses: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """An address that hears of a channel's messages."""

    name: str
    host: str


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm and whom it calls."""

    name: str
    metric: str
    description: str
    topics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The stack as a picture needs it; names are without the stack's own prefix."""

    public: bool
    """Whether tasks have public addresses; else they reach AWS through endpoints."""
    cidr: str
    subnets: tuple[Subnet, ...]
    endpoints: tuple[Endpoint, ...]
    rules: tuple[GroupRule, ...]
    schedules: tuple[Schedule, ...]
    jobs: tuple[str, ...]
    containers: tuple[Container, ...]
    topics: tuple[Topic, ...]
    webhooks: tuple[Webhook, ...] = ()
    alarms: tuple[Alarm, ...]
    queues: tuple[str, ...]
    buckets: tuple[str, ...]
    secrets: tuple[str, ...]
    resources: dict[str, int]
    """How many of each service."""
    slowest: tuple["Took", ...]
    """The resources that took longest, first the slowest."""


# -- what happened


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A part of a run: an attempt, or a wait before the next one."""

    attempt: int
    """Its number from 1; 0 is a wait."""
    begin: datetime
    end: datetime
    good: bool = True
    ended: str = ""
    """How an attempt ended, in a few words."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a job."""

    job: str
    name: str
    begin: datetime
    end: datetime
    good: bool
    ended: str
    """The class of its end: ``succeeded``, ``failed``, ``out of memory`` …"""
    reason: str
    phases: tuple[Phase, ...]
    log: tuple[str, ...]
    """The last lines that its last attempt wrote."""

    @property
    def attempts(self) -> int:
        """How many attempts it made."""
        return sum(phase.attempt > 0 for phase in self.phases)

    @property
    def plain(self) -> bool:
        """Whether it succeeded at once: most do, and they look alike."""
        return self.good and self.attempts <= 1


@dataclass(frozen=True, kw_only=True)
class Turned:
    """A trigger of which the dispatcher made no run."""

    job: str
    at: datetime
    result: str
    """``skipped``, ``duplicate`` or ``failed``."""


@dataclass(frozen=True, kw_only=True)
class SlackCard:
    """A message as a channel shows it."""

    channel: str
    at: datetime
    title: str
    description: str
    """In Slack's markdown."""
    next_steps: tuple[str, ...] = ()
    job: str = ""
    """Of which it tells; or, with ``alarm``, of none."""
    alarm: str = ""
    """Name of the alarm that it tells of."""
    good: bool = True
    """Whether it calls nobody to act."""
    dropped: str | None = None
    """Why Chatbot threw it away, if it did."""


@dataclass(frozen=True, kw_only=True)
class MailCard:
    """A message as a mailbox shows it."""

    to: str
    at: datetime
    subject: str
    text: str


@dataclass(frozen=True, kw_only=True)
class WebhookCard:
    """A message as a webhook is sent it, and whether it was taken."""

    name: str
    """Of the channel that the webhook is."""
    host: str
    at: datetime
    title: str
    body: str
    """JSON, indented, without what proves who calls."""
    status: int
    taken: bool


@dataclass(frozen=True, kw_only=True)
class Life:
    """A stretch of virtual time."""

    begin: datetime
    end: datetime
    jobs: tuple[str, ...]
    """Every job of the stack, whether it ran or not."""
    runs: tuple[Run, ...]
    turned: tuple[Turned, ...] = ()
    slack: tuple[SlackCard, ...] = ()
    mail: tuple[MailCard, ...] = ()
    webhooks: tuple[WebhookCard, ...] = ()

    def between(self, begin: datetime, end: datetime) -> "Life":
        """Return the part of it that began after ``begin`` and until ``end``."""
        return replace(
            self,
            begin=begin,
            end=end,
            runs=tuple(run for run in self.runs if begin < run.begin <= end),
            turned=tuple(turned for turned in self.turned if begin < turned.at <= end),
            slack=tuple(card for card in self.slack if begin < card.at <= end),
            mail=tuple(card for card in self.mail if begin < card.at <= end),
            webhooks=tuple(card for card in self.webhooks if begin < card.at <= end),
        )


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """Something that was lived through, and what should have come of it."""

    title: str
    outcomes: tuple[Outcome, ...]
    life: Life | None = None
    about: str = ""
    """A sentence on what it is."""

    @property
    def passed(self) -> bool:
        """Whether everything came out as it should."""
        return all(outcome.passed for outcome in self.outcomes)


# -- what was proven, and how long it took


class Grant(Protocol):
    """Something that the stack allows, and who noticed when just that was taken away."""

    @property
    def where(self) -> str:
        """The document or resource that it stands in."""
        ...

    @property
    def what(self) -> str:
        """The action, resource, condition, endpoint or rule."""
        ...

    @property
    def noticed_by(self) -> str | None:
        """The scenario that came out otherwise without it; ``None`` if none did."""
        ...

    @property
    def how(self) -> str:
        """What was otherwise, in words."""
        ...

    @property
    def reason(self) -> str | None:
        """Why it stays although nobody noticed."""
        ...

    @property
    def passed(self) -> bool:
        """Whether it is needed, or its surplus explained."""
        ...


@dataclass(frozen=True, kw_only=True)
class Took:
    """How long something took, in real seconds."""

    what: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class PageFacts:
    """Everything that the page says."""

    command: str
    """What a person types for the same."""
    stack: str
    region: str = ""
    deployed: Deployed | None = None
    """``None`` if the stack could not be deployed."""
    failures: tuple[str, ...] = ()
    """Why not, a line for each resource."""
    warnings: tuple[str, ...] = ()
    day: tuple[Chapter, ...] = ()
    faults: tuple[Chapter, ...] = ()
    proof: tuple[Grant, ...] | None = None
    took: tuple[Took, ...] = ()

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """The day's and the faults'."""
        return self.day + self.faults

    @property
    def passed(self) -> bool:
        """Whether nothing on the page is wrong."""
        return (
            not self.failures
            and all(chapter.passed for chapter in self.chapters)
            and all(grant.passed for grant in self.proof or ())
        )
