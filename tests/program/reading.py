"""``read_settings`` for tests that holds the JSON Schema to account: what is taken, it must take.

So every stack file that a test of the settings reads is one of the schema's tests, too.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from stacks import reading
from stacks.job_files import find, parse
from stacks.settings import Settings
from stacks.settings_schema import jobs_schema, stack_schema

JOB_FILE = Draft7Validator(jobs_schema())
STACK_FILES: dict[str, Draft7Validator] = {}
"""By the name of the project."""

_DAY = " 00:00:00 +0000 UTC"
"""What the CLI puts behind a date that stands in the file without quotes."""


def read_settings(
    config: Mapping[str, str], *, project: str, directory: Path, **others: Any
) -> Settings:
    settings = reading.read_settings(config, project=project, directory=directory, **others)
    written = {key: text.replace(_DAY, "") for key, text in config.items()}
    for form in (written, {key: _value(text) for key, text in written.items()}):
        # as `pulumi config set` writes it, and as people do
        assert complaints(of_stack_files(project), {"config": form}) == []
    for pattern in settings.job_files:
        for path in find(directory, pattern):
            assert complaints(JOB_FILE, parse(path.read_text())) == []
    return settings


def of_stack_files(project: str) -> Draft7Validator:
    if project not in STACK_FILES:
        STACK_FILES[project] = Draft7Validator(stack_schema(project))
    return STACK_FILES[project]


def complaints(validator: Draft7Validator, instance: object) -> list[str]:
    """Say of each finding where it is and what is wrong, as an editor would."""
    return [_said(error) for error in validator.iter_errors(instance)]


def _said(error: ValidationError) -> str:
    return f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
