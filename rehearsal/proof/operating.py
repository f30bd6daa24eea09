"""What people and workflows do with a deployed stack by ``python -m ops``, as the calls it makes.

Each call that a command of ``ops`` may make is here, so that every right of those who operate is
missed by somebody. What it is about need not be there: IAM decides before the service looks.
"""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from definitions.job_machine import LOG_STREAM_PREFIX
from definitions.names import Names
from definitions.notices import NOTICE
from rehearsal.cloud import AsRole
from rehearsal.proof.proof import Happening
from rehearsal.stage import Outcome, Stage

JOB, RUN = "list-files", "list-files-2026-11-22T033000Z"
"""A job and a run of any stack."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a command: service and operation as boto3 has them."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


def _call(service: str, operation: str, **parameters: Any) -> Call:
    return Call(service=service, operation=operation, parameters=parameters)


def _looking(names: Names) -> Iterator[Call]:
    """``list``, ``show``, ``history``, ``runs``, ``logs``, ``run``'s waiting."""
    states = partial(_call, "stepfunctions")
    machine = names.chosen(JOB)
    dispatcher, skipped = names.of("dispatcher"), names.of("skipped")
    elements = names.arn("states", f"mapRun:{machine}/Elements:0123")
    yield states("list_executions", stateMachineArn=names.machine_arn(machine))
    yield states("list_executions", mapRunArn=elements)
    yield states("list_executions", stateMachineArn=names.machine_arn(skipped))
    yield states("get_execution_history", executionArn=names.execution_arn(machine, RUN))
    for of in (machine, dispatcher, skipped):
        yield states("describe_execution", executionArn=names.execution_arn(of, RUN))
    yield states("list_state_machines")
    yield _call(
        *("logs", "get_log_events"),
        logGroupName=names.log_group("default"),
        logStreamName=f"{LOG_STREAM_PREFIX}/default/0123",
    )
    yield _call("scheduler", "list_schedules")
    yield _call("ecs", "describe_task_definition", taskDefinition=names.chosen("default"))
    yield _call("ecs", "list_tasks", cluster=names.cluster_arn, desiredStatus="RUNNING")
    task = names.arn("ecs", f"task/{names.prefix}/0123")
    yield _call("ecs", "describe_tasks", cluster=names.cluster_arn, tasks=[task])


def _running(names: Names) -> Iterator[Call]:
    """``run``, ``retry``, ``redrive``, ``stop``, ``backfill``."""
    states, run = partial(_call, "stepfunctions"), names.execution_arn(names.chosen(JOB), RUN)
    dispatcher = names.machine_arn(names.of("dispatcher"))
    # No input: nothing is started.
    yield states("start_execution", stateMachineArn=dispatcher, input="no JSON")
    yield states("stop_execution", executionArn=run)
    yield states("redrive_execution", executionArn=run)


def _pausing(names: Names) -> Iterator[Call]:
    """``pause``, ``resume``, ``schedule add`` and ``remove``."""
    scheduler = partial(_call, "scheduler")
    target = {
        "Arn": names.machine_arn(names.of("dispatcher")),
        "RoleArn": names.role_arn(names.of("scheduler")),
    }
    schedule = {
        "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
    }
    for group in (names.prefix, names.adhoc_group):
        named = {"Name": "nobodys", "GroupName": group}
        yield scheduler("get_schedule", **named)
        yield scheduler("update_schedule", **named, **schedule)
    own = {"Name": "nobodys", "GroupName": names.adhoc_group}
    yield scheduler("create_schedule", **own, **schedule)
    yield scheduler("delete_schedule", **own)
    for operation in ("disable_rule", "enable_rule"):
        yield _call("events", operation, Name=names.chosen("nobodys"))
    for operation in ("stop_pipe", "start_pipe"):
        yield _call("pipes", operation, Name=names.chosen("nobodys"))


def _dead_letters(names: Names) -> str:
    return f"https://sqs.{names.region}.amazonaws.com/{names.account}/{names.of('dead-letters')}"


def _delivering(names: Names) -> Iterator[Call]:
    """``dead-letters list``, ``redrive`` and ``drop``, ``test-notify``."""
    states, sqs = partial(_call, "stepfunctions"), partial(_call, "sqs")
    queue = _dead_letters(names)
    yield sqs("receive_message", QueueUrl=queue)
    yield sqs(
        "change_message_visibility", QueueUrl=queue, ReceiptHandle="nobodys", VisibilityTimeout=0
    )
    yield sqs("delete_message", QueueUrl=queue, ReceiptHandle="nobodys")
    for tells in ("notifier", "watcher"):
        machine = names.machine_arn(names.of(tells))
        # No input: nothing is started.
        yield states("start_execution", stateMachineArn=machine, input="no JSON")
    entry = {"Source": names.prefix, "DetailType": NOTICE, "Detail": "{}"}
    yield _call("events", "put_events", Entries=[entry])
    yield states("describe_execution", executionArn=names.execution_arn(names.of("notifier"), RUN))


