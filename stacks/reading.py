"""From a stack's configuration to Settings, or to lines of what is wrong.

Every mistake is one line with file, key path, value, rule and remedy, and all of them are told
together, before anything is registered. Nothing here knows Pulumi: a deploy, a check in an editor's
hook and a command read the same.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from definitions.grants import VERBS
from stacks import job_files
from stacks.findings import mistake_of
from stacks.mistakes import name_mistakes, settings_mistakes, written_mistakes
from stacks.settings import KEYS, SECTIONS, Settings
from stacks.settings.base import Surroundings, map_or_empty
from stacks.settings.containers import DEFAULT_CONTAINERS
from stacks.settings.schedules import schedule_warnings
from stacks.surprises import surprises


class SettingsError(Exception):
    """A stack file that cannot be deployed.

    Attributes:
        lines: the mistakes, one line each: file, key path, value, rule, remedy.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


def read_settings(
    config: Mapping[str, str],
    *,
    project: str,
    stack: str,
    directory: Path,
    now: datetime,
    drafts: Mapping[Path, Path] = MappingProxyType({}),
) -> Settings:
    """Read and check a stack's configuration.

    Args:
        config: as the Pulumi CLI hands it over: ``<namespace>:<key>`` to text, where lists and maps
            are JSON text.
        project: the Pulumi project, which is the namespace of the program's keys.
        stack: the Pulumi stack.
        directory: where Pulumi.yaml is; build directories are relative to it.
        now: the present: what is over by then is not scheduled.
        drafts: what job files are to become: files that are read in their place.

    Raises:
        SettingsError: everything that is wrong, one line each.
    """
    file = f"Pulumi.{stack}.yaml"
    written = {
        key.removeprefix(f"{project}:"): _value(text)
        for key, text in config.items()
        if key.startswith(f"{project}:")
    }
    sections: dict[str, object] = {
        "network": {},  # so that the missing mode is told, not the missing map
        **{key: value for key, value in written.items() if key in KEYS},
    }
    gathered = job_files.gather(
        directory, sections.get("jobFiles"), map_or_empty(sections.get("jobs")), file, drafts
    )
    if gathered.file_of:
        sections["jobs"] = gathered.jobs
    region = config.get("aws:region", "")
    mistakes = list(written_mistakes(config, sections, project=project, stack=stack))
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
        mistakes += [mistake_of(details) for details in error.errors(include_url=False)]
    if settings is not None:
        mistakes += settings_mistakes(settings)
    if settings is None or mistakes or gathered.mistakes:
        placed = (gathered.placed(file, mistake) for mistake in mistakes)
        lines = dict.fromkeys((*gathered.mistakes, *placed))
        # Outside of the handler: pydantic's error holds the values, secret ones too.
        raise SettingsError(_one_line(line) for line in lines)
    told = tuple(gathered.placed(file, warning) for warning in surprises(settings, directory))
    return settings.model_copy(update={"warnings": told})


def read_job_file(path: Path, shown_as: str, *, project: str, now: datetime) -> tuple[str, ...]:
    """Check a job file by itself, and return its warnings.

    What it says of other sections is taken on trust: containers, calendars, channels, buckets.

    Raises:
        SettingsError: everything that is wrong in it, one line each.
    """
    try:
        gathered = job_files.alone(path, shown_as)
    except job_files.JobFileError as error:
        raise SettingsError([str(error)]) from None
    mistakes = list(name_mistakes({"jobs": gathered.jobs}, project))
    warnings: list[str] = []
    try:
        settings = Settings.model_validate(
            {
                "network": {"mode": "public"},
                "jobs": gathered.jobs,
                "project": project,
                "stack": "",
                "aws:region": "",
                "now": now,
            },
            by_alias=True,
            by_name=False,
        )
    except ValidationError as error:
        mistakes += [mistake_of(details) for details in error.errors(include_url=False)]
    else:
        for name, job in settings.jobs.items():
            warnings += schedule_warnings(f"jobs.{name}", name, job, now)
    if mistakes:
        raise SettingsError(_one_line(gathered.placed(shown_as, line)) for line in mistakes)
    return tuple(gathered.placed(shown_as, warning) for warning in warnings)


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
