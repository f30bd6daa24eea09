import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from definitions.surplus import EXPLAINED
from rehearsal.cloud import EmbeddedAws
from rehearsal.cloud.policy_documents import Document
from rehearsal.engine import deploy
from rehearsal.proof import Found, Happening, ProofError, Prover, scenarios, verdicts
from rehearsal.provider import AwsProvider
from rehearsal.stage import Outcome, Stage, deployed_again
from stacks.stack_file import read_stack_file

ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 23, 0, 5, 17, tzinfo=UTC)
PLAYED = ("double-fire", "trigger-denied", "nothing-at-all", "timeout", "deploy")
"""Enough for the grants of these tests; the command plays all."""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    stack_file = read_stack_file(ROOT, "prod")
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        deployment = deploy(ROOT, stack_file, AwsProvider(aws))
        stage = Stage(aws, deployment.outputs, deployed_again(ROOT, stack_file, aws, deployment))
        stage.prepare()
        with stage.schedules_paused():
            yield stage


@pytest.fixture(scope="module")
def prover(stage: Stage) -> Prover:
    prover = Prover(stage.aws, [one for one in scenarios(stage) if one.name in PLAYED])
    assert [outcome.name for outcome in prover.rehearse()] == list(PLAYED)
    return prover


def role_policy(stage: Stage, role: str) -> Document:
    (found,) = [
        document
        for document in stage.aws.iam.documents.all()
        if document.kind == "role" and document.owner == role
    ]
    return found


def prove(prover: Prover, only: str) -> Found:
    (candidate,) = prover.grants(only)
    return prover.prove(candidate)


@pytest.mark.parametrize(
    ("only", "noticed_by"),
    [
        ("runner RunTasks: action ecs:RunTask", "double-fire"),
        ("runner WatchAndStopTasks: action ecs:StopTask", "timeout"),
        ("scheduler KeepUndelivered: action sqs:SendMessage", "trigger-denied"),
        ("default-task ListBuckets: action s3:ListBucket", "nothing-at-all"),
        ("notifier DeliverExecutionLogs: action logs:CreateLogDelivery", "deploy"),
        ("notifier Publish: resource arn:aws:sns:ap-northeast-1:123456789012:fargate-batch-prod-s"
         "uccess", "double-fire"),
        ("endpoint com.amazonaws.ap-northeast-1.secretsmanager", "double-fire"),
        ("fargate-batch-prod-endpoints ingress", "double-fire"),
    ],
)  # fmt: skip
def test_who_needs_a_grant_notices_that_it_is_gone(
    prover: Prover, only: str, noticed_by: str
) -> None:
    found = prove(prover, only)
    assert (found.noticed_by, found.passed) == (noticed_by, True)
    assert "instead of" in found.how


@pytest.mark.parametrize(
    "only",
    [
        "runner RunTasks: condition ArnEquals ecs:cluster",
        "trust policy of role fargate-batch-prod-scheduler UseRole: condition ArnLike aws:Source",
        "topic arn:aws:sns:ap-northeast-1:123456789012:fargate-batch-prod-failure PublishAlarms: "
        "condition StringEquals aws:SourceAccount",
        "bucket fargate-batch-prod--files-123456789012 RefusePlainText: statement",
    ],
)
def test_a_stranger_notices_that_a_condition_is_gone(prover: Prover, only: str) -> None:
    found = prove(prover, only)
    assert found.noticed_by == "a stranger's call"
    assert found.how.endswith("passes")


def test_everything_is_put_back(stage: Stage, prover: Prover) -> None:
    def everything() -> Any:
        documents = stage.aws.iam.documents
        ec2 = stage.aws.client("ec2")
        return (
            {str(document): documents.read(document) for document in documents.all()},
            ec2.describe_vpc_endpoints()["VpcEndpoints"],
            ec2.describe_security_group_rules()["SecurityGroupRules"],
        )

    before = everything()
    for only in ("ecs:RunTask", "endpoint com.amazonaws.ap-northeast-1.s3", "tasks egress pl-"):
        for candidate in prover.grants(only):
            prover.prove(candidate)
    assert everything() == before


def test_what_nobody_misses_is_surplus(stage: Stage, prover: Prover) -> None:
    documents = stage.aws.iam.documents
    document = role_policy(stage, "fargate-batch-prod-runner")
    text = documents.read(document)
    documents.write(document, text.replace('"ecs:RunTask"', '"ecs:RunTask", "ecs:ListTasks"'))
    try:
        found = prove(prover, "ecs:ListTasks")
    finally:
        documents.write(document, text)
    assert (found.noticed_by, found.reason, found.passed) == (None, None, False)


def test_a_condition_that_keeps_nobody_out_is_surplus(stage: Stage) -> None:
    documents = stage.aws.iam.documents
    document = role_policy(stage, "fargate-batch-prod-runner")
    text = documents.read(document)
    policy = json.loads(text)
    (run,) = [one for one in policy["Statement"] if one["Sid"] == "RunTasks"]
    without_condition = {key: value for key, value in run.items() if key != "Condition"}
    policy["Statement"].append({**without_condition, "Sid": "RunAnywhere"})
    documents.write(document, json.dumps(policy))
    with_both = Prover(stage.aws, [one for one in scenarios(stage) if one.name == "double-fire"])
    try:
        list(with_both.rehearse())
        found = prove(with_both, "RunTasks: condition ArnEquals ecs:cluster")
    finally:
        documents.write(document, text)
    assert not found.passed


def test_a_surplus_grant_may_be_explained(prover: Prover) -> None:
    found = prove(prover, "ecr:BatchCheckLayerAvailability")
    assert found.noticed_by is None
    assert found.passed
    assert found.reason is not None
    assert "ECS guide" in found.reason


def test_the_verdict_on_a_grant_is_needed_explained_or_surplus() -> None:
    found = [
        Found(where="x", what="needed", noticed_by="double-fire"),
        Found(where="x", what="explained", reason="AWS asks for it"),
        Found(where="x", what="surplus"),
    ]
    assert [(one.what, one.passed) for one in verdicts(found, START)] == [
        ("x: needed", True),
        ("x: explained", True),
        ("x: surplus", False),
    ]


def test_an_explanation_of_what_is_missed_is_out_of_date() -> None:
    entry = EXPLAINED[0]
    missed = Found(where=entry.document, what=entry.grants, noticed_by="double-fire")
    unmissed = Found(where=entry.document, what=entry.grants, reason=entry.reason)
    (_, out_of_date) = verdicts([missed], START)
    assert not out_of_date.passed
    assert out_of_date.what.startswith("definitions/surplus.py")
    assert len(verdicts([missed, unmissed], START)) == 2
    assert verdicts([], START) == []


def test_a_scenario_that_fails_with_everything_in_place_proves_nothing(stage: Stage) -> None:
    def broken() -> Outcome:
        return Outcome(at=START, what="x", expected={"run": "ended"}, happened={"run": "none"})

    prover = Prover(stage.aws, [Happening(name="broken", play=broken)])
    with pytest.raises(ProofError, match=r"broken does not come out .*: run none instead of ended"):
        list(prover.rehearse())


def test_a_part_that_nothing_fits_is_one_line(prover: Prover) -> None:
    with pytest.raises(ProofError, match="nothing that the stack grants has 'ec2:Fly'"):
        prover.grants("ec2:Fly")
