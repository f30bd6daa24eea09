import json
from typing import Any

import pulumi_aws as aws
import pytest

from components.channel_webhook import Webhook
from components.job_notifier import JobNotifier, JobNotifierArgs, NamedChannel, SlackChannels
from tests.components.naming import KEY_ARN, LOG_DESTINATION, NAMES
from tests.deploying import Deployment, deploy

SLACK = SlackChannels(
    workspace_id="T0123ABCD", success_channel_id="C0AAAAAAA", failure_channel_id="C0BBBBBBB"
)
GIVEN: dict[str, Any] = {
    "names": NAMES,
    "slack": SLACK,
    "emails": ["a@example.com", "b@example.com"],
    "key_arn": KEY_ARN,
    "execution_log_destination": LOG_DESTINATION,
    "tracing": False,
}
SUCCESS = "arn:aws:mock:ap-northeast-1:123456789012:Topic/notifier-success"
FAILURE = "arn:aws:mock:ap-northeast-1:123456789012:Topic/notifier-failure"


def notifier(**changed: Any) -> Deployment:
    return deploy(lambda: JobNotifier("notifier", JobNotifierArgs(**(GIVEN | changed))))


def test_the_rule_hears_of_every_end_of_this_stacks_jobs_and_of_nothing_else() -> None:
    pattern = json.loads(notifier().one(aws.cloudwatch.EventRule).inputs["eventPattern"])
    assert pattern["detail"]["status"] == ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
    ((prefix,),) = [list(m.values()) for m in pattern["detail"]["stateMachineArn"]]
    assert NAMES.machine_arn(NAMES.chosen("any-job")).startswith(prefix)
    assert not NAMES.machine_arn(NAMES.of("notifier")).startswith(prefix), "it would never end"
    assert not NAMES.machine_arn(NAMES.of("dispatcher")).startswith(prefix)
    assert pattern["detail"]["executionArn"] == [{"anything-but": {"wildcard": "*/*"}}], (
        "an element of an array is an execution of <machine>/elements"
    )
    assert len(json.dumps(pattern)) < 2_048


def test_the_rule_starts_the_notifier_and_keeps_what_it_cannot_deliver() -> None:
    target = notifier().one(aws.cloudwatch.EventTarget).inputs
    assert target["arn"].endswith(":StateMachine/notifier-machine")
    assert target["deadLetterConfig"]["arn"].endswith(":Queue/notifier-dead-letters")


def test_topics_are_encrypted_with_the_customer_key() -> None:
    assert {t.inputs["kmsMasterKeyId"] for t in notifier().all(aws.sns.Topic)} == {KEY_ARN}


def test_successes_and_failures_go_to_their_own_channels() -> None:
    channels = {
        c.inputs["slackChannelId"]: c.inputs["snsTopicArns"]
        for c in notifier().all(aws.chatbot.SlackChannelConfiguration)
    }
    assert channels == {"C0AAAAAAA": [SUCCESS], "C0BBBBBBB": [FAILURE]}


def test_one_channel_for_both_is_configured_once() -> None:
    both = SlackChannels(
        workspace_id="T0123ABCD", success_channel_id="C0AAAAAAA", failure_channel_id="C0AAAAAAA"
    )
    channel = notifier(slack=both).one(aws.chatbot.SlackChannelConfiguration).inputs
    assert channel["snsTopicArns"] == [SUCCESS, FAILURE]
    assert channel["configurationName"] == "fargate-batch-dev-slack"


def test_a_named_channel_has_a_topic_of_its_own() -> None:
    made = notifier(channels={"finance": NamedChannel(emails=("c@example.com",))})
    topic = made.one(aws.sns.Topic, "notifier-to-finance").inputs
    assert topic["name"] == "fargate-batch-dev--to--finance"
    assert topic["kmsMasterKeyId"] == KEY_ARN
    policy = made.one(aws.sns.TopicPolicy, "notifier-to-finance-policy").inputs["policy"]
    assert "RefusePlainText" in policy
    assert "PublishAlarms" not in policy
    (address,) = [
        s.inputs["endpoint"]
        for s in made.all(aws.sns.TopicSubscription)
        if s.inputs["topic"].endswith("notifier-to-finance")
    ]
    assert address == "c@example.com"


