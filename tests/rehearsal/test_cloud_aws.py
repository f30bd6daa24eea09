"""Entering and leaving: alone, empty, and without a way out."""

import os
import threading
import urllib.request
from datetime import timedelta
from typing import Any

import boto3
import moto.core.utils
import pytest
from botocore.awsrequest import AWSRequest
from moto.core.utils import utcnow
from moto.sqs.models import SQSBackend

from rehearsal.cloud import EmbeddedAws
from rehearsal.cloud.aws import ClosedError
from rehearsal.cloud.iam import ADMINISTRATOR_KEY
from rehearsal.cloud.repairs import Repairs
from tests.rehearsal.conftest import ROLE, START, make_roles


def opened() -> EmbeddedAws:
    return EmbeddedAws(region="eu-west-1", start=START)


def test_it_is_an_account_in_a_region(aws: EmbeddedAws) -> None:
    assert aws.client("sts").get_caller_identity()["Account"] == aws.account
    assert aws.client("ec2").meta.region_name == "eu-west-1"
    assert aws.client("ec2", "us-east-2").meta.region_name == "us-east-2"


def test_a_client_is_made_once(aws: EmbeddedAws) -> None:
    assert aws.client("sqs") is aws.client("sqs")
    assert aws.client("sqs", role=ROLE) is aws.client("sqs", role=ROLE)


def test_a_client_with_a_role_calls_as_that_role(aws: EmbeddedAws) -> None:
    caller = aws.client("sts", role=ROLE).get_caller_identity()["Arn"]
    assert caller == "arn:aws:sts::123456789012:assumed-role/some-role/rehearsal"


