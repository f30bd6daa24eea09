"""How a command ends: the exit codes, and the one line of what went wrong."""

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code of a command says.

    ``run`` and ``retry`` end with the container's own code where it has one (1 to 255); the codes
    above 100 follow what shells, ``timeout(1)`` and container engines made a custom.
    """

    DONE = 0
    """It is done, or all is well."""
    NOT_WELL = 1
    """It was done, and something is not as it should be: the command has said what."""
    USAGE = 2
    """The command line, the stack file or a name in it is wrong; nothing was done."""
    NO_ACCESS = 3
    """AWS was not reached, or refused: login, permission, region, throttling."""
    SKIPPED = 75
    """No run was started: an older one still goes, or this time had its run already."""
    TIMED_OUT = 124
    """The program did not end within the job's timeout."""
    NOT_STARTED = 125
    """The program was never started: no capacity, no image, no secret."""
    INTERRUPTED = 130
    """Ctrl-C ended the command."""
    STOPPED = 143
    """Somebody stopped the run, or a newer one took its place."""


class OpsError(Exception):
    """Why a command cannot go on: lines that a person can act on."""

    def __init__(self, *lines: str, code: Exit = Exit.USAGE) -> None:
        self.lines = lines
        self.code = code
        super().__init__("\n".join(lines))
