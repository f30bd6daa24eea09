"""Each repair of moto's interpreter, by what goes wrong without it."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud import EmbeddedAws, Played
from tests.rehearsal.conftest import ROLE, START, Account, make_roles

DONE: dict[str, Any] = {"Type": "Succeed"}


def wait(seconds: Any) -> dict[str, Any]:
    return {"Type": "Wait", "Seconds": seconds, "End": True}


def task(resource: str, arguments: Any, **more: Any) -> dict[str, Any]:
    ends = {} if "Next" in more else {"End": True}
    return {"Type": "Task", "Resource": resource, "Arguments": arguments, **ends, **more}


def caught(error: str = "States.ALL") -> dict[str, Any]:
    return {
        "Catch": [{"ErrorEquals": [error], "Output": "{% $states.errorOutput %}", "Next": "Done"}]
    }


def run_task_state(account: Account, **more: Any) -> dict[str, Any]:
    return task(
        "arn:aws:states:::ecs:runTask.sync",
        {
            "Cluster": account.cluster,
            "TaskDefinition": "task",
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "Subnets": [account.subnet_id],
                    "SecurityGroups": [account.security_group_id],
                }
            },
        },
        **more,
    )


def evaluate(account: Account, expression: str, given: Any = None) -> Any:
    machine = account.machine(
        {"Only": {"Type": "Pass", "Output": {"is": f"{{% {expression} %}}"}, "End": True}},
        name=f"machine-{crc32(expression.encode())}",
    )
    ended = account.run(machine, given)
    return ended["output"]["is"] if "output" in ended else (ended["error"], ended["cause"])


# Time


def test_a_wait_takes_virtual_time(account: Account) -> None:
    ended = account.run(account.machine({"Wait": wait(86_400)}))
    assert ended["startDate"] == START
    assert ended["stopDate"] == START + timedelta(days=1)


def test_a_wait_takes_its_seconds_from_an_expression(account: Account) -> None:
    ended = account.run(account.machine({"Wait": wait("{% $states.input.s %}")}), {"s": 90})
    assert ended["stopDate"] - ended["startDate"] == timedelta(seconds=90)


def test_a_wait_until_an_instant_ends_at_it(account: Account) -> None:
    machine = account.machine(
        {"Wait": {"Type": "Wait", "Timestamp": "2026-03-02T06:30:00Z", "End": True}}
    )
    assert account.run(machine)["stopDate"] == START + timedelta(hours=6, minutes=30)


def test_an_expression_knows_what_time_it_is_each_time_it_is_evaluated(account: Account) -> None:
    machine = account.machine(
        {
            "Before": {"Type": "Pass", "Output": "{% 1 + 1 %}", "Next": "Wait"},
            "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Now"},
            "Now": {"Type": "Pass", "Output": "{% $now() & ' ' & $millis() %}", "End": True},
        }
    )
    for minute in (1, 2):  # the second time, no expression is compiled any more
        instant = START + timedelta(minutes=minute)
        said = f"{instant:%Y-%m-%dT%H:%M:%S}.000Z {int(instant.timestamp() * 1_000)}"
        assert account.run(machine)["output"] == json.dumps(said)


def test_history_carries_virtual_times(account: Account) -> None:
    arn = account.start(account.machine({"Wait": wait(60)}))
    account.aws.wait_for(arn)
    times = [event["timestamp"] - START for event in account.history(arn)]
    assert times == [timedelta(0)] * 2 + [timedelta(seconds=60)] * 2


def test_a_state_times_out_in_virtual_time(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(hangs=True)
    ended = account.run(account.machine({"Run": run_task_state(account, TimeoutSeconds=900)}))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")
    assert ended["stopDate"] == START + timedelta(seconds=900)


def test_a_machine_times_out_in_virtual_time(account: Account) -> None:
    ended = account.run(account.machine({"Wait": wait(3_600)}, TimeoutSeconds=60))
    assert ended["status"] == "TIMED_OUT"
    assert ended["stopDate"] == START + timedelta(seconds=60)
    assert "error" not in ended


def test_jitter_is_the_same_in_every_rehearsal(tmp_path: Path) -> None:
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 9_000, "MaxAttempts": 1}
    missing = task("arn:aws:states:::aws-sdk:s3:listObjects", {"Bucket": "no-such-bucket"})
    missing |= {"Retry": [{**retry, "JitterStrategy": "FULL"}]}
    ends: list[datetime] = []
    for _ in range(2):
        with EmbeddedAws(region="eu-west-1", start=START) as aws:
            make_roles(aws)
            account = Account(aws, tmp_path)
            ends.append(account.run(account.machine({"Call": missing}))["stopDate"])
    assert START < ends[0] == ends[1]


def test_retry_delays_take_virtual_time(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(seconds=10, killed=(1, ""))
    retry = [
        {
            "ErrorEquals": ["States.TaskFailed"],
            "IntervalSeconds": 60,
            "BackoffRate": 2,
            "MaxAttempts": 2,
        }
    ]
    ended = account.run(account.machine({"Run": run_task_state(account, Retry=retry)}))
    assert ended["stopDate"] - START == timedelta(seconds=10 + 60 + 10 + 120 + 10)


def test_jitter_is_the_same_in_every_run(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(seconds=10, killed=(1, ""))
    retry = [
        {
            "ErrorEquals": ["States.TaskFailed"],
            "IntervalSeconds": 100,
            "MaxAttempts": 1,
            "JitterStrategy": "FULL",
        }
    ]
    ended = account.run(account.machine({"Run": run_task_state(account, Retry=retry)}))
    assert (ended["stopDate"] - START).total_seconds() == pytest.approx(20 + 84.442)


def test_a_parallel_state_waits_for_its_longest_branch(account: Account) -> None:
    branches = [{"StartAt": "W", "States": {"W": wait(seconds)}} for seconds in (60, 300, 120)]
    machine = account.machine({"All": {"Type": "Parallel", "Branches": branches, "End": True}})
    assert account.run(machine)["stopDate"] == START + timedelta(seconds=300)


def test_an_inline_map_waits_for_its_items(account: Account) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "W",
        "States": {"W": wait("{% $states.input %}")},
    }
    machine = account.machine(
        {
            "Each": {
                "Type": "Map",
                "Items": "{% $states.input.waits %}",
                "MaxConcurrency": 1,
                "ItemProcessor": processor,
                "End": True,
            }
        }
    )
    ended = account.run(machine, {"waits": [60, 30, 10]})
    assert ended["stopDate"] == START + timedelta(seconds=100)
    assert ended["output"] == [60, 30, 10]


def test_the_definition_of_a_running_execution_is_not_parsed_again(account: Account) -> None:
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    machine = account.machine({"Done": DONE})
    parse: Any = AmazonStateLanguageParser.parse
    misses = parse.cache_info().misses
    account.run(machine)
    assert parse.cache_info().misses == misses


def history_of(definition: dict[str, Any]) -> list[dict[str, Any]]:
    with EmbeddedAws(region="eu-west-1", start=START) as aws:
        make_roles(aws)
        sfn = aws.client("stepfunctions")
        machine = sfn.create_state_machine(
            name="the-same", definition=json.dumps(definition), roleArn=ROLE
        )["stateMachineArn"]
        arn = sfn.start_execution(stateMachineArn=machine, name="run")["executionArn"]
        aws.wait_for(arn)
        events: list[dict[str, Any]] = sfn.get_execution_history(executionArn=arn)["events"]
        return events


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads interrupt each other all the time, as they otherwise do on a busy machine."""
    seconds = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(seconds)


