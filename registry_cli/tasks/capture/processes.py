"""Other programs, asked side by side for what they know, within a time and a size. Knows none of them."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import selectors
    import subprocess
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Fate = Literal["done", "late", "large", "missing"]
"""How a program ended: by itself, by us after its time or beyond its size, or it could not be started."""
_CHUNK: Final = 1 << 16
_ERRORS: Final = 1 << 14
"""Bytes of standard error that are kept."""
_LAST: Final = 1.0
"""Seconds to wait for a program that was killed."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its words.

    Attributes:
        limit: The most bytes of output that are kept.
        take: Is given the output piece by piece, which is then not kept.
    """

    argv: tuple[str, ...]
    limit: int = 1 << 24
    take: Callable[[bytes], None] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said; `code` is its exit code, None where it did not end by itself."""

    fate: Fate
    code: int | None = None
    out: bytes = b""
    error: str = ""

    @property
    def good(self) -> bool:
        """Whether it ended by itself, with 0."""
        return self.code == 0


@dataclass(slots=True)
class _Run:
    process: subprocess.Popen[bytes]
    command: Command
    fate: Fate = "done"
    out: bytearray = field(default_factory=bytearray)
    error: bytearray = field(default_factory=bytearray)

    def stop(self, fate: Fate) -> None:
        self.fate = fate
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # it leads a group, its own children are in it
        except (ProcessLookupError, PermissionError):
            pass


def ask(commands: Sequence[Command], *, cwd: Path, environ: Mapping[str, str], seconds: float) -> list[Answer]:
    """Run programs side by side, without input, and return what each said.

    Args:
        commands: The programs, found on the `PATH` of `environ`.
        cwd: Where they run.
        environ: All of their environment.
        seconds: After which those that have not ended are killed, their children too.
    """
    deadline = time.monotonic() + seconds
    runs: list[_Run | None] = []
    try:
        runs.extend(_start(command, cwd, environ) for command in commands)
        _listen([run for run in runs if run], deadline)
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


def _listen(runs: Sequence[_Run], deadline: float) -> None:
    import selectors

    with selectors.DefaultSelector() as selector:
        for run in runs:
            for pipe, kept in ((run.process.stdout, run.out), (run.process.stderr, run.error)):
                if pipe:
                    selector.register(pipe, selectors.EVENT_READ, (run, kept))
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                for run in {id(key.data[0]): key.data[0] for key in selector.get_map().values()}.values():
                    run.stop("late")
                return
            for key, _ in selector.select(left):
                _take(selector, key)


def _take(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    run, kept = key.data
    chunk = os.read(key.fd, _CHUNK)
    if not chunk:
        selector.unregister(key.fileobj)
    elif kept is run.error:
        kept += chunk[: _ERRORS - len(kept)]
    elif run.command.take:
        run.command.take(chunk)
    elif len(kept) + len(chunk) <= run.command.limit:
        kept += chunk
    elif run.fate == "done":
        run.stop("large")


def _finish(run: _Run, deadline: float) -> Answer:
    from subprocess import TimeoutExpired

    if run.fate == "done":
        try:
            code = run.process.wait(max(deadline - time.monotonic(), 0.05))
            return Answer("done", code, bytes(run.out), run.error.decode(errors="replace"))
        except TimeoutExpired:
            run.stop("late")
    return Answer(run.fate, None, b"", run.error.decode(errors="replace"))


def _clear(run: _Run) -> None:
    from subprocess import TimeoutExpired

    if run.process.poll() is None:
        run.stop("late")
        try:
            run.process.wait(_LAST)
        except TimeoutExpired:
            pass  # it hangs in the kernel, and nothing ends it
    for pipe in (run.process.stdout, run.process.stderr):
        if pipe:
            pipe.close()
