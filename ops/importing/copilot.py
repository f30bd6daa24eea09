"""Manifests of AWS Copilot's scheduled jobs.

Sources: "Scheduled Job" in Copilot's documentation of manifests, and ``scheduled_job.go`` of
github.com/aws/copilot-cli, which makes the schedules. It reads crons as robfig/cron does, and
then writes another one where a day field has a step: such a job ran otherwise than its manifest
says. Here it is as the manifest says, with a word of it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, cast

from definitions import durations, schedules
from ops.errors import OpsError
from ops.importing import shell_commands
from ops.importing.cron_expressions import Written, go_duration, go_expression
from ops.importing.documents import Document, a_list, a_map, documents, is_true, text_in
from ops.importing.fargate_sizes import size_for
from ops.importing.job_file import NO_COMMAND, Draft, Imported, LeftOut, slug, unique
from ops.importing.secret_values import AMONG_WORDS, is_among, is_secret, remedy
from stacks.settings.jobs import MAX_RETRIES

KIND = "Scheduled Job"
FIRST_WAIT_SECONDS, BACKOFF_RATE = 10, 1.5
"""Between attempts (``state-machine-definition.json.yml`` of Copilot)."""
DEFAULT_CPU_UNITS, DEFAULT_MEMORY_MIB = 256, 512

_NOT_CARRIED = {
    "sidecars": "a run has one container, whose end is its own: put the helper into the image",
    "storage": "files that last are in a bucket (grants), others in /tmp (ephemeralStorageGiB)",
    "network": "network says it for the whole stack",
    "publish": "topics and grants say it in the stack file",
    "logging": "the output goes to CloudWatch Logs",
    "taskdef_overrides": "the task definition is the stack's",
    "env_file": "write its variables to environment, secret ones to secrets of the container",
}


@dataclass
class _Found:
    environment: str | None
    drafts: list[Draft] = field(default_factory=list[Draft])
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])
    containers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    look_at: list[str] = field(
        default_factory=lambda: [
            "overlap: Copilot runs a job while an older run goes, here it is skipped (overlap: "
            "forbid); overlap: allow does as it did.",
            "timeout: Copilot's is for a run with all its attempts, here it is for each, and 1h if "
            "nothing is said.",
        ]
    )


@dataclass(frozen=True)
class _Manifest:
    path: Path
    document: Document
    value: Mapping[str, Any]
    """With what the environment says over it."""
    found: _Found

    def leave_out(self, keys: tuple[str, ...], what: str, reason: str) -> None:
        where = f"{self.path}:{self.document.line(*keys)}"
        self.found.left_out.append(LeftOut(where=where, what=what, reason=reason))


def read(path: Path, *, environment: str | None = None) -> Imported:
    """Read a manifest, or all of a workspace.

    Args:
        path: a ``manifest.yml``, a workspace, or its directory ``copilot``.
        environment: whose overrides go over what the manifests say.

    Raises:
        OpsError: there is no manifest of a scheduled job.
    """
    found = _Found(environment)
    paths = _manifests(path) if path.is_dir() else [path]
    kinds: list[str] = []
    for one in paths:
        for document in documents(text_in(one), str(one)):
            value = a_map(document.value)
            kinds.append(str(value.get("type", "?")))
            if kinds[-1] == KIND:
                over = a_map(a_map(value.get("environments")).get(environment or ""))
                _read_one(_Manifest(one, document, _over(value, over), found))
            else:
                found.look_at.append(f"{one}: {kinds[-1]} is no {KIND}: passed over")
    if KIND not in kinds:
        raise OpsError(f"{path}: has no manifest of a {KIND}: give a manifest.yml or a workspace")
    return Imported(
        source=str(path),
        drafts=tuple(found.drafts),
        left_out=tuple(found.left_out),
        look_at=tuple(found.look_at),
        containers=found.containers,
    )


def _manifests(directory: Path) -> list[Path]:
    return sorted({*directory.glob("*/manifest.yml"), *directory.glob("copilot/*/manifest.yml")})


def _over(value: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Put an environment's values over a manifest's, map by map."""
    merged = dict(value)
    for key, own in override.items():
        both = isinstance(own, dict) and isinstance(merged.get(key), dict)
        merged[key] = _over(a_map(merged[key]), a_map(cast("object", own))) if both else own
    return merged


