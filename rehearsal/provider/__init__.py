"""The provider: turns resources of pulumi_aws and pulumi_awsx into calls to the embedded AWS."""

import json
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any

from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs] - there are none
    ClientError,
)

from rehearsal.engine import Diff
from rehearsal.provider.comparing import drifted, same
from rehearsal.provider.registry import (
    FUNCTIONS,
    KINDS,
    Arguments,
    Call,
    Cloud,
    Kind,
    Tagging,
    is_gone,
)

for _service in (
    "awsx",
    "chatbot",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "ec2_endpoints",
    "ec2_groups",
    "ecr",
    "ecs",
    "events",
    "events_destinations",
    "iam",
    "kms",
    "logs",
    "pipes",
    "s3",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "stepfunctions",
):
    import_module(f"{__name__}.{_service}")  # which registers its handlers

MAX_TAGS = 50
"""Tags on one resource (AWS tagging limits)."""

_ONE_AT_A_TIME = threading.Lock()
"""Moto is one in a process, and its stores are plain dictionaries."""
_GLOBAL_PREFIXES = ("aws:iam/", "awsx:")
"""Types without a region of their own."""
_DOCUMENTS = frozenset({"policy", "assumeRolePolicy"})
"""Arguments that the SDK takes as dictionaries too and the provider keeps as JSON text."""
_ACCEPTED_SETTINGS = (
    # They say who deploys and what to check of that; an embedded AWS has nobody to check.
    "accessKey",
    "allowedAccountIds",
    "forbiddenAccountIds",
    "maxRetries",
    "profile",
    "retryMode",
    "secretKey",
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
    "token",
)


