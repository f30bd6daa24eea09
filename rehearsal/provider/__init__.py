"""The provider: turns resources of pulumi_aws and pulumi_awsx into calls to the embedded AWS."""

import json
import threading
from importlib import import_module
from typing import Any

from rehearsal.provider.registry import FUNCTIONS, MAKERS, Arguments, Call, Cloud

for _service in (
    "awsx",
    "chatbot",
    "cloudwatch",
    "ec2",
    "ecr",
    "ecs",
    "events",
    "iam",
    "kms",
    "logs",
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
        """Return the inputs as they are kept: policies given as dictionaries become JSON text.

        Raises:
            NotImplementedError: the rehearsal does not know this type.
        """
        if type_ not in MAKERS:
            raise NotImplementedError(f"resource type {type_} is not known to the rehearsal")
        return {
            key: json.dumps(value) if key in _DOCUMENTS and isinstance(value, dict) else value
            for key, value in inputs.items()
        }

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make a resource from checked inputs and return its id and outputs.

        Raises:
            NotImplementedError: the rehearsal does not know this type or an argument.
            ValueError: AWS would refuse the resource.
            botocore.exceptions.ClientError: the embedded AWS refused it.
        """
        if type_ not in MAKERS:
            raise NotImplementedError(f"resource type {type_} is not known to the rehearsal")
        maker = MAKERS[type_]
        args = Arguments(inputs)
        region = self.region
        tags: dict[str, str] = {}
        if not type_.startswith(_GLOBAL_PREFIXES):
            region = args.get("region", self.region)
        if maker.tagged:
            tags = {**self.default_tags, **args.get("tags", {})}
            _check_tags(tags)
        call = Call(self._cloud, region, name, args, tags)
        with _ONE_AT_A_TIME:
            made, outputs = maker.make(call)
        _refuse_untaken(args)
        if not type_.startswith(_GLOBAL_PREFIXES):
            outputs = {"region": region, **outputs}
        return made, {"tagsAll": tags, **outputs} if maker.tagged else outputs

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


def _refuse_untaken(args: Arguments) -> None:
    if untaken := args.untaken():
        words = " and ".join(f"argument '{path}'" for path in untaken)
        are = "is" if len(untaken) == 1 else "are"
        raise NotImplementedError(f"{words} {are} not known to the rehearsal")