def _read_one(manifest: _Manifest) -> None:
    found, value = manifest.found, manifest.value
    written_name = str(value.get("name", "")) or manifest.path.parent.name
    schedule = str(a_map(value.get("on")).get("schedule", ""))
    name = unique(slug(written_name) or "job", (draft.name for draft in found.drafts))
    look_at: list[str] = []
    try:
        settings = _schedule(schedule, look_at)
    except ValueError as error:
        manifest.leave_out(("on", "schedule"), f"job {name}", f"schedule {schedule!r}: {error}")
        return
    for key, reason in _NOT_CARRIED.items():
        if value.get(key):
            manifest.leave_out((key,), f"{key} of {name}", reason)
    _leave_out_environments(manifest, name)
    settings["container"] = name
    found.containers[name] = _container(manifest, name, look_at)
    settings |= _command(manifest, name)
    settings |= _limits(manifest, name, look_at)
    if variables := _variables(manifest, name):
        settings["environment"] = variables
    found.drafts.append(
        Draft(
            name=name,
            settings=settings,
            where=str(manifest.path),
            origin=f"job {written_name}, {schedule}",
            look_at=tuple(look_at),
        )
    )


# -- when


def _schedule(text: str, look_at: list[str]) -> dict[str, Any]:
    if text == "none":
        look_at.append("schedule: none: it runs by hand only.")
        return {}
    if text.startswith(("cron(", "rate(")):
        schedules.parse(text)
        written = Written(expressions=(text,))
    else:
        written = go_expression(text)
        _tell_of_copilots(text, written, look_at)
    if written.expressions[0].startswith("rate("):
        look_at.append("A rate counts from when its schedule is made: it fires at other minutes.")
    expressions = list(written.expressions)
    return {
        "schedule": expressions[0] if len(expressions) == 1 else expressions,
        **({"businessDays": True} if written.business_days else {}),
    }


def _tell_of_copilots(text: str, written: Written, look_at: list[str]) -> None:
    """Say where Copilot's own schedule was another one than the manifest's."""
    fields = text.split()
    if len(fields) != len(("minute", "hour", "day", "month", "weekday")):
        return
    deployed = _copilots(fields)
    if deployed is None:
        look_at.append("Copilot refuses both day fields: it runs on days of either.")
        return
    try:
        same = (schedules.parse(deployed),) == tuple(map(schedules.parse, written.expressions))
    except ValueError:
        same = False
    if not same and not written.business_days:
        look_at.append(f"Copilot made {deployed} of it, which is something else: which was meant?")


def _copilots(fields: list[str]) -> str | None:
    """Return the schedule that Copilot makes of five fields; None where it makes none.

    It takes a field with any ``*`` for one that says nothing, and raises every digit of the
    weekdays by one, those of steps too (``toAWSCron``).
    """
    minute, hour, day, month, weekday = fields
    says_day, says_weekday = (not re.search(r"[*?]", one) for one in (day, weekday))
    if says_day and says_weekday:
        return None
    raised = re.sub(r"\d", lambda digit: str(int(digit[0]) + 1), weekday)
    if says_weekday:
        return f"cron({minute} {hour} ? {month} {raised} *)"
    return f"cron({minute} {hour} {day if says_day else '*'} {month} ? *)"


# -- what


def _container(manifest: _Manifest, name: str, look_at: list[str]) -> dict[str, Any]:
    """Return what the stack file says of the container."""
    value = manifest.value
    image = value.get("image")
    build = a_map(image).get("build")
    settings: dict[str, Any] = {}
    if details := a_map(build):
        settings["build"] = str(details.get("context") or _directory(_dockerfile(build)))
        look_at.append("Its build has more than a Dockerfile: see image.build in the manifest.")
    elif build:
        settings["build"] = _directory(_dockerfile(build))
    else:
        settings["image"] = str(a_map(image).get("location") or image or "…")
    platform = value.get("platform")
    is_arm = "arm" in str(platform)
    settings |= {} if is_arm else {"architecture": "x86_64"}
    if "windows" in str(platform).lower():
        manifest.leave_out(("platform",), f"platform of {name}", "Windows is not supported")
    if is_true(value.get("exec")):
        settings["debug"] = True
    ephemeral = str(a_map(value.get("storage")).get("ephemeral", ""))
    if ephemeral.isdecimal():
        settings["ephemeralStorageGiB"] = int(ephemeral)
    if secrets := _secrets(manifest, name):
        settings["secrets"] = secrets
    return settings


def _dockerfile(build: object) -> str:
    """Return the path that a build has: a text, or a map with one."""
    return build if isinstance(build, str) else str(a_map(build).get("dockerfile") or "Dockerfile")


def _directory(dockerfile: str) -> str:
    return str(PurePosixPath(dockerfile).parent)


