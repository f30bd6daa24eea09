"""What containers are made of: images, secrets, and what their programs are told and granted."""

from collections.abc import Mapping

import pulumi

from components.job_container import JobContainerArgs, SecretSource
from components.job_image import JobImage, JobImageArgs
from components.job_secret import JobSecret, JobSecretArgs
from components.private_bucket import PrivateBucket
from components.stack_key import StackKey
from definitions.build_context import PLATFORMS
from definitions.names import Names
from definitions.task_definition import ecr_repository_arn
from stacks.references import told_environment
from stacks.settings import Settings
from stacks.settings.containers import ContainerSettings
from stacks.settings.storage import (
    BucketReference,
    ParameterReference,
    SecretReference,
    SecretSettings,
)


def made_secrets(
    settings: Settings,
    names: Names,
    key: StackKey,
    buckets: Mapping[str, PrivateBucket],
    ours: pulumi.ResourceOptions,
) -> dict[str, pulumi.Input[str]]:
    """Make the secrets that do not exist already; return the ARNs of all."""
    return {
        name: _secret_arn(name, secret, names, key, buckets, ours)
        for name, secret in settings.secrets.items()
    }


def _secret_arn(
    name: str,
    secret: SecretSettings,
    names: Names,
    key: StackKey,
    buckets: Mapping[str, PrivateBucket],
    ours: pulumi.ResourceOptions,
) -> pulumi.Input[str]:
    if secret.values is None:
        assert secret.arn is not None  # noqa: S101 - the settings demand one of the two
        return secret.arn
    values = {
        variable: buckets[value.bucket].bucket_name
        if isinstance(value, BucketReference)
        else value.get_secret_value()
        for variable, value in secret.values.items()
    }
    return JobSecret(
        f"secret-{name}",
        JobSecretArgs(names=names, secret=name, values=values, key_arn=key.arn),
        ours,
    ).arn


def made_images(
    settings: Settings, names: Names, key: StackKey, ours: pulumi.ResourceOptions
) -> dict[tuple[str, str], JobImage]:
    """Build each image once, however many containers run in it: by folder and architecture."""
    builds = {
        (container.build, container.architecture)
        for container in settings.containers.values()
        if container.build is not None
    }
    return {
        (build, architecture): JobImage(
            f"image-{build}-{architecture}",
            JobImageArgs(
                repository=names.repository(f"{build}-{architecture}"),
                build=build,
                platform=PLATFORMS[architecture],
                key_arn=key.arn,
            ),
            ours,
        )
        for build, architecture in sorted(builds)
    }


def container_args(
    name: str,
    container: ContainerSettings,
    settings: Settings,
    names: Names,
    key: StackKey,
    images: Mapping[tuple[str, str], JobImage],
    secret_arns: Mapping[str, pulumi.Input[str]],
) -> JobContainerArgs:
    """Combine what one container runs and what its program finds there."""
    image: pulumi.Input[str]
    repository_arn: pulumi.Input[str] | None
    if container.build is not None:
        built = images[container.build, container.architecture]
        image, repository_arn = built.image_uri, built.repository_arn
    else:
        assert container.image is not None  # noqa: S101 - the settings demand one of the two
        image, repository_arn = container.image, ecr_repository_arn(container.image)
    return JobContainerArgs(
        names=names,
        container=name,
        image=image,
        repository_arn=repository_arn,
        cpu_units=container.cpu_units,
        memory_mib=container.memory_mib,
        architecture=container.architecture.upper(),
        stop_timeout_seconds=container.stop_timeout_seconds,
        tells_progress=settings.tells_progress(name),
        log_retention_days=settings.log_retention_days,
        key_arn=key.arn,
        environment=told_environment(container.environment, settings, names),
        secrets={
            variable: SecretSource(arn=secret_arns[source.secret], key=source.key)
            for variable, source in container.secrets.items()
            if isinstance(source, SecretReference)
        },
        parameter_arns={
            variable: names.parameter_arn(source.parameter)
            for variable, source in container.secrets.items()
            if isinstance(source, ParameterReference)
        },
        grants=container.granted,
        secret_arns={
            grant.name: secret_arns[grant.name]
            for grant in container.granted
            if grant.kind == "secret"
        },
        ephemeral_storage_gib=container.ephemeral_storage_gib,
        debug=bool(container.debug),
    )
