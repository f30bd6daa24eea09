"""Webhooks in a deployed stack: what people see of them, and what stays secret."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import Deployment, deploy
from rehearsal.faults import FAULTS
from rehearsal.page.collect import Part, chapters, deployed_facts
from rehearsal.page.facts import Deployed, Life
from rehearsal.provider import AwsProvider
from rehearsal.scenario import play_all
from rehearsal.stage import Stage, Up
from stacks.stack_file import read_stack_file
from tests.deploying import ROOT
from tests.rehearsal.living_stack import START

SECRETS = ("R0EXAMPLE", "sig=example")


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """The example's stack after runs of which webhooks were told, and answered with errors."""

    stage: Stage
    deployment: Deployment
    life: Life

    @property
    def deployed(self) -> Deployed:
        return deployed_facts(self.deployment)


@pytest.fixture(scope="module")
def rehearsed() -> Iterator[Rehearsed]:
    stack_file = read_stack_file(ROOT, "notify", ROOT / "examples" / "notify.yaml")
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        deployment = deploy(ROOT, stack_file, AwsProvider(aws))
        stage = Stage(aws, deployment.outputs, Up(ROOT, stack_file, aws, deployment))
        stage.prepare()
        (outcome,) = play_all(stage, [FAULTS["webhook-down-for-a-while"]])
        assert outcome.passed, f"should be {outcome.expected}, was {outcome.happened}"
        part = Part(title="faults", begin=START, outcomes=[])
        (chapter,) = chapters([part], aws, deployment)
        assert chapter.life is not None
        yield Rehearsed(stage=stage, deployment=deployment, life=chapter.life)


def test_secrets_of_webhooks_are_marked_in_the_state_and_stand_nowhere_else(
    rehearsed: Rehearsed,
) -> None:
    for made in rehearsed.deployment.resources.values():
        clear = {key: value for key, value in made.inputs.items() if key not in made.secret}
        assert not any(secret in json.dumps(clear) for secret in SECRETS), made.name


def test_the_routing_key_reaches_pagerduty_and_no_event(rehearsed: Rehearsed) -> None:
    aws = rehearsed.stage.aws
    calls = [call for call in aws.webhooks.calls if call.destination.endswith("--pager")]
    assert {json.loads(call.body)["routing_key"] for call in calls} == {"R0EXAMPLE"}
    assert "R0EXAMPLE" not in json.dumps(aws.events.events)


def test_the_page_shows_what_webhooks_were_sent_and_no_secret(rehearsed: Rehearsed) -> None:
    first = rehearsed.life.webhooks[0]
    assert (first.name, first.host) == ("pager", "events.eu.pagerduty.com")
    assert (first.title, first.status, first.taken) == ("invoice succeeded", 503, False)
    assert json.loads(first.body)["dedup_key"] == "fargate-batch-notify/invoice"
    bodies = " ".join(card.body for card in rehearsed.life.webhooks)
    assert not any(secret in bodies for secret in SECRETS)


def test_a_call_is_about_the_run_that_it_names_and_none_whose_name_begins_alike(
    rehearsed: Rehearsed,
) -> None:
    run = json.loads(rehearsed.life.webhooks[0].body)["payload"]["custom_details"]["run"]
    assert rehearsed.stage.calls(run)
    assert rehearsed.stage.calls(run.rpartition("-")[0]) == []


def test_the_picture_knows_the_webhooks(rehearsed: Rehearsed) -> None:
    assert {webhook.name: webhook.host for webhook in rehearsed.deployed.webhooks} == {
        "pager": "events.eu.pagerduty.com",
        "teams": "example.westeurope.logic.azure.com",
        "ticketing": "tickets.example.com",
    }
    assert "data-team" in {topic.name for topic in rehearsed.deployed.topics}
