"""Sends output that is longer than the terminal through the user's pager, as git does.

Output that fits is printed as it is. Nothing here is loaded where standard output is no terminal or no pager is named.
"""

from __future__ import annotations

import io
import shlex
import shutil
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, TextIO

from registry_cli import env

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

_ENVIRONMENT: Final = {"LESS": "FRX", "LV": "-c"}
"""Options of pagers unless the user has chosen some: colours as they are, and no screen of its own."""


@contextmanager
def open_pager() -> Iterator[None]:
    """Put a pager before standard output, unless it cannot be started; wait for its end.

    Raises:
        BrokenPipeError: The user left the pager before everything was printed.
    """
    command = find_pager()
    if command is None:
        yield
        return
    stdout = sys.stdout
    paged = _Paged(stdout, command)
    sys.stdout = paged
    try:
        yield
    finally:
        sys.stdout = stdout
        paged.finish()
        sys.stderr.write("".join(paged.notes))


def write_note(text: str) -> None:
    """Write a note to standard error: after the pager, which would hide it, where there is one."""
    if isinstance(sys.stdout, _Paged):
        sys.stdout.notes.append(text)
    else:
        sys.stderr.write(text)


def find_pager() -> str | None:
    """Return the command of the pager, or None where there is none or where it is `cat`."""
    command = env.read(env.REG_PAGER) or env.read(env.PAGER)
    if command is None or command.strip() == "cat" or env.read(env.TERM) == "dumb":
        return None
    try:
        program = shlex.split(command)[0]
    except (ValueError, IndexError):
        return None
    return command if "=" in program or shutil.which(program) else None


class _Paged(io.TextIOBase):
    """A terminal that starts the pager when more than its lines were written.

    Attributes:
        notes: Notes on standard error that wait for the pager's end.
    """

    def __init__(self, terminal: TextIO, command: str) -> None:
        self.notes: list[str] = []
        self._terminal, self._command = terminal, command
        self._room = shutil.get_terminal_size().lines - 1
        self._waiting: list[str] = []
        self._pager: subprocess.Popen[str] | None = None

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a property there too, which its type does not say
        return self._terminal.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self._terminal.errors

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._terminal.fileno()

    def write(self, text: str) -> int:
        if not isinstance(text, str):  # Typer finds out in this way what a stream takes
            raise TypeError("a text stream takes no bytes")
        if self._pager is None:
            self._waiting.append(text)
            self._room -= text.count("\n")
            if self._room < 0:
                self._start()
        else:
            assert self._pager.stdin
            self._pager.stdin.write(text)
        return len(text)

    def flush(self) -> None:
        if self._pager is not None and self._pager.stdin:
            self._pager.stdin.flush()

    def _start(self) -> None:
        import subprocess

        self._pager = subprocess.Popen(
            self._command, shell=True, stdin=subprocess.PIPE, encoding=self.encoding, errors="backslashreplace",
            env={**_ENVIRONMENT, **env.read_all()},
        )  # fmt: skip
        assert self._pager.stdin
        self._pager.stdin.write("".join(self._waiting))

    def finish(self) -> None:
        """Print what waits where everything fits; else close the pager's input and wait until the user leaves it."""
        if self._pager is None:
            self._terminal.write("".join(self._waiting))
            return
        assert self._pager.stdin
        with suppress(BrokenPipeError):
            self._pager.stdin.close()
        while self._pager.returncode is None:
            with suppress(KeyboardInterrupt):  # Ctrl-C is for the pager, where it ends a search
                self._pager.wait()
