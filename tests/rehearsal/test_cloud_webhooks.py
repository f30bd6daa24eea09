"""API destinations: what an address outside would be sent, and what comes of its answer."""

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain, repeat
from typing import Any

import pytest
from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs] - there are none
    ClientError,
)

from tests.rehearsal.conftest import ROLE, START, Account, make_role

KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Api-Key", "ApiKeyValue": "hunter2"}}
BASIC = {"BasicAuthParameters": {"Username": "batch", "Password": "hunter2"}}
ADDED = {
    "InvocationHttpParameters": {
        "HeaderParameters": [{"Key": "X-More", "Value": "more", "IsValueSecret": False}],
        "QueryStringParameters": [{"Key": "q", "Value": "1", "IsValueSecret": False}],
        "BodyParameters": [{"Key": "routing_key", "Value": "hunter2", "IsValueSecret": True}],
    }
}


def destination(account: Account, parameters: dict[str, Any] = KEY, **more: Any) -> str:
    events = account.aws.client("events")
    kind = "BASIC" if "BasicAuthParameters" in parameters else "API_KEY"
    connection = events.create_connection(
        Name="hook", AuthorizationType=kind, AuthParameters=parameters
    )
    given = {"InvocationEndpoint": "https://example.com/hook", "HttpMethod": "POST", **more}
    arn: str = events.create_api_destination(
        Name="hook", ConnectionArn=connection["ConnectionArn"], **given
    )["ApiDestinationArn"]
    return arn


def rule(account: Account, arn: str, **target: Any) -> None:
    """Send what is in ``detail.message`` of our own events to an API destination."""
    events = account.aws.client("events")
    events.put_rule(Name="told", EventPattern=json.dumps({"source": ["own"]}))
    target = {
        "Id": "hook",
        "Arn": arn,
        "RoleArn": ROLE,
        "InputPath": "$.detail.message",
        "DeadLetterConfig": {"Arn": account.queue("dead")},
        **target,
    }
    events.put_targets(Rule="told", Targets=[target])


def put(account: Account, number: int = 1) -> None:
    entry = {"Source": "own", "DetailType": "x", "Detail": '{"message":{"title":"failed"}}'}
    account.aws.client("events").put_events(Entries=[entry] * number)
    account.aws.clock.settle()


def answering(account: Account, statuses: Sequence[int]) -> None:
    """Answer so, one call after another, and go on with the last."""
    each = chain(statuses, repeat(statuses[-1]))
    account.aws.webhooks.answer = lambda _: next(each)


def seconds(account: Account) -> list[float]:
    return [(call.time - START).total_seconds() for call in account.aws.webhooks.calls]


def test_an_address_is_sent_what_the_rule_sends_and_what_the_connection_adds(
    account: Account,
) -> None:
    rule(account, destination(account, KEY | ADDED))
    put(account)
    (call,) = account.aws.webhooks.calls
    assert (call.destination, call.method, call.status) == ("hook", "POST", 202)
    assert call.url == "https://example.com/hook?q=1"
    assert (call.headers["X-Api-Key"], call.headers["X-More"]) == ("hunter2", "more")
    assert json.loads(call.body) == {"title": "failed", "routing_key": "hunter2"}
    assert call.message == {"title": "failed"}, "without what is secret"


def test_a_query_of_its_own_stays(account: Account) -> None:
    rule(account, destination(account, KEY | ADDED, InvocationEndpoint="https://example.com/?a=b"))
    put(account)
    assert account.aws.webhooks.calls[0].url == "https://example.com/?a=b&q=1"


def test_a_user_and_password_become_a_header(account: Account) -> None:
    rule(account, destination(account, BASIC))
    put(account)
    assert account.aws.webhooks.calls[0].headers["Authorization"] == "Basic YmF0Y2g6aHVudGVyMg=="


@pytest.mark.parametrize("status", [401, 407, 409, 429, 500, 503])
def test_a_passing_answer_is_tried_again(account: Account, status: int) -> None:
    rule(account, destination(account))
    answering(account, [status, 200])
    put(account)
    account.aws.clock.run_until(START + timedelta(minutes=1))
    assert [call.taken for call in account.aws.webhooks.calls] == [False, True]
    assert account.letters("dead") == []


@pytest.mark.parametrize("status", [301, 400, 404])
def test_a_lasting_answer_is_a_dead_letter_at_once(account: Account, status: int) -> None:
    rule(account, destination(account))
    answering(account, [status])
    put(account)
    account.aws.clock.run_until(START + timedelta(minutes=1))
    ((event, attributes),) = account.letters("dead")
    assert event["detail"] == {"message": {"title": "failed"}}
    assert str(status) in attributes["ERROR_MESSAGE"]
    assert "example.com" not in attributes["ERROR_MESSAGE"], "an address may be a secret"
    assert len(account.aws.webhooks.calls) == 1


def test_an_address_that_is_down_for_too_long_is_a_dead_letter(account: Account) -> None:
    policy = {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 60}
    rule(account, destination(account), RetryPolicy=policy)
    answering(account, [503])
    put(account)
    account.aws.clock.run_until(START + timedelta(minutes=5))
    ((_, attributes),) = account.letters("dead")
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert max(seconds(account)) <= 60


def test_what_comes_faster_than_an_address_takes_it_waits(account: Account) -> None:
    rule(account, destination(account, InvocationRateLimitPerSecond=4))
    put(account, 3)
    account.aws.clock.run_until(START + timedelta(seconds=1))
    assert seconds(account) == [0, 0.25, 0.5]


def test_an_address_that_is_gone_is_a_dead_letter(account: Account) -> None:
    rule(account, destination(account))
    account.aws.client("events").delete_api_destination(Name="hook")
    put(account)
    ((_, attributes),) = account.letters("dead")
    assert attributes["ERROR_CODE"] == "NO_RESOURCE"
    assert account.aws.webhooks.calls == []


def test_a_role_that_may_not_call_an_address_calls_nobody(account: Account) -> None:
    arn = destination(account)
    role = make_role(account.aws, "powerless", [])
    rule(account, arn, RoleArn=role)
    put(account)
    ((_, attributes),) = account.letters("dead")
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert account.aws.webhooks.calls == []


def test_a_connection_tells_nobody_its_secrets(account: Account) -> None:
    destination(account, KEY | ADDED)
    told = account.aws.client("events").describe_connection(Name="hook")["AuthParameters"]
    assert "hunter2" not in json.dumps(told)
    assert told["ApiKeyAuthParameters"] == {"ApiKeyName": "X-Api-Key"}
    assert told["InvocationHttpParameters"]["HeaderParameters"][0]["Value"] == "more"


def test_a_name_is_taken_once(account: Account) -> None:
    arn = destination(account)
    events = account.aws.client("events")
    with pytest.raises(ClientError, match="Connection hook already exists"):
        events.create_connection(Name="hook", AuthorizationType="API_KEY", AuthParameters=KEY)
    connection = events.describe_api_destination(Name="hook")["ConnectionArn"]
    with pytest.raises(ClientError, match="ApiDestination hook already exists"):
        events.create_api_destination(
            Name="hook",
            ConnectionArn=connection,
            InvocationEndpoint="https://example.com",
            HttpMethod="POST",
        )
    assert events.describe_api_destination(Name="hook")["ApiDestinationArn"] == arn
