"""EventBridge: status changes, rules, targets and dead letters."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.rehearsal.conftest import ROLE, START, Account, anybody_may, policy_of

DONE = {"Done": {"Type": "Succeed", "Output": {"ok": True}}}
FAIL = {"Fail": {"Type": "Fail", "Error": "JobFailed", "Cause": "because"}}
ENDED = {
    "source": ["aws.states"],
    "detail-type": ["Step Functions Execution Status Change"],
    "detail": {
        "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
        "stateMachineArn": [
            {"prefix": "arn:aws:states:eu-west-1:123456789012:stateMachine:batch-prod--"}
        ],
    },
}


def rule(account: Account, target: dict[str, Any], pattern: dict[str, Any] = ENDED) -> str:
    events = account.aws.client("events")
    arn: str = events.put_rule(Name="ends", EventPattern=json.dumps(pattern))["RuleArn"]
    events.put_targets(Rule="ends", Targets=[{"Id": "target", **target}])
    return arn


def test_the_end_of_a_run_reaches_a_queue_as_aws_tells_it(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")})
    machine = account.machine(DONE, "batch-prod--list")
    ended = account.run(machine, {"a": 1}, name="run-1")
    account.aws.clock.settle()
    ((event, _),) = account.letters("ends")
    assert list(event) == [
        "version", "id", "detail-type", "source", "account", "time", "region", "resources",
        "detail",
    ]  # fmt: skip
    started = round(START.timestamp() * 1_000)
    assert event["source"] == "aws.states"
    assert event["time"] == "2026-03-02T00:00:00Z"
    assert event["resources"] == [ended["executionArn"]]
    assert event["detail"] == {
        "executionArn": ended["executionArn"],
        "stateMachineArn": machine,
        "name": "run-1",
        "status": "SUCCEEDED",
        "startDate": started,
        "stopDate": started,
        "input": '{"a":1}',
        "output": '{"ok":true}',
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "inputDetails": {"included": True},
        "outputDetails": {"included": True},
        "error": None,
        "cause": None,
    }


def test_a_failure_carries_error_and_cause(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")})
    account.run(account.machine(FAIL, "batch-prod--list"))
    account.aws.clock.settle()
    ((event, _),) = account.letters("ends")
    detail = event["detail"]
    assert (detail["status"], detail["error"], detail["cause"]) == (
        "FAILED",
        "JobFailed",
        "because",
    )
    assert (detail["output"], detail["outputDetails"]) == (None, None)
    assert (detail["redriveStatus"], detail["redriveStatusReason"]) == ("REDRIVABLE", None)


def test_the_start_of_a_run_is_told_too(account: Account) -> None:
    pattern = {"detail": {"status": ["RUNNING"]}}
    rule(account, {"Arn": account.queue("starts")}, pattern)
    account.run(account.machine(DONE))
    account.aws.clock.settle()
    ((event, _),) = account.letters("starts")
    assert (event["detail"]["status"], event["detail"]["stopDate"]) == ("RUNNING", None)


def test_timeouts_and_stops_are_told_at_their_instants(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")})
    wait = {"Wait": {"Type": "Wait", "Seconds": 3_600, "End": True}}
    account.start(account.machine(wait, "batch-prod--slow", TimeoutSeconds=60))
    stopped = account.start(account.machine(wait, "batch-prod--stopped"))
    account.aws.clock.run_until(START + timedelta(seconds=30))
    account.aws.client("stepfunctions").stop_execution(executionArn=stopped)
    account.aws.clock.run_until(START + timedelta(minutes=10))
    told = {event["detail"]["status"]: event["time"] for event, _ in account.letters("ends")}
    assert told == {"ABORTED": "2026-03-02T00:00:30Z", "TIMED_OUT": "2026-03-02T00:01:00Z"}


def test_data_too_large_for_an_event_is_left_out(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")})
    big = {"Big": {"Type": "Pass", "Output": "{% $pad('', 254000, 'x') %}", "End": True}}
    account.run(account.machine(big, "batch-prod--big"))
    account.aws.clock.settle()
    ((event, _),) = account.letters("ends")
    assert (
        event["detail"]["inputDetails"] == event["detail"]["outputDetails"] == {"included": False}
    )
    assert (event["detail"]["input"], event["detail"]["output"]) == (None, None)


def test_a_machine_of_another_prefix_does_not_match(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")})
    account.run(account.machine(DONE, "batch-dev--list"))
    account.aws.clock.settle()
    assert account.letters("ends") == []


def test_a_disabled_rule_is_silent(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")})
    account.aws.client("events").disable_rule(Name="ends")
    account.run(account.machine(DONE, "batch-prod--list"))
    account.aws.clock.settle()
    assert account.letters("ends") == []


def test_a_machine_is_started_with_the_event(account: Account) -> None:
    notifier = account.machine({"Keep": {"Type": "Succeed"}}, "notifier")
    rule(account, {"Arn": notifier, "RoleArn": ROLE})
    account.run(account.machine(DONE, "batch-prod--list"))
    account.aws.clock.settle()
    sfn = account.aws.client("stepfunctions")
    (started,) = sfn.list_executions(stateMachineArn=notifier)["executions"]
    described = sfn.describe_execution(executionArn=started["executionArn"])
    assert json.loads(described["input"])["detail"]["status"] == "SUCCEEDED"


def test_a_topic_gets_the_event_as_compact_json(account: Account) -> None:
    sns = account.aws.client("sns")
    topic = sns.create_topic(Name="ends")["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=policy_of(anybody_may("sns:Publish", topic)),
    )
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    rule(account, {"Arn": topic})
    account.run(account.machine(DONE, "batch-prod--list"))
    account.aws.clock.settle()
    (mail,) = account.aws.mail
    assert mail.text.startswith('{"version":"0","id":"')


def test_constant_input_takes_the_place_of_the_event(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends"), "Input": '{"constant": 1}'})
    account.run(account.machine(DONE, "batch-prod--list"))
    account.aws.clock.settle()
    assert account.letters("ends")[0][0] == {"constant": 1}


def test_what_cannot_be_delivered_becomes_a_dead_letter(account: Account) -> None:
    nowhere = "arn:aws:states:eu-west-1:123456789012:stateMachine:nowhere"
    queue = account.queue("dead")
    arn = rule(account, {"Arn": nowhere, "RoleArn": ROLE, "DeadLetterConfig": {"Arn": queue}})
    account.run(account.machine(DONE, "batch-prod--list"))
    account.aws.clock.settle()
    ((event, attributes),) = account.letters("dead")
    assert event["detail"]["name"]
    assert attributes["RULE_ARN"] == arn
    assert attributes["TARGET_ARN"] == nowhere
    assert attributes["ERROR_CODE"] == "NO_RESOURCE"


def test_events_of_ones_own_reach_the_same_targets(account: Account) -> None:
    notifier = account.machine({"Keep": {"Type": "Succeed"}}, "notifier")
    rule(account, {"Arn": notifier, "RoleArn": ROLE}, {"source": ["own"]})
    account.aws.client("events").put_events(
        Entries=[{"Source": "own", "DetailType": "x", "Detail": "{}"}]
    )
    account.aws.clock.settle()
    sfn = account.aws.client("stepfunctions")
    assert len(sfn.list_executions(stateMachineArn=notifier)["executions"]) == 1


def put(account: Account, detail: Any, bus: str = "default", **more: Any) -> None:
    entry = {"Source": "own", "DetailType": "x", "Detail": json.dumps(detail), **more}
    account.aws.client("events").put_events(Entries=[{**entry, "EventBusName": bus}])
    account.aws.clock.settle()


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ('"<name> of <thing>"', '"a of {b:[1,c]}"'),
        ('{"n": <name>, "t": <thing>}', '{"n": "a", "t": {"b":[1,"c"]}}'),
        ('{"n": "<name>"}', '{"n": "a"}'),
        ('{"m": <missing>, "n": "<missing>"}', '{"m": "", "n": ""}'),
        ('{"r": "<aws.events.rule-name>"}', '{"r": "ends"}'),
        ('{"e": <aws.events.event.ingestion-time>}', '{"e": "2026-03-02T00:00:00Z"}'),
        ('"<name>"\n"<other>"', '"a"\n"<other>"'),
    ],
)
def test_a_template_is_filled_with_the_traps_of_its_quotes(
    account: Account, template: str, made: str
) -> None:
    paths = {"name": "$.detail.name", "thing": "$.detail.thing", "missing": "$.detail.missing"}
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    target = {"Arn": account.queue("ends"), "InputTransformer": transformer}
    rule(account, target, {"source": ["own"]})
    put(account, {"name": "a", "thing": {"b": [1, "c"]}})
    sqs = account.aws.client("sqs")
    url = sqs.get_queue_url(QueueName="ends")["QueueUrl"]
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == made


def test_a_template_that_makes_no_json_becomes_a_dead_letter(account: Account) -> None:
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"n": "<n>"}'}
    dead = {"Arn": account.queue("dead")}
    target = {"Arn": account.queue("ends"), "InputTransformer": transformer}
    rule(account, {**target, "DeadLetterConfig": dead}, {"source": ["own"]})
    put(account, {"n": 'a "quoted" word'})
    assert account.letters("ends") == []
    assert account.letters("dead")[0][1]["ERROR_CODE"] == "SDK_CLIENT_ERROR"


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ("$.detail.items[1]", 2),
        ("$.detail['items']", [1, 2]),
        ("$.detail.all[*].n", [1, 2]),
        ("$.detail.no", None),
        ("$.detail", {"items": [1, 2], "all": [{"n": 1}, {"n": 2}]}),
    ],
)
def test_a_path_takes_a_part_of_the_event(account: Account, path: str, made: Any) -> None:
    rule(account, {"Arn": account.queue("ends"), "InputPath": path}, {"source": ["own"]})
    put(account, {"items": [1, 2], "all": [{"n": 1}, {"n": 2}]})
    assert account.letters("ends")[0][0] == made


def test_a_passing_refusal_is_tried_again_and_then_buried(account: Account) -> None:
    policy = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3_600}
    target = {"Arn": account.queue("ends"), "DeadLetterConfig": {"Arn": account.queue("dead")}}
    rule(account, {**target, "RetryPolicy": policy}, {"source": ["own"]})
    account.aws.events.refuse = lambda _rule, _target, attempt: (
        "ThrottlingException" if attempt < 3 else None
    )
    put(account, {})
    account.aws.clock.run_until(START + timedelta(minutes=1))
    assert len(account.letters("ends")) == 1
    account.aws.events.refuse = lambda _rule, _target, _attempt: "ThrottlingException"
    put(account, {})
    account.aws.clock.run_until(START + timedelta(minutes=2))
    ((_, attributes),) = account.letters("dead")
    assert attributes["ERROR_CODE"] == "THROTTLING"
    assert attributes["RETRY_ATTEMPTS"] == "2"
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"


def test_an_event_too_old_to_be_tried_again_is_buried(account: Account) -> None:
    policy = {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 60}
    target = {"Arn": account.queue("ends"), "DeadLetterConfig": {"Arn": account.queue("dead")}}
    rule(account, {**target, "RetryPolicy": policy}, {"source": ["own"]})
    account.aws.events.refuse = lambda _rule, _target, _attempt: "InternalServerException"
    put(account, {})
    account.aws.clock.run_until(START + timedelta(minutes=2))
    ((_, attributes),) = account.letters("dead")
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert attributes["RETRY_ATTEMPTS"] == "5"


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("rate(2 hours)", ["02:00", "04:00"]),
        ("cron(30 1,3 * * ? *)", ["01:30", "03:30"]),
    ],
)
def test_a_rule_with_a_schedule_fires_on_the_clock(
    account: Account, expression: str, times: list[str]
) -> None:
    events = account.aws.client("events")
    arn = events.put_rule(Name="tick", ScheduleExpression=expression)["RuleArn"]
    events.put_targets(Rule="tick", Targets=[{"Id": "queue", "Arn": account.queue("ticks")}])
    account.aws.clock.run_until(START + timedelta(hours=5))
    told = [event for event, _ in account.letters("ticks")]
    assert [event["time"][11:16] for event in told] == times
    assert told[0]["detail-type"] == "Scheduled Event"
    assert (told[0]["source"], told[0]["resources"], told[0]["detail"]) == ("aws.events", [arn], {})


def test_a_schedule_pauses_while_its_rule_is_disabled_and_ends_with_it(account: Account) -> None:
    events = account.aws.client("events")
    events.put_rule(Name="tick", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="tick", Targets=[{"Id": "queue", "Arn": account.queue("ticks")}])
    events.disable_rule(Name="tick")
    account.aws.clock.run_until(START + timedelta(hours=3))
    assert account.letters("ticks") == []
    events.enable_rule(Name="tick")
    account.aws.clock.run_until(START + timedelta(hours=4))
    assert [event["time"] for event, _ in account.letters("ticks")] == ["2026-03-02T04:00:00Z"]
    events.remove_targets(Rule="tick", Ids=["queue"])
    events.delete_rule(Name="tick")
    account.aws.clock.run_until(START + timedelta(hours=6))
    assert [event["time"] for event, _ in account.letters("ticks")] == ["2026-03-02T04:00:00Z"]


def test_another_bus_gets_the_event_as_it_is(account: Account) -> None:
    events = account.aws.client("events")
    bus = events.create_event_bus(Name="other")["EventBusArn"]
    rule(account, {"Arn": bus, "RoleArn": ROLE}, {"source": ["own"]})
    events.put_rule(Name="far", EventBusName="other", EventPattern='{"detail":{"n":[1]}}')
    target = {"Id": "queue", "Arn": account.queue("far")}
    events.put_targets(Rule="far", EventBusName="other", Targets=[target])
    put(account, {"n": 1})
    put(account, {"n": 2})
    assert [event["detail"] for event, _ in account.letters("far")] == [{"n": 1}]


def test_an_event_for_a_bus_that_is_not_there_is_lost(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")}, {"source": ["own"]})
    put(account, {}, bus="nowhere")
    assert account.letters("ends") == []


def test_a_log_group_gets_the_event(account: Account) -> None:
    logs = account.aws.client("logs")
    logs.create_log_group(logGroupName="/aws/events/all")
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/events/all"
    logs.put_resource_policy(
        policyName="events", policyDocument=policy_of(anybody_may("logs:*", f"{arn}*"))
    )
    rule(account, {"Arn": arn}, {"source": ["own"]})
    put(account, {"n": 1})
    (stream,) = logs.describe_log_streams(logGroupName="/aws/events/all")["logStreams"]
    (line,) = logs.get_log_events(
        logGroupName="/aws/events/all", logStreamName=stream["logStreamName"]
    )["events"]
    assert json.loads(line["message"])["detail"] == {"n": 1}


def test_a_target_of_an_unknown_kind_is_an_error_by_name(account: Account) -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:f"
    rule(account, {"Arn": arn}, {"source": ["own"]})
    with pytest.raises((NotImplementedError, KeyError), match="lambda"):
        put(account, {})


def test_the_time_of_an_entry_is_the_time_of_its_event(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")}, {"source": ["own"]})
    put(account, {}, Time=START - timedelta(days=1))
    assert account.letters("ends")[0][0]["time"] == "2026-03-01T00:00:00Z"


def test_deliveries_are_counted(account: Account) -> None:
    rule(account, {"Arn": account.queue("ends")}, {"source": ["own"]})
    account.aws.events.refuse = lambda _rule, _target, _attempt: "AccessDeniedException"
    put(account, {})
    counted = account.aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="FailedInvocations",
        Dimensions=[{"Name": "RuleName", "Value": "ends"}],
        StartTime=START - timedelta(minutes=1),
        EndTime=START + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )
    assert [point["Sum"] for point in counted["Datapoints"]] == [1]


def test_the_states_of_a_task_are_events(account: Account) -> None:
    rule(account, {"Arn": account.queue("tasks")}, {"detail-type": ["ECS Task State Change"]})
    account.task_definition()
    ended = account.ended_task()
    account.aws.clock.settle()
    told = [event for event, _ in account.letters("tasks")]
    assert [event["detail"]["lastStatus"] for event in told] == ["RUNNING", "STOPPED"]
    assert told[1]["source"] == "aws.ecs"
    assert told[1]["resources"] == [ended["taskArn"]]
    assert told[1]["detail"]["containers"][0]["exitCode"] == 0
    assert told[1]["detail"]["stoppedAt"].endswith("Z")
