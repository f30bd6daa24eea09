"""``python -m rehearsal``: try a stack without AWS."""

import atexit
import gc
import time

BEGAN = time.monotonic()  # imports count: they are a quarter of the wait,
gc.set_threshold(200_000, 50, 100)  # and nothing of them is garbage,
atexit.register(gc.freeze)  # nor worth looking for at the end, which takes seconds

import difflib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from rehearsal.cloud import EmbeddedAws
from rehearsal.cloud.stepfunctions.registrations import throttling_warnings
from rehearsal.day import live
from rehearsal.engine import DeployFailed, Deployment, ProgramRefused, deploy
from rehearsal.existing_network import make_existing_network
from rehearsal.faults import FAULTS
from rehearsal.features import asked_for
from rehearsal.live import Live
from rehearsal.page import Notes, PageError
from rehearsal.plan import plan
from rehearsal.proof import Baseline, ProofError, Prover, lives, rehearsed, scenarios, verdicts
from rehearsal.provider import AwsProvider
from rehearsal.report import Report
from rehearsal.scenario import play_all
from rehearsal.serve import FOLDER, PORT, ServeError, serve, serve_deployed
from rehearsal.stage import Outcome, Stage, Up, as_it_was, deployed_again
from stacks.stack_file import StackFile, StackFileError, read_stack_file

PROJECT = Path(__file__).parent.parent
START = datetime(2026, 11, 23, 0, 5, 17, tzinfo=UTC)
"""A Monday, and no full minute: no schedule falls on the edge of the hours that are lived."""
MOST_HOURS = 24 * 7
USUAL_FAULTS = (
    "exit-code-1",
    "no-capacity-at-first",
    "image-missing",
    "out-of-memory",
    "timeout",
    "overlap-forbid",
    "overlap-allow",
    "overlap-replace",
)
"""What `run` plays; `faults` plays all."""
LAST_PORT = 65_535

