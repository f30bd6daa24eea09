"""The settings of the Pulumi program that is running."""

from datetime import UTC, datetime
from pathlib import Path

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from stacks.reading import read_settings
from stacks.settings import Settings

NOW = "rehearsal:now"
"""The configuration in which the rehearsal, whose clock is its own, says what time it is there."""


def load_settings() -> Settings:
    """Read the configuration that the Pulumi CLI handed over.

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
