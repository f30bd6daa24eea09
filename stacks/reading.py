"""From the configuration that the Pulumi CLI hands over to Settings, or to lines of what is wrong.

Every mistake is one line with file, key path, value, rule and remedy, and all of them are told
together, before anything is registered.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast, get_args, get_origin

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from definitions import names, policies
from definitions.flow_machine import FLOW_AND_JOB_LIMIT
from definitions.grants import VERBS
from stacks import job_files
from stacks.settings import SECTIONS, Settings, events
from stacks.settings.base import EntryError, Surroundings, map_or_empty
from stacks.settings.calendars import end_warnings, table_mistakes
from stacks.settings.containers import DEFAULT_CONTAINERS, NOT_OFFERED
from stacks.settings.schedules import never_warnings, schedule_warnings
from stacks.settings.storage import PARAMETERS
from stacks.wording import MASK, flow, instead, kind, shown

CONFIG_VARIABLE_BYTES = 131_071
"""Linux refuses one environment variable above this, name included; the language host hands a
stack's whole configuration over in one (PULUMI_CONFIG)."""

MAX_CONFIG_BYTES = 120_000
"""Where we stop: a file that grew to the limit could not even be read to say so."""

MAX_POLICY_CHARACTERS = 10_240
"""Of a role's inline policies, blanks not counted (IAM quotas)."""

MAX_SECRET_NAME = 512
"""Secrets Manager, CreateSecret."""

MACHINES = ("jobs", "flows", "workers")
"""Sections whose entries become state machines, each under the name that it has there."""

MAX_PREFIX_LENGTH = names.ROLE_LIMIT - len("--default-execution")
"""Characters of project and stack together, so that the default container's roles have names."""

NOW = "rehearsal:now"
"""The configuration in which the rehearsal, whose clock is its own, says what time it is there."""

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_REFRESH_ALWAYS = re.compile(r"^[^#\n]*\brefresh: *always\b", re.MULTILINE)
_OTHER_PARTITIONS = ("cn-", "us-gov-")
"""How the regions of aws-cn and aws-us-gov begin."""


