"""Log lines: one JSON object a line on standard output, where ECS picks them up."""

import json
import os
import sys
from datetime import UTC, datetime
from typing import Literal

Level = Literal["INFO", "WARNING", "ERROR"]


def write(level: Level, message: str, **fields: str | int) -> None:
    """Write one line: when, how grave, what, for which attempt of which run, and the fields.

    JOB_NAME, JOB_RUN_ID and JOB_ATTEMPT come from the job's state machine. A program that
    somebody started by hand has none, and its lines say null.
    """
    line = json.dumps(
        {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": level,
            "message": message,
            "job": os.environ.get("JOB_NAME"),
            "run": os.environ.get("JOB_RUN_ID"),
            "attempt": os.environ.get("JOB_ATTEMPT"),
            **fields,
        },
        ensure_ascii=False,  # a name in Japanese stays readable
    )
    sys.stdout.write(line + "\n")
    sys.stdout.flush()  # a process that is killed loses no line
