"""IAM's decision about one request, from the text of the policies that bear on it. Pure.

The rules are those of the IAM User Guide ("Policy evaluation logic", "IAM JSON policy elements
reference") for principals and resources of one account. What this module does not know - an
operator, a condition key that the request says nothing about - is an error, never a pass.
"""

import base64
import functools
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, cast

Kind = Literal["identity", "boundary", "session", "resource", "endpoint"]

_KIND_IN_WORDS: Mapping[Kind, str] = {
    "identity": "identity-based policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "resource": "resource-based policy",
    "endpoint": "VPC endpoint policy",
}
"""As AWS says it in "because no … allows the … action"."""

_GLOBAL_KEYS = frozenset(
    {
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:currenttime",
        "aws:epochtime",
        "aws:federatedprovider",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:principaltype",
        "aws:referer",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:resourceorgpaths",
        "aws:securetransport",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceidentity",
        "aws:sourceip",
        "aws:sourceowner",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:tagkeys",
        "aws:tokenissuetime",
        "aws:useragent",
        "aws:userid",
        "aws:username",
        "aws:viaawsservice",
        "aws:vpcsourceip",
    }
)
"""Keys that any request may have or lack (IAM User Guide, "Global condition context keys")."""
_GLOBAL_FAMILIES = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")


class PolicyError(ValueError):
    """A policy says what this module cannot decide. The text says where and what, in one line."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A document, and what it means for a request."""

    kind: Kind
    where: Any
    """Where it hangs, in any form that the caller wants to find in :class:`Grant`; hashable."""
    text: str


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks. Without any of these: nobody that AWS knows."""

    account: str | None = None
    arn: str | None = None
    """Of the role or user, which policies name."""
    session_arn: str | None = None
    """Of the session of an assumed role."""
    service: str | None = None
    """An AWS service on its own behalf: ``events.amazonaws.com``."""
    federated: str | None = None
    """Somebody with a token of this provider of identities, an ARN."""

    def __str__(self) -> str:
        """Return the words for a message."""
        return self.session_arn or self.arn or self.service or self.federated or "anonymous"


@dataclass(frozen=True, kw_only=True)
class Call:
    """What is asked: one action on one resource."""

    principal: Principal
    action: str
    resource: str
    """An ARN, or ``*`` for an action that takes none."""
    context: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Values by condition key, in lower case. Empty: the request lacks the key.

    A key that ends with ``:`` or ``/`` stands for all that begin so, which the request lacks.
    """

    def values(self, key: str) -> Sequence[str]:
        """Return the values of a condition key.

        Raises:
            PolicyError: nothing is known about the key for this call.
        """
        wanted = key.lower()
        if wanted in self.context:
            return self.context[wanted]
        families = (*_GLOBAL_FAMILIES, *(known for known in self.context if known[-1] in ":/"))
        if wanted in _GLOBAL_KEYS or wanted.startswith(families):
            return ()
        raise PolicyError(f"condition key {key} is not known for {self.action}")


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A statement that bore on a decision, and the parts of it that did."""

    kind: Kind
    where: Any
    statement: int
    """Index in the document."""
    sid: str
    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    """Patterns that matched, as the statement writes them."""
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str], ...]
    """Operator and key of each condition."""
    applied: bool
    """Whether its conditions were met. If not, the statement was looked at and had no effect."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The answer, and what it rested on."""

    allowed: bool
    reason: str
    """Ends AWS's message of a refusal: ``because no identity-based policy allows the … action``."""
    used: tuple[Grant, ...]
    """Statements that bore on it. Of a refusal, those whose conditions failed or which deny."""
    nearest: str
    """Of a refusal: which statements came close and why they did not help, for a person."""


