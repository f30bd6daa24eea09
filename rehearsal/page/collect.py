"""Collect the page's facts: from the deployment, and from the embedded AWS through its clients."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from definitions.dispatcher_machine import JOB_REPLACED
from definitions.notices import title_of
from rehearsal.cloud import EmbeddedAws, SlackMessage
from rehearsal.engine import Deployment, Resource
from rehearsal.page.facts import (
    Alarm,
    Chapter,
    Container,
    Deployed,
    Endpoint,
    GroupRule,
    Life,
    MailCard,
    Phase,
    Run,
    Schedule,
    SlackCard,
    Subnet,
    Took,
    Topic,
    Turned,
    Webhook,
    WebhookCard,
)
from rehearsal.stage import Outcome
from rehearsal.wire import MASK

SLOWEST = 10
"""How many of the slowest resources are named."""
CHANNEL = "to--"
"""How the names of a channel's topic and webhook begin behind those of the stack."""
GOOD = ("✅", "↪️")
"""How the title of a message begins that calls nobody to act."""
LOG_LINES = 8
"""How many of the last lines of a run's log are kept."""


Hide = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a rehearsal, as it is known while it goes on."""

    title: str
    begin: datetime
    outcomes: Sequence[Outcome]
    about: str = ""


def deployed_facts(deployment: Deployment) -> Deployed:
    """Read the picture of the stack from what was made."""
    made = [
        resource
        for resource in deployment.resources.values()
        if resource.custom and resource.type.startswith("aws")
    ]
    prefix = f"{deployment.outputs['scheduleGroup']}-"

    def of(type_: str) -> list[Resource]:
        return [resource for resource in made if resource.type == f"aws:{type_}"]

    def short(name: str) -> str:
        """Drop what all names of the stack begin with, from a name, an ARN or an address."""
        return name.rsplit("/", 1)[-1].rsplit(":", 1)[-1].removeprefix(prefix).removeprefix("-")

    topics = of("sns/topic:Topic")
    endpoints = of("ec2/vpcEndpoint:VpcEndpoint")
    peers = {
        **{
            group.id: short(group.outputs["name"])
            for group in of("ec2/securityGroup:SecurityGroup")
        },
        **{found.outputs.get("prefixListId", ""): _service(found) for found in endpoints},
    }
    tasks = of("ecs/taskDefinition:TaskDefinition")
    return Deployed(
        public=bool(of("ec2/internetGateway:InternetGateway")),
        cidr=next((vpc.outputs["cidrBlock"] for vpc in of("ec2/vpc:Vpc")), ""),
        subnets=tuple(_subnet(found, short) for found in of("ec2/subnet:Subnet")),
        endpoints=tuple(
            Endpoint(service=_service(found), kind=found.outputs["vpcEndpointType"])
            for found in endpoints
        ),
        rules=tuple(
            _rule(found.outputs, direction, peers)
            for direction, type_ in (
                ("out", "vpc/securityGroupEgressRule:SecurityGroupEgressRule"),
                ("in", "vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
            )
            for found in of(type_)
        ),
        schedules=tuple(
            Schedule(
                job=found.outputs["name"],
                expression=found.outputs["scheduleExpression"],
                timezone=found.outputs["scheduleExpressionTimezone"],
            )
            for found in of("scheduler/schedule:Schedule")
        ),
        jobs=tuple(sorted(deployment.outputs["jobMachineArns"])),
        containers=tuple(_container(found.outputs, short) for found in tasks),
        topics=tuple(
            Topic(
                name=short(found.outputs["name"]).removeprefix(CHANNEL),
                channels=tuple(
                    channel.outputs["slackChannelId"]
                    for channel in of("chatbot/slackChannelConfiguration:SlackChannelConfiguration")
                    if found.outputs["arn"] in channel.outputs["snsTopicArns"]
                ),
                addresses=tuple(
                    subscription.outputs["endpoint"]
                    for subscription in of("sns/topicSubscription:TopicSubscription")
                    if subscription.outputs["topic"] == found.outputs["arn"]
                ),
            )
            for found in topics
        ),
        webhooks=tuple(
            Webhook(
                name=short(found.outputs["name"]).removeprefix(CHANNEL),
                host=urlsplit(str(found.outputs["invocationEndpoint"])).hostname or "",
            )
            for found in of("cloudwatch/eventApiDestination:EventApiDestination")
        ),
        alarms=tuple(
            Alarm(
                name=short(found.outputs["name"]),
                metric=found.outputs.get("metricName", ""),
                description=found.outputs.get("alarmDescription", ""),
                topics=tuple(short(arn) for arn in found.outputs.get("alarmActions", ())),
            )
            for found in of("cloudwatch/metricAlarm:MetricAlarm")
        ),
        queues=tuple(short(found.outputs["name"]) for found in of("sqs/queue:Queue")),
        buckets=tuple(sorted(deployment.outputs["bucketNames"])),
        secrets=tuple(short(found.outputs["name"]) for found in of("secretsmanager/secret:Secret")),
        resources=dict(Counter(resource.type.split(":")[1].partition("/")[0] for resource in made)),
        slowest=tuple(
            Took(
                what=f"{resource.type.rsplit(':', 1)[-1]} {resource.name}", seconds=resource.seconds
            )
            for resource in sorted(made, key=lambda made: -made.seconds)[:SLOWEST]
        ),
    )


def chapters(
    parts: Iterable[Part], aws: EmbeddedAws, deployment: Deployment
) -> tuple[Chapter, ...]:
    """Tell what happened in parts that came one after another: each lasts until the next.

    What happened at the very instant in between, such as a message, belongs to the earlier one.
    """
    known = list(parts)
    if not known:
        return ()
    hide = _hiding(deployment)
    life = _life(aws, deployment.outputs, known[0].begin, hide)
    begins = [life.begin - timedelta(seconds=1), *(part.begin for part in known[1:])]
    ends = [*(part.begin for part in known[1:]), life.end]
    return tuple(
        Chapter(
            title=part.title,
            about=part.about,
            outcomes=tuple(_hidden(outcome, hide) for outcome in part.outcomes),
            life=replace(life.between(begin, end), begin=part.begin),
        )
        for part, begin, end in zip(known, begins, ends, strict=True)
    )


# -- what was deployed


def _subnet(found: Resource, short: Hide) -> Subnet:
    name = short(found.outputs.get("tags", {}).get("Name", found.name))
    zone = found.outputs["availabilityZone"]
    return Subnet(name=name.removesuffix(f"-{zone}"), cidr=found.outputs["cidrBlock"], zone=zone)


def _service(endpoint: Resource) -> str:
    return endpoint.outputs["serviceName"].split(".", 3)[-1]


def _rule(rule: dict[str, Any], direction: str, peers: dict[str, str]) -> GroupRule:
    first, last = rule.get("fromPort"), rule.get("toPort")
    ports = "all" if first is None else str(first) if first == last else f"{first}-{last}"
    other: str = next(
        rule[member]
        for member in ("referencedSecurityGroupId", "prefixListId", "cidrIpv4", "cidrIpv6")
        if rule.get(member)
    )
    group: str = rule["securityGroupId"]
    return GroupRule(
        group=peers.get(group, group),
        direction=direction,
        ports=f"{rule['ipProtocol']} {ports}",
        peer=peers.get(other, other),
        description=rule.get("description", ""),
    )


def _container(task: dict[str, Any], short: Hide) -> Container:
    (container,) = json.loads(task["containerDefinitions"])
    return Container(
        name=short(task["family"]),
        cpu_units=str(task["cpu"]),
        memory_mib=str(task["memory"]),
        architecture=task.get("runtimePlatform", {}).get("cpuArchitecture", "X86_64"),
        variables=tuple(secret["name"] for secret in container.get("secrets", ())),
    )


# -- what happened


def _life(aws: EmbeddedAws, exports: dict[str, Any], begin: datetime, hide: Hide) -> Life:
    end = aws.clock.now()
    jobs: dict[str, str] = exports["jobMachineArns"]
    return Life(
        begin=begin,
        end=end,
        jobs=tuple(sorted(jobs)),
        runs=tuple(
            _run(aws, job, listed, hide)
            for job, arn in sorted(jobs.items())
            for listed in _executions(aws, arn, begin)
        ),
        turned=tuple(_turned(aws, exports["dispatcherArn"], begin)),
        slack=tuple(
            _slack_card(message, exports, hide) for message in aws.slack if message.time >= begin
        ),
        mail=tuple(
            MailCard(to=mail.to, at=mail.time, subject=hide(mail.subject), text=hide(mail.text))
            for mail in aws.mail
            if mail.time >= begin
        ),
        webhooks=tuple(
            WebhookCard(
                name=call.destination.removeprefix(f"{exports['scheduleGroup']}--{CHANNEL}"),
                host=call.host,
                at=call.time,
                title=hide(title_of(call.message)),
                body=hide(json.dumps(call.message, indent=2, ensure_ascii=False)),
                status=call.status,
                taken=call.taken,
            )
            for call in aws.webhooks.calls
            if call.time >= begin
        ),
    )


def _executions(aws: EmbeddedAws, machine_arn: str, begin: datetime) -> list[dict[str, Any]]:
    """List what a machine started from ``begin`` on, the oldest first."""
    pages: Any = aws.client("stepfunctions").get_paginator("list_executions")
    found = [
        listed
        for page in pages.paginate(stateMachineArn=machine_arn)
        for listed in page["executions"]
        if listed["startDate"] >= begin
    ]
    return sorted(found, key=lambda listed: (listed["startDate"], listed["name"]))


def _run(aws: EmbeddedAws, job: str, listed: dict[str, Any], hide: Hide) -> Run:
    states: Any = aws.client("stepfunctions")
    run = states.describe_execution(executionArn=listed["executionArn"])
    going = run["status"] == "RUNNING"
    end: datetime = aws.clock.now() if going else run["stopDate"]
    said = _object(run.get("output") or run.get("cause"))
    pages: Any = states.get_paginator("get_execution_history")
    events = [
        event
        for page in pages.paginate(executionArn=listed["executionArn"])
        for event in page["events"]
    ]
    return Run(
        job=job,
        name=run["name"],
        begin=run["startDate"],
        end=end,
        good=going or run["status"] == "SUCCEEDED",
        ended=_run_end(run, said),
        reason=hide(said.get("reason") or ("" if said else run.get("cause") or "")),
        phases=tuple(_phases(events, end, hide, going=going)),
        log=tuple(hide(line) for line in _last_lines(aws, said)),
    )


def _run_end(run: dict[str, Any], said: dict[str, Any]) -> str:
    """Say in a word or two how a run ended."""
    if run["status"] == "RUNNING":
        return "still going"
    if run["status"] == "ABORTED":
        return "replaced" if run.get("error") == JOB_REPLACED else "stopped"
    return said.get("class") or run["status"].lower().replace("_", " ")


def _phases(
    events: list[dict[str, Any]], end: datetime, hide: Hide, *, going: bool
) -> Iterator[Phase]:
    """Read attempts and waits: what a run does in the states that take time."""
    entered: datetime | None = None
    waits, attempt, ended, good = False, 0, "", False
    for event in events:
        kind: str = event["type"]
        if kind in ("TaskStateEntered", "WaitStateEntered"):
            entered, waits = event["timestamp"], kind == "WaitStateEntered"
            attempt, ended, good = attempt + (not waits), "", waits
        elif kind in ("TaskFailed", "TaskTimedOut", "TaskSubmitFailed", "TaskStartFailed"):
            ended = hide(_attempt_end(kind, event))
        elif kind == "TaskSucceeded":
            ended, good = "exit code 0", True
        elif kind in ("TaskStateExited", "WaitStateExited") and entered is not None:
            yield Phase(
                attempt=0 if waits else attempt,
                begin=entered,
                end=event["timestamp"],
                good=good,
                ended=ended,
            )
            entered = None
    if entered is not None:  # it goes on, or the run ended in the middle of it
        yield Phase(
            attempt=0 if waits else attempt,
            begin=entered,
            end=end,
            good=going,
            ended="still going" if going else "stopped",
        )


def _attempt_end(kind: str, event: dict[str, Any]) -> str:
    """Say in a few words how an attempt failed."""
    if kind == "TaskTimedOut":
        return "timed out"
    details: dict[str, Any] = event[f"{kind[0].lower()}{kind[1:]}EventDetails"]
    cause = details.get("cause") or ""
    task = _object(cause)
    for container in task.get("Containers", ()):
        if container.get("Reason"):
            return str(container["Reason"])
        if container.get("ExitCode") and task.get("StopCode") == "EssentialContainerExited":
            return f"exit code {container['ExitCode']}"
    return str(task.get("StoppedReason") or cause or details.get("error") or "failed")


def _last_lines(aws: EmbeddedAws, said: dict[str, Any]) -> list[str]:
    """Read the end of the log that a run names; nothing if it is gone or never was."""
    if "logStream" not in said:
        return []
    logs: Any = aws.client("logs")
    try:
        found = logs.get_log_events(logGroupName=said["logGroup"], logStreamName=said["logStream"])
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in found["events"]][-LOG_LINES:]


def _turned(aws: EmbeddedAws, dispatcher_arn: str, begin: datetime) -> Iterator[Turned]:
    states: Any = aws.client("stepfunctions")
    for listed in _executions(aws, dispatcher_arn, begin):
        if listed["status"] == "RUNNING":
            continue
        found = states.describe_execution(executionArn=listed["executionArn"])
        result = _object(found.get("output")).get("result", "failed")
        if result != "started":
            yield Turned(
                job=_object(found["input"]).get("job", "?"),
                at=found["startDate"],
                result=result,
            )


def _slack_card(message: SlackMessage, exports: dict[str, Any], hide: Hide) -> SlackCard:
    said = message.notification
    if "AlarmName" in said:
        name: str = said["AlarmName"]
        return SlackCard(
            channel=message.channel_id,
            at=message.time,
            title=f"{said['NewStateValue']} | {name} | {said.get('Region', '')}",
            description=hide(
                f"{said.get('AlarmDescription') or ''}\n{said.get('NewStateReason', '')}".strip()
            ),
            alarm=name.removeprefix(f"{exports['scheduleGroup']}-"),
            good=False,
            dropped=message.dropped,
        )
    content: dict[str, Any] = said.get("content") or {}
    metadata: dict[str, Any] = said.get("metadata") or {}
    context: dict[str, Any] = metadata.get("additionalContext") or {}
    return SlackCard(
        channel=message.channel_id,
        at=message.time,
        title=hide(content.get("title", "")),
        description=hide(content.get("description", "")),
        next_steps=tuple(hide(step) for step in content.get("nextSteps", ())),
        job=context.get("job", ""),
        good=content.get("title", "").startswith(GOOD),
        dropped=message.dropped,
    )


def _object(text: str | None) -> dict[str, Any]:
    """Read a JSON object; an empty one for everything else."""
    try:
        read: Any = json.loads(text or "")
    except ValueError:
        return {}
    return cast("dict[str, Any]", read) if isinstance(read, dict) else {}


# -- what stays hidden


def _hiding(deployment: Deployment) -> Hide:
    """Return what puts a mask in the place of every value of the stack's secrets."""
    values = sorted(set(_secret_values(deployment)), key=len, reverse=True)

    def hide(text: str) -> str:
        for value in values:
            text = text.replace(value, MASK)
        return text

    return hide


def _secret_values(deployment: Deployment) -> Iterator[str]:
    for resource in deployment.resources.values():
        for text in (resource.inputs.get(key) for key in ("secretString", "invocationEndpoint")):
            if text:
                yield text
                yield from (str(value) for value in _object(text).values() if value != "")


def _hidden(outcome: Outcome, hide: Hide) -> Outcome:
    return replace(
        outcome,
        happened={
            fact: hide(value) if isinstance(value, str) else value
            for fact, value in outcome.happened.items()
        },
    )
