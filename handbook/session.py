"""A session at the terminal: the story of a day's work, typed beside the deployed stack ``dev``.

What the commands answer is recorded into ``docs/session.md`` and, with its colours, into
``docs/session.svg``. Time is the rehearsal's: it stands while nobody waits for a run, so that
everything is the same whenever it is typed.
"""

import io
import re
import shlex
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from handbook.terminal import COLUMNS, typed
from rehearsal.at_once import runs_end_at_once
from rehearsal.cloud import EmbeddedAws
from rehearsal.engine import deploy
from rehearsal.operator import operator_credentials
from rehearsal.provider import AwsProvider
from rehearsal.stage import Stage, deployed_again
from stacks.stack_file import read_stack_file

ROOT = Path(__file__).parent.parent
STACK = "dev"
START = datetime(2026, 11, 24, 0, 5, 17, tzinfo=UTC)
"""A Tuesday, five past nine in Tokyo."""


_RUN = re.compile(r"manual-[\w-]+-\d{8}T\d{6}Z-[0-9a-f]{4}\b")
_MARKED = re.compile(r"(<!-- session -->)\n.*?(<!-- /session -->)", re.DOTALL)
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code", "ui-monospace, DejaVu Sans Mono, Menlo, Consolas"
)
"""Rich's picture of a terminal, in the fonts that there are."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Some commands that belong together."""

    tells: str
    """A sentence above them."""
    commands: tuple[str, ...]
    """``<run>`` is the run that was named last, ``echo $?`` the exit code of the one before."""
    after: timedelta = timedelta()
    """How much time has passed since the last scene."""


STORY = (
    Scene(tells="What is there, and how did it go?", commands=("python -m ops list",)),
    Scene(
        tells="A run by hand, of another command, which fails. The exit code is the container's.",
        commands=(
            "python -m ops run list-files-now -- python -c "
            "'print(\"no orders\"); raise SystemExit(3)'",
            "echo $?",
        ),
    ),
    Scene(
        tells="Which runs have failed, what did the last one say, and does it fail again?",
        commands=(
            "python -m ops history list-files-now --failed",
            "python -m ops logs <run>",
            "python -m ops retry <run>",
            "echo $?",
        ),
    ),
    Scene(
        tells="The files are being moved: no more runs for now.",
        commands=(
            'python -m ops pause list-files --until 6h --reason "files are being moved"',
            "python -m ops list",
            "python -m ops doctor",
        ),
    ),
    Scene(
        tells="Three hours later they have been. What was missed is made up for: shown, then done.",
        after=timedelta(hours=3),
        commands=(
            "python -m ops resume list-files",
            "python -m ops backfill list-files --from 2026-11-24T12:00 --to 2026-11-24T15:00 "
            "--dry-run",
            "python -m ops backfill list-files --from 2026-11-24T12:00 --to 2026-11-24T15:00 --yes",
            "python -m ops history list-files",
        ),
    ),
    Scene(
        tells="One more run tonight, by a schedule that Pulumi does not own; and what else comes.",
        commands=(
            "python -m ops schedule add tonight list-files-now --at 2026-11-24T13:00",
            "python -m ops schedule list",
            "python -m ops next --hours 4",
        ),
    ),
    Scene(
        tells="Is all well again, did every trigger arrive, and what does it cost?",
        commands=(
            "python -m ops doctor",
            "python -m ops dead-letters list",
            "python -m ops cost",
        ),
    ),
)
PICTURED = 3
"""So many of the scenes are in the picture: about what a terminal shows at once."""


@dataclass(frozen=True)
class Typed:
    """A command of a scene, and what it answered."""

    scene: Scene
    command: str
    said: str
    """With its colours."""


def files() -> dict[Path, str]:
    """Type the story; return the page and the picture as they should be."""
    recorded = session()
    page = ROOT / "docs" / "session.md"
    shown = recorded[: sum(len(scene.commands) for scene in STORY[:PICTURED])]
    return {
        page: _with_scenes(page.read_text(), recorded),
        page.with_suffix(".svg"): picture(shown),
    }


def session() -> list[Typed]:
    """Type the story; return all of it, the same each time."""
    stack_file = read_stack_file(ROOT, STACK)
    with EmbeddedAws(region=stack_file.config["aws:region"], start=START) as aws:
        deployment = deploy(ROOT, stack_file, AwsProvider(aws), now=START)
        up = deployed_again(ROOT, stack_file, aws, deployment)
        Stage(aws, deployment.outputs, up).prepare()
        aws.clock.run_until(START + timedelta(hours=3))
        lives = threading.Lock()
        with runs_end_at_once(aws, lives):
            return counted(list(_typed(aws, lives, stack_file.project)))


def _typed(aws: EmbeddedAws, lives: threading.Lock, project: str) -> Iterator[Typed]:
    credentials = operator_credentials(aws, project, STACK)
    environment = {
        "OPS_STACK": STACK,
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    code, run = 0, ""
    for scene in STORY:
        with lives:
            aws.clock.run_until(aws.clock.now() + scene.after)
        for text in scene.commands:
            command = text.replace("<run>", run)
            if command == "echo $?":
                said = str(code)
            else:
                now = {"REHEARSAL_NOW": aws.clock.now().isoformat()}
                code, said = typed(shlex.split(command)[3:], ROOT, {**environment, **now})
                run = next(iter(_RUN.findall(said)[-1:]), run)
            yield Typed(scene, command, _without_empty_ends(said))


def counted(session: list[Typed]) -> list[Typed]:
    """Count where names end with four characters that are drawn by chance: 0001, 0002 and so on."""
    names = dict.fromkeys(run for one in session for run in _RUN.findall(one.said))
    counted = {name: f"{name[:-4]}{number:04}" for number, name in enumerate(names, 1)}

    def told(text: str) -> str:
        return _RUN.sub(lambda run: counted[run[0]], text)

    return [replace(one, command=told(one.command), said=told(one.said)) for one in session]


def _without_empty_ends(said: str) -> str:
    """Leave out the empty lines that tables have above and below."""
    lines = [line.rstrip() for line in said.splitlines()]
    filled = [number for number, line in enumerate(lines) if line]
    return "\n".join(lines[filled[0] : filled[-1] + 1] if filled else [])


def _with_scenes(page: str, session: list[Typed]) -> str:
    """Return the page with what was typed between its marks."""
    scenes = [
        f"{scene.tells}\n\n```console\n{_lines(one for one in session if one.scene is scene)}\n```"
        for scene in STORY
    ]
    return _MARKED.sub(lambda marks: "\n\n".join([marks[1], *scenes, marks[2]]), page)


def _lines(commands: Iterable[Typed]) -> str:
    text = "\n".join(f"$ {one.command}\n{Text.from_ansi(one.said).plain}" for one in commands)
    return "\n".join(line.rstrip() for line in text.splitlines())


def picture(session: list[Typed]) -> str:
    """Draw a terminal in which this was typed; it loads no font from elsewhere."""
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False
    )
    for one in session:
        console.print(Text.assemble(("$ ", "bold green"), (one.command, "bold")))
        console.print(Text.from_ansi(one.said), end="\n\n")
    return console.export_svg(title="python -m ops", code_format=_FORMAT, unique_id="session")