def decide(
    call: Call,
    policies: Sequence[Policy],
    *,
    resource_must_allow: bool = False,
    everything: bool = False,
) -> Decision:
    """Decide about a call within one account.

    A resource's policy that names the caller suffices. One that names the account leaves it to
    the caller's own policies. With ``resource_must_allow`` (keys, trust in roles) it must do one
    of the two. ``everything`` is a caller without limits of its own: the account's administrator.

    Raises:
        PolicyError: a policy cannot be read, or not be decided by for this call.
    """
    found: dict[Kind, _Findings] = {kind: _Findings() for kind in _KIND_IN_WORDS}
    limits = {policy.kind for policy in policies}
    for policy in policies:
        found[policy.kind].add(policy, call)

    def refused(reason: str, kind: Kind) -> Decision:
        return Decision(
            allowed=False,
            reason=reason,
            used=tuple(grant for findings in found.values() for grant in findings.looked_at),
            nearest=found[kind].nearest or f"no {_KIND_IN_WORDS[kind]} has a statement on it",
        )

    for kind, findings in found.items():
        if findings.denials:
            words = _KIND_IN_WORDS[kind]
            article = "an" if words[0] in "aeiou" else "a"
            sids = ", ".join(f"{_place(grant)} denies it" for grant in findings.denials)
            return Decision(
                allowed=False,
                reason=f"with an explicit deny in {article} {words}",
                used=tuple(g for f in found.values() for g in (*f.looked_at, *f.denials)),
                nearest=sids,
            )

    resource, identity = found["resource"], found["identity"]
    limiting: tuple[Kind, ...] = ("boundary", "session")
    bounds: list[Kind] = [kind for kind in limiting if kind in limits]
    if "endpoint" in limits and not found["endpoint"].allows:
        return refused(_because("endpoint", call), "endpoint")
    named = resource.names_session or (
        resource.direct and all(found[kind].allows for kind in bounds)
    )
    if named or (call.principal.service and resource.direct):
        return _allowed(found)
    if call.principal.account is None or (resource_must_allow and not resource.allows):
        return refused(_because("resource", call), "resource")
    if everything:
        return _allowed(found)
    if not identity.allows:
        return refused(_because("identity", call), "identity")
    for kind in bounds:
        if not found[kind].allows:
            return refused(_because(kind, call), kind)
    return _allowed(found)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A call and the policies that bore on it, to be decided about with something changed."""

    call: Call
    policies: tuple[Policy, ...]
    resource_must_allow: bool
    everything: bool

    def decide(
        self, call: Call | None = None, instead: Mapping[Any, str] | None = None
    ) -> Decision:
        """Decide, perhaps about another call or with other texts where policies hang.

        Raises:
            PolicyError: as :func:`decide`.
        """
        texts = instead or {}
        return decide(
            call or self.call,
            [replace(one, text=texts.get(one.where, one.text)) for one in self.policies]
            if texts
            else self.policies,
            resource_must_allow=self.resource_must_allow,
            everything=self.everything,
        )


def _because(kind: Kind, call: Call) -> str:
    return f"because no {_KIND_IN_WORDS[kind]} allows the {call.action} action"


def _allowed(found: "Mapping[Kind, _Findings]") -> Decision:
    used = tuple(g for f in found.values() for g in (*f.allows, *f.looked_at))
    return Decision(allowed=True, reason="", used=used, nearest="")


class _Findings:
    """What the policies of one kind say of a call."""

    def __init__(self) -> None:
        self.allows: list[Grant] = []
        self.denials: list[Grant] = []
        self.looked_at: list[Grant] = []
        """Statements that matched but for a condition."""
        self.direct = False
        """Whether one that allows names the caller, not only its account."""
        self.names_session = False
        self._misses: list[str] = []

    @property
    def nearest(self) -> str:
        return "; ".join(self._misses)

    def add(self, policy: Policy, call: Call) -> None:
        try:
            statements = parse(policy.text)
        except PolicyError as error:
            raise PolicyError(f"{policy.where}: {error}") from error
        for statement in statements:
            self._add(policy, statement, call)

    def _add(self, policy: Policy, statement: "Statement", call: Call) -> None:
        actions = _matching(statement.actions, call, statement.not_action)
        if not actions:
            return
        naming = statement.naming(call.principal)
        resources = _matching(statement.resources, call, statement.not_resource)
        grant = Grant(
            kind=policy.kind,
            where=policy.where,
            statement=statement.index,
            sid=statement.sid,
            effect=statement.effect,
            actions=actions,
            resources=resources,
            conditions=statement.condition_names,
            applied=True,
        )
        if naming is None:
            self._misses.append(f"{_place(grant)} is for {statement.principals_text}")
            return
        if not resources:
            self._misses.append(f"{_place(grant)} is for {', '.join(statement.resource_texts)}")
            return
        try:
            unmet = statement.unmet(call)
        except PolicyError as error:
            raise PolicyError(f"{_place(grant)}: {error}") from error
        if unmet is not None:
            self.looked_at.append(replace(grant, applied=False))
            self._misses.append(f"{_place(grant)} wants {unmet}")
        elif statement.effect == "Deny":
            self.denials.append(grant)
        else:
            self.allows.append(grant)
            self.direct = self.direct or naming != "account"
            self.names_session = self.names_session or naming == "session"


def _place(grant: Grant) -> str:
    return f"statement {grant.sid or grant.statement} of {grant.where}"


# -- statements


Naming = Literal["session", "principal", "account"]
"""How a statement names a caller: its session, the caller itself, or its account as a whole."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement of a policy, ready to be matched."""

    index: int
    sid: str
    effect: Literal["Allow", "Deny"]
    actions: "tuple[_Pattern, ...]"
    not_action: bool
    resources: "tuple[_Pattern, ...]"
    not_resource: bool
    principals: Mapping[str, tuple[str, ...]] | None
    """``None``: a policy of a principal, which needs not say whose."""
    not_principal: bool
    conditions: "tuple[_Condition, ...]"
    condition_names: tuple[tuple[str, str], ...]

    @property
    def resource_texts(self) -> tuple[str, ...]:
        """Return the patterns of resources as written, with NotResource in words."""
        texts = tuple(pattern.text for pattern in self.resources)
        return tuple(f"all but {text}" for text in texts) if self.not_resource else texts

    @property
    def principals_text(self) -> str:
        """Return whom the statement is for."""
        named = ", ".join(text for texts in (self.principals or {}).values() for text in texts)
        return f"all but {named}" if self.not_principal else named

    @property
    def allows_everything(self) -> bool:
        """Return whether the statement allows every action on everything, on no condition."""
        return (
            self.effect == "Allow"
            and not (self.not_action or self.not_resource or self.conditions)
            and any(pattern.text == "*" for pattern in self.actions)
            and any(pattern.text == "*" for pattern in self.resources)
        )

    def naming(self, principal: Principal) -> Naming | None:
        """Return how the statement names a caller; ``None`` if it does not."""
        if self.principals is None:
            return "principal"
        named = _naming(self.principals, principal)
        if self.not_principal:
            return "principal" if named is None else None
        return named

    def unmet(self, call: Call) -> str | None:
        """Return the first condition that a call does not meet, in words."""
        # All are read before any decides, so that an unknown key is always an error.
        said = [(condition, call.values(condition.key)) for condition in self.conditions]
        for condition, values in said:
            if not condition.met(values, call):
                return f"{condition}, and the request has {', '.join(values) or 'none'}"
        return None