class SettingsError(Exception):
    """A stack file that cannot be deployed.

    Attributes:
        lines: the mistakes, one line each: file, key path, value, rule, remedy.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


def load_settings() -> Settings:
    """Read the configuration of the running Pulumi program.

    Raises:
        SettingsError: everything that is wrong in the stack file.
    """
    config = {**get_config_env(), **CONFIG.get()}
    return read_settings(
        config,
        project=pulumi.get_project(),
        stack=pulumi.get_stack(),
        directory=Path.cwd(),
        now=datetime.fromisoformat(config[NOW]) if NOW in config else datetime.now(tz=UTC),
    )


def read_settings(
    config: Mapping[str, str], *, project: str, stack: str, directory: Path, now: datetime
) -> Settings:
    """Read and check a stack's configuration.

    Args:
        config: as the Pulumi CLI hands it over: ``<namespace>:<key>`` to text, where lists and maps
            are JSON text.
        project: the Pulumi project, which is the namespace of the program's keys.
        stack: the Pulumi stack.
        directory: where Pulumi.yaml is; build directories are relative to it.
        now: the present: what is over by then is not scheduled.

    Raises:
        SettingsError: everything that is wrong, one line each.
    """
    file = f"Pulumi.{stack}.yaml"
    prefix = names.stack_prefix(project, stack)
    written = {
        key.removeprefix(f"{project}:"): _value(text)
        for key, text in config.items()
        if key.startswith(f"{project}:")
    }
    known = {to_camel(section): section for section in SECTIONS}
    sections: dict[str, object] = {
        "network": {},  # so that the missing mode is told, not the missing map
        **{key: value for key, value in written.items() if key in known},
    }
    gathered = job_files.gather(
        directory, sections.get("jobFiles"), map_or_empty(sections.get("jobs")), file
    )
    if gathered.file_of:
        sections["jobs"] = gathered.jobs
    region = config.get("aws:region", "")
    mistakes = [
        *_stack_mistakes(project, stack),
        *_region_mistakes(region),
        *_namespace_mistakes(config, project),
        *(_unknown_key((key,), known) for key in written if key not in known),
        *_size_mistakes(config),
        *_name_mistakes(sections, prefix),
        *_schedule_name_mistakes(sections, prefix),
        *_machine_mistakes(sections),
        *_flow_mistakes(sections),
    ]
    settings = None
    try:
        settings = Settings.model_validate(
            {
                **sections,
                "project": project,
                "stack": stack,
                "aws:region": region,
                "aws:profile": config.get("aws:profile"),
                "now": now,
            },
            context=_surroundings_of(sections, region=region, directory=directory),
            by_alias=True,
            by_name=False,
        )
    except ValidationError as error:
        mistakes += [_mistake(details) for details in error.errors(include_url=False)]
    if settings is not None:
        mistakes += table_mistakes(settings.calendar_tables)
        mistakes += events.mistakes(settings.jobs)
        mistakes += _policy_mistakes(settings)
    if settings is None or mistakes or gathered.mistakes:
        placed = (gathered.placed(file, mistake) for mistake in mistakes)
        lines = dict.fromkeys((*gathered.mistakes, *placed))
        # Outside of the handler: pydantic's error holds the values, secret ones too.
        raise SettingsError(_one_line(line) for line in lines)
    warnings = [
        *_pause_warnings(directory, settings),
        *(
            warning
            for section, entries in (
                ("jobs", settings.jobs),
                ("flows", settings.flows),
                ("workers", settings.workers),
            )
            for name, entry in entries.items()
            for warning in (
                *schedule_warnings(f"{section}.{name}", name, entry, now),
                *never_warnings(f"{section}.{name}", entry, settings.calendars, now.date()),
            )
        ),
        *end_warnings(settings.calendars, now.date()),
        *events.warnings(settings.jobs, settings.containers),
        *_flow_warnings(settings),
    ]
    told = tuple(gathered.placed(file, warning) for warning in warnings)
    return settings.model_copy(update={"warnings": told})


def _policy_mistakes(settings: Settings) -> Iterator[str]:
    """Measure what each container's grants become; account and keys have the same length always."""
    own = names.Names(
        project=settings.project, stack=settings.stack, region=settings.region, account="0" * 12
    )
    secret_arns = {
        name: secret.arn or own.arn("secretsmanager", f"secret:{own.chosen(name)}-AbCdEf")
        for name, secret in settings.secrets.items()
    }
    for name, container in settings.containers.items():
        document = policies.task_policy(
            own,
            container.granted,
            secret_arns=secret_arns,
            key_arn=own.arn("kms", f"key/{'0' * 36}"),
            debug=bool(container.debug),
            progress=settings.tells_progress(name),
        )
        size = len(document.replace(" ", ""))
        if size > MAX_POLICY_CHARACTERS:
            yield (
                f"containers.{name}.grants: make a policy of {size:,} characters, and IAM takes "
                f"{MAX_POLICY_CHARACTERS:,}: divide the container, or grant fewer prefixes"
            )


def _value(text: str) -> object:
    """Read a configuration value: JSON text where it is a list, map, number, true or false."""
    try:
        return json.loads(text)
    except ValueError:
        return text or None


def _one_line(text: str) -> str:
    """Keep a message on its line, whatever a name in it holds."""
    return "".join(character if character.isprintable() else "�" for character in text)


def _surroundings_of(
    sections: Mapping[str, object], *, region: str, directory: Path
) -> Surroundings:
    """Collect what is written, wrong or not, for the checks across sections."""
    sections = {"containers": DEFAULT_CONTAINERS, **sections}
    maps = {section: map_or_empty(sections.get(section)) for section in SECTIONS}
    secrets = {name: map_or_empty(secret) for name, secret in maps["secrets"].items()}
    return Surroundings(
        region=region,
        mode=maps["network"].get("mode"),
        production=sections.get("production") is True,
        directory=directory,
        buckets=frozenset(maps["buckets"]),
        own={kind: frozenset(map_or_empty(sections.get(f"{kind}s"))) for kind in VERBS},
        secret_keys={
            name: frozenset(secret["values"]) if isinstance(secret.get("values"), dict) else None
            for name, secret in secrets.items()
        },
        containers={name: map_or_empty(entry) for name, entry in maps["containers"].items()},
        jobs={name: map_or_empty(entry) for name, entry in maps["jobs"].items()},
        tags=frozenset(maps["tags"]),
        calendars=frozenset(maps["calendars"]),
        channels=frozenset(map_or_empty(maps["notify"].get("channels"))),
    )


