"""Arguments that a service's own model forbids, refused by the service in the words of AWS.

Whoever calls is answered so: a client of ours, a program, the command line at our endpoint.
"""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from rehearsal.cloud import strict
from rehearsal.cloud.repairs import Refusal, Repairs

_KEEPING_VALUES_BACK = ("iam",)
"""Services that do not repeat the wrong value, which may be a secret."""
_UNSEEN_MEMBERS = {"PutEventsRequestEntry": ["kmsKeyIdentifier", "internalMetadata"]}
"""Members that AWS prints and no public model has."""


def repair(repairs: Repairs) -> None:
    """Moto takes names, values and lists that the service's own model forbids."""
    call_action = BaseResponse.call_action

    def call_checked_action(self: Any) -> Any:
        wrong = _violations_of(self) if self.service_name in strict.ANSWERING else []
        if not wrong:
            return call_action(self)
        errors = "1 validation error" if len(wrong) == 1 else f"{len(wrong)} validation errors"
        refusal = Refusal(
            strict.ANSWERING[self.service_name], f"{errors} detected: {'; '.join(wrong)}"
        )
        return self.serialized(ActionResult(refusal))

    repairs.put(BaseResponse, "call_action", call_checked_action)


def _violations_of(request: Any) -> list[str]:
    action = request._get_action()  # noqa: SLF001 - moto offers no other way
    model = strict.service_model(request.service_name)
    if action not in model.operation_names or not model.operation_model(action).input_shape:
        return []
    if not request.automated_parameter_parsing:
        request.parse_parameters(request.normalized_request)
    given: dict[str, Any] = dict(request.params)
    if not request.automated_parameter_parsing:
        request.params = None
    return _violations(
        model.operation_model(action).input_shape,
        given,
        "",
        showing=request.service_name not in _KEEPING_VALUES_BACK,
    )


def _violations(shape: Any, value: Any, path: str, *, showing: bool) -> list[str]:
    """Say what a value of the model breaks, in the words of AWS."""
    if value is None:
        return []
    if shape.type_name == "structure":
        return [
            error
            for name, member in shape.members.items()
            for error in _violations_of_member(shape, name, member, value, path, showing=showing)
        ]
    shown = f"'{_java(shape, value)}' " if showing and not shape.metadata.get("sensitive") else ""
    found = [
        f"Value {shown}at '{path}' failed to satisfy constraint: Member must {constraint}"
        for constraint in _broken(shape, value, showing=showing)
    ]
    if shape.type_name == "list":
        for at, item in enumerate(value, 1):
            below = f"{path}.{at}.member"
            found += _violations(shape.member, item, below, showing=showing)
    if shape.type_name == "map":
        for key, entry in value.items():
            found += _violations(shape.value, entry, f"{path}.{key}.member", showing=showing)
    return found


def _violations_of_member(
    shape: Any, name: str, member: Any, value: Any, path: str, *, showing: bool
) -> list[str]:
    below = f"{path}.{name[0].lower()}{name[1:]}".lstrip(".")
    if value.get(name) is None and name in shape.required_members:
        return [f"Value null at '{below}' failed to satisfy constraint: Member must not be null"]
    return _violations(member, value.get(name), below, showing=showing)


def _broken(shape: Any, value: Any, *, showing: bool) -> list[str]:
    if shape.type_name in ("timestamp", "blob", "boolean"):
        return []
    is_number = isinstance(value, int | float)
    size = value if is_number else len(value)
    measure = "value" if is_number else "length"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    broken: list[str] = []
    if most is not None and size > most:
        broken.append(f"have {measure} less than or equal to {most}")
    if least is not None and size < least:
        broken.append(f"have {measure} greater than or equal to {least}")
    pattern = shape.metadata.get("pattern")
    if pattern and not strict.compiled(pattern).fullmatch(value):
        broken.append(f"satisfy regular expression pattern: {pattern}")
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        values = f": [{', '.join(allowed)}]" if showing else ""
        broken.append(f"satisfy enum value set{values}")
    return broken


def _java(shape: Any, value: Any) -> str:
    """Write a value as the services print it."""
    if value is None:
        return "null"
    if shape.type_name == "list":
        return f"[{', '.join(_java(shape.member, item) for item in value)}]"
    if shape.type_name == "structure":
        members = [
            f"{name[0].lower()}{name[1:]}={_java(member, value.get(name))}"
            for name, member in shape.members.items()
        ]
        members += [f"{name}=null" for name in _UNSEEN_MEMBERS.get(shape.name, [])]
        return f"{shape.name}({', '.join(members)})"
    return str(value)
