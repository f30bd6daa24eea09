"""Some hours in the life of a deployed stack, and what must come of each thing that happens.

First the schedules fire as they do on an ordinary day. Then things go wrong, one by one. Each is
an :class:`Outcome`: what should happen, what did.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from definitions import schedules
from definitions.job_machine import JOB_OUT_OF_MEMORY
from rehearsal.cloud import Attempt, EmbeddedAws, Played, SlackMessage

Facts = Mapping[str, Any]
"""What is expected of a run, or happened to it, in words that a person reads."""

SAMPLE_FILES = ("2026/11/orders.csv", "2026/11/refunds.csv", "README.txt")
"""What the rehearsal puts into every bucket, so that programs find something."""

CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different zone"
NO_IMAGE = "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found"
NO_MEMORY = "OutOfMemoryError: Container killed due to memory usage"

QUICKLY = {"command": ["python", "-c", "pass"]}
"""Input of runs of which only matters that they run: the job's own program takes half a second."""

_CHANNELS = {"success": "C0SUCCESS", "failure": "C0FAILURE"}
"""Slack channels by which the rehearsal listens to a stack that tells nobody."""
_BETWEEN = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One thing that happened: when, what should have come of it, what did."""

    at: datetime
    what: str
    expected: Facts
    happened: Facts

    @property
    def passed(self) -> bool:
        """Whether everything that was expected is what happened."""
        return all(self.happened.get(fact) == value for fact, value in self.expected.items())


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job of the deployed stack, as its machine and its schedule describe it."""

    name: str
    machine_arn: str
    family: str
    """Of the task definition that it runs."""
    trigger: dict[str, Any]
    """What its schedule hands to the dispatcher."""
    waits: dict[str, list[int]]
    """Its retry budgets, by class of failure."""
    timeout_seconds: int
    schedule: dict[str, Any] | None
    """As GetSchedule answers; ``None`` if it is only started by hand."""


