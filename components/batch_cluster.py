"""Where tasks run, and in whose name the jobs' machines start them."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from definitions.names import Names
from definitions.policies import roles, trust


@dataclass(frozen=True, kw_only=True)
class BatchClusterArgs:
    """How the stack's tasks and executions are watched."""

    names: Names
    log_retention_days: int
    """Days to keep the log of executions."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the log of executions."""
    container_insights: bool
    """CloudWatch Container Insights: metrics of each task family, charged by the metric."""
    tracing: bool
    """Whether state machines send traces to X-Ray."""
    distributed: bool
    """Whether some job's array is a distributed Map."""
    progress: bool
    """Whether some job is waited for by a token."""
    spot: bool
    """Whether some job wants Spot: then tasks run there unless they say otherwise."""


class BatchCluster(pulumi.ComponentResource):
    """The ECS cluster, the log of all executions and the role of the jobs' machines.

    Children: ``<name>-cluster``, ``<name>-capacity`` (with Spot), ``<name>-executions``,
    ``<name>-runner-role``, ``<name>-runner-policy``.
    """

    pulumi_type = "fargate-batch:index:BatchCluster"

    cluster_arn: pulumi.Output[str]
    """ARN of the cluster; known once it has its capacity."""
    execution_log_destination: pulumi.Output[str]
    """Where every state machine logs to: the streams of one log group."""
    runner_role_arn: pulumi.Output[str]
    """ARN of the role of the jobs' machines; known once its policy is attached."""

    def __init__(
        self, name: str, args: BatchClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names = args.names

        cluster = aws.ecs.Cluster(
            f"{name}-cluster",
            name=names.prefix,
            settings=[
                {
                    "name": "containerInsights",
                    "value": "enabled" if args.container_insights else "disabled",
                }
            ],
            opts=child,
        )
        ready: list[pulumi.Output[str]] = [cluster.arn]
        if args.spot:
            # A machine's task asks for a launch type or, by saying nothing, for this strategy.
            capacity = aws.ecs.ClusterCapacityProviders(
                f"{name}-capacity",
                cluster_name=cluster.name,
                capacity_providers=["FARGATE", "FARGATE_SPOT"],
                default_capacity_provider_strategies=[
                    {"capacity_provider": "FARGATE_SPOT", "weight": 1}
                ],
                opts=child,
            )
            ready.append(capacity.id)
        executions = aws.cloudwatch.LogGroup(
            f"{name}-executions",
            name=names.execution_log_group,
            retention_in_days=args.log_retention_days,
            kms_key_id=args.key_arn,
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-runner-role",
            name=names.of("runner"),
            description="Machines of the jobs: run, watch and stop tasks",
            assume_role_policy=trust.machine_trust(names, names.chosen("*")),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-runner-policy",
            role=role.name,
            policy=roles.runner_policy(
                names,
                tracing=args.tracing,
                distributed=args.distributed,
                progress=args.progress,
            ),
            opts=child,
        )

        self.cluster_arn = pulumi.Output.all(*ready).apply(lambda made: made[0])
        self.execution_log_destination = pulumi.Output.concat(executions.arn, ":*")
        # A machine made before its role's policy may be refused: what needs the role waits here.
        self.runner_role_arn = pulumi.Output.all(role.arn, policy.id).apply(lambda made: made[0])
        self.register_outputs(
            {
                "cluster_arn": self.cluster_arn,
                "execution_log_destination": self.execution_log_destination,
                "runner_role_arn": self.runner_role_arn,
            }
        )
