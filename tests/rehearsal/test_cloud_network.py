"""What each part of the network is for: without it, a connection fails as it does on AWS."""

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto.ec2.models import ec2_backends

from rehearsal.cloud.network import Support
from tests.rehearsal.living_stack import LivingStack, living_stack, without

ALWAYS = "ResourceInitializationError: unable to pull secrets or registry auth: "
NO_TOKEN = (
    f"{ALWAYS}The task cannot pull registry auth from Amazon ECR: There is a connection issue"
)
NO_SECRET = f"{ALWAYS}unable to retrieve secret from asm: There is a connection issue"
NO_IMAGE = "CannotPullContainerError: The task cannot pull"
NO_LOG = "ResourceInitializationError: failed to validate logger args: create stream has been"


@pytest.fixture(scope="module")
def stack() -> Iterator[LivingStack]:
    with living_stack("prod") as living:
        yield living


def ec2_of(stack: LivingStack) -> Any:
    return ec2_backends[stack.aws.account][stack.aws.region]


def endpoint(stack: LivingStack, service: str) -> Any:
    """Return moto's endpoint of a service."""
    (found,) = [
        endpoint
        for endpoint in ec2_of(stack).vpc_end_points.values()
        if endpoint.service_name.endswith(f".{service}")
    ]
    return found


@contextmanager
def with_attribute(owner: Any, name: str, value: Any) -> Generator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def reason(stack: LivingStack) -> str:
    """Run the job; return why it did not start."""
    stack.aws.network.refusals.clear()
    text: str = json.loads(stack.run()["cause"])["reason"]
    return text


def why(stack: LivingStack) -> str:
    """Return the explanation of the last connection that did not arrive."""
    return stack.aws.network.refusals[-1].why


@pytest.mark.parametrize(
    ("service", "says", "host"),
    [
        ("ecr.api", NO_TOKEN, "https://api.ecr.ap-northeast-1.amazonaws.com/"),
        ("secretsmanager", NO_SECRET, "https://secretsmanager.ap-northeast-1.amazonaws.com/"),
        ("ecr.dkr", NO_IMAGE, ".dkr.ecr.ap-northeast-1.amazonaws.com/v2/"),
        ("s3", NO_IMAGE, "https://prod-ap-northeast-1-starport-layer-bucket.s3."),
        ("logs", NO_LOG, "https://logs.ap-northeast-1.amazonaws.com/"),
    ],
)
def test_a_task_needs_the_endpoint(stack: LivingStack, service: str, says: str, host: str) -> None:
    with with_attribute(endpoint(stack, service), "state", "deleted"):
        text = reason(stack)
    assert text.startswith(says)
    assert host in text
    assert "i/o timeout" in text
    assert f"no endpoint of {service} in vpc-" in why(stack)
    assert stack.run()["status"] == "SUCCEEDED"


def test_a_task_that_reaches_nothing_ends_after_minutes(stack: LivingStack) -> None:
    with with_attribute(endpoint(stack, "logs"), "state", "deleted"):
        run = stack.run()
    assert (run["stopDate"] - run["startDate"]).total_seconds() >= 120


def test_a_task_needs_private_dns(stack: LivingStack) -> None:
    with with_attribute(endpoint(stack, "logs"), "private_dns_enabled", False):
        assert reason(stack).startswith(NO_LOG)
    assert "has private DNS off" in why(stack)


@pytest.mark.parametrize(
    ("name", "says"),
    [("enable_dns_support", "no name resolves"), ("enable_dns_hostnames", "is idle")],
)
def test_the_vpc_needs_dns(stack: LivingStack, name: str, says: str) -> None:
    vpc = ec2_of(stack).get_vpc(endpoint(stack, "logs").vpc_id)
    with with_attribute(vpc, name, "false"):
        assert reason(stack).startswith(NO_TOKEN)
    assert says in why(stack)


def test_the_gateway_endpoint_needs_the_route_table_of_the_tasks(stack: LivingStack) -> None:
    with with_attribute(endpoint(stack, "s3"), "route_table_ids", []):
        assert reason(stack).startswith(NO_IMAGE)
    assert "no route of subnet-" in why(stack)


