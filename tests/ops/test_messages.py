"""``python -m ops dead-letters`` and ``test-notify``."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.ops.conftest import Account

QUEUE = "arn:aws:sqs:ap-northeast-1:123456789012:shop-dev-dead-letters"


@pytest.fixture
def lost(account: Account) -> Iterator[dict[str, Any]]:
    """The trigger of ``hourly`` that Scheduler could not deliver."""
    before = account.aws.schedules.refuse
    account.aws.schedules.refuse = lambda name, _: (
        "ValidationException" if name == "hourly" else None
    )
    account.live(hours=1)
    account.aws.schedules.refuse = before
    (letter,) = account.ops("dead-letters", "list", "--json").json
    yield letter
    account.ops("dead-letters", "drop", "--all", "--yes")


def statuses(account: Account, run: str) -> list[str]:
    machine = "arn:aws:states:ap-northeast-1:123456789012:stateMachine:shop-dev--hourly"
    listed: Any = account.aws.client("stepfunctions").list_executions(stateMachineArn=machine)
    return [one["status"] for one in listed["executions"] if one["name"] == run]


def test_a_letter_says_what_whose_and_why_and_stays(account: Account, lost: dict[str, Any]) -> None:
    assert (lost["kind"], lost["job"], lost["goesTo"]) == ("trigger", "hourly", "dispatcher")
    assert lost["why"] == "ValidationException: refused by the rehearsal"
    assert lost["id"][:8] in account.ops("dead-letters", "list").out


def test_a_trigger_that_is_delivered_again_starts_its_run_once(
    account: Account, lost: dict[str, Any]
) -> None:
    said = account.ops("dead-letters", "redrive", lost["id"][:8])
    assert (said.code, "handed to the dispatcher" in said.out) == (0, True), said.err
    account.live(minutes=5)
    run = f"hourly-{lost['what'].removeprefix('of ').replace(':', '')}"
    assert statuses(account, run) == ["SUCCEEDED"]
    assert account.ops("dead-letters", "list", "--json").json == []


def test_what_nobody_knows_stays_and_is_told(account: Account) -> None:
    account.aws.send_to_queue(QUEUE, "nonsense", {})
    said = account.ops("dead-letters", "redrive", "--all")
    assert said.code == 1
    assert "cannot be delivered by ops" in said.err
    nobody = account.ops("dead-letters", "drop", "--all")
    assert nobody.errors == ["error: nobody is there to be asked: write --yes"]
    dropped = account.ops("dead-letters", "drop", "--all", "--yes")
    assert dropped.out == "deleted 1 dead letter\n"
    assert account.ops("dead-letters", "list").errors == ["stack dev has no dead letters"]


def test_a_wrong_id_names_those_that_there_are(account: Account, lost: dict[str, Any]) -> None:
    said = account.ops("dead-letters", "redrive", "zz")
    assert said.code == 2
    assert said.errors == [f"error: there is no dead letter 'zz': there are {lost['id'][:8]}"]
    assert account.ops("dead-letters", "list", "--json").json, "and nobody holds it"


def test_a_test_message_goes_the_whole_way(account: Account) -> None:
    account.aws.slack.clear()
    account.aws.mail.clear()
    said = account.ops("test-notify")
    assert said.code == 0, said.err
    assert said.out.splitlines() == [
        "[dev] Test: a message of failure",
        "  slack C0FAILURE",
        "  email oncall@example.com",
        "[dev] Test: a message of success",
        "  slack C0SUCCESS",
        "  email oncall@example.com",
    ]
    assert [message.channel_id for message in account.aws.slack] == ["C0FAILURE", "C0SUCCESS"]
    assert len(account.aws.mail) == 2


def test_a_channel_that_is_not_there_is_one_line(account: Account) -> None:
    said = account.ops("test-notify", "--channel", "x")
    assert said.code == 2
    assert len(said.errors) == 1