@pytest.mark.usefixtures("hasty_threads")
def test_two_runs_of_the_same_have_the_same_history() -> None:
    names = [f"variable{number}" for number in range(9, 0, -1)]
    step = {"StartAt": "Wait", "States": {"Wait": wait(1)}}
    items = {"Items": list(range(9)), "MaxConcurrency": 3, "ItemProcessor": step, "End": True}
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Assign",
        "States": {
            "Assign": {"Type": "Pass", "Assign": dict.fromkeys(names, 1), "Next": "Branches"},
            "Branches": {"Type": "Parallel", "Branches": [step] * 9, "Next": "Items"},
            "Items": {"Type": "Map", **items},
        },
    }
    history = history_of(definition)
    assert history == history_of(definition)
    (assigned,) = (
        event["stateExitedEventDetails"]["assignedVariables"]
        for event in history
        if event["type"] == "PassStateExited"
    )
    assert list(assigned) == sorted(names)  # a set's order is another in each process


# JSONata


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$states.input.n + 1", 4),
        ("$parse('{\"a\": [1]}')", {"a": [1]}),
        ("$range(1, 7, 3)", [1, 4, 7]),
        ("$partition([1, 2, 3], 2)", [[1, 2], [3]]),
        (
            "$hash('a', 'SHA-256')",
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        ),
        ("$now()", "2026-03-02T00:00:00.000Z"),
        ("$states.input.nothing", None),
        ("$states.input.quoted", 'say "no"'),
    ],
)
def test_an_expression_gives(account: Account, expression: str, value: Any) -> None:
    given = {"n": 3, "nothing": None, "quoted": 'say "no"'}
    assert evaluate(account, expression, given) == value


