"""The API of Step Functions, by what moto answers otherwise than AWS."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud import EmbeddedAws
from rehearsal.cloud.stepfunctions import executions
from rehearsal.cloud.stepfunctions.checks import DEFINITION_BYTES, problems
from rehearsal.cloud.stepfunctions.registrations import Registration, throttling_warnings
from tests.rehearsal.conftest import ROLE, START, Account, make_roles

_numbers = count()
PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
PREFIX = "arn:aws:states:eu-west-1:123456789012"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with EmbeddedAws(region="eu-west-1", start=START) as aws:
        make_roles(aws)
        yield Account(aws, Path(tmp_path_factory.mktemp("program")))


@pytest.fixture(scope="module")
def sfn(account: Account) -> Any:
    return account.aws.client("stepfunctions")


@pytest.fixture
def name() -> str:
    return f"machine-{next(_numbers)}"


def create(sfn: Any, name: str, definition: Any = None, **more: Any) -> dict[str, Any]:
    text = json.dumps(PASS if definition is None else definition)
    answer: dict[str, Any] = sfn.create_state_machine(
        **{"name": name, "definition": text, "roleArn": ROLE, **more}
    )
    return answer


def passing(comment: str) -> dict[str, Any]:
    return {"Comment": comment, **PASS}


def only(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "S", "States": {"S": state}}


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    said: Any = refused.value.response["Error"]
    code: str = said["Code"]
    return code


# Definitions


@pytest.mark.parametrize(
    ("definition", "kind", "message"),
    [
        ({"StartAt": "S"}, "STANDARD", "These fields are required: [States] at /"),
        (only({"End": True}), "STANDARD", "These fields are required: [Type] at /States/S"),
        (only({"Type": "Task", "End": True}), "STANDARD",
         "These fields are required: [Resource] at /States/S"),
        (only({"Type": "Pass", "Next": "T"}), "STANDARD",
         "MISSING_TRANSITION_TARGET: Missing 'Next' target: T at /States/S/Next"),
        (only({"Type": "Wait", "Timestamp": "2026-01-01T00:00:00", "End": True}), "STANDARD",
         "String does not match RFC3339 timestamp at /States/S/Timestamp"),
        (only({"Type": "Task", "Resource": "arn:aws:states:::dynamodb:query", "End": True}),
         "STANDARD", "The resource provided arn:aws:states:::dynamodb:query is not recognized. The "
         "value is not a valid resource ARN, or the resource is not available in this region. at "
         "/States/S/Resource"),
        (only({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True}),
         "EXPRESS", "Express state machine does not support '.sync' service integration at "
         "/States/S/Resource"),
        (only({"Type": "Pass", "Parameters": {"a.$": "text"}, "End": True}), "STANDARD",
         "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function "
         "call at /States/S/Parameters"),
        (only({"Type": "Parallel", "Branches": [], "End": True}), "STANDARD",
         "Value cannot be empty at /States/S/Branches"),
        ("no object", "STANDARD", "Definition must be a valid JSON object"),
    ],
)  # fmt: skip
def test_a_definition_is_refused_in_the_words_of_aws(
    sfn: Any, name: str, definition: Any, kind: str, message: str
) -> None:
    with pytest.raises(ClientError) as refused:
        create(sfn, name, definition, type=kind)
    assert code_of(refused) == "InvalidDefinition"
    said: Any = refused.value.response["Error"]
    prefix = "" if message.startswith("MISSING") else "SCHEMA_VALIDATION_FAILED: "
    assert said["Message"] == f"Invalid State Machine Definition: '{prefix}{message}'"


def test_a_definition_has_at_most_a_mebibyte() -> None:
    (problem,) = problems(json.dumps(passing("x" * 1_048_576)))
    assert str(problem) == ("SCHEMA_VALIDATION_FAILED: Definition must be at most 1048576 bytes")


def test_what_moto_cannot_read_is_no_definition(sfn: Any, name: str) -> None:
    with pytest.raises(ClientError) as refused:
        create(sfn, name, only({"Type": "Pass", "Nonsense": 1, "End": True}))
    assert code_of(refused) == "InvalidDefinition"


def test_a_definition_is_validated_without_a_machine(sfn: Any) -> None:
    wrong = sfn.validate_state_machine_definition(definition=json.dumps({"StartAt": "S"}))
    assert (wrong["result"], wrong["truncated"]) == ("FAIL", False)
    assert wrong["diagnostics"] == [
        {
            "severity": "ERROR",
            "code": "SCHEMA_VALIDATION_FAILED",
            "message": "These fields are required: [States]",
            "location": "/",
        }
    ]
    right = sfn.validate_state_machine_definition(definition=json.dumps(PASS))
    assert (right["result"], right["diagnostics"]) == ("OK", [])


# Machines


def test_the_same_machine_twice_is_one_and_another_of_its_name_is_refused(
    sfn: Any, name: str
) -> None:
    assert create(sfn, name)["stateMachineArn"] == create(sfn, name)["stateMachineArn"]
    with pytest.raises(ClientError, match=f"State Machine Already Exists: '{PREFIX}") as refused:
        create(sfn, name, passing("other"))
    assert code_of(refused) == "StateMachineAlreadyExists"


def test_a_change_makes_a_revision_and_no_change_keeps_it(sfn: Any, name: str) -> None:
    arn = create(sfn, name)["stateMachineArn"]
    assert "revisionId" not in sfn.describe_state_machine(stateMachineArn=arn)
    first = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(passing("1")))
    again = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(passing("1")))
    assert first["revisionId"] == again["revisionId"]
    other = sfn.update_state_machine(stateMachineArn=arn, roleArn=ROLE.replace("some", "task"))
    assert other["revisionId"] != first["revisionId"]
    with pytest.raises(ClientError, match="MissingRequiredParameter"):
        sfn.update_state_machine(stateMachineArn=arn)
    with pytest.raises(ClientError, match="InvalidDefinition"):
        sfn.update_state_machine(stateMachineArn=arn, definition="{}")


def test_logging_names_one_log_group_that_is_there(sfn: Any, name: str) -> None:
    with pytest.raises(ClientError, match="Must specify exactly one Log Destination"):
        create(sfn, name, loggingConfiguration={"level": "ALL"})
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/none:*"
    destination = {"cloudWatchLogsLogGroup": {"logGroupArn": group}}
    with pytest.raises(ClientError, match="Log Destination not found"):
        create(sfn, name, loggingConfiguration={"level": "ALL", "destinations": [destination]})


def test_a_version_is_published_once_per_revision(sfn: Any, name: str) -> None:
    arn = create(sfn, name, publish=True)["stateMachineArn"]
    publish = sfn.publish_state_machine_version
    assert publish(stateMachineArn=arn)["stateMachineVersionArn"] == f"{arn}:1"
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(passing("2")))
    assert publish(stateMachineArn=arn)["stateMachineVersionArn"] == f"{arn}:2"
    with pytest.raises(ClientError, match="ConflictException"):
        publish(stateMachineArn=arn, revisionId="stale")
    listed = sfn.list_state_machine_versions(stateMachineArn=arn, maxResults=1)
    assert [v["stateMachineVersionArn"] for v in listed["stateMachineVersions"]] == [f"{arn}:2"]
    rest = sfn.list_state_machine_versions(stateMachineArn=arn, nextToken=listed["nextToken"])
    assert [v["stateMachineVersionArn"] for v in rest["stateMachineVersions"]] == [f"{arn}:1"]


def test_a_description_tells_the_revision(sfn: Any, name: str) -> None:
    arn = create(sfn, name)["stateMachineArn"]
    changed = sfn.update_state_machine(stateMachineArn=arn, tracingConfiguration={"enabled": True})
    told = sfn.describe_state_machine(stateMachineArn=arn)
    assert told["revisionId"] == changed["revisionId"]


def test_an_alias_keeps_its_version_and_its_routing(sfn: Any, name: str) -> None:
    arn = create(sfn, name, publish=True)["stateMachineArn"]
    routing = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    make = sfn.create_state_machine_alias
    first = make(name="live", routingConfiguration=routing)
    assert make(name="live", routingConfiguration=routing) | {"ResponseMetadata": 0} == first | {
        "ResponseMetadata": 0
    }
    with pytest.raises(ClientError, match="an alias with the same name and a different routing"):
        make(name="live", routingConfiguration=routing, description="other")
    with pytest.raises(ClientError, match="Routing configuration must contain state machine vers"):
        make(name="no", routingConfiguration=[{"stateMachineVersionArn": arn, "weight": 100}])
    listed = sfn.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"]
    assert [alias["stateMachineAliasArn"] for alias in listed] == [f"{arn}:live"]
    with pytest.raises(ClientError, match=r"Current list of aliases referencing .*: \[live\]"):
        sfn.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    sfn.delete_state_machine_alias(stateMachineAliasArn=f"{arn}:live")
    sfn.delete_state_machine_alias(stateMachineAliasArn=f"{arn}:live")
    with pytest.raises(ClientError, match="Request references a resource that does not exist"):
        sfn.describe_state_machine_alias(stateMachineAliasArn=f"{arn}:live")
    sfn.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    assert not sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]


def test_only_machines_and_activities_are_tagged(sfn: Any, name: str) -> None:
    arn = create(sfn, name, publish=True)["stateMachineArn"]
    tags = [{"key": "k", "value": "v"}]
    sfn.tag_resource(resourceArn=arn, tags=tags)
    with pytest.raises(ClientError, match=f"Resource not found: '{arn}:1'"):
        sfn.tag_resource(resourceArn=f"{arn}:1", tags=tags)


@pytest.mark.parametrize(
    ("operation", "parameter"),
    [
        ("describe_state_machine", "stateMachineArn"),
        ("describe_execution", "executionArn"),
        ("describe_activity", "activityArn"),
        ("publish_state_machine_version", "stateMachineArn"),
    ],
)
def test_what_is_no_arn_is_called_so(sfn: Any, operation: str, parameter: str) -> None:
    with pytest.raises(ClientError, match="Invalid ARN prefix: none") as refused:
        getattr(sfn, operation)(**{parameter: "none"})
    assert code_of(refused) == "InvalidArn"


# Executions


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "Invalid execution input."),
        (
            "not json",
            "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token "
            "'null', 'true' or 'false')",
        ),
        (
            "{'a': 1}",
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
        ),
    ],
)
def test_an_input_is_json(sfn: Any, name: str, text: str, wrong: str) -> None:
    arn = create(sfn, name)["stateMachineArn"]
    with pytest.raises(ClientError) as refused:
        sfn.start_execution(stateMachineArn=arn, input=text)
    said: Any = refused.value.response["Error"]
    assert said["Code"] == "InvalidExecutionInput"
    assert said["Message"] == f"Invalid State Machine Execution Input: '{wrong}'"


def test_an_execution_of_a_version_keeps_its_definition(
    account: Account, sfn: Any, name: str
) -> None:
    state = {"Type": "Pass", "Result": 1, "End": True}
    arn = create(sfn, name, only(state), publish=True)["stateMachineArn"]
    sfn.update_state_machine(
        stateMachineArn=arn, definition=json.dumps(only(state | {"Result": 2}))
    )
    routing = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    sfn.create_state_machine_alias(name="live", routingConfiguration=routing)
    outputs = {
        started: account.aws.wait_for(account.start(started))
        for started in (arn, f"{arn}:1", f"{arn}:live")
    }
    assert [ended["output"] for ended in outputs.values()] == ["2", "1", "1"]
    of_alias = outputs[f"{arn}:live"]
    assert of_alias["stateMachineArn"] == arn
    assert of_alias["stateMachineVersionArn"] == f"{arn}:1"
    assert of_alias["stateMachineAliasArn"] == f"{arn}:live"
    for started, runs in ((arn, 3), (f"{arn}:1", 2), (f"{arn}:live", 1)):
        assert len(sfn.list_executions(stateMachineArn=started)["executions"]) == runs


def test_a_running_execution_keeps_the_definition_that_it_started_with(
    account: Account, sfn: Any, name: str
) -> None:
    states = {
        "W": {"Type": "Wait", "Seconds": 9, "Next": "P"},
        "P": {"Type": "Pass", "Result": 1, "End": True},
    }
    arn = create(sfn, name, {"StartAt": "W", "States": states})["stateMachineArn"]
    running = account.start(arn)
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(PASS))
    assert account.aws.wait_for(running)["output"] == "1"
    described = sfn.describe_state_machine_for_execution(executionArn=running)
    assert json.loads(described["definition"])["States"] == states


def test_an_express_execution_ends_with_its_answer(account: Account, sfn: Any, name: str) -> None:
    told = len(account.aws.events.events)
    states = {
        "W": {"Type": "Wait", "Seconds": 9, "Next": "P"},
        "P": {"Type": "Pass", "End": True},
    }
    arn = create(sfn, name, {"StartAt": "W", "States": states}, type="EXPRESS")["stateMachineArn"]
    answer = sfn.start_sync_execution(stateMachineArn=arn, input='{"a": 1}')
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"a": 1})
    assert answer["stopDate"] - answer["startDate"] == timedelta(seconds=9)
    assert answer["executionArn"].startswith(f"{PREFIX}:express:{name}:")
    assert len(account.aws.events.events) == told
    standard = create(sfn, f"{name}-standard")["stateMachineArn"]
    with pytest.raises(ClientError, match="is not supported by this type of state machine"):
        sfn.start_sync_execution(stateMachineArn=standard)


def test_an_express_execution_takes_five_minutes_at_most(sfn: Any, name: str) -> None:
    waiting = only({"Type": "Wait", "Seconds": 999, "End": True})
    arn = create(sfn, name, waiting, type="EXPRESS")["stateMachineArn"]
    answer = sfn.start_sync_execution(stateMachineArn=arn)
    assert answer["status"] == "TIMED_OUT"
    assert answer["stopDate"] - answer["startDate"] == timedelta(minutes=5)


def test_a_history_is_read_page_by_page_and_backwards(
    account: Account, sfn: Any, name: str
) -> None:
    arn = account.start(create(sfn, name)["stateMachineArn"])
    account.aws.wait_for(arn)
    first = sfn.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=3)
    rest = sfn.get_execution_history(
        executionArn=arn, reverseOrder=True, nextToken=first["nextToken"]
    )
    assert [event["id"] for event in first["events"] + rest["events"]] == [4, 3, 2, 1]
    assert "nextToken" not in rest


def test_an_input_has_at_most_262_144_bytes(sfn: Any, name: str) -> None:
    arn = create(sfn, name)["stateMachineArn"]
    sfn.start_execution(stateMachineArn=arn, input=json.dumps("x" * (executions.INPUT_BYTES - 2)))
    too_long = ("x" * executions.INPUT_BYTES, "€" * (executions.INPUT_BYTES // 3))
    for text, code in zip(too_long, ("ValidationException", "InvalidExecutionInput"), strict=True):
        with pytest.raises(ClientError) as refused:
            sfn.start_execution(stateMachineArn=arn, input=json.dumps(text, ensure_ascii=False))
        assert code_of(refused) == code
        assert len(str(refused.value)) < 300  # the input is not repeated


def test_a_definition_longer_than_a_mebibyte_is_refused(sfn: Any, name: str) -> None:
    with pytest.raises(ClientError, match="'definition' failed to satisfy constraint") as refused:
        create(sfn, name, passing("x" * DEFINITION_BYTES))
    assert code_of(refused) == "ValidationException"


LOOP = {
    "StartAt": "Item",
    "States": {
        "Item": {"Type": "Pass", "Next": "Again"},
        "Again": {"Type": "Wait", "Seconds": 1, "Next": "Item"},
    },
}
EACH_LOOPS = {
    "StartAt": "Each",
    "States": {"Each": {"Type": "Parallel", "Branches": [LOOP, LOOP], "End": True}},
}


@pytest.mark.parametrize("definition", [LOOP, EACH_LOOPS])
def test_the_25_000th_event_of_an_execution_is_its_failure(
    account: Account,
    sfn: Any,
    name: str,
    definition: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(executions, "MOST_EVENTS", 50)  # the rule is the same and takes less time
    arn = account.start(create(sfn, name, definition)["stateMachineArn"])
    ended = account.aws.wait_for(arn)
    assert (ended["status"], ended["error"], ended["cause"]) == (
        "FAILED",
        "States.Runtime",
        "The execution reached the maximum number of history events (50).",
    )
    assert ended["redriveStatusReason"] == "Execution history event limit exceeded"
    events = sfn.get_execution_history(executionArn=arn)["events"]
    assert [event["id"] for event in events] == list(range(1, 51))
    assert events[-1]["type"] == "ExecutionFailed"
    assert events[-1]["previousEventId"] == 49


def test_many_machines_of_one_instant_are_told_to_take_aws_long(account: Account, sfn: Any) -> None:
    def at(operation: str) -> Registration:
        return Registration(operation=operation, at=START)

    counted = {at("CreateStateMachine"): 1_000, at("UpdateStateMachine"): 159}
    assert throttling_warnings(counted) == [
        "AWS would take about 15 min for these 1,000 state machines: it creates 100 at once, then "
        "one a second"
    ]
    account.aws.registrations.clear()
    arn = create(sfn, "counted")["stateMachineArn"]
    sfn.update_state_machine(stateMachineArn=arn, roleArn=ROLE)
    now = account.aws.clock.now()
    assert account.aws.registrations == {
        Registration(operation="CreateStateMachine", at=now): 1,
        Registration(operation="UpdateStateMachine", at=now): 1,
    }


# TestState


def try_out(sfn: Any, state: Any, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = sfn.test_state(definition=json.dumps(state), **more)
    return answer


def task(resource: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", **more}


def test_a_state_is_tried_out(sfn: Any) -> None:
    state = {"Type": "Pass", "Result": {"a": 1}, "Next": "Later"}
    answer = try_out(sfn, state, input="{}")
    assert (answer["status"], answer["nextState"]) == ("SUCCEEDED", "Later")
    assert json.loads(answer["output"]) == {"a": 1}
    answer = try_out(sfn, {"Type": "Fail", "Error": "E", "Cause": "C"})
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "E", "C")


def test_a_state_is_tried_out_with_a_mocked_call(sfn: Any) -> None:
    state = task("sns:publish", Parameters={}, ResultPath="$.sent", End=True)
    answer = try_out(sfn, state, input='{"a": 1}', mock={"result": '{"MessageId": "1"}'})
    assert json.loads(answer["output"]) == {"a": 1, "sent": {"MessageId": "1"}}
    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 5}]
    failing = {"errorOutput": {"error": "E", "cause": "C"}}
    answer = try_out(
        sfn, state | {"Retry": retry}, mock=failing, stateConfiguration={"retrierRetryCount": 4}
    )
    assert answer["status"] == "RETRIABLE"
    details = answer["inspectionData"]["errorDetails"]
    assert details["retryBackoffIntervalSeconds"] == 16
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    answer = try_out(sfn, state | {"Catch": catch}, mock=failing)
    assert (answer["status"], answer["nextState"]) == ("CAUGHT_ERROR", "Caught")


@pytest.mark.parametrize(
    ("state", "more", "message"),
    [
        ({"Type": "Pass", "End": True}, {"mock": {"result": "{}"}},
         "State type 'Pass' is not supported when a mock is specified"),
        (task("sns:publish", End=True), {}, "RoleArn must be specified when testing a Task state"),
        (task("sns:publish", End=True), {"mock": {"result": "{"}},
         "Mocked result must be valid JSON"),
        (task("sns:publish", End=True), {"mock": {"result": '{"MessageId": 1}'}},
         "Mock result schema validation error: Field 'MessageId' must be a string"),
        (task("states:startExecution", End=True), {"mock": {"result": "{}"}},
         "Mock result schema validation error: Required field 'ExecutionArn' is missing"),
        (PASS, {"stateName": "None"}, "State not found in definition"),
    ],
)  # fmt: skip
def test_a_state_is_not_tried_out(
    sfn: Any, state: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError) as refused:
        try_out(sfn, state, **more)
    said: Any = refused.value.response["Error"]
    assert (said["Code"], said["Message"]) == ("ValidationException", message)
