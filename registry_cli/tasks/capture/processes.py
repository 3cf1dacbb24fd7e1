"""Runs other programs side by side and returns their output, with limits of time and size. Knows none of them."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.dataclass import dataclass, field

if TYPE_CHECKING:
    import selectors
    import subprocess
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Outcome = Literal["done", "late", "large", "missing"]
"""The end of a program: by itself, killed after its time or beyond its size, or it could not be started."""
_CHUNK: Final = 1 << 16
_ERRORS: Final = 1 << 14
"""Largest number of bytes of standard error that are returned."""
_LAST: Final = 1.0
"""Seconds to wait for a program that was killed."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its words.

    Attributes:
        limit: Largest size of the output in bytes.
        take: Called with the output piece by piece, which is then not returned.
    """

    argv: tuple[str, ...]
    limit: int = 1 << 24
    take: Callable[[bytes], None] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The output of a program; `code` is its exit code, None if it did not end by itself."""

    outcome: Outcome
    code: int | None = None
    out: bytes = b""
    error: str = ""

    @property
    def good(self) -> bool:
        """True where it ended by itself with exit code 0."""
        return self.code == 0


@dataclass(slots=True)
class _Run:
    process: subprocess.Popen[bytes]
    command: Command
    outcome: Outcome = "done"
    out: bytearray = field(default_factory=bytearray)
    error: bytearray = field(default_factory=bytearray)

    def stop(self, outcome: Outcome) -> None:
        self.outcome = outcome
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # it leads a group, which its children belong to
        except (ProcessLookupError, PermissionError):
            pass


def ask(commands: Sequence[Command], *, cwd: Path, environ: Mapping[str, str], seconds: float) -> list[Answer]:
    """Run programs side by side, without input, and return the output of each.

    Args:
        commands: The programs, found on the `PATH` of `environ`.
        cwd: The folder in which they run.
        environ: Their complete environment.
        seconds: Time after which programs that have not ended are killed with their children.
    """
    deadline = time.monotonic() + seconds
    runs: list[_Run | None] = []
    try:
        runs.extend(_start(command, cwd, environ) for command in commands)
        _read_output([run for run in runs if run], deadline)
        return [_finish(run, deadline) if run else Answer("missing") for run in runs]
    finally:
        for run in runs:
            if run:
                _clear(run)


def _start(command: Command, cwd: Path, environ: Mapping[str, str]) -> _Run | None:
    import subprocess

    try:
        process = subprocess.Popen(
            command.argv,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
    except (OSError, ValueError):
        return None
    return _Run(process, command)


def _read_output(runs: Sequence[_Run], deadline: float) -> None:
    import selectors

    with selectors.DefaultSelector() as selector:
        for run in runs:
            for pipe, output in ((run.process.stdout, run.out), (run.process.stderr, run.error)):
                if pipe:
                    selector.register(pipe, selectors.EVENT_READ, (run, output))
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                for run in {id(key.data[0]): key.data[0] for key in selector.get_map().values()}.values():
                    run.stop("late")
                return
            for key, _ in selector.select(left):
                _take(selector, key)


def _take(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    run, output = key.data
    chunk = os.read(key.fd, _CHUNK)
    if not chunk:
        selector.unregister(key.fileobj)
    elif output is run.error:
        output += chunk[: _ERRORS - len(output)]
    elif run.command.take:
        run.command.take(chunk)
    elif len(output) + len(chunk) <= run.command.limit:
        output += chunk
    elif run.outcome == "done":
        run.stop("large")


def _finish(run: _Run, deadline: float) -> Answer:
    from subprocess import TimeoutExpired

    if run.outcome == "done":
        try:
            code = run.process.wait(max(deadline - time.monotonic(), 0.05))
            return Answer("done", code, bytes(run.out), run.error.decode(errors="replace"))
        except TimeoutExpired:
            run.stop("late")
    return Answer(run.outcome, None, b"", run.error.decode(errors="replace"))


def _clear(run: _Run) -> None:
    from subprocess import TimeoutExpired

    if run.process.poll() is None:
        run.stop("late")
        try:
            run.process.wait(_LAST)
        except TimeoutExpired:
            pass  # it hangs in the kernel and cannot be killed
    for pipe in (run.process.stdout, run.process.stderr):
        if pipe:
            pipe.close()