def _naming(principals: Mapping[str, tuple[str, ...]], caller: Principal) -> Naming | None:
    aws = principals.get("AWS", ())
    if caller.session_arn and caller.session_arn in aws:
        return "session"
    if "*" in aws or (caller.arn and caller.arn in aws):
        return "principal"
    if caller.service and caller.service in principals.get("Service", ()):
        return "principal"
    if caller.federated and caller.federated in principals.get("Federated", ()):
        return "principal"
    account = caller.account
    if account and (account in aws or f"arn:aws:iam::{account}:root" in aws):
        return "account"
    return None


@functools.lru_cache(maxsize=4_096)
def parse(text: str) -> tuple[Statement, ...]:
    """Read a policy document; the same text is read once.

    Raises:
        PolicyError: it is not a policy document, or has an element that is not known.
    """
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise PolicyError(f"not JSON: {error}") from error
    if not isinstance(document, dict) or "Statement" not in document:
        raise PolicyError("a policy document is an object with a Statement")
    known = cast(dict[str, Any], document)
    # Variables came with this version; before it, ${…} is text (IAM, "Version").
    variables = known.get("Version") == "2012-10-17"
    return tuple(
        _statement(index, statement, variables)
        for index, statement in enumerate(_listed(known["Statement"]))
    )


