"""``python -m rehearsal``: try a stack without AWS."""

import gc
import time

BEGAN = time.monotonic()  # imports count: they are a quarter of the wait,
gc.set_threshold(200_000, 50, 100)  # and nothing of them is garbage

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from rehearsal.cloud import EmbeddedAws
from rehearsal.day import Day
from rehearsal.engine import DeployFailed, Deployment, ProgramRefused, deploy
from rehearsal.page import (
    PageError,
    PageFacts,
    Part,
    Stopwatch,
    chapters,
    deployed_facts,
    make_directory,
    write_page,
)
from rehearsal.provider import AwsProvider
from rehearsal.report import Report
from rehearsal.stack_file import StackFile, StackFileError, read_stack_file

PROJECT = Path(__file__).parent.parent
START = datetime(2026, 11, 23, 0, 5, 17, tzinfo=UTC)
"""A Monday, and no full minute: no schedule falls on the edge of the hours that are lived."""
MOST_HOURS = 24 * 7

app = typer.Typer(
    help="Try a stack on an AWS in this process: no account, no Docker, no Pulumi CLI.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def verbs() -> None:
    """Keep `run` a verb: without a second command, typer would drop it."""


@app.command()
def run(
    stack: Annotated[str, typer.Argument(help="Stack to rehearse.")] = "dev",
    hours: Annotated[
        int, typer.Option(min=1, max=MOST_HOURS, help="Hours of an ordinary day to live.")
    ] = 3,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdict only.")] = False,
    directory: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Write a page of it all: DIR/index.html."),
    ] = None,
) -> None:
    """Deploy a stack, let its schedules fire for some hours, and let things go wrong.

    Exits with 0 if everything came out as it should, with 1 if not.
    """
    report = Report(quiet=quiet)
    try:
        stack_file = read_stack_file(PROJECT, stack)
        if directory is not None:
            make_directory(directory)
        passed = _rehearse(stack_file, hours, report, directory)
    except (StackFileError, PageError) as error:
        report.failed([str(error)])
    except ProgramRefused as refusal:
        report.failed(refusal.lines)
    except DeployFailed as failed:
        report.failed([str(failure) for failure in failed.failures])
    else:
        raise typer.Exit(0 if passed else 1)
    raise typer.Exit(1)


def _rehearse(stack_file: StackFile, hours: int, report: Report, directory: Path | None) -> bool:
    region = stack_file.config.get("aws:region", "us-east-1")
    watch = Stopwatch(BEGAN)
    with EmbeddedAws(region=region, start=START) as aws:
        report.begin(stack_file.stack, region, START)
        watch.lap("start")
        try:
            deployment = deploy(PROJECT, stack_file, AwsProvider(aws), report.made)
            watch.lap("deploy")
            report.deployed(deployment.seconds, deployment.warnings)
            day = Day(aws, deployment.outputs)
            report.warn(day.left_out)
            day.prepare()
            lived: list[Part] = []
            for title, happening in (
                (f"An ordinary day, {hours} h of it", day.live(hours)),
                ("Things go wrong", day.go_wrong()),
            ):
                begin = aws.clock.now()
                came = report.outcomes(title, happening)
                lived.append(Part(title=title, begin=begin, outcomes=came))
                watch.lap(title)
        finally:
            report.end()
        _show_what_people_see(aws, deployment, report)
        if directory is not None:
            told = chapters(lived, aws, deployment)
            watch.lap("collect what this page shows")
            page = PageFacts(
                command=f"python -m rehearsal run {stack_file.stack} --hours {hours}",
                stack=stack_file.stack,
                region=region,
                deployed=deployed_facts(deployment),
                warnings=(*deployment.warnings, *day.left_out),
                day=told,
                took=tuple(watch.took),
            )
            report.page(write_page(directory, page))
    outcomes = [outcome for part in lived for outcome in part.outcomes]
    return report.verdict(outcomes, time.monotonic() - BEGAN)


def _show_what_people_see(aws: EmbeddedAws, deployment: Deployment, report: Report) -> None:
    """Show the log of the first program, and the first message of a success and of a failure."""
    logs = aws.client("logs")
    for group in deployment.outputs["logGroups"].values():
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        if streams:
            first = min(streams, key=lambda stream: stream["creationTime"])["logStreamName"]
            events = logs.get_log_events(logGroupName=group, logStreamName=first)["events"]
            report.log(f"Log · {group} · {first}", [event["message"] for event in events])
            break
    for topic in ("successTopicArn", "failureTopicArn"):
        told = [m for m in aws.slack if m.topic_arn == deployment.outputs[topic]]
        for message in told[:1]:
            report.slack(message)
    for mail in aws.mail[:1]:
        report.mail(mail)


if __name__ == "__main__":
    app()
