"""API destinations: EventBridge calls an address. Here nobody is called; what would be is kept.

Moto keeps connections and destinations, tells everybody a connection's secrets, takes one name
twice, and calls nobody.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from moto.events import models
from moto.events.models import events_backends

from rehearsal.cloud.event_input import text_of
from rehearsal.cloud.repairs import Refusal, Repairs

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

SUCCESS = range(200, 300)
_AGAIN = frozenset({401, 407, 409, 429})
_SERVER_ERROR = 500
"""From here on, and those above, are tried again (EventBridge guide, "API destinations", "Error
handling"); any other answer is a dead letter at once."""

_HIDDEN = {
    "ApiKeyAuthParameters": "ApiKeyValue",
    "BasicAuthParameters": "Password",
}
"""What DescribeConnection leaves out."""
_ADDED = ("HeaderParameters", "QueryStringParameters", "BodyParameters")


@dataclass(frozen=True, kw_only=True)
class WebhookCall:
    """One call of an address: what it was sent, and how it answered."""

    destination: str
    """Name of the API destination."""
    method: str
    url: str
    """May be a secret, as ``headers`` and ``body`` may: never print them."""
    headers: dict[str, str]
    body: str
    message: Any
    """What the rule sent: the body without what the connection adds."""
    status: int
    time: datetime

    @property
    def host(self) -> str:
        """Where the address is: what of it is no secret."""
        return urlsplit(self.url).hostname or ""

    @property
    def taken(self) -> bool:
        """Whether the address took the message."""
        return self.status in SUCCESS


class Webhooks:
    """The addresses outside that EventBridge calls."""

    def __init__(self, aws: "EmbeddedAws") -> None:
        self._aws = aws
        self._free: dict[str, datetime] = {}
        self.calls: list[WebhookCall] = []
        self.answer: Callable[[str], int] = lambda _destination: 202
        """Seam for faults: the status with which a destination, by its name, answers."""

    def repair(self, repairs: Repairs) -> None:
        """Put the repairs of this module in place."""
        take_a_name_once(repairs)
        keep_secrets_of_connections(repairs)

    def turn(self, arn: str) -> datetime:
        """Return when a destination may be called, now or as soon as its rate allows, and book it.

        EventBridge lets what comes faster wait.
        """
        now, destination = self._aws.clock.now(), _destination(self._aws.account, arn)
        if destination is None:
            return now
        turn = max(now, self._free.get(arn, now))
        apart = timedelta(seconds=1 / float(destination.invocation_rate_limit_per_second or 300))
        self._free[arn] = turn + apart
        return turn

    def call(self, arn: str, text: str, *, role: str) -> None:
        """Call a destination with a rule's text.

        Raises:
            ClientError: the role may not, it is not there, or its answer is no success.
        """
        self._aws.iam.allow_role(role=role, action="events:InvokeApiDestination", resource=arn)
        destination = _destination(self._aws.account, arn)
        if destination is None:
            raise _failure("ResourceNotFoundException", f"API destination {arn} does not exist.")
        connection = _connection(self._aws.account, destination.connection_arn)
        if connection is None:
            raise _failure("ResourceNotFoundException", "The connection does not exist.")
        headers, query, body = _authorized(connection, text)
        status = self.answer(destination.name)
        url: str = destination.invocation_endpoint
        called = WebhookCall(
            destination=destination.name,
            method=destination.http_method,
            url=f"{url}{'&' if '?' in url else '?'}{query}" if query else url,
            headers=headers,
            body=body,
            message=json.loads(text),
            status=status,
            time=self._aws.clock.now(),
        )
        self.calls.append(called)
        if not called.taken:
            again = status in _AGAIN or status >= _SERVER_ERROR
            code = "ServiceUnavailable" if again else "BadRequest"
            raise _failure(code, f"API destination {destination.name} answered {status}")


def take_a_name_once(repairs: Repairs) -> None:
    """Moto puts a second connection or destination of one name into the place of the first."""
    for operation, kept, what in (
        ("create_connection", "connections", "Connection"),
        ("create_api_destination", "destinations", "ApiDestination"),
    ):
        otherwise = getattr(models.EventsBackend, operation)

        def create(
            self: Any,
            name: str,
            *args: Any,
            otherwise: Any = otherwise,
            kept: str = kept,
            what: str = what,
            **more: Any,
        ) -> Any:
            if name in getattr(self, kept):
                raise Refusal("ResourceAlreadyExistsException", f"{what} {name} already exists.")
            return otherwise(self, name, *args, **more)

        repairs.put(models.EventsBackend, operation, create)


def keep_secrets_of_connections(repairs: Repairs) -> None:
    """Moto tells the passwords and keys of a connection to whoever describes it."""
    describe = models.Connection.describe

    def described(self: Any) -> dict[str, Any]:
        told = describe(self)
        told["AuthParameters"] = _without_secrets(told["AuthParameters"])
        return told

    repairs.put(models.Connection, "describe", described)


def _without_secrets(parameters: dict[str, Any]) -> dict[str, Any]:
    told = deepcopy(parameters)
    for kind, hidden in _HIDDEN.items():
        if kind in told:
            del told[kind][hidden]
    for kind in _ADDED:
        for added in told.get("InvocationHttpParameters", {}).get(kind, []):
            if added.get("IsValueSecret"):
                del added["Value"]
    return told


def _authorized(connection: Any, text: str) -> tuple[dict[str, str], str, str]:
    """Return headers, query and body of a call, with what the connection adds to a rule's text."""
    parameters: dict[str, Any] = connection.auth_parameters
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Amazon/EventBridge/ApiDestinations",
    }
    if key := parameters.get("ApiKeyAuthParameters"):
        headers[key["ApiKeyName"]] = key["ApiKeyValue"]
    if basic := parameters.get("BasicAuthParameters"):
        pair = f"{basic['Username']}:{basic['Password']}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    added = parameters.get("InvocationHttpParameters", {})
    headers |= _pairs(added, "HeaderParameters")
    query = "&".join(
        f"{key}={value}" for key, value in _pairs(added, "QueryStringParameters").items()
    )
    message, more = json.loads(text), _pairs(added, "BodyParameters")
    return headers, query, text_of({**message, **more}) if more else text


def _pairs(added: dict[str, Any], kind: str) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in added.get(kind, [])}


def _destination(account: str, arn: str) -> Any:
    found = events_backends[account][arn.split(":")[3]].destinations.values()
    return next((destination for destination in found if destination.arn == arn), None)


def _connection(account: str, arn: str) -> Any:
    found = events_backends[account][arn.split(":")[3]].connections.values()
    return next((connection for connection in found if connection.arn == arn), None)


def _failure(code: str, message: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(answer, "InvokeApiDestination")
