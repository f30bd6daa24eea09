"""One page of graphs for a stack."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.dashboard import dashboard
from definitions.names import Names


@dataclass(frozen=True, kw_only=True)
class StackDashboardArgs:
    """Whose page it is."""

    names: Names
    alarm_arns: Sequence[pulumi.Input[str]]
    """The stack's alarms, whose states are shown."""


class StackDashboard(pulumi.ComponentResource):
    """A dashboard, and a rule without a target that counts tasks.

    Children: ``<name>-attempts`` (rule), ``<name>-page``.
    """

    pulumi_type = "fargate-batch:index:StackDashboard"

    def __init__(
        self, name: str, args: StackDashboardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names = args.names
        attempts = aws.cloudwatch.EventRule(
            f"{name}-attempts",
            name=names.of("attempts"),
            description="The end of every task of this stack: counted, and sent nowhere",
            event_pattern=json.dumps(
                {
                    "source": ["aws.ecs"],
                    "detail-type": ["ECS Task State Change"],
                    "detail": {"clusterArn": [names.cluster_arn], "lastStatus": ["STOPPED"]},
                }
            ),
            opts=child,
        )
        aws.cloudwatch.Dashboard(
            f"{name}-page",
            dashboard_name=names.prefix,
            dashboard_body=pulumi.Output.all(attempts.name, *args.alarm_arns).apply(
                lambda known: dashboard(names, attempts_rule=known[0], alarm_arns=known[1:])
            ),
            opts=child,
        )
        self.register_outputs({})
