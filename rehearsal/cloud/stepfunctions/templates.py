# Moto's interpreter keeps what has to be repaired in private members:
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
"""JSONPath templates and intrinsic functions: what they make of values."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Sequence
from typing import Any

from rehearsal.cloud.repairs import Repairs
from rehearsal.cloud.stepfunctions.interpreter import (
    JsonMerge,
    PayloadBindingStringExpressionSimple,
    PayloadTmpl,
)


def repair(repairs: Repairs) -> None:
    """Put the repairs of this module in place."""
    order_members_as_aws_does(repairs)


def order_members_as_aws_does(repairs: Repairs) -> None:
    """Moto keeps the template's order; AWS puts the ``.$`` members last, in a hash map's order."""
    initialise = PayloadTmpl.__init__
    merge = JsonMerge._eval_body

    def reordered(self: Any, payload_bindings: list[Any]) -> None:
        sampled = {
            binding.field: binding
            for binding in payload_bindings
            if isinstance(binding, PayloadBindingStringExpressionSimple)
        }
        static = [
            binding for binding in payload_bindings if sampled.get(binding.field) is not binding
        ]
        initialise(self, [*static, *(sampled[name] for name in as_hash_map(list(sampled)))])

    def merged(self: Any, env: Any) -> None:
        merge(self, env)
        members: dict[str, Any] = env.stack.pop()
        env.stack.append({name: members[name] for name in as_hash_map(list(members))})

    repairs.put(PayloadTmpl, "__init__", reordered)
    repairs.put(JsonMerge, "_eval_body", merged)


def as_hash_map(names: Sequence[str]) -> list[str]:
    """Return names in the order in which a ``java.util.HashMap`` of them gives them back."""
    table = 16
    while len(names) > table * 3 // 4:
        table *= 2
    return sorted(names, key=lambda name: _java_hash(name) & (table - 1))


def _java_hash(text: str) -> int:
    value = 0
    encoded = text.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(encoded), 2):
        value = (31 * value + int.from_bytes(encoded[at : at + 2], "big")) & 0xFFFFFFFF
    return value ^ value >> 16
