"""Job files that an import made, read as a deploy reads them."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from ops.importing.job_file import Imported, checked, text_of
from stacks.settings import Settings
from stacks.settings.jobs import JobSettings
from tests.program.reading import read_settings

NOW = datetime(2026, 11, 24, tzinfo=UTC)
_CONTAINERS = re.compile(r"# Into the stack file, below containers.*\n((?:#   .*\n)*)")


def written(imported: Imported) -> str:
    """Return what the command writes."""
    return text_of(checked(imported))


def deployed(text: str, directory: Path) -> Settings:
    """Read a job file beside a small stack file, which gets the containers that it speaks of.

    The schemas for editors are asked too.
    """
    (directory / "jobs.yaml").write_text(text, encoding="utf-8")
    proposed = _CONTAINERS.search(text)
    containers: dict[str, Any] = {"default": {"image": "example.com/app:1"}}
    if proposed:
        containers |= yaml.safe_load(re.sub(r"^#   ", "", proposed[1], flags=re.MULTILINE))
    for container in containers.values():
        if "build" in container:
            (directory / container["build"]).mkdir(parents=True, exist_ok=True)
            (directory / container["build"] / "Dockerfile").touch()
    config = {
        "aws:region": "eu-central-1",
        "batch:network": json.dumps({"mode": "public", "availabilityZones": 1}),
        "batch:containers": json.dumps(containers),
        "batch:jobFiles": json.dumps(["jobs.yaml"]),
    }
    return read_settings(config, project="batch", stack="prod", directory=directory, now=NOW)


def jobs(imported: Imported, directory: Path) -> dict[str, JobSettings]:
    """Return the jobs of an import as a deploy has them."""
    return deployed(written(imported), directory).jobs