def _stack_mistakes(project: str, stack: str) -> Iterator[str]:
    """Check the two names that every physical name begins with."""
    for what, name in (("project", project), ("stack", stack)):
        if not names.STACK_NAME.fullmatch(name):
            yield (
                f"{what}: {shown(name)} is not a name that AWS resources can begin with: "
                f"write {_name_instead(name)}"
            )
    length = len(names.stack_prefix(project, stack))
    if length > MAX_PREFIX_LENGTH:
        yield (
            f"stack: {shown(names.stack_prefix(project, stack))} has {length} characters: project "
            f"and stack may have {MAX_PREFIX_LENGTH} together: shorten one"
        )


def _region_mistakes(region: str) -> Iterator[str]:
    """Check the region: the names of registries and ARNs are made of it."""
    if not region:
        yield "aws:region: missing: write aws:region: ap-northeast-1"
    elif not _REGION.fullmatch(region):
        yield f"aws:region: {shown(region)} is not a region: write one like ap-northeast-1"
    elif region.startswith(_OTHER_PARTITIONS):
        yield (
            f"aws:region: {shown(region)} is in another partition than aws, which the ARNs are "
            "written for: write one like ap-northeast-1"
        )


def _namespace_mistakes(config: Mapping[str, str], project: str) -> Iterator[str]:
    """Find keys that would be passed over in silence because the project's name is misspelt."""
    for key in config:
        namespace = key.partition(":")[0]
        if namespace != project and difflib.get_close_matches(namespace, [project], cutoff=0.8):
            yield f"{key}: {namespace} is not this project: write {project}:{key.partition(':')[2]}"


def _size_mistakes(config: Mapping[str, str]) -> Iterator[str]:
    """Measure the one environment variable that holds the configuration.

    The language host writes it with Go's json.Marshal, which keeps letters of all languages and
    escapes ``<``, ``>`` and ``&`` with six bytes. A map is JSON text inside of it, so every quote
    has a backslash.
    """
    text = json.dumps(dict(config), separators=(",", ":"), ensure_ascii=False)
    size = len(text.encode()) + 5 * sum(text.count(character) for character in "<>&")
    if size > MAX_CONFIG_BYTES:
        yield (
            f"config: {size:,} bytes are too near to the {CONFIG_VARIABLE_BYTES:,} that the Pulumi "
            f"CLI can hand over, {MAX_CONFIG_BYTES:,} are allowed: move jobs into files "
            "(jobFiles: [jobs/*.yaml])"
        )


def _name_mistakes(sections: Mapping[str, object], prefix: str) -> Iterator[str]:
    """Check the names that users choose; they become parts of physical names."""
    limits = {
        "containers": names.longest_container_name(prefix),
        "buckets": names.longest_bucket_name(prefix),
        "queues": names.longest_chosen_name(prefix, names.QUEUE_LIMIT),
        "topics": names.longest_chosen_name(prefix, names.TOPIC_LIMIT),
        "tables": names.longest_chosen_name(prefix, names.TABLE_LIMIT),
        "secrets": names.longest_chosen_name(prefix, MAX_SECRET_NAME),
        "calendars": MAX_CONFIG_BYTES,  # no name of AWS is made of them
        **dict.fromkeys(MACHINES, names.longest_job_name(prefix)),
        "notify.channels": names.longest_channel_name(prefix),
    }
    channels = map_or_empty(sections.get("notify")).get("channels")
    sections = {**sections, "notify.channels": channels}
    for section, most in limits.items():
        first_of: dict[str, str] = {}
        for name, entry in map_or_empty(sections.get(section)).items():
            path, limit = f"{section}.{name}", most
            meant = _name_instead(name)
            if section == "jobs" and map_or_empty(entry).get("on"):
                limit = names.longest_event_job_name(prefix)
            if not names.USER_NAME.fullmatch(name):
                yield f"{path}: is not a name (lower case, digits, single hyphens): write {meant}"
            elif len(name) > limit and len(prefix) <= MAX_PREFIX_LENGTH:
                yield (
                    f"{path}: has {len(name)} characters, and AWS leaves room for {limit} "
                    f"behind {prefix}: shorten it"
                )
            if section == "secrets" and name == PARAMETERS:
                yield f"{path}: {PARAMETERS}:… is how parameters are written: take another name"
            if meant in first_of:
                yield f"{path}: is the same name as {first_of[meant]}: rename one"
            first_of.setdefault(meant, name)


