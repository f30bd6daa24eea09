"""How AWS says no: the words, code and protocol of each service."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from moto.core import errors
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from werkzeug.exceptions import HTTPException

from rehearsal.cloud.permissions import Ask
from rehearsal.cloud.repairs import Repairs


@dataclass(frozen=True, kw_only=True)
class _Spelling:
    """How a service refuses what IAM does not allow."""

    code: str = "AccessDeniedException"
    status: int = 400
    prefix: str = ""
    """How its message writes the action's prefix, where that differs."""
    lower: bool = False
    """Whether its message writes actions in lower case."""
    key_code: str = "AccessDeniedException"
    """Code if it is the key of a resource that the caller may not use."""


_SPELLINGS = {
    "s3": _Spelling(code="AccessDenied", status=403, key_code="AccessDenied"),
    "sts": _Spelling(code="AccessDenied", status=403),
    "iam": _Spelling(code="AccessDenied", status=403),
    "cloudwatch": _Spelling(code="AccessDenied", status=403),
    "sns": _Spelling(
        code="AuthorizationError", status=403, prefix="SNS", key_code="KMSAccessDenied"
    ),
    "sqs": _Spelling(
        code="AccessDenied", status=403, lower=True, key_code="KMS.AccessDeniedException"
    ),
    "ec2": _Spelling(code="UnauthorizedOperation", status=403),
    "xray": _Spelling(status=403),
    "scheduler": _Spelling(status=403),
}
_USUAL = _Spelling()


@dataclass(frozen=True, kw_only=True)
class Denial:
    """What was not allowed to whom, and why."""

    actor: str
    action: str
    resource: str
    reason: str
    """AWS's words: ``because no identity-based policy allows the … action``."""
    nearest: str
    """Which statements came close and why they did not help, or which denies."""

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"{self.actor} may not {self.action} on {self.resource}: {self.nearest}"


class DeniedError(Exception):
    """IAM says no."""

    def __init__(self, denial: Denial, ask: Ask) -> None:
        super().__init__(str(denial))
        self.ask = ask
        self.denial = denial

    def answer(self, service: str) -> tuple[str, str, int]:
        """Return error code, message and HTTP status by which a service says it."""
        spelling, denial = _SPELLINGS.get(service, _USUAL), self.denial
        prefix, _, name = denial.action.partition(":")
        action = denial.action.lower() if spelling.lower else f"{spelling.prefix or prefix}:{name}"
        if self.ask.for_service:
            action = denial.action
        message = (
            f"User: {denial.actor} is not authorized to perform: {action} on resource: "
            f"{denial.resource} {denial.reason.replace(denial.action, action)}"
        )
        if not self.ask.for_service:
            return spelling.code, message, spelling.status
        return spelling.key_code, f"{message} (Service: Kms, Status Code: 400)", spelling.status


class _ServiceError(ServiceException):
    """An error that moto writes in a service's own protocol; of no package of moto's."""


class _AnsweredError(HTTPException):
    """The answer to a request that does not reach its operation."""

    def __init__(self, status: int, headers: Mapping[str, str], body: str | bytes) -> None:
        super().__init__()
        self.code = status
        self._headers = [(name, str(value)) for name, value in headers.items() if name != "status"]
        self._body = body

    def get_headers(self, *_: Any, **__: Any) -> list[tuple[str, str]]:
        return self._headers

    def get_body(self, *_: Any, **__: Any) -> str:
        return self._body if isinstance(self._body, str) else self._body.decode()


def answer(response: Any, code: str, message: str, status: int) -> NoReturn:
    """Answer a request in its service's own protocol."""
    _, headers, body = response.serialized(ActionResult(_ServiceError(code, message)))
    raise _AnsweredError(status, headers, body)


def repair(repairs: Repairs) -> None:
    """Moto warns of codes that every service may answer and no model names."""
    common = [*errors.COMMON_ERROR_CODES, "AccessDenied", "AccessDeniedException"]
    common += ["InvalidClientTokenId", "KMS.AccessDeniedException"]
    repairs.put(errors, "COMMON_ERROR_CODES", common)
