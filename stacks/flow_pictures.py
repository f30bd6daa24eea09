"""Pictures of flows as Mermaid text, which GitHub and many editors draw.

``python -m stacks.flow_pictures Pulumi.prod.yaml`` prints one for each flow of a stack file.
``--write docs/features/flows.md`` draws those of a Markdown text anew, each between its marks
``<!-- flow examples/flow.yaml nightly -->`` and ``<!-- /flow -->``.
"""

import argparse
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from definitions.flows import mermaid
from stacks.settings.base import map_or_empty

_MARKED = re.compile(r"(<!-- flow (\S+) (\S+) -->).*?(<!-- /flow -->)", re.DOTALL)


def pictures(file: Path) -> dict[str, str]:
    """Draw the flows of a stack file, by name."""
    config: Any = yaml.safe_load(file.read_text())["config"]
    sections = {key.partition(":")[2]: value for key, value in config.items()}
    return {
        name: _picture(map_or_empty(flow["jobs"]))
        for name, flow in map_or_empty(sections.get("flows")).items()
    }


def with_pictures(text: str, directory: Path) -> str:
    """Return a Markdown text with its pictures drawn anew; stack files are below ``directory``."""

    def drawn(match: re.Match[str]) -> str:
        begin, file, flow, end = match.groups()
        return f"{begin}\n\n```mermaid\n{pictures(directory / file)[flow]}\n```\n\n{end}"

    return _MARKED.sub(drawn, text)


def _picture(jobs: Mapping[str, Any]) -> str:
    steps = {name: map_or_empty(job) for name, job in jobs.items()}
    return mermaid(
        {name: step.get("after", ()) for name, step in steps.items()},
        goes_on=[name for name, step in steps.items() if step.get("onFailure") == "continue"],
    )


def main() -> None:
    """Print the pictures of a stack file, or write those of a text."""
    parser = argparse.ArgumentParser(prog="python -m stacks.flow_pictures", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", type=Path, help="a stack file")
    what.add_argument("--write", metavar="FILE", type=Path, help="the text to draw pictures into")
    arguments = parser.parse_args()
    if arguments.write is None:
        for name, picture in pictures(arguments.file).items():
            sys.stdout.write(f"%% {name}\n{picture}\n")
        return
    arguments.write.write_text(with_pictures(arguments.write.read_text(), Path()))


if __name__ == "__main__":
    main()
