"""AWS as whoever is signed in: clients, and what their refusals mean in one line."""

# boto3 has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import os
from functools import cache, cached_property
from typing import Any

from botocore import exceptions

from ops.errors import Exit, OpsError

MOST_ATTEMPTS = 8
"""Of one call that AWS throttles, waiting longer each time: about a minute in all."""

AWS_ERRORS = (exceptions.BotoCoreError, exceptions.ClientError)
"""What :func:`explained` explains."""
_SIGN_IN = "sign in (aws sso login), or set AWS_PROFILE to a profile that may"
_SERVE = "python -m rehearsal serve dev --deployed, then source .rehearsal/env again"
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_UNKNOWN = {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException"}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_THROTTLED = {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestThrottled"}


class Aws:
    """Clients of one region; made when they are first needed."""

    def __init__(self, *, region: str, profile: str | None) -> None:
        """``profile`` is the stack file's; whoever is signed in otherwise comes first."""
        import boto3  # costs 0.3 s, for which commands that ask nobody need not wait

        signed_in = "AWS_PROFILE" in os.environ or "AWS_ACCESS_KEY_ID" in os.environ
        self.region = region
        self._session = boto3.Session(
            region_name=region, profile_name=None if signed_in else profile
        )
        self.client = cache(self._client)

    def _client(self, service: str, region: str | None = None) -> Any:
        from botocore.config import Config

        config = Config(
            retries={"mode": "standard", "total_max_attempts": MOST_ATTEMPTS},
            connect_timeout=5,
            read_timeout=60,
            user_agent_extra="fargate-batch-ops",
        )
        return self._session.client(service, region, config=config)

    @cached_property
    def _identity(self) -> dict[str, str]:
        """Everybody may ask that."""
        return self.client("sts").get_caller_identity()

    @property
    def account(self) -> str:
        """Number of the account that one is signed in to."""
        return self._identity["Account"]

    @property
    def caller(self) -> str:
        """Who is signed in: the user, or the session of a role, which often has one's name."""
        return self._identity["Arn"].rpartition("/")[2]

    @property
    def states(self) -> Any:
        """Step Functions."""
        return self.client("stepfunctions")


def code_of(error: exceptions.ClientError) -> str:
    """Return AWS's word for what is wrong: ``AccessDeniedException``."""
    return error.response.get("Error", {}).get("Code", "")


def explained(error: Exception) -> OpsError:
    """Say in one line what somebody can do about what AWS, or the way to it, refused."""
    match error:
        case exceptions.ClientError():
            return _refused(error)
        case exceptions.NoCredentialsError() | exceptions.PartialCredentialsError():
            line = f"nobody is signed in to AWS: {_SIGN_IN}"
        case exceptions.ProfileNotFound():
            line = f"{error}: {_SIGN_IN}"
        case (
            exceptions.SSOTokenLoadError()
            | exceptions.UnauthorizedSSOTokenError()
            | exceptions.TokenRetrievalError()
            | exceptions.SSOError()
        ):
            line = "the login has expired: sign in again (aws sso login)"
        case exceptions.EndpointConnectionError() if _rehearsed():
            line = f"nothing answers at {_rehearsed()}: {_SERVE}"
        case exceptions.EndpointConnectionError() | exceptions.ConnectTimeoutError():
            line = f"AWS is not reached: {error}; look at the region, proxy and network"
        case _:
            line = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return OpsError(line, code=Exit.NO_ACCESS)


def _rehearsed() -> str:
    """Return the address of the rehearsal that stands in for AWS, as its `env` says it, if any."""
    address = os.environ.get("AWS_ENDPOINT_URL", "")
    return address if address.startswith("http://127.0.0.1:") else ""


def _refused(error: exceptions.ClientError) -> OpsError:
    code, operation = code_of(error), error.operation_name
    message = " ".join(error.response.get("Error", {}).get("Message", "").split())
    if code in _EXPIRED:
        line = "the login has expired: sign in again (aws sso login)"
    elif code in _UNKNOWN:
        remedy = f"those of an earlier rehearsal? {_SERVE}" if _rehearsed() else _SIGN_IN
        line = f"AWS does not know these credentials ({code}): {remedy}"
    elif code in _DENIED:
        line = f"AWS refuses {operation}: {message}; use the stack's operator role"
    elif code in _THROTTLED:
        line = f"AWS still throttles {operation} after {MOST_ATTEMPTS} attempts: wait a minute"
    else:
        line = f"AWS refuses {operation}: {code}: {message}"
    return OpsError(line, code=Exit.NO_ACCESS)
