"""The convention that policies, rules and people rely on."""

import re

from hypothesis import given
from hypothesis import strategies as st

from definitions import names
from definitions.names import Names


def of(stack: str) -> Names:
    return Names(project="fargate-batch", stack=stack, region="eu-west-1", account="123456789012")


def test_names_read_as_the_documentation_says() -> None:
    prod = of("prod")
    assert prod.of("dispatcher") == "fargate-batch-prod-dispatcher"
    assert prod.chosen("list-files") == "fargate-batch-prod--list-files"
    assert prod.bucket("files") == "fargate-batch-prod--files-123456789012"
    assert prod.log_group("default") == "/fargate-batch/prod/default"
    assert prod.repository("images/ETL-arm64") == "fargate-batch-prod/images-etl-arm64"


def test_a_parameter_is_named_by_its_path_its_name_or_its_arn() -> None:
    prefix = "arn:aws:ssm:eu-west-1:123456789012:parameter"
    assert of("prod").parameter_arn("/batch/token") == f"{prefix}/batch/token"
    assert of("prod").parameter_arn("token") == f"{prefix}/token"
    assert of("prod").parameter_arn("arn:aws:ssm:x:1:parameter/y") == "arn:aws:ssm:x:1:parameter/y"


words = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)


@given(words, words, words, words)
def test_no_stacks_job_is_ever_taken_for_another_stacks(
    stack: str, other: str, job: str, role: str
) -> None:
    ours, theirs = of(stack), of(other)
    if stack != other:
        assert not theirs.machine_arn(theirs.chosen(job)).startswith(ours.job_machines_arn)
    assert not ours.machine_arn(ours.of(role)).startswith(ours.job_machines_arn)


@given(words.filter(lambda stack: len(stack) < 20))
def test_the_longest_names_still_fit_what_aws_takes(stack: str) -> None:
    made = of(stack)
    job = "j" * names.longest_job_name(made.prefix)
    container = "c" * names.longest_container_name(made.prefix)
    bucket = "b" * names.longest_bucket_name(made.prefix)
    queue = "q" * names.longest_chosen_name(made.prefix, names.QUEUE_LIMIT)
    listening = "e" * names.longest_event_job_name(made.prefix)
    assert len(made.chosen(job)) <= 80
    assert len(job) <= 64
    assert len(f"{job}-2026-11-22T033000Z") <= 80
    assert len(made.execution_role(container)) <= 64
    assert len(made.task_role(container)) <= 64
    assert len(made.bucket(bucket)) <= 63
    assert len(made.chosen(queue)) <= 80
    assert len(made.event_source(listening, names.MAX_EVENTS)) <= 64
    assert len(f"{listening}-7bf73129-1428-4cd3-a780-95db273d1602") <= 80
    assert len(listening) <= len(job)


@given(words)
def test_what_users_choose_has_no_double_hyphen(name: str) -> None:
    assert names.USER_NAME.fullmatch(name)
    assert not names.USER_NAME.fullmatch(f"{name}--x")
    assert not names.STACK_NAME.fullmatch(f"{name}--x")


def test_state_machine_names_are_what_the_provider_takes() -> None:
    assert re.fullmatch(r"[0-9A-Za-z_-]+", of("prod").chosen("list-files"))
