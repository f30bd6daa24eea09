"""What GitHub's workflows may do, and who may be one."""

import fnmatch
import json
import re
import warnings
from typing import Any

import pytest

from definitions.names import ROLE_LIMIT, Names
from definitions.policies import deploys, people, trust
from definitions.policies.statements import EVERYTHING

with warnings.catch_warnings():  # it leaves a file open and uses pkg_resources
    warnings.simplefilter("ignore")
    import parliament

NAMES = Names(project="fargate-batch", stack="prod", region="eu-west-1", account="123456789012")
LONGEST = Names(project="p" * 22, stack="s" * 22, region="ap-southeast-2", account="123456789012")
"""The longest names that a stack may have."""
STATE = deploys.State(
    bucket="b" * 63,
    secrets_key="arn:aws:kms:ap-southeast-2:123456789012:key/0a1b2c3d-0000-4444-8888-0123456789ab",
)
MANAGED_LIMIT, MANAGED_A_ROLE, INLINE_LIMIT, TRUST_LIMIT = 6_144, 10, 10_240, 2_048
"""Characters and numbers (IAM quotas)."""

WORKFLOWS = trust.Workflows(
    repository="our-company/batch", environment="prod", branch="main", release_tags="v*"
)
ALL = deploys.reader_policies(NAMES, STATE) | deploys.deployer_policies(NAMES, STATE)
ISSUER = "token.actions.githubusercontent.com"


def size(text: str) -> int:
    return len("".join(text.split()))


def statements(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return found


def resources(statement: dict[str, Any]) -> list[str]:
    named: str | list[str] = statement["Resource"]
    return [named] if isinstance(named, str) else named


def may(documents: dict[str, str], action: str, resource: str) -> list[dict[str, Any]]:
    """The statements by which something may be done, conditions apart."""
    return [
        statement
        for document in documents.values()
        for statement in statements(document)
        if any(fnmatch.fnmatchcase(action, pattern) for pattern in statement["Action"])
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in resources(statement))
    ]


def test_the_longest_stacks_documents_are_within_iams_limits() -> None:
    reads = deploys.reader_policies(LONGEST, STATE)
    changes = deploys.deployer_policies(LONGEST, STATE)
    for name, text in {**reads, **changes}.items():
        assert size(text) <= MANAGED_LIMIT, name
    assert len(reads) + len(changes) <= MANAGED_A_ROLE
    assert size(deploys.boundary_policy(LONGEST)) <= MANAGED_LIMIT
    assert size(people.operator_policy(LONGEST)) <= INLINE_LIMIT
    longest = trust.Workflows(
        repository=f"{'o' * 39}/{'r' * 100}", environment="e" * 40, branch="b" * 40
    )
    for text in (
        trust.github_environment_trust(LONGEST, longest),
        trust.github_read_trust(LONGEST, longest),
    ):
        assert size(text) <= TRUST_LIMIT
    assert len(LONGEST.github("operate")) <= ROLE_LIMIT


# It wants a policy to name every type of resource that an action can have; it knows a boundary's
# ARN as no text, of which AWS's own examples make one; and whoever deploys a bucket writes its
# policy.
NO_FAULTS = {
    "RESOURCE_MISMATCH",
    "MISMATCHED_TYPE_BUT_USABLE",
    "RESOURCE_POLICY_PRIVILEGE_ESCALATION",
}
# Few of EC2's take a resource, and ListTasks takes container instances, of which Fargate has none.
STARS = re.compile(r"ec2:Describe\w+|ecs:ListTasks")


@pytest.mark.parametrize("name", ALL)
def test_parliament_finds_no_fault_in_what_workflows_may_do(name: str) -> None:
    found = [
        (finding.issue, finding.detail)
        for finding in parliament.analyze_policy_string(ALL[name]).findings
        if finding.issue not in NO_FAULTS
        and not (finding.issue == "RESOURCE_STAR" and all(map(STARS.fullmatch, finding.detail)))
    ]
    assert found == []


def test_a_star_stands_only_where_aws_takes_no_resource() -> None:
    stars = {
        action
        for document in ALL.values()
        for statement in statements(document)
        if statement["Resource"] == EVERYTHING
        for action in statement["Action"]
    }
    assert stars == {
        *("ec2:Describe*", "ecs:DescribeTaskDefinition", "ecs:ListTasks", "kms:ListAliases"),
        *("logs:DescribeLogGroups", "states:ValidateStateMachineDefinition", "kms:CreateKey"),
        *("ecr:GetAuthorizationToken", "states:ListStateMachines", "scheduler:ListSchedules"),
        *("chatbot:DescribeSlackChannelConfigurations", "chatbot:DescribeSlackWorkspaces"),
    }


def test_who_only_looks_changes_nothing() -> None:
    for document in deploys.reader_policies(NAMES, STATE).values():
        for statement in statements(document):
            for action in statement["Action"]:
                verb = action.partition(":")[2]
                # A dead letter that is looked at stays.
                looks = r"Get|List|Describe|BatchGet|Validate|Decrypt|ReceiveMessage$"
                assert re.match(looks, verb), action


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:iam::123456789012:role/github-fargate-batch-prod-deploy",
        "arn:aws:iam::123456789012:role/fargate-batch-prod-operator",
        "arn:aws:iam::123456789012:policy/github-fargate-batch-prod-boundary",
        "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
        "arn:aws:iam::123456789012:role/fargate-batch-prod-eu-runner",
        "arn:aws:iam::123456789012:role/admin",
    ],
)
def test_no_deploy_changes_rights_that_are_not_of_its_own_stacks_machinery(resource: str) -> None:
    for action in (
        *("PutRolePolicy", "AttachRolePolicy", "UpdateAssumeRolePolicy", "CreateRole"),
        *("DeleteRole", "PassRole", "CreatePolicyVersion", "DeletePolicy", "TagRole"),
        *("DeleteOpenIDConnectProvider", "AddClientIDToOpenIDConnectProvider"),
    ):
        assert may(ALL, f"iam:{action}", resource) == [], action


