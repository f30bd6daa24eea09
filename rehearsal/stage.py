"""A deployed stack to act on and to look at: triggers go in, facts about their runs come out."""

import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from definitions.calendars import CalendarRules, skip_reason
from definitions.notices import NOTICE
from rehearsal.cloud import AsRole, Attempt, EmbeddedAws, Played, SlackMessage, WebhookCall
from rehearsal.engine import DeployFailed, Deployment, deploy, refresh
from rehearsal.provider import AwsProvider
from stacks.stack_file import StackFile

Facts = Mapping[str, Any]
"""What is expected of a run, or happened to it, in words that a person reads."""

SAMPLE_FILES = ("2026/11/orders.csv", "2026/11/refunds.csv", "README.txt")
"""What the rehearsal puts into every bucket, so that programs find something."""

ORDINARY: Facts = {"trigger": "started", "tasks left": 0, "unheard": 0}
"""What is expected unless something else is, and not worth a word when it is so."""
NOBODY = "nobody"
UNTOLD = "not told"
DEAD_LETTER = "dead letter"
SUCCEEDS = Played(exit_code=0)
"""A given success: takes 20 s of virtual time and no process."""

BETWEEN = timedelta(minutes=1)
"""Until a run that is triggered comes: so far apart are two of them."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One thing that happened: when, what should have come of it, what did."""

    at: datetime
    what: str
    expected: Facts
    happened: Facts
    name: str = ""
    """Of the fault; an ordinary day's outcomes have none."""
    left_out: str | None = None
    """Why it does not apply to this stack and was not played."""

    @property
    def passed(self) -> bool:
        """Whether everything that was expected is what happened."""
        return all(self.happened.get(fact) == value for fact, value in self.expected.items())


@dataclass(frozen=True, kw_only=True)
class Started:
    """What the dispatcher starts: a job, flow or worker, as machine and schedule describe it."""

    name: str
    machine_arn: str
    trigger: dict[str, Any]
    """What its schedule hands to the dispatcher."""
    schedules: tuple[dict[str, Any], ...]
    """As GetSchedule answers; none if it is only started by hand."""

    @property
    def schedule(self) -> dict[str, Any] | None:
        """The first of its schedules."""
        return next(iter(self.schedules), None)

    @property
    def calendar_rules(self) -> CalendarRules:
        """On which days of its schedule it runs."""
        asked = self.trigger.get("calendar", {})
        return CalendarRules(
            skip_on=tuple(asked.get("skipOn", ())),
            only_on=tuple(asked.get("onlyOn", ())),
            business_days=asked.get("businessDays", False),
        )

    @property
    def notify(self) -> dict[str, Any]:
        """Which ends of its runs are told (``on``), and where, as its schedule says."""
        said: Any = self.trigger.get("input", {}).get("notify", "failure")
        return {"on": said} if isinstance(said, str) else said

    @property
    def tells_of_success(self) -> bool:
        """Whether people hear of an ordinary run that succeeds."""
        return self.notify["on"] in ("all", "success")


@dataclass(frozen=True, kw_only=True)
class Job(Started):
    """A job of the deployed stack."""

    family: str
    """Of the task definition that it runs."""
    waits: dict[str, list[int]]
    """Its retry budgets, by class of failure."""
    exit_codes: list[int]
    """The only ones that it tries again; none listed: every one."""
    timeout_seconds: int
    definition: dict[str, Any]
    """Of its machine."""

    @property
    def array(self) -> dict[str, Any] | None:
        """The Map state of a job whose runs are several tasks."""
        return self.definition["States"].get("Elements")

    @property
    def attempts(self) -> dict[str, Any]:
        """The states that one task is tried in."""
        return (self.array["ItemProcessor"] if self.array else self.definition)["States"]

    @property
    def prefers_spot(self) -> bool:
        """Whether its first attempts run on Spot."""
        return "LaunchType" not in self.attempts["Run"]["Arguments"]

    @property
    def leaves_spot(self) -> bool:
        """Whether it goes on on demand when AWS takes a task back."""
        return "Run on demand" in self.attempts

    @property
    def heartbeat_seconds(self) -> int | None:
        """How long its program may be silent."""
        return self.attempts["Run"].get("HeartbeatSeconds")

    @property
    def ends_with_its_task(self) -> bool:
        """Whether a run is one task at a time, and its end the task's."""
        return not (self.array or self.heartbeat_seconds)

    @property
    def going_on(self) -> Played:
        """How an attempt goes that lasts while other things happen: ten minutes, if it may."""
        return Played(exit_code=0, seconds=min(600, 0.8 * self.timeout_seconds))

    @property
    def is_plain(self) -> bool:
        """Whether a run is one task at a time, on demand, waited for by its end: as most are."""
        return self.ends_with_its_task and not self.prefers_spot