def _examining(names: Names) -> Iterator[Call]:
    """``doctor``."""
    for machine in (names.chosen(JOB), names.of("dispatcher")):
        arn = names.machine_arn(machine)
        yield _call("stepfunctions", "describe_state_machine", stateMachineArn=arn)
    for topic in (
        names.topic_arn("success"),
        names.topic_arn("failure"),
        names.channel_topic_arn("nobodys"),
    ):
        yield _call("sns", "list_subscriptions_by_topic", TopicArn=topic)
    yield _call("cloudwatch", "describe_alarms", AlarmNamePrefix=f"{names.prefix}-")
    yield _call("events", "describe_rule", Name=names.of("ended"))
    yield _call("events", "list_targets_by_rule", Rule=names.of("ended"))
    yield _call("pipes", "describe_pipe", Name=names.chosen("nobodys"))
    for operation in ("describe_slack_workspaces", "describe_slack_channel_configurations"):
        yield _call("chatbot", operation)
    yield _call("logs", "describe_log_groups", logGroupNamePrefix=names.log_group(""))


def _looked_after(names: Names) -> Iterator[Call]:
    """``doctor`` as a workflow has it typed every night, by the role that only reads."""
    yield from _examining(names)
    own = {"Name": "nobodys", "GroupName": names.adhoc_group}
    yield _call("scheduler", "get_schedule", **own)
    yield _call("scheduler", "list_schedules")
    states = partial(_call, "stepfunctions")
    yield states("list_state_machines")
    machine = names.machine_arn(names.chosen(JOB))
    yield states("list_executions", stateMachineArn=machine)
    yield _call("ecs", "describe_task_definition", taskDefinition=names.chosen("default"))
    yield _call("sqs", "receive_message", QueueUrl=_dead_letters(names))


COMMANDS: Mapping[str, Callable[[Names], Iterator[Call]]] = {
    "looking": _looking,
    "running": _running,
    "pausing": _pausing,
    "delivering": _delivering,
    "examining": _examining,
}
"""Calls of ``ops``, a function for each topic of commands."""


def operations(stage: Stage) -> Iterator[Happening]:
    """Return the commands of a stack that has roles to operate it: by people, and by workflows."""
    people: str | None = stage.exports.get("operatorRoleArn")
    workflows: str | None = stage.exports.get("githubRoleArns", {}).get("operate")
    if reader := stage.exports.get("githubRoleArns", {}).get("read"):
        play = partial(_played, stage, partial(_operate, stage, reader, _looked_after))
        yield Happening(name="workflows-look-after", play=play, whole=True)
    if people:
        play = partial(_played, stage, partial(_become, stage, people))
        yield Happening(name="people-become-operators", play=play, whole=True)
    for who, role in (("people", people), ("workflows", workflows)):
        if role is None:
            continue
        for name, calls in COMMANDS.items():
            play = partial(_played, stage, partial(_operate, stage, role, calls))
            yield Happening(name=f"{who}-{name}", play=play, whole=True)


def _become(stage: Stage, role: str) -> None:
    """Assume the role, as each of those whom the stack file names."""
    for arn in stage.section("access")["operators"]:
        AsRole(stage.aws, arn).client("sts").assume_role(RoleArn=role, RoleSessionName="person")


def _operate(stage: Stage, role: str, calls: Callable[[Names], Iterator[Call]]) -> None:
    file = stage.up.stack_file
    names = Names(
        project=file.project,
        stack=file.stack,
        region=stage.aws.region,
        account=stage.aws.account,
    )
    operator = AsRole(stage.aws, role)
    for call in calls(names):
        # What IAM refuses stands in the denials; what came of it then is of no interest here.
        with suppress(Exception):
            chatbot = call.service == "chatbot"  # which moto does not have
            client = operator.chatbot if chatbot else operator.client(call.service)
            getattr(client, call.operation)(**call.parameters)
    stage.finish()


def _played(stage: Stage, act: Callable[[], None]) -> Outcome:
    denials = stage.aws.iam.denials
    before = len(denials)
    act()
    refused = "; ".join(str(denial) for denial in denials[before:])
    return Outcome(
        at=stage.aws.clock.now(),
        what="what people and workflows do with a deployed stack",
        expected={"refused": "nothing"},
        happened={"refused": refused or "nothing"},
    )
