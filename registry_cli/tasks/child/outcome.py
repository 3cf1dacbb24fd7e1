"""The end of a command, or the reason why it did not start."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass
from registry_cli.errors import LaunchError, RegError, UsageError, describe_os_error

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of a child.

    Attributes:
        exit_code: Its exit code, or None if a signal ended it.
        signal: Name of that signal, such as `SIGTERM`.
        code: Exit code for our own process: the child's, or 128 + the signal's number.
        console_error: First failure to store a copy of the output, or None.
        tick_error: First failure of the other callbacks, or None.
        output_error: Reason for output missing at our standard output or error, though `console` got it, or None; a
            reader that closed its end is no error.
        mid_line: True where our standard error now stands in the middle of a line.
        left_behind: True where a process that it left behind can still print.
    """

    exit_code: int | None
    signal: str | None
    code: int
    console_error: str | None = None
    tick_error: str | None = None
    output_error: str | None = None
    mid_line: bool = False
    left_behind: bool = False

    def list_problems(self) -> list[str]:
        """Return the failures on our side, and what is not recorded."""
        left = "a process that the command left behind still runs: what it prints and saves now is not recorded"
        problems = (self.console_error, self.tick_error, self.output_error, left if self.left_behind else None)
        return [problem for problem in problems if problem]


def describe_status(status: int) -> tuple[int | None, str | None, int]:
    """Return exit code, signal name and our own exit code for the `status` that `waitpid` gave of an ended process."""
    code = os.waitstatus_to_exitcode(status)
    return (code, None, code) if code >= 0 else (None, _name(-code), 128 - code)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # real-time signals have no name, except the first and the last
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"


@contextmanager
def launching() -> Iterator[None]:
    """Turn failures before a command runs into LaunchError, whose exit code no other failure of ours has.

    Raises:
        LaunchError: Replaces any error except UsageError.
    """
    try:
        yield
    except (UsageError, LaunchError):
        raise
    except RegError as error:
        raise LaunchError(error.message, hint=error.hint) from None
    except OSError as error:
        raise LaunchError(describe_os_error(error)) from None
