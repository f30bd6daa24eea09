"""Physical names and ARNs of one stack: the convention that everything else relies on.

IAM prefixes, the notifier's rule and the commands that people run after a deploy all spell these
names, so they are made here and nowhere else. A name that a user chose hangs behind a double
hyphen (``fargate-batch-prod--list-files``): neither stacks nor jobs may contain one, hence no name
of the stack ``prod`` is ever a prefix of a name of the stack ``prod-eu``.
"""

import re
from dataclasses import dataclass

USER_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""A job, container, bucket or secret: lower case letters, digits, single hyphens."""
STACK_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""A project or a stack."""

# Limits of AWS: StartExecution and CreateStateMachine 80, CreateSchedule 64, CreateRole 64,
# CreateBucket 63, CreateQueue 80, CreateTopic 256, CreateTable 255, PutRule, CreatePipe,
# CreateConnection and CreateApiDestination 64. The account behind a bucket's name has 12 digits.
MACHINE_LIMIT = 80
SCHEDULE_LIMIT = 64
ROLE_LIMIT = 64
BUCKET_LIMIT = 63
QUEUE_LIMIT = 80
TOPIC_LIMIT = 256
TABLE_LIMIT = 255
RULE_LIMIT = 64
SCHEDULED_TIME_LENGTH = len("-2026-11-22T033000Z")
EVENT_ID_LENGTH = len("-7bf73129-1428-4cd3-a780-95db273d1602")
MAX_EVENTS = 5
"""That one job may listen to: our own bound, so that its rules' numbers have one digit."""


def stack_prefix(project: str, stack: str) -> str:
    """Start of every physical name of a stack: ``fargate-batch-prod``."""
    return f"{project}-{stack}"


def longest_job_name(prefix: str, schedules: int = 1, *, watched: bool = False) -> int:
    """Characters a job's name may have: it is in a machine, its schedules and each run's name."""
    last = schedule_name("", schedules)
    return min(
        MACHINE_LIMIT - len(f"{prefix}--"),
        SCHEDULE_LIMIT - len(watch_name(last) if watched else last),
        MACHINE_LIMIT - SCHEDULED_TIME_LENGTH,
    )


def longest_event_job_name(prefix: str) -> int:
    """Characters the name of a job may have that listens to events.

    It is in the names of its rules, and before the event's id in that of each run.
    """
    return min(
        longest_job_name(prefix),
        RULE_LIMIT - len(f"{prefix}----{MAX_EVENTS}"),
        MACHINE_LIMIT - EVENT_ID_LENGTH,
    )


def schedule_name(job: str, number: int) -> str:
    """Name of one of a job's schedules, counted from 1: ``list-files``, ``list-files--2``."""
    return job if number <= 1 else f"{job}--{number}"


def watch_name(schedule: str) -> str:
    """Name of the second schedule, which lets the first one's runs be watched."""
    return f"{schedule}--watch"


def longest_container_name(prefix: str) -> int:
    """Characters a container's name may have: it is in the names of its two roles."""
    return ROLE_LIMIT - len(f"{prefix}---execution")


def longest_chosen_name(prefix: str, limit: int) -> int:
    """Characters a name may have behind the prefix, where AWS allows so many in all."""
    return limit - len(f"{prefix}--")


def longest_channel_name(prefix: str) -> int:
    """Characters a channel's name may have: it is in a rule, a connection and a destination."""
    return RULE_LIMIT - len(f"{prefix}--to--")


def longest_bucket_name(prefix: str) -> int:
    """Characters a bucket's name may have before the account is put behind it."""
    return BUCKET_LIMIT - len(f"{prefix}---123456789012")


