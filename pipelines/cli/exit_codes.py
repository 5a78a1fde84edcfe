"""Exit codes of the command line: the one list, so that scripts can tell the cases apart."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command ends with. 2 is also what a mistyped option gives."""

    OK = 0
    FAILED = 1
    """A check or a step of the refresh failed; nothing was published and the previous version stays."""
    USAGE = 2
    """An option, a setting or the input is wrong; the message names it and what is allowed."""
    LOCKED = 3
    """Another refresh or another program holds the warehouse."""
    NOT_PUBLISHED = 4
    """There is no published version (or not the one asked for)."""
    UNHEALTHY = 5
    """`doctor` found something that has to be mended before a refresh can work."""


EXIT_CODES_HELP = "Exit codes: " + " · ".join(
    f"{code.value} {text}"
    for code, text in (
        (ExitCode.OK, "done"),
        (ExitCode.FAILED, "a check or step failed"),
        (ExitCode.USAGE, "wrong option, setting or input"),
        (ExitCode.LOCKED, "locked by another run"),
        (ExitCode.NOT_PUBLISHED, "nothing published"),
        (ExitCode.UNHEALTHY, "doctor found a fault"),
    )
)