_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)


def _statement(index: int, statement: Any, variables: bool) -> Statement:
    place = f"statement {index}"
    if not isinstance(statement, dict):
        raise PolicyError(f"{place} is not an object")
    members = cast(dict[str, Any], statement)
    unknown = sorted(set(members) - _ELEMENTS)
    if unknown:
        raise PolicyError(f"{place}: unknown element {', '.join(unknown)}")
    if members.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(f"{place}: Effect is Allow or Deny")
    not_action, actions = _one_of(members, "Action", place)
    if actions is None:
        raise PolicyError(f"{place}: neither Action nor NotAction")
    not_resource, resources = _one_of(members, "Resource", place)
    not_principal, principals = _one_of(members, "Principal", place)
    if resources is None and principals is None:
        raise PolicyError(f"{place}: neither Resource nor Principal")
    conditions = tuple(_conditions(members.get("Condition", {}), variables, place))
    return Statement(
        index=index,
        sid=members.get("Sid", ""),
        effect=members["Effect"],
        actions=tuple(_Pattern(text, "action", variables=False) for text in _texts(actions)),
        not_action=not_action,
        # A trust policy names no resource: it can only mean its own role.
        resources=tuple(
            _Pattern(text, "resource", variables)
            for text in (["*"] if resources is None else _texts(resources))
        ),
        not_resource=not_resource,
        principals=None if principals is None else _principals(principals, place),
        not_principal=not_principal,
        conditions=conditions,
        condition_names=tuple((condition.operator, condition.key) for condition in conditions),
    )


def _one_of(members: Mapping[str, Any], name: str, place: str) -> tuple[bool, Any]:
    """Return whether the "Not" form is used, and its value."""
    if name in members and f"Not{name}" in members:
        raise PolicyError(f"{place}: both {name} and Not{name}")
    return f"Not{name}" in members, members.get(name, members.get(f"Not{name}"))


def _principals(value: Any, place: str) -> dict[str, tuple[str, ...]]:
    if value == "*":
        return {"AWS": ("*",)}
    if not isinstance(value, dict):
        raise PolicyError(f"{place}: Principal is * or an object")
    named = cast(dict[str, Any], value)
    unknown = sorted(set(named) - {"AWS", "Service", "Federated", "CanonicalUser"})
    if unknown:
        raise PolicyError(f"{place}: unknown kind of principal {', '.join(unknown)}")
    return {kind: tuple(_texts(texts)) for kind, texts in named.items()}


def _listed(value: Any) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else [value]


def _texts(value: Any) -> list[str]:
    return [_text(one) for one in _listed(value)]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- patterns


@dataclass(frozen=True)
class _Pattern:
    """A text with wildcards and, perhaps, policy variables."""

    text: str
    form: Literal["action", "resource", "arn", "text"]
    variables: bool

    def matches(self, value: str, call: Call | None) -> bool:
        if self.variables and call is not None and "${" in self.text:
            parts = _with_variables(self.text, call)
            return parts is not None and bool(_compiled(parts, self.form).fullmatch(value))
        return bool(_compiled(_wild(self.text), self.form).fullmatch(value))


def _matching(patterns: Sequence[_Pattern], call: Call, negated: bool) -> tuple[str, ...]:
    """Return the patterns by which a call's action or resource is meant."""
    hits = tuple(
        pattern.text
        for pattern in patterns
        if pattern.matches(call.action if pattern.form == "action" else call.resource, call)
    )
    if negated:
        return () if hits else tuple(f"not {pattern.text}" for pattern in patterns)
    return hits


_Part = tuple[str, bool]
"""A piece of text, and whether its wildcards count."""
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def _wild(text: str) -> tuple[_Part, ...]:
    return ((text, True),)


