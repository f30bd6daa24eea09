"""Secrets Manager: names are checked."""

import re
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.models import SecretsManagerBackend

from rehearsal.cloud.repairs import Repairs

_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]+")


def repair(repairs: Repairs) -> None:
    """Moto takes any name for a secret."""
    create: Any = SecretsManagerBackend.create_secret

    def create_secret(self: Any, name: str, *args: Any, **more: Any) -> Any:
        if not _NAME.fullmatch(name):
            raise JsonRESTError(
                "ValidationException",
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of "
                "the following: -/_+=.@!",
            )
        return create(self, name, *args, **more)

    repairs.put(SecretsManagerBackend, "create_secret", create_secret)