class AwsProvider:
    """Makes resources in an embedded AWS; unknown types, functions and arguments are errors."""

    def __init__(self, cloud: Cloud, *, variables: dict[str, Any] | None = None) -> None:
        self._cloud = cloud
        settings = Arguments(variables or {})
        self.region: str = settings.get("region", cloud.region)
        self.default_tags = _default_tags(settings.get("defaultTags"))
        for key in _ACCEPTED_SETTINGS:
            settings.get(key)
        _refuse_untaken(settings)

    def configure(self, variables: dict[str, Any]) -> "AwsProvider":
        """Return a provider of the same cloud for these settings.

        ``variables`` are those of ``pulumi:providers:aws``, or the stack's ``aws:`` configuration;
        what is not text already is JSON text, as the SDK sends it.
        """
        return AwsProvider(self._cloud, variables=variables)

    def check(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the inputs as they are kept.

        Policies given as dictionaries become JSON text, region and tags those of this provider
        where the resource has none of its own.

        Raises:
            NotImplementedError: the rehearsal does not know this type.
        """
        kind = _kind(type_)
        checked: dict[str, Any] = {
            key: json.dumps(value) if key in _DOCUMENTS and isinstance(value, dict) else value
            for key, value in inputs.items()
            if value is not None
        }
        if not type_.startswith(_GLOBAL_PREFIXES):
            checked.setdefault("region", self.region)
        if kind.tags and (tags := {**self.default_tags, **checked.get("tags", {})}):
            checked["tagsAll"] = tags
        return {**checked, **kind.check(checked)}

    def diff(
        self,
        type_: str,
        id_: str,  # noqa: ARG002 - of the protocol; no type needs it
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],  # noqa: ARG002 - likewise
        inputs: dict[str, Any],
    ) -> Diff:
        """Compare checked inputs: what changed, and what of that needs another resource."""
        kind = _kind(type_)
        changed = [
            key
            for key in sorted({*old_inputs, *inputs})
            if not same(key, old_inputs.get(key), inputs.get(key))
        ]
        replaces = [key for key in changed if key in kind.replaces or key == "region"]
        name = inputs.get(kind.unique)
        taken = kind.unique in kind.replaces and name and name == old_inputs.get(kind.unique)
        return Diff(
            changed=tuple(changed),
            replaces=tuple(replaces),
            delete_before_replace=bool(replaces and (taken or kind.delete_first)),
        )

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make a resource from checked inputs and return its id and outputs.

        What was half made when something failed is deleted again.

        Raises:
            NotImplementedError: the rehearsal does not know this type or an argument.
            ValueError: AWS would refuse the resource.
            botocore.exceptions.ClientError: the embedded AWS refused it.
        """
        kind, call = _kind(type_), self._call(type_, name, inputs)
        _check_tags(call.tags)
        with _ONE_AT_A_TIME:
            try:
                call.id = kind.create(call)
                _refuse_untaken(call.args, kind.only_later)
                outputs = self._look(kind, call)
            except Exception:
                if call.id:
                    with suppress(ValueError, ClientError):  # the first error says what is wrong
                        kind.delete(call)
                raise
        return call.id, outputs

    def read(
        self, type_: str, id_: str, inputs: dict[str, Any], outputs: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Look at a resource: its inputs and outputs as AWS has them, or None when it is gone.

        Args:
            type_: its type.
            id_: its id.
            inputs: checked, when it was made or last changed.
            outputs: what :meth:`create` or :meth:`update` returned then. Where AWS still says so,
                the inputs stay as they were given.

        Raises:
            NotImplementedError: the rehearsal does not know this type.
        """
        kind, call = _kind(type_), self._call(type_, "", inputs, id_, outputs)
        with _ONE_AT_A_TIME:
            try:
                found = kind.read(call)
                tags = kind.tags.read(call) if found and kind.tags else {}
            except ClientError as error:
                if is_gone(error):
                    return None
                raise
        if found is None:
            return None
        arguments, others = found
        now = {
            key: drifted(key, inputs.get(key), outputs.get(key), value)
            for key, value in arguments.items()
        }
        if kind.tags:
            now |= self._tags(inputs.get("tags"), tags)
            others["tagsAll"] = tags
        return _present({**inputs, **now}), _present({**outputs, **arguments, **others})

    def update(
        self,
        type_: str,
        id_: str,
        inputs: dict[str, Any],
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
    ) -> dict[str, Any]:
        """Bring a resource to what checked inputs say; return its outputs.

        Raises:
            NotImplementedError: the rehearsal does not know this type or an argument.
            ValueError: AWS would refuse it, or the change needs another resource.
            botocore.exceptions.ClientError: the embedded AWS refused it.
        """
        kind, call = _kind(type_), self._call(type_, "", inputs, id_, old_outputs)
        _check_tags(call.tags)
        if stuck := self.diff(type_, id_, old_inputs, old_outputs, inputs).replaces:
            raise ValueError(f"{' and '.join(stuck)} cannot be changed in place")
        with _ONE_AT_A_TIME:
            if kind.update:
                kind.update(call)
            _refuse_untaken(call.args, kind.only_later | kind.replaces)
            if kind.tags:
                _retag(kind.tags, call, old_inputs.get("tagsAll", {}))
            return self._look(kind, call)

    def delete(self, type_: str, id_: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Delete a resource; one that is gone already is fine.

        Raises:
            NotImplementedError: the rehearsal does not know this type.
            ValueError: AWS would refuse that, because something needs the resource or is in it.
            botocore.exceptions.ClientError: the embedded AWS refused it.
        """
        kind, call = _kind(type_), self._call(type_, "", inputs, id_, outputs)
        with _ONE_AT_A_TIME:
            try:
                kind.delete(call)
            except ClientError as error:
                if not is_gone(error):
                    raise

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        """Answer a function of the provider.

        Raises:
            NotImplementedError: the rehearsal does not know this function or an argument.
        """
        if token not in FUNCTIONS:
            raise NotImplementedError(f"function {token} is not known to the rehearsal")
        arguments = Arguments(args)
        region = arguments.get("region", self.region)
        with _ONE_AT_A_TIME:
            answer = FUNCTIONS[token](Call(self._cloud, region, token, arguments, {}))
        _refuse_untaken(arguments)
        return answer

    def _call(
        self,
        type_: str,
        name: str,
        inputs: dict[str, Any],
        id_: str = "",
        outputs: dict[str, Any] | None = None,
    ) -> Call:
        args = Arguments(inputs)
        is_global = type_.startswith(_GLOBAL_PREFIXES)
        region = self.region if is_global else args.get("region", self.region)
        tags: dict[str, str] = {}
        if _kind(type_).tags:
            args.get("tags")  # they are among the others
            tags = args.get("tagsAll", {})
        return Call(self._cloud, region, name, args, tags, id_, {**(outputs or {})})

    def _tags(self, own: dict[str, str] | None, tags: dict[str, str]) -> dict[str, Any]:
        """Return the inputs that say that a resource has these tags; None says nothing."""
        left = {
            key: text
            for key, text in tags.items()
            if key in (own or {}) or self.default_tags.get(key) != text
        }
        return {"tags": left or (own and {}), "tagsAll": tags or None}

    def _look(self, kind: Kind, call: Call) -> dict[str, Any]:
        """Return the outputs of what was just made or changed."""
        found = kind.read(call)
        if found is None:
            raise ValueError(f"{call.id} is gone as soon as it is made")
        arguments, others = found
        return _present({**arguments, **others, "tagsAll": call.tags if kind.tags else None})


def _default_tags(setting: Any) -> dict[str, str]:
    """Return the tags in ``defaultTags``, an object or its JSON text."""
    if setting is None:
        return {}
    value: dict[str, Any] = json.loads(setting) if isinstance(setting, str) else setting
    settings = Arguments(value, "defaultTags.")
    tags = settings.get("tags", {})
    _refuse_untaken(settings)
    return tags


def _check_tags(tags: dict[str, str]) -> None:
    if len(tags) > MAX_TAGS:
        raise ValueError(f"{len(tags)} tags, but AWS takes {MAX_TAGS} a resource")
    for key in tags:
        if key.lower().startswith("aws:"):
            raise ValueError(f"tag {key!r}: names that begin with aws: belong to AWS")


def _kind(type_: str) -> Kind:
    if type_ not in KINDS:
        raise NotImplementedError(f"resource type {type_} is not known to the rehearsal")
    return KINDS[type_]


def _retag(tagging: Tagging, call: Call, old: dict[str, str]) -> None:
    if added := {key: text for key, text in call.tags.items() if old.get(key) != text}:
        tagging.add(call, added)
    if gone := sorted(old.keys() - call.tags.keys()):
        tagging.remove(call, gone)


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _refuse_untaken(args: Arguments, apart: frozenset[str] = frozenset()) -> None:
    """Refuse arguments that no handler took, ``apart`` from those."""
    untaken = [path for path in args.untaken() if path not in apart]
    if untaken:
        words = " and ".join(f"argument '{path}'" for path in untaken)
        are = "is" if len(untaken) == 1 else "are"
        raise NotImplementedError(f"{words} {are} not known to the rehearsal")