class Day:
    """Lets a deployed stack live and looks at what comes of it."""

    def __init__(self, aws: EmbeddedAws, exports: Mapping[str, Any]) -> None:
        self._aws = aws
        self._exports = exports
        self._states: Any = aws.client("stepfunctions")
        self._faults: dict[str, list[Played]] = {}
        aws.fargate.play = self._play
        jobs = [self._job(name, arn) for name, arn in sorted(exports["jobMachineArns"].items())]
        self.jobs = [job for job in jobs if self._image(job) in aws.images]
        self.left_out = [
            f"job {job.name} is not rehearsed: its image {self._image(job)} is not built here"
            for job in jobs
            if job not in self.jobs
        ]
        """A line for each job whose program is not on this machine."""

    def prepare(self) -> None:
        """Fill the buckets, and listen to the topics if the stack itself tells nobody."""
        s3: Any = self._aws.client("s3")
        for bucket in self._exports["bucketNames"].values():
            for key in SAMPLE_FILES:
                s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        chatbot = self._aws.chatbot
        if chatbot.describe_slack_channel_configurations()["SlackChannelConfigurations"]:
            return
        for outcome, channel in _CHANNELS.items():
            chatbot.create_slack_channel_configuration(
                ConfigurationName=f"rehearsal-{outcome}",
                SlackTeamId="T0REHEARSAL",
                SlackChannelId=channel,
                IamRoleArn=f"arn:aws:iam::{self._aws.account}:role/rehearsal",
                SnsTopicArns=[self._exports[f"{outcome}TopicArn"]],
            )

    # -- an ordinary day

    def live(self, hours: int) -> Iterator[Outcome]:
        """Let the schedules fire for some hours; the first trigger of the first job comes twice."""
        begin = self._aws.clock.now()
        end = begin + timedelta(hours=hours)
        scheduled = [job for job in self.jobs if job.schedule is not None]
        expected = {job.name: list(_fires(job, begin, end)) for job in scheduled}
        twice = next((job for job in scheduled if expected[job.name]), None)
        if twice is not None:
            self._aws.schedules.deliver_twice(self._exports["scheduleGroup"], twice.name)
        self._aws.clock.run_until(end)
        for job in scheduled:
            yield self._ordinary(job, begin, end, len(expected[job.name]))
        if twice is not None:
            yield self._came_twice(twice, expected[twice.name][0])

    def _ordinary(self, job: Job, begin: datetime, end: datetime, fires: int) -> Outcome:
        ends = [
            self._aws.wait_for(run["executionArn"])
            for run in list(self._executions(job.machine_arn))  # waiting makes more of them
            if run["startDate"] < end
        ]
        failed = [run for run in ends if run["status"] != "SUCCEEDED"]
        return Outcome(
            at=begin,
            what=f"{job.name}: its schedule fires",
            expected={"runs": fires, "succeeded": fires},
            happened={
                "runs": len(ends),
                "succeeded": len(ends) - len(failed),
                "because": self._why(failed[0]) if failed else None,
            },
        )

    def _why(self, run: dict[str, Any]) -> str:
        """Say why a run failed: the last line of its program's log, or the run's own reason."""
        cause = _own_words(run)
        if "logStream" in cause:
            lines: Any = self._aws.client("logs").get_log_events(
                logGroupName=cause["logGroup"], logStreamName=cause["logStream"]
            )
            if lines["events"]:
                return lines["events"][-1]["message"]
        return cause.get("reason") or run.get("cause") or run["status"]

    def _came_twice(self, job: Job, when: datetime) -> Outcome:
        run = f"{job.name}-{when:%Y-%m-%dT%H%M%SZ}"
        results = [
            output["result"] for output in self._dispatcher_outputs() if output["run"] == run
        ]
        return Outcome(
            at=when,
            what="a trigger is delivered twice",
            expected={
                "dispatcher": "started + duplicate",
                "runs": 1,
                "message to": self._told_of(job),
            },
            happened={
                "dispatcher": " + ".join(sorted(results, reverse=True)),
                "runs": sum(found["name"] == run for found in self._executions(job.machine_arn)),
                "message to": self._told(run),
            },
        )

    # -- things go wrong

    def go_wrong(self) -> Iterator[Outcome]:
        """Play what every batch system meets, on one job: a scheduled one, if there is any."""
        if not self.jobs:
            return
        job = min(self.jobs, key=lambda job: job.schedule is None)
        start, app = len(job.waits["start"]), len(job.waits["app"])
        yield self._one(
            job,
            "the program ends with exit code 1",
            {"command": ["python", "-c", "raise SystemExit(1)"]},
            [],
            {"run": "failed", "exit code": 1, "attempts": app + 1, "message to": "failure"},
        )
        yield self._one(
            job,
            "no capacity at first",
            QUICKLY,
            [Played(refused=CAPACITY)],
            {"run": "succeeded", "attempts": 2, "message to": "success"}
            if start
            else {"run": "not started", "attempts": 1, "message to": "failure"},
        )
        yield self._one(
            job,
            "the image cannot be pulled",
            {},
            [Played(start_failure=NO_IMAGE)],
            {"run": "not started", "attempts": 1, "message to": "failure"},
        )
        yield self._one(
            job,
            "the program needs too much memory",
            {},
            [Played(killed=(137, NO_MEMORY))] * (len(job.waits["memory"]) + 1),
            {
                "run": "out of memory",
                "exit code": 137,
                "attempts": len(job.waits["memory"]) + 1,
                "error": JOB_OUT_OF_MEMORY,
                "message to": "failure",
            },
        )
        yield self._one(
            job,
            f"the program does not end in {job.timeout_seconds // 60} min",
            {},
            [Played(hangs=True)] * (len(job.waits["timeout"]) + 1),
            {
                "run": "timed out",
                "attempts": len(job.waits["timeout"]) + 1,
                "message to": "failure",
            },
        )
        yield from (self._overlap(job, policy) for policy in ("forbid", "allow", "replace"))

    def _one(
        self, job: Job, what: str, given: dict[str, Any], faults: list[Played], expected: Facts
    ) -> Outcome:
        """Trigger one run, whose attempts go as ``faults`` say and then as they really do."""
        at, trigger = self._trigger(job, "allow", given)
        name = _run_name(trigger)
        self._faults[name] = list(faults)
        self._aws.wait_for(self._dispatch(trigger))
        return Outcome(at=at, what=what, expected=expected, happened=self._facts(job, name))

    def _overlap(self, job: Job, policy: str) -> Outcome:
        """Trigger a run while an older one, which takes ten minutes, is still going."""
        at, older = self._trigger(job, policy, QUICKLY)
        self._faults[_run_name(older)] = [Played(seconds=600)]
        self._aws.wait_for(self._dispatch(older))
        _, newer = self._trigger(job, policy, QUICKLY)
        result = self._aws.wait_for(self._dispatch(newer))
        ends = [self._facts(job, _run_name(trigger))["run"] for trigger in (older, newer)]
        expected = {
            "forbid": ("skipped", "succeeded", "none"),
            "allow": ("started", "succeeded", "succeeded"),
            "replace": ("started", "replaced", "succeeded"),
        }[policy]
        facts = ("newer trigger", "older run", "newer run")
        happened = (json.loads(result["output"])["result"], *ends)
        return Outcome(
            at=at,
            what=f"a run meets an older one, overlap: {policy}",
            expected=dict(zip(facts, expected, strict=True)),
            happened=dict(zip(facts, happened, strict=True)),
        )

    # -- acting and looking

    def _trigger(
        self, job: Job, overlap: str, given: dict[str, Any]
    ) -> tuple[datetime, dict[str, Any]]:
        """Let a minute pass; make a trigger of the job for that instant that tells of its end."""
        self._aws.clock.run_until(self._aws.clock.now() + _BETWEEN)
        now = self._aws.clock.now()
        return now, {
            **job.trigger,
            "overlap": overlap,
            "scheduledTime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "input": {**job.trigger.get("input", {}), "notify": "all", **given},
        }

    def _dispatch(self, trigger: dict[str, Any]) -> str:
        started: dict[str, Any] = self._states.start_execution(
            stateMachineArn=self._exports["dispatcherArn"], input=json.dumps(trigger)
        )
        return started["executionArn"]

    def _play(self, attempt: Attempt) -> Played:
        faults = self._faults.get(attempt.run)
        return faults.pop(0) if faults else Played()

    def _facts(self, job: Job, name: str) -> dict[str, Any]:
        """Wait for a run's end and for the message about it; say how it went."""
        arn = f"{job.machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            self._states.describe_execution(executionArn=arn)
        except self._states.exceptions.ExecutionDoesNotExist:
            return {"run": "none"}
        run = self._aws.wait_for(arn)
        self._aws.clock.settle()
        if run["status"] == "ABORTED":
            return {"run": "replaced" if run["error"] == "JobReplaced" else "stopped"}
        end = _own_words(run)
        return {
            "run": end.get("class", run["status"].lower()),
            "exit code": end.get("exitCode"),
            "attempts": end.get("attempts"),
            "error": run.get("error"),
            "message to": self._told(name),
            "because": end.get("reason") or run.get("cause"),
        }

    def messages(self, run: str) -> list[SlackMessage]:
        """Return what Slack was told about a run and did not drop."""
        return [
            message
            for message in self._aws.slack
            if message.dropped is None
            and message.notification["metadata"]["additionalContext"]["run"] == run
        ]

    def _told(self, run: str) -> str:
        topics = {self._exports[f"{outcome}TopicArn"]: outcome for outcome in _CHANNELS}
        return " + ".join(topics[message.topic_arn] for message in self.messages(run)) or "nobody"

    def _told_of(self, job: Job) -> str:
        return "success" if job.trigger.get("input", {}).get("notify") == "all" else "nobody"

    def _executions(self, machine_arn: str) -> Iterator[dict[str, Any]]:
        pages: Any = self._states.get_paginator("list_executions")
        for page in pages.paginate(stateMachineArn=machine_arn):
            yield from page["executions"]

    def _dispatcher_outputs(self) -> Iterator[dict[str, Any]]:
        for listed in self._executions(self._exports["dispatcherArn"]):
            found = self._states.describe_execution(executionArn=listed["executionArn"])
            if found["status"] == "SUCCEEDED":
                yield json.loads(found["output"])

    def _image(self, job: Job) -> str:
        found = self._aws.client("ecs").describe_task_definition(taskDefinition=job.family)
        return found["taskDefinition"]["containerDefinitions"][0]["image"]

    def _job(self, name: str, machine_arn: str) -> Job:
        machine = self._states.describe_state_machine(stateMachineArn=machine_arn)
        prepare = json.loads(machine["definition"])["States"]["Prepare"]["Assign"]
        scheduler: Any = self._aws.client("scheduler")
        try:
            schedule = scheduler.get_schedule(GroupName=self._exports["scheduleGroup"], Name=name)
        except scheduler.exceptions.ResourceNotFoundException:
            schedule = None
        (family,) = re.findall(r"task-definition/([\w-]+)", prepare["run"])
        return Job(
            name=name,
            machine_arn=machine_arn,
            family=family,
            trigger=json.loads(schedule["Target"]["Input"]) if schedule else {"job": name},
            waits=prepare["waits"],
            timeout_seconds=prepare["timeoutSeconds"],
            schedule=schedule,
        )


def _own_words(run: dict[str, Any]) -> dict[str, Any]:
    """Read what a job's machine says of its end; nothing if Step Functions ended it."""
    said = run.get("output" if run["status"] == "SUCCEEDED" else "cause") or ""
    return json.loads(said) if said.startswith("{") else {}


def _run_name(trigger: dict[str, Any]) -> str:
    return f"{trigger['job']}-{trigger['scheduledTime'].replace(':', '')}"


def _fires(job: Job, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Say when a schedule should fire, by another calculator than the embedded AWS's."""
    if job.schedule is None or job.schedule["State"] != "ENABLED":
        return iter(())
    zone = ZoneInfo(job.schedule["ScheduleExpressionTimezone"])
    expression = schedules.parse(job.schedule["ScheduleExpression"])
    return expression.fires(begin, end, zone, job.schedule["CreationDate"])
