"""The roles of people and of GitHub's workflows."""

import json
from typing import Any

import pulumi_aws as aws
import pytest

from components.github_access import GithubAccess, GithubAccessArgs
from components.operator_role import OperatorRole, OperatorRoleArgs
from definitions.policies import deploys, people, trust
from tests.components.naming import NAMES
from tests.deploying import Deployment, deploy

WORKFLOWS = trust.Workflows(repository="our-company/batch", environment="dev", branch="main")
TEAM = "arn:aws:iam::111122223333:role/team-batch"
STATE = deploys.State(bucket="our-pulumi-state")


def github(**changed: Any) -> Deployment:
    given: dict[str, Any] = {
        "names": NAMES,
        "workflows": WORKFLOWS,
        "existing_provider": False,
        "state": STATE,
    }
    return deploy(lambda: GithubAccess("github", GithubAccessArgs(**(given | changed))))


@pytest.fixture(scope="module")
def made() -> Deployment:
    return github()


def test_nothing_of_it_has_a_name_that_a_deploy_may_change(made: Deployment) -> None:
    named = [*made.all(aws.iam.Role), *made.all(aws.iam.Policy)]
    assert {one.inputs["name"].partition("-")[0] for one in named} == {"github"}


def test_the_account_trusts_githubs_tokens_for_aws_alone(made: Deployment) -> None:
    provider = made.one(aws.iam.OpenIdConnectProvider).inputs
    assert provider["url"] == "https://token.actions.githubusercontent.com"
    assert provider["clientIdLists"] == ["sts.amazonaws.com"]


def test_a_provider_that_is_there_is_not_made_again() -> None:
    made = github(existing_provider=True)
    assert made.all(aws.iam.OpenIdConnectProvider) == []
    assert len(made.all(aws.iam.Role)) == 3


def test_each_role_has_what_its_workflows_need_and_no_more(made: Deployment) -> None:
    given: dict[str, set[str]] = {}
    for one in made.all(aws.iam.RolePolicyAttachment):
        role = one.inputs["role"].removeprefix("github-fargate-batch-dev-")
        given.setdefault(role, set()).add(one.name.removeprefix(f"github-{role}-"))
    reads, changes = deploys.reader_policies(NAMES, STATE), deploys.deployer_policies(NAMES, STATE)
    assert given == {"deploy": {*reads, *changes}, "read": {*reads}}
    operate = made.one(aws.iam.RolePolicy).inputs
    assert operate["role"] == "github-fargate-batch-dev-operate"
    assert operate["policy"] == people.operator_policy(NAMES)


def test_roles_that_change_something_are_for_jobs_in_the_environment(made: Deployment) -> None:
    trusted = {role.name: role.inputs["assumeRolePolicy"] for role in made.all(aws.iam.Role)}
    in_environment = trust.github_environment_trust(NAMES, WORKFLOWS)
    assert trusted == {
        "github-deploy-role": in_environment,
        "github-operate-role": in_environment,
        "github-read-role": trust.github_read_trust(NAMES, WORKFLOWS),
    }


def test_operators_assume_a_role_that_may_do_what_ops_does() -> None:
    args = OperatorRoleArgs(names=NAMES, operators=[TEAM])
    made = deploy(lambda: OperatorRole("operator", args))
    role = made.one(aws.iam.Role).inputs
    assert role["name"] == "fargate-batch-dev-operator"
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"AWS": [TEAM]}
    assert made.one(aws.iam.RolePolicy).inputs["policy"] == people.operator_policy(NAMES)
