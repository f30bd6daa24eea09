"""The program: list the bucket, log its files, end with an exit code that says why."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from list_files.lines import write
from list_files.progress import Unwanted, WorkError, reporting
from list_files.stopping import Stopped, listen, undisturbed

if TYPE_CHECKING:
    from list_files.failures import Failure


UNWANTED = 1


@dataclass
class Progress:
    """How far the program has got."""

    files: int = 0
    size_bytes: int = 0


def main() -> int:
    """List the bucket named in S3_BUCKET_NAME and return the exit code."""
    progress = Progress()
    try:
        listen()
        return run(os.environ.get("S3_BUCKET_NAME", ""), progress)
    except Stopped as stop:
        write(
            "WARNING",
            f"Told to stop by {stop.signal_name}: the list is not complete.",
            files=progress.files,
            bytes=progress.size_bytes,
            exit_code=stop.exit_code,
        )
        return stop.exit_code
    except Unwanted:
        write("WARNING", "The run waits no longer: the list is not complete.", exit_code=UNWANTED)
        return UNWANTED


def run(bucket: str, progress: Progress) -> int:
    """List the bucket; turn whatever goes wrong into one line and an exit code."""
    # Not at the top: importing boto3 is the slow part, and signals must be heard before it.
    from list_files.failures import NO_BUCKET_NAMED, explain

    def work(beat: Callable[[], None]) -> None:
        if not bucket:
            raise WorkError(fail(NO_BUCKET_NAMED), NO_BUCKET_NAMED.reason)
        try:
            log_files(bucket, progress, beat)
        except Exception as error:
            failure = explain(error, bucket)
            raise WorkError(fail(failure), failure.reason) from error

    try:
        with reporting() as beat:
            work(beat)
    except WorkError as failed:
        return failed.exit_code
    return 0


def fail(failure: "Failure") -> int:
    """Log why the program ends and return the exit code."""
    write("ERROR", failure.reason, remedy=failure.remedy, exit_code=failure.exit_code)
    return failure.exit_code


def log_files(bucket: str, progress: Progress, beat: Callable[[], None]) -> None:
    """Log every file of the bucket, then the summary; tell of every page that the work goes on."""
    from list_files.files import pages, s3_client  # late, as above

    for page in pages(s3_client(), bucket):
        with undisturbed():
            for file in page:
                write(
                    "INFO",
                    "File.",
                    key=file.key,
                    size_bytes=file.size_bytes,
                    last_modified=file.last_modified.isoformat(),
                )
                progress.files += 1
                progress.size_bytes += file.size_bytes
        beat()
    write("INFO", "All files listed.", files=progress.files, bytes=progress.size_bytes)


if __name__ == "__main__":
    sys.exit(main())