def test_whoever_names_a_slack_channel_shares_its_one_configuration() -> None:
    named = {
        "on-call": NamedChannel(slack_channel_id="C0BBBBBBB"),
        "data-team": NamedChannel(slack_channel_id="C0CCCCCCC"),
        "reports": NamedChannel(slack_channel_id="C0CCCCCCC"),
    }
    to = "arn:aws:mock:ap-northeast-1:123456789012:Topic/notifier-to"
    channels = {
        c.inputs["slackChannelId"]: (c.inputs["configurationName"], c.inputs["snsTopicArns"])
        for c in notifier(channels=named).all(aws.chatbot.SlackChannelConfiguration)
    }
    assert channels == {
        "C0AAAAAAA": ("fargate-batch-dev-slack-success", [SUCCESS]),
        "C0BBBBBBB": ("fargate-batch-dev-slack-failure", [FAILURE, f"{to}-on-call"]),
        "C0CCCCCCC": ("fargate-batch-dev--to--data-team", [f"{to}-data-team", f"{to}-reports"]),
    }


PAGER = Webhook(
    url="https://example.com/?sig=hunter2",
    format="pagerduty",
    routing_key="hunter2",
    api_key=("X-Api-Key", "hunter2"),
)


def test_a_webhook_hears_of_its_own_channels_messages_only() -> None:
    made = notifier(channels={"pager": NamedChannel(webhook=PAGER)})
    assert json.loads(
        made.one(aws.cloudwatch.EventRule, "notifier-webhook-pager-rule").inputs["eventPattern"]
    ) == {
        "source": ["fargate-batch-dev"],
        "detail-type": ["Notice"],
        "detail": {"channels": ["pager"]},
    }
    target = made.one(aws.cloudwatch.EventTarget, "notifier-webhook-pager-target").inputs
    assert target["inputPath"] == "$.detail.pagerduty"
    assert target["arn"].endswith("notifier-webhook-pager-destination")
    assert target["deadLetterConfig"]["arn"].endswith(":Queue/notifier-dead-letters")
    queue_policy = made.one(aws.sqs.QueuePolicy).inputs["policy"]
    assert "rule/fargate-batch-dev--to--*" in queue_policy


def test_what_proves_who_calls_is_in_the_connection_alone() -> None:
    made = notifier(channels={"pager": NamedChannel(webhook=PAGER)})
    connection = made.one(aws.cloudwatch.EventConnection).inputs
    assert connection["authParameters"] == {
        "apiKey": {"key": "X-Api-Key", "value": "hunter2"},
        "invocationHttpParameters": {
            "bodies": [{"key": "routing_key", "value": "hunter2", "isValueSecret": True}]
        },
    }
    destination = made.one(aws.cloudwatch.EventApiDestination).inputs
    assert destination["invocationEndpoint"] == "https://example.com/?sig=hunter2"
    others = [r.inputs for r in made.all(aws.cloudwatch.EventRule) + made.all(aws.sfn.StateMachine)]
    assert "hunter2" not in json.dumps(others)


def test_a_webhook_may_want_a_password_or_nothing() -> None:
    def authorization(**more: Any) -> Any:
        webhook = Webhook(url="https://example.com", format="generic", **more)
        made = notifier(channels={"any": NamedChannel(webhook=webhook)})
        inputs = made.one(aws.cloudwatch.EventConnection).inputs
        return inputs["authorizationType"], inputs["authParameters"]

    assert authorization(basic=("batch", "hunter2")) == (
        "BASIC",
        {"basic": {"username": "batch", "password": "hunter2"}},
    )
    kind, parameters = authorization()
    assert kind == "API_KEY", "EventBridge has no connection without any"
    assert set(parameters) == {"apiKey"}


def test_a_stack_without_webhooks_has_nothing_for_them() -> None:
    made = notifier()
    assert made.all(aws.cloudwatch.EventConnection) == []
    assert [r.name for r in made.all(aws.iam.Role) if "webhooks" in r.name] == []
    assert "PostToWebhooks" not in json.dumps([p.inputs for p in made.all(aws.iam.RolePolicy)])


