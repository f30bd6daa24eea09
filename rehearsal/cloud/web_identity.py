"""Tokens of others with which roles are assumed: who holds one, and what it says of them.

Signatures are not looked at, nor is when a token ends.
"""

# moto has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import base64
import json
from collections.abc import Mapping
from typing import Any

from moto.iam.models import iam_backends

from rehearsal.cloud.permissions import Context
from rehearsal.cloud.policy_evaluation import Principal

_PARTS = 3
"""Of a JSON Web Token: header, claims, signature."""


class InvalidTokenError(Exception):
    """STS does not take a token (``InvalidIdentityToken``), in its own words."""


def token(claims: Mapping[str, str]) -> str:
    """Return a token with these claims, as the rehearsal takes them for true."""
    parts = ({"alg": "none"}, claims)
    written = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts)
    return ".".join([*(part.rstrip("=") for part in written), "unsigned"])


def bearer(account: str, text: str) -> tuple[Principal, Context]:
    """Return who holds a token, and its claims as condition keys: ``<issuer>:sub``.

    Raises:
        InvalidTokenError: it is none, its issuer is unknown, or it is for somebody else.
    """
    claims = _claims(text)
    issuer = str(claims.get("iss", "")).removeprefix("https://")
    arn = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
    provider: Any = iam_backends[account]["aws"].open_id_providers.get(arn)
    if provider is None:
        raise InvalidTokenError(f"No OpenIDConnect provider found in your account for {issuer}")
    if claims.get("aud") not in provider.client_id_list:
        raise InvalidTokenError("Incorrect token audience")
    context: Context = {f"{issuer}:": [], "aws:federatedprovider": [arn]}
    context |= {f"{issuer}:{claim}".lower(): [str(value)] for claim, value in claims.items()}
    return Principal(federated=arn), context


def _claims(text: str) -> dict[str, Any]:
    parts = text.split(".")
    try:
        part = parts[1] if len(parts) == _PARTS else ""
        claims: Any = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise InvalidTokenError("The ID Token provided is not a valid JWT.")
    return {**claims}
