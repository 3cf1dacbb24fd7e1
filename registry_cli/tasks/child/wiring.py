"""Chooses the child's descriptors, so that each behaves as it would without us: terminals and pipes."""

from __future__ import annotations

import os
import termios
from contextlib import ExitStack, contextmanager
from io import FileIO
from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass
from registry_cli.tasks.child.launch import Ends
from registry_cli.tasks.child.stream import Sink, Stream
from registry_cli.tasks.child.terminal import Terminal, is_same_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(slots=True)
class Wiring:
    """The child's ends of its terminal and pipes, and ours."""

    ends: Ends
    streams: list[Stream]
    terminal: Terminal | None
    _pipes: list[int]

    def let_go(self) -> None:
        """Close our copies of the child's pipe ends, once it has them."""
        while self._pipes:
            os.close(self._pipes.pop())

    def cut(self) -> None:
        """Close our ends: a process that still prints sees that nothing reads."""
        for stream in self.streams:
            stream.close()
        if self.terminal:
            self.terminal.close()


@contextmanager
def open_wiring(keep: Callable[[bytes], None]) -> Iterator[Wiring]:
    """Open a terminal for each output that is one and pipes for others; one for both if our output and error are one.

    Raises:
        OSError: There are no more descriptors.
    """
    with ExitStack() as stack:
        _fill_gaps(stack)
        terminal = _find_terminal()
        wiring = Wiring(Ends(None, -1, -1), [], terminal, [])
        stack.callback(wiring.cut)
        stack.callback(wiring.let_go)
        stdout = _connect(1, wiring, keep)
        is_one = os.path.sameopenfile(1, 2) or is_same_terminal(1, 2)
        stderr = stdout if is_one else _connect(2, wiring, keep)
        stdin = terminal.slave if terminal and terminal.keys else None
        wiring.ends = Ends(stdin, stdout, stderr)
        yield wiring


def _fill_gaps(stack: ExitStack) -> None:
    """Occupy the first three descriptors that are closed, so that we open nothing there; writing there still fails."""
    while (fd := os.open(os.devnull, os.O_RDONLY)) <= 2:
        stack.callback(os.close, fd)
    os.close(fd)


def _find_terminal() -> Terminal | None:
    outer = next((fd for fd in (1, 2) if os.isatty(fd)), None)
    if outer is None:
        return None
    try:
        return Terminal(outer)
    except (OSError, termios.error):  # the system has no more
        return None


def _connect(fd: int, wiring: Wiring, keep: Callable[[bytes], None]) -> int:
    terminal = wiring.terminal
    if terminal and is_same_terminal(fd, terminal.outer):
        source, end = terminal.master, terminal.slave
    else:
        read, end = os.pipe()
        os.set_blocking(read, False)
        source = FileIO(read, "r")
        wiring._pipes.append(end)
    stream = Stream(source, Sink(fd), keep)
    wiring.streams.append(stream)
    return end
