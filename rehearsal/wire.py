"""Values as they travel between program, engine and provider: secrets wrapped, unknowns marked."""

from collections.abc import Callable
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

MASK = "[secret]"
"""What a person sees in the place of a secret."""
UNKNOWN: str = rpc.UNKNOWN
"""What stands in a preview where only the deployment itself will tell."""

# How a wrapped value travels; the SDK gives these words no public name.
_SIGNATURE: str = rpc._special_sig_key  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - see above
_SECRET: str = rpc._special_secret_sig  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - see above
_OUTPUT: str = rpc._special_output_value_sig  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - see above


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return a request's values: sorted, for Struct keeps no order, and with integers again."""
    values: dict[str, Any] = json_format.MessageToDict(struct)
    return _with_integers(values)


def to_struct(values: dict[str, Any]) -> struct_pb2.Struct:
    """Return values as a request holds them; what is ``None`` is left out."""
    struct = struct_pb2.Struct()
    struct.update({key: value for key, value in values.items() if value is not None})
    return struct


def secret(value: Any) -> dict[str, Any]:
    """Wrap a secret."""
    return {_SIGNATURE: _SECRET, "value": value}


def plain(value: Any) -> Any:
    """Take the wrappings off."""
    if _is_wrapped(value):
        return plain(value.get("value", UNKNOWN))
    return _mapped(value, plain)


def masked(value: Any) -> Any:
    """Put ``MASK`` in the place of each secret."""
    return MASK if _is_secret(value) else _mapped(value, masked)


def has_secret(value: Any) -> bool:
    """Tell whether a value is a secret or holds one."""
    return any(_is_secret(part) for part in _parts(value))


def has_unknown(value: Any) -> bool:
    """Tell whether something of a plain value will only be known later."""
    return any(isinstance(part, str) and UNKNOWN in part for part in _parts(value))


def secrets(value: Any) -> list[str]:
    """Return the texts that must not be shown, longest first."""
    found = [
        text
        for part in _parts(value)
        if _is_secret(part)
        for text in _parts(plain(part))
        if isinstance(text, str) and text
    ]
    return sorted(found, key=len, reverse=True)


def wrapped_like(values: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """Wrap in plain values what is secret in ``like``: under the same name, or the same text."""
    texts = secrets(like)
    return {key: _wrapped_like(value, like.get(key), texts) for key, value in values.items()}


def reason(error: BaseException, texts: list[str]) -> str:
    """Say in one line, without these texts, why something failed."""
    said = " ".join(str(error).split()) or type(error).__name__
    # What a person wrote wrong is a ValueError or an answer of AWS; the rest is worth its name.
    if isinstance(error, KeyError | TypeError | AttributeError | AssertionError):
        said = f"{type(error).__name__}: {said}"
    for text in texts:
        said = said.replace(text, MASK)
    return said


def _wrapped_like(value: Any, like: Any, texts: list[str]) -> Any:
    if _is_object(value) and _is_object(like) and not _is_secret(like):
        return {key: _wrapped_like(item, like.get(key), texts) for key, item in _items(value)}
    if has_secret(like) or _shows(value, texts):
        return secret(value)
    return value


def _shows(value: Any, texts: list[str]) -> bool:
    return any(isinstance(part, str) and text in part for part in _parts(value) for text in texts)


def _with_integers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if _is_object(value):
        return {key: _with_integers(item) for key, item in sorted(_items(value))}
    return _mapped(value, _with_integers)


def _mapped(value: Any, function: Callable[[Any], Any]) -> Any:
    """Apply ``function`` to what a dictionary or list holds."""
    if isinstance(value, dict):
        return {key: function(item) for key, item in _items(value)}
    if isinstance(value, list):
        return [function(item) for item in _elements(value)]
    return value


def _parts(value: Any) -> list[Any]:
    """Return a value and all that it holds, at any depth."""
    held = (
        [item for _, item in _items(value)]
        if isinstance(value, dict)
        else _elements(value)
        if isinstance(value, list)
        else []
    )
    return [value, *(part for item in held for part in _parts(item))]


def _is_secret(value: Any) -> bool:
    return _is_wrapped(value) and (value[_SIGNATURE] == _SECRET or bool(value.get("secret")))


def _is_wrapped(value: Any) -> bool:
    return _is_object(value) and value.get(_SIGNATURE) in (_SECRET, _OUTPUT)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _items(value: Any) -> list[tuple[str, Any]]:
    """Return a dictionary's items, typed: what a request holds is only known at run time."""
    return list(value.items())


def _elements(value: Any) -> list[Any]:
    """Return a list's elements, typed likewise."""
    return list(value)
