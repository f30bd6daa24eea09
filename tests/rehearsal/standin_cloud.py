"""A stand-in for the embedded AWS: moto as it is, which is enough to make resources in."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs] - there are none
import pytest
from moto import mock_aws

from rehearsal.cloud.chatbot import Chatbot

REGION = "eu-west-1"
ACCOUNT = "123456789012"

_clients: dict[tuple[str, str], Any] = {}


class StandInCloud:
    def __init__(self) -> None:
        self.region = REGION
        self.account = ACCOUNT
        self.images: dict[str, Path] = {}
        self.chatbot = Chatbot(self)  # pyright: ignore[reportArgumentType] - it asks for the account only

    def allow(self, action: str, resource: str) -> None:
        """Whoever deploys here may do everything."""

    def client(self, service: str, region: str | None = None) -> Any:
        key = (service, region or self.region)
        if key not in _clients:
            _clients[key] = boto3.client(service, region_name=key[1])  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownMemberType] - by name
        return _clients[key]


@contextmanager
def stand_in_cloud() -> Generator[StandInCloud]:
    """Give an empty AWS that lives as long as the block."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "testing")
        environment.delenv("AWS_SESSION_TOKEN", raising=False)
        with mock_aws():
            yield StandInCloud()
