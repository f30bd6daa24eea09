"""CronJobs of Kubernetes, in a manifest with one document or many, or a List.

Source: the API reference of Kubernetes, CronJob v1 of batch, with its defaults.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from definitions import durations
from definitions.schedules import check_zone
from ops.errors import OpsError
from ops.importing.cron_expressions import go_expression
from ops.importing.documents import Document, a_list, a_map, documents, is_true
from ops.importing.fargate_sizes import quantity, size_for
from ops.importing.job_file import NO_COMMAND, Draft, Imported, LeftOut, slug, unique
from ops.importing.secret_values import AMONG_WORDS, is_among, is_secret, remedy
from stacks.settings.jobs import MAX_RETRIES, MAX_TIMEOUT_SECONDS
from stacks.settings.schedules import MAX_START_DEADLINE_SECONDS, MIN_START_DEADLINE_SECONDS

DEFAULT_BACKOFF_LIMIT = 6
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 10, 360
"""Between the attempts of a Job: 10 s, 20 s, 40 s …, six minutes at most."""

_OVERLAPS = {"Allow": "allow", "Forbid": "forbid", "Replace": "replace"}
_POD_KEYS = {
    "initContainers": "a run has one container: do it at the start of the command",
    "volumes": "files that last are in a bucket (grants), others in /tmp",
    "serviceAccountName": "the role of the container says what it may do: grants",
    "imagePullSecrets": "Fargate pulls from ECR and from public registries: push the image there",
    "hostAliases": "there is none: use a name that DNS knows",
    "hostNetwork": "a task has a network interface of its own",
    "priorityClassName": "there are no other tasks to come before",
    "securityContext": "the user is the image's (USER)",
    "tolerations": "there are no nodes",
    "affinity": "there are no nodes",
}
_CONTAINER_KEYS = {
    "envFrom": "which variables it brings is not known: write them to environment, secret ones to "
    "secrets of the container",
    "volumeMounts": "files that last are in a bucket (grants), others in /tmp",
    "workingDir": "the image's WORKDIR is taken: set it there",
    "lifecycle": "do it at the start or the end of the command",
    "securityContext": "the user is the image's (USER)",
}


@dataclass
class _Found:
    drafts: list[Draft] = field(default_factory=list[Draft])
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])
    containers: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    look_at: list[str] = field(
        default_factory=lambda: [
            "timeout: Kubernetes bounds a Job with all its attempts, and only where "
            "activeDeadlineSeconds says so; here each attempt ends after 1h if nothing is said."
        ]
    )


@dataclass(frozen=True)
class _Manifest:
    """A CronJob and where it stands."""

    source: str
    document: Document
    path: tuple[str | int, ...]
    value: Mapping[str, Any]
    found: _Found

    def where(self, *keys: str | int) -> str:
        return f"{self.source}:{self.document.line(*self.path, *keys)}"

    def leave_out(self, keys: Sequence[str | int], what: str, reason: str) -> None:
        self.found.left_out.append(LeftOut(where=self.where(*keys), what=what, reason=reason))


def read(text: str, *, source: str) -> Imported:
    """Read the CronJobs of a manifest.

    Raises:
        OpsError: it is no YAML, or has none.
    """
    found = _Found()
    kinds: list[str] = []
    for document in documents(text, source):
        for path, value in _objects(document.value):
            kinds.append(str(value.get("kind")))
            manifest = _Manifest(source, document, path, value, found)
            if value.get("kind") == "CronJob":
                _read_one(manifest)
            else:
                found.look_at.append(f"{manifest.where()}: {kinds[-1]} is no CronJob: passed over")
    if "CronJob" not in kinds:
        raise OpsError(f"{source}: has no CronJob: give a manifest with kind: CronJob")
    return Imported(
        source=source,
        drafts=tuple(found.drafts),
        left_out=tuple(found.left_out),
        look_at=tuple(found.look_at),
        containers=found.containers,
    )


def _objects(value: object) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """Yield the objects of a document: itself, or the items of a List."""
    known = a_map(value)
    if str(known.get("kind", "")).endswith("List"):
        for number, item in enumerate(a_list(known.get("items"))):
            yield ("items", number), a_map(item)
    else:
        yield (), known


_JOB = ("spec", "jobTemplate", "spec")
_POD = (*_JOB, "template", "spec")


def _read_one(manifest: _Manifest) -> None:
    found = manifest.found
    metadata, spec = a_map(manifest.value.get("metadata")), a_map(manifest.value.get("spec"))
    written_name = str(metadata.get("name") or metadata.get("generateName") or "")
    schedule = str(spec.get("schedule", ""))
    what = f"CronJob {written_name or '?'}"
    settings: dict[str, Any] = {}
    look_at: list[str] = []
    try:
        settings |= _schedule(schedule, str(spec.get("timeZone", "")), look_at)
    except ValueError as error:
        manifest.leave_out(("spec", "schedule"), what, f"schedule {schedule!r}: {error}")
        return
    job_spec = a_map(a_map(spec.get("jobTemplate")).get("spec"))
    pod = a_map(a_map(job_spec.get("template")).get("spec"))
    containers = [a_map(container) for container in a_list(pod.get("containers"))]
    if not containers:
        manifest.leave_out(_POD, what, "has no container: correct it")
        return
    name = unique(slug(written_name) or "job", (draft.name for draft in found.drafts))
    settings |= _policies(manifest, spec, job_spec, look_at)
    _leave_out_of_pod(manifest, name, pod, containers)
    container, path = containers[0], (*_POD, "containers", 0)
    found.containers[name] = {
        "image": str(container.get("image", "")) or "…",
        "architecture": _architecture(pod),
    }
    settings["container"] = name
    settings |= _container_settings(manifest, name, container, path, look_at)
    found.drafts.append(
        Draft(
            name=name,
            settings=settings,
            where=manifest.where(),
            origin=f"{what}, {schedule}",
            remarks=(),
            look_at=tuple(look_at),
        )
    )


def _schedule(text: str, zone: str, look_at: list[str]) -> dict[str, Any]:
    if match := re.match(r"(?:CRON_)?TZ=(\S+)\s+(.*)", text):
        zone, text = match.groups()
    written = go_expression(text)
    if zone:
        check_zone(zone)
    else:
        look_at.append("No timeZone: the controller's own was taken, UTC in most clusters.")
    if len(written.expressions) > 1:
        look_at.append("Both day fields are set: it runs on days of either.")
    expressions = list(written.expressions)
    return {
        "schedule": expressions[0] if len(expressions) == 1 else expressions,
        **({"timezone": zone} if zone and zone not in ("UTC", "Etc/UTC") else {}),
        **({"businessDays": True} if written.business_days else {}),
    }


def _policies(
    manifest: _Manifest,
    spec: Mapping[str, Any],
    job_spec: Mapping[str, Any],
    look_at: list[str],
) -> dict[str, Any]:
    """Carry over what becomes of runs that overlap, are late, fail or last too long."""
    settings: dict[str, Any] = {}
    overlap = _OVERLAPS.get(str(spec.get("concurrencyPolicy", "Allow")), "allow")
    if overlap != "forbid":
        settings["overlap"] = overlap
    if is_true(spec.get("suspend")):
        settings["enabled"] = False
        look_at.append("It was suspended, so it is off.")
    if deadline := _whole(spec.get("startingDeadlineSeconds")):
        bounded = min(max(deadline, MIN_START_DEADLINE_SECONDS), MAX_START_DEADLINE_SECONDS)
        settings["startDeadline"] = durations.text(bounded)
        if bounded != deadline:
            look_at.append(f"startingDeadlineSeconds was {deadline}: AWS takes 60s to 24h.")
    limit = _whole(job_spec.get("backoffLimit"), DEFAULT_BACKOFF_LIMIT)
    if limit and "podFailurePolicy" in job_spec:
        manifest.leave_out(
            (*_JOB, "podFailurePolicy"),
            "podFailurePolicy",
            "says by exit codes what is tried again: write retries: {exitCodes: […]}",
        )
    if limit:
        if limit > MAX_RETRIES:
            look_at.append(f"backoffLimit was {limit}: a job is tried again {MAX_RETRIES} times.")
        settings["retries"] = {"app": _backoffs(min(limit, MAX_RETRIES))}
        if "backoffLimit" not in job_spec:
            look_at.append(f"No backoffLimit: Kubernetes tried {limit} times again.")
    if longest := _whole(job_spec.get("activeDeadlineSeconds")):
        settings["timeout"] = durations.text(min(longest, MAX_TIMEOUT_SECONDS))
        if limit:
            look_at.append("activeDeadlineSeconds was for all attempts; timeout is for each.")
    for key in ("completions", "parallelism"):
        if _whole(job_spec.get(key), 1) > 1:
            manifest.leave_out(
                (*_JOB, key), key, "is a fan-out: write array: {size: …, maxConcurrency: …}"
            )
    return settings


def _backoffs(times: int) -> list[int]:
    return [
        min(FIRST_BACKOFF_SECONDS * 2**attempt, MAX_BACKOFF_SECONDS) for attempt in range(times)
    ]


def _leave_out_of_pod(
    manifest: _Manifest,
    name: str,
    pod: Mapping[str, Any],
    containers: Sequence[Mapping[str, Any]],
) -> None:
    for key, reason in _POD_KEYS.items():
        if pod.get(key):
            manifest.leave_out((*_POD, key), f"{key} of {name}", reason)
    for number, other in enumerate(containers[1:], 1):
        manifest.leave_out(
            (*_POD, "containers", number),
            f"container {other.get('name', number)} of {name}",
            "a run has one container, whose end is its own: put the helper into the image, or "
            "make it a job of its own",
        )


def _architecture(pod: Mapping[str, Any]) -> str:
    wanted = a_map(pod.get("nodeSelector")).get("kubernetes.io/arch")
    return "arm64" if wanted == "arm64" else "x86_64"


def _container_settings(
    manifest: _Manifest,
    name: str,
    container: Mapping[str, Any],
    path: tuple[str | int, ...],
    look_at: list[str],
) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for key, reason in _CONTAINER_KEYS.items():
        if container.get(key):
            manifest.leave_out((*path, key), f"{key} of {name}", reason)
    command = [str(word) for word in a_list(container.get("command"))]
    words = command + [str(word) for word in a_list(container.get("args"))]
    if is_among(words):
        manifest.leave_out(path, f"the command of {name}", AMONG_WORDS)
    elif words:
        settings["command"] = [word.replace("$$", "$") for word in words]
        look_at += _observations(words, replaced=bool(command))
    else:
        manifest.leave_out(path, f"the command of {name}", NO_COMMAND)
    environment = _environment(manifest, name, container, path)
    if environment:
        settings["environment"] = environment
    try:
        settings |= _size(a_map(container.get("resources")))
    except ValueError as error:
        manifest.leave_out((*path, "resources"), f"resources of {name}", str(error))
    return settings


def _observations(words: Sequence[str], *, replaced: bool) -> Iterator[str]:
    if replaced:
        yield "command took the place of the image's ENTRYPOINT; here it stands behind one."
    if any(re.search(r"(?<!\$)\$\(\w+\)", word) for word in words):
        yield "Kubernetes fills in $(NAME) in its words; here only a shell does, as $NAME."


def _environment(
    manifest: _Manifest, name: str, container: Mapping[str, Any], path: tuple[str | int, ...]
) -> dict[str, str]:
    environment: dict[str, str] = {}
    for number, entry in enumerate(map(a_map, a_list(container.get("env")))):
        variable, value = str(entry.get("name", "")), str(entry.get("value", ""))
        if "valueFrom" in entry:
            kind = next(iter(a_map(entry["valueFrom"])), "")
            reason = {
                "secretKeyRef": f"put it into a secret of the stack, and secrets: {{{variable}: "
                "SECRET:KEY} at the container",
                "configMapKeyRef": "write its value to environment",
            }.get(kind, f"{kind} is of the cluster: write its value to environment")
        elif is_secret(variable, value):
            reason = remedy(variable)
        else:
            environment[variable] = value
            continue
        manifest.leave_out((*path, "env", number), f"{variable} of {name}", reason)
    return environment


def _size(resources: Mapping[str, Any]) -> dict[str, int]:
    """Return the size that holds what is asked for, or what is allowed where that is more."""
    parts = [a_map(resources.get(key)) for key in ("requests", "limits")]
    cpus = [quantity(str(part["cpu"])) for part in parts if "cpu" in part]
    memories = [quantity(str(part["memory"])) for part in parts if "memory" in part]
    if not cpus and not memories:
        return {}
    return size_for(1_024 * max(cpus, default=0), max(memories, default=0) / 2**20)


def _whole(value: object, default: int = 0) -> int:
    return int(value) if isinstance(value, str) and value.isdecimal() else default