def _secrets(manifest: _Manifest, name: str) -> dict[str, str]:
    """Return the parameters that secrets are; what is in Secrets Manager has to be named first."""
    secrets: dict[str, str] = {}
    for variable, source in a_map(manifest.value.get("secrets")).items():
        keys = ("secrets", variable)
        text = str(source).strip("'")
        if manifest.found.environment:
            text = text.replace("${COPILOT_ENVIRONMENT_NAME}", manifest.found.environment)
        if isinstance(source, dict) or ":secretsmanager:" in text:
            manifest.leave_out(
                keys,
                f"{variable} of {name}",
                "is in Secrets Manager: secrets: {NAME: {arn: …}} in the stack file, and secrets: "
                f"{{{variable}: NAME}} at the container",
            )
        elif "${" in text:
            manifest.leave_out(
                keys,
                f"{variable} of {name}",
                f"{text} is filled in by Copilot: secrets: {{{variable}: ssm:…}} at the container",
            )
        else:
            secrets[variable] = f"ssm:{text}"
    return secrets


def _command(manifest: _Manifest, name: str) -> dict[str, Any]:
    value = manifest.value
    if value.get("entrypoint"):
        manifest.leave_out(
            ("entrypoint",), f"entrypoint of {name}", "is the image's own: set it there"
        )
    words = _words(value.get("command")) or _image_command(manifest)
    if is_among(words):
        manifest.leave_out(("command",), f"the command of {name}", AMONG_WORDS)
    elif not words:
        manifest.leave_out(("image",), f"the command of {name}", NO_COMMAND)
    else:
        return {"command": words}
    return {}


def _words(command: object) -> list[str]:
    if isinstance(command, str) and command:
        return shell_commands.words(command)
    return [str(word) for word in a_list(command)]


def _image_command(manifest: _Manifest) -> list[str]:
    """Return the CMD of the Dockerfile that the manifest names, as far as it is here."""
    build = a_map(manifest.value.get("image")).get("build")
    # copilot/<job>/manifest.yml; paths are from the workspace.
    path = manifest.path.resolve().parent.parent.parent / _dockerfile(build)
    if not build or not path.is_file():
        return []
    found = re.findall(r"^\s*CMD\s+(.+?)\s*$", text_in(path), re.IGNORECASE | re.MULTILINE)
    if not found:
        return []
    try:
        words: object = json.loads(found[-1])
    except ValueError:
        return ["sh", "-c", found[-1]]
    return [str(word) for word in a_list(words)]


def _variables(manifest: _Manifest, name: str) -> dict[str, str]:
    variables: dict[str, str] = {}
    for variable, value in a_map(manifest.value.get("variables")).items():
        keys = ("variables", variable)
        if isinstance(value, dict):
            reason = "comes from another stack of CloudFormation: write its value"
            manifest.leave_out(keys, f"{variable} of {name}", reason)
        elif is_secret(variable, str(value)):
            manifest.leave_out(keys, f"{variable} of {name}", remedy(variable))
        elif "${" in str(value):
            reason = f"{value} is filled in by Copilot: write its value"
            manifest.leave_out(keys, f"{variable} of {name}", reason)
        else:
            variables[variable] = str(value)
    return variables


def _limits(manifest: _Manifest, name: str, look_at: list[str]) -> dict[str, Any]:
    value = manifest.value
    settings: dict[str, Any] = {}
    try:
        cpu = int(str(value.get("cpu") or DEFAULT_CPU_UNITS))
        memory = int(str(value.get("memory") or DEFAULT_MEMORY_MIB))
        settings |= size_for(cpu, memory)
    except ValueError as error:
        manifest.leave_out(("cpu",), f"the size of {name}", str(error))
    if timeout := str(value.get("timeout") or ""):
        try:
            settings["timeout"] = durations.text(int(go_duration(timeout).total_seconds()))
        except ValueError as error:
            manifest.leave_out(("timeout",), f"timeout of {name}", str(error))
    retries = str(value.get("retries") or "0")
    if retries.isdecimal() and int(retries):
        times = min(int(retries), MAX_RETRIES)
        if times < int(retries):
            look_at.append(f"retries was {retries}: a job is tried again {times} times.")
        waits = [round(FIRST_WAIT_SECONDS * BACKOFF_RATE**attempt) for attempt in range(times)]
        settings["retries"] = {"app": waits}
    return settings


def _leave_out_environments(manifest: _Manifest, name: str) -> None:
    others = a_map(manifest.value.get("environments"))
    if manifest.found.environment is None and others:
        manifest.leave_out(
            ("environments",),
            f"environments of {name}",
            f"each has a stack here: --environment {next(iter(others))} takes its values",
        )
