"""A stand-in for the embedded AWS: moto as it is, which is enough to make resources in."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs] - there are none
import pytest
from moto import mock_aws

REGION = "eu-west-1"
ACCOUNT = "123456789012"

_clients: dict[tuple[str, str], Any] = {}


class StandInChatbot:
    def __init__(self) -> None:
        self.configurations: list[dict[str, Any]] = []

    def create_slack_channel_configuration(self, **parameters: Any) -> dict[str, Any]:
        self.configurations.append(parameters)
        name = parameters["ConfigurationName"]
        arn = f"arn:aws:chatbot::{ACCOUNT}:chat-configuration/slack-channel/{name}"
        return {"ChannelConfiguration": {**parameters, "ChatConfigurationArn": arn}}


class StandInCloud:
    def __init__(self) -> None:
        self.region = REGION
        self.account = ACCOUNT
        self.images: dict[str, Path] = {}
        self.chatbot = StandInChatbot()

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
