"""``python -m stacks.built_images STACK``: the images that a stack file says to build.

A line for each container: its name, the repository of the stack that builds it, and the image's
tag, with tabs between. The tag follows from the content, so what one stack has built is found again
from the same commit: a release takes it from there in place of building it once more.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from definitions.build_context import PLATFORMS, context_tag
from definitions.names import Names
from stacks.reading import SettingsError, read_settings
from stacks.settings import Settings
from stacks.stack_file import StackFileError, read_stack_file

PROJECT = Path(__file__).parent.parent


def built_images(settings: Settings, directory: Path) -> Iterator[tuple[str, str, str]]:
    """Yield container, repository and tag of what a deploy would build from this directory."""
    names = Names(
        project=settings.project, stack=settings.stack, region=settings.region, account=""
    )
    for name, container in settings.containers.items():
        if container.build is not None:
            tag = context_tag(
                directory / container.build, platform=PLATFORMS[container.architecture]
            )
            yield name, names.repository(f"{container.build}-{container.architecture}"), tag


def main(arguments: list[str]) -> int:
    """Print them; the exit code is 2 if there is no such stack, or its file is wrong."""
    if len(arguments) != 1:
        print("usage: python -m stacks.built_images STACK", file=sys.stderr)  # noqa: T201 - a command
        return 2
    try:
        file = read_stack_file(PROJECT, arguments[0])
        settings = read_settings(
            file.config,
            project=file.project,
            stack=file.stack,
            directory=PROJECT,
            now=datetime.now(tz=UTC),
        )
    except (StackFileError, SettingsError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command
        return 2
    for line in built_images(settings, PROJECT):
        print("\t".join(line))  # noqa: T201 - a command
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
