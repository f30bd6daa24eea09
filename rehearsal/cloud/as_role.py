"""The embedded AWS as it is for whoever has a role: every call of a deploy is asked about."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore import (  # pyright: ignore[reportMissingTypeStubs] - there are none
    xform_name,  # pyright: ignore[reportUnknownVariableType] - likewise
)

from rehearsal.cloud.chatbot import OPERATIONS, asks

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws


class AsRole:
    """A cloud for the provider whose clients call as an assumed role."""

    def __init__(self, aws: "EmbeddedAws", role: str) -> None:
        """``role`` is an ARN. What the role may do is looked up at each call."""
        self._aws = aws
        self._role = role
        self.region = aws.region
        self.account = aws.account
        self.images: dict[str, Path] = aws.images

    @property
    def chatbot(self) -> Any:
        """AWS Chatbot, which asks as the others do."""
        return _Chatbot(self._aws, self._role)

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client of the role's."""
        return self._aws.client(service, region, role=self._role)

    def allow(self, action: str, resource: str) -> None:
        """Let the role do something for which moto has no operation.

        Raises:
            ClientError: as AWS answers when it is not allowed.
        """
        self._aws.iam.allow_role(role=self._role, action=action, resource=resource)


class _Chatbot:
    """The stand-in for Chatbot, asked as a role."""

    def __init__(self, aws: "EmbeddedAws", role: str) -> None:
        self._aws, self._role = aws, role

    def __getattr__(self, name: str) -> Callable[..., Any]:
        (operation,) = (one for one in OPERATIONS if xform_name(one) == name)

        def call(**parameters: Any) -> Any:
            for ask in asks(self._aws.account, operation, parameters):
                self._aws.iam.allow_role(
                    role=self._role, action=ask.action, resource=ask.resource, context=ask.context
                )
            return getattr(self._aws.chatbot, name)(**parameters)

        return call
