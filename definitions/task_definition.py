"""The container definition: how a container's image runs on Fargate."""

import json
import re
from collections.abc import Mapping

from definitions.job_machine import CONTAINER_NAME, LOG_STREAM_PREFIX

USER = "10001:10001"
"""Who the program is: nobody in particular, and not root."""
MIN_STOP_TIMEOUT_SECONDS, MAX_STOP_TIMEOUT_SECONDS = 2, 120
"""Between SIGTERM and SIGKILL, as Fargate takes it (ContainerDefinition.stopTimeout)."""
TEMPORARY_VOLUME = "tmp"
KEPT_IMAGES = 100
"""Images that a repository keeps: a push may store three (index, image, attestation), so this is
more than the last 30 releases, and a run that waits for a retry still finds its own."""


def container_definitions(
    *,
    image: str,
    environment: Mapping[str, str],
    secrets: Mapping[str, str],
    log_group: str,
    region: str,
    debug: bool,
    stop_timeout_seconds: int,
) -> str:
    """Make the JSON of a task definition's one container.

    ``secrets`` maps an environment variable to where Fargate reads it (``valueFrom``): a secret,
    or a parameter of Systems Manager. ``/tmp`` is an empty volume of the task. The root file
    system is read-only, except with ``debug``: the agent of ECS Exec writes its files there
    (Amazon ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec").
    """
    return json.dumps(
        [
            {
                "name": CONTAINER_NAME,
                "image": image,
                "essential": True,
                "user": USER,
                "readonlyRootFilesystem": not debug,
                "linuxParameters": {"initProcessEnabled": True},
                "mountPoints": [{"sourceVolume": TEMPORARY_VOLUME, "containerPath": "/tmp"}],  # noqa: S108 - the container's own volume
                "stopTimeout": stop_timeout_seconds,
                "environment": [
                    {"name": name, "value": value} for name, value in sorted(environment.items())
                ],
                "secrets": [
                    {"name": name, "valueFrom": source} for name, source in sorted(secrets.items())
                ],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": log_group,
                        "awslogs-region": region,
                        "awslogs-stream-prefix": LOG_STREAM_PREFIX,
                    },
                },
            }
        ]
    )


def lifecycle_policy() -> str:
    """Make the JSON of a repository's lifecycle policy: only old images expire."""
    return json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "description": f"Keep the last {KEPT_IMAGES} images",
                    "selection": {
                        "tagStatus": "any",
                        "countType": "imageCountMoreThan",
                        "countNumber": KEPT_IMAGES,
                    },
                    "action": {"type": "expire"},
                }
            ]
        }
    )


_ECR_IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)")


def ecr_repository_arn(image: str) -> str | None:
    """Name the private ECR repository that an image comes from; ``None`` for any other registry."""
    found = _ECR_IMAGE.match(image)
    return found and f"arn:aws:ecr:{found[2]}:{found[1]}:repository/{found[3]}"
