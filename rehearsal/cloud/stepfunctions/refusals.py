"""How the API refuses."""

# moto has no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from moto.core.exceptions import JsonRESTError


def refusal(code: str, message: str) -> JsonRESTError:
    """Return what is raised to refuse a call with a code and a message."""
    return JsonRESTError(code, message)