def test_the_endpoint_serves_the_same_account(aws: EmbeddedAws) -> None:
    aws.client("sqs").create_queue(QueueName="seen")
    address = f"{aws.endpoint}/?Action=ListQueues&Version=2012-11-05"
    signed = f"{ADMINISTRATOR_KEY}/20260302/eu-west-1/sqs/aws4_request"
    request = urllib.request.Request(  # noqa: S310 - http on 127.0.0.1
        address,
        headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={signed}"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
        assert b"/seen" in answer.read()
    assert aws.endpoint.startswith("http://127.0.0.1:")


def test_dates_that_moto_stores_are_virtual(aws: EmbeddedAws) -> None:
    aws.clock.run_until(START + timedelta(days=40))
    aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    role = aws.client("iam").get_role(RoleName="r")["Role"]
    assert role["CreateDate"] == START + timedelta(days=40)


def test_a_long_poll_answers_at_once(aws: EmbeddedAws) -> None:
    url = aws.client("sqs").create_queue(QueueName="empty")["QueueUrl"]
    answer = aws.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
    assert "Messages" not in answer


def test_messages_are_visible_again_in_virtual_time(aws: EmbeddedAws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert "Messages" in sqs.receive_message(QueueUrl=url)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    aws.clock.run_until(START + timedelta(seconds=61))
    assert "Messages" in sqs.receive_message(QueueUrl=url)


def test_managed_policies_and_machine_images_are_not_loaded(aws: EmbeddedAws) -> None:
    assert aws.client("iam").list_policies(Scope="AWS")["Policies"] == []
    assert aws.client("ec2").describe_images()["Images"] == []


def test_moto_makes_no_loader_of_its_own_for_a_service_model(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise AssertionError("another loader lists all services again")

    monkeypatch.setattr(moto.core.utils, "create_loader", refuse)
    moto.core.utils.get_service_model.cache_clear()
    assert aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]


def test_waiting_for_what_does_not_end_is_an_error(aws: EmbeddedAws) -> None:
    machine = aws.client("stepfunctions").create_state_machine(
        name="m",
        definition='{"StartAt": "W",'
        ' "States": {"W": {"Type": "Wait", "Seconds": 90, "End": true}}}',
        roleArn=ROLE,
    )["stateMachineArn"]
    started = aws.client("stepfunctions").start_execution(stateMachineArn=machine, name="slow")
    with pytest.raises(TimeoutError, match="execution:m:slow goes on after 0:01:00"):
        aws.wait_for(started["executionArn"], timedelta(minutes=1))


# The world


def test_the_developers_environment_is_not_used_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    theirs = {
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_ENDPOINT_URL": "https://example.com",
        "AWS_REGION": "us-gov-west-1",
    }
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    with opened() as aws:
        assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION"} & set(os.environ)
        assert os.environ["AWS_ACCESS_KEY_ID"] != "AKIAREAL"
        aws.client("sqs").create_queue(QueueName="q")
    found = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    assert found == theirs


def test_a_late_request_is_refused() -> None:
    with opened() as aws:
        sqs = aws.client("sqs")
    with pytest.raises(ClosedError, match=r"the embedded AWS is closed: https://sqs\."):
        sqs.list_queues()


def test_a_request_that_moto_does_not_know_is_refused(aws: EmbeddedAws) -> None:
    session: Any = aws.client("sqs")._endpoint.http_session  # noqa: SLF001 - the way out
    request = AWSRequest("GET", "https://example.com/").prepare()
    with pytest.raises(ClosedError, match=r"does not know https://example\.com/"):
        session.send(request)


def test_only_one_is_open_at_a_time(aws: EmbeddedAws) -> None:
    assert aws.endpoint
    with pytest.raises(RuntimeError, match="another embedded AWS is open"):
        opened().__enter__()


def test_entering_again_finds_an_empty_account() -> None:
    with opened() as first:
        first.client("sqs").create_queue(QueueName="q")
    with opened() as second:
        assert "QueueUrls" not in second.client("sqs").list_queues()


def test_nothing_runs_after_leaving() -> None:
    before = set(threading.enumerate())
    with opened() as aws:
        make_roles(aws)
        machine = aws.client("stepfunctions").create_state_machine(
            name="m",
            definition='{"StartAt": "W",'
            ' "States": {"W": {"Type": "Wait", "Seconds": 9999, "End": true}}}',
            roleArn=ROLE,
        )["stateMachineArn"]
        aws.client("stepfunctions").start_execution(stateMachineArn=machine)
        aws.clock.settle()
        assert set(threading.enumerate()) > before
    assert set(threading.enumerate()) == before


def test_moto_is_itself_again_after_leaving() -> None:
    from moto.ecs.responses import EC2ContainerServiceResponse
    from moto.stepfunctions.parser.asl.component.state.exec import execute_state

    run_task = EC2ContainerServiceResponse.run_task
    with opened():
        assert utcnow().year == START.year
        assert EC2ContainerServiceResponse.run_task is not run_task
    assert EC2ContainerServiceResponse.run_task is run_task
    assert execute_state.Thread is threading.Thread
    assert utcnow() > START.replace(tzinfo=None) + timedelta(days=100)


def test_an_error_inside_leaves_nothing_open() -> None:
    with pytest.raises(ValueError, match="broken"), opened():
        raise ValueError("broken")
    with opened() as aws:
        assert aws.account == "123456789012"


def test_other_clients_of_this_process_stay_inside_too(aws: EmbeddedAws) -> None:
    aws.client("sqs").create_queue(QueueName="q")
    assert boto3.client("sqs", region_name="eu-west-1").list_queues()["QueueUrls"]


def test_a_repair_of_what_moto_no_longer_has_is_found_out() -> None:
    with pytest.raises(AttributeError, match=r"moto has no send_mesage in .*SQSBackend"):
        Repairs().put(SQSBackend, "send_mesage", None)


def test_an_addition_that_moto_has_by_now_is_found_out() -> None:
    with pytest.raises(AttributeError, match=r"moto has send_message in .*SQSBackend.* by now"):
        Repairs().add(SQSBackend, "send_message", None)
