"""What AWS calls the things of a stack that a stack file names."""

from collections.abc import Mapping

from definitions.names import Names
from stacks.settings import Settings
from stacks.settings.grants import Reference


def told_environment(
    environment: Mapping[str, str | Reference], settings: Settings, names: Names
) -> dict[str, str]:
    """Put what AWS calls things of the stack in the place of what the file calls them."""
    return {
        variable: value if isinstance(value, str) else _physical(value, settings, names)
        for variable, value in environment.items()
    }


def _physical(reference: Reference, settings: Settings, names: Names) -> str:
    """Return what a program calls something of the stack by, when it calls AWS."""
    match reference.kind:
        case "bucket":
            return names.bucket(reference.name)
        case "queue":
            return names.queue_url(reference.name)
        case "topic":
            return names.chosen_topic_arn(reference.name)
        case "table":
            return names.chosen(reference.name)
        case "secret":
            return settings.secrets[reference.name].arn or names.chosen(reference.name)
        case "job":
            return names.machine_arn(names.chosen(reference.name))
