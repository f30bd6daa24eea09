"""Measure how long the program and its rehearsal take, and print it beside the aims.

    python -m benchmarks [--quick]

Every evaluation is a process of its own (``benchmarks/evaluate.py``), and so is every rehearsal.
On a shared machine seconds vary by a third from one to the next: compare the smallest, and trust
the ratio more than the seconds. This only measures: an aim that is missed does not fail.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.measured import PROJECT, REGION, Measured, Rehearsed

ROOT = Path(__file__).parents[1]
ROUNDS = 5
RATIO_AIM = 0.30
"""Our seconds in those of the usual program, for the same 100 jobs."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A program, a number of jobs, and what it should take."""

    name: str
    program: Path
    jobs: int
    aim_seconds: float | None = None
    aim_mib: int | None = None


OURS = ROOT / "__main__.py"
OURS_100 = Case(name="this one", program=OURS, jobs=100, aim_seconds=1.5, aim_mib=135)
MOST_IN_A_STACK_FILE = 1_000
"""Of jobs as short as these; more come from job files, so many each."""
FROM_FILES = Case(name="job files", program=OURS, jobs=10_000, aim_seconds=90, aim_mib=3_072)
USUAL_100 = Case(name="usual", program=ROOT / "benchmarks/usual_program.py", jobs=100)
CASES = (
    Case(name="this one", program=OURS, jobs=1, aim_seconds=1.0, aim_mib=110),
    OURS_100,
    Case(name="this one", program=OURS, jobs=1_000, aim_seconds=6.0, aim_mib=330),
    USUAL_100,
    FROM_FILES,
)


class EvaluationError(Exception):
    """A program did not run to its end; the text says how it failed."""


def configuration(jobs: int) -> str:
    """Return PULUMI_CONFIG for a private stack with one container, as the language host writes it.

    A job is as long as a thousand of them may be: Linux takes 131,071 bytes in one variable, and
    the settings stop at 120,000.
    """
    sections: dict[str, Any] = {
        "network": {"mode": "endpoints", "availabilityZones": 2},
        "containers": {
            "default": {
                "build": "app",
                "secrets": {"S3_BUCKET_NAME": "sample:S3_BUCKET_NAME"},
                "grants": {"files": "read"},
            }
        },
        "buckets": {"files": {"expireAfterDays": 365}},
        "secrets": {"sample": {"values": {"S3_BUCKET_NAME": {"bucket": "files"}}}},
        "notify": {"emails": ["batch-oncall@example.com"]},
    }
    if jobs > MOST_IN_A_STACK_FILE:
        sections["jobFiles"] = [f"{job_files(jobs).name}/*"]
    else:
        sections["jobs"] = {f"j{number}": job(number) for number in range(jobs)}
    values = {f"{PROJECT}:{key}": compact(section) for key, section in sections.items()}
    return compact({"aws:region": REGION, **values})


@cache
def job_files(jobs: int) -> TemporaryDirectory[str]:
    """Write so many jobs into files, which go at the end of this process."""
    directory = TemporaryDirectory(prefix="job-files-")
    for first in range(0, jobs, MOST_IN_A_STACK_FILE):
        numbers = range(first, min(first + MOST_IN_A_STACK_FILE, jobs))
        content = {"jobs": {f"j{number}": job(number) for number in numbers}}
        (Path(directory.name) / f"{first:05}.yaml").write_text(yaml.safe_dump(content))
    return directory


def job(number: int) -> dict[str, Any]:
    """Return a job that runs once an hour, a sixtieth of them at each minute."""
    return {
        "schedule": f"cron({number % 60} * * * ? *)",
        "command": ["run"],
        "timeout": "15m",
        "retries": {"app": [60]},
    }


def compact(value: Any) -> str:
    """Write JSON without blanks."""
    return json.dumps(value, separators=(",", ":"))


def variable_bytes(case: Case) -> int:
    """Return how much of the one environment variable the configuration takes."""
    return len(f"PULUMI_CONFIG={configuration(case.jobs)}")


@dataclass(frozen=True, kw_only=True)
class Round:
    """One evaluation of a case."""

    process_seconds: float
    """What the language host waits for: the start and the end of Python included."""
    measured: Measured


def evaluate(case: Case) -> Round:
    """Evaluate a case once, in a process of its own.

    Raises:
        EvaluationError: the program did not run to its end.
    """
    seconds, said = run_module(["benchmarks.evaluate", str(case.program)], case.jobs)
    return Round(process_seconds=seconds, measured=Measured(**json.loads(said)))


