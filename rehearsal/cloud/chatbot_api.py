"""Chatbot's calls over HTTP, which moto has no server for: people ask it by ``python -m ops``."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from rehearsal.cloud import strict
from rehearsal.cloud.chatbot import OPERATIONS, asks
from rehearsal.cloud.network import SIGNED_BY

if TYPE_CHECKING:
    from rehearsal.cloud.aws import EmbeddedAws

Answer = tuple[str, dict[str, str], dict[str, Any]]
"""Status, headers and body."""


class Front:
    """The HTTP server's application, which answers what is signed for Chatbot itself."""

    def __init__(self, app: Callable[..., Any], aws: "EmbeddedAws") -> None:
        self._app = app
        self._aws = aws

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer, or leave it to the other services."""
        signed = SIGNED_BY.search(unquote(environ.get("HTTP_AUTHORIZATION", "")))
        if signed is None or signed[3] != "chatbot":
            return self._app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, headers, said = self._answer(signed, environ["PATH_INFO"], json.loads(body or "{}"))
        start_response(status, [("Content-Type", "application/json"), *headers.items()])
        return [json.dumps(said).encode()]

    def _answer(self, signed: Any, path: str, given: dict[str, Any]) -> Answer:
        key, region, service = signed.groups()
        operation = next((one for one in OPERATIONS if _path_of(one) == path), None)
        if operation is None:
            return _refusal("404 Not Found", "UnknownOperationException", path)
        try:
            for ask in asks(self._aws.account, operation, given):
                self._aws.iam.allow_key(key=key, ask=ask, service=service, region=region)
            answer = getattr(self._aws.chatbot, xform_name(operation))(**given)
        except KeyError:
            words = "The security token included in the request is invalid."
            return _refusal("403 Forbidden", "UnrecognizedClientException", words)
        except ParamValidationError as error:
            return _refusal("400 Bad Request", "InvalidParameterException", str(error))
        except ClientError as error:
            said = error.response.get("Error", {})
            return _refusal("400 Bad Request", said.get("Code", ""), said.get("Message", ""))
        return "200 OK", {}, answer


def _path_of(operation: str) -> str:
    return strict.service_model("chatbot").operation_model(operation).http["requestUri"]


def _refusal(status: str, code: str, message: str) -> Answer:
    return status, {"x-amzn-ErrorType": code}, {"message": message}
