"""Search expressions find what CloudWatch's find."""

import pytest

from rehearsal.cloud.alarms import Metric
from rehearsal.cloud.metric_search import found_by

MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:"


def of(machine: str, name: str = "ExecutionsFailed") -> Metric:
    return "AWS/States", name, {"StateMachineArn": f"{MACHINE}{machine}"}


def found(terms: str, *metrics: Metric, schema: str = "AWS/States,StateMachineArn") -> list[str]:
    expression = f"SUM(SEARCH('{{{schema}}} {terms}', 'Sum', 300))"
    return [str(dimensions.values()) for _, _, dimensions in found_by(expression, metrics)]


def test_a_metric_is_found_by_its_exact_name_only() -> None:
    assert found('MetricName="ExecutionsFailed"', of("a"))
    assert not found('MetricName="Executions"', of("a"))


def test_words_are_found_side_by_side_wherever_they_stand() -> None:
    here = "StateMachineArn=batch-dev"
    assert found(here, of("batch-dev--nightly"))
    assert found(here, of("batch-dev-eu--nightly")), "a word more is no other place"
    assert not found(here, of("batch-prod--dev"))
    assert not found(here, of("batch-device--nightly"))


def test_what_is_left_out_by_its_exact_name_is_not_found() -> None:
    here = f'StateMachineArn=batch-dev NOT StateMachineArn="{MACHINE}batch-dev-notifier"'
    assert not found(here, of("batch-dev-notifier"))
    assert found(here, of("batch-dev--notifier"))


def test_namespace_and_dimensions_are_those_of_the_schema() -> None:
    assert not found("StateMachineArn=a", of("a"), schema="AWS/States")
    assert not found("StateMachineArn=a", of("a"), schema="AWS/ECS,StateMachineArn")


@pytest.mark.parametrize(
    "expression",
    [
        "m1 + m2",
        "SEARCH('{AWS/States,StateMachineArn} a', 'Sum')",
        "SEARCH('{AWS/States,StateMachineArn} a', 'Total', 300)",
        "SEARCH('{AWS/States,StateMachineArn} MetricName=a OR b', 'Sum', 300)",
    ],
)
def test_what_is_not_rehearsed_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"no search|no terms|no statistic"):
        found_by(expression, [of("a")])