def _with_variables(text: str, call: Call) -> tuple[_Part, ...] | None:
    """Put values for variables, in which no wildcard counts; ``None`` if one has no value."""
    parts: list[_Part] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        parts.append((text[end : found.start()], True))
        value = _value_of(found[1], call)
        if value is None:
            return None
        parts.append((value, False))
        end = found.end()
    return (*parts, (text[end:], True))


def _value_of(variable: str, call: Call) -> str | None:
    if variable in ("*", "?", "$"):
        return variable
    key, _, default = variable.partition(",")
    values = call.values(key.strip())
    if len(values) == 1:
        return values[0]
    default = default.strip()
    if len(default) > 1 and default[0] == default[-1] == "'":
        return default[1:-1]
    return None


_ARN_PARTS = 6


@functools.lru_cache(maxsize=16_384)
def _compiled(parts: tuple[_Part, ...], form: str) -> re.Pattern[str]:
    flags = re.DOTALL | (re.IGNORECASE if form == "action" else 0)
    whole = "".join(text for text, _ in parts)
    if form in ("action", "text") or not whole.startswith("arn:"):
        return re.compile("".join(_expression(*part, ".") for part in parts), flags)
    # Each part of an ARN is matched on its own: a wildcard before the last part takes no colon,
    # and parts that are left out mean any ("IAM JSON policy elements: Resource", Condition ARNs).
    expressions = [""]
    for text, wild in parts:
        for character in text:
            last = len(expressions) == _ARN_PARTS
            if character == ":" and wild and not last:
                expressions.append("")
            else:
                expressions[-1] += _expression(character, wild, "." if last else "[^:]")
    if form == "resource":
        expressions += [".*"] * (_ARN_PARTS - len(expressions))
    return re.compile(":".join(expressions), flags)


def _expression(text: str, wild: bool, any_character: str) -> str:
    if not wild:
        return re.escape(text)
    return "".join(
        f"{any_character}*"
        if character == "*"
        else any_character
        if character == "?"
        else re.escape(character)
        for character in text
    )


# -- conditions


@dataclass(frozen=True, kw_only=True)
class _Condition:
    """An operator, a key, and what the key is compared with."""

    operator: str
    """As written, with quantifier and ``IfExists``."""
    quantifier: str
    base: str
    if_exists: bool
    key: str
    wanted: tuple[str, ...]
    variables: bool

    def __str__(self) -> str:
        return f"{self.operator} {self.key} {', '.join(self.wanted)}"

    def met(self, values: Sequence[str], call: Call) -> bool:
        if self.base == "Null":
            return any((wanted == "true") == (not values) for wanted in self.wanted)
        negated, compare = _OPERATORS[self.base]
        if not values:
            return (
                self.if_exists
                or self.quantifier == "ForAllValues:"
                or (negated and self.quantifier != "ForAnyValue:")
            )

        def one(value: str) -> bool:
            hit = any(compare(wanted, value, self, call) for wanted in self.wanted)
            return hit != negated

        if self.quantifier == "ForAllValues:" or (negated and not self.quantifier):
            return all(one(value) for value in values)
        return any(one(value) for value in values)


def _conditions(value: Any, variables: bool, place: str) -> Iterator[_Condition]:
    if not isinstance(value, dict):
        raise PolicyError(f"{place}: Condition is an object")
    for operator, keys in cast(dict[str, Any], value).items():
        quantifier, base = "", operator
        for prefix in ("ForAllValues:", "ForAnyValue:"):
            if operator.startswith(prefix):
                quantifier, base = prefix, operator.removeprefix(prefix)
        if_exists = base.endswith("IfExists")
        base = base.removesuffix("IfExists")
        if base not in _OPERATORS and (base != "Null" or if_exists):
            raise PolicyError(f"{place}: unknown condition operator {operator}")
        if not isinstance(keys, dict):
            raise PolicyError(f"{place}: {operator} is not an object")
        for key, wanted in cast(dict[str, Any], keys).items():
            texts = tuple(_texts(wanted))
            _check_values(base, texts, f"{place}: {operator} {key}")
            yield _Condition(
                operator=operator,
                quantifier=quantifier,
                base=base,
                if_exists=if_exists,
                key=key,
                wanted=texts,
                variables=variables,
            )


