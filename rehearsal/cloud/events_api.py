"""EventBridge's own calls, refused and answered as AWS was recorded to do."""

# boto3 and moto have no types, or few:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
import re
from collections.abc import Callable
from typing import Any

from moto.events import models, responses

from definitions import schedules
from definitions.event_pattern import PatternError, Rule, compile_pattern, matches
from rehearsal.cloud.repairs import Refusal, Repairs

MAX_PATTERN_CHARACTERS = 2_048
"""Event pattern size (EventBridge quotas; up to 4,096 on request)."""
MAX_TARGETS = 5
"""Targets of a rule (EventBridge quotas)."""
MAX_ENTRIES_BYTES = 262_144
"""PutEvents: all entries together ("Calculating Amazon EventBridge event entry size")."""

_RATE = re.compile(r"rate\((1 (minute|hour|day)|(?!1 )[1-9]\d* (minutes|hours|days))\)")
_TIME_BYTES = 14
"""That an entry's ``Time`` counts."""


class Pattern:
    """Stands in for moto's pattern of a rule or archive."""

    def __init__(self, source: str | None) -> None:
        self._source = source
        self._rule = _compiled(source) if source else None

    @classmethod
    def load(cls, source: str | None) -> "Pattern":
        """Read a pattern, or none.

        Raises:
            Refusal: with the refusal of AWS.
        """
        return cls(source)

    def dump(self) -> str | None:
        """Return the pattern as it was given."""
        return self._source

    def get_pattern(self) -> Any:
        """Return something that is true when there is a pattern."""
        return self._rule

    def listens_to(self, source: str, **detail: str) -> bool:
        """Tell whether some event of a source, with such members of its detail, could match."""
        return any(
            _could_hold(way.get("source"), source)
            and all(_could_hold(way.get(f"detail.{name}"), value) for name, value in detail.items())
            for way in self._rule or []
        )

    def matches_event(self, event: dict[str, Any]) -> bool:
        """Tell whether an event matches; everything does where there is no pattern."""
        return self._rule is None or matches(self._rule, event)


def _could_hold(tests: Any, value: str) -> bool:
    return tests is None or any(test.holds(value) for test in tests)


def repair(repairs: Repairs, accept: Callable[[dict[str, Any], str], str]) -> None:
    """Put the repairs of this module in place; ``accept`` takes each good entry of PutEvents."""
    read_patterns_as_aws_does(repairs)
    refuse_rules_that_aws_refuses(repairs)
    refuse_targets_that_aws_refuses(repairs)
    take_events(repairs, accept)
    name_the_bus_of_a_missing_rule(repairs)
    name_missing_resources_in_tags(repairs)
    keep_bus_policies_by_statement(repairs)
    list_buses_with_their_times(repairs)


def read_patterns_as_aws_does(repairs: Repairs) -> None:
    """Moto knows some operators, forgives mistakes in them, and has no TestEventPattern."""
    repairs.put(models, "EventPattern", Pattern)

    def test_event_pattern(self: Any) -> str:
        rule = _compiled(self._get_param("EventPattern"))
        try:
            event: Any = json.loads(self._get_param("Event"))
        except ValueError:
            event = None
        if not isinstance(event, dict):
            raise Refusal("ValidationException", "Parameter Event is not valid.")
        return json.dumps({"Result": matches(rule, event)})

    repairs.put(responses.EventsHandler, "test_event_pattern", test_event_pattern)


def refuse_rules_that_aws_refuses(repairs: Repairs) -> None:
    """Moto takes any cron, rates that do not agree in number, and patterns of any length."""
    put_rule = models.EventsBackend.put_rule

    def put_checked_rule(self: Any, name: str, **more: Any) -> Any:
        expression, pattern = more.get("scheduled_expression"), more.get("event_pattern")
        on_default = (more.get("event_bus_arn") or "default").rpartition("/")[2] == "default"
        if expression and on_default and not _is_schedule(expression):
            raise Refusal("ValidationException", "Parameter ScheduleExpression is not valid.")
        if pattern and len(pattern) > MAX_PATTERN_CHARACTERS:
            # The words are ours: AWS documents the quota and not its refusal.
            raise Refusal(
                "LimitExceededException",
                f"Event pattern has {len(pattern)} characters, and the quota is "
                f"{MAX_PATTERN_CHARACTERS}.",
            )
        return put_rule(self, name, **more)

    repairs.put(models.EventsBackend, "put_rule", put_checked_rule)


def refuse_targets_that_aws_refuses(repairs: Repairs) -> None:
    """Moto takes any number of targets, and several inputs for one."""
    put_targets = models.EventsBackend.put_targets

    def put_checked_targets(
        self: Any, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]
    ) -> None:
        for target in targets:
            _check_target(target)
        bus = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn))
        rule = bus.rules.get(name)
        before = [target["Id"] for target in rule.targets] if rule else []
        if len({*before, *(target["Id"] for target in targets)}) > MAX_TARGETS:
            raise Refusal(
                "LimitExceededException",
                "The requested resource exceeds the maximum number allowed.",
            )
        put_targets(self, name, event_bus_arn, targets)

    repairs.put(models.EventsBackend, "put_targets", put_checked_targets)


