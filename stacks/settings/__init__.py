"""What a stack file may say: every key with its type, default, meaning and example.

``Pulumi.<stack>.yaml`` is the whole user interface of a deploy; these models are what it becomes,
and the reference of its keys: the site's table and the JSON Schema for editors are generated from
them. Each section is a module with the checks of its values; ``reading`` makes the models from the
configuration.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from stacks.settings.access import AccessSettings
from stacks.settings.base import MODEL, ListOf, Text, among
from stacks.settings.calendars import CalendarSettings, NamedCalendar, asked_tables
from stacks.settings.containers import DEFAULT_CONTAINERS, ContainerSettings
from stacks.settings.events import QueueSettings
from stacks.settings.flows import FlowSettings
from stacks.settings.jobs import JobSettings
from stacks.settings.network import NetworkSettings
from stacks.settings.notify import NotifySettings
from stacks.settings.storage import BucketSettings, SecretSettings, TableSettings, TopicSettings
from stacks.settings.tags import Tags
from stacks.settings.workers import WorkerSettings

LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653),
)
"""What CloudWatch Logs allows (PutRetentionPolicy)."""


def _log_retention(days: int) -> int:
    """Check that CloudWatch Logs has such a retention."""
    if days not in LOG_RETENTION_DAYS:
        nearest = min(
            (known for known in LOG_RETENTION_DAYS if known > days), default=LOG_RETENTION_DAYS[-1]
        )
        raise ValueError(f"{days} is not one that CloudWatch Logs has: write {nearest}")
    return days


LogRetentionDays = Annotated[int, AfterValidator(_log_retention), among(LOG_RETENTION_DAYS)]


class Settings(BaseModel):
    """Everything that a stack file says."""

    model_config = MODEL

    project: SkipJsonSchema[str] = Field(
        description="The Pulumi project's name.", examples=["fargate-batch"]
    )
    stack: SkipJsonSchema[str] = Field(description="The Pulumi stack's name.", examples=["prod"])
    region: str = Field(
        validation_alias="aws:region",
        description="The AWS region; those of China and GovCloud are not supported.",
        examples=["ap-northeast-1"],
    )
    profile: str | None = Field(
        default=None,
        validation_alias="aws:profile",
        description="The AWS profile to deploy with.",
        examples=["batch-prod"],
    )
    network: NetworkSettings = Field(
        description="The VPC that the containers run in.", examples=[{"mode": "public"}]
    )
    containers: dict[str, ContainerSettings] = Field(
        default=DEFAULT_CONTAINERS,
        validate_default=True,
        description="The shapes that jobs run in.",
        examples=[{"default": {"build": "app"}}],
    )
    notify: NotifySettings = Field(
        default_factory=NotifySettings,
        description="Who is told how runs ended.",
        examples=[{"emails": ["batch-oncall@example.com"]}],
    )
    buckets: dict[str, BucketSettings] = Field(
        default_factory=dict[str, BucketSettings],
        description="Buckets of the stack.",
        examples=[{"files": {"expireAfterDays": 365}}],
    )
    queues: dict[str, QueueSettings] = Field(
        default_factory=dict[str, QueueSettings],
        description="Queues of the stack; a message may start a job.",
        examples=[{"orders": {}}],
    )
    topics: dict[str, TopicSettings] = Field(
        default_factory=dict[str, TopicSettings],
        description="SNS topics of the stack, for whoever subscribes.",
        examples=[{"alerts": {}}],
    )
    tables: dict[str, TableSettings] = Field(
        default_factory=dict[str, TableSettings],
        description="DynamoDB tables of the stack.",
        examples=[{"state": {"partitionKey": "customer"}}],
    )
    secrets: dict[str, SecretSettings] = Field(
        default_factory=dict[str, SecretSettings],
        description="Secrets of the stack.",
        examples=[{"sample": {"values": {"S3_BUCKET_NAME": {"bucket": "files"}}}}],
    )
    calendars: dict[str, NamedCalendar] = Field(
        default_factory=dict[str, CalendarSettings],
        description="Named lists of days, such as holidays.",
        examples=[{"jp-holidays": {"country": "JP", "years": [2026, 2027]}}],
    )
    jobs: dict[str, JobSettings] = Field(
        default_factory=dict[str, JobSettings],
        description="The jobs: each is a command in a container, on a schedule, on events or run "
        "by hand.",
        examples=[{"list-files": {"command": ["python", "-m", "list_files"]}}],
    )
    job_files: ListOf[Text] = Field(
        default=(),
        description="Files with more jobs, as paths or patterns from where Pulumi.yaml is: each "
        "has `jobs:` as here, and `defaults:`, keys that all of its jobs have.",
        examples=[["jobs/*.yaml"]],
    )
    keep_paused: bool = Field(
        default=False,
        description="Whether schedules that people paused stay paused when they are updated. Needs "
        "a refresh before each `up`: `options: {refresh: always}` in Pulumi.yaml.",
        examples=[True],
    )
    flows: dict[str, FlowSettings] = Field(
        default_factory=dict[str, FlowSettings],
        description="Jobs that wait for one another, run as one on a schedule or by hand.",
        examples=[{"nightly": {"jobs": {"extract": {}, "report": {"after": ["extract"]}}}}],
    )
    workers: dict[str, WorkerSettings] = Field(
        default_factory=dict[str, WorkerSettings],
        description="Programs that fetch their work from Step Functions and say that they live "
        "while they do it.",
        examples=[{"sum-files": {"command": ["python", "-m", "sum_files"], "heartbeat": "1m"}}],
    )
    access: AccessSettings = Field(
        default_factory=AccessSettings,
        description="Roles of people and of GitHub's workflows; without it none is made.",
        examples=[{"operators": ["arn:aws:iam::111122223333:role/team-batch"]}],
    )
    tags: Tags = Field(
        default_factory=dict[str, str],
        description="Tags of every resource.",
        examples=[{"cost-center": "batch"}],
    )
    log_retention_days: LogRetentionDays = Field(
        default=365, description="How long logs are kept.", examples=[90]
    )
    production: bool = Field(
        default=False,
        description="Whether this stack is production: what is for development only is refused.",
        examples=[True],
    )
    tracing: bool = Field(
        default=False, description="Whether the state machines write X-Ray traces.", examples=[True]
    )
    dashboard: bool = Field(
        default=True,
        description="Whether the stack has a CloudWatch dashboard. The first three of an account "
        "are free, further ones cost 3 USD a month.",
        examples=[False],
    )
    container_insights: bool = Field(
        default=False,
        description="Whether the cluster has Container Insights; they cost about 3 USD a month "
        "for each container.",
        examples=[True],
    )
    now: SkipJsonSchema[datetime] = Field(
        description="When this was read. Not a key of the file.",
        examples=["2026-11-22T09:00:00Z"],
    )
    warnings: SkipJsonSchema[tuple[str, ...]] = Field(
        default=(),
        description="What is allowed but may surprise, one line each. Not a key of the file.",
        examples=[()],
    )

    @property
    def calendar_tables(self) -> dict[str, Any] | None:
        """The days and clocks that the dispatcher needs to know; None where nobody asks."""
        asking = (*self.jobs.values(), *self.flows.values(), *self.workers.values())
        return asked_tables(
            self.calendars, ((entry.calendar_rules, entry.timezone) for entry in asking)
        )

    def tells_progress(self, container: str) -> bool:
        """Tell whether a program in a container answers by a token: a job's, or a worker's."""
        jobs = any(job.progress and job.container == container for job in self.jobs.values())
        return jobs or any(worker.container == container for worker in self.workers.values())


SECTIONS = tuple(
    field
    for field in Settings.model_fields
    if field not in {"project", "stack", "region", "profile", "now", "warnings"}
)
"""The fields of Settings that a stack file writes, each as ``<project>:<camelCase>``."""

KEYS = tuple(map(to_camel, SECTIONS))
"""The same as they are written, without the project."""