@dataclass(frozen=True, kw_only=True)
class Names:
    """Every physical name and ARN of one stack in one region of one account."""

    project: str
    stack: str
    region: str
    account: str

    @property
    def prefix(self) -> str:
        """Start of every name: ``fargate-batch-prod``."""
        return stack_prefix(self.project, self.stack)

    def of(self, role: str) -> str:
        """Name of something the stack has one of: ``fargate-batch-prod-dispatcher``."""
        return f"{self.prefix}-{role}"

    def chosen(self, name: str) -> str:
        """Name of something a user named: ``fargate-batch-prod--list-files``."""
        return f"{self.prefix}--{name}"

    def event_source(self, job: str, number: int) -> str:
        """Name of what starts a job by an event, a rule or a pipe: the first is 1."""
        return self.chosen(schedule_name(job, number))

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource in this region and account."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    # -- state machines

    def machine_arn(self, name: str) -> str:
        """ARN of a state machine by its physical name; ``*`` may end it in a policy."""
        return self.arn("states", f"stateMachine:{name}")

    @property
    def job_machines_arn(self) -> str:
        """What the ARN of each job's machine starts with; nothing else's does."""
        return self.machine_arn(self.chosen(""))

    def activity_arn(self, worker: str) -> str:
        """ARN of a worker's activity, which is called as its machine is."""
        return self.arn("states", f"activity:{self.chosen(worker)}")

    def execution_arn(self, machine: str, run: str) -> str:
        """ARN of an execution by its machine's physical name and its own."""
        return self.arn("states", f"execution:{machine}:{run}")

    # -- IAM

    def role_arn(self, name: str) -> str:
        """ARN of a role by its physical name."""
        return f"arn:aws:iam::{self.account}:role/{name}"

    def github(self, role: str) -> str:
        """Name of what belongs to GitHub's workflows: ``github-fargate-batch-prod-deploy``.

        It begins otherwise than all that a deploy may change: no deploy widens its own rights.
        """
        return f"github-{self.prefix}-{role}"

    @property
    def github_provider_arn(self) -> str:
        """ARN of GitHub's OIDC provider, of which an account has one."""
        return f"arn:aws:iam::{self.account}:oidc-provider/token.actions.githubusercontent.com"

    def managed_policy_arn(self, name: str) -> str:
        """ARN of a policy of the account by its name."""
        return f"arn:aws:iam::{self.account}:policy/{name}"

    def task_role(self, container: str) -> str:
        """Name of the role that a container's program has."""
        return f"{self.chosen(container)}-task"

    def execution_role(self, container: str) -> str:
        """Name of the role with which Fargate pulls the image, reads secrets and writes logs."""
        return f"{self.chosen(container)}-execution"

    # -- ECS, logs, storage

    @property
    def cluster_arn(self) -> str:
        """ARN of the stack's ECS cluster."""
        return self.arn("ecs", f"cluster/{self.prefix}")

    def family_arn(self, container: str) -> str:
        """ARN of a container's task definition without a revision."""
        return self.arn("ecs", f"task-definition/{self.chosen(container)}")

    def log_group(self, name: str) -> str:
        """Log group of a container, or of something the stack has one of."""
        return f"/{self.project}/{self.stack}/{name}"

    @property
    def execution_log_group(self) -> str:
        """Log group of all state machines.

        Vended, because the resource policy of other groups is limited to 5,120 characters
        (Step Functions guide, "Logging using CloudWatch Logs").
        """
        return f"/aws/vendedlogs/states/{self.prefix}"

    @property
    def execution_log_destination(self) -> str:
        """Where every state machine logs to: any stream of that group."""
        return f"{self.log_group_arn(self.execution_log_group)}:*"

    def log_group_arn(self, log_group: str) -> str:
        """ARN of a log group by its name."""
        return self.arn("logs", f"log-group:{log_group}")

    def bucket(self, name: str) -> str:
        """Name of a bucket: unique in the world by the account's number."""
        return f"{self.chosen(name)}-{self.account}"

    def bucket_arn(self, name: str) -> str:
        """ARN of a bucket by the name its user chose."""
        return f"arn:aws:s3:::{self.bucket(name)}"

    def table_arn(self, name: str) -> str:
        """ARN of a table by the name its user chose."""
        return self.arn("dynamodb", f"table/{self.chosen(name)}")

    def parameter_arn(self, parameter: str) -> str:
        """ARN of a parameter of Systems Manager by its name; its ARN is returned as it is."""
        if parameter.startswith("arn:"):
            return parameter
        return self.arn("ssm", f"parameter/{parameter.removeprefix('/')}")

    def repository(self, image: str) -> str:
        """Name of the ECR repository of an image that the stack builds."""
        return f"{self.prefix}/{re.sub(r'[^a-z0-9]+', '-', image.lower()).strip('-')}"

    # -- Scheduler

    @property
    def schedule_group_arn(self) -> str:
        """ARN of the stack's schedule group, whose name is the prefix."""
        return self.arn("scheduler", f"schedule-group/{self.prefix}")

    @property
    def schedules_arn(self) -> str:
        """What the ARN of each of the stack's schedules starts with."""
        return self.arn("scheduler", f"schedule/{self.prefix}/")

    @property
    def adhoc_group(self) -> str:
        """Group of the schedules that people add beside Pulumi, and of the ends of pauses.

        With a double hyphen: the group of a stack ``prod-adhoc`` is another one.
        """
        return self.chosen("adhoc")

    @property
    def adhoc_group_arn(self) -> str:
        """ARN of that group."""
        return self.arn("scheduler", f"schedule-group/{self.adhoc_group}")

    @property
    def adhoc_schedules_arn(self) -> str:
        """What the ARN of each schedule in it starts with."""
        return self.arn("scheduler", f"schedule/{self.adhoc_group}/")

    # -- messages

    def topic_arn(self, role: str) -> str:
        """ARN of one of the two topics, ``success`` or ``failure``."""
        return self.arn("sns", self.of(role))

    def chosen_topic_arn(self, name: str) -> str:
        """ARN of a topic by the name its user chose."""
        return self.arn("sns", self.chosen(name))

    def queue_arn(self, name: str) -> str:
        """ARN of a queue by the name its user chose; ``*`` means all of them in a policy."""
        return self.arn("sqs", self.chosen(name))

    def queue_url(self, name: str) -> str:
        """Address of a queue by the name its user chose."""
        return f"https://sqs.{self.region}.amazonaws.com/{self.account}/{self.chosen(name)}"

    def channel(self, name: str) -> str:
        """Name of a channel's topic and of what brings messages to its webhook.

        With a second double hyphen, so that it is nobody's own name.
        """
        return self.chosen(f"to--{name}")

    def channel_topic_arn(self, name: str) -> str:
        """ARN of a named channel's topic; ``*`` means those of all channels."""
        return self.arn("sns", self.channel(name))

    @property
    def dead_letter_queue_arn(self) -> str:
        """ARN of the queue that keeps what could not be delivered."""
        return self.arn("sqs", self.of("dead-letters"))