@dataclass(frozen=True, kw_only=True)
class Flow(Started):
    """A flow of the deployed stack."""

    definition: dict[str, Any]
    """Of its machine."""
    jobs: tuple[str, ...]
    """The jobs that it runs."""


@dataclass(frozen=True, kw_only=True)
class Worker(Started):
    """A worker of the deployed stack."""

    definition: dict[str, Any]
    """Of its machine."""
    activity_arn: str
    """Of the activity whose tasks it fetches."""
    timeout_seconds: int
    heartbeat_seconds: int


class Up:
    """Deploys a stack once more; each time goes on from the last.

    Where GitHub's workflows have a role to deploy with, it is they who do.
    """

    def __init__(
        self, project_dir: Path, stack_file: StackFile, aws: EmbeddedAws, before: Deployment
    ) -> None:
        self.project_dir, self.stack_file, self.aws = project_dir, stack_file, aws
        self.last = before
        """What was deployed last."""
        self._deployer: str | None = before.outputs.get("githubRoleArns", {}).get("deploy")

    @property
    def config(self) -> Mapping[str, str]:
        """What the stack file says, unchanged."""
        return self.stack_file.config

    def __call__(
        self, change: Callable[[dict[str, str]], None], *, refreshed: bool = False
    ) -> Deployment:
        """Let ``change`` change the configuration and deploy, ``refreshed`` from what is there.

        Raises:
            DeployFailed: a line for each failure; the next time goes on from what is there then.
        """
        config = dict(self.stack_file.config)
        change(config)
        changed = replace(self.stack_file, config=config)
        provider = AwsProvider(AsRole(self.aws, self._deployer) if self._deployer else self.aws)
        if refreshed:
            self.last = refresh(self.last, changed, provider)
        try:
            self.last = deploy(
                self.project_dir, changed, provider, before=self.last, now=self.aws.clock.now()
            )
        except DeployFailed as failed:
            self.last = failed.deployment
            raise
        return self.last


def as_it_was(_: dict[str, str]) -> None:
    """Change nothing in the stack file."""


def deployed_again(
    project_dir: Path, stack_file: StackFile, aws: EmbeddedAws, before: Deployment
) -> Up:
    """Make an ``up`` of a stack that was deployed from this file."""
    return Up(project_dir, stack_file, aws, before)


