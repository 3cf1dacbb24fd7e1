"""The errors that `reg` raises on purpose: each has a message, an exit code and often a hint.

A message says what and which; a hint names the next command; the class carries the exit code and a stable word for
`--json`. `reg help exit-codes` prints this table, and a test compares the two.
"""

from __future__ import annotations

from typing import ClassVar, Final

_BYTE: Final = r"\\udc([89a-f][0-9a-f])"
"""A byte of a name that is no UTF-8, as Python escapes the surrogate that stands for it (PEP 383)."""


def escape_bytes(text: str) -> str:
    r"""Return a text in which each byte of a name that is no UTF-8 is `\xe9`, also where `repr` has escaped it."""
    if text.isascii() and "\\udc" not in text:
        return text
    import re  # few names are no UTF-8

    return re.sub(_BYTE, r"\\x\1", text.encode(errors="backslashreplace").decode())


class RegError(Exception):
    """A failure that the user can do something about; the base of all others.

    Attributes:
        message: The problem, in words.
        exit_code: Exit code of the process.
        kind: A stable word for scripts, as in `{"error": {"kind": ..., "message": ..., "hint": ...}}`.
        hint: A command that can be run as printed, or None; `usual_hint` of the class where none is given.
    """

    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = "failed"

    usual_hint: ClassVar[str | None] = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = escape_bytes(message)
        super().__init__(self.message)
        self.hint = hint or self.usual_hint
        if self.hint:
            self.add_note(f"hint: {self.hint}")  # for Python's tracebacks, which print it below the message


class UsageError(RegError):
    """A word, option or value was not understood."""

    exit_code, kind = 2, "usage"


class NoRegistryError(RegError):
    """No `.registry` was found here, or it is not a registry."""

    exit_code, kind = 10, "no-registry"


class NotFoundError(RegError):
    """A reference, file or entry names nothing."""

    exit_code, kind = 11, "not-found"


class AmbiguousError(RegError):
    """A reference names more than one thing."""

    exit_code, kind = 12, "ambiguous"


class ConflictError(RegError):
    """Something changed underneath: an expected value did not hold, or a target is already there."""

    exit_code, kind = 13, "conflict"


class CorruptError(RegError):
    """Stored or external bytes are not what their digest says."""

    exit_code, kind = 14, "corrupt"
    usual_hint = "reg fsck"


class RemoteError(RegError):
    """A remote place could not be reached, or broke its contract."""

    exit_code, kind = 15, "remote"


class MissingExtraError(RegError):
    """An optional package is not installed."""

    exit_code, kind = 16, "missing-extra"


class RefusedError(RegError):
    """A rule forbids the change: the version is published, in use, or a policy says no."""

    exit_code, kind = 17, "refused"


class LaunchError(RegError):
    """A command could not be started, for a reason on our side; a command that starts keeps its own exit codes."""

    exit_code, kind = 125, "not-started"


class NotExecutableError(LaunchError):
    """The command to run exists but cannot be executed."""

    exit_code, kind = 126, "not-executable"


class UnknownCommandError(LaunchError):
    """The command to run does not exist."""

    exit_code, kind = 127, "unknown-command"


def describe_os_error(error: OSError) -> str:
    """Return an error of the operating system, and the file that it is about, as part of a sentence."""
    reason = (error.strerror or str(error)).lower()
    return reason if error.filename is None else f"{reason}: {error.filename}"


INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells expect (128 + SIGINT)."""