@pytest.mark.parametrize(
    ("way", "chooses", "fails", "says"),
    [
        ("egress_rules", lambda rule: rule.source_group, NO_TOKEN, "lets nothing out to vpce-"),
        ("egress_rules", lambda rule: rule.prefix_list_id, NO_IMAGE, "lets nothing out to pl-"),
        ("ingress_rules", lambda rule: rule.source_group, NO_TOKEN, "lets nothing in from sg-"),
    ],
)
@pytest.mark.parametrize("change", ["gone", "port"])
def test_groups_must_let_a_connection_out_and_in(
    stack: LivingStack,
    way: str,
    chooses: Callable[[Any], bool],
    fails: str,
    says: str,
    change: str,
) -> None:
    ((group, rule),) = [
        (group, rule)
        for groups in ec2_of(stack).groups.values()
        for group in groups.values()
        for rule in getattr(group, way)
        if chooses(rule)
    ]
    broken = (
        with_attribute(group, way, [one for one in getattr(group, way) if one is not rule])
        if change == "gone"
        else with_attribute(rule, "to_port", 442)
    )
    with with_attribute(rule, "from_port", 80), broken:
        assert reason(stack).startswith(fails)
    assert says in why(stack)


@pytest.mark.parametrize(
    ("service", "action"),
    [
        ("ecr.api", "ecr:GetAuthorizationToken"),
        ("ecr.dkr", "ecr:BatchGetImage"),
        ("secretsmanager", "secretsmanager:GetSecretValue"),
        ("logs", "logs:CreateLogStream"),
        ("s3", "s3:GetObject"),
    ],
)
def test_an_endpoints_policy_must_let_it_pass(
    stack: LivingStack, service: str, action: str
) -> None:
    document = stack.document("endpoint", endpoint(stack, service).id)
    change = without("s3:GetObject" if service == "s3" else "*")
    with stack.changed(document, change):
        text = reason(stack)
        assert f"because no VPC endpoint policy allows the {action} action" in text
        assert [denial.action for denial in stack.aws.iam.denials] == [action]


def test_the_program_passes_the_endpoint_too(stack: LivingStack) -> None:
    document = stack.document("endpoint", endpoint(stack, "s3").id)
    with stack.changed(document, without("*")):
        run = stack.run(command=None)
        assert json.loads(run["cause"])["exitCode"] == 77
        assert {denial.action for denial in stack.aws.iam.denials} == {"s3:ListBucket"}
        assert "no VPC endpoint policy" in stack.aws.iam.denials[0].reason


CALL_SQS = """
import boto3
from botocore.config import Config
from botocore.exceptions import HTTPClientError
try:
    boto3.client("sqs", config=Config(retries={"total_max_attempts": 1})).list_queues()
except HTTPClientError as error:
    raise SystemExit(69)
"""


def test_the_program_hears_nothing_from_a_service_that_it_does_not_reach(
    stack: LivingStack,
) -> None:
    stack.aws.network.refusals.clear()
    stack.aws.iam.denials.clear()
    run = stack.run(["python", "-c", CALL_SQS])
    assert json.loads(run["cause"])["exitCode"] == 69
    assert "no endpoint of sqs in vpc-" in why(stack)
    assert not stack.aws.iam.denials


def test_what_connections_rest_on_is_known(stack: LivingStack) -> None:
    stack.aws.network.used.clear()
    stack.run()
    used = stack.aws.network.used
    services = ("ecr.api", "ecr.dkr", "secretsmanager", "logs", "s3")
    assert {support.id for support in used if support.kind == "endpoint"} == {
        endpoint(stack, service).id for service in services
    }
    table = endpoint(stack, "s3").route_table_ids[0]
    prefixes = endpoint(stack, "s3").destination_prefix_list_id
    assert Support(kind="route", id=f"{table} {prefixes}") in used
    assert sum(support.kind == "security group rule" for support in used) == 3
