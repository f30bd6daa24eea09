"""A named shape that jobs run in: one task definition with its log group and its two roles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from definitions.grants import Grant
from definitions.names import Names
from definitions.policies import programs, trust
from definitions.sizes import check_size
from definitions.task_definition import (
    MAX_STOP_TIMEOUT_SECONDS,
    TEMPORARY_VOLUME,
    container_definitions,
)


@dataclass(frozen=True, kw_only=True)
class SecretSource:
    """Where one environment variable of a container comes from."""

    arn: pulumi.Input[str]
    """ARN of the secret."""
    key: str | None
    """JSON key inside the secret; ``None`` for its whole value."""


@dataclass(frozen=True, kw_only=True)
class JobContainerArgs:
    """Image, size and rights of a container."""

    names: Names
    container: str
    """Name that jobs call it by."""
    image: pulumi.Input[str]
    """Address of the image, best by digest."""
    repository_arn: pulumi.Input[str] | None
    """ARN of the image's ECR repository; ``None`` for a public image."""
    cpu_units: int
    """CPU units; 1024 are one vCPU. Goes with ``memory_mib``."""
    memory_mib: int
    """Memory in MiB."""
    architecture: str
    """``ARM64`` or ``X86_64``."""
    log_retention_days: int
    """Days to keep the logs of its programs."""
    key_arn: pulumi.Input[str]
    """Key that encrypts logs and secrets."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables of every run."""
    secrets: Mapping[str, SecretSource] = field(default_factory=dict[str, SecretSource])
    """Environment variables that Fargate reads from secrets."""
    parameter_arns: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables that Fargate reads from parameters of Systems Manager."""
    grants: Sequence[Grant] = ()
    """What its program may do."""
    secret_arns: Mapping[str, pulumi.Input[str]] = field(
        default_factory=dict[str, pulumi.Input[str]]
    )
    """ARNs of the secrets among the grants, by name."""
    stop_timeout_seconds: int = MAX_STOP_TIMEOUT_SECONDS
    """Between SIGTERM and SIGKILL."""
    ephemeral_storage_gib: int | None = None
    """Room for files in GiB; ``None`` for the 20 that a task has without asking."""
    debug: bool = False
    """Whether people may open a shell in its tasks."""
    tells_progress: bool = False
    """Whether a job in it is waited for by a token."""

    def __post_init__(self) -> None:
        check_size(self.cpu_units, self.memory_mib)


class JobContainer(pulumi.ComponentResource):
    """A task definition, pinned to an image, that jobs run in with their own command.

    Children: ``<name>-logs``, ``<name>-execution-role``, ``<name>-execution-policy``,
    ``<name>-task-role``, ``<name>-task-policy`` (if its program may do anything), ``<name>-task``.
    """

    pulumi_type = "fargate-batch:index:JobContainer"

    task_definition_arn: pulumi.Output[str]
    """ARN of the current revision."""

    def __init__(
        self, name: str, args: JobContainerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names, log_group = args.names, args.names.log_group(args.container)

        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=log_group,
            retention_in_days=args.log_retention_days,
            kms_key_id=args.key_arn,
            opts=child,
        )
        execution_role = aws.iam.Role(
            f"{name}-execution-role",
            name=names.execution_role(args.container),
            description=f"Fargate, for container {args.container}: image, secrets, logs",
            assume_role_policy=trust.tasks_trust(names),
            opts=child,
        )
        secret_arns = [source.arn for source in args.secrets.values()]
        execution_policy = aws.iam.RolePolicy(
            f"{name}-execution-policy",
            role=execution_role.name,
            policy=pulumi.Output.all(
                repository_arn=args.repository_arn, secret_arns=secret_arns, key_arn=args.key_arn
            ).apply(
                lambda known: programs.execution_policy(
                    names,
                    log_group=log_group,
                    parameter_arns=list(args.parameter_arns.values()),
                    **known,
                )
            ),
            opts=child,
        )
        task_role = aws.iam.Role(
            f"{name}-task-role",
            name=names.task_role(args.container),
            description=f"Programs in container {args.container}",
            assume_role_policy=trust.tasks_trust(names),
            opts=child,
        )
        rights = [execution_policy.id]
        if args.grants or args.debug or args.tells_progress:
            task_policy = aws.iam.RolePolicy(
                f"{name}-task-policy",
                role=task_role.name,
                policy=pulumi.Output.all(secret_arns=args.secret_arns, key_arn=args.key_arn).apply(
                    lambda known: programs.task_policy(
                        names, args.grants, debug=args.debug, progress=args.tells_progress, **known
                    )
                ),
                opts=child,
            )
            rights.append(task_policy.id)

        definitions = pulumi.Output.all(
            image=args.image,
            log_group=logs.name,
            secrets={
                **args.parameter_arns,
                **{
                    variable: pulumi.Output.from_input(source.arn).apply(
                        lambda arn, key=source.key: arn if key is None else f"{arn}:{key}::"
                    )
                    for variable, source in args.secrets.items()
                },
            },
        ).apply(
            lambda known: container_definitions(
                environment=args.environment,
                region=names.region,
                debug=args.debug,
                stop_timeout_seconds=args.stop_timeout_seconds,
                **known,
            )
        )
        task = aws.ecs.TaskDefinition(
            f"{name}-task",
            family=names.chosen(args.container),
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(args.cpu_units),
            memory=str(args.memory_mib),
            runtime_platform={
                "cpu_architecture": args.architecture,
                "operating_system_family": "LINUX",
            },
            ephemeral_storage=None
            if args.ephemeral_storage_gib is None
            else {"size_in_gib": args.ephemeral_storage_gib},
            execution_role_arn=execution_role.arn,
            task_role_arn=task_role.arn,
            container_definitions=definitions,
            volumes=[{"name": TEMPORARY_VOLUME}],
            skip_destroy=True,  # a run that waits for a retry still starts its own revision
            tags={"container": args.container},  # tasks take their tags from here
            opts=child,
        )

        # The first run must find its rights.
        self.task_definition_arn = pulumi.Output.all(task.arn, *rights).apply(lambda made: made[0])
        self.register_outputs({"task_definition_arn": self.task_definition_arn})