def _schedule_name_mistakes(sections: Mapping[str, object], prefix: str) -> Iterator[str]:
    """Check the names of what has schedules with longer ones: numbered, or watched."""
    for section in MACHINES:
        for name, entry in map_or_empty(sections.get(section)).items():
            written = map_or_empty(entry).get("schedule")
            count = len(cast("list[object]", written)) if isinstance(written, list) else 1
            watched = map_or_empty(entry).get("expectSuccessWithin") is not None
            limit = names.longest_job_name(prefix, count, watched=watched)
            if limit < len(name) <= names.longest_job_name(prefix):
                last = names.schedule_name("…", count)
                their = f"{count} schedules" if count > 1 else "schedules"
                yield (
                    f"{section}.{name}: has {len(name)} characters, and its {their} leave room for "
                    f"{limit} ({names.watch_name(last) if watched else last}): shorten it"
                )


def _machine_mistakes(sections: Mapping[str, object]) -> Iterator[str]:
    """Find what two sections name alike: all of these become state machines of that name."""
    section_of: dict[str, str] = {}
    for section in MACHINES:
        for name in map_or_empty(sections.get(section)):
            if name in section_of:
                yield f"{section}.{name}: {section_of[name]}.{name} has that name: rename one"
            section_of.setdefault(name, section)


def _flow_mistakes(sections: Mapping[str, object]) -> Iterator[str]:
    """Check what flows and jobs must be together.

    A job is in one flow: two could start it at the same time, and a flow asks nobody whether a run
    of its jobs is going.
    """
    flow_of: dict[str, str] = {}
    for flow_name, entry in map_or_empty(sections.get("flows")).items():
        for job in map_or_empty(map_or_empty(entry).get("jobs")):
            path = f"flows.{flow_name}.jobs.{job}"
            length = len(flow_name) + len(job)
            if job in flow_of:
                yield (
                    f"{path}: is in flows.{flow_of[job]} already, and two flows could run it at "
                    "once: write a second job with the same command, or take it out of one"
                )
            elif length > FLOW_AND_JOB_LIMIT:
                yield (
                    f"{path}: flow and job have {length} characters, and AWS leaves room for "
                    f"{FLOW_AND_JOB_LIMIT} in the name of a run: shorten one"
                )
            flow_of.setdefault(job, flow_name)


def _flow_warnings(settings: Settings) -> Iterator[str]:
    """Tell of jobs that their own schedule or events may start while their flow runs them.

    What a flow starts does not come by the dispatcher, which keeps runs of a job apart.
    """
    for flow_name, entry in settings.flows.items():
        for job in entry.jobs:
            own = settings.jobs[job]
            if (own.schedule or own.on) and own.overlap != "allow":
                what = "a schedule" if own.schedule else "events"
                yield (
                    f"flows.{flow_name}.jobs.{job}: has {what} of its own, too, and overlap "
                    f"{own.overlap} does not see the runs of a flow: take one away, or write "
                    "overlap: allow if two at a time do no harm"
                )


def _name_instead(name: str) -> str:
    """Return the nearest name that keeps to the rule."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    nearest = "-".join(words) or "name"
    return nearest if nearest[0].isalpha() else f"n-{nearest}"


def _pause_warnings(directory: Path, settings: Settings) -> Iterator[str]:
    """Tell that an update hands on the last state that Pulumi saw, if that may be an old one."""
    project = directory / "Pulumi.yaml"
    options = project.read_text() if project.is_file() else ""
    if settings.keep_paused and not _REFRESH_ALWAYS.search(options):
        yield (
            "keepPaused: true holds for a pause that Pulumi has seen: run pulumi up --refresh, or "
            "write options: {refresh: always} into Pulumi.yaml"
        )


def _mistake(details: ErrorDetails) -> str:
    """Return one of pydantic's findings as key path, value, rule and remedy."""
    location = tuple(part for part in details["loc"] if part != "[key]")
    error = details.get("ctx", {}).get("error")
    if isinstance(error, EntryError):
        location = location[:-1]
    if details["type"] == "extra_forbidden" and location[-1] in NOT_OFFERED:
        return f"{_path(location)}: {NOT_OFFERED[location[-1]]}"
    if details["type"] == "extra_forbidden":
        return _unknown_key(location, _keys(_model_at(location[:-1])[0]))
    value = details["input"]
    if error is not None:
        rule = str(error)
    elif details["type"] == "missing":
        rule = f"missing: write {_example(location)}"
    elif details["type"] in ("model_type", "dict_type"):
        rule = f"is {kind(value)}: write a map, such as {_example(location)}"
    elif location[0] == "secrets" or _is_secret(location):
        rule = f"{MASK} is {kind(value)}: write text"
    else:
        rule = f"{shown(value)} {_wrong_value(details)}"
    return f"{_path(location)}: {rule}"


