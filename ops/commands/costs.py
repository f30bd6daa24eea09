"""``cost``: what a stack costs a month, before it is deployed."""

from typing import Annotated, Any

import typer

from definitions.costs import HOURS_A_MONTH
from definitions.prices import AS_OF, SOURCES
from ops import costs
from ops.output import Json, put_json, put_table
from ops.stack import Stack


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cost", epilog="Example: `python -m ops -s prod cost --minutes 20`")(cost)


def cost(
    context: typer.Context,
    minutes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[JOB=]N",
            help="How long tasks take: 20, or report=45 for one job; may be repeated.",
        ),
    ] = None,
    region: Annotated[str | None, typer.Option(help="As if the stack were in this region.")] = None,
    json: Json = False,
) -> None:
    """Estimate a month in USD, from the stack file alone: fixed, for each job, other networks."""
    stack: Stack = context.obj
    settings = stack.settings
    assumed = costs.read_minutes(minutes or [], stack.entries)
    found = costs.estimate(settings, assumed, region)
    if json:
        put_json(_as_json(stack.name, found, assumed))
        return
    _put(stack.name, found, assumed)


def _put(stack: str, found: costs.Estimate, assumed: costs.Minutes) -> None:
    put_table(
        ("fixed", "quantity", "USD a month"),
        [(one.what, one.quantity, _usd(one.usd)) for one in found.fixed],
        right=("USD a month",),
    )
    put_table(
        ("job", "started by", "runs a month", "task hours", "USD a run", "USD a month", "at most"),
        [
            (
                one.name,
                one.started_by,
                "?" if one.runs is None else f"{one.runs:,.1f}",
                f"{one.hours:,.1f}",
                f"{one.run_usd:.4f}",
                _usd(one.usd),
                _usd(one.most_usd),
            )
            for one in found.jobs
        ],
        right=("runs a month", "task hours", "USD a run", "USD a month", "at most"),
    )
    put_table(
        ("network instead", "consists of", "USD a month"),
        [
            (f"{one.mode} (this one)" if one.chosen else one.mode, one.consists_of, _usd(one.usd))
            for one in found.networks
        ],
        right=("USD a month",),
    )
    for line in (f"endpoints of {', '.join(found.services)}", *found.break_even):
        typer.echo(f"- {line}")
    typer.echo(
        f"\n{stack} in {found.region}: {_usd(found.fixed_usd)} fixed + {_usd(found.jobs_usd)} for "
        f"runs = {_usd(found.fixed_usd + found.jobs_usd)} USD a month; at most "
        f"{_usd(found.most_usd)}"
    )
    for line in _assumptions(found.region, assumed):
        typer.echo(f"- {line}")
    typer.echo("\nNot counted:")
    for line in costs.NOT_COUNTED:
        typer.echo(f"- {line}")


def _assumptions(region: str, assumed: costs.Minutes) -> list[str]:
    elsewhere = costs.prices_of(region).taken_from_elsewhere
    return [
        f"runs: the schedules' next 365 days, calendars included, by 12; a month has "
        f"{HOURS_A_MONTH} hours",
        f"assumed: {assumed.usual:g} minutes a task (--minutes) and {costs.LOG_MB_A_TASK:g} MB "
        "of log; no retries",
        "at most: each task takes its whole timeout",
        f"AWS's list prices of {AS_OF} in USD; definitions/prices.py names the pages",
        *(
            [f"not looked up in {region}, taken from like regions: {', '.join(elsewhere)}"]
            if elsewhere
            else []
        ),
    ]


def _as_json(stack: str, found: costs.Estimate, assumed: costs.Minutes) -> dict[str, Any]:
    return {
        "stack": stack,
        "region": found.region,
        "currency": "USD",
        "pricesAsOf": AS_OF,
        "sources": dict(SOURCES),
        "takenFromElsewhere": list(costs.prices_of(found.region).taken_from_elsewhere),
        "assumed": {
            "minutes": assumed.usual,
            "minutesByJob": dict(assumed.by_name),
            "logMbATask": costs.LOG_MB_A_TASK,
            "hoursAMonth": HOURS_A_MONTH,
        },
        "fixed": [
            {"what": one.what, "quantity": one.quantity, "usd": _rounded(one.usd)}
            for one in found.fixed
        ],
        "jobs": [
            {
                "name": one.name,
                "kind": one.kind,
                "startedBy": one.started_by,
                "runsAMonth": None if one.runs is None else _rounded(one.runs),
                "tasksARun": one.tasks,
                "taskHours": _rounded(one.hours),
                "usdARun": _rounded(one.run_usd),
                "usd": _rounded(one.usd),
                "mostUsd": _rounded(one.most_usd),
            }
            for one in found.jobs
        ],
        "networks": [
            {
                "mode": one.mode,
                "consistsOf": one.consists_of,
                "usd": _rounded(one.usd),
                "chosen": one.chosen,
            }
            for one in found.networks
        ],
        "services": list(found.services),
        "breakEven": list(found.break_even),
        "notCounted": list(costs.NOT_COUNTED),
        "fixedUsd": _rounded(found.fixed_usd),
        "jobsUsd": _rounded(found.jobs_usd),
        "usd": _rounded(found.fixed_usd + found.jobs_usd),
        "mostUsd": _rounded(found.most_usd),
    }


def _usd(amount: float) -> str:
    return f"{amount:,.2f}"


def _rounded(amount: float) -> float:
    return round(amount, 6)
