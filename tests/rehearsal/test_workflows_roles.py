"""A stack in the hands of GitHub's workflows: what they may do, and what they may not."""

from collections.abc import Generator
from typing import Any

import pytest
from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs] - there are none
    ClientError,
)

from rehearsal.cloud import AsRole, EmbeddedAws
from rehearsal.cloud.web_identity import token
from rehearsal.engine import DeployFailed, deploy
from rehearsal.proof import Happening, Prover, lives, rehearsed
from rehearsal.provider import AwsProvider
from rehearsal.stage import Up, as_it_was, deployed_again
from stacks.stack_file import read_stack_file
from tests.deploying import ROOT
from tests.rehearsal.living_stack import START

PREFIX = "fargate-batch-access"
TRUST = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": \
"ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
ALL = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
)
CLAIMS = {
    "iss": "https://token.actions.githubusercontent.com",
    "aud": "sts.amazonaws.com",
    "sub": "repo:our-company/batch:environment:prod",
    "repository": "our-company/batch",
    "ref": "refs/heads/main",
}


@pytest.fixture(scope="module")
def up() -> Generator[Up]:
    stack_file = read_stack_file(ROOT, "access", ROOT / "examples" / "access.yaml")
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        deployment = deploy(ROOT, stack_file, AwsProvider(aws), now=START)
        yield deployed_again(ROOT, stack_file, aws, deployment)


@pytest.fixture(scope="module")
def roles(up: Up) -> dict[str, str]:
    found: dict[str, str] = up.last.outputs["githubRoleArns"]
    return found


def life(up: Up, name: str) -> Happening:
    (found,) = [one for one in lives(up) if one.name == name]
    return found


def sign_in(up: Up, role: str, **claims: str) -> None:
    up.aws.client("sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="workflow", WebIdentityToken=token(CLAIMS | claims)
    )


def test_a_workflow_deploys_again_and_nothing_changes(up: Up) -> None:
    assert up(as_it_was).steps == []


def test_workflows_sign_in_and_keep_state(up: Up) -> None:
    for name in ("sign-in", "keep-state"):
        outcome, baseline = rehearsed(up.aws, life(up, name))
        assert outcome.passed
        assert baseline.grants


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "repo:our-company/batch:environment:dev"},
        {"sub": "repo:our-company/batch:pull_request"},
        {"ref": "refs/heads/feature"},
        {"ref": "refs/pull/7/merge"},
        {"repository": "our-company/other"},
        {
            "sub": "repo:our-company-2/batch:environment:prod",
            "repository": "our-company-2/batch",
        },
    ],
    ids=lambda claims: " ".join(claims.values()),
)
def test_no_other_workflow_may_deploy(
    up: Up, roles: dict[str, str], claims: dict[str, str]
) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        sign_in(up, roles["deploy"], **claims)


def test_a_repository_with_ids_in_its_subjects_and_a_release_may_deploy(
    up: Up, roles: dict[str, str]
) -> None:
    sign_in(up, roles["deploy"], sub="repo:our-company@12/batch@34:environment:prod")
    sign_in(up, roles["deploy"], ref="refs/tags/v1.2.0")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (token(CLAIMS | {"aud": "https://github.com/our-company"}), "Incorrect token audience"),
        (token(CLAIMS | {"iss": "https://tokens.example.com"}), "No OpenIDConnect provider found"),
        ("none", "not a valid JWT"),
    ],
)
def test_other_tokens_are_not_taken(up: Up, roles: dict[str, str], text: str, why: str) -> None:
    with pytest.raises(ClientError, match=f"InvalidIdentityToken.*{why}"):
        up.aws.client("sts").assume_role_with_web_identity(
            RoleArn=roles["deploy"], RoleSessionName="workflow", WebIdentityToken=text
        )


def refused(up: Up, role: str, operation: str, **parameters: Any) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(AsRole(up.aws, role).client("iam"), operation)(**parameters)


def test_a_deploy_cannot_widen_its_own_rights(up: Up, roles: dict[str, str]) -> None:
    own, deployer = f"github-{PREFIX}-deploy", roles["deploy"]
    refused(up, deployer, "put_role_policy", RoleName=own, PolicyName="x", PolicyDocument=ALL)
    refused(
        *(up, deployer, "attach_role_policy"),
        RoleName=own,
        PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess",
    )
    refused(up, deployer, "update_assume_role_policy", RoleName=own, PolicyDocument=TRUST)
    boundary = f"arn:aws:iam::{up.aws.account}:policy/github-{PREFIX}-boundary"
    refused(
        *(up, deployer, "create_policy_version"),
        PolicyArn=boundary,
        PolicyDocument=ALL,
        SetAsDefault=True,
    )


def test_a_deploy_cannot_make_a_role_without_the_boundary(up: Up, roles: dict[str, str]) -> None:
    task, deployer = f"{PREFIX}--default-task", roles["deploy"]
    made = f"{PREFIX}--other-task"
    refused(up, deployer, "create_role", RoleName=made, AssumeRolePolicyDocument=TRUST)
    refused(up, deployer, "delete_role_permissions_boundary", RoleName=task)


def test_what_a_program_is_granted_ends_at_the_boundary(up: Up, roles: dict[str, str]) -> None:
    task = f"{PREFIX}--default-task"
    iam = AsRole(up.aws, roles["deploy"]).client("iam")
    iam.put_role_policy(RoleName=task, PolicyName="all", PolicyDocument=ALL)
    try:
        arn = f"arn:aws:iam::{up.aws.account}:role/{task}"
        refused(up, arn, "get_role", RoleName=task)
        with pytest.raises(ClientError, match="AccessDenied"):
            AsRole(up.aws, arn).client("sts").assume_role(
                RoleArn=roles["deploy"], RoleSessionName="program"
            )
    finally:
        iam.delete_role_policy(RoleName=task, PolicyName="all")


def test_who_looks_changes_nothing(up: Up, roles: dict[str, str]) -> None:
    states = AsRole(up.aws, roles["read"]).client("stepfunctions")
    machine = up.last.outputs["dispatcherArn"]
    states.describe_state_machine(stateMachineArn=machine)
    with pytest.raises(ClientError, match="AccessDenied"):
        states.start_execution(stateMachineArn=machine)


def test_the_calls_of_a_life_are_decided_about_again_without_a_grant(up: Up) -> None:
    _, baseline = rehearsed(up.aws, life(up, "sign-in"))
    prover = Prover(up.aws, [], [baseline])
    for candidate in prover.grants("sts:AssumeRoleWithWebIdentity"):
        found = prover.prove(candidate)
        assert found.noticed_by == "sign-in"
        assert found.how.startswith("sts:AssumeRoleWithWebIdentity on arn:aws:iam::")
    for condition in prover.grants("token.actions.githubusercontent.com:ref"):
        assert prover.prove(condition).passed


def test_a_grant_that_is_missed_so_is_missed_in_truth(up: Up) -> None:
    documents = up.aws.iam.documents
    (jobs,) = [one for one in documents.all() if one.owner.endswith("-deploy-jobs")]
    text = documents.read(jobs)
    documents.write(jobs, text.replace("logs:PutRetentionPolicy", "logs:GetLogEvents"))
    try:
        with pytest.raises(DeployFailed, match="not authorized to perform: logs:PutRetention"):
            up(lambda config: config.update({"fargate-batch:logRetentionDays": "30"}))
    finally:
        documents.write(jobs, text)
        up(as_it_was)


def test_a_workflow_deploys_whatever_a_stack_file_asks_for(up: Up) -> None:
    outcome = life(up, "deploy-everything").play()
    assert outcome.passed, outcome.happened
