"""The AWS services that the containers of a stack reach."""

from collections.abc import Mapping

from definitions.grants import Kind
from stacks.settings import Settings
from stacks.settings.storage import ParameterReference

_SERVICE_OF_GRANT: Mapping[Kind, str] = {
    "bucket": "s3",
    "queue": "sqs",
    "topic": "sns",
    "table": "dynamodb",
    "secret": "secretsmanager",
    "job": "states",
}
"""The service that a program calls for what it was granted."""


def called_services(settings: Settings) -> list[str]:
    """Name the services that the containers reach: exactly those, for each endpoint costs."""
    services = {"ecr.api", "ecr.dkr", "logs"}
    for container in settings.containers.values():
        for source in container.secrets.values():
            services.add("ssm" if isinstance(source, ParameterReference) else "secretsmanager")
        services.update(_SERVICE_OF_GRANT[grant.kind] for grant in container.granted)
        if container.debug:
            services.add("ssmmessages")
    if settings.workers or any(job.progress for job in settings.jobs.values()):
        services.add("states")
    return sorted(services)
