"""``python -m rehearsal``: try a stack without AWS."""

import gc
import time

BEGAN = time.monotonic()  # imports count: they are a quarter of the wait,
gc.set_threshold(200_000, 50, 100)  # and nothing of them is garbage

import difflib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from rehearsal.cloud import EmbeddedAws
from rehearsal.day import live
from rehearsal.engine import DeployFailed, ProgramRefused, deploy
from rehearsal.faults import FAULTS, play_all
from rehearsal.provider import AwsProvider
from rehearsal.report import Report
from rehearsal.stack_file import StackFile, StackFileError, read_stack_file
from rehearsal.stage import Outcome, Stage, deployed_again

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

app = typer.Typer(
    help="Try a stack on an AWS in this process: no account, no Docker, no Pulumi CLI.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


_Stack = Annotated[str, typer.Argument(help="Stack to rehearse.")]
_Quiet = Annotated[bool, typer.Option("--quiet", help="Print the verdict only.")]


@app.command()
def run(
    stack: _Stack = "dev",
    hours: Annotated[
        int, typer.Option(min=1, max=MOST_HOURS, help="Hours of an ordinary day to live.")
    ] = 3,
    quiet: _Quiet = False,
) -> None:
    """Deploy a stack, let its schedules fire for some hours, and let a few things go wrong.

    Exits with 0 if everything came out as it should, with 1 if not.
    """
    report = Report(quiet=quiet)

    def rehearse(stage: Stage) -> list[Outcome]:
        outcomes = report.outcomes(f"An ordinary day, {hours} h of it", live(stage, hours))
        return outcomes + report.outcomes("Things go wrong", play_all(stage, USUAL_FAULTS))

    _exit(_on_stage(stack, report, rehearse, _show_what_people_see))


@app.command()
def faults(
    stack: _Stack = "dev",
    only: Annotated[str, typer.Option(help="Play this one only.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="Say what each fault is.")] = False,
    quiet: _Quiet = False,
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

    def rehearse(stage: Stage) -> list[Outcome]:
        played = play_all(stage, [only] if only else FAULTS)
        return report.outcomes("Everything goes wrong", played, named=True)

    _exit(_on_stage(stack, report, rehearse))


def _exit(passed: bool) -> NoReturn:
    raise typer.Exit(0 if passed else 1)


def _on_stage(
    stack: str,
    report: Report,
    rehearse: Callable[[Stage], list[Outcome]],
    show: Callable[[Stage, Report], None] = lambda _stage, _report: None,
) -> bool:
    """Deploy a stack and rehearse it; say whether everything came out as it should."""
    try:
        stack_file = read_stack_file(PROJECT, stack)
        return _rehearse(stack_file, report, rehearse, show)
    except StackFileError as error:
        report.failed([str(error)])
    except ProgramRefused as refusal:
        report.failed(refusal.lines)
    except DeployFailed as failed:
        report.failed([str(failure) for failure in failed.failures])
    return False


def _rehearse(
    stack_file: StackFile,
    report: Report,
    rehearse: Callable[[Stage], list[Outcome]],
    show: Callable[[Stage, Report], None],
) -> bool:
    region = stack_file.config.get("aws:region", "us-east-1")
    with EmbeddedAws(region=region, start=START) as aws:
        report.begin(stack_file.stack, region, START)
        try:
            deployment = deploy(PROJECT, stack_file, AwsProvider(aws), report.made)
            report.deployed(deployment.seconds, deployment.warnings)
            up = deployed_again(PROJECT, stack_file, aws, deployment)
            stage = Stage(aws, deployment.outputs, up)
            report.warn(stage.left_out)
            stage.prepare()
            outcomes = rehearse(stage)
        finally:
            report.end()
        show(stage, report)
    return report.verdict(outcomes, time.monotonic() - BEGAN)


def _show_what_people_see(stage: Stage, report: Report) -> None:
    """Show the log of the first program, and the first message of a success and of a failure."""
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
        for message in told[:1]:
            report.slack(message)
    for mail in aws.mail[:1]:
        report.mail(mail)


if __name__ == "__main__":
    app()