_Compare = Callable[[str, str, _Condition, Call], bool]


def _check_values(base: str, wanted: Iterable[str], place: str) -> None:
    read = (
        _number
        if base.startswith("Numeric")
        else _instant
        if base.startswith("Date")
        else _network
        if base.endswith("IpAddress")
        else _truth
        if base in ("Bool", "Null")
        else None
    )
    for text in wanted:
        if read is not None and read(text) is None:
            raise PolicyError(f"{place}: {text!r} is no value for this operator")


def _truth(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        instant = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _equal(fold: bool) -> _Compare:
    def compare(wanted: str, value: str, condition: _Condition, call: Call) -> bool:
        text: str | None = wanted
        if condition.variables and "${" in wanted:
            parts = _with_variables(wanted, call)
            text = None if parts is None else "".join(part for part, _ in parts)
        if text is None:
            return False
        return text.lower() == value.lower() if fold else text == value

    return compare


def _like(form: Literal["arn", "text"]) -> _Compare:
    def compare(wanted: str, value: str, condition: _Condition, call: Call) -> bool:
        return _Pattern(wanted, form, condition.variables).matches(value, call)

    return compare


def _bool(wanted: str, value: str, _condition: _Condition, _call: Call) -> bool:
    return wanted.lower() == value.lower()


def _binary(wanted: str, value: str, _condition: _Condition, _call: Call) -> bool:
    try:
        return base64.b64decode(wanted, validate=True) == base64.b64decode(value, validate=True)
    except ValueError:
        return False


def _ordered(read: Callable[[str], Any], holds: Callable[[Any, Any], bool]) -> _Compare:
    def compare(wanted: str, value: str, _condition: _Condition, _call: Call) -> bool:
        left, right = read(value), read(wanted)
        return left is not None and right is not None and holds(left, right)

    return compare


def _within(wanted: str, value: str, _condition: _Condition, _call: Call) -> bool:
    network, address = _network(wanted), _network(value)
    return (
        network is not None
        and address is not None
        and network.version == address.version
        and network.supernet_of(address)  # pyright: ignore[reportArgumentType] - of one version, as the line above says
    )


def _operators() -> dict[str, tuple[bool, _Compare]]:
    """Return each operator: whether it is negated, and the comparison that it makes or negates."""
    operators: dict[str, tuple[bool, _Compare]] = {
        "StringEquals": (False, _equal(fold=False)),
        "StringNotEquals": (True, _equal(fold=False)),
        "StringEqualsIgnoreCase": (False, _equal(fold=True)),
        "StringNotEqualsIgnoreCase": (True, _equal(fold=True)),
        "StringLike": (False, _like("text")),
        "StringNotLike": (True, _like("text")),
        "ArnEquals": (False, _like("arn")),
        "ArnLike": (False, _like("arn")),
        "ArnNotEquals": (True, _like("arn")),
        "ArnNotLike": (True, _like("arn")),
        "Bool": (False, _bool),
        "BinaryEquals": (False, _binary),
        "IpAddress": (False, _within),
        "NotIpAddress": (True, _within),
    }
    for name, read in (("Numeric", _number), ("Date", _instant)):
        operators |= {
            f"{name}Equals": (False, _ordered(read, lambda a, b: a == b)),
            f"{name}NotEquals": (True, _ordered(read, lambda a, b: a == b)),
            f"{name}LessThan": (False, _ordered(read, lambda a, b: a < b)),
            f"{name}LessThanEquals": (False, _ordered(read, lambda a, b: a <= b)),
            f"{name}GreaterThan": (False, _ordered(read, lambda a, b: a > b)),
            f"{name}GreaterThanEquals": (False, _ordered(read, lambda a, b: a >= b)),
        }
    return operators


_OPERATORS = _operators()