def _is_secret(location: Sequence[int | str]) -> bool:
    """Tell whether a key's value must not be repeated."""
    model, after_name = _model_at(location[:-1])
    field = None if after_name else _keys(model).get(str(location[-1]))
    return field is not None and SecretStr in (field.annotation, *get_args(field.annotation))


def _wrong_value(details: ErrorDetails) -> str:
    """Return the rule that a plain value breaks, and the remedy."""
    value = details["input"]
    context = details.get("ctx", {})
    match details["type"]:
        case "string_type" if isinstance(value, bool | int | float):
            return f'is {kind(value)}: quote it: "{flow(value)}"'
        case "string_type":
            return f"is {kind(value)}: write text"
        case "int_type" if isinstance(value, str) and value.isdecimal():
            return f"is text: write {value} without quotes"
        case "int_type":
            return "is not a whole number: write one without quotes or unit"
        case "bool_type" if isinstance(value, str) and value.lower() in _TRUE_OR_FALSE:
            return f"is text: write {_TRUE_OR_FALSE[value.lower()]}"
        case "bool_type":
            return "is neither true nor false: write one of them"
        case "literal_error":
            return f"is not one of the choices: write {context['expected'].replace(chr(39), '')}"
        case "greater_than_equal":
            return f"is too small: write at least {context['ge']}"
        case "less_than_equal":
            return f"is too large: write at most {context['le']}"
        case "too_long":
            return f"has {context['actual_length']} entries: write at most {context['max_length']}"
        case "too_short":
            return "is empty: write at least one entry"
        case _:
            return details["msg"]


_TRUE_OR_FALSE = {
    **dict.fromkeys(("yes", "on", "true", "y"), "true"),
    **dict.fromkeys(("no", "off", "false", "n"), "false"),
}
"""What YAML 1.1 took for true and false; the CLI's YAML 1.2 hands them over as text."""


def _path(location: Sequence[int | str]) -> str:
    """Write a key path: ``jobs.list-files.command[2]``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")


def _unknown_key(location: Sequence[int | str], known: Iterable[str]) -> str:
    """Return what to say of a key that nothing reads."""
    return f"{_path(location)}: is not a key here: {instead(str(location[-1]), known)}"


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return a model's fields by their keys in YAML."""
    return {str(field.validation_alias): field for field in model.model_fields.values()}


def _model_at(location: Sequence[int | str]) -> tuple[type[BaseModel], bool]:
    """Return the model that is reached by a path, and whether its keys come after a name yet.

    ``jobs`` leads to the model of one job and a name; ``jobs.list-files`` to that job's keys.
    """
    model: type[BaseModel] = Settings
    after_name = False
    for part in location:
        field = None if after_name else _keys(model).get(str(part))
        after_name = False
        if field and (inner := _model_in(field.annotation)):
            model, after_name = inner, get_origin(field.annotation) is dict
    return model, after_name


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the model inside an annotation such as ``dict[str, Model] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in found if model), None)


def _example(location: Sequence[int | str]) -> str:
    """Return what could be written at a path, from the examples of the fields."""
    *parents, key = location
    parent, is_name = _model_at(parents)
    if not is_name:
        examples = _keys(parent)[str(key)].examples or ()
        return " or ".join(f"{key}: {flow(example)}" for example in examples)
    # Show a key that belongs under the name: the first required one, or the first.
    below = _keys(parent)
    if not below:
        return f"{key}: {{}}"
    first = next((key for key, field in below.items() if field.is_required()), next(iter(below)))
    return f"{first}: {flow((below[first].examples or ('',))[0])}"
