"""Parameters of Systems Manager among the secrets of a container."""

from tests.rehearsal.conftest import Account

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