def test_a_variable_with_quotes_in_it_stays_as_it_is(account: Account) -> None:
    machine = account.machine(
        {
            "Set": {"Type": "Pass", "Assign": {"said": "{% $states.input.said %}"}, "Next": "Get"},
            "Get": {"Type": "Pass", "Output": {"said": "{% $said %}"}, "End": True},
        }
    )
    given = {"said": 'she said "no"\n'}
    assert account.run(machine, given)["output"] == given


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        ("$states.input.missing", "returned nothing (undefined)"),
        ("function($x) { $x }", "unsupported result type"),
        ("1 + 'a'", "failed"),
        ("$eval('1')", "Step Functions has no $eval"),
    ],
)
def test_an_expression_fails_with(account: Account, expression: str, cause: str) -> None:
    error, said = evaluate(account, expression)
    assert error == "States.QueryEvaluationError"
    assert cause in said


def test_a_failed_expression_of_a_task_is_caught(account: Account) -> None:
    machine = account.machine(
        {
            "Run": task(
                "arn:aws:states:::sqs:sendMessage",
                {"QueueUrl": "{% $states.input.missing %}", "MessageBody": "x"},
                **caught("States.QueryEvaluationError"),
            ),
            "Done": DONE,
        }
    )
    assert account.run(machine)["output"]["Error"] == "States.QueryEvaluationError"


def test_a_choice_assigns_variables(account: Account) -> None:
    machine = account.machine(
        {
            "Which?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": "{% $states.input.n > 1 %}",
                        "Assign": {"size": "many"},
                        "Next": "Say",
                    }
                ],
                "Assign": {"size": "few"},
                "Default": "Say",
            },
            "Say": {"Type": "Succeed", "Output": "{% $size %}"},
        }
    )
    assert account.run(machine, {"n": 0})["output"] == '"few"'


def test_a_catch_assigns_variables(account: Account) -> None:
    account.task_definition()
    account.write_program("raise SystemExit(7)")
    catch = [
        {
            "ErrorEquals": ["States.TaskFailed"],
            "Assign": {"code": "{% $parse($states.errorOutput.Cause).Containers[0].ExitCode %}"},
            "Next": "Say",
        }
    ]
    machine = account.machine(
        {
            "Run": run_task_state(account, Catch=catch),
            "Say": {"Type": "Succeed", "Output": "{% $code %}"},
        }
    )
    assert account.run(machine)["output"] == "7"