def test_nobody_can_change_anything_from_the_channel() -> None:
    for channel in notifier().all(aws.chatbot.SlackChannelConfiguration):
        assert channel.inputs["guardrailPolicyArns"] == [
            "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
        ], "without one, Chatbot takes AdministratorAccess"
        assert channel.inputs["loggingLevel"] == "ERROR"
        assert channel.inputs["userAuthorizationRequired"] is True
        assert channel.inputs["region"] == "us-east-2"


def test_without_slack_there_is_no_channel_and_no_role_for_it() -> None:
    made = notifier(slack=None)
    assert made.all(aws.chatbot.SlackChannelConfiguration) == []
    assert [r.name for r in made.all(aws.iam.Role) if "chatbot" in r.name] == []


def test_every_address_hears_of_both_topics() -> None:
    subscriptions = {
        (s.inputs["topic"], s.inputs["endpoint"]) for s in notifier().all(aws.sns.TopicSubscription)
    }
    assert subscriptions == {
        (topic, address)
        for topic in (SUCCESS, FAILURE)
        for address in ("a@example.com", "b@example.com")
    }


def test_the_dead_letter_queue_is_encrypted_and_somebody_is_called_when_it_fills() -> None:
    made = notifier()
    queue = made.one(aws.sqs.Queue).inputs
    assert queue["sqsManagedSseEnabled"] is True
    assert queue["messageRetentionSeconds"] == 14 * 86_400
    alarm = made.one(aws.cloudwatch.MetricAlarm, "notifier-dead-letters-alarm").inputs
    assert alarm["dimensions"] == {"QueueName": "fargate-batch-dev-dead-letters"}
    assert alarm["alarmActions"] == [FAILURE]
    assert alarm["threshold"] == 1


def test_only_the_stacks_own_rules_leave_dead_letters() -> None:
    def rules(**given: Any) -> Any:
        policy = notifier(**given).one(aws.sqs.QueuePolicy).inputs["policy"]
        keep = json.loads(policy)["Statement"][0]
        return keep["Condition"]["ArnLike"]["aws:SourceArn"]

    ended = NAMES.arn("events", "rule/fargate-batch-dev-ended")
    assert rules() == ended
    of_jobs = NAMES.arn("events", "rule/fargate-batch-dev--*")
    assert rules(events_start_jobs=True) == [ended, of_jobs]


def test_a_notifier_that_fails_calls_somebody() -> None:
    alarm = notifier().one(aws.cloudwatch.MetricAlarm, "notifier-failed").inputs
    total, *terms = alarm["metricQueries"]
    assert total["expression"] == "SUM([FILL(m1, 0), FILL(m2, 0), FILL(m3, 0)])"
    assert [term["metric"]["metricName"] for term in terms] == [
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
    ]
    assert all(
        term["metric"]["dimensions"]["StateMachineArn"].endswith(":StateMachine/notifier-machine")
        for term in terms
    )
    assert alarm["alarmActions"] == [FAILURE]


def test_a_rule_that_cannot_start_the_notifier_calls_somebody() -> None:
    alarm = notifier().one(aws.cloudwatch.MetricAlarm, "notifier-rule-failed").inputs
    assert (alarm["namespace"], alarm["metricName"]) == ("AWS/Events", "FailedInvocations")
    assert alarm["dimensions"] == {"RuleName": "fargate-batch-dev-ended"}


def test_alarms_say_first_what_to_do() -> None:
    for alarm in notifier().all(aws.cloudwatch.MetricAlarm):
        first_word = alarm.inputs["alarmDescription"].split()[0]
        assert first_word in ("Look", "Read", "Start")


@pytest.mark.parametrize("kind", [aws.sns.TopicPolicy, aws.sqs.QueuePolicy])
def test_topics_and_queue_have_policies(kind: Any) -> None:
    for made in notifier().all(kind):
        assert "RefusePlainText" in made.inputs["policy"]
