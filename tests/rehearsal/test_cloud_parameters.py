"""Parameters of Systems Manager among the secrets of a container."""

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import Account, make_role, policy_of

ARN = "arn:aws:ssm:eu-west-1:123456789012:parameter/batch/token"


def test_a_parameter_becomes_a_variable_by_its_name_or_by_its_arn(account: Account) -> None:
    account.aws.client("ssm").put_parameter(
        Name="/batch/token", Value="sesame", Type="SecureString"
    )
    account.write_program("import os; print(os.environ['ONE'], os.environ['OTHER'])")
    account.task_definition(
        secrets=[
            {"name": "ONE", "valueFrom": ARN},
            {"name": "OTHER", "valueFrom": "/batch/token"},
        ]
    )
    account.ended_task()
    assert account.log_lines() == ["sesame sesame"]


def test_a_parameter_that_is_not_there_is_named(account: Account) -> None:
    account.task_definition(secrets=[{"name": "TOKEN", "valueFrom": ARN}])
    task = account.ended_task()
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].endswith("secrets from ssm: invalid parameters: /batch/token")


def test_an_encrypted_parameter_asks_for_its_key_through_systems_manager(account: Account) -> None:
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account.aws.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    key = account.aws.client("kms").create_key(Policy=policy_of(root))["KeyMetadata"]["Arn"]
    for name, more in (("/batch/token", {"KeyId": key}), ("/batch/other", {})):
        account.aws.client("ssm").put_parameter(
            Name=name, Value="sesame", Type="SecureString", **more
        )
    read = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "*"}
    role = make_role(account.aws, "reader", [read])
    ssm = account.aws.client("ssm", role=role)
    assert ssm.get_parameters(Names=["/batch/other"], WithDecryption=True)["Parameters"]
    assert ssm.get_parameters(Names=["/batch/token"])["Parameters"]
    with pytest.raises(ClientError, match="kms:Decrypt"):
        ssm.get_parameters(Names=["/batch/token"], WithDecryption=True)
    through = {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"}
    context = {"kms:EncryptionContext:PARAMETER_ARN": ARN}
    decrypt = {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": key,
        "Condition": {"StringEquals": {**through, **context}},
    }
    account.aws.client("iam").put_role_policy(
        RoleName="reader", PolicyName="decrypt", PolicyDocument=policy_of(decrypt)
    )
    assert ssm.get_parameters(Names=["/batch/token"], WithDecryption=True)["Parameters"]