def test_dates_of_the_context_are_text(account: Account) -> None:
    assert evaluate(account, "$states.context.Execution.StartTime") == "2026-03-02T00:00:00.000Z"
    assert evaluate(account, "$states.context.State.EnteredTime") == "2026-03-02T00:00:00.000Z"


# Tasks


def test_a_task_that_succeeds_gives_the_task_as_aws_does(account: Account) -> None:
    account.task_definition()
    output = account.run(account.machine({"Run": run_task_state(account)}))["output"]
    assert set(output) >= {
        "Attachments", "Attributes", "AvailabilityZone", "ClusterArn", "Connectivity",
        "ConnectivityAt", "Containers", "Cpu", "CreatedAt", "DesiredStatus",
        "EnableExecuteCommand", "EphemeralStorage", "ExecutionStoppedAt", "Group", "LastStatus",
        "LaunchType", "Memory", "Overrides", "PlatformVersion", "PullStartedAt", "PullStoppedAt",
        "StartedAt", "StartedBy", "StopCode", "StoppedAt", "StoppedReason", "StoppingAt",
        "TaskArn", "TaskDefinitionArn", "Version",
    }  # fmt: skip
    assert output["StopCode"] == "EssentialContainerExited"
    assert output["StoppedReason"] == "Essential container in task exited"
    assert output["StartedBy"] == "AWS Step Functions"
    assert (output["Cpu"], output["Memory"]) == ("256", "512")
    assert output["Containers"][0]["ExitCode"] == 0
    started = round(START.timestamp() * 1_000)
    assert (output["StartedAt"], output["StoppedAt"]) == (started, started + 20_000)


def test_a_task_that_fails_has_the_task_for_its_cause(account: Account) -> None:
    account.task_definition()
    account.write_program("raise SystemExit(3)")
    ended = account.run(account.machine({"Run": run_task_state(account)}))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert ended["cause"]["Containers"][0]["ExitCode"] == 3
    assert ended["cause"]["StopCode"] == "EssentialContainerExited"


def test_a_task_that_never_started_has_neither_exit_code_nor_start(account: Account) -> None:
    account.task_definition(image="example.com/unknown:1")
    ended = account.run(account.machine({"Run": run_task_state(account)}))
    cause = ended["cause"]
    assert ended["error"] == "States.TaskFailed"
    assert cause["StopCode"] == "TaskFailedToStart"
    assert cause["StoppedReason"].startswith("CannotPullContainerError: ")
    assert not {"StartedAt", "PullStartedAt", "PullStoppedAt"} & set(cause)
    assert not {"ExitCode", "Reason"} & set(cause["Containers"][0])


def test_the_history_of_a_task_is_that_of_aws(account: Account) -> None:
    account.task_definition()
    arn = account.start(account.machine({"Run": run_task_state(account)}))
    account.aws.wait_for(arn)
    assert [event["type"] for event in account.history(arn)] == [
        "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted",
        "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded",
    ]  # fmt: skip


