"""An alarm for what should never happen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.names import Names
from definitions.runbooks import of_alarm

PERIOD_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of an AWS service."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]


def ended_badly(machine_arn: pulumi.Input[str]) -> list[Metric]:
    """Return the metrics of every end of a state machine's executions but success."""
    return [
        Metric(
            namespace="AWS/States",
            name=f"Executions{how}",
            dimensions={"StateMachineArn": machine_arn},
        )
        for how in ("Failed", "TimedOut", "Aborted")
    ]


def alarm_at_first(
    resource_name: str,
    *,
    names: Names,
    alarm: str,
    runbooks: str | None,
    description: str,
    metrics: Sequence[Metric],
    statistic: str = "Sum",
    topic_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> aws.cloudwatch.MetricAlarm:
    """Register an alarm that calls somebody the first time; ``description`` says what to do.

    It is on one metric or on the sum of several; each costs as much as an alarm. ``alarm`` is its
    name behind the stack's prefix, and that of the section about it in the runbooks, which are
    shown under the address ``runbooks``.
    """
    one = metrics[0] if len(metrics) == 1 else None
    return aws.cloudwatch.MetricAlarm(
        resource_name,
        name=names.of(alarm),
        alarm_description=f"{description.rstrip()} Runbook: {of_alarm(alarm, runbooks)}",
        namespace=one and one.namespace,
        metric_name=one and one.name,
        dimensions=one and one.dimensions,
        statistic=one and statistic,
        period=one and PERIOD_SECONDS,
        metric_queries=None if one else _sum_of(metrics, statistic),
        evaluation_periods=1,
        threshold=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        treat_missing_data="notBreaching",
        alarm_actions=[topic_arn],
        opts=opts,
    )


def _sum_of(
    metrics: Sequence[Metric], statistic: str
) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict]:
    """Add up metrics; a sum has no value where a term has none, hence the zeros.

    (CloudWatch user guide, "Using metric math", FILL.)
    """
    by_id = {f"m{number}": metric for number, metric in enumerate(metrics, 1)}
    total: aws.cloudwatch.MetricAlarmMetricQueryArgsDict = {
        "id": "total",
        "expression": f"SUM([{', '.join(f'FILL({each}, 0)' for each in by_id)}])",
        "label": " + ".join(metric.name for metric in metrics),
        "return_data": True,
    }
    terms: list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict] = [
        {
            "id": each,
            "metric": {
                "namespace": metric.namespace,
                "metric_name": metric.name,
                "dimensions": metric.dimensions,
                "stat": statistic,
                "period": PERIOD_SECONDS,
            },
            "return_data": False,
        }
        for each, metric in by_id.items()
    ]
    return [total, *terms]
