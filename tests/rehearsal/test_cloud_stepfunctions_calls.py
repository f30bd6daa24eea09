"""What tasks call, get and fail with, by what goes wrong in moto without its repair."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud import EmbeddedAws
from rehearsal.cloud.clock import ClockThread
from tests.rehearsal.conftest import ROLE, START, Account, make_roles

_numbers = count()


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with EmbeddedAws(region="eu-west-1", start=START) as aws:
        make_roles(aws)
        yield Account(aws, Path(tmp_path_factory.mktemp("program")))


@pytest.fixture
def queue(account: Account) -> str:
    arn = account.queue(f"queue-{next(_numbers)}")
    return f"https://sqs.eu-west-1.amazonaws.com/123456789012/{arn.rsplit(':', 1)[-1]}"


def states_of(*states: dict[str, Any]) -> dict[str, Any]:
    names = [f"S{at}" for at in range(len(states))]
    ends: list[dict[str, Any]] = [{"Next": name} for name in names[1:]] + [{"End": True}]
    terminal = ("Choice", "Fail", "Succeed")
    return {
        name: state if state["Type"] in terminal or "Next" in state else {**end, **state}
        for name, state, end in zip(names, states, ends, strict=True)
    }


def machine(account: Account, *states: dict[str, Any], **more: Any) -> str:
    """A JSONPath machine."""
    made = states_of(*states)
    return account.machine_of({"StartAt": "S0", "States": made, **more}, name=f"m-{next(_numbers)}")


def run(account: Account, *states: dict[str, Any], given: Any = None) -> dict[str, Any]:
    return account.run(machine(account, *states), given)


def sdk(action: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    resource = f"arn:aws:states:::aws-sdk:{action}"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **more}


def call(action: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    resource = f"arn:aws:states:::{action}"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **more}


def outcome(output: Any, **more: Any) -> dict[str, Any]:
    return {"Type": "Pass", "Parameters": output, **more}


# Calls


def test_an_optimized_call_tells_how_its_answer_came(account: Account, queue: str) -> None:
    output = run(account, call("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": "x"}))
    assert output["output"]["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert output["output"]["SdkResponseMetadata"]["RequestId"]
    assert list(output["output"]) == sorted(output["output"])


def test_every_optimized_integration_tells_it(account: Account) -> None:
    topic = account.aws.client("sns").create_topic(Name="told")["TopicArn"]
    account.aws.client("dynamodb").create_table(
        TableName="told",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    child = machine(account, outcome({}))
    for task in (
        call("sns:publish", {"TopicArn": topic, "Message": "x"}),
        call("dynamodb:getItem", {"TableName": "told", "Key": {"a": {"S": "x"}}}),
        call("states:startExecution", {"StateMachineArn": child}),
        call("events:putEvents", {"Entries": [{"Source": "s", "DetailType": "t", "Detail": "{}"}]}),
    ):
        assert run(account, task)["output"]["SdkHttpMetadata"]["HttpStatusCode"] == 200


def test_an_sdk_call_does_not(account: Account, queue: str) -> None:
    output = run(account, sdk("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": "x"}))
    assert not {"SdkHttpMetadata", "ResponseMetadata"} & set(output["output"])


def test_members_are_spelled_as_the_sdk_for_java_names_them(account: Account) -> None:
    secret = sdk("secretsmanager:createSecret", {"Name": "spelled", "SecretString": "x"})
    assert "Arn" in run(account, secret)["output"]
    account.aws.client("s3").create_bucket(
        Bucket="spelled", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    put = sdk("s3:putObject", {"Bucket": "spelled", "Key": "k", "Body": "x"})
    assert run(account, put)["output"].keys() >= {"ChecksumCRC32", "ETag"}


def test_an_object_as_text_is_compact_json(account: Account, queue: str) -> None:
    body = {"a": [1, "two"]}
    run(account, call("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": body}))
    (message,) = account.aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert message["Body"] == '{"a":[1,"two"]}'


def test_null_is_no_member_and_what_is_missing_is_refused_by_the_service(
    account: Account, queue: str
) -> None:
    task = call("sqs:sendMessage", {"QueueUrl": queue, "MessageBody.$": "$.nothing"})
    ended = run(account, task, given={"nothing": None})
    assert ended["error"] == "SQS.AmazonSQSException"
    assert ended["cause"].startswith("The request must contain the parameter MessageBody. (")
    ended = run(account, sdk("dynamodb:putItem", {"TableName": "/table", "Item": {}}))
    assert "at 'tableName' failed to satisfy constraint: Member must satisfy" in ended["cause"]
    task = sdk("dynamodb:putItem", {"TableName": "table", "Item.$": "$.nothing"})
    ended = run(account, task, given={"nothing": None})
    assert ended["error"] == "DynamoDb.DynamoDbException"
    assert ended["cause"].startswith(
        "1 validation error detected: Value null at 'item' failed to satisfy constraint: "
        "Member must not be null ("
    )


def test_an_object_comes_encrypted_and_without_a_checksum_nobody_asked_for(
    account: Account,
) -> None:
    s3 = account.aws.client("s3")
    s3.create_bucket(Bucket="read", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    answer = s3.put_object(Bucket="read", Key="k", Body=b"text")
    assert (answer["ServerSideEncryption"], answer["ChecksumType"]) == ("AES256", "FULL_OBJECT")
    output = run(account, sdk("s3:getObject", {"Bucket": "read", "Key": "k"}))["output"]
    assert (output["Body"], output["ServerSideEncryption"]) == ("text", "AES256")
    assert "ChecksumCRC32" not in output


def test_a_secret_has_a_proper_name(account: Account) -> None:
    with pytest.raises(ClientError, match="Must be a valid name containing"):
        account.aws.client("secretsmanager").create_secret(Name="two words", SecretString="x")


# Errors


@pytest.mark.parametrize(
    ("task", "error", "cause"),
    [
        (
            sdk("s3:listObjects", {"Bucket": "no-such-bucket"}),
            "S3.NoSuchBucketException",
            "The specified bucket does not exist (Service: S3, Status Code: 404, Request ID: ",
        ),
        (
            sdk("sfn:sendTaskSuccess", {"TaskToken": "none", "Output": "{}"}),
            "Sfn.InvalidTokenException",
            "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: ",
        ),
        (
            call("states:startExecution", {"StateMachineArn": "arn:aws:states:eu-west-1:"
                                           "123456789012:stateMachine:none"}),
            "StepFunctions.StateMachineDoesNotExistException",
            "State Machine Does Not Exist: 'arn:aws:states:eu-west-1:123456789012:stateMachine:"
            "none' (Service: AWSStepFunctions; Status Code: 400; Error Code: "
            "StateMachineDoesNotExist; Request ID: ",
        ),
        (
            call("states:startExecution", {}),
            "StepFunctions.ValidationException",
            "1 validation error detected: Value null at 'stateMachineArn' failed to satisfy ",
        ),
        (
            call("dynamodb:getItem", {"TableName": "none"}),
            "DynamoDB.AmazonDynamoDBException",
            "1 validation error detected: Value null at 'key' failed to satisfy constraint: "
            "Member must not be null (Service: AmazonDynamoDBv2; Status Code: 400; ",
        ),
        (
            call("events:putEvents", {}),
            "EventBridge.AmazonEventBridgeException",
            "1 validation error detected: Value null at 'entries' failed to satisfy constraint: "
            "Member must not be null (Service: AmazonEventBridge; Status Code: 400; ",
        ),
    ],
)  # fmt: skip
def test_a_refused_call_is_named_as_aws_names_it(
    account: Account, task: dict[str, Any], error: str, cause: str
) -> None:
    ended = run(account, task)
    assert ended["error"] == error
    assert ended["cause"].startswith(cause)


def test_states_task_failed_catches_what_a_service_refuses(account: Account) -> None:
    catch = [{"ErrorEquals": ["States.TaskFailed"], "Next": "S1"}]
    task = sdk("s3:listObjects", {"Bucket": "no-such-bucket"}, Catch=catch)
    ended = run(account, task, outcome({"caught.$": "$.Error"}))
    assert ended["output"] == {"caught": "S3.NoSuchBucketException"}


def test_a_parallel_state_keeps_that_no_error_was_said(account: Account, queue: str) -> None:
    body = {"TaskToken.$": "$$.Task.Token"}
    wait = call("sqs:sendMessage.waitForTaskToken", {"QueueUrl": queue, "MessageBody": body})
    both: dict[str, Any] = {
        "Type": "Parallel",
        "Branches": [{"StartAt": "W", "States": {"W": wait | {"End": True}}}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "S1"}],
    }
    arn = account.start(machine(account, both, {"Type": "Pass"}))
    account.aws.client("stepfunctions").send_task_failure(taskToken=token_in(account, queue))
    ended = account.aws.wait_for(arn)
    assert json.loads(ended["output"]) == {"Error": None, "Cause": None}


# Tokens


def token_in(account: Account, queue: str) -> str:
    account.aws.clock.settle()
    (message,) = account.aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    token: str = json.loads(message["Body"])["TaskToken"]
    return token


def waiting(account: Account, queue: str, **more: Any) -> str:
    body = {"TaskToken.$": "$$.Task.Token"}
    parameters = {"QueueUrl": queue, "MessageBody": body}
    task = call("sqs:sendMessage.waitForTaskToken", parameters, **more)
    return account.start(machine(account, task))


def test_a_failure_by_token_keeps_its_cause(account: Account, queue: str) -> None:
    arn = waiting(account, queue)
    account.aws.client("stepfunctions").send_task_failure(
        taskToken=token_in(account, queue), error="Mine", cause="because"
    )
    ended = account.aws.wait_for(arn)
    assert (ended["error"], ended["cause"]) == ("Mine", "because")


def test_an_output_by_token_is_json(account: Account, queue: str) -> None:
    arn = waiting(account, queue)
    sfn, token = account.aws.client("stepfunctions"), token_in(account, queue)
    with pytest.raises(ClientError, match="InvalidOutput"):
        sfn.send_task_success(taskToken=token, output="no json")
    sfn.send_task_success(taskToken=token, output="1")
    assert account.aws.wait_for(arn)["output"] == "1"
    with pytest.raises(ClientError, match="Provided task does not exist anymore"):
        sfn.send_task_success(taskToken=token, output="2")


def test_a_missed_heartbeat_is_a_timeout(account: Account, queue: str) -> None:
    begin = account.aws.clock.now()
    arn = waiting(account, queue, HeartbeatSeconds=30)
    token = token_in(account, queue)
    account.aws.clock.run_until(begin + timedelta(seconds=20))
    account.aws.client("stepfunctions").send_task_heartbeat(taskToken=token)
    ended = account.aws.wait_for(arn)
    assert (ended["error"], ended["stopDate"]) == ("States.Timeout", begin + timedelta(seconds=50))
    assert "cause" not in ended


def test_a_task_that_beats_has_no_timeout_unless_it_is_told(account: Account, queue: str) -> None:
    begin = account.aws.clock.now()
    arn = waiting(account, queue, HeartbeatSeconds=100)
    ended = account.aws.wait_for(arn)
    assert ended["stopDate"] == begin + timedelta(seconds=100)


def test_a_task_that_waits_for_a_token_ends_when_it_is_stopped(
    account: Account, queue: str
) -> None:
    arn = waiting(account, queue)
    token = token_in(account, queue)
    account.aws.client("stepfunctions").stop_execution(executionArn=arn)
    assert account.aws.wait_for(arn)["status"] == "ABORTED"
    with pytest.raises(ClientError, match="Provided task does not exist anymore"):
        account.aws.client("stepfunctions").send_task_heartbeat(taskToken=token)


# Activities


@pytest.fixture
def activity(account: Account) -> str:
    answer = account.aws.client("stepfunctions").create_activity(name=f"a-{next(_numbers)}")
    arn: str = answer["activityArn"]
    return arn


def work(activity: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": activity, **more}


def test_a_worker_fetches_a_task_and_ends_it(account: Account, activity: str) -> None:
    arn = account.start(machine(account, work(activity)), {"n": 1})
    account.aws.clock.settle()
    sfn = account.aws.client("stepfunctions")
    task = sfn.get_activity_task(activityArn=activity, workerName="me")
    assert task["input"] == '{"n":1}'
    sfn.send_task_success(taskToken=task["taskToken"], output='"done"')
    assert account.aws.wait_for(arn)["output"] == '"done"'
    events = account.history(arn)
    assert [event["type"] for event in events][2:5] == [
        "ActivityScheduled", "ActivityStarted", "ActivitySucceeded",
    ]  # fmt: skip
    assert events[3]["activityStartedEventDetails"] == {"workerName": "me"}


def test_the_same_activity_is_made_once(account: Account, activity: str) -> None:
    name = activity.rsplit(":", 1)[-1]
    again = account.aws.client("stepfunctions").create_activity(name=name)
    assert again["activityArn"] == activity


def test_a_worker_waits_a_minute_for_a_task(account: Account, activity: str) -> None:
    got: list[Any] = []

    def poll() -> None:
        answer = account.aws.client("stepfunctions").get_activity_task(activityArn=activity)
        got.append((answer.get("taskToken"), account.aws.clock.now()))

    begin = account.aws.clock.now()
    ClockThread(account.aws.clock, target=poll, name="worker").start()
    account.aws.clock.run_until(begin + timedelta(minutes=5))
    assert got == [(None, begin + timedelta(seconds=60))]


def test_a_worker_does_not_wait_for_time_that_its_own_process_holds(
    account: Account, activity: str
) -> None:
    clock, got = account.aws.clock, list[Any]()

    def poll() -> None:
        clock.process_started()
        answer = account.aws.client("stepfunctions").get_activity_task(activityArn=activity)
        clock.process_ended()
        got.append(answer.get("taskToken"))

    clock.soon(poll)
    clock.settle()
    assert got == [None]


def test_an_activity_task_times_out(account: Account, activity: str) -> None:
    arn = account.start(machine(account, work(activity, TimeoutSeconds=5)))
    ended = account.aws.wait_for(arn)
    assert ended["error"] == "States.Timeout"
    assert ended["stopDate"] - ended["startDate"] == timedelta(seconds=5)
    assert [event["type"] for event in account.history(arn)][-2:] == [
        "ActivityTimedOut", "ExecutionFailed",
    ]  # fmt: skip


def test_a_failed_activity_task_has_error_and_cause(account: Account, activity: str) -> None:
    arn = account.start(machine(account, work(activity)))
    account.aws.clock.settle()
    sfn = account.aws.client("stepfunctions")
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    sfn.send_task_failure(taskToken=token, error="E", cause="C")
    ended = account.aws.wait_for(arn)
    assert (ended["error"], ended["cause"]) == ("E", "C")


def test_a_deleted_activity_is_an_uncaught_error(account: Account, activity: str) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "S1"}]
    made = machine(account, work(activity, Catch=catch, Next="S1"), {"Type": "Succeed"})
    account.aws.client("stepfunctions").delete_activity(activityArn=activity)
    ended = account.run(made)
    assert ended["error"] == "States.Runtime"
    assert ended["cause"].endswith(f"The activity {activity} does not exist.")
    with pytest.raises(ClientError, match=f"Activity Does Not Exist: '{activity}'"):
        account.aws.client("stepfunctions").describe_activity(activityArn=activity)


# Templates, definitions, expressions


def test_members_of_a_template_come_in_the_order_of_aws(account: Account) -> None:
    template = {"b.$": "$.x", "static": 1, "a.$": "$.x", "AaAa.$": "$.x", "last": 2}
    output = account.aws.wait_for(account.start(machine(account, outcome(template)), {"x": 0}))[
        "output"
    ]
    assert list(json.loads(output)) == ["static", "last", "a", "b", "AaAa"]


def test_members_of_merged_objects_come_in_the_order_of_aws(account: Account) -> None:
    template = {"merged.$": "States.JsonMerge($.one, $.other, false)"}
    given = {"one": {"b": 1, "AaAa": 2}, "other": {"a": 3}}
    merged = run(account, outcome(template), given=given)["output"]["merged"]
    assert list(merged) == ["a", "b", "AaAa"]


def test_a_text_in_a_variable_loses_its_escapes(account: Account) -> None:
    said = 'she said "no"\n'
    first = {"Type": "Pass", "Assign": {"said": said}}
    assert run(account, first, outcome({"said.$": "$said"}))["output"] == {"said": said}


def test_a_text_of_a_template_is_read_as_json(account: Account) -> None:
    state = {"Type": "Pass", "Output": {"said": "and/or"}, "End": True}
    definition = {"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": state}}
    made = account.aws.client("stepfunctions").create_state_machine(
        name=f"m-{next(_numbers)}",
        definition=json.dumps(definition).replace("/", r"\/"),
        roleArn=ROLE,
    )
    assert account.run(made["stateMachineArn"])["output"] == {"said": "and/or"}


def test_a_refused_definition_does_not_spoil_the_next(account: Account) -> None:
    wrong = {"Type": "Pass", "QueryLanguage": "JSONata", "Parameters": {}}
    with pytest.raises(ClientError, match="InvalidDefinition"):
        machine(account, wrong, QueryLanguage="JSONata")
    assert run(account, outcome({"x.$": "$.x"}), given={"x": 1})["output"] == {"x": 1}


def jsonata(account: Account, state: dict[str, Any], given: Any = None) -> dict[str, Any]:
    made = account.machine({"Only": state}, name=f"m-{next(_numbers)}")
    return account.run(made, given)


@pytest.mark.parametrize(
    ("state", "field"),
    [
        ({"Type": "Pass", "Output": {"a": {"b": "{% $no %}"}}, "End": True}, "Output/a/b"),
        ({"Type": "Pass", "Assign": {"v": "{% $no %}"}, "End": True}, "Assign/v"),
        ({"Type": "Wait", "Seconds": "{% $no %}", "End": True}, "Seconds"),
    ],
)
def test_a_failed_expression_is_told_with_its_field(
    account: Account, state: dict[str, Any], field: str
) -> None:
    arn = account.start(account.machine({"Only": state}, name=f"m-{next(_numbers)}"))
    assert account.aws.wait_for(arn)["cause"] == (
        "An error occurred while executing the state 'Only' (entered at the event id #2). The "
        f"JSONata expression '$no' specified for the field '{field}' returned nothing (undefined)."
    )
    (told,) = [event for event in account.history(arn) if event["type"] == "EvaluationFailed"]
    details = told["evaluationFailedEventDetails"]
    assert (details["location"], details["state"]) == (field, "Only")


def list_queues(**fields: Any) -> dict[str, Any]:
    resource = "arn:aws:states:::aws-sdk:sqs:listQueues"
    return {"Type": "Task", "Resource": resource, "End": True, **fields}


PASS_EACH = {
    "ProcessorConfig": {"Mode": "INLINE"},
    "StartAt": "P",
    "States": {"P": {"Type": "Pass", "End": True}},
}


@pytest.mark.parametrize(
    ("state", "field"),
    [
        (list_queues(TimeoutSeconds="{% $no %}"), "TimeoutSeconds"),
        (list_queues(Arguments={"MaxResults": "{% $no %}"}), "Arguments/MaxResults"),
        (
            {"Type": "Map", "Items": "{% $no %}", "ItemProcessor": PASS_EACH, "End": True},
            "Items",
        ),
    ],
)
def test_the_cause_names_the_field_of_a_task_and_of_a_map(
    account: Account, state: dict[str, Any], field: str
) -> None:
    assert jsonata(account, state)["cause"].endswith(
        f"'$no' specified for the field '{field}' returned nothing (undefined)."
    )


def test_a_range_of_one_number_is_that_number(account: Account) -> None:
    state = {"Type": "Pass", "Output": "{% $range(1, 9, 9) %}", "End": True}
    assert jsonata(account, state)["output"] == "1"


def test_a_wait_takes_a_timestamp_with_an_offset(account: Account) -> None:
    until = account.aws.clock.now() + timedelta(hours=1)
    text = until.strftime("%Y-%m-%dT%H:%M:%S") + "+00:00"
    state = {"Type": "Wait", "Timestamp": "{% $states.input %}", "End": True}
    fixed = {**state, "Timestamp": text}
    assert jsonata(account, state, text)["stopDate"] == until.replace(microsecond=0)
    assert jsonata(account, fixed)["status"] == "SUCCEEDED"
    ended = jsonata(account, state, "2026-13-01T00:00:00Z")
    assert ended["error"] == "States.QueryEvaluationError"


def test_a_map_tells_what_is_no_list(account: Account) -> None:
    state = {"Type": "Map", "ItemProcessor": PASS_EACH, "End": True}
    ended = jsonata(account, state, {"a": 1})
    assert ended["cause"].endswith('Map state input must be an array but was: {"a":1}')


def test_the_context_tells_of_redrives_and_entering(account: Account) -> None:
    output = run(account, outcome({"c.$": "$$"}))["output"]["c"]
    assert list(output["Execution"]) == [
        "Id", "Input", "StartTime", "Name", "RoleArn", "RedriveCount",
    ]  # fmt: skip
    assert list(output["State"]) == ["Name", "EnteredTime"]


def test_eventbridge_is_called_by_the_name_that_its_integration_has(account: Account) -> None:
    events: Any = account.aws.client("events")
    events.put_rule(Name="paused", ScheduleExpression="rate(1 day)", State="DISABLED")
    said = run(account, sdk("eventbridge:enableRule", {"Name": "paused"}))
    assert said["status"] == "SUCCEEDED"
    assert events.describe_rule(Name="paused")["State"] == "ENABLED"