def test_a_task_that_times_out_is_stopped(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(hangs=True)
    arn = account.start(account.machine({"Run": run_task_state(account, TimeoutSeconds=60)}))
    account.aws.wait_for(arn)
    account.aws.clock.settle()
    (task_arn,) = account.aws.client("ecs").list_tasks(cluster="batch")["taskArns"]
    stopped = account.task(task_arn)
    assert (stopped["stopCode"], stopped["lastStatus"]) == ("UserInitiated", "STOPPED")
    assert stopped["containers"][0]["exitCode"] == 143
    types = [event["type"] for event in account.history(arn)]
    assert types[-2:] == ["TaskTimedOut", "ExecutionFailed"]
    assert "TaskSucceeded" not in types


def test_a_task_of_an_aborted_run_is_stopped(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(hangs=True)
    arn = account.start(account.machine({"Run": run_task_state(account, **caught()), "Done": DONE}))
    account.aws.clock.run_until(START + timedelta(minutes=5))
    sfn = account.aws.client("stepfunctions")
    sfn.stop_execution(executionArn=arn, error="Enough", cause="of this")
    assert account.aws.wait_for(arn)["status"] == "ABORTED"
    account.aws.clock.settle()
    (task_arn,) = account.aws.client("ecs").list_tasks(cluster="batch")["taskArns"]
    assert account.task(task_arn)["stoppedAt"] == START + timedelta(minutes=5)


def test_a_second_attempt_does_not_time_out_at_once(account: Account) -> None:
    account.task_definition()
    plays = iter([Played(killed=(1, "")), Played()])
    account.aws.play = lambda _: next(plays)
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]
    machine = account.machine({"Run": run_task_state(account, Retry=retry, TimeoutSeconds=600)})
    assert account.run(machine)["status"] == "SUCCEEDED"


def test_runtask_failures_are_an_ecs_exception_with_the_reason(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(refused="Capacity is unavailable at this time")
    ended = account.run(account.machine({"Run": run_task_state(account)}))
    assert ended["error"] == "ECS.AmazonECSException"
    assert ended["cause"] == "Capacity is unavailable at this time"


def test_a_token_ends_a_sync_task(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(hangs=True)
    state = run_task_state(account)
    state["Arguments"]["Overrides"] = {
        "ContainerOverrides": [
            {
                "Name": "main",
                "Environment": [{"Name": "T", "Value": "{% $states.context.Task.Token %}"}],
            }
        ]
    }
    arn = account.start(account.machine({"Run": state}))
    account.aws.clock.settle()
    (task_arn,) = account.aws.client("ecs").list_tasks(cluster="batch")["taskArns"]
    override = account.task(task_arn)["overrides"]["containerOverrides"][0]
    account.aws.client("stepfunctions").send_task_success(
        taskToken=override["environment"][0]["value"], output='"done"'
    )
    assert account.aws.wait_for(arn)["output"] == '"done"'


def test_a_machine_waits_for_another(account: Account) -> None:
    child = account.machine({"Wait": wait(120)}, "child")
    parent = account.machine(
        {
            "Child": task(
                "arn:aws:states:::states:startExecution.sync:2", {"StateMachineArn": child}
            )
        },
        "parent",
    )
    ended = account.run(parent)
    assert ended["stopDate"] == START + timedelta(seconds=120)
    assert ended["output"]["Status"] == "SUCCEEDED"


def test_a_failed_child_fails_its_parent_with_its_description(account: Account) -> None:
    child = account.machine({"Fail": {"Type": "Fail", "Error": "E", "Cause": "because"}}, "child")
    parent = account.machine(
        {"Child": task("arn:aws:states:::states:startExecution.sync", {"StateMachineArn": child})},
        "parent",
    )
    ended = account.run(parent)
    assert ended["error"] == "States.TaskFailed"
    assert (ended["cause"]["Error"], ended["cause"]["Status"]) == ("E", "FAILED")


# Errors


def refusals(account: Account) -> dict[str, Callable[[], dict[str, Any]]]:
    nowhere = "arn:aws:states:eu-west-1:123456789012:stateMachine:nowhere"
    return {
        "ECS.ClientException": lambda: run_task_state(account),
        "ECS.ClusterNotFoundException": lambda: task(
            "arn:aws:states:::ecs:runTask.sync",
            {"Cluster": "nowhere", "TaskDefinition": account.task_definition()},
        ),
        "StepFunctions.StateMachineDoesNotExistException": lambda: task(
            "arn:aws:states:::states:startExecution", {"StateMachineArn": nowhere}
        ),
        "SNS.NotFoundException": lambda: task(
            "arn:aws:states:::sns:publish",
            {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:nowhere", "Message": "x"},
        ),
        "Sfn.StateMachineDoesNotExistException": lambda: task(
            "arn:aws:states:::aws-sdk:sfn:listExecutions", {"StateMachineArn": nowhere}
        ),
        "Sfn.ExecutionDoesNotExistException": lambda: task(
            "arn:aws:states:::aws-sdk:sfn:stopExecution",
            {"ExecutionArn": nowhere.replace("stateMachine", "execution") + ":x"},
        ),
    }


@pytest.mark.parametrize(
    "name",
    [
        "ECS.ClientException",
        "ECS.ClusterNotFoundException",
        "StepFunctions.StateMachineDoesNotExistException",
        "SNS.NotFoundException",
        "Sfn.StateMachineDoesNotExistException",
        "Sfn.ExecutionDoesNotExistException",
    ],
)
def test_a_refused_call_is_named_as_on_aws(account: Account, name: str) -> None:
    state = refusals(account)[name]() | caught("States.TaskFailed")
    output = account.run(account.machine({"Call": state, "Done": DONE}))["output"]
    assert output["Error"] == name


def test_an_unknown_code_is_the_base_exception_of_the_service(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.task_definition()

    def throttle(**_: Any) -> None:
        answer: Any = {
            "Error": {"Code": "Odd", "Message": "odd"},
            "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "r"},
        }
        raise ClientError(answer, "RunTask")

    monkeypatch.setattr(account.aws.client("ecs", role=ROLE), "run_task", throttle)
    ended = account.run(account.machine({"Run": run_task_state(account)}))
    assert ended["error"] == "ECS.AmazonECSException"
    assert ended["cause"] == (
        "odd (Service: AmazonECS; Status Code: 400; Error Code: Odd; Request ID: r; Proxy: null)"
    )


def test_a_second_execution_of_one_name_is_refused_by_name(account: Account) -> None:
    child = account.machine({"Done": DONE}, "child")
    account.run(child, name="once")
    state = task(
        "arn:aws:states:::states:startExecution",
        {"StateMachineArn": child, "Name": "once"},
        **caught("StepFunctions.ExecutionAlreadyExistsException"),
    )
    output = account.run(account.machine({"Start": state, "Done": DONE}))["output"]
    assert output["Error"] == "StepFunctions.ExecutionAlreadyExistsException"


@pytest.mark.parametrize("name", ["States.ALL", "States.Runtime"])
def test_a_runtime_error_is_not_caught(account: Account, name: str) -> None:
    definition = {
        "StartAt": "Call",
        "States": {
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution",
                "Parameters": {"StateMachineArn.$": "$.missing"},
                "Catch": [{"ErrorEquals": [name], "Next": "Done"}],
                "End": True,
            },
            "Done": DONE,
        },
    }
    ended = account.run(account.machine_of(definition))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")


def test_too_large_a_result_is_caught(account: Account) -> None:
    child = account.machine(
        {"Big": {"Type": "Pass", "Output": "{% $pad('', 200000, 'x') %}", "End": True}}, "child"
    )
    arn = account.start(child)
    account.aws.wait_for(arn)
    machine = account.machine(
        {
            "Describe": task(
                "arn:aws:states:::states:startExecution.sync",
                {"StateMachineArn": child, "Input": {"x": "{% $pad('', 100000, 'x') %}"}},
                **caught(),
            ),
            "Done": DONE,
        }
    )
    assert account.run(machine)["output"]["Error"] == "States.DataLimitExceeded"


# Calls


def test_a_machine_calls_with_its_role(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    roles: list[str | None] = []
    client = account.aws.client

    def note(service: str, region: str | None = None, *, role: str | None = None) -> Any:
        roles.append(role)
        return client(service, region, role=role)

    child = account.machine({"Done": DONE}, "child")
    machine = account.machine(
        {
            "List": task(
                "arn:aws:states:::aws-sdk:sfn:listExecutions",
                {"StateMachineArn": child, "StatusFilter": "RUNNING"},
            )
        }
    )
    arn = account.start(machine)
    monkeypatch.setattr(account.aws, "client", note)
    account.aws.clock.settle()
    account.run(machine)
    assert ROLE in roles
    assert account.aws.end_of(arn).is_set()


def test_an_sdk_call_lists_executions_with_dates_as_text(account: Account) -> None:
    child = account.machine({"Wait": wait(600)}, "child")
    account.start(child, name="long")
    machine = account.machine(
        {
            "List": task(
                "arn:aws:states:::aws-sdk:sfn:listExecutions",
                {"StateMachineArn": child, "StatusFilter": "RUNNING"},
            )
        }
    )
    (execution,) = account.run(machine)["output"]["Executions"]
    assert execution["Name"] == "long"
    assert execution["StartDate"] == "2026-03-02T00:00:00.000Z"


def test_an_sdk_call_stops_an_execution_with_error_and_cause(account: Account) -> None:
    child = account.machine({"Wait": wait(600)}, "child")
    arn = account.start(child)
    account.run(
        account.machine(
            {
                "Stop": task(
                    "arn:aws:states:::aws-sdk:sfn:stopExecution",
                    {"ExecutionArn": arn, "Error": "JobReplaced", "Cause": "by a newer one"},
                )
            }
        )
    )
    stopped = account.aws.wait_for(arn)
    assert stopped["status"] == "ABORTED"
    assert (stopped["error"], stopped["cause"]) == ("JobReplaced", "by a newer one")
    assert stopped["stopDate"] == START


def test_a_run_that_waits_for_a_retry_ends_when_it_is_stopped(account: Account) -> None:
    account.task_definition()
    account.aws.play = lambda _: Played(seconds=10, killed=(1, ""))
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3_600, "MaxAttempts": 1}]
    arn = account.start(account.machine({"Run": run_task_state(account, Retry=retry)}))
    account.aws.clock.run_until(START + timedelta(minutes=10))
    account.aws.client("stepfunctions").stop_execution(executionArn=arn)
    stopped = account.aws.wait_for(arn)
    assert (stopped["status"], stopped["stopDate"]) == ("ABORTED", START + timedelta(minutes=10))


def test_an_object_as_input_arrives_as_json(account: Account) -> None:
    child = account.machine({"Done": DONE}, "child")
    machine = account.machine(
        {
            "Start": task(
                "arn:aws:states:::states:startExecution",
                {"StateMachineArn": child, "Name": "given", "Input": {"a": [1]}},
            )
        }
    )
    arn = account.run(machine)["output"]["ExecutionArn"]
    described = account.aws.client("stepfunctions").describe_execution(executionArn=arn)
    assert json.loads(described["input"]) == {"a": [1]}


def test_a_message_as_an_object_is_sent_as_json(account: Account) -> None:
    account.queue("letters")
    url = account.aws.client("sqs").get_queue_url(QueueName="letters")["QueueUrl"]
    account.run(
        account.machine(
            {
                "Send": task(
                    "arn:aws:states:::sqs:sendMessage",
                    {"QueueUrl": url, "MessageBody": {"problem": "none"}},
                )
            }
        )
    )
    assert account.letters("letters")[0][0] == {"problem": "none"}


# API


def test_an_execution_without_a_name_gets_one_of_its_own(account: Account) -> None:
    machine = account.machine({"Done": DONE})
    names = {account.run(machine)["name"] for _ in range(2)}
    assert len(names) == 2
    assert "None" not in names


def test_the_same_start_again_while_it_runs_is_the_same_run(account: Account) -> None:
    machine = account.machine({"Wait": wait(60)})
    first = account.start(machine, {"a": 1}, name="run")
    assert account.start(machine, {"a": 1}, name="run") == first


def test_another_input_under_a_running_name_is_refused(account: Account) -> None:
    machine = account.machine({"Wait": wait(60)})
    first = account.start(machine, {"a": 1}, name="run")
    with pytest.raises(ClientError, match=f"Execution Already Exists: '{first}'"):
        account.start(machine, {"a": 2}, name="run")


def test_a_closed_name_is_refused_for_90_days(account: Account) -> None:
    machine = account.machine({"Done": DONE})
    account.run(machine, name="run")
    account.aws.clock.run_until(START + timedelta(days=89))
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        account.start(machine, name="run")
    account.aws.clock.run_until(START + timedelta(days=90))
    assert account.run(machine, name="run")["status"] == "SUCCEEDED"


def test_stopping_answers_when_it_stopped(account: Account) -> None:
    arn = account.start(account.machine({"Wait": wait(600)}))
    account.aws.clock.run_until(START + timedelta(minutes=1))
    answer = account.aws.client("stepfunctions").stop_execution(executionArn=arn)
    assert answer["stopDate"] == START + timedelta(minutes=1)


def test_a_timed_out_run_is_described_and_listed_with_its_end(account: Account) -> None:
    machine = account.machine({"Wait": wait(600)}, TimeoutSeconds=60)
    ended = account.run(machine)
    (listed,) = account.aws.client("stepfunctions").list_executions(stateMachineArn=machine)[
        "executions"
    ]
    assert ended["stopDate"] == listed["stopDate"] == START + timedelta(seconds=60)
    assert ended["redriveStatus"] == "REDRIVABLE"


def test_logging_is_accepted(account: Account) -> None:
    account.aws.client("logs").create_log_group(logGroupName="/batch")
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/batch:*"
    answer = account.aws.client("stepfunctions").create_state_machine(
        name="logged",
        definition=json.dumps({"StartAt": "Done", "States": {"Done": DONE}}),
        roleArn=ROLE,
        loggingConfiguration={
            "level": "ERROR",
            "includeExecutionData": True,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
        },
    )
    assert account.run(answer["stateMachineArn"])["status"] == "SUCCEEDED"


def test_an_sdk_call_describes_an_execution(account: Account) -> None:
    child = account.machine({"Done": DONE}, "child")
    arn = account.run(child, {"a": 1})["executionArn"]
    machine = account.machine(
        {"Describe": task("arn:aws:states:::aws-sdk:sfn:describeExecution", {"ExecutionArn": arn})}
    )
    output = account.run(machine)["output"]
    assert (output["Status"], json.loads(output["Input"])) == ("SUCCEEDED", {"a": 1})
    assert output["InputDetails"] == {"Included": True}


@pytest.mark.parametrize("kind", ["Map", "Parallel"])
def test_a_stop_ends_what_runs_inside_a_state(account: Account, kind: str) -> None:
    inner = {"StartAt": "W", "States": {"W": wait(3_600)}}
    state: dict[str, Any] = {"Type": kind, "End": True}
    if kind == "Map":
        state |= {
            "Items": [1, 2, 3],
            "MaxConcurrency": 2,
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **inner},
        }
    else:
        state |= {"Branches": [inner, inner]}
    arn = account.start(account.machine({"All": state}))
    account.aws.clock.run_until(START + timedelta(minutes=1))
    account.aws.client("stepfunctions").stop_execution(executionArn=arn)
    stopped = account.aws.wait_for(arn)
    assert (stopped["status"], stopped["stopDate"]) == ("ABORTED", START + timedelta(minutes=1))


def test_a_failed_branch_fails_the_state_while_others_wait(account: Account) -> None:
    fails = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}}
    waits = {"StartAt": "W", "States": {"W": wait(3_600)}}
    machine = account.machine(
        {"All": {"Type": "Parallel", "Branches": [waits, fails], "End": True}}
    )
    ended = account.run(machine)
    assert (ended["error"], ended["cause"], ended["stopDate"]) == ("E", "c", START)


def test_an_inline_map_fails_with_its_item(account: Account) -> None:
    inner = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}}
    state = {
        "Type": "Map",
        "Items": [1, 2],
        "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **inner},
        "End": True,
    }
    assert account.run(account.machine({"Each": state}))["error"] == "E"
