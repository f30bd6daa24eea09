"""Alarms on virtual metrics."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import ROLE, START, Account, anybody_may, policy_of

ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:first"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def topic(account: Account) -> str:
    """A topic that alarms may publish to, with a mailbox."""
    sns = account.aws.client("sns")
    arn: str = sns.create_topic(Name="calls")["TopicArn"]
    policy = policy_of(anybody_may("sns:Publish", arn))
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com")
    return arn


def alarm(account: Account, topic: str, **more: Any) -> None:
    account.aws.client("cloudwatch").put_metric_alarm(
        **{
            "AlarmName": "first",
            "AlarmDescription": "look",
            "Namespace": "Own",
            "MetricName": "Lost",
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [topic],
            **more,
        }
    )


def measure(account: Account, *values: float, **more: Any) -> None:
    account.aws.client("cloudwatch").put_metric_data(
        Namespace="Own", MetricData=[{"MetricName": "Lost", "Values": list(values), **more}]
    )


def state(account: Account) -> str:
    (found,) = account.aws.client("cloudwatch").describe_alarms(AlarmNames=["first"])[
        "MetricAlarms"
    ]
    value: str = found["StateValue"]
    return value


def after(account: Account, minutes: float) -> str:
    account.aws.clock.run_until(account.aws.clock.now() + minutes * MINUTE)
    return state(account)


def test_an_alarm_begins_without_data_and_is_soon_looked_at(account: Account, topic: str) -> None:
    alarm(account, topic)
    assert state(account) == "INSUFFICIENT_DATA"
    assert after(account, 1) == "OK"


def test_one_value_raises_it_and_the_next_period_ends_it(account: Account, topic: str) -> None:
    alarm(account, topic)
    after(account, 2)
    measure(account, 1)
    assert after(account, 1) == "ALARM"
    assert after(account, 1) == "ALARM"
    assert after(account, 6) == "OK"
    (mail,) = account.aws.mail
    assert mail.subject == 'ALARM: "first" in EU (Ireland)'
    assert mail.time == START + 3 * MINUTE
    told = json.loads(mail.text)
    assert (told["OldStateValue"], told["NewStateValue"]) == ("OK", "ALARM")
    assert told["NewStateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoints [1.0 (02/03/26 00:00:00)] was greater "
        "than or equal to the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert told["Trigger"]["Statistic"] == "SUM"
    assert (told["AlarmArn"], told["AlarmActions"]) == (ARN, [topic])


def test_a_change_is_an_event(account: Account, topic: str) -> None:
    events = account.aws.client("events")
    events.put_rule(Name="changes", EventPattern='{"source":["aws.cloudwatch"]}')
    target = {"Id": "queue", "Arn": account.queue("changes")}
    events.put_targets(Rule="changes", Targets=[target])
    alarm(account, topic)
    after(account, 1)
    ((event, _),) = account.letters("changes")
    assert (event["detail-type"], event["resources"]) == ("CloudWatch Alarm State Change", [ARN])
    assert event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert event["detail"]["state"]["value"] == "OK"
    assert event["detail"]["state"]["reason"] == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was "
        "treated as [NonBreaching]."
    )


def test_a_topic_that_does_not_admit_cloudwatch_gets_nothing(account: Account, topic: str) -> None:
    policy = policy_of({**anybody_may("sns:Publish", topic), "Effect": "Deny"})
    account.aws.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=policy
    )
    alarm(account, topic)
    measure(account, 1)
    assert after(account, 1) == "ALARM"
    assert account.aws.mail == []


@pytest.mark.parametrize(
    ("treatment", "expected"),
    [
        ("missing", ["INSUFFICIENT_DATA", "ALARM", "INSUFFICIENT_DATA"]),
        ("ignore", ["INSUFFICIENT_DATA", "ALARM", "ALARM"]),
        ("breaching", ["ALARM", "ALARM", "ALARM"]),
        ("notBreaching", ["OK", "ALARM", "OK"]),
    ],
)
def test_missing_data_is_treated_as_the_alarm_says(
    account: Account, topic: str, treatment: str, expected: list[str]
) -> None:
    alarm(account, topic, TreatMissingData=treatment)
    states = [after(account, 1)]
    measure(account, 1)
    states.append(after(account, 1))
    states.append(after(account, 30))
    assert states == expected


def test_so_many_of_so_many_datapoints_are_needed(account: Account, topic: str) -> None:
    alarm(account, topic, Period=60, EvaluationPeriods=3, DatapointsToAlarm=2)
    measure(account, 1)
    assert after(account, 1) == "OK"
    measure(account, 0)
    assert after(account, 1) == "OK"
    measure(account, 1)
    assert after(account, 1) == "ALARM"


def test_a_run_that_is_missing_is_noticed(account: Account, topic: str) -> None:
    alarm(
        account,
        topic,
        Period=3_600,
        EvaluationPeriods=3,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
    )
    after(account, 1)
    measure(account, 1)
    assert after(account, 1) == "OK"
    assert after(account, 3 * 60) == "OK"
    assert after(account, 60) == "ALARM"


@pytest.mark.parametrize(
    ("statistic", "threshold"),
    [
        ({"Statistic": "Average"}, 2),
        ({"Statistic": "Minimum"}, 1),
        ({"Statistic": "Maximum"}, 3),
        ({"Statistic": "SampleCount"}, 3),
        ({"Statistic": "Sum"}, 6),
        ({"Statistic": None, "ExtendedStatistic": "p50"}, 2),
    ],
)
def test_statistics_are_of_one_period(
    account: Account, topic: str, statistic: dict[str, Any], threshold: float
) -> None:
    own = {name: value for name, value in statistic.items() if value}
    base: dict[str, Any] = {"AlarmName": "above", "Threshold": threshold + 0.1}
    cloudwatch = account.aws.client("cloudwatch")
    alarm(account, topic, **{**own, "Threshold": threshold})
    (made,) = cloudwatch.describe_alarms(AlarmNames=["first"])["MetricAlarms"]
    assert made["Threshold"] == threshold
    alarm(account, topic, **own, **base)
    measure(account, 1, 2, 3)
    assert after(account, 1) == "ALARM"
    (above,) = cloudwatch.describe_alarms(AlarmNames=["above"])["MetricAlarms"]
    assert above["StateValue"] == "OK"


def test_dead_letters_raise_an_alarm_until_the_queue_is_empty(account: Account, topic: str) -> None:
    account.queue("dead")
    alarm(
        account,
        topic,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "dead"}],
        Statistic="Maximum",
    )
    sqs = account.aws.client("sqs")
    url = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="lost")
    assert after(account, 1) == "ALARM"
    assert after(account, 24 * 60) == "ALARM"
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert after(account, 20) == "ALARM"  # nobody deleted it: it came back
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert after(account, 11) == "OK"
    assert len(account.aws.mail) == 1


def test_a_message_that_is_received_or_deleted_late_ends_the_alarm(
    account: Account, topic: str
) -> None:
    account.queue("dead")
    alarm(
        account,
        topic,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "dead"}],
        Statistic="Maximum",
    )
    sqs = account.aws.client("sqs")
    url = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="lost")
    assert after(account, 1) == "ALARM"
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=1_800)["Messages"]
    assert after(account, 11) == "OK"
    assert after(account, 30) == "ALARM"  # nobody deleted it: it came back
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert after(account, 11) == "OK"


def test_a_purged_queue_ends_the_alarm(account: Account, topic: str) -> None:
    account.queue("dead")
    alarm(
        account,
        topic,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "dead"}],
        Statistic="Maximum",
    )
    sqs = account.aws.client("sqs")
    url = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="lost")
    assert after(account, 1) == "ALARM"
    sqs.purge_queue(QueueUrl=url)
    assert after(account, 11) == "OK"


def test_a_failed_execution_is_a_metric(account: Account, topic: str) -> None:
    machine = account.machine({"Fail": {"Type": "Fail", "Error": "e", "Cause": "c"}})
    alarm(
        account,
        topic,
        Namespace="AWS/States",
        MetricName="ExecutionsFailed",
        Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
    )
    after(account, 1)
    account.run(machine)
    assert after(account, 1) == "ALARM"


def added_up(*names: str, expression: str = "SUM([FILL(a, 0), FILL(b, 0)])") -> dict[str, Any]:
    """An alarm on the sum of metrics, in place of one metric."""
    terms = [
        {
            "Id": each,
            "MetricStat": {
                "Metric": {"Namespace": "Own", "MetricName": name},
                "Period": 300,
                "Stat": "Sum",
            },
            "ReturnData": False,
        }
        for each, name in zip("abc", names, strict=False)
    ]
    total = {"Id": "total", "Expression": expression, "Label": "lost", "ReturnData": True}
    return {
        "AlarmName": "first",
        "AlarmDescription": "look",
        "EvaluationPeriods": 1,
        "Threshold": 2,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "Metrics": [total, *terms],
    }


def test_metrics_are_added_up_where_an_alarm_says_so(account: Account, topic: str) -> None:
    cloudwatch = account.aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(**added_up("Lost", "Gone"), AlarmActions=[topic])
    assert after(account, 1) == "OK"
    measure(account, 1)
    assert after(account, 1) == "OK", "one of two"
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "Gone", "Value": 1}])
    assert after(account, 1) == "ALARM"
    assert after(account, 8) == "OK"
    told = json.loads(account.aws.mail[0].text)
    assert [metric["Id"] for metric in told["Trigger"]["Metrics"]] == ["total", "a", "b"]
    assert "MetricName" not in told["Trigger"]


def test_other_metric_math_is_refused_by_name(account: Account) -> None:
    cloudwatch = account.aws.client("cloudwatch")
    with pytest.raises(ClientError, match="Alarm first: only one metric or SUM"):
        cloudwatch.put_metric_alarm(**added_up("Lost", "Gone", expression="a / b"))


def test_how_long_an_execution_took_is_a_metric(account: Account, topic: str) -> None:
    machine = account.machine({"Wait": {"Type": "Wait", "Seconds": 90, "End": True}})
    alarm(
        account,
        topic,
        Namespace="AWS/States",
        MetricName="ExecutionTime",
        Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
        Threshold=90_000,
    )
    account.run(machine)
    assert after(account, 2) == "ALARM"


def test_a_dropped_trigger_is_a_metric_of_its_group(account: Account, topic: str) -> None:
    machine = account.machine({"Done": {"Type": "Succeed"}})
    account.aws.client("scheduler").create_schedule_group(Name="batch")
    account.aws.client("scheduler").create_schedule(
        Name="list",
        GroupName="batch",
        ScheduleExpression="at(2026-03-02T00:10:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE, "Input": "{}"},
    )
    account.aws.schedules.refuse = lambda _name, _attempt: "AccessDeniedException"
    alarm(
        account,
        topic,
        Namespace="AWS/Scheduler",
        MetricName="InvocationDroppedCount",
        Dimensions=[{"Name": "ScheduleGroup", "Value": "batch"}],
    )
    assert after(account, 9) == "OK"
    assert after(account, 2) == "ALARM"


def test_a_state_can_be_set_by_hand(account: Account, topic: str) -> None:
    alarm(account, topic)
    after(account, 1)
    account.aws.client("cloudwatch").set_alarm_state(
        AlarmName="first", StateValue="ALARM", StateReason="a drill"
    )
    assert json.loads(account.aws.mail[0].text)["NewStateReason"] == "a drill"


def test_a_deleted_alarm_and_one_without_actions_are_silent(account: Account, topic: str) -> None:
    alarm(account, topic, ActionsEnabled=False)
    measure(account, 1)
    assert after(account, 1) == "ALARM"
    account.aws.client("cloudwatch").delete_alarms(AlarmNames=["first"])
    measure(account, 1)
    account.aws.clock.run_until(account.aws.clock.now() + 10 * MINUTE)
    assert account.aws.mail == []


def test_a_deleted_alarm_watches_no_more(account: Account, topic: str) -> None:
    alarm(account, topic)
    account.aws.client("cloudwatch").delete_alarms(AlarmNames=["first"])
    measure(account, 1)
    account.aws.clock.run_until(account.aws.clock.now() + 10 * MINUTE)
    assert account.aws.mail == []


def test_a_changed_alarm_keeps_its_state_and_watches_anew(account: Account, topic: str) -> None:
    alarm(account, topic)
    measure(account, 1)
    assert after(account, 1) == "ALARM"
    alarm(account, topic, MetricName="Other")
    assert state(account) == "ALARM"
    assert after(account, 6) == "OK"


def test_alarms_of_other_kinds_are_refused_by_name(account: Account, topic: str) -> None:
    with pytest.raises(ClientError, match="Alarm first: LessThanLowerThreshold is not rehearsed"):
        alarm(account, topic, ComparisonOperator="LessThanLowerThreshold")


def test_what_never_happens_is_never_looked_at_again(account: Account, topic: str) -> None:
    alarm(account, topic, Period=60)
    after(account, 1)
    looks: list[str] = []
    account.aws.alarms._look = lambda _region, name: looks.append(name)  # pyright: ignore[reportPrivateUsage] - counts  # noqa: SLF001 - counts
    after(account, 7 * 24 * 60)
    assert looks == []
