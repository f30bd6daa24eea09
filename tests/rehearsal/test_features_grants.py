"""Grants: a program of the rehearsal misses each of them, and notices what goes beyond."""

import json
from collections.abc import Iterator

import pytest

from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import deploy
from rehearsal.features import FEATURES, asked_for
from rehearsal.proof import Happening, Prover
from rehearsal.provider import AwsProvider
from rehearsal.scenario import play
from rehearsal.stage import Stage, deployed_again
from stacks.stack_file import read_stack_file
from tests.deploying import ROOT
from tests.rehearsal.living_stack import START

EXAMPLE = ROOT / "examples" / "grants.yaml"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    stack_file = read_stack_file(ROOT, "grants", EXAMPLE)
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        deployment = deploy(ROOT, stack_file, AwsProvider(aws))
        stage = Stage(aws, deployment.outputs, deployed_again(ROOT, stack_file, aws, deployment))
        stage.prepare()
        with stage.schedules_paused():
            yield stage


@pytest.fixture(scope="module")
def prover(stage: Stage) -> Prover:
    prover = Prover(
        stage.aws,
        [
            Happening(name=feature.name, play=lambda feature=feature: play(stage, feature))
            for feature in asked_for(stage)
        ],
    )
    assert all(outcome.passed for outcome in prover.rehearse())
    return prover


@pytest.mark.parametrize(
    ("only", "noticed_by"),
    [
        ("default-task: ListPrefixes1: action s3:ListBucket", "grants-buckets"),
        ("WriteBuckets: action s3:AbortMultipartUpload", "grants-buckets"),
        ("reader-task: SendQueues: action sqs:SendMessage", "grants-queues"),
        ("ConsumeQueues: action sqs:ChangeMessageVisibility", "grants-queues"),
        ("PublishTopics: action sns:Publish", "grants-topics"),
        ("default-task: EncryptForTopics: action kms:GenerateDataKey*", "grants-topics"),
        ("reader-task: ReadTables: action dynamodb:Scan", "grants-tables"),
        ("WriteTables: action dynamodb:BatchWriteItem", "grants-tables"),
        ("ReadSecrets: action secretsmanager:GetSecretValue", "grants-secrets"),
        ("StartJobs: action states:StartExecution", "grants-jobs"),
        ("endpoint com.amazonaws.eu-central-1.dynamodb", "grants-tables"),
        ("endpoint com.amazonaws.eu-central-1.states", "grants-jobs"),
        ("ListPrefixes1: condition StringLike s3:prefix", "a stranger's call"),
        (
            "default-task: EncryptForTopics: condition StringEquals kms:ViaService",
            "a stranger's call",
        ),
    ],
)
def test_a_program_misses_what_it_was_granted(prover: Prover, only: str, noticed_by: str) -> None:
    role, _, what = only.rpartition("task: ") if "task: " in only else ("", "", only)
    found = [one for one in prover.grants(what) if role in one.where]
    assert [prover.prove(one).noticed_by for one in found] == [noticed_by]


@pytest.mark.parametrize(
    ("statement", "feature"),
    [
        ({"Action": "s3:GetObject", "Resource": "*"}, "grants-buckets"),
        ({"Action": "s3:ListBucket", "Resource": "*"}, "grants-buckets"),
        ({"Action": "sqs:*", "Resource": "*"}, "grants-queues"),
        ({"Action": "sns:Publish", "Resource": "*"}, "grants-topics"),
        ({"Action": "dynamodb:*", "Resource": "*"}, "grants-tables"),
        ({"Action": "secretsmanager:GetSecretValue", "Resource": "*"}, "grants-secrets"),
        ({"Action": "states:StartExecution", "Resource": "*"}, "grants-jobs"),
    ],
)
def test_what_a_program_may_beyond_its_grants_is_noticed(
    stage: Stage, statement: dict[str, str], feature: str
) -> None:
    policy = {
        "RoleName": f"{stage.exports['scheduleGroup']}--default-task",
        "PolicyName": "beyond",
    }
    everything = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    statements = [{"Effect": "Allow", **statement}, everything]
    document = {"Version": "2012-10-17", "Statement": statements}
    iam = stage.aws.client("iam")
    iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))
    try:
        outcome = play(stage, FEATURES[feature])
    finally:
        iam.delete_role_policy(**policy)
    assert not outcome.passed
    assert outcome.happened["granted"] == "works"
    assert outcome.happened["anything else"] != "refused"