app = typer.Typer(
    help="Try a stack on an AWS in this process: no account, no Docker, no Pulumi CLI.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


_Stack = Annotated[str, typer.Argument(help="Stack to rehearse, or a stack file.")]
_Quiet = Annotated[bool, typer.Option("--quiet", help="Print the verdict only.")]
_Directory = Annotated[
    Path | None,
    typer.Option("--report", metavar="DIR", help="Write a page of it all: DIR/index.html."),
]


@app.command()
def run(
    stack: _Stack = "dev",
    hours: Annotated[
        int, typer.Option(min=1, max=MOST_HOURS, help="Hours of an ordinary day to live.")
    ] = 3,
    before: Annotated[
        Path | None,
        typer.Option(
            help="Deploy this stack file first (that of the main branch, say) and show as a plan "
            "what the present one changes."
        ),
    ] = None,
    quiet: _Quiet = False,
    directory: _Directory = None,
) -> None:
    """Deploy a stack, let its schedules fire for some hours, and let a few things go wrong.

    Exits with 0 if everything came out as it should, with 1 if not.
    """
    report = Report(quiet=quiet)
    notes = Notes(f"run {stack} --hours {hours}", directory, BEGAN)
    last_began = START

    def rehearse(stage: Stage) -> list[Outcome]:
        nonlocal last_began
        outcomes = _deploy_again(stage, report)
        features = asked_for(stage)
        for title, happening in (
            (f"An ordinary day, {hours} h of it", live(stage, hours)),
            *([("What else was asked for", play_all(stage, features))] if features else []),
            ("Things go wrong", play_all(stage, [FAULTS[name] for name in USUAL_FAULTS])),
        ):
            last_began = stage.aws.clock.now()
            came = report.outcomes(title, happening)
            notes.lived(title, last_began, came)
            outcomes += came
        return outcomes

    def show(stage: Stage, report: Report) -> None:
        _show_what_people_see(stage, report, last_began)

    _exit(_on_stage(stack, report, notes, rehearse, show, before))


@app.command()
def faults(
    stack: _Stack = "dev",
    only: Annotated[str, typer.Option(help="Play this one only.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="Say what each fault is.")] = False,
    quiet: _Quiet = False,
    directory: _Directory = None,
) -> None:
    """Deploy a stack and let everything go wrong that a batch system meets, one by one.

    Exits with 0 if everything came out as it should, with 1 if not.
    """
    report = Report(quiet=quiet)
    if listed:
        report.list_of((fault.name, fault.says) for fault in FAULTS.values())
        return
    if only and only not in FAULTS:
        near = difflib.get_close_matches(only, FAULTS, n=1, cutoff=0)
        report.failed([f"there is no fault {only}: did you mean {near[0]}? --list names them all"])
        raise typer.Exit(1)

    notes = Notes(f"faults {stack}{' --only ' * bool(only)}{only}", directory, BEGAN)

    def rehearse(stage: Stage) -> list[Outcome]:
        played = play_all(stage, [FAULTS[only]] if only else FAULTS.values())
        outcomes = report.outcomes("Everything goes wrong", played, named=True)
        notes.played(outcomes)
        return outcomes

    _exit(_on_stage(stack, report, notes, rehearse))


@app.command()
def prove(
    stack: _Stack = "dev",
    only: Annotated[
        str, typer.Option(help="Prove only the grants whose description has this text in it.")
    ] = "",
    quiet: _Quiet = False,
    directory: _Directory = None,
) -> None:
    """Take away every permission, endpoint and rule of a deployed stack, and look who notices.

    Exits with 0 if each is needed or explained in definitions/surplus.py, with 1 if not.
    """
    report = Report(quiet=quiet)
    notes = Notes(f"prove {stack}{f' --only {only!r}' if only else ''}", directory, BEGAN)

    lived: list[Baseline] = []

    def live_before(up: Up) -> None:
        def played() -> Iterator[Outcome]:
            for life in lives(up):
                outcome, baseline = rehearsed(up.aws, life)
                lived.append(baseline)
                yield outcome

        report.progress("In the hands of workflows", played())

    def rehearse(stage: Stage) -> list[Outcome]:
        prover = Prover(stage.aws, scenarios(stage), lived)
        candidates = prover.grants(only)
        with stage.schedules_paused():
            report.progress("With every grant in place", prover.rehearse())
            found = report.grants(candidates, prover.prove)
        notes.proved(found)
        return verdicts(found, stage.aws.clock.now())

    _exit(_on_stage(stack, report, notes, rehearse, live_before=live_before))


@app.command("serve")
def keep_serving(
    stack: Annotated[str, typer.Argument(help="Stack whose region and passphrase count.")] = "dev",
    port: Annotated[
        int, typer.Option(min=1, max=LAST_PORT - 2, help="First of three consecutive ports.")
    ] = PORT,
    env: Annotated[Path, typer.Option(help="Where to write the shell's exports.")] = (
        PROJECT / FOLDER / "env"
    ),
    deployed: Annotated[
        bool,
        typer.Option("--deployed", help="Deploy the stack first, and let it live three hours."),
    ] = False,
) -> None:
    """Keep an empty AWS up on 127.0.0.1, to which the real Pulumi CLI deploys.

    With --deployed the stack is there already, for `python -m ops`. Ends by Ctrl-C and exits with 0
    then, with 1 if it could not begin.
    """
    keep = serve_deployed if deployed else serve
    try:
        keep(PROJECT, read_stack_file(PROJECT, stack), port, env.absolute(), Live())
    except (StackFileError, ServeError) as error:
        Report().failed([str(error)])
        raise typer.Exit(1) from None


def _exit(passed: bool) -> NoReturn:
    raise typer.Exit(0 if passed else 1)


def _on_stage(
    stack: str,
    report: Report,
    notes: Notes,
    rehearse: Callable[[Stage], list[Outcome]],
    show: Callable[[Stage, Report], None] = lambda _stage, _report: None,
    before: Path | None = None,
    live_before: Callable[[Up], None] = lambda _up: None,
) -> bool:
    """Deploy a stack and rehearse it; say whether everything came out as it should."""
    file = Path(stack) if stack.endswith(".yaml") else None
    if file:
        stack = file.stem.removeprefix("Pulumi.")
        report.call(f"Pulumi.{stack}.yaml", str(file))
    try:
        stack_file = read_stack_file(PROJECT, stack, file)
        earlier = read_stack_file(PROJECT, stack, before) if before else None
        notes.open()
        return _rehearse(stack_file, earlier, report, notes, rehearse, show, live_before)
    except (ProofError, PageError, StackFileError) as error:
        report.failed([str(error)])
    except ProgramRefused as refusal:
        report.failed(refusal.lines)
    except DeployFailed as failed:
        failures = [str(failure) for failure in failed.failures]
        report.failed(failures)
        report.page(notes.write_failures(stack, failures))
    return False


def _rehearse(
    stack_file: StackFile,
    earlier: StackFile | None,
    report: Report,
    notes: Notes,
    rehearse: Callable[[Stage], list[Outcome]],
    show: Callable[[Stage, Report], None],
    live_before: Callable[[Up], None],
) -> bool:
    region = stack_file.config.get("aws:region", "us-east-1")
    with EmbeddedAws(region=region, start=START) as aws:
        report.begin(stack_file.stack, region, START)
        make_existing_network(aws, stack_file)
        notes.lap("start")
        try:
            deployment = _deploy(aws, stack_file, earlier, report)
            notes.lap("deploy")
            up = deployed_again(PROJECT, stack_file, aws, deployment)
            live_before(up)
            deployment = up.last
            stage = Stage(aws, deployment.outputs, up)
            report.warn(stage.left_out)
            stage.prepare()
            outcomes = rehearse(stage)
            page = notes.write(stack_file.stack, stage, deployment)
        finally:
            report.end()
        show(stage, report)
    report.page(page)
    return report.verdict(outcomes, time.monotonic() - BEGAN)


def _deploy(
    aws: EmbeddedAws, stack_file: StackFile, earlier: StackFile | None, report: Report
) -> Deployment:
    """Deploy a stack, on top of an earlier stack file if there is one."""
    provider = AwsProvider(aws)
    now = aws.clock.now()
    deployment = deploy(PROJECT, earlier or stack_file, provider, report.made, now=now)
    slow = throttling_warnings(aws.registrations)
    report.deployed(deployment.seconds, [*deployment.warnings, *slow])
    if earlier:
        aws.registrations.clear()
        deployment = deploy(PROJECT, stack_file, provider, before=deployment, now=now)
        report.warn([*deployment.warnings, *throttling_warnings(aws.registrations)])
        report.plan("What the stack file changes", plan(deployment.steps))
    return deployment


def _deploy_again(stage: Stage, report: Report) -> list[Outcome]:
    """Deploy the same once more; that it changes something is an outcome that failed."""
    again = stage.up(as_it_was)
    report.deployed_again(plan(again.steps), again.seconds)
    changed = Outcome(
        at=stage.aws.clock.now(),
        what="the unchanged program is deployed again",
        expected={"changes": 0},
        happened={"changes": len(again.steps)},
    )
    return [] if changed.passed else [changed]


def _show_what_people_see(stage: Stage, report: Report, since: datetime) -> None:
    """Show the log of the first program, and the first message of a success and of a failure.

    Messages are those of what went wrong, since when is said, if it told of anything.
    """
    aws, exports = stage.aws, stage.exports
    logs = aws.client("logs")
    for group in exports["logGroups"].values():
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        if streams:
            first = min(streams, key=lambda stream: stream["creationTime"])["logStreamName"]
            events = logs.get_log_events(logGroupName=group, logStreamName=first)["events"]
            report.log(f"Log · {group}", [event["message"] for event in events])
            break
    for topic in ("successTopicArn", "failureTopicArn"):
        told = [m for m in aws.slack if m.topic_arn == exports[topic]]
        late = [message for message in told if message.time >= since]
        for message in (late or told)[:1]:
            report.slack(message)
    for mail in aws.mail[:1]:
        report.mail(mail)
    for call in aws.webhooks.calls[:1]:
        report.webhook(call)


if __name__ == "__main__":
    app()
