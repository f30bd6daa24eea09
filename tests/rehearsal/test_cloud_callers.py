"""Who calls, and how each service refuses them."""

import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud import EmbeddedAws
from rehearsal.cloud.iam import ADMINISTRATOR_KEY
from rehearsal.cloud.policy_documents import Document
from rehearsal.cloud.policy_evaluation import PolicyError
from tests.rehearsal.conftest import Account, make_role, policy_of

PLAIN = "arn:aws:iam::123456789012:role/plain"


def role(account: Account, *statements: dict[str, Any]) -> str:
    return make_role(account.aws, "plain", list(statements))


def test_a_role_that_does_not_exist_may_nothing(aws: EmbeddedAws) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.client("ecs", role=PLAIN).list_clusters()
    assert str(aws.iam.denials[0]).endswith(f"role {PLAIN} does not exist")


def test_managed_policies_and_boundaries_count(account: Account) -> None:
    arn = role(account)
    iam = account.aws.client("iam")
    every = {"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}
    for name, statement in (("wide", every), ("narrow", every | {"Action": "sqs:*"})):
        iam.create_policy(PolicyName=name, PolicyDocument=policy_of(statement))
    prefix = f"arn:aws:iam::{account.aws.account}:policy"
    ecs = account.aws.client("ecs", role=arn)
    with pytest.raises(ClientError, match="no identity-based policy allows"):
        ecs.list_clusters()
    iam.attach_role_policy(RoleName="plain", PolicyArn=f"{prefix}/wide")
    assert ecs.list_clusters()["clusterArns"] == []
    boundary = f"{prefix}/narrow"
    iam.put_role_permissions_boundary(RoleName="plain", PermissionsBoundary=boundary)
    with pytest.raises(ClientError, match="no permissions boundary allows the ecs:ListClusters"):
        ecs.list_clusters()


def test_a_session_may_no_more_than_its_policy(account: Account) -> None:
    every = {"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}
    arn = role(account, every)
    account.aws.iam.documents.write(
        Document(kind="trust", owner="plain"),
        policy_of(
            {
                "Effect": "Allow",
                "Principal": {"AWS": account.aws.account},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:RoleSessionName": "ada"}},
            }
        ),
    )
    sts = account.aws.client("sts")
    with pytest.raises(ClientError, match="sts:AssumeRole"):
        sts.assume_role(RoleArn=arn, RoleSessionName="bob")
    narrow = policy_of({"Effect": "Allow", "Action": "ecs:ListTask*", "Resource": "*"})
    key = sts.assume_role(RoleArn=arn, RoleSessionName="ada", Policy=narrow)["Credentials"]
    assert ask(account.aws, key["AccessKeyId"]) == 400
    (denial,) = account.aws.iam.denials[1:]
    assert denial.reason == "because no session policy allows the ecs:ListClusters action"


def test_a_user_is_known_by_their_key(account: Account) -> None:
    iam = account.aws.client("iam")
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]["AccessKeyId"]
    assert ask(account.aws, key) == 400
    assert account.aws.iam.denials[0].actor == "arn:aws:iam::123456789012:user/ada"
    every = policy_of({"Effect": "Allow", "Action": "ecs:List*", "Resource": "*"})
    iam.put_user_policy(UserName="ada", PolicyName="may", PolicyDocument=every)
    assert ask(account.aws, key) == 200


def test_a_key_that_nobody_has_is_refused(aws: EmbeddedAws) -> None:
    assert ask(aws, "AKIAXXXXXXXXXXXXXXXX") == 403
    assert ask(aws, ADMINISTRATOR_KEY) == 200


def ask(aws: EmbeddedAws, key: str) -> int:
    """List clusters over HTTP; return the status."""
    request = urllib.request.Request(  # noqa: S310 - http on 127.0.0.1
        aws.endpoint,
        data=b"{}",
        headers={
            "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 "
            f"Credential={key}/20260302/eu-west-1/ecs/aws4_request",
        },
    )
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_an_operation_that_nobody_mapped_is_an_error_by_name(account: Account) -> None:
    arn = role(account, {"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
    with pytest.raises(NotImplementedError, match=r"kms:ListKeys by .*/plain/.* is not rehearsed"):
        account.aws.client("kms", role=arn).list_keys()


def test_whoever_may_do_everything_needs_no_mapping(account: Account) -> None:
    arn = role(account, {"Effect": "Allow", "Action": "*", "Resource": "*"})
    assert account.aws.client("kms", role=arn).list_keys()["Keys"] == []


def test_a_policy_with_an_unknown_operator_is_an_error(account: Account) -> None:
    odd = {"StringSounds": {"aws:username": "x"}}
    statement = {"Effect": "Allow", "Action": "sns:*", "Resource": "*", "Condition": odd}
    arn = role(account)
    account.aws.iam.documents.write(
        Document(kind="role", owner="plain", policy="may"), policy_of(statement)
    )
    with pytest.raises(PolicyError, match=r"policy may of role plain: .*StringSounds"):
        account.aws.client("ecs", role=arn).list_clusters()


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("ecs", "list_clusters", {}, "AccessDeniedException"),
        ("stepfunctions", "list_state_machines", {}, "AccessDeniedException"),
        ("sqs", "get_queue_url", {"QueueName": "q"}, "AccessDenied"),
        ("s3", "list_buckets", {}, "AccessDenied"),
        ("sns", "list_topics", {}, "AuthorizationError"),
        ("cloudwatch", "list_metrics", {}, "AccessDenied"),
        ("ec2", "describe_vpcs", {}, "UnauthorizedOperation"),
        ("scheduler", "list_schedules", {}, "AccessDeniedException"),
        ("logs", "describe_log_groups", {}, "AccessDeniedException"),
    ],
)
def test_every_service_refuses_in_its_own_words(
    account: Account, service: str, operation: str, parameters: dict[str, str], code: str
) -> None:
    client = account.aws.client(service, role=role(account))
    with pytest.raises(ClientError, match=f"{code}.*User: arn:aws:sts::.* is not authorized"):
        getattr(client, operation)(**parameters)
