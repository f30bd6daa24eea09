"""``python -m rehearsal``: try a stack without AWS."""

import atexit
import gc
import time

BEGAN = time.monotonic()  # imports count: they are a quarter of the wait,
gc.set_threshold(200_000, 50, 100)  # and nothing of them is garbage,
atexit.register(gc.freeze)  # nor worth looking for at the end, which takes seconds

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from rehearsal.cloud import EmbeddedAws
from rehearsal.day import Day, Outcome
from rehearsal.engine import DeployFailed, Deployment, ProgramRefused, deploy
from rehearsal.live import Live
from rehearsal.plan import plan
from rehearsal.provider import AwsProvider
from rehearsal.report import Report
from rehearsal.serve import FOLDER, PORT, ServeError, serve
from rehearsal.stack_file import StackFile, StackFileError, read_stack_file

PROJECT = Path(__file__).parent.parent
START = datetime(2026, 11, 23, 0, 5, 17, tzinfo=UTC)
"""A Monday, and no full minute: no schedule falls on the edge of the hours that are lived."""
MOST_HOURS = 24 * 7
LAST_PORT = 65_535

app = typer.Typer(
    help="Try a stack on an AWS in this process: no account, no Docker, no Pulumi CLI.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def run(
    stack: Annotated[str, typer.Argument(help="Stack to rehearse.")] = "dev",
    hours: Annotated[
        int, typer.Option(min=1, max=MOST_HOURS, help="Hours of an ordinary day to live.")
    ] = 3,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdict only.")] = False,
    before: Annotated[
        Path | None,
        typer.Option(
            help="Deploy this stack file first (that of the main branch, say) and show as a plan "
            "what the present one changes."
        ),
    ] = None,
) -> None:
    """Deploy a stack, let its schedules fire for some hours, and let things go wrong.

    Exits with 0 if everything came out as it should, with 1 if not.
    """
    report = Report(quiet=quiet)
    try:
        stack_file = read_stack_file(PROJECT, stack)
        earlier = read_stack_file(PROJECT, stack, before) if before else None
        passed = _rehearse(stack_file, earlier, hours, report)
    except StackFileError as error:
        report.failed([str(error)])
    except ProgramRefused as refusal:
        report.failed(refusal.lines)
    except DeployFailed as failed:
        report.failed([str(failure) for failure in failed.failures])
    else:
        raise typer.Exit(0 if passed else 1)
    raise typer.Exit(1)


@app.command("serve")
def keep_serving(
    stack: Annotated[str, typer.Argument(help="Stack whose region and passphrase count.")] = "dev",
    port: Annotated[
        int, typer.Option(min=1, max=LAST_PORT - 2, help="First of three consecutive ports.")
    ] = PORT,
    env: Annotated[Path, typer.Option(help="Where to write the shell's exports.")] = (
        PROJECT / FOLDER / "env"
    ),
) -> None:
    """Keep an empty AWS up on 127.0.0.1, to which the real Pulumi CLI deploys.

    Ends by Ctrl-C and exits with 0 then, with 1 if it could not begin.
    """
    try:
        serve(PROJECT, read_stack_file(PROJECT, stack), port, env.absolute(), Live())
    except (StackFileError, ServeError) as error:
        Report().failed([str(error)])
        raise typer.Exit(1) from None


def _rehearse(stack_file: StackFile, earlier: StackFile | None, hours: int, report: Report) -> bool:
    region = stack_file.config.get("aws:region", "us-east-1")
    with EmbeddedAws(region=region, start=START) as aws:
        report.begin(stack_file.stack, region, START)
        try:
            deployment = _deploy(aws, stack_file, earlier, report)
            outcomes = _deploy_again(aws, stack_file, deployment, report)
            day = Day(aws, deployment.outputs)
            report.warn(day.left_out)
            day.prepare()
            outcomes += report.outcomes(f"An ordinary day, {hours} h of it", day.live(hours))
            outcomes += report.outcomes("Things go wrong", day.go_wrong())
        finally:
            report.end()
        _show_what_people_see(aws, deployment, report)
    return report.verdict(outcomes, time.monotonic() - BEGAN)


def _deploy(
    aws: EmbeddedAws, stack_file: StackFile, earlier: StackFile | None, report: Report
) -> Deployment:
    """Deploy a stack, on top of an earlier stack file if there is one."""
    provider = AwsProvider(aws)
    deployment = deploy(PROJECT, earlier or stack_file, provider, report.made)
    report.deployed(deployment.seconds, deployment.warnings)
    if earlier:
        deployment = deploy(PROJECT, stack_file, provider, before=deployment)
        report.warn(deployment.warnings)
        report.plan("What the stack file changes", plan(deployment.steps))
    return deployment


def _deploy_again(
    aws: EmbeddedAws, stack_file: StackFile, deployment: Deployment, report: Report
) -> list[Outcome]:
    """Deploy the same once more; that it changes something is an outcome that failed."""
    again = deploy(PROJECT, stack_file, AwsProvider(aws), before=deployment)
    report.deployed_again(plan(again.steps), again.seconds)
    changed = Outcome(
        at=START,
        what="the unchanged program is deployed again",
        expected={"changes": 0},
        happened={"changes": len(again.steps)},
    )
    return [] if changed.passed else [changed]


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