def test_what_a_deploy_writes_into_a_role_is_bounded() -> None:
    role = "arn:aws:iam::123456789012:role/fargate-batch-prod--default-task"
    for action in ("CreateRole", "PutRolePolicy", "DeleteRolePolicy"):
        (statement,) = may(ALL, f"iam:{action}", role)
        assert statement["Condition"] == {
            "StringEquals": {
                "iam:PermissionsBoundary": (
                    "arn:aws:iam::123456789012:policy/github-fargate-batch-prod-boundary"
                )
            }
        }
    for action in ("AttachRolePolicy", "DeleteRolePermissionsBoundary"):
        assert may(ALL, f"iam:{action}", role) == []
    for statement in statements(deploys.boundary_policy(NAMES)):
        assert not [
            one for one in statement["Action"] if re.match(r"(iam:(?!PassRole)|sts:|\*)", one)
        ]


def test_a_stack_whose_name_begins_alike_is_anothers() -> None:
    for kind in ("stateMachine", "activity"):
        other = f"arn:aws:states:eu-west-1:123456789012:{kind}:fargate-batch-prod-eu--list-files"
        assert may(ALL, "states:UpdateStateMachine", other) == []
    alarm = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:fargate-batch-prod-eu-rule-failed"
    assert may(ALL, "cloudwatch:PutMetricAlarm", alarm) == []


def test_of_what_ec2_names_itself_only_what_has_the_stacks_tags_is_changed() -> None:
    for document in ALL.values():
        for statement in statements(document):
            changing = [
                one
                for one in statement["Action"]
                if one.startswith("ec2:") and not one.startswith("ec2:Describe")
            ]
            if changing:
                equal = statement["Condition"]["StringEquals"]
                kinds = {key.split("/")[0] for key in equal}
                assert kinds < {"aws:RequestTag", "aws:ResourceTag"}
                assert set(equal.values()) == {"fargate-batch", "prod"}


def test_tags_are_given_only_to_what_is_made_and_to_default_groups() -> None:
    tagging = may(ALL, "ec2:CreateTags", "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1")
    assert {statement["Sid"] for statement in tagging} == {"TagWhatIsMade", "ChangeNetwork"}
    (made,) = [one for one in tagging if one["Sid"] == "TagWhatIsMade"]
    assert made["Condition"]["Null"] == {"ec2:CreateAction": "false"}
    groups = may(ALL, "ec2:CreateTags", "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-1")
    (adopted,) = [one for one in groups if one["Sid"] == "AdoptDefaultGroup"]
    assert adopted["Condition"]["Null"] == {"aws:ResourceTag/stack": "true"}


def test_state_is_this_stacks_own() -> None:
    bucket = f"arn:aws:s3:::{STATE.bucket}/.pulumi"
    own, others = "fargate-batch/prod", ("fargate-batch/prod-eu", "fargate-batch/dev", "x/prod")
    for action in ("s3:GetObject", "s3:PutObject"):
        assert may(ALL, action, f"{bucket}/stacks/{own}.json.gz")
        assert may(ALL, action, f"{bucket}/locks/organization/{own}/1.json")
        for other in others:
            assert may(ALL, action, f"{bucket}/stacks/{other}.json") == []
            assert may(ALL, action, f"{bucket}/history/{other}/1.json") == []
    assert may(ALL, "s3:PutObject", f"{bucket}/meta.yaml") == []
    nowhere = deploys.State()
    without = deploys.reader_policies(NAMES, nowhere) | deploys.deployer_policies(NAMES, nowhere)
    assert may(without, "s3:GetObject", f"{bucket}/meta.yaml") == []
    assert "deploy-state" not in without


# -- who may be a workflow


def condition(text: str) -> dict[str, Any]:
    (statement,) = statements(text)
    assert statement["Principal"] == {
        "Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    }
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    found: dict[str, Any] = statement["Condition"]
    return found


def test_a_role_that_changes_something_is_bound_to_repository_environment_and_branch() -> None:
    found = condition(trust.github_environment_trust(NAMES, WORKFLOWS))
    assert found["StringEquals"] == {
        f"{ISSUER}:aud": "sts.amazonaws.com",
        f"{ISSUER}:repository": "our-company/batch",
    }
    assert found["StringLike"][f"{ISSUER}:sub"] == [
        "repo:our-company/batch:environment:prod",
        "repo:our-company@*/batch@*:environment:prod",
    ]
    assert found["StringLike"][f"{ISSUER}:ref"] == ["refs/heads/main", "refs/tags/v*"]


def test_without_release_tags_only_the_branch_is_deployed() -> None:
    workflows = trust.Workflows(repository="o/r", environment="dev", branch="trunk")
    found = condition(trust.github_environment_trust(NAMES, workflows))
    assert found["StringLike"][f"{ISSUER}:ref"] == ["refs/heads/trunk"]


def test_who_looks_may_come_from_a_pull_request() -> None:
    subjects = condition(trust.github_read_trust(NAMES, WORKFLOWS))["StringLike"][f"{ISSUER}:sub"]
    assert "repo:our-company/batch:pull_request" in subjects
    assert "repo:our-company/batch:ref:refs/heads/main" in subjects
    assert "repo:our-company/batch:environment:prod-read" in subjects
    assert "repo:our-company/batch:environment:prod" not in subjects


def test_operators_are_those_who_are_named() -> None:
    (statement,) = statements(trust.operator_trust(["arn:aws:iam::1:role/a"]))
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::1:role/a"]}