class Stage:
    """A deployed stack with what it takes to trigger runs and to see what came of them."""

    def __init__(self, aws: EmbeddedAws, exports: Mapping[str, Any], up: Up) -> None:
        self.aws = aws
        self.exports = exports
        self.up = up
        """Deploys the stack once more."""
        self.states: Any = aws.client("stepfunctions")
        self._attempts: dict[str, tuple[list[Played], Played]] = {}
        self.unplanned = Played()
        """How tasks go that nobody triggered by :meth:`trigger`: those of schedules and events."""
        self._environments: dict[str, Mapping[str, str]] = {}
        self._dispatched: dict[str, tuple[str, str]] = {}
        self.last_trigger: Facts = {}
        """What the dispatcher got, or should have got, at the last call of :meth:`trigger`."""
        self._seen = 0, 0
        """Denials and refused connections of outcomes that are over."""
        aws.fargate.play = self._play
        jobs = [self._job(name, arn) for name, arn in sorted(exports["jobMachineArns"].items())]
        self.jobs = [job for job in jobs if self.container(job)["image"] in aws.images]
        self.left_out = [
            f"job {job.name} is not rehearsed: its image {self.container(job)['image']} is not "
            "built here"
            for job in jobs
            if job not in self.jobs
        ]
        """A line for each job whose program is not on this machine."""
        here = {job.name for job in self.jobs}
        flows = [self._flow(name, arn) for name, arn in sorted(exports["flowMachineArns"].items())]
        self.flows = [flow for flow in flows if here.issuperset(flow.jobs)]
        workers = exports["workerMachineArns"]
        self.workers = [self._worker(name, arn) for name, arn in sorted(workers.items())]

    def section(self, name: str) -> dict[str, Any]:
        """Return a section of the stack file as it is written; empty if it has none."""
        keys = (key for key in self.up.config if key.endswith(f":{name}"))
        found: dict[str, Any] = json.loads(self.up.config.get(next(keys, ""), "{}"))
        return found

    @property
    def job(self) -> Job:
        """The job that faults are played on: a plain and scheduled one, if there is any."""
        return min(self.jobs, key=lambda job: (not job.is_plain, job.schedule is None))

    @property
    def scheduled(self) -> list[Started]:
        """What runs on a schedule."""
        return [one for one in self.all if one.schedules]

    @property
    def all(self) -> list[Started]:
        """Jobs, flows and workers."""
        return [*self.jobs, *self.flows, *self.workers]

    @cached_property
    def dispatcher_arn(self) -> str:
        """ARN of the dispatcher."""
        return self.exports["dispatcherArn"]

    @cached_property
    def skipped_arn(self) -> str:
        """ARN of the machine whose executions are the skipped runs: not exported either."""
        return re.sub(r"-dispatcher$", "-skipped", self.dispatcher_arn)

    @cached_property
    def notifier_arn(self) -> str:
        """ARN of the notifier: the stack does not export it."""
        return re.sub(r"-dispatcher$", "-notifier", self.dispatcher_arn)

    @cached_property
    def watcher_arn(self) -> str | None:
        """ARN of the watcher; ``None`` in a stack that has none."""
        arn = re.sub(r"-dispatcher$", "-watcher", self.dispatcher_arn)
        try:
            self.states.describe_state_machine(stateMachineArn=arn)
        except self.states.exceptions.StateMachineDoesNotExist:
            return None
        return arn

    @cached_property
    def ended_rule(self) -> str:
        """Name of the rule on the end of runs."""
        events: Any = self.aws.client("events")
        (name,) = events.list_rule_names_by_target(TargetArn=self.notifier_arn)["RuleNames"]
        return name

    @cached_property
    def topics(self) -> dict[str, str]:
        """Who hears of a topic, by its ARN: ``success``, ``failure`` or a channel's name."""
        own = {self.exports[f"{outcome}TopicArn"]: outcome for outcome in ("success", "failure")}
        pages: Any = self.aws.client("sns").get_paginator("list_topics")
        arns: list[str] = [
            topic["TopicArn"] for page in pages.paginate() for topic in page["Topics"]
        ]
        before = self.exports["failureTopicArn"].removesuffix("-failure") + "--to--"
        return own | {arn: arn.removeprefix(before) for arn in arns if arn.startswith(before)}

    @property
    def channels(self) -> list[str]:
        """Names of the channels that have a topic."""
        return [who for who in self.topics.values() if who not in ("success", "failure")]

    @cached_property
    def webhooks(self) -> dict[str, str]:
        """Channel of each webhook, by the name of its API destination."""
        events: Any = self.aws.client("events")
        before = f"{self.exports['scheduleGroup']}--to--"
        found: list[str] = [
            each["Name"] for each in events.list_api_destinations()["ApiDestinations"]
        ]
        return {name: name.removeprefix(before) for name in found if name.startswith(before)}

    def expected_to_hear(self, job: Started, outcome: str = "success") -> str:
        """Say who should hear of a run's end that its job tells of: its channels, or a topic."""
        channels = [
            who
            for who in (*self.topics.values(), *self.webhooks.values())
            if who in job.notify.get("channels", ())
        ]
        return " + ".join(sorted(channels)) or outcome

    def prepare(self) -> None:
        """Make what the stack file says is there already, fill the buckets, listen to the topics.

        Topics are listened to of which the stack itself tells nobody.
        """
        self._put_parameters()
        s3: Any = self.aws.client("s3")
        for bucket in self.exports["bucketNames"].values():
            for key in SAMPLE_FILES:
                s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        chatbot = self.aws.chatbot
        configured = chatbot.describe_slack_channel_configurations()["SlackChannelConfigurations"]
        heard = {topic for channel in configured for topic in channel["SnsTopicArns"]}
        for topic, who in self.topics.items():
            if topic in heard:
                continue
            chatbot.create_slack_channel_configuration(
                ConfigurationName=f"rehearsal-{who}",
                SlackTeamId="T0REHEARSAL",
                SlackChannelId=f"C0{who.upper().replace('-', '')}",
                IamRoleArn=f"arn:aws:iam::{self.aws.account}:role/rehearsal",
                SnsTopicArns=[topic],
            )

    def _put_parameters(self) -> None:
        """Make the parameters that containers read, encrypted by the stack's key."""
        ssm: Any = self.aws.client("ssm")
        secrets = [
            source
            for container in self.section("containers").values()
            for source in container.get("secrets", {}).values()
        ]
        for source in secrets:
            name = re.sub(r"^(ssm:|arn:aws:ssm:.*:parameter(?=/))", "", source)
            if name != source:
                key = f"alias/{self.exports['scheduleGroup']}"
                ssm.put_parameter(
                    Name=name, Value=name, Type="SecureString", KeyId=key, Overwrite=True
                )

    # -- acting

    def trigger(
        self,
        job: Started,
        *,
        attempts: Iterable[Played] = (),
        then: Played = SUCCEEDS,
        overlap: str = "allow",
        given: Facts | None = None,
        times: int = 1,
        steps: Mapping[str, Played] | None = None,
    ) -> str:
        """Trigger a run in a minute, by a schedule of its own, and return the run's name.

        It tells of its end, success or not. Its attempts go as ``attempts`` say, further ones as
        ``then`` says. ``given`` is the run's own input; ``times`` is how often the trigger is
        delivered. A job without a schedule is started as a person starts it. ``steps`` is how all
        attempts of a flow's steps go, by what the names of their runs have behind the flow's.
        Calendars are not asked: what day it is does not matter here.
        """
        at = (self.aws.clock.now() + BETWEEN).replace(microsecond=0)
        run = run_name(job, at)
        self.goes(run, then, attempts)
        for step, played in (steps or {}).items():
            self.goes(f"{run}-{step}", played)
        self.last_trigger = trigger = {
            **{key: value for key, value in job.trigger.items() if key != "calendar"},
            "overlap": overlap,
            "scheduledTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "input": {**job.trigger.get("input", {}), "notify": "all", **(given or {})},
        }
        if job.schedule is None:
            self.pass_time(at - self.aws.clock.now())
            for _ in range(times):
                self.dispatch(trigger)
        else:
            self._schedule_once(job.schedule, at, trigger, twice=times > 1)
        return run

    def trigger_for(self, job: Started, at: datetime, *, times: int = 1) -> str:
        """Hand the dispatcher what a job's schedule does at some time, and return the run's name.

        The time may be any: calendars are asked for its day. Its attempt succeeds.
        """
        run = run_name(job, at)
        self.goes(run, SUCCEEDS)
        for _ in range(times):
            scheduled = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
            self.dispatch({**job.trigger, "scheduledTime": scheduled})
        return run

    def _schedule_once(
        self, like: dict[str, Any], at: datetime, trigger: dict[str, Any], *, twice: bool
    ) -> None:
        scheduler: Any = self.aws.client("scheduler")
        name, group = f"once-{at:%Y%m%dT%H%M%S}", like["GroupName"]
        scheduler.create_schedule(
            Name=name,
            GroupName=group,
            ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
            ScheduleExpressionTimezone="UTC",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={**like["Target"], "Input": json.dumps(trigger)},
        )
        if twice:
            self.aws.schedules.deliver_twice(group, name)
        self.pass_time(at - self.aws.clock.now())
        scheduler.delete_schedule(Name=name, GroupName=group)

    def goes(self, run: str, then: Played, attempts: Iterable[Played] = ()) -> None:
        """Say how the attempts of a run go: the first ones as listed, further ones as ``then``."""
        self._attempts[run] = (list(attempts), then)

    def dispatch(self, trigger: Facts) -> None:
        """Start the dispatcher as a person does, and let it go on until it waits."""
        self.states.start_execution(stateMachineArn=self.dispatcher_arn, input=json.dumps(trigger))
        self.aws.clock.settle()

    def pass_time(self, time: timedelta) -> None:
        """Let time pass, and everything happen that is due."""
        self.aws.clock.run_until(self.aws.clock.now() + time)

    def finish(self) -> None:
        """Let time pass until no execution goes on: dispatcher, jobs, flows, workers, notifier."""
        machines = [self.dispatcher_arn, *(one.machine_arn for one in self.all)]
        machines.append(self.notifier_arn)
        self.aws.clock.settle()
        while running := [
            run["executionArn"] for arn in machines for run in self.executions(arn, "RUNNING")
        ]:
            for execution in running:
                self.aws.wait_for(execution)
            self.aws.clock.settle()

    @contextmanager
    def schedules_paused(self) -> Generator[None]:
        """Disable the stack's own schedules meanwhile: no other run meets what goes wrong.

        Neither does an event start one, nor a message.
        """
        rules = [rule["Name"] for rule in self.event_rules() if rule["State"] == "ENABLED"]
        pipes = [pipe["Name"] for pipe in self.event_pipes() if pipe["DesiredState"] == "RUNNING"]
        for one in self.scheduled:
            self.set_schedules(one, State="DISABLED")
        for rule in rules:
            self.aws.client("events").disable_rule(Name=rule)
        for pipe in pipes:
            self.aws.client("pipes").stop_pipe(Name=pipe)
        try:
            yield
        finally:
            for one in self.scheduled:
                self.set_schedules(one)
            for rule in rules:
                self.aws.client("events").enable_rule(Name=rule)
            for pipe in pipes:
                self.aws.client("pipes").start_pipe(Name=pipe)

    def event_rules(self) -> list[dict[str, Any]]:
        """Return the rules that start jobs, as EventBridge describes them."""
        events: Any = self.aws.client("events")
        pages = events.get_paginator("list_rule_names_by_target").paginate(
            TargetArn=self.dispatcher_arn
        )
        return [events.describe_rule(Name=name) for page in pages for name in page["RuleNames"]]

    def event_pipes(self) -> list[dict[str, Any]]:
        """Return the pipes that start jobs, as EventBridge describes them."""
        pipes: Any = self.aws.client("pipes")
        found = pipes.list_pipes(TargetPrefix=self.dispatcher_arn)["Pipes"]
        return [pipes.describe_pipe(Name=pipe["Name"]) for pipe in found]

    def started_by(self, source: str) -> Job | None:
        """Return the job that a rule or pipe of this name starts; none if it is not rehearsed."""
        name = source.removeprefix(f"{self.exports['scheduleGroup']}--").partition("--")[0]
        return next((job for job in self.jobs if job.name == name), None)

    def set_schedules(self, job: Started, **changes: Any) -> None:
        """Put a job's or flow's schedules back as they were deployed, but for some changes.

        A date on which they began is left out once it has come, as AWS demands it. One that was
        over has been taken away by a deploy meanwhile.
        """
        now, scheduler = self.aws.clock.now(), self.aws.client("scheduler")
        for deployed in job.schedules:
            schedule = {
                key: value
                for key, value in deployed.items()
                if key not in ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata")
                and not (key == "StartDate" and value <= now)
            }
            with suppress(scheduler.exceptions.ResourceNotFoundException):
                scheduler.update_schedule(**schedule | changes)

    # -- looking

    def fate(self, run: str) -> str:
        """Say what each delivery of a run's trigger came to, or that nothing came of it."""
        results = [result for of, result in self._dispatches() if of == run]
        letters = [
            DEAD_LETTER
            for message, letter in self._letters().items()
            if _trigger_of(letter) == run
            or run.endswith((f"-{message}", f"-{letter.get('id')}"))  # a message, an event
        ]
        return " + ".join(sorted(results, reverse=True) + letters) or "lost"

    def off_because(self, job: Started, at: datetime) -> str:
        """Say why a job's calendars leave out a time of its schedule; empty if they do not.

        By another calculator than the dispatcher's, from the days that are deployed.
        """
        if "calendar" not in job.trigger:
            return ""
        zone = ZoneInfo(job.trigger["calendar"]["zone"])
        return skip_reason(at.astimezone(zone).date(), job.calendar_rules, self._calendars)

    @cached_property
    def _calendars(self) -> dict[str, dict[str, str]]:
        """The days of the calendars that jobs ask, by their names."""
        found = self.states.describe_state_machine(stateMachineArn=self.dispatcher_arn)
        choices = json.loads(found["definition"])["States"]["Overlap?"]["Choices"]
        (asks,) = [one for one in choices if "calendars" in one.get("Assign", {})]
        return asks["Assign"]["calendars"]["dates"]

    def skipped_because(self, run: str) -> str | None:
        """Return the reason with which a run is listed as skipped; ``None`` if it is not."""
        try:
            found = self.states.describe_execution(
                executionArn=execution_arn(self.skipped_arn, run)
            )
        except self.states.exceptions.ExecutionDoesNotExist:
            return None
        return json.loads(found["input"])["reason"]

    def _dispatches(self) -> Iterable[tuple[str, str]]:
        """Return the run that each ended execution of the dispatcher was for, and its result."""
        for listed in self.executions(self.dispatcher_arn):
            arn = listed["executionArn"]
            if arn in self._dispatched or listed["status"] == "RUNNING":
                continue
            found = self.states.describe_execution(executionArn=arn)
            if found["status"] == "SUCCEEDED":
                output = json.loads(found["output"])
                self._dispatched[arn] = output.get("run", ""), output["result"]
            else:
                trigger = json.loads(found["input"])
                self._dispatched[arn] = _run_name(trigger), f"dispatcher {listed['status'].lower()}"
        return self._dispatched.values()

    def letters(self) -> list[dict[str, Any]]:
        """Look into the dead-letter queue, which stays as it is: the bodies of its messages."""
        return list(self._letters().values())

    def _letters(self) -> dict[str, dict[str, Any]]:
        """Return the same by the ids of the messages."""
        sqs: Any = self.aws.client("sqs")
        seen: dict[str, dict[str, Any]] = {}
        while True:
            answer = sqs.receive_message(
                QueueUrl=self.exports["deadLetterQueueUrl"],
                MaxNumberOfMessages=10,
                VisibilityTimeout=0,
            )
            new = {
                message["MessageId"]: _message(message["Body"])
                for message in answer.get("Messages", [])
                if message["MessageId"] not in seen
            }
            if not new:
                return seen
            seen |= new

    def empty_dead_letters(self) -> None:
        """Do what somebody does who has read the dead letters."""
        self.aws.client("sqs").purge_queue(QueueUrl=self.exports["deadLetterQueueUrl"])

    def facts(self, run: str, of: Started | None = None) -> dict[str, Any]:
        """Say what came of a trigger, of the job that faults are played on unless of another.

        All must have ended.
        """
        machine_arn = (of or self.job).machine_arn
        return {"trigger": self.fate(run), **self.end(execution_arn(machine_arn, run))}

    def end(self, execution: str) -> dict[str, Any]:
        """Say how an execution that has ended did so, and who was told."""
        run = execution.rpartition(":")[2]
        try:
            found = self.states.describe_execution(executionArn=execution)
        except self.states.exceptions.ExecutionDoesNotExist:
            return {"run": "none", "message to": self.told(run)}
        said = own_words(found)
        stopped = "replaced" if found.get("error") == "JobReplaced" else "stopped"
        kind = stopped if found["status"] == "ABORTED" else found["status"].lower()
        return {
            "run": said.get("class", kind),
            "exit code": said.get("exitCode"),
            "attempts": said.get("attempts"),
            "error": found.get("error"),
            "message to": self.told(run),
            "because": said.get("reason") or found.get("cause"),
        }

    def why(self, run: dict[str, Any]) -> str:
        """Say why a run failed: the last line of its program's log, or the run's own reason."""
        cause = own_words(run)
        lines = self.log_lines(cause)
        return lines[-1] if lines else cause.get("reason") or run.get("cause") or run["status"]

    def log_lines(self, said: Facts) -> list[str]:
        """Return what the program wrote, by what its run said of its log."""
        if "logStream" not in said:
            return []
        found: Any = self.aws.client("logs").get_log_events(
            logGroupName=said["logGroup"], logStreamName=said["logStream"]
        )
        return [event["message"] for event in found["events"]]

    def messages(self, run: str) -> list[SlackMessage]:
        """Return what Chatbot got about a run, dropped or not."""
        return [message for message in self.aws.slack if _told_of(message.notification) == run]

    def calls(self, run: str) -> list[WebhookCall]:
        """Return the calls of webhooks about a run, taken or not."""
        name = re.compile(rf"{re.escape(run)}(?![\w-])")  # a flow's is where its steps' begin
        return [call for call in self.aws.webhooks.calls if name.search(json.dumps(call.message))]

    def watched(self, run: str, kind: str) -> str:
        """Say what people heard of a run that is ``missing`` or ``late``; each message counts."""
        reasons = [
            _reason_in(message.notification)
            for message in self.messages(run)
            if message.dropped is None and _watched_as(message.notification) == kind
        ]
        return " + ".join(reasons) or UNTOLD

    def told(self, run: str) -> str:
        """Say who heard of a run's end; each message counts, so that two are seen."""
        messages = [
            self.topics[message.topic_arn] if message.dropped is None else "dropped by Chatbot"
            for message in self.messages(run)
            if _watched_as(message.notification) is None
        ]
        messages += [self.webhooks[call.destination] for call in self.calls(run) if call.taken]
        letters = [DEAD_LETTER for letter in self.letters() if _notice_of(letter) == run]
        return " + ".join(sorted(messages) + letters) or NOBODY

    def executions(self, machine_arn: str, status: str | None = None) -> Iterator[dict[str, Any]]:
        """List a machine's executions, newest first."""
        pages: Any = self.states.get_paginator("list_executions")
        only = {"statusFilter": status} if status else {}
        for page in pages.paginate(stateMachineArn=machine_arn, **only):
            yield from page["executions"]

    def alarms(self, since: datetime) -> str:
        """Say which alarms people heard of, by their names without the stack's."""
        prefix = f"{self.exports['scheduleGroup']}-"
        heard = {
            message.notification["AlarmName"].removeprefix(prefix)
            for message in self.aws.slack
            if message.time >= since
            and message.dropped is None
            and message.notification.get("NewStateValue") == "ALARM"
        }
        return " + ".join(sorted(heard)) or "none"

    def role_of(self, machine_arn: str) -> str:
        """Return the ARN of a state machine's role."""
        return self.states.describe_state_machine(stateMachineArn=machine_arn)["roleArn"]

    def explained(self, outcome: Outcome) -> Outcome:
        """Say of an outcome that is not as it should be what was refused since the last one.

        That is who may not do what, and which statement is missing; or what is out of reach.
        """
        denials, refusals = self.aws.iam.denials, self.aws.network.refusals
        seen_denials, seen_refusals = self._seen
        self._seen = len(denials), len(refusals)
        refused = [str(denial) for denial in denials[seen_denials:]]
        refused += [f"{one.service} is out of reach: {one.why}" for one in refusals[seen_refusals:]]
        if outcome.passed or not refused:
            return outcome
        because = outcome.happened.get("because")
        said = "; ".join([refused[0], *([because] if because else [])])
        return replace(outcome, happened={**outcome.happened, "because": said})

    def environment(self, run: str) -> Mapping[str, str]:
        """Return the environment variables that a run's program had; none if it did not start."""
        return self._environments.get(run, {})

    def running_tasks(self) -> set[str]:
        """Return the ARNs of the tasks that go on in the stack's cluster."""
        pages: Any = self.aws.client("ecs").get_paginator("list_tasks")
        found = pages.paginate(cluster=self.exports["clusterArn"], desiredStatus="RUNNING")
        return {arn for page in found for arn in page["taskArns"]}

    def task_definition(self, job: Job) -> dict[str, Any]:
        """Return the newest task definition of a job's container."""
        ecs: Any = self.aws.client("ecs")
        return ecs.describe_task_definition(taskDefinition=job.family)["taskDefinition"]

    def container(self, job: Job) -> dict[str, Any]:
        """Return the one container of a job's task definition."""
        return self.task_definition(job)["containerDefinitions"][0]

    def placement(self, job: Job) -> dict[str, Any]:
        """Return where a job's tasks run: ``Subnets``, ``SecurityGroups``, ``AssignPublicIp``."""
        task = job.attempts["Run"]["Arguments"]
        return task["NetworkConfiguration"]["AwsvpcConfiguration"]

    def _play(self, attempt: Attempt) -> Played:
        self._environments[attempt.run] = attempt.environment
        attempts, then = self._attempts.get(attempt.run, ([], self.unplanned))
        return attempts.pop(0) if attempts else then

    def _definition(self, machine_arn: str) -> dict[str, Any]:
        machine = self.states.describe_state_machine(stateMachineArn=machine_arn)
        return json.loads(machine["definition"])

    def _flow(self, name: str, machine_arn: str) -> Flow:
        definition, schedules = self._definition(machine_arn), tuple(self._schedules(name))
        return Flow(
            name=name,
            machine_arn=machine_arn,
            trigger=_trigger(schedules, {"job": name, "flow": True}),
            schedules=schedules,
            definition=definition,
            jobs=tuple(sorted(_steps(definition))),
        )

    def _worker(self, name: str, machine_arn: str) -> Worker:
        schedules = tuple(self._schedules(name))
        definition = self._definition(machine_arn)
        _, work = definition["States"]["Both"]["Branches"]
        task = work["States"]["Work"]
        return Worker(
            name=name,
            machine_arn=machine_arn,
            trigger=_trigger(schedules, {"job": name}),
            schedules=schedules,
            definition=definition,
            activity_arn=task["Resource"],
            timeout_seconds=task["TimeoutSeconds"],
            heartbeat_seconds=task["HeartbeatSeconds"],
        )

    def _job(self, name: str, machine_arn: str) -> Job:
        definition = self._definition(machine_arn)
        array = definition["States"].get("Elements", {"ItemProcessor": definition})
        prepare = array["ItemProcessor"]["States"]["Prepare"]["Assign"]
        schedules = tuple(self._schedules(name))
        (family,) = re.findall(r"task-definition/([\w-]+)", prepare["run"])
        return Job(
            name=name,
            machine_arn=machine_arn,
            family=family,
            trigger=_trigger(schedules, {"job": name}),
            waits=prepare["waits"],
            exit_codes=prepare["exitCodes"],
            timeout_seconds=prepare["timeoutSeconds"],
            schedules=schedules,
            definition=definition,
        )

    def _schedules(self, job: str) -> Iterator[dict[str, Any]]:
        """Look at the schedules that start a job; there may be others that begin with its name."""
        scheduler: Any = self.aws.client("scheduler")
        group = self.exports["scheduleGroup"]
        pages: Any = scheduler.get_paginator("list_schedules")
        listed = [
            found["Name"]
            for page in pages.paginate(GroupName=group, NamePrefix=job)
            for found in page["Schedules"]
            if re.fullmatch(rf"{job}(--\d+)?", found["Name"])
        ]
        for name in sorted(listed, key=lambda name: int(name.partition("--")[2] or 1)):
            yield scheduler.get_schedule(GroupName=group, Name=name)