def take_events(repairs: Repairs, accept: Callable[[dict[str, Any], str], str]) -> None:
    """Moto takes details that are no objects, any size, and refuses buses that are not there."""

    def put_events(self: Any, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if sum(map(_entry_bytes, events)) > MAX_ENTRIES_BYTES:
            raise Refusal(
                "ValidationException", "Total size of the entries in the request is over the limit."
            )
        return [_mistake(entry) or {"EventId": accept(entry, self.region_name)} for entry in events]

    repairs.put(models.EventsBackend, "put_events", put_events)


def name_the_bus_of_a_missing_rule(repairs: Repairs) -> None:
    """Moto says only that a rule does not exist."""
    describe_rule = models.EventsBackend.describe_rule

    def describe(self: Any, name: str, event_bus_arn: str | None) -> Any:
        _need_rule(self, name, event_bus_arn)
        return describe_rule(self, name, event_bus_arn)

    def on_rule(otherwise: Any) -> Any:
        def call(self: Any, name: str, event_bus_arn: str | None, **more: Any) -> Any:
            _need_rule(self, name, event_bus_arn)
            return otherwise(self, name, event_bus_arn, **more)

        return call

    repairs.put(models.EventsBackend, "describe_rule", describe)
    for operation in ("enable_rule", "disable_rule", "list_targets_by_rule"):
        otherwise = getattr(models.EventsBackend, operation)
        repairs.put(models.EventsBackend, operation, on_rule(otherwise))


def name_missing_resources_in_tags(repairs: Repairs) -> None:
    """Moto calls every missing resource a rule, tags those of another name, and keeps old tags."""
    for operation in ("list_tags_for_resource", "tag_resource", "untag_resource"):
        otherwise = getattr(models.EventsBackend, operation)

        def on_resource(
            self: Any, arn: str, *args: Any, otherwise: Any = otherwise, **more: Any
        ) -> Any:
            kind, _, name = arn.split(":")[5].partition("/")
            if kind == "event-bus":
                self._get_event_bus(name)
            elif kind == "rule":
                bus, _, rule = name.rpartition("/")
                _need_rule(self, rule, bus or "default")
            return otherwise(self, arn, *args, **more)

        repairs.put(models.EventsBackend, operation, on_resource)


def keep_bus_policies_by_statement(repairs: Repairs) -> None:
    """Moto keeps one statement a principal, spells "all" wrongly, and adds a policy to the old one.

    AWS keeps one statement an id, and replaces the policy by one that it is given.
    """

    def keep_all(self: Any, *principals: Any) -> None:
        """Remove nothing: a statement is replaced by one of its own id only."""

    remove = models.EventsBackend.remove_permission
    describe = models.EventBusPolicyStatement.describe

    def described(self: Any) -> dict[str, Any]:
        statement = describe(self)
        if statement["Principal"] == {"AWS": "arn:aws:iam::*:root"}:
            statement["Principal"] = "*"
        return statement

    def remove_permission(
        self: Any, event_bus_name: str | None, statement_id: str, remove_all_permissions: bool
    ) -> None:
        bus = self.describe_event_bus(event_bus_name)
        if not remove_all_permissions and not bus.has_permissions():
            raise Refusal(
                "ResourceNotFoundException", "Statement with the provided id does not exist."
            )
        remove(self, event_bus_name, statement_id, remove_all_permissions)

    take_policy = models.EventsBackend._put_permission_from_policy  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - moto's own method

    def replace_policy(event_bus: Any, policy: str) -> None:
        event_bus.remove_statements()
        take_policy(event_bus, policy)

    repairs.put(models.EventBus, "_remove_principals_statements", keep_all)
    repairs.put(models.EventsBackend, "_put_permission_from_policy", staticmethod(replace_policy))
    repairs.put(models.EventsBackend, "remove_permission", remove_permission)
    repairs.put(models.EventBusPolicyStatement, "describe", described)


def list_buses_with_their_times(repairs: Repairs) -> None:
    """Moto lists buses without the times that it describes them with."""
    list_buses = responses.EventsHandler.list_event_buses

    def list_event_buses(self: Any) -> Any:
        body, headers = list_buses(self)
        told = json.loads(body)
        for bus in told["EventBuses"]:
            known = self.events_backend.event_buses[bus["Name"]]
            bus["CreationTime"] = known.creation_time
            bus["LastModifiedTime"] = known.last_modified_time
        return json.dumps(told), headers

    repairs.put(responses.EventsHandler, "list_event_buses", list_event_buses)


def _compiled(source: str) -> Rule:
    try:
        return compile_pattern(source)
    except PatternError as error:
        raise Refusal(
            "InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}"
        ) from None


def _is_schedule(expression: str) -> bool:
    if expression.startswith("rate"):
        return _RATE.fullmatch(expression) is not None
    try:
        return isinstance(schedules.parse(expression), schedules.Cron)
    except ValueError:
        return False


def _check_target(target: dict[str, Any]) -> None:
    given = [name for name in ("Input", "InputPath", "InputTransformer") if name in target]
    if len(given) > 1:
        raise Refusal(
            "ValidationException",
            f"Only one of Input, InputPath, or InputTransformer must be provided for target "
            f"{target['Id']}.",
        )


def _need_rule(backend: Any, name: str, event_bus_arn: str | None) -> None:
    bus_name = backend._normalize_event_bus_arn(event_bus_arn)  # noqa: SLF001 - as moto itself
    if name not in backend._get_event_bus(bus_name).rules:  # noqa: SLF001 - as moto itself
        raise Refusal(
            "ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus_name}."
        )


def _mistake(entry: dict[str, Any]) -> dict[str, str] | None:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    return None


def _entry_bytes(entry: dict[str, Any]) -> int:
    texts = [entry.get(name, "") for name in ("Source", "DetailType", "Detail")]
    texts += entry.get("Resources", [])
    return sum(len(text.encode()) for text in texts) + (_TIME_BYTES if "Time" in entry else 0)
