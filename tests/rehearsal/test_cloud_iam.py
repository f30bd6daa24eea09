"""What each policy of the stack is for: without a part of it, one thing is denied, by name."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.living_stack import (
    LivingStack,
    living_stack,
    with_condition,
    without,
    without_statement,
)


@pytest.fixture(scope="module")
def stack() -> Iterator[LivingStack]:
    with living_stack("prod") as living:
        yield living


def denied(stack: LivingStack) -> dict[str, str]:
    """Return who was denied which action."""
    return {denial.action: denial.actor for denial in stack.aws.iam.denials}


def trigger_by_schedule(stack: LivingStack) -> None:
    stack.aws.clock.run_until(stack.aws.clock.now() + timedelta(hours=1))
    stack.aws.clock.settle()


def test_the_stack_as_it_stands_is_denied_nothing(stack: LivingStack) -> None:
    trigger_by_schedule(stack)
    assert stack.run(command=None)["status"] == "SUCCEEDED"
    assert not stack.aws.iam.denials
    assert not stack.letters()


# Roles


@pytest.mark.parametrize(
    ("role", "action", "says"),
    [
        ("-runner", "ecs:RunTask", "ecs:RunTask on resource: arn:aws:ecs"),
        ("-runner", "ecs:TagResource", "task/fargate-batch-prod/*"),
        ("-runner", "iam:PassRole", "iam:PassRole on resource: arn:aws:iam"),
        ("-runner", "ecs:DescribeTasks", "ecs:DescribeTasks on resource"),
        ("-default-execution", "ecr:GetAuthorizationToken", "retrieve ecr registry auth"),
        ("-default-execution", "ecr:BatchGetImage", "CannotPullContainerError"),
        ("-default-execution", "ecr:GetDownloadUrlForLayer", "CannotPullContainerError"),
        ("-default-execution", "secretsmanager:GetSecretValue", "retrieve secret from asm"),
        ("-default-execution", "kms:Decrypt", "retrieve secret from asm"),
        ("-default-execution", "logs:CreateLogStream", "failed to create Cloudwatch log stream"),
    ],
)
def test_a_run_needs_it(stack: LivingStack, role: str, action: str, says: str) -> None:
    with stack.changed(stack.document("role", role), without(action)):
        run = stack.run()
        assert run["status"] == "FAILED"
        reason = json.loads(run["cause"])["reason"]
        assert f"{stack.prefix}{'-' if role.startswith('-default') else ''}{role}/" in reason
        assert "because no identity-based policy allows" in reason
        assert says in reason
        assert set(denied(stack)) == {action}
    assert stack.run()["status"] == "SUCCEEDED"


def test_a_program_without_its_grant_says_so_with_its_exit_code(stack: LivingStack) -> None:
    with stack.changed(stack.document("role", "-default-task"), without("s3:ListBucket")):
        run = stack.run(command=None)
        assert json.loads(run["cause"])["exitCode"] == 77
        assert denied(stack)["s3:ListBucket"].startswith(
            "arn:aws:sts::123456789012:assumed-role/fargate-batch-prod--default-task/"
        )
    assert stack.run(command=None)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("action", ["states:ListExecutions", "states:StartExecution"])
def test_the_dispatcher_needs_it(stack: LivingStack, action: str) -> None:
    with stack.changed(stack.document("role", "-dispatcher"), without(action)):
        run = stack.run(overlap="forbid")
        assert ":execution:fargate-batch-prod-dispatcher:" in run["executionArn"]
        assert run["status"] == "FAILED"
        assert set(denied(stack)) == {action}


@pytest.mark.parametrize("action", ["sns:Publish", "kms:Decrypt", "kms:GenerateDataKey*"])
def test_the_notifier_needs_it_and_what_it_could_not_say_is_kept(
    stack: LivingStack, action: str
) -> None:
    stack.letters()
    with stack.changed(stack.document("role", "-notifier"), without(action)):
        run = stack.run()
        assert set(denied(stack)) == {action.removesuffix("*")}
    assert not stack.day.messages(run["name"])
    assert run["name"] in "".join(letter["body"] for letter in stack.letters())


def test_a_schedule_that_may_not_start_the_dispatcher_keeps_its_trigger(
    stack: LivingStack,
) -> None:
    stack.letters()
    change = without("states:StartExecution")
    with stack.changed(stack.document("role", "-scheduler"), change):
        trigger_by_schedule(stack)
    (letter,) = stack.letters()
    assert letter["ERROR_CODE"] == "AccessDeniedException"
    assert (
        "scheduler/rehearsal is not authorized to perform: states:StartEx"
        in letter["ERROR_MESSAGE"]
    )


def test_a_rule_that_may_not_start_the_notifier_keeps_the_event(stack: LivingStack) -> None:
    stack.letters()
    with stack.changed(stack.document("role", "-events"), without("states:StartExecution")):
        stack.run()
    (letter,) = stack.letters()
    assert letter["ERROR_CODE"] == "NO_PERMISSIONS"


# Trust


@pytest.mark.parametrize(
    ("operator", "key"), [("StringEquals", "aws:SourceAccount"), ("ArnLike", "aws:SourceArn")]
)
@pytest.mark.parametrize("role", ["-default-execution", "-default-task"])
def test_a_task_starts_with_roles_that_trust_ecs_only(
    stack: LivingStack, role: str, operator: str, key: str
) -> None:
    change = with_condition(operator, key, "arn:aws:ecs:eu-west-1:2:x")
    with stack.changed(stack.document("trust", role), change):
        reason = json.loads(stack.run()["cause"])["reason"]
        assert "ECS was unable to assume the role" in reason
        assert "proper trust relationship" in reason
        assert denied(stack) == {"sts:AssumeRole": "ecs-tasks.amazonaws.com"}
        assert f"{operator} {key}" in str(stack.aws.iam.denials[0])


def test_a_schedule_fires_with_a_role_that_trusts_its_group_only(stack: LivingStack) -> None:
    stack.letters()
    change = with_condition("ArnLike", "aws:SourceArn", "arn:aws:scheduler:*:*:schedule/*")
    with stack.changed(stack.document("trust", "-scheduler"), change):
        trigger_by_schedule(stack)
        assert denied(stack) == {"sts:AssumeRole": "scheduler.amazonaws.com"}
    assert not stack.letters()  # a role that cannot be used cannot keep anything either


def test_a_rule_delivers_with_a_role_that_trusts_it_only(stack: LivingStack) -> None:
    stack.letters()
    change = with_condition("ArnLike", "aws:SourceArn", "arn:aws:events:*:*:rule/other")
    with stack.changed(stack.document("trust", "-events"), change):
        stack.run()
    (letter,) = stack.letters()
    assert letter["ERROR_CODE"] == "NO_PERMISSIONS"
    assert (
        "events.amazonaws.com is not authorized to perform: sts:AssumeRole"
        in letter["ERROR_MESSAGE"]
    )


def test_a_machine_works_with_a_role_that_trusts_it_only(stack: LivingStack) -> None:
    change = with_condition("ArnLike", "aws:SourceArn", "arn:aws:states:*:*:stateMachine:other")
    with stack.changed(stack.document("trust", "-dispatcher"), change):
        assert stack.run()["status"] == "FAILED"
        assert denied(stack) == {"sts:AssumeRole": "states.amazonaws.com"}


# Resources


def test_the_queue_admits_the_rule_of_the_notifier_only(stack: LivingStack) -> None:
    change = without_statement("KeepUndeliveredEvents")
    with (
        stack.changed(stack.document("role", "-events"), without("states:StartExecution")),
        stack.changed(stack.document("queue", "-dead-letters"), change),
    ):
        stack.run()
        assert denied(stack)["sqs:SendMessage"] == "events.amazonaws.com"
    assert not stack.letters()


@pytest.mark.parametrize("statement", ["PublishAlarms", "EncryptAlarms"])
def test_alarms_reach_the_topic_by_its_policy_and_the_keys(
    stack: LivingStack, statement: str
) -> None:
    kind, owner, action = {
        "PublishAlarms": ("topic", "-failure", "sns:Publish"),
        "EncryptAlarms": ("key", "", "kms:GenerateDataKey"),
    }[statement]
    topic = stack.exports["failureTopicArn"]
    alarm = topic.replace(":sns:", ":cloudwatch:").replace(
        "fargate-batch-prod-failure", "alarm:fargate-batch-prod-dead-letters"
    )
    stack.aws.iam.admit(source=alarm, role=None, target=topic)
    with stack.changed(stack.document(kind, owner), without_statement(statement)):
        with pytest.raises(ClientError, match="no resource-based policy allows"):
            stack.aws.iam.admit(source=alarm, role=None, target=topic)
        assert denied(stack) == {action: "cloudwatch.amazonaws.com"}
    with pytest.raises(ClientError):
        stack.aws.iam.admit(source=alarm.replace("prod", "dev"), role=None, target=topic)


def test_the_key_leaves_the_notifier_to_iam(stack: LivingStack) -> None:
    with stack.changed(stack.document("key", ""), without_statement("LeaveItToIam")):
        stack.run()
        assert "kms:Decrypt" in denied(stack)
        assert "because no resource-based policy allows" in stack.aws.iam.denials[0].reason


@pytest.mark.parametrize(
    ("service", "call", "action"),
    [
        ("s3", lambda s, c: c.list_objects_v2(Bucket=bucket_of(s)), "s3:ListBucket"),
        ("s3", lambda s, c: c.get_object(Bucket=bucket_of(s), Key="README.txt"), "s3:GetObject"),
        ("s3", lambda s, c: c.head_object(Bucket=bucket_of(s), Key="README.txt"), "s3:GetObject"),
        (
            "sns",
            lambda s, c: c.publish(TopicArn=s.exports["failureTopicArn"], Message="x"),
            "sns:Publish",
        ),
        (
            "sqs",
            lambda s, c: c.receive_message(QueueUrl=s.exports["deadLetterQueueUrl"]),
            "sqs:ReceiveMessage",
        ),
    ],
)
def test_nobody_comes_without_tls_not_even_the_administrator(
    stack: LivingStack, service: str, call: Any, action: str
) -> None:
    client = stack.aws.client(service)
    call(stack, client)
    stack.aws.iam.denials.clear()

    def plainly(request: Any, **_: Any) -> None:
        request.url = request.url.replace("https://", "http://")

    client.meta.events.register_first("before-send", plainly)
    try:
        with pytest.raises(ClientError) as refusal:
            call(stack, client)
    finally:
        client.meta.events.unregister("before-send", plainly)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert list(denied(stack)) == [action]
    assert "RefusePlainText" in str(stack.aws.iam.denials[0])


def bucket_of(stack: LivingStack) -> str:
    return stack.exports["bucketNames"]["files"]


# What services check when something is made


def update_machine(stack: LivingStack) -> None:
    states = stack.aws.client("stepfunctions")
    arn = stack.day.jobs[0].machine_arn
    machine = states.describe_state_machine(stateMachineArn=arn)
    states.update_state_machine(
        stateMachineArn=arn,
        definition=machine["definition"],
        loggingConfiguration=machine["loggingConfiguration"],
    )


@pytest.mark.parametrize(
    ("action", "says"),
    [
        ("events:PutRule", "-runner' is not authorized to create managed-rule."),
        ("events:PutTargets", "-runner' is not authorized to create managed-rule."),
        ("events:DescribeRule", "-runner' is not authorized to create managed-rule."),
        ("logs:CreateLogDelivery", "IAM Role is not authorized to access the Log Destination"),
        ("logs:DescribeLogGroups", "IAM Role is not authorized to access the Log Destination"),
    ],
)
def test_a_machine_is_made_with_a_role_that_can_do_what_it_will_need(
    stack: LivingStack, action: str, says: str
) -> None:
    update_machine(stack)
    with (
        stack.changed(stack.document("role", "-runner"), without(action)),
        pytest.raises(ClientError, match=says),
    ):
        update_machine(stack)


def test_a_machine_is_made_with_a_role_that_trusts_it(stack: LivingStack) -> None:
    change = with_condition("StringEquals", "aws:SourceAccount", "1")
    with (
        stack.changed(stack.document("trust", "-runner"), change),
        pytest.raises(ClientError, match=r"AccessDenied.* states\.amazonaws\.com, nor the region"),
    ):
        update_machine(stack)


def test_a_schedule_is_made_with_a_role_that_trusts_its_group(stack: LivingStack) -> None:
    scheduler = stack.aws.client("scheduler")
    group, name = stack.exports["scheduleGroup"], stack.day.jobs[0].name
    schedule = scheduler.get_schedule(GroupName=group, Name=name)
    wanted = {
        key: schedule[key]
        for key in ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    }
    with (
        stack.changed(
            stack.document("trust", "-scheduler"),
            with_condition("StringEquals", "aws:SourceAccount", "1"),
        ),
        pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume"),
    ):
        scheduler.update_schedule(**wanted)


def test_a_log_group_gets_a_key_that_the_log_service_may_use(stack: LivingStack) -> None:
    logs, key = stack.aws.client("logs"), stack.document("key", "")
    logs.create_log_group(logGroupName="/fargate-batch/prod/one", kmsKeyId=key.owner)
    with pytest.raises(ClientError, match="is not allowed to be used with LogGroup"):
        logs.create_log_group(logGroupName="/another/stack", kmsKeyId=key.owner)
    with (
        stack.changed(key, without_statement("EncryptLogs")),
        pytest.raises(ClientError, match="is not allowed to be used with LogGroup"),
    ):
        logs.create_log_group(logGroupName="/fargate-batch/prod/two", kmsKeyId=key.owner)


# What decisions rest on


def test_what_a_run_rests_on_is_known_part_by_part(stack: LivingStack) -> None:
    stack.aws.iam.used.clear()
    stack.run()
    runner = stack.document("role", "-runner")
    used = {
        (action, grant.conditions)
        for grant in stack.aws.iam.used
        if grant.where == runner
        for action in grant.actions
    }
    assert used == {
        ("ecs:RunTask", (("ArnEquals", "ecs:cluster"),)),
        ("ecs:DescribeTasks", ()),
        ("ecs:TagResource", (("StringEquals", "ecs:CreateAction"),)),
        ("iam:PassRole", (("StringEquals", "iam:PassedToService"),)),
    }


def test_every_document_can_be_read_and_put_back(stack: LivingStack) -> None:
    documents = stack.aws.iam.documents
    for document in documents.all():
        text = documents.read(document)
        assert "Statement" in text
        documents.write(document, text)
        assert json.loads(documents.read(document)) == json.loads(text)
    kinds = {document.kind for document in documents.all()}
    assert kinds == {"trust", "role", "bucket", "topic", "queue", "key", "endpoint"}