def run_name(job: Started, at: datetime) -> str:
    """Name the run that is for a time; two schedules of a job that fire at once mean the same."""
    return f"{job.name}-{at.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"


def execution_arn(machine_arn: str, run: str) -> str:
    """Return the ARN of a machine's execution by its name."""
    return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{run}"


def own_words(run: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a job's machine says of its end; nothing if Step Functions ended it.

    A flow says what the step said that it failed with.
    """
    said = _object(run.get("output" if run["status"] == "SUCCEEDED" else "cause"))
    return _object(said.get("Cause")) if "StateMachineArn" in said else said


def _object(text: str | None) -> dict[str, Any]:
    return json.loads(text) if text and text.startswith("{") else {}


def _trigger(schedules: Sequence[Facts], by_hand: dict[str, Any]) -> dict[str, Any]:
    return json.loads(schedules[0]["Target"]["Input"]) if schedules else by_hand


def _steps(machine: Mapping[str, Any]) -> Iterator[str]:
    """Name the jobs that a flow's machine runs, its branches included."""
    for name, state in machine["States"].items():
        if state["Type"] == "Task":
            yield name
        for branch in state.get("Branches", ()):
            yield from _steps(branch)


def _run_name(trigger: Mapping[str, Any]) -> str:
    return f"{trigger['job']}-{trigger.get('scheduledTime', '').replace(':', '')}"


def _message(text: str) -> dict[str, Any]:
    """Read a message: those of a stack's own queues may hold anything."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        return {}
    return {**value} if isinstance(value, dict) else {}


def _trigger_of(letter: dict[str, Any]) -> str | None:
    """Name the run of a trigger that is a dead letter."""
    return _run_name(letter) if "job" in letter else None


def _notice_of(letter: dict[str, Any]) -> str | None:
    """Name the run whose end is a dead letter: the event, or the notice that the notifier made."""
    if letter.get("detail-type") == NOTICE:
        return letter["detail"]["run"]
    if "detail" in letter:
        detail = letter["detail"]
        return None if detail.get("status") == "RUNNING" else detail.get("name")
    return _told_of(letter["notice"]["chat"]) if "notice" in letter else None


def _told_of(notification: Mapping[str, Any]) -> str | None:
    return notification.get("metadata", {}).get("additionalContext", {}).get("run")


def _watched_as(notification: Mapping[str, Any]) -> str | None:
    """Tell news that a run is ``missing`` or ``late`` from news of its end."""
    kind = notification.get("metadata", {}).get("eventType", "").removeprefix("run ")
    return kind if kind in ("missing", "late") else None


def _reason_in(notification: Mapping[str, Any]) -> str:
    """Return the reason that a message gives, or its title where it gives none."""
    said = re.search(r"^Reason: (.*)$", notification["content"]["description"], re.MULTILINE)
    return said[1] if said else notification["metadata"]["summary"]