def run_module(module: list[str], jobs: int) -> tuple[float, str]:
    """Run a module of this project with the configuration of so many jobs.

    Returns the seconds it took and the last line that it printed.

    Raises:
        EvaluationError: it failed.
    """
    began = time.perf_counter()
    process = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-W", "ignore", "-m", *module],
        cwd=ROOT,
        env={**os.environ, "PULUMI_CONFIG": configuration(jobs)},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        said = process.stdout + process.stderr
        raise EvaluationError(f"{' '.join(module)}, {jobs} jobs: failed\n{said}")
    return time.perf_counter() - began, process.stdout.splitlines()[-1]


def measure(rounds: int, console: Console) -> dict[Case, list[Round]]:
    """Evaluate every case once a round: what else the machine does then falls on all of them."""
    measures: dict[Case, list[Round]] = {case: [] for case in CASES}
    for number in range(rounds):
        for case in CASES if number == 0 else CASES[:-1]:  # the last takes a minute
            with console.status(f"round {number + 1} of {rounds}: {case.name}, {case.jobs} jobs"):
                measures[case].append(evaluate(case))
    return measures


def table(measures: dict[Case, list[Round]]) -> Table:
    """Lay out a column for each case, the aim behind what has one."""
    result = Table(
        title="Evaluation under mocks, inside the event loop", title_justify="left", box=None
    )
    result.add_column("", no_wrap=True)
    columns = [column(case, rounds) for case, rounds in measures.items()]
    for case in measures:
        result.add_column(f"{case.name}\njobs: {case.jobs:,}", justify="right", no_wrap=True)
    for measure_name in columns[0]:
        result.add_row(measure_name, *(column[measure_name] for column in columns))
    return result


def column(case: Case, rounds: list[Round]) -> dict[str, str]:
    """Say what a case took; seconds run from the first import to the program's end."""
    seconds = [one.measured.seconds for one in rounds]
    last = rounds[-1].measured
    return {
        "seconds, shortest": f"{min(seconds):.2f}{aim(case.aim_seconds)}",
        "seconds, median": f"{statistics.median(seconds):.2f}",
        "seconds of the process": f"{min(one.process_seconds for one in rounds):.2f}",
        "peak memory, MiB": f"{max(one.measured.peak_mib for one in rounds):.0f}"
        f"{aim(case.aim_mib)}",
        "AWS resources": f"{last.custom:,}",
        "components": f"{last.components:,}",
        "questions to AWS": f"{last.invokes:,}",
        "depth of dependencies": f"{last.depth}",
        "configuration, bytes": f"{variable_bytes(case):,}",
    }


def aim(value: float | None) -> str:
    """Write an aim behind its measure."""
    return f" (aim {value:g})" if value else ""


def rehearsals(console: Console) -> Table:
    """Rehearse once each; a row for each, with what it should take at most."""
    result = Table(
        title="The rehearsal, processes as a whole", title_justify="left", box=None, pad_edge=False
    )
    for title in ("", "seconds", "aim"):
        result.add_column(title, justify="left" if not title else "right")
    for command, aim_seconds in (("run dev", 10), ("faults prod", 60)):
        with console.status(command):
            seconds, _ = run_module(["rehearsal", *command.split(), "--quiet"], 0)
        result.add_row(f"rehearsal {command}", f"{seconds:.1f}", f"{aim_seconds}")
    with console.status("1,000 jobs in the embedded AWS"):
        _, said = run_module(["benchmarks.rehearse"], 1_000)
    lived = Rehearsed(**json.loads(said))
    result.add_row(
        f"1,000 jobs, {lived.resources:,} resources: deploy", f"{lived.deploy_seconds:.1f}", "90"
    )
    result.add_row(
        f"an hour with {lived.runs:,} runs, {lived.succeeded:,} succeeded",
        f"{lived.hour_seconds:.1f}",
        "180",
    )
    result.add_row("peak memory of both, MiB", f"{lived.peak_mib:,.0f}", "2,048")
    return result


def ratio(measures: dict[Case, list[Round]]) -> float:
    """Return our shortest time for 100 jobs in that of the usual program."""
    ours, usual = (
        min(one.measured.seconds for one in measures[case]) for case in (OURS_100, USUAL_100)
    )
    return ours / usual


def main() -> int:
    """Measure and print; fail only if a program does not run."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure the program."
    )
    parser.add_argument("--quick", action="store_true", help=f"one round instead of {ROUNDS}")
    rounds = 1 if parser.parse_args().quick else ROUNDS
    console = Console()
    try:
        measures = measure(rounds, console)
        lived = rehearsals(console)
    except EvaluationError as error:
        console.print(str(error), markup=False)
        return 1
    console.print(table(measures))
    console.print(
        f"100 jobs: {ratio(measures):.2f} of the usual program's time (aim {RATIO_AIM:.2f})\n"
    )
    console.print(lived)
    return 0


if __name__ == "__main__":
    sys.exit(main())
